"""What a program may ask of ``POST /v1/responses``: the fields of OpenAI's Responses API that can be honoured.

As with chat completions, fields that only tell something are passed over, and those that would change the reply and
cannot be honoured are refused. Does not know: dialogues, memory, or how the reply is answered.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from chat_app.http.chat_request import ChatMessage, ChatRequest, ConversationName, Role, unsupported
from chat_app.http.errors import ApiError
from chat_app.http.message_content import Content, text_of

RESPONSE = "resp_"  # begins the id of a response; the user's message follows
_CANNOT = {  # field → what cannot be done
    "tools": "Mneme calls no functions and has no tools",
    "background": "Replies are given while one waits",
    "prompt": "There are no prompt templates here",
    "include": "Nothing can be included in the answer",
    "top_logprobs": "Tokens come without their likelihood",
    "context_management": "The context is managed here",
    "moderation": "Nothing is moderated here",
    "image": "Mneme makes no images",
}


def _message_only(item: Any) -> Any:
    """Raises ValueError, with a sentence of its own, for items that are no messages."""
    kind = item.get("type", "message") if isinstance(item, dict) else "message"
    if kind != "message":
        raise ValueError(f"only messages are taken, and this is of type {str(kind)[:50]}; leave it out")
    return item


class InputMessage(BaseModel):
    """A message of the user, the assistant, or a developer; also an output message of an earlier response."""

    type: Literal["message"] = "message"
    role: Role
    content: Content


# Told apart by what it is, so that what is wrong with a list is said of the list.
Input = Annotated[
    Annotated[str, Tag("text")]
    | Annotated[
        list[Annotated[InputMessage, BeforeValidator(_message_only)]],
        Field(min_length=1, max_length=10_000),
        Tag("messages"),
    ],
    Discriminator(lambda given: "text" if isinstance(given, str) else "messages"),
]


class NamedConversation(BaseModel):
    id: ConversationName


class TextFormat(BaseModel):
    type: str = "text"


class TextOptions(BaseModel):
    format: TextFormat | None = None


class Reasoning(BaseModel):
    model_config = ConfigDict(extra="allow")

    effort: str | None = None


class ResponsesRequest(BaseModel):
    """The body. Without ``store: false`` the reply is kept, and an answer's id can be gone on from."""

    model_config = ConfigDict(extra="allow")

    model: str = ""
    input: Input
    instructions: str | None = None
    conversation: ConversationName | NamedConversation | None = None
    previous_response_id: Annotated[str, Field(max_length=200)] | None = None
    store: bool | None = None
    stream: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    metadata: dict[str, str] | None = None

    @property
    def name(self) -> str | None:
        """Of the conversation."""
        return self.conversation.id if isinstance(self.conversation, NamedConversation) else self.conversation

    @property
    def follows(self) -> str:
        """The user's message of the response that this one goes on from; "" for none."""
        return (self.previous_response_id or "").removeprefix(RESPONSE)

    def as_chat(self) -> ChatRequest:
        """The same request to the chat API. Raises ApiError for what cannot be honoured."""
        self._refuse_unsupported()
        given = self.input if isinstance(self.input, list) else [InputMessage(role="user", content=self.input)]
        system = [ChatMessage(role="system", content=self.instructions)] if self.instructions else []
        body = ChatRequest(
            model=self.model,
            messages=[*system, *(ChatMessage(role=one.role, content=text_of(one.content)) for one in given)],
            conversation=self.name,
            stream=self.stream,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_output_tokens,
            store=self.store,
        )
        body.refuse_unsupported()
        return body

    def _refuse_unsupported(self) -> None:
        extra: dict[str, Any] = self.model_extra or {}
        for name, why in _CANNOT.items():
            if extra.get(name):
                raise unsupported(name, f"{why}; leave {name} out.")
        if self.text is not None and self.text.format is not None and self.text.format.type != "text":
            raise unsupported("text.format", "Replies are plain text; leave text.format out.")
        if self.reasoning is not None and self.reasoning.effort not in (None, "none"):
            raise unsupported("reasoning", "Mneme does not reason aloud; leave reasoning out.")
        if self.previous_response_id is None:
            return
        if self.store is False or self.conversation is not None:
            message = "A response that goes on stays in its conversation: leave out store and conversation."
            raise unsupported("previous_response_id", message)
        if isinstance(self.input, list) and len([one for one in self.input if one.role in ("user", "assistant")]) != 1:
            message = "After previous_response_id one message of the user is taken; what was before is known here."
            raise ApiError(400, message, param="input", code="invalid_value")
