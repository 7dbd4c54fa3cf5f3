"""Another encoder serves without a restart: memory is made anew by it, and where that fails the earlier one serves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat_app.encoders import Encoders
from knowledge.errors import BadInput, Cancelled, NotReady, StoreError
from knowledge.records import MemoryRead, ReplySaved
from tests.browser.fake_application import FakeApplication

MORE = "multilingual-e5-small"
OWNER = "local"


@pytest.fixture
def application(tmp_path: Path) -> Iterator[FakeApplication]:
    made = FakeApplication(tmp_path, pause=0.0)
    made.start()
    assert made.wait_until_ready(60).ready
    yield made
    made.may_fetch.set()
    made.close()


def say(application: FakeApplication, text: str) -> tuple[list[str], str]:
    """→ texts of what was read, and the reply."""
    events = list(application.conversations.send(OWNER, text))
    read = next(event.result for event in events if isinstance(event, MemoryRead))
    return [one.memory.text for one in read.reads], next(e.turn.text for e in events if isinstance(e, ReplySaved))


def ended(encoders: Encoders) -> None:
    for _ in range(3000):
        if not encoders.state().busy:
            return
        time.sleep(0.01)
    raise AssertionError(encoders.state())


def test_memory_is_made_anew_and_the_choice_is_kept(application: FakeApplication, tmp_path: Path) -> None:
    say(application, "my sister lives in lisbon")
    before = application.network
    application.encoders.switch(MORE)
    ended(application.encoders)
    assert application.status().ready and application.network is not before
    assert application.network.encoder.name == MORE and application.network.decoder is before.decoder
    assert "my sister lives in lisbon" in say(application, "where is my sister in lisbon")[0]
    application.close()
    again = FakeApplication(tmp_path, pause=0.0)
    again.start()
    assert again.wait_until_ready(60).ready and again.network.encoder.name == MORE
    again.close()


def test_what_cannot_be_fetched_leaves_the_earlier_one(application: FakeApplication) -> None:
    application.gone = "The encoder is not in the cache."
    application.encoders.switch(MORE)
    ended(application.encoders)
    state = application.encoders.state()
    assert (state.missed, state.reason) == (MORE, application.gone)
    assert application.status().ready and application.network.encoder.name == "fake-bag-of-words"


def test_where_memory_cannot_be_made_anew_the_earlier_one_serves_again(
    application: FakeApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(application, "my sister lives in lisbon")
    network = application._parts.network

    def breaks(decoder: Any, encoder: Any, progress: Any) -> Any:
        if encoder.name == MORE:
            raise StoreError("The disk is full; make room.")
        return network(decoder, encoder, progress)

    monkeypatch.setattr(application._parts, "network", breaks)
    application.encoders.switch(MORE)
    ended(application.encoders)
    assert application.encoders.state().reason == "The disk is full; make room." and application.status().ready
    assert "my sister lives in lisbon" in say(application, "where is my sister in lisbon")[0]


def test_fetching_can_be_cancelled_and_the_chat_goes_on_meanwhile(application: FakeApplication) -> None:
    application.may_fetch.clear()
    application.encoders.switch(MORE)
    while application.encoders.state().fraction == 0.0:
        time.sleep(0.01)
    assert say(application, "hello there")[1]
    with pytest.raises(BadInput, match="under way"):
        application.encoders.switch(MORE)
    application.encoders.cancel()
    ended(application.encoders)
    assert application.encoders.state().missed == "" and application.network.encoder.name == "fake-bag-of-words"


def test_a_reply_under_way_comes_to_its_end_first(application: FakeApplication) -> None:
    application.decoder.gate.clear()
    replies: list[str] = []
    talking = threading.Thread(target=lambda: replies.append(say(application, "hello there")[1]))
    talking.start()
    while not application.conversations.running.conversations():
        time.sleep(0.01)
    application.encoders.switch(MORE)
    while application.encoders.state().phase != "memory":
        time.sleep(0.01)
    time.sleep(0.3)
    assert application.encoders.state().busy and application.network.encoder.name != MORE
    with pytest.raises(NotReady, match="anew"):
        say(application, "and you?")
    application.decoder.gate.set()
    talking.join(30)
    ended(application.encoders)
    assert replies and application.network.encoder.name == MORE


def test_nothing_is_changed_while_documents_are_taken_in(
    application: FakeApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application.uploads, "busy", lambda: True)
    with pytest.raises(BadInput, match="documents"):
        application.encoders.switch(MORE)
    monkeypatch.undo()
    application.may_fetch.clear()
    application.encoders.switch(MORE)
    monkeypatch.setattr(application.uploads, "busy", lambda: True)  # begun while the encoder was fetched
    application.may_fetch.set()
    ended(application.encoders)
    assert "documents" in application.encoders.state().reason
    assert application.network.encoder.name == "fake-bag-of-words"


def test_only_the_choices_can_be_chosen(application: FakeApplication) -> None:
    with pytest.raises(BadInput, match="no encoder"):
        application.encoders.switch("/etc")


def test_cancelling_while_memory_is_made_anew_reaches_who_makes_it() -> None:
    reached = threading.Event()

    def take(encoder: Any, progress: Any) -> None:
        reached.set()
        try:
            while True:
                progress("vectors", 0.5)
                time.sleep(0.01)
        except Cancelled:
            reached.clear()
            raise

    encoders = Encoders(lambda name, progress: name, take, (MORE,))  # type: ignore[arg-type, return-value]
    encoders.switch(MORE)
    assert reached.wait(10)
    encoders.close()
    assert not reached.is_set() and encoders.state().missed == ""
