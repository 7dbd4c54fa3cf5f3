"""How many rows of a word index hold a word, and what that says of it; counted once until the index changes.

Knows: FTS5's tables. Does not know: scores, or whose words they are.

A read asks for the same words twice (its evidence weighs them too), and people ask about the same things again. Counts
are kept while no connection has written: ``PRAGMA data_version`` tells of commits by others, ``total_changes`` of this
connection's own writes (https://sqlite.org/pragma.html#pragma_data_version).
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection

_COUNTED = 10_000  # rows of one word that are counted one by one
_KEPT = 10_000  # words whose counts are kept
_HAVING = "SELECT count(*), max(rowid) FROM (SELECT rowid FROM words WHERE words MATCH ? LIMIT ?)"


def quoted(term: str) -> str:
    """A term as an FTS5 string: nothing in it is syntax."""
    return '"' + term.replace('"', '""') + '"'


class WordCounts:
    """Counts of one connection's index. Whoever calls holds the connection's lock."""

    def __init__(self) -> None:
        self._state: tuple[int, ...] = ()  # of the index when what follows was counted
        self._rows = self._highest = 0
        self._having: dict[str, int] = {}

    def of(self, connection: sqlite3.Connection, terms: Collection[str]) -> tuple[int, dict[str, int]]:
        """Rows of the index, and how many of them hold each term."""
        state = (connection.total_changes, connection.execute("PRAGMA data_version").fetchone()[0])
        if state != self._state or len(self._having) > _KEPT:
            self._having = {}
            self._rows, self._highest = _size(connection)
            self._state = state
        for term in terms:
            if term not in self._having:
                self._having[term] = self._count(connection, term)
        return self._rows, {term: self._having[term] for term in terms}

    @staticmethod
    def idf(n: int, rows: int) -> float:
        """Lucene's inverse document frequency of a word that ``n`` of ``rows`` hold, in nats."""
        return math.log(1 + (rows - n + 0.5) / (n + 0.5))

    def _count(self, connection: sqlite3.Connection, term: str) -> int:
        """How many rows hold the term; a frequent one's count is extrapolated from its first rows."""
        counted, reach = connection.execute(_HAVING, (quoted(term), _COUNTED)).fetchone()
        if counted < _COUNTED:
            return int(counted)
        return max(_COUNTED, min(self._rows, round(_COUNTED * self._highest / int(reach))))


def _size(connection: sqlite3.Connection) -> tuple[int, int]:
    """Number of rows, and the highest row's number. Rows are counted where FTS5 itself looks it up: its averages
    record, a varint first (https://sqlite.org/fts5.html, "external content"; counting would read a whole index)."""
    block = connection.execute("SELECT block FROM words_data WHERE id = 1").fetchone()
    rows = 0
    for byte in block[0] if block else b"":
        rows = rows << 7 | byte & 0x7F
        if byte < 0x80:
            break
    highest = connection.execute("SELECT max(rowid) FROM places").fetchone()[0]
    return rows, int(highest or 0)
