"""Keeps Gradio's event stream open for what a page asks in the moment in which the stream ends.

When a page has nothing under way, Gradio ends its stream with ``close_stream``. A browser that is still busy drawing
hears of it late: an event that it asked for meanwhile finds the stream open in the browser and closed on the server,
and is never heard of again. And where the hang-up reaches the server early, Gradio drops the page's events altogether.
Either way a message sent right after a reply, or right after the page came up, would never be answered.

So the last word is held back a little, and not said when something new is under way. Does not know: what events are.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/gradio_api/queue/data"
_LAST = b"close_stream"
_STEP, _STEPS = 0.05, 8  # seconds and number of looks before the last word is said


async def serve(app: ASGIApp, scope: Scope, receive: Receive, send: Send, under_way: Callable[[str], bool]) -> None:
    """Serve a page's event stream; ``under_way`` tells whether a session has events that are not over."""
    session = (parse_qs(scope["query_string"].decode("latin-1")).get("session_hash") or [""])[0]
    started = closing = going_on = False

    async def patient() -> Message:
        message = await receive()
        if message["type"] == "http.disconnect" and closing:
            await anyio.sleep_forever()  # until the response is over, which ends this as well
        return message

    async def relay(message: Message) -> None:
        nonlocal started, closing, going_on
        if message["type"] == "http.response.start":
            if started:
                return
            started = True
        elif going_on:
            return  # the end of a part; the next one follows
        elif _LAST in message.get("body", b""):
            closing = True
            for _ in range(_STEPS):
                await anyio.sleep(_STEP)
                if under_way(session):
                    going_on = True
                    return
        await send(message)

    while True:
        closing = going_on = False
        await app(scope, patient, relay)
        if not going_on:
            return
