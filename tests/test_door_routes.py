"""Nothing behind the door answers without a sign-in or a key, nor to another site, whatever route or handler it is."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat_app.door.throttle import Throttle
from tests.page_server import PageServer
from tests.server import ROOT

PASSWORD, KEY = "correct horse", "a-key-of-thirty-two-letters-or-so"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OPEN = ("/healthz", "/sign-in")
RIGHT = {"authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """Serves as ``--host 0.0.0.0`` would, behind a password."""
    data = tmp_path_factory.mktemp("door") / "data"
    environment = {"MNEME_PASSWORD": PASSWORD, "MNEME_API_KEY": KEY}
    server = PageServer(data, pause=0.0, arguments=("--host", "0.0.0.0"), environment=environment)
    yield server
    server.close()


@pytest.fixture
def stranger(server: PageServer) -> Iterator[httpx.Client]:
    """Somebody who has no cookie and no key. Wrong passwords of earlier tests do not count."""
    server.application.door.passwords = Throttle(free=5, total=60)
    server.application.door.keys = Throttle(free=20, total=None)
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def paths_of(routes: Any, prefix: str = "") -> Iterator[str]:
    """Every path of an application's routes, those of included routers and mounted applications as well."""
    for route in routes:
        if inner := getattr(route, "original_router", None):
            yield from paths_of(inner.routes, prefix + route.include_context.prefix)
        elif (mounted := getattr(route, "app", None)) is not None and hasattr(mounted, "routes"):
            yield from paths_of(mounted.routes, prefix + route.path)
        else:
            yield prefix + route.path


def every_path(server: PageServer) -> list[str]:
    """The paths with something put in for what they leave open, and those that the page's handlers have."""
    found = {re.sub(r"\{[^}]*\}", "x", path) for path in paths_of(server.app.routes)}
    assert len(found) > 60 and {"/v1/memories", "/files/import", "/gradio_api/queue/join", "/config", "/"} <= found
    names = [endpoint["api_name"] for endpoint in server.endpoints()]
    found |= {f"/gradio_api/{kind}/{name}" for kind in ("run", "api", "call") for name in names}
    asset = re.search(r"\./(assets/[^\"]+)", server.client.get("/").text)
    assert asset
    return sorted(
        found | {f"/{asset[1]}", "/v1", "//v1/memories", "/V1/memories", "/sign-in/", "/healthz/x", "/favicon.ico"}
    )


def each(server: PageServer, headers: dict[str, str]) -> Iterator[tuple[str, str, httpx.Response]]:
    """What every path answers to every method; without a socket, for these are a thousand."""

    async def ask() -> list[tuple[str, str, httpx.Response]]:
        server.application.door.keys = Throttle(free=10_000, total=None)
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url=server.url) as client:
            asked = [(method, path) for path in every_path(server) for method in METHODS]
            return [(*one, await client.request(*one, headers=headers)) for one in asked]

    with ThreadPoolExecutor(1) as aside:  # the browser tests leave a loop running in this thread
        yield from aside.submit(lambda: asyncio.run(ask())).result()


def test_no_route_answers_without_a_sign_in(server: PageServer, stranger: httpx.Client) -> None:
    for method, path, answer in each(server, {"cookie": "mneme_0=x", "x-mneme": "1"}):
        if path not in OPEN:
            if path == "/" and method in ("GET", "HEAD"):
                assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), (method, path)
            else:
                assert answer.status_code == 401, (method, path)


def test_no_handler_of_the_page_is_reached_without_a_sign_in(server: PageServer, stranger: httpx.Client) -> None:
    handlers = server.config["dependencies"]
    assert len(handlers) > 20
    for handler in handlers:
        body = {"data": [""] * len(handler["inputs"]), "fn_index": handler["id"], "session_hash": "s"}
        for headers in ({}, RIGHT):  # a program's key opens the API, not the page
            answer = stranger.post("/gradio_api/queue/join", json=body, headers=headers)
            assert answer.status_code == 401, handler["api_name"]
        assert server.client.post("/gradio_api/queue/join", json=body).status_code == 200, handler["api_name"]
    assert stranger.get("/gradio_api/queue/data", params={"session_hash": "s"}).status_code == 401


