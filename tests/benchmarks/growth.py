"""A year of one person's chats written to memory: does it grow with the facts, or with the talk? And what is found.

    python -m tests.benchmarks.growth [--turns 4000] [--seed 0]

The chats are those of ``year``, in parts that the write gate is not trained on. They are written by
``MemoryNetwork.write``, turn by turn with the gate and, to a memory of their own, without one. Of the memories that
hold now (the store's standing "current"): ``per_fact``, how many there are for each distinct thing told or explained
that is still valid; ``share`` by what their turns should have become, of which "skip" is ``junk`` and "replaced" what
no longer holds; ``junk_by_sort``; ``missing``, the share of the valid ones that are not among them. ``recall@5`` of
the app's read: of every fact that is ``valid`` and that a question can ask for clearly; of a ``detail`` that was told
when the assistant asked further, in a turn that does not name what it is on ("With a coach."); and of what held before,
asked as ``past``. Nothing is replied. 10,000 turns, as a busy year has them, take half an hour of two busy cores.
The last line of the output is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from knowledge.input.encoder import Encoder
from knowledge.memory_network import MemoryNetwork
from knowledge.records import Memory
from knowledge.write.writer import Writer
from tests.benchmarks.writing import opened, say, writer_of
from tests.benchmarks.year import Question, Year, write
from tests.benchmarks.year_english import English

OWNER = "year"
AMONG = 5
PAGE = 500
TOLD = 500  # turns between two lines of progress


def current(network: MemoryNetwork) -> Iterator[Memory]:
    """Every memory that holds now."""
    at = 0
    while True:
        page, _ = network.store.page(OWNER, standing="current", limit=PAGE, offset=at)
        if not page:
            return
        yield from page
        at += len(page)


def kept(year: Year, standing: Collection[str]) -> dict[str, object]:
    """What the memory holds now, beside what it should. ``standing``: ids of the turns that are current."""
    valid = year.valid
    should: dict[str, str] = {}
    for line in year.lines:
        id, is_fact = line.turn.id, line.label in ("add", "supersede")
        should[id] = "valid" if id in valid else "replaced" if is_fact else line.label
    sorts = {line.turn.id: line.sort for line in year.lines}
    counts = Counter(should[id] for id in standing)
    junk = Counter(sorts[id] for id in standing if should[id] == "skip")
    total = max(1, len(standing))
    return {
        "memories": len(standing),
        "valid_facts": len(valid),
        "per_fact": round(len(standing) / max(1, len(valid)), 3),
        "share": {name: round(counts[name] / total, 4) for name in ("valid", "replaced", "merge", "skip")},
        "junk": round(counts["skip"] / total, 4),
        "junk_by_sort": dict(junk.most_common()),
        "missing": round(len(valid - set(standing)) / max(1, len(valid)), 4),
    }


def recall(questions: Sequence[Question], found: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """``found``: question → ids of the turns whose memories came first."""
    figures: dict[str, object] = {}
    for name in ("valid", "detail", "past"):
        asked = [one for one in questions if one.sort == name]
        hits = sum(bool(one.turns & set(found[one.text][:AMONG])) for one in asked)
        figures[name] = {"asked": len(asked), f"recall@{AMONG}": round(hits / max(1, len(asked)), 4)}
    return figures


def lived(year: Year, encoder: Encoder, writer: Writer, *, together: int) -> dict[str, object]:
    """The year in a memory of its own. ``together``: turns that are written at once."""
    turns = [line.turn for line in year.lines]
    with opened(encoder, writer, clock=lambda: turns[-1].created + 3600.0) as network:
        of = {network.memory_id(OWNER, turn.id): turn.id for turn in turns}
        started = time.perf_counter()
        for at in range(0, len(turns), together):
            network.write(OWNER, turns[at : at + together])
            if (at + together) % TOLD < together:
                say(f"{at + together} turns written, {time.perf_counter() - started:.0f} s")
        wrote = time.perf_counter() - started
        figures = kept(year, [of[memory.id] for memory in current(network)])
        started, found = time.perf_counter(), dict[str, list[str]]()
        for one in year.questions:
            reads = network.read(OWNER, one.text, limit=AMONG).reads
            found[one.text] = [of[read.memory.id] for read in reads]
        read = time.perf_counter() - started
    return (
        figures
        | recall(year.questions, found)
        | {
            "write_ms": round(1000 * wrote / len(turns), 1),
            "read_ms": round(1000 * read / max(1, len(year.questions)), 1),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    year = write(English(options.seed), options.turns, options.seed)
    encoder = Encoder("default")
    result = {
        "turns": len(year.lines),
        "labels": Counter(line.label for line in year.lines),
        "gate": lived(year, encoder, writer_of(encoder), together=1),
        "no gate": lived(year, encoder, Writer(), together=100),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
