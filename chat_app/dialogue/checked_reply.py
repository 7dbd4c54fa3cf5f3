"""A reply that is checked against what was read before it is shown: answered, tried once more, or quoted.

What a person asks of their own life only memory can answer. So the decoder's answer is shown where it stands on what
was read (knowledge/reply/support.py), first by what was said last; and where no attempt does, it says in its own words
that it is not sure, and the memories that are closest follow as they were told, never a guess. Under an answer that
only an earlier message has, both it and what was said later of the same thing are quoted. Everything else is streamed
as it comes. Does not know: history, the page, how a decoder works.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import replace

from chat_app.dialogue.memory_follower import Network
from chat_app.dialogue.recalled import LIKELY, asks_own, instructed, listed, quotes_of
from chat_app.dialogue.reply_source import by_words, competing, sentences
from knowledge.errors import ModelError
from knowledge.records import (
    DecoderEvent,
    Read,
    ReadResult,
    ReplyDone,
    ReplyRequest,
    ReplyWaiting,
    Support,
    TextDelta,
    Usage,
)
from knowledge.reply.instructions import NOTES, language_of

QUOTED = 2  # memories at most: the right one is among the first two for most questions (LOG.md)
NOTHING = 0.9  # weight of the null slot from which what is closest is not close: right in 2 of 12 (below: 118 of 147)
CLOSEST = "closest"  # the operation of a reply that quotes
_CLOSEST = ("The closest that you told me:", "你说过的最接近的是：")
_BOTH = ("You told me both of these:", "这两条都是你说过的：")


class CheckedReply:
    """One reply to ``request``, whose memories ``read`` found. ``shown``: whoever asked shows himself what is to be
    forgotten. ``plain``: a program's own prompt is to be followed as it is.

    ``read`` becomes what the shown reply read, or quotes.
    """

    def __init__(self, network: Network, request: ReplyRequest, read: ReadResult, *, shown: bool, plain: bool) -> None:
        self._network, self._request, self.read = network, request, read
        self.alone = False  # did the decoder see the message without the chat before it?
        self._shown, self._plain = shown, plain

    def events(self, stop: threading.Event) -> Iterator[DecoderEvent]:
        """ReplyWaiting…, TextDelta…, then one ReplyDone, also when ``stop`` was set. Raises ModelError."""
        read = self.read
        if read.operation and read.reads:
            yield from listed(read, stop, shown=self._shown)
        elif self._plain or not read.reads or not asks_own(read) or not self._network.checks:
            request = self._request if self._plain else instructed(self._request, read)
            yield from self._network.reply(request, stop)
        else:
            yield from self._checked(stop)

    def _checked(self, stop: threading.Event) -> Iterator[DecoderEvent]:
        language = language_of(self.read.query)
        used, best, likely = Usage(), "", 0.0
        for request, read in self._network.attempts(self._request, self.read):
            done = yield from _whole(self._network.reply(request, stop))
            used = _sum(used, done.usage)
            stopped = done.finish_reason == "stopped"
            support = Support() if stopped else self._network.support(request, done, read)
            if support.probability > likely:
                best, likely = done.text, support.probability
            if support.enough:
                self.read, self.alone = read, len(request.dialogue) < len(self._request.dialogue)
                if told := competing(read, done.text):
                    done = self._quoting(done, done.text, _BOTH[language], told)
                yield from _shown(replace(done, usage=used))
                return
        told = [one for one in self.read.reads if one.memory.role != "assistant"]
        told = by_words(told, best, self.read.query)[:QUOTED]
        told = told if self.read.null_weight < NOTHING or likely > LIKELY else []
        request = replace(self._request, reads=(), note=NOTES["unsure" if told else "nothing"][language])
        done = yield from _whole(self._network.reply(request, stop))
        used = _sum(used, done.usage)
        if told and done.finish_reason != "stopped":
            done = self._quoting(done, sentences(done.text)[0], _CLOSEST[language], told)
        elif not told:
            self.read = replace(self.read, reads=(), null_weight=1.0)  # this reply saw none of them
        yield from _shown(replace(done, usage=used))

    def _quoting(self, done: ReplyDone, text: str, above: str, told: list[Read]) -> ReplyDone:
        """``text`` and the memories ``told`` under it, which are what this reply tells."""
        self.read = replace(self.read, reads=tuple(told), operation=CLOSEST)
        quotes = "\n".join(quotes_of(self.read.query, told))
        return replace(done, text="\n\n".join([text, above, quotes]).strip(), finish_reason="stop", trace=None)


def _whole(events: Iterator[DecoderEvent]) -> Generator[ReplyWaiting, None, ReplyDone]:
    for event in events:
        if isinstance(event, ReplyWaiting):
            yield event
        if isinstance(event, ReplyDone):
            return event
    raise ModelError("The decoder broke off in the middle of the reply; regenerate it.")


def _shown(done: ReplyDone) -> Iterator[DecoderEvent]:
    if done.text:
        yield TextDelta(done.text)
    yield done


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        other.prompt_tokens,
        other.cached_tokens,
        one.completion_tokens + other.completion_tokens,
        one.seconds + other.seconds,
        one.seconds + other.seconds,
    )
