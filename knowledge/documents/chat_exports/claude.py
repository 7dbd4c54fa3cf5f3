"""Claude's export: ``conversations.json``, as its data export had it in 2024 and 2025.

A conversation has ``chat_messages`` with ``sender`` ("human", "assistant"), ``content`` of blocks (text, thinking, tool
calls), ``text`` in exports of before there were blocks, and the names of ``attachments`` and ``files``. Later exports
link a message by ``parent_message_uuid``; without it they follow each other. Times are ISO 8601 texts. Does not know:
files.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from knowledge.documents.chat_exports.tree import Node, Told
from knowledge.documents.chat_exports.values import key, line, listed, named, seconds, table, text

APP = "Claude"
_ROLES = {"human": "user", "assistant": "assistant"}
_THINKING = ("thinking", "redacted_thinking")


def read(item: dict[str, Any]) -> Told | None:
    """The conversation; None for what is none of this app's."""
    messages = item.get("chat_messages")
    if not isinstance(messages, list):
        return None
    told = Told(
        APP,
        key(item.get("uuid")),
        line(item.get("name")),
        seconds(item.get("created_at")),
        seconds(item.get("updated_at")),
        key(item.get("current_leaf_message_uuid")),
    )
    linked = any(key(table(message).get("parent_message_uuid")) for message in messages)
    before = ""
    for number, value in enumerate(messages):
        message = table(value)
        id = key(message.get("uuid")) or f"message {number}"
        node = Node(parent=key(message.get("parent_message_uuid")) if linked else before)
        node.role, node.text, left_out = _said(message, told.left_out)
        node.created = seconds(message.get("created_at"))
        told.left_out[left_out] += not node.role
        told.nodes[id] = node
        before = id
    return told


def _said(message: dict[str, Any], left_out: Counter[str]) -> tuple[str, str, str]:
    """Role and text, or "" and as what it is left out; blocks that are no text are counted."""
    role = _ROLES.get(str(message.get("sender")), "")
    if not role:
        return "", "", "settings"
    blocks = [table(block) for block in listed(message.get("content"))]
    for block in blocks:
        kind = block.get("type")
        left_out["thinking"] += kind in _THINKING
        left_out["tool"] += kind == "tool_use"
    said = "\n\n".join(words for block in blocks if block.get("type") == "text" and (words := text(block.get("text"))))
    said = said or ("" if blocks else text(message.get("text")))
    files = [line(table(one).get("file_name")) for one in listed(message.get("attachments"))]
    files += [line(table(one).get("file_name")) for one in listed(message.get("files"))]
    said = named(said, list(dict.fromkeys(files)))
    return (role, said, "") if said.strip() else ("", "", "nothing")
