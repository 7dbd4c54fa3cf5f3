"""The SQLite file before it is opened and after it is closed: its seal, and what is damaged in it.

Text is the source of truth and can be made of nothing else, so a damaged file is refused and left as it is. The seal, a
note beside the file, holds its sum from the end of one run to the start of the next: where it fits, nothing is read but
the sum. Where it does not (damage, or a file that a person put there) or is not there (a crash, an older version), the
file is read through. What that cannot see: bytes of a text that became another text, of a number another number. After
an orderly end the seal tells that something changed; after a crash nothing does.

Does not know: tables, SQLAlchemy, who says it to the person.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

from knowledge.errors import StoreError
from knowledge.memory.file_sums import drop, keep, sum_of

_NO_VERDICT = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_TEXT = ("TEXT", "VARCHAR", "JSON")
_SHOWN = 200  # characters of SQLite's own words

Found = Literal["", "changed", "gone"]


def before_opening(file: Path) -> Found:
    """``changed``: whole, but not as it was closed last. ``gone``: it was closed and is not there any more. The seal is
    the opener's to break. Raises ``StoreError`` for a damaged file, ``OSError`` where it cannot be read."""
    try:
        kept = json.loads(_seal(file).read_text("utf-8"))
    except (FileNotFoundError, ValueError):  # a damaged seal says nothing of the file
        kept = None
    if not file.exists():
        return "gone" if kept else ""
    if kept and not _log(file) and kept == sum_of(file):
        return ""
    # A new file is empty until its first page is there, and has neither.
    empty = (kept or _log(file)) and not file.stat().st_size
    if fault := "it is empty" if empty else fault_in(file):
        raise damage(file, fault)
    return "changed" if kept else ""


def break_seal(file: Path) -> None:
    """Somebody is about to open it. Raises ``OSError``."""
    drop(_seal(file))


def after_closing(file: Path) -> None:
    """Seal it, unless somebody still has it open: SQLite's log is there as long. Raises ``OSError``."""
    if not _wal(file).exists():
        keep(_seal(file), sum_of(file))
        if _wal(file).exists():
            break_seal(file)


def fault_in(file: Path) -> str:
    """Read the whole file, without changing it → what is wrong in it; "" for nothing, or where it cannot be opened."""
    # Without a log nobody has it open, and SQLite need not make one to read.
    how = "mode=ro" if _wal(file).exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True)) as connection:
            found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if found == "ok":
                _read_texts(connection)
                return ""
    except (sqlite3.Error, ValueError) as exc:
        code = getattr(exc, "sqlite_errorcode", None)  # none where Python cannot read what SQLite gave it
        if code is not None and code & 0xFF in _NO_VERDICT:
            return ""
        found = str(exc)
    return " ".join(found.split())[:_SHOWN].rstrip(".")


def damage(file: Path | str, reason: str) -> StoreError:
    """What is said of a damaged file."""
    return StoreError(
        f"The database {file} is damaged ({reason}) and was left as it is. Move it away, with its -wal file if there "
        "is one, and put a backup in its place, or start without one; sqlite3's .recover saves what can still be read."
    )


def _read_texts(connection: sqlite3.Connection) -> None:
    """Raises ``sqlite3.Error`` or ``ValueError`` for texts that are no UTF-8 and JSON that is none."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    )
    for (table,) in tables.fetchall():
        columns = connection.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
        kinds = {name: kind.upper() for _, name, kind, *_ in columns if kind.upper().startswith(_TEXT)}
        if not kinds:
            continue
        documents = [at for at, kind in enumerate(kinds.values()) if kind == "JSON"]
        for row in connection.execute(f"SELECT {', '.join(map(_quoted, kinds))} FROM {_quoted(table)}"):
            for at in documents:
                if row[at] is not None:
                    json.loads(row[at])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _seal(file: Path) -> Path:
    return file.with_name(f"{file.name}.closed")


def _wal(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _log(file: Path) -> bool:
    """Is there something in SQLite's log? After an orderly end there is not."""
    return _wal(file).exists() and _wal(file).stat().st_size > 0
