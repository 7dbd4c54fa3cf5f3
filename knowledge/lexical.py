"""Lexical index: BM25 over SQLite FTS5, one file per owner.

Knows: words, and which memory stands where in its container (for the window around a hit). Does not know: what a memory
means, or whether it still exists elsewhere; it can be rebuilt from the catalog at any time.

BM25: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with FTS5's k1 = 1.2 and
b = 0.75, but with Lucene's idf = ln(1 + (N − n + 0.5) / (n + 0.5)): the classic one is 0 for a word in half of the
rows, which in a memory of three turns is every word. Scores are divided by the idf mass of the query's words, found or
not, so 1 ≈ "every word of the query, once, in a text of average length", comparable between queries.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.errors import StoreError
from knowledge.records import Memory
from knowledge.words import index_words, is_cjk, query_terms

WINDOW = {1: 0.5, 2: 0.25}  # share of a turn's BM25 that the turns at this distance get
_MATCHES = 2000  # best rows of a query that are passed on; enough for every shortlist and its windows
_ROWS = 5000  # rows looked at for one word; only a word in more of them (it says little) is cut
_HAVING = "SELECT count(*) FROM words WHERE words MATCH ?"
_FIND = (
    "SELECT p.id, p.container, p.position, -bm25(words) FROM words JOIN places p ON p.rowid = words.rowid"
    " WHERE words MATCH ? AND p.readable LIMIT ?"
)
_SECURE_DELETE = (3, 42)  # the SQLite from which FTS5 itself removes a deleted row's terms at once
_VERSION = 1  # of the file's layout and of the word cutting; another number: rebuilt


@dataclass(frozen=True, slots=True)
class Matches:
    """What a query found among readable memories: id → score; place → score given by the turns around it."""

    own: dict[str, float] = field(default_factory=dict)  # best first
    window: dict[tuple[str, int], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a memory stands."""

    id: str
    container: str
    position: int


def _quoted(term: str) -> str:
    """A term as an FTS5 string: nothing in it is syntax."""
    return '"' + term.replace('"', '""') + '"'


