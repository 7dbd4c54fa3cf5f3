"""How likely the right answer is to the decoder, by the way in which memories reach it: nats a token, lower is better.

    python -m tests.benchmarks.conditioning --data LOCOMO.json [--questions 150] [--adapter default|none|FILE]

Every question of a LoCoMo conversation is asked of a memory that holds its turns as the app stores them. The memories
are those of the app's own read (no evidence labels), the same ones for all ways: "none", "prompt" (all as text, the
strongest last, as retrieval chats do), "blocks" (cached blocks without weights), "blocks+read" (weighed by the read),
"hybrid", "default" (what the app does), "oracle" (only the evidence, as text), and with an adapter "stock prompt" (as
"prompt", without the adapter). The last line is one JSON object.
``ttft_s``: seconds from the request to the first token of the reply, median; blocks are in the cache, as they are
after a turn was written; the beginning of the dialogue is cached for all.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from chat_app.settings import load as load_settings
from knowledge.attention_reader import AttentionReader
from knowledge.encoder import Encoder
from knowledge.fixed_reader import FixedReader, Mix
from knowledge.focus import read_memory
from knowledge.local_decoder import LocalDecoder
from knowledge.reader import Reader, make_reader
from knowledge.records import Read, ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply_layout import WAYS, Conditioning
from knowledge.training.read_data import scratch_store
from tests.benchmarks import recall
from tests.benchmarks.embedded import adapter_of, embedded_folder

LIMIT = 10  # memories of a question
PROMPT = replace(WAYS["prompt"], everything=True)
OTHER = ReplyRequest([Turn("other", "user", "Hello!", 0.0)], sampling=Sampling(max_tokens=1), key="benchmark")


@dataclass(frozen=True)
class Asked:
    """A question with its answer, what the read found, and the evidence as reads of full weight."""

    question: str
    answer: str
    reads: tuple[Read, ...]
    evidence: tuple[Read, ...]


def reader_of(encoder: Encoder, *, declines: bool) -> Reader:
    """The app's read; without ``declines`` it reads something for every question."""
    made, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
    if declines:
        return made
    if isinstance(made, AttentionReader):
        return AttentionReader(made.network, multilingual=encoder.multilingual, decline=2.0, negligible=0.0)
    print(note, file=sys.stderr)
    return FixedReader(replace(Mix(), clear=1e9, negligible=0.0), multilingual=encoder.multilingual)


def asked(
    path: Path, encoder: Encoder, count: int, seed: int = 0, limit: int = LIMIT, *, declines: bool = False
) -> list[Asked]:
    """``count`` questions with a known answer, dealt evenly over the conversations, in random order.

    ``declines``: the read may read nothing, as in the app.
    """
    reader, rng, found = reader_of(encoder, declines=declines), random.Random(seed), []
    samples = json.loads(path.read_text(encoding="utf-8"))
    conversations = recall.load(path)
    for number, (sample, conversation) in enumerate(zip(samples, conversations, strict=True)):
        answers = {item["question"]: str(item["answer"]) for item in sample["qa"] if "answer" in item}
        usable = [q for q in conversation.questions if q.category != recall.ADVERSARIAL and q.text in answers]
        share = count // len(samples) + (number < count % len(samples))
        with scratch_store(encoder) as store:
            recall.fill(store, conversation, encoder)
            for question in rng.sample(usable, min(share, len(usable))):
                vector = encoder.encode([question.text])[0]
                result = read_memory(
                    reader, store, encoder.encode, recall.OWNER, question.text, vector, [], asked=0.0, limit=limit
                )
                evidence = store.get(recall.OWNER, question.evidence).values()
                found.append(Asked(
                    question.text, answers[question.text], result.reads,
                    tuple(Read(memory, score=1.0, weight=1.0 / max(1, len(evidence))) for memory in evidence),
                ))  # fmt: skip
    rng.shuffle(found)
    return found


def request_of(one: Asked, reads: Sequence[Read], tokens: int = 1) -> ReplyRequest:
    turn = Turn("question", "user", one.question, max((read.memory.created for read in reads), default=0.0) + 3600)
    return ReplyRequest([turn], tuple(reads), Sampling(max_tokens=tokens), key="benchmark", owner="benchmark")


def first_token(decoder: LocalDecoder, request: ReplyRequest) -> float:
    """Seconds to the first token."""
    *_, done = decoder.reply(request, threading.Event())
    assert isinstance(done, ReplyDone)
    return done.usage.first_token_seconds or done.usage.seconds


def ways(decoder: LocalDecoder) -> dict[str, tuple[Conditioning, str]]:
    """Name → (way, which reads)."""
    return {
        "none": (WAYS["prompt"], "none"),
        "prompt": (PROMPT, "read"),
        "blocks": (replace(decoder.way_of("blocks"), strength=0.0), "read"),
        "blocks+read": (decoder.way_of("blocks"), "read"),
        "hybrid": (decoder.way_of("hybrid"), "read"),
        "default": (decoder.way_of(load_settings([], {}).memory_path), "read"),
        "oracle": (PROMPT, "evidence"),
    }


def measure(
    decoder: LocalDecoder, questions: Sequence[Asked], *, timed: int, stock: LocalDecoder | None = None
) -> dict[str, Any]:
    """NLL a token over all answers, and the median time to the first token of the first ``timed`` questions."""
    total: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for number, one in enumerate(questions):
        if stock is not None:
            stock.set_way(PROMPT)
            total.setdefault("stock prompt", []).extend((-stock.score(request_of(one, one.reads), one.answer)).tolist())
        for name, (way, which) in ways(decoder).items():
            decoder.set_way(way)
            reads = {"none": (), "read": one.reads, "evidence": one.evidence}[which]
            request = request_of(one, reads)
            total.setdefault(name, []).extend((-decoder.score(request, one.answer)).tolist())
            if number < timed:
                first_token(decoder, OTHER)  # leaves the dialogue's beginning in the cache, no more
                seconds.setdefault(name, []).append(first_token(decoder, request))
        if (number + 1) % 10 == 0:
            means = ", ".join(f"{name} {statistics.mean(values):.3f}" for name, values in total.items())
            print(f"{number + 1} questions: {means}", file=sys.stderr, flush=True)
    return {
        "questions": len(questions),
        "nll": {name: round(statistics.mean(values), 4) for name, values in total.items()},
        "ttft_s": {name: round(statistics.median(values), 4) for name, values in seconds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's JSON file")
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--timed", type=int, default=40, help="questions whose time to the first token is taken")
    parser.add_argument("--adapter", default="none", help="none: the stock decoder; default: what ships; or a file")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    questions = asked(options.data, Encoder("default"), options.questions)
    adapter = adapter_of(options.adapter)
    decoder, *stock = (
        LocalDecoder(str(embedded_folder()), dtype=options.dtype, reads_tokens=100_000, window=4096, adapter=which)
        for which in ([adapter, None] if adapter else [None])
    )
    print(json.dumps(measure(decoder, questions, timed=options.timed, stock=stock[0] if stock else None)))


if __name__ == "__main__":
    main()
