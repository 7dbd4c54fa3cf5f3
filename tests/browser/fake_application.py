"""The real application with a fake encoder and a fake decoder: the page as it is, up in a second, with canned replies.

By hand: ``python -m tests.browser.fake_application PORT [SECONDS-OF-LOADING]``.
"""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chat_app.application import Application
from chat_app.parts import Parts
from chat_app.settings import load
from knowledge.errors import ModelUnavailable
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.fixed_reader import FixedReader
from knowledge.records import DecoderEvent, Memory, ReplyDone, ReplyRequest, ReplyWaiting, TextDelta, Trace, Turn, Usage
from knowledge.write.writer import Writer
from tests.make_memories import by_text

if TYPE_CHECKING:  # it brings torch along, and the page is to be up in a second
    from knowledge.read.reader import Reader
    from knowledge.reply.decoder import Decoder

REPLY = (
    "Here is what I can say about that.\n\nTwo things stand out:\n\n1. It was mentioned **before**.\n"
    "2. It may come up again.\n"
)


class FakeEncoder:
    """Hashed bag of words: texts that share words are near each other. A word is a token."""

    window = 100

    def __init__(self, name: str = "fake-bag-of-words") -> None:
        self.name, self.multilingual = name, name.startswith("multilingual")
        self.dimension = 384 if self.multilingual else 64  # as the reading of messages knows it by that name

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1
            row[0] += 0.01
            row /= np.linalg.norm(row)
        return rows

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self.encode(texts)

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


class FakeDecoder:
    """Says ``REPLY`` word by word; to "say: X" it says X, to "count" it counts until it is stopped.

    While ``gate`` is cleared it does not begin to speak, and tells that ``before`` replies have to end first.
    """

    name = "fake"
    window = 4096
    path = "prompt"

    def __init__(self, pause: float = 0.03) -> None:
        self.pause = pause
        self.gate = threading.Event()
        self.gate.set()
        self.before = 0

    def in_window(self, dialogue: Sequence[Turn], system: str = "") -> int:
        return max(0, len(dialogue) - 3)

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        question = request.dialogue[-1].text
        words: Iterator[str] = iter(
            re.findall(r"\S+\s*", question.removeprefix("say: ") if question.startswith("say: ") else REPLY)
        )
        if question == "count":
            words = (f"{number} " for number in itertools.count(1))
        told = 0
        while not self.gate.wait(0.02) and not stop.is_set():
            if told != self.before:
                told = self.before
                yield ReplyWaiting(told)
        if told:
            yield ReplyWaiting(0)
        text = ""
        for word in words:
            if stop.wait(self.pause):
                yield ReplyDone(text, "stopped", Usage())
                return
            text += word
            yield TextDelta(word)
        yield ReplyDone(text, "stop", Usage())


class OpenFakeDecoder(FakeDecoder):
    """Runs here, so that it can be looked into: every other word comes from the strongest memory, the rest from the
    weakest. An effect is ten times the weight less one. ``may_measure`` is waited for first."""

    path = "blocks"

    def __init__(self, pause: float = 0.03) -> None:
        super().__init__(pause)
        self.may_measure = threading.Event()
        self.may_measure.set()
        self.filled: list[str] = []
        self.requests: list[ReplyRequest] = []

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        self.requests.append(request)
        ends: list[int] = []
        for event in super().reply(request, stop):
            if isinstance(event, TextDelta):
                ends.append((ends[-1] if ends else 0) + len(event.text))
                yield event
            elif isinstance(event, ReplyDone) and request.reads:
                ids = tuple(read.memory.id for read in request.reads)
                mass = [
                    tuple(
                        0.3 if place == (0, len(ids) - 1)[token % 2] else 0.1 * (place in (0, len(ids) - 1))
                        for place in range(len(ids))
                    )
                    for token in range(len(ends))
                ]
                yield replace(event, trace=Trace(self.path, ids, tuple(ends), tuple(mass)))
            else:
                yield event

    def effects(self, request: ReplyRequest, text: str, stop: threading.Event | None = None) -> dict[str, float] | None:
        while not self.may_measure.wait(0.02):
            if stop is not None and stop.is_set():
                return None
        return {read.memory.id: 10 * read.weight - 1 for read in request.reads}

    def fill(self, owner: str, memories: Sequence[Memory], system: str = "") -> int:
        self.filled += [memory.text for memory in memories]
        return len(memories)

    def forget(self, owner: str, memories: Iterable[str] | None = None) -> None:
        """Keeps nothing."""

    def cache_state(self) -> Any:
        from knowledge.reply.local.block_cache import CacheState  # it brings torch along

        return CacheState(blocks=len(self.filled), ram=3 << 20, ram_limit=256 << 20, hits=3, misses=1)

    def close(self) -> None:
        """Keeps nothing."""


