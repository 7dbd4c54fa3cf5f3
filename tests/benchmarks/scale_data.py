"""What fills a memory of any size for the benchmark of scale: filler turns with vectors, and planted facts.

Filler texts come from a file of dialogues (LoCoMo's JSON, or a ``.tar.xz`` with the chitchat set's ``dataset.json.gz``)
or, without one, from a seeded generator. Only the first distinct ones (25,000 unless told) are encoded; they come
first, in the order of their dialogues. Every later turn is **combined**, not real: two encoded turns, one after the
other, in three of ten with a word put between (a name, a thing, or an invented word from a long tail, so that the
vocabulary goes on growing as it does in a real memory), and its vector is not made by the encoder: it is the
normalised mean of the two turns' vectors, weighted by their words. Mean pooling makes that close to what the encoder
would say (``fidelity`` measures it: cosine 0.89), but such vectors lie closer together, and such turns are longer,
than real ones.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.records import Turn
from tests.benchmarks import recall
from tests.benchmarks.scale_facts import FIRST_NAMES, MATERIALS, NOUNS, Fact, invented

TALK = 24  # turns of a conversation; even, so that the person's turns have even positions
_START = 1_500_000_000.0  # when the first turn was said
_PART = 1000  # texts encoded and cached together
_PAUSE = 300.0  # seconds from turn to turn: a million of them is nine and a half years
_OPENERS = """Honestly;By the way;I think;Yesterday;You know;Well;Last week;Apparently;As it happens;So;Maybe;
    On Monday;After lunch;In the end;These days;For once;Right now;Before work;Most mornings;Anyway;Not sure, but"""
_SUBJECTS = """I;we;my brother;my sister;the neighbours;our teacher;her boss;his aunt;the kids;a friend of mine;
    the team;my flatmate;the doctor;that waiter;the landlord;everyone;nobody;my cousin;the dog;the plumber"""
_VERBS = """forgot;found;ordered;broke;fixed;painted;borrowed;sold;watched;cleaned;missed;cooked;wanted;lost;carried;
    finished;started;hated;loved;returned;counted;moved;photographed;planned;postponed;explained;ignored;bought"""
_OBJECTS = """the bicycle;two tickets;a long letter;the garden chairs;that film;a bowl of soup;the last bus;the meeting;
    some old photos;the spare key;a birthday cake;the washing machine;an umbrella;the homework;the concert;a phone case;
    the holiday;this puzzle;the first chapter;the football match;a new recipe;the carpet;the heating;a winter coat"""
_ENDINGS = """again;for no reason;in the rain;without telling anyone;and it was fine;which took hours;at the station;
    because it was cheap;before the weekend;with a lot of noise;and I laughed;as usual;in front of the shop;so be it;
    and now it is late;for the second time;after all that trouble;how about you?;what do you think?;haha"""


@dataclass(frozen=True)
class Rows:
    """Some of the turns, with their (n, dimension) unit vectors."""

    turns: list[Turn]
    vectors: np.ndarray


def filler_texts(path: Path | None, n: int, seed: int = 0) -> list[str]:
    """Up to ``n`` distinct turns, in the order of their dialogues."""
    found = _made_up(seed) if path is None else _chitchat(path) if path.name.endswith(".tar.xz") else _locomo(path)
    distinct: dict[str, None] = {}
    for text in found:
        if len(distinct) >= n:
            break
        if text:
            distinct.setdefault(text)
    return list(distinct)


def _locomo(path: Path) -> Iterator[str]:
    for conversation in recall.load(path):
        yield from (turn.text.strip() for turn in conversation.turns)


def _chitchat(path: Path) -> Iterator[str]:
    """What one person sent without a break is one turn."""
    with tarfile.open(path, "r:xz") as archive:
        member = next(name for name in archive.getnames() if name.endswith("dataset.json.gz"))
        packed = archive.extractfile(member)
        assert packed is not None
        conversations: dict[str, Any] = json.loads(gzip.decompress(packed.read()))
    for conversation in conversations.values():
        for sent in conversation["messages"]:
            yield " ".join(message["text"].strip() for message in sent).strip()


def _made_up(seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    parts = [[one.strip() for one in part.split(";")] for part in (_OPENERS, _SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)]
    while True:
        opener, subject, verb, thing, ending = (chance.choice(part) for part in parts)
        extra = f" near {_tail_word(chance)}" if chance.random() < 0.3 else ""
        yield f"{opener}, {subject} {verb} {thing}{extra} {ending}" + ("" if ending.endswith("?") else ".")


def _tail_word(chance: random.Random) -> str:
    """Of a distribution with a long tail (rank ~ Pareto with shape 0.5), as names in talk have."""
    return invented(int(chance.paretovariate(0.5)) % 1_000_000)


def encoded(
    texts: Sequence[str],
    encode: Callable[[Sequence[str]], np.ndarray],
    name: str,
    cache: Path,
    progress: Callable[[str], None],
) -> np.ndarray:
    """(n texts) → (n, dimension). ``cache`` keeps every 1000 rows under their texts and the encoder's name."""
    cache.mkdir(parents=True, exist_ok=True)
    parts = []
    for at in range(0, len(texts), _PART):
        part = texts[at : at + _PART]
        key = hashlib.sha256("\0".join([name, *part]).encode("utf-8", "surrogatepass")).hexdigest()[:24]
        path = cache / f"filler-{key}.npy"
        if not path.is_file():
            progress(f"encoding {at} of {len(texts)} texts")
            np.save(path, encode(part))
        parts.append(np.load(path))
    return np.concatenate(parts)


