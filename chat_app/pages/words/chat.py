"""Words of the page's frame, the start, the chat, the sidebar and the reads panel: key → (English, Chinese)."""

from __future__ import annotations

# ---- the page's frame ------------------------------------------------------------------------------
FRAME: dict[str, tuple[str, str]] = {
    "frame.chat": ("Chat", "对话"),
    "frame.memory": ("Memory", "记忆"),
    "frame.documents": ("Documents", "文档"),
    "frame.training": ("Training", "训练"),
    "frame.models": ("Models", "模型"),
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
    "status.repairing": (
        "Making the vectors of your memories anew from their text: the vector index was damaged",
        "向量索引已损坏，正在从记忆的文字重建",
    ),
    "notice.vectors": (
        "The vector index was damaged. It was made anew from the text of your memories; nothing is lost.",
        "向量索引曾损坏，已从记忆的文字重建，没有丢失任何内容。",
    ),
    "notice.database_changed": (
        "The database file is not as Mneme left it when it was closed last. SQLite finds it whole, so it is used. If "
        "you neither put a backup in its place nor changed it, the disk did: compare it with a backup.",
        "数据库文件与 Mneme 上次关闭时不同。SQLite 检查后认为它完整，因此继续使用。"
        "如果你没有换上备份，也没有改动过它，那就是磁盘改变了它：请与备份对照。",
    ),
    "notice.database_gone": (
        "The database file that Mneme closed last is no longer there; an empty one was made.",
        "Mneme 上次关闭的数据库文件已不存在，已新建一个空的。",
    ),
    "notice.weights": (
        "The language model's files were found damaged on the disk. They are made anew; until then replies may be "
        "empty or make no sense.",
        "语言模型的文件在磁盘上已损坏，正在重新制作；在此之前回复可能为空或没有意义。",
    ),
    "notice.document_goes_on": (
        "Mneme ended while {name} was taken in; that goes on now.",
        "读取 {name} 时 Mneme 中断了，现在继续读取。",
    ),
    "notice.document_given_up": (
        "Mneme ended twice while {name} was taken in, so it is left out; nothing of it is in memory.",
        "读取 {name} 时 Mneme 两次中断，因此已放弃；记忆中没有它的任何内容。",
    ),
    "notice.import_goes_on": (
        "Mneme ended while {name} was imported; that goes on now.",
        "导入 {name} 时 Mneme 中断了，现在继续导入。",
    ),
    "notice.import_given_up": (
        "Mneme ended twice while {name} was imported. What came in until then is in memory, the rest is not; "
        "import the file again to bring it in.",
        "导入 {name} 时 Mneme 两次中断。已导入的部分在记忆中，其余没有；请重新导入该文件。",
    ),
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
        "Enter sends · Shift+Enter new line · Esc stops",
        "Enter 发送 · Shift+Enter 换行 · Esc 停止",
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
    "chat.before": ("{count} before you", "前面还有 {count} 个"),
    "chat.stopped": ("Stopped", "已停止"),
    "chat.late": ("Cut short: it took too long", "耗时过长，已截断"),
    "chat.cut": ("Cut off at the longest reply", "已达到最长回复长度"),
    "chat.reads": ("{count} memories read", "读取了 {count} 条记忆"),
    "chat.read_one": ("1 memory read", "读取了 1 条记忆"),
    "chat.no_reads": ("Not from memory", "并非来自记忆"),
    "chat.again": ("Reply to this", "回复这条消息"),
    "chat.retry": ("Write this reply again", "重新生成这条回复"),
    "chat.undo": ("Take back the last message and its reply", "撤回最后一条消息及其回复"),
    "chat.edit": ("Change the text", "修改文字"),
    "chat.like": ("Good reply", "回复得好"),
    "chat.dislike": ("Bad reply", "回复得不好"),
    "chat.earlier": ("Earlier version", "上一个版本"),
    "chat.later": ("Later version", "下一个版本"),
    "chat.intake": ("Taking in {name}", "正在收入 {name}"),
    "chat.intake_waiting": ("waiting", "等待中"),
    "chat.intake_added": ("{name} is in memory: {passages} passages", "{name} 已存入记忆：{passages} 个段落"),
    "chat.intake_already": ("{name} was already in memory", "{name} 早已在记忆中"),
    "chat.intake_same_name": (
        "{name} is in memory beside an older file of this name: {passages} passages",
        "{name} 已存入记忆，与同名的旧文件并存：{passages} 个段落",
    ),
    "chat.intake_cancelled": ("{name} was cancelled; nothing of it was kept", "{name} 已取消，未保留任何内容"),
    "chat.intake_failed": ("{name}: {why}", "{name}：{why}"),
    "chat.open_file": ("Open {name} on the Documents page", "在“文档”页打开 {name}"),
    "chat.upload_gone": ("The uploaded file is no longer there; add it again.", "上传的文件已不存在，请重新添加。"),
}

