"""LongMemEval-S: are the turns that answer a question found among fifty sessions, and is the answer then right?

    python -m tests.benchmarks.longmemeval --data FILE.jsonl.xz [--model NAME] [--questions N] [--answers]
        [--vectors FOLDER] [--replies FILE]

Each question's haystack (about 500 turns of user and assistant, with their dates) goes through the product's own
writer, encoder and store into an empty memory; the question is asked on its own date, by systems that rank the same
turns in the same run: "app", the read by its weights before any cut (it may not decline and drops nothing; see
tests.benchmarks.recall), "chroma", "bm25" (FTS5, stemmed), and "fused", both of these by reciprocal rank (k = 60).
By type of question, in percent: ``turns@k``, the share of the evidence turns among the first k; ``any_session@5`` and
``all_sessions@5``: of the sessions in order of their first turn, does the first five hold one, or all, of the
evidence's. Questions whose answer is "not mentioned" (ids that end in _abs) stand apart: ``declined``, the share for
which the app's own read reads nothing, beside the same of the others.

``--answers``: the decoder of ``--model`` (as the app's, with the app's settings) answers in a dialogue of its own from
"app", what the app reads; "oracle", the evidence, weighed alike; "chroma", the five nearest, as text. Right is a reply
that holds the written answer by the rule of tests/benchmarks/answer_forms.py once clauses that say "not known" are
taken out; preferences are no answers but advice, and only stand in ``--replies``; of those apart, ``honest`` says that
it does not know (tests/benchmarks/not_known.py).

``--questions``: the first so many, dealt evenly over the types; ``--vectors``: a folder where the encoder's vectors are
kept for the next run. One question is in memory at a time. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chat_app.settings import Settings
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of, parts_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import Reader
from knowledge.records import Memory, Read, ReadResult, ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply.decoder import Decoder, OpenDecoder
from knowledge.training.read_data import scratch_store
from knowledge.write.writer import Writer, memory_id
from tests.benchmarks.answer_forms import from_answer
from tests.benchmarks.app_runs import NEAREST, loaded, nearest_whole, whole_vectors
from tests.benchmarks.conditioning import reader_of
from tests.benchmarks.longmemeval_data import Found, Question, by_kind, load
from tests.benchmarks.not_known import not_known, without
from tests.benchmarks.recall import fused

OWNER = "longmemeval"
DEEP = 50  # turns of a ranking, enough for five sessions
PREFERENCE = "single-session-preference"
SYSTEMS = ("app", "chroma", "bm25", "fused")
ANSWERING = ("app", "oracle", "chroma")


@dataclass
class Results:
    """What was found so far."""

    found: dict[str, list[Found]] = field(default_factory=lambda: {name: [] for name in SYSTEMS})
    declined: dict[bool, list[bool]] = field(default_factory=lambda: {True: [], False: []})  # unanswerable → …
    answers: dict[str, list[tuple[Question, str, bool | None]]] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)  # of the app's read
    seconds: list[float] = field(default_factory=list)  # of filling a memory


def some(questions: Iterator[Question], count: int) -> Iterator[Question]:
    """All for 0; else ``count`` of them, in their order, at most ⌈count / 6⌉ of each of the six types."""
    most, given = -(-count // 6), Counter[str]()
    for question in questions:
        if count and given.total() == count:
            return
        if not count or given[question.kind] < most:
            given[question.kind] += 1
            yield question


class Haystack:
    """One question's haystack in a memory of its own."""

    def __init__(self, store: ExternalMemory, encoder: Encoder, question: Question, vectors: Path | None) -> None:
        self.store, self.encoder, self.question = store, encoder, question
        self.turn = {memory_id(OWNER, turn.id): turn for turn in question.turns}
        memories = Writer().memories(OWNER, question.turns)
        store.add(OWNER, memories, encoded(memories, encoder, vectors))
        self.vector = encoder.encode_queries([question.text])[0]

    def read(self, reader: Reader, limit: int) -> ReadResult:
        question = self.question
        return read_memory(
            reader, self.store, self.encoder, OWNER, question.text, self.vector, [], asked=question.asked, limit=limit
        )

    def nearest(self) -> list[str]:
        return nearest_whole(whole_vectors(self.store, OWNER), self.vector, 100)

    def spoken(self) -> list[str]:
        return list(self.store._lexical.of(OWNER).matches(self.question.text).own)[:100]

    def reads(self, ids: Sequence[str]) -> tuple[Read, ...]:
        """These memories, weighed alike, in this order."""
        there = self.store.get(OWNER, ids)
        return tuple(Read(there[id], score=1.0, weight=1.0 / len(ids)) for id in ids if id in there)


