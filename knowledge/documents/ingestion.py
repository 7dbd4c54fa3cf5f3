"""Takes documents in: file → passages → vectors → external memory, whole or not at all.

A document is begun in the store as not ready, filled, and finished; one that did not get that far is removed here when
it fails or is cancelled, and by the store's ``recover`` after a crash. A document is its content: another file of the
same name is another document, and only a person takes one for a newer version of the other. Does not know: file
formats, uploads, the page.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from knowledge.documents.reading_process import read_apart
from knowledge.errors import Cancelled, DocumentError, NotFound
from knowledge.records import Document, Memory, Passage

logger = logging.getLogger(__name__)

_HASHED = 2**20  # bytes at a time
_LONGEST_NAME = 200  # characters

Status = Literal["added", "already_there", "same_name"]
# ("reading" | "remembering", share of the file that is read, or is in memory, 0…1); both go on side by side.
Progress = Callable[[str, float], None]


KeysOf = Callable[[Sequence[Memory]], Sequence[np.ndarray]]  # of each memory its keys, (keys, dimension)


class DocumentStore(Protocol):
    """The part of the external memory that documents need."""

    def add(self, owner: str, memories: Sequence[Memory], keys: Sequence[np.ndarray]) -> list[str]: ...

    def begin_document(self, owner: str, document: Document) -> None: ...

    def finish_document(self, owner: str, id: str, *, passages: int, pages: int | None) -> None: ...

    def documents(self, owner: str) -> list[Document]: ...

    def document(self, owner: str, id: str) -> Document | None: ...

    def delete_document(self, owner: str, id: str) -> int: ...


@dataclass(frozen=True, slots=True)
class IntakeOutcome:
    """What became of a file.

    With "already_there" ``document`` is the one that was there, under its own name; with "same_name" it was added
    beside another document of its name.
    """

    document: Document
    status: Status


def document_id(owner: str, sha256: str) -> str:
    """The same content of the same owner is the same document."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"document\n{owner}\n{sha256}"))


def passage_id(document: str, position: int) -> str:
    """Id of the memory that a document's passage becomes."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"passage\n{document}\n{position}"))


class DocumentIntake:
    """Takes files in for any number of owners, from any number of threads. One for each store."""

    def __init__(self, store: DocumentStore, keys_of: KeysOf, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._keys_of = keys_of
        self._clock = clock  # seconds since the epoch, UTC
        self._locks = _Locks()

    def take_in(
        self, owner: str, path: Path, name: str, *, progress: Progress, cancelled: Callable[[], bool]
    ) -> IntakeOutcome:
        """Read the file at ``path``, called ``name``, into the owner's memory.

        The same content again changes nothing, also under another name. Other content under a known name is another
        document: two files may be called README.md. After an error or a cancel nothing of the file is left. Raises
        DocumentError, Cancelled, ModelError, StoreError.
        """
        name = _plain_name(name)
        try:
            size = path.stat().st_size
            sha256 = _sha256(path, cancelled)
        except OSError as exc:
            raise DocumentError(f"{name} cannot be opened: {exc.strerror or exc}.") from exc
        identity = document_id(owner, sha256)
        with self._locks.held(identity, cancelled):
            there = self._store.document(owner, identity)
            if there is not None and there.ready:
                return IntakeOutcome(there, "already_there")
            if there is not None:  # a rest that could not be removed when it failed
                self._store.delete_document(owner, identity)
            document = Document(id=identity, name=name, sha256=sha256, size=size, created=self._clock())
            try:
                self._store.begin_document(owner, document)
                self._fill(owner, document, path, progress, cancelled)
            except BaseException:
                self._remove(owner, identity)
                raise
            status: Status = "same_name" if self._same_name(owner, document) else "added"
            return IntakeOutcome(self._store.document(owner, identity) or document, status)

    def replace_older(self, owner: str, id: str) -> int:
        """A person says that this document is the newer version: delete the older ones of its name; how many.

        Raises NotFound, StoreError.
        """
        document = self._store.document(owner, id)
        if document is None or not document.ready:
            raise NotFound("This document is no longer there.")
        older = [other for other in self._same_name(owner, document) if other.created < document.created]
        for other in older:
            self._store.delete_document(owner, other.id)
        return len(older)

    # ---- steps --------------------------------------------------------------------------------------

    def _fill(
        self, owner: str, document: Document, path: Path, progress: Progress, cancelled: Callable[[], bool]
    ) -> None:
        count, pages, share = 0, 0, 0.0
        batches = read_apart(
            path, document.name, progress=lambda share: progress("reading", share), cancelled=cancelled
        )
        with closing(batches):  # ends the reading at once when something fails here
            for batch in batches:
                progress("remembering", share)
                memories = [_memory(document, passage) for passage in batch.passages]
                keys = self._keys_of(memories)
                _check(cancelled)
                self._store.add(owner, memories, keys)
                count += len(memories)
                pages = max([pages, *(passage.page or 0 for passage in batch.passages)])
                share = batch.share
                _check(cancelled)
        self._store.finish_document(owner, document.id, passages=count, pages=pages or None)
        progress("remembering", 1.0)

    def _same_name(self, owner: str, document: Document) -> list[Document]:
        """The other documents of this name that are in memory."""
        there = self._store.documents(owner)
        return [other for other in there if other.name == document.name and other.id != document.id and other.ready]

    def _remove(self, owner: str, identity: str) -> None:
        """Take back what was begun; the error that led here goes on in any case."""
        try:
            self._store.delete_document(owner, identity)
        except Exception:
            logger.exception("A document that failed could not be removed; the next start removes it.")


class _Locks:
    """A lock for each key, there only while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def held(self, key: str, cancelled: Callable[[], bool]) -> Iterator[None]:
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, users + 1)
        try:
            while not lock.acquire(timeout=0.1):
                _check(cancelled)
            try:
                yield
            finally:
                lock.release()
        finally:
            with self._guard:
                lock, users = self._locks.pop(key)
                if users > 1:
                    self._locks[key] = (lock, users - 1)


def _memory(document: Document, passage: Passage) -> Memory:
    return Memory(
        id=passage_id(document.id, passage.position),
        text=passage.text,
        kind="passage",
        created=document.created,
        container=document.id,
        position=passage.position,
        title=document.name,
        page=passage.page,
        heading=passage.heading,
    )


def _sha256(path: Path, cancelled: Callable[[], bool]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_HASHED):
            _check(cancelled)
            digest.update(data)
    return digest.hexdigest()


def _check(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("The document was stopped; nothing of it was kept.")


def _plain_name(name: str) -> str:
    """The file's own name without folders, control characters and marks that turn the writing direction."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(character for character in name if character.isprintable()).strip()
    if len(name) > _LONGEST_NAME:
        ending = Path(name).suffix[-20:]
        name = name[: _LONGEST_NAME - len(ending)] + ending
    return name or "document"