# ---- a branch that takes later messages out of memory ----------------------------------------------
BRANCH: dict[str, tuple[str, str]] = {
    "branch.title_edit": ("Go on from here differently?", "从这里换一种说法继续？"),
    "branch.title_again": ("Have this reply written again?", "重新生成这条回复？"),
    "branch.title_switch": ("Switch to the other version?", "切换到另一个版本？"),
    "branch.text": (
        "The {count} later messages of this chat leave memory: they are not read any more. They stay here as another "
        "version; switch back to it and they return.",
        "本次对话中其后的 {count} 条消息将移出记忆，不再被读取。它们会作为另一个版本保留在这里；切换回去即可恢复。",
    ),
    "branch.text_one": (
        "The later message of this chat leaves memory: it is not read any more. It stays here as another version; "
        "switch back to it and it returns.",
        "本次对话中其后的 1 条消息将移出记忆，不再被读取。它会作为另一个版本保留在这里；切换回去即可恢复。",
    ),
    "branch.yes_edit": ("Go on", "继续"),
    "branch.yes_again": ("Write it again", "重新生成"),
    "branch.yes_switch": ("Switch", "切换"),
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
    "sidebar.delete": ("Delete", "删除"),
    "sidebar.rename_of": ("Rename “{title}”", "重命名“{title}”"),
    "sidebar.delete_of": ("Delete “{title}”", "删除“{title}”"),
    "sidebar.export_of": ("Export “{title}”", "导出“{title}”"),
    "sidebar.pin_of": ("Pin “{title}” on top", "置顶“{title}”"),
    "sidebar.unpin_of": ("Unpin “{title}”", "取消置顶“{title}”"),
    "sidebar.pinned": ("Pinned", "已置顶"),
    "sidebar.temporary": ("Temporary chat: it leaves no trace", "临时对话：不留痕迹"),
    "sidebar.export": ("Export", "导出"),
    "sidebar.export_as": ("Export as {kind}", "导出为 {kind}"),
    "sidebar.more": ("More conversations", "更多对话"),
    "sidebar.delete_title": ("Delete this conversation?", "删除此对话？"),
    "sidebar.delete_text": (
        "“{title}” and all memories made from it will be gone for good.",
        "“{title}”及由它产生的所有记忆将被永久删除。",
    ),
    "sidebar.sign_out": ("Sign out", "退出登录"),
    "sidebar.toggle": ("Conversations", "对话"),
}

# ---- the source below a reply ----------------------------------------------------------------------
SOURCE: dict[str, tuple[str, str]] = {
    "source.chat": ("From your chat {when}:", "来自你{when}的对话："),
    "source.here": ("Earlier in this chat, {when}:", "本次对话前文（{when}）："),
    "source.assistant": ("Mneme’s own words {when}:", "Mneme {when}自己说的："),
    "source.note": ("From your note, {when}:", "来自你{when}的笔记："),
    "source.speaker": ("{speaker}, {when}:", "{speaker}（{when}）："),
    "source.document": ("From {title}:", "来自《{title}》："),
    "source.page": ("From {title}, page {page}:", "来自《{title}》第 {page} 页："),
    "source.today": ("today", "今天"),
    "source.yesterday": ("yesterday", "昨天"),
    "source.on": ("on {day}", "{day}"),
    "source.quote": ("“{text}”", "“{text}”"),
    "source.and": (", ", "、"),
    "source.missing": ("Not in your memories: {names}.", "你的记忆里没有：{names}。"),
    "source.closest": ("The closest:", "最接近的："),
    "source.idle": ("Read, but hardly used:", "读取了，但几乎没有用到："),
    "source.open": ("Show this memory", "显示这条记忆"),
}

