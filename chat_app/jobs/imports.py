"""What an imported file is, and how it comes in: memories that Mneme exported, or conversations of this or another app.

A conversation comes in whole or not at all: into history first, marked, then into memory by its marks, as everything
that is said does. What is there already stays as it is, so that an import that was cut, or is done again, goes on where
it was. Does not know: the queue, gradio, HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chat_app.history.whole import outside_id
from knowledge.documents.conversations_apart import conversations_apart
from knowledge.errors import BadInput, Cancelled

if TYPE_CHECKING:
    from chat_app.application import Application
    from knowledge.records import OutsideConversation

_HEAD = 65536  # bytes that tell what a file is
_MARKS = (b'"mapping"', b'"chat_messages"', b'"history"')  # of a conversation that stands alone in its file


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Of conversations: how many came in, with how many messages, how many were there before, and what was left out, by
    kind ("settings", "tool", "thinking", "hidden", "cut", "circle", "unknown", "empty", "large")."""

    conversations: int = 0
    messages: int = 0
    there: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


def holds_conversations(path: Path) -> bool:
    """Is the file a ZIP, a list, or one conversation of another app, and no export of memories? Raises ``OSError``."""
    with path.open("rb") as file:
        head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith((b"PK", b"[")) or (head.startswith(b"{") and any(mark in head for mark in _MARKS))


def import_conversations(
    application: Application,
    owner: str,
    path: Path,
    name: str,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    journal: Path,
) -> Iterator[ImportReport]:
    """Bring in every conversation of an export that is not there yet; ``progress`` gets 0…1. Yields the report so far
    behind each of them, and the whole one at the end.

    ``journal``: a file in which the ids of those are noted, so that an import that was killed and goes on counts them.
    Raises DocumentError for a file that is no export or is damaged, and Cancelled: the conversation under way is taken
    back then, and those before it stay.
    """
    noted = set(journal.read_text("utf-8").split()) if journal.exists() else set[str]()
    count, messages, there = 0, 0, 0
    left_out: Counter[str] = Counter()
    before = 0.0

    def so_far() -> ImportReport:
        kinds = {kind: number for kind, number in left_out.items() if number and kind != "nothing"}
        return ImportReport(count, messages, there, kinds)

    yield so_far()
    with closing(conversations_apart(path, name, cancelled=cancelled)) as found:
        for one in found:
            if isinstance(one, dict):
                left_out.update(one)
                continue
            outside, share = one
            id = outside_id(owner, outside)
            new = _bring_in(application, owner, outside, journal, _part(progress, before, share), cancelled)
            if new or id in noted:
                count, messages = count + 1, messages + len(outside.messages)
                left_out.update(outside.left_out)
            else:
                there += 1
            before = share
            progress(share)
            yield so_far()
    progress(1.0)
    yield so_far()


def _bring_in(
    application: Application,
    owner: str,
    outside: OutsideConversation,
    journal: Path,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> bool:
    """Was it not there before? One that a kill left without memory is finished as well."""
    id = application.history.whole.bring_in(owner, outside)
    if id is not None:
        with journal.open("a", encoding="utf-8") as file:
            file.write(f"{id}\n")
    done = 0

    def report(written: int) -> None:
        nonlocal done
        done += written
        progress(min(1.0, done / len(outside.messages)))

    application.conversations.follower.take_in(owner, outside_id(owner, outside), report, cancelled)
    if cancelled():
        if id is not None:
            application.conversations.delete(owner, id)
        raise Cancelled("The import was cancelled; the conversations that had come in by then stay.")
    return id is not None


def _part(progress: Callable[[float], None], start: float, end: float) -> Callable[[float], None]:
    return lambda share: progress(start + (end - start) * share)


def lines(path: Path) -> Generator[str, None, None]:
    """Lines of an export without their line ends. Raises BadInput naming the line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError as exc:
                raise BadInput(f"Line {number} is not UTF-8 text; choose a file that Mneme exported.") from exc
