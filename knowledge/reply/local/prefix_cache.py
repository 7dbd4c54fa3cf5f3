"""Keys and values of earlier turns, kept within a number of bytes and reused for an unchanged beginning.

Does not know: the model; it cuts and counts the tensors of the cache objects it is given.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class KeyValues(Protocol):
    """The part of transformers' DynamicCache that is used here."""

    def get_seq_length(self) -> int:
        """Tokens held."""
        ...

    def crop(self, tokens_to_remove: int) -> None:
        """Drop that many of the last tokens; the number is negative."""
        ...


@dataclass(slots=True)
class Entry:
    """Keys and values (``values``) of exactly the tokens ``ids``."""

    ids: list[int]
    values: KeyValues


class PrefixCache:
    """The least recently used entries leave when all together hold more than ``limit`` bytes.

    ``size`` gives the bytes of an entry's tensors, ``croppable`` whether its end can be cut off (recurrent and sliding
    states cannot; such an entry is only reused when all of it is a prefix).
    """

    def __init__(
        self, limit: int, *, size: Callable[[KeyValues], int], croppable: Callable[[KeyValues], bool] = lambda _: True
    ) -> None:
        self._limit = limit
        self._size = size
        self._croppable = croppable
        self._entries: OrderedDict[str, tuple[Entry, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, ids: Sequence[int]) -> Entry | None:
        """Take out the entry of ``key``, cut to its longest common prefix with ``ids``.

        At least the last of ``ids`` is left to compute, for its logits are needed. None where nothing can be reused;
        the entry is then gone.
        """
        with self._lock:
            entry, _ = self._entries.pop(key, (None, 0))
        if entry is None or entry.values.get_seq_length() != len(entry.ids):
            return None
        common = common_prefix(entry.ids, ids[:-1])
        if common == 0 or (common < len(entry.ids) and not self._croppable(entry.values)):
            return None
        if common < len(entry.ids):
            entry.values.crop(common - len(entry.ids))
            del entry.ids[common:]
        return entry

    def remove(self, key: str) -> Entry | None:
        """Take out the entry of ``key`` as it is."""
        with self._lock:
            return self._entries.pop(key, (None, 0))[0]

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry as the most recently used one, if it fits."""
        size = self._size(entry.values)
        with self._lock:
            self._entries.pop(key, None)
            if not key or size > self._limit:
                return
            self._entries[key] = (entry, size)
            while self.bytes() > self._limit:
                self._entries.popitem(last=False)

    def bytes(self) -> int:
        """Bytes of all entries."""
        return sum(size for _, size in self._entries.values())


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the longest common prefix."""
    for index, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return index
    return min(len(a), len(b))
