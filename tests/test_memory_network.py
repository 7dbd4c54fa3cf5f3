"""What the network does beside reading and writing: blocks ahead of time, and none of what is deleted."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import BadInput
from knowledge.idle_work import IdleWork
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.evidence import Focus
from knowledge.read.fixed_reader import FixedReader
from knowledge.read.pipeline import candidates_of, focus_of
from knowledge.records import Acts, Memory, Read, ReadResult, ReplyRequest, Turn
from knowledge.write.writer import Writer
from tests.browser.fake_application import FakeDecoder, FakeEncoder, OpenFakeDecoder

OWNER = "anna"


class Watched(OpenFakeDecoder):
    """Knows what it was told to forget and whether it was closed; ``before_fill`` is called with every block."""

    def __init__(self) -> None:
        super().__init__(pause=0.0)
        self.forgotten: list[str] = []
        self.closed = 0
        self.before_fill = lambda memories: None

    def fill(self, owner: str, memories: Any, system: str = "") -> int:
        self.before_fill(memories)
        return super().fill(owner, memories, system)

    def forget(self, owner: str, memories: Any = None) -> None:
        self.forgotten += list(memories)

    def close(self) -> None:
        self.closed += 1


def network_with(decoder: FakeDecoder, data: Path) -> MemoryNetwork:
    encoder: Any = FakeEncoder()
    engine = open_database(f"sqlite:///{data / 'mneme.sqlite3'}")
    store = ExternalMemory(engine, data=data, encoder_name=encoder.name, dimension=encoder.dimension)
    network = MemoryNetwork(encoder, store, FixedReader(), Writer(), decoder)
    network.idle = IdleWork(quiet=0.0)
    return network


@pytest.fixture
def network(tmp_path: Path) -> Iterator[MemoryNetwork]:
    network = network_with(Watched(), tmp_path)
    yield network
    network.close()


def decoder_of(network: MemoryNetwork) -> Watched:
    assert isinstance(network.decoder, Watched)
    return network.decoder


def settled(network: MemoryNetwork) -> None:
    """Wait until everything submitted so far is done."""
    done = threading.Event()
    network.idle.submit("last", lambda stop: not done.set(), rank=-1)
    assert done.wait(20)


def test_blocks_of_turns_and_notes_are_made_while_idle(network: MemoryNetwork) -> None:
    with network.idle.held():
        network.write(OWNER, [Turn("t1", "user", "My sister lives in Lisbon.", 1.0)])
        note = network.remember(OWNER, "I drink tea.")
        assert decoder_of(network).filled == []  # a reply is under way
    settled(network)
    assert sorted(decoder_of(network).filled) == ["I drink tea.", "My sister lives in Lisbon."]
    network.edit(OWNER, note.id, "I drink coffee.")
    settled(network)
    assert decoder_of(network).filled[-1] == "I drink coffee."


def test_passages_of_documents_are_not_made_ahead(network: MemoryNetwork) -> None:
    passage = Memory("p", "A page.", "passage", 1.0, container="d")
    network.store.add(OWNER, [passage], network.encoder.encode(["A page."]))
    settled(network)
    assert decoder_of(network).filled == []


def test_what_is_deleted_while_its_block_is_made_leaves_none(network: MemoryNetwork) -> None:
    def delete(memories: list[Memory]) -> None:
        network.store.delete(OWNER, [memory.id for memory in memories])

    decoder_of(network).before_fill = delete
    note = network.remember(OWNER, "I drink tea.")
    settled(network)
    assert note.id in decoder_of(network).forgotten
    decoder_of(network).forgotten.clear()
    network.effects(ReplyRequest([], [Read(note, score=1.0, weight=0.9)], owner=OWNER), "tea")
    assert decoder_of(network).forgotten == [note.id]


def test_closing_ends_idle_work_and_the_decoder(tmp_path: Path) -> None:
    network = network_with(decoder := Watched(), tmp_path)
    network.close()
    network.idle.submit("late", lambda stop: True)
    assert decoder.closed == 1 and network.idle.state("late") == ""


def test_after_a_reply_free_memory_goes_back_to_the_system_in_a_quiet_moment(network: MemoryNetwork) -> None:
    request = ReplyRequest([Turn("t1", "user", "Hello!", 1.0)], owner=OWNER)
    with network.idle.held():
        list(network.reply(request, threading.Event()))
        assert network.idle.state("give back") == "waiting"


def test_an_endpoint_is_named_and_has_no_effects(tmp_path: Path) -> None:
    network = network_with(FakeDecoder(pause=0.0), tmp_path)
    network.remember(OWNER, "I drink tea.")
    assert (network.path, network.open_decoder) == ("endpoint", None)
    with pytest.raises(BadInput):
        network.effects(ReplyRequest([]), "text")
    network.close()


class AskedWhen:
    """A read that keeps when it was asked."""

    learned = True

    def __init__(self) -> None:
        self.asked = 0.0

    def read(self, focus: Focus, candidates: Any, *, limit: int) -> ReadResult:
        self.asked = focus.asked
        return ReadResult(focus.text)


def test_the_clock_is_handed_in_and_times_what_is_read_and_kept(tmp_path: Path) -> None:
    now = 1_700_000_000.0

    def clock() -> float:
        return now

    encoder: Any = FakeEncoder()
    engine = open_database(f"sqlite:///{tmp_path / 'mneme.sqlite3'}")
    store = ExternalMemory(engine, data=tmp_path, encoder_name=encoder.name, dimension=encoder.dimension, clock=clock)
    reader = AskedWhen()
    network = MemoryNetwork(encoder, store, reader, Writer(), FakeDecoder(pause=0.0), clock=clock)
    try:
        note = network.remember(OWNER, "My flat has a balcony.")
        network.read(OWNER, "What does my flat have?", limit=3)
        assert (note.created, reader.asked) == (now, now)
        now += 60.0
        assert network.edit(OWNER, note.id, "My flat has a garden.").edited == now
        (tmp_path / "lease.txt").write_text("The lease ends in June.", "utf-8")
        taken = network.intake.take_in(
            OWNER, tmp_path / "lease.txt", "lease.txt", progress=lambda *_: None, cancelled=lambda: False
        )
        assert taken.document.created == now
    finally:
        network.close()
        engine.dispose()


class TwoWays(FakeEncoder):
    """Knows what it was asked to encode as something to store, and what as a query."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[str] = []
        self.queries: list[str] = []

    def encode(self, texts: Sequence[str]) -> Any:
        self.stored += texts
        return super().encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Any:
        self.queries += texts
        return super().encode(texts)


