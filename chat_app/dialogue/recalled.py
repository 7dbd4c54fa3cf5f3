"""The reply to a set of memories that was asked for, and memories as dated lines.

The memories are the reply, as a list: a decoder's summary of many things invents. So is what may be forgotten, which a
person chooses from. In the language of the message, English or Chinese. Does not know: how a set is found, the page,
how a decoder works.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from chat_app.dialogue.reply_source import LONGEST_QUOTE, closest
from knowledge.input.message_keys import part_of
from knowledge.records import DecoderEvent, Memory, Read, ReadResult, ReplyDone, ReplyRequest, TextDelta
from knowledge.reply.instructions import NOTES, TOLD, language_of
from knowledge.text.dates_in_words import day_in_words

LIKELY = 0.5  # probability from which a message is taken to do something
_ABOVE = {
    "found": ("This is what I remember:", "我记得的有："),
    "forget": (
        "Choose what I should forget; until then nothing is forgotten.",
        "请选择要我忘掉的内容；在那之前什么都不会忘掉。",
    ),
}
_MORE = ("… and {count} more.", "……另有 {count} 条。")
_TO_DELETE = (
    "Nothing is deleted yet. Each of these is deleted at DELETE /v1/memories/{id}; their ids stand in `reads`, in this "
    "order.",
    "尚未删除任何内容。可通过 DELETE /v1/memories/{id} 逐条删除；id 见 `reads`，顺序相同。",
)


def instructed(request: ReplyRequest, read: ReadResult) -> ReplyRequest:
    """The request with what the decoder is told or shown where nobody told what is asked for, or where the message
    only tells something."""
    language, acts = language_of(read.query), read.acts
    if read.operation:
        return replace(request, note=NOTES["nothing to forget" if read.operation == "forget" else "nothing"][language])
    if acts is None:
        return request
    if not read.reads and asks_own(read):
        return replace(request, note=NOTES["nothing"][language])
    wants = (acts.asks_own, acts.asks_world, acts.asks_document, acts.asks_chat, acts.wants_done, acts.advice)
    if acts.tells > LIKELY and max(wants) < LIKELY:
        return replace(request, examples=TOLD[language], second_person=True)
    return request


def asks_own(read: ReadResult) -> bool:
    """Does the message ask what only this person can have told, and not what was said in the chat?"""
    acts = read.acts
    return acts is not None and acts.asks_own * (1 - acts.asks_world) * (1 - acts.asks_chat) > LIKELY


def listed(read: ReadResult, stop: threading.Event, *, shown: bool) -> Iterator[DecoderEvent]:
    """The reply to a set that holds something: its memories, a piece for each.

    ``shown``: whoever asked shows himself what is to be forgotten; it then stays out of the text.
    """
    language = language_of(read.query)
    forget = read.operation == "forget"
    pieces = [_ABOVE["forget" if forget else "found"][language]]
    if not (forget and shown):
        pieces += ["\n\n", *(f"{line}\n" for line in lines_of(read.query, read.reads))]
        pieces[-1] = pieces[-1].rstrip("\n")
        if read.more:
            pieces.append("\n\n" + _MORE[language].format(count=read.more))
        if forget:
            pieces.append("\n\n" + _TO_DELETE[language])
    for place, piece in enumerate(pieces):
        if stop.is_set():
            yield ReplyDone("".join(pieces[:place]), "stopped")
            return
        yield TextDelta(piece)
    yield ReplyDone("".join(pieces), "stop")


def lines_of(question: str, reads: Sequence[Read]) -> list[str]:
    """Every memory as a line of a list in Markdown, in the language of ``question``: its day and its text, or the
    sentence of it that matters."""
    chinese = language_of(question)
    return [f"- {_day(one.memory, chinese)}{'：' if chinese else ': '}{_shown(one, question)}" for one in reads]


def quotes_of(question: str, reads: Sequence[Read]) -> list[str]:
    """The same as what was said on that day, or stands in a document."""
    chinese, lines = language_of(question), []
    for one in reads:
        memory = one.memory
        if memory.kind == "passage":
            where = f"《{memory.title}》" if chinese else f"In {memory.title}"
        else:
            where = f"{_day(memory, chinese)}你说" if chinese else f"On {_day(memory, chinese)} you said"
        lines.append(f"- {where}{'：' if chinese else ': '}“{_shown(one, question)}”")
    return lines


def _day(memory: Memory, chinese: int) -> str:
    """On this computer's clock."""
    day = datetime.fromtimestamp(memory.created)
    return f"{day.year}年{day.month}月{day.day}日" if chinese else day_in_words(day)


def _shown(read: Read, question: str) -> str:
    """The whole of a short text; of a long one the sentence nearest to the question in the part that was read."""
    text = " ".join(read.memory.text.split())
    return closest(part_of(read.memory, read.part), "", question) if len(text) > LONGEST_QUOTE else text
