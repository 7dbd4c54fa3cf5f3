"""kill -9 at random moments, during replies and uploads: what was shown whole is in history and memory exactly once."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from pathlib import Path

import httpx
import pytest

from chat_app.history.history import History
from knowledge.memory.database import open_database
from tests.server import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
KILLS = int(os.environ.get("MNEME_KILLS", "20"))


class Talker:
    """Sends one message after the other until the server dies; ``whole`` are the turns whose reply came whole."""

    def __init__(self, server: Server, attempt: int) -> None:
        self.server = server
        self.attempt = attempt
        self.sent: list[str] = []
        self.whole: list[tuple[str, str]] = []
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self) -> None:
        for number in range(1000):
            text = f"Please note down: locker {self.attempt}-{number} holds {number + 3} blue folders."
            self.sent.append(text)
            try:
                reply = self._say(text)
            except (httpx.HTTPError, OSError):
                return
            if reply is None:
                return
            self.whole.append((text, reply))

    def _say(self, text: str) -> str | None:
        parts: list[str] = []
        request = {
            "model": "mneme",
            "stream": True,
            "max_tokens": 16,
            "conversation": f"talk {self.attempt % 3}",
            "messages": [{"role": "user", "content": text}],
        }
        with httpx.stream("POST", f"{self.server.url}/v1/chat/completions", json=request, timeout=120) as answer:
            for line in answer.iter_lines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                choices = json.loads(line[6:]).get("choices") or []
                for choice in choices:
                    parts.append(choice["delta"].get("content") or "")
                    if choice.get("finish_reason"):
                        return "".join(parts)
        return None


def upload_forever(server: Server, attempt: int, taken_in: list[str]) -> None:
    for number in range(1000):
        name = f"report {attempt}-{number}.txt"
        text = "\n\n".join(
            f"Section {k} of {name}. " + " ".join(f"Shelf {attempt}-{number}-{k}-{n} is green." for n in range(12))
            for k in range(60)
        )
        try:
            answer = httpx.post(f"{server.url}/v1/documents", files={"file": (name, text.encode())}, timeout=120)
        except (httpx.HTTPError, OSError):
            return
        if answer.status_code == 200:
            taken_in.append(name)


def memories(server: Server, **query: object) -> list[dict]:
    found: list[dict] = []
    while True:
        answer = httpx.get(f"{server.url}/v1/memories", params={"limit": 100, "offset": len(found)} | query, timeout=60)
        answer.raise_for_status()
        page = answer.json()["data"]
        found += page
        if not page:
            return found


def test_nothing_shown_is_lost_or_doubled(start_server, tmp_path: Path):
    seed = int(os.environ.get("MNEME_SEED", "0")) or random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    whole: list[tuple[str, str]] = []
    sent: list[str] = []
    documents: list[str] = []
    for attempt in range(KILLS):
        server = start_server(data=tmp_path / "data")
        talker = Talker(server, attempt)
        if attempt % 2:
            threading.Thread(target=upload_forever, args=(server, attempt, documents), daemon=True).start()
        time.sleep(dice.uniform(0.05, 4.0))
        server.kill()
        talker.thread.join(60)
        assert not talker.thread.is_alive()
        whole += talker.whole
        sent += talker.sent
    assert whole and len(sent) > len(whole) - KILLS

    server = start_server(data=tmp_path / "data")
    turns = memories(server, kind="turn")
    # By role: a small decoder may repeat a message as its reply.
    texts = [memory["text"] for memory in turns if memory["role"] == "user"]
    replies = [memory["text"].strip() for memory in turns if memory["role"] == "assistant"]
    for said, reply in whole:
        assert texts.count(said) == 1, said
        assert not reply.strip() or reply.strip() in replies, reply
    for said in sent:
        assert texts.count(said) <= 1, said
    assert len({memory["id"] for memory in turns}) == len(turns)

    answer = httpx.get(f"{server.url}/v1/documents", timeout=60).json()
    listed = {document["name"]: document for document in answer["data"]}
    assert set(documents) <= set(listed)
    passages = memories(server, kind="passage")
    # A document is in memory whole or not at all, and no passage is an orphan.
    assert sum(document["passages"] for document in listed.values()) == len(passages)
    server.stop()

    history = History(open_database(f"sqlite:///{tmp_path / 'data' / 'mneme.sqlite3'}"))
    kept: dict[str, list[str]] = {"user": [], "assistant": []}
    for conversation in history.conversations("local", limit=100):
        for message in history.path("local", conversation.id):
            kept[message.role].append(message.text.strip())
    for said, reply in whole:
        assert kept["user"].count(said) == 1, said
        assert reply.strip() in kept["assistant"], reply
