"""What the write gate looks at, as numbers: the new turn, and which earlier memories are near it and how.

Knows: texts, acts and vectors of the turn and of what is in memory. Does not know: the store, the network that weighs
it. Training and the running app both come through here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from knowledge.input.text_features import pieces, surface
from knowledge.records import ACTS, OPERATIONS, Acts, Memory
from knowledge.text.words import telling
from knowledge.write.gate_network import PAIR_FEATURES, TURN_FEATURES, GateBatch

BY_VECTOR, BY_WORDS, RECENT = 5, 3, 2  # near memories of each sort that are looked at
NEAR = BY_VECTOR + BY_WORDS + RECENT
_NUMBER = re.compile(r"\d+")
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Statement:
    """A turn or memory as the gate sees it. ``vector``: (dimension,) unit row of its whole text."""

    memory: Memory
    acts: Acts
    vector: np.ndarray


@dataclass(frozen=True, slots=True)
class Situation:
    """A new turn and the memories that are near it, at most ``NEAR``, with ``pairs`` (near, PAIR_FEATURES)."""

    turn: Statement
    near: tuple[Statement, ...]
    pairs: np.ndarray


def situation(turn: Statement, earlier: Sequence[Statement]) -> Situation:
    """``earlier``: memories of before the turn among which the near ones are found: the nearest by vector, those that
    share most of its words, and what was told last in its conversation."""
    said = [one for one in earlier if (one.memory.created, one.memory.position) < _when(turn) and _counts(one)]
    if not said:
        return Situation(turn, (), np.zeros((0, PAIR_FEATURES), dtype=np.float32))
    own = telling(turn.memory.text)
    cosine = np.stack([one.vector for one in said]) @ turn.vector  # (earlier,)
    shared = np.array([_share(own, telling(one.memory.text)) for one in said])
    here = [at for at, one in enumerate(said) if one.memory.container == turn.memory.container]
    here.sort(key=lambda at: _when(said[at]))
    places = [
        *np.argsort(-cosine, kind="stable")[:BY_VECTOR].tolist(),
        *[at for at in np.argsort(-shared, kind="stable")[:BY_WORDS].tolist() if shared[at] > 0],
        *here[-RECENT:],
    ]
    places = list(dict.fromkeys(places))
    order = {at: rank for rank, at in enumerate(reversed(here))}  # 0: what was told last here
    best = cosine.max()
    rows = [
        _pair(turn, said[at], own, float(cosine[at]), float(cosine[at] == best), order.get(at, -1)) for at in places
    ]
    return Situation(turn, tuple(said[at] for at in places), np.array(rows, dtype=np.float32))


def _counts(one: Statement) -> bool:
    """Can a turn repeat or replace this one? The passages of documents are no statements of a chat, what was skipped
    is none, and what only says another one again is that one."""
    return one.memory.kind != "passage" and one.memory.readable and one.memory.gate in ("add", "supersede")


def _when(one: Statement) -> tuple[float, int]:
    return one.memory.created, one.memory.position


def _share(own: frozenset[str], other: frozenset[str]) -> float:
    return len(own & other) / len(own) if own else 0.0


def _pair(
    turn: Statement, old: Statement, own: frozenset[str], cosine: float, nearest: float, order: int
) -> tuple[float, ...]:
    """(PAIR_FEATURES,) what an earlier memory is to the turn. ``order``: how many were told after it in the same
    conversation; −1 for another conversation."""
    theirs = telling(old.memory.text)
    numbers, before = set(_NUMBER.findall(turn.memory.text)), set(_NUMBER.findall(old.memory.text))
    union = len(own | theirs)
    return (
        _share(own, theirs),
        _share(theirs, own),
        len(own & theirs) / union if union else 0.0,
        float(bool(numbers) and bool(before) and numbers != before),
        float(bool(numbers) and numbers == before),
        float(bool(numbers - before)),
        old.acts.tells,
        old.acts.asks_own,
        float(old.memory.role == "assistant"),
        float(old.memory.role == turn.memory.role),
        float(order >= 0),
        math.exp(-order / 3) if order >= 0 else 0.0,
        math.log1p(max(0.0, turn.memory.created - old.memory.created) / _DAY) / 6,
        nearest,
        math.log1p(len(theirs)) / 4,
    )


def batch_of(situations: Sequence[Situation], dimension: int, encoder: str, *, vectors: bool = True) -> GateBatch:
    """Situations as the network's input. ``vectors``: without them the texts alone are looked at."""
    texts = [one.turn.memory.text for one in situations]
    found, width = pieces(texts), max((len(one.near) for one in situations), default=0)
    pairs = np.zeros((len(texts), width, PAIR_FEATURES), dtype=np.float32)
    near = np.zeros((len(texts), width, dimension), dtype=np.float32)
    there = np.zeros((len(texts), width), dtype=bool)
    own = np.zeros((len(texts), dimension), dtype=np.float32)
    for row, one in enumerate(situations):
        there[row, : len(one.near)], pairs[row, : len(one.near)] = True, one.pairs
        if vectors:
            own[row] = one.turn.vector
            for place, old in enumerate(one.near):
                near[row, place] = old.vector
    return GateBatch(
        torch.from_numpy(found.buckets),
        torch.from_numpy(found.starts),
        torch.from_numpy(found.weights),
        torch.from_numpy(surface(texts)),
        torch.tensor([_turn(one) for one in situations], dtype=torch.float32),
        torch.from_numpy(pairs),
        torch.from_numpy(there),
        torch.from_numpy(own),
        torch.from_numpy(near),
        encoder,
    )


def _turn(one: Situation) -> tuple[float, ...]:
    """(TURN_FEATURES,) what the turn does, who says it, and how much of it stands in a near memory already."""
    acts, assistant = one.turn.acts, one.turn.memory.role == "assistant"
    held = [max((float(row[at]) for row in one.pairs), default=0.0) for at in (0, 1)]
    length = math.log1p(len(one.turn.memory.text)) / 7
    found = (
        *(getattr(acts, name) for name in ACTS),
        *(acts.operation.get(name, 0.0) for name in OPERATIONS),
        float(assistant),
        *held,
        length * assistant,
    )
    assert len(found) == TURN_FEATURES
    return found
