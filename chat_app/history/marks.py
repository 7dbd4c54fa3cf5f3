"""Marks "memory has not caught up": which turns the external memory must still take in, hide, show or forget.

A mark is set in the same transaction as the change it stands for, and cleared when memory has it: history before
memory. Does not know: memory itself; memory_follower.py carries the marks out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, and_, delete, func, select, update

from chat_app.history.records import MemoryState
from chat_app.history.tables import conversations, in_chunks, messages, transaction
from knowledge.records import Turn


@dataclass(frozen=True, slots=True)
class Mark:
    """One turn whose memory has to be brought to ``state``."""

    turn: Turn
    state: MemoryState
    taken: bool  # memory took it in before: only its state changes


class MemoryMarks:
    """The marks of one database. Raises StoreError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def owners(self) -> list[str]:
        """Owners who have marked turns."""
        with transaction(self._engine) as connection:
            return list(
                connection.scalars(select(messages.c.owner).where(messages.c.memory_pending.is_(True)).distinct())
            )

    def count(self, owner: str) -> int:
        """Marked turns of one owner."""
        query = select(func.count()).where(messages.c.memory_pending.is_(True), messages.c.owner == owner)
        with transaction(self._engine) as connection:
            return connection.scalar(query) or 0

    def pending(
        self,
        owner: str,
        *,
        conversation: str | None = None,
        skip_conversations: Collection[str] = (),
        taken_only: bool = False,
        limit: int = 256,
    ) -> list[Mark]:
        """The oldest marked turns. ``taken_only`` leaves out those that memory has yet to take in."""
        columns = messages.c
        query = select(messages).where(columns.memory_pending.is_(True), columns.owner == owner)
        if conversation is not None:
            query = query.where(columns.conversation == conversation)
        if skip_conversations:
            query = query.where(columns.conversation.not_in(skip_conversations))
        if taken_only:
            query = query.where(columns.memory_taken.is_(True))
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(columns.seq).limit(limit)).all()
        return [
            Mark(
                Turn(row.id, row.role, row.text, row.created, row.conversation, row.branch, row.position),
                row.memory_state,
                row.memory_taken,
            )
            for row in rows
        ]

    def settled(self, marks: Sequence[Mark]) -> None:
        """Memory has these states now. A mark whose turn was given another state meanwhile stays; deleted rows go."""
        columns = messages.c
        with transaction(self._engine) as connection:
            for state in ("in", "inactive"):
                ids = [mark.turn.id for mark in marks if mark.state == state]
                for chunk in in_chunks(ids):
                    connection.execute(update(messages).where(columns.id.in_(chunk)).values(memory_taken=True))
                    unchanged = and_(columns.id.in_(chunk), columns.memory_state == state)
                    connection.execute(update(messages).where(unchanged).values(memory_pending=False))
            gone = [mark for mark in marks if mark.state == "deleted"]
            for chunk in in_chunks([mark.turn.id for mark in gone]):
                connection.execute(delete(messages).where(columns.id.in_(chunk), columns.memory_state == "deleted"))
            for chunk in in_chunks(sorted({mark.turn.conversation for mark in gone})):
                connection.execute(
                    delete(conversations).where(
                        conversations.c.id.in_(chunk),
                        conversations.c.deleted.is_(True),
                        ~select(columns.id).where(columns.conversation == conversations.c.id).exists(),
                    )
                )
