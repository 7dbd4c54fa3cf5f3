"""Does it remember over a restart? Two-session scripts through the whole product, and questions on what nobody told.

    python -m tests.benchmarks.sessions [--data SCRIPTS.json] [--scripts 100] [--untold 50]
        [--same-chat] [--adapter default|none|FILE] [--threads N]

Every script has a data folder of its own. In the first session a person tells facts (names, numbers, dates, and one
that changes two days later) between other talk, each message answered by the decoder; the application's parts are then
closed and started anew on the folder, and three days later the question comes in a new conversation: history, memory,
read and decoder as in the app; only the models' weights stay loaded from script to script, and what can wait for quiet
moments (blocks made ahead) is left out. A reply is right when it holds the expected value and not an outdated one; for
what was never told it is honest when it says that it does not know (tests/benchmarks/sessions_scripts.py).
``--same-chat``: no restart, the question comes in the chat in which the last fact was told: what stands in the running
dialogue is not read, so the decoder has to find it there.

The last line is one JSON object. ``value_read``: in how many scripts a memory that states the expected value was read.
Wrong replies are printed with what was read. ``--data``: see ``sessions_scripts.load``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from chat_app.dialogue.conversation import Conversations
from chat_app.history.history import History
from chat_app.settings import Settings
from chat_app.settings import load as load_settings
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.reader import Reader, make_reader
from knowledge.records import MemoryRead, ReadResult, ReplySaved, Sampling, UserSaved
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.reply.prompt import Style, memory_line
from knowledge.write.writer import Writer
from tests.benchmarks.embedded import adapter_of, embedded_folder
from tests.benchmarks.sessions_scripts import BEGIN, DAY, Script, honest, load, right, scripts

OWNER = "local"
QUESTION_DAY = 5.0


class Clock:
    """Seconds since the epoch, UTC, as a script wants them."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        self.now += 1.0
        return self.now

    def day(self, days: float) -> None:
        """Go to that day of the script, never back."""
        self.now = max(self.now + 60.0, BEGIN + days * DAY)


@dataclass(frozen=True)
class Models:
    """What stays loaded between starts."""

    encoder: Encoder
    reader: Reader
    decoder: LocalDecoder


@contextmanager
def started(settings: Settings, models: Models, clock: Clock, reply_tokens: int) -> Iterator[Conversations]:
    """The application's parts on a data folder, as chat_app.application joins them, closed at the end."""
    engine = open_database(settings.database_url)
    encoder = models.encoder
    store = ExternalMemory(engine, data=settings.data, encoder_name=encoder.name, dimension=encoder.dimension)
    store.recover(partial(keys_of, encoder), lambda phase, share: None)
    network = MemoryNetwork(encoder, store, models.reader, Writer(), models.decoder)
    sampling = Sampling(temperature=settings.temperature, max_tokens=reply_tokens)
    history = History(engine, clock=clock)
    talk = Conversations(history, lambda: network, reads=settings.reads, sampling=sampling, clock=clock)
    talk.recover()
    try:
        with network.idle.held():
            yield talk
    finally:
        network.close()
        models.decoder.forget(OWNER)  # the next start computes its blocks itself
        engine.dispose()


def say(talk: Conversations, text: str, conversation: str | None = None) -> tuple[str, str, ReadResult]:
    """→ the reply, the conversation, what was read."""
    reply, read, id = "", ReadResult(text), conversation or ""
    for event in talk.send(OWNER, text, conversation=conversation):
        if isinstance(event, UserSaved):
            id = event.turn.conversation
        elif isinstance(event, MemoryRead):
            read = event.result
        elif isinstance(event, ReplySaved):
            reply = event.turn.text
    return reply, id, read


def play(
    script: Script, settings: Settings, models: Models, reply_tokens: int, same_chat: bool
) -> list[tuple[str, str, ReadResult]]:
    """The questions of the second session, or of the same chat, each with its reply and what was read."""
    clock = Clock()
    questions = [script.question, *([script.untold] if script.untold else [])]
    with started(settings, models, clock, reply_tokens) as talk:
        day, conversation = -1.0, None
        for days, text in script.told:
            clock.day(days)
            _, conversation, _ = say(talk, text, conversation if days == day else None)
            day = days
        if same_chat:
            return [(question, *say(talk, question, conversation)[::2]) for question in questions]
    with started(settings, models, clock, reply_tokens) as talk:
        clock.day(max(QUESTION_DAY, day + 1.0))
        return [(question, *say(talk, question)[::2]) for question in questions]


def measure(
    some: Sequence[Script], settings: Settings, models: Models, reply_tokens: int, same_chat: bool
) -> dict[str, Any]:
    good, asked, read_it = Counter[str](), Counter[str](), 0
    never = truthful = 0
    began = time.perf_counter()
    for number, script in enumerate(some, 1):
        with tempfile.TemporaryDirectory() as folder:
            here = load_settings(["--data", folder], {})
            played = play(script, here, models, reply_tokens, same_chat)
        question, reply, read = played[0]
        asked[script.kind] += 1
        read_it += any(right(memory_line(one, Style()), Script("", (), "", script.expected)) for one in read.reads)
        if right(reply, script):
            good[script.kind] += 1
        else:
            wanted = f"{script.expected[0]!r}" + (f", not {script.outdated[0]!r}" if script.outdated else "")
            _show(f"{number} {script.kind}: wanted {wanted}", question, reply, read)
        for question, reply, read in played[1:]:
            never += 1
            truthful += honest(reply)
            if not honest(reply):
                _show(f"{number} never told", question, reply, read)
        if number % 10 == 0 or number == len(some):
            print(f"{number} scripts: {good.total()} right; {truthful} of {never} honest", file=sys.stderr, flush=True)
    return {
        "scripts": len(some),
        "same_chat": same_chat,
        "right": good.total(),
        "by_kind": {kind: {"asked": count, "right": good[kind]} for kind, count in sorted(asked.items())},
        "value_read": read_it,
        "never_told": never,
        "honest": truthful,
        "s_per_script": round((time.perf_counter() - began) / max(1, len(some)), 1),
    }


def _show(what: str, question: str, reply: str, read: ReadResult) -> None:
    print(f"{what}\n  asked  {question}\n  reply  {reply!r}", file=sys.stderr)
    for one in read.reads:
        print(f"  read   {one.weight:.2f} {one.memory.role or one.memory.kind}: {one.memory.text!r}", file=sys.stderr)
    print(f"  null   {read.null_weight:.2f}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="a file of scripts; without one, those of sessions_scripts.py")
    parser.add_argument("--scripts", type=int, default=100)
    parser.add_argument("--untold", type=int, default=50, help="scripts that also ask for something never told")
    parser.add_argument("--same-chat", action="store_true", help="ask in the chat in which it was told")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--adapter", default="default", help="default: the one that ships; none: stock; or a file")
    parser.add_argument("--reply-tokens", type=int, default=48, help="of a reply, at most")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    some = load(options.data) if options.data else scripts(options.scripts, options.seed, options.untold)
    settings, adapter, encoder = load_settings([], {}), adapter_of(options.adapter), Encoder("default")
    decoder = LocalDecoder(
        str(embedded_folder()),
        window=settings.window,
        reads_tokens=settings.reads_tokens,
        path=settings.memory_path,
        adapter=adapter,
    )
    reader, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
    if note:
        print(note, file=sys.stderr)
    found = measure(some, settings, Models(encoder, reader, decoder), options.reply_tokens, options.same_chat)
    print(json.dumps({"adapter": str(adapter) if adapter else None, **found}))


if __name__ == "__main__":
    main()
