"""``/healthz`` tells the truth: a decoder that stands, a store that takes no writes, a disk that fills; at once."""

from __future__ import annotations

import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from chat_app.http import health
from knowledge.errors import StoreError
from knowledge.memory.database import open_database, try_writing
from knowledge.reply.pulse import Pulse
from tests.browser.fake_application import FakeDecoder
from tests.page_server import PageServer

Usage = namedtuple("Usage", "total used free")


# ---- the decoder's pulse -----------------------------------------------------------------------------


def test_a_decoder_stands_while_somebody_waits_for_it_and_gets_nothing() -> None:
    now = [100.0]
    pulse = Pulse(clock=lambda: now[0])
    stood: list[float] = []

    def pieces() -> Iterator[str]:
        for piece in ("a", "b"):
            now[0] += 30
            stood.append(pulse.stands_still())
            yield piece

    assert pulse.stands_still() == 0  # nobody waits
    watched = pulse.watched(pieces())
    assert next(watched) == "a" and stood == [30]
    now[0] += 500
    assert pulse.stands_still() == 0  # who takes a piece late waits for none
    assert list(watched) == ["b"] and stood == [30, 30] and pulse.stands_still() == 0


def test_it_gets_on_where_another_reply_does_or_a_prompt_is_computed() -> None:
    now = [100.0]
    pulse = Pulse(clock=lambda: now[0])
    seen: list[float] = []

    def queued() -> Iterator[str]:
        now[0] += 50
        list(pulse.watched(iter(["another reply's word"])))
        seen.append(pulse.stands_still())
        now[0] += 50
        seen.append(pulse.stands_still())
        seen.append(pulse.stands_still(stepped=now[0] - 2))
        yield "x"

    list(pulse.watched(queued()))
    assert seen == [0, 50, 2]


def test_a_reply_that_is_closed_or_breaks_waits_no_more() -> None:
    now, closed = [100.0], []

    def pieces() -> Iterator[str]:
        try:
            yield "a"
            raise RuntimeError("it broke")
        finally:
            closed.append(True)

    pulse = Pulse(clock=lambda: now[0])
    watched = pulse.watched(pieces())
    next(watched)
    watched.close()  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError):
        list(pulse.watched(pieces()))
    now[0] += 500
    assert closed == [True, True] and pulse.stands_still() == 0


# ---- the route ---------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    monkeypatch.setattr(health, "FRESH", 0.0)
    server = PageServer(tmp_path / "data", decoder=FakeDecoder(0.0))
    yield server
    server.close()


def asked(server: PageServer) -> tuple[int, dict[str, Any]]:
    answer = server.client.get("/healthz")
    return answer.status_code, answer.json()


def until(server: PageServer, status: int) -> dict[str, Any]:
    """The first answer with this status."""
    end = time.monotonic() + 30
    while (found := asked(server))[0] != status and time.monotonic() < end:
        time.sleep(0.05)
    assert found[0] == status, found
    return found[1]


def test_a_stuck_decoder_shows_and_one_that_goes_on_again(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STUCK_DECODER", 0.3)
    assert asked(server) == (200, {"status": "ok"})
    server.application.decoder.gate.clear()
    body = {"messages": [{"role": "user", "content": "say: one"}]}
    reply = threading.Thread(target=lambda: httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60))
    reply.start()
    try:
        assert "decoder has not got on" in until(server, 503)["reason"]
    finally:
        server.application.decoder.gate.set()
        reply.join()
    assert until(server, 200) == {"status": "ok"}


def test_a_database_that_takes_no_writes_shows_and_is_found_mended(server: PageServer) -> None:
    assert asked(server) == (200, {"status": "ok"})
    with server.application.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE store_info RENAME TO elsewhere")
    assert "database takes no writes" in until(server, 503)["reason"]
    with server.application.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO store_info")
    until(server, 200)


def test_it_answers_at_once_while_the_database_is_held(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STUCK_LOOK", 0.5)
    until(server, 200)
    with server.application.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        waits = []
        end = time.monotonic() + 20
        while time.monotonic() < end:
            started = time.monotonic()
            status, body = asked(server)
            waits.append(time.monotonic() - started)
            if status == 503:
                break
        assert "not answered" in body["reason"]
        assert sorted(waits)[len(waits) // 2] < 0.2  # on a busy machine; by itself 0.03
        other.rollback()
    until(server, 200)


def test_it_answers_while_every_worker_of_the_server_is_taken(server: PageServer) -> None:
    decoder, clients = server.application.decoder, []
    decoder.gate.clear()
    try:
        for number in range(24):
            body = {"messages": [{"role": "user", "content": f"say: {number}"}], "stream": True}
            client = threading.Thread(
                target=lambda body=body: httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60)
            )
            clients.append(client)
            client.start()
        end = time.monotonic() + 30
        while server.application.conversations.running.places < 24 and time.monotonic() < end:
            time.sleep(0.02)
        assert asked(server)[0] == 200
    finally:
        decoder.gate.set()
        for client in clients:
            client.join()


def test_a_disk_that_fills_is_said_before_it_is_full(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [500 << 20]
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: Usage(1 << 40, 0, free[0]))
    end = time.monotonic() + 10
    while (found := asked(server)) == (200, {"status": "ok"}) and time.monotonic() < end:
        time.sleep(0.02)
    assert found[0] == 200 and "Only 500 MiB are free" in found[1]["warning"]
    free[0] = 10 << 20
    assert "Only 10 MiB are free" in until(server, 503)["reason"]


def test_a_write_that_fails_is_one_sentence(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'mneme.sqlite3'}")
    try_writing(engine)
    engine.dispose()
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
    with pytest.raises(StoreError, match="takes no writes: attempt to write a readonly database; free disk space"):
        try_writing(engine)
    engine.dispose()
