"""Who computes next: replies run side by side, and the steps of all that wait for one go through the network together.

Iteration-level scheduling with selective batching (Yu et al. 2022, "Orca: A distributed serving system for
transformer-based generative models", OSDI): a reply holds the network for its prompt or for one token, never for all of
it, so that a short reply does not wait for a long one. Nobody is kept to compute: of those who wait, the first takes
the others' steps along (flat combining, Hendler et al. 2010). Does not know: what a step computes, what a reply is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor

from knowledge.cpu.lean_decode import Row

_LOOK = 0.05  # seconds after which one who waits for a seat looks whether to stop


@dataclass(eq=False, slots=True)
class Step:
    """One token of a reply to compute; ``logits`` (vocabulary,) or ``error`` are there once it was."""

    row: Row
    token: int
    position: int
    logits: Tensor | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.logits is not None or self.error is not None


class Scheduler:
    """First come, first served, but that steps go together. Safe to use from several threads.

    ``seats``: replies under way at once, at most; others wait for a seat.
    """

    def __init__(self, seats: int) -> None:
        self._change = threading.Condition()
        self._computing = False
        self._queue: deque[object] = deque()  # of those who wait to compute
        self._free = seats
        self._most = seats
        self._standing: deque[object] = deque()  # of those who wait for a seat

    @property
    def wanted(self) -> bool:
        """Does anybody wait?"""
        return bool(self._queue or self._standing)

    @contextmanager
    def seat(self, stop: threading.Event) -> Iterator[bool]:
        """A seat for one reply, in the order of asking; False when ``stop`` was set before there was one."""
        me = object()
        with self._change:
            self._standing.append(me)
            try:
                while not (seated := self._free > 0 and self._standing[0] is me) and not stop.is_set():
                    self._change.wait(_LOOK)
            finally:
                self._standing.remove(me)
                self._change.notify_all()
            self._free -= seated
        try:
            yield seated
        finally:
            with self._change:
                self._free += seated
                self._change.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Compute alone. Not within another ``alone`` of the same thread."""
        me = object()
        with self._change:
            self._queue.append(me)
            try:
                self._change.wait_for(lambda: not self._computing and self._queue[0] is me)
            finally:
                self._queue.remove(me)
            self._computing = True
        try:
            yield
        finally:
            self._end()

    def step(self, wanted: Step, compute: Callable[[Sequence[Row], Sequence[int], Sequence[int]], Tensor]) -> Tensor:
        """The logits (vocabulary,) of a step, computed with those of all who wait for one.

        ``compute``: rows, tokens, positions → logits (rows, vocabulary); the same for everybody. Raises what it raises.
        """
        with self._change:
            self._queue.append(wanted)
            self._change.wait_for(lambda: wanted.done or (not self._computing and self._queue[0] is wanted))
            if wanted.done:
                return _result(wanted)
            together = [one for one in self._queue if isinstance(one, Step)][: self._most]
            for one in together:
                self._queue.remove(one)
            self._computing = True
        try:
            rows, tokens, positions = zip(*((one.row, one.token, one.position) for one in together), strict=True)
            logits = compute(rows, tokens, positions)
            for one, its in zip(together, logits, strict=True):
                one.logits = its
        except BaseException as error:  # whoever waits for it hears of it
            for one in together:
                one.error = error
        finally:
            self._end()
        return _result(wanted)

    def _end(self) -> None:
        with self._change:
            self._computing = False
            self._change.notify_all()


def _result(step: Step) -> Tensor:
    if step.error is not None:
        raise step.error
    assert step.logits is not None
    return step.logits
