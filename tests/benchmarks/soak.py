"""Hours of use in minutes: does the server's memory grow, and do replies come later and later?

    python -m tests.benchmarks.soak [--minutes 30] [--model NAME] [--data REQUESTS]

Starts ``python app.py`` on an empty data folder, as a person would, and has four clients use it all the while, without
a pause: two stream replies in conversations of some turns each, one of them leaving now and then in the middle of a
reply; one asks without streaming, each time in a new conversation, every other time with ``store: false``; one uploads
documents, adds, searches and deletes memories, and asks for vectors. ``data``: a file of requests as of
``tests.benchmarks.requests``; without one, a few that stand here.

``rss_mib``: [minute, MiB resident of the server] over the run; ``rss_mib_5``, ``rss_mib_end`` and ``growth_percent``
between them: medians of a minute each, the first being the sixth minute (or, in a short run, the one after the first
fifth). ``first_word_s``, ``reply_s``: p95 of streamed replies in the first and in the last third; ``other_s``: p95 of
everything else there. ``done``: what was done, by kind; ``errors``: what failed, by kind and status, but for the
``refused`` (status 429). The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from tests.benchmarks.load import REQUESTS, resident_mib, served

TURNS = 6  # of one conversation
LEAVES = 10  # one streamed reply in so many is left in its middle
TOKENS = 48  # of a reply, at most
KEPT = 5  # documents and notes of the fourth client that stay; older ones are deleted
_PAUSE = 2.0  # seconds between two rounds of the fourth client, which else would take the processor from the others
_SAMPLE = 5.0  # seconds between two looks at the server's memory
_PATIENCE = 300.0  # seconds for one answer


@dataclass
class Record:
    """What the clients saw. Safe to use from several threads, as lists and counters are only added to."""

    began: float = field(default_factory=time.perf_counter)
    times: list[tuple[str, float, float]] = field(default_factory=list)  # what, when it ended, seconds it took
    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    memory: list[tuple[float, int]] = field(default_factory=list)  # seconds since the start, MiB
    over: threading.Event = field(default_factory=threading.Event)

    def took(self, what: str, since: float) -> None:
        now = time.perf_counter()
        self.times.append((what, now - self.began, now - since))

    def answered(self, what: str, status: int, since: float) -> bool:
        """Was it done? Counts it."""
        if status == 429:
            self.refused += 1
            time.sleep(1.0)
        elif status >= 400:
            self.errors[f"{what} {status}"] += 1
        else:
            self.done[what] += 1
            self.took(what, since)
        return status < 400

    def p95(self, what: Callable[[str], bool], low: float, high: float) -> float | None:
        """Of the seconds that these took between two moments of the run."""
        found = [took for name, at, took in self.times if what(name) and low <= at < high]
        return round(float(np.percentile(found, 95)), 2) if found else None


def rounds(record: Record) -> Iterator[int]:
    """0, 1, 2 … until the run is over."""
    return itertools.takewhile(lambda _: not record.over.is_set(), itertools.count())


def chat(text: str, conversation: str, **more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": text}
    named = {"conversation": conversation} if conversation else {}
    return {"model": "mneme", "messages": [message], "max_tokens": TOKENS, **named, **more}


def streaming(
    record: Record, http: httpx.Client, texts: Iterator[str], name: str, leaves: random.Random | None
) -> None:
    """One streamed reply after the other. Who left begins anew: the server may not have seen it yet."""
    left = 0
    for number in rounds(record):
        began, first = time.perf_counter(), 0.0
        leave = leaves is not None and leaves.random() < 1 / LEAVES
        body = chat(next(texts), f"{name}-{number // TURNS}-{left}", stream=True)
        ended = False
        with http.stream("POST", "/v1/chat/completions", json=body) as answer:
            for line in answer.iter_lines():
                if not first and '"content":"' in line and '"content":""' not in line:
                    first = time.perf_counter()
                    record.times.append(("first word", first - record.began, first - began))
                    if leave:
                        break
                ended |= line == "data: [DONE]"
            status = answer.status_code
        if leave and first:
            record.done["left"] += 1
            left += 1
        elif status == 200 and not ended:
            record.errors["stream without its end"] += 1
        else:
            record.answered("reply", status, began)


def asking(record: Record, http: httpx.Client, texts: Iterator[str]) -> None:
    """Replies in one piece, each in a new conversation; every other one is not kept."""
    for number in rounds(record):
        began = time.perf_counter()
        body = chat(next(texts), "", **({"store": False} if number % 2 else {}))
        status = http.post("/v1/chat/completions", json=body).status_code
        record.answered("unkept reply" if number % 2 else "plain reply", status, began)


def keeping(record: Record, http: httpx.Client, texts: Iterator[str]) -> None:
    """Documents and notes come and go; the memory is searched, listed and asked for vectors."""
    documents: list[str] = []
    notes: list[str] = []

    def call(what: str, method: str, path: str, **more: Any) -> dict[str, Any]:
        began = time.perf_counter()
        answer = http.request(method, path, **more)
        return answer.json() if record.answered(what, answer.status_code, began) else {}

    for number in rounds(record):
        page = "\n\n".join(f"# Part {part} of {number}\n\n{next(texts)} {next(texts)}" for part in range(20))
        added = call("upload", "POST", "/v1/documents", files={"file": (f"soak-{number}.md", page.encode())})
        documents += [added["id"]] if added else []
        note = call("note", "POST", "/v1/memories", json={"text": f"Note {number}: {next(texts)}"})
        notes += [note["id"]] if note else []
        call("search", "POST", "/v1/memories/search", json={"query": next(texts)})
        call("list", "GET", "/v1/memories", params={"limit": 100})
        call("vectors", "POST", "/v1/embeddings", json={"model": "mneme", "input": [next(texts) for _ in range(8)]})
        for kind, there in (("documents", documents), ("memories", notes)):
            while len(there) > KEPT:
                call(f"delete of {kind}", "DELETE", f"/v1/{kind}/{there.pop(0)}")
        record.over.wait(_PAUSE)


def worker(record: Record, what: str, base: str, use: Callable[[httpx.Client], None]) -> threading.Thread:
    """Uses the server until the run ends; a broken connection is counted and made anew."""

    def run() -> None:
        while not record.over.is_set():
            try:
                with httpx.Client(base_url=base, timeout=_PATIENCE) as http:
                    use(http)
            except (httpx.HTTPError, ValueError) as error:
                record.errors[f"{what}: {type(error).__name__}"] += 1
                time.sleep(1.0)

    thread = threading.Thread(target=run, name=what, daemon=True)
    thread.start()
    return thread


def soak(base: str, process: int, texts: Sequence[str], minutes: float) -> Record:
    """Use the server for so long."""

    def said(seed: int) -> Iterator[str]:
        choose = random.Random(seed)
        for number in itertools.count():
            yield f"{choose.choice(texts)} ({seed}.{number})"

    record = Record()
    workers = [
        worker(record, "first talk", base, lambda http: streaming(record, http, said(1), "one", None)),
        worker(record, "second talk", base, lambda http: streaming(record, http, said(2), "two", random.Random(2))),
        worker(record, "asking", base, lambda http: asking(record, http, said(3))),
        worker(record, "keeping", base, lambda http: keeping(record, http, said(4))),
    ]
    said_at = 0.0
    while (now := time.perf_counter() - record.began) < 60 * minutes:
        record.memory.append((now, resident_mib(process)))
        if now - said_at >= 60:
            said_at = now
            print(f"{now / 60:.0f} min: {record.memory[-1][1]} MiB, {dict(record.done)}", file=sys.stderr, flush=True)
        time.sleep(_SAMPLE)
    record.over.set()
    for thread in workers:
        thread.join(_PATIENCE)
    return record


def figures(record: Record, minutes: float) -> dict[str, Any]:
    """The numbers of the docstring."""
    whole = 60 * minutes
    early = min(300.0, whole / 5)

    def around(low: float, high: float) -> int:
        return int(np.median([mib for at, mib in record.memory if low <= at < high] or [0]))

    first, last = around(early, early + 60), around(whole - 60, whole)
    thirds = {"first": (0.0, whole / 3), "last": (2 * whole / 3, whole)}

    def by_third(what: Callable[[str], bool]) -> dict[str, float | None]:
        return {name: record.p95(what, *span) for name, span in thirds.items()}

    return {
        "minutes": minutes,
        "rss_mib": [[round(at / 60, 1), mib] for at, mib in record.memory[:: max(1, len(record.memory) // 60)]],
        "rss_mib_5": first,
        "rss_mib_end": last,
        "growth_percent": round(100 * (last - first) / max(first, 1), 1),
        "first_word_s": by_third(lambda name: name == "first word"),
        "reply_s": by_third(lambda name: name == "reply"),
        "other_s": by_third(lambda name: name not in ("first word", "reply")),
        "done": dict(record.done),
        "refused": record.refused,
        "errors": dict(record.errors),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--model", default="default", help="as the app's --model")
    parser.add_argument("--data", type=Path, help="a file of requests")
    options = parser.parse_args()
    texts = [one["request"] for one in json.loads(options.data.read_text("utf-8"))] if options.data else REQUESTS
    with tempfile.TemporaryDirectory() as folder, served(options.model, folder) as (base, process):
        record = soak(base.removesuffix("/v1"), process, texts, options.minutes)
        found = {"model": options.model, **figures(record, options.minutes)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
