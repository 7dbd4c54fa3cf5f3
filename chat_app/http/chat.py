"""``POST /v1/chat/completions`` and ``GET /v1/models``: OpenAI's chat API over dialogues whose history stays here.

With the field ``conversation`` a dialogue is kept on the server and only the last message of a request is new. Without
it, the earlier messages of the request are looked up: where history has the same texts the dialogue goes on there (as a
branch, if it had gone on otherwise); else a new conversation begins, and the earlier messages are shown to the decoder
but never kept. With ``store: false`` nothing of the request is kept. Does not know: how a reply comes about.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from chat_app.dialogue.reply_stop import ReplyStop
from chat_app.history.records import Conversation, path_hash
from chat_app.http.chat_request import ChatRequest
from chat_app.http.errors import ApiError, as_api_error, error_body
from chat_app.http.stream import EventStream, in_thread, server_sent_event
from chat_app.http.values import Values
from knowledge.errors import MnemeError, NotFound
from knowledge.records import MemoryRead, ReplyEvent, ReplySaved, TextDelta, Turn, Usage, UserSaved

if TYPE_CHECKING:
    from chat_app.application import Application

ALIAS = "mneme"  # the model in use, whichever it is


@dataclass(slots=True)
class _Reply:
    """A reply that has begun: its events after the read, and what is known by then."""

    events: Iterator[ReplyEvent]
    owner: str
    name: str  # what the client is told: its own name for it, else the id
    frame: dict[str, Any]  # id, created, model: the same in every chunk
    reads: list[dict[str, Any]]
    stop: Callable[[], object]  # end it


def chat_routes(router: APIRouter, application: Application) -> None:
    """Add the routes. Blocking work is done in threads."""
    values = Values(application.history)
    started = int(time.time())

    def model() -> dict[str, Any]:
        return {"id": application.network.decoder.name, "object": "model", "created": started, "owned_by": "mneme"}

    @router.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [model()]}

    @router.get("/v1/models/{name:path}")
    def one_model(name: str) -> dict[str, Any]:
        if name not in (ALIAS, model()["id"]):
            raise ApiError(404, f"There is no model {name} here; use {ALIAS}.", code="model_not_found")
        return model() | {"id": name}

    @router.post("/v1/chat/completions")
    async def completions(body: ChatRequest, request: Request) -> Response:
        body.refuse_unsupported()
        owner = application.owner_of(request)
        reply = await to_thread.run_sync(_begin, application, values, owner, body)

        def leave() -> None:
            with contextlib.suppress(MnemeError):  # it may be deleted by now
                reply.stop()

        if body.stream:
            return EventStream(_chunks(reply, body.include_usage), leave)
        return JSONResponse(await in_thread(lambda: _whole(reply), request.receive, leave))


# ---- which dialogue --------------------------------------------------------------------------------------


def _begin(application: Application, values: Values, owner: str, body: ChatRequest) -> _Reply:
    """Find or make the dialogue, save the user's message and read memory. Blocks."""
    network = application.network  # raises NotReady before anything is saved
    stop = ReplyStop()  # of a reply that belongs to no conversation
    events = _unkept(application, owner, body, stop) if body.store is False else _dialogue(application, owner, body)
    try:
        turn: Turn | None = None
        for event in events:
            if isinstance(event, UserSaved):
                turn = event.turn
            elif isinstance(event, MemoryRead) and turn is not None:
                frame = {"id": f"chatcmpl-{turn.id}", "created": int(time.time()), "model": network.decoder.name}
                reads = values.reads(owner, event.result.reads)
                name = body.conversation or turn.conversation
                end = (
                    partial(application.conversations.stop, owner, turn.conversation) if turn.conversation else stop.set
                )
                return _Reply(events, owner, name, frame, reads, end if turn.conversation else stop.set)
    except BaseException:
        _close(events)
        raise
    raise ApiError(500, "The reply did not begin; try again.", code="internal_error")


def _unkept(application: Application, owner: str, body: ChatRequest, stop: ReplyStop) -> Iterator[ReplyEvent]:
    system, earlier, text = body.parts()
    conversations = application.conversations
    return conversations.unkept.send(
        owner,
        text,
        sampling=body.sampling(conversations.sampling),
        system=system or conversations.system,
        plain=bool(system or earlier),
        context=_foreign(earlier),
        stop_at=body.stop_sequences,
        stop=stop,
    )


