"""Conversations as wholes: all messages of every branch, to go out, and conversations held elsewhere that come in.

What comes in is committed at once or not at all, marked for memory as everything that is said is, and has the same ids
whenever it comes. Raises NotFound for what is not the owner's, StoreError. Does not know: files, memory.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, insert, select

from chat_app.history.records import Message, step_hash, title_from
from chat_app.history.rows import LIVE, SHOWN, conversation_row, conversations_of, newest_first, to_message
from chat_app.history.tables import conversations, messages, transaction
from chat_app.history.tree import tree_of
from knowledge.records import OutsideConversation

_NAMESPACE = uuid.UUID("0d2c6f5e-3a53-5b0c-9a5e-6d1f8f0c6b52")
_TOGETHER = 500  # rows written at once


class WholeConversations:
    """The conversations of one database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock

    def ids(self, owner: str) -> list[str]:
        """Of all conversations that have messages: pinned ones first, then the one changed last."""
        query = newest_first(conversations_of(owner).where(conversations.c.leaf.is_not(None)))
        with transaction(self._engine) as connection:
            return [row.id for row in connection.execute(query)]

    def messages(self, owner: str, conversation: str) -> list[Message]:
        """All messages of every branch, in the order in which they were said. Raises NotFound."""
        with transaction(self._engine) as connection:
            conversation_row(connection, owner, conversation)
            query = select(*SHOWN).where(messages.c.conversation == conversation, LIVE).order_by(messages.c.seq)
            rows = list(connection.execute(query))
        tree = tree_of(rows)
        return [to_message(row, tuple(tree.children[row.parent])) for row in rows]

    def bring_in(self, owner: str, outside: OutsideConversation) -> str | None:
        """Commit a conversation that was held elsewhere; its id, or None where it is there already.

        No message is later than now, or earlier than the one above it.
        """
        id = outside_id(owner, outside)
        now = self._clock()
        rows = _rows(owner, id, outside, now)
        first = min(row["created"] for row in rows)
        last = max(row["created"] for row in rows)
        values = {
            "id": id,
            "owner": owner,
            "name": None,
            "title": outside.title or title_from(outside.messages[0].text),
            "renamed": bool(outside.title),
            "created": min(outside.created or first, first),
            "updated": min(max(outside.updated, last), now),
            "leaf": rows[outside.leaf]["id"],
            "deleted": False,
        }
        known = (id, outside.key) if outside.app == "Mneme" else (id,)
        with transaction(self._engine) as connection:
            there = select(conversations.c.id).where(conversations.c.owner == owner, conversations.c.id.in_(known))
            if connection.execute(there).first() is not None:
                return None
            connection.execute(insert(conversations).values(values))
            for at in range(0, len(rows), _TOGETHER):
                connection.execute(insert(messages), rows[at : at + _TOGETHER])
        return id


def outside_id(owner: str, outside: OutsideConversation) -> str:
    """The id that a conversation has here, whenever it comes in."""
    return str(uuid.uuid5(_NAMESPACE, f"{len(owner)}:{owner}:{outside.app}:{outside.key}"))


def _rows(owner: str, conversation: str, outside: OutsideConversation, now: float) -> list[dict[str, Any]]:
    """Of all messages, each behind the one above it; those of the open branch are active."""
    said = outside.messages
    below: dict[int | None, int] = {}  # place of a message → how many follow it so far
    rows: list[dict[str, Any]] = []
    for message in said:
        above = None if message.parent is None else rows[message.parent]
        id = str(uuid.uuid5(uuid.UUID(conversation), message.key))
        siblings = below.get(message.parent, 0)
        below[message.parent] = siblings + 1
        earliest = outside.created if above is None else above["created"]
        rows.append(
            {
                "id": id,
                "conversation": conversation,
                "owner": owner,
                "parent": None if above is None else above["id"],
                "chosen": None,
                "role": message.role,
                "text": message.text,
                "created": min(max(message.created, earliest) or now, now),
                "position": 0 if above is None else above["position"] + 1,
                "branch": id if above is None or siblings else above["branch"],
                "finish_reason": "stop" if message.role == "assistant" else "",
                "feedback": None,
                "reads": None,
                "null_weight": None,
                "path_hash": step_hash("" if above is None else above["path_hash"], message.role, message.text),
                "memory_pending": not message.off_record,
                "memory_state": "inactive",
                "memory_taken": message.off_record,  # as History.add has it: memory never takes it in
                "off_record": message.off_record,
            }
        )
    _open_branch(rows, [message.parent for message in said], outside.leaf)
    return rows


def _open_branch(rows: Sequence[dict[str, Any]], parents: Sequence[int | None], leaf: int) -> None:
    at: int | None = leaf
    below = None
    while at is not None:
        rows[at]["memory_state"], rows[at]["chosen"] = "in", below
        below = rows[at]["id"]
        at = parents[at]
