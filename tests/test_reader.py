"""The fixed read: weights, the null slot, and the priors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.read.evidence import Focus
from knowledge.read.fixed_reader import FixedReader, Mix
from knowledge.read.pipeline import with_acts
from knowledge.records import Candidate, ReadResult
from tests.make_memories import memory

NOWHERE = np.zeros(4, np.float32)
STRONG = {"cosine": 0.6, "bm25": 0.5}


def candidate(
    id: str,
    text: str = "We moved to Lisbon in spring",
    *,
    cosine: float = 0.0,
    bm25: float = 0.0,
    window: float = 0.0,
    **more,
) -> Candidate:
    return Candidate(memory(id, text, **more), cosine, bm25, window)


def read(text: str, found: list[Candidate], limit: int = 5, reader: FixedReader | None = None) -> ReadResult:
    """The read of a message of which nothing is known but its words."""
    return (reader or FixedReader()).read(Focus(text, NOWHERE, NOWHERE[None, :0]), found, limit=limit)


def ids(result) -> list[str]:
    return [read.memory.id for read in result.reads]


def test_weights_and_the_null_slot_sum_to_one_and_come_in_order() -> None:
    candidates = [candidate(str(at), cosine=at / 10, bm25=at / 10) for at in range(10)]
    result = read("Where did we move?", candidates, limit=4)
    weights = [read.weight for read in result.reads]
    assert ids(result)[0] == "9" and len(weights) <= 4
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) + result.null_weight == pytest.approx(1.0)
    assert all(0 < read.score < 1 for read in result.reads)
    assert result.shortlisted == 10 and result.query == "Where did we move?"


def test_evidence_comes_along() -> None:
    [one] = read("Lisbon?", [candidate("a", cosine=0.5, bm25=0.8, window=0.2)], limit=5).reads
    assert (one.cosine, one.bm25, one.window) == (0.5, 0.8, 0.2)


@pytest.mark.parametrize("evidence", ["cosine", "bm25", "window"])
def test_more_evidence_is_more_weight(evidence: str) -> None:
    more = STRONG | {evidence: STRONG.get(evidence, 0.0) + 0.2}
    weak, strong = candidate("weak", **STRONG), candidate("strong", **more)
    assert ids(read("Where did we move?", [weak, strong], limit=2)) == ["strong", "weak"]


def test_nothing_relevant_is_no_read() -> None:
    candidates = [candidate(str(at), cosine=0.12) for at in range(300)]
    result = read("What is the capital of France?", candidates, limit=10)
    assert result.reads == () and result.null_weight == 1.0 and result.shortlisted == 300


def test_an_empty_memory_is_no_read() -> None:
    assert read("Lisbon?", [], limit=10).null_weight == 1.0


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def with_acts_read(text: str, found: list[Candidate], encoder: Encoder) -> ReadResult:
    """As the app reads messages: with the encoder's vectors."""
    messages = make_message_reader(encoder.name)
    vectors = encoder.encode([text, *(one.memory.text for one in found)])
    keyed = [replace(one, key=row) for one, row in zip(found, vectors[1:], strict=True)]
    acts = messages.read([text], vectors[:1])[0]
    focus = Focus(text, vectors[0], vectors[:0], acts=acts)
    return FixedReader().read(focus, with_acts(messages, keyed), limit=5)


@pytest.mark.parametrize("text", ["Hello!", "Thanks a lot!", "How are you?", "你好！"])
def test_small_talk_reads_nothing_even_where_it_is_found(text: str, encoder: Encoder) -> None:
    found = [candidate("a", "Hello there, thanks!", cosine=0.9, bm25=1.0)]
    assert with_acts_read(text, found, encoder).reads == ()


def test_what_a_person_said_comes_before_a_reply_and_a_reply_before_a_question() -> None:
    said = candidate("said", "My sister lives in Lisbon", **STRONG)
    replied = candidate("replied", "Your sister lives in Lisbon", role="assistant", **STRONG)
    asked = candidate("asked", "Does your sister live in Lisbon?", role="assistant", **STRONG)
    result = read("Where is my sister?", [asked, replied, said], limit=3)
    assert ids(result) == ["said", "replied", "asked"]


def test_who_is_named_is_who_spoke() -> None:
    mine = candidate("mine", speaker="Melanie", cosine=0.5, bm25=0.5)
    other = candidate("other", speaker="Caroline", cosine=0.6, bm25=0.6)
    assert ids(read("Where did Mel move?", [mine, other], 2))[0] == "mine"
    assert ids(read("Where did they move?", [mine, other], 2))[0] == "other"


def test_a_pin_breaks_ties_and_answers_nothing() -> None:
    pinned = candidate("pinned", cosine=-0.2, pinned=True)
    many = [candidate(str(at), **STRONG) for at in range(20)]
    for text in ("Hello!", "Where did we move?", "What is the capital of France?"):
        assert "pinned" not in ids(read(text, [*many, pinned], limit=3))
    twin = candidate("twin", pinned=True, **STRONG)
    assert ids(read("Where did we move?", [*many, twin], limit=3))[0] == "twin"


def test_what_needs_no_memory_reads_nothing_and_questions_weigh_less(encoder: Encoder) -> None:
    told, asked = candidate("told", "We moved to Lisbon", **STRONG), candidate("asked", "Where do we live?", **STRONG)
    for text, right in (("Good night!", []), ("Where did we move?", ["told"])):
        assert ids(with_acts_read(text, [asked, told], encoder))[:1] == right


def test_negligible_weights_are_left_out() -> None:
    mix = Mix(negligible=0.2)
    result = read("Lisbon?", [candidate("a", cosine=0.9, bm25=0.9), candidate("b")], 5, FixedReader(mix))
    assert ids(result) == ["a"]


def test_limit_zero_reads_nothing() -> None:
    assert read("Lisbon?", [candidate("a", **STRONG)], limit=0).reads == ()


def test_cosines_of_chinese_count_only_for_an_encoder_that_reads_it() -> None:
    near = candidate("near", "今天天气很好，我们去公园散步吧。", cosine=0.8)  # all Chinese is near for an English one
    right = candidate("right", "我的妹妹搬到了里斯本。", cosine=0.6, bm25=0.7)
    query = "我妹妹住在哪里？"
    assert ids(read(query, [near, right], limit=2)) == ["right"]
    assert read(query, [near], limit=2).reads == ()
    assert ids(read(query, [near], 2, FixedReader(multilingual=True))) == ["near"]
