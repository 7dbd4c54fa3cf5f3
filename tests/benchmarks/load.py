"""Many people at once: what a server gives them together and each of them, against one person alone.

    python -m tests.benchmarks.load [--people 1,4,16,50,100] [--model NAME] [--data REQUESTS] [--peer URL]

Starts ``python app.py`` on an empty data folder, as a person would, and lets as many clients as asked stream a reply
each at the same moment from ``/v1/chat/completions``, every one in a conversation of its own; ``rounds`` times.
``data``: a file of requests as of ``tests.benchmarks.requests``; without one, a few that stand here. By number of
people: ``tokens_s`` of all together and ``times_one`` (against one person's), ``first_word_s`` and ``reply_s`` (p50,
p95), ``replies``, ``refused`` (status 429), ``errors``, ``unended`` (streams without their end), ``healthz_s`` (the
slowest answer meanwhile). ``lost``, ``doubled``: messages of ended replies that memory does not hold, or holds more
than once. ``peer``: the address of another server's OpenAI-compatible API that serves the same model, measured in the
same way in the same run. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

REQUESTS = (
    "Write a short letter to a friend who moved abroad.",
    "Explain to a ten-year-old why the sky is blue.",
    "Tell me a story about a lighthouse in six sentences.",
    "What should one pack for a week of hiking?",
    "Describe how bread is baked, step by step.",
)
TOKENS = 64  # of a reply, at most
_PATIENCE = 900.0  # seconds for one reply


@dataclass(frozen=True)
class Streamed:
    """What one client got. ``status``: of HTTP; 0 where the connection broke."""

    text: str
    status: int
    first: float
    whole: float
    pieces: int
    ended: bool


def stream(client: httpx.Client, model: str, text: str, conversation: str) -> Streamed:
    began, first, pieces, ended = time.perf_counter(), 0.0, 0, False
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "stream": True,
        "max_tokens": TOKENS,
    }
    if conversation:
        body["conversation"] = conversation
    try:
        with client.stream("POST", "/chat/completions", json=body) as response:
            for line in response.iter_lines():
                if line == "data: [DONE]":
                    ended = True
                elif line.startswith("data: ") and response.status_code == 200:
                    choices = json.loads(line[6:]).get("choices") or [{}]
                    if choices[0].get("delta", {}).get("content"):
                        first = first or time.perf_counter() - began
                        pieces += 1
            status = response.status_code
    except httpx.HTTPError:
        status = 0
    return Streamed(text, status, first, time.perf_counter() - began, pieces, ended)


@contextmanager
def watched(health: str | None) -> Iterator[list[float]]:
    """Seconds that ``/healthz`` took, asked all the while."""
    found: list[float] = []
    done = threading.Event()

    def watch() -> None:
        with httpx.Client(timeout=30) as client:
            while not done.wait(0.1):
                began = time.perf_counter()
                try:
                    client.get(str(health))
                except httpx.HTTPError:
                    found.append(30.0)
                else:
                    found.append(time.perf_counter() - began)

    thread = threading.Thread(target=watch, daemon=True)
    if health:
        thread.start()
    try:
        yield found
    finally:
        done.set()
        if health:
            thread.join()


def together(
    base: str, model: str, texts: Sequence[str], people: int, rounds: int, *, own: bool
) -> tuple[dict[str, Any], list[Streamed]]:
    """``people`` clients at once, ``rounds`` times. ``own``: a server of ours, whose conversations have names."""
    found: list[Streamed] = []
    seconds = 0.0
    key = {"Authorization": "Bearer any"}
    limits = httpx.Limits(max_connections=people)
    with (
        httpx.Client(base_url=base, timeout=_PATIENCE, headers=key, limits=limits) as client,
        watched(base.removesuffix("/v1") + "/healthz" if own else None) as health,
        ThreadPoolExecutor(people) as pool,
    ):
        for number in range(rounds):
            began = time.perf_counter()
            asked = [
                (f"{texts[(number + at) % len(texts)]} ({people}.{number}.{at})", f"load-{people}-{at}" if own else "")
                for at in range(people)
            ]
            found += pool.map(lambda one: stream(client, model, *one), asked)
            seconds += time.perf_counter() - began
    good = [one for one in found if one.status == 200 and one.ended]
    refused = sum(one.status == 429 for one in found)
    spread = lambda values: [round(float(np.percentile(values, p)), 2) for p in (50, 95)] if values else []  # noqa: E731
    figures = {
        "replies": len(good),
        "refused": refused,
        "errors": sum(one.status not in (200, 429) for one in found),
        "unended": sum(one.status == 200 and not one.ended for one in found),
        "tokens_s": round(sum(one.pieces for one in good) / seconds, 1),
        "first_word_s": spread([one.first for one in good]),
        "reply_s": spread([one.whole for one in good]),
    }
    return {**figures, **({"healthz_s": round(max(health), 2)} if health else {})}, good


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def served(model: str, folder: str) -> Iterator[tuple[str, int]]:
    """A running Mneme: the address of its API, and the process."""
    port = free_port()
    command = [sys.executable, "app.py", "--data", folder, "--port", str(port), "--model", model]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=sys.stderr, stderr=sys.stderr)
    try:
        while process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        else:
            raise SystemExit("the server did not start")
        yield f"http://127.0.0.1:{port}/v1", process.pid
    finally:
        process.terminate()
        try:
            process.wait(120)  # what was deleted is taken out of its files
        except subprocess.TimeoutExpired:
            process.kill()
            print("the server did not end in two minutes and was killed", file=sys.stderr)


def memories(base: str, texts: Sequence[str]) -> dict[str, int]:
    """How many of these messages memory does not hold, and how many more than once."""
    held: Counter[str] = Counter()
    with httpx.Client(base_url=base, timeout=60) as client:
        more = True
        while more:
            page = client.get("/memories", params={"limit": 1000, "offset": sum(held.values())}).json()
            held.update(one["text"] for one in page["data"])
            more = page["has_more"]
    return {"lost": sum(not held[text] for text in texts), "doubled": sum(held[text] > 1 for text in texts)}


def resident_mib(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) >> 10


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", default="1,4,16,50,100", help="numbers of clients, joined by commas")
    parser.add_argument("--model", default="default", help="as the app's --model")
    parser.add_argument("--data", type=Path, help="a file of requests")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peer", default="", metavar="URL", help="another server of the same model, ending with /v1")
    options = parser.parse_args()
    texts = [one["request"] for one in json.loads(options.data.read_text("utf-8"))] if options.data else REQUESTS
    people = [int(one) for one in options.people.split(",")]
    found: dict[str, Any] = {"model": options.model, "tokens": TOKENS, "people": {}}
    with tempfile.TemporaryDirectory() as folder, served(options.model, folder) as (base, process):
        together(base, "mneme", ["Hello!"], 1, 1, own=True)  # what is loaded with the first reply
        found["rss_mib_at_start"] = resident_mib(process)
        ended: list[str] = []
        one = 0.0
        for number in people:
            figures, good = together(base, "mneme", texts, number, options.rounds, own=True)
            one = one or figures["tokens_s"]
            found["people"][number] = {**figures, "times_one": round(figures["tokens_s"] / max(one, 0.1), 2)}
            ended += [each.text for each in good]
            print(json.dumps({number: found["people"][number]}), file=sys.stderr, flush=True)
        found |= memories(base, ended)
        found["rss_mib_after"] = resident_mib(process)
    if options.peer:
        with httpx.Client(base_url=options.peer) as client:
            name = client.get("/models").json()["data"][0]["id"]
        found["peer"] = {
            number: together(options.peer, name, texts, number, options.rounds, own=False)[0] for number in people
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
