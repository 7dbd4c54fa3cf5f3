"""F1 of answers as LoCoMo's own evaluation has it (Maharana et al. 2024, arXiv:2402.17753, task_eval/evaluation.py).

Tokens: lower case, without punctuation and the words a, an, the, and; stemmed by Porter (1980). The original stems with
NLTK's variant of the algorithm, this with Snowball's "porter", which for nearly all words finds the same ones equal.
Knows: categories and their rules. Does not know: where answers come from.
"""

from __future__ import annotations

import re
import statistics
import string
from collections import Counter
from collections.abc import Iterable

import Stemmer

MULTI_HOP, TEMPORAL, OPEN_DOMAIN, SINGLE_HOP, ADVERSARIAL = 1, 2, 3, 4, 5
HONEST = ("no information available", "not mentioned")  # what an answer must hold where there is none
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)
_STEMMER = Stemmer.Stemmer("porter")


def stems(text: str) -> list[str]:
    """The tokens that are compared."""
    plain = re.sub(r"\b(?:a|an|the|and)\b", " ", text.lower().translate(_WITHOUT_PUNCTUATION))
    return [_STEMMER.stemWord(word) for word in plain.split()]


def token_f1(answer: str, gold: str) -> float:
    """Harmonic mean of the shares of each other's tokens, 0…1, repeated tokens counted."""
    said, right = stems(answer), stems(gold)
    shared = sum((Counter(said) & Counter(right)).values())
    return 2 * shared / (len(said) + len(right)) if shared else 0.0


def score(answer: str, gold: str, category: int) -> float:
    """0…1. ``gold`` is not looked at for category 5. Raises ValueError for a category that LoCoMo does not have."""
    if category == MULTI_HOP:  # several answers, in any order
        parts = [part.strip() for part in answer.split(",")]
        return statistics.mean(max(token_f1(part, one.strip()) for part in parts) for one in gold.split(","))
    if category == OPEN_DOMAIN:  # behind a semicolon stands why
        return token_f1(answer, gold.split(";")[0].strip())
    if category in (TEMPORAL, SINGLE_HOP):
        return token_f1(answer, gold)
    if category == ADVERSARIAL:
        return float(any(words in answer.lower() for words in HONEST))
    raise ValueError(f"LoCoMo has no category {category}.")


def by_category(scores: Iterable[tuple[int, float]]) -> dict[str, float]:
    """Category → mean score, and "overall", the mean of all questions; in percent with two decimals."""
    kept: dict[str, list[float]] = {}
    for category, value in scores:
        kept.setdefault(str(category), []).append(value)
    found = {name: round(100 * statistics.mean(kept[name]), 2) for name in sorted(kept)}
    everything = [value for values in kept.values() for value in values]
    return found | ({"overall": round(100 * statistics.mean(everything), 2)} if everything else {})