@pytest.mark.parametrize(
    "foreign",
    [
        {"host": "evil.example"},
        {"host": "mneme.evil.example:7860"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
    ],
    ids=str,
)
def test_no_route_answers_under_a_foreign_name_or_to_a_foreign_page(
    server: PageServer, foreign: dict[str, str]
) -> None:
    for method, path, answer in each(server, {"cookie": server.client.headers["cookie"], **RIGHT, **foreign}):
        assert answer.status_code == 403, (method, path)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_may_only_link_here(server: PageServer, site: str) -> None:
    headers = {"cookie": server.client.headers["cookie"], **RIGHT, "sec-fetch-site": site}
    for method, path, answer in each(server, headers):
        landing = path in ("/", "/sign-in") and method in ("GET", "HEAD")
        assert (answer.status_code == 403) is not landing, (method, path, answer.status_code)


def test_a_cookie_opens_the_page_and_a_key_the_api(server: PageServer, stranger: httpx.Client) -> None:
    assert server.client.get("/").status_code == server.client.get("/config").status_code == 200
    assert server.client.get("/files/memories.jsonl").status_code == 200
    assert server.client.get("/v1/memories").status_code == 401  # a cookie is nobody's key
    assert stranger.get("/v1/memories", headers=RIGHT).status_code == 200
    assert server.client.get("/metrics").status_code == 401 and stranger.get("/metrics", headers=RIGHT).is_success
    body = {"messages": [{"role": "user", "content": "say: through the API"}]}
    assert stranger.post("/v1/chat/completions", json=body, headers=RIGHT).status_code == 200
    owned = [memory.text for memory in server.application.network.store.iterate("local")]
    assert any("through the API" in text for text in owned)  # the same account's memory
    assert stranger.get("/healthz").json() == {"status": "ok"}


def test_wrong_keys_are_refused_in_openais_shape_and_slow_down(server: PageServer, stranger: httpx.Client) -> None:
    for _ in range(20):
        answer = stranger.get("/v1/models", headers={"authorization": "Bearer no"})
        assert answer.status_code == 401 and answer.json()["error"]["code"] == "invalid_api_key"
    answer = stranger.get("/v1/models", headers=RIGHT)
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0


# ---- signing in and out ------------------------------------------------------------------------------


def test_signing_in_leads_to_the_page_that_was_asked_for(stranger: httpx.Client) -> None:
    answer = stranger.get("/?c=12&x=%22%3E")
    assert answer.headers["location"] == "/sign-in?c=12&x=%22%3E"
    page = stranger.get(answer.headers["location"])
    assert 'action="/sign-in?c=12&amp;x=%22%3E"' in page.text and "<script" not in page.text
    assert (
        page.headers["cache-control"] == "no-store"
        and "frame-ancestors 'none'" in page.headers["content-security-policy"]
    )
    wrong = stranger.post("/sign-in?c=12", data={"password": "<b>no"})
    assert wrong.status_code == 401 and "That is not the password." in wrong.text and "<b>no" not in wrong.text
    right = stranger.post("/sign-in?c=12", data={"password": PASSWORD})
    assert (right.status_code, right.headers["location"]) == (303, "/?c=12")
    assert stranger.get("/").status_code == 200
    assert stranger.get("/sign-in?c=12").headers["location"] == "/?c=12"


def test_it_speaks_both_languages(server: PageServer, stranger: httpx.Client) -> None:
    chinese = {"accept-language": "zh-CN,zh;q=0.9"}
    assert 'lang="zh-CN"' in (page := stranger.get("/sign-in", headers=chinese).text) and "密码" in page
    assert "密码不正确" in stranger.post("/sign-in", data={"password": "no"}, headers=chinese).text
    assert "退出所有浏览器" in server.client.get("/sign-out", headers=chinese).text
    assert "Sign out everywhere" in server.client.get("/sign-out").text


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"password", b"password=%ff", b"a=1&" * 50, b"x" * 100_000, b"password=" * 3]
)
def test_a_form_that_is_none_is_a_wrong_password(stranger: httpx.Client, body: bytes) -> None:
    assert stranger.post("/sign-in", content=body).status_code == 401


def test_a_link_on_another_site_finds_who_is_signed_in(server: PageServer, stranger: httpx.Client) -> None:
    linked = {"sec-fetch-site": "cross-site"}
    answer = stranger.get("/?c=1", headers=linked)  # a browser keeps the strict cookie back
    page = stranger.get(answer.headers["location"], headers=linked)
    assert '<meta http-equiv="refresh" content="0; url=/?c=1">' in page.text and "<form" not in page.text


def test_wrong_passwords_slow_down(server: PageServer, stranger: httpx.Client) -> None:
    now = [0.0]
    server.application.door.passwords = Throttle(free=2, total=60, clock=lambda: now[0])
    assert [stranger.post("/sign-in", data={"password": "no"}).status_code for _ in range(3)] == [401, 401, 429]
    answer = stranger.post("/sign-in", data={"password": PASSWORD})
    assert answer.status_code == 429 and answer.headers["retry-after"] == "2" and "set-cookie" not in answer.headers
    assert server.client.get("/config").status_code == 200  # who is in stays in
    now[0] = 2.0
    assert stranger.post("/sign-in", data={"password": PASSWORD}).status_code == 303


