"""Lexical index: BM25 over SQLite FTS5, one file per owner.

Knows: words, and which memory stands where in its container (for the window around a hit). Does not know: what a memory
means, or whether it still exists elsewhere; it can be rebuilt from the catalog at any time.

BM25: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with FTS5's k1 = 1.2 and
b = 0.75, but with Lucene's idf = ln(1 + (N − n + 0.5) / (n + 0.5)): the classic one is 0 for a word in half of the
rows, which in a memory of three turns is every word. Scores are divided by the idf mass of the query's words, found or
not, so 1 ≈ "every word of the query, once, in a text of average length", comparable between queries.

A query touches a bounded number of rows however large the memory is. Words are taken rare first, as in WAND (Broder et
al., "Efficient Query Evaluation using a Two-Level Retrieval Process", 2003), and scored exactly while their rows add up
to at most 3,000; in a smaller memory that is every word. The frequent words left over select no rows by themselves
(but two of them together do, and the rarest its newest rows): they add their idf, as once in a text of average length,
to rows found otherwise. A word in more than 10,000 rows is counted by how far its first 10,000 reach.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from knowledge.errors import StoreError
from knowledge.records import Memory
from knowledge.word_counts import WordCounts, quoted
from knowledge.words import index_words, is_cjk, query_terms

WINDOW = {1: 0.5, 2: 0.25}  # share of a turn's BM25 that the turns at this distance get
_MATCHES = 600  # best rows of a query that are passed on; enough for every shortlist and its windows
_ROWS = 3000  # rows scored exactly for one query
_FREQUENT = 8  # frequent words of one query that are looked at
_PAIRED = 3  # of those, the rarest: two of them together select rows
_NEWEST = 1000  # rows that a pair, or the rarest frequent word alone, selects at most
_EXACT = "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?"
_SELECT = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?"
_WHERE = (  # json_each: a list of any length is one value; CROSS: in the list's order
    "SELECT p.rowid, p.id, p.container, p.position FROM json_each(?) j CROSS JOIN places p ON p.rowid = j.value"
    " WHERE p.readable"
)
_UNREADABLE = "SELECT p.id FROM json_each(?) j CROSS JOIN places p ON p.id = j.value WHERE NOT p.readable"
_SECURE_DELETE = (3, 42)  # the SQLite from which FTS5 itself removes a deleted row's terms at once
_VERSION = 1  # of the file's layout and of the word cutting; another number: rebuilt


@dataclass(frozen=True, slots=True)
class Matches:
    """What a query found among readable memories: id → score; place → score given by the turns around it."""

    own: dict[str, float] = field(default_factory=dict)  # best first
    window: dict[tuple[str, int], float] = field(default_factory=dict)


class LexicalIndex:
    """Every owner's words. Safe to call from threads: one connection and one lock per owner."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owners: dict[str, OwnerIndex] = {}
        self._lock = threading.Lock()

    def of(self, owner: str) -> OwnerIndex:
        """The owner's index; an unreadable or older file is replaced by an empty one (then ``count`` tells).

        Raises ``StoreError`` when it can be neither opened nor replaced.
        """
        with self._lock:
            if owner not in self._owners:
                name = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]
                self._owners[owner] = OwnerIndex(self._folder / f"{name}.sqlite3")
            return self._owners[owner]

    def close(self) -> None:
        with self._lock:
            for index in self._owners.values():
                index.close()
            self._owners.clear()


class OwnerIndex:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._counts = WordCounts()
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
            self._counts = WordCounts()

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
        with self._reading() as connection:
            scores = self._scores(connection, query_terms(text))
            ranked = sorted(scores, key=lambda row: -scores[row])
            own: dict[str, float] = {}
            places: list[tuple[str, int, float]] = []
            for at in range(0, len(ranked), _MATCHES):
                for row, id, container, position in connection.execute(
                    _WHERE, (json.dumps(ranked[at : at + _MATCHES - len(own)]),)
                ):
                    own[id] = scores[row]
                    if container:
                        places.append((container, position, scores[row]))
                if len(own) >= _MATCHES:
                    break
        window: dict[tuple[str, int], float] = {}
        for container, position, score in places:
            for distance, part in WINDOW.items():
                for place in ((container, position - distance), (container, position + distance)):
                    window[place] = window.get(place, 0.0) + part * score
        return Matches(own, window)

    def _scores(self, connection: sqlite3.Connection, terms: Sequence[str]) -> dict[int, float]:
        """Rows of the index, readable or not → their score."""
        rows, having = self._counts.of(connection, terms)
        idf = {term: self._counts.idf(n, rows) for term, n in having.items()}
        # A CJK pair nobody ever wrote mostly straddles two words: no word that was not found.
        mass = sum(idf[term] for term, n in having.items() if n or not is_cjk(term))
        exact: list[str] = []
        frequent: list[str] = []
        spent = 0
        for term in sorted((term for term in terms if having[term]), key=having.__getitem__):
            spent += having[term]
            (exact if spent <= _ROWS else frequent).append(term)
        scores: dict[int, float] = {}
        for term in exact:
            theirs = math.log((rows - having[term] + 0.5) / (having[term] + 0.5))
            share = idf[term] / max(theirs, 1e-6) / mass  # FTS5 gives a word of more than half the rows an idf of 1e-6
            for row, raw in connection.execute(_EXACT, (quoted(term),)):
                scores[row] = scores.get(row, 0.0) + share * raw
        for term, holding in self._holding(connection, exact, frequent[:_FREQUENT]).items():
            for row in holding:
                scores[row] = scores.get(row, 0.0) + idf[term] / mass
        return scores

    @staticmethod
    def _holding(connection: sqlite3.Connection, exact: list[str], frequent: list[str]) -> dict[str, set[int]]:
        """Frequent words, rarest first → the rows that hold them, of those with an exact word or two frequent ones."""
        found: dict[str, set[int]] = {term: set() for term in frequent}
        any_exact = " OR ".join(map(quoted, exact))

        def select(query: str, limit: int, *terms: str) -> None:
            selected = [row for (row,) in connection.execute(_SELECT, (query, limit))]
            for term in terms:
                found[term].update(selected)

        for term in frequent if exact else ():
            select(f"({any_exact}) AND {quoted(term)}", _ROWS, term)
        for one, other in combinations(frequent[:_PAIRED], 2):
            select(f"{quoted(one)} AND {quoted(other)}", _NEWEST, one, other)
        if frequent:
            select(quoted(frequent[0]), _NEWEST, frequent[0])
        return found

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """Inverse document frequency of each term as :meth:`matches` weighs it; terms as of ``query_terms``."""
        with self._reading() as connection:
            rows, having = self._counts.of(connection, dict.fromkeys(terms))
        return {term: self._counts.idf(n, rows) for term, n in having.items()}

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

    def unreadable(self, ids: Iterable[str]) -> set[str]:
        """Those of ``ids`` that are here, but may not be read."""
        with self._reading() as connection:
            return {id for (id,) in connection.execute(_UNREADABLE, (json.dumps(list(ids)),))}

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
