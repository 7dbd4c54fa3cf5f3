"""What the read sees of memories beside each other: what was said anew, and what was only repeated."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.read.evidence import text_facts
from knowledge.read.pair_evidence import PAIR_FEATURES, pair_evidence
from knowledge.read.pipeline import with_acts
from knowledge.records import Acts, Candidate, Memory

HOME = "My sister Ana lives in Lisbon."
MOVED = "My sister Ana moved to Porto last week."


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def seen(encoder: Encoder, *said: tuple[str, str], question: str = "Where does my sister live?") -> dict[str, list]:
    """(column → of each memory). ``said``: who ("U", "A", "P" for a passage) and what, each a day later."""
    vectors = encoder.encode([question, *(text for _, text in said)])
    found = []
    for at, ((who, text), row) in enumerate(zip(said, vectors[1:], strict=True)):
        kind, role = ("passage", "") if who == "P" else ("turn", "assistant" if who == "A" else "user")
        one = Memory(str(at), text, kind, 86400.0 * at, role, container="c", position=at)  # type: ignore[arg-type]
        found.append(Candidate(one, float(row @ vectors[0]), key=row))
    found = with_acts(make_message_reader(encoder.name), found)
    cosine = np.array([one.cosine for one in found], dtype=np.float32)
    stems = [text_facts(one.memory.text).stems for one in found]
    table = pair_evidence(found, [one.acts or Acts() for one in found], cosine, np.ones(len(found), np.float32), stems)
    return dict(zip(PAIR_FEATURES, table.T.tolist(), strict=True))


def test_a_memory_sees_the_newer_one_that_says_the_like_and_that_one_the_older(encoder: Encoder) -> None:
    table = seen(encoder, ("U", HOME), ("U", "The car needs new tyres."), ("U", MOVED))
    assert table["newer"][0] > 0.4 > 0.2 > table["newer"][1] and table["newer"][2] == 0
    assert table["older"][2] > 0.4 and table["older"][0] == 0
    assert table["newer_cosine"][0] == -table["older_cosine"][2] != 0


def test_questions_other_speakers_and_passages_say_nothing_anew(encoder: Encoder) -> None:
    for other in (("U", "Where does my sister Ana live?"), ("A", "Your sister Ana lives in Porto."), ("P", MOVED)):
        assert seen(encoder, ("U", HOME), other)["newer"][0] < 0.1


def test_a_reply_that_repeats_what_was_told_is_seen_as_such(encoder: Encoder) -> None:
    said = ("U", HOME), ("A", "Your sister Ana lives in Lisbon."), ("A", "You could make a lemon risotto with peas.")
    table = seen(encoder, *said)
    assert table["repeats"][0] == 0 and table["repeats"][1] >= 0.9 and table["repeats"][2] == 0
    asked = seen(encoder, ("U", "Does my sister Ana live in Lisbon?"), said[1])
    assert asked["repeats"] == [0, 0]  # a question is nobody's source


def test_without_keys_nothing_is_known_of_pairs_but_words() -> None:
    found = [Candidate(Memory(str(at), HOME, "turn", float(at), "user")) for at in range(2)]
    table = pair_evidence(found, [Acts()] * 2, np.zeros(2, np.float32), np.ones(2, np.float32), [frozenset()] * 2)
    assert table.shape == (2, len(PAIR_FEATURES)) and not table.any()
