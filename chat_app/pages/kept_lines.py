"""The line below each message of the person that says what memory made of it, as values for the page's script.

Nothing stands where nothing was kept. Does not know: gradio, how the line looks, how it was decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from knowledge.errors import BadInput, NotReady
from knowledge.records import Gate, Memory

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.history.records import Message

LONGEST = 160  # characters of what was replaced or said before that are shown
CHANGES: dict[str, Gate] = {"undo": "add", "drop": "skip"}  # what a person does about the line


class KeptLines:
    """Reads memory of one owner at a time."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def of(self, owner: str, messages: Sequence[Message]) -> dict[str, dict[str, Any] | None]:
        """Message of the person → its line, None where nothing was kept of it.

        Without an entry: memory is not open yet, or the message is not in it yet, or is off the record.
        """
        try:
            network = self._application.network
        except NotReady:
            return {}
        ids = {
            network.memory_id(owner, one.id): one.id for one in messages if one.role == "user" and not one.off_record
        }
        there = network.store.get(owner, ids)
        targets = network.store.get(owner, {one.target for one in there.values() if one.target})
        return {ids[id]: _line(memory, targets.get(memory.target)) for id, memory in there.items()}

    def change(self, owner: str, memory: str, how: str) -> None:
        """Undo what was decided of a memory, or do not keep it. Raises NotFound, BadInput, NotReady, StoreError."""
        if how not in CHANGES:
            raise BadInput("The page asked for something unknown; reload it.")
        self._application.network.store.decide(owner, memory, CHANGES[how])


def _line(memory: Memory, target: Memory | None) -> dict[str, Any] | None:
    if memory.gate == "skip" or not memory.readable:
        return None
    said = target.text if target is not None else ""
    gate = memory.gate if said else "add"  # what it replaced was deleted since
    return {"gate": gate, "memory": memory.id, "text": said[:LONGEST] + ("…" if len(said) > LONGEST else "")}