def test_what_is_asked_is_encoded_as_a_query_and_what_is_kept_is_not(tmp_path: Path) -> None:
    network = network_with(Watched(), tmp_path)
    network.encoder = encoder = TwoWays()  # type: ignore[assignment]
    network.write(OWNER, [Turn("t1", "user", "My sister lives in Lisbon.", 1.0)])
    note = network.remember(OWNER, "I drink tea.")
    network.edit(OWNER, note.id, "I drink coffee.")
    assert encoder.stored == ["My sister lives in Lisbon.", "I drink tea.", "I drink coffee."] and not encoder.queries
    network.read(OWNER, "Where does my sister live?", limit=3)
    assert encoder.queries == ["Where does my sister live?"] and len(encoder.stored) == 3
    vector = encoder.encode_queries(["And where does she work?"])[0]
    encoder.stored.clear()
    encoder.queries.clear()
    before = ["Where does my sister live?", "In Lisbon."]
    messages = network.messages
    candidates_of(network.store, encoder, OWNER, "And where does she work?", vector, before, messages)
    assert encoder.queries == ["Where does my sister live? In Lisbon. And where does she work?"] and not encoder.stored
    focus_of(network.store, encoder, OWNER, "And where does she work?", vector, before, 2.0, Acts())
    assert encoder.stored == before  # turns of the dialogue, as they are kept
    network.close()
