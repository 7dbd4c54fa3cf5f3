"""Where the decoder looked, told by the words of the reply: small enough to be kept with every read.

Does not know: history, the page.
"""

from __future__ import annotations

import re

from knowledge.records import Trace

Words = tuple[tuple[int, int, float], ...]  # from and up to which character of the reply, mass of attention there

NEAR = 0.8  # share of its mean from which a memory counts: with blocks a word's mass is hardly more than 10 % off it
MOST_WORDS = 160  # kept of one memory, those with most mass; what one reply keeps stays in the kilobytes
_DIGITS = 4
# Scripts without spaces are taken character by character; the page's script cuts a reply in the same way.
_ALONE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(f"[{_ALONE}]|[^\\s{_ALONE}]+")


def looked_at(trace: Trace | None, text: str) -> dict[str, tuple[float, Words]]:
    """Memory → (mean over the reply's tokens of the attention on it, the words where it was at least about that).

    ``text`` is the reply as it is kept; tokens behind its end (it was cut) do not count.
    """
    if trace is None:
        return {}
    tokens: list[tuple[int, int, tuple[float, ...]]] = []
    start = 0
    for end, mass in zip(trace.ends, trace.mass, strict=True):
        if start < len(text) or not tokens:
            tokens.append((start, min(end, len(text)), mass))
        start = end
    if not tokens:
        return {}
    means = [sum(mass[place] for _, _, mass in tokens) / len(tokens) for place in range(len(trace.memories))]
    words = _words(tokens, text)
    found: dict[str, tuple[float, Words]] = {}
    for place, memory in enumerate(trace.memories):
        # Rounded as they are kept, so that a reply of one word is not below its own mean.
        mean = round(means[place], _DIGITS)
        lit = [(start, end, round(mass[place], _DIGITS)) for start, end, mass in words]
        lit = [word for word in lit if word[2] >= NEAR * mean and word[2] > 0.0]
        strongest = sorted(lit, key=lambda word: -word[2])[:MOST_WORDS]
        found[memory] = (mean, tuple(sorted(strongest)))
    return found


def _words(tokens: list[tuple[int, int, tuple[float, ...]]], text: str) -> list[tuple[int, int, tuple[float, ...]]]:
    """Words of the text, each with the mean mass of its tokens, weighed by how many of its characters are theirs."""
    words = []
    first = 0  # of the tokens that may still reach into a word
    for match in _WORD.finditer(text):
        start, end = match.span()
        while first < len(tokens) and tokens[first][1] <= start:
            first += 1
        sums, characters = [0.0] * (len(tokens[0][2])), 0
        for token_start, token_end, mass in tokens[first:]:
            if token_start >= end:
                break
            shared = min(end, token_end) - max(start, token_start)
            if shared > 0:
                characters += shared
                sums = [total + shared * one for total, one in zip(sums, mass, strict=True)]
        if characters:
            words.append((start, end, tuple(total / characters for total in sums)))
    return words
