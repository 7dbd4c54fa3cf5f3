"""Replies that go on whoever looks on: each conversation's are written one after another, in a thread of their own.

A page follows a reply and may leave it, come back, or come late: the events so far are kept until the next reply
begins. What is asked for while a reply is under way, or while the models are loading, waits for its turn. Does not
know: pages, how a reply comes about.
"""

from __future__ import annotations

import contextvars
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from knowledge.records import ReplyEvent

_LOOK = 0.1  # seconds between two looks whether somebody else's reply in the conversation has ended


@dataclass(eq=False)
class Ongoing:
    """One reply, asked for. ``text`` is the message that it answers, where that is not in history yet."""

    begin: Callable[[], Iterator[ReplyEvent]]
    text: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _asked_in: contextvars.Context = field(default_factory=contextvars.copy_context)  # whose lines in the log are meant
    _events: list[ReplyEvent] = field(default_factory=list)
    _error: Exception | None = None
    _over: bool = False  # also where it was taken back before it began
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def events(self) -> Iterator[ReplyEvent]:
        """All events, from the first one, as they come. Raises what the reply raised. Leaving it stops nothing."""
        place = 0
        while True:
            with self._changed:
                while not self._over and len(self._events) == place:
                    self._changed.wait()
                fresh, over = self._events[place:], self._over
            yield from fresh
            place += len(fresh)
            if over and place == len(self._events):
                if self._error is not None:
                    raise self._error
                return

    def end(self) -> None:
        """There is no more to come, to whoever follows."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            for event in self.begin():
                with self._changed:
                    self._events.append(event)
                    self._changed.notify_all()
        except Exception as error:
            self._error = error


class OngoingReplies:
    """``ready`` returns as soon as replies can be written, or raises. ``busy``: is a conversation taken by others?"""

    def __init__(self, ready: Callable[[], None], busy: Callable[[str], bool]) -> None:
        self._ready, self._busy = ready, busy
        self._lock = threading.Lock()
        self._lines: dict[str, list[Ongoing]] = {}  # conversation → its replies, the one under way first
        self._closing = threading.Event()

    def ask(self, conversation: str, begin: Callable[[], Iterator[ReplyEvent]], text: str = "") -> Ongoing:
        """Have a reply written, behind those that were asked for before it in this conversation."""
        one = Ongoing(begin, text)
        with self._lock:
            line = self._lines.setdefault(conversation, [])
            line.append(one)
            first = len(line) == 1
        if first:
            threading.Thread(target=self._work, args=(conversation, line), name="replies", daemon=True).start()
        return one

    def of(self, conversation: str) -> Ongoing | None:
        """The reply under way, or about to begin."""
        with self._lock:
            return next(iter(self._line(conversation)), None)

    def waiting(self, conversation: str) -> list[Ongoing]:
        """What waits behind the reply under way, in its order."""
        with self._lock:
            return self._line(conversation)[1:]

    def take_back(self, conversation: str, id: str) -> str:
        """Have a waiting message not sent; returns its text, or "" where it waits no longer."""
        with self._lock:
            one = next((one for one in self._line(conversation)[1:] if one.id == id), None)
            if one is not None:
                self._lines[conversation].remove(one)
        return one.text if one else ""

    def drop(self, conversation: str) -> None:
        """Have nothing sent of what waits in a conversation."""
        with self._lock:
            del self._lines.get(conversation, [])[1:]

    def close(self) -> None:
        """Nothing begins any more."""
        self._closing.set()

    def _line(self, conversation: str) -> list[Ongoing]:
        """What is under way or waits, without what was ended before it began."""
        return [one for one in self._lines.get(conversation, ()) if not one._over]

    def _work(self, conversation: str, line: list[Ongoing]) -> None:
        while True:
            one = line[0]
            try:
                self._ready()
                while self._busy(conversation) and not self._closing.wait(_LOOK):
                    pass
            except Exception as error:
                one._error = error
            if one._error is None and not one._over and not self._closing.is_set():
                one._asked_in.run(one._run)
            with self._lock:
                del line[0]  # before it is over, so that who followed it finds the next one
                if last := not line:
                    del self._lines[conversation]
            one.end()
            if last:
                return
