"""LongMemEval's questions with their haystacks, one at a time, and what finding the evidence is worth.

The file: JSON lines, packed with xz or not, each with question_id, question_type, question, answer, question_date,
answer_session_ids and sessions (id, date, turns of role, content and, where it is evidence, has_answer). Times are
"2023/05/20 (Sat) 07:47", taken as UTC. Does not know: how anything is read. LongMemEval (Wu et al. 2024, MIT).
"""

from __future__ import annotations

import json
import lzma
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from knowledge.records import Turn

CUTS = (1, 5, 10)  # turns
SESSIONS = 5
APART = 30.0  # seconds between the turns of a session, whose times are not given


@dataclass(frozen=True)
class Question:
    """``turns``: the whole haystack in order; ``evidence``: ids of the turns that answer; ``sessions``: names of the
    conversations that do. ``asked``: seconds since the epoch, UTC."""

    id: str
    kind: str
    text: str
    answer: str
    asked: float
    turns: tuple[Turn, ...]
    evidence: frozenset[str]
    sessions: frozenset[str]

    @property
    def unanswerable(self) -> bool:
        """Is "that was not mentioned" the right answer?"""
        return self.id.endswith("_abs")


def load(path: Path) -> Iterator[Question]:
    """Question after question; only one is held. Raises ValueError that says which line cannot be used."""
    packed = path.suffix == ".xz"
    with lzma.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield _question(json.loads(line))
            except (KeyError, TypeError, ValueError) as exc:
                raise ValueError(f"{path}: line {number} cannot be used ({exc!r}).") from exc


def _question(given: dict[str, Any]) -> Question:
    turns: list[Turn] = []
    evidence = set()
    for place, session in enumerate(given["sessions"]):
        began = seconds(session["date"])
        for position, said in enumerate(session["turns"]):
            role = "assistant" if said["role"] == "assistant" else "user"
            id = f"{place}.{position}"
            turns.append(Turn(id, role, said["content"], began + APART * position, session["id"], "", position))
            if said.get("has_answer"):
                evidence.add(id)
    return Question(
        given["question_id"],
        given["question_type"],
        given["question"],
        str(given["answer"]),
        seconds(given["question_date"]),
        tuple(turns),
        frozenset(evidence),
        frozenset(given["answer_session_ids"]),
    )


def seconds(written: str) -> float:
    """Of a date as LongMemEval writes it."""
    return datetime.strptime(f"{written[:10]} {written[-5:]}", "%Y/%m/%d %H:%M").replace(tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Found:
    """How well one ranking of turns found the evidence of one question; every number 0…1, NaN where there is none."""

    kind: str
    turns: dict[int, float]  # share of the evidence turns among the first k
    any_session: float  # is one of the evidence's sessions among the first five?
    all_sessions: float

    @staticmethod
    def of(question: Question, ranked: Sequence[Turn]) -> Found | None:
        """None for a question that has no evidence. A session stands where its first turn does."""
        if not question.sessions:
            return None
        first = set(list(dict.fromkeys(turn.conversation for turn in ranked))[:SESSIONS])
        ids = [turn.id for turn in ranked]
        share = {k: _share(question.evidence, ids[:k]) for k in CUTS}
        return Found(question.kind, share, float(bool(question.sessions & first)), float(question.sessions <= first))


def _share(wanted: frozenset[str], found: Sequence[str]) -> float:
    return len(wanted & set(found)) / len(wanted) if wanted else float("nan")


def by_kind(found: Sequence[Found]) -> dict[str, dict[str, float]]:
    """Means in percent, of every type of question and of all."""
    kinds = sorted({one.kind for one in found})
    groups = {kind: [one for one in found if one.kind == kind] for kind in kinds} | {"all": list(found)}
    return {kind: _means(group) for kind, group in groups.items() if group}


def _means(group: Sequence[Found]) -> dict[str, float]:
    marked = [one for one in group if one.turns[CUTS[0]] == one.turns[CUTS[0]]]  # NaN is no number
    turns = {f"turns@{k}": _percent([one.turns[k] for one in marked]) for k in CUTS}
    return {
        "questions": len(group),
        **turns,
        f"any_session@{SESSIONS}": _percent([one.any_session for one in group]),
        f"all_sessions@{SESSIONS}": _percent([one.all_sessions for one in group]),
    }


def _percent(values: Sequence[float]) -> float:
    return round(100 * statistics.mean(values), 1) if values else 0.0
