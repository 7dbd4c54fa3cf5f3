"""``POST /v1/responses``: the basics of OpenAI's Responses API, over the same dialogues as chat completions.

Does not know: which dialogue a request belongs to (chat_app/http/begun_reply.py), or how a reply comes about.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from chat_app.dialogue.message_text import storable
from chat_app.http.begun_reply import BegunReply, begin
from chat_app.http.description import STREAM
from chat_app.http.errors import ApiError, as_api_error
from chat_app.http.responses_request import RESPONSE, ResponsesRequest
from chat_app.http.stream import EventStream, in_thread, server_sent_event
from chat_app.http.values import Values
from knowledge.errors import NotFound
from knowledge.records import ReplySaved, TextDelta, Usage

if TYPE_CHECKING:
    from chat_app.application import Application


def responses_routes(router: APIRouter, application: Application) -> None:
    """Add the route. Blocking work is done in threads."""
    values = Values(application.history)

    def begun(owner: str, body: ResponsesRequest) -> BegunReply:
        chat = body.as_chat()
        try:
            return begin(application, values, owner, chat, follows=body.follows)
        except NotFound as error:
            if not body.follows:
                raise
            message = f"The response {body.previous_response_id} is not kept here, or has no reply."
            raise ApiError(400, message, param="previous_response_id", code="previous_response_not_found") from error

    @router.post("/v1/responses", response_class=JSONResponse, responses=STREAM)
    async def responses(body: ResponsesRequest, request: Request) -> Response:
        """A reply; with ``stream`` as server-sent events. Memory is read for it."""
        reply = await to_thread.run_sync(begun, application.owner_of(request), body)
        answer = _Answer(reply, body)
        if body.stream:
            return EventStream(answer.events(), reply.leave)
        return JSONResponse(await in_thread(answer.whole, request.receive, reply.leave))


class _Answer:
    """One reply in the shapes of the Responses API."""

    def __init__(self, reply: BegunReply, body: ResponsesRequest) -> None:
        self._reply, self._body = reply, body
        self._message = f"msg_{reply.turn}"

    def whole(self) -> dict[str, Any]:
        """The answer in one piece. Blocks until memory has the turn."""
        text, reason, usage = "", "stop", Usage()
        for event in self._reply.events:
            if isinstance(event, ReplySaved):
                text, reason, usage = event.turn.text, event.finish_reason, event.usage
        return self._ended(text, reason, usage)

    def events(self) -> Iterator[bytes]:
        """The answer as server-sent events, in the order that the official client puts together."""
        numbers = itertools.count()
        place = {"item_id": self._message, "output_index": 0, "content_index": 0}

        def event(name: str, **fields: Any) -> bytes:
            return server_sent_event({"type": name, "sequence_number": next(numbers), **fields}, name)

        pieces: list[str] = []
        reason, usage = "stop", Usage()
        try:
            begun = self._response("in_progress", [])
            yield event("response.created", response=begun)
            yield event("response.in_progress", response=begun)
            yield event("response.output_item.added", output_index=0, item=self._item("in_progress", None))
            yield event("response.content_part.added", **place, part=_part(""))
            try:
                for given in self._reply.events:
                    if isinstance(given, TextDelta):
                        pieces.append(given.text)
                        yield event("response.output_text.delta", **place, delta=given.text, logprobs=[])
                    elif isinstance(given, ReplySaved):
                        reason, usage = given.finish_reason, given.usage
            except Exception as error:
                failed = as_api_error(error)
                told = {"code": "server_error", "message": failed.message}
                yield event("response.failed", response=self._response("failed", [], error=told))
                return
            text = "".join(pieces)
            ended = self._ended(text, reason, usage)
            yield event("response.output_text.done", **place, text=text, logprobs=[])
            yield event("response.content_part.done", **place, part=_part(text))
            yield event("response.output_item.done", output_index=0, item=ended["output"][0])
            yield event(f"response.{ended['status']}", response=ended)
        finally:
            self._reply.close()

    def _ended(self, text: str, reason: str, usage: Usage) -> dict[str, Any]:
        cut = reason in ("length", "time")
        status = "incomplete" if cut else "completed"
        why = {"incomplete_details": {"reason": "max_output_tokens"}} if cut else {}
        return self._response(status, [self._item(status, text)], usage=_usage(usage), **why)

    def _item(self, status: str, text: str | None) -> dict[str, Any]:
        content = [] if text is None else [_part(text)]
        return {"type": "message", "id": self._message, "status": status, "role": "assistant", "content": content}

    def _response(self, status: str, output: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        reply, body = self._reply, self._body
        return {
            "id": f"{RESPONSE}{reply.turn}",
            "object": "response",
            "created_at": reply.created,
            "status": status,
            "model": reply.model,
            "output": output,
            "error": None,
            "incomplete_details": None,
            "instructions": None if body.instructions is None else storable(body.instructions),
            "max_output_tokens": body.max_output_tokens,
            "metadata": {storable(key): storable(value) for key, value in (body.metadata or {}).items()},
            "parallel_tool_calls": False,
            "previous_response_id": body.previous_response_id,
            "store": body.store is not False,
            "temperature": body.temperature,
            "text": {"format": {"type": "text"}},
            "tool_choice": "none",
            "tools": [],
            "top_p": body.top_p,
            "usage": None,
            "conversation": {"id": reply.name} if reply.name else None,
            "reads": reply.reads,
            **more,
        }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
