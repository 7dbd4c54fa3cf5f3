"""What is on disk of a job under way, so that one that a kill cut can go on at the next start.

Beside a job's file ``ID`` lies ``ID.json``: whose it is, its name and kind, and how often it was begun; an import also
leaves ``ID.ids`` (knowledge/memory/transfer.py). Does not know: what a job does.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

MOST_TRIES = 2  # a file that ended the program as often is not begun again


@dataclass(frozen=True, slots=True)
class JobNote:
    owner: str
    name: str
    kind: str
    tries: int = 0  # begun so often


def write_note(path: Path, note: JobNote) -> None:
    """Note it beside the job's file ``path``. Raises OSError."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(note)), "utf-8")
    new.replace(path.with_suffix(".json"))


def journal_of(path: Path) -> Path:
    """Where an import of the file ``path`` notes which memories are its own."""
    return path.with_suffix(".ids")


def remove(path: Path) -> None:
    """Everything of the job with this file; the note last, so that a kill in between leaves no file without one."""
    for suffix in ("", ".ids", ".new", ".json"):
        with contextlib.suppress(OSError):
            path.with_suffix(suffix).unlink(missing_ok=True)


def left_over(folder: Path) -> list[tuple[Path, JobNote]]:
    """Jobs that the last run did not finish, oldest first; whatever else is in the folder is removed."""
    found: list[tuple[float, Path, JobNote]] = []
    for note in folder.glob("*.json") if folder.is_dir() else ():
        path = note.with_suffix("")
        with contextlib.suppress(OSError, ValueError, TypeError):
            kept = JobNote(**json.loads(note.read_text("utf-8")))
            found.append((path.stat().st_mtime, path, kept))
    wanted = {path.name for _, path, _ in found}
    for below in folder.iterdir() if folder.is_dir() else ():
        if below.stem not in wanted or below.suffix == ".new":
            with contextlib.suppress(OSError):
                shutil.rmtree(below) if below.is_dir() else below.unlink()
    return [(path, note) for _, path, note in sorted(found, key=lambda one: one[:2])]
