"""Sums of files, and notes of them that are on the disk whole or not at all. Does not know: which files, or why."""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from pathlib import Path
from typing import Any

_PIECE = 1 << 20  # bytes read at once


def sum_of(path: Path) -> list[int]:
    """Size and CRC-32: against accidents, not attackers. Raises ``OSError``."""
    size = sum_ = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            size, sum_ = size + len(piece), zlib.crc32(piece, sum_)
    return [size, sum_]


def keep(note: Path, content: Any) -> None:
    """Write the note, as JSON. Raises ``OSError``."""
    new = note.with_name(f"{note.name}.new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(note)


def drop(note: Path) -> None:
    """The note is gone, after a power cut too. Raises ``OSError``."""
    try:
        note.unlink()
    except FileNotFoundError:
        return
    with contextlib.suppress(OSError):  # not every system opens folders
        handle = os.open(note.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
