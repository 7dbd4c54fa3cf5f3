"""How long a reply takes: to the first token by number of memories read, and from token to token.

    python -m tests.benchmarks.latency [--data DIALOGUES] [--llama-cpp PYTHON]

Everything runs as in the app, with the embedded decoder. Time to the first token: memories as cached blocks against the
same memories in the prompt, the beginning of the dialogue cached for both. Decoding: the app's, transformers' generate
in bfloat16, and llama.cpp on the same weights file where ``llama-cpp-python`` is installed (here or in another
environment's ``--llama-cpp`` interpreter), all at the same length of context, in turn. The last line is one JSON
object, seconds as medians.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from knowledge.block_cache import BlockCache
from knowledge.encoder import Encoder
from knowledge.local_decoder import LocalDecoder
from knowledge.prefix_cache import Entry
from knowledge.records import Memory, Read, ReplyRequest, Sampling, Turn
from knowledge.training.read_data import scratch_store
from knowledge.writer import Writer
from tests.benchmarks.conditioning import PROMPT, first_token
from tests.benchmarks.embedded import adapter_of, embedded_folder, embedded_gguf
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
    return {
        path: {str(count): round(statistics.median(seconds[path, count]), 4) for count in COUNTS}
        for path in ways
    }


def decoding(decoder: LocalDecoder, gguf: Path | None, python: str, rounds: int) -> dict[str, float | None]:
    """Tokens a second at ``CONTEXT`` tokens of context, the best of some rounds."""
    tokens = (decoder.model.tokens("The history of the lighthouse is a long one. " * 200))[:CONTEXT]
    ours, theirs, peer = [], [], []
    generator = decoder.model.network
    for _ in range(rounds):
        ours.append(_our_speed(decoder, tokens))
        ids = torch.tensor([tokens])
        first = time.perf_counter()
        generator.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=1, min_new_tokens=1,
                           do_sample=False, pad_token_id=0)  # fmt: skip
        second = time.perf_counter()
        generator.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=1 + MADE, min_new_tokens=1 + MADE,
                           do_sample=False, pad_token_id=0)  # fmt: skip
        third = time.perf_counter()
        theirs.append(MADE / ((third - second) - (second - first)))
        if gguf is not None and python:
            command = [python, "-c", LLAMA_CPP, str(gguf), json.dumps(tokens), str(MADE), str(torch.get_num_threads())]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(done.stderr[-500:], file=sys.stderr)
            else:
                peer.append(float(done.stdout.splitlines()[-1]))
    return {
        "mneme": round(max(ours), 1),
        "generate_bf16": round(max(theirs), 1),
        "llama.cpp": round(max(peer), 1) if peer else None,
    }


def _our_speed(decoder: LocalDecoder, tokens: Sequence[int]) -> float:
    entry = Entry(list(tokens), decoder.model.new_cache())
    logits = decoder.model.forward(tokens, entry.values)[0]
    started = time.perf_counter()
    stepper = decoder._steppers(decoder.model, entry, None)
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
            store.add(OWNER, made, encoder.encode([memory.text for memory in made]))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="dialogues for the memories: LoCoMo's JSON or chitchat.tar.xz")
    parser.add_argument("--adapter", default="default", help="default: the one that ships; none: stock; or a file")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3, help="of decoding")
    parser.add_argument("--llama-cpp", default="", metavar="PYTHON", help="interpreter that has llama-cpp-python")
    options = parser.parse_args()
    python = options.llama_cpp or (sys.executable if importlib.util.find_spec("llama_cpp") else "")
    memories = memories_of(options.data, 40)
    adapter = adapter_of(options.adapter)
    decoder = LocalDecoder(
        str(embedded_folder()), adapter=adapter, reads_tokens=100_000, window=8192, blocks=BlockCache(1 << 30)
    )
    result: dict[str, Any] = {"adapter": str(adapter) if adapter else None}
    result["ttft_s"] = first_tokens(decoder, memories, options.repeats)
    result["decode_tokens_per_s"] = decoding(decoder, embedded_gguf() if python else None, python, options.rounds)
    result["write_ms_p50"] = round(writing(Encoder("default"), memories), 1)
    result["block_fill_ms_per_token"] = round(filling(decoder, memories[:20]), 2)
    blocks, prompt = result["ttft_s"]["blocks"], result["ttft_s"]["prompt"]
    speed = result["decode_tokens_per_s"]
    result["ratios"] = {
        "blocks_10_over_0": round(blocks["10"] / blocks["0"], 2),
        "blocks_20_over_0": round(blocks["20"] / blocks["0"], 2),
        "prompt_10_over_blocks_10": round(prompt["10"] / blocks["10"], 2),
        "over_generate": round(speed["mneme"] / speed["generate_bf16"], 2),
        "over_llama.cpp": round(speed["mneme"] / speed["llama.cpp"], 2) if speed["llama.cpp"] else None,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