class FakeApplication(Application):
    """Ready after ``loading`` seconds, and with ``held`` not before ``may_load`` is set.

    ``fails`` is a sentence to fail with instead; ``pause`` is the decoder's between two words, in seconds.
    ``reader`` reads in the place of the fixed one, ``decoder`` speaks in the place of the ``FakeDecoder``; of another
    decoder of the catalogue ``others`` are made.
    """

    def __init__(
        self,
        data: Path,
        *arguments: str,
        loading: float = 0.0,
        pause: float = 0.03,
        fails: str = "",
        held: bool = False,
        reader: Reader | None = None,
        decoder: FakeDecoder | None = None,
        others: Callable[[str, Any], FakeDecoder] | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        folders = ["--data", str(data), "--cache", str(data / "cache")]
        super().__init__(load([*folders, "--model", "smollm2-135m", *arguments], environment or {}), clock=clock)
        self.loading = loading
        self.fails = fails
        self.reader = reader or FixedReader()
        self.decoder = decoder or FakeDecoder(pause)
        self.others = others
        self.may_fetch, self.gone = threading.Event(), ""  # of another encoder
        self.may_fetch.set()
        self.may_load = threading.Event()
        if not held:
            self.may_load.set()

    def _make_parts(self) -> Parts:
        return FakeParts(self)

    def _make_network(self) -> MemoryNetwork:
        for step in range(20):
            self._progress("decoder", step / 20)
            time.sleep(self.loading / 20)
        self.may_load.wait(300)
        if self.fails:
            raise ModelUnavailable(self.fails)
        return self._parts.network(self._first_decoder(), self._first_encoder(), lambda phase, fraction: None)


class FakeParts(Parts):
    """The parts of a ``FakeApplication``. Another encoder is a ``FakeEncoder`` of this name: fetching it stands until
    ``may_fetch`` is set, and fails with the sentence ``gone``."""

    def __init__(self, application: FakeApplication) -> None:
        super().__init__(application.settings, application.engine, time.time)
        self._application = application

    def decoder(self, model: str, progress: Any) -> Any:
        application = self._application
        others = application.others
        return others(model, progress) if others and model != "smollm2-135m" else application.decoder

    def encoder(self, name: str, progress: Any) -> Any:
        application = self._application
        if name == "default":
            return FakeEncoder()
        while not application.may_fetch.wait(0.02):
            progress("fetching", 0.25)
        if application.gone:
            raise ModelUnavailable(application.gone)
        return FakeEncoder(name)

    def network(self, decoder: Decoder, encoder: Any, progress: Any) -> MemoryNetwork:
        store = ExternalMemory(
            self._engine, data=self.settings.data, encoder_name=encoder.name, dimension=encoder.dimension
        )
        store.recover(by_text(encoder.encode), progress)
        return MemoryNetwork(encoder, store, self._application.reader, Writer(), decoder)


if __name__ == "__main__":
    import uvicorn

    from chat_app.pages.server import create_server

    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp())
    application = FakeApplication(folder, loading=float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
    application.start()
    uvicorn.run(create_server(application), port=int(sys.argv[1]), log_level="warning")
