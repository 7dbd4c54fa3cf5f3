"""What a backup is: one ZIP file with a manifest, a copy of the database, and what cannot be made anew from its text.

``manifest.json`` says which version made it, of which schema and encoder, how much there is, and of every other part
its size and sha256. The password, the secret of the sign-ins, and files that wait to be taken in stay out. Does not
know: how the parts are made, or where they go.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from knowledge.errors import StoreError

FORMAT, VERSION = "mneme-backup", 1
MANIFEST, DATABASE, PREFERENCES, READERS = "manifest.json", "mneme.sqlite3", "preferences.json", "readers"
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError, TypeError)
_PIECE = 1 << 20  # bytes copied at once
_LARGEST_MANIFEST = 1 << 20  # bytes
_PART = re.compile(rf"{re.escape(DATABASE)}|{re.escape(PREFERENCES)}|{READERS}/[\w.-]+", re.ASCII)

Progress = Callable[[float], None]  # 0…1


def add(archive: zipfile.ZipFile, name: str, file: Path) -> dict[str, Any]:
    """Put a part in; its size and sha256. Raises ``OSError``."""
    with file.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        return copied(source, target)


def manifest_of(archive: zipfile.ZipFile, shown: Path) -> dict[str, Any]:
    """The manifest, checked: parts that are named and there, and no others. Raises ``StoreError``."""
    try:
        if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
            raise ValueError("a manifest that is too large")
        manifest = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise ValueError("another format")
        if manifest["version"] > VERSION:
            raise StoreError(f"{shown} is a backup of a newer Mneme, and nothing was restored; install that first.")
        parts = manifest["parts"]
        if {*parts, MANIFEST} != set(archive.namelist()) or len(archive.namelist()) != len(parts) + 1:
            raise ValueError("other parts than the manifest names")
        if DATABASE not in parts or not all(_PART.fullmatch(name) for name in parts):
            raise ValueError("parts that no backup has")
    except BROKEN as exc:
        raise damaged(shown, exc) from exc
    return dict(manifest)


def take_out(archive: zipfile.ZipFile, manifest: dict[str, Any], folder: Path, shown: Path, progress: Progress) -> None:
    """Write all parts into the empty ``folder``, each checked against the manifest.

    Raises ``StoreError`` for a part that is not as it was written, ``OSError``.
    """
    parts: dict[str, dict[str, Any]] = manifest["parts"]
    try:
        total = sum(int(part["size"]) for part in parts.values())
        done = 0
        for name, part in parts.items():
            if archive.getinfo(name).file_size != part["size"]:
                raise ValueError(f"{name} has another size")
            target = folder / name
            target.parent.mkdir(exist_ok=True, mode=0o700)
            with archive.open(name) as source, target.open("xb") as file:
                if copied(source, file) != part:
                    raise ValueError(f"{name} has another sum")
            done += int(part["size"])
            progress(done / max(1, total))
    except BROKEN as exc:
        raise damaged(shown, exc) from exc


def damaged(shown: Path, why: Exception) -> StoreError:
    """What is said of a file that is no whole backup."""
    return StoreError(f"{shown} is no whole backup ({why}), and nothing was restored; take another one.")


def copied(source: Any, target: BinaryIO | Any) -> dict[str, Any]:
    """Copy to the end; the size and sha256 of what was copied."""
    size, sum_ = 0, hashlib.sha256()
    while piece := source.read(_PIECE):
        size += len(piece)
        sum_.update(piece)
        target.write(piece)
    return {"size": size, "sha256": sum_.hexdigest()}
