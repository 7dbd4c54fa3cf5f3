"""Collects where the decoder looked while it wrote a reply. Does not know: the model, why memories were read."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from knowledge.records import Read, Trace

_DIGITS = 4  # kept of a share of attention


class Tracer:
    """``spans``: the columns of every memory, (read, from, up to)."""

    def __init__(self, spans: Sequence[tuple[Read, int, int]]) -> None:
        self._spans = spans
        self._ends: list[int] = []
        self._mass: list[tuple[float, ...]] = []

    def token(self, end: int, mass: Tensor | None) -> None:
        """One more token: the text reaches to ``end`` with it; ``mass`` (columns,) is where its choice looked."""
        if not self._spans or mass is None:
            return
        self._ends.append(end)
        self._mass.append(tuple(round(float(mass[start:stop].sum()), _DIGITS) for _, start, stop in self._spans))

    def trace(self, path: str) -> Trace | None:
        """What was collected; None where no memory was read."""
        if not self._spans:
            return None
        ids = tuple(read.memory.id for read, _, _ in self._spans)
        return Trace(path, ids, tuple(self._ends), tuple(self._mass))
