"""ChatGPT's export: ``conversations.json``, as its data export had it from 2023 to 2025.

A conversation has ``mapping``: id → {message, parent, children}, with ``current_node`` at the end of the open branch.
A message has ``author.role``, ``content`` of a ``content_type``, ``recipient`` ("all", or the tool that is called) and
``metadata`` with the names of ``attachments``. Times are seconds since the epoch. Does not know: files.
"""

from __future__ import annotations

import re
from typing import Any

from knowledge.documents.chat_exports.tree import Node, Told
from knowledge.documents.chat_exports.values import key, line, listed, named, seconds, table, text

APP = "ChatGPT"
_THINKING = ("thoughts", "reasoning_recap")
_SETTINGS = ("user_editable_context", "model_editable_context")
_CITATION = re.compile("\ue200[^\ue200\ue201]{0,500}\ue201")  # a mark that its page shows as a link


def read(item: dict[str, Any]) -> Told | None:
    """The conversation; None for what is none of this app's."""
    mapping = item.get("mapping")
    if not isinstance(mapping, dict):
        return None
    told = Told(
        APP,
        key(item.get("conversation_id")) or key(item.get("id")),
        line(item.get("title")),
        seconds(item.get("create_time")),
        seconds(item.get("update_time")),
        key(item.get("current_node")),
    )
    for id, value in mapping.items():
        entry = table(value)
        children = [key(child) for child in listed(entry.get("children"))]
        node = Node(parent=key(entry.get("parent")), children=children)
        if message := table(entry.get("message")):
            node.role, node.text, left_out = _said(message)
            node.created = seconds(message.get("create_time"))
            told.left_out[left_out] += not node.role
        told.nodes[key(id)] = node
    return told


def _said(message: dict[str, Any]) -> tuple[str, str, str]:
    """Role and text, or "" and as what it is left out."""
    role = table(message.get("author")).get("role")
    content, metadata = table(message.get("content")), table(message.get("metadata"))
    kind = content.get("content_type")
    if role == "tool" or message.get("recipient") not in (None, "all"):
        return "", "", "tool"
    if role not in ("user", "assistant") or kind in _SETTINGS:
        return "", "", "settings" if kind in _SETTINGS or any(listed(content.get("parts"))) else "nothing"
    if metadata.get("is_visually_hidden_from_conversation") is True:
        return "", "", "hidden"
    if kind in _THINKING:
        return "", "", "thinking"
    files = [line(table(one).get("name")) for one in listed(metadata.get("attachments"))]
    if kind == "code":
        said = text(content.get("text"))
    else:
        parts = [_part(part) for part in listed(content.get("parts"))]
        said = "\n".join(part for part, _ in parts if part)
        files = files or [kind for _, kind in parts if kind]
    said = named(_CITATION.sub("", said), files)
    return (str(role), said, "") if said.strip() else ("", "", "nothing")


def _part(part: Any) -> tuple[str, str]:
    """The text of a part of a message, and the kind of file that stands in its place."""
    if isinstance(part, str):
        return text(part), ""
    kind = table(part).get("content_type")
    if kind == "audio_transcription":
        return text(table(part).get("text")), ""
    return "", "image" if kind == "image_asset_pointer" else ""
