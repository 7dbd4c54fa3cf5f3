"""The sets of memories that replies list or offer to forget, as values for the page's script.

A list's lines lead to their memories; what may be forgotten is shown with its text as long as it is there. Does not
know: gradio, how a set is found, how it looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from knowledge.errors import NotReady

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.history.records import Message, PastRead
    from knowledge.records import Memory

_REMEMBERED = 20_000  # replies that are known to have no set


class RecalledLines:
    """Reads history and memory of one owner at a time."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._plain: set[str] = set()

    def of(self, owner: str, messages: Sequence[Message]) -> dict[str, dict[str, Any]]:
        """Reply → its set, of those that have one. ``messages`` are the owner's."""
        replies = [one.id for one in messages if one.role == "assistant" and one.null_weight is not None]
        replies = [id for id in replies if id not in self._plain]
        kept = self._application.history.kept_reads.of_many(owner, replies)
        sets = {id: reads for id, reads in kept.items() if reads and reads[0].operation}
        if len(self._plain) > _REMEMBERED:
            self._plain.clear()
        self._plain.update(id for id in replies if id not in sets)
        offered = {read.id for reads in sets.values() if reads[0].operation == "forget" for read in reads}
        try:
            memories = self._application.network.store.get(owner, offered) if offered else {}
        except NotReady:
            return {}
        return {id: _value(reads, memories) for id, reads in sets.items()}


def _value(reads: Sequence[PastRead], memories: dict[str, Memory]) -> dict[str, Any]:
    operation = reads[0].operation
    if operation != "forget":
        return {"operation": operation, "items": [{"id": read.id} for read in reads]}
    return {
        "operation": operation,
        "items": [
            {
                "id": read.id,
                "text": memories[read.id].text,
                "kind": read.kind,
                "role": read.role,
                "created": read.created,
                "title": read.title,
                "page": read.page,
            }
            for read in reads
            if read.id in memories
        ],
    }
