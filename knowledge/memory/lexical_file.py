"""The file of one owner's word index: opened, made, looked over, cleaned, thrown away and made anew.

Knows: SQLite and FTS5, and which of their errors mean that the file is damaged. Does not know: memories, queries.

What is deleted leaves the rows at once (``secure_delete``), but before SQLite 3.42 FTS5 keeps the stems of a deleted
row in its segments until they are merged. ``optimize`` merges them, and ``merge`` with a negative number does; both put
a level on top of the others each time, and a structure record with more than 2,000 levels counts as malformed: after
1,000 of them nothing is found any more. ``rebuild`` makes the segments anew from the rows, with one level.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from knowledge.errors import StoreError

log = logging.getLogger(__name__)

_SECURE_DELETE = (3, 42)  # the SQLite from which FTS5 itself removes a deleted row's terms at once
_VERSION = 1  # of the file's layout and of the word cutting; another number: rebuilt
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PERHAPS = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_IOERR)  # a table that is gone, a page that cannot be read
_LOOK = "SELECT rowid FROM words WHERE words MATCH 'a' LIMIT 1"


class WordFile:
    """An open file; whoever calls holds its owner's lock. An unreadable or older one is replaced by an empty one.

    Raises ``StoreError`` when it can be neither opened nor replaced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = self._open()

    def start_over(self) -> None:
        """Go on with an empty file. Raises ``StoreError``."""
        self.connection.close()
        try:
            self._delete()
        except OSError as exc:
            raise _not_opened(self.path, exc) from exc
        self.connection = self._open()

    def close(self) -> None:
        self.connection.close()

    def damaged(self, error: sqlite3.Error) -> bool:
        """Does this error, just met, say that the file is damaged?"""
        kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF  # of an extended code
        return kind in _DAMAGED or (kind in _PERHAPS and self.rows() is None)

    def look(self) -> None:
        """A glance at the parts that every search needs. Raises ``sqlite3.Error`` where they are broken."""
        self.connection.execute(_LOOK).fetchone()
        self.connection.execute("SELECT max(rowid) FROM places").fetchone()

    def rows(self) -> int | None:
        """Number of rows after a look at all of them; None when the file turns out to be broken."""
        try:
            self.connection.execute("INSERT INTO words(words) VALUES ('integrity-check')")
            self.connection.rollback()
            counts = "SELECT (SELECT count(*) FROM places), (SELECT count(*) FROM words)"
            places, words = self.connection.execute(counts).fetchone()
        except sqlite3.Error:
            return None
        return int(places) if places == words else None

    def expect_leftovers(self) -> None:
        """Rows were deleted in this transaction: their stems may still be in the file."""
        if sqlite3.sqlite_version_info < _SECURE_DELETE:
            self.connection.execute("INSERT INTO leftovers VALUES (1)")

    def clean(self, *, most: int | None = None) -> bool:
        """Take the stems of deleted rows out, in time of the index's size; not where it has more than ``most`` rows.

        → was there anything to do? Raises ``sqlite3.Error``."""
        one = self.connection
        if not one.execute("SELECT EXISTS (SELECT 1 FROM leftovers)").fetchone()[0]:
            return False
        if most is not None and one.execute("SELECT 1 FROM places LIMIT 1 OFFSET ?", (most,)).fetchone():
            return False
        with one:  # commits, and with it what was deleted just now
            one.execute("INSERT INTO words(words) VALUES ('rebuild')")
            one.execute("DELETE FROM leftovers")
        self.checkpoint()
        return True

    def checkpoint(self) -> None:
        """Nothing of before is left in the write-ahead log."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # ---- inside ---------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return self._connect()
            except sqlite3.DatabaseError as exc:  # no database, or of another version: text is elsewhere, start over
                log.warning("The word index %s cannot be used (%s); it is made anew.", self.path.name, exc)
                self._delete()
                return self._connect()
        except (sqlite3.Error, OSError) as exc:
            raise _not_opened(self.path, exc) from exc

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")  # the catalog knows what has to be indexed again
            connection.execute("PRAGMA secure_delete=ON")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise sqlite3.DatabaseError("another version of the word index")
            if version == 0:
                _create(connection)
            connection.execute("CREATE TABLE IF NOT EXISTS leftovers(row INTEGER)")  # one for each deletion
            _delete_securely(connection)
            connection.commit()
            connection.execute("SELECT count(*) FROM places").fetchone()
            connection.execute("SELECT count(*) FROM words").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _delete(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)


def _create(connection: sqlite3.Connection) -> None:
    # `readable` stands in a plain table: in FTS5 changing an unindexed column would write the words again.
    connection.execute(
        "CREATE TABLE IF NOT EXISTS places(rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
        " container TEXT NOT NULL, position INTEGER NOT NULL, readable INTEGER NOT NULL)"
    )
    connection.execute("CREATE INDEX IF NOT EXISTS places_by_container ON places(container, position)")
    connection.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    connection.execute(f"PRAGMA user_version={_VERSION}")


def _delete_securely(connection: sqlite3.Connection) -> None:
    """Have FTS5 do it where it can, also in a file that an earlier SQLite made."""
    if sqlite3.sqlite_version_info >= _SECURE_DELETE:
        kept = connection.execute("SELECT v FROM words_config WHERE k = 'secure-delete'").fetchone()
        if kept is None or not kept[0]:
            connection.execute("INSERT INTO words(words, rank) VALUES ('secure-delete', 1)")


def _not_opened(path: Path, why: Exception) -> StoreError:
    return StoreError(f"The word index {path} cannot be opened: {why}.")
