"""What a program may ask of ``POST /v1/chat/completions``: OpenAI's fields that can be honoured, and ``conversation``.

Fields that only tell something (user, metadata …) are passed over; fields that would change the reply and cannot
be honoured are refused, so that nobody takes a reply for what it is not. Does not know: dialogues, memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from chat_app.http.errors import ApiError
from chat_app.http.message_content import Content, text_of
from knowledge.records import Sampling

Role = Literal["system", "developer", "user", "assistant"]


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("use printable characters only")
    return name


ConversationName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]


class ChatMessage(BaseModel):
    role: Role
    content: Content | None = None

    @field_validator("role", mode="before")
    @classmethod
    def _no_tool(cls, role: Any) -> Any:
        if role in ("tool", "function"):
            raise ValueError("Mneme calls no functions; leave messages of tools out")
        return role

    @property
    def text(self) -> str:
        return text_of(self.content)


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body. ``conversation`` is a string the client chooses; with it the dialogue is kept on the server."""

    model_config = ConfigDict(extra="allow")

    model: str = ""
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=10_000)]
    conversation: ConversationName | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    store: bool | None = None  # false: neither history nor memory takes anything of this request

    @field_validator("stop")
    @classmethod
    def _few(cls, stop: str | list[str] | None) -> str | list[str] | None:
        if isinstance(stop, list) and len(stop) > 4:
            raise ValueError("at most 4 sequences are taken")
        return stop

    @property
    def stop_sequences(self) -> list[str]:
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return [sequence for sequence in given if sequence]

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def sampling(self, default: Sampling) -> Sampling:
        """``default`` with what the request sets."""
        given: dict[str, Any] = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_completion_tokens or self.max_tokens,
            "seed": self.seed,
        }
        return replace(default, **{name: value for name, value in given.items() if value is not None})

    def refuse_unsupported(self) -> None:
        """Raises ApiError for what cannot be honoured."""
        if self.n not in (None, 1):
            raise unsupported("n", "Only one reply is given for a request; leave n out or set it to 1.")
        if self.store is False and self.conversation is not None:
            raise unsupported("store", "A conversation is kept here; leave it out, or store.")
        extra: dict[str, Any] = self.model_extra or {}
        for name in ("tools", "functions"):
            if extra.get(name):
                raise unsupported(name, f"Mneme calls no functions; leave {name} out.")
        if extra.get("response_format") not in (None, {"type": "text"}):
            raise unsupported("response_format", "Replies are plain text; leave response_format out.")
        if extra.get("modalities") not in (None, ["text"]):
            raise unsupported("modalities", "Replies are plain text; leave modalities out.")
        for name in ("logprobs", "top_logprobs", "logit_bias", "presence_penalty", "frequency_penalty"):
            if extra.get(name):
                raise unsupported(name, f"{name} cannot be honoured here; leave it out.")

    def parts(self) -> tuple[str, list[tuple[str, str]], str]:
        """System prompt, earlier messages as (role, text), and the user's new message. Raises ApiError."""
        system = "\n\n".join(message.text for message in self.messages if message.role in ("system", "developer"))
        said = [message for message in self.messages if message.role in ("user", "assistant")]
        if not said or self.messages[-1].role != "user":
            raise ApiError(400, "The last message has to be the user's.", param="messages", code="invalid_value")
        *before, last = said
        return system, [(message.role, message.text) for message in before if message.text.strip()], last.text


def unsupported(name: str, message: str) -> ApiError:
    """The refusal of a field that would change the reply and cannot be honoured."""
    return ApiError(400, message, param=name, code="unsupported_parameter")
