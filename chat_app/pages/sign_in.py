"""The sign-in and sign-out pages: plain HTML without a script, in both languages.

Does not know: how a password or a cookie is checked (the door), or what lies behind.
"""

from __future__ import annotations

import html
import logging
import math
import re
from urllib.parse import parse_qs

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from chat_app.door.audit import Audit, What
from chat_app.door.door import MOST, Door
from chat_app.pages.door_guard import SIGN_IN
from chat_app.pages.request_ids import address_of
from chat_app.pages.style import LOGO, SCRIPTS
from chat_app.pages.words import Language, error_text, language_of, say
from knowledge.errors import MnemeError

logger = logging.getLogger(__name__)

SIGN_OUT = "/sign-out"
_FORM_BYTES = 12 * MOST + 256  # a password of the longest, each letter in four bytes, written as %XX
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)


def sign_in_router(door: Door, audit: Audit) -> APIRouter:
    """Routes ``/sign-in`` and ``/sign-out``, GET and POST. The query of the page that was asked for comes back after
    the sign-in; it always leads to this server's own page."""
    router = APIRouter(include_in_schema=False)
    one_at_a_time = anyio.CapacityLimiter(1)  # a check takes 64 MiB; and no worker of the replies' is taken for it

    async def note(owner: str, what: What) -> None:
        await anyio.to_thread.run_sync(audit.note, owner, what, limiter=one_at_a_time)

    def to_page(request: Request) -> RedirectResponse:
        query = request.url.query
        return RedirectResponse(f"/?{query}" if query else "/", 303, {"cache-control": "no-store"})

    @router.get(SIGN_IN)
    async def ask(request: Request) -> Response:
        if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            # Who follows a link on another site does not bring the cookie along; asked anew by our own page, they do.
            goal = html.escape(to_page(request).headers["location"])
            return _page(request, f'<meta http-equiv="refresh" content="0; url={goal}">', "")
        return to_page(request) if request.state.owner else _form(request)

    @router.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        password = (await _fields(request)).get("password", "")
        if not door.guarded:
            return to_page(request)
        address = address_of(request.scope)
        wait = door.passwords.take(address)
        if wait:
            seconds = math.ceil(wait)
            told = say("door.wait", language_of(request), seconds=seconds)
            return _form(request, told, 429, {"retry-after": str(seconds)})
        visit = await anyio.to_thread.run_sync(door.come_in, password, limiter=one_at_a_time)
        if visit is None:
            logger.warning("a wrong password came from %s", address)
            await note("", "sign_in_refused")
            return _form(request, say("door.wrong", language_of(request)), 401)
        door.passwords.passed(address)
        await note(visit.owner, "signed_in")
        answer = to_page(request)
        answer.headers.append("set-cookie", door.admit(visit))
        return answer

    @router.get(SIGN_OUT)
    async def offer(request: Request) -> Response:
        return _leaving(request) if door.guarded else to_page(request)

    @router.post(SIGN_OUT)
    async def sign_out(request: Request) -> Response:
        everywhere = "everywhere" in await _fields(request)
        if everywhere:
            try:
                door.end_all()
            except MnemeError as error:
                return _leaving(request, error_text(error, language_of(request)), 500)
        await note(request.state.owner, "signed_out_everywhere" if everywhere else "signed_out")
        answer = RedirectResponse(SIGN_IN, 303, {"cache-control": "no-store"})
        answer.headers.append("set-cookie", door.let_out())
        return answer

    return router


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a small form; none of one that is too large or no text."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _FORM_BYTES:
            return {}
    try:
        found = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _form(request: Request, told: str = "", status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    language = language_of(request)
    query = request.url.query
    action = html.escape(f"{SIGN_IN}?{query}" if query else SIGN_IN)
    wrong = f'<p class="told" role="alert">{html.escape(told)}</p>' if told else ""
    body = _heading(say("door.title", language), say("door.intro", language)) + (
        f'<form method="post" action="{action}"><label for="password">{say("door.password", language)}</label>'
        # A name that nobody sees: password managers keep a password under one.
        '<input type="text" name="username" value="mneme" autocomplete="username" hidden>'
        '<input id="password" type="password" name="password" autocomplete="current-password" required autofocus '
        f'maxlength="{MOST}">{wrong}<button class="primary">{say("door.enter", language)}</button></form>'
    )
    return _page(request, "", body, status, headers)


def _leaving(request: Request, told: str = "", status: int = 200) -> HTMLResponse:
    language = language_of(request)
    wrong = f'<p class="told" role="alert">{html.escape(told)}</p>' if told else ""
    body = _heading(say("door.out_title", language), say("door.out_intro", language)) + (
        f'<form method="post" action="{SIGN_OUT}"><button class="primary">{say("door.out_here", language)}</button>'
        f'<button name="everywhere" value="1">{say("door.out_everywhere", language)}</button>{wrong}</form>'
        f'<a href="/">{say("door.back", language)}</a>'
    )
    return _page(request, "", body, status)


def _heading(title: str, intro: str) -> str:
    return f"<h1>{title}</h1><p>{intro}</p>"


def _page(
    request: Request, head: str, body: str, status: int = 200, headers: dict[str, str] | None = None
) -> HTMLResponse:
    language: Language = language_of(request)
    content = (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<meta name="color-scheme" content="light dark">{head}<title>Mneme</title><link rel="icon" href="{LOGO}">'
        f'<style>{_STYLE}</style></head><body><main><div class="brand"><img src="{LOGO}" alt="">Mneme</div>{body}'
        "</main></body></html>"
    )
    kept = {"cache-control": "no-store", "content-security-policy": _POLICY}
    return HTMLResponse(content, status, kept | (headers or {}))


def _style() -> str:
    """The page's colours, which its style sheet begins with (light, then dark), and our own few rules."""
    light, dark = re.findall(r"\{([^}]*)\}", (SCRIPTS / "style.css").read_text(encoding="utf-8"))[:2]
    own = (SCRIPTS / "sign_in.css").read_text(encoding="utf-8")
    return f":root{{{light}}}@media (prefers-color-scheme: dark){{:root{{{dark}}}}}{own}"


_STYLE = _style()
