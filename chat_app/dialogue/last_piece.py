"""The pieces of a reply, the last one held back until the reply is committed. Knows neither history nor page."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence

from chat_app.dialogue.stop_sequences import cut_at
from knowledge.errors import ModelError
from knowledge.records import DecoderEvent, ReplyDone, TextDelta


def streamed(
    events: Iterator[DecoderEvent], so_far: list[str], stop_at: Sequence[str], stop: threading.Event
) -> Generator[TextDelta, None, ReplyDone]:
    """Pass on all pieces of text but the last, and collect them in ``so_far``; returns the decoder's last event."""
    done: ReplyDone | None = None
    try:
        for event in cut_at(events, stop_at, stop) if stop_at else events:
            if isinstance(event, ReplyDone):
                done = event
            elif event.text:
                if so_far:
                    yield TextDelta(so_far[-1])
                so_far.append(event.text)
    finally:
        stop.set()
        close = getattr(events, "close", None)  # generators have it, other iterators need not
        if close is not None:
            close()
    if done is None:
        raise ModelError("The decoder broke off in the middle of the reply; regenerate it.")
    return done
