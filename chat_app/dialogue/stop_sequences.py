"""Ends a reply where one of the given sequences begins, as OpenAI's ``stop`` asks.

Works on the decoder's events, whatever decoder sent them. Does not know: tokens, history.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from knowledge.records import DecoderEvent, ReplyDone, ReplyWaiting, TextDelta


def cut_at(events: Iterable[DecoderEvent], sequences: Sequence[str], stop: threading.Event) -> Iterator[DecoderEvent]:
    """The events with the text ended before the first of ``sequences``; the decoder is told to ``stop`` there.

    As many characters are held back as could be the beginning of a sequence. The last event is a ReplyDone whose text
    is cut and whose reason is then "stop".
    """
    longest = max(len(sequence) for sequence in sequences)
    text, shown, end = "", 0, -1
    for event in events:
        if isinstance(event, ReplyDone):
            ends = [at for sequence in sequences if (at := event.text.find(sequence)) >= 0]
            if end < 0 and ends:
                end = min(ends)
            whole = event.text if end < 0 else event.text[:end]
            if len(whole) > shown:
                yield TextDelta(whole[shown:])
            yield event if end < 0 else replace(event, text=whole, finish_reason="stop")
            return
        if isinstance(event, ReplyWaiting):
            yield event
            continue
        if end >= 0:
            continue  # what the decoder still sends before it notices
        start = max(0, len(text) - longest)
        text += event.text
        ends = [at for sequence in sequences if (at := text.find(sequence, start)) >= 0]
        if ends:
            end = min(ends)
            stop.set()
        safe = end if ends else len(text) - longest + 1
        if safe > shown:
            yield TextDelta(text[shown:safe])
            shown = safe
