"""The assistant's repetitions are not read beside what they repeat; what it says of its own is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from knowledge.first_hand import answering, first_hand
from knowledge.records import Candidate, Memory


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


def test_what_was_only_asked_or_noted_answers_nothing_unless_it_is_asked_for() -> None:
    asked, told = "What is my dog called?", "My dog is called Biscuit."
    memories = [one.memory for one in candidates(("U", asked), ("U", told), ("A", "Biscuit?"))]
    before = np.log(np.array([0.4, 0.3, 0.1, 0.2]))
    found = np.exp(answering(before, memories, "Which pet is it?"))
    assert found.sum() == pytest.approx(1) and found[0] < 1e-9 and found[1:] == pytest.approx([0.5, 1 / 6, 1 / 3])
    assert answering(before, memories, "What did I ask you about my dog?") == pytest.approx(before)
    named = [one.memory for one in candidates(("U", "What could I give my sister Ana?"), ("U", told), ("A", "Tea?"))]
    assert answering(before, named, "Which pet is it?") == pytest.approx(before)  # who the sister is is told there
    heard = [one.memory for one in candidates(("A", "Noted, I'll remember that."), ("U", told), ("A", "Biscuit?"))]
    assert np.exp(answering(before, heard, "Which pet is it?"))[0] < 1e-9
    pinned = [replace(memories[0], pinned=True), replace(memories[0], speaker="Ann"), memories[1]]
    assert answering(before, pinned, "Which pet is it?") == pytest.approx(before)


def test_the_assistants_word_on_the_persons_life_weighs_less() -> None:
    memories = [one.memory for one in candidates(("U", "The bedroom gets grey walls."), ("A", "It will be dark blue."))]
    before = np.log(np.array([0.3, 0.6, 0.1]))
    found = np.exp(answering(before, memories, "Which colour do we want for the bedroom?"))
    assert found.sum() == pytest.approx(1) and found[0] > 2 * found[1] > 0
    for question in ("Which colour is the sea?", "Which colour did you tell me for our bedroom?"):
        assert answering(before, memories, question) == pytest.approx(before)
