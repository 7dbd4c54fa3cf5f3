"""The pieces of a reply, the last one held back until the reply is committed. Knows neither history nor page."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from chat_app.dialogue.reply_stop import MOST_SECONDS, ReplyStop
from chat_app.dialogue.stop_sequences import cut_at
from knowledge.errors import ModelError
from knowledge.records import DecoderEvent, ReplyDone, ReplyWaiting, TextDelta


def streamed(
    events: Iterator[DecoderEvent], so_far: list[str], stop_at: Sequence[str], stop: ReplyStop
) -> Generator[ReplyWaiting | TextDelta, None, ReplyDone]:
    """Pass on all pieces of text but the last, and collect them in ``so_far``; returns the decoder's last event.

    A reply that its time has ended is one that was cut short. Raises ModelError where there is nothing of it.
    """
    done: ReplyDone | None = None
    try:
        for event in cut_at(events, stop_at, stop) if stop_at else events:
            if isinstance(event, ReplyDone):
                done = event
            elif isinstance(event, ReplyWaiting):
                yield event
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
    if not stop.timed_out or done.finish_reason != "stopped":
        return done
    if not done.text:
        raise ModelError(
            f"No reply came within {MOST_SECONDS / 60:.0f} minutes; try again, or choose a smaller decoder on the "
            "Models page."
        )
    return replace(done, finish_reason="time")
