"""A long dialogue in the running app: 300 memories, 50 turns. Does the wait for the first word grow?

    python -m tests.benchmarks.long_dialogue [--turns 50] [--memories 300] [--data PATH]

Starts `python app.py` with a data folder of its own. Each turn is said twice in the same run: in the long dialogue and,
as the baseline, as the first turn of a conversation of its own. While replies stream, /healthz and the page itself are
asked for again and again.

One JSON object is the last line: {"ttft_s": {"long": {turn: seconds}, "fresh": {…}}, "ratio_p50": median of long over
fresh in the last half, "growth_beyond_window": median of the last quarter of the turns over the median of the quarter
before the half, "page_ms": {"p50", "p95", "max"} while replies stream, "cached_share": of the prompts' tokens}.

--data: a JSON list of strings, or LoCoMo's file; its texts become the memories and the turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.embedded import embedded_folder
from tests.benchmarks.first_token import generated, load
from tests.server import Server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--memories", type=int, default=300)
    options = parser.parse_args()
    texts = load(options.data) if options.data else generated()
    cache = embedded_folder().parent
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", cache)
        try:
            server.wait_until_ready()
            print(json.dumps(measure(server.url, texts, options.turns, options.memories)))
        finally:
            server.stop()


def measure(url: str, texts: list[str], turns: int, memories: int) -> dict[str, Any]:
    """Seconds to the first piece of text of each turn, and milliseconds of the page's answers meanwhile."""
    with httpx.Client(base_url=url, timeout=120) as client:
        for at in range(0, memories, 50):
            batch = [f"Note {n}: {texts[n % len(texts)]}" for n in range(at, min(at + 50, memories))]
            client.post("/v1/memories", json={"texts": batch}).raise_for_status()
        watch = Watch(url)
        seconds: dict[str, dict[str, float]] = {"long": {}, "fresh": {}}
        prompt = cached = 0
        for number in range(1, turns + 1):
            text = f"{texts[(memories + number) % len(texts)]} What do you think, number {number}?"
            for name in ("long", "fresh"):
                conversation = "long" if name == "long" else f"fresh {number}"
                first, usage = say(client, text, conversation)
                seconds[name][str(number)] = round(first, 3)
                if name == "long":
                    prompt += usage["prompt_tokens"]
                    cached += usage["prompt_tokens_details"]["cached_tokens"]
        page = watch.end()
    long, fresh = list(seconds["long"].values()), list(seconds["fresh"].values())
    half, quarter = turns // 2, max(turns // 4, 1)
    return {
        "turns": turns,
        "memories": memories,
        "ttft_s": seconds,
        "ratio_p50": round(statistics.median(a / b for a, b in zip(long[half:], fresh[half:], strict=True)), 2),
        "growth_beyond_window": round(
            statistics.median(long[-quarter:]) / statistics.median(long[max(half - quarter, 0) : half] or long), 2
        ),
        "page_ms": page,
        "cached_share": round(cached / max(prompt, 1), 2),
    }


def say(client: httpx.Client, text: str, conversation: str) -> tuple[float, dict[str, Any]]:
    """→ seconds to the first piece of the reply's text, and the reply's usage."""
    request = {
        "model": "mneme",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 32,
        "conversation": conversation,
        "messages": [{"role": "user", "content": text}],
    }
    began, first, usage = time.perf_counter(), 0.0, {}
    with client.stream("POST", "/v1/chat/completions", json=request) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line[6:])
            usage = chunk.get("usage") or usage
            if not first and any(choice["delta"].get("content") for choice in chunk.get("choices") or []):
                first = time.perf_counter() - began
    return first or time.perf_counter() - began, usage


class Watch:
    """Asks for the page five times a second until ``end``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.over = threading.Event()
        self.milliseconds: list[float] = []
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()

    def _ask(self) -> None:
        with httpx.Client(base_url=self.url, timeout=120) as client:
            while not self.over.wait(0.2):
                for path in ("/healthz", "/"):
                    began = time.perf_counter()
                    client.get(path).raise_for_status()
                    self.milliseconds.append(1000 * (time.perf_counter() - began))

    def end(self) -> dict[str, float]:
        """p50, p95 and the longest answer in milliseconds."""
        self.over.set()
        self.thread.join()
        ordered = sorted(self.milliseconds)
        return {
            "p50": round(statistics.median(ordered), 1),
            "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
            "max": round(ordered[-1], 1),
        }


if __name__ == "__main__":
    main()
