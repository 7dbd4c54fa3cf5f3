"""Lexical index: BM25 over SQLite FTS5, one file per owner.

Knows: words, and which memory stands where in its container (for the window around a hit). Does not know: what a memory
means, or whether it still exists elsewhere. Whatever meets a damaged file makes it anew from the memories' text, under
the index's lock, and then does what it was asked for.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from knowledge.errors import StoreError
from knowledge.memory.lexical_file import WordFile
from knowledge.memory.lexical_scores import Matches, matches
from knowledge.memory.word_counts import WordCounts, quoted
from knowledge.records import Memory
from knowledge.text.words import index_words, query_terms

log = logging.getLogger(__name__)

_UNREADABLE = "SELECT p.id FROM json_each(?) j CROSS JOIN places p ON p.id = j.value WHERE NOT p.readable"
_AT_ONCE = 2000  # rows up to which the stems of what is deleted leave the file at once, in milliseconds

Batches = Iterable[Sequence[Memory]]
P = ParamSpec("P")
T = TypeVar("T")


class LexicalIndex:
    """Every owner's words. Safe to call from threads: one connection and one lock per owner.

    ``texts``: an owner's memories as they are now, in batches, for an index that has to be made anew.
    """

    def __init__(self, folder: Path, texts: Callable[[str], Batches] = lambda owner: ()) -> None:
        self._folder, self._texts = folder, texts
        self._owners: dict[str, OwnerIndex] = {}
        self._lock = threading.Lock()

    def of(self, owner: str) -> OwnerIndex:
        """The owner's index; an unreadable or older file is replaced by an empty one (then ``count`` tells).

        Raises ``StoreError`` when it can be neither opened nor replaced.
        """
        with self._lock:
            if owner not in self._owners:
                name = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]
                path = self._folder / f"{name}.sqlite3"
                self._owners[owner] = OwnerIndex(path, lambda: self._texts(owner))
            return self._owners[owner]

    def trouble(self) -> str:
        """What is wrong with an index that is in use, in one sentence; "" where nothing is known to be."""
        return next(filter(None, (index.trouble() for index in self._opened())), "")

    def mend(self) -> None:
        """Make anew what is damaged. Raises ``StoreError`` where that is not possible."""
        for index in self._opened():
            index.look()

    def clean(self) -> bool:
        """Take what was deleted out of the files. → was there anything to do?"""
        return any([index.clean() for index in self._opened()])

    def close(self) -> None:
        """Clean and close the files."""
        for index in self._opened():
            index.close()
        with self._lock:
            self._owners.clear()

    def _opened(self) -> list[OwnerIndex]:
        with self._lock:
            return list(self._owners.values())


class _Damaged(StoreError):
    """The file has to be made anew."""


def _mending(method: Callable[Concatenate[OwnerIndex, P], T]) -> Callable[Concatenate[OwnerIndex, P], T]:
    """Done once more, on a new file, where the file turns out to be damaged."""

    @wraps(method)
    def done(self: OwnerIndex, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._lock:
            if not self._damaged:
                try:
                    result = method(self, *args, **kwargs)
                except _Damaged:
                    pass
                else:
                    self._trouble = ""
                    return result
            try:
                self._make_anew()
                return method(self, *args, **kwargs)
            except _Damaged as exc:  # a disk that does not keep what is written
                name = self._file.path.name
                raise StoreError(f"The word index {name} is damaged and cannot be made anew ({exc}).") from exc

    return done


class OwnerIndex:
    """``texts``: all that belongs here, in batches."""

    def __init__(self, path: Path, texts: Callable[[], Batches] = lambda: ()) -> None:
        self._texts = texts
        self._lock = threading.RLock()
        self._counts = WordCounts()
        self._trouble = ""
        self._damaged = False  # what is there now must not be read
        self._file = WordFile(path)

    # ---- following the catalog ------------------------------------------------------------------------

    @_mending
    def put(self, memories: Sequence[Memory]) -> None:
        """Index these as they are now, in place of what was there under their ids."""
        self._replace([memory.id for memory in memories], memories)

    @_mending
    def set_readable(self, memories: Sequence[Memory]) -> None:
        with self._writing() as connection:
            connection.executemany(
                "UPDATE places SET readable = ? WHERE id = ?", [(memory.readable, memory.id) for memory in memories]
            )

    @_mending
    def remove(self, ids: Sequence[str]) -> None:
        """Delete. Afterwards the text is in no byte of the file, and in a large index its stems are until ``clean``."""
        self._replace(ids, ())

    @_mending
    def clean(self) -> bool:
        """Take the stems of all that was deleted out of the file. → was there anything to do?"""
        with self._reading():
            return self._file.clean()

    def clear(self) -> None:
        """Start over with an empty file."""
        with self._lock:
            self._file.start_over()
            self._counts = WordCounts()
            self._damaged, self._trouble = False, ""

    def count(self) -> int:
        """Rows; 0 and emptied when the file turns out to be broken."""
        with self._lock:
            rows = None if self._damaged else self._file.rows()
            if rows is None:
                log.warning("The word index %s is damaged; it is made anew.", self._file.path.name)
                self.clear()
            return rows or 0

    @_mending
    def ids(self) -> set[str]:
        with self._reading() as connection:
            return {row[0] for row in connection.execute("SELECT id FROM places")}

    # ---- asking ---------------------------------------------------------------------------------------

    @_mending
    def matches(self, text: str) -> Matches:
        """Readable memories that hold a word of the text, scored as knowledge/memory/lexical_scores.py describes."""
        with self._reading() as connection:
            return matches(connection, self._counts, query_terms(text))

    @_mending
    def idf(self, terms: Collection[str]) -> dict[str, float]:
        """Inverse document frequency of each term as :meth:`matches` weighs it; terms as of ``query_terms``."""
        with self._reading() as connection:
            rows, having = self._counts.of(connection, dict.fromkeys(terms))
        return {term: self._counts.idf(n, rows) for term, n in having.items()}

    @_mending
    def search(self, text: str) -> list[str]:
        """For people: ids of all memories with every word, the last word possibly unfinished; best first."""
        terms = query_terms(text)
        if not terms:
            return []
        last = f"({quoted(terms[-1])} OR {quoted(terms[-1])}*)"
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT p.id FROM words JOIN places p ON p.rowid = words.rowid"
                " WHERE words MATCH ? ORDER BY bm25(words)",
                (" AND ".join([*map(quoted, terms[:-1]), last]),),
            )
            return [row[0] for row in rows]

    @_mending
    def unreadable(self, ids: Collection[str]) -> set[str]:
        """Those of ``ids`` that are here, but may not be read."""
        with self._reading() as connection:
            return {id for (id,) in connection.execute(_UNREADABLE, (json.dumps(list(ids)),))}

    # ---- the file -------------------------------------------------------------------------------------

    def trouble(self) -> str:
        """What is wrong with the file, in one sentence; "" where nothing is known to be. Waits for nobody."""
        if not self._trouble and self._lock.acquire(blocking=False):
            try:
                self._file.look()
            except sqlite3.Error as exc:
                self._note(exc)
            finally:
                self._lock.release()
        return self._trouble

    @_mending
    def look(self) -> None:
        """Make the file anew where it is damaged. Raises ``StoreError`` where that is not possible."""
        with self._reading():
            self._file.look()

    def close(self) -> None:
        with self._lock:
            try:
                self._file.clean()
            except sqlite3.Error as exc:  # the next start does it
                log.warning("The word index %s could not be cleaned: %s.", self._file.path.name, exc)
            self._file.close()

    # ---- inside ---------------------------------------------------------------------------------------

    def _replace(self, ids: Sequence[str], memories: Sequence[Memory]) -> None:
        with self._writing() as connection:
            if sum(self._remove(connection, id) for id in ids):
                self._file.expect_leftovers()
                if not self._file.clean(most=_AT_ONCE):
                    connection.commit()
                    self._file.checkpoint()
        with self._writing() as connection:
            for memory in memories:
                row = connection.execute(
                    "INSERT INTO places(id, container, position, readable) VALUES (?, ?, ?, ?)",
                    (memory.id, memory.container, memory.position, memory.readable),
                ).lastrowid
                text = f"{memory.heading}\n{memory.text}" if memory.heading else memory.text
                connection.execute("INSERT INTO words(rowid, text) VALUES (?, ?)", (row, index_words(text)))

    @staticmethod
    def _remove(connection: sqlite3.Connection, id: str) -> bool:
        row = connection.execute("SELECT rowid FROM places WHERE id = ?", (id,)).fetchone()
        if row:
            connection.execute("DELETE FROM words WHERE rowid = ?", row)
            connection.execute("DELETE FROM places WHERE rowid = ?", row)
        return bool(row)

    def _make_anew(self) -> None:
        """Raises ``StoreError``; then whoever comes next tries again."""
        name, started = self._file.path.name, time.monotonic()
        log.error("%s", self._trouble)
        self._damaged = True
        self._file.start_over()
        self._counts = WordCounts()
        for memories in self._texts():
            self._replace((), memories)
        self._damaged, self._trouble = False, ""
        rows, seconds = self._file.rows(), time.monotonic() - started
        log.warning("The word index %s was made anew: %s memories in %.1f s.", name, rows, seconds)

    def _note(self, error: sqlite3.Error) -> bool:
        """→ is the file damaged? Else it is the disk, or somebody else who holds it."""
        damaged = self._file.damaged(error)
        what = f"is damaged ({error}); it is made anew from the memories' text" if damaged else f"failed ({error})"
        self._trouble = f"The word index {self._file.path.name} {what}."
        return damaged

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._file.connection
            except sqlite3.Error as exc:
                if self._note(exc):
                    raise _Damaged(str(exc)) from exc
                raise StoreError(f"The word index {self._file.path.name} failed ({exc}).") from exc

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
