"""Every word of the page, in English and Simplified Chinese, and how the page's language is chosen.

``WORDS`` maps a key to (English, Chinese). A key starts with its section's name. Components take ``label(key)``, which
the browser translates; text that is made on the server takes ``say(key, language, …)``; scripts use
``window.mneme.say(key, {…})`` with the same table. Values are put in with ``{name}``.

Does not know: which component shows which word.
"""

from __future__ import annotations

import json
import re
from typing import Literal

import gradio as gr
from gradio.i18n import I18nData

Language = Literal["en", "zh"]
COOKIE = "mneme_language"  # set by the page's head script; text made on the server follows it

# ---- the page's frame ------------------------------------------------------------------------------
FRAME: dict[str, tuple[str, str]] = {
    "frame.chat": ("Chat", "对话"),
    "frame.memory": ("Memory", "记忆"),
    "frame.documents": ("Documents", "文档"),
    "frame.light": ("Light", "浅色"),
    "frame.dark": ("Dark", "深色"),
    "frame.system": ("System", "跟随系统"),
    "frame.theme": ("Theme", "主题"),
    "frame.language": ("Language", "语言"),
    "frame.unexpected": (
        "Something went wrong on this side; the terminal says what. Please try again.",
        "程序内部出错，详情见终端。请重试。",
    ),
    "frame.problem": ("That did not work", "未能完成"),
    "frame.cancel": ("Cancel", "取消"),
    "frame.close": ("Close", "关闭"),
}

# ---- getting ready ---------------------------------------------------------------------------------
STATUS: dict[str, tuple[str, str]] = {
    "status.title": ("Getting ready", "正在准备"),
    "status.starting": ("Starting", "正在启动"),
    "status.fetching": ("Fetching the language model (only the first time)", "正在下载语言模型（仅首次）"),
    "status.converting": ("Converting the language model (only the first time)", "正在转换语言模型（仅首次）"),
    "status.encoder": ("Loading the encoder", "正在加载编码器"),
    "status.memory": ("Opening your memory", "正在打开记忆库"),
    "status.decoder": ("Loading the language model", "正在加载语言模型"),
    "status.failed": ("Mneme could not start", "Mneme 无法启动"),
    "status.wait": ("Mneme is still getting ready; try again in a moment.", "Mneme 正在准备中，请稍候再试。"),
}

# ---- chat ------------------------------------------------------------------------------------------
CHAT: dict[str, tuple[str, str]] = {
    "chat.messages": ("Messages", "消息"),
    "chat.box": ("Your message", "你的消息"),
    "chat.placeholder": ("Message Mneme…", "给 Mneme 发消息…"),
    "chat.hint": (
        "Enter sends · Shift+Enter new line · Esc stops · / writes",
        "Enter 发送 · Shift+Enter 换行 · Esc 停止 · / 输入",
    ),
    "chat.send": ("Send", "发送"),
    "chat.stop": ("Stop", "停止"),
    "chat.attach": ("Add files to memory", "添加文件到记忆"),
    "chat.thinking": ("Reading memory…", "正在读取记忆…"),
    "chat.welcome": ("What would you like to remember?", "想让我记住什么？"),
    "chat.welcome_1": (
        "Everything you say here, and every document you drop in, becomes a memory on this computer.",
        "你在这里说的每句话、放进来的每份文档，都会成为保存在这台电脑上的记忆。",
    ),
    "chat.welcome_2": (
        "Before each reply Mneme reads what fits, and the panel shows you which memories it read and how much they "
        "weighed.",
        "每次回复之前，Mneme 会读取相关的记忆，并在面板中显示读了哪些、各占多大权重。",
    ),
    "chat.example_1": (
        "My sister Anna moved to Lisbon in 2019 and works as a marine biologist.",
        "我姐姐安娜2019年搬到了里斯本，是一名海洋生物学家。",
    ),
    "chat.example_1_title": ("Tell it something", "告诉它一件事"),
    "chat.example_2": ("What do you remember about my family?", "关于我的家人，你记得什么？"),
    "chat.example_2_title": ("Ask what it knows", "问问它记得什么"),
    "chat.example_3": (
        "Please remember that I am allergic to peanuts.",
        "请记住我对花生过敏。",
    ),
    "chat.example_3_title": ("Have it remember", "让它记住"),
    "chat.empty": ("Write a message or add a file first.", "请先输入消息或添加文件。"),
    "chat.busy": (
        "A reply is still being written in this conversation; stop it first.",
        "此对话正在生成回复，请先停止。",
    ),
    "chat.changed": (
        "This conversation changed in another window; it was loaded again.",
        "此对话已在另一个窗口中更改，现已重新载入。",
    ),
    "chat.gone": ("This conversation is no longer there.", "此对话已不存在。"),
    "chat.no_message": ("This message is no longer there.", "此消息已不存在。"),
    "chat.stopped": ("Stopped", "已停止"),
    "chat.cut": ("Cut off at the longest reply", "已达到最长回复长度"),
    "chat.reads": ("{count} memories read", "读取了 {count} 条记忆"),
    "chat.read_one": ("1 memory read", "读取了 1 条记忆"),
    "chat.no_reads": ("Not from memory", "并非来自记忆"),
    "chat.again": ("Reply to this", "回复这条消息"),
    "chat.earlier": ("Earlier version", "上一个版本"),
    "chat.later": ("Later version", "下一个版本"),
    "chat.intake": ("Taking in {name}", "正在收入 {name}"),
    "chat.intake_waiting": ("waiting", "等待中"),
    "chat.intake_added": ("{name} is in memory: {passages} passages", "{name} 已存入记忆：{passages} 个段落"),
    "chat.intake_already": ("{name} was already in memory", "{name} 早已在记忆中"),
    "chat.intake_replaced": (
        "{name} replaced its earlier version: {passages} passages",
        "{name} 已替换旧版本：{passages} 个段落",
    ),
    "chat.intake_cancelled": ("{name} was cancelled; nothing of it was kept", "{name} 已取消，未保留任何内容"),
    "chat.intake_failed": ("{name}: {why}", "{name}：{why}"),
    "chat.upload_gone": ("The uploaded file is no longer there; add it again.", "上传的文件已不存在，请重新添加。"),
}

