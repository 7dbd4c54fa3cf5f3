"""What ends a reply before its own end: somebody stops it, or its time is over. Knows nothing of what a reply is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# Seconds from its place in the line to its last word. At the two words a second that a large decoder makes on a small
# machine the longest reply of 512 tokens takes four minutes; who waits longer has left, and others want the place.
MOST_SECONDS = 600.0


class ReplyStop(threading.Event):
    """Sets itself when the time is over, for whoever looks: a decoder does with every token.

    ``clock``: seconds that never go back.
    """

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._end = clock() + (MOST_SECONDS if seconds is None else seconds)
        self.timed_out = False  # was it the time that ended it?

    def is_set(self) -> bool:
        """Is the reply to end?"""
        if not super().is_set() and self._clock() >= self._end:
            self.timed_out = True
            self.set()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until it is, or for ``timeout`` seconds; is it?"""
        left = max(0.0, self._end - self._clock())
        super().wait(left if timeout is None else min(left, timeout))
        return self.is_set()
