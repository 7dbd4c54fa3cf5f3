"""Cuts blocks to passages of a size that the encoder sees whole, at the ends of paragraphs and sentences.

Sizes are estimated tokens of a WordPiece vocabulary (no tokenizer is loaded for it): about 1 for a short Latin word, a
punctuation mark or a Chinese character. The default encoder cuts at 256 tokens. Does not know: files and formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from knowledge.documents.parsers.blocks import HEADING_SEPARATOR, UNSPACED, Block, Watch
from knowledge.records import Passage

LARGEST = 220  # estimated tokens of a passage: about 160 English words, about 200 Chinese characters
SMALLEST = 90  # not cut below this (about 65 words) while the section goes on
LONGEST = 8000  # characters of a passage: only white space without end, which has no tokens, comes near
_BUFFER = 3 * LARGEST  # this much is gathered before a cut is chosen

_TOKEN = re.compile(
    rf"(?P<unspaced>[{UNSPACED}])|(?P<latin>[A-Za-z\u00c0-\u024f]+)|(?P<digits>[0-9]+)|(?P<other>[^\W0-9{UNSPACED}]+)"
    r"|[^\w\s]"
)
_SENTENCE = re.compile(  # a sentence with its end marks, closing quotes and the white space after it
    r".*?(?:(?<=[.!?…])[\"'”’»)\]]{0,3}\s+|[。！？；][」』”’）》〉】\"')]{0,3}\s*|\n+|\Z)", re.DOTALL
)
_CLAUSE = re.compile(rf"(?P<mark>[，、：,;:—])(?:\s+|(?=[{UNSPACED}]))|\s+")
_LONG = 4000  # characters: no sentence is this long; cut before looking at it in detail
_Piece = tuple[str, int]  # text with its trailing white space, estimated tokens


def size(text: str) -> int:
    """Estimated tokens."""
    total = 0
    for match in _TOKEN.finditer(text):
        kind, length = match.lastgroup, match.end() - match.start()
        if kind == "latin":
            total += (length + 5) // 6
        elif kind == "digits":
            total += (length + 2) // 3
        elif kind == "other":  # Cyrillic, Greek, Arabic, Hangul …: a few letters a token in most vocabularies
            total += (length + 1) // 2
        else:
            total += 1
    return total


def cut(blocks: Iterable[Block], watch: Watch) -> Iterator[Passage]:
    """Blocks → passages in order, numbered from 0. A passage never crosses a page, a heading or a section."""
    position = 0
    for whole, block in _texts(blocks, watch):
        for start in range(0, len(whole), LONGEST):
            if text := whole[start : start + LONGEST].strip():
                yield Passage(text=text, position=position, page=block.page, heading=block.heading)
                position += 1


def _texts(blocks: Iterable[Block], watch: Watch) -> Iterator[tuple[str, Block]]:
    pieces: list[_Piece] = []
    total = 0
    place: Block | None = None  # the last block: where the gathered pieces stand
    titles_only = True
    for block in blocks:
        if place is not None and _place(place) != _place(block):
            # A heading right above another one says nothing by itself: it lives on in the path below it.
            # (One that had to be shortened in the path stays.)
            below = block.heading.startswith(place.heading + HEADING_SEPARATOR)
            above = titles_only and below and not place.heading.endswith("…")
            if not above:
                for text in _finish(pieces):
                    yield text, place
            pieces, total, titles_only = [], 0, True
        place = block
        titles_only = titles_only and block.title
        done = 0
        for piece in _pieces(block):
            pieces.append(piece)
            total += piece[1]
            done += len(piece[0])
            if total > _BUFFER:
                watch.inside(min(1.0, done / len(block.text)))
                count = _cut_at(pieces)
                yield _join(pieces[:count]), block
                total -= sum(piece[1] for piece in pieces[:count])
                pieces = pieces[count:]
    if place is not None:
        for text in _finish(pieces):
            yield text, place


def _place(block: Block) -> tuple[int | None, str, int]:
    return block.page, block.heading, block.section


def _finish(pieces: list[_Piece]) -> Iterator[str]:
    """The rest of a section: whole if it fits, else in parts, the last two about equal."""
    while pieces:
        total = sum(piece[1] for piece in pieces)
        if total <= LARGEST:
            count = len(pieces)
        elif total <= 2 * LARGEST:
            count = _cut_at(pieces, wanted=total / 2)
        else:
            count = _cut_at(pieces)
        yield _join(pieces[:count])
        pieces = pieces[count:]


def _cut_at(pieces: list[_Piece], wanted: float = 0.75 * LARGEST) -> int:
    """How many pieces the next passage takes: SMALLEST to LARGEST, near ``wanted``, best up to a paragraph's end."""
    best, best_cost, running = 1, float("inf"), 0
    for index, (text, tokens) in enumerate(pieces):
        running += tokens
        if running > LARGEST:
            break
        cost = abs(running - wanted)
        if not text.endswith("\n\n"):
            cost += 0.25 * LARGEST
        if running < SMALLEST:
            cost += LARGEST
        if cost < best_cost:
            best, best_cost = index + 1, cost
    return best


def _join(pieces: list[_Piece]) -> str:
    return "".join(text for text, _ in pieces)


def _pieces(block: Block) -> Iterator[_Piece]:
    """A block as sentences, each of at most LARGEST estimated tokens."""
    text = block.text + block.end
    for start, end in _sentences(text):
        sentence = text[start:end]
        tokens = size(sentence)
        if tokens <= LARGEST:
            yield sentence, tokens
        else:
            yield from _halves(sentence)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        match = _SENTENCE.match(text, start, min(start + _LONG, len(text)))
        end = match.end() if match else len(text)
        # The window's own end is no sentence's end: go back to the last clause in it.
        if end == start + _LONG and end < len(text):
            end = _last_clause(text, start, end)
        yield start, max(end, start + 1)
        start = max(end, start + 1)


def _last_clause(text: str, start: int, end: int) -> int:
    """Place after the last clause mark or white space of ``text[start:end]``; ``end`` where there is none."""
    ends = [match.end() for match in _CLAUSE.finditer(text, start + (end - start) // 2, end)]
    return ends[-1] if ends else end


def _halves(sentence: str) -> Iterator[_Piece]:
    """A long sentence in parts: at the clause, word or character nearest to its middle, until each part fits."""
    tokens = size(sentence)
    if tokens <= LARGEST or len(sentence) < 2:
        yield sentence, tokens
        return
    middle = len(sentence) // 2
    low, high = len(sentence) // 4, len(sentence) - len(sentence) // 4
    found = list(_CLAUSE.finditer(sentence, low, high))
    ends = [match.end() for match in found if match["mark"]] or [match.end() for match in found] or [middle]
    chosen = min(ends, key=lambda end: abs(end - middle))
    yield from _halves(sentence[:chosen])
    yield from _halves(sentence[chosen:])
