"""What this computer has of memory, and how much of it this program takes. Does not know: what for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container


def total_memory() -> int:
    """Bytes that this program may use at most: the machine's, or its container's where that has less."""
    total = int(psutil.virtual_memory().total)
    for place in _LIMITS:
        with suppress(OSError, ValueError):
            total = min(total, int(Path(place).read_text("ascii")))
    return total


def own_memory() -> int:
    """Bytes of memory that this process holds now (its resident set)."""
    return int(psutil.Process().memory_info().rss)
