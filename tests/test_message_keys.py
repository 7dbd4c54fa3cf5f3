"""Long messages are read whole: their parts have keys of their own, which are found, written, marked and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import MOST, STATEMENT, WINDOW, keys_of, parts, parts_of
from knowledge.memory.store import ExternalMemory
from knowledge.records import Candidate, Memory
from tests.make_memories import in_chroma, memory, open_store

FILLING = (
    "I have been thinking about the garden all week and I am not sure where to begin with it this year.",
    "Could you also tell me which vegetables grow well next to each other, and which ones I should keep apart?",
    "The weather here has been terrible, with rain almost every single day since the beginning of the month.",
    "Maybe a list of what to sow in March and April would help me, sorted by how much light each of them needs.",
)
FACT = "By the way, my nephew Anselm has a parrot called Quill."
LONG = " ".join((*FILLING[:3], FACT, FILLING[3]))
QUESTION = "What is the name of my nephew's parrot?"


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def store(encoder: Encoder, tmp_path: Path) -> Iterator[ExternalMemory]:
    made = open_store(tmp_path, encoder_name=encoder.name, dimension=encoder.dimension)
    made.recover(partial(keys_of, encoder), lambda phase, share: None)
    yield made
    made.close()


def add(store: ExternalMemory, encoder: Encoder, *memories: Memory) -> None:
    store.add("ann", memories, keys_of(encoder, memories))


def nearest(store: ExternalMemory, encoder: Encoder, text: str, **more: int) -> dict[str, Candidate]:
    found = store.shortlist("ann", text, encoder.encode_queries([text])[0], **more)
    return {one.memory.id: one for one in found}


# ---- cutting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "word " * 400,
        "x" * 2000,
        "我妹妹安娜住在里斯本。" * 30,
        "A.\n\nB!\n" * 200,
        f"{'a' * 149}. {'b' * 149}. c",
        "…?! " * 90,
    ],
)
def test_parts_hold_every_letter_once_in_order_and_none_is_too_long(text: str) -> None:
    found = parts(text, STATEMENT)
    assert len(found) > 1 and all(start < end for start, end in found)
    assert all(before[1] <= after[0] for before, after in zip(found, found[1:], strict=False))
    kept = "".join(text[start:end] for start, end in found)
    assert "".join(kept.split()) == "".join(text.split())
    assert all(len(text[start:end]) <= STATEMENT for start, end in found)
    assert all(text[start] != " " for start, _ in found)


def test_what_is_short_has_no_parts_and_what_is_very_long_not_more_than_can_be_kept() -> None:
    assert parts("", STATEMENT) == parts("One. Two.", STATEMENT) == parts("x" * STATEMENT, STATEMENT) == []
    assert 1 < len(parts_of(memory("m", "A sentence of some words. " * 5000))) <= 2 * MOST


def test_only_what_a_person_says_is_cut_into_statements() -> None:
    text = "A sentence about the garden. " * 20
    said = memory("m", text)
    assert len(parts_of(said)) > 3 and parts_of(replace(said, role="assistant")) == []
    assert parts_of(replace(said, kind="passage", role="")) == [] and len(text) < WINDOW


# ---- finding ----------------------------------------------------------------------------------------------


def test_a_fact_in_the_midst_of_a_long_message_is_found_and_shown(store: ExternalMemory, encoder: Encoder) -> None:
    others = [memory(f"o{at}", f"My neighbour's cat number {at} is called Mog.", container="") for at in range(5)]
    add(store, encoder, memory("long", LONG, container=""), *others)
    one = nearest(store, encoder, QUESTION)["long"]
    start, end = parts_of(one.memory)[one.part - 1]
    assert FACT in LONG[start:end] and one.key is not None
    whole = float(encoder.encode_queries([QUESTION])[0] @ encoder.encode([LONG])[0])
    assert one.cosine > whole + 0.2
    short = nearest(store, encoder, "Whose cat is Mog?")["o0"]
    assert short.part == 0


def test_many_parts_of_one_memory_leave_room_for_others(store: ExternalMemory, encoder: Encoder) -> None:
    parrot = "My parrot Quill talks in the morning, and my parrot Quill sings in the evening, every day. " * 40
    add(store, encoder, memory("much", parrot, container=""))
    add(store, encoder, *(memory(f"o{at}", f"The bird shop in street {at}.", container="") for at in range(8)))
    assert len(nearest(store, encoder, "my parrot", dense=5, lexical=0)) == 5


# ---- writing ----------------------------------------------------------------------------------------------


def test_all_keys_go_with_the_memory(store: ExternalMemory, encoder: Encoder) -> None:
    add(store, encoder, memory("long", LONG, container=""), memory("s", "short", container=""))
    count = 1 + len(parts_of(memory("long", LONG)))
    assert store._vectors.count("ann") == count + 1 and store.count("ann") == 2
    store.mark("ann", ["long"], muted=True)
    assert set(nearest(store, encoder, QUESTION)) == {"s"}
    store.mark("ann", ["long"], muted=False)
    assert nearest(store, encoder, QUESTION)["long"].part
    store.edit("ann", "long", "Nothing more.", keys_of(encoder, [memory("long", "Nothing more.")])[0])
    assert store._vectors.names("ann") == {"long", "s"}
    store.edit("ann", "s", LONG, keys_of(encoder, [memory("s", LONG)])[0])
    assert store._vectors.count("ann") == count + 1
    assert store.delete("ann", ["s"]) == 1 and store._vectors.names("ann") == {"long"}


def test_a_key_that_is_lost_is_put_back_without_encoding_and_one_too_many_leaves(
    store: ExternalMemory, encoder: Encoder
) -> None:
    add(store, encoder, memory("long", LONG, container=""))
    before = in_chroma(store._vectors, "ann")
    store._vectors.remove("ann", [sorted(before)[-1]])
    store._vectors.put("ann", ["gone"], [np.stack([before["long"]] * 3)], [True])

    def refuse(memories: object) -> list[np.ndarray]:
        raise AssertionError("encoded")

    store.recover(refuse, lambda phase, share: None)
    after = in_chroma(store._vectors, "ann")
    assert after.keys() == before.keys()
    np.testing.assert_allclose(after[sorted(before)[-1]], before[sorted(before)[-1]], atol=1e-3)