# ---- sidebar ---------------------------------------------------------------------------------------
SIDEBAR: dict[str, tuple[str, str]] = {
    "sidebar.new": ("New chat", "新对话"),
    "sidebar.search": ("Search conversations", "搜索对话"),
    "sidebar.today": ("Today", "今天"),
    "sidebar.yesterday": ("Yesterday", "昨天"),
    "sidebar.none": ("No conversations yet", "还没有对话"),
    "sidebar.no_match": ("Nothing found", "没有找到"),
    "sidebar.list": ("Conversations", "对话列表"),
    "sidebar.untitled": ("New conversation", "新对话"),
    "sidebar.rename": ("Rename", "重命名"),
    "sidebar.delete": ("Delete", "删除"),
    "sidebar.more": ("More conversations", "更多对话"),
    "sidebar.delete_title": ("Delete this conversation?", "删除此对话？"),
    "sidebar.delete_text": (
        "“{title}” and all memories made from it will be gone for good.",
        "“{title}”及由它产生的所有记忆将被永久删除。",
    ),
    "sidebar.toggle": ("Conversations", "对话"),
}

# ---- reads panel -----------------------------------------------------------------------------------
READS: dict[str, tuple[str, str]] = {
    "reads.title": ("Memories read", "读取的记忆"),
    "reads.open": ("Memories", "记忆"),
    "reads.none_chosen": (
        "When a reply comes, the memories it read appear here, in order of their weight.",
        "回复时所读取的记忆会按权重显示在这里。",
    ),
    "reads.not_from_memory": ("Not from memory", "并非来自记忆"),
    "reads.not_from_memory_text": (
        "Nothing in memory was read for this reply.",
        "这条回复没有读取任何记忆。",
    ),
    "reads.null": ("Nothing in memory", "记忆中没有"),
    "reads.null_text": ("share of the read that found no answer", "未找到答案的注意力占比"),
    "reads.score": ("Match", "匹配"),
    "reads.weight": ("Weight", "权重"),
    "reads.deleted": ("Deleted", "已删除"),
    "reads.deleted_text": ("This memory was deleted.", "此记忆已删除。"),
    "reads.you": ("You", "你"),
    "reads.assistant": ("Mneme", "Mneme"),
    "reads.note": ("Note", "笔记"),
    "reads.page": ("page {page}", "第 {page} 页"),
    "reads.passage": ("passage {position}", "第 {position} 段"),
    "reads.this_conversation": ("this conversation", "本次对话"),
    "reads.conversation_gone": ("deleted conversation", "已删除的对话"),
    "reads.go": ("Go to the place", "跳到出处"),
    "reads.pin": ("Pin: always read", "置顶：总是读取"),
    "reads.unpin": ("Unpin", "取消置顶"),
    "reads.mute": ("Mute: never read", "静音：不再读取"),
    "reads.unmute": ("Unmute", "取消静音"),
    "reads.edit": ("Edit", "编辑"),
    "reads.delete": ("Delete", "删除"),
    "reads.save": ("Save", "保存"),
    "reads.pinned": ("pinned", "已置顶"),
    "reads.muted": ("muted", "已静音"),
    "reads.edited": ("edited", "已编辑"),
    "reads.delete_title": ("Delete this memory?", "删除此记忆？"),
    "reads.delete_text": (
        "It will never be read again. The message it came from stays in its conversation.",
        "它将不再被读取；原消息仍保留在对话中。",
    ),
    "reads.shortlisted": ("{count} considered", "候选 {count} 条"),
    "reads.in_text": ("Text of the memory", "记忆内容"),
    "reads.more": ("more", "展开"),
    "reads.less": ("less", "收起"),
}

