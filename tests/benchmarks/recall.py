"""Evidence recall on LoCoMo: how many of the turns that answer a question are among the first k read.

    python -m tests.benchmarks.recall --data PATH/locomo_dev.json

Each conversation goes through the product's own encoder, writer and store in a temporary folder (a LoCoMo session is a
conversation, a turn a memory with its speaker and date); each question with evidence is asked of the product's read
("mneme": the learned one, with the weights that ship or ``--weights``; "mneme-fixed": the hand-set mix) and of three
peers on the same turns: Chroma's cosine, BM25 (FTS5, stemmed), and both fused by reciprocal rank (Cormack et al. 2009,
k = 60). The read knows each turn's speaker, so the peers run a second time ("…-speaker") on "Name: text".
The last line of the output is JSON. LoCoMo (Maharana et al. 2024) is CC BY-NC 4.0: it measures here and trains nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.fixed_reader import FixedReader
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import Reader, fixed_for, make_reader
from knowledge.records import ReadResult, Turn
from knowledge.training.read_data import scratch_store
from knowledge.write.writer import Writer, memory_id
from tests.benchmarks.app_runs import nearest_whole, whole_vectors

OWNER = "locomo"
WITH_SPEAKER = "locomo with names"  # a second memory of the same turns, for the peers
CUTS = (1, 5, 10, 25)
ADVERSARIAL = 5  # category of questions that the conversation does not answer


@dataclass(frozen=True)
class Question:
    text: str
    category: int
    evidence: frozenset[str]  # ids of memories


@dataclass(frozen=True)
class Conversation:
    name: str
    turns: list[Turn]
    questions: list[Question]


def load(path: Path) -> list[Conversation]:
    return [_conversation(sample) for sample in json.loads(path.read_text(encoding="utf-8"))]


def _conversation(sample: dict[str, Any]) -> Conversation:
    talk = sample["conversation"]
    turns: list[Turn] = []
    for number in range(1, 1 + sum(key.startswith("session_") for key in talk)):
        said = talk.get(f"session_{number}", [])
        if not said:
            continue
        date = datetime.strptime(talk[f"session_{number}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for at, turn in enumerate(said):
            when = date.timestamp() + 30 * at
            session = f"{sample['sample_id']}-{number}"
            turns.append(Turn(turn["dia_id"], "user", turn["text"], when, session, "", at, turn["speaker"]))
    there = {turn.id for turn in turns}
    questions = []
    for one in sample["qa"]:
        named = re.findall(r"D(\d+):(\d+)", " ".join(one.get("evidence", [])))  # "D8:6; D9:17", "D03:05"
        ids = {f"D{int(session)}:{int(turn)}" for session, turn in named} & there
        if ids:
            evidence = frozenset(memory_id(OWNER, id) for id in ids)
            questions.append(Question(one["question"], one["category"], evidence))
    return Conversation(sample["sample_id"], turns, questions)


class Tally:
    """Recall and milliseconds of one system."""

    def __init__(self) -> None:
        self.recalls: list[tuple[int, dict[int, float]]] = []
        self.milliseconds: list[float] = []

    def ask(self, question: Question, answer: Callable[[], Sequence[str]]) -> None:
        started = time.perf_counter()
        ranked = answer()
        self.milliseconds.append(1000 * (time.perf_counter() - started))
        share = {k: len(question.evidence & set(ranked[:k])) / len(question.evidence) for k in CUTS}
        self.recalls.append((question.category, share))

    def summary(self) -> dict[str, Any]:
        categories = sorted({category for category, _ in self.recalls})
        mean = {f"recall@{k}": round(statistics.mean(share[k] for _, share in self.recalls), 4) for k in CUTS}
        by_category = {
            str(wanted): {
                f"recall@{k}": round(statistics.mean(s[k] for category, s in self.recalls if category == wanted), 4)
                for k in CUTS
            }
            for wanted in categories
        }
        p50, p95 = np.percentile(self.milliseconds, [50, 95])
        return mean | {"by_category": by_category, "ms_p50": round(float(p50), 1), "ms_p95": round(float(p95), 1)}


def fused(*rankings: Sequence[str]) -> list[str]:
    """Reciprocal rank fusion."""
    score: dict[str, float] = {}
    for ranking in rankings:
        for rank, id in enumerate(ranking, 1):
            score[id] = score.get(id, 0.0) + 1 / (60 + rank)
    return sorted(score, key=lambda id: -score[id])


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Probability that one of ``higher`` is above one of ``lower``; ties count half."""
    a, b = np.asarray(higher)[:, None], np.asarray(lower)[None, :]
    return float(np.mean((a > b) + 0.5 * (a == b)))


