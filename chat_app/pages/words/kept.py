"""Words of the line below a message that says what memory made of it, and of the Changes on the Memory page."""

from __future__ import annotations

KEPT = {
    "kept.add": ("Remembered", "已记住"),
    "kept.merge": ("Known already:", "已经记得："),
    "kept.supersede": ("Changed. Before:", "已更新。之前："),
    "kept.undo": ("Undo", "撤销"),
    "kept.undo_supersede": ("Both are true: undo this change", "两者都成立：撤销这次更新"),
    "kept.undo_merge": ("This says something new: keep it as a memory of its own", "这是新内容：单独记住"),
    "kept.drop": ("Don’t keep", "不要记住"),
    "kept.drop_title": ("Take this message out of memory; it stays in the chat", "把这条消息移出记忆；对话中仍会保留"),
}
