"""How well the rows of a word index answer a query: BM25, and what it gives to the turns around a hit.

Knows: FTS5's tables, on a connection whose lock the caller holds. Does not know: files, whose words they are, or what a
memory means.

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

import json
import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from knowledge.memory.word_counts import WordCounts, quoted
from knowledge.text.words import is_cjk

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


@dataclass(frozen=True, slots=True)
class Matches:
    """What a query found among readable memories: id → score; place → score given by the turns around it."""

    own: dict[str, float] = field(default_factory=dict)  # best first
    window: dict[tuple[str, int], float] = field(default_factory=dict)


def matches(connection: sqlite3.Connection, counts: WordCounts, terms: Sequence[str]) -> Matches:
    """Readable memories that hold one of the terms (as of ``query_terms``), scored as the module describes."""
    scores = _scores(connection, counts, terms)
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


def _scores(connection: sqlite3.Connection, counts: WordCounts, terms: Sequence[str]) -> dict[int, float]:
    """Rows of the index, readable or not → their score."""
    rows, having = counts.of(connection, terms)
    idf = {term: counts.idf(n, rows) for term, n in having.items()}
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
    for term, holding in _holding(connection, exact, frequent[:_FREQUENT]).items():
        for row in holding:
            scores[row] = scores.get(row, 0.0) + idf[term] / mass
    return scores


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
