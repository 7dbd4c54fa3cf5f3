"""Conversations out of another app's export, read in a process of its own as documents are, one at a time.

What the process sends is checked, for the file may have taken it over. Does not know: the apps' formats, owners, or
history.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from knowledge.documents.chat_exports.tree import LONGEST, MOST_CHARACTERS, MOST_MESSAGES
from knowledge.documents.limits import LIMITS, Limits
from knowledge.documents.reading_process import frames_apart
from knowledge.errors import DocumentError
from knowledge.records import OutsideConversation, OutsideMessage

MOST = 100_000  # conversations of one file
_LONGEST_LINE = 200  # characters of a key, a title, a kind
_KINDS = 20  # of what is left out
_LATEST = 7.258e9  # seconds since the epoch: the year 2200

LeftOut = dict[str, int]


def conversations_apart(
    path: Path, name: str, *, cancelled: Callable[[], bool], limits: Limits = LIMITS
) -> Generator[tuple[OutsideConversation, float] | LeftOut, None, None]:
    """Each conversation of the export at ``path``, called ``name``, with the share of the file, 0…1, that has come out
    with it; at the end how much was left out whole, by kind ("unknown", "empty", "large").

    Close the iterator to end the process. Raises DocumentError (no export, damaged, out of memory or time), Cancelled.
    """
    count = characters = 0
    with frames_apart(path, name, "conversations", cancelled, limits) as sent:
        for frame in sent:
            match frame:
                case {"conversation": list(head), "out": float(share)} if 0.0 <= share <= 1.0:
                    one, expected = _head(head)
                    messages: list[OutsideMessage] = []
                    while len(messages) < expected:
                        rows = next(sent, {}).get("messages")
                        if not isinstance(rows, list) or not 0 < len(rows) <= expected - len(messages):
                            raise ValueError("messages that are none")
                        for row in rows:
                            messages.append(_message(row, len(messages)))
                    characters += (own := sum(len(message.text) for message in messages))
                    count += 1
                    if own > MOST_CHARACTERS or count > MOST or characters > limits.characters:
                        raise DocumentError(
                            f"{name} holds more than can be taken in at once; split it and import the parts."
                        )
                    yield replace(one, messages=tuple(messages)), share
                case {"left_out": dict(kinds)}:
                    yield _left_out(kinds)
                case _:
                    raise ValueError("an unknown frame")


def _head(row: list[Any]) -> tuple[OutsideConversation, int]:
    """Without its messages, and how many those are. Raises ValueError."""
    match row:
        case [str(app), str(key), str(title), created, updated, int(leaf), int(count), dict(kinds)]:
            short = max(len(app), len(key), len(title)) <= _LONGEST_LINE and key
            if short and 0 < count <= MOST_MESSAGES and 0 <= leaf < count:
                times = _time(created), _time(updated)
                return OutsideConversation(app, key, title, *times, leaf, (), _left_out(kinds)), count
    raise ValueError("a conversation that is none")


def _message(row: Any, place: int) -> OutsideMessage:
    """Raises ValueError."""
    match row:
        case [str(key), None | int() as parent, "user" | "assistant" as role, str(text), created, bool(off_record)]:
            before = parent is None or (not isinstance(parent, bool) and 0 <= parent < place)
            if before and key and len(key) <= _LONGEST_LINE and text.strip() and len(text) <= LONGEST:
                return OutsideMessage(key, parent, role, text, _time(created), off_record)
    raise ValueError("a message that is none")


def _left_out(kinds: dict[Any, Any]) -> LeftOut:
    """Raises ValueError."""
    if len(kinds) > _KINDS:
        raise ValueError("more kinds than there are")
    for kind, count in kinds.items():
        if len(kind) > _LONGEST_LINE or type(count) is not int or not 0 <= count < 2**31:
            raise ValueError("a count that is none")
    return kinds


def _time(value: Any) -> float:
    """Raises ValueError."""
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value < _LATEST:
        raise ValueError("a time that is none")
    return float(value)
