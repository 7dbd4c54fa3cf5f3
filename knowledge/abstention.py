"""Saying that something is not known, where nothing in memory answers: in which words, and from when on.

A decoder that invents spreads its probability over many inventions, each likelier than silence for a greedy choice
while silence as a whole is likely. So a question for which nothing was read is not answered once the words for "not
known" have a probability of ``LEAST`` together (``BEHIND`` in a running chat): the reject option (Chow 1970, "On
optimum recognition error and reject tradeoff"). What the model knows of the world stays below it (LOG.md, 2026-11-26).

Does not know: models, how likely a reply is, or what was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from knowledge.evidence import telling

ABSTENTIONS = (  # each holds the words by which LoCoMo's evaluation knows an honest answer
    "I don't know, that was not mentioned",
    "I don't know. That was not mentioned",
    "That was not mentioned, so I don't know",
)
LEAST, BEHIND = 0.2, 0.09  # of the first message of a chat; of a later one, in which every reply is less likely
HELD = 0.5  # share of a question's telling words from which the running chat may hold the answer
_ASKS = re.compile(r"[?？]|^\s*(?:who|whose|whom|what|which|where|when|why|how)\b", re.I)


def asks(text: str) -> bool:
    """Does this message ask something?"""
    return _ASKS.search(text) is not None


def may_be_said(question: str, said: Iterable[str]) -> bool:
    """May one of the turns ``said`` hold the answer? They stand in the prompt and are not read from memory, so that
    nothing was read says nothing of them."""
    wanted = telling(question)
    return bool(wanted) and any(len(wanted & telling(text)) >= HELD * len(wanted) for text in said)
