"""Words of what stands around the chat: memory switched off, what waits, the keys, the jump box."""

from __future__ import annotations

# ---- off the record, and messages that wait --------------------------------------------------------
MODE: dict[str, tuple[str, str]] = {
    "mode.temporary": ("Temporary chat", "临时对话"),
    "mode.temporary_text": (
        "It reads no memory and becomes none, stands in no list, and is gone when you close or reload this page, or "
        "open another chat.",
        "不读取记忆，也不存入记忆，不出现在对话列表中；关闭或刷新页面、打开其他对话后即消失。",
    ),
    "mode.close": ("Close it", "关闭"),
    "mode.close_title": ("Close the temporary chat?", "关闭临时对话？"),
    "mode.close_text": ("What was said in it is gone for good.", "其中的内容将永久消失。"),
    "mode.paused": ("Memory is paused in this chat", "此对话已暂停记忆"),
    "mode.paused_text": (
        "What is said now stays in this chat and never becomes a memory; no memory is read.",
        "现在说的话只保留在此对话中，绝不会成为记忆，也不会读取记忆。",
    ),
    "mode.pause": ("Pause memory", "暂停记忆"),
    "mode.resume": ("Resume memory", "恢复记忆"),
    "mode.off_record": ("Not in memory", "未存入记忆"),
    "mode.off_record_text": (
        "Memory was paused when this was said: it stays in this chat only.",
        "说这句话时记忆已暂停：它只保留在此对话中。",
    ),
    "mode.no_files": (
        "Files become memories, and memory is off in this chat. Add them on the Documents page, or in another chat.",
        "文件会存入记忆，而此对话的记忆已关闭。请在“文档”页或其他对话中添加。",
    ),
    "mode.waiting": ("Waiting for its turn", "等待发送"),
    "mode.take_back": ("Take “{text}” back into the message box", "把“{text}”收回到输入框"),
    "mode.typing": ("Mneme is replying", "Mneme 正在回复"),
}

# ---- keys and the jump box -------------------------------------------------------------------------
JUMP: dict[str, tuple[str, str]] = {
    "jump.title": ("Go to", "前往"),
    "jump.placeholder": ("A conversation, document, memory or page…", "对话、文档、记忆或页面…"),
    "jump.results": ("Where to go", "可前往的地方"),
    "jump.pages": ("Pages", "页面"),
    "jump.conversations": ("Conversations", "对话"),
    "jump.documents": ("Documents", "文档"),
    "jump.memories": ("Memories", "记忆"),
    "jump.none": ("Nothing found", "没有找到"),
    "jump.found": ("{count} found", "找到 {count} 项"),
    "jump.found_one": ("1 found", "找到 1 项"),
    "keys.all": ("? all keys", "? 所有快捷键"),
    "keys.title": ("Keys", "快捷键"),
    "keys.send": ("Send the message", "发送消息"),
    "keys.line": ("New line", "换行"),
    "keys.stop": ("Stop the reply, close what is open", "停止回复，关闭弹出的窗口"),
    "keys.write": ("Write a message", "输入消息"),
    "keys.jump": ("Go to a conversation, document, memory or page", "前往对话、文档、记忆或页面"),
    "keys.keys": ("Show these keys", "显示这些快捷键"),
    "keys.back": ("Back and forward between chats and pages", "在对话和页面之间后退、前进"),
}
