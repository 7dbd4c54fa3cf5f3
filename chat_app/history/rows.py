"""Rows of the history's tables and the records made of them; the checks of who owns what stand here, once.

Functions over one open transaction. Does not know: the tree of messages, memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select, update

from chat_app.history.records import Conversation, Message, SentFile, title_from
from chat_app.history.tables import conversations, messages
from knowledge.errors import NotFound

_TICK = 0.001  # seconds between two turns while the clock is behind the last one
LIVE = messages.c.memory_state != "deleted"
SHOWN = [column for column in messages.c if column.name not in ("reads", "seq")]  # reads are the bulk of a row


def conversations_of(owner: str) -> Select[Any]:
    """The owner's conversations."""
    return select(conversations).where(conversations.c.owner == owner, conversations.c.deleted.is_(False))


def newest_first(query: Select[Any]) -> Select[Any]:
    """The pinned conversations first, then the one changed last."""
    return query.order_by(
        conversations.c.pinned.desc(),
        conversations.c.updated.desc(),
        conversations.c.created.desc(),
        conversations.c.id,
    )


def with_words(owner: str, words: Sequence[str]) -> Select[Any]:
    """The owner's conversations with all ``words`` in the title or in one message of the active branch; the newest such
    message is in the columns hit and hit_text."""
    found = and_(
        messages.c.owner == owner,
        messages.c.memory_state == "in",
        *(messages.c.text.icontains(word, autoescape=True) for word in words),
    )
    newest = (
        select(messages.c.conversation, func.max(messages.c.seq).label("seq"))
        .where(found)
        .group_by(messages.c.conversation)
        .subquery()
    )
    titled = and_(*(conversations.c.title.icontains(word, autoescape=True) for word in words))
    query = (
        select(conversations, messages.c.id.label("hit"), messages.c.text.label("hit_text"))
        .outerjoin(newest, newest.c.conversation == conversations.c.id)
        .outerjoin(messages, messages.c.seq == newest.c.seq)
        .where(conversations.c.owner == owner, conversations.c.deleted.is_(False))
        .where(conversations.c.leaf.is_not(None), or_(titled, newest.c.seq.is_not(None)))
    )
    return newest_first(query)


def conversation_row(connection: Connection, owner: str, id: str) -> Row[Any]:
    """One conversation of the owner. Raises NotFound."""
    row = connection.execute(conversations_of(owner).where(conversations.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("This conversation is no longer there.")
    return row


def change_conversation(connection: Connection, owner: str, id: str, **values: Any) -> Row[Any]:
    """Set ``values``; returns the conversation as it was. Raises NotFound.

    To be called first in a transaction: it begins with a write, so that no other writer comes between what the
    transaction reads and what it writes.
    """
    change = update(conversations).where(conversations.c.id == id, conversations.c.owner == owner)
    connection.execute(change.values(updated=conversations.c.updated))
    row = conversation_row(connection, owner, id)
    if values:
        connection.execute(change.values(values))
    return row


def touch(connection: Connection, owner: str, id: str, clock: float) -> float:
    """A conversation changes now, which is returned: ``clock``, but never before the owner's last change, though the
    clock was moved back. What is said later has to count as later. After :func:`change_conversation`."""
    last = connection.execute(select(func.max(conversations.c.updated)).where(conversations.c.owner == owner)).scalar()
    now = clock if last is None or clock >= last else float(last) + _TICK
    connection.execute(update(conversations).where(conversations.c.id == id).values(updated=now))
    return now


def message_row(connection: Connection, owner: str, id: str, conversation: str | None = None) -> Row[Any]:
    """One message of the owner, in ``conversation`` where that is given. Raises NotFound."""
    row = connection.execute(select(messages).where(messages.c.id == id, messages.c.owner == owner, LIVE)).one_or_none()
    if row is None or conversation not in (None, row.conversation):
        raise NotFound("This message is no longer there.")
    return row


def children(connection: Connection, conversation: str, parent: str | None) -> list[str]:
    """Ids of the messages that follow ``parent`` (None: the first messages), oldest first."""
    query = select(messages.c.id).where(messages.c.conversation == conversation, messages.c.parent == parent, LIVE)
    return list(connection.scalars(query.order_by(messages.c.seq)))


def set_title(connection: Connection, conversation: str, text: str) -> None:
    """The title that follows from the first message."""
    connection.execute(update(conversations).where(conversations.c.id == conversation).values(title=title_from(text)))


def to_conversation(row: Row[Any]) -> Conversation:
    """Row → record."""
    return Conversation(
        row.id, row.title, row.created, row.updated, row.leaf, row.name or "", row.renamed, row.pinned, row.paused
    )


def to_message(row: Row[Any], siblings: tuple[str, ...] = (), correction: bool = False) -> Message:
    """Row → record."""
    return Message(
        id=row.id,
        conversation=row.conversation,
        parent=row.parent,
        role=row.role,
        text=row.text,
        created=row.created,
        position=row.position,
        branch=row.branch,
        finish_reason=row.finish_reason,
        feedback=row.feedback,
        null_weight=row.null_weight,
        pending=row.memory_pending,
        siblings=siblings,
        off_record=row.off_record,
        files=tuple(SentFile(**one) for one in row.files or ()),
        correction=correction,
    )