# ---- what may be forgotten, below a reply -----------------------------------------------------------
FORGET: dict[str, tuple[str, str]] = {
    "forget.title": ("Forget these memories?", "要忘掉这些记忆吗？"),
    "forget.yes": ("Forget these {count}", "忘掉这 {count} 条"),
    "forget.yes_one": ("Forget this one", "忘掉这一条"),
    "forget.keep": ("Keep", "保留"),
    "forget.assistant": ("Mneme’s own words, {day}", "Mneme 自己说的，{day}"),
    "forget.done": (
        "Forgotten: Mneme no longer remembers this. What was said stays in its chat until you delete that.",
        "已忘掉：Mneme 不再记得这些。说过的话仍留在原对话里，直到你删除该对话。",
    ),
    "forget.kept": ("Kept: nothing was forgotten.", "已保留：什么都没有忘掉。"),
}

# ---- reads panel -----------------------------------------------------------------------------------
READS: dict[str, tuple[str, str]] = {
    "reads.title": ("Memories read", "读取的记忆"),
    "reads.open": ("Memories", "记忆"),
    "reads.off": ("Memory was off", "记忆已关闭"),
    "reads.off_text": (
        "This reply is off the record: no memory was read for it, and it becomes none.",
        "这条回复不留记录：没有读取记忆，也不会成为记忆。",
    ),
    "reads.none_chosen": (
        "When a reply comes, the memories it read appear here, those the model looked at most first.",
        "回复时所读取的记忆会显示在这里，模型关注最多的在前。",
    ),
    "reads.not_from_memory": ("Not from memory", "并非来自记忆"),
    "reads.not_from_memory_text": (
        "Nothing in memory was read for this reply.",
        "这条回复没有读取任何记忆。",
    ),
    "reads.null": ("Nothing in memory", "记忆中没有"),
    "reads.null_text": ("Share of the read that found no answer", "未找到答案的注意力占比"),
    "reads.score": ("Match", "匹配"),
    "reads.score_text": ("How well this memory fits the question.", "这条记忆与问题的匹配程度。"),
    "reads.weight": ("Weight", "权重"),
    "reads.weight_text": (
        "Share of the read that this memory got before the reply began (α). All weights, with “nothing in memory”, "
        "make 100 %.",
        "回复开始前，这条记忆在读取中所占的份额（α）。所有权重与“记忆中没有”合计为 100 %。",
    ),
    "reads.attention": ("Attention", "注意力"),
    "reads.attention_text": (
        "How much the model looked at this memory while it wrote: share of its attention, mean over the reply. The "
        "longest bar is the memory looked at most. Looking is not yet using.",
        "模型写这条回复时看了这条记忆多少：整条回复中注意力的平均份额。最长的条表示看得最多的记忆。看了不等于用了。",
    ),
    "reads.effect": ("Effect", "作用"),
    "reads.effect_text": (
        "What this memory did: the reply is scored once with it and once with it masked. Positive helps, negative "
        "hinders (in nats of log-probability).",
        "这条记忆起了什么作用：分别在保留和屏蔽它时为回复打分。正值有帮助，负值有妨碍（对数概率，单位 nat）。",
    ),
    "reads.effect_helps": ("helps", "有益"),
    "reads.effect_hinders": ("hinders", "有碍"),
    "reads.effect_helps_text": (
        "Without this memory the reply would be {times} times less likely ({nats} nats): it helped.",
        "没有这条记忆，这条回复的可能性会变低，相差 {times} 倍（{nats} nat）：它有帮助。",
    ),
    "reads.effect_hinders_text": (
        "Without this memory the reply would be {times} times likelier ({nats} nats): it hindered.",
        "没有这条记忆，这条回复的可能性会变高，相差 {times} 倍（{nats} nat）：它有妨碍。",
    ),
    "reads.effect_even_text": (
        "Without this memory the reply would be about as likely ({nats} nats): it did hardly anything.",
        "没有这条记忆，这条回复的可能性几乎不变（{nats} nat）：它几乎没起作用。",
    ),
    "reads.million": ("over a million", "超过一百万"),
    "reads.measure": ("Measure effect", "测量作用"),
    "reads.measuring": ("Measuring what each memory did…", "正在测量每条记忆的作用…"),
    "reads.measure_failed": (
        "The effect could not be measured; the terminal says why.",
        "未能测量作用，原因见终端。",
    ),
    "reads.explain": ("What these numbers mean", "这些数字的含义"),
    "reads.regenerate": ("Regenerate with these changes", "按这些更改重新生成"),
    "reads.path_blocks": ("Read as blocks", "以记忆块读取"),
    "reads.path_blocks_text": (
        "Each memory is kept ready as a block that the model attends to directly; its weight steers that attention.",
        "每条记忆都预先存成模型可直接关注的块，权重引导这份注意力。",
    ),
    "reads.path_hybrid": ("Strongest as text, others as blocks", "最强的以文本、其余以记忆块读取"),
    "reads.path_hybrid_text": (
        "The strongest memories stand in the prompt as text; the others are blocks that the model attends to directly.",
        "最强的记忆以文本放入提示，其余作为模型可直接关注的块。",
    ),
    "reads.path_prompt": ("Read as text in the prompt", "以提示中的文本读取"),
    "reads.path_prompt_text": (
        "The memories stand in the prompt as text, in order of their weight.",
        "记忆按权重顺序以文本放入提示。",
    ),
    "reads.path_endpoint": (
        "Sent as text to an endpoint, which does not show where it looked or what a memory did",
        "以文本发送到外部端点；端点不显示模型看了哪里、记忆起了什么作用",
    ),
    "reads.path_endpoint_text": (
        "Attention and effect can only be seen where the model runs in Mneme itself.",
        "只有模型在 Mneme 内运行时才能看到注意力和作用。",
    ),
    "reads.word_from": ("Read from: {texts}", "读自：{texts}"),
    "reads.word_from_none": ("Not read from a memory in particular", "并非特别读自某条记忆"),
    "reads.its_words": ("Show its words", "显示对应的词"),
    "reads.boost": ("Boost: weigh it four times as much when the reply is regenerated", "加强：重新生成时权重乘以四"),
    "reads.unboost": ("Do not boost", "取消加强"),
    "reads.boosted": ("boosted ×{factor}", "已加强 ×{factor}"),
    "reads.boosted_text": (
        "Its weight was multiplied for this reply only.",
        "仅在这条回复中提高了它的权重。",
    ),
    "reads.hop": ("Hop {number}", "第 {number} 跳"),
    "reads.hop_text": (
        "Found on look {number} at memory: the question had been refined by what look {before} read.",
        "第 {number} 次查看记忆时找到：问题已根据第 {before} 次读到的内容加以细化。",
    ),
    "reads.because": ("because of: “{text}”", "源于：“{text}”"),
    "reads.because_go": ("Show the memory that led here", "显示引出这条的记忆"),
    "reads.deleted": ("Deleted", "已删除"),
    "reads.deleted_text": ("This memory was deleted.", "此记忆已删除。"),
    "reads.you": ("You", "你"),
    "reads.assistant": ("Mneme", "Mneme"),
    "reads.note": ("Note", "笔记"),
    "reads.page": ("page {page}", "第 {page} 页"),
    "reads.passage": ("passage {position}", "第 {position} 段"),
    "reads.this_conversation": ("this conversation", "本次对话"),
    "reads.this_conversation_text": (
        "Go to the place. While the model still sees that message in the chat, muting takes away its weight only.",
        "跳到出处。只要模型在对话中仍能看到这条消息，静音只会去掉它的权重。",
    ),
    "reads.conversation_gone": ("deleted conversation", "已删除的对话"),
    "reads.go": ("Go to the place", "跳到出处"),
    "reads.pin": ("Pin: keep it, first where two match alike", "置顶：保留，同样相关时优先"),
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
    "reads.matched_text": ("The part of this memory that matched your message", "这条记忆中与你的消息相符的部分"),
    "reads.less": ("less", "收起"),
}
