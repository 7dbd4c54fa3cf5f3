"""``GET /v1/openapi.json``: what programs may call, with which values, and what comes back, as OpenAPI.

Made of the routes themselves, so that it says what they take. Does not know: what they do.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel


class ErrorFields(BaseModel):
    """What is wrong, in one sentence, and where."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None
    code: str | None


class ErrorAnswer(BaseModel):
    """How every refusal and every failure is answered, in the shape of OpenAI's API."""

    error: ErrorFields


REFUSALS: dict[int | str, dict[str, Any]] = {  # of every route
    "4XX": {"model": ErrorAnswer, "description": "Refused: the sentence says why and what to do"},
    "5XX": {"model": ErrorAnswer, "description": "Not ready, or it failed"},
}
STREAM: dict[int | str, dict[str, Any]] = {  # of a route that streams where it is asked to
    200: {
        "description": "The reply; with stream as server-sent events",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    }
}
FILE_FORM: dict[str, Any] = {  # of the route that takes a file
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            }
        },
    }
}


def description_route(router: APIRouter) -> None:
    """Add the route; it describes the routes that ``router`` has when it is first asked."""

    @cache
    def described() -> dict[str, Any]:
        return get_openapi(
            title="Mneme",
            version="1",
            description="OpenAI-compatible chat, responses and embeddings, and the memory behind them.",
            routes=router.routes,
        )

    @router.get("/v1/openapi.json", include_in_schema=False)
    def description() -> dict[str, Any]:
        return described()
