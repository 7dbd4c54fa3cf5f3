"""Whose: what a memory says of another thing of the person's than the one asked for hardly answers.

"What is my brother's name?" and "My dog is called Biscuit." are of the same form, which is what an encoder sees. Does
not know: the network, the store.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from knowledge.read.log_weights import lessened_each
from knowledge.records import Memory
from knowledge.text.words import stem, telling

OTHER = 1.5  # nats that a memory of another possession loses: a good match in other words ("my partner") still wins
_OWNED = re.compile(r"\b(?:my|our)\s+(\w+)", re.I)


def possessions(text: str) -> frozenset[str]:
    """Stems of what the text calls the speaker's."""
    return frozenset(stem(word.lower()) for word in _OWNED.findall(text))


def of_the_same(log_alpha: np.ndarray, memories: Sequence[Memory], question: str) -> np.ndarray:
    """log α (n + 1,), null slot last, with less for the person's memories of other possessions only; sums to 1 as
    before."""
    wanted = possessions(question)
    if not wanted:
        return log_alpha

    def loss(one: Memory) -> float:
        other = one.role == "user" and possessions(one.text) and not wanted & telling(one.text)
        return OTHER if other else 0.0

    return lessened_each(log_alpha, memories, loss)
