"""Latency and recall of the read from a thousand to a million memories, beside a plain Chroma query.

    python -m tests.benchmarks.scale [--data PATH] [--sizes 1000,10000,100000] [--million]

One memory grows through the sizes with the product's own writer and store. The filler is partly made up: see
``scale_data``. At each size 200 facts lie evenly among the turns added last, so that those of smaller sizes are
distractors; each is asked for once in other words, and the question is put to

- the read, ``MemoryNetwork.read``: encoding, shortlist, reader, all hops (``read_ms``, ``recall@10``), with a reader
  that may not decline, as in ``recall``: declining is measured there;
- plain Chroma: ``query`` for 10 on the same collection, the question's vector already made (``chroma_ms``).

``rss_mib`` is the process's resident memory after the questions, encoder and indexes included. Times are wall-clock;
for the figures in the issue give the process two cores (``taskset -c 0,1``). The last line of the output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.fixed_reader import FixedReader, Mix
from knowledge.read.reader import Reader, make_reader
from knowledge.records import DecoderEvent, ReplyRequest, Turn
from knowledge.write.writer import Writer, memory_id
from tests.benchmarks.scale_data import Filler, encoded, filler_texts
from tests.benchmarks.scale_facts import Fact, facts

OWNER = "scale"
BATCH = 1000  # turns written at once
WARM = 5  # questions asked before the clock counts: files are opened, pages read


def read_of(name: str, encoder: Encoder) -> Reader:
    """The read that the app uses ("app"), the learned one where its weights fit, or the mix ("fixed")."""
    if name == "app":
        made, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
        if isinstance(made, AttentionReader):
            return AttentionReader(made.network, multilingual=encoder.multilingual, decline=2.0, negligible=0.0)
        say(note)
    return FixedReader(replace(Mix(), clear=1e9, negligible=0.0), multilingual=encoder.multilingual)


class NoDecoder:
    """Nothing is replied here."""

    name, window, path = "none", 0, "prompt"

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        raise NotImplementedError("the benchmark of scale only reads")

    def in_window(self, dialogue: Sequence[Turn], system: str = "") -> int:
        return 0


@dataclass(frozen=True)
class Step:
    """One growth of the memory, to ``size`` turns, with its facts by the number of their turn."""

    start: int
    size: int
    planted: dict[int, Fact]


def plan(sizes: Sequence[int], per_size: int, seed: int = 0) -> list[Step]:
    """Sizes, ascending → steps. Facts are turns of the person, evenly among the turns of their step."""
    supply = facts(seed)
    steps: list[Step] = []
    for size in sorted(sizes):
        start = steps[-1].size if steps else 0
        spots = np.linspace(start, size, per_size, endpoint=False).astype(int)
        numbers = list(dict.fromkeys(int(spot) + int(spot) % 2 for spot in spots))
        numbers = [number for number in numbers if number < size]
        steps.append(Step(start, size, dict(zip(numbers, islice(supply, len(numbers)), strict=True))))
    return steps


def grow(network: MemoryNetwork, filler: Filler, step: Step, encode: Callable[[Sequence[str]], np.ndarray]) -> None:
    """Write the step's turns that are not there yet."""
    numbers = list(step.planted)
    vectors = dict(zip(numbers, encode([step.planted[number].text for number in numbers]), strict=True))
    there = network.store.count(OWNER)
    started = time.perf_counter()
    for at in range(step.start, step.size, BATCH):
        stop = min(step.size, at + BATCH)
        if stop <= there:
            continue
        rows = filler.rows(at, stop, step.planted, vectors)
        network.store.add(OWNER, network.writer.memories(OWNER, rows.turns), rows.vectors)
        if stop % 10_000 == 0 or stop == step.size:
            say(f"{stop} memories, {time.perf_counter() - started:.0f} s of writing")


