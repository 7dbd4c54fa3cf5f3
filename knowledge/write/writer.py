"""Generalization (G), first form: every turn with words in it becomes one memory of its own.

Knows: how a memory's id follows from the turn, so that writing twice changes nothing.
Does not know: encoder, store, or what is in memory already. A learned write gate takes this place later.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from knowledge.records import Memory, Turn

_NAMESPACE = uuid.UUID("5f0c9bd4-6b0a-5d6e-9b1e-0f6a4f1f7a11")


def memory_id(owner: str, turn_id: str) -> str:
    """The id of the memory that the owner's turn becomes: a version-5 UUID (RFC 9562, 5.5) of both."""
    return str(uuid.uuid5(_NAMESPACE, f"{len(owner)}:{owner}:{turn_id}"))


class Writer:
    """Turns → memories, one each. A turn without text becomes none."""

    def memories(self, owner: str, turns: Sequence[Turn]) -> list[Memory]:
        return [
            Memory(
                id=memory_id(owner, turn.id),
                text=turn.text.strip(),
                kind="turn",
                created=turn.created,
                role=turn.role,
                speaker=turn.speaker,
                container=turn.conversation,
                position=turn.position,
                branch=turn.branch,
            )
            for turn in turns
            if turn.text.strip()
        ]
