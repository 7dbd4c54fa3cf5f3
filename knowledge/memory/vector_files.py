"""What the embedded Chroma leaves in its files after a deletion, and taking it out of them. Works on a closed folder.

Knows the layout of Chroma 1.5: a deleted or replaced vector stays in ``embeddings_queue`` (its write-ahead log) until
its graph is saved, about every 1,000 records; then in the free pages of its SQLite file; and in the graph itself for
good, where a deletion is only a mark (chroma-core/chroma issues 3793, 7659). A vector can be turned back into words.
Does not know: memories, owners, or who has the folder open. The graph's files are those of hnswlib's ``saveIndex``.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import sqlite3
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from knowledge.errors import StoreError

_CLEAN = "clean"  # a file of ours in the folder: there is nothing deleted in the others
_DATABASE = "chroma.sqlite3"
_PATIENCE = 10.0  # seconds for whoever else has the database locked
_DELETE = 3  # embeddings_queue.operation
_VERSION = 1  # of hnswlib's files
_ODD = (LookupError, TypeError, AttributeError, OverflowError, MemoryError)  # numbers and pickles of damaged files
_HEADER = struct.Struct("<i6QiI3QdQ")  # version, offset, capacity, points, bytes of each, offsets of label and vector…

_LOG = "SELECT seq_id, substr(topic, -36), id, vector IS NOT NULL, operation FROM embeddings_queue ORDER BY seq_id"
_SEGMENTS = (  # with the number of the log's last record that the segment has taken in and saved
    "SELECT s.id, s.collection, coalesce(m.seq_id, 0) FROM segments s LEFT JOIN max_seq_id m ON m.segment_id = s.id"
)


class _Record(NamedTuple):
    """Of the log."""

    number: int
    collection: str
    id: str
    vector: bool
    operation: int

    @property
    def deletes(self) -> bool:
        return self.operation == _DELETE


class _IdMap(pickle.Unpickler):
    """Dictionaries, texts and numbers only: a pickle from a disk must not name anything to call."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not expected in a graph's id map")


def is_clean(folder: Path) -> bool:
    """Was nothing deleted since :func:`take_out_deleted`? Also false for folders of earlier versions."""
    return (folder / _CLEAN).exists()


def expect_leftovers(folder: Path) -> None:
    """Something is about to be deleted or replaced: say so on disk, in case nobody comes to take it out."""
    (folder / _CLEAN).unlink(missing_ok=True)


def take_out_deleted(folder: Path) -> None:
    """Remove every vector that no record of a collection has any more; nothing may have the folder open.

    Stopped at any point, it can be run again. A deleted point stays in the graph as a way to others, at the mean of
    those living ones that it leads to. Raises ``StoreError`` when files are in use, damaged or of an unknown layout.
    """
    path = folder / _DATABASE
    try:
        if path.exists():
            with contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as database:
                _clean(database, folder)
        clear_unused(folder)
        (folder / _CLEAN).touch()
    except (sqlite3.Error, OSError, ValueError, struct.error, pickle.UnpicklingError, EOFError, *_ODD) as exc:
        raise StoreError(f"What was deleted could not be taken out of Chroma's files in {folder}: {exc}.") from exc


def clear_unused(folder: Path) -> None:
    """Zeros in place of what is in the graphs' files behind their points. Until the first save hnswlib writes room for
    100 points there as the memory came: whatever this process had in it, words and vectors that are long deleted too.

    Nothing may write to the graphs meanwhile. Raises ``StoreError``.
    """
    try:
        for path in folder.glob("*/data_level0.bin"):
            version, _, _, count, size, *_ = _header(path)
            unused = path.stat().st_size - count * size
            if version == _VERSION and unused > 0:
                with path.open("r+b") as file:
                    file.seek(-unused, os.SEEK_END)
                    file.write(bytes(unused))
    except (OSError, struct.error) as exc:
        raise StoreError(f"Unused parts of Chroma's files in {folder} could not be cleared: {exc}.") from exc


