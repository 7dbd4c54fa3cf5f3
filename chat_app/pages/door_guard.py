"""In front of everything: by which name and which page the server is called, and by whom. Says whose a request is.

Pure ASGI. Everything needs a sign-in or a key where the door is guarded, whatever route it is; what needs none is named
here. Does not know: which routes there are otherwise, or how the sign-in page looks.
"""

from __future__ import annotations

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat_app.door.addresses import Addresses
from chat_app.door.audit import Audit
from chat_app.door.door import Door, Visit
from chat_app.pages.guards import answer
from chat_app.pages.request_ids import address_of

SIGN_IN = "/sign-in"
_OPEN = ("/healthz", SIGN_IN)  # a monitor has no password, and who has none yet has to get one in
_PROGRAMS = ("/v1", "/metrics")  # who asks there has a key
_LANDINGS = ("/", SIGN_IN)  # what a link on another site may lead to
_PROXIED = ("x-forwarded-for", "x-forwarded-host", "forwarded")
# Gradio makes the page's own address from these; here it is known, and nobody else is asked.
_TAKEN_OUT = (b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server")
_KEY_MISSING = "This Mneme has a password: make a key on its Models page, or start it with MNEME_API_KEY set."
_KEY_WRONG = "The API key is not right or was revoked; send one of the Models page, or that of MNEME_API_KEY."


class DoorGuard:
    """ASGI middleware; the owner of a request is ``scope["state"]["owner"]`` behind it."""

    def __init__(self, app: ASGIApp, *, door: Door, addresses: Addresses, audit: Audit) -> None:
        self.app, self.door, self.addresses, self.audit = app, door, addresses, audit
        self._noting = anyio.CapacityLimiter(1)  # no worker of the replies' is taken for it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # websockets are closed further in: the page uses none
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        headers = _headers(scope)
        host = self._host(headers)
        refusal = self._foreign(scope["method"], path, headers, host)
        if refusal:
            await answer(send, 403, refusal, code="cross_origin")
            return
        if path in _PROGRAMS or path.startswith("/v1/"):
            visit = await self._program(scope, headers, send)
            if visit is None:
                return
        else:
            visit = self.door.visit(headers.get("cookie", ""))
            if visit is None and path not in _OPEN:
                await self._to_sign_in(scope, headers, send)
                return
            if visit and visit.stale and path == "/":
                send = _with_cookie(send, self.door.admit(visit))
        await self.app(self._seen(scope, host, visit), receive, send)

    # ---- from where ----------------------------------------------------------------------------------

    def _host(self, headers: dict[str, str]) -> str:
        """The Host that was asked for. A proxy on this computer may tell the public one in a header of its own, which
        no page of another site can send along with a loopback name."""
        host, told = headers.get("host", ""), headers.get("x-forwarded-host", "")
        return told if self.addresses.serves(host) and self.addresses.is_public(told) else host

    def _foreign(self, method: str, path: str, headers: dict[str, str], host: str) -> str:
        """Why this request is refused before anybody is asked who it is; "" when it is not."""
        if not self.addresses.serves(host):
            if self.addresses.loopback:
                return "This Mneme serves only this computer: open it as http://127.0.0.1 or http://localhost."
            if self.addresses.public:
                return f"This Mneme is at {self.addresses.public}: open it there."
            return "This Mneme does not go by this name: open it by its IP address, or start it with --public-url."
        if not self.door.guarded and any(name in headers for name in _PROXIED):
            return "This came through a proxy: start Mneme with --public-url and MNEME_PASSWORD to serve others."
        origin = headers.get("origin")
        if origin is not None and not self.addresses.trusts(origin, host):
            return "Pages of another origin may not use this Mneme."
        # A neighbour on the same site (another port, another name of the domain) is another origin all the same.
        foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if foreign and (method not in ("GET", "HEAD") or path not in _LANDINGS):
            return "Pages of another site may not use this Mneme."
        return ""

    # ---- who -----------------------------------------------------------------------------------------

    async def _program(self, scope: Scope, headers: dict[str, str], send: Send) -> Visit | None:
        """Who a call to the API is from; where it is nobody, that was answered. A cookie never counts there."""
        if not self.door.guarded:
            return self.door.visit("")
        address = address_of(scope)
        wait = self.door.keys.take(address)
        if wait:
            await answer(send, 429, "Too many wrong keys came from this address.", code="rate_limited", wait=wait)
            return None
        visit = self.door.visit_of_program(headers.get("authorization", ""))
        if visit is None:
            await anyio.to_thread.run_sync(self.audit.note, "", "key_refused", limiter=self._noting)
            told = _KEY_WRONG if self.door.has_key else _KEY_MISSING
            await answer(send, 401, told, code="invalid_api_key")
            return None
        self.door.keys.passed(address)
        return visit

    async def _to_sign_in(self, scope: Scope, headers: dict[str, str], send: Send) -> None:
        if scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
            await answer(send, 401, "Sign in first: open this Mneme's page.", code="not_signed_in")
            return
        query: bytes = scope.get("query_string", b"")
        goal = SIGN_IN.encode() + (b"?" + query if query else b"")
        await send({"type": "http.response.start", "status": 303, "headers": [(b"location", goal), *_NO_STORE]})
        await send({"type": "http.response.body", "body": b""})

    def _seen(self, scope: Scope, host: str, visit: Visit | None) -> Scope:
        """The request as the rest sees it: whose it is, and under which address the page is."""
        public = self.addresses.is_public(host)
        headers = [(name, value) for name, value in scope["headers"] if name.lower() not in _TAKEN_OUT]
        if public:
            headers = [(name, value) for name, value in headers if name.lower() != b"host"]
            headers.append((b"host", host.encode("latin-1")))
        scheme = self.addresses.public.partition(":")[0] if public else scope["scheme"]
        state = {**scope.get("state", {}), "owner": visit.owner if visit else ""}
        return {**scope, "headers": headers, "scheme": scheme, "state": state}


_NO_STORE = [(b"cache-control", b"no-store"), (b"content-length", b"0"), (b"referrer-policy", b"same-origin")]


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by their small names; what came twice is joined, so that a second Host or Origin is a wrong one."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}{'; ' if name == 'cookie' else ','}{value}" if name in found else value
    return found


def _with_cookie(send: Send, cookie: str) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"set-cookie", cookie.encode("latin-1"))]}
        await send(message)

    return dressed
