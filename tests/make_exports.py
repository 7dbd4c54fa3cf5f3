"""Exports of other chat apps as they are shaped, small and by hand: conversations with branches, tools and files.

Shapes: ChatGPT's data export of 2024 and 2025, Claude's of 2025, Open WebUI's chats of version 0.6 (2025).
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

DAY = 1_714_557_600.0  # 1 May 2024, 10:00 UTC


def gpt_node(id: str, parent: str | None, children: list[str], message: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"id": id, "message": message, "parent": parent, "children": children}


def gpt_message(id: str, role: str, text: Any, at: float | None, **more: Any) -> dict[str, Any]:
    content = text if isinstance(text, dict) else {"content_type": "text", "parts": [text]}
    message = {
        "id": id,
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": None if at is None else DAY + at,
        "update_time": None,
        "content": content,
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
        "channel": None,
    }
    return message | more


def chatgpt() -> list[dict[str, Any]]:
    """One conversation: the first question was edited, its answer came about with a tool and a thought; one reply was
    written twice."""
    search = gpt_message("call", "assistant", {"content_type": "code", "language": "unknown", "text": "search()"}, 12)
    thought = {"content_type": "thoughts", "thoughts": [{"summary": "Trains", "content": "hm"}]}
    photo = {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer"}, "What is this?"]}
    nodes = [
        gpt_node("root", None, ["system"]),
        gpt_node("system", "root", ["old", "new"], gpt_message("system", "system", "", None)),
        gpt_node("old", "system", ["old-answer"], gpt_message("old", "user", "Trains to Porto?", 1)),
        gpt_node("old-answer", "old", [], gpt_message("old-answer", "assistant", "From where?", 2)),
        gpt_node("new", "system", ["thought"], gpt_message("new", "user", "Trains from Lisbon to Porto?", 10)),
        gpt_node("thought", "new", ["say"], gpt_message("thought", "assistant", thought, 11)),
        gpt_node("say", "thought", ["call"], gpt_message("say", "assistant", "Let me look.", 11.5)),
        gpt_node("call", "say", ["tool"], search | {"recipient": "web"}),
        gpt_node("tool", "call", ["answer"], gpt_message("tool", "tool", "8:00, 9:30", 13)),
        gpt_node(
            "answer",
            "tool",
            ["photo"],
            gpt_message("answer", "assistant", "At 8:00 and 9:30.\ue200cite\ue202turn0search1\ue201", 14),
        ),
        gpt_node(
            "photo",
            "answer",
            ["first", "second"],
            gpt_message("photo", "user", photo, 20, metadata={"attachments": [{"id": "f", "name": "ticket.png"}]}),
        ),
        gpt_node("first", "photo", [], gpt_message("first", "assistant", "A receipt.", 21)),
        gpt_node("second", "photo", [], gpt_message("second", "assistant", "A ticket of Anna's.", 25)),
    ]
    return [
        {
            "title": "Trains to Porto",
            "create_time": DAY,
            "update_time": DAY + 25,
            "mapping": {node["id"]: node for node in nodes},
            "moderation_results": [],
            "current_node": "second",
            "conversation_id": "gpt-1",
            "is_archived": False,
            "default_model_slug": "gpt-4o",
            "id": "gpt-1",
        }
    ]


def claude() -> list[dict[str, Any]]:
    """Two conversations: one of blocks, whose second question was edited; one of an older export, without links."""

    def message(id: str, parent: str, sender: str, at: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "uuid": id,
            "text": "This block is not supported on your current device yet.",
            "content": list(blocks),
            "sender": sender,
            "created_at": f"2025-03-01T{at}.123456Z",
            "updated_at": f"2025-03-01T{at}.123456Z",
            "attachments": [],
            "files": [],
            "parent_message_uuid": parent,
        } | more

    def said(text: str) -> dict[str, Any]:
        return {"type": "text", "text": text, "citations": []}

    start = "00000000-0000-4000-8000-000000000000"
    paper = {"file_name": "lease.pdf", "file_size": 3, "file_type": "pdf", "extracted_content": "The rent is 900."}
    return [
        {
            "uuid": "claude-1",
            "name": "租约",
            "created_at": "2025-03-01T09:00:00.000000Z",
            "updated_at": "2025-03-01T09:10:00.000000Z",
            "account": {"uuid": "me"},
            "chat_messages": [
                message("a", start, "human", "09:00:00", said("What is the rent?"), attachments=[paper]),
                message(
                    "b", "a", "assistant", "09:00:05", {"type": "thinking", "thinking": "900?"}, said("900 euros.")
                ),
                message("c", "b", "human", "09:01:00", said("Per week?")),
                message("d", "c", "assistant", "09:01:05", said("Per month.")),
                message("e", "b", "human", "09:05:00", said("押金是多少？")),
                message(
                    "f",
                    "e",
                    "assistant",
                    "09:05:05",
                    said("Let me look."),
                    {"type": "tool_use", "name": "artifacts", "input": {}},
                    {"type": "tool_result", "content": []},
                    said("两个月。"),
                ),
            ],
        },
        {
            "uuid": "claude-2",
            "name": "",
            "created_at": "2024-03-01T09:00:00Z",
            "updated_at": "2024-03-01T09:10:00Z",
            "chat_messages": [
                {"uuid": "x", "text": "My sister is Anna.", "sender": "human", "created_at": "2024-03-01T09:00:00Z"},
                {"uuid": "y", "text": "Nice!", "sender": "assistant", "created_at": "2024-03-01T09:00:09Z"},
            ],
        },
    ]


def open_webui() -> list[dict[str, Any]]:
    """One chat, asked of two models side by side; the second one's answer was gone on with."""

    def message(id: str, parent: str | None, below: list[str], role: str, content: str, at: int, **more: Any) -> Any:
        return {
            "id": id,
            "parentId": parent,
            "childrenIds": below,
            "role": role,
            "content": content,
            "timestamp": int(DAY) + at,
        } | more

    thought = '<details type="reasoning" done="true" duration="2">\n<summary>Thought</summary>\n> hm\n</details>\n'
    messages = [
        message("q", None, ["m1", "m2"], "user", "Name a tea.", 0, files=[{"type": "file", "name": "teas.csv"}]),
        message("m1", "q", [], "assistant", "Sencha.", 5, model="llama3", modelIdx=0, done=True),
        message("m2", "q", ["q2"], "assistant", f"{thought}Assam.", 6, model="qwen3", modelIdx=1, done=True),
        message("q2", "m2", ["m3"], "user", "Another?", 60),
        message("m3", "q2", [], "assistant", "Darjeeling.", 66, model="qwen3", done=True),
    ]
    return [
        {
            "id": "webui-1",
            "user_id": "me",
            "title": "🍵 Teas",
            "chat": {
                "title": "🍵 Teas",
                "models": ["llama3", "qwen3"],
                "history": {"messages": {one["id"]: one for one in messages}, "currentId": "m3"},
                "messages": messages,
                "timestamp": int(DAY) * 1000,
            },
            "updated_at": int(DAY) + 66,
            "created_at": int(DAY),
            "archived": False,
            "pinned": False,
        }
    ]


def written(path: Path, conversations: Any) -> Path:
    path.write_text(json.dumps(conversations, ensure_ascii=False), "utf-8")
    return path


def zipped(path: Path, conversations: Any) -> Path:
    """As the apps send it: with files beside it that are none of ours."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/user.json", "{}")
        archive.writestr("export/conversations.json", json.dumps(conversations))
        archive.writestr("export/chat.html", "<html></html>")
    return path
