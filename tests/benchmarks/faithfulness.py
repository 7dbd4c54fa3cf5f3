"""Do the numbers on the panel say what a memory really did? Rank correlation with the effect of taking it out.

    python -m tests.benchmarks.faithfulness --data LOCOMO.json [--model NAME] [--replies 40]
        [--max-tokens 32] [--adapter default|none|FILE]

Questions of LoCoMo are answered as in the app (its read, its decoder, greedy). For every reply that read at least two
memories: Spearman's correlation, over its memories, of the read weight α, of the decoder's attention mass and of the
retrieval score with the effect (log-probability of the reply less that without the memory); means over replies. Of two
memories it is 1 or −1: ``spearman_from_three`` leaves them out. ``spearman_size``: as ``spearman``, with the size of
the effect, for a memory that speaks against the reply did something too.
``top_is_top``: share of replies whose top card on the panel (which leads with attention) is also the memory with the
largest effect, over all replies that read anything; ``top_is_top_by`` the same for each number. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from knowledge.input.encoder import Encoder
from knowledge.records import ReplyDone
from knowledge.reply.local.local_decoder import LocalDecoder
from tests.benchmarks.answers import mean
from tests.benchmarks.conditioning import asked, request_of
from tests.benchmarks.embedded import about_adapter, decoder_of

FEWEST = 2  # memories of a reply that has a rank correlation


def measure(decoder: LocalDecoder, data: Path, replies: int, max_tokens: int, reads: int) -> dict[str, Any]:
    correlation: dict[str, list[float]] = {"alpha": [], "attention": [], "score": []}
    size: dict[str, list[float]] = {name: [] for name in correlation}
    many: dict[str, list[float]] = {name: [] for name in correlation}  # of three memories and more
    top: dict[str, list[bool]] = {name: [] for name in correlation}
    for one in asked(data, Encoder("default"), replies, limit=reads, declines=True):
        request = request_of(one, one.reads, max_tokens)
        *_, done = decoder.reply(request, threading.Event())
        assert isinstance(done, ReplyDone)
        if not done.text.strip() or done.trace is None:
            continue
        effects = decoder.effects(request, done.text)
        assert effects is not None
        ids = list(done.trace.memories)
        effect = np.array([effects[id] for id in ids])
        by_id = {read.memory.id: read for read in one.reads}
        numbers = {
            "alpha": np.array([by_id[id].weight for id in ids]),
            "attention": np.array(done.trace.mass).mean(0),
            "score": np.array([by_id[id].score for id in ids]),
        }
        for name, values in numbers.items():
            top[name].append(bool(values.argmax() == effect.argmax()))
            if len(ids) >= FEWEST and np.ptp(values) > 0 and np.ptp(effect) > 0:
                correlation[name].append(float(spearmanr(values, effect).statistic))
                if len(ids) > FEWEST:
                    many[name].append(correlation[name][-1])
                size[name].append(float(spearmanr(values, abs(effect)).statistic))
        if len(top["alpha"]) % 10 == 0:
            shown = ", ".join(f"{name} {statistics.mean(v):.2f}" for name, v in correlation.items() if v)
            print(f"{len(top['alpha'])} replies: {shown}", file=sys.stderr, flush=True)
    return {
        "replies": len(top["alpha"]),
        "ranked": len(correlation["alpha"]),
        "ranked_from_three": len(many["alpha"]),
        "spearman": means(correlation),
        "spearman_from_three": means(many),
        "spearman_size": means(size),
        "top_is_top": round(statistics.mean(top["attention"]), 4),
        "top_is_top_by": means(top),
    }


def means(values: Mapping[str, Sequence[float]]) -> dict[str, float | None]:
    return {name: mean(some) for name, some in values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's JSON file")
    parser.add_argument("--model", default="default", help="as the app's --model")
    parser.add_argument("--replies", type=int, default=40)
    parser.add_argument("--max-tokens", type=int, default=32, help="of a reply")
    parser.add_argument("--reads", type=int, default=8, help="memories of a reply, at most (the app's default)")
    parser.add_argument("--adapter", default="default", help="default: the one that ships; none: stock; or a file")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    decoder = decoder_of(options.model, adapter=options.adapter)
    found = measure(decoder, options.data, options.replies, options.max_tokens, options.reads)
    print(json.dumps({"decoder": decoder.name, "adapter": about_adapter(decoder, options.adapter), **found}))


if __name__ == "__main__":
    main()
