"""Every answer and every line of the log carries the id of its request; no line holds what was said, or a key."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chat_app import request_log
from chat_app.request_log import Caller, Lines
from knowledge.records import DecoderEvent, ReplyRequest
from tests.browser.fake_application import FakeDecoder
from tests.page_server import PageServer

PASSWORD, KEY = "correct horse", "a-key-of-thirty-two-letters-or-so"
RIGHT = {"authorization": f"Bearer {KEY}"}
SECRET = "zanzibar"


class Breaking(FakeDecoder):
    """Breaks on every reply after a word, in the middle of a stream."""

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        yield from self._word(request, stop)
        raise RuntimeError("the decoder broke")

    def _word(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        events = super().reply(request, stop)
        yield next(events)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    data = tmp_path_factory.mktemp("ids") / "data"
    environment = {"MNEME_PASSWORD": PASSWORD, "MNEME_API_KEY": KEY}
    arguments = ("--host", "0.0.0.0")
    server = PageServer(data, decoder=Breaking(0.0), arguments=arguments, environment=environment)
    yield server
    server.close()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the terminal of a service would get."""
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    request_log.set_up(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize("path", ["/healthz", "/", "/config", "/v1/memories", "/nothing", "/sign-in"])
@pytest.mark.parametrize("headers", [{}, {"host": "evil.example"}, {"sec-fetch-site": "cross-site"}, RIGHT], ids=str)
def test_every_answer_has_an_id(server: PageServer, path: str, headers: dict[str, str]) -> None:
    ids = {httpx.get(server.url + path, headers=headers).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2 and all(re.fullmatch(r"[0-9a-f]{16}", id) for id in ids)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("7f2c-a.b_C", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("", False),
        ("a b", False),
        ('a","level":"', False),
        ("é", False),
    ],
)
def test_an_id_that_comes_along_is_kept_where_it_is_one(server: PageServer, given: str, kept: bool) -> None:
    answer = httpx.get(f"{server.url}/healthz", headers={"x-request-id": given.encode("latin-1")})
    assert (answer.headers["x-request-id"] == given) is kept
    assert len(answer.headers.get_list("x-request-id")) == 1


def test_two_ids_are_none(server: PageServer) -> None:
    answer = httpx.get(f"{server.url}/healthz", headers=[("x-request-id", "a"), ("x-request-id", "b")])
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_breaks_for_a_program(server: PageServer, log: io.StringIO, stream: bool) -> None:
    body = {"messages": [{"role": "user", "content": f"say: {SECRET} two three"}], "stream": stream}
    answer = httpx.post(
        f"{server.url}/v1/chat/completions", json=body, headers=RIGHT | {"x-request-id": "mine"}, timeout=60
    )
    assert "The reply failed" in answer.text
    (line,) = [line for line in lines(log) if line["message"] == "a reply failed"]
    assert line["request"] == "mine" and line["level"] == "ERROR" and "the decoder broke" in line["trace"]
    assert SECRET not in log.getvalue() and KEY not in log.getvalue()


def test_a_reply_that_breaks_on_the_page(server: PageServer, log: io.StringIO) -> None:
    """The page's queue works outside of the request; and a reply is a generator, which it runs piece by piece."""
    send = server.endpoint("message-box", "submit")
    data = ["" if server.components[id]["type"] == "textbox" else None for id in send["inputs"]]
    data[send["inputs"].index(server.component("message-box"))] = {"text": f"say: {SECRET} two three", "files": []}
    answer, session = server.join(send, data)
    with server.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            if '"process_completed"' in line:
                break
    broken = [line["request"] for line in lines(log) if line["message"] == "a reply failed"]
    assert broken == [answer.headers["x-request-id"]]
    assert SECRET not in log.getvalue()


def test_a_wrong_password_is_a_line_of_its_request_and_not_in_it(server: PageServer, log: io.StringIO) -> None:
    answer = httpx.post(f"{server.url}/sign-in", data={"password": f"{SECRET} {SECRET}"}, timeout=60)
    (line,) = lines(log)
    assert line["request"] == answer.headers["x-request-id"] and "wrong password" in line["message"]
    assert set(line) == {"time", "level", "logger", "request", "message"} and SECRET not in log.getvalue()


def test_a_database_that_fails_keeps_what_it_was_given_to_itself(server: PageServer, log: io.StringIO) -> None:
    with server.application.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE messages RENAME COLUMN text TO words")
    try:
        body = {"messages": [{"role": "user", "content": f"say: {SECRET}"}]}
        answer = httpx.post(f"{server.url}/v1/chat/completions", json=body, headers=RIGHT, timeout=60)
        assert answer.status_code == 500
        texts = {"texts": [f"{SECRET} {number}" for number in range(3)]}
        httpx.post(f"{server.url}/v1/memories", json=texts, headers=RIGHT, timeout=60)
        try:
            server.application.history.add("local", "none", "user", SECRET)
        except Exception:
            logging.getLogger("here").exception("it failed")
        assert "it failed" in log.getvalue() and SECRET not in log.getvalue()
    finally:
        with server.application.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE messages RENAME COLUMN words TO text")


def test_a_line_for_people_and_one_for_programs() -> None:
    def record(message: str, *values: object) -> logging.LogRecord:
        return logging.LogRecord("chat_app.x", logging.WARNING, "x.py", 1, message, values, None)

    def said(lines: Lines) -> list[str]:
        request_log.begin(Caller())
        outside = lines.format(record("begun"))
        request_log.begin(Caller("id-1", "127.0.0.1"))
        return [outside, lines.format(record("one\n%s", "two"))]

    people = contextvars.copy_context().run(said, Lines(for_people=True))
    assert people == ["WARNING chat_app.x: begun", "WARNING chat_app.x [id-1]: one\ntwo"]
    programs = contextvars.copy_context().run(said, Lines(for_people=False))
    assert all("\n" not in line for line in programs)  # nothing that is logged makes a line of its own
    assert [json.loads(line)["request"] for line in programs] == ["", "id-1"]


def test_the_program_writes_such_lines() -> None:
    code = "import logging; from chat_app import request_log as r; r.set_up(); logging.warning('w'); logging.info('i')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["w"]
