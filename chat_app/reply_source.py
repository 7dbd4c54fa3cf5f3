"""What stands below a reply: the sentence of memory that did most for it, and names and numbers that nobody told.

A check of the text, in any script: a word with a capital inside a sentence, a row of digits. It decides nothing about a
reply. Does not know: history, memory, the page.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LEAST_EFFECT = 0.1  # nats: a memory measured to have done less did hardly anything (the panel's bars say the same)
LONGEST_QUOTE = 200  # characters; a sentence beyond it is cut to pieces, of which one is shown
MOST_MISSING = 3  # names and numbers told of at once

_ALONE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"  # scripts without spaces: each character is a word
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_SENTENCE_END = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’»)\]]))\s+|(?<=[。！？])(?![」』”’）])|\n+")
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"(?<=\])\([^)\s]*\)|\bhttps?://\S+")
_MARKER = re.compile(r"\s*(?:[-*+>•]|\d{1,3}[.)])\s+")
# A name, of which only a part with a capital counts ("I'm" has none of two letters), or a number with its marks.
_FOUND = re.compile(rf"(?P<word>[^\W\d_{_ALONE}]+(?:['’][^\W\d_{_ALONE}]+)*)|(?P<number>\d(?:[\d.,:/-]*\d)?)")
_PART = re.compile(rf"[^\W\d_{_ALONE}]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_BEGINS = re.compile(r"[!?…:。！？：]|\.\s")  # between two words: the second begins a sentence


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
    return frozenset(_WORD.findall(_folded(text)))


# ---- what nobody told ------------------------------------------------------------------------------------


def missing(reply: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names and numbers of ``reply`` that stand in none of the ``known`` texts, in their order, at most three.

    Code and addresses are passed over; so is the first word of a sentence, whose capital says nothing. The known texts
    are looked at one by one, until nothing is left to look for.
    """
    named = list(_named(reply))
    wanted = {part for name in named for part in name.parts}
    for text in known:
        if not wanted:
            return ()
        folded = _folded(text)
        wanted.difference_update(_PART.findall(folded), _numbers(folded))
    found: list[str] = []
    before = False  # is the name right before this one missing?
    for name in named:
        new = not wanted.isdisjoint(name.parts)
        if new and before and name.goes_on:
            found[-1] += f" {name.text}"
        elif new:
            found.append(name.text)
        before = new
    return tuple(dict.fromkeys(found))[:MOST_MISSING]


@dataclass(frozen=True, slots=True)
class _Named:
    """A name or number of a reply. ``parts``: what has to be known of it; ``goes_on``: the second word of one name."""

    text: str
    parts: tuple[str, ...]
    goes_on: bool


def _named(reply: str) -> Iterator[_Named]:
    for line in _ADDRESS.sub("", _CODE.sub("\n", unicodedata.normalize("NFKC", reply))).splitlines():
        if line.lstrip().startswith("#"):
            continue  # a heading may have a capital in every word
        marker = _MARKER.match(line)
        line = line[marker.end() :] if marker else line
        end = behind = 0  # of the last word; of the last name
        for match in _FOUND.finditer(line):
            gap = line[end : match.start()]
            ends = [one.end() for one in _BEGINS.finditer(gap)] or ([0] if not end else [])
            begins = bool(ends) and _WORD.search(gap[ends[-1] :]) is None
            end = match.end()
            if match["number"]:
                yield _Named(match.group(), tuple(_numbers(match.group())), False)
                behind = 0
                continue
            parts = [part for part in _PART.findall(match["word"]) if len(part) > 1 and part != part.lower()]
            if parts and not begins:
                goes_on = bool(behind) and line[behind : match.start()] == " "
                yield _Named(_bare(match.group()), tuple(_folded(part) for part in parts), goes_on)
                behind = end


def _bare(word: str) -> str:
    """Without what follows an apostrophe: “Anna” of “Anna's”."""
    head = re.split("['’]", word)[0]
    return head if len(head) > 1 else word


def _numbers(text: str) -> list[str]:
    return [digits.lstrip("0") or "0" for digits in re.findall(r"\d+", _THOUSANDS.sub("", text))]


def _folded(text: str) -> str:
    """Without capitals, accents and full-width forms."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
