"""The external memory: a catalog in SQL, words in FTS5 and vectors in Chroma, kept in step.

Knows: the order of steps that survives a crash (SQL first, marked not indexed; then both indexes; then the mark is
cleared; a deletion leaves a tombstone without text until both indexes are clean), and that nothing of one owner is
visible to another: each has a collection and a word index of their own. Does not know: encoders, dialogues, pages.

Every method raises ``StoreError`` when the database, the word index or Chroma fails. Safe to call from threads.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from sqlalchemy.engine import Engine

from knowledge.errors import BadInput, EncoderMismatch
from knowledge.memory.catalog import Catalog
from knowledge.memory.catalog_tables import Filters
from knowledge.memory.lexical import LexicalIndex
from knowledge.memory.recovery import Encode, Progress, batches, repair
from knowledge.memory.shortlist import gather
from knowledge.memory.vectors import VectorIndex, key_names
from knowledge.records import Candidate, Document, Gate, Memory, Standing

log = logging.getLogger(__name__)

_REPAIRED = (
    "Chroma's files were damaged ({fault}); all vectors were made anew from the text in {seconds:.1f} s. "
    "No memory is lost."
)
_KEYS = "keys of parts"  # how a memory's keys are made of its text: other words, and they are made anew


class ExternalMemory:
    """Memories of any number of owners.

    ``engine``: from ``open_database``; ``data``: folder for the word indexes and the embedded Chroma; ``chroma``:
    "embedded" or ``http://host:port``; ``encoder_name`` and ``dimension``: what makes the vectors handed in. When the
    store was made by another encoder, call ``recover`` first (until then writing and reading raise
    ``EncoderMismatch``). ``vectors`` replaces the vector index (tests). ``clock``: seconds since the epoch, UTC.

    ``forgotten``: called with owner and ids (None: all) before and after memories are edited or deleted, by whoever
    keeps something made of their text.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        data: Path,
        chroma: str = "embedded",
        encoder_name: str,
        dimension: int,
        vectors: VectorIndex | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.encoder_name, self._clock = encoder_name, clock
        self._encoder = {"encoder": encoder_name, "dimension": str(dimension)}
        self._label = f"{encoder_name} {dimension} {_KEYS}"  # of the keys in the catalog's rows
        self._dimension = dimension
        self.repaired = ""  # one sentence, where ``recover`` had to make the vectors anew
        self.forgotten: list[Callable[[str, Sequence[str] | None], None]] = []
        self._locks: dict[str, threading.RLock] = {}
        self._catalog = Catalog(engine, dimension)
        store = self._catalog.info("store")
        if store is None:
            store = uuid.uuid4().hex
            self._catalog.set_info({"store": store, **self._encoder, "vectors": self._label})
        # Another label: of another encoder, or of a version that gave every memory one key, or kept none in its row.
        self._current = self._catalog.info("vectors") == self._label and all(
            self._catalog.info(key) == value for key, value in self._encoder.items()
        )
        self._lexical = LexicalIndex(data / "lexical", lambda owner: batches(self._catalog, owner))
        self._vectors = vectors or VectorIndex(
            data / "chroma" if chroma == "embedded" else chroma, store=store, encoder=self._label, dimension=dimension
        )

    # ---- recovery -------------------------------------------------------------------------------------

    def recover(self, encode: Encode, progress: Progress) -> None:
        """Call once at start, before anything else: finish half-done work, undo unfinished documents, rebuild what is
        missing, damaged, or made by another encoder.

        ``progress`` gets ("words" | "vectors", 0…1), and "repairing" where Chroma's files were damaged; then
        ``repaired`` says so. Killed midway, the next call goes on.
        """
        for owner in self.owners():
            for id in self._catalog.broken_documents(owner):
                self._catalog.erase(owner, self._catalog.ids(owner, container=id), document=id)
        if self._catalog.info("vectors") != self._label:
            self._catalog.set_info({"vectors": self._label}, forget_vectors=True)
        started = time.monotonic()
        repair(self._catalog, self._lexical, self._vectors, encode, progress)
        if fault := self._vectors.opening.fault:
            self.repaired = _REPAIRED.format(fault=fault, seconds=time.monotonic() - started)
            log.warning("%s", self.repaired)
        self._catalog.set_info(self._encoder)
        self._vectors.drop_others(self.owners())
        self._current = True

    # ---- writing --------------------------------------------------------------------------------------

    def add(self, owner: str, memories: Sequence[Memory], keys: Sequence[np.ndarray] | np.ndarray) -> list[str]:
        """Write memories with the (keys, dimension), or the (dimension,) of the only one, of each. An id already there
        stays, only ``active`` follows.

        Writing the same again changes nothing, and finishes what an earlier call left half done. → ids newly added.
        """
        rows = self._checked(keys, len(memories))
        if not memories:
            return []
        ids = [memory.id for memory in memories]
        with self._lock(owner):
            self._bury(owner, sorted(self._catalog.tombstones(owner, ids)))
            new = self._catalog.insert(owner, memories, rows)
            kept = self._catalog.get(owner, self._catalog.unindexed(owner, ids))
            said = {memory.id: (memory.text, row) for memory, row in reversed(list(zip(memories, rows, strict=True)))}
            fresh = set(new)
            # A row whose text was edited since has other keys than those handed in: recover() indexes it.
            ready = [m for m in kept.values() if m.id in fresh or m.text == said[m.id][0]]
            self._index(owner, ready, [said[m.id][1] for m in ready])
        return new

    def edit(self, owner: str, id: str, text: str, keys: np.ndarray) -> Memory:
        """Replace a memory's text and its keys, as of :meth:`add`; the old words leave the files. Raises
        ``NotFound``."""
        rows = self._checked([keys], 1)
        with self._lock(owner), self._forgetting(owner, [id]):
            before = self._catalog.key_counts(owner, [id])
            self._catalog.set_text(owner, id, text, rows[0], self._clock())
            memory = self._catalog.get(owner, [id])[id]
            self._vectors.remove(
                owner, key_names(before)
            )  # put in its place, the new vector could leave the old one in a file
            self._index(owner, [memory], rows)
            self._catalog.checkpoint()
        return memory

    def mark(
        self,
        owner: str,
        ids: Iterable[str],
        *,
        pinned: bool | None = None,
        muted: bool | None = None,
        active: bool | None = None,
    ) -> None:
        """Set the marks that are not None; ids that are not there are passed over."""
        given = {"pinned": pinned, "muted": muted, "active": active}
        marks = {name: value for name, value in given.items() if value is not None}
        wanted = list(dict.fromkeys(ids))
        if not marks or not wanted:
            return
        with self._lock(owner):
            before = self._catalog.get(owner, wanted)
            pending = self._catalog.unindexed(owner, wanted)
            changed = [m for m in before.values() if any(getattr(m, name) != marks[name] for name in marks)]
            self._catalog.set_marks(owner, [m.id for m in changed], marks)
            after = self._catalog.get(owner, [m.id for m in changed])
            moved = [m for m in after.values() if m.readable != before[m.id].readable]
            self._lexical.of(owner).set_readable(moved)
            counts = self._catalog.key_counts(owner, [m.id for m in moved])
            self._vectors.set_readable(owner, counts, {m.id: m.readable for m in moved})
            self._catalog.set_indexed(owner, [m.id for m in changed if m.id not in pending])

    def delete(self, owner: str, ids: Iterable[str]) -> int:
        """Delete for good, words and vectors included. → how many there were."""
        return self._delete(owner, list(dict.fromkeys(ids)))

    def _delete(self, owner: str, wanted: Sequence[str], document: str | None = None) -> int:
        with self._lock(owner), self._forgetting(owner, wanted):
            count = self._catalog.erase(owner, wanted, document=document)
            self._bury(owner, sorted(self._catalog.tombstones(owner, wanted)))
        return count

    def delete_container(self, owner: str, container: str) -> int:
        """Delete all memories of a conversation or document."""
        with self._lock(owner):
            return self.delete(owner, self._catalog.ids(owner, container=container))

    def delete_everything(self, owner: str) -> int:
        """Delete all memories and documents of the owner. → how many memories there were."""
        with self._lock(owner), self._forgetting(owner, None):
            count = self._catalog.erase(owner, None)
            self._lexical.of(owner).clear()
            self._vectors.clear(owner)
            self._catalog.drop_tombstones(owner, sorted(self._catalog.tombstones(owner)))
            self._catalog.checkpoint()
        return count

    def record_reads(self, owner: str, ids: Iterable[str], when: float) -> None:
        """One more read at ``when`` for each of these."""
        self._catalog.record_reads(owner, list(ids), when)

    # ---- reading --------------------------------------------------------------------------------------

    def shortlist(
        self,
        owner: str,
        text: str,
        vector: np.ndarray,
        *,
        dense: int = 50,
        lexical: int = 100,
        exclude: frozenset[str] = frozenset(),
        score: np.ndarray | None = None,
    ) -> list[Candidate]:
        """Candidates for a read: the ``dense`` nearest vectors, the ``lexical`` best by BM25, the two turns before and
        after each, and everything pinned. Only readable ones, none of ``exclude``; in no particular order. ``score``:
        what the cosines are to, if not ``vector``."""
        row = self._checked(np.asarray(vector)[None, :], 1)[0][0]
        parts = self._catalog, self._lexical, self._vectors
        return gather(*parts, owner, text, row, dense=dense, words=lexical, exclude=exclude, score=score)

    def followers(self, owner: str, ids: Iterable[str]) -> list[Memory]:
        """What may be read and says one of these again, replaces it or changes a part of it (the write gate's
        ``target``)."""
        return self._catalog.followers(owner, list(ids))

    def decide(self, owner: str, id: str, gate: Gate, target: str = "") -> None:
        """Put another decision in the place of the write gate's. Raises ``NotFound``."""
        self._catalog.set_gate(owner, id, gate, target)

    def idf(self, owner: str, terms: Iterable[str]) -> dict[str, float]:
        """How much each word says in this memory: its inverse document frequency, in nats."""
        return self._lexical.of(owner).idf(list(terms))

    def vectors(self, owner: str, ids: Iterable[str]) -> dict[str, np.ndarray]:
        """id → (dimension,) unit vector of the whole text, to 16 bits, of those that are there."""
        return {id: rows[0] for id, rows in self.keys(owner, ids).items()}

    def keys(self, owner: str, ids: Iterable[str]) -> dict[str, np.ndarray]:
        """id → (keys, dimension) unit vectors of the whole text and of its parts, likewise."""
        return self._catalog.vectors(owner, list(ids))

    def get(self, owner: str, ids: Iterable[str]) -> dict[str, Memory]:
        """Those of ``ids`` that are there."""
        return self._catalog.get(owner, ids)

    def page(
        self,
        owner: str,
        *,
        search: str = "",
        kind: str | None = None,
        container: str | None = None,
        since: float | None = None,
        until: float | None = None,
        pinned: bool | None = None,
        muted: bool | None = None,
        standing: Standing | None = None,
        limit: int = 50,
        offset: int = 0,
        order: Literal["relevance", "newest"] = "relevance",
    ) -> tuple[list[Memory], int]:
        """A page of all memories (muted and inactive ones too) and how many there are in total.

        ``search``: memories with all these words (the last may be unfinished); where no memory has them, those that
        contain the search as a piece of text. Without a search, or with order "newest": newest first.
        """
        filters = Filters(kind, container, since, until, pinned, muted, standing)
        limit, offset, search = max(0, limit), max(0, offset), search.strip()
        ranked = self._lexical.of(owner).search(search) if search else []
        kept = self._catalog.keep(owner, ranked, filters)
        if not kept:
            return self._catalog.newest(owner, filters, contains=search, limit=limit, offset=offset)
        ids = [id for id in ranked if id in kept]
        if order == "newest":
            ids.sort(key=lambda id: -kept[id])
        found = self._catalog.get(owner, shown := ids[offset : offset + limit])
        return [found[id] for id in shown if id in found], len(ids)

    def count(self, owner: str) -> int:
        return self._catalog.count(owner)

    def iterate(self, owner: str) -> Iterator[Memory]:
        """All memories, oldest first. What is deleted meanwhile is left out."""
        yield from chain.from_iterable(batches(self._catalog, owner))

    def owners(self) -> list[str]:
        return self._catalog.owners()

    # ---- documents ------------------------------------------------------------------------------------

    def begin_document(self, owner: str, document: Document) -> None:
        """Announce a document whose passages follow by ``add``; until it is finished ``recover`` undoes it.

        Raises ``BadInput`` when it is already there and finished.
        """
        with self._lock(owner):
            there = self.document(owner, document.id)
            if there is not None and there.ready:
                raise BadInput(f"{there.name} is already in memory.")
            self.delete_document(owner, document.id)
            self._catalog.begin_document(owner, document)

    def finish_document(self, owner: str, id: str, *, passages: int, pages: int | None) -> None:
        """All passages are in memory. Raises ``NotFound``."""
        self._catalog.finish_document(owner, id, passages=passages, pages=pages)

    def documents(self, owner: str) -> list[Document]:
        """Newest first, unfinished ones included."""
        return self._catalog.documents(owner)

    def document(self, owner: str, id: str) -> Document | None:
        return next(iter(self._catalog.documents(owner, id)), None)

    def delete_document(self, owner: str, id: str) -> int:
        """Delete a document with all its passages. → how many passages there were."""
        with self._lock(owner):
            return self._delete(owner, self._catalog.ids(owner, container=id), id)

    def clean(self) -> bool:
        """Take deleted words and vectors out of the files, as ``close`` does. → was there anything to do?"""
        return any([self._lexical.clean(), self._vectors.clean()])

    def trouble(self) -> str:
        """What of the memory is known to be broken, in one sentence; "" for nothing."""
        return self._lexical.trouble()

    def mend(self) -> None:
        """Make anew what is broken, before somebody asks for it."""
        self._lexical.mend()

    def close(self) -> None:
        """Close the word indexes and Chroma; the engine is its opener's."""
        self._lexical.close()
        self._vectors.close()

    # ---- inside ---------------------------------------------------------------------------------------

    def _lock(self, owner: str) -> threading.RLock:
        """One writer per owner; readers need no lock, the catalog has the last word on what they see."""
        return self._locks.setdefault(owner, threading.RLock())

    @contextmanager
    def _forgetting(self, owner: str, ids: Sequence[str] | None) -> Iterator[None]:
        """Before, so that a crash in between leaves nothing; after, for what a reply under way has made meanwhile."""
        for forget in self.forgotten:
            forget(owner, ids)
        yield
        for forget in self.forgotten:
            forget(owner, ids)

    def _index(self, owner: str, memories: Sequence[Memory], keys: Sequence[np.ndarray]) -> None:
        if not memories:
            return
        ids = [memory.id for memory in memories]
        self._lexical.of(owner).put(memories)
        self._vectors.put(owner, ids, keys, [memory.readable for memory in memories])
        self._catalog.set_indexed(owner, ids)

    def _bury(self, owner: str, ids: Sequence[str]) -> None:
        """Clean both indexes of deleted memories, then drop their tombstones."""
        if not ids:
            return
        self._lexical.of(owner).remove(ids)
        self._vectors.remove(owner, key_names(self._catalog.key_counts(owner, ids)))
        self._catalog.drop_tombstones(owner, ids)
        self._catalog.checkpoint()

    def _checked(self, keys: Sequence[np.ndarray] | np.ndarray, n: int) -> list[np.ndarray]:
        """Of n memories their keys, (keys, dimension) each."""
        if not self._current:
            raise EncoderMismatch("The memory's vectors are of another encoder; restart to rebuild them from text.")
        rows = [np.atleast_2d(np.asarray(one, dtype=np.float32)) for one in keys]
        if len(rows) != n or any(one.ndim != 2 or one.shape[1] != self._dimension or not len(one) for one in rows):
            shapes = sorted({one.shape for one in rows})
            raise BadInput(f"Keys of shapes {shapes} came for {n} memories of dimension {self._dimension}.")
        return rows