def _dialogue(application: Application, owner: str, body: ChatRequest) -> Iterator[ReplyEvent]:
    history, conversations = application.history, application.conversations
    system, earlier, text = body.parts()
    sampling = body.sampling(conversations.sampling)
    stop_at = body.stop_sequences

    if body.conversation is not None:
        known = _known(application, owner, body.conversation)
        if known is None:
            return conversations.send(
                owner, text, name=body.conversation, sampling=sampling, system=system, stop_at=stop_at
            )
        if known.leaf is not None:
            last = history.message(owner, known.leaf)
            # The same message again, which had no reply: a client that tries again after an error.
            if last.role == "user" and last.text == text and not conversations.busy(known.id):
                return conversations.regenerate(
                    owner, known.id, last.id, sampling=sampling, system=system, stop_at=stop_at
                )
        return conversations.send(owner, text, conversation=known.id, sampling=sampling, system=system, stop_at=stop_at)

    if earlier:
        for found in history.find_path(owner, path_hash(earlier)):
            if not conversations.busy(found.conversation):
                # Where the dialogue began with messages of the client's own, history holds only what came after them.
                return conversations.send(
                    owner,
                    text,
                    conversation=found.conversation,
                    parent=found.id,
                    sampling=sampling,
                    system=system,
                    context=_foreign(earlier[: len(earlier) - (found.position + 1)]),
                    stop_at=stop_at,
                )
    return conversations.send(
        owner,
        text,
        sampling=sampling,
        system=system,
        context=_foreign(earlier),
        path_before=path_hash(earlier),
        stop_at=stop_at,
    )


def _known(application: Application, owner: str, name: str) -> Conversation | None:
    """The conversation that the client calls so, or whose id it was told."""
    known = application.history.named(owner, name)
    if known is not None:
        return known
    try:
        return application.history.conversation(owner, name)
    except NotFound:
        return None


def _foreign(messages: list[tuple[str, str]]) -> list[Turn]:
    """Messages that only the client knows, as turns for this reply."""
    now = time.time()
    return [
        Turn(f"context-{index}", "user" if role == "user" else "assistant", text, now)
        for index, (role, text) in enumerate(messages)
    ]


# ---- the answer ------------------------------------------------------------------------------------------


def _whole(reply: _Reply) -> dict[str, Any]:
    """The answer in one piece. Blocks until memory has the turn."""
    text, finish_reason, usage = "", "stop", Usage()
    for event in reply.events:
        if isinstance(event, ReplySaved):
            text, usage = event.turn.text, event.usage
            finish_reason = _finish_reason(event)
    return {
        **reply.frame,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": finish_reason,
            }
        ],
        "usage": _usage(usage),
        "conversation": reply.name,
        "reads": reply.reads,
    }


def _chunks(reply: _Reply, include_usage: bool) -> Iterator[bytes]:
    """The answer as server-sent events; the first one carries the reads."""

    def chunk(delta: dict[str, Any] | None, finish_reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        choices = [] if delta is None else [choice]
        usage = {"usage": None} if include_usage else {}
        return server_sent_event(
            {**reply.frame, "object": "chat.completion.chunk", "choices": choices, **usage, **more}
        )

    finish_reason, usage = "stop", Usage()
    try:
        yield chunk({"role": "assistant", "content": ""}, conversation=reply.name, reads=reply.reads)
        try:
            for event in reply.events:
                if isinstance(event, TextDelta):
                    yield chunk({"content": event.text})
                elif isinstance(event, ReplySaved):
                    finish_reason, usage = _finish_reason(event), event.usage
        except Exception as error:
            yield server_sent_event(error_body(as_api_error(error)))
            return
        yield chunk({}, finish_reason)
        if include_usage:
            yield chunk(None, usage=_usage(usage))
        yield server_sent_event("[DONE]")
    finally:
        _close(reply.events)


def _finish_reason(event: ReplySaved) -> str:
    return "length" if event.finish_reason in ("length", "time") else "stop"  # OpenAI knows no "stopped" or "time"


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def _close(events: Iterator[ReplyEvent]) -> None:
    close = getattr(events, "close", None)
    if close is not None:
        close()
