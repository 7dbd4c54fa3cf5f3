"""Documents of passages with people's questions as scenes: the passage that answers among those of many documents.

Knows: how a document's sentences are grouped into passages. Does not know: archives.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from knowledge.training.licensed.archives import Document
from knowledge.training.licensed.words import content
from knowledge.training.scenes import Query, Scene, Slot

T = TypeVar("T")
DAY = 86400.0


def _grouped(rng: random.Random, document: Document, longest: int) -> tuple[list[str], list[int]]:
    """A document's pieces joined to passages of at most ``longest`` words; passage of each piece."""
    passages: list[str] = []
    of: list[int] = []
    for piece in document.passages:
        if passages and len(passages[-1].split()) + len(piece.split()) <= longest and rng.random() < 0.85:
            passages[-1] += " " + piece
        else:
            passages.append(piece)
        of.append(len(passages) - 1)
    return passages, of


def _scene(source: str, documents: list[Document], absent: list[Document], rng: random.Random) -> Scene:
    slots: list[Slot] = []
    queries: list[Query] = []
    now = 1.56e9 + rng.random() * 2.2e8
    longest = rng.choice((1, 40, 80, 120, 160))
    titled = rng.random() < 0.8  # some files have names that say nothing
    for number, document in enumerate(documents):
        now += rng.expovariate(1 / DAY)
        passages, of = _grouped(rng, document, longest)
        title = document.title if titled else f"document-{rng.randrange(10**5)}.pdf"
        first = len(slots)
        for position, text in enumerate(passages):
            slots.append(Slot(text, round(now), kind="passage", container=f"d{number}", position=position, title=title))
        for question, piece, answer in document.questions:
            queries.append(Query(question, frozenset({first + of[piece]}), kind="document", answer=answer))
    held = [frozenset(content(slot.text)) for slot in slots]
    rng.shuffle(queries)
    missing = [question for document in absent for question, *_ in document.questions]
    rng.shuffle(missing)
    blanks = 0
    for question in missing:
        asked = set(content(question))
        if blanks < len(queries) * 0.2 and asked and max(len(asked & words) for words in held) <= 0.67 * len(asked):
            queries.append(Query(question, kind="document/absent"))
            blanks += 1
    rng.shuffle(queries)
    return Scene(tuple(slots), tuple(queries), source)


def dealt(
    sources: list[T], rng: random.Random, length: Callable[[T], int], *, sizes: tuple[int, int], least: int, absent: int
) -> Iterator[tuple[list[T], list[T]]]:
    """Sources dealt into memories of ``sizes`` (from, to) pieces: those in it, and one in ``absent`` left out of it.

    Ends when no source is left or the last ones have fewer than ``least`` pieces together; ``sources`` is used up.
    """
    rng.shuffle(sources)
    while sources:
        size = rng.randint(*sizes)
        chosen: list[T] = []
        while sources and sum(map(length, chosen)) < size:
            chosen.append(sources.pop())
        if sum(map(length, chosen)) < least:
            return
        yield (
            [source for i, source in enumerate(chosen) if i % absent != 3],
            [source for i, source in enumerate(chosen) if i % absent == 3],
        )


def document_scenes(source: str, documents: list[Document], rng: random.Random) -> Iterator[Scene]:
    """Documents dealt into memories of 150 to 400 pieces; one document in six is left out of its memory."""
    for kept, absent in dealt(documents, rng, lambda one: len(one.passages), sizes=(150, 400), least=60, absent=6):
        scene = _scene(source, kept, absent, rng)
        if len(scene.slots) >= 60:
            yield scene
