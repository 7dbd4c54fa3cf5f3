"""What holds now: the newer of two memories that say the like takes the older one's weight, where it is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from knowledge.input.encoder import Encoder
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import make_reader
from knowledge.read.supersession import asks_for_before, asks_for_now, asks_what_holds, superseded
from knowledge.records import Memory
from knowledge.text.words import telling
from knowledge.training.read_data import scratch_store

ENCODER = Encoder("default")


def told(*texts: str, role: str = "user") -> list[Memory]:
    return [
        Memory(f"{at}", text, "turn", 86400.0 * at, role, container="c", position=at)  # type: ignore[arg-type]
        for at, text in enumerate(texts)
    ]


def keys_of(memories: list[Memory]) -> dict[str, np.ndarray]:
    vectors = ENCODER.encode([memory.text for memory in memories])
    return {memory.id: vector for memory, vector in zip(memories, vectors, strict=True)}


def weights(memories: list[Memory], alpha: list[float], question: str) -> np.ndarray:
    return np.exp(superseded(np.log(np.array(alpha)), memories, keys_of(memories), question))


@pytest.mark.parametrize(
    ("question", "now"),
    [
        ("Where does she live now?", True),
        ("What is my current address?", True),
        ("我现在住在哪里？", True),
        ("Where did she live before she lived here now?", False),
        ("Where does she live?", False),
        ("What was my old address?", False),
    ],
)
def test_which_questions_ask_for_now(question: str, now: bool) -> None:
    assert asks_for_now(question) == now


def test_the_newer_one_takes_the_weight_and_others_keep_theirs() -> None:
    memories = told("I park the car on Mill Lane.", "My aunt breeds geese.", "I park the car on level two.")
    found = weights(memories, [0.7, 0.05, 0.15, 0.1], "Where do I park the car now?")
    assert found.sum() == pytest.approx(1) and found[2] > 5 * found[0] > 0
    assert found[1] / found[2] == pytest.approx(0.05 / 0.15)  # about something else: neither takes nor loses


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("Where does my sister live?", True),
        ("What is my phone number?", True),
        ("What's the wifi password?", True),
        ("Where did my sister live?", False),
        ("What does Tom usually cook?", False),
        ("Where is my old bike?", False),
        ("Who will come?", False),
        ("My sister moved.", False),
    ],
)
def test_which_questions_are_on_what_holds(question: str, holds: bool) -> None:
    assert asks_what_holds(question) == holds


def test_a_change_that_leans_on_the_message_before_it_and_a_question_that_leans_on_the_chat() -> None:
    meeting, moved = told("Our meeting is on Friday at three.", "Noted.", "It was moved to Monday.")[::2]
    found = weights([meeting, moved], [0.9, 0.001, 0.099], "When is our meeting?")
    assert found[1] > 10 * found[0]
    kept = weights([meeting, replace(moved, container="another")], [0.9, 0.001, 0.099], "When is our meeting?")
    assert kept == pytest.approx([0.9, 0.001, 0.099])
    lived = told("My sister lives in Lisbon.", "My sister moved to Porto.")
    keys = keys_of(lived)
    for context, first in ((frozenset[str](), False), (telling("Where does my sister live?"), True)):
        was = superseded(np.log(np.array([0.1, 0.8, 0.1])), lived, keys, "Where did she live before?", context=context)
        assert (was[0] > was[1]) == first


@pytest.mark.parametrize(
    ("question", "was"),
    [
        ("Where did she live before?", True),
        ("What was my old number?", True),
        ("How old is my dog?", False),
        ("What did she join last weekend before April 10, 2023?", False),
        ("Where did I eat earlier today?", False),
        ("Where did I live before I moved?", True),
        ("What was in my old notebook?", True),
        ("What was in old notebooks?", False),
        ("What is my one-year-old child called?", False),
        ("Where does she live?", False),
    ],
)
def test_which_questions_are_on_what_was(question: str, was: bool) -> None:
    assert asks_for_before(question) == was


def test_what_says_that_it_changed_takes_the_place_of_the_older_one_however_little_it_weighed() -> None:
    home, moved, hikes = "My sister Ana lives in Lisbon.", "My sister Ana moved to Porto last week.", "Ana hikes."
    question = "Where does my sister live?"
    found = weights(told(home, moved, hikes), [0.98, 0.001, 0.009, 0.01], question)
    assert found.sum() == pytest.approx(1) and found[1] > 10 * found[0] > 0 and found[2] < 0.05
    before = [0.9, 0.05, 0.05]
    assert weights(told(home, hikes), before, question) == pytest.approx(before)  # it does not say that it changed
    assert weights(told(home, "My brother moved to Porto."), before, question) == pytest.approx(before)
    was = weights(told(home, moved), [0.1, 0.8, 0.1], "Where did my sister live before?")
    assert was[0] > 10 * was[1] > 0
    assert weights(told(home, moved), before, "Where did my sister live?") == pytest.approx(before)


def test_other_speakers_questions_and_passages_supersede_nothing() -> None:
    old, new = "The printer is on floor two.", "The printer is on floor three."
    before = [0.6, 0.3, 0.1]
    for second in (
        told("", new, role="assistant")[1],
        told("", "Is the printer on floor three?")[1],
        Memory("1", new, "passage", 86400.0, "user", container="c", position=1),
    ):
        assert weights([told(old)[0], second], before, "On which floor is the printer now?") == pytest.approx(before)


def test_the_read_puts_the_newer_value_first_and_still_reads_the_old_one_when_asked() -> None:
    first, last = "The printer at work is on floor two.", "They moved the printer at work to floor six."
    memories = told(first, "I am tired of the rain.", last)
    reader, _ = make_reader(ENCODER.name, ENCODER.dimension, multilingual=False)
    with scratch_store(ENCODER) as store:
        store.add("ann", memories, ENCODER.encode([memory.text for memory in memories]))
        top = {}
        for question in ("On which floor is the printer now?", "On which floor was the printer before?"):
            vector = ENCODER.encode_queries([question])[0]
            result = read_memory(reader, store, ENCODER, "ann", question, vector, [], asked=1e6, limit=8)
            top[question] = {read.memory.id: read.weight for read in result.reads}
    now, before = top.values()
    assert now["2"] > 5 * now.get("0", 0) and before["0"] > 0.1
