"""Reads the licensed sets out of their tar archives: conversations, passages and their questions, nothing else.

Knows: the files and formats of chitchat (MIT), synthetic_persona_chat (CC BY 4.0), topical_chat (CDLA-Sharing 1.0),
memochat_train (MIT), xquad_en (CC BY-SA 4.0) and lost_in_the_middle (MIT; Natural Questions' passages).
Does not know: scenes. Nothing is unpacked to the disk.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.training.licensed.words import content

_COARSE = re.compile(
    r"\b(?:sext\w*|sex\w*|porn\w*|f+u+c+k\w*|shit\w*|bitch\w*|nude\w*|horny|penis|dick|cock|boob\w*|rape\w*|suicid\w*|"
    r"masturb\w*|slut\w*|whore\w*|nigg\w*|fag\w*|asshole\w*|cum|orgasm\w*|retard\w*|condom\w*)\b",
    re.I,
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bSt\.)(?<!\bMr\.)(?<!\bDr\.)(?<!\bc\.)(?<!\bNo\.)\s+(?=[\"'A-Z0-9])"
)
_PLACEHOLDER = re.compile(r"\[\w* ?name\]|name\)|\bUser [12]\b|ChatGPT", re.I)
LONGEST_SESSION = 60  # turns; longer talks are several sessions
LONGEST_TURN = 900  # characters


@dataclass(frozen=True, slots=True)
class Topic:
    """A stretch of a conversation and what it is about: lines ``start`` to ``end``, 0-based, end included."""

    text: str
    summary: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """What two people said in turn: (0 or 1, text)."""

    lines: tuple[tuple[int, str], ...]
    personas: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document of passages with questions: (question, index of the passage that answers, answer)."""

    title: str
    passages: tuple[str, ...]
    questions: tuple[tuple[str, int, str], ...]


Members = dict[str, bytes]


def members(archive: Path) -> Members:
    """Every file of a tar archive by its base name."""
    with tarfile.open(archive, "r:*") as tar:
        found: Members = {}
        for member in tar:
            if member.isfile() and (file := tar.extractfile(member)) is not None:
                found[member.name.rpartition("/")[2]] = file.read()
        return found


def join_messages(messages: list[str]) -> str:
    """The messages that one person sent in a row as one turn; corrections ("player*") left out."""
    out = ""
    for message in messages:
        message = re.sub(r"\s+", " ", message).strip()
        if not message or message.startswith("*") or message.endswith("*"):
            continue
        if out and out[-1].isalnum():
            out += "."
        out += (" " if out else "") + message
    return out


def _sound(lines: list[tuple[int, str]], least: int) -> bool:
    """A conversation of two people, long enough, without coarse talk."""
    text = " ".join(line for _, line in lines)
    return len(lines) >= least and len({who for who, _ in lines}) == 2 and not _COARSE.search(text)


