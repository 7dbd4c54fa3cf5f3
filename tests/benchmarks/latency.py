"""How long a reply takes: to the first token by number of memories read, and from token to token.

    python -m tests.benchmarks.latency [--model NAME] [--data DIALOGUES] [--llama-cpp PYTHON] [--turns 300]

Everything runs as in the app, with the decoder that ``--model`` names. Time to the first token: memories as cached
blocks against the same memories in the prompt, the beginning of the dialogue cached for both. Decoding: the app's,
transformers' generate in bfloat16 where the decoder's weights are plain, and llama.cpp on the same weights file where
``llama-cpp-python`` is installed (here or in another environment's ``--llama-cpp`` interpreter) or a ``llama-bench`` is
on the path, all at the same length of context, in turn. ``long_use``: a cold start and ``--turns`` turns in a process
of its own (tests/benchmarks/long_use.py): first word, and the resident memory's curve; 0 turns leave it out. The last
line is one JSON object, seconds as medians; what could not be compared is null.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.records import Memory, Read, ReplyRequest, Sampling, Turn
from knowledge.reply.local.block_cache import BlockCache
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.reply.local.prefix_cache import Entry
from knowledge.reply.local.scheduler import Scheduler
from knowledge.training.read_data import scratch_store
from knowledge.write.writer import Writer
from tests.benchmarks.conditioning import PROMPT, first_token
from tests.benchmarks.embedded import about_adapter, cache_folder, decoder_of, gguf_of, is_plain
from tests.benchmarks.scale_data import filler_texts

COUNTS = (0, 5, 10, 20)
CONTEXT, MADE = 560, 64  # tokens of the decoding test
OWNER = "benchmark"
LLAMA_CPP = """
import json, sys, time
from llama_cpp import Llama
path, tokens, made, threads = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
model = Llama(path, n_ctx=2048, n_threads=threads, n_threads_batch=threads, verbose=False)
model.eval(tokens)
started = time.perf_counter()
for _ in range(made):
    model.eval([model.sample(temp=0.0)])
print(json.dumps(made / (time.perf_counter() - started)))
"""


def memories_of(data: Path | None, count: int, seed: int = 0) -> list[Memory]:
    texts = [text for text in filler_texts(data, 4000) if 60 <= len(text) <= 300]
    chosen = random.Random(seed).sample(texts, count)
    return [
        Memory(f"m{i}", text, "turn", 1.7e9 + 3600 * i, "user", container="c", position=i)
        for i, text in enumerate(chosen)
    ]


def request(question: str, memories: Sequence[Memory]) -> ReplyRequest:
    weight = 0.9 / max(1, len(memories))
    reads = tuple(Read(memory, score=1.0, weight=weight) for memory in memories)
    return ReplyRequest([Turn("q", "user", question, 1.8e9)], reads, Sampling(max_tokens=1), key="k", owner=OWNER)


def first_tokens(decoder: LocalDecoder, memories: Sequence[Memory], repeats: int) -> dict[str, dict[str, float]]:
    """Seconds to the first token, by path and number of memories; taken in turn, so that all meet the same machine."""
    seconds: dict[tuple[str, int], list[float]] = {}
    ways = {"blocks": decoder.way_of("blocks"), "prompt": PROMPT}
    for number in range(repeats + 1):
        for path in ways:
            decoder.set_way(ways[path])
            for count in COUNTS:
                list(decoder.reply(request(f"Hello, number {number}!", []), threading.Event()))
                asked = request(f"What do you remember about number {number} of those?", memories[:count])
                taken = first_token(decoder, asked)
                if number:  # the first round makes the blocks
                    seconds.setdefault((path, count), []).append(taken)
    return {path: {str(count): round(statistics.median(seconds[path, count]), 4) for count in COUNTS} for path in ways}


def decoding(
    decoder: LocalDecoder, gguf: Path | None, python: str, rounds: int, *, plain: bool = True
) -> dict[str, float | None]:
    """Tokens a second at ``CONTEXT`` tokens of context, the best of some rounds. ``plain``: compare with generate."""
    tokens = (decoder.model.tokens("The history of the lighthouse is a long one. " * 200))[:CONTEXT]
    ours, theirs, peer = [], [], []
    for _ in range(rounds):
        ours.append(_our_speed(decoder, tokens))
        if plain:
            theirs.append(_generate_speed(decoder, tokens))
        if gguf is not None and (speed := _llama_cpp_speed(gguf, python, tokens)) is not None:
            peer.append(speed)
    return {
        "mneme": round(max(ours), 1),
        "generate_bf16": round(max(theirs), 1) if theirs else None,
        "llama.cpp": round(max(peer), 1) if peer else None,
    }


def _generate_speed(decoder: LocalDecoder, tokens: Sequence[int]) -> float:
    ids = torch.tensor([tokens])

    def seconds(count: int) -> float:
        began = time.perf_counter()
        decoder.model.network.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=count,
            min_new_tokens=count,
            do_sample=False,
            pad_token_id=0,
        )
        return time.perf_counter() - began

    prompt = seconds(1)
    return MADE / (seconds(1 + MADE) - prompt)


def _llama_cpp_speed(gguf: Path, python: str, tokens: Sequence[int]) -> float | None:
    """By ``llama-cpp-python`` in that interpreter, else by ``llama-bench``; None where neither is there or it fails."""
    threads, bench = str(torch.get_num_threads()), shutil.which("llama-bench")
    if python:
        command = [python, "-c", LLAMA_CPP, str(gguf), json.dumps(list(tokens)), str(MADE), threads]
    elif bench:
        command = [
            bench,
            "-m",
            str(gguf),
            "-p",
            "0",
            "-n",
            str(MADE),
            "-d",
            str(len(tokens)),
            "-t",
            threads,
            "-r",
            "1",
            "-ngl",
            "0",
            "-o",
            "json",
        ]
    else:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-500:], file=sys.stderr)
        return None
    return float(done.stdout.splitlines()[-1]) if python else float(json.loads(done.stdout)[-1]["avg_ts"])


def _our_speed(decoder: LocalDecoder, tokens: Sequence[int]) -> float:
    entry = Entry(list(tokens), decoder.model.new_cache())
    logits = decoder.model.forward(tokens, entry.values)[0]
    started = time.perf_counter()
    stepper = decoder._steppers(decoder.model, entry, None, Scheduler(1))
    for made in range(MADE):
        logits = stepper.step(int(logits.argmax()), len(tokens) + made)
        _ = stepper.mass
    return MADE / (time.perf_counter() - started)


def writing(encoder: Encoder, memories: Sequence[Memory]) -> float:
    """Milliseconds to write one exchange (two turns) into memory, median."""
    found = []
    with scratch_store(encoder) as store:
        writer = Writer()
        for number in range(0, len(memories) - 1, 2):
            turns = [
                Turn(f"t{number + i}", role, memories[number + i].text, 1.8e9 + number, "c", position=number + i)
                for i, role in enumerate(("user", "assistant"))
            ]  # type: ignore[arg-type]
            started = time.perf_counter()
            made = writer.memories(OWNER, turns)
            store.add(OWNER, made, keys_of(encoder, made))
            found.append(1000 * (time.perf_counter() - started))
    return statistics.median(found)


def filling(decoder: LocalDecoder, memories: Sequence[Memory]) -> float:
    """Milliseconds a token to make a memory's block."""
    decoder.set_way(decoder.way_of("blocks"))
    decoder.forget(OWNER)
    tokens = sum(len(place.ids) for memory in memories for place in decoder.layout(request("?", [memory])).blocks)
    started = time.perf_counter()
    made = decoder.fill(OWNER, memories)
    assert made == len(memories)
    return 1000 * (time.perf_counter() - started) / tokens


