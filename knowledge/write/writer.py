"""Generalization (G): a turn with words in it becomes one memory of its own, and the write gate decides what it is.

Knows: how a memory's id follows from the turn, so that writing twice changes nothing; that turns are decided in the
order in which they were said. Does not know: the store, what the gate looks at.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from knowledge.input.dialogue_acts import MessageReader
from knowledge.input.message_keys import parts_of
from knowledge.records import Candidate, Memory, Turn
from knowledge.write.gate import WriteGate
from knowledge.write.gate_evidence import Statement, situation

Search = Callable[[str, np.ndarray], Sequence[Candidate]]  # text, (dimension,) its vector → what is near it

_NAMESPACE = uuid.UUID("5f0c9bd4-6b0a-5d6e-9b1e-0f6a4f1f7a11")


def memory_id(owner: str, turn_id: str) -> str:
    """The id of the memory that the owner's turn becomes: a version-5 UUID (RFC 9562, 5.5) of both."""
    return str(uuid.uuid5(_NAMESPACE, f"{len(owner)}:{owner}:{turn_id}"))


class Writer:
    """Turns → memories, one each. A turn without text becomes none. ``gate``: without one everything is added."""

    def __init__(self, gate: WriteGate | None = None, messages: MessageReader | None = None) -> None:
        self._gate, self._messages = gate, messages

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

    def decided(self, memories: Sequence[Memory], rows: Sequence[np.ndarray], search: Search) -> list[Memory]:
        """New memories with what the gate makes of each, in the light of what ``search`` finds near it and of those
        before it.
        ``rows``: (dimension,) unit vector of each whole text."""
        if self._gate is None or self._messages is None:
            return list(memories)
        acts = self._messages.read_again([one.text for one in memories], np.stack(rows) if rows else None)
        found: list[Memory] = []
        before: list[Statement] = []
        for memory, row, act in zip(memories, rows, acts, strict=True):
            turn = Statement(memory, act, row)
            seen = situation(turn, [*self._statements(search(memory.text, row)), *before])
            decision = self._gate.decide(seen)
            target = next((one.memory for one in seen.near if one.memory.id == decision.target), None)
            # Of a message that says several things the others still hold: it is followed, not replaced.
            whole = target is None or decision.gate != "supersede" or not parts_of(target)
            memory = replace(memory, gate=decision.gate if whole else "add", target=decision.target)
            found.append(memory)
            before.append(replace(turn, memory=memory))
        return found

    def _statements(self, near: Sequence[Candidate]) -> list[Statement]:
        assert self._messages is not None
        keyed = [(one.memory, one.key) for one in near if one.key is not None]
        rows = np.stack([key for _, key in keyed]) if keyed else None
        acts = self._messages.read_again([memory.text for memory, _ in keyed], rows)
        return [Statement(memory, act, key) for (memory, key), act in zip(keyed, acts, strict=True)]
