"""Outermost of all: every request gets an id, which every line of the log about it and its answer carry.

Pure ASGI. Does not know: who asks for what.
"""

from __future__ import annotations

import re
import secrets

from gradio.context import LocalContext
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat_app import request_log
from chat_app.request_log import Caller

HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")  # of a proxy or a program; nothing that could make two lines of one


class RequestIds:
    """ASGI middleware. An id that the request brings is kept where it is a sane one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        request_log.look_in(_of_the_page)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name.lower() == HEADER]
        id = given[0] if len(given) == 1 and _SANE.fullmatch(given[0]) else secrets.token_hex(8).encode()
        caller = Caller(id.decode(), address_of(scope))
        request_log.begin(caller)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (HEADER, id)]}
            await send(message)

        await self.app({**scope, "state": {**scope.get("state", {}), "caller": caller}}, receive, marked)


def address_of(scope: Scope) -> str:
    """From which address a request came. Behind a proxy on this computer uvicorn has put in the one that it told."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _of_the_page() -> Caller | None:
    """Who asked for the handler of the page that runs now: Gradio's queue runs it apart from the request."""
    request = LocalContext.request.get(None)
    return getattr(getattr(request, "state", None), "caller", None)
