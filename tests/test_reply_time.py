"""A reply that takes too long is cut short, says so, and gives its place to others."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from chat_app.dialogue import reply_stop
from chat_app.dialogue.reply_stop import ReplyStop
from chat_app.http.stream import EventStream
from knowledge.records import DecoderEvent, ReplyDone, ReplyRequest, TextDelta
from tests.browser.fake_application import FakeDecoder
from tests.page_server import PageServer

LIMIT = 5.0  # seconds, in place of the ten minutes; enough for a first word on a busy machine


def test_the_time_ends_it_for_whoever_looks_or_waits() -> None:
    now = [100.0]
    stop = ReplyStop(5.0, clock=lambda: now[0])
    assert not stop.is_set() and not stop.wait(0.0) and not stop.timed_out
    now[0] = 105.0
    assert stop.wait(60.0) and stop.is_set() and stop.timed_out
    started = time.monotonic()
    assert ReplyStop(0.1).wait(30.0) and time.monotonic() - started < 10


def test_who_was_stopped_before_was_not_late() -> None:
    now = [0.0]
    stop = ReplyStop(5.0, clock=lambda: now[0])
    stop.set()
    now[0] = 10.0
    assert stop.is_set() and not stop.timed_out


class Flooding(FakeDecoder):
    """To "flood" it says more than the buffers between it and a client hold."""

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        if request.dialogue[-1].text != "flood":
            yield from super().reply(request, stop)
            return
        pieces = ["x" * 100_000] * 500
        for piece in pieces:
            yield TextDelta(piece)
        yield ReplyDone("".join(pieces), "stop")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    server = PageServer(tmp_path_factory.mktemp("time") / "data", decoder=Flooding(0.02))
    say(server, "say: warm")  # the first reply loads what reads messages
    yield server
    server.close()


@pytest.fixture(autouse=True)
def short(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_stop, "MOST_SECONDS", LIMIT)


def say(server: PageServer, text: str, **more: object) -> httpx.Response:
    body = {"messages": [{"role": "user", "content": text}], **more}
    return httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60)


@pytest.mark.parametrize("store", [None, False])
def test_a_reply_without_an_end_is_cut_short_and_kept(server: PageServer, store: bool | None) -> None:
    started = time.monotonic()
    more: dict[str, object] = {"conversation": "long"} if store is None else {"store": store}
    (choice,) = say(server, "count", **more).json()["choices"]
    assert LIMIT <= time.monotonic() - started < 60
    assert choice["finish_reason"] == "length" and choice["message"]["content"].startswith("1 2 3 ")
    assert server.application.conversations.running.places == 0
    if store is None:
        found = server.application.history.named("local", "long")
        assert found
        last = server.application.history.path("local", found.id)[-1]
        assert last.finish_reason == "time" and last.text == choice["message"]["content"]
        assert not server.application.conversations.busy(found.id)


def test_a_reply_in_time_is_none_of_these(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_stop, "MOST_SECONDS", 600.0)
    (choice,) = say(server, "say: one two", conversation="short").json()["choices"]
    assert choice["finish_reason"] == "stop"


def test_a_decoder_that_does_not_begin_gets_an_error_and_the_place_is_free(
    server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = server.application.decoder
    decoder.gate.clear()
    try:
        answer = say(server, "hello", conversation="mute")
    finally:
        decoder.gate.set()
    monkeypatch.setattr(reply_stop, "MOST_SECONDS", 600.0)
    assert answer.status_code == 500 and "minutes" in answer.json()["error"]["message"]
    assert server.application.conversations.running.places == 0
    found = server.application.history.named("local", "mute")
    assert found and [one.role for one in server.application.history.path("local", found.id)] == ["user"]
    assert say(server, "say: here", conversation="mute").json()["choices"][0]["message"]["content"] == "here"


def test_a_client_that_takes_nothing_in_loses_its_place(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection stays, and a stream that waits for it asks no decoder, which would see that the time is over."""
    monkeypatch.setattr(EventStream, "unread", 0.5)
    monkeypatch.setattr(reply_stop, "MOST_SECONDS", 600.0)
    running = server.application.conversations.running
    body = json.dumps({"stream": True, "messages": [{"role": "user", "content": "flood"}]})
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
        end = time.monotonic() + 60
        while running.places == 0 and time.monotonic() < end:
            time.sleep(0.005)
        assert running.places == 1
        while running.places and time.monotonic() < end:
            time.sleep(0.05)
        assert running.places == 0
