"""``POST /v1/chat/completions`` and ``GET /v1/models``: OpenAI's chat API over dialogues whose history stays here.

Does not know: which dialogue a request belongs to (chat_app/http/begun_reply.py), or how a reply comes about.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from chat_app.http.begun_reply import BegunReply, begin
from chat_app.http.chat_request import ChatRequest
from chat_app.http.description import STREAM
from chat_app.http.errors import ApiError, as_api_error, error_body
from chat_app.http.stream import EventStream, in_thread, server_sent_event
from chat_app.http.values import Values
from knowledge.records import ReplySaved, TextDelta, Usage

if TYPE_CHECKING:
    from chat_app.application import Application

ALIAS = "mneme"  # the model in use, whichever it is


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

    @router.post("/v1/chat/completions", response_class=JSONResponse, responses=STREAM)
    async def completions(body: ChatRequest, request: Request) -> Response:
        """A reply; with ``stream`` as server-sent events. Memory is read for it."""
        body.refuse_unsupported()
        owner = application.owner_of(request)
        reply = await to_thread.run_sync(begin, application, values, owner, body)
        if body.stream:
            return EventStream(_chunks(reply, body.include_usage), reply.leave)
        return JSONResponse(await in_thread(lambda: _whole(reply), request.receive, reply.leave))


def _whole(reply: BegunReply) -> dict[str, Any]:
    """The answer in one piece. Blocks until memory has the turn."""
    text, finish_reason, usage = "", "stop", Usage()
    for event in reply.events:
        if isinstance(event, ReplySaved):
            text, usage = event.turn.text, event.usage
            finish_reason = _finish_reason(event)
    return {
        **_frame(reply),
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


def _chunks(reply: BegunReply, include_usage: bool) -> Iterator[bytes]:
    """The answer as server-sent events; the first one carries the reads."""

    def chunk(delta: dict[str, Any] | None, finish_reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        choices = [] if delta is None else [choice]
        usage = {"usage": None} if include_usage else {}
        return server_sent_event(
            {**_frame(reply), "object": "chat.completion.chunk", "choices": choices, **usage, **more}
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
        reply.close()


def _frame(reply: BegunReply) -> dict[str, Any]:
    return {"id": f"chatcmpl-{reply.turn}", "created": reply.created, "model": reply.model}


def _finish_reason(event: ReplySaved) -> str:
    return "length" if event.finish_reason in ("length", "time") else "stop"  # OpenAI knows no "stopped" or "time"


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