def test_signing_out_here_and_everywhere(server: PageServer, stranger: httpx.Client) -> None:
    form = {"password": PASSWORD}
    stranger.post("/sign-in", data=form)
    cookie = dict(stranger.cookies)
    with httpx.Client(base_url=server.url, timeout=60, cookies=cookie) as other:
        answer = stranger.post("/sign-out")
        assert answer.headers["location"] == "/sign-in" and stranger.get("/config").status_code == 401
        assert other.get("/config").status_code == 200
        assert other.post("/sign-out", data={"everywhere": "1"}).status_code == 303
    with httpx.Client(base_url=server.url, timeout=60, cookies=cookie) as other:
        assert other.get("/config").status_code == 401
    assert server.client.get("/config").status_code == 401
    server.sign_in()
    assert server.client.get("/config").status_code == 200


def test_an_old_cookie_is_renewed_by_a_visit(server: PageServer, stranger: httpx.Client) -> None:
    door = server.application.door
    stranger.post("/sign-in", data={"password": PASSWORD})
    assert "set-cookie" not in stranger.get("/").headers
    clock = door._clock
    door._clock = lambda: time.time() + 2 * 86400
    try:
        assert f"{door.cookie}=" in stranger.get("/").headers["set-cookie"]
    finally:
        door._clock = clock


# ---- behind a proxy, and on this computer ------------------------------------------------------------


def test_behind_a_proxy_with_tls(tmp_path: Path) -> None:
    arguments = ("--public-url", "https://mneme.example")
    server = PageServer(tmp_path / "data", pause=0.0, arguments=arguments, environment={"MNEME_PASSWORD": PASSWORD})
    try:
        told = {"host": "mneme.example", "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.5"}
        rewritten = {"x-forwarded-host": "mneme.example", "x-forwarded-for": "203.0.113.5"}
        bare = {"host": "mneme.example"}
        with httpx.Client(base_url=server.url, timeout=60) as client:
            answer = client.post(
                "/sign-in", data={"password": PASSWORD}, headers={**told, "origin": "https://mneme.example"}
            )
            assert answer.status_code == 303
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-") and "; Secure" in cookie
            signed = {"cookie": cookie.split(";")[0]}
            for headers in (told, rewritten, bare):
                config = client.get("/config", headers={**headers, **signed}).json()
                assert config["root"] == "https://mneme.example", headers
                assert client.get("/config", headers=headers).status_code == 401
            for origin in ("http://mneme.example", "https://evil.example", "https://mneme.example:8443"):
                wrong = client.post("/gradio_api/queue/join", json={}, headers={**told, **signed, "origin": origin})
                assert wrong.status_code == 403
            for host in ("evil.example", "192.168.1.7", "mneme.example:8443"):
                assert client.get("/healthz", headers={"host": host}).status_code == 403
            config = client.get("/config", headers={**told, **signed, "x-gradio-server": "http://evil.example"}).json()
            assert "evil" not in config["root"]
    finally:
        server.close()


def test_other_computers_are_refused_without_a_password(tmp_path: Path) -> None:
    for arguments in (("--host", "0.0.0.0"), ("--public-url", "https://mneme.example")):
        command = [
            sys.executable,
            "app.py",
            "--data",
            str(tmp_path),
            "--cache",
            str(tmp_path),
            "--port",
            "0",
            *arguments,
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.count("\n") == 1 and "MNEME_PASSWORD" in done.stderr


def listening(server: Any) -> str:
    """The server's address on this computer, once it answers there."""
    server.url = server.url.replace("0.0.0.0", "127.0.0.1")
    end = time.monotonic() + 120
    while not server.health()[0]:
        assert time.monotonic() < end and server.process.poll() is None, server.text()
        time.sleep(0.1)
    return str(server.url)


@pytest.mark.slow
def test_a_password_that_was_set_holds_from_the_next_start_on(tmp_path: Path, start_server: Callable[..., Any]) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "app.py", "password", "--data", str(data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, input=f"{PASSWORD}\n")
    assert done.returncode == 0 and "set" in done.stdout
    server = start_server("--host", "0.0.0.0", data=data, ready=False)
    url = listening(server)
    line = next(line for line in server.text().splitlines() if line.startswith("Protected: "))
    assert "password" in line and "MNEME_API_KEY" in line and "Not encrypted" in line
    with httpx.Client(base_url=url, timeout=120) as client:
        assert client.get("/files/memories.jsonl").status_code == 401
        assert client.post("/sign-in", data={"password": PASSWORD}).status_code == 303
        assert client.get("/files/memories.jsonl").status_code in (200, 503)
        cookies = dict(client.cookies)
    server.stop()
    server = start_server("--host", "0.0.0.0", data=data, ready=False)
    assert httpx.get(f"{listening(server)}/", cookies=cookies, timeout=120).status_code == 200
