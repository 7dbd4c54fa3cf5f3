"""Output (O), first form: hand-set attention over the shortlist with a null slot.

Knows: the evidence of each candidate and a few priors. Does not know: the store, the encoder, the dialogue. A learned
multi-hop network takes this place later behind the same ``Reader``.

One softmax over the candidates and a null slot (a memory that says "nothing here answers"), as the soft attention of
end-to-end memory networks (Sukhbaatar et al. 2015), with fixed weights in the place of learned embeddings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.records import Candidate, Read, ReadResult


class Reader(Protocol):
    """Attention over candidates."""

    def read(self, text: str, candidates: Sequence[Candidate], *, limit: int) -> ReadResult:
        """At most ``limit`` reads in order of weight; their weights and the null slot's sum to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Mix:
    """Constants of the fixed read; how they were found is in LOG.md."""

    cosine: float = 8.0
    bm25: float = 5.0
    window: float = 3.0
    pinned: float = 2.0
    assistant: float = -0.3
    question: float = -0.5
    null: float = 5.0
    negligible: float = 0.01


class FixedReader:
    """The hand-set mix."""

    def __init__(self, mix: Mix | None = None, *, multilingual: bool = False) -> None:
        self.mix = mix or Mix()
        self.multilingual = multilingual

    def read(self, text: str, candidates: Sequence[Candidate], *, limit: int) -> ReadResult:
        m = self.mix
        useful = [c for c in candidates if c.memory.text.strip() != text.strip()]
        logits = [
            m.cosine * c.cosine + m.bm25 * c.bm25 + m.window * c.window + (m.pinned if c.memory.pinned else 0.0)
            for c in useful
        ]
        top = max([m.null, *logits])
        mass = [math.exp(x - top) for x in logits]
        total = sum(mass) + math.exp(m.null - top)
        order = sorted(range(len(useful)), key=lambda i: -mass[i])[: max(0, limit)]
        chosen = [i for i in order if mass[i] / total >= m.negligible]
        kept = sum(mass[i] for i in chosen) + math.exp(m.null - top)
        reads = tuple(
            Read(useful[i].memory, 1 / (1 + math.exp(m.null - logits[i])), mass[i] / kept, useful[i].cosine,
                 useful[i].bm25, useful[i].window)
            for i in chosen
        )
        return ReadResult(text, reads, 1.0 - sum(read.weight for read in reads), len(candidates))
