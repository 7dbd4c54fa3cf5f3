"""The keys of a memory: the vector of its whole text, and of its parts where it is long.

One vector of a message that says ten things is near none of them, and an encoder cuts what is longer than its window.
So a memory has several keys to one value (Miller et al. 2016, arXiv:1606.03126, keys apart from values): a query is as
near to it as to its nearest key (late interaction, Khattab & Zaharia 2020, arXiv:2004.12832, by parts in the place of
tokens). Does not know: stores, how a read weighs what it finds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from knowledge.input.encoder import TextEncoder
from knowledge.records import Memory
from knowledge.text.words import is_cjk

Span = tuple[int, int]  # of a text: from, until
STATEMENT = 150  # letters of one part of what a person says: about two sentences (LOG.md, 2026-11-28)
WINDOW = 1000  # of anything else: what an encoder of 256 tokens sees at once
MOST = 64  # parts of one memory; those of a longer text are longer
_WIDE = 3  # letters of an alphabet that one Chinese, Japanese or Korean character says as much as
_PIECE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？]+|\n+|$)|[.!?。！？\n]+")


def keys_of(encoder: TextEncoder, memories: Sequence[Memory]) -> list[np.ndarray]:
    """Of each memory its keys, (1 + parts, dimension): the whole text's first."""
    texts, counts = list[str](), list[int]()
    for memory in memories:
        own = texts_of(memory)
        texts += own
        counts.append(len(own))
    rows = encoder.encode(texts)
    return np.split(rows, np.cumsum(counts)[:-1]) if counts else []


def parts_of(memory: Memory) -> list[Span]:
    """Where the parts stand that have keys of their own, in order; none where the whole is one part."""
    said = memory.kind != "passage" and memory.role != "assistant"
    text = memory.text
    return parts(text, max(STATEMENT if said else WINDOW, -(-_width(text) // MOST)))


def texts_of(memory: Memory) -> list[str]:
    """What its keys are made of, in their order: the whole text and its parts."""
    return [memory.text, *(memory.text[start:end] for start, end in parts_of(memory))]


def part_of(memory: Memory, number: int) -> str:
    """The text of the part with this number, from 1; of the whole for 0, or where the text has fewer parts now."""
    texts = texts_of(memory) if number else []
    return texts[number] if number < len(texts) else memory.text


def parts(text: str, size: int) -> list[Span]:
    """Sentences in a row that together are at most ``size`` wide; a longer one is cut between words."""
    if _width(text) <= size:
        return []
    found = list[Span]()
    for start, end in _pieces(text, size):
        if found and _width(text[found[-1][0] : end]) <= size:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found if len(found) > 1 else []


def _pieces(text: str, size: int) -> list[Span]:
    found = list[Span]()
    for match in _PIECE.finditer(text):
        start, end = match.span()
        start += len(match[0]) - len(match[0].lstrip())
        while _width(text[start:end]) > size:
            most = start + (size // _WIDE if is_cjk(text[start]) else size)
            space = text.rfind(" ", start + 1, most)
            cut = space if space > start + (most - start) // 2 else most
            found.append((start, cut))
            start = cut + (text[cut] == " ")
        if start < end:
            found.append((start, end))
    return found


def _width(text: str) -> int:
    """Letters, of which a Chinese, Japanese or Korean one counts for several."""
    return len(text) if text.isascii() else sum(_WIDE if is_cjk(letter) else 1 for letter in text)