# ---- memory page (keys "memory.…") -----------------------------------------------------------------
MEMORY: dict[str, tuple[str, str]] = {
    "memory.title": ("Memory", "记忆"),
    "memory.intro": (
        "Everything Mneme can read before a reply. What you delete here is gone for good.",
        "Mneme 回复前可读取的全部内容。在此删除的内容将永久消失。",
    ),
    "memory.count": ("{count} memories", "{count} 条记忆"),
    "memory.count_one": ("1 memory", "1 条记忆"),
    "memory.count_of": ("{count} of {all} memories", "{all} 条记忆中的 {count} 条"),
    "memory.search": ("Search memories", "搜索记忆"),
    "memory.kind": ("Kind", "类型"),
    "memory.kind_all": ("All kinds", "所有类型"),
    "memory.kind_turn": ("Messages", "消息"),
    "memory.kind_passage": ("Passages", "段落"),
    "memory.kind_note": ("Notes", "笔记"),
    "memory.time": ("Time", "时间"),
    "memory.time_all": ("Any time", "任何时间"),
    "memory.time_today": ("Today", "今天"),
    "memory.time_week": ("Last 7 days", "最近 7 天"),
    "memory.time_month": ("Last 30 days", "最近 30 天"),
    "memory.time_custom": ("Dates…", "选择日期…"),
    "memory.from": ("From", "从"),
    "memory.to": ("To", "到"),
    "memory.source": ("Source", "来源"),
    "memory.source_all": ("All sources", "所有来源"),
    "memory.source_conversations": ("Conversations", "对话"),
    "memory.source_documents": ("Documents", "文档"),
    "memory.state": ("State", "状态"),
    "memory.state_all": ("Pinned or not", "全部状态"),
    "memory.state_pinned": ("Pinned", "已置顶"),
    "memory.state_muted": ("Muted", "已静音"),
    "memory.clear_filters": ("Clear filters", "清除筛选"),
    "memory.add": ("Add a note", "添加笔记"),
    "memory.add_label": ("What should Mneme remember?", "想让 Mneme 记住什么？"),
    "memory.add_save": ("Remember", "记住"),
    "memory.more": ("More", "更多"),
    "memory.export": ("Export (JSONL)", "导出（JSONL）"),
    "memory.import": ("Import (JSONL)", "导入（JSONL）"),
    "memory.delete_all": ("Delete everything…", "全部删除…"),
    "memory.delete_all_title": ("Delete all {count} memories?", "删除全部 {count} 条记忆？"),
    "memory.delete_all_text": (
        "All memories, documents and their passages will be gone for good. Conversations stay in the sidebar. "
        "Type DELETE to go on.",
        "所有记忆、文档及其段落将被永久删除，对话仍保留在侧栏中。请输入“删除”以继续。",
    ),
    "memory.delete_all_label": ("Type DELETE", "请输入“删除”"),
    "memory.delete_all_yes": ("Delete everything", "全部删除"),
    "memory.cancel": ("Cancel", "取消"),
    "memory.save": ("Save", "保存"),
    "memory.edit": ("Edit", "编辑"),
    "memory.edit_label": ("Text of the memory", "记忆内容"),
    "memory.edit_hint": ("Ctrl+Enter saves · Esc cancels", "Ctrl+Enter 保存 · Esc 取消"),
    "memory.delete": ("Delete", "删除"),
    "memory.delete_ask": ("Delete this memory for good?", "永久删除这条记忆？"),
    "memory.delete_many": ("Delete {count} memories for good?", "永久删除这 {count} 条记忆？"),
    "memory.pin": ("Pin: always read", "置顶：总是读取"),
    "memory.unpin": ("Unpin", "取消置顶"),
    "memory.mute": ("Mute: never read", "静音：不再读取"),
    "memory.unmute": ("Unmute", "取消静音"),
    "memory.select": ("Select this memory", "选择这条记忆"),
    "memory.select_page": ("Select all on this page", "选择本页全部"),
    "memory.selected": ("{count} selected", "已选择 {count} 条"),
    "memory.clear_selection": ("Clear selection", "取消选择"),
    "memory.you": ("You", "你"),
    "memory.assistant": ("Mneme", "Mneme"),
    "memory.note": ("Note", "笔记"),
    "memory.passage": ("Passage", "段落"),
    "memory.pinned": ("Pinned", "已置顶"),
    "memory.muted": ("Muted", "已静音"),
    "memory.other_branch": ("Not on the current branch", "不在当前分支"),
    "memory.edited": ("Edited {when}", "编辑于 {when}"),
    "memory.page": ("page {page}", "第 {page} 页"),
    "memory.never_read": ("Never read", "从未读取"),
    "memory.read_once": ("Read once, {when}", "读取过 1 次，{when}"),
    "memory.read_times": ("Read {count} times, last {when}", "读取过 {count} 次，最近一次 {when}"),
    "memory.go": ("Go to the place: {source}", "跳到出处：{source}"),
    "memory.untitled": ("New conversation", "新对话"),
    "memory.gone": ("Deleted conversation", "已删除的对话"),
    "memory.show_all": ("Show all", "展开"),
    "memory.show_less": ("Show less", "收起"),
    "memory.range": ("{first}–{last} of {total}", "第 {first}–{last} 条，共 {total} 条"),
    "memory.previous": ("Previous page", "上一页"),
    "memory.next": ("Next page", "下一页"),
    "memory.empty_title": ("Nothing to remember yet", "还没有记忆"),
    "memory.empty_text": (
        "What you say in a chat, documents you drop in and notes you add here become memories.",
        "对话中的内容、放入的文档以及在此添加的笔记都会成为记忆。",
    ),
    "memory.no_match_title": ("No memory matches", "没有匹配的记忆"),
    "memory.no_match_text": ("Try other words or fewer filters.", "换个词或减少筛选条件试试。"),
    "memory.did_delete": ("Deleted.", "已删除。"),
    "memory.did_delete_many": ("{count} memories deleted.", "已删除 {count} 条记忆。"),
    "memory.did_add": ("Remembered.", "已记住。"),
    "memory.did_edit": ("Saved.", "已保存。"),
    "memory.wrong_word": (
        "Nothing was deleted: type DELETE to delete everything.",
        "未删除任何内容：请输入“删除”以全部删除。",
    ),
    "memory.importing": ("Importing {name}", "正在导入 {name}"),
    "memory.imported": (
        "{name}: {added} memories added, {skipped} were already there.",
        "{name}：新增 {added} 条记忆，{skipped} 条已存在。",
    ),
    "memory.import_cancelled": ("{name}: import cancelled.", "{name}：导入已取消。"),
    "memory.import_failed": ("{name}: {why}", "{name}：{why}"),
    "memory.dismiss": ("Dismiss", "关闭"),
}

