"""What the write gate makes of turns, against labels: by hand and from the generator; and how long a write takes.

    python -m tests.benchmarks.writing [--data FILE ...] [--encoder NAME] [--large]

Every dialogue is told to a memory of its own, turn by turn by ``MemoryNetwork.write``, so that each decision rests on
those before it. ``labelled``: the files of turns labelled by hand (tests/data/README-writing.md); those whose texts are
only pointed at need the licensed sets (``--sets``). ``generated``: chats of ``year``, English and Chinese. Each for
"gate", for "cosine" (a message that does not tell is skipped; else the nearest memory decides by two thresholds,
chosen on the dialogues that the gate is trained on) and for "added" (everything is). ``latency_ms`` is of one turn's
write, encoding included, into a memory of 10,000 and with ``--large`` of 100,000, with the gate and without.
``--encoder none``: the gate sees the texts alone; the memory's vectors are the default encoder's. The last line of the
output is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import numpy as np

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.reader import make_reader
from knowledge.records import Gate, Memory, Turn
from knowledge.training import gate as training
from knowledge.write.gate import make_write_gate
from knowledge.write.writer import Writer
from tests.benchmarks.scale import NoDecoder
from tests.benchmarks.scale_data import Filler
from tests.benchmarks.writing_scores import Case, Decided, figures, judged, report
from tests.benchmarks.year import Year, write
from tests.benchmarks.year_chinese import Chinese
from tests.benchmarks.year_english import English
from tests.writing_turns import LICENSED, SHARED, WRITTEN, licensed

OWNER = "writing"
SEED = 2311  # of the generated chats: nothing is trained on it
LIVES = ((English, "en", 420, 4), (Chinese, "zh", 170, 4))  # with turns of each, and how many
TELLS = 0.5  # probability from which the baseline keeps what a message says
THRESHOLDS = [*np.arange(0.3, 1.0, 0.05).round(2).tolist(), 2.0]  # 2: never
FILLED, ENCODED, BATCH = 10_000, 2000, 1000  # memories, different texts among them, memories written at once
MEASURED, WARM = 210, 10  # writes, of which the first are not counted


# ---- cases ----------------------------------------------------------------------------------------------------


def cases_of(told: Sequence[training.Told]) -> list[Case]:
    """Dialogues as training reads them → cases."""
    found = []
    for one in told:
        for turn in one.turns:
            m = turn.memory
            said = Turn(m.id, m.role or "user", m.text, m.created, m.container, "", m.position)
            target = one.turns[turn.target].memory.id if turn.target >= 0 else ""
            label: Gate = turn.label  # type: ignore[assignment]
            found.append(Case(said, label, target, one.group, one.language, one.source))
    return found


def by_hand(paths: Sequence[Path], sets: Path) -> list[Case]:
    found: list[Case] = []
    for path in paths:
        if path.resolve() == LICENSED and not sets.is_dir():
            say(f"{path.name} is left out: its texts are in the licensed sets, and {sets} is not there")
        elif path.resolve() == LICENSED:
            found += cases_of(training.labelled(map(asdict, licensed(sets)), path.name))
        else:
            found += cases_of(training.dialogues(path))
    return found


def generated(lives: Sequence[tuple[type[English] | type[Chinese], str, int, int]] = LIVES) -> list[Case]:
    found = []
    for speech, language, turns, people in lives:
        for person in range(people):
            name = f"{language} {person}"
            year = write(speech(SEED + person), turns, SEED + person, name)
            found += [
                Case(line.turn, line.label, line.target, name, language, f"{line.sort} ({line.turn.role})")
                for line in year.lines
            ]
    return found


# ---- gates ----------------------------------------------------------------------------------------------------


@contextmanager
def opened(encoder: Encoder, writer: Writer, clock: Callable[[], float] = time.time) -> Iterator[MemoryNetwork]:
    """A memory network with the app's read, in a folder of its own, that replies nothing."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/mneme.sqlite3")
        store = ExternalMemory(engine, data=Path(folder), encoder_name=encoder.name, dimension=encoder.dimension)
        reader, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
        if note:
            say(note)
        network = MemoryNetwork(encoder, store, reader, writer, NoDecoder(), clock=clock)
        try:
            yield network
        finally:
            network.close()
            engine.dispose()


def decided(network: MemoryNetwork, cases: Sequence[Case]) -> dict[str, Decided]:
    """Each turn written, one after the other, every dialogue to an owner of its own."""
    found: dict[str, Decided] = {}
    for number, (_, dialogue) in enumerate(groupby(cases, lambda case: case.dialogue)):
        owner, turns = f"{OWNER} {number}", {}
        for case in dialogue:
            (id,) = network.write(owner, [case.turn])
            turns[id] = case.turn.id
            memory = network.store.get(owner, [id])[id]
            found[case.turn.id] = Decided(gate_of(memory), turns.get(memory.target, ""))
    return found


def gate_of(memory: Memory) -> Gate:
    """What was decided. What follows a message that says several things replaces one of them, and is kept beside it."""
    return "supersede" if memory.gate == "add" and memory.target else memory.gate


