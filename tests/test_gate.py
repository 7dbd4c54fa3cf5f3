"""The write gate that ships, through the network and its store: what becomes of what is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from knowledge.errors import ModelError
from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.reader import make_reader
from knowledge.records import Memory, Turn
from knowledge.write.gate import make_write_gate
from knowledge.write.writer import Writer
from tests.browser.fake_application import FakeDecoder

OWNER = "ann"
DAY = 86400.0


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def network(tmp_path: Path, encoder: Encoder) -> Iterator[MemoryNetwork]:
    engine = open_database(f"sqlite:///{tmp_path / 'mneme.sqlite3'}")
    store = ExternalMemory(engine, data=tmp_path, encoder_name=encoder.name, dimension=encoder.dimension)
    store.recover(partial(keys_of, encoder), lambda phase, share: None)
    reader, _ = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
    gate = make_write_gate(encoder.name, multilingual=encoder.multilingual)
    writer = Writer(gate, make_message_reader(encoder.name))
    network = MemoryNetwork(encoder, store, reader, writer, FakeDecoder(pause=0.0))
    yield network
    network.close()
    engine.dispose()


def turns(*texts: str, start: float = 1.79e9, chat: str = "c") -> list[Turn]:
    """What the person said, and the assistant where a text begins with ">"."""
    return [
        Turn(
            f"{chat}{at}",
            "assistant" if text.startswith(">") else "user",
            text.lstrip("> "),
            start + at * 30,
            chat,
            position=at,
        )
        for at, text in enumerate(texts)
    ]


def written(network: MemoryNetwork, said: Sequence[Turn]) -> list[Memory]:
    ids = network.write(OWNER, said)
    there = network.store.get(OWNER, ids)
    return [there[id] for id in ids]


def test_what_tells_nothing_is_skipped_and_what_tells_is_added(network: MemoryNetwork) -> None:
    found = written(
        network,
        turns(
            "My daughter Lotte plays the oboe.",
            "> Noted, how lovely!",
            "thanks a lot",
            "What is the capital of Peru?",
            "我女儿今年上小学一年级",
            "好的，谢谢",
        ),
    )
    assert [one.gate for one in found] == ["add", "skip", "skip", "skip", "add", "skip"]
    assert {one.text for one in network.store.page(OWNER, standing="current")[0]} == {found[0].text, found[4].text}


def test_a_change_replaces_what_it_changes_and_the_read_knows(network: MemoryNetwork) -> None:
    old, other = written(network, turns("The plumber comes on Tuesday at nine.", "My sister has a parrot."))
    [new] = written(network, turns("The plumber had to move it, he now comes on Friday.", start=1.79e9 + DAY, chat="d"))
    assert (new.gate, new.target) == ("supersede", old.id)
    result = network.read(OWNER, "When does the plumber come?", limit=8)
    assert result.later.get(old.id) == new.id and new.id in {one.memory.id for one in result.reads}
    listed = {one.memory.id for one in network.read(OWNER, "What do you know about me?", limit=8).reads}
    assert new.id in listed and old.id not in listed and other.id in listed
    network.store.decide(OWNER, new.id, "add")
    assert old.id in {one.memory.id for one in network.read(OWNER, "What do you know about me?", limit=8).reads}


def test_the_same_again_is_no_second_memory(network: MemoryNetwork) -> None:
    [first] = written(network, turns("I am allergic to walnuts."))
    [again] = written(network, turns("i'm allergic to walnuts, as I said", start=1.79e9 + 9 * DAY, chat="d"))
    assert (again.gate, again.target) == ("merge", first.id)


def test_alike_things_of_two_people_both_hold(network: MemoryNetwork) -> None:
    found = written(network, turns("My aunt Rosa was born in Naples.", "My uncle Carlo was born in Turin."))
    assert [one.gate for one in found] == ["add", "add"]


def test_writing_again_decides_nothing_anew(network: MemoryNetwork) -> None:
    said = turns("I am allergic to walnuts.", "> Got it.")
    first = written(network, said)
    network.store.decide(OWNER, first[1].id, "add")
    assert [one.gate for one in written(network, said)] == ["add", "add"]


def test_missing_weights_are_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="train it again"):
        make_write_gate("none", multilingual=False, path=tmp_path / "gate.safetensors")
