"""The write gate (G): a new turn is added to memory, says again what is there, replaces it, or is skipped.

Attention of the turn over the memories nearest to it, on what it does (its acts); no call of a language model. What is
skipped or said again stays in memory's tables, so that the decision can be looked at and undone; a read passes it over.
Does not know: the store, histories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from knowledge.errors import ModelError
from knowledge.records import Gate
from knowledge.text.words import UNREADABLE, cjk_share
from knowledge.write.gate_evidence import Situation, batch_of
from knowledge.write.gate_network import ADD, FIRST, SKIP, GateNetwork, load

WEIGHTS = Path(__file__).parents[1] / "weights" / "gate.safetensors"
# Probabilities from which a turn is not simply added. A wrong replacement hides what still holds and costs three times
# what a right one is worth, so that rejecting it is worth more below this (Chow 1970); the others cost what they save.
SKIPPED, MERGED, SUPERSEDED = 0.5, 0.5, 0.75


@dataclass(frozen=True, slots=True)
class Decision:
    """``target``: the id of the memory that is said again or replaced, "" for none. ``probability``: of ``gate``."""

    gate: Gate
    target: str = ""
    probability: float = 1.0


class WriteGate:
    """``encoder``: the name of the encoder whose vectors the situations hold. ``multilingual``: may they be trusted
    with Chinese, Japanese and Korean? A turn in these is judged by its words where they may not. Safe to call from
    threads.
    """

    def __init__(self, network: GateNetwork, encoder: str, *, multilingual: bool) -> None:
        self._network, self._encoder, self._multilingual = network.eval(), encoder, multilingual

    @torch.inference_mode()
    def decide(self, seen: Situation) -> Decision:
        """What becomes of the turn of ``seen``."""
        dimension = len(seen.turn.vector)
        readable = self._multilingual or cjk_share(seen.turn.memory.text) <= UNREADABLE
        known = readable and self._encoder in self._network.encoders
        likely = self._network(batch_of([seen], dimension, self._encoder if known else "", vectors=known))[0].tolist()
        return decision(likely, [one.memory.id for one in seen.near])


def decision(likely: Sequence[float], near: Sequence[str]) -> Decision:
    """The decision of (2 + 2 near,) probabilities, ``near`` being the memories' ids."""
    if likely[SKIP] >= SKIPPED:
        return Decision("skip", "", likely[SKIP])
    merged, superseded = likely[FIRST : FIRST + 2 * len(near) : 2], likely[FIRST + 1 : FIRST + 2 * len(near) : 2]
    if near and sum(superseded) >= SUPERSEDED:
        return Decision("supersede", near[superseded.index(max(superseded))], sum(superseded))
    if near and sum(merged) >= MERGED:
        return Decision("merge", near[merged.index(max(merged))], sum(merged))
    return Decision("add", "", likely[ADD])


@lru_cache(maxsize=8)
def make_write_gate(encoder: str, *, multilingual: bool, path: Path = WEIGHTS) -> WriteGate:
    """The gate that ships, for the vectors of ``encoder`` where it knows them, else by the texts alone.

    Raises ``ModelError`` when the weights are missing or damaged.
    """
    try:
        return WriteGate(load(path), encoder, multilingual=multilingual)
    except ValueError as exc:
        raise ModelError(f"What is told cannot be judged: {exc}") from exc
