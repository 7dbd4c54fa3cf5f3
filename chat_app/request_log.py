"""Which request a line of the log belongs to, and how a line looks: text in a terminal, else one JSON object a line.

Every request has an id, which its answer carries (pages/request_ids.py). A line never holds what anybody said, nor a
key. Does not know: HTTP or the page, which say who asks.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the ``request``'s id, and the ``address`` that it came from. Both "" where nobody asked."""

    request: str = ""
    address: str = ""


_NOBODY = Caller()
_caller: ContextVar[Caller] = ContextVar("caller", default=_NOBODY)
_elsewhere: list[Callable[[], Caller | None]] = []


def begin(caller: Caller) -> None:
    """What is done from now on in this context (a task, and the threads that work for it) is done for ``caller``."""
    _caller.set(caller)


def look_in(source: Callable[[], Caller | None]) -> None:
    """Ask ``source`` first: work that a queue took over from its request runs in a context of the queue's own."""
    if source not in _elsewhere:
        _elsewhere.append(source)


def current() -> Caller:
    """Who asked for what is done now."""
    return next((found for source in _elsewhere if (found := source())), _caller.get())


class Lines(logging.Formatter):
    """``for_people``: as text, without what is empty; else as JSON with the same keys in every line."""

    def __init__(self, *, for_people: bool) -> None:
        super().__init__()
        self._for_people = for_people

    def format(self, record: logging.LogRecord) -> str:
        request = current().request
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        if self._for_people:
            mark = f" [{request}]" if request else ""
            line = f"{record.levelname} {record.name}{mark}: {record.getMessage()}"
            return f"{line}\n{trace}" if trace else line
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": request,
            "message": record.getMessage(),
        }
        return json.dumps(told | ({"trace": trace} if trace else {}), ensure_ascii=False)


def set_up(stream: TextIO | None = None) -> None:
    """Warnings and worse go to ``stream`` (the terminal's error output), in the place of what was set up before."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines(for_people=stream.isatty()))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