# ---- documents page (keys "documents.…") -----------------------------------------------------------
DOCUMENTS: dict[str, tuple[str, str]] = {
    "documents.title": ("Documents", "文档"),
    "documents.intro": (
        "Every file becomes passages in memory. Deleting it deletes all of them.",
        "每个文件都会成为记忆中的段落；删除文件即删除其所有段落。",
    ),
    "documents.count": ("{count} documents", "{count} 个文档"),
    "documents.count_one": ("1 document", "1 个文档"),
    "documents.drop": ("Drop files here", "将文件拖放到此处"),
    "documents.choose": ("Choose files", "选择文件"),
    "documents.types": (
        "Text, Markdown, PDF, Word, HTML or CSV · up to {mib} MiB each",
        "文本、Markdown、PDF、Word、HTML 或 CSV · 每个最大 {mib} MiB",
    ),
    "documents.uploads": ("Uploads", "上传"),
    "documents.clear": ("Clear finished", "清除已完成"),
    "documents.cancel": ("Cancel {name}", "取消 {name}"),
    "documents.percent": ("{percent} %", "{percent}%"),
    "documents.phase_sending": ("Uploading", "正在上传"),
    "documents.phase_waiting": ("Waiting its turn", "排队中"),
    "documents.phase_getting_ready": ("Waiting until Mneme is ready", "等待 Mneme 准备就绪"),
    "documents.phase_working": ("Working", "处理中"),
    "documents.phase_reading": ("Reading the file", "正在读取文件"),
    "documents.phase_remembering": ("Writing to memory", "正在写入记忆"),
    "documents.added": ("Added: {passages} passages", "已添加：{passages} 个段落"),
    "documents.added_one": ("Added: 1 passage", "已添加：1 个段落"),
    "documents.already_there": ("Already in memory, nothing to do", "已在记忆中，无需处理"),
    "documents.replaced": ("Replaced the older version: {passages} passages", "已替换旧版本：{passages} 个段落"),
    "documents.cancelled": ("Cancelled; nothing of it was kept", "已取消，未保留任何内容"),
    "documents.refused": ("The upload did not arrive; try again.", "上传未完成，请重试。"),
    "documents.open_name": ("Open {name}", "打开 {name}"),
    "documents.delete": ("Delete", "删除"),
    "documents.delete_name": ("Delete {name}", "删除 {name}"),
    "documents.delete_ask": (
        "Delete this document and its {passages} passages for good?",
        "永久删除此文档及其 {passages} 个段落？",
    ),
    "documents.did_delete": (
        "{name} and its passages are deleted.",
        "{name} 及其段落已删除。",
    ),
    "documents.passages": ("{count} passages", "{count} 个段落"),
    "documents.passage_one": ("1 passage", "1 个段落"),
    "documents.pages": ("{count} pages", "{count} 页"),
    "documents.page_one": ("1 page", "1 页"),
    "documents.back": ("All documents", "所有文档"),
    "documents.page": ("Page {page}", "第 {page} 页"),
    "documents.passage": ("Passage {position}", "第 {position} 段"),
    "documents.gone": ("This document is no longer there.", "此文档已不存在。"),
    "documents.empty_title": ("No documents yet", "还没有文档"),
    "documents.empty_text": (
        "Drop a file above; Mneme reads from it before it replies.",
        "将文件放到上方，Mneme 会在回复前从中读取。",
    ),
}

