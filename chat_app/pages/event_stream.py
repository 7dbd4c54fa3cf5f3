"""Keeps Gradio's event stream from throwing away what a page has just asked for.

When a page has nothing under way, Gradio ends its stream with ``close_stream`` and the browser hangs up. Where the
hang-up comes before the stream's generator has returned, Gradio takes it for a page that went away, and drops the events
of that page, also one that was asked for in this moment: a message sent right after a reply is then never answered.

Does not know: what the events are.
"""

from __future__ import annotations

import anyio
from starlette.types import Message, Receive, Send

PATH = "/gradio_api/queue/data"
_LAST = b"close_stream"


def until_closed(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """``receive`` and ``send`` of an event stream that does not hear of a hang-up once it has said its last word."""
    closing = False

    async def patient() -> Message:
        message = await receive()
        if message["type"] == "http.disconnect" and closing:
            await anyio.sleep_forever()  # until the response is over, which ends this as well
        return message

    async def noticing(message: Message) -> None:
        nonlocal closing
        closing = closing or _LAST in message.get("body", b"")
        await send(message)

    return patient, noticing
