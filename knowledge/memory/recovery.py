"""Makes the two indexes follow the catalog again: after a crash, damage, or a change of encoder.

Knows: that the catalog's text is the truth and everything else can be made from it. Does not know: who shows progress.
Every step may be killed; running it again goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from knowledge.errors import StoreError
from knowledge.memory.catalog import Catalog
from knowledge.memory.lexical import LexicalIndex
from knowledge.memory.vectors import VectorIndex, key_names, memory_of
from knowledge.records import Memory

Encode = Callable[[Sequence[Memory]], Sequence[np.ndarray]]  # of each its keys, (keys, dimension)
Progress = Callable[[str, float], None]  # ("words" | "vectors" | "repairing", 0…1)
_BATCH = 128
_PAGE = 500  # memories fetched at once
_COMPARED = 500  # memories whose vectors are compared where they are in doubt, evenly spread
_SAME = 0.99  # cosine of a vector in Chroma and its 16-bit copy in the catalog


def batches(catalog: Catalog, owner: str) -> Iterator[list[Memory]]:
    """All of an owner's memories, oldest first. What is deleted meanwhile is left out."""
    ids = catalog.ids(owner)
    for at in range(0, len(ids), _PAGE):
        found = catalog.get(owner, ids[at : at + _PAGE])
        yield [found[id] for id in ids[at : at + _PAGE] if id in found]


def repair(catalog: Catalog, lexical: LexicalIndex, vectors: VectorIndex, encode: Encode, progress: Progress) -> None:
    """Finish tombstones and rows marked not indexed, add what an index lacks, remove what it has too much.

    The collections belong to the current encoder; when it is new they are empty and everything is encoded. What an
    index lacks is encoded only where the catalog keeps no keys of it. Raises ``StoreError`` when an index cannot be
    repaired, and whatever ``encode`` raises.
    """
    owners = catalog.owners()
    for owner in owners:
        _repair_words(catalog, lexical, owner, progress)
    try:
        lacking = {owner: _lacking(catalog, vectors, owner) for owner in owners}
    except StoreError as exc:
        vectors.reopen_empty(str(exc))
        lacking = {owner: catalog.ids(owner) for owner in owners}
    phase = "repairing" if vectors.opening.fault else "vectors"
    total, done = sum(map(len, lacking.values())), 0
    for owner, ids in lacking.items():
        for at in range(0, len(ids), _BATCH):
            found, keys = catalog.with_vectors(owner, ids[at : at + _BATCH])
            unknown = [id for id in found if id not in keys]
            if unknown:
                made = [np.atleast_2d(rows) for rows in encode([found[id] for id in unknown])]
                catalog.set_vectors(owner, unknown, made)
                keys.update(zip(unknown, made, strict=True))
            flags = [memory.readable for memory in found.values()]
            vectors.put(owner, list(found), [keys[id] for id in found], flags)
            done += len(ids[at : at + _BATCH])
            progress(phase, done / total)
        catalog.set_indexed(owner, sorted(catalog.unindexed(owner)))
        gone = sorted(catalog.tombstones(owner))
        vectors.remove(owner, key_names(catalog.key_counts(owner, gone)))
        catalog.drop_tombstones(owner, gone)
    catalog.checkpoint()


def _repair_words(catalog: Catalog, lexical: LexicalIndex, owner: str, progress: Progress) -> None:
    index = lexical.of(owner)
    gone = catalog.tombstones(owner)
    pending = catalog.unindexed(owner)
    index.remove(sorted(gone))
    index.clean()  # of what an earlier run had no quiet moment for
    if index.count() == catalog.count(owner) and not pending:
        return
    there, wanted = index.ids(), catalog.ids(owner)
    index.remove(sorted(there - set(wanted)))
    lacking = [id for id in wanted if id not in there or id in pending]
    for at in range(0, len(lacking), _BATCH):
        index.put(list(catalog.get(owner, lacking[at : at + _BATCH]).values()))
        progress("words", min(1.0, (at + _BATCH) / len(lacking)))


def _lacking(catalog: Catalog, vectors: VectorIndex, owner: str) -> list[str]:
    """Ids to index, after removing what the collection has too much."""
    vectors.check(owner)
    pending = catalog.unindexed(owner)
    if vectors.opening.doubted:
        _compare(catalog, vectors, owner, pending)
    elif vectors.count(owner) == catalog.key_count(owner) and not pending:
        return []
    there, ids = vectors.names(owner), catalog.ids(owner)
    counts = catalog.key_counts(owner, ids)
    # Those of a pending row may be of another text.
    names = {id: set(key_names({id: counts[id]})) for id in ids if id not in pending}
    vectors.remove(owner, sorted(name for name in there if name not in names.get(memory_of(name), ())))
    return [id for id in ids if not (names.get(id) and names[id] <= there)]


def _compare(catalog: Catalog, vectors: VectorIndex, owner: str, pending: set[str]) -> None:
    """Raises ``StoreError`` where Chroma holds other vectors than the catalog. Those of pending rows may be older."""
    ids = catalog.ids(owner)
    kept = catalog.vectors(owner, [id for id in ids[:: max(1, len(ids) // _COMPARED)] if id not in pending])
    right = {name: row for id, rows in kept.items() for name, row in zip(key_names({id: len(rows)}), rows, strict=True)}
    there = vectors.keys(owner, list(right))
    wrong = sum(float(row @ right[name]) < _SAME for name, row in there.items())
    if wrong:
        raise StoreError(f"{wrong} of {len(there)} vectors in Chroma are not those of their memories.")
