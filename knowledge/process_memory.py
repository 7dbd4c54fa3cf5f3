"""What keeps this process from growing with use: how its allocator and torch's CPU libraries are told to keep less.

Two things grew. oneDNN, by which torch multiplies on the CPU, keeps what it made ready for every number of tokens that
it meets, a quarter of a megabyte each, 1,024 of them twice over; and glibc gives every thread a heap of its own, where
what a reply needed for a moment stays between what is kept.

Does not know: what the memory is used for. Elsewhere than on Linux with glibc nothing is done.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import MutableMapping
from typing import Any

# Read when torch is loaded: oneDNN's own cache, and that of ideep, by which torch calls it. One pass through a decoder
# and the encoder needs a dozen.
_KEPT = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32", "LRU_CACHE_CAPACITY": "32"}
_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1  # of mallopt(3)
_HEAPS = 2
_LARGE = 4 << 20  # bytes: from here on a piece comes from the system and goes back to it at once
_AT_THE_END = 64 << 20  # bytes that may lie free at a heap's end


def bound(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Have the process keep little; to be called before torch is imported. Is the allocator one that can be told?

    What a person has set in the environment stays.
    """
    for name, value in _KEPT.items():
        environment.setdefault(name, value)
    glibc = _glibc()
    if glibc is None:
        return False
    told = [glibc.mallopt(_TRIM_THRESHOLD, _AT_THE_END), glibc.mallopt(_MMAP_THRESHOLD, _LARGE)]
    if "MALLOC_ARENA_MAX" not in environment:
        told.append(glibc.mallopt(_ARENA_MAX, _HEAPS))
    return all(told)


def give_back() -> None:
    """Return what lies free in the heaps to the system. Takes some hundredths of a second: for quiet moments."""
    if (glibc := _glibc()) is not None:
        glibc.malloc_trim(0)


def _glibc() -> Any:
    """The C library where it is glibc, else None."""
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "gnu_get_libc_version") and hasattr(library, "malloc_trim") else None
    except (OSError, TypeError):  # TypeError: Windows
        return None
