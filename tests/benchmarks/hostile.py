"""What hostile files do to a running server.

    python -m tests.benchmarks.hostile [--data FOLDER] [--inputs 3000] [--seed 1]

Good files of each kind, written from the texts of ``--data`` (JSON files; without it from the tests' own), are changed
at random and sent over ``POST /v1/documents``, by several owners at once; then bombs made by hand are. Meanwhile
``/healthz`` is asked all the time. The server is the real one with a fake encoder and decoder, in a process of its own.
Reported: inputs by kind, taken and refused; files on which a parser broke (its process, not the server); answers 5xx
and errors without a sentence; whether the server died; the longest wait for ``/healthz``; by how much the server's
memory grew over that after the first ordinary files. The last line is JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.hostile_files import KINDS, bombs, good_files, mutated, texts

PEOPLE = 4
_UNEXPLAINED = "the terminal says why"
_BROKE = "its parser broke on it"


def serve(data: Path) -> None:
    """Be the server; ends when stdin is closed."""
    from tests.page_server import PageServer

    server = PageServer(data)
    print(server.url, flush=True)
    sys.stdin.read()
    server.close()


class Measured:
    """The server's process, asked for its health and its memory all the time."""

    def __init__(self, folder: Path) -> None:
        self.log = (folder / "server.log").open("w+", encoding="utf-8", errors="replace")
        command = [sys.executable, "-m", "tests.benchmarks.hostile", "--serve", str(folder / "data")]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.longest, self.asked, self.failed = 0.0, 0, 0
        self.peak = 0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def watch(self) -> None:
        self._watcher.start()

    def memory(self) -> int:
        """Bytes that the server's process holds; 0 where the system does not tell."""
        with contextlib.suppress(OSError):
            return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return 0

    def _watch(self) -> None:
        with httpx.Client(base_url=self.url, timeout=120) as http:
            while not self._ended.wait(0.02):
                since = time.monotonic()
                try:
                    self.failed += http.get("/healthz").status_code != 200
                except httpx.HTTPError:
                    self.failed += 1
                self.asked += 1
                self.longest = max(self.longest, time.monotonic() - since)
                self.peak = max(self.peak, self.memory())

    def close(self) -> int | None:
        """The server's exit status if it died before it was told to end."""
        self._ended.set()
        if self._watcher.is_alive():
            self._watcher.join()
        died = self.process.poll()
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait(60)
        self.log.close()
        return died


def send(http: httpx.Client, name: str, data: bytes, kept: list[dict[str, Any]]) -> tuple[str, str]:
    """→ (what became of it, the sentence)."""
    try:
        answer = http.post("/v1/documents", files={"file": (name, data)})
        body = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return "no answer", repr(error)
    if answer.status_code == 200:
        http.delete(f"/v1/documents/{body['id']}")
        return "taken", ""
    sentence = body.get("error", {}).get("message", "")
    if answer.status_code >= 500 or not sentence or _UNEXPLAINED in sentence:
        outcome = "unexplained"
    else:
        outcome = "parser broke" if _BROKE in sentence else "refused"
    if outcome != "refused":
        kept.append({"name": name, "status": answer.status_code, "sentence": sentence[:200]})
    return outcome, sentence


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of JSON files whose texts fill the good files")
    parser.add_argument("--inputs", type=int, default=3000, help="changed files; the bombs come on top")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the files that were not taken or refused")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    good = good_files(texts(options.data), random.Random(options.seed))
    outcomes: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    sentences: Counter[str] = Counter()
    kept: list[dict[str, Any]] = []
    work: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
    slowest: list[tuple[float, str, str]] = []

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Measured(folder)

        def attack(person: int) -> None:
            bomb_of = dict(bombs()) if person == 0 else {}
            with httpx.Client(base_url=server.url, timeout=3600, headers={"X-Owner": f"p{person}"}) as http:
                while True:
                    try:
                        title, number = work.get_nowait()
                    except queue.Empty:
                        break
                    kind = title.rsplit(".", 1)[1]
                    judge(http, kind, title, mutated(good, kind, random.Random(f"{options.seed}/{number}")))
                for title, write in bomb_of.items():
                    path = folder / title
                    write(path)
                    judge(http, title.rsplit(".", 1)[1], title, path.read_bytes())
                    path.unlink()

        def judge(http: httpx.Client, kind: str, title: str, data: bytes) -> None:
            since = time.monotonic()
            outcome, sentence = send(http, title, data, kept)
            outcomes[kind][outcome] += 1
            sentences[sentence.replace(title, "…")[:70]] += 1
            slowest.append((round(time.monotonic() - since, 1), title, sentence.replace(title, "…")[:60] or outcome))
            if options.keep and outcome not in ("taken", "refused"):
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / title).write_bytes(data)
            if len(slowest) % 500 == 0:
                print(f"{len(slowest)} files, longest wait for /healthz {server.longest:.2f} s", flush=True)

        with httpx.Client(base_url=server.url, timeout=600) as http:
            for kind in KINDS:
                assert send(http, f"first.{kind}", good[kind][0], kept)[0] == "taken"
        before = server.memory()
        server.watch()
        for number in range(options.inputs):
            work.put((f"{number}.{KINDS[number % len(KINDS)]}", number))
        people = [threading.Thread(target=attack, args=(person,)) for person in range(PEOPLE)]
        began = time.monotonic()
        for one in people:
            one.start()
        for one in people:
            one.join()
        seconds = time.monotonic() - began
        died = server.close()

    for each in sorted(slowest, reverse=True)[:12]:
        print(*each)
    for sentence, count in sentences.most_common(30):
        print(f"{count:6} {sentence}")
    total = sum(outcomes.values(), Counter())
    print(
        json.dumps(
            {
                "inputs": total.total(),
                "by_kind": {kind: dict(counts) for kind, counts in outcomes.items()},
                "server_died": died,
                "no_answer": total["no answer"],
                "unexplained": total["unexplained"],
                "parser_broke": total["parser broke"],
                "healthz_asked": server.asked,
                "healthz_failed": server.failed,
                "healthz_longest_seconds": round(server.longest, 3),
                "memory_growth_mib": round((server.peak - before) / 2**20, 1) if before else None,
                "seconds": round(seconds, 1),
                "not_as_meant": kept[:20],
            }
        )
    )


if __name__ == "__main__":
    main()
