"""A memory as lines of JSON and back: for backups, and for moving to another computer.

Line 1 is a header (format, version, the encoder of the store it came from); then the documents; then one memory a
line. Vectors are not written: they are made anew from the text by whichever encoder reads it. Does not know: where the
lines come from, HTTP, the encoder.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np

from knowledge.errors import BadInput, Cancelled
from knowledge.memory.catalog_tables import cleaned
from knowledge.memory.store import ExternalMemory
from knowledge.records import Document, Gate, Kind, Memory, Role

FORMAT = "mneme-memories"
VERSION = 1
_NAMES = {
    "id": 255,
    "container": 255,
    "branch": 255,
    "target": 255,
    "sha256": 64,
}  # characters of the catalog's columns
_TIMES = ("created", "edited", "last_read")  # seconds since the epoch
_LATEST = 7.258e9  # of them: the year 2200
_BATCH = 32  # memories encoded and written at a time: the grain of progress and cancel

_Record = TypeVar("_Record", Memory, Document)


def export_jsonl(store: ExternalMemory, owner: str) -> Iterator[str]:
    """All of an owner's finished documents and memories, oldest first, a JSON object a line without line end."""
    yield json.dumps({"format": FORMAT, "version": VERSION, "encoder": store.encoder_name})
    documents = [document for document in store.documents(owner) if document.ready]
    for document in documents:
        yield json.dumps({"document": asdict(document)}, ensure_ascii=False)
    known = {document.id for document in documents}
    for memory in store.iterate(owner):
        if memory.kind != "passage" or memory.container in known:
            yield json.dumps({"memory": asdict(memory)}, ensure_ascii=False)


def import_jsonl(
    store: ExternalMemory,
    encode: Callable[[Sequence[str]], np.ndarray],
    owner: str,
    lines: Iterable[str],
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    journal: Path | None = None,
) -> tuple[int, int]:
    """Bring back what ``export_jsonl`` wrote: same ids, marks and texts, nothing twice. → (added, skipped).

    ``progress`` gets 0…1. Everything is checked before anything is written: raises BadInput with the number of the
    first broken line, and Cancelled when ``cancelled()`` turns true; what was added until then is removed again.
    ``journal``: a file in which the ids of what is new are noted first. An import that was killed and is done again
    with the same one counts, and takes back, what it had added before.
    """
    documents, memories = _checked(lines, cancelled)
    there = _present(store, owner, [memory.id for memory in memories])
    missing = [memory for memory in memories if memory.id not in there]
    new_documents = [document for document in documents if store.document(owner, document.id) is None]
    own = _noted(journal, [memory.id for memory in missing])
    try:
        for document in new_documents:
            store.begin_document(owner, document)
        for at in range(0, len(missing), _BATCH):
            if cancelled():
                raise Cancelled("The import was cancelled; nothing was added.")
            batch = missing[at : at + _BATCH]
            store.add(owner, batch, encode([memory.text for memory in batch]))
            progress(min(1.0, (at + len(batch)) / len(missing)))
        for document in new_documents:
            store.finish_document(owner, document.id, passages=document.passages, pages=document.pages)
    except BaseException:
        store.delete(owner, own)
        for document in new_documents:
            store.delete_document(owner, document.id)
        raise
    progress(1.0)
    return len(own), len(memories) - len(own)


def _noted(journal: Path | None, new: list[str]) -> list[str]:
    """The ids in the journal; where it has none yet, ``new``, which it has from now on."""
    if journal is None:
        return new
    try:
        return [str(id) for id in json.loads(journal.read_text("utf-8"))]
    except (OSError, ValueError):
        unfinished = journal.with_suffix(".new")
        unfinished.write_text(json.dumps(new), "utf-8")
        unfinished.replace(journal)
        return new


def _present(store: ExternalMemory, owner: str, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for at in range(0, len(ids), 500):
        found.update(store.get(owner, ids[at : at + 500]))
    return found


def _checked(lines: Iterable[str], cancelled: Callable[[], bool]) -> tuple[list[Document], list[Memory]]:
    documents: dict[str, Document] = {}
    memories: dict[str, Memory] = {}
    header = False
    for number, line in enumerate(lines, 1):
        if cancelled():
            raise Cancelled("The import was cancelled; nothing was added.")
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if not header:
                if value["format"] != FORMAT or value["version"] != VERSION:
                    raise ValueError("not an export of this version")
                header = True
            elif "document" in value:
                document = _record(Document, value["document"])
                documents[document.id] = document
            else:
                memory = _record(Memory, value["memory"])
                if memory.kind not in get_args(Kind) or memory.role not in ("", *get_args(Role)):
                    raise ValueError("no such kind or role")
                if memory.gate not in get_args(Gate):
                    raise ValueError("no such decision")
                if not cleaned(memory.text).strip():
                    raise ValueError("no text")
                memories.setdefault(memory.id, memory)
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise BadInput(
                f"Line {number} is not a line of a Mneme export, so nothing was imported; "
                "choose a .jsonl file that was exported on the Memory page."
            ) from exc
    if not header:
        raise BadInput("The file is empty, so nothing was imported; choose a .jsonl file exported on the Memory page.")
    orphan = next((m for m in memories.values() if m.kind == "passage" and m.container not in documents), None)
    if orphan is not None:
        raise BadInput(f"The passage {orphan.id} is of a document that the file lacks, so nothing was imported.")
    return list(documents.values()), list(memories.values())


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "float": (int, float),
    "int": (int,),
    "bool": (bool,),
    "int | None": (int, type(None)),
    "float | None": (int, float, type(None)),
    "Kind": (str,),
    "Gate": (str,),
    "Role | Literal['']": (str,),
}


def _record(kind: type[_Record], values: dict[str, Any]) -> _Record:
    """A record whose fields have the types that the class declares. Raises TypeError or ValueError."""
    record = kind(**values)
    for field in fields(kind):
        value = getattr(record, field.name)
        allowed = _TYPES[str(field.type).replace('"', "'")]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise TypeError(field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(field.name)
        if field.name in _TIMES and isinstance(value, int | float) and not 0 <= value < _LATEST:
            raise ValueError(field.name)  # no day of a calendar, or milliseconds
        most = 2**63 if field.name == "size" else 2**31
        if isinstance(value, int) and not -most <= value < most and field.name != "created":
            raise ValueError(field.name)  # more than a database column holds
        if field.name in _NAMES and (len(str(value)) > _NAMES[field.name] or cleaned(str(value)) != value):
            raise ValueError(field.name)  # two names would become one
    if not record.id:
        raise ValueError("id")
    return record
