"""The shortlist that a read attends over: dense ∪ lexical ∪ their neighbours ∪ pinned, with each head's evidence.

Knows: how to gather candidates from the two indexes, and that the catalog has the last word on what may be read.
Does not know: how the evidence is weighed (that is the reader's).
"""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from knowledge.catalog import Catalog
from knowledge.lexical import LexicalIndex
from knowledge.records import Candidate, Memory
from knowledge.vectors import VectorIndex

NEIGHBOURS = 2  # turns on either side of a hit that come along


def gather(
    catalog: Catalog, lexical: LexicalIndex, vectors: VectorIndex, owner: str, text: str, vector: np.ndarray, *,
    dense: int, words: int, exclude: Set[str],
) -> list[Candidate]:
    """Readable candidates, in no particular order. ``vector``: (dimension,) unit row of the query.

    ``dense`` and ``words`` bound how many come from each index; up to four neighbours of each come on top.
    """
    index = lexical.of(owner)
    found = index.matches(text)
    spoken = [id for id in found.own if id not in exclude][:words]
    cosines, seen = _dense(catalog, vectors, owner, vector, dense, exclude)
    around = index.around(index.places([*cosines, *spoken]), NEIGHBOURS)
    pinned = catalog.pinned(owner)
    wanted = dict.fromkeys([*cosines, *spoken, *around, *pinned])
    seen.update(catalog.get(owner, [id for id in wanted if id not in seen]))
    memories = [memory for id in wanted if id not in exclude and (memory := seen.get(id)) and memory.readable]
    lacking = [memory.id for memory in memories if memory.id not in cosines]
    rows = vectors.vectors(owner, lacking)
    cosines.update((id, float(np.clip(np.dot(row, vector), -1.0, 1.0))) for id, row in rows.items())
    return [
        Candidate(
            memory=memory,
            cosine=cosines.get(memory.id, 0.0),
            bm25=found.own.get(memory.id, 0.0),
            window=found.window.get((memory.container, memory.position), 0.0) if memory.container else 0.0,
        )
        for memory in memories
    ]


def _dense(
    catalog: Catalog, vectors: VectorIndex, owner: str, vector: np.ndarray, n: int, exclude: Set[str]
) -> tuple[dict[str, float], dict[str, Memory]]:
    """The ``n`` nearest readable ids with their cosine, and the memories looked up on the way.

    Chroma's own filter makes a query ten times slower, and most memories are readable: first without it, with some to
    spare, and only when that leaves too few, with it.
    """
    asked = 2 * n + min(len(exclude), 4 * n)
    seen: dict[str, Memory] = {}
    kept: dict[str, float] = {}
    for filtered, size in ((False, asked), (True, n + len(exclude))):
        near = vectors.nearest(owner, vector, size, readable=filtered)
        seen.update(catalog.get(owner, [id for id, _ in near if id not in seen]))
        usable = [(id, cos) for id, cos in near if id not in exclude and id in seen and seen[id].readable]
        kept = dict(usable[:n])
        if len(kept) >= n or len(near) < size:
            break
    return kept, seen
