"""The turns labelled by hand for the write gate; the rules are in tests/data/README-writing.md.

Knows: where the texts of the licensed dialogues lie, which stay in ``../shared/data`` and are only pointed at here.
Does not know: the gate.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.training.licensed.archives import Members, members

WRITTEN = Path(__file__).parent / "data" / "writing_turns.jsonl"
LICENSED = Path(__file__).parent / "data" / "writing_turns_licensed.jsonl"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
ARCHIVES = {
    "chitchat": "chitchat.tar.xz",
    "synthetic_persona_chat": "synthetic_persona_chat.tar.xz",
    "topical_chat": "topical_chat.tar.xz",
    "memochat": "memochat_train.tar.xz",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One labelled turn; ``target`` is the number of an earlier turn of the same dialogue."""

    dialogue: str
    source: str
    language: str
    turn: int
    role: str
    day: int
    text: str
    label: str
    target: int | None


def written(path: Path = WRITTEN) -> list[Turn]:
    """The turns whose text stands in the file itself."""
    return [Turn(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def licensed(shared: Path = SHARED) -> list[Turn]:
    """The turns whose text is read from the licensed sets.

    Raises:
        FileNotFoundError: The sets are not there.
        ValueError: A set holds another text than the one that was labelled.
    """
    rows: list[dict[str, Any]] = [json.loads(line) for line in LICENSED.read_text(encoding="utf-8").splitlines()]
    wanted = {(row["source"], row["conversation"]) for row in rows}
    lines: dict[tuple[str, str], list[str]] = {}
    for source in {source for source, _ in wanted}:
        files = members(shared / ARCHIVES[source])
        names = [conversation for one, conversation in wanted if one == source]
        lines |= {(source, name): found for name, found in _conversations(source, files, names).items()}
    turns = []
    for row in rows:
        place = row.pop("conversation"), row.pop("line")
        text = " ".join(lines[row["source"], place[0]][place[1]].split())
        if mark(text) != row.pop("mark"):
            raise ValueError(f"{row['source']}, {place[0]}, line {place[1]} is not the text that was labelled.")
        turns.append(Turn(text=text, **row))
    return turns


def mark(text: str) -> str:
    """A short mark by which a text is known again."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _conversations(source: str, files: Members, names: list[str]) -> dict[str, list[str]]:
    """The lines of the conversations named, as they stand."""
    if source == "chitchat":
        talks = json.loads(gzip.decompress(files["dataset.json.gz"]))
        return {
            name: [" ".join(message["text"] for message in group) for group in talks[name]["messages"] if group]
            for name in names
        }
    if source == "memochat":
        prompts = {
            entry["id"]: entry["conversations"][0]["value"]
            for entry in json.loads(files["train_1k.json"])
            if entry["type"] == "chatting_dialogsum" and entry["id"] in names
        }
        return {name: _memochat(prompt) for name, prompt in prompts.items()}
    found = {}
    for name in names:  # file and conversation
        file, _, which = name.partition(":")
        text = files[file].decode("utf-8")
        if source == "topical_chat":
            found[name] = [line["message"] for line in json.loads(text)[which]["content"]]
        else:
            talk = list(csv.DictReader(io.StringIO(text)))[int(which)]["Best Generated Conversation"]
            found[name] = [line.partition(":")[2] for line in talk.split("\n") if line.strip()]
    return found


def _memochat(prompt: str) -> list[str]:
    recent = prompt.partition("Recent Dialogs:")[2].partition("```")[0]
    return [line.partition(":")[2] for line in recent.split("###") if line.strip()]
