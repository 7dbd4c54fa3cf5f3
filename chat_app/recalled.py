"""The reply to a set of memories that was asked for: the decoder sums up in its own words, the memories follow as a
dated list in theirs.

The list is content, made of what memory holds; no sentence here stands for a reply. In the language of the message,
English or Chinese. Does not know: how a set is found, the page, how a decoder works.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from chat_app.reply_source import LONGEST_QUOTE, closest
from knowledge.records import DecoderEvent, Memory, ReadResult, ReplyDone, ReplyRequest, TextDelta

_CHINESE = 0.3  # share of Chinese letters from which a message is answered in Chinese
_LIKELY = 0.5  # probability from which a message is taken to do something
_SUMMARY = 120  # tokens of the words above a list
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
# What the decoder is told to do, English and Chinese; it finds the words.
_NOTES = {
    "found": (
        "(In one or two sentences, sum up for me what I told you in the memories above. A dated list of them follows "
        "your words, so do not list them.)",
        "（请用一两句话概括上面这些记忆里我说过的内容。你的话后面会附上带日期的列表，所以不要逐条列出。）",
    ),
    "nothing": (
        "(Nothing that I told you about this is in your memory. Say so in one sentence.)",
        "（你的记忆里没有我说过的相关内容。请用一句话告诉我。）",
    ),
    "told": (
        "(I am telling you something now. Say something fitting to just this in one short sentence.)",
        "（我现在告诉你一件事。请只针对这件事用一句简短的话回应。）",
    ),
    "forget": (
        "(You found {count} of my memories that I may mean. They are shown below your words, and I choose which of "
        "them to forget; until then nothing is forgotten. Say so in one short sentence, without what they say.)",
        "（你找到了 {count} 条可能是我指的记忆，会显示在你的话下面，由我选择忘掉哪些；在那之前什么都不会忘掉。"
        "请用一句简短的话告诉我，不要复述内容。）",
    ),
    "nothing to forget": (
        "(No memory of what I want forgotten was found, so there is nothing to forget. Say so in one sentence.)",
        "（没有找到我想让你忘掉的记忆，所以没有可以忘掉的。请用一句话告诉我。）",
    ),
}
_MORE = ("… and {count} more.", "……另有 {count} 条。")
_TO_DELETE = (
    "Nothing is deleted yet. Each of these is deleted at DELETE /v1/memories/{id}; their ids stand in `reads`, in this "
    "order.",
    "尚未删除任何内容。可通过 DELETE /v1/memories/{id} 逐条删除；id 见 `reads`，顺序相同。",
)


def in_words(request: ReplyRequest, read: ReadResult) -> ReplyRequest:
    """The request with what the decoder is to say of the set ``read``, or to do where no set was asked for but
    the message only tells something, or asks what nobody told.

    What is to be forgotten does not reach the decoder, so that its reply, which stays, cannot tell it.
    """
    if not read.operation:
        key = _note_of(read)
        return replace(request, note=_NOTES[key][_language(read.query)]) if key else request
    forget = read.operation == "forget"
    key = ("forget" if forget else "found") if read.reads else "nothing to forget" if forget else "nothing"
    note = _NOTES[key][_language(read.query)].format(count=len(read.reads) + read.more)
    sampling = replace(request.sampling, max_tokens=min(request.sampling.max_tokens, _SUMMARY))
    return replace(request, note=note, sampling=sampling, reads=() if forget else request.reads)


def _note_of(read: ReadResult) -> str:
    """Which of the notes a message gets that asks for no set; "" for none. Behind a long reply a decoder would rather
    say that once more than take up what it is told."""
    acts = read.acts
    if acts is None:
        return ""
    if not read.reads and acts.asks_own * (1 - acts.asks_world) > _LIKELY:
        return "nothing"
    wants = (acts.asks_own, acts.asks_world, acts.asks_document, acts.asks_chat, acts.wants_done, acts.advice)
    return "told" if acts.tells > _LIKELY and max(wants) < _LIKELY else ""


def with_list(events: Iterator[DecoderEvent], read: ReadResult, *, shown: bool) -> Iterator[DecoderEvent]:
    """The decoder's events, and behind its words the memories of the set ``read`` as a list, a piece for each.

    ``shown``: whoever asked shows himself what is to be forgotten; it then stays out of the text. A reply that was
    stopped ends where it was.
    """
    lines = _lines(read, shown) if read.operation else []
    try:
        for event in events:
            if not isinstance(event, ReplyDone) or not lines or event.finish_reason == "stopped":
                yield event
                continue
            cut = "…" if event.finish_reason == "length" else ""
            pieces = [f"{cut}\n\n{lines[0]}" if event.text.strip() else lines[0], *(f"\n{line}" for line in lines[1:])]
            yield from map(TextDelta, pieces)
            yield replace(event, text=event.text + "".join(pieces), finish_reason="stop")
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def _lines(read: ReadResult, shown: bool) -> list[str]:
    language = _language(read.query)
    forget = read.operation == "forget"
    if not read.reads or (forget and shown):
        return []
    lines = [f"- {dated(one.memory, read.query, language)}" for one in read.reads]
    more = ["", _MORE[language].format(count=read.more)] if read.more else []
    return [*lines, *more, *(["", _TO_DELETE[language]] if forget else [])]


def dated(memory: Memory, question: str, language: int) -> str:
    """A memory as one line: its day on this computer's clock, and its text, or the sentence of it that matters."""
    day = time.localtime(memory.created)
    text = " ".join(memory.text.split())
    if len(text) > LONGEST_QUOTE:
        text = closest(memory.text, "", question)
    if language:
        return f"{day.tm_year}年{day.tm_mon}月{day.tm_mday}日：{text}"
    return f"{day.tm_mday} {_MONTHS[day.tm_mon - 1]} {day.tm_year}: {text}"


def _language(text: str) -> int:
    """0 English, 1 Chinese."""
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in text)
    return int(chinese >= _CHINESE * max(1, sum(map(str.isalnum, text))))

