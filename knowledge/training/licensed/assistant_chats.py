"""Chats between a person and an assistant that answers at length, as scenes.

A person's facts stand in the middle of requests and of talk on something else, and each is followed by a page of text
in much the same words, which tells nothing of the person. Made of licensed conversations, whose first side is the
person: their messages get requests (labelled by hand for the reading of messages) and turns of other talk around them,
the other side's become its first words and passages of an encyclopedia. Questions on the assistant's own life are left
out; some are asked on what it explained, by the encyclopedia's own questions, and advice to which something matters
that the person told in passing (written by hand for this repository). Does not know: vectors, networks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from knowledge.records import ACTS
from knowledge.text.words import telling
from knowledge.training.acts_data import by_hand
from knowledge.training.everyday import advised
from knowledge.training.licensed import sets
from knowledge.training.licensed.archives import CONVERSATIONS, DOCUMENTS, members
from knowledge.training.scenes import Query, Scene, Slot

_FACTS, _TALK = "synthetic_persona_chat", "topical_chat"
_PASSAGES = ("lost_in_the_middle", "xquad_en")
_CHOICE = 60  # passages of which the one that shares most words with the message becomes the reply
_PLAIN = 0.25  # share of messages that stay as they are
_REQUESTS = ("asks_world", "wants_done", "advice")
_ADVISED = 12  # requests of a scene for advice to which something matters that the person told
_EXPLAINED = 8  # questions of a scene on what the assistant explained
_REMIND = (
    "You explained this to me once: {question}",
    "What did you tell me, {question}",
    "Can you remind me of what you said? {question}",
    "I was looking back at our chat about {title}. {question}",
    "we talked about {title} before, {question}",
    "In one of your answers about {title} you mentioned it: {question}",
    "you told me already but {question}",
    "What was it that you said about {title}?",
    "what did you write when I asked about {title}",
)


def scenes(data: Path, seed: int, limit: int) -> Iterator[Scene]:
    """``data``: folder of the tar archives. Raises OSError where one is not there."""
    rng, reminding = random.Random(f"{seed}:assistant chats"), random.Random(f"{seed}:assistant said")
    wanted = [ACTS.index(name) for name in _REQUESTS]
    requests = [one.text for one in by_hand() if one.source == "en" and max(one.acts[at] for at in wanted) == 1]
    talk = [
        line
        for one in CONVERSATIONS[_TALK](members(data / f"{_TALK}.tar.xz"))
        for _, line in one.lines
        if len(line) > 60 and "?" not in line
    ]
    documents = [one for name in _PASSAGES for one in DOCUMENTS[name](members(data / f"{name}.tar.xz"))]
    passages = [text for one in documents for text in one.passages]
    known = {one.passages[at]: (one.title, question) for one in documents for question, at, _ in one.questions}
    for scene in sets.scenes(data, seed, [_FACTS], limit, roles=1.0):
        answering = {at for query in scene.queries for at in query.evidence}
        slots = [
            replace(slot, text=_message(rng, slot.text, at in answering, requests, talk))
            if slot.role == "user"
            else replace(slot, text=_reply(rng, slot.text, scene.slots[at - 1].text, passages))
            for at, slot in enumerate(scene.slots)
        ]
        queries = [*_asked(scene.queries, slots), *_of_the_assistant(reminding, slots, known)]
        queries += advised(reminding, slots, _ADVISED)
        yield Scene(tuple(slots), tuple(queries), f"assistant chats ({scene.source})")


def _message(rng: random.Random, said: str, answers: bool, requests: Sequence[str], talk: Sequence[str]) -> str:
    """What the person said, with a request and other talk around it."""
    if rng.random() < _PLAIN:
        return said
    around = [_sentence(rng.choice(requests)) for _ in range(rng.choice((0, 1, 1, 2)))]
    around += [_sentence(rng.choice(talk)) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
    rng.shuffle(around)
    if said.endswith("?") and not answers and around:
        return " ".join(around)
    around.insert(rng.randint(0, len(around)), _sentence(said))
    return " ".join(around)


def _reply(rng: random.Random, opening: str, message: str, passages: Sequence[str]) -> str:
    """The assistant's first words, and one to three passages in words like the message's."""
    words = telling(message)
    near = sorted(rng.sample(passages, _CHOICE), key=lambda text: -len(telling(text) & words))
    return "\n\n".join([opening, *near[: rng.choice((1, 1, 2, 3))]])


def _sentence(text: str) -> str:
    return text if text[-1] in ".!?…" else f"{text}."


def _asked(queries: Sequence[Query], slots: Sequence[Slot]) -> Iterator[Query]:
    """The questions on the person."""
    for query in queries:
        if "you" in query.text.lower().split() or "your" in query.text.lower().split():
            continue
        if all(slots[at].role == "user" for at in query.evidence):
            yield query


def _of_the_assistant(rng: random.Random, slots: Sequence[Slot], known: dict[str, tuple[str, str]]) -> Iterator[Query]:
    """Questions on what the assistant explained. ``known``: passage → its article's title and a question on it."""
    told = [
        (at, *known[passage])
        for at, slot in enumerate(slots)
        if slot.role == "assistant"
        for passage in slot.text.split("\n\n")
        if passage in known
    ]
    for at, title, question in rng.sample(told, min(_EXPLAINED, len(told))):
        text = rng.choice(_REMIND)
        whole = "{question}" not in text  # asks for all that was said of the article
        evidence = {at} | {place for place, other, _ in told if whole and other == title}
        yield Query(text.format(title=title, question=question), frozenset(evidence), kind="assistant said")
