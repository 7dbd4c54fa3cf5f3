"""Kills and damage: what survives, what is lost or doubled, how long the next start takes, what the person is told.

    python -m tests.benchmarks.faults [--kills 300] [--seed 1] [--no-damage]

The whole app but for its models (bag-of-words encoder, a decoder that echoes) talks, takes in documents, imports and
deletes, in a process of its own; it is killed by SIGKILL a random moment after it began one of these, or while it
starts. The next process looks at what is there, and goes on. Then each file of its data folder is truncated, zeroed, a
page of it zeroed, bits of it flipped, after an orderly end and after a kill; and the folder is made read-only.

Acknowledged is what the process had said was done before it was killed. The last line of the output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import shutil
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.faults_child import IMPORTED, fork

PATIENCE = 180.0  # seconds for a start
FRESH = 50  # kills in one data folder
NOBODY = 65534
PAGE = 4096


@dataclass
class Run:
    """One process: what it said."""

    process: int
    pipe: int
    rest: bytes = b""
    begun: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    last: list[str] = field(default_factory=list)
    done: list[list[str]] = field(default_factory=list)

    def line(self, patience: float) -> dict[str, Any] | None:
        """The next line; None at the end, or when there is none in time."""
        end = time.monotonic() + patience
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.pipe], [], [], max(0.0, end - time.monotonic()))
            piece = os.read(self.pipe, 1 << 20) if ready else b""
            if not piece:
                return None
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        said: dict[str, Any] = json.loads(line)
        if "begin" in said:
            self.last = said["begin"]
        if "done" in said:
            self.done.append(said["done"])
            self.last = []
        return said

    def kill(self) -> int:
        """→ how it ended: a signal's number is negative."""
        os.kill(self.process, signal.SIGKILL)
        return self.end()

    def end(self) -> int:
        while self.line(0.5) is not None:  # what it had said before
            pass
        os.close(self.pipe)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


@dataclass
class Expected:
    """What has to be there. Of what was begun and not acknowledged either is right."""

    turns: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)

    def follow(self, run: Run) -> None:
        for kind, what in run.done:
            self._happened(kind, what)
        if run.last:
            self.unsure.add(run.last[1])

    def _happened(self, kind: str, what: str) -> None:
        if kind.startswith("delete"):
            self.gone.add(what)
        for name, kept in (("turn", self.turns), ("document", self.documents), ("import", self.imports)):
            if kind == name:
                kept.add(what)
            if kind in (f"delete {name}", "delete conversation" if name == "turn" else ""):
                kept.discard(what)

    def faults(self, state: dict[str, Any]) -> Counter[str]:
        """What is wrong with what is there."""
        found: Counter[str] = Counter()
        for place in ("history", "memory"):
            kept = {text.split()[1]: count for text, count in state[place].items()}
            found["lost turns"] += len(self.turns - self.unsure - kept.keys())
            found["doubled turns"] += sum(count > 1 for count in kept.values())
            found["turns that came back"] += len((self.gone - self.unsure) & kept.keys())
        documents = state["documents"]
        found["lost documents"] += len(self.documents - self.unsure - documents.keys())
        found["ghosts"] += sum(not ready or said != there for ready, said, there in documents.values())
        found["documents that came back"] += len((self.gone - self.unsure) & documents.keys())
        notes = {f"{name}.jsonl": count for name, count in state["notes"].items()}
        found["lost imports"] += len(self.imports - self.unsure - notes.keys())
        found["imports in part"] += sum(count != IMPORTED for count in notes.values())
        found["orphans"] += state["orphans"]
        found["indexes apart"] += state["apart"]
        return +found

    def settle(self, state: dict[str, Any]) -> None:
        """What was unsure is now as it is."""
        self.turns = {text.split()[1] for text in state["history"]}
        self.documents = set(state["documents"])
        self.imports = {f"{name}.jsonl" for name in state["notes"]}
        self.gone -= self.turns | self.documents
        self.unsure.clear()


def started(run: Run) -> tuple[dict[str, Any], str]:
    """Its state, or why there is none."""
    line = run.line(PATIENCE)
    if line is None:
        return {}, f"ended or hung ({run.kill()})"
    return (line["state"], "") if "state" in line else ({}, line["refused"])


