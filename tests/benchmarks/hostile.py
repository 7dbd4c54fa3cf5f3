"""What hostile files do to a running server.

    python -m tests.benchmarks.hostile [--data FOLDER] [--inputs 3000] [--minutes 600] [--seed 1]

Good files of each kind, written from the texts of ``--data`` (JSON files; without it from the tests' own), are changed
at random and sent over ``POST /v1/documents``, by several owners at once, bombs made by hand among them. Meanwhile
``/healthz`` is asked all the time. The server is the real one with a fake encoder and decoder, in a process of its own.
Reported: inputs by kind, taken and refused; files on which a parser broke (its process, not the server); answers 5xx
and errors without a sentence; whether the server died; the longest wait for ``/healthz``; by how much the server's
memory grew over that after the first ordinary files. ``machine_longest_stall_seconds`` is the longest time in which
nothing ran at all: on a busy machine the wait for ``/healthz`` holds that, too. The last line is JSON.
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
from typing import IO, Any

import httpx

from tests.benchmarks.hostile_files import KINDS, Bomb, bombs, good_files, mutated, texts

PEOPLE = 4
_UNEXPLAINED = "the terminal says why"
_BROKE = "its parser broke on it"
_PAUSE = 0.02  # seconds between two questions


def serve(data: Path) -> None:
    """Be the server; ends when stdin is closed."""
    from tests.page_server import PageServer

    server = PageServer(data)
    print(server.url, flush=True)
    sys.stdin.read()
    server.close()


def watch(url: str, process: int) -> None:
    """Ask a server for its health and look at its memory until stdin is closed, then print what was seen.

    ``stall`` is the longest by which a short sleep was late: so long nothing ran on this machine, whoever is to blame.
    """
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    asked = failed = peak = 0
    longest = stall = 0.0
    with httpx.Client(base_url=url, timeout=120) as http:
        while not ended.is_set():
            since = time.monotonic()
            time.sleep(_PAUSE)
            stall = max(stall, time.monotonic() - since - _PAUSE)
            since = time.monotonic()
            try:
                failed += http.get("/healthz").status_code != 200
            except httpx.HTTPError:
                failed += 1
            asked += 1
            longest = max(longest, time.monotonic() - since)
            peak = max(peak, memory(process))
    print(json.dumps({"asked": asked, "failed": failed, "longest": longest, "stall": stall, "peak": peak}))


def memory(process: int) -> int:
    """Bytes that a process holds; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def started(*arguments: str, log: IO[str] | None = None) -> subprocess.Popen[str]:
    """This benchmark in another of its roles, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.hostile", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)


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
    parser.add_argument("--minutes", type=float, default=600.0, help="no file is sent any more after these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the files that were not taken or refused")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--watch", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    if options.watch:
        watch(options.watch[0], int(options.watch[1]))
        return
    good = good_files(texts(options.data), random.Random(options.seed))
    outcomes: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    sentences: Counter[str] = Counter()
    kept: list[dict[str, Any]] = []
    work: queue.SimpleQueue[tuple[str, Bomb]] = queue.SimpleQueue()
    slowest: list[tuple[float, str, str]] = []

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context((folder / "server.log").open("w", encoding="utf-8"))
        server = started("--serve", str(folder / "data"), log=log)
        assert server.stdout is not None
        url = server.stdout.readline().strip()

        def attack(person: int) -> None:
            with httpx.Client(base_url=url, timeout=3600, headers={"X-Owner": f"p{person}"}) as http:
                while time.monotonic() - began < 60 * options.minutes:
                    try:
                        title, write = work.get_nowait()
                    except queue.Empty:
                        break
                    path = folder / title
                    write(path)
                    data = path.read_bytes()
                    path.unlink()
                    judge(http, title.rsplit(".", 1)[1], title, data)

        def changed(number: int) -> tuple[str, Bomb]:
            kind = KINDS[number % len(KINDS)]
            chance = random.Random(f"{options.seed}/{number}")
            return f"{number}.{kind}", lambda path: path.write_bytes(mutated(good, kind, chance))

        def judge(http: httpx.Client, kind: str, title: str, data: bytes) -> None:
            since = time.monotonic()
            outcome, sentence = send(http, title, data, kept)
            outcomes[kind][outcome] += 1
            sentences[sentence.replace(title, "…")[:70]] += 1
            slowest.append((round(time.monotonic() - since, 1), title, sentence.replace(title, "…")[:60] or outcome))
            if options.keep and outcome not in ("taken", "refused"):
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / title).write_bytes(data)
            if len(slowest) % 100 == 0:
                print(f"{len(slowest)} files after {time.monotonic() - began:.0f} s", flush=True)

        with httpx.Client(base_url=url, timeout=600) as http:
            for kind in KINDS:
                assert send(http, f"first.{kind}", good[kind][0], kept)[0] == "taken"
        before = memory(server.pid)
        watcher = started("--watch", url, str(server.pid))
        attacks = [*bombs(), *(changed(number) for number in range(options.inputs))]
        random.Random(options.seed).shuffle(attacks)
        for one in attacks:
            work.put(one)
        began = time.monotonic()
        people = [threading.Thread(target=attack, args=(person,)) for person in range(PEOPLE)]
        for thread in people:
            thread.start()
        for thread in people:
            thread.join()
        seconds = time.monotonic() - began
        seen = json.loads(watcher.communicate()[0].splitlines()[-1])
        died = server.poll()
        server.communicate()

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
                "healthz_asked": seen["asked"],
                "healthz_failed": seen["failed"],
                "healthz_longest_seconds": round(seen["longest"], 3),
                "machine_longest_stall_seconds": round(seen["stall"], 3),
                "memory_growth_mib": round((seen["peak"] - before) / 2**20, 1) if before else None,
                "seconds": round(seconds, 1),
                "not_as_meant": kept[:20],
            }
        )
    )


if __name__ == "__main__":
    main()
