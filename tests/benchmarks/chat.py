"""Is plain chat hurt by the adapter? Perplexity and degenerate replies without memories, before and after, in one run.

    python -m tests.benchmarks.chat --data FOLDER [--adapter default|none|FILE] [--conversations 40] [--prompts 200]
        [--threads N]

FOLDER holds chitchat.tar.xz and topical_chat.tar.xz; only conversations that no training sees are used
(knowledge/training/held_out.py). ``perplexity``: exp of the mean negative log-likelihood a token of what the second
person said, given the dialogue before it; ``ratio`` is after over before. ``degenerate``: greedy replies with the app's
sampling to ``--prompts`` openings, half of either set, of one or three turns. A reply is

- "empty" when it has neither a letter nor a digit;
- an "echo" when it has at least three words and they are those of a turn before it (a greeting may be given back), or
  when it has at least four and four fifths of its sequences of four words stand in the turn that it answers;
- a "loop" when the same words (up to 12) come at least three times in a row and make up eight words or more, when a
  sentence of at least four words comes three times, or when of 24 words or more fewer than half of the sequences of
  four words are different ones.

The last line is one JSON object; without an adapter "after" and "ratio" are null. ``--show`` prints degenerate replies.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from chat_app.settings import load as load_settings
from knowledge.records import ReplyRequest, Sampling, Turn
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.training.held_out import held_out
from knowledge.training.licensed.archives import CONVERSATIONS, members
from tests.benchmarks.answers import reply_of
from tests.benchmarks.embedded import adapter_of, embedded_folder

SETS = ("chitchat", "topical_chat")
SCORED = 4  # replies of a conversation, at most
WHEN = 1.7e9  # the sets' talk has no date
KINDS = ("empty", "echo", "loop")


def words_of(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def sequences(words: Sequence[str], length: int = 4) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + length]) for at in range(len(words) - length + 1)]


def degenerate(reply: str, dialogue: Sequence[str]) -> str:
    """What is wrong with a reply: "empty", "echo", "loop", or "". ``dialogue``: the turns before it."""
    words = words_of(reply)
    if not words:
        return "empty"
    if len(words) >= 3 and any(words == words_of(turn) for turn in dialogue):
        return "echo"
    if said := sequences(words):
        heard = set(sequences(words_of(dialogue[-1]))) if dialogue else set()
        if sum(one in heard for one in said) >= 0.8 * len(said):
            return "echo"
    return "loop" if _loops(reply, words) else ""


def _loops(reply: str, words: Sequence[str]) -> bool:
    for length in range(1, 13):
        run = 0  # words that equal the one ``length`` before, without a break
        for at in range(length, len(words)):
            run = run + 1 if words[at] == words[at - length] else 0
            if run >= 2 * length and run + length >= 8:
                return True
    sentences = Counter(tuple(words_of(one)) for one in re.split(r"[.!?\n]+", reply))
    if any(count >= 3 and len(sentence) >= 4 for sentence, count in sentences.items()):
        return True
    said = sequences(words)
    return len(words) >= 24 and len(set(said)) < 0.5 * len(said)


def talks_of(data: Path, name: str) -> list[list[str]]:
    """The held-out conversations of a set, each as its turns; two people speak in turn."""
    archive = data / f"{name}.tar.xz"
    found = [talk.lines for talk in CONVERSATIONS[name](members(archive)) if held_out(talk.lines[0][1])]
    return [[text for _, text in lines] for lines in found]


def request_of(texts: Sequence[str], tokens: int = 1) -> ReplyRequest:
    """A dialogue of which the user said the last turn."""
    first = len(texts) % 2  # 1: the user began
    turns = [
        Turn(str(at), "user" if at % 2 != first else "assistant", text, WHEN + 60 * at) for at, text in enumerate(texts)
    ]
    return ReplyRequest(turns, (), Sampling(temperature=0.0, max_tokens=tokens), key="chat")


def perplexity(decoder: LocalDecoder, talks: Sequence[Sequence[str]], name: str) -> tuple[float, int]:
    """→ sum of the negative log-likelihoods in nats, and tokens."""
    total, tokens = 0.0, 0
    for number, talk in enumerate(talks, 1):
        for at in range(1, len(talk), 2)[:SCORED]:
            values = decoder.score(request_of(talk[:at]), talk[at])
            total, tokens = total - float(values.sum()), tokens + len(values)
        if number % 20 == 0:
            print(f"{name}: {number} conversations, perplexity {math.exp(total / tokens):.2f}", file=sys.stderr)
    return total, tokens


def openings(talks: dict[str, list[list[str]]], count: int) -> list[list[str]]:
    """Beginnings of one or three turns, as many of each set as of the other."""
    found = []
    for number, (name, some) in enumerate(talks.items()):
        share = count // len(talks) + (number < count % len(talks))
        choices = [talk[:length] for length in (1, 3) for talk in some if len(talk) > length]
        found += random.Random(f"openings:{name}").sample(choices, min(share, len(choices)))
    return found


def replies(decoder: LocalDecoder, dialogues: Sequence[list[str]], tokens: int, show: bool) -> Counter[str]:
    """How many replies are degenerate, by kind."""
    found: Counter[str] = Counter()
    for number, dialogue in enumerate(dialogues, 1):
        reply = reply_of(decoder, request_of(dialogue, tokens))
        if kind := degenerate(reply, dialogue):
            found[kind] += 1
            if show:
                print(f"{kind}: {dialogue[-1]!r} → {reply!r}", file=sys.stderr)
        if number % 20 == 0:
            print(f"{number} replies, degenerate {dict(found)}", file=sys.stderr, flush=True)
    return found


def measure(
    decoder: LocalDecoder,
    talks: dict[str, list[list[str]]],
    conversations: int,
    prompts: list[list[str]],
    tokens: int,
    show: bool,
) -> dict[str, Any]:
    """One decoder's perplexities and degenerate replies."""
    sums = {}
    for name, some in talks.items():
        chosen = random.Random(f"perplexity:{name}").sample(some, min(conversations, len(some)))
        sums[name] = perplexity(decoder, chosen, name)
    whole = sum(total for total, _ in sums.values()) / sum(count for _, count in sums.values())
    found = replies(decoder, prompts, tokens, show)
    return {
        "perplexity": round(math.exp(whole), 3),
        "by_set": {name: round(math.exp(total / count), 3) for name, (total, count) in sums.items()},
        "tokens": sum(count for _, count in sums.values()),
        "degenerate": {"any": found.total(), **{kind: found[kind] for kind in KINDS}},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets' archives")
    parser.add_argument("--adapter", default="default", help="default: the one that ships; none: stock; or a file")
    parser.add_argument("--conversations", type=int, default=40, help="of either set, for the perplexity")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--reply-tokens", type=int, default=128)
    parser.add_argument("--show", action="store_true", help="print degenerate replies")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    adapter, window = adapter_of(options.adapter), load_settings([], {}).window
    talks = {name: talks_of(options.data, name) for name in SETS}
    prompts = openings(talks, options.prompts)

    def run(file: Path | None) -> dict[str, Any]:
        decoder = LocalDecoder(str(embedded_folder()), window=window, adapter=file)
        return measure(decoder, talks, options.conversations, prompts, options.reply_tokens, options.show)

    before = run(None)
    after = None if adapter is None else run(adapter)
    print(
        json.dumps(
            {
                "adapter": str(adapter) if adapter else None,
                "held_out": {name: len(some) for name, some in talks.items()},
                "prompts": len(prompts),
                "before": before,
                "after": after,
                "ratio": round(after["perplexity"] / before["perplexity"], 4) if after else None,
            }
        )
    )


if __name__ == "__main__":
    main()
