"""Time to first token by turn, in a dialogue that grows far beyond the window, with and without reuse of the prefix.

    python -m tests.benchmarks.first_token [--turns 50] [--window 2048] [--data PATH] [--model FOLDER]

Each turn of a person comes with eight memories. The same dialogue is answered twice in the same run, turn by turn in
alternation: by a decoder that keeps the keys and values of the unchanged prefix, and by one that computes all again.
The replies come from the dialogue, so both see the same prompts; after the first token the reply is stopped.

One JSON object is the last line: {"ttft_s": {"mneme": {turn: seconds}, "no_reuse": {…}}, "ratio_p50": median of
no_reuse / mneme, "growth_beyond_window": median of the last quarter of the turns over the median of as many turns from
the one on at which the window was full (near 1: longer is not slower), "reused_share": of the prompts' tokens, …}.

--data: a JSON list of strings, or LoCoMo's file (list of samples with "conversation": {"session_1": [{"text"}, …]}).
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from knowledge.records import Memory, Read, ReplyDone, ReplyRequest, Sampling, TextDelta, Turn
from knowledge.reply.local.local_decoder import LocalDecoder
from tests.benchmarks.embedded import embedded_folder

WORDS = (  # noqa: SIM905
    "the boat garden river yesterday we took a long walk and talked about music work travel food weather friends old "
    "books new plans small houses big cities mountains lakes trains bread coffee summer winter morning evening"
).split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--model", default="", help="folder or hub name; default: the embedded decoder")
    parser.add_argument("--turns", type=int, default=50, help="turns of the person")
    parser.add_argument("--window", type=int, default=2048, help="tokens")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    folder = options.model or str(embedded_folder())
    decoders = {
        name: LocalDecoder(folder, device=options.device, dtype="auto", window=options.window, cache_mib=mib)
        for name, mib in (("mneme", 256), ("no_reuse", 0))
    }
    texts = load(options.data) if options.data else generated()
    print(json.dumps(measure(decoders, texts, options.turns, options.window)))


def measure(decoders: dict[str, LocalDecoder], texts: list[str], turns: int, window: int) -> dict[str, Any]:
    """Seconds to first token of each decoder at each turn."""
    dialogue: list[Turn] = []
    seconds: dict[str, dict[str, float]] = {name: {} for name in decoders}
    prompt = reused = 0
    full_at = 0  # the first turn at which something has left the window
    for number in range(1, turns + 1):
        dialogue.append(Turn(f"u{number}", "user", texts[2 * number % len(texts)], 0.0))
        reads = tuple(as_read(texts[(7 * number + i) % len(texts)], 0.2 - i / 100) for i in range(8))
        request = ReplyRequest(dialogue, reads, Sampling(max_tokens=8), key="dialogue")
        for name, decoder in decoders.items():
            first, done = first_token(decoder, request)
            seconds[name][str(number)] = round(first, 4)
            if name == "mneme":
                prompt, reused = prompt + done.usage.prompt_tokens, reused + done.usage.cached_tokens
        full_at = full_at or (number if decoders["mneme"].in_window(dialogue) else 0)
        shown = "  ".join(f"{name} {seconds[name][str(number)]:.3f} s" for name in decoders)
        print(f"turn {number:3}  {shown}", flush=True)
        dialogue.append(Turn(f"a{number}", "assistant", texts[(2 * number + 1) % len(texts)], 0.0))
    mneme, plain = (list(seconds[name].values()) for name in ("mneme", "no_reuse"))
    quarter = max(turns // 4, 1)
    filled = mneme[full_at - 1 : full_at - 1 + quarter] if full_at else mneme[-quarter:]
    return {
        "ttft_s": seconds,
        "p50_s": {"mneme": statistics.median(mneme), "no_reuse": statistics.median(plain)},
        "ratio_p50": round(statistics.median(b / a for a, b in zip(mneme, plain, strict=True)), 2),
        "growth_beyond_window": round(statistics.median(mneme[-quarter:]) / statistics.median(filled), 2),
        "window_full_at_turn": full_at,
        "reused_share": round(reused / prompt, 3),
        "window": window,
        "turns": turns,
    }


def first_token(decoder: LocalDecoder, request: ReplyRequest) -> tuple[float, ReplyDone]:
    """Seconds until the first text; the reply is stopped there."""
    started, first, stop = time.perf_counter(), 0.0, threading.Event()
    for event in decoder.reply(request, stop):
        if isinstance(event, TextDelta):
            first = first or time.perf_counter() - started
            stop.set()
        else:
            return first or event.usage.first_token_seconds or time.perf_counter() - started, event
    raise RuntimeError("the reply has no end")


def as_read(text: str, weight: float) -> Read:
    """A read of something said earlier."""
    return Read(Memory(text, text, "turn", 1.76e9, role="user"), score=weight, weight=weight)


def generated(number: int = 400) -> list[str]:
    """Sentences of 10 to 60 words, the same each time."""
    chance = random.Random(5)
    return [" ".join(chance.choices(WORDS, k=chance.randint(10, 60))) for _ in range(number)]


def load(path: Path) -> list[str]:
    """Texts of a JSON list of strings, or of all turns of a LoCoMo file."""
    data = json.loads(path.read_text("utf-8"))
    if all(isinstance(item, str) for item in data):
        return list(data)
    sessions = [session for sample in data for session in sample["conversation"].values() if isinstance(session, list)]
    return [turn["text"] for session in sessions for turn in session if turn.get("text")]


if __name__ == "__main__":
    main()
