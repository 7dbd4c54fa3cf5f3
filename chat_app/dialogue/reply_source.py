"""What stands below a reply: the sentence of memory that did most for it, and names and numbers that nobody told.

A check of the text, in any script: a word with a capital inside a sentence, a row of digits. It decides nothing about a
reply. Does not know: history, memory, the page.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.records import Read, ReadResult
from knowledge.text.names_and_numbers import WORD, folded, missing
from knowledge.text.words import telling

LEAST_EFFECT = 0.1  # nats: a memory measured to have done less did hardly anything (the panel's bars say the same)
LONGEST_QUOTE = 200  # characters; a sentence beyond it is cut to pieces, of which one is shown

_SENTENCE_END = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’»)\]]))\s+|(?<=[。！？])(?![」』”’）])|\n+")


@dataclass(frozen=True, slots=True)
class Told:
    """A memory that a reply read. ``around``: what else its reader was told of it, such as title, speaker and date."""

    id: str
    text: str
    weight: float
    attention: float | None = None
    effect: float | None = None  # nats; None: not measured
    around: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """``sentence`` of the ``memory`` that did most. ``idle``: it was measured to have done hardly anything.

    ``missing``: names and numbers of the reply that stand neither in what was read nor in what the person said.
    """

    memory: str
    sentence: str
    idle: bool = False
    missing: tuple[str, ...] = ()


def source_of(reply: str, question: str, read: Sequence[Told], said: Iterable[str] = ()) -> Source | None:
    """The source of ``reply``, or None where nothing was read. ``said``: whatever else is known without memory, the
    person's own messages above all, the likeliest first."""
    read = [one for one in read if one.text.strip()]
    if not read:
        return None
    most = strongest(read)
    known = [question, *(f"{one.text}\n{one.around}" for one in read), *said]
    return Source(
        most.id,
        closest(most.text, reply, question),
        idle=most.effect is not None and most.effect < LEAST_EFFECT,
        missing=missing(reply, known),
    )


def strongest(read: Sequence[Told]) -> Told:
    """The memory that did most: by its measured effect, else by the decoder's attention, else by its weight."""
    if any(one.effect is not None for one in read):
        return max(read, key=lambda one: -math.inf if one.effect is None else one.effect)
    if any(one.attention is not None for one in read):
        return max(read, key=lambda one: -math.inf if one.attention is None else one.attention)
    return max(read, key=lambda one: one.weight)


# ---- which sentence --------------------------------------------------------------------------------------


def closest(text: str, reply: str, question: str) -> str:
    """The sentence of a memory that shares most words with the reply and the question, rare ones counting more."""
    pieces = sentences(text)
    if len(pieces) == 1:
        return pieces[0]
    replied, asked = _words(reply), _words(question)
    words = [_words(piece) for piece in pieces]
    pieces_with = Counter(word for piece in words for word in piece)

    def shared(piece: frozenset[str]) -> float:
        return sum(
            (1 + (word in replied)) * math.log(1 + len(pieces) / pieces_with[word])
            for word in piece & (replied | asked)
        )

    return pieces[max(range(len(pieces)), key=lambda place: shared(words[place]))]


def by_words(reads: Sequence[Read], reply: str, question: str) -> list[Read]:
    """The reads that share most of what the reply says beside the question's words first, else in their order."""
    new = _words(reply) - _words(question)
    return sorted(reads, key=lambda one: -len(new & _words(one.memory.text)))


def competing(read: ReadResult, reply: str) -> list[Read]:
    """The memory that ``reply`` tells and the one that may have changed it since, oldest first; or none of both.

    The reply has telling words of the earlier one, beside the question's, that the later one lacks, and the two have
    words in common (LOG.md, 2026-11-28).
    """
    new = telling(reply) - telling(read.query)
    reads = {one.memory.id: one for one in read.reads}
    for one in read.reads:
        later = reads.get(read.later.get(one.memory.id, ""))
        if later is None or one.memory.role == "assistant":
            continue
        earlier, newer = telling(one.memory.text), telling(later.memory.text)
        if earlier & newer and new & earlier - newer:
            return sorted([one, later], key=lambda read: read.memory.created)
    return []


def sentences(text: str) -> list[str]:
    """A text as lines to quote: its sentences, none longer than ``LONGEST_QUOTE``; at least one, which may be empty."""
    pieces: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        line = " ".join((sentence or "").split())
        while len(line) > LONGEST_QUOTE:
            cut = line.rfind(" ", LONGEST_QUOTE // 2, LONGEST_QUOTE + 1)
            cut = LONGEST_QUOTE if cut < 0 else cut
            pieces.append(line[:cut].rstrip() + "…")
            line = "…" + line[cut:].lstrip()
        if line:
            pieces.append(line)
    return pieces or [""]


def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(folded(text)))
