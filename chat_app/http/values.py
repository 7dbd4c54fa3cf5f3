"""Memories, reads and documents as JSON. Does not know: HTTP, how they came about."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from chat_app.history.history import History
from knowledge.errors import NotFound
from knowledge.records import Document, Memory, Read


def source(memory: Memory, conversation_title: str = "") -> str:
    """Where a memory comes from, for people: a document's name and page, or who said it where and when (UTC)."""
    if memory.kind == "passage":
        page = f", page {memory.page}" if memory.page is not None else ""
        return f"{memory.title}{page or (memory.heading and f', {memory.heading}')}"
    day = time.strftime("%Y-%m-%d", time.gmtime(memory.created))
    if memory.kind == "note":
        return f"note, {day}"
    title = f", “{conversation_title}”" if conversation_title else ""
    return f"{memory.speaker or memory.role}{title}, {day}"


class Values:
    """Turns records into JSON; looks up the titles of conversations in history."""

    def __init__(self, history: History) -> None:
        self._history = history

    def _titles(self, owner: str, memories: Iterable[Memory]) -> dict[str, str]:
        titles = {}
        for id in {memory.container for memory in memories if memory.kind == "turn" and memory.container}:
            try:
                titles[id] = self._history.conversation(owner, id).title
            except NotFound:
                continue  # it came with an import, or is being deleted
        return titles

    def reads(self, owner: str, reads: Iterable[Read]) -> list[dict[str, Any]]:
        """``[{id, text, source, score, weight, kind}]`` in order of weight."""
        reads = list(reads)
        titles = self._titles(owner, (read.memory for read in reads))
        return [
            {
                "id": read.memory.id,
                "text": read.memory.text,
                "source": source(read.memory, titles.get(read.memory.container, "")),
                "score": read.score,
                "weight": read.weight,
                "kind": read.memory.kind,
            }
            for read in reads
        ]

    def memories(self, owner: str, memories: Iterable[Memory]) -> list[dict[str, Any]]:
        """All of each memory; times are seconds since the epoch."""
        memories = list(memories)
        titles = self._titles(owner, memories)
        return [
            {
                "id": memory.id,
                "object": "memory",
                "text": memory.text,
                "source": source(memory, titles.get(memory.container, "")),
                "kind": memory.kind,
                "role": memory.role or None,
                "speaker": memory.speaker or None,
                "container": memory.container or None,
                "position": memory.position,
                "page": memory.page,
                "heading": memory.heading or None,
                "created": memory.created,
                "edited": memory.edited,
                "pinned": memory.pinned,
                "muted": memory.muted,
                "active": memory.active,
                "read_count": memory.read_count,
                "last_read": memory.last_read,
            }
            for memory in memories
        ]


def document_json(document: Document) -> dict[str, Any]:
    """A document, ``bytes`` being the size of its file."""
    return {
        "id": document.id,
        "object": "document",
        "name": document.name,
        "bytes": document.size,
        "sha256": document.sha256,
        "created": document.created,
        "passages": document.passages,
        "pages": document.pages,
        "ready": document.ready,
    }
