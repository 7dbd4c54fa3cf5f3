"""The assistant's repetitions are not read beside what they repeat; what it says of its own is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.read.repetition import answering, first_hand
from knowledge.records import Acts, Candidate, Memory, Reading


def candidates(*said: tuple[str, str], pinned: bool = False) -> list[Candidate]:
    return [
        Candidate(Memory(f"{at}", text, "turn", 60.0 * at, "assistant" if who == "A" else "user", pinned=pinned))
        for at, (who, text) in enumerate(said)
    ]


def kept(*said: tuple[str, str]) -> list[str]:
    return [one.memory.text for one in first_hand(candidates(*said))]


TOLD = ("U", "The printer at work is on floor two.")


@pytest.mark.parametrize(
    "reply", ["The printer at work is on floor two", "Floor two", "It's on floor two!", "The printer is on floor two."]
)
def test_a_repetition_goes_and_its_source_stays(reply: str) -> None:
    assert kept(TOLD, ("A", reply)) == [TOLD[1]]


@pytest.mark.parametrize(
    "reply",
    [
        "The printer at work is on floor three.",  # something else, whoever is right
        "The printer at work is on floor 2 or 7.",
        "The printer at work was moved by Tobias.",
        "Printers jam when the paper is damp; keep it dry and fan it first.",
    ],
)
def test_what_the_assistant_says_of_its_own_stays(reply: str) -> None:
    assert kept(TOLD, ("A", reply)) == [TOLD[1], reply]


def test_a_question_is_no_source_and_the_assistant_none_of_its_own() -> None:
    asked, said = ("U", "Which trattoria do you like near the river?"), ("A", "I like the trattoria near the river.")
    assert kept(asked, said) == [asked[1], said[1]]
    assert kept(said, said) == [said[1], said[1]]


def test_a_pinned_repetition_stays() -> None:
    both = candidates(TOLD, ("A", TOLD[1]), pinned=True)
    assert first_hand(both) == both


@cache
def encoder() -> Encoder:
    return Encoder()


def read(texts: list[str]) -> list[Acts]:
    return make_message_reader(encoder().name).read(texts, encoder().encode(texts))


def after(before: np.ndarray, memories: list[Memory], question: str) -> np.ndarray:
    reading = Reading(read([question])[0], lambda some: read([one.text for one in some]))
    return np.exp(answering(before, memories, reading))


def test_what_was_only_asked_or_noted_is_weak_evidence_unless_the_chat_is_asked_for() -> None:
    asked, told = "What is my dog called?", "My dog is called Biscuit."
    noted = "Noted, I'll remember that."
    memories = [one.memory for one in candidates(("U", asked), ("U", told), ("A", noted))]
    before = np.log(np.array([0.4, 0.2, 0.2, 0.2]))
    found = after(before, memories, "Which name did we give our dog?")
    assert found.sum() == pytest.approx(1) and found[1] > 5 * found[0] > 0 and found[1] > 5 * found[2] > 0
    kept = after(before, memories, "What did I ask you about my dog, and what did you answer?")
    assert kept[0] > kept[1]
    notes = [replace(memories[0], kind="note"), replace(memories[0], speaker="Ann"), memories[1]]
    found = after(before, notes, "Which name did we give our dog?")
    assert found[0] == pytest.approx(2 * found[2], rel=0.2)  # neither was said to the assistant


@pytest.mark.parametrize(
    "told",
    [
        "Write this down: my blood type is O negative.",
        "When my dad retires we will move to the coast.",
        "My passport is in the drawer, ok?",
        "Let's see, my dentist is at 9",
        "写下来：我的血型是O型阴性。",
    ],
)
def test_what_is_told_in_the_form_of_a_request_or_question_stays_evidence(told: str) -> None:
    memories = [one.memory for one in candidates(("U", told))]
    before = np.log(np.array([0.7, 0.3]))
    assert after(before, memories, "What do I know of this?")[0] > 0.5


def test_a_question_that_tells_something_in_passing_loses_less_than_a_plain_one() -> None:
    said = ("What could I give my sister Ana for her 30th birthday in May?", "What is my dog called?")
    memories = [one.memory for one in candidates(*(("U", text) for text in said))]
    found = after(np.log(np.array([0.4, 0.4, 0.2])), memories, "What do I know of this?")
    assert found[0] > 3 * found[1] > 0


def test_a_pin_makes_no_evidence() -> None:
    asked = [one.memory for one in candidates(("U", "What is my dog called?"), pinned=True)]
    before = np.log(np.array([0.7, 0.3]))
    assert after(before, asked, "Which name did we give our dog?")[0] < 0.5


def test_the_assistants_word_on_the_persons_life_weighs_less() -> None:
    memories = [one.memory for one in candidates(("U", "The bedroom gets grey walls."), ("A", "It will be dark blue."))]
    before = np.log(np.array([0.3, 0.6, 0.1]))
    found = after(before, memories, "Which colour do we want for the bedroom?")
    assert found.sum() == pytest.approx(1) and found[0] > found[1] > 0
    kept = after(before, memories, "Which colour did you suggest to me for our bedroom?")
    assert kept[1] > kept[0]


@pytest.mark.parametrize("text", ["Thanks a lot!", "Write a haiku about rain.", "How do volcanoes form?", "晚安"])
def test_what_needs_no_memory_gives_its_weight_to_the_null_slot(text: str) -> None:
    memories = [one.memory for one in candidates(("U", "My dog is called Biscuit."))]
    before = np.log(np.array([0.6, 0.4]))
    assert after(before, memories, text)[-1] > 0.7
    asked = after(before, memories, "What is my dog called?")
    assert asked == pytest.approx(np.exp(before), abs=0.02)
