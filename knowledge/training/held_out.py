"""Which conversations of a set are kept for measuring: no training sees them."""

from __future__ import annotations

import hashlib

SHARE = 20  # one in so many


def held_out(first_line: str) -> bool:
    """Is the conversation that begins with this line held out? The same answer everywhere and always."""
    return hashlib.sha256(" ".join(first_line.split()).encode()).digest()[0] % SHARE == 0
