"""The seal of the embedded Chroma's folder: the sums of its files, written when it is closed, gone while it is open.

Knows: whether the files are those of an orderly end. Does not know: what is in them, Chroma.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from knowledge.errors import StoreError
from knowledge.memory.file_sums import drop, keep, sum_of

_SEAL = "closed.json"  # a file of ours in the folder
_OURS = (_SEAL, f"{_SEAL}.new", "clean")

Seal = Literal["empty", "whole", "changed", "open"]


def seal_of(folder: Path) -> Seal:
    """``empty``: there is nothing to look at. ``whole``: every file is as it was when the folder was closed.
    ``changed``: some are not. ``open``: the last one who opened it did not close it. Raises ``StoreError``."""
    try:
        if not any(path.name not in _OURS for path in folder.iterdir()):
            return "empty"
        try:
            kept = json.loads((folder / _SEAL).read_text("utf-8"))
        except FileNotFoundError:
            return "open"
        except ValueError:
            return "changed"
        return "whole" if kept == _sums(folder) else "changed"
    except OSError as exc:
        raise StoreError(f"The Chroma folder {folder} cannot be used: {exc}.") from exc


def seal(folder: Path) -> None:
    """Nobody has the folder open: note what is in its files. Raises ``OSError``."""
    keep(folder / _SEAL, _sums(folder))


def break_seal(folder: Path) -> None:
    """Somebody is about to open the folder. Raises ``OSError``."""
    drop(folder / _SEAL)


def _sums(folder: Path) -> dict[str, list[int]]:
    """Path below the folder → size and CRC-32."""
    return {
        path.relative_to(folder).as_posix(): sum_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in _OURS
    }
