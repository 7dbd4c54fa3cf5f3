"""The process that ``faults`` kills: the app without models, which says what it begins and what is done.

Lines of JSON on the pipe: ``{"state": …}`` once it serves, or ``{"refused": sentence}``; then
``{"begin": [kind, what]}`` and ``{"done": [kind, what]}`` for ever. A process is forked from one that has all imported,
so that 300 are feasible.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from knowledge.errors import MnemeError
from knowledge.memory.transfer import FORMAT, VERSION
from knowledge.records import Memory
from tests.browser.fake_application import FakeApplication

OWNER = "local"
IMPORTED = 60  # memories of an import
KINDS = ("turn", "turn", "turn", "document", "import", "delete conversation", "delete document")
PATIENCE = 60.0  # seconds for work that goes on from the last run


class Child:
    """Works in a data folder until it is killed."""

    def __init__(self, data: Path, told: BinaryIO) -> None:
        self.data, self.told = data, told

    def say(self, **line: Any) -> None:
        self.told.write(json.dumps(line).encode() + b"\n")
        self.told.flush()

    def run(self, seed: int, works: bool) -> None:
        started = time.monotonic()
        try:
            self.app = FakeApplication(self.data, pause=0.0)
            self.app.start()
            status = self.app.wait_until_ready()
        except MnemeError as error:
            self.say(refused=str(error))
            return
        if not status.ready:
            self.say(refused=status.error)
            return
        ready = time.monotonic() - started
        end = time.monotonic() + PATIENCE
        while self.app.uploads.busy() and time.monotonic() < end:
            time.sleep(0.02)
        try:
            state = self.state()
        except MnemeError as error:
            self.say(refused=str(error))
            return
        self.say(state=state | {"seconds": ready, "whole_after": time.monotonic() - started})
        dice = random.Random(seed)
        for number in range(10_000 if works else 0):
            self.work(dice.choice(KINDS), f"{seed}-{number}", dice)
        if not works:
            self.app.close()

    def state(self) -> dict[str, Any]:
        """What is in history, memory and its indexes."""
        store, history = self.app.network.store, self.app.history
        memories = list(store.iterate(OWNER))
        said: Counter[str] = Counter()
        conversations = history.conversations(OWNER, limit=10_000)
        for conversation in conversations:
            said.update(one.text for one in history.path(OWNER, conversation.id) if one.role == "user")
        ids = {one.id for one in memories}
        passages = Counter(one.container for one in memories if one.kind == "passage")
        vectors = {name.split(" key ")[0] for name in store._vectors.names(OWNER)}
        return {
            "history": dict(said),
            "memory": dict(Counter(one.text for one in memories if one.kind == "turn" and one.role == "user")),
            "notes": dict(Counter(one.text.split(":")[0] for one in memories if one.kind == "note")),
            "documents": {one.name: [one.ready, one.passages, passages[one.id]] for one in store.documents(OWNER)},
            "orphans": len(set(passages) - {one.id for one in store.documents(OWNER)}),
            "apart": len(ids ^ vectors) + len(ids ^ store._lexical.of(OWNER).ids()),
            "told": [one.key for one in self.app.notices.of(OWNER)],
            "conversations": [one.name for one in conversations],
        }

    def work(self, kind: str, what: str, dice: random.Random) -> None:
        app, history = self.app, self.app.history
        if kind == "turn":
            self.say(begin=[kind, what])
            list(app.conversations.send(OWNER, f"Locker {what} holds folders.", name=f"talk {what}"))
        elif kind == "delete conversation":
            there = history.conversations(OWNER, limit=5)
            if not there:
                return
            one = dice.choice(there)
            what = one.name.removeprefix("talk ")
            self.say(begin=[kind, what])
            app.conversations.delete(OWNER, one.id)
        elif kind == "delete document":
            documents = app.network.store.documents(OWNER)
            if not documents:
                return
            document = dice.choice(documents)
            what = document.name
            self.say(begin=[kind, what])
            app.network.store.delete_document(OWNER, document.id)
        else:
            name = f"{what}.txt" if kind == "document" else f"{what}.jsonl"
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                path.write_text(_document(what) if kind == "document" else _export(what), "utf-8")
                what = name
                self.say(begin=[kind, what])
                job = app.uploads.submit(OWNER, path, name, kind="document" if kind == "document" else "import")
                app.uploads.wait(OWNER, job)
        self.say(done=[kind, what])


def _document(what: str) -> str:
    parts = (
        " ".join(f"Shelf {what} {at} {word} is green and stands in hall {at}." for word in range(30))
        for at in range(12)
    )
    return "\n\n".join(parts)


def _export(what: str) -> str:
    lines = [json.dumps({"format": FORMAT, "version": VERSION})]
    for at in range(IMPORTED):
        note = Memory(f"{what}-{at}", f"{what}: crate {at} holds pears.", "note", 1000.0 + at)
        lines.append(json.dumps({"memory": asdict(note)}))
    return "\n".join(lines)


def fork(data: Path, seed: int, *, works: bool = True, user: int | None = None) -> tuple[int, int]:
    """→ process id, and the pipe's end to read."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    os.close(reading)
    try:
        log = os.open(data.parent / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if user is not None:
            os.setgroups([])
            os.setuid(user)
        Child(data, os.fdopen(writing, "wb")).run(seed, works)
    except BaseException as error:
        os.write(writing, json.dumps({"refused": f"UNHANDLED {type(error).__name__}: {error}"}).encode() + b"\n")
    os._exit(0)