def systems(encoder: Encoder, weights: Path | None) -> dict[str, tuple[Reader, Reader]]:
    """Name → (the read as the app uses it, the same where it may not decline: with "nothing answers" as an answer
    recall would measure two things at once)."""
    multilingual = encoder.multilingual
    fixed = fixed_for(encoder.name, multilingual=multilingual)
    everything = FixedReader(replace(fixed.mix, clear=1e9, negligible=0.0), multilingual=multilingual)
    found: dict[str, tuple[Reader, Reader]] = {"mneme-fixed": (fixed, everything)}
    learned, note = make_reader(encoder.name, encoder.dimension, multilingual=multilingual, path=weights)
    if isinstance(learned, AttentionReader):
        willing = AttentionReader(
            learned.network, multilingual=multilingual, decline=2.0, negligible=0.0, shift=learned.shift
        )
        return {"mneme": (learned, willing), **found}
    print(note, flush=True)
    return found


def measure(conversations: Sequence[Conversation], encoder: Encoder, weights: Path | None) -> dict[str, Any]:
    reads = systems(encoder, weights)
    peers = [f"{name}{suffix}" for suffix in ("", "-speaker") for name in ("chroma-cosine", "bm25", "rrf")]
    tallies = {name: Tally() for name in (*reads, *peers)}
    nulls: dict[str, dict[bool, list[float]]] = {name: {True: [], False: []} for name in reads}
    declined = {name: {True: 0, False: 0} for name in reads}
    for conversation in conversations:
        with scratch_store(encoder) as store:
            fill(store, conversation, encoder)
            whole = {owner: whole_vectors(store, owner) for owner in (OWNER, WITH_SPEAKER)}
            for question in conversation.questions:
                vector = encoder.encode_queries([question.text])[0]
                adversarial = question.category == ADVERSARIAL
                for name, (usual, willing) in reads.items():
                    result = read_with(willing, store, encoder, question.text, vector, limit=10)
                    nulls[name][adversarial].append(result.null_weight)
                    usually = read_with(usual, store, encoder, question.text, vector, limit=10)
                    declined[name][adversarial] += not usually.reads
                if not adversarial:
                    _ask_all(tallies, store, encoder, reads, question, vector, whole)
        sizes = f"{len(conversation.turns)} turns, {len(conversation.questions)} questions"
        print(f"{conversation.name}: {sizes}", flush=True)
    return {
        "questions": len(tallies["mneme-fixed"].recalls),
        "encoder": encoder.name,
        "systems": {name: tally.summary() for name, tally in tallies.items()},
        "null_slot": {
            name: {
                "adversarial_questions": len(null[True]),
                "auroc_category_5": round(auroc(null[True], null[False]), 4),
                "declined_category_5": round(declined[name][True] / max(1, len(null[True])), 4),
                "declined_answerable": round(declined[name][False] / max(1, len(null[False])), 4),
            }
            for name, null in nulls.items()
        },
    }


def read_with(
    reader: Reader, store: ExternalMemory, encoder: Encoder, text: str, vector: np.ndarray, *, limit: int
) -> ReadResult:
    """The read as the memory network does it, without a dialogue before the question."""
    return read_memory(
        reader,
        store,
        encoder,
        OWNER,
        text,
        vector,
        [],
        asked=0.0,
        limit=limit,
        messages=make_message_reader(encoder.name),
    )


def fill(store: ExternalMemory, conversation: Conversation, encoder: Encoder) -> None:
    memories = Writer().memories(OWNER, conversation.turns)
    named = [replace(memory, text=f"{memory.speaker}: {memory.text}") for memory in memories]
    for owner, kept in ((OWNER, memories), (WITH_SPEAKER, named)):
        store.add(owner, kept, keys_of(encoder, kept))


def _ask_all(
    tallies: dict[str, Tally],
    store: ExternalMemory,
    encoder: Encoder,
    reads: dict[str, tuple[Reader, Reader]],
    question: Question,
    vector: np.ndarray,
    whole: dict[str, dict[str, np.ndarray]],
) -> None:
    """``whole``: of each owner, id → (dimension,) vector of the whole turn."""
    text = question.text

    def product(reader: Reader) -> list[str]:
        result = read_with(reader, store, encoder, text, vector, limit=max(CUTS))
        return [read.memory.id for read in result.reads]

    def cosine(owner: str) -> list[str]:
        return nearest_whole(whole[owner], vector, 100)

    def bm25(owner: str) -> list[str]:
        return list(store._lexical.of(owner).matches(text).own)[:100]

    for name, (_, willing) in reads.items():
        tallies[name].ask(question, partial(product, willing))
    for suffix, owner in (("", OWNER), ("-speaker", WITH_SPEAKER)):
        tallies[f"chroma-cosine{suffix}"].ask(question, partial(cosine, owner))
        tallies[f"bm25{suffix}"].ask(question, partial(bm25, owner))
        both: Callable[[], list[str]] = lambda owner=owner: fused(cosine(owner), bm25(owner))  # type: ignore[misc]  # noqa: E731
        tallies[f"rrf{suffix}"].ask(question, both)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's JSON file")
    parser.add_argument("--encoder", default="default", help="as the app's --encoder")
    parser.add_argument("--weights", type=Path, default=None, help="of the learned read (default: those that ship)")
    options = parser.parse_args()
    print(json.dumps(measure(load(options.data), Encoder(options.encoder), options.weights)))


if __name__ == "__main__":
    main()
