"""The shortlist that a read attends over: dense ∪ lexical ∪ their neighbours ∪ pinned, with each head's evidence.

Knows: how to gather candidates from the two indexes, and that the catalog has the last word on what may be read.
Does not know: how the evidence is weighed (that is the reader's).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from knowledge.memory.catalog import Catalog
from knowledge.memory.lexical import LexicalIndex, OwnerIndex
from knowledge.memory.vectors import VectorIndex
from knowledge.records import Candidate

NEIGHBOURS = 2  # turns on either side of a hit that come along
ENOUGH = 300  # memories with which the better half of the hits is enough (LOG.md, 2026-11-26)
_BESIDE = ThreadPoolExecutor(4, thread_name_prefix="dense")  # Chroma searches without Python's lock


def gather(
    catalog: Catalog,
    lexical: LexicalIndex,
    vectors: VectorIndex,
    owner: str,
    text: str,
    vector: np.ndarray,
    *,
    dense: int,
    words: int,
    exclude: Set[str],
    score: np.ndarray | None = None,
) -> list[Candidate]:
    """Readable candidates, in no particular order.

    ``vector``: (dimension,) unit row of the query, and of what the cosines are to, if not ``score``. ``dense`` and
    ``words`` bound how many come from each index; up to four neighbours of each come on top. Where hits stand close
    together all of them come; where the better half of them and its neighbours are ``ENOUGH`` by themselves, as in a
    large memory, the other half stays away.
    """
    index = lexical.of(owner)
    search = _BESIDE.submit(_dense, index, vectors, owner, vector, dense, exclude)
    found = index.matches(text)
    spoken = [id for id in found.own if id not in exclude][:words]
    cosines = search.result()
    better, rest = _halves([*cosines], spoken)
    seen, keys = catalog.around(owner, better, NEIGHBOURS)
    if rest and len(seen) < ENOUGH:
        more, further = catalog.around(owner, rest, NEIGHBOURS)
        seen, keys = seen | more, keys | further
    memories = [memory for id, memory in seen.items() if id not in exclude and id in keys]
    if not memories:
        return []
    near, parts, rows = _nearest_keys([keys[memory.id] for memory in memories], vector if score is None else score)
    return [
        Candidate(
            memory,
            cosine,
            bm25=found.own.get(memory.id, 0.0),
            window=found.window.get((memory.container, memory.position), 0.0) if memory.container else 0.0,
            part=part,
            key=row,
        )
        for memory, cosine, part, row in zip(memories, near.tolist(), parts.tolist(), rows, strict=True)
    ]


def nearest_part(candidate: Candidate, keys: np.ndarray, vector: np.ndarray) -> Candidate:
    """The candidate with the one of its (keys, dimension) that is nearest to the (dimension,) query."""
    cosine, part, row = _nearest_keys([keys], vector)
    return replace(candidate, cosine=float(cosine[0]), part=int(part[0]), key=row[0])


def _nearest_keys(keys: Sequence[np.ndarray], vector: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of n memories, each with its (keys, dimension): cosine (n,), number (n,) and row (n, dimension) of the key that
    is nearest to the (dimension,) query."""
    counts = np.array([len(one) for one in keys])
    first = np.cumsum(counts) - counts
    rows = np.concatenate(keys)
    near = np.clip((rows * vector).sum(1), -1.0, 1.0)
    best = np.maximum.reduceat(near, first)
    part = np.zeros(len(keys), dtype=np.int64)
    for at in np.flatnonzero(counts > 1):
        part[at] = near[first[at] : first[at] + counts[at]].argmax()
    return best, part, rows[first + part]


def _halves(near: Sequence[str], spoken: Sequence[str]) -> tuple[list[str], list[str]]:
    """The better half of each ranking, and what is left of both."""
    better = dict.fromkeys([*near[: (len(near) + 1) // 2], *spoken[: (len(spoken) + 1) // 2]])
    return list(better), [id for id in dict.fromkeys([*near, *spoken]) if id not in better]


def _dense(
    index: OwnerIndex, vectors: VectorIndex, owner: str, vector: np.ndarray, n: int, exclude: Set[str]
) -> dict[str, float]:
    """The ``n`` nearest readable ids with their cosine.

    Chroma's own filter makes a query ten times slower, and most memories are readable: first without it, with some to
    spare, and only when that leaves too few, with it. Whether they are readable the word index tells here; one that
    it does not know is left to the catalog.
    """
    asked = 2 * n + min(len(exclude), 4 * n)
    kept: dict[str, float] = {}
    for filtered, size in ((False, asked), (True, n + len(exclude))):
        near = vectors.nearest(owner, vector, size, readable=filtered)
        hidden = index.unreadable([id for id, _ in near])
        usable = [(id, cos) for id, cos in near if id not in exclude and id not in hidden]
        kept = dict(usable[:n])
        if len(kept) >= n or len(near) < size:
            break
    return kept
