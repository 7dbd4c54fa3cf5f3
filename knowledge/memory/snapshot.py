"""A copy of the SQL database as it is at one moment, taken while it is in use, without what can be made anew.

Knows: SQLite's own copying, and which columns hold vectors. What was deleted is in no copy: its rows are left out, and
the copy is written anew from the rows that remain. Does not know: where copies are kept, or what else a person keeps.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from knowledge.errors import StoreError
from knowledge.memory.database_file import fault_in
from knowledge.memory.schema import knows

_BUSY = 30.0  # seconds that a copy waits for a writer
_COUNTED = ("conversations", "messages", "memories", "documents")
# Every row is to be indexed anew, by whichever encoder serves then, in collections of another name: a Chroma server may
# still hold those of the database that was copied.
_FORGET = (
    "DELETE FROM memories WHERE deleted",
    "UPDATE memories SET vector = NULL, key_count = NULL, indexed = 0",
    "DELETE FROM store_info WHERE key IN ('vectors', 'store', 'dimension')",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a copy holds. ``schema``: number of the last step of its tables; ``counts``: rows by table."""

    schema: str
    encoder: str
    counts: dict[str, int]


def file_of(url: str) -> Path | None:
    """The file of a SQLite database, or None for a database that is no file of ours to copy."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def take(file: Path, copy: Path) -> Snapshot:
    """Copy the database ``file``, which may be in use, to the new file ``copy``.

    Raises ``StoreError`` where it is damaged, is no database of ours or cannot be written.
    """
    try:
        source = f"{file.absolute().as_uri()}?mode=rw"  # "rw" and not "ro": a log that a crash left is read, too
        with closing(sqlite3.connect(source, uri=True, timeout=_BUSY)) as there:
            with closing(sqlite3.connect(copy)) as here:
                there.backup(here)  # in one step: one moment, whatever is written meanwhile
            with closing(sqlite3.connect(copy, isolation_level=None)) as here:
                here.execute("PRAGMA journal_mode=DELETE")
                here.execute("BEGIN")
                for forget in _FORGET:
                    here.execute(forget)
                here.execute("COMMIT")
                here.execute("VACUUM")
    except sqlite3.Error as exc:
        raise StoreError(f"The database {file} cannot be copied ({exc}); nothing was written.") from exc
    return look(copy)


def look(file: Path) -> Snapshot:
    """Read a copy through. Raises ``StoreError`` for one that is damaged or of a newer version."""
    if fault := fault_in(file):
        raise StoreError(f"The database in the backup is damaged ({fault}); take an older backup.")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            schema = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
            encoder = connection.execute("SELECT value FROM store_info WHERE key = 'encoder'").fetchone()
            counts = {name: _count(connection, name) for name in _COUNTED}
    except (sqlite3.Error, TypeError) as exc:
        raise StoreError(f"The database in the backup is none of Mneme's ({exc}); take another backup.") from exc
    if not knows(schema):
        raise newer(schema)
    return Snapshot(schema, str(encoder[0]) if encoder else "", counts)


def newer(schema: str) -> StoreError:
    """What is said of a copy of a newer version."""
    return StoreError(
        f"The backup is of a newer Mneme (its tables are of version {schema}), and nothing was restored; install that "
        "version first."
    )


def settle(file: Path) -> None:
    """Bring what stands in SQLite's log into the database ``file``, so that it can be replaced without it. A damaged
    one is left as it is. Raises ``OSError``."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        pass
    for suffix in ("-wal", "-shm", ".closed"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