def kills(folder: Path, count: int, dice: random.Random) -> dict[str, Any]:
    """The kills, one after the other in one data folder."""
    expected, faults, moments = Expected(), Counter[str](), Counter[str]()
    told, seconds, refused = Counter[str](), list[float](), list[str]()
    killed = 0
    data = folder / "data"
    while killed < count:
        if (
            killed and killed % FRESH == 0
        ):  # what is there is looked at whole after every kill: it must not grow for ever
            shutil.rmtree(data)
            expected = Expected()
        if killed % 10 == 0:
            print(f"{killed} kills, faults {dict(faults)}", flush=True)
        run = Run(*fork(data, dice.randrange(10**9)))
        if killed and dice.random() < 0.1:  # while it starts, and repairs
            time.sleep(dice.uniform(0.0, 1.0))
            run.kill()
            expected.follow(run)
            killed, moments["start"] = killed + 1, moments["start"] + 1
            continue
        state, why = started(run)
        if why:
            refused.append(why)
            break
        faults += expected.faults(state)
        if wrong := expected.faults(state):
            print(f"after {killed} kills: {dict(wrong)}", flush=True)
        expected.settle(state)
        seconds.append(state["seconds"])
        told.update(state["told"])
        wanted = dice.choice(("turn", "document", "import", "delete conversation", "delete document"))
        for _ in range(dice.randrange(1, 3)):  # not always the first of its kind
            while (line := run.line(30)) is not None and line.get("begin", [""])[0] != wanted:
                pass
        time.sleep(dice.choice((0.0, dice.uniform(0, 0.005), dice.uniform(0, 0.05), dice.uniform(0, 0.3))))
        run.kill()
        expected.follow(run)
        killed, moments[run.last[0] if run.last else "between"] = (
            killed + 1,
            moments[run.last[0] if run.last else "between"] + 1,
        )
    run = Run(*fork(data, 0, works=False))
    state, why = started(run)
    if state:
        faults += expected.faults(state)
        run.end()
    seconds.sort()
    return {
        "kills": killed,
        "moments": dict(moments),
        "faults": dict(faults),
        "refused": [*refused, *([why] if why else [])],
        "told": dict(told),
        "seconds_p50": seconds[len(seconds) // 2] if seconds else None,
        "seconds_worst": seconds[-1] if seconds else None,
        "turns": len(state.get("history", ())),
        "memories": sum(state.get("notes", {}).values()) + len(state.get("memory", ())),
    }


def _page(content: bytes) -> bytes:
    at = len(content) // 2 // PAGE * PAGE
    return content[:at] + bytes(len(content[at : at + PAGE])) + content[at + PAGE :]


def _flipped(content: bytes) -> bytes:
    flips = bytearray(content)
    for at in range(len(content) // 50, len(content), max(1, len(content) // 25)):
        flips[at] ^= 0xFF
    return bytes(flips)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda content: content[: len(content) // 2],
    "zeroed": lambda content: bytes(len(content)),
    "page zeroed": _page,
    "flipped": _flipped,
}


def damages(folder: Path) -> list[dict[str, Any]]:
    """Each file damaged, after an orderly end and after a kill."""
    for end in ("closed", "killed"):
        base = folder / end
        base.mkdir()
        run = Run(*fork(base / "data", 5))
        state, why = started(run)
        assert not why, why
        done = Counter[str]()
        while (line := run.line(60)) is not None and (done["import"] < 20 or done["turn"] < 5 or done["document"] < 2):
            done[line.get("done", [""])[0]] += 1
        run.kill()
        closing = Run(*fork(base / "data", 6, works=False))
        state, why = started(closing)
        assert not why, why
        closing.end()
        if end == "killed":
            run = Run(*fork(base / "data", 7))
            started(run)
            run.kill()
    rows = []
    for end in ("closed", "killed"):
        data = folder / end / "data"
        whole = _counts(_outcome(folder, data, lambda copy: None)[0])
        files = sorted(path.relative_to(data) for path in data.rglob("*") if path.is_file() and path.stat().st_size)
        for name in files:
            for fault, damage in DAMAGES.items():
                state, why, seconds = _outcome(folder, data, partial(_damage, name, damage))
                rows.append(_row(f"{fault} {_kind(name)}", end, whole, state, why, seconds))
                print(json.dumps(rows[-1]), flush=True)
    state, why, seconds = _outcome(folder, folder / "closed" / "data", _read_only, user=NOBODY)
    return [*rows, _row("read-only folder", "closed", whole, state, why, seconds)]


def _outcome(
    folder: Path, data: Path, change: Callable[[Path], None], user: int | None = None
) -> tuple[dict[str, Any], str, float]:
    place = Path(tempfile.mkdtemp(dir=folder))
    place.chmod(0o755)
    copy = place / "data"
    shutil.copytree(data, copy)
    change(copy)
    begun = time.monotonic()
    run = Run(*fork(copy, 8, works=False, user=user if os.geteuid() == 0 else None))
    state, why = started(run)
    seconds = time.monotonic() - begun
    if "ended or hung" not in why:
        run.end()
    shutil.rmtree(place, ignore_errors=True)
    return state, why, seconds


def _damage(name: Path, damage: Callable[[bytes], bytes], copy: Path) -> None:
    path = copy / name
    path.write_bytes(damage(path.read_bytes()))


def _read_only(copy: Path) -> None:
    for path in (*copy.rglob("*"), copy):
        path.chmod(0o555)


def _kind(name: Path) -> str:
    return name.name if len(name.name) < 36 else f"{name.parent.name}/…{name.suffix}"


def _counts(state: dict[str, Any]) -> Counter[str]:
    found = Counter[str]()
    for place in ("history", "memory", "notes"):
        found[place] = sum(state.get(place, {}).values())
    found["passages"] = sum(there for _, _, there in state.get("documents", {}).values())
    return found


def _row(fault: str, end: str, whole: Counter[str], state: dict[str, Any], why: str, seconds: float) -> dict[str, Any]:
    there = _counts(state)
    return {
        "fault": fault,
        "moment": end,
        "survived": bool(state),
        "lost": dict(whole - there) if state else {},
        "doubled": dict(there - whole) if state else {},
        "apart": state.get("apart", 0),
        "seconds": round(seconds, 2),
        "told": why or state.get("told", []),
    }


def main() -> None:
    """Run both and print them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="taken as by every benchmark; what is told here is made by number")
    parser.add_argument("--kills", type=int, default=300, help="processes to kill")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-damage", action="store_true", help="leave out the damaged files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as kept:
        folder = Path(kept)
        folder.chmod(0o755)
        result: dict[str, Any] = {"kills": kills(folder, arguments.kills, random.Random(arguments.seed))}
        print(json.dumps(result), flush=True)
        if not arguments.no_damage:
            rows = damages(folder)
            clear = [row for row in rows if row["survived"] or not str(row["told"]).startswith(("UNHANDLED", "ended"))]
            result |= {
                "damages": len(rows),
                "in_service": sum(row["survived"] for row in rows),
                "one_sentence": len(clear) - sum(row["survived"] for row in rows),
                "neither": len(rows) - len(clear),
                "with_losses": sum(bool(row["lost"] or row["doubled"]) for row in rows),
                "matrix": rows,
            }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
