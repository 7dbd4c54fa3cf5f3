"""Who computes next: replies run side by side, and what several of them wait for goes through the network together.

Iteration-level scheduling with selective batching (Yu et al. 2022, "Orca: A distributed serving system for
transformer-based generative models", OSDI): a reply holds the network for a chunk of its prompt or for one token, never
for all of it, so that a short reply does not wait for a long one. Nobody is kept to compute: of those who wait, the
first takes the others' work along (flat combining, Hendler et al. 2010). Does not know: what is computed, what a reply
is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor

_LOOK = 0.05  # seconds after which one who waits for a seat looks whether to stop
_PATIENCE = 0.25  # of the time that the last pass took, at most: going without those who come late costs a pass more

Compute = Callable[[Sequence[Any]], Sequence[Tensor]]  # items → what is wanted of each


@dataclass(eq=False, slots=True)
class Work:
    """Something to compute; ``found`` or ``error`` are there once it was.

    Work with an equal ``compute`` may go through together, up to ``most`` in the sum of their ``size``. ``reply``: who
    soon comes with the next piece of such work, and is worth waiting for; None where that is not so.
    """

    compute: Compute
    item: Any
    most: int
    size: int = 1
    reply: object = None
    found: Tensor | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.found is not None or self.error is not None


class Seat:
    """Of one reply. ``taken``: does it have one, or stand in line?"""

    def __init__(self) -> None:
        self.taken = False


class Scheduler:
    """First come, first served, but that equal work goes together. Safe to use from several threads.

    ``seats``: replies under way at once, at most; others wait for a seat.
    """

    def __init__(self, seats: int) -> None:
        self._change = threading.Condition()
        self._computing = False
        self._queue: deque[object] = deque()  # of those who wait to compute
        self._free = self._seats = seats
        self._standing: deque[Seat] = deque()  # of those who wait for a seat
        self._coming: set[object] = set()  # replies that had a result, whose next work is soon here
        self._patience = 0.0  # seconds

    @property
    def wanted(self) -> bool:
        """Does anybody wait?"""
        return bool(self._queue or self._standing)

    @property
    def shared(self) -> bool:
        """Is more than one reply under way?"""
        return self._seats - self._free > 1

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """A seat, or a place in the line for one in the order of asking, until the end of the block."""
        seat = Seat()
        with self._change:
            self._standing.append(seat)
            self._fill_seats()
        try:
            yield seat
        finally:
            with self._change:
                if seat.taken:
                    self._free += 1
                else:
                    self._standing.remove(seat)
                self._fill_seats()

    def wait_for(self, seat: Seat, stop: threading.Event) -> Iterator[int]:
        """Wait until the seat is taken or ``stop`` is set. Gives how many replies have to end before, whenever that
        changes, and 0 at last where it was more."""
        told = 0
        while True:
            with self._change:
                if self._before(seat) == told != 0 and not stop.is_set():
                    self._change.wait(_LOOK)
                before = self._before(seat)
            if before != told:  # not while others are kept waiting
                told = before
                yield before
            elif seat.taken or stop.is_set():
                return

    def _before(self, seat: Seat) -> int:
        return 0 if seat.taken else self._standing.index(seat) + 1

    def _fill_seats(self) -> None:
        while self._free and self._standing:
            self._free -= 1
            self._standing.popleft().taken = True
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

    def run(self, work: Work) -> Tensor:
        """What ``work`` wants, computed together with the equal work that waits. Raises what computing it raises."""
        with self._change:
            self._queue.append(work)
            self._came(work.reply)
            if not self._turn(work):
                return _result(work)
            together, size = [work], work.size
            equal = [one for one in self._queue if isinstance(one, Work) and one.compute == work.compute]
            for one in equal:
                if one is not work and size + one.size <= work.most:
                    together.append(one)
                    size += one.size
            for one in together:
                self._queue.remove(one)
            self._computing = True
        began = time.monotonic()
        try:
            for one, its in zip(together, work.compute([one.item for one in together]), strict=True):
                one.found = its
        except BaseException as error:  # whoever waits for it hears of it
            for one in together:
                one.error = error
        finally:
            with self._change:
                if coming := {one.reply for one in together if one.reply is not None}:
                    self._coming |= coming
                    self._patience = _PATIENCE * (time.monotonic() - began)
            self._end()
        return _result(work)

    def leave(self, reply: object) -> None:
        """No work of this reply is to come."""
        with self._change:
            self._came(reply)

    def _came(self, reply: object) -> None:
        if reply in self._coming:
            self._coming.discard(reply)
            if not self._coming:
                self._change.notify_all()

    def _turn(self, work: Work) -> bool:
        """Wait until ``work`` is to be computed now (True), or was (False).

        Replies that were stepped together come back one after the other. Who is first waits a little for them: on its
        own it would take nearly as long as all of them together.
        """
        until = 0.0
        while not work.done:
            if self._computing or self._queue[0] is not work:
                self._change.wait()
                continue
            if work.reply is None or not self._coming:
                return True
            until = until or time.monotonic() + self._patience
            if not self._change.wait_for(lambda: not self._coming, until - time.monotonic()):
                self._coming.clear()  # whoever does not come has its own reasons: not waited for again
        return False

    def _end(self) -> None:
        with self._change:
            self._computing = False
            self._change.notify_all()


def _result(work: Work) -> Tensor:
    if work.error is not None:
        raise work.error
    assert work.found is not None
    return work.found