WORDS: dict[str, tuple[str, str]] = {**FRAME, **STATUS, **CHAT, **SIDEBAR, **READS, **MEMORY, **DOCUMENTS}

# ---- how they are chosen ---------------------------------------------------------------------------


def label(key: str) -> I18nData:
    """A word for a component's label, placeholder and the like; the browser puts in the right language.

    Raises KeyError for an unknown key, so that a typing slip shows when the page is built.
    """
    if key not in WORDS:
        raise KeyError(key)
    return I18nData(key)


def translations() -> gr.I18n:
    """The table in the form Gradio's front end takes."""
    english = {key: words[0] for key, words in WORDS.items()}
    chinese = {key: words[1] for key, words in WORDS.items()}
    return gr.I18n(en=english, zh=chinese, **{"zh-CN": chinese})


def say(key: str, language: Language, **values: object) -> str:
    """The word in a language, with ``{name}`` replaced by the values. Raises KeyError for an unknown key."""
    text = WORDS[key][1 if language == "zh" else 0]
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)


def language_of(request: gr.Request | None) -> Language:
    """The language the page is shown in: the visitor's choice, otherwise the browser's first language."""
    if request is None:
        return "en"
    chosen = request.cookies.get(COOKIE, "") if request.cookies else ""
    if chosen in ("en", "zh"):
        return "zh" if chosen == "zh" else "en"
    return "zh" if str(request.headers.get("accept-language", "")).lower().startswith("zh") else "en"


def as_script() -> str:
    """The table as a JavaScript object literal, safe inside a script element."""
    table = json.dumps(WORDS, ensure_ascii=True)
    return table.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