def by_cosine(
    cases: Sequence[Case], rows: np.ndarray, tells: Sequence[bool], merge: float, supersede: float
) -> dict[str, Decided]:
    """The baseline's decisions: (cases, dimension) unit ``rows``; what is replaced leaves its memory."""
    found: dict[str, Decided] = {}
    places = range(len(cases))
    for _, dialogue in groupby(places, lambda at: cases[at].dialogue):
        kept: list[int] = []
        for at in dialogue:
            id = cases[at].turn.id
            cosine = rows[kept] @ rows[at] if kept else np.zeros(0)
            nearest = int(cosine.argmax()) if kept else -1
            most = float(cosine.max()) if kept else -1.0
            if not tells[at]:
                found[id] = Decided("skip")
            elif most >= merge:
                found[id] = Decided("merge", cases[kept[nearest]].turn.id)
            elif most >= supersede:
                found[id] = Decided("supersede", cases[kept.pop(nearest)].turn.id)
                kept.append(at)
            else:
                found[id] = Decided("add")
                kept.append(at)
    return found


class Cosine:
    """The baseline for one encoder, its thresholds those of the best macro F1 on ``chosen_on``."""

    def __init__(self, encoder: Encoder, chosen_on: Sequence[Case]) -> None:
        self._encoder, self._messages = encoder, make_message_reader(encoder.name)
        seen = self._seen(chosen_on)
        scores = {
            (merge, supersede): figures(judged(chosen_on, by_cosine(chosen_on, *seen, merge, supersede)))["macro_f1"]
            for merge in THRESHOLDS
            for supersede in THRESHOLDS
            if supersede <= merge
        }
        self.thresholds = max(scores, key=lambda one: float(str(scores[one])))

    def decided(self, cases: Sequence[Case]) -> dict[str, Decided]:
        return by_cosine(cases, *self._seen(cases), *self.thresholds)

    def _seen(self, cases: Sequence[Case]) -> tuple[np.ndarray, list[bool]]:
        texts = [case.turn.text for case in cases]
        rows = self._encoder.encode(texts)
        acts = self._messages.read(texts, rows if self._messages.sees_vectors else None)
        return rows, [one.tells >= TELLS for one in acts]


# ---- latency --------------------------------------------------------------------------------------------------


def latency(encoder: Encoder, writer: Writer, sizes: Sequence[int]) -> dict[str, object]:
    """Milliseconds of one turn's write at each size, ascending. Most of the fill's vectors are means of two encoded
    ones (``scale_data``)."""
    texts = list(dict.fromkeys(line.turn.text for line in _year(ENCODED * 2, 1).lines))[:ENCODED]
    filler = Filler(texts, encoder.encode(texts))
    new = [line.turn for line in _year(len(sizes) * MEASURED, 2).lines]
    found: dict[str, object] = {}
    with opened(encoder, writer) as network:
        plain = MemoryNetwork(encoder, network.store, network.reader, Writer(), NoDecoder())
        for number, size in enumerate(sizes):
            for at in range(network.store.count(OWNER), size, BATCH):
                rows = filler.rows(at, min(size, at + BATCH), {}, {})
                network.store.add(OWNER, plain.writer.memories(OWNER, rows.turns), rows.vectors)
            say(f"{network.store.count(OWNER)} memories filled in")
            turns = new[number * MEASURED : (number + 1) * MEASURED]
            for name, one in (("gate", network), ("no gate", plain)):
                times = [_timed(one, Turn(f"{name} {t.id}", t.role, t.text, t.created + 4e8, name)) for t in turns]
                p50, p95 = np.percentile(times[WARM:], [50, 95])
                found[f"{name} at {size}"] = {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}
        plain.idle.close()
    return found


def _year(turns: int, seed: int) -> Year:
    return write(English(SEED + 100 * seed), turns, SEED + 100 * seed, f"fill {seed}")


def _timed(network: MemoryNetwork, turn: Turn) -> float:
    started = time.perf_counter()
    network.write(OWNER, [turn])
    return 1000 * (time.perf_counter() - started)


# ---- all of it ------------------------------------------------------------------------------------------------


def measure(cases: Sequence[Case], encoder: Encoder, writer: Writer, cosine: Cosine) -> dict[str, object]:
    started = time.perf_counter()
    with opened(encoder, writer) as network:
        found = decided(network, cases)
    say(f"{len(cases)} turns written in {time.perf_counter() - started:.0f} s")
    added = {case.turn.id: Decided("add") for case in cases}
    return {
        "gate": report(judged(cases, found)),
        "cosine": report(judged(cases, cosine.decided(cases))),
        "added": figures(judged(cases, added)),
    }


def writer_of(encoder: Encoder, *, vectors: bool = True) -> Writer:
    """As the app makes it; without ``vectors``, for an encoder that the gate does not know."""
    name = encoder.name if vectors else ""
    return Writer(make_write_gate(name, multilingual=encoder.multilingual), make_message_reader(name))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", default=[WRITTEN, LICENSED], help="files of labelled turns")
    parser.add_argument("--sets", type=Path, default=SHARED, help="folder of the licensed sets' archives")
    parser.add_argument("--encoder", default="default", help="as the app's --encoder, or none")
    parser.add_argument("--large", action="store_true", help="also the latency at 100,000: some minutes")
    options = parser.parse_args()
    encoder = Encoder("default" if options.encoder == "none" else options.encoder)
    writer = writer_of(encoder, vectors=options.encoder != "none")
    chosen_on = [
        case for path in training.FOLDER.glob("writing_turns*.jsonl") for case in by_hand([path], options.sets)
    ]
    cosine = Cosine(encoder, chosen_on)
    result = {
        "encoder": options.encoder,
        "cosine_thresholds": dict(zip(("merge", "supersede"), cosine.thresholds, strict=True)),
        "labelled": measure(by_hand(options.data, options.sets), encoder, writer, cosine),
        "generated": measure(generated(), encoder, writer, cosine),
        "latency_ms": latency(encoder, writer, [FILLED, *([10 * FILLED] if options.large else [])]),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
