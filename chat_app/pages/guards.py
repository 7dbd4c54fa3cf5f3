"""Guards in front of every route: which of Gradio's routes exist, which files may be named, what a page may load.

Pure ASGI, so that streams pass through unbuffered. Does not know: conversations, memories, what a page shows, or who
asks (door_guard.py stands in front of this one).
"""

from __future__ import annotations

import json
import logging
import math
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat_app.pages import event_stream

logger = logging.getLogger(__name__)

MAX_CALL_BYTES = 4 * 1024 * 1024  # of one call from the page; files travel through /upload, which has its own limit

# Everything of Gradio that the page needs. The rest (plain /api and /call, /proxy, /deep_link, recordings, monitoring,
# the run history, live editing) is not there.
_GRADIO_ROUTES = re.compile(
    r"/(?:config/?|theme\.css|favicon\.ico|manifest\.json|robots\.txt|(?:static|assets|svelte)/.+"
    r"|gradio_api/(?:queue/(?:join|data)|upload|upload_progress|file=.+|heartbeat/[^/]+|reset|cancel|startup-events"
    r"|app_id|info|theme\.css)/?)?"
)
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'{nonce}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; frame-src 'none'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)
_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # a stored file never runs as a page of ours
_FILE = "/gradio_api/file="
_UPLOAD = "/gradio_api/upload"
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


def uploaded_file(path: str) -> Path | None:
    """The file a visitor uploaded under this path, or None when the path names anything else.

    Links are followed before the comparison, so that a link in the upload folder does not lead out of it.
    """
    try:
        folder = Path(get_upload_folder()).resolve()
        file = Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return file if file.is_file() and file.is_relative_to(folder) else None


def names_only_uploads(value: Any) -> bool:
    """Does every file named anywhere in a call's JSON lie in the upload folder?

    Gradio checks only those dictionaries that carry its own ``meta`` mark and fills the mark in afterwards, so a file
    named without it would slip through. Addresses are refused as well: the server fetches nothing for a visitor.
    """
    if isinstance(value, dict):
        path = value.get("path")
        if isinstance(path, str) and uploaded_file(path) is None:
            return False
        return all(names_only_uploads(part) for part in value.values())
    if isinstance(value, list):
        return all(names_only_uploads(part) for part in value)
    return True


class Guards:
    """ASGI middleware.

    under_way: tells whether a page's session has events that are not over.
    known_function: tells whether the page has a function of this number.
    own_path: tells whether a path is a route of ours, which does not pass Gradio's list.
    head: HTML put at the end of the page's head; its scripts get the page's nonce.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        own_path: Callable[[str], bool],
        under_way: Callable[[str], bool],
        known_function: Callable[[int], bool],
        head: str,
    ) -> None:
        self.app = app
        self.under_way = under_way
        self.known_function = known_function
        self.own_path = own_path
        self.head = head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":  # the page uses none
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if self._missing(path):
            await answer(send, 404, "Not found.")
            return
        if path.rstrip("/") == "/gradio_api/queue/join":
            body = await _whole_body(receive)
            if body is None:
                await answer(send, 413, "The call is too large.")
                return
            try:
                call = json.loads(body or b"null")
                allowed = names_only_uploads(call)
            except (ValueError, RecursionError):
                call, allowed = None, False
            if not self._known_call(call):
                await answer(send, 400, "The page asked for something unknown; reload it.")
                return
            if not allowed:
                logger.warning("refused a call that names a file which was not uploaded")
                await answer(send, 403, "Only files uploaded through the page can be used.")
                return
            receive = _replay(body, receive)
        dressed = self._dressed(path, send)
        if path == event_stream.PATH:
            await event_stream.serve(self.app, scope, receive, dressed, self.under_way)
        elif path.rstrip("/") == _UPLOAD:
            await self._upload(scope, receive, dressed, send)
        else:
            await self.app(scope, receive, dressed)

    async def _upload(self, scope: Scope, receive: Receive, dressed: Send, send: Send) -> None:
        """Gradio stumbles over a form whose field is no file, after it has answered with status 500."""
        held: list[Message] = []

        async def told(message: Message) -> None:
            if held or (message["type"] == "http.response.start" and message["status"] == 500):
                held.append(message)
            else:
                await dressed(message)

        try:
            await self.app(scope, receive, told)
        except Exception as error:
            if held and isinstance(error, TypeError):
                await answer(send, 400, "The form has a field that is no file; send files only.")
                return
            for message in held:
                await dressed(message)
            raise

    def _missing(self, path: str) -> bool:
        if not self.own_path(path) and not _GRADIO_ROUTES.fullmatch(path):
            return True
        # Neither the server's files nor another host's, whatever Gradio would allow.
        return path.startswith(_FILE) and uploaded_file(path.removeprefix(_FILE)) is None

    def _known_call(self, call: Any) -> bool:
        """Is this a call of one of the page's functions? Gradio itself looks for it without asking."""
        if not isinstance(call, dict):
            return False
        number, session = call.get("fn_index"), call.get("session_hash")
        known = isinstance(number, int) and not isinstance(number, bool) and self.known_function(number)
        return known and isinstance(session, str) and isinstance(call.get("data"), list)

    def _dressed(self, path: str, send: Send) -> Send:
        """``send`` that adds the headers and, for the page itself, nonces and our head."""
        nonce = secrets.token_urlsafe(16)
        start: Message | None = None
        body = b""

        async def dressed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                page = path == "/" and _content_type(message).startswith(b"text/html")
                policy = (
                    _FILE_POLICY
                    if path.startswith(_FILE)
                    else _POLICY.format(nonce=f" 'nonce-{nonce}'" if page else "")
                )
                kept = [
                    (name, value)
                    for name, value in message["headers"]
                    if not (page and name.lower() in (b"content-length", b"etag", b"cache-control"))
                ]
                extra = [*_HEADERS, (b"content-security-policy", policy.encode())]
                if page:
                    extra.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*kept, *extra]}
                if page:
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                if body:  # empty for HEAD
                    body = _page(body, self.head, nonce.encode())
                start["headers"].append((b"content-length", str(len(body)).encode()))
                await send(start)
                message = {"type": "http.response.body", "body": body}
                start = None
            await send(message)

        return dressed


def _page(html: bytes, head: bytes, nonce: bytes) -> bytes:
    """The page with our head, without the social-media tags of the template, every script marked with the nonce."""
    html = re.sub(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*', b"", html)
    html = html.replace(b"</head>", head + b"</head>", 1)
    return re.sub(rb"<script(?=[\s>])", b'<script nonce="' + nonce + b'"', html)


def _content_type(message: Message) -> bytes:
    return next((value for name, value in message["headers"] if name.lower() == b"content-type"), b"")


async def answer(send: Send, status: int, text: str, *, code: str | None = None, wait: float = 0.0) -> None:
    """Refuse, in the shape that clients of OpenAI's API read. ``wait``: seconds after which to try again."""
    error = {"message": text, "type": "invalid_request_error", "param": None, "code": code}
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *_HEADERS]
    headers += [(b"content-security-policy", _POLICY.format(nonce="").encode()), (b"cache-control", b"no-store")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if wait:
        headers.append((b"retry-after", str(math.ceil(wait)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _whole_body(receive: Receive) -> bytes | None:
    """The request's body, or None when it is larger than a call of the page can be."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_CALL_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """``receive`` that gives the body once more, then whatever comes after it (a disconnect)."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
