"""Whom or what a message that recalls or forgets is about: "What do you know about Anna?" → anna.

Found by taking each word away: where the message still calls for the same operation, the word is no part of the call,
and may be what it is about (occlusion, as Zeiler & Fergus 2014 do with pictures). Works in any language that the
reading of messages knows. Does not know: memories; a word that stands in none of them means nothing here yet.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from knowledge.evidence import stem, telling
from knowledge.input.dialogue_acts import MessageReader
from knowledge.words import is_cjk, query_terms

FALL = 0.55  # nats of the operation's log-odds that a word may cost which is no part of the call
UNKNOWN = 0.45  # nats that the last word may cost to be meant although no memory has it
NAME = 0.5  # nats more for a word with a capital inside the sentence

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
    whole, *without = acts.read([text, *(_without(text, term) for term in terms)])
    cost = {
        term: _odds(whole.operation[operation]) - _odds(one.operation[operation])
        for term, one in zip(terms, without, strict=True)
    }
    left = [term for term in terms if cost[term] < FALL + NAME * (term in named)]
    end = text.lower().rstrip(" \t\n?!.。？！,，")
    meant = [term for term in left if term in named or (end.endswith(term) and cost[term] < UNKNOWN)]
    return Target(frozenset(map(stem, left)), stem(meant[-1]) if meant else "")


def mentions(stems: frozenset[str], text: str) -> frozenset[str]:
    """Those of ``stems`` that stand in ``text``."""
    return stems & telling(text)


def _without(text: str, term: str) -> str:
    if is_cjk(term):
        return text.replace(term, " ")
    return re.sub(rf"(?<!\w){re.escape(term)}(?:['’]s)?(?!\w)", " ", text, flags=re.I)


def _odds(probability: float) -> float:
    probability = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(probability / (1 - probability))