def ask(network: MemoryNetwork, step: Step) -> dict[str, Any]:
    """Every fact's question → milliseconds and recall of the read and of plain Chroma."""
    store, vectors_index = network.store, network.store._vectors
    questions = [(memory_id(OWNER, f"turn-{number}"), fact.question) for number, fact in step.planted.items()]
    vectors = network.encoder.encode_queries([question for _, question in questions])
    for (_, question), vector in zip(questions[:WARM], vectors, strict=False):
        network.read(OWNER, question, limit=10)
        vectors_index.nearest(OWNER, vector, 10)
    milliseconds: dict[str, list[float]] = {"read": [], "chroma": []}
    hits = {"read": 0, "chroma": 0}
    for (wanted, question), vector in zip(questions, vectors, strict=True):
        clock = time.perf_counter()
        result = network.read(OWNER, question, limit=10)
        milliseconds["read"].append(1000 * (time.perf_counter() - clock))
        hits["read"] += wanted in [read.memory.id for read in result.reads]
        clock = time.perf_counter()
        near = vectors_index.nearest(OWNER, vector, 10)
        milliseconds["chroma"].append(1000 * (time.perf_counter() - clock))
        hits["chroma"] += wanted in [id for id, _ in near]
    figures: dict[str, Any] = {"memories": store.count(OWNER)}
    for name, times in milliseconds.items():
        p50, p95 = np.percentile(times, [50, 95])
        figures |= {f"{name}_ms_p50": round(float(p50), 1), f"{name}_ms_p95": round(float(p95), 1)}
        figures[f"{name}_recall@10"] = round(hits[name] / len(questions), 4)
    return figures | {"rss_mib": resident_mib()}


def resident_mib() -> int:
    """Resident memory of this process; where the system does not tell, the most it ever was."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)


def measure(
    folder: Path,
    encoder: Encoder,
    reader: Reader,
    filler: Filler,
    sizes: Sequence[int],
    per_size: int = 200,
) -> dict[str, Any]:
    """Grow a memory in ``folder`` through the sizes and ask at each. → figures by size, as the last line shows them."""
    engine = open_database(f"sqlite:///{folder}/mneme.sqlite3")
    store = ExternalMemory(engine, data=folder, encoder_name=encoder.name, dimension=encoder.dimension)
    network = MemoryNetwork(encoder, store, reader, Writer(), NoDecoder())
    result: dict[str, Any] = {}
    try:
        store.recover(partial(keys_of, encoder), lambda phase, share: None)  # as the app does at its start
        for step in plan(sizes, per_size):
            if store.count(OWNER) > step.size:  # a kept memory is larger already
                continue
            grow(network, filler, step, encoder.encode)
            figures = ask(network, step)
            say(json.dumps(figures))
            for name, value in figures.items():
                if name not in ("memories", "chroma_ms_p50"):
                    result.setdefault(name.replace("read_recall", "recall"), {})[str(step.size)] = value
    finally:
        network.close()
        engine.dispose()
    return result


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="dialogues for the filler: LoCoMo's JSON or chitchat.tar.xz")
    parser.add_argument("--sizes", default="1000,10000,100000", help="memories at which to ask, with , between")
    parser.add_argument("--million", action="store_true", help="go on to 1,000,000: an hour and 5 GiB of memory")
    parser.add_argument("--reader", default="app", choices=("app", "fixed"))
    parser.add_argument("--encoder", default="default", help="as the app's --encoder")
    parser.add_argument("--encoded", type=int, default=25_000, help="filler texts to encode; the rest is mixed")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "mneme-scale",
        help="folder that keeps the filler's vectors",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        help="folder that keeps the memory: a later run with the same sizes asks"
        " at once, at those that it has not outgrown",
    )
    options = parser.parse_args()
    sizes = sorted({int(size) for size in options.sizes.split(",")} | ({1_000_000} if options.million else set()))
    encoder = Encoder(options.encoder)
    texts = filler_texts(options.data, min(options.encoded, sizes[-1]))
    filler = Filler(texts, encoded(texts, encoder.encode, encoder.name, options.cache, say))
    say(f"{len(texts)} texts encoded; cosine of combined vectors with true ones {filler.fidelity(encoder.encode):.3f}")
    with tempfile.TemporaryDirectory() as folder:
        kept = options.keep or Path(folder)
        print(json.dumps(measure(kept, encoder, read_of(options.reader, encoder), filler, sizes)))


if __name__ == "__main__":
    main()