def _turns(lines: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Neighbouring lines of one speaker joined, long ones cut at a space."""
    joined: list[tuple[int, list[str]]] = []
    for who, text in lines:
        if joined and joined[-1][0] == who:
            joined[-1][1].append(text)
        else:
            joined.append((who, [text]))
    turns = [(who, join_messages(texts)) for who, texts in joined]
    return tuple(
        (who, text[:LONGEST_TURN].rpartition(" ")[0] if len(text) > LONGEST_TURN else text)
        for who, text in turns
        if text
    )


def chitchat(files: Members) -> Iterator[Conversation]:
    """{id: {messages: [[{text, sender}]]}}, gzipped JSON."""
    for entry in json.loads(gzip.decompress(files["dataset.json.gz"])).values():
        groups = [group for group in entry["messages"] if group]
        senders = list(dict.fromkeys(group[0]["sender"] for group in groups))
        lines = [(senders.index(group[0]["sender"]), message["text"]) for group in groups for message in group]
        if len(senders) == 2 and _sound(lines, 10):
            turns = _turns(lines)
            for start in range(0, len(turns), LONGEST_SESSION):
                piece = turns[start : start + LONGEST_SESSION]
                if len(piece) >= 10:
                    yield Conversation(piece)


def persona_chat(files: Members) -> Iterator[Conversation]:
    """CSV: the personas of both users, a sentence a line, and the conversation, "User 1: …" a line."""
    for name in sorted(files):
        if not name.endswith(".csv"):
            continue
        for row in csv.DictReader(io.StringIO(files[name].decode("utf-8"))):
            lines = [
                (int(match[1]) - 1, match[2].strip())
                for line in row["Best Generated Conversation"].splitlines()
                if (match := re.match(r"User ([12]): (.+)", line.strip())) and not _PLACEHOLDER.search(match[2])
            ]
            personas = [
                tuple(sentence.strip() for sentence in row[f"user {number} personas"].splitlines() if sentence.strip())
                for number in (1, 2)
            ]
            if _sound(lines, 8):
                yield Conversation(_turns(lines), (personas[0], personas[1]))


def topical_chat(files: Members) -> Iterator[Conversation]:
    """JSON: {id: {content: [{agent, message, turn_rating}]}}; conversations with poor turns left out."""
    for name in sorted(files):
        if not name.endswith(".json"):
            continue
        for entry in json.loads(files[name]).values():
            content = entry["content"]
            lines = [(int(turn["agent"][-1]) - 1, turn["message"]) for turn in content]
            poor = sum(turn["turn_rating"] in ("Poor", "Not Good") for turn in content)
            if _sound(lines, 10) and not poor:
                yield Conversation(_turns(lines))


def memochat(files: Members) -> Iterator[Conversation]:
    """The writing tasks: "(line 3) user: …" with topics (and summaries) and the lines each covers. 0 user, 1 bot."""
    seen: set[str] = set()
    for entry in json.loads(files["train_1k.json"]):
        if not entry["type"].startswith("writing"):
            continue
        prompt, answer = (turn["value"] for turn in entry["conversations"][:2])
        text = prompt.partition("Task Conversation:\n")[2].partition("\n```")[0]
        lines = [(int(who == "bot"), said) for who, said in re.findall(r"\(line \d+\) (user|bot): (.*)", text)]
        if text in seen or not _sound(lines, 6):
            continue
        seen.add(text)
        try:
            found: list[dict[str, Any]] = json.loads(answer)
            topics = tuple(
                Topic(t["topic"], t.get("summary", ""), int(t["start"]) - 1, int(t["end"]) - 1) for t in found
            )
        except (json.JSONDecodeError, KeyError, TypeError, ValueError):
            continue  # some answers are cut off
        if all(0 <= topic.start <= topic.end < len(lines) for topic in topics):
            yield Conversation(tuple(lines), topics=topics)


def sentences(text: str) -> list[str]:
    """A paragraph's sentences; abbreviations and initials do not end one."""
    return _SENTENCE_END.split(text)


def xquad(files: Members) -> Iterator[Document]:
    """SQuAD's JSON: an article's paragraphs cut into sentences; a question belongs to the sentence with the answer."""
    for article in json.loads(files["xquad.en.json"])["data"]:
        passages: list[str] = []
        questions: list[tuple[str, int, str]] = []
        for paragraph in article["paragraphs"]:
            context, first, at = paragraph["context"], len(passages), 0
            starts = []
            for sentence in sentences(context):
                at = context.index(sentence, at)
                starts.append(at)
                passages.append(sentence)
            for question in paragraph["qas"]:
                where = question["answers"][0]["answer_start"]
                inside = max(index for index, start in enumerate(starts) if start <= where)
                # The set's position is the answer's first; another sentence may be meant.
                text, asked = question["answers"][0]["text"], set(content(question["question"]))
                shared = [
                    len(asked & set(content(sentence))) if text in sentence else -1 for sentence in passages[first:]
                ]
                if max(shared) > shared[inside]:
                    inside = shared.index(max(shared))
                questions.append((question["question"].strip(), first + inside, text))
        yield Document(article["title"].replace("_", " "), tuple(passages), tuple(questions))


def natural_questions(files: Members) -> Iterator[Document]:
    """JSON lines: a question and the one passage of Wikipedia that answers it, gathered by article."""
    passages: dict[str, list[str]] = {}
    questions: dict[str, list[tuple[str, int, str]]] = {}
    for line in gzip.decompress(files["nq-open-oracle.jsonl.gz"]).decode("utf-8").splitlines():
        entry = json.loads(line)
        gold = next((context for context in entry["ctxs"] if context["isgold"]), None)
        if gold is None:
            continue
        held, asked = passages.setdefault(gold["title"], []), questions.setdefault(gold["title"], [])
        text = re.sub(r"\s+", " ", gold["text"]).strip()
        if text not in held:
            held.append(text)
        asked.append((entry["question"].strip(), held.index(text), entry["answers"][0]))
    for title, held in passages.items():
        yield Document(title, tuple(held), tuple(questions[title]))


CONVERSATIONS: dict[str, Callable[[Members], Iterator[Conversation]]] = {
    "chitchat": chitchat,
    "synthetic_persona_chat": persona_chat,
    "topical_chat": topical_chat,
    "memochat_train": memochat,
}
DOCUMENTS: dict[str, Callable[[Members], Iterator[Document]]] = {
    "xquad_en": xquad,
    "lost_in_the_middle": natural_questions,
}
LICENCES = {
    "chitchat": "MIT",
    "synthetic_persona_chat": "CC BY 4.0",
    "topical_chat": "CDLA-Sharing 1.0",
    "memochat_train": "MIT",
    "xquad_en": "CC BY-SA 4.0",
    "lost_in_the_middle": "MIT",
}
