"""Conversations as files: JSON that can be imported again, and Markdown to read, with roles, dates and all branches.

Does not know: HTTP, the page's language (who calls brings the words).
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from knowledge.errors import NotFound

if TYPE_CHECKING:
    from chat_app.history.history import History
    from chat_app.history.records import Conversation, Message

FORMAT, VERSION = "mneme-conversation", 1  # read again by knowledge/documents/chat_exports/mneme.py
WORDS = ("you", "assistant", "created", "other_branch", "untitled")  # keys of ``words`` below
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_LONGEST_NAME = 80  # characters of a file's name


def as_json(history: History, owner: str, ids: Sequence[str]) -> Iterator[str]:
    """A list of conversations, in pieces. What is deleted meanwhile is left out."""
    before = "["
    for id in ids:
        try:
            conversation, said = history.conversation(owner, id), history.whole.messages(owner, id)
        except NotFound:
            continue
        yield before + "\n" + json.dumps(_value(conversation, said), ensure_ascii=False)
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def as_markdown(history: History, owner: str, id: str, words: Mapping[str, str]) -> str:
    """One conversation: the open branch, then each other branch from where it leaves. Raises NotFound.

    ``words``: the texts of ``WORDS``; "created" has a place for the ``{date}``, "other_branch" for the ``{number}`` of
    the message in whose place it begins.
    """
    conversation = history.conversation(owner, id)
    said = {message.id: message for message in history.whole.messages(owner, id)}
    below: dict[str | None, list[str]] = {}
    for message in said.values():
        below.setdefault(message.parent, []).append(message.id)
    path = [message.id for message in history.path(owner, id)]
    pieces = [f"# {conversation.title or words['untitled']}", words["created"].format(date=_date(conversation.created))]
    pieces += [_told(said[one], words) for one in path]
    told = set(path)
    waiting = [one for at in (None, *path) for one in below.get(at, ()) if one not in told][::-1]
    while waiting:
        at = waiting.pop()
        pieces.append(f"---\n\n## {words['other_branch'].format(number=said[at].position + 1)}")
        while True:
            pieces.append(_told(said[at], words))
            if not (after := below.get(at)):
                break
            waiting += after[:0:-1]
            at = after[0]
    return "\n\n".join(pieces) + "\n"


def as_zip(history: History, owner: str, ids: Sequence[str], words: Mapping[str, str]) -> Iterator[bytes]:
    """A ZIP with a Markdown file for each conversation, in pieces. What is deleted meanwhile is left out."""
    out = _Pipe()
    taken: set[str] = set()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for id in ids:
            try:
                name, text = file_name(history.conversation(owner, id)), as_markdown(history, owner, id, words)
            except NotFound:
                continue
            while f"{name}.md".casefold() in taken:
                name = f"{name} {id[:8]}" if id[:8] not in name else f"{name}_"
            taken.add(f"{name}.md".casefold())
            archive.writestr(f"{name}.md", text)
            yield out.take()
    yield out.take()


def file_name(conversation: Conversation) -> str:
    """A name for the conversation's file: its day and title, without an ending."""
    day = datetime.fromtimestamp(conversation.created, UTC).strftime("%Y-%m-%d")
    title = _NOT_IN_NAMES.sub(" ", conversation.title)
    return " ".join(f"{day} {title}".split())[:_LONGEST_NAME].strip(" .") or day


def _value(conversation: Conversation, said: Sequence[Message]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": conversation.id,
        "title": conversation.title,
        "created": conversation.created,
        "updated": conversation.updated,
        "leaf": conversation.leaf,
        "messages": [
            {"id": one.id, "parent": one.parent, "role": one.role, "text": one.text, "created": one.created}
            | ({"off_record": True} if one.off_record else {})
            for one in said
        ],
    }


def _told(message: Message, words: Mapping[str, str]) -> str:
    name = words["assistant" if message.role == "assistant" else "you"]
    return f"**{message.position + 1}. {name}** · {_date(message.created)}\n\n{message.text.strip()}"


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


class _Pipe(io.RawIOBase):
    """What a ZIP is written to and taken from meanwhile."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken
