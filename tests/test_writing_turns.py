"""The labelled turns of the write gate are sound, and no text of the test set is trained on."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from tests.writing_turns import SHARED, Turn, licensed, written

TRAINING = Path(__file__).parents[1] / "knowledge" / "training" / "data" / "writing_turns.jsonl"
SETS = {"training": lambda: written(TRAINING), "written": written, "licensed": licensed}
here = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not beside this checkout")


@pytest.mark.parametrize("name", ["training", "written", pytest.param("licensed", marks=here)])
def test_a_target_is_an_earlier_turn_that_is_in_memory(name: str) -> None:
    for _, dialogue in groupby(SETS[name](), lambda turn: turn.dialogue):
        kept: dict[int, Turn] = {}
        day = 0
        for number, turn in enumerate(dialogue, 1):
            assert turn.turn == number and turn.day >= day and turn.text == turn.text.strip() != "", turn
            assert turn.label in ("add", "merge", "supersede", "skip") and turn.role in ("user", "assistant"), turn
            assert (turn.target is not None) == (turn.label in ("merge", "supersede")), turn
            assert turn.target is None or turn.target in kept, turn
            if turn.label in ("add", "supersede"):
                kept[number] = turn
            day = turn.day


@here
def test_the_test_set_is_large_enough() -> None:
    turns = written() + licensed()
    assert len(turns) >= 520
    assert Counter(turn.language for turn in turns)["zh"] >= 110
    counts = Counter(turn.label for turn in turns)
    assert counts["supersede"] >= 70 and counts["merge"] >= 60 and counts["add"] >= 150 and counts["skip"] >= 150


def test_no_text_is_both_trained_on_and_measured_with() -> None:
    assert {turn.text.lower() for turn in written(TRAINING)} & {turn.text.lower() for turn in written()} == set()
