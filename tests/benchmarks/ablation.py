"""What each part of the read is worth, on questions that no part was made for.

    python -m tests.benchmarks.ablation --data FOLDER [--questions N] [--vectors FOLDER] [--encoder default]

The app's read is asked as it is, and without one part at a time: on the lives (``lives``, of which nothing is read
but what the person said; a question's evidence is the messages that hold the right words), on LoCoMo's conversations
42 and 43 (``locomo``) and on LongMemEval-S (``longmemeval``; ``--questions``: so many), out of lives_dev.json,
locomo_dev.json and longmemeval_s_dev.jsonl.xz. Per set and part: ``@1``, ``@5``, ``@10``, the share of the evidence
among the first k where the read may not decline, in percent; ``declined``, the share of answerable questions for
which the app's own read reads nothing, and ``declined_unanswerable`` of the others. ``lives`` tells what people ask
in their own words; ``locomo`` what holds without the app's chats: names, short turns; ``longmemeval`` long chats with
an assistant. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.store import ExternalMemory
from knowledge.read import attention_reader, pipeline
from knowledge.read.evidence import QUERY_FEATURES, RELATIVE, SLOT_FEATURES, evidence
from knowledge.read.pair_evidence import PAIR_FEATURES
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import Reader
from knowledge.records import ACTS, Candidate, Memory
from knowledge.training.read_data import scratch_store
from tests.benchmarks import lives, longmemeval, recall
from tests.benchmarks.app_runs import OWNER, QUESTION_DAY, told_on
from tests.benchmarks.conditioning import reader_of

HELD_OUT = ("conv-42", "conv-43")
CUTS = (1, 5, 10)


def _whole_texts(store: ExternalMemory, encoder: Encoder, owner: str, *given: Any, **more: Any) -> list[Candidate]:
    """The shortlist as near as whole texts are."""
    found = _CANDIDATES(store, encoder, owner, *given, **more)
    _, vector, _, messages = given
    keys = store.vectors(owner, [one.memory.id for one in found])
    whole = [replace(one, cosine=float(keys[one.memory.id] @ vector), part=0, key=keys[one.memory.id]) for one in found]
    return pipeline.with_acts(messages, whole)


def _without(*names: str) -> Callable[[], Any]:
    """The read whose network is blind to these columns of the evidence."""
    columns = [at for at, name in enumerate(_COLUMNS) if name in names]

    def blind(*given: Any, **more: Any) -> np.ndarray:
        table = evidence(*given, **more)
        table[:, columns] = 0
        return table

    return lambda: patch.object(attention_reader, "evidence", blind)


_COLUMNS = (*SLOT_FEATURES, *RELATIVE, *RELATIVE, *QUERY_FEATURES)
_CANDIDATES = pipeline.candidates_of
PARTS: dict[str, Callable[[], Any]] = {
    "keys of parts": lambda: patch.object(pipeline, "candidates_of", _whole_texts),
    "acts of the message": _without(*ACTS),
    "acts of memories": _without("tells", "asks", "wants", "chats"),
    "memories beside each other": _without(*PAIR_FEATURES),
    "patterns of questions": _without("when", "where", "who", "how_many", "how_long", "yes_no", "why", "what", "now"),
    "times in words": _without("time", "dated", "when_said", "recent_now"),
    "who is named": _without("named", "other", "mentions", "mention_share", "speaker_named"),
    "turns around": _without(
        "cover_previous",
        "cover_around",
        "cover_wide",
        "previous_bm25",
        "next_bm25",
        "previous2_bm25",
        "next2_bm25",
        "previous_cosine",
        "next_cosine",
        "previous_question",
        "context_around",
    ),
    "said later": lambda: patch.object(attention_reader, "with_later", lambda kept, *_: (kept, {})),
}


@dataclass
class Asked:
    """What one variant of the read found on one set."""

    found: dict[int, list[float]] = field(default_factory=lambda: {k: [] for k in CUTS})
    declined: dict[bool, list[bool]] = field(default_factory=lambda: {True: [], False: []})  # answerable → …

    def summary(self) -> dict[str, float | None]:
        def percent(values: Sequence[float]) -> float | None:
            return round(100 * statistics.mean(values), 1) if values else None

        return {f"@{k}": percent(values) for k, values in self.found.items()} | {
            "declined": percent([float(one) for one in self.declined[True]]),
            "declined_unanswerable": percent([float(one) for one in self.declined[False]]),
        }


# owner, text, vector, the questions before it, asked, evidence, answerable
Question = tuple[str, str, np.ndarray, list[str], float, frozenset[str], bool]


def ask(
    readers: tuple[Reader, Reader], store: ExternalMemory, encoder: Encoder, one: Question, results: dict[str, Asked]
) -> None:
    """The question, by the whole read and without each part."""
    owner, text, vector, before, asked, evidence, answerable = one
    for name, result in results.items():
        with PARTS[name]() if name in PARTS else ExitStack():
            usual, willing = (
                read_memory(
                    reader,
                    store,
                    encoder,
                    owner,
                    text,
                    vector,
                    before,
                    asked=asked,
                    limit=10,
                    messages=make_message_reader(encoder.name),
                )
                for reader in readers
            )
        result.declined[answerable].append(not usual.reads)
        if answerable and evidence:
            ids = [read.memory.id for read in willing.reads]
            for k in CUTS:
                result.found[k].append(len(evidence & set(ids[:k])) / len(evidence))


def told(path: Path, encoder: Encoder) -> Iterator[tuple[ExternalMemory, list[Question]]]:
    """Each person's messages in a memory of their own, with the questions of which one memory holds the answer."""
    for life in lives.load(path):
        days = told_on(len(life.conversations))
        memories = [
            Memory(f"{c}.{m}", text, "turn", day + 60 * m, role="user", container=str(c), position=2 * m)
            for c, (day, messages) in enumerate(zip(days, life.conversations, strict=True))
            for m, text in enumerate(messages)
        ]
        vectors = encoder.encode_queries([one.text for one in life.questions])
        questions: list[Question] = []
        for one, vector in zip(life.questions, vectors, strict=True):
            before = [questions[-1][1]] if one.kind == "follow-up" and questions else []
            words = [word.lower() for word in one.memories]
            evidence = frozenset(m.id for m in memories if any(word in m.text.lower() for word in words))
            if one.kind not in lives.SETS:
                questions.append((OWNER, one.text, vector, before, QUESTION_DAY, evidence, one.kind != lives.NEVER))
        with scratch_store(encoder) as store:
            store.add(OWNER, memories, keys_of(encoder, memories))
            yield store, questions


