"""Memories, and an encoder of bags of words that is made by hand: deterministic, readable, no model."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory.vectors import VectorIndex
from knowledge.records import Kind, Memory, Role

DIMENSION = 256


def encode(texts: Sequence[str]) -> np.ndarray:
    """(n texts) → (n, 256): each word adds a one at a place of its own; rows of unit length."""
    rows = np.full((len(texts), DIMENSION), 1e-3, dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in re.findall(r"\w+", text.lower()):
            row[zlib.crc32(word.encode()) % DIMENSION] += 1.0
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def memory(
    id: str,
    text: str,
    *,
    container: str = "talk",
    position: int = 0,
    created: float = 1000.0,
    kind: Kind = "turn",
    role: Role = "user",
    **more: Any,
) -> Memory:
    return Memory(id, text, kind, created + position, role, container=container, position=position, **more)


def talk(*texts: str, container: str = "talk") -> list[Memory]:
    """A conversation; ids are ``talk-0``, ``talk-1``, …"""
    return [memory(f"{container}-{at}", text, container=container, position=at) for at, text in enumerate(texts)]


class StoreOfItsOwn(ExternalMemory):
    """An external memory that closes its database with itself."""

    def __init__(self, url: str, **options: Any) -> None:
        self._opened = open_database(url)
        super().__init__(self._opened, **options)

    def close(self) -> None:
        super().close()
        self._opened.dispose()


def open_store(data: Path, *, database: str = "", **more: Any) -> ExternalMemory:
    options = {"encoder_name": "bag", "dimension": DIMENSION} | more
    return StoreOfItsOwn(database or f"sqlite:///{data}/memory.sqlite3", data=data, **options)


def recovered(data: Path, **more: Any) -> ExternalMemory:
    store = open_store(data, **more)
    store.recover(by_text(encode), lambda phase, fraction: None)
    return store


def by_text(encode: Callable[[Sequence[str]], np.ndarray]) -> Callable[[Sequence[Memory]], np.ndarray]:
    """An encoder of texts as one of memories, each with one key."""
    return lambda memories: encode([memory.text for memory in memories])


def write(store: ExternalMemory, memories: Sequence[Memory], owner: str = "ann") -> list[str]:
    return store.add(owner, memories, encode([one.text for one in memories]))


def found(store: ExternalMemory, text: str, owner: str = "ann", **more: Any) -> dict[str, Any]:
    """The shortlist by id."""
    return {c.memory.id: c for c in store.shortlist(owner, text, encode([text])[0], **more)}


def holds(folder: Path, word: bytes) -> bool:
    """Is this (lower-case) word in a byte of any file below?"""
    return any(word in path.read_bytes().lower() for path in folder.rglob("*") if path.is_file())


def in_chroma(index: VectorIndex, owner: str) -> dict[str, np.ndarray]:
    """The keys that Chroma holds: name → (dimension,)."""
    with index._collection(owner) as collection:
        kept = collection.get(include=["embeddings"])
    return dict(zip(kept["ids"], np.asarray(kept["embeddings"], dtype=np.float32), strict=True))


def holds_vector(folder: Path, vector: np.ndarray) -> bool:
    """Is a (dimension,) vector that is nearly this one in any file below, as 32- or 16-bit floats at any byte?"""
    wanted = vector / np.linalg.norm(vector)
    return any(_near(path.read_bytes(), wanted) for path in folder.rglob("*") if path.is_file())


def _near(content: bytes, wanted: np.ndarray) -> bool:
    for kind in (np.dtype("<f4"), np.dtype("<f2")):
        for start in range(kind.itemsize):
            count = (len(content) - start) // kind.itemsize
            if count < len(wanted):
                continue
            read = np.frombuffer(content, kind, count, start)
            with np.errstate(invalid="ignore"):  # most of a file is no numbers
                numbers = np.where(np.abs(read) < 10, read, 0).astype(np.float64)
            length = np.sqrt(np.convolve(numbers**2, np.ones(len(wanted)), "valid"))
            if (np.correlate(numbers, wanted, "valid") > 0.98 * np.maximum(length, 1e-3)).any():
                return True
    return False
