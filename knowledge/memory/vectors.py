"""Vector index: Chroma, one collection per owner. It and vector_probe.py alone import ``chromadb``.

Knows: memories' ids, the keys (unit vectors) of each and whether it may be read. Does not know: texts (none is stored
here), owners' other data, encoders (it gets a label for what made the vectors). It can be rebuilt from the catalog at
any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chromadb
import numpy as np
from chromadb.config import Settings
from chromadb.errors import ChromaError, InvalidArgumentError, NotFoundError

from knowledge.errors import StoreError
from knowledge.memory.closable import Gate
from knowledge.memory.vector_files import clear_unused, expect_leftovers, is_clean, take_out_deleted, wipe
from knowledge.memory.vector_opening import Opening, after_closing, before_opening

log = logging.getLogger(__name__)

_KEY = " key "  # between a memory's id and the number of a key behind the first
_MORE = 4  # times as many keys are asked for where those found are of too few memories
_PANIC = "PanicException"  # of the bindings, no Exception; its class cannot be imported
_BATCH = 1000  # records in one call; the embedded client's own limit is 5461
# A memory that repeats itself ("Thanks!") makes knots in the graph; wider links and search keep the rest in reach:
# recall of the true 50 nearest among 10,000 went from 0.9915 to 0.9995 for 0.2 ms a query.
_SPACE = {"hnsw": {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}}


class VectorIndex:
    """``where``: a folder for the embedded Chroma, or ``http://host:port`` of a server. ``store``: id of the store, so
    that several stores can share a server. Safe to call from threads.

    Raises ``StoreError`` from every method when Chroma fails.
    """

    def __init__(self, where: Path | str, *, store: str, encoder: str, dimension: int) -> None:
        self._where = where
        self._prefix = f"mneme-{_short(store, 12)}-"
        self._encoder = _short(f"{encoder}\n{dimension}", 10)
        self._dimension = dimension
        self._collections: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._gate = Gate()
        self._tidy: set[str] = set()  # collections whose graph was looked after since it was loaded
        self._sound = True  # nothing came from Chroma that says its files are damaged
        self.opening = Opening()  # what was found in the embedded one's files
        self._client = self._connect()

    # ---- following the catalog ------------------------------------------------------------------------

    def put(self, owner: str, ids: Sequence[str], keys: Sequence[np.ndarray], readable: Sequence[bool]) -> None:
        """Store the (keys, dimension) of n memories, in place of what was there under as many keys or more. Raises
        ``StoreError``."""
        names = key_names({id: len(rows) for id, rows in zip(ids, keys, strict=True)})
        flags = [bool(flag) for rows, flag in zip(keys, readable, strict=True) for _ in rows]
        vectors = np.concatenate(keys).astype(np.float32) if len(keys) else np.zeros((0, self._dimension))
        for at in range(0, len(names), self._batch):
            part = slice(at, at + self._batch)
            with self._collection(owner) as collection:
                collection.upsert(
                    ids=names[part],
                    embeddings=np.ascontiguousarray(vectors[part]),
                    metadatas=[{"readable": flag} for flag in flags[part]],
                )
        if names:
            self._look_after(owner)

    def set_readable(self, owner: str, counts: Mapping[str, int], readable: Mapping[str, bool]) -> None:
        """``counts``: id → how many keys there are of it. ``readable``: of the same ids."""
        names = key_names(counts)
        for at in range(0, len(names), self._batch):
            part = names[at : at + self._batch]
            with self._collection(owner) as collection:
                flags = [{"readable": bool(readable[memory_of(name)])} for name in part]
                collection.update(ids=part, metadatas=flags)

    def remove(self, owner: str, names: Sequence[str]) -> None:
        """Delete keys (:func:`key_names`); what is not there is no error. They leave the files with :meth:`clean`."""
        for at in range(0, len(names), self._batch):
            with self._collection(owner) as collection:
                self._expect_leftovers()
                collection.delete(ids=list(names[at : at + self._batch]))

    def clear(self, owner: str) -> None:
        """Drop the owner's whole collection."""
        name = self._name(owner)
        with self._calls(), self._lock:
            self._collections.pop(name, None)
            self._tidy.discard(name)
            if name in self._names():
                self._expect_leftovers()
                self._client.delete_collection(name)

    # ---- asking ---------------------------------------------------------------------------------------

    def nearest(self, owner: str, vector: np.ndarray, n: int, *, readable: bool = False) -> list[tuple[str, float]]:
        """Up to ``n`` memories, (id, cosine of the nearest of its keys), nearest first; ``readable``: only those (about
        ten times slower in Chroma)."""
        best: dict[str, float] = {}
        keys = found = n  # asked for, and there
        while n > 0 and len(best) < n and found == keys:
            keys = n if not best else _MORE * keys  # more, where several keys are of one memory
            with self._collection(owner) as collection:
                result = collection.query(  # counting what there is would take longer than the search
                    query_embeddings=[np.asarray(vector, dtype=np.float32)],
                    n_results=keys,
                    where={"readable": True} if readable else None,
                    include=["distances"],
                )
            found = len(result["ids"][0])
            for name, distance in zip(result["ids"][0], result["distances"][0], strict=True):
                best.setdefault(memory_of(name), max(-1.0, min(1.0, 1.0 - float(distance))))
        return list(best.items())[:n]

    def names(self, owner: str) -> set[str]:
        """The name of every key of the owner."""
        with self._collection(owner) as collection:
            return set(collection.get(include=[])["ids"])

    def count(self, owner: str) -> int:
        """How many keys there are."""
        with self._collection(owner) as collection:
            return int(collection.count())

    # ---- recovery -------------------------------------------------------------------------------------

    def check(self, owner: str) -> None:
        """Look at a row and search for it: raises ``StoreError`` when the files behind are damaged."""
        with self._collection(owner) as collection:
            loaded = _look(collection)
        if loaded:
            self._look_after(owner)

    def drop_others(self, owners: Sequence[str]) -> None:
        """Drop this store's collections made by other encoders or of owners that are no more."""
        wanted = {self._name(owner) for owner in owners}
        with self._calls(), self._lock:
            for name in self._names():
                if name not in wanted:
                    self._expect_leftovers()
                    self._client.delete_collection(name)
                    self._collections.pop(name, None)
                    self._tidy.discard(name)

    def keys(self, owner: str, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Name → (dimension,) of those keys that are there."""
        found: dict[str, np.ndarray] = {}
        for at in range(0, len(names), self._batch):
            with self._collection(owner) as collection:
                kept = collection.get(ids=list(names[at : at + self._batch]), include=["embeddings"])
            found.update(zip(kept["ids"], np.asarray(kept["embeddings"], dtype=np.float32), strict=True))
        return found

    def reopen_empty(self, fault: str) -> None:
        """Embedded only: throw the damaged folder away and start with an empty one. Raises ``StoreError``."""
        if not isinstance(self._where, Path):
            raise StoreError(f"The Chroma server at {self._where} fails; repair it or drop --chroma.")
        with self._lock:
            self.close()
            log.warning("%s All vectors are made anew from the text.", fault)
            wipe(self._where)
            self._client = self._connect()
            self.opening, self._sound = Opening(fault.rstrip(".")), True

    # ---- files ----------------------------------------------------------------------------------------

    def clean(self) -> bool:
        """Take deleted vectors out of the embedded Chroma's files. → was there anything to do?

        Calls wait meanwhile: the files are closed, cleaned (in time of their size) and opened again. A server's files
        are its own matter.
        """
        if not isinstance(self._where, Path) or is_clean(self._where):
            return False
        with self._gate.alone(), self._lock:
            names = list(self._collections)
            self._close()
            try:
                take_out_deleted(self._where)
            finally:
                self._client = self._connect(cleaned=True)
            with contextlib.suppress(ChromaError):
                for name in names:  # so that no search has to wait for the graph
                    _look(self._client.get_collection(name, embedding_function=None))
            clear_unused(self._where)
        return True

    def _look_after(self, owner: str) -> None:
        """Once for each graph that Chroma has made or loaded: see :func:`clear_unused`."""
        name = self._name(owner)
        if isinstance(self._where, Path) and name not in self._tidy:
            with self._gate.alone(), self._errors():
                clear_unused(self._where)
            self._tidy.add(name)

    def close(self) -> None:
        with self._lock:
            self._close()
            if isinstance(self._where, Path):
                after_closing(self._where, sound=self._sound)

    def _close(self) -> None:
        self._collections.clear()
        self._tidy.clear()
        self._client.close()

    def _expect_leftovers(self) -> None:
        if isinstance(self._where, Path):
            expect_leftovers(self._where)

    # ---- inside ---------------------------------------------------------------------------------------

    def _connect(self, *, cleaned: bool = False) -> Any:
        settings = Settings(anonymized_telemetry=False)
        if isinstance(self._where, Path):
            if not cleaned:
                self.opening = before_opening(self._where)
            client = self._embedded(self._where, settings)
        else:
            address = _server(self._where)
            try:
                client = chromadb.HttpClient(
                    host=address.hostname or "",
                    port=address.port or (443 if address.scheme == "https" else 80),
                    ssl=address.scheme == "https",
                    settings=settings,
                )
            except Exception as exc:  # chromadb raises ValueError, httpx and its own errors here
                raise StoreError(
                    f"No Chroma server answers at {self._where}: start one (chroma run --host {address.hostname}"
                    f" --port {address.port}) or drop --chroma."
                ) from exc
        self._batch = min(_BATCH, client.get_max_batch_size())
        return client

    def _embedded(self, folder: Path, settings: Settings) -> Any:
        try:
            client = chromadb.PersistentClient(str(folder), settings=settings)
            client.list_collections()
            return client
        except BaseException as exc:  # the bindings raise many kinds for a damaged file, and panics
            if isinstance(exc, KeyboardInterrupt | SystemExit):
                raise
            log.warning("Chroma's files in %s are damaged (%s); all vectors are made anew from the text.", folder, exc)
            self.opening = Opening(" ".join(str(exc).split())[:200])
            from chromadb.api.shared_system_client import SharedSystemClient

            SharedSystemClient._identifier_to_system.pop(str(folder), None)  # else the broken one is handed out again
            SharedSystemClient._identifier_to_refcount.pop(str(folder), None)
            wipe(folder)
            try:
                return chromadb.PersistentClient(str(folder), settings=settings)
            except Exception as exc:
                raise StoreError(f"Chroma cannot be opened in {folder}: {exc}.") from exc

    def _name(self, owner: str) -> str:
        return f"{self._prefix}{_short(owner, 32)}-{self._encoder}"

    def _names(self) -> list[str]:
        """Names of this store's collections."""
        names: list[str] = []
        page: Sequence[Any]
        while page := self._client.list_collections(limit=500, offset=len(names)):
            names += [collection.name for collection in page]
        return [name for name in names if name.startswith(self._prefix)]

    @contextmanager
    def _calls(self) -> Iterator[None]:
        """Around every call of Chroma, never one in another: waits while files are cleaned."""
        with self._gate.call(), self._errors():
            yield

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except NotFoundError as exc:
            raise StoreError("A vector collection is missing in Chroma; restart to rebuild it from text.") from exc
        except InvalidArgumentError as exc:
            raise StoreError(f"Chroma refused the vectors ({exc}); restart to rebuild them from text.") from exc
        except ChromaError as exc:
            self._sound = False
            raise StoreError(f"Chroma failed ({exc}); restart to repair the vectors from text.") from exc
        except Exception as exc:  # httpx, the bindings' RuntimeError and ValueError: no common ancestor
            where = "" if isinstance(self._where, Path) else f" at {self._where}"
            raise StoreError(f"Chroma{where} does not answer ({exc}); is it still running?") from exc
        except BaseException as exc:
            if type(exc).__name__ != _PANIC:
                raise
            self._sound = False
            raise StoreError(f"Chroma failed ({exc}); restart to repair the vectors from text.") from exc

    @contextmanager
    def _collection(self, owner: str) -> Iterator[Any]:
        name = self._name(owner)
        with self._calls():
            with self._lock:
                collection = self._collections.get(name)
                if collection is None:
                    collection = self._client.get_or_create_collection(
                        name, embedding_function=None, configuration=_SPACE
                    )
                    self._collections[name] = collection
            try:
                yield collection
            except NotFoundError:
                with self._lock:  # dropped behind our back: the next call makes it anew
                    self._collections.pop(name, None)
                raise


def key_names(counts: Mapping[str, int]) -> list[str]:
    """The names of keys in the index: id → how many it has. The first has the id's own name."""
    return [f"{id}{_KEY}{at}" if at else id for id, count in counts.items() for at in range(count)]


def memory_of(name: str) -> str:
    """The id of the memory whose key this is."""
    return name.split(_KEY)[0]


def _look(collection: Any) -> bool:
    """Get a row and search for it, which loads the graph; false when there is none."""
    found = collection.get(limit=1, include=["embeddings"])
    if found["ids"]:
        collection.query(query_embeddings=[found["embeddings"][0]], n_results=1, include=["distances"])
    return bool(found["ids"])


def _short(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def _server(url: str) -> Any:
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if usable:
        return address
    raise StoreError(f"{url!r} is no Chroma server; --chroma takes 'embedded' or http://host:port.")