class LexicalIndex:
    """Every owner's words. Safe to call from threads: one connection and one lock per owner."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owners: dict[str, _OwnerIndex] = {}
        self._lock = threading.Lock()

    def of(self, owner: str) -> _OwnerIndex:
        """The owner's index; an unreadable or older file is replaced by an empty one (then ``count`` tells).

        Raises ``StoreError`` when it can be neither opened nor replaced.
        """
        with self._lock:
            if owner not in self._owners:
                name = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]
                self._owners[owner] = _OwnerIndex(self._folder / f"{name}.sqlite3")
            return self._owners[owner]

    def close(self) -> None:
        with self._lock:
            for index in self._owners.values():
                index.close()
            self._owners.clear()


class _OwnerIndex:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._connection = self._open()

    # ---- following the catalog ------------------------------------------------------------------------

    def put(self, memories: Sequence[Memory]) -> None:
        """Index these as they are now, in place of what was there under their ids."""
        self.remove([memory.id for memory in memories])
        with self._writing() as connection:
            for memory in memories:
                row = connection.execute(
                    "INSERT INTO places(id, container, position, readable) VALUES (?, ?, ?, ?)",
                    (memory.id, memory.container, memory.position, memory.readable),
                ).lastrowid
                text = f"{memory.heading}\n{memory.text}" if memory.heading else memory.text
                connection.execute("INSERT INTO words(rowid, text) VALUES (?, ?)", (row, index_words(text)))

    def set_readable(self, memories: Iterable[Memory]) -> None:
        with self._writing() as connection:
            connection.executemany(
                "UPDATE places SET readable = ? WHERE id = ?", [(memory.readable, memory.id) for memory in memories]
            )

    def remove(self, ids: Sequence[str]) -> None:
        """Delete, so that the words are in no byte of the files afterwards."""
        with self._lock:
            with self._writing() as connection:
                gone = self._remove(connection, ids)
                if gone and sqlite3.sqlite_version_info < _SECURE_DELETE:
                    connection.execute("INSERT INTO words(words) VALUES ('optimize')")  # merges deleted terms away
            if gone:
                with self._reading() as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def clear(self) -> None:
        """Start over with an empty file."""
        with self._lock:
            self._connection.close()
            self._delete_files()
            self._connection = self._open()

    def count(self) -> int:
        """Rows; 0 and emptied when the file turns out to be broken."""
        with self._lock:
            try:
                self._connection.execute("INSERT INTO words(words) VALUES ('integrity-check')")
                self._connection.rollback()
                found = self._connection.execute(
                    "SELECT (SELECT count(*) FROM places), (SELECT count(*) FROM words)"
                ).fetchone()
                if found[0] == found[1]:
                    return int(found[0])
            except sqlite3.Error:
                pass
            self.clear()
            return 0

    def ids(self) -> set[str]:
        with self._reading() as connection:
            return {row[0] for row in connection.execute("SELECT id FROM places")}

    # ---- asking ---------------------------------------------------------------------------------------

    def matches(self, text: str) -> Matches:
        """Readable memories that hold a word of the text, with scores as the module describes."""
        places: dict[str, tuple[str, int]] = {}
        own: dict[str, float] = {}
        mass = 0.0
        with self._reading() as connection:
            total = connection.execute("SELECT count(*) FROM places").fetchone()[0]
            for term in query_terms(text):
                having = connection.execute(_HAVING, (_quoted(term),)).fetchone()[0]
                idf = math.log(1 + (total - having + 0.5) / (having + 0.5))
                if having or not is_cjk(term):
                    mass += idf  # a CJK pair nobody ever wrote mostly straddles two words: no word that was not found
                if not having:
                    continue
                theirs = math.log((total - having + 0.5) / (having + 0.5))
                share = idf / max(theirs, 1e-6)  # FTS5 gives a word of more than half the rows an idf of 1e-6
                for id, container, position, raw in connection.execute(_FIND, (_quoted(term), _ROWS)):
                    own[id] = own.get(id, 0.0) + share * raw
                    places[id] = (container, position)
        own = {id: own[id] / mass for id in sorted(own, key=lambda id: -own[id])[:_MATCHES]}
        window: dict[tuple[str, int], float] = {}
        for id, score in own.items():
            container, position = places[id]
            if container:
                for distance, part in WINDOW.items():
                    for place in ((container, position - distance), (container, position + distance)):
                        window[place] = window.get(place, 0.0) + part * score
        return Matches(own, window)

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """Inverse document frequency of each term as :meth:`matches` weighs it; terms as of ``query_terms``."""
        with self._reading() as connection:
            total = connection.execute("SELECT count(*) FROM places").fetchone()[0]
            counts = {term: connection.execute(_HAVING, (_quoted(term),)).fetchone()[0] for term in set(terms)}
        return {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in counts.items()}

    def search(self, text: str) -> list[str]:
        """For people: ids of all memories with every word, the last word possibly unfinished; best first."""
        terms = query_terms(text)
        if not terms:
            return []
        last = f"({_quoted(terms[-1])} OR {_quoted(terms[-1])}*)"
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT p.id FROM words JOIN places p ON p.rowid = words.rowid"
                " WHERE words MATCH ? ORDER BY bm25(words)",
                (" AND ".join([*map(_quoted, terms[:-1]), last]),),
            )
            return [row[0] for row in rows]

    def places(self, ids: Iterable[str]) -> list[Place]:
        with self._reading() as connection:
            query = "SELECT id, container, position FROM places WHERE id = ?"
            return [Place(*row) for id in ids for row in connection.execute(query, (id,))]

    def around(self, places: Iterable[Place], distance: int) -> dict[str, Place]:
        """Readable memories within ``distance`` positions of these places, those themselves included."""
        query = (
            "SELECT id, container, position FROM places WHERE container = ? AND position BETWEEN ? AND ? AND readable"
        )
        found: dict[str, Place] = {}
        with self._reading() as connection:
            for place in places:
                if place.container:
                    span = (place.container, place.position - distance, place.position + distance)
                    found.update((row[0], Place(*row)) for row in connection.execute(query, span))
        return found

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # ---- inside ---------------------------------------------------------------------------------------

    @staticmethod
    def _remove(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
        gone = 0
        for id in ids:
            row = connection.execute("SELECT rowid FROM places WHERE id = ?", (id,)).fetchone()
            if row:
                connection.execute("DELETE FROM words WHERE rowid = ?", row)
                connection.execute("DELETE FROM places WHERE rowid = ?", row)
                gone += 1
        return gone

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as exc:
                raise StoreError(f"The word index {self._path.name} failed ({exc}); restart to rebuild it.") from exc

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return self._connect()
            except sqlite3.DatabaseError:  # not a database, or of another version: text is elsewhere, start over
                self._delete_files()
                return self._connect()
        except (sqlite3.Error, OSError) as exc:
            raise StoreError(f"The word index {self._path} cannot be opened: {exc}.") from exc

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")  # the catalog knows what has to be indexed again
            connection.execute("PRAGMA secure_delete=ON")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise sqlite3.DatabaseError("another version of the word index")
            if version == 0:
                self._create(connection)
            connection.execute("SELECT count(*) FROM places").fetchone()
            connection.execute("SELECT count(*) FROM words").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _create(connection: sqlite3.Connection) -> None:
        # `readable` stands in a plain table: in FTS5 changing an unindexed column would write the words again.
        connection.execute(
            "CREATE TABLE IF NOT EXISTS places(rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
            " container TEXT NOT NULL, position INTEGER NOT NULL, readable INTEGER NOT NULL)"
        )
        connection.execute("CREATE INDEX IF NOT EXISTS places_by_container ON places(container, position)")
        connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS words"
            " USING fts5(text, tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        if sqlite3.sqlite_version_info >= _SECURE_DELETE:
            connection.execute("INSERT INTO words(words, rank) VALUES ('secure-delete', 1)")
        connection.execute(f"PRAGMA user_version={_VERSION}")
        connection.commit()

    def _delete_files(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