def encoded(memories: Sequence[Memory], encoder: Encoder, folder: Path | None) -> list[np.ndarray]:
    """The keys of each memory, from the folder where they are there."""
    if folder is None:
        return keys_of(encoder, memories)
    texts = [f"{parts_of(memory)} {memory.text}" for memory in memories]
    name = hashlib.sha256("\0".join([encoder.name, *texts]).encode("utf-8", "replace")).hexdigest()[:32]
    path = folder / f"{name}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        keys = keys_of(encoder, memories)
        np.savez(path, rows=np.concatenate(keys), counts=[len(one) for one in keys])
    with np.load(path) as kept:
        return np.split(kept["rows"], np.cumsum(kept["counts"])[:-1])


class Answering:
    """One decoder over whichever reads it is given."""

    def __init__(self, decoder: Decoder, settings: Settings) -> None:
        self.decoder, self.settings = decoder, settings

    def reply(self, question: Question, reads: Sequence[Read], heard: bool, *, as_text: bool = False) -> str:
        decoder: Any = self.decoder
        path = decoder.path if as_text and isinstance(decoder, OpenDecoder) else "prompt"
        if path != "prompt":
            decoder.set_way(decoder.way_of("prompt"))
        sampling = Sampling(temperature=self.settings.temperature, max_tokens=self.settings.reply_tokens)
        turn = Turn("question", "user", question.text, question.asked)
        request = ReplyRequest([turn], reads, sampling, key="longmemeval", owner=OWNER, heard=heard)
        try:
            *_, done = decoder.reply(request, threading.Event())
        finally:
            if path != "prompt":
                decoder.set_way(decoder.way_of(path))
        assert isinstance(done, ReplyDone)
        return done.text.strip()

    def forget(self) -> None:
        if isinstance(self.decoder, OpenDecoder):
            self.decoder.forget(OWNER)


def judged(question: Question, reply: str) -> bool | None:
    """Is the reply right, or honest where nothing answers? None where no rule can tell."""
    if question.unanswerable:
        return not_known(reply)
    if question.kind == PREFERENCE:
        return None
    return from_answer(question.answer, question.text)(without(reply))


def ask(
    memory: Haystack, readers: tuple[Reader, Reader], answering: Answering | None, results: Results
) -> dict[str, str]:
    """One question by all systems. → the replies by system."""
    question, (usual, willing) = memory.question, readers
    began = time.perf_counter()
    wide = memory.read(willing, DEEP)
    results.milliseconds.append(1000 * (time.perf_counter() - began))
    near, spoken = memory.nearest(), memory.spoken()
    rankings = {
        "app": [read.memory.id for read in wide.reads],
        "chroma": near,
        "bm25": spoken,
        "fused": fused(near, spoken),
    }
    limit = answering.settings.reads if answering else 8
    read = memory.read(usual, limit)
    results.declined[question.unanswerable].append(not read.reads)
    if not question.unanswerable:
        for name, ids in rankings.items():
            if (found := Found.of(question, [memory.turn[id] for id in ids])) is not None:
                results.found[name].append(found)
    if answering is None:
        return {}
    evidence = [id for id, turn in memory.turn.items() if turn.id in question.evidence]
    replies = {
        "app": answering.reply(question, read.reads, read.heard),
        "oracle": answering.reply(question, memory.reads(evidence), read.heard),
        "chroma": answering.reply(question, memory.reads(near[:NEAREST]), read.heard, as_text=True),
    }
    for name, reply in replies.items():
        results.answers.setdefault(name, []).append((question, reply, judged(question, reply)))
    answering.forget()
    return replies


