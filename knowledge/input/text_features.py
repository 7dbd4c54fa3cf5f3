"""A text as numbers without a model: hashed pieces of its letters and words, and a few properties of its surface.

Works on any script. Does not know: what a message means, vectors, networks.

The hashes are sums and products of unsigned 64-bit numbers and CRC-32, the same on every platform and in every run
(feature hashing, Weinberger et al. 2009, arXiv:0902.2206).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.text.words import cjk_share

BUCKETS = 8192
SURFACE = 12  # numbers of :func:`surface`
_HEAD, _TAIL = 1000, 400  # characters of a long text that are looked at: its beginning and its end
_SIZES = (1, 2, 3, 4)  # letters of a piece; alone only those of scripts whose letters are words
_FIRST, _LAST = "\x02", "\x03"
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+|[?？!！:：]")
_DIGIT = re.compile(r"\d")
_CAPITAL = re.compile(r"(?<=[a-z,;] )[A-Z]\w")
_SENTENCE = re.compile(r"[.!?。！？]+")
_QUOTE = re.compile('["“”«»「」『』]')
_BASE, _MIX = np.uint64(1000003), np.uint64(0xBF58476D1CE4E5B9)
_WIDE = 0x2E80  # from this character on a letter is mostly a word or a syllable


@dataclass(frozen=True, slots=True)
class Pieces:
    """Hashed pieces of n texts, one behind the other: ``buckets`` (m,) int64 and their ``weights`` (m,) float32, the
    weights of a text of length 1; text i begins at ``starts[i]``, (n,) int64."""

    buckets: np.ndarray
    weights: np.ndarray
    starts: np.ndarray


def shortened(text: str) -> str:
    """Beginning and end of a long text, with no more than one space in a row."""
    text = _SPACE.sub(" ", unicodedata.normalize("NFKC", text[: 4 * _HEAD] + text[4 * _HEAD :][-2 * _TAIL :])).strip()
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} {text[-_TAIL:]}"


def pieces(texts: Sequence[str]) -> Pieces:
    """Every one to four letters in a row, words beside each other and the first words of each text, counted
    sub-linearly. Digits are all the same."""
    buckets, owners = [], []
    codes, at = [], []
    for number, text in enumerate(texts):
        lower = _DIGIT.sub("0", shortened(text).lower())
        padded = f"{_FIRST} {lower} {_LAST}"
        codes.append(np.frombuffer(padded.encode("utf-32-le", "replace"), dtype=np.uint32))
        at.append(np.full(len(padded), number))
        words = [_FIRST, *_WORD.findall(lower), _LAST]
        keys = [f"{one} {two}" for one, two in zip(words, words[1:], strict=False)]
        keys += [f"{_FIRST}{' '.join(words[1:size])}" for size in (2, 3, 4)]
        hashed = [zlib.crc32(key.encode("utf-8", "replace")) % BUCKETS for key in keys]
        buckets.append(np.array(hashed, dtype=np.int64))
        owners.append(np.full(len(hashed), number))
    if not texts:
        none = np.zeros(0, dtype=np.int64)
        return Pieces(none, none.astype(np.float32), none)
    letters, owner = np.concatenate(codes).astype(np.uint64), np.concatenate(at)
    for size in _SIZES:
        count = len(letters) - size + 1
        hashes = np.full(count, size, dtype=np.uint64)
        for step in range(size):
            hashes = hashes * _BASE + letters[step : step + count]
        hashes = (hashes ^ (hashes >> np.uint64(29))) * _MIX >> np.uint64(51)  # 13 bits are left
        whole = owner[:count] == owner[size - 1 :]
        if size == 1:
            whole = whole & (letters >= _WIDE)
        buckets.append(hashes[whole].astype(np.int64))
        owners.append(owner[:count][whole])
    together = np.concatenate(owners) * BUCKETS + np.concatenate(buckets)
    found, counts = np.unique(together, return_counts=True)
    weights = 1 + np.log(counts.astype(np.float32))
    who = found // BUCKETS
    length = np.sqrt(np.bincount(who, weights**2, minlength=len(texts))).astype(np.float32)
    return Pieces(found % BUCKETS, weights / length[who], np.searchsorted(who, np.arange(len(texts))))


def surface(texts: Sequence[str]) -> np.ndarray:
    """(n, SURFACE) float32, each about 0 to 1: marks, length, scripts, digits, capitals."""
    rows = np.zeros((len(texts), SURFACE), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        short = shortened(text)
        size = max(1, len(short))
        wide = cjk_share(short)
        row[:] = (
            "?" in short,
            short.endswith("?"),
            "!" in short,
            np.log1p(size * (1 + wide)) / 6,
            wide,
            _DIGIT.search(short) is not None,
            len(_DIGIT.findall(short)) / size,
            _CAPITAL.search(short) is not None,
            short[:1].isupper(),
            min(4, len(_SENTENCE.findall(short))) / 4,
            ":" in short,
            _QUOTE.search(short) is not None,
        )
    return rows