def locomo(path: Path, encoder: Encoder) -> Iterator[tuple[ExternalMemory, list[Question]]]:
    """Each conversation in a memory of its own, with its questions."""
    for conversation in recall.load(path):
        if conversation.name not in HELD_OUT:
            continue
        with scratch_store(encoder) as store:
            recall.fill(store, conversation, encoder)
            vectors = encoder.encode_queries([one.text for one in conversation.questions])
            yield (
                store,
                [
                    (recall.OWNER, one.text, vector, [], 0.0, one.evidence, one.category != recall.ADVERSARIAL)
                    for one, vector in zip(conversation.questions, vectors, strict=True)
                ],
            )


def long_chats(
    path: Path, encoder: Encoder, count: int, vectors: Path | None
) -> Iterator[tuple[ExternalMemory, list[Question]]]:
    """Each question's chats in a memory of their own."""
    for question in longmemeval.some(longmemeval.load(path), count):
        with scratch_store(encoder) as store:
            chats = longmemeval.Haystack(store, encoder, question, vectors)
            evidence = frozenset(id for id, turn in chats.turn.items() if turn.id in question.evidence)
            answerable = not question.unanswerable
            yield store, [(longmemeval.OWNER, question.text, chats.vector, [], question.asked, evidence, answerable)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of locomo_dev.json and longmemeval_s_dev")
    parser.add_argument("--encoder", default="default", help="as the app's --encoder")
    parser.add_argument("--questions", type=int, default=0, help="of LongMemEval, dealt over the types; 0: all")
    parser.add_argument("--vectors", type=Path, help="folder for LongMemEval's vectors, for the next run")
    options = parser.parse_args()
    encoder = Encoder(options.encoder)
    readers = reader_of(encoder, declines=True), reader_of(encoder, declines=False)
    chats = options.data / "longmemeval_s_dev.jsonl.xz"
    sets = {
        "lives": told(options.data / "lives_dev.json", encoder),
        "locomo": locomo(options.data / "locomo_dev.json", encoder),
        "longmemeval": long_chats(chats, encoder, options.questions, options.vectors),
    }
    found: dict[str, Any] = {}
    for name, memories in sets.items():
        results = {part: Asked() for part in ("everything", *PARTS)}
        for number, (store, questions) in enumerate(memories, 1):
            for one in questions:
                ask(readers, store, encoder, one, results)
            print(f"{name}: {number} memories", file=sys.stderr, flush=True)
        found[name] = {
            part if part == "everything" else f"without {part}": one.summary() for part, one in results.items()
        }
        print(json.dumps(found[name]), file=sys.stderr, flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