def long_use(model: str, turns: int, data: Path | None) -> dict[str, Any] | None:
    """What tests.benchmarks.long_use finds, in a process of its own; None where it fails or is not wanted."""
    if not turns:
        return None
    command = [sys.executable, "-m", "tests.benchmarks.long_use", "--model", model, "--turns", str(turns)]
    environment = {**os.environ, "MNEME_CACHE": str(cache_folder())}
    done = subprocess.run(
        [*command, *(["--data", str(data)] if data else [])],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ratio(over: float | None, under: float | None) -> float | None:
    return round(over / under, 2) if over and under else None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="default", help="as the app's --model")
    parser.add_argument("--data", type=Path, help="dialogues for the memories: LoCoMo's JSON or chitchat.tar.xz")
    parser.add_argument("--adapter", default="default", help="default: the one that ships; none: stock; or a file")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3, help="of decoding")
    parser.add_argument("--turns", type=int, default=300, help="of the long use; 0 leaves it out")
    parser.add_argument("--llama-cpp", default="", metavar="PYTHON", help="interpreter that has llama-cpp-python")
    options = parser.parse_args()
    python = options.llama_cpp or (sys.executable if importlib.util.find_spec("llama_cpp") else "")
    used = long_use(options.model, options.turns, options.data)  # first: alone on the machine, as a start is
    memories = memories_of(options.data, 40)
    decoder = decoder_of(
        options.model, adapter=options.adapter, reads_tokens=100_000, window=8192, blocks=BlockCache(1 << 30)
    )
    result: dict[str, Any] = {"decoder": decoder.name, "adapter": about_adapter(decoder, options.adapter)}
    result["ttft_s"] = first_tokens(decoder, memories, options.repeats)
    result["decode_tokens_per_s"] = decoding(
        decoder, gguf_of(options.model), python, options.rounds, plain=is_plain(options.model)
    )
    result["write_ms_p50"] = round(writing(Encoder("default"), memories), 1)
    result["block_fill_ms_per_token"] = round(filling(decoder, memories[:20]), 2)
    blocks, prompt = result["ttft_s"]["blocks"], result["ttft_s"]["prompt"]
    speed = result["decode_tokens_per_s"]
    result["ratios"] = {
        "blocks_10_over_0": ratio(blocks["10"], blocks["0"]),
        "blocks_20_over_0": ratio(blocks["20"], blocks["0"]),
        "prompt_10_over_blocks_10": ratio(prompt["10"], blocks["10"]),
        "over_generate": ratio(speed["mneme"], speed["generate_bf16"]),
        "over_llama.cpp": ratio(speed["mneme"], speed["llama.cpp"]),
    }
    result["long_use"] = used
    print(json.dumps(result))


if __name__ == "__main__":
    main()
