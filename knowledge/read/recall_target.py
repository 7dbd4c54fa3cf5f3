"""Whom or what a message that recalls or forgets is about: "What do you know about Anna?" → anna.

Found by taking each word away, or putting "something" in its place: where the message still calls for the same
operation, the word is no part of the call, and may be what it is about (occlusion, as Zeiler & Fergus 2014,
arXiv:1311.2901, do with pictures). Works in any language that the reading of messages knows. Does not know: memories; a
word that stands in none of them means nothing here yet.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from knowledge.input.dialogue_acts import MessageReader
from knowledge.text.words import is_cjk, query_terms, stem, telling

# What the operation's log-odds may fall by, in nats, for a word that is no part of the call (LOG.md, 2026-11-27).
FALL = 1.0
PART = 0.3  # of the fall of the word that costs most, where that is more
NAME = 1.5  # more for a word with a capital inside the sentence
ENDS = 0.85  # of that, for the last word to be meant although no memory has it
_BLANKS = (" ", "something"), (" ", "某某")  # in the place of a word, by script
_CAPITAL = re.compile(r"(?<=[^\W_][\s,]) *([A-Z]\w+)")


@dataclass(frozen=True, slots=True)
class Target:
    """``stems``: what the message may be about. ``last``: that of them which has a capital or ends the message: meant,
    whether memory has it or not."""

    stems: frozenset[str] = frozenset()
    last: str = ""


def target_of(text: str, operation: str, acts: MessageReader) -> Target:
    """What is left of ``text`` when the words that call for ``operation`` are taken away."""
    terms = [term for term in query_terms(text) if stem(term) in telling(text)]
    if not terms:
        return Target()
    named = {found.lower() for found in _CAPITAL.findall(text)}
    costs = _costs(text, terms, operation, acts)
    limit = max(FALL, PART * max(costs.values()))
    left = [term for term in terms if costs[term] < limit + NAME * (term in named)]
    end = text.lower().rstrip(" \t\n?!.。？！,，")
    meant = [term for term in left if term in named or (end.endswith(term) and costs[term] < ENDS * limit)]
    return Target(frozenset(map(stem, left)), stem(meant[-1]) if meant else "")


def mentions(stems: frozenset[str], text: str) -> frozenset[str]:
    """Those of ``stems`` that stand in ``text``."""
    return stems & telling(text)


def _costs(text: str, terms: list[str], operation: str, acts: MessageReader) -> dict[str, float]:
    """Term → by how many nats the operation's log-odds fall without it, mean over both blanks."""
    changed = [_blanked(text, term, blank) for term in terms for blank in _BLANKS[is_cjk(term)]]
    whole, *without = (_odds(one.operation[operation]) for one in acts.read([text, *changed]))
    pairs = zip(without[::2], without[1::2], strict=True)
    return {term: whole - (one + other) / 2 for term, (one, other) in zip(terms, pairs, strict=True)}


def _blanked(text: str, term: str, blank: str) -> str:
    if is_cjk(term):
        return text.replace(term, blank)
    return re.sub(rf"(?<!\w){re.escape(term)}(?:['’]s)?(?!\w)", blank, text, flags=re.I)


def _odds(probability: float) -> float:
    probability = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(probability / (1 - probability))
