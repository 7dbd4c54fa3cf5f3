"""LongMemEval: its questions as they are read, what counts as found, right answers; a tiny haystack goes through."""

from __future__ import annotations

import json
import lzma
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from knowledge.input.encoder import Encoder
from knowledge.records import Turn
from tests.benchmarks.longmemeval import judged, measure, some
from tests.benchmarks.longmemeval_data import Found, Question, by_kind, load, seconds


def given(id: str = "q1", kind: str = "single-session-user", **others: Any) -> dict[str, Any]:
    """Three sessions, of which the second answers."""
    talk = [
        [("user", "What goes with rice?"), ("assistant", "Beans, or a curry with spinach.")],
        [("user", "I baked a lemon cake for my niece."), ("assistant", "How lovely! Lemon cakes keep well.")],
        [("user", "Why is the sky blue?"), ("assistant", "Light is scattered by the air.")],
    ]
    sessions: list[dict[str, Any]] = [
        {
            "id": f"s{number}",
            "date": f"2023/05/{20 + number} (Sat) 07:47",
            "turns": [{"role": role, "content": text} for role, text in said],
        }
        for number, said in enumerate(talk)
    ]
    sessions[1]["turns"][0]["has_answer"] = True
    return {
        "question_id": id,
        "question_type": kind,
        "question": "What did I bake for my niece?",
        "answer": "a lemon cake",
        "question_date": "2023/05/30 (Tue) 10:18",
        "sessions": sessions,
        "answer_session_ids": ["s1"],
        **others,
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl.xz"
    kinds = ("single-session-user", "multi-session", "multi-session")
    with lzma.open(path, "wt", encoding="utf-8") as lines:
        for number, kind in enumerate(kinds):
            lines.write(json.dumps(given(f"q{number}", kind)) + "\n")
        lines.write(
            json.dumps(
                given(
                    "q9_abs",
                    "multi-session",
                    question="What did I bake for my uncle?",
                    answer="You did not mention an uncle.",
                )
            )
            + "\n"
        )
    return path


def test_questions_are_read_with_dates_turns_and_evidence(file: Path, tmp_path: Path) -> None:
    questions = list(load(file))
    first = questions[0]
    assert [one.unanswerable for one in questions] == [False, False, False, True]
    assert first.asked == datetime(2023, 5, 30, 10, 18, tzinfo=UTC).timestamp()
    assert [turn.conversation for turn in first.turns] == ["s0", "s0", "s1", "s1", "s2", "s2"]
    assert [turn.role for turn in first.turns][:2] == ["user", "assistant"]
    evidence = [turn for turn in first.turns if turn.id in first.evidence]
    assert [turn.text for turn in evidence] == ["I baked a lemon cake for my niece."]
    assert evidence[0].created == seconds("2023/05/21 (Sun) 07:47")
    assert [one.id for one in some(load(file), 2)] == ["q0", "q1"]
    plain = tmp_path / "plain.jsonl"
    plain.write_text(json.dumps(given()) + "\n{}\n", "utf-8")
    with pytest.raises(ValueError, match="line 2 cannot be used"):
        list(load(plain))


def turn(id: str, session: str) -> Turn:
    return Turn(id, "user", "…", 0.0, session)


def question(evidence: set[str], sessions: set[str], kind: str = "multi-session") -> Question:
    return Question("q", kind, "?", "!", 0.0, (), frozenset(evidence), frozenset(sessions))


def test_found_is_by_turn_and_by_session_in_order_of_their_first_turn() -> None:
    ranked = [
        turn("a", "s1"),
        turn("b", "s1"),
        turn("c", "s2"),
        turn("d", "s3"),
        turn("e", "s4"),
        turn("f", "s5"),
        turn("g", "s6"),
    ]
    found = Found.of(question({"a", "g"}, {"s1", "s6"}), ranked)
    assert found is not None
    assert found.turns == {1: 0.5, 5: 0.5, 10: 1.0}
    assert (found.any_session, found.all_sessions) == (1.0, 0.0)  # s6 is the sixth session
    unmarked = Found.of(question(set(), {"s5"}, "other"), ranked)
    assert unmarked is not None and unmarked.all_sessions == 1.0
    assert Found.of(question(set(), set()), ranked) is None
    means = by_kind([found, unmarked])
    assert means["multi-session"]["turns@1"] == 50.0
    assert means["all"] == {
        "questions": 2,
        "turns@1": 50.0,
        "turns@5": 50.0,
        "turns@10": 100.0,
        "any_session@5": 100.0,
        "all_sessions@5": 50.0,
    }
    assert by_kind([]) == {}


@pytest.mark.parametrize(
    ("answer", "asked", "reply", "right"),
    [
        ("over a year", "How long did I wait?", "You waited for over a year.", True),
        ("45 minutes each way", "How long is my commute?", "It takes 45 minutes.", True),
        ("$3,750", "How much did I raise?", "You raised $3750 in total.", True),
        ("four", "How many restaurants have I tried?", "You've tried 4 of them.", True),
        ("four", "How many restaurants have I tried?", "You've tried 14 of them.", False),
        ("4 days. 5 days (including the last day) is also acceptable.", "How many days?", "Five days.", True),
        ("4 days. 5 days (including the last day) is also acceptable.", "How many days?", "Six days.", False),
        ("Patagonia and Southwest Airlines.", "Which two companies?", "Patagonia and Southwest.", False),
        ("Patagonia and Southwest Airlines.", "Which two companies?", "Southwest Airlines and Patagonia", True),
        ("The Chiefs played the Jaguars 12 times.", "How often did the Chiefs play the Jaguars?", "12 times.", True),
        (
            "Training pads for Luna",
            "Which first, the dog bed for Max or the training pads for Luna?",
            "The training pads for Luna.",
            True,
        ),
        (
            "Training pads for Luna",
            "Which first, the dog bed for Max or the training pads for Luna?",
            "The dog bed for Max.",
            False,
        ),
    ],
)
def test_an_answer_is_judged_without_what_the_question_says(answer: str, asked: str, reply: str, right: bool) -> None:
    one = Question("q", "multi-session", asked, answer, 0.0, (), frozenset(), frozenset())
    assert judged(one, reply) is right


def test_what_was_not_mentioned_is_judged_by_honesty_and_preferences_are_not() -> None:
    untold = Question("q_abs", "multi-session", "?", "not mentioned", 0.0, (), frozenset(), frozenset())
    assert judged(untold, "You haven't mentioned that.") is True
    assert judged(untold, "I'm not sure, but it was a lemon cake.") is False
    liked = Question("q", "single-session-preference", "?", "They would like …", 0.0, (), frozenset(), frozenset())
    assert judged(liked, "Try a curry.") is None


@pytest.mark.slow
def test_a_small_haystack_goes_through_all_systems(file: Path, tmp_path: Path) -> None:
    kept: list[dict[str, Any]] = []
    found = measure(load(file), Encoder("default"), None, tmp_path / "vectors", kept.append)
    assert (found["questions"], found["unanswerable"], len(kept)) == (3, 1, 4)
    assert set(found["systems"]) == {"app", "chroma", "bm25", "fused"}
    for name, by_type in found["systems"].items():
        assert by_type["all"]["turns@5"] == 100.0, name
    assert len(list((tmp_path / "vectors").iterdir())) == 1  # the same haystack four times
