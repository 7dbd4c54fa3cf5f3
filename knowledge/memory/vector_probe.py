"""Opens an embedded Chroma in a process of its own, where damaged files may end it by a signal or keep it for ever.

``python -m knowledge.memory.vector_probe FOLDER``: status 0 where everything answers as it should, ``FAULTY`` and one
line on the standard output where not. Ends with whoever holds its standard input. Does not know: memories, owners, what
the right vectors would be, and how the folder is repaired.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

FAULTY = 3  # exit status
_PATIENCE, _PACE = 60.0, 5 << 20  # seconds for any folder, and bytes for which there is one more
_LOOKED_AT = 2000  # keys of a collection, evenly spread
_AT_ONCE = 200
_UNIT = 0.02  # how far a vector's length may be from 1
_NEAR = 0.005  # cosine distance of a vector to itself
_FOUND = 0.95  # share of the keys looked at that a search for their own vector has to find: the graph is approximate


def fault_in(folder: Path, *, patience: float = _PATIENCE) -> str:
    """What is wrong with the Chroma in ``folder``, as the part of a sentence; "" for nothing. Nothing may have it open.

    ``patience``: seconds, to which those for the folder's size are added.
    """
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    limit = patience + size / _PACE
    command = [sys.executable, "-m", "knowledge.memory.vector_probe", str(folder.resolve())]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,  # held open: the probe ends when we are gone
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            process.wait(limit)  # it prints one line, less than a pipe holds
            told = process.stdout.read()
        except subprocess.TimeoutExpired:
            return f"it did not answer within {max(0.0, limit):.0f} seconds"
        finally:
            process.kill()
    if process.returncode < 0:
        return f"opening it ended by signal {-process.returncode}"
    if process.returncode:
        return told.strip().splitlines()[-1] if told.strip() else f"opening it ended with status {process.returncode}"
    return ""


def examine(folder: Path) -> None:
    """Open, count, get and search in every collection. Raises whatever Chroma raises, or ``ValueError``."""
    import chromadb
    from chromadb.config import Settings

    with contextlib.closing(sqlite3.connect(folder / "chroma.sqlite3")) as database:
        [(said,), *_] = database.execute("PRAGMA integrity_check(1)").fetchall()
    if said != "ok":
        raise ValueError(f"chroma.sqlite3: {said}")
    client: Any = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    page: Sequence[Any]
    at = 0
    while page := client.list_collections(limit=500, offset=at):
        for one in page:
            _examine(client.get_collection(one.name, embedding_function=None))
        at += len(page)
    client.close()


def _examine(collection: Any) -> None:
    ids = collection.get(include=[])["ids"]
    if collection.count() != len(ids) or len(set(ids)) != len(ids):
        raise ValueError(f"{collection.count()} vectors are counted and {len(set(ids))} are there")
    looked_at = ids[:: max(1, len(ids) // _LOOKED_AT)]
    found = 0
    for start in range(0, len(looked_at), _AT_ONCE):
        part = looked_at[start : start + _AT_ONCE]
        rows = np.asarray(collection.get(ids=part, include=["embeddings"])["embeddings"], dtype=np.float32)
        if len(rows) != len(part) or not np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=_UNIT):
            raise ValueError("some of its vectors are none")
        nearest = collection.query(query_embeddings=list(rows), n_results=1, include=["distances"])["distances"]
        found += sum(1 for row in nearest if row and row[0] < _NEAR)
    if found < _FOUND * len(looked_at):
        raise ValueError(f"searches find {found} of {len(looked_at)} vectors")


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """Examine the folder of the first argument."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        examine(Path(sys.argv[1]))
        status = 0
    except BaseException as exc:  # the bindings' panics are no Exception
        print(" ".join(f"{type(exc).__name__}: {exc}".split())[:300], flush=True)
        status = FAULTY
    os._exit(status)  # nothing at the interpreter's end may turn a good answer into a signal


if __name__ == "__main__":
    main()
