"""Mneme's own export of conversations: a list of {format, version, id, title, created, updated, leaf, messages}, and of
each message {id, parent, role, text, created}, with off_record where it is. Times are seconds since the epoch. Does not
know: files.
"""

from __future__ import annotations

from typing import Any

from knowledge.documents.chat_exports.tree import Node, Told
from knowledge.documents.chat_exports.values import key, line, listed, seconds, table, text

APP = "Mneme"
FORMAT, VERSION = "mneme-conversation", 1


def read(item: dict[str, Any]) -> Told | None:
    """The conversation; None for what is none of ours, or of a newer version."""
    if item.get("format") != FORMAT or item.get("version") != VERSION:
        return None
    told = Told(
        APP,
        key(item.get("id")),
        line(item.get("title")),
        seconds(item.get("created")),
        seconds(item.get("updated")),
        key(item.get("leaf")),
    )
    for value in listed(item.get("messages")):
        message = table(value)
        role, said = message.get("role"), text(message.get("text"))
        node = Node(key(message.get("parent")), text=said, created=seconds(message.get("created")))
        node.off_record = message.get("off_record") is True
        node.role = str(role) if role in ("user", "assistant") and said.strip() else ""
        told.left_out["nothing"] += not node.role
        told.nodes[key(message.get("id"))] = node
    return told
