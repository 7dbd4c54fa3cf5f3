"""How likely the right answer is to the decoder, by the way in which memories reach it: nats a token, lower is better.

    python -m tests.benchmarks.conditioning --data LOCOMO.json [--model NAME] [--questions 150]
        [--conversations conv-26,conv-30] [--adapter default|none|FILE] [--try JSON]

Every question of a LoCoMo conversation is asked of a memory that holds its turns as the app stores them. The memories
are those of the app's own read (no evidence labels), the same ones for all ways: "none", "prompt" (all as text, the
strongest last, as retrieval chats do), "blocks" (cached blocks without weights), "blocks+read" (weighed by the read),
"hybrid", "default" (what the app does), "oracle" (only the evidence, as text), and with an adapter "stock prompt" (as
"prompt", without the adapter). ``--try``: other ways of the blocks by name, fields of ``Conditioning`` in JSON, such as
{"flat": {"path": "blocks", "strength": 0}}, each on top of the decoder's own. ``over_prompt``: nats a token above
"prompt". The last line is one JSON object.
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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from knowledge.input.encoder import Encoder
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.fixed_reader import FixedReader, Mix
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import Reader, make_reader
from knowledge.records import Read, ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply.local.layout import WAYS, Conditioning
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.training.read_data import scratch_store
from tests.benchmarks import recall
from tests.benchmarks.embedded import about_adapter, decoder_of

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
    path: Path,
    encoder: Encoder,
    count: int,
    seed: int = 0,
    limit: int = LIMIT,
    *,
    declines: bool = False,
    only: Collection[str] = (),
) -> list[Asked]:
    """``count`` questions with a known answer, dealt evenly over the conversations, in random order.

    ``declines``: the read may read nothing, as in the app. ``only``: of the conversations with these ids.
    """
    reader, rng, found = reader_of(encoder, declines=declines), random.Random(seed), []
    samples = json.loads(path.read_text(encoding="utf-8"))
    both = [
        (sample, conversation)
        for sample, conversation in zip(samples, recall.load(path), strict=True)
        if not only or sample.get("sample_id") in only
    ]
    if not both:
        raise SystemExit(f"--conversations: {path} has none of {', '.join(only)}.")
    for number, (sample, conversation) in enumerate(both):
        answers = {item["question"]: str(item["answer"]) for item in sample["qa"] if "answer" in item}
        usable = [q for q in conversation.questions if q.category != recall.ADVERSARIAL and q.text in answers]
        share = count // len(both) + (number < count % len(both))
        with scratch_store(encoder) as store:
            recall.fill(store, conversation, encoder)
            for question in rng.sample(usable, min(share, len(usable))):
                vector = encoder.encode_queries([question.text])[0]
                result = read_memory(
                    reader, store, encoder, recall.OWNER, question.text, vector, [], asked=0.0, limit=limit
                )
                evidence = store.get(recall.OWNER, question.evidence).values()
                found.append(
                    Asked(
                        question.text,
                        answers[question.text],
                        result.reads,
                        tuple(Read(memory, score=1.0, weight=1.0 / max(1, len(evidence))) for memory in evidence),
                    )
                )
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


def ways(
    decoder: LocalDecoder, path: str, tried: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[Conditioning, str]]:
    """Name → (way, which reads). ``path``: the app's."""
    more = {name: (replace(decoder.way_of(fields["path"]), **fields), "read") for name, fields in tried.items()}
    return more | {
        "none": (WAYS["prompt"], "none"),
        "prompt": (PROMPT, "read"),
        "blocks": (replace(decoder.way_of("blocks"), strength=0.0), "read"),
        "blocks+read": (decoder.way_of("blocks"), "read"),
        "hybrid": (decoder.way_of("hybrid"), "read"),
        "default": (decoder.way_of(path), "read"),
        "oracle": (PROMPT, "evidence"),
    }


def measure(
    decoder: LocalDecoder,
    questions: Sequence[Asked],
    *,
    timed: int,
    stock: LocalDecoder | None = None,
    tried: Mapping[str, Mapping[str, Any]] | None = None,
    only: Collection[str] = (),
) -> dict[str, Any]:
    """NLL a token over all answers, and the median time to the first token of the first ``timed`` questions.

    ``only``: these ways, "prompt" among them; else all.
    """
    total: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    every = {name: way for name, way in ways(decoder, decoder.path, tried or {}).items() if not only or name in only}
    for number, one in enumerate(questions):
        if stock is not None:
            stock.set_way(PROMPT)
            total.setdefault("stock prompt", []).extend((-stock.score(request_of(one, one.reads), one.answer)).tolist())
        for name, (way, which) in every.items():
            decoder.set_way(way)
            reads = {"none": (), "read": one.reads, "evidence": one.evidence}[which]
            request = request_of(one, reads)
            total.setdefault(name, []).extend((-decoder.score(request, one.answer)).tolist())
            if number < timed:
                first_token(decoder, OTHER)  # leaves the dialogue's beginning in the cache, no more
                seconds.setdefault(name, []).append(first_token(decoder, request))
        if (number + 1) % 10 == 0 or number < 10:
            means = ", ".join(f"{name} {statistics.mean(values):.3f}" for name, values in total.items())
            print(f"{number + 1} questions: {means}", file=sys.stderr, flush=True)
    nll = {name: statistics.mean(values) for name, values in total.items()}
    return {
        "decoder": decoder.name,
        "questions": len(questions),
        "nll": {name: round(value, 4) for name, value in nll.items()},
        "over_prompt": {name: round(value - nll["prompt"], 4) for name, value in nll.items() if "prompt" in nll},
        "ttft_s": {name: round(statistics.median(values), 4) for name, values in seconds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's JSON file")
    parser.add_argument("--model", default="default", help="as the app's --model")
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--conversations", default="", help="ids of LoCoMo's conversations, with , between; else all")
    parser.add_argument("--timed", type=int, default=40, help="questions whose time to the first token is taken")
    parser.add_argument("--adapter", default="default", help="default: what ships for it; none: stock; or a file")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--try", dest="tried", type=json.loads, default={}, help="other ways of the blocks, JSON")
    parser.add_argument("--ways", default="", help="only these, with , between, the tried ones too; else all")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    only = [id for id in options.conversations.split(",") if id]
    questions = asked(options.data, Encoder("default"), options.questions, only=only)

    def load(adapter: str) -> LocalDecoder:
        return decoder_of(options.model, adapter=adapter, dtype=options.dtype, reads_tokens=100_000, window=4096)

    decoder = load(options.adapter)
    stock = load("none") if decoder.adapter is not None else None
    chosen = [name for name in options.ways.split(",") if name]
    found = measure(decoder, questions, timed=options.timed, stock=stock, tried=options.tried, only=chosen)
    print(json.dumps({"adapter": about_adapter(decoder, options.adapter), **found}))


if __name__ == "__main__":
    main()
