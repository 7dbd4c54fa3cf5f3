"""A door for calls that may overlap, closed while something is done alone. Does not know: what the calls are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Any number of ``call`` at a time, or one ``alone``. Neither may stand inside one of its own thread."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._calls = 0
        self._closed = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Waits while something is done alone."""
        with self._change:
            while self._closed:
                self._change.wait()
            self._calls += 1
        try:
            yield
        finally:
            with self._change:
                self._calls -= 1
                self._change.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Waits for the calls under way; those that come later wait for the end of this."""
        with self._change:
            while self._closed:
                self._change.wait()
            self._closed = True
            while self._calls:
                self._change.wait()
        try:
            yield
        finally:
            with self._change:
                self._closed = False
                self._change.notify_all()
