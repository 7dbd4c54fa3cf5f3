"""Saying that something is not known, where nothing in memory answers: in which words, and from when on.

A decoder that invents spreads its probability over many inventions, each likelier than silence for a greedy choice
while silence as a whole is likely. So a question for which nothing was read is not answered once the words for "not
known" are likely enough together: the reject option (Chow 1970, "On optimum recognition error and reject tradeoff").
What the model knows of the world mostly stays below that; what a person asks of their own life it can know from memory
alone, so that less is enough there (LOG.md, 2026-11-26).

Does not know: models, how likely a reply is, or what was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from knowledge.text.words import telling

ABSTENTIONS = (  # each holds the words by which LoCoMo's evaluation knows an honest answer
    "I don't know, that was not mentioned",
    "I don't know. That was not mentioned",
    "That was not mentioned, so I don't know",
)
# Probability from which "not known" is said: to any question, to one that names whom or what memory speaks of, and to
# one on the person's own life.
LEAST, HEARD, OWN = 0.3, 0.2, 0.04
HELD = 0.5  # share of a question's telling words from which the running chat may hold the answer
_SELF = re.compile(r"\b(?:my|our|I|me|we|us)\b", re.I)
_ADVICE = re.compile(  # what is asked of oneself and can be answered by anybody
    r"\b(?:should|can|could|shall|would|might|need|good|best)\b|^\W*(?:how (?:do|to)|why)\b", re.I
)


def on_own_life(question: str) -> bool:
    """Does this question ask what only the person themself can have told?"""
    return _SELF.search(question) is not None and _ADVICE.search(question) is None


def least(question: str, heard: bool = False) -> float:
    """The probability of "not known" from which it is said to this question."""
    return OWN if on_own_life(question) else HEARD if heard else LEAST


def may_be_said(question: str, said: Iterable[str]) -> bool:
    """May one of the turns ``said`` hold the answer? They stand in the prompt and not in memory, so that nothing was
    read says nothing of them."""
    wanted = telling(question)
    return bool(wanted) and any(len(wanted & telling(text)) >= HELD * len(wanted) for text in said)
