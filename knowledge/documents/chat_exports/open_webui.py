"""Open WebUI's export of chats, as versions 0.5 and 0.6 (2025) write it.

A list of {id, title, chat, created_at, updated_at}; ``chat.history`` has ``messages``: id → {parentId, childrenIds,
role, content, timestamp, files}, and ``currentId`` at the end of the open branch. What a model thought and which tools
it called stand in ``content`` as ``<details type=…>``. Times are seconds, of a chat also milliseconds. Does not know:
files of the export.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from knowledge.documents.chat_exports.tree import Node, Told
from knowledge.documents.chat_exports.values import key, line, listed, named, seconds, table, text

APP = "Open WebUI"
_DETAILS = {'<details type="reasoning"': "thinking", '<details type="tool_calls"': "tool"}
_END = "</details>"


def read(item: dict[str, Any]) -> Told | None:
    """The conversation; None for what is none of this app's."""
    chat = table(item.get("chat")) or item  # a chat alone, of an older version
    history = table(chat.get("history"))
    messages = history.get("messages")
    if not isinstance(messages, dict):
        return None
    told = Told(
        APP,
        key(item.get("id")) or key(chat.get("id")),
        line(item.get("title")) or line(chat.get("title")),
        seconds(item.get("created_at")) or seconds(chat.get("timestamp")),
        seconds(item.get("updated_at")),
        key(history.get("currentId")),
    )
    for id, value in messages.items():
        message = table(value)
        node = Node(
            parent=key(message.get("parentId")),
            created=seconds(message.get("timestamp")),
            children=[key(child) for child in listed(message.get("childrenIds"))],
        )
        node.role, node.text, left_out = _said(message, told.left_out)
        told.left_out[left_out] += not node.role
        told.nodes[key(id)] = node
    return told


def _said(message: dict[str, Any], left_out: Counter[str]) -> tuple[str, str, str]:
    """Role and text, or "" and as what it is left out."""
    role = message.get("role")
    if role not in ("user", "assistant"):
        return "", "", "settings"
    content = message.get("content")
    said = text(content)
    for part in listed(content):  # of a program that wrote through the API
        said = f"{said}\n{text(table(part).get('text'))}"
    if role == "assistant":
        said = _without_details(said, left_out)
    files = [_name(table(one)) for one in listed(message.get("files"))]
    said = named(said.strip("\n"), files)
    return (str(role), said, "") if said.strip() else ("", "", "nothing")


def _without_details(said: str, left_out: Counter[str]) -> str:
    for begin, kind in _DETAILS.items():
        pieces, at = [], 0
        while (start := said.find(begin, at)) >= 0 and (end := said.find(_END, start)) >= 0:
            pieces.append(said[at:start])
            at = end + len(_END)
            left_out[kind] += 1
        said = "".join([*pieces, said[at:]])
    return said


def _name(file: dict[str, Any]) -> str:
    inner = table(file.get("file"))
    return line(file.get("name")) or line(inner.get("filename")) or ("image" if file.get("type") == "image" else "")
