"""Wordings of one reply: as the decoder said it, and as a person corrected it. They share what comes after them.

Wordings are siblings with one branch id; a real branch has an id of its own. What follows stands below one of them, the
one that stands on the branch, and moves when another takes its place, so that nothing behind a correction leaves the
branch. Later messages keep their path hash: it is of the texts that a program holds, and it knows of no correction.

Functions over one open transaction. Does not know: owners (history.py has checked them), memory.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from chat_app.history.rows import LIVE
from chat_app.history.tables import messages
from chat_app.history.tree import load_tree, move_leaf


def wordings(connection: Connection, row: Row[Any]) -> list[str]:
    """Ids of all wordings of the message ``row``, the oldest first; of the user's messages there is one."""
    if row.role != "assistant":
        return [row.id]
    place = (messages.c.conversation == row.conversation, messages.c.parent == row.parent)
    query = select(messages.c.id).where(*place, messages.c.branch == row.branch, messages.c.role == "assistant", LIVE)
    return list(connection.scalars(query.order_by(messages.c.seq)))


def is_correction(row: Row[Any], same: Sequence[Row[Any]]) -> bool:
    """Is the message a person's own wording of a reply? ``same``: all messages in its place, the oldest first."""
    first = next(one for one in same if one.role == row.role and one.branch == row.branch)
    return row.role == "assistant" and bool(first.id != row.id)


def standing(connection: Connection, row: Row[Any]) -> str:
    """The wording of the message ``row`` that what follows stands below."""
    ids = wordings(connection, row)
    if len(ids) == 1:
        return str(row.id)
    chosen = connection.scalar(select(messages.c.chosen).where(messages.c.id == row.parent))
    if chosen in ids:
        return str(chosen)
    below = select(messages.c.parent).where(messages.c.conversation == row.conversation, messages.c.parent.in_(ids))
    return str(connection.scalar(below.limit(1)) or row.id)


def make_stand(connection: Connection, conversation: str, leaf: str | None, row: Row[Any]) -> str | None:
    """Make the wording ``row`` the one on the active branch, with all that follows; returns the new end of the branch.

    ``leaf`` is the end of the branch as it is.
    """
    tree = load_tree(connection, conversation)
    left = tree.path(leaf)
    others = [id for id in wordings(connection, row) if id != row.id]
    held = next((id for id in others if tree.children.get(id)), None)
    if held is not None:
        connection.execute(
            update(messages)
            .where(messages.c.conversation == conversation, messages.c.parent.in_(others))
            .values(parent=row.id)
        )
        connection.execute(update(messages).where(messages.c.id == row.id).values(chosen=tree.chosen[held]))
        tree = load_tree(connection, conversation)
    new = tree.leaf_below(row.id)
    move_leaf(connection, conversation, left, tree, new)
    return new


def add_wording(
    connection: Connection, old: Row[Any], text: str, *, now: float, hash: str, paused: bool = False
) -> Row[Any]:
    """Another wording of the reply ``old``, a person's own, with what was read for it; it does not stand yet.

    It is off the record where the other one is, or where memory is ``paused``. Where the decoder looked and what a
    memory did were about the other wording, and stay out. ``hash`` is that of its path.
    """
    id = str(uuid.uuid4())
    off_record = old.off_record or paused
    about = {"attention": None, "words": (), "effect": None}
    values = {
        "id": id,
        "conversation": old.conversation,
        "owner": old.owner,
        "parent": old.parent,
        "chosen": None,
        "role": old.role,
        "text": text,
        "created": now,
        "position": old.position,
        "branch": old.branch,
        "finish_reason": "stop",
        "feedback": None,
        "null_weight": old.null_weight,
        "path_hash": hash,
        "reads": None if old.reads is None else [{**read, **about} for read in old.reads],
        "memory_pending": not off_record,
        "memory_state": "in",
        "memory_taken": off_record,
        "off_record": off_record,
    }
    connection.execute(insert(messages).values(values))
    return connection.execute(select(messages).where(messages.c.id == id)).one()
