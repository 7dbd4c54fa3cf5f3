"""Answers from memory on LoCoMo: F1 in percent by category, as LoCoMo's own evaluation defines it.

    python -m tests.benchmarks.answers --data LOCOMO.json [--questions 200] [--adapter default|none|FILE]
        [--systems mneme,stock+prompt] [--replies FILE] [--threads N]

Every question is asked in a new conversation of a memory that holds a LoCoMo conversation as the app stores it. All
systems answer greedily with the app's sampling and settings, in at most ``--reply-tokens``:

- "mneme": the app's own read (it may read nothing), its way of conditioning, the decoder with the adapter.
- "stock+prompt": the same memories as text before the question, the decoder without the adapter, as chats with
  retrieval do. "stock+blocks": the same, but as blocks.
- "oracle-evidence": as mneme, but the memories are the evidence that LoCoMo names, equally weighed. (For category 5
  LoCoMo names the turns that mislead.)

``--questions``: that many, dealt evenly over the conversations, each with its share of every category; the smaller
choice is a part of the larger. By default all. The last line is one JSON object. ``evidence_recall@10``: share of the
evidence among at most 10 memories of the app's read, over categories 1 to 4 (where it declines, none); ``…_willing``:
the same where it may not decline, as in tests.benchmarks.recall. ``declined``: share of questions for which nothing
was read. LoCoMo is CC BY-NC 4.0: it measures here and trains nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chat_app.settings import Settings
from chat_app.settings import load as load_settings
from knowledge.input.encoder import Encoder
from knowledge.records import Read, ReadResult, ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.training.read_data import scratch_store
from tests.benchmarks import recall
from tests.benchmarks.conditioning import reader_of
from tests.benchmarks.embedded import adapter_of, embedded_folder
from tests.benchmarks.locomo_f1 import ADVERSARIAL, by_category, score

SYSTEMS = ("mneme", "stock+prompt", "stock+blocks", "oracle-evidence")
CUT = 10  # memories of evidence_recall
SEED = 0


@dataclass(frozen=True)
class Asked:
    """A question, what the app reads for it, and its evidence. ``found``: share of the evidence among the first
    ten, as the app reads and where it may not decline; None where LoCoMo names no evidence, and in category 5."""

    conversation: str
    question: str
    category: int
    gold: str
    when: float  # seconds since the epoch: after the conversation's last turn
    read: ReadResult
    evidence: tuple[Read, ...]
    found: tuple[float, float] | None


def dealt(items: Sequence[dict[str, Any]], count: int, rng: random.Random) -> list[dict[str, Any]]:
    """``count`` questions of one conversation with its share of every category: a systematic sample by category."""
    places: list[tuple[float, int, dict[str, Any]]] = []
    for category in sorted({item["category"] for item in items}):
        mine = [item for item in items if item["category"] == category]
        rng.shuffle(mine)
        offset = rng.random()
        places += [((at + offset) / len(mine), category, item) for at, item in enumerate(mine)]
    return [item for _, _, item in sorted(places, key=lambda place: place[:2])[:count]]


def asked(path: Path, encoder: Encoder, settings: Settings, count: int) -> Iterator[Asked]:
    """Questions with their reads, conversation by conversation. ``count`` 0: all."""
    samples = json.loads(path.read_text(encoding="utf-8"))
    usual, willing = reader_of(encoder, declines=True), reader_of(encoder, declines=False)
    for number, (sample, conversation) in enumerate(zip(samples, recall.load(path), strict=True)):
        share = count // len(samples) + (number < count % len(samples)) if count else len(sample["qa"])
        named = {(question.text, question.category): question.evidence for question in conversation.questions}
        last = max(turn.created for turn in conversation.turns)
        with scratch_store(encoder) as store:
            recall.fill(store, conversation, encoder)
            for item in dealt(sample["qa"], share, random.Random(f"{SEED}:{sample['sample_id']}")):
                text, category = item["question"], item["category"]
                vector = encoder.encode_queries([text])[0]
                wide, forced = (
                    recall.read_with(reader, store, encoder, text, vector, limit=CUT) for reader in (usual, willing)
                )
                ids = named.get((text, category), frozenset())
                there = list(store.get(recall.OWNER, ids).values())
                read = recall.read_with(usual, store, encoder, text, vector, limit=settings.reads)
                yield Asked(
                    conversation.name,
                    text,
                    category,
                    str(item.get("answer", "")),
                    last + 3600,
                    read,
                    tuple(Read(memory, score=1.0, weight=1.0 / len(there)) for memory in there),
                    None
                    if category == ADVERSARIAL or not ids
                    else (
                        len(ids & {read.memory.id for read in wide.reads}) / len(ids),
                        len(ids & {read.memory.id for read in forced.reads}) / len(ids),
                    ),
                )


class Systems:
    """The systems by name; the stock decoder and the one with the adapter are the same one where there is none."""

    def __init__(self, settings: Settings, adapter: Path | None, names: Sequence[str], reply_tokens: int) -> None:
        self.settings, self.names, self.tokens = settings, names, reply_tokens
        self.adapted = self._decoder(adapter)
        stock = any(name.startswith("stock") for name in names)
        self.stock = self._decoder(None) if stock and adapter is not None else self.adapted
        self.seconds: dict[str, list[float]] = {name: [] for name in names}
        self.known: dict[str, tuple[object, str]] = {}  # system → how it answered the question: twins answer once

    def _decoder(self, adapter: Path | None) -> LocalDecoder:
        settings = self.settings
        return LocalDecoder(
            str(embedded_folder()),
            window=settings.window,
            reads_tokens=settings.reads_tokens,
            path=settings.memory_path,
            adapter=adapter,
        )

    def answers(self, one: Asked) -> dict[str, str]:
        """System → its reply."""
        self.known.clear()
        return {name: self._answer(name, one) for name in self.names}

    def _answer(self, name: str, one: Asked) -> str:
        decoder = self.stock if name.startswith("stock+") else self.adapted
        path = name.removeprefix("stock+") if name.startswith("stock+") else self.settings.memory_path
        reads = one.evidence if name == "oracle-evidence" else one.read.reads
        how = (id(decoder), path, reads is one.evidence)
        for twin, (done, reply) in self.known.items():
            if done == how:
                self.seconds[name].append(self.seconds[twin][-1])
                return reply
        started = time.perf_counter()
        decoder.set_way(decoder.way_of(path))
        sampling = Sampling(temperature=self.settings.temperature, max_tokens=self.tokens)
        turn = Turn("question", "user", one.question, one.when)
        request = ReplyRequest([turn], reads, sampling, key="answers", owner=one.conversation, heard=one.read.heard)
        reply = reply_of(decoder, request)
        self.known[name] = how, reply
        self.seconds[name].append(time.perf_counter() - started)
        return reply


def reply_of(decoder: LocalDecoder, request: ReplyRequest) -> str:
    """The whole reply."""
    *_, done = decoder.reply(request, threading.Event())
    assert isinstance(done, ReplyDone)
    return done.text.strip()


def measure(questions: Iterator[Asked], systems: Systems, replies: Path | None = None) -> dict[str, Any]:
    scores: dict[str, list[tuple[int, float]]] = {name: [] for name in systems.names}
    done: list[Asked] = []
    if replies is not None:
        replies.write_text("", "utf-8")
    for one in questions:
        said = systems.answers(one)
        done.append(one)
        for name, reply in said.items():
            scores[name].append((one.category, score(reply, one.gold, one.category)))
        if replies is not None:
            read = [[round(read.weight, 3), read.memory.text] for read in one.read.reads]
            line = {
                "conversation": one.conversation,
                "category": one.category,
                "question": one.question,
                "gold": one.gold,
                "replies": said,
                "f1": {name: round(s[-1][1], 4) for name, s in scores.items()},
                "evidence": [evidence.memory.text for evidence in one.evidence],
                "reads": read,
            }
            with replies.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if len(done) % 10 == 0:
            shown = ", ".join(f"{name} {by_category(values)['overall']:.1f}" for name, values in scores.items())
            print(f"{len(done)} questions: {shown}", file=sys.stderr, flush=True)
    found = {name: by_category(values) for name, values in scores.items()}
    recalls = [one.found for one in done if one.found is not None]
    return {
        "questions": len(done),
        "by_category": {str(n): sum(one.category == n for one in done) for n in sorted({o.category for o in done})},
        "f1": found.get("mneme", {}),
        "systems": found,
        f"evidence_recall@{CUT}": mean([usual for usual, _ in recalls]),
        f"evidence_recall@{CUT}_willing": mean([willing for _, willing in recalls]),
        "declined": {
            "answerable": mean([not one.read.reads for one in done if one.category != ADVERSARIAL]),
            "5": mean([not one.read.reads for one in done if one.category == ADVERSARIAL]),
        },
        "reply_s_p50": {name: round(statistics.median(values), 2) for name, values in systems.seconds.items()},
    }


def mean(values: Sequence[float]) -> float | None:
    """None where nothing was counted."""
    return round(statistics.mean(values), 4) if values else None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's JSON file")
    parser.add_argument("--questions", type=int, default=0, help="0: all")
    parser.add_argument("--adapter", default="default", help="default: the one that ships; none: stock; or a file")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="some of them, joined by commas")
    parser.add_argument("--reply-tokens", type=int, default=48)
    parser.add_argument("--replies", type=Path, help="file for every question and reply, JSON lines")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    options = parser.parse_args()
    names = options.systems.split(",")
    if unknown := [name for name in names if name not in SYSTEMS]:
        parser.error(f"--systems: {unknown[0]!r} is none of {', '.join(SYSTEMS)}")
    if options.threads:
        torch.set_num_threads(options.threads)
    settings, adapter = load_settings([], {}), adapter_of(options.adapter)
    systems = Systems(settings, adapter, names, options.reply_tokens)
    questions = asked(options.data, Encoder("default"), settings, options.questions)
    found = measure(questions, systems, options.replies)
    print(json.dumps({"adapter": str(adapter) if adapter else None, **found}))


if __name__ == "__main__":
    main()
