"""A memory of another thing of the person's hardly answers."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.read.possessions import of_the_same
from knowledge.records import Memory

BEFORE = np.log(np.array([0.6, 0.4]))


@pytest.mark.parametrize(
    ("told", "less"),
    [
        ("My dog is called Biscuit.", True),
        ("My brother is called Tom.", False),
        ("I have a brother, Tom.", False),
        ("My dog was bitten by my brother's cat.", False),
        ("The dog is called Biscuit.", False),
    ],
)
def test_what_is_on_something_else_of_the_persons_weighs_less(told: str, less: bool) -> None:
    for role in ("user", "assistant"):
        found = np.exp(of_the_same(BEFORE, [Memory("m", told, "turn", 0.0, role)], "What is my brother's name?"))
        assert found.sum() == pytest.approx(1) and (found[0] < 0.4) == (less and role == "user")


def test_a_question_on_nobodys_things_changes_nothing() -> None:
    memory = Memory("m", "My dog is called Biscuit.", "turn", 0.0, "user")
    assert of_the_same(BEFORE, [memory], "Who was Biscuit?") == pytest.approx(BEFORE)
