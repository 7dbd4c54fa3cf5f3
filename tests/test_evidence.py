"""What the read's heads see of each memory."""

from __future__ import annotations

import numpy as np

from knowledge.read.evidence import (
    QUERY_FEATURES,
    RELATIVE,
    SLOT_FEATURES,
    WIDTH,
    Focus,
    context_words,
    evidence,
    neighbours,
    relate,
    text_facts,
)
from knowledge.records import Candidate, Memory
from knowledge.text.words import plain


def memory(id: str, text: str, position: int = 0, **more: object) -> Candidate:
    fields = {"kind": "turn", "created": 1000.0 + position, "role": "user", "container": "c", "position": position}
    return Candidate(Memory(id=id, text=text, **{**fields, **more}), cosine=0.1 * position)  # type: ignore[arg-type]


def focus(text: str, dialogue: list[str] | None = None, **idf: float) -> Focus:
    said = dialogue or []
    return Focus(text, np.ones(4), np.ones((len(said), 4)), context_words(said), idf, asked=2000.0)


def column(table: np.ndarray, name: str) -> list[float]:
    return [round(float(value), 4) for value in table[:, SLOT_FEATURES.index(name)]]


TALK = [
    memory("a", "How was the trip to Lisbon?", 0, speaker="Ben"),
    memory("b", "We loved the trams.", 1, speaker="Anna"),
    memory("c", "I bought a bicycle.", 5, speaker="Anna"),
]


def test_words_of_the_turn_and_of_the_turns_around_it_are_told_apart() -> None:
    table = evidence(focus("What about trams in Lisbon?", trams=3.0, lisbon=1.0), TALK)
    assert table.shape == (3, WIDTH)
    assert column(table, "cover") == [0.25, 0.75, 0.0]
    assert column(table, "cover_previous") == [0.25, 1.0, 0.0]
    assert column(table, "cover_around") == [1.0, 1.0, 0.0]
    assert column(table, "rarest") == [0.0, 1.0, 0.0]


def test_inflected_words_are_the_same_word() -> None:
    assert column(evidence(focus("Which bicycles?"), TALK), "cover") == [0.0, 0.0, 1.0]


def test_the_speaker_a_question_names_and_the_other_one() -> None:
    table = evidence(focus("Where did Anna go?"), TALK)
    assert column(table, "named") == [0.0, 1.0, 1.0]
    assert column(table, "other") == [1.0, 0.0, 0.0]
    assert column(evidence(focus("Where did she go?"), TALK), "other") == [0.0, 0.0, 0.0]


def test_words_of_the_dialogue_are_context_not_query() -> None:
    table = evidence(focus("And when was that?", ["Who bought the bicycle?", "Anna."]), TALK)
    assert column(table, "cover")[2] == 0.0 and column(table, "context")[2] > 0
    assert column(evidence(focus("And when was that?"), TALK), "context") == [0.0, 0.0, 0.0]


def test_a_named_time_prefers_memories_of_that_time() -> None:
    then = [memory("x", "Hello", created=1_683_000_000.0), memory("y", "Hello", created=1_600_000_000.0)]
    near, far = column(evidence(focus("What happened in May 2023?"), then), "time")
    assert near == 1.0 and far < 0.01


def test_relative_features_are_among_the_given_ones() -> None:
    table = evidence(focus("trams"), TALK)
    part = table[:1].copy()
    relate(part)
    width = len(SLOT_FEATURES)
    assert not part[0, width : width + 2 * len(RELATIVE)].any()  # alone: the mean and the best of itself
    assert table[2, width + len(RELATIVE) - 1] == 0 and np.allclose(table[:, width].mean(), 0, atol=1e-6)
    assert np.array_equal(part[0, -len(QUERY_FEATURES) :], table[0, -len(QUERY_FEATURES) :])


def test_chinese_cosines_count_only_with_a_multilingual_encoder() -> None:
    said = [memory("z", "我妹妹住在里斯本", 9)]
    blind = column(evidence(focus("我妹妹住在哪里"), said), "cosine")
    seen = column(evidence(focus("我妹妹住在哪里"), said, multilingual=True), "cosine")
    assert blind == [0.25] and seen == [0.9]


def test_neighbours_stand_in_the_same_container() -> None:
    table = neighbours([*TALK, memory("d", "Other", 2, container="other"), memory("n", "Note", container="")], 1)
    assert table[1].tolist() == [0, 1, 2, 3, 4]
    assert table[2].tolist() == [-1, 0, -1, -1, -1]  # one earlier
    assert table[0].tolist() == [1, -1, -1, -1, -1]  # one later


def test_of_two_at_one_place_the_last_is_the_neighbour_and_positions_may_be_any_number() -> None:
    crowd = [memory("a", "A", -2), memory("b", "B", -2), memory("c", "C", -1), memory("d", "D", -1, container="")]
    table = neighbours(crowd, 2)
    assert table[3].tolist() == [-1, -1, 1, -1]  # one earlier
    assert table[1].tolist() == [2, 2, -1, -1]  # one later
    assert neighbours([memory("n", "Note", container="")], 1).tolist() == [[-1], [0], [-1]]


def test_facts_of_a_text_hold_in_any_script_and_case() -> None:
    ours = text_facts("LAST week MY dogs ran 2 miles?")
    assert ours.question and ours.number and ours.first_person and ours.when_said and ours.latin == 1.0
    assert {"dog", "mile"} <= ours.stems and ours.plain == "last week my dogs ran 2 miles"
    theirs = text_facts("Straße 里斯本² thistle mythical.")
    assert theirs.number and 0 < theirs.latin < 1 and theirs.plain == plain("STRASSE 里斯本² thistle, mythical")
    assert not (theirs.question or theirs.first_person or theirs.when_said)  # "this" and "my" are no words here
    assert text_facts("我去了里斯本").first_person


def test_nothing_gives_an_empty_table() -> None:
    assert evidence(focus("Anything?"), []).shape == (0, WIDTH)
