"""Small jobs for the time in which nobody waits for a reply: blocks made ahead, effects measured.

One thread, begun with the first job. While a reply is under way (``held``) no job begins, and the one at work is told
to stop and gets another turn later. Does not know: what the jobs do.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Literal

log = logging.getLogger(__name__)

Job = Callable[[threading.Event], bool]  # gets what stops it; False: it was stopped and wants another turn
WorkState = Literal["", "waiting", "running", "failed"]
_FAILURES = 256  # remembered


@dataclass(frozen=True, slots=True)
class _Waiting:
    asked: bool
    rank: int
    number: int
    due: float  # not before, by the monotonic clock
    job: Job


class IdleWork:
    """Jobs by key: those that a person asked for first, without waiting for a quiet moment; then those of the highest
    ``rank``, the newest of them first. Safe to call from threads.

    ``quiet``: seconds without a reply before a job begins. ``most``: jobs that wait; the oldest of the lowest rank is
    dropped.
    """

    def __init__(self, *, quiet: float = 1.0, most: int = 64) -> None:
        self._quiet, self._most = quiet, most
        self._jobs: dict[Hashable, _Waiting] = {}
        self._failed: OrderedDict[Hashable, None] = OrderedDict()
        self._running: Hashable | None = None
        self._stop = threading.Event()
        self._number = self._holders = 0
        self._released = -quiet
        self._closed = False
        self._thread: threading.Thread | None = None
        self._change = threading.Condition()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """A reply is under way: nothing begins, and what is at work is stopped."""
        with self._change:
            self._holders += 1
            self._stop.set()
        try:
            yield
        finally:
            with self._change:
                self._holders -= 1
                self._released = time.monotonic()
                self._change.notify_all()

    def submit(self, key: Hashable, job: Job, *, rank: int = 0, asked: bool = False, delay: float = 0.0) -> None:
        """Do ``job`` while no reply is under way, in place of one with the same ``key``; nothing after ``close``.

        ``delay``: not in the next so many seconds; submitted again meanwhile, the wait begins anew.
        """
        with self._change:
            if self._closed:
                return
            self._number += 1
            self._failed.pop(key, None)
            self._jobs[key] = _Waiting(asked, rank, self._number, time.monotonic() + delay, job)
            if len(self._jobs) > self._most:
                del self._jobs[min((one for one in self._jobs if one != self._running), key=self._place)]
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="idle-work", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def state(self, key: Hashable) -> WorkState:
        """Where this work is; "" where it is done, dropped, or was never asked for."""
        with self._change:
            if key == self._running:
                return "running"
            return "waiting" if key in self._jobs else "failed" if key in self._failed else ""

    def close(self, timeout: float = 30.0) -> None:
        """Stop what is at work, drop the rest, and wait for the thread's end for at most ``timeout`` seconds."""
        with self._change:
            self._closed = True
            self._stop.set()
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)

    # ---- the thread ------------------------------------------------------------------------------------

    def _place(self, key: Hashable) -> tuple[bool, int, int]:
        waiting = self._jobs[key]
        return waiting.asked, waiting.rank, waiting.number

    def _begin(self, key: Hashable) -> float:
        """When this job may begin, if no reply comes."""
        waiting = self._jobs[key]
        return waiting.due if waiting.asked else max(waiting.due, self._released + self._quiet)

    def _wait(self) -> float | None:
        """Seconds until a job may begin; None: until something changes."""
        if self._holders or not self._jobs:
            return None
        return max(0.0, min(map(self._begin, self._jobs)) - time.monotonic())

    def _work(self) -> None:
        while True:
            with self._change:
                while not self._closed and (wait := self._wait()) != 0.0:
                    self._change.wait(wait)
                if self._closed:
                    return
                now = time.monotonic()
                key = self._running = max((one for one in self._jobs if self._begin(one) <= now), key=self._place)
                started = self._jobs[key]
                stop = self._stop = threading.Event()
            failed = again = False
            try:
                again = not started.job(stop) and stop.is_set()
            except Exception:
                failed = True
                log.exception("work that waited for a quiet moment failed")
            with self._change:
                self._running = None
                if not again and self._jobs.get(key) is started:  # else it was submitted again meanwhile
                    del self._jobs[key]
                if failed:
                    self._failed[key] = None
                    if len(self._failed) > _FAILURES:
                        self._failed.popitem(last=False)