class Filler:
    """Turn number i, the same for every run of a seed. ``vectors``: (n texts, dimension)."""

    def __init__(self, texts: Sequence[str], vectors: np.ndarray, seed: int = 0) -> None:
        self._texts = texts
        self._lengths = [len(text.split()) for text in texts]
        self._vectors = vectors
        self._seed = seed

    def rows(self, start: int, stop: int, planted: dict[int, Fact], fact_vectors: dict[int, np.ndarray]) -> Rows:
        """Turns start…stop−1, with the facts at their numbers."""
        chance = random.Random(f"{self._seed}-{start}")
        turns, vectors = [], []
        for number in range(start, stop):
            if number in planted:
                text, vector = planted[number].text, fact_vectors[number]
            elif number < len(self._texts):
                text, vector = self._texts[number], self._vectors[number]
            else:
                text, vector = self._combined(chance)
            turns.append(as_turn(number, text))
            vectors.append(vector)
        return Rows(turns, np.stack(vectors))

    def fidelity(self, encode: Callable[[Sequence[str]], np.ndarray], n: int = 200) -> float:
        """Mean cosine of combined turns' vectors and those that the encoder gives their texts."""
        chance = random.Random(f"{self._seed}-fidelity")
        texts, vectors = zip(*(self._combined(chance) for _ in range(n)), strict=True)
        return float(np.mean(np.sum(encode(texts) * np.stack(vectors), axis=1)))

    def _combined(self, chance: random.Random) -> tuple[str, np.ndarray]:
        one, other = chance.randrange(len(self._texts)), chance.randrange(len(self._texts))
        mean = self._lengths[one] * self._vectors[one] + self._lengths[other] * self._vectors[other]
        text = [self._texts[one]]
        if chance.random() < 0.3:
            kinds = (FIRST_NAMES, MATERIALS, NOUNS)
            word = _tail_word(chance) if chance.random() < 0.5 else chance.choice(chance.choice(kinds))
            text.append(word)
        return " ".join([*text, self._texts[other]]), mean / np.linalg.norm(mean)


def as_turn(number: int, text: str) -> Turn:
    """Turn ``number`` of all: where it stands and when it was said."""
    position = number % TALK
    role = "assistant" if position % 2 else "user"
    talk = f"talk-{number // TALK}"
    return Turn(f"turn-{number}", role, text, _START + number * _PAUSE, talk, "", position)  # type: ignore[arg-type]
