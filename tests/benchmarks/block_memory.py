"""Does memory use stay inside its budget? Many replies that read out of many memories, with the curve of bytes.

    python -m tests.benchmarks.block_memory [--model NAME] [--data DIALOGUES] [--turns 2000]
        [--memories 10000]

Every turn reads 8 memories, some far more often than others (Zipf), through the app's decoder and its cache of blocks
with the app's default limits. ``curve``: after every 100 turns the MiB of blocks in RAM and on disk, resident memory of
the process, and the hit rate so far. ``same_output``: replies of 20 turns, with the cache full, with an empty one and
with none, are the same. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chat_app.settings import load as load_settings
from knowledge.records import Memory, Read, ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply.local.block_cache import BlockCache
from knowledge.reply.local.local_decoder import LocalDecoder
from tests.benchmarks.embedded import decoder_of
from tests.benchmarks.scale import resident_mib
from tests.benchmarks.scale_data import filler_texts

READS = 8
OWNER = "benchmark"


def memories_of(data: Path | None, count: int) -> list[Memory]:
    texts = [text[:400] for text in filler_texts(data, count)]
    return [
        Memory(f"m{i}", f"{texts[i % len(texts)]} ({i})", "turn", 1.7e9 + 60 * i, "user", container="c", position=i)
        for i in range(count)
    ]


def requests(memories: Sequence[Memory], turns: int, tokens: int, seed: int = 0) -> list[ReplyRequest]:
    """Memories by Zipf's law: a few are read again and again, most once or never."""
    rng = np.random.default_rng(seed)
    rank = rng.permutation(len(memories))
    share = 1.0 / np.arange(1, len(memories) + 1)
    made = []
    for number in range(turns):
        picked = rank[rng.choice(len(memories), READS, replace=False, p=share / share.sum())]
        reads = tuple(Read(memories[int(i)], 1.0, 0.9 / 2 ** (place + 1)) for place, i in enumerate(picked))
        turn = Turn(f"q{number}", "user", f"What do you remember, number {number}?", 1.8e9)
        made.append(ReplyRequest([turn], reads, Sampling(max_tokens=tokens), key="k", owner=OWNER))
    return made


def reply(decoder: LocalDecoder, request: ReplyRequest) -> str:
    *_, done = decoder.reply(request, threading.Event())
    assert isinstance(done, ReplyDone)
    return done.text


def measure(model: str, data: Path | None, turns: int, memories: int) -> dict[str, Any]:
    settings = load_settings([], {})
    with tempfile.TemporaryDirectory() as place:
        cache = BlockCache(settings.block_cache_mib << 20, settings.block_disk_mib << 20, Path(place) / "blocks")
        decoder = decoder_of(model, blocks=cache, cache_mib=settings.prefix_cache_mib)
        kept = memories_of(data, memories)
        asked = requests(kept, turns, tokens=2)
        start, began, curve = resident_mib(), time.perf_counter(), []
        for number, request in enumerate(asked, 1):
            reply(decoder, request)
            if number % 100 == 0 or number == turns:
                state = cache.state()
                on_disk = sum(path.stat().st_size for path in (Path(place) / "blocks").glob("*"))
                curve.append(
                    {
                        "turn": number,
                        "ram_mib": round(state.ram / 2**20, 1),
                        "disk_mib": round(on_disk / 2**20, 1),
                        "rss_mib": resident_mib(),
                        "hit_rate": round(state.hit_rate, 3),
                    }
                )
                print(json.dumps(curve[-1]), file=sys.stderr, flush=True)
        seconds = time.perf_counter() - began
        same = requests(kept, 20, tokens=12, seed=1)
        texts = [[reply(decoder, request) for request in same]]
        name = decoder.name
        for other in (BlockCache(1 << 30), BlockCache(0)):
            del decoder  # two at once would hold twice the weights
            gc.collect()
            decoder = decoder_of(model, blocks=other, cache_mib=settings.prefix_cache_mib)
            texts.append([reply(decoder, request) for request in same])
    return {
        "decoder": name,
        "turns": turns,
        "memories": memories,
        "ram_limit_mib": settings.block_cache_mib,
        "disk_limit_mib": settings.block_disk_mib,
        "ram_mib_most": max(point["ram_mib"] for point in curve),
        "disk_mib_most": max(point["disk_mib"] for point in curve),
        "rss_mib_before": start,
        "rss_mib_most": max(point["rss_mib"] for point in curve),
        "seconds_a_turn": round(seconds / turns, 3),
        "same_output": texts[0] == texts[1] == texts[2],
        "curve": curve,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="default", help="as the app's --model")
    parser.add_argument("--data", type=Path, help="dialogues for the memories: LoCoMo's JSON or chitchat.tar.xz")
    parser.add_argument("--turns", type=int, default=2000)
    parser.add_argument("--memories", type=int, default=10_000)
    options = parser.parse_args()
    print(json.dumps(measure(options.model, options.data, options.turns, options.memories)))


if __name__ == "__main__":
    main()
