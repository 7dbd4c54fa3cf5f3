"""``POST /v1/embeddings``: OpenAI's embeddings, made by the encoder in use.

One request is worked on at a time, a few texts at once, and the encoder is let go between them: a reply needs it too,
and goes first. Does not know: how the encoder makes vectors, or memory.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from anyio import CapacityLimiter
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, field_validator

from chat_app.http.errors import ApiError
from chat_app.http.stream import in_thread
from knowledge.errors import Cancelled

if TYPE_CHECKING:
    from chat_app.application import Application
    from knowledge.input.encoder import Encoder

MOST_TEXTS = 2048  # of one request, as at OpenAI
MOST_CHARACTERS = 32_000  # of one text: far more than an encoder reads, and counted in no time
_AT_ONCE = 4  # texts: for so long a reply may have to wait for the encoder
_PAUSE = 0.002  # seconds in which whoever waits for the encoder gets it
_MOST_WAITING = 16  # requests that wait for their turn
Text = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]


class EmbeddingsRequest(BaseModel):
    """The body. Any ``model`` is taken; the answer names the encoder that made the vectors."""

    model: str = ""
    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1)] | None = None  # only the encoder's own number

    @field_validator("input", mode="before")
    @classmethod
    def _texts(cls, given: Any) -> Any:
        """Says what is wrong in one sentence; the union of types would say it in several."""
        texts = given if isinstance(given, list) else [given]
        if any(isinstance(text, int | list) for text in texts):
            raise ValueError("tokens of another model mean nothing to this encoder; send text")
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("send a text or a list of texts")
        if not texts or not all(texts):
            raise ValueError("there is no vector of nothing; leave empty texts out")
        if len(texts) > MOST_TEXTS:
            raise ValueError(
                f"{len(texts)} texts came, and {MOST_TEXTS} are taken at once; send them in several requests"
            )
        longest = max(map(len, texts))
        if longest > MOST_CHARACTERS:
            raise ValueError(f"a text has {longest:,} characters, and {MOST_CHARACTERS:,} are taken; split it")
        return given

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


def embedding_routes(router: APIRouter, application: Application) -> None:
    """Add the route."""
    one, requests = CapacityLimiter(1), 0  # the requests: that under way and those that wait

    @router.post("/v1/embeddings")
    async def embeddings(body: EmbeddingsRequest, request: Request) -> dict[str, Any]:
        """Vectors of length 1 of texts, as they are stored in memory."""
        encoder = application.network.encoder
        if body.dimensions not in (None, encoder.dimension):
            message = f"{encoder.name} gives {encoder.dimension} dimensions and no other number; leave dimensions out."
            raise ApiError(400, message, param="dimensions", code="unsupported_parameter")
        nonlocal requests
        if requests > _MOST_WAITING:
            message = "Many texts wait for the encoder already; try again in a moment."
            raise ApiError(429, message, code="too_many_requests")
        stop = threading.Event()
        requests += 1
        try:
            vectors, tokens = await in_thread(lambda: _embed(encoder, body.texts, stop), request.receive, stop.set, one)
        finally:
            requests -= 1
        return {
            "object": "list",
            "model": encoder.name,
            "data": [
                {"object": "embedding", "index": index, "embedding": _encoded(row, body.encoding_format)}
                for index, row in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }


def _embed(encoder: Encoder, texts: Sequence[str], stop: threading.Event) -> tuple[np.ndarray, int]:
    """→ ((n, dimension) float32, tokens of all texts). Raises ApiError for a text that the encoder would cut."""
    tokens, rows = 0, list[np.ndarray]()
    for at in _steps(texts, stop):
        for index, count in enumerate(encoder.count(texts[at : at + _AT_ONCE]), at):
            tokens += count
            if encoder.window is not None and count > encoder.window:
                place = f"Text {index + 1} of {len(texts)}" if len(texts) > 1 else "The text"
                message = f"{place} has {count} tokens, and {encoder.name} reads {encoder.window}; split it."
                raise ApiError(400, message, param="input", code="context_length_exceeded")
    for at in _steps(texts, stop):
        rows.append(encoder.encode(texts[at : at + _AT_ONCE]))
    return np.concatenate(rows), tokens


def _steps(texts: Sequence[str], stop: threading.Event) -> Iterator[int]:
    """Where each few texts begin. Raises Cancelled when nobody waits for them any more."""
    for at in range(0, len(texts), _AT_ONCE):
        if stop.is_set():
            raise Cancelled("The client went away.")
        yield at
        time.sleep(_PAUSE)


def _encoded(row: np.ndarray, form: str) -> list[float] | str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode() if form == "base64" else row.tolist()