def clean(folder: Path) -> None:
    """What is left to do of both. Raises ``StoreError``."""
    (clear_unused if is_clean(folder) else take_out_deleted)(folder)


def _header(graph: Path) -> tuple[Any, ...]:
    return _HEADER.unpack(graph.with_name("header.bin").read_bytes()[: _HEADER.size])


def wipe(folder: Path) -> None:
    """An empty folder in place of this one. Raises ``StoreError``."""
    try:
        shutil.rmtree(folder, ignore_errors=False)
        folder.mkdir(parents=True)
    except OSError as exc:
        raise StoreError(f"The damaged Chroma folder {folder} cannot be replaced: {exc}; delete it by hand.") from exc


def _clean(database: sqlite3.Connection, folder: Path) -> None:
    records = [_Record(*row) for row in database.execute(_LOG)]
    segments = database.execute(_SEGMENTS).fetchall()
    for segment, collection, saved in segments:
        outdated = {one.id for one in records if one.collection == collection and one.number > saved and one.deletes}
        _clean_graph(folder / segment, outdated)
    known = {segment for segment, *_ in segments}
    for below in folder.iterdir():
        if below.is_dir() and below.name not in known:
            shutil.rmtree(below)  # of a dropped collection
    _clean_log(database, records, {collection for _, collection, _ in segments})


def _clean_log(database: sqlite3.Connection, records: Sequence[_Record], collections: set[str]) -> None:
    """Drop vectors that a later record of the same id deletes or replaces and those of dropped collections, then write
    the file anew: pages that Chroma freed still hold what was in them."""
    ended: set[tuple[str, str]] = set()
    stale: list[int] = []
    for one in reversed(records):
        if one.vector and ((one.collection, one.id) in ended or one.collection not in collections):
            stale.append(one.number)
        if one.vector or one.deletes:
            ended.add((one.collection, one.id))
    database.execute("PRAGMA temp_store=MEMORY")
    database.execute("PRAGMA secure_delete=ON")
    database.execute("BEGIN IMMEDIATE")
    if records and records[-1].number in stale:  # SQLite would give the number of a deleted last record to the next one
        database.execute("UPDATE embeddings_queue SET vector = NULL WHERE seq_id = ?", (stale.pop(0),))
    database.executemany("DELETE FROM embeddings_queue WHERE seq_id = ?", [(number,) for number in stale])
    database.execute("COMMIT")
    database.execute("VACUUM")


def _clean_graph(folder: Path, outdated: set[str]) -> None:
    """Overwrite points that are deleted or that the log deletes (``outdated``)."""
    path = folder / "data_level0.bin"
    if not path.exists():
        return  # a segment of metadata, or of a collection nothing was written to
    version, _, _, count, size, label_at, vector_at, *_, width, _, _, _ = _header(path)
    point = np.dtype(
        [
            ("links", "<u2"),
            ("marks", "<u2"),
            ("to", "<u4", (width,)),
            ("vector", "<f4", ((label_at - vector_at) // 4,)),
            ("label", "<u8"),
        ]
    )
    fits = (vector_at, size) == (4 + 4 * width, point.itemsize) and label_at == size - 8
    if version != _VERSION or not fits or path.stat().st_size < count * size:
        raise ValueError(f"the graph {folder.name} has an unknown layout")
    if not count:
        return
    with (folder / "index_metadata.pickle").open("rb") as pickled:
        labels: dict[str, int] = _IdMap(pickled).load()["id_to_label"]
    living = np.array([label for id, label in labels.items() if id not in outdated], dtype=np.uint64)
    points = np.memmap(path, point, "r+", shape=(count,))
    alive = np.isin(points["label"], living)
    for row in np.flatnonzero(~alive):
        links = points["to"][row, : points["links"][row]]
        beside = points["vector"][links[alive[links]]].sum(axis=0, dtype=np.float32)
        length = float(np.linalg.norm(beside))
        points["vector"][row] = beside / length if length else 0.0
    points.flush()
