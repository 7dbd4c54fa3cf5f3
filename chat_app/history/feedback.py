"""What a person said about replies and memories, kept for learning: likes, dislikes, edits, pins and mutes.

Every method takes the owner first. Rows hold ids; texts are looked up where they are kept, so that deleting a message,
a conversation or a memory leaves nothing of it here. Raises StoreError. Does not know: memory, learning, pages.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from chat_app.history.rows import LIVE
from chat_app.history.tables import feedback, in_chunks, messages, transaction
from knowledge.errors import NotFound

FeedbackKind = Literal["like", "dislike", "edit", "pin", "mute"]
KINDS: tuple[FeedbackKind, ...] = ("like", "dislike", "edit", "pin", "mute")
LOOKED_BACK = 200  # replies in which the one is looked for that read a memory now marked


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """One thing a person said. ``message``: the reply; ``version``: how an edit worded it; ``memory``: the one pinned
    or muted; each "" where there is none."""

    id: str
    created: float
    kind: FeedbackKind
    message: str = ""
    version: str = ""
    memory: str = ""


class KeptFeedback:
    """The feedback of all owners in one database. Safe to use from several threads."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock

    # ---- collecting ----------------------------------------------------------------------------------

    def marked(
        self, owner: str, memories: Sequence[str], *, kind: Literal["pin", "mute"], on: bool, message: str = ""
    ) -> None:
        """Memories were pinned or muted (``on``), or no longer are, which takes the word back.

        ``message``: the reply under which that was done; without one, the latest reply that had read the memory.
        """
        with transaction(self._engine) as connection:
            for chunk in in_chunks(list(memories)):
                same = delete(feedback).where(feedback.c.owner == owner, feedback.c.kind == kind)
                connection.execute(same.where(feedback.c.memory.in_(chunk)))
            if not on:
                return
            replies = _replies(connection, owner, message)
            for memory in memories:
                read_by = next((id for id, read in replies if message or memory in read), None)
                _insert(connection, owner, self._clock(), kind=kind, message=read_by, memory=memory)

    # ---- looking -------------------------------------------------------------------------------------

    def counts(self, owner: str) -> dict[FeedbackKind, int]:
        """How much there is of each kind, of all kinds."""
        query = select(feedback.c.kind, func.count()).where(feedback.c.owner == owner).group_by(feedback.c.kind)
        with transaction(self._engine) as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {kind: found.get(kind, 0) for kind in KINDS}

    def rows(self, owner: str, *, limit: int | None = None, offset: int = 0) -> list[FeedbackRow]:
        """The latest first."""
        query = select(feedback).where(feedback.c.owner == owner).order_by(feedback.c.seq.desc())
        with transaction(self._engine) as connection:
            found = connection.execute(query.limit(limit).offset(offset)).all()
        return [
            FeedbackRow(row.id, row.created, row.kind, row.message or "", row.version or "", row.memory or "")
            for row in found
        ]

    # ---- taking back ---------------------------------------------------------------------------------

    def delete(self, owner: str, id: str) -> None:
        """Forget one; the thumb under its reply goes with it. Raises NotFound."""
        with transaction(self._engine) as connection:
            mine = (feedback.c.owner == owner, feedback.c.id == id)
            row = connection.execute(select(feedback).where(*mine)).one_or_none()
            if row is None:
                raise NotFound("This feedback is no longer there.")
            connection.execute(delete(feedback).where(*mine))
            if row.kind in ("like", "dislike"):
                reply = update(messages).where(messages.c.id == row.message, messages.c.owner == owner)
                connection.execute(reply.values(feedback=None))

    def forget_memories(self, owner: str, memories: Sequence[str]) -> None:
        """Memories were deleted: what was said about them goes."""
        with transaction(self._engine) as connection:
            for chunk in in_chunks(list(memories)):
                mine = delete(feedback).where(feedback.c.owner == owner)
                connection.execute(mine.where(feedback.c.memory.in_(chunk)))

    def clear(self, owner: str) -> None:
        """Forget all of it, the thumbs under replies too."""
        with transaction(self._engine) as connection:
            connection.execute(delete(feedback).where(feedback.c.owner == owner))
            thumbs = update(messages).where(messages.c.owner == owner, messages.c.feedback.is_not(None))
            connection.execute(thumbs.values(feedback=None))


def keep_liking(connection: Connection, owner: str, message: str, value: int | None, now: float) -> None:
    """In the transaction that changes a reply's thumb: one row for it, or none."""
    same = delete(feedback).where(feedback.c.owner == owner, feedback.c.message == message)
    connection.execute(same.where(feedback.c.kind.in_(("like", "dislike"))))
    if value is not None:
        _insert(connection, owner, now, kind="like" if value > 0 else "dislike", message=message)


def keep_edit(connection: Connection, owner: str, message: str, version: str, now: float) -> None:
    """In the transaction that puts a reply into other words: one row for it."""
    _insert(connection, owner, now, kind="edit", message=message, version=version)


def _insert(connection: Connection, owner: str, now: float, **values: str | None) -> None:
    connection.execute(insert(feedback).values(id=str(uuid.uuid4()), owner=owner, created=now, **values))


def _replies(connection: Connection, owner: str, message: str) -> list[tuple[str, set[str]]]:
    """Replies that read something, the latest first, and the ids of what they read; or the one ``message``."""
    query = select(messages.c.id, messages.c.reads).where(messages.c.owner == owner, LIVE)
    query = query.where(messages.c.role == "assistant", messages.c.reads.is_not(None))
    if message:
        query = query.where(messages.c.id == message)
    rows = connection.execute(query.order_by(messages.c.seq.desc()).limit(LOOKED_BACK))
    return [(row.id, {read["id"] for read in row.reads or ()}) for row in rows]
