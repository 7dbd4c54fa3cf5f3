"""Blocking iterators over HTTP, without blocking the server: server-sent events, and noticing that a client went away.

Does not know: what the pieces say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import anyio
from anyio import to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")


def server_sent_event(value: dict[str, Any] | str, event: str = "") -> bytes:
    """One event that carries ``value`` as JSON, or a bare word; ``event`` is its name, where it has one."""
    data = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {data}\n\n".encode()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def in_thread(
    work: Callable[[], T],
    receive: Receive,
    leave: Callable[[], object],
    limiter: anyio.CapacityLimiter | None = None,
) -> T:
    """The result of ``work``, done in a thread; ``leave`` is called in another one when the client goes away before.

    limiter: how many may do such work at once, by default as many as the server has threads; the others wait without
    one.
    """
    result: list[T] = []
    error: list[Exception] = []

    def run() -> None:
        try:
            result.append(work())
        except Exception as raised:  # kept out of the task group, which would wrap it
            error.append(raised)

    async def watch() -> None:
        await _disconnected(receive)
        await to_thread.run_sync(leave)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await to_thread.run_sync(run, limiter=limiter)
        tasks.cancel_scope.cancel()
    if error:
        raise error[0]
    return result[0]


class EventStream(Response):
    """Server-sent events from a generator that is run in threads, one step at a time, and always closed.

    pieces: the events; its ``close`` ends whatever it does.
    leave: called when the client goes away while a step is under way, to cut that step short.
    """

    media_type = "text/event-stream"
    unread = 60.0  # seconds for which a client may take nothing in: its reply holds a place that others wait for

    def __init__(self, pieces: Iterator[bytes], leave: Callable[[], object]) -> None:
        self.status_code = 200
        self.background = None
        self._pieces = pieces
        self._leave = leave
        self.init_headers({"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = anyio.Event()

        async def watch() -> None:
            await _disconnected(receive)
            gone.set()
            await to_thread.run_sync(self._leave)

        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch)
                await self._send(send, gone)
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                close = getattr(self._pieces, "close", None)
                if close is not None:
                    await to_thread.run_sync(close)

    async def _send(self, send: Send, gone: anyio.Event) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while not gone.is_set():
                piece = await to_thread.run_sync(next, self._pieces, None)
                if piece is None:
                    break
                with anyio.fail_after(self.unread):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:  # how some servers say that the client is gone, and what a TimeoutError is
            return