def summary(results: Results) -> dict[str, Any]:
    found = {
        "questions": len(results.declined[False]),
        "unanswerable": len(results.declined[True]),
        "systems": {name: by_kind(values) for name, values in results.found.items()},
        "declined": {"unanswerable": _share(results.declined[True]), "others": _share(results.declined[False])},
        "read_ms_p50": round(statistics.median(results.milliseconds), 1) if results.milliseconds else None,
        "fill_s_p50": round(statistics.median(results.seconds), 1) if results.seconds else None,
    }
    if results.answers:
        found["answers"] = {name: _answers(values) for name, values in results.answers.items()}
    return found


def _answers(answers: Sequence[tuple[Question, str, bool | None]]) -> dict[str, Any]:
    plain = [(q, reply, good) for q, reply, good in answers if good is not None and not q.unanswerable]
    kinds = sorted({question.kind for question, _, _ in plain})
    return {
        "judged": len(plain),
        "right": sum(bool(good) for _, _, good in plain),
        "denied": sum(not good and not_known(reply) for _, reply, good in plain),
        "right_by_type": {
            kind: [sum(bool(good) for q, _, good in plain if q.kind == kind), sum(q.kind == kind for q, _, _ in plain)]
            for kind in kinds
        },
        "unanswerable": sum(question.unanswerable for question, _, _ in answers),
        "honest": sum(bool(good) for question, _, good in answers if question.unanswerable),
    }


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def measure(
    questions: Iterator[Question],
    encoder: Encoder,
    answering: Answering | None = None,
    vectors: Path | None = None,
    replies: Callable[[dict[str, Any]], None] = lambda line: None,
) -> dict[str, Any]:
    """``replies`` is called with every question and what was said to it."""
    readers = reader_of(encoder, declines=True), reader_of(encoder, declines=False)
    results = Results()
    for number, question in enumerate(questions, 1):
        with scratch_store(encoder) as store:
            began = time.perf_counter()
            memory = Haystack(store, encoder, question, vectors)
            results.seconds.append(time.perf_counter() - began)
            said = ask(memory, readers, answering, results)
        right = {name: values[-1][2] for name, values in results.answers.items()}
        replies(
            {
                "id": question.id,
                "type": question.kind,
                "question": question.text,
                "answer": question.answer,
                "replies": said,
                "right": right,
            }
        )
        found = {name: by_kind(values).get("all", {}).get("turns@5") for name, values in results.found.items()}
        print(f"{number} {question.id} {question.kind}: turns@5 {found}", file=sys.stderr, flush=True)
    return summary(results)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="LongMemEval's questions, JSON lines, packed or not")
    parser.add_argument("--model", default="default", help="as the app's --model, for --answers")
    parser.add_argument("--memory-path", default="", help="as the app's --memory-path; by default what the app takes")
    parser.add_argument("--encoder", default="default", help="as the app's --encoder")
    parser.add_argument("--questions", type=int, default=0, help="so many, dealt over the types; 0: all")
    parser.add_argument("--answers", action="store_true", help="answer too")
    parser.add_argument("--replies", type=Path, help="file for every question and reply, JSON lines")
    parser.add_argument("--vectors", type=Path, help="folder for the encoder's vectors, for the next run")
    options = parser.parse_args()
    questions = some(load(options.data), options.questions)
    with ExitStack() as open_:
        if options.replies:
            file = open_.enter_context(options.replies.open("w", encoding="utf-8"))
            keep: Callable[[dict[str, Any]], None] = lambda one: _write(file, one)  # noqa: E731
        else:
            keep = lambda one: None  # noqa: E731
        if not options.answers:
            found = measure(questions, Encoder(options.encoder), None, options.vectors, keep)
        else:
            flags = ["--model", options.model, "--encoder", options.encoder]
            flags += ["--memory-path", options.memory_path] if options.memory_path else []
            settings, models = open_.enter_context(loaded(flags))
            answering = Answering(models.decoder, settings)
            found = {
                "model": models.decoder.name,
                "path": models.decoder.path,
                **measure(questions, models.encoder, answering, options.vectors, keep),
            }
    print(json.dumps(found))


def _write(file: Any, one: dict[str, Any]) -> None:
    file.write(json.dumps(one, ensure_ascii=False) + "\n")
    file.flush()


if __name__ == "__main__":
    main()
