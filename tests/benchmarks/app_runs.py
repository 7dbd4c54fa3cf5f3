"""The application as it is, for benchmarks that talk to it: on a data folder, with a clock of their own, restarted.

Models are loaded once, by the application itself, and handed on to every further start. Also other reads in the place
of its own, for comparing. Does not know: what is said, or how a reply is judged.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from chat_app.application import Application, Models
from chat_app.dialogue.conversation import Conversations
from chat_app.settings import Settings
from chat_app.settings import load as load_settings
from knowledge.memory.store import ExternalMemory
from knowledge.records import Memory, MemoryRead, Read, ReadResult, ReplySaved, Sampling, TextDelta, UserSaved
from knowledge.reply.decoder import OpenDecoder

OWNER = "local"
DAY = 86400.0
NEAREST = 5  # memories of "chroma"
# A Thursday, so that "on Friday", "next week" and "on Monday", said the day before, lie ahead.
QUESTION_DAY = datetime(2026, 11, 5, 18, 30, tzinfo=UTC).timestamp()
Choose = Callable[[str, frozenset[str]], Sequence[Memory]]  # message, ids not to be read → what is read
SPACING = 5  # days between one conversation and the next


def told_on(conversations: int) -> list[float]:
    """When each conversation begins: the last one the day before the question day, the others five days apart."""
    return [QUESTION_DAY - DAY * (1 + SPACING * back) for back in reversed(range(conversations))]


class Clock:
    """Seconds since the epoch, UTC: stands where it is set, and goes on by a second whenever it is looked at."""

    def __init__(self, now: float = QUESTION_DAY) -> None:
        self.now = now

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@dataclass(frozen=True)
class Said:
    """One exchange. ``seconds``: until the reply was whole; ``first``: until its first piece came."""

    text: str
    reply: str
    read: ReadResult
    conversation: str
    seconds: float
    first: float


@contextmanager
def loaded(arguments: Sequence[str]) -> Iterator[tuple[Settings, Models]]:
    """The settings of these flags, and the models that the application loads for them.

    Raises SystemExit with the application's own sentence where they cannot be loaded.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(["--data", folder, *arguments])
        application = Application(settings)
        application.start()
        status = application.wait_until_ready()
        try:
            if not status.ready:
                raise SystemExit(status.error)
            network = application.network
            print(f"{network.decoder.name}, {network.path}; {network.encoder.name}", file=sys.stderr, flush=True)
            yield settings, Models(network.decoder, network.encoder)
        finally:
            application.close()


@contextmanager
def started(settings: Settings, data: Path, models: Models, clock: Clock) -> Iterator[Application]:
    """The application on a data folder, ready, and closed at the end. What waits for quiet moments never begins."""
    application = Application(replace(settings, data=data), clock=clock, models=models)
    application.start()
    status = application.wait_until_ready()
    try:
        if not status.ready:
            raise SystemExit(status.error)
        with application.network.idle.held():
            yield application
    finally:
        application.close()


def make_blocks(application: Application) -> None:
    """What the first quiet moment after a start would do: the blocks of what is in memory."""
    decoder = application.network.decoder
    if isinstance(decoder, OpenDecoder) and decoder.path != "prompt":
        decoder.fill(OWNER, memories_of(application))


def memories_of(application: Application) -> list[Memory]:
    """Everything in memory, oldest first."""
    found, _ = application.network.store.page(OWNER, limit=100_000)
    return sorted(found, key=lambda memory: (memory.created, memory.position))


def say(talk: Conversations, text: str, conversation: str | None = None) -> Said:
    """One message through the whole product; without a ``conversation`` a new one is begun."""
    reply, read, id, first = "", ReadResult(text), conversation or "", 0.0
    began = time.perf_counter()
    for event in talk.send(OWNER, text, conversation=conversation):
        if isinstance(event, UserSaved):
            id = event.turn.conversation
        elif isinstance(event, MemoryRead):
            read = event.result
        elif isinstance(event, TextDelta):
            first = first or time.perf_counter() - began
        elif isinstance(event, ReplySaved):
            reply = event.turn.text
    seconds = time.perf_counter() - began
    return Said(text, reply, read, id, seconds, first or seconds)


class GivenReads:
    """The memory network with another read, whose memories are weighed alike."""

    def __init__(self, network: Any, choose: Choose) -> None:
        self._network, self._choose = network, choose

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def read(self, owner: str, text: str, *, exclude: Any = (), **others: Any) -> ReadResult:
        memories = self._choose(text, frozenset(exclude))
        reads = tuple(Read(memory, score=1.0, weight=1.0 / len(memories)) for memory in memories)
        return ReadResult(text, reads, null_weight=0.0 if reads else 1.0, shortlisted=len(reads))


def nearest(application: Application) -> Choose:
    """What a chat with plain retrieval reads: the nearest of all turns in Chroma."""
    network = application.network

    def choose(text: str, exclude: frozenset[str]) -> list[Memory]:
        vector = network.encoder.encode([text])[0]
        ids = nearest_whole(whole_vectors(network.store, OWNER), vector, NEAREST + len(exclude))
        kept = [id for id in ids if id not in exclude][:NEAREST]
        there = network.store.get(OWNER, kept)
        return [there[id] for id in kept if id in there]

    return choose


def whole_vectors(store: ExternalMemory, owner: str) -> dict[str, np.ndarray]:
    """id → (dimension,) vector of the whole text, of every memory."""
    return store.vectors(owner, [memory.id for memory in store.iterate(owner)])


def nearest_whole(rows: dict[str, np.ndarray], vector: np.ndarray, n: int) -> list[str]:
    """Ids of the ``n`` whose whole text is nearest to the (dimension,) query, nearest first: what Chroma gives where
    every message is one vector, as in other apps."""
    near = np.stack(list(rows.values())) @ vector if rows else np.zeros(0)
    ids = list(rows)
    return [ids[at] for at in np.argsort(-near, kind="stable")[:n]]


@contextmanager
def talk_with(application: Application, choose: Choose | None, *, as_text: bool = False) -> Iterator[Conversations]:
    """The application's conversations, or with ``choose`` the same with other reads; ``as_text``: in the prompt."""
    if choose is None:
        yield application.conversations
        return
    given: Any = GivenReads(application.network, choose)
    settings = application.settings
    sampling = Sampling(temperature=settings.temperature, max_tokens=settings.reply_tokens)
    talk = Conversations(
        application.history,
        lambda: given,
        reads=settings.reads,
        sampling=sampling,
        clock=application.conversations._clock,
    )
    decoder: Any = application.network.decoder
    path = decoder.path if isinstance(decoder, OpenDecoder) and as_text else "prompt"
    if path == "prompt":
        yield talk
        return
    decoder.set_way(decoder.way_of("prompt"))
    try:
        yield talk
    finally:
        decoder.set_way(decoder.way_of(path))


def reads_shown(read: ReadResult) -> list[str]:
    """What was read, as items of a list in Markdown."""
    shown = [
        f"- read {one.weight:.2f} {one.memory.role or one.memory.kind}: {line(one.memory.text)}" for one in read.reads
    ]
    return [*shown, f"- nothing answers: {read.null_weight:.2f}"]


def line(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())
