"""Does the decoder get on, while somebody waits for it? Knows nothing of what a decoder does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Pulse:
    """Safe to use from several threads. ``clock``: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[object, float] = {}  # one of those who wait for the decoder's next piece → since when
        self._last = 0.0  # when any of them got one

    def watched(self, pieces: Iterator[T]) -> Iterator[T]:
        """``pieces`` as they come. Who is slow in taking them is nobody who waits."""
        me = object()
        try:
            while True:
                with self._lock:
                    self._waiting[me] = self._clock()
                try:
                    piece = next(pieces)
                except StopIteration:
                    return
                finally:
                    with self._lock:
                        del self._waiting[me]
                        self._last = self._clock()
                yield piece
        finally:
            close = getattr(pieces, "close", None)  # generators have it, other iterators need not
            if close is not None:
                close()

    def stands_still(self, stepped: float = 0.0) -> float:
        """Seconds for which nobody got a piece although somebody waits; 0 where nobody does. ``stepped``: when the
        decoder last computed anything, by the clock, also for what is no piece yet."""
        with self._lock:
            waiting, last = min(self._waiting.values(), default=None), self._last
        return 0.0 if waiting is None else max(0.0, self._clock() - max(waiting, last, stepped))
