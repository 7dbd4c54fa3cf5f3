"""Reads the packed file of multilingual-e5-small ("E5S1": vocabulary, normalisation, 4-bit weights) into arrays.

Does not know: where the file comes from, tokenizers, torch.

The layout, little endian: magic "E5S1", uint32 version; int32 width, layers, heads, inner width, rows of the word
table, positions, token types; float32 epsilon; int32 block; int32 pieces, bos, eos, pad, unk; uint64 bytes of text;
uint32[pieces + 1] offsets, float32[pieces] scores, the pieces' UTF-8. Then int32 count and uint32 bytes of the
character map: each uint32 character, uint8 n, uint32[n] what it becomes. Then int32 tensors: each uint16 length and
name, uint8 kind (0 float32, 1 blocks), uint32 numbers, uint64 offset in the file, uint64 bytes. A block (GGML's Q4_0)
is a float16 scale d and 16 bytes: number j is (low half of byte j − 8)·d, number j + 16 (high half − 8)·d.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MAGIC, _VERSION, _BLOCK = b"E5S1", 1, 32


@dataclass(frozen=True, slots=True)
class E5File:
    """What the file holds. ``tensors``: name → float32, flat; ``pieces``: (text, log-probability) in order of their
    ids; ``characters``: what a character is replaced by before it is cut into pieces, where that is not itself."""

    width: int
    layers: int
    heads: int
    inner: int  # width of the feed-forward step
    words: int  # rows of the word table, at least as many as pieces
    positions: int
    types: int
    epsilon: float
    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    characters: dict[str, str]
    tensors: dict[str, np.ndarray]


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, layout: str) -> tuple[float | int, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def ints(self, layout: str) -> list[int]:
        return [int(value) for value in self.take(layout)]

    def array(self, kind: str, count: int) -> np.ndarray:
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += found.nbytes
        return found

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def read(path: Path) -> E5File:
    """The file at ``path``. Raises ``ValueError`` where it is something else or damaged, ``OSError``."""
    data = path.read_bytes()
    if data[:4] != _MAGIC:
        raise ValueError(f"{path.name} is no packed encoder")
    try:
        return _read(_Cursor(data))
    except (struct.error, UnicodeDecodeError, OverflowError) as exc:
        raise ValueError(f"{path.name} is damaged ({exc})") from exc


def _read(cursor: _Cursor) -> E5File:
    cursor.at = len(_MAGIC)
    (version,) = cursor.ints("I")
    width, layers, heads, inner, words, positions, types = cursor.ints("7i")
    (epsilon,) = cursor.take("f")
    (block,) = cursor.ints("i")
    if version != _VERSION or block != _BLOCK or width % _BLOCK or inner % _BLOCK:
        raise ValueError(f"version {version} with blocks of {block} is not known")
    count, bos, eos, pad, unk = cursor.ints("5i")
    (size,) = cursor.ints("Q")
    offsets = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    text = cursor.bytes(size)
    pieces = [
        (text[start:end].decode("utf-8"), float(score))
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    characters = _characters(cursor)
    return E5File(
        width,
        layers,
        heads,
        inner,
        words,
        positions,
        types,
        float(epsilon),
        pieces,
        bos,
        eos,
        pad,
        unk,
        characters,
        _tensors(cursor),
    )


def _characters(cursor: _Cursor) -> dict[str, str]:
    count, _ = cursor.ints("iI")
    found = {}
    for _ in range(count):
        code, length = cursor.ints("IB")
        found[chr(code)] = "".join(map(chr, cursor.ints(f"{length}I")))
    return found


def _tensors(cursor: _Cursor) -> dict[str, np.ndarray]:
    (count,) = cursor.ints("i")
    found = {}
    for _ in range(count):
        (length,) = cursor.ints("H")
        name = cursor.bytes(length).decode("utf-8")
        kind, numbers, offset, size = cursor.ints("BIQQ")
        wanted = numbers * 4 if kind == 0 else math.ceil(numbers / _BLOCK) * 18
        if kind > 1 or size != wanted or offset + size > len(cursor.data):
            raise ValueError(f"the tensor {name} has another size than its numbers need")
        found[name] = (
            np.frombuffer(cursor.data, "<f4", numbers, offset)
            if kind == 0
            else unpacked(np.frombuffer(cursor.data, np.uint8, size, offset))
        )
    return found


def unpacked(blocks: np.ndarray) -> np.ndarray:
    """uint8 (18·n,) → float32 (32·n,): n blocks of Q4_0 as numbers."""
    rows = blocks.reshape(-1, 18)  # (n, 2 + 16)
    scale = np.ascontiguousarray(rows[:, :2]).view("<f2").astype(np.float32)  # (n, 1)
    packed = rows[:, 2:]
    made = np.empty((len(rows), 32), dtype=np.float32)
    np.multiply((packed & 15).astype(np.float32) - 8, scale, out=made[:, :16])
    np.multiply((packed >> 4).astype(np.float32) - 8, scale, out=made[:, 16:])
    return made.reshape(-1)
