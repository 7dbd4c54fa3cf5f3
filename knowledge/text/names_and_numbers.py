"""Names and numbers of a reply that nobody told: a check of the text, in any script.

A word with a capital inside a sentence, a row of digits. It decides nothing: it is told below a reply, and is evidence
of how well the reply stands on what was read. Does not know: history, memory, the page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST_MISSING = 3  # names and numbers told of at once
_ALONE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"  # scripts without spaces: each character is a word
WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"(?<=\])\([^)\s]*\)|\bhttps?://\S+")
_MARKER = re.compile(r"\s*(?:[-*+>•]|\d{1,3}[.)])\s+")
# A name, of which only a part with a capital counts ("I'm" has none of two letters), or a number with its marks.
_FOUND = re.compile(rf"(?P<word>[^\W\d_{_ALONE}]+(?:['’][^\W\d_{_ALONE}]+)*)|(?P<number>\d(?:[\d.,:/-]*\d)?)")
_PART = re.compile(rf"[^\W\d_{_ALONE}]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_BEGINS = re.compile(r"[!?…:。！？：]|\.\s")  # between two words: the second begins a sentence


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
        plain = folded(text)
        wanted.difference_update(_PART.findall(plain), _numbers(plain))
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
            begins = bool(ends) and WORD.search(gap[ends[-1] :]) is None
            end = match.end()
            if match["number"]:
                yield _Named(match.group(), tuple(_numbers(match.group())), False)
                behind = 0
                continue
            parts = [part for part in _PART.findall(match["word"]) if len(part) > 1 and part != part.lower()]
            if parts and not begins:
                goes_on = bool(behind) and line[behind : match.start()] == " "
                yield _Named(_bare(match.group()), tuple(folded(part) for part in parts), goes_on)
                behind = end


def _bare(word: str) -> str:
    """Without what follows an apostrophe: “Anna” of “Anna's”."""
    head = re.split("['’]", word)[0]
    return head if len(head) > 1 else word


def _numbers(text: str) -> list[str]:
    return [digits.lstrip("0") or "0" for digits in re.findall(r"\d+", _THOUSANDS.sub("", text))]


def folded(text: str) -> str:
    """``text`` without capitals, accents and full-width forms."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
