"""How right a write gate's decisions are: precision, recall and F1 of each, right targets, wrong supersedes.

A target is right where it is the labelled turn, or one that only says the same again. Does not know: how anything was
decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from knowledge.records import Gate, Turn

GATES: tuple[Gate, ...] = get_args(Gate)


@dataclass(frozen=True, slots=True)
class Case:
    """A turn of a dialogue with its label. ``target``: the id of the turn that it repeats or replaces, "" for none."""

    turn: Turn
    label: Gate
    target: str
    dialogue: str
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a gate made of a turn; ``target`` as of the case."""

    gate: Gate
    target: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    case: Case
    gate: Gate
    right_target: bool  # there is a target, and the labelled one was meant


def judged(cases: Sequence[Case], decided: Mapping[str, Decided]) -> list[Judged]:
    """``decided``: by the turns' ids."""
    says = {case.turn.id: case.target if case.label == "merge" else case.turn.id for case in cases}
    found = []
    for case in cases:
        one = decided[case.turn.id]
        right = bool(case.target) and says.get(one.target) == says[case.target]
        found.append(Judged(case, one.gate, right))
    return found


def figures(found: Sequence[Judged]) -> dict[str, object]:
    """Of each decision that is labelled or made; "macro_f1" is over those that are labelled."""
    shown: dict[str, object] = {"turns": len(found)}
    f1 = []
    for gate in GATES:
        labelled = [one for one in found if one.case.label == gate]
        made = [one for one in found if one.gate == gate]
        both = [one for one in made if one.case.label == gate]
        if not labelled and not made:
            continue
        score = 2 * len(both) / (len(labelled) + len(made))
        if labelled:
            f1.append(score)
        shown[gate] = {
            "labelled": len(labelled),
            "precision": _share(len(both), len(made)),
            "recall": _share(len(both), len(labelled)),
            "f1": round(score, 3),
        }
        if gate in ("merge", "supersede"):
            shown[f"right_targets_{gate}"] = _share(sum(one.right_target for one in both), len(both))
    wrong = sum(one.gate == "supersede" and not (one.case.label == "supersede" and one.right_target) for one in found)
    return shown | {
        "macro_f1": round(sum(f1) / max(1, len(f1)), 3),
        "wrong_supersedes_per_1000": round(1000 * wrong / max(1, len(found)), 1),
    }


def report(found: Sequence[Judged]) -> dict[str, object]:
    """Figures of all, by language and by source."""

    def parts(name: Callable[[Case], str]) -> dict[str, object]:
        names = sorted({name(one.case) for one in found})
        return {one: figures([row for row in found if name(row.case) == one]) for one in names}

    return figures(found) | {
        "by_language": parts(lambda case: case.language),
        "by_source": parts(lambda case: case.source),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
