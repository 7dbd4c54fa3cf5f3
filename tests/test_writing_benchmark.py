"""The arithmetic of the benchmarks of writing and growth, and that a year's labels fit what is said in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from knowledge.records import Gate, Turn
from tests.benchmarks.growth import kept, recall
from tests.benchmarks.writing import by_cosine
from tests.benchmarks.writing_scores import Case, Decided, figures, judged, report
from tests.benchmarks.year import Line, Question, Speech, Year, write
from tests.benchmarks.year_chinese import Chinese
from tests.benchmarks.year_english import English

SPEECHES = [English, Chinese]


def turn(id: str, text: str = "") -> Turn:
    return Turn(id, "user", text, 1e9)


def case(id: str, label: Gate, target: str = "", language: str = "en") -> Case:
    return Case(turn(id), label, target, "d", language, "hand")


# a told, b repeats it, c changes it, d repeats the change, e is a question
CASES = [
    case("a", "add"),
    case("b", "merge", "a"),
    case("c", "supersede", "a"),
    case("d", "merge", "c", "zh"),
    case("e", "skip", "", "zh"),
]


def test_all_right_is_one_everywhere() -> None:
    found = figures(judged(CASES, {one.turn.id: Decided(one.label, one.target) for one in CASES}))
    assert found["macro_f1"] == 1.0 and found["wrong_supersedes_per_1000"] == 0.0
    assert found["merge"] == {"labelled": 2, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert found["right_targets_merge"] == found["right_targets_supersede"] == 1.0


def test_what_says_the_same_is_as_good_a_target() -> None:
    made = {"a": Decided("add"), "b": Decided("add"), "c": Decided("supersede", "b"), "d": Decided("merge", "a")}
    found = figures(judged(CASES, made | {"e": Decided("supersede", "c")}))
    assert found["right_targets_supersede"] == 1.0  # b only repeats a
    assert found["right_targets_merge"] == 0.0  # a is what d's fact was before
    assert found["wrong_supersedes_per_1000"] == 200.0  # e
    assert found["supersede"] == {"labelled": 1, "precision": 0.5, "recall": 1.0, "f1": 0.667}
    assert found["add"] == {"labelled": 1, "precision": 0.5, "recall": 1.0, "f1": 0.667}
    assert found["skip"] == {"labelled": 1, "precision": None, "recall": 0.0, "f1": 0.0}
    assert found["macro_f1"] == round((2 / 3 + 2 / 3 + 2 / 3 + 0) / 4, 3)


def test_a_supersede_of_another_fact_is_a_wrong_one() -> None:
    two = [case("a", "add"), case("x", "add"), case("c", "supersede", "a")]
    made = {"a": Decided("add"), "x": Decided("add"), "c": Decided("supersede", "x")}
    found = figures(judged(two, made))
    assert found["supersede"] == {"labelled": 1, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert found["right_targets_supersede"] == 0.0 and found["wrong_supersedes_per_1000"] == 333.3


def test_figures_stand_by_language_and_a_label_that_is_not_there_does_not_count() -> None:
    found = report(judged(CASES, {one.turn.id: Decided("add") for one in CASES}))
    parts = found["by_language"]
    assert isinstance(parts, dict) and set(parts) == {"en", "zh"} and parts["zh"]["turns"] == 2
    assert parts["zh"]["macro_f1"] == 0.0 and "supersede" not in parts["zh"]


def test_the_baseline_goes_by_cosine_and_forgets_what_it_replaced() -> None:
    texts = [turn("a"), turn("b"), turn("c"), turn("d"), turn("e")]
    cases = [Case(one, "add", "", "d", "en", "") for one in texts]
    rows = np.array([[1, 0], [0.8, 0.6], [0.8, 0.6], [0, 1], [1, 0]], dtype=np.float32)
    made = by_cosine(cases, rows, [True, True, True, True, False], 0.95, 0.7)
    assert made == {
        "a": Decided("add"),
        "b": Decided("supersede", "a"),
        "c": Decided("merge", "b"),
        "d": Decided("add"),  # 0.6 to b
        "e": Decided("skip"),
    }
    assert by_cosine(cases, rows, [True] * 5, 0.95, 0.7)["e"] == Decided("supersede", "b")  # a is gone


def test_what_is_kept_is_told_apart_by_what_it_should_be() -> None:
    lines = [Line(one.turn, one.label, one.target, "request" if one.label == "skip" else "fact") for one in CASES]
    year = Year(tuple(lines), ())
    assert year.valid == {"c"}
    found = kept(year, ["a", "c", "d", "e"])
    assert found["per_fact"] == 4.0 and found["missing"] == 0.0 and found["junk"] == 0.25
    assert found["share"] == {"valid": 0.25, "replaced": 0.25, "merge": 0.25, "skip": 0.25}
    assert found["junk_by_sort"] == {"request": 1}
    assert kept(year, ["a"])["missing"] == 1.0


def test_recall_counts_the_first_five_and_the_past_apart() -> None:
    asked = [Question("now", frozenset("a")), Question("far", frozenset("b")), Question("then", frozenset("c"), "past")]
    found = recall(asked, {"now": ["x", "a"], "far": [*"uvwxy", "b"], "then": ["c"]})
    assert found["valid"] == {"asked": 2, "recall@5": 0.5} and found["past"] == {"asked": 1, "recall@5": 1.0}
    assert found["detail"] == {"asked": 0, "recall@5": 0.0}


@pytest.mark.parametrize("speech", SPEECHES)
def test_a_year_is_the_same_for_a_seed_and_its_labels_fit(speech: Callable[[int], Speech]) -> None:
    year = write(speech(5), 500, 5)
    assert year == write(speech(5), 500, 5) and year != write(speech(6), 500, 6)
    kept: dict[str, Line] = {}
    last = 0.0
    for line in year.lines:
        assert line.turn.text and line.turn.created > last and "{" not in line.turn.text, line
        assert bool(line.target) == (line.label in ("merge", "supersede")), line
        assert not line.target or line.target in kept, line  # in memory, and not replaced yet
        assert line.turn.role == "user" or line.label == "skip" or line.sort == "explanation", line
        if line.label == "supersede":
            del kept[line.target]
        if line.label in ("add", "supersede"):
            kept[line.turn.id] = line
        last = line.turn.created
    assert year.valid == kept.keys()
    assert {line.label for line in year.lines} == {"add", "merge", "supersede", "skip"}


@pytest.mark.parametrize("speech", SPEECHES)
def test_a_question_is_answered_by_turns_that_hold_and_one_of_the_past_by_such_that_do_not(
    speech: Callable[[int], Speech],
) -> None:
    year = write(speech(5), 900, 5)
    lines = {line.turn.id: line for line in year.lines}
    for one in year.questions:
        told = [lines[id] for id in one.turns if lines[id].label in ("add", "supersede")]
        assert one.turns and all((line.turn.id in year.valid) is (one.sort != "past") for line in told), one
    assert any(one.sort == "past" for one in year.questions)
    assert sum(one.sort == "valid" for one in year.questions) > 20
