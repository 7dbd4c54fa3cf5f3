"""Words of the keys and the log, below the models: key → (English, Chinese)."""

from __future__ import annotations

ACCESS: dict[str, tuple[str, str]] = {
    "access.title": ("Access", "访问"),
    "access.subtitle": (
        "Which programs may use this Mneme, and what was done with it.",
        "哪些程序可以使用这个 Mneme，以及对它做过什么。",
    ),
    "access.refresh": ("Refresh", "刷新"),
    # ---- keys ----
    "access.keys": ("Keys for programs", "程序密钥"),
    "access.keys_text": (
        "A program that sends one of these has all of your memory, through /v1. Give each its own.",
        "持有密钥的程序可以通过 /v1 使用你的全部记忆。请为每个程序单独创建。",
    ),
    "access.unguarded": (
        "No password is set, so /v1 takes any key, from this computer only. Keys count as soon as there is a password.",
        "尚未设置密码，因此 /v1 接受任何密钥，但仅限本机。设置密码后密钥才起作用。",
    ),
    "access.none": ("No keys yet.", "还没有密钥。"),
    "access.name": ("Name of the program", "程序名称"),
    "access.make": ("Make a key", "创建密钥"),
    "access.made": (
        "This is the key of “{name}”. Copy it now: it is not kept, and is not shown again.",
        "这是“{name}”的密钥。请立即复制：它不会被保存，也不会再次显示。",
    ),
    "access.copy": ("Copy", "复制"),
    "access.copied": ("Copied", "已复制"),
    "access.done": ("I have it", "我已保存"),
    "access.created": ("made {when}", "创建于 {when}"),
    "access.used": ("last used {when}", "最近使用：{when}"),
    "access.unused": ("never used", "从未使用"),
    "access.revoke": ("Revoke", "吊销"),
    "access.revoke_name": ("Revoke the key of {name}", "吊销 {name} 的密钥"),
    "access.revoke_ask": (
        "Revoke the key of “{name}”? Its program is refused from then on.",
        "吊销“{name}”的密钥？此后该程序将被拒绝。",
    ),
    "access.did_revoke": ("The key of “{name}” opens nothing any more.", "“{name}”的密钥已失效。"),
    # ---- the log ----
    "access.log": ("What was done", "操作记录"),
    "access.log_text": (
        "Who came in, and what was taken out or in or deleted. Never what it said.",
        "谁登录过，导出、导入或删除过什么。不含任何内容。",
    ),
    "access.log_none": ("Nothing yet.", "还没有记录。"),
    "access.from": ("from {address}", "来自 {address}"),
    "access.log_signed_in": ("Signed in", "登录"),
    "access.log_sign_in_refused": ("Refused: a wrong password", "已拒绝：密码错误"),
    "access.log_signed_out": ("Signed out in one browser", "退出一个浏览器"),
    "access.log_signed_out_everywhere": ("Signed out everywhere", "退出所有浏览器"),
    "access.log_key_made": ("Made a key", "创建了密钥"),
    "access.log_key_revoked": ("Revoked a key", "吊销了密钥"),
    "access.log_key_refused": ("Refused: a wrong or revoked key", "已拒绝：密钥错误或已吊销"),
    "access.log_exported": ("Exported {count} memories or conversations", "导出了 {count} 条记忆或对话"),
    "access.log_imported": ("Imported {count} memories or conversations", "导入了 {count} 条记忆或对话"),
    "access.log_memories_deleted": ("Deleted {count} memories", "删除了 {count} 条记忆"),
    "access.log_everything_deleted": (
        "Deleted everything in memory: {count} memories",
        "删除了全部记忆：{count} 条",
    ),
    "access.log_document_deleted": ("Deleted {count} documents", "删除了 {count} 个文档"),
    "access.log_conversation_deleted": ("Deleted a conversation", "删除了一个对话"),
    "access.log_exchange_undone": ("Took back a message and its reply", "撤回了一条消息及其回复"),
    "access.log_forgotten": ("Had {count} memories forgotten", "让 Mneme 忘掉了 {count} 条记忆"),
    "access.log_exported_one": ("Exported one memory or conversation", "导出了 1 条记忆或对话"),
    "access.log_imported_one": ("Imported one memory or conversation", "导入了 1 条记忆或对话"),
    "access.log_memories_deleted_one": ("Deleted one memory", "删除了 1 条记忆"),
    "access.log_document_deleted_one": ("Deleted a document", "删除了 1 个文档"),
    "access.log_forgotten_one": ("Had one memory forgotten", "让 Mneme 忘掉了 1 条记忆"),
}
