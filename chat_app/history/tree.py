"""The tree of messages inside one conversation: paths, siblings, moving the active leaf, cutting a subtree.

Functions over one open transaction. Does not know: owners (history.py has checked them), memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from chat_app.history.records import MemoryState
from chat_app.history.tables import conversations, feedback, in_chunks, messages


@dataclass(slots=True)
class Tree:
    """Who answers whom in one conversation. Deleted messages are not in it."""

    parent: dict[str, str | None] = field(default_factory=dict)
    chosen: dict[str, str | None] = field(default_factory=dict)
    children: dict[str | None, list[str]] = field(default_factory=dict)  # oldest first; None: the first messages

    def path(self, leaf: str | None) -> list[str]:
        """Ids from the first message to ``leaf``."""
        ids = []
        while leaf is not None:
            ids.append(leaf)
            leaf = self.parent[leaf]
        return ids[::-1]

    def leaf_below(self, id: str) -> str:
        """The end of the branch below ``id`` that was last active there."""
        while below := self.children.get(id):
            chosen = self.chosen[id]
            id = chosen if chosen in below else below[-1]
        return id

    def subtree(self, id: str) -> list[str]:
        """``id`` and everything below it."""
        ids = [id]
        for parent in ids:
            ids.extend(self.children.get(parent, ()))
        return ids


def load_tree(connection: Connection, conversation: str) -> Tree:
    """One query, four short columns a message."""
    columns = messages.c
    rows = connection.execute(
        select(columns.id, columns.parent, columns.chosen)
        .where(columns.conversation == conversation, columns.memory_state != "deleted")
        .order_by(columns.seq)
    )
    return tree_of(rows)


def tree_of(rows: Iterable[Any]) -> Tree:
    """A tree from rows that have id, parent and chosen, oldest first."""
    tree = Tree()
    for row in rows:
        tree.parent[row.id] = row.parent
        tree.chosen[row.id] = row.chosen
        tree.children.setdefault(row.parent, []).append(row.id)
    return tree


def mark_state(connection: Connection, ids: Iterable[str], state: MemoryState) -> None:
    """What memory should hold of these turns from now on. The words of deleted ones are gone at once,
    and what was said about them."""
    values: dict[str, Any] = {"memory_state": state, "memory_pending": True}
    if state == "deleted":
        values |= {"text": "", "reads": None, "files": None, "path_hash": ""}
    for chunk in in_chunks(list(ids)):
        connection.execute(update(messages).where(messages.c.id.in_(chunk)).values(values))
        if state == "deleted":
            told = or_(feedback.c.message.in_(chunk), feedback.c.version.in_(chunk))
            connection.execute(delete(feedback).where(told))


def set_leaf(connection: Connection, conversation: str, leaf: str | None) -> None:
    """Note where the active branch ends, and nothing else."""
    connection.execute(update(conversations).where(conversations.c.id == conversation).values(leaf=leaf))


def set_chosen(connection: Connection, parent: str | None, child: str) -> None:
    """Note which answer to ``parent`` is on the active branch."""
    if parent is not None:
        connection.execute(update(messages).where(messages.c.id == parent).values(chosen=child))


def move_leaf(connection: Connection, conversation: str, left: list[str], tree: Tree, new: str | None) -> None:
    """Make the branch that ends at ``new`` the active one, after the path ``left``; turns that leave turn inactive,
    turns on it come in."""
    joined = tree.path(new)
    leaving = set(left) - set(joined)
    joining = set(joined) - set(left)
    mark_state(connection, leaving, "inactive")
    mark_state(connection, joining, "in")
    for id in joining:
        set_chosen(connection, tree.parent[id], id)
    set_leaf(connection, conversation, new)
