"""Learning in the running application: from thumbs to a read of one's own, over a stop, and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from knowledge.errors import BadInput
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.read_network import ReadNetwork, ReadSize
from knowledge.records import Memory
from tests.browser.fake_application import FakeApplication, OpenFakeDecoder

OWNER = "local"
THINGS = """boat bread violin garden bicycle lamp kettle camera ladder piano tent kite anchor basket candle
drum""".split()  # noqa: SIM905


def learned_reader() -> AttentionReader:
    torch.manual_seed(0)
    return AttentionReader(ReadNetwork(ReadSize(dimension=64)), decline=2.0, negligible=0.0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., FakeApplication]]:
    """Starts the application over the same data folder as often as it is called, one after the other."""
    running: list[FakeApplication] = []

    def begin(**options: Any) -> FakeApplication:
        for application in running:
            application.close()
        application = FakeApplication(tmp_path / "data", decoder=OpenFakeDecoder(pause=0.0), **options)
        running.append(application)
        application.start()
        application.wait_until_ready(60)
        return application

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield begin
    for application in running:
        application.close()
    torch.set_num_threads(threads)


def talk(application: FakeApplication) -> None:
    """A note on each thing, a question about each, and thumbs: the first read memory is right when it is a note."""
    network, history = application.network, application.history
    notes = [Memory(thing, f"Here is where the {thing} is.", "note", 100.0, "user") for thing in THINGS]
    network.store.add(OWNER, notes, network.encoder.encode([note.text for note in notes]))
    for thing in THINGS:
        conversation = history.create(OWNER).id
        list(application.conversations.send(OWNER, f"Where is the {thing}?", conversation=conversation))
        reply = history.path(OWNER, conversation)[-1]
        right = history.reads(OWNER, reply.id)[0].kind == "note"
        application.conversations.feedback(OWNER, reply.id, 1 if right else -1)


def finish(application: FakeApplication) -> Any:
    end = time.monotonic() + 120
    while application.learning.state(OWNER).running and time.monotonic() < end:
        time.sleep(0.02)
    return application.learning.state(OWNER)


def test_a_run_that_a_stop_interrupted_goes_on_after_the_next_start(start: Callable[..., FakeApplication]) -> None:
    application = start(reader=learned_reader())
    talk(application)
    application.learning.start(OWNER)
    with pytest.raises(BadInput, match="already under way"):
        application.learning.start(OWNER)
    whole = finish(application)
    assert whole.phase == "done" and whole.report["trained_on"] >= 10
    application.learning.discard(OWNER)
    application.learning.start(OWNER)
    state = application.network.own_readers.state_path(OWNER)  # type: ignore[union-attr]
    while not state.is_file():
        time.sleep(0.005)
    again = start(reader=learned_reader())
    assert state.is_file() and again.learning.state(OWNER).phase == "interrupted"
    again.learning.start(OWNER)
    assert finish(again).report == whole.report and not state.is_file()


def test_deleting_a_conversation_takes_its_feedback_out_of_what_is_learned(
    start: Callable[..., FakeApplication],
) -> None:
    application = start(reader=learned_reader())
    talk(application)
    kept = application.history.kept_feedback
    first = application.history.conversations(OWNER)[0].id
    before = len(kept.rows(OWNER))
    application.conversations.delete(OWNER, first)
    assert len(kept.rows(OWNER)) == before - 1
    kept.marked(OWNER, ["boat", "drum"], kind="pin", on=True)
    application.network.store.delete(OWNER, ["boat"])
    application.network.edit(OWNER, "drum", "The drum is in the attic.")
    assert [row.memory for row in kept.rows(OWNER) if row.kind == "pin"] == ["drum"]
    application.network.store.delete_everything(OWNER)
    assert kept.rows(OWNER) == []


def test_a_broken_file_is_told_and_the_application_starts(start: Callable[..., FakeApplication]) -> None:
    application = start(reader=learned_reader())
    readers = application.network.own_readers
    assert readers is not None
    path = readers._path(OWNER)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"not weights")
    again = start(reader=learned_reader())
    assert again.network.reader_of(OWNER) is again.network.reader
    assert "cannot be used" in again.learning.own(OWNER)["problem"]
    again.learning.roll_back(OWNER)
    assert again.learning.own(OWNER)["problem"] == "" and not path.exists()


def test_a_read_without_weights_says_that_it_cannot_learn(start: Callable[..., FakeApplication]) -> None:
    application = start()
    with pytest.raises(BadInput, match="no weights that could learn"):
        application.learning.start(OWNER)
