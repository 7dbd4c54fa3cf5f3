"""Which conversations have a reply under way: one each at most. Knows nothing of what a reply is."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from chat_app.dialogue.reply_stop import ReplyStop
from knowledge.errors import BadInput, MnemeError, NotReady

# Replies under way at once, the waiting ones among them. Each holds one of the server's 40 threads while it waits for
# the decoder, whose reply needs one for its next token.
MOST = 24


class StillReplying(BadInput):
    """The conversation already has a reply under way; nothing was changed."""


class TooManyReplies(MnemeError):
    """So many replies are under way or waiting that none may begin; nothing was changed."""


class RunningReplies:
    """Reservations of conversations. Safe to use from several threads. ``places``: replies under way or waiting."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._running: dict[str, ReplyStop] = {}  # conversation → its reply's stop
        self._paused = False
        self.places = 0  # taken

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the ``MOST`` places of replies. Raises as :meth:`check`, in one step with taking it."""
        with self._lock:
            self.check()
            self.places += 1
        try:
            yield
        finally:
            with self._lock:
                self.places -= 1

    @contextlib.contextmanager
    def reserve(self, conversation: str, wait: float = 0.0) -> Iterator[ReplyStop]:
        """Have a conversation alone; gives the event that stops it. Raises StillReplying after ``wait`` seconds, and
        NotReady while none may begin."""
        with self._lock:
            self._check_pause()
            self._lock.wait_for(lambda: conversation not in self._running, wait)
            if conversation in self._running:
                raise StillReplying("Mneme is still replying in this conversation; wait for it or stop it first.")
            stop = self._running[conversation] = ReplyStop()
        try:
            yield stop
        finally:
            with self._lock:
                del self._running[conversation]
                self._lock.notify_all()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Wait until no reply is under way, and let none begin until the end of the block."""
        with self._lock:
            self._paused = True
            self._lock.wait_for(lambda: not self._running)
        try:
            yield
        finally:
            with self._lock:
                self._paused = False

    def end(self, seconds: float) -> None:
        """Stop all replies, and wait for that ``seconds`` at most: what there is of them is kept."""
        with self._lock:
            self._paused = True
            for stop in self._running.values():
                stop.set()
            self._lock.wait_for(lambda: not self._running, seconds)

    def check(self) -> None:
        """Raises NotReady while no reply may begin, and TooManyReplies where too many are under way."""
        self._check_pause()
        if self.places >= MOST:
            raise TooManyReplies("Mneme has many replies to write already; try again in a moment.")

    def _check_pause(self) -> None:
        if self._paused:
            raise NotReady("Mneme reads all memories anew; try again in a moment.")

    def stop(self, conversation: str) -> bool:
        """Set the stop of the reply under way; False when there is none."""
        with self._lock:
            stop = self._running.get(conversation)
        if stop is None:
            return False
        stop.set()
        return True

    def conversations(self) -> list[str]:
        """Conversations with a reply under way."""
        with self._lock:
            return list(self._running)
