"""The catalog: SQL tables of memories, documents and facts about the store. Its text is the source of truth.

Knows: rows, their marks, and which of them the indexes still have to follow (``indexed`` is false, or ``deleted`` is
true: a tombstone without text). Keeps a memory's keys (vectors) with its text, as 16-bit floats, so that a read finds
both in one look and the vector index can be filled without encoding; they go together. Does not know: words, encoders,
or how near two vectors are. Runs on SQLite and PostgreSQL.
Times are seconds since the epoch. Every database error becomes ``StoreError``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from knowledge.errors import BadInput, NotFound, StoreError
from knowledge.memory.catalog_tables import (
    Filters,
    buried,
    cleaned,
    collect,
    mine,
    pack,
    readable,
    row_of,
    this_document,
    unpack,
)
from knowledge.memory.catalog_tables import documents as _documents
from knowledge.memory.catalog_tables import info as _info
from knowledge.memory.catalog_tables import memories as _memories
from knowledge.memory.database import is_damaged
from knowledge.records import Document, Gate, Memory

_CHUNK = 500  # ids in one statement: well below every database's limit of bound values

_FIELDS = [_memories.c[name] for name in Memory.__dataclass_fields__]
_WITH_VECTOR = sa.select(*_FIELDS, _memories.c.vector)
_DOCUMENT_FIELDS = [_documents.c[name] for name in Document.__dataclass_fields__]
_ERASED = {
    "text": "",
    "speaker": "",
    "title": "",
    "heading": "",
    "vector": None,
    "deleted": True,
    "indexed": False,
    "pinned": False,
}


class Catalog:
    """Rows of memories and documents, per owner. ``dimension``: of the memories' keys."""

    def __init__(self, engine: Engine, dimension: int) -> None:
        self._engine, self._dimension = engine, dimension

    # ---- facts about the store ------------------------------------------------------------------------

    def info(self, key: str) -> str | None:
        with self._transaction() as connection:
            return connection.execute(sa.select(_info.c.value).where(_info.c.key == key)).scalar()

    def set_info(self, values: Mapping[str, str], *, forget_vectors: bool = False) -> None:
        """``forget_vectors``: at the same time, drop every row's keys (they were made by another encoder)."""
        with self._transaction() as connection:
            if forget_vectors:
                there = _memories.c.vector.is_not(None)
                connection.execute(sa.update(_memories).where(there).values(vector=None, key_count=None))
            connection.execute(sa.delete(_info).where(_info.c.key.in_(list(values))))
            connection.execute(sa.insert(_info), [{"key": key, "value": value} for key, value in values.items()])

    def owners(self) -> list[str]:
        """Everybody who has a row of memory or a document, tombstones included."""
        query = sa.union(sa.select(_memories.c.owner), sa.select(_documents.c.owner))
        with self._transaction() as connection:
            return sorted(connection.execute(query).scalars())

    # ---- writing --------------------------------------------------------------------------------------

    def insert(self, owner: str, memories: Sequence[Memory], keys: Sequence[np.ndarray]) -> list[str]:
        """Insert those whose id is new, not indexed yet, with the (keys, dimension) of each; the others only take over
        ``active``. → new ids, in order."""
        new = {memory.id: memory for memory in reversed(memories)}  # of two with one id the first counts
        keys_of = {memory.id: row for memory, row in reversed(list(zip(memories, keys, strict=True)))}
        with self._transaction() as connection:
            known: dict[str, bool] = {}
            for chunk in _chunks(list(new)):
                rows = connection.execute(sa.select(_memories.c.id, _memories.c.active).where(*mine(owner, chunk)))
                known.update((row.id, row.active) for row in rows)
            fresh = [memory for memory in reversed(list(new.values())) if memory.id not in known]
            if fresh:
                connection.execute(sa.insert(_memories), [row_of(owner, m, keys_of[m.id]) for m in fresh])
            for wanted in (True, False):
                moved = [id for id, active in known.items() if new[id].active is wanted and active is not wanted]
                self._update(connection, owner, moved, {"active": wanted, "indexed": False})
        return [memory.id for memory in fresh]

    def set_text(self, owner: str, id: str, text: str, keys: np.ndarray, edited: float) -> None:
        """Replace text and (keys, dimension) together. Raises ``NotFound``."""
        with self._transaction() as connection:
            values = {"text": cleaned(text), "vector": pack(keys), "key_count": len(keys)}
            values |= {"edited": edited, "indexed": False}
            if not self._update(connection, owner, [id], values):
                raise NotFound("This memory is no longer there.")

    def set_vectors(self, owner: str, ids: Sequence[str], keys: Sequence[np.ndarray]) -> None:
        """Keep the (keys, dimension) of each memory whose text they were made from."""
        if not ids:
            return
        change = sa.update(_memories).where(*mine(owner), _memories.c.id == sa.bindparam("of"))
        rows = [{"of": id, "packed": pack(row), "number": len(row)} for id, row in zip(ids, keys, strict=True)]
        with self._transaction() as connection:
            connection.execute(change.values(vector=sa.bindparam("packed"), key_count=sa.bindparam("number")), rows)

    def set_marks(self, owner: str, ids: Sequence[str], marks: Mapping[str, bool]) -> None:
        """Set ``pinned``, ``muted`` or ``active``. What decides about reading has to be followed by the indexes."""
        values: dict[str, Any] = dict(marks)
        if "muted" in marks or "active" in marks:
            values["indexed"] = False
        with self._transaction() as connection:
            self._update(connection, owner, ids, values)

    def set_indexed(self, owner: str, ids: Sequence[str]) -> None:
        with self._transaction() as connection:
            self._update(connection, owner, ids, {"indexed": True})

    def record_reads(self, owner: str, ids: Sequence[str], when: float) -> None:
        """One more read for each, in one statement (of up to 500 ids)."""
        with self._transaction() as connection:
            self._update(connection, owner, ids, {"read_count": _memories.c.read_count + 1, "last_read": when})

    def erase(self, owner: str, ids: Sequence[str] | None, *, document: str | None = None) -> int:
        """Turn memories (None: all of the owner's, and all documents go) into tombstones without text. → how many there
        were. ``document``: goes with them, at once, so that none is ever without its passages."""
        gone = [_documents.c.owner == owner] if ids is None else this_document(owner, document or "")
        with self._transaction() as connection:
            connection.execute(sa.delete(_documents).where(*gone))
            if ids is None:
                return connection.execute(sa.update(_memories).where(*mine(owner)).values(**_ERASED)).rowcount
            return self._update(connection, owner, ids, _ERASED)

    def drop_tombstones(self, owner: str, ids: Sequence[str]) -> None:
        with self._transaction() as connection:
            for chunk in _chunks(ids):
                connection.execute(sa.delete(_memories).where(*buried(owner), _memories.c.id.in_(chunk)))

    def checkpoint(self) -> None:
        """Move SQLite's write-ahead log into the database file, so that erased text is in neither."""
        if self._engine.dialect.name != "sqlite":
            return
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except sa.exc.SQLAlchemyError:
            return  # a reader is in the way: the next checkpoint does it, and the commit itself stands

    # ---- reading --------------------------------------------------------------------------------------

    def get(self, owner: str, ids: Iterable[str]) -> dict[str, Memory]:
        found: dict[str, Memory] = {}
        with self._transaction() as connection:
            for chunk in _chunks(list(dict.fromkeys(ids))):
                for row in connection.execute(sa.select(*_FIELDS).where(*mine(owner, chunk))):
                    found[row.id] = Memory(*row)
        return found

    def with_vectors(self, owner: str, ids: Sequence[str]) -> tuple[dict[str, Memory], dict[str, np.ndarray]]:
        """Those of ``ids`` that are there, and, where they are known, id → (keys, dimension) float32."""
        found: dict[str, Memory] = {}
        packed: dict[str, bytes] = {}
        with self._transaction() as connection:
            for some in self._among(_memories.c.id, ids):
                collect(connection.execute(_WITH_VECTOR.where(*mine(owner), some)).all(), found, packed)
        return found, unpack(packed, self._dimension)

    def around(self, owner: str, ids: Sequence[str], distance: int) -> tuple[dict[str, Memory], dict[str, np.ndarray]]:
        """As :meth:`with_vectors`, those that may be read: these, the memories within ``distance`` positions of each in
        its container, and everything pinned."""
        found: dict[str, Memory] = {}
        packed: dict[str, bytes] = {}
        hit, c = _memories.alias("hit").c, _memories.c
        near = c.position.between(hit.position - distance, hit.position + distance)
        beside = [c.owner == hit.owner, c.container == hit.container, near, hit.owner == owner, hit.container != ""]
        with self._transaction() as connection:
            for some in self._among(hit.id, ids):
                query = _WITH_VECTOR.where(*beside, hit.deleted.is_(False), some, *readable(owner))
                collect(connection.execute(query).all(), found, packed)
            collect(connection.execute(_WITH_VECTOR.where(*readable(owner), c.pinned.is_(True))).all(), found, packed)
            for some in self._among(c.id, [id for id in ids if id not in found]):  # notes have no container
                collect(connection.execute(_WITH_VECTOR.where(*readable(owner), some)).all(), found, packed)
        return found, unpack(packed, self._dimension)

    def followers(self, owner: str, ids: Sequence[str]) -> list[Memory]:
        """Those that may be read and whose target one of these is."""
        with self._transaction() as connection:
            some = self._among(_memories.c.target, ids)
            queries = (sa.select(*_FIELDS).where(*readable(owner), these) for these in some)
            return [Memory(*row) for query in queries for row in connection.execute(query)]

    def set_gate(self, owner: str, id: str, gate: Gate, target: str) -> None:
        """Raises ``NotFound``."""
        with self._transaction() as connection:
            if not self._update(connection, owner, [id], {"gate": gate, "target": target}):
                raise NotFound("This memory is no longer there.")

    def vectors(self, owner: str, ids: Iterable[str]) -> dict[str, np.ndarray]:
        """id → (keys, dimension) float32, where they are known."""
        packed: dict[str, bytes] = {}
        c = _memories.c
        with self._transaction() as connection:
            for chunk in _chunks(list(dict.fromkeys(ids))):
                query = sa.select(c.id, c.vector).where(*mine(owner, chunk), c.vector.is_not(None))
                packed.update((row.id, row.vector) for row in connection.execute(query))
        return unpack(packed, self._dimension)

    def count(self, owner: str) -> int:
        with self._transaction() as connection:
            return self._counted(connection, owner)

    def key_counts(self, owner: str, ids: Sequence[str] | None = None) -> dict[str, int]:
        """How many keys each (of these, or all) has; 0 where they are not known yet. Tombstones too."""
        c = _memories.c
        query = sa.select(c.id, sa.func.coalesce(c.key_count, 0)).where(c.owner == owner)
        found: dict[str, int] = {}
        with self._transaction() as connection:
            for some in [sa.true()] if ids is None else self._among(c.id, ids):
                found.update((row[0], row[1]) for row in connection.execute(query.where(some)))
        return found

    def key_count(self, owner: str) -> int | None:
        """How many keys the memories have together, out of an index alone; None where those of one are not known."""
        each = sa.func.coalesce(_memories.c.key_count, 0)
        with self._transaction() as connection:
            total, least = connection.execute(sa.select(sa.func.sum(each), sa.func.min(each)).where(*mine(owner))).one()
        return (int(total) if least else None) if total is not None else 0

    def ids(self, owner: str, *, container: str | None = None) -> list[str]:
        """All ids, or those of a container, oldest first."""
        where = mine(owner) + Filters(container=container).conditions()
        c = _memories.c
        with self._transaction() as connection:
            query = sa.select(c.id).where(*where).order_by(c.created, c.container, c.position, c.id)
            return list(connection.execute(query).scalars())

    def unindexed(self, owner: str, ids: Sequence[str] | None = None) -> set[str]:
        """Ids (of these, or all) that the indexes do not follow yet."""
        return self._flagged([*mine(owner), _memories.c.indexed.is_(False)], ids)

    def tombstones(self, owner: str, ids: Sequence[str] | None = None) -> set[str]:
        """Ids (of these, or all) that are deleted here, but perhaps not yet in the indexes."""
        return self._flagged(buried(owner), ids)

    def _flagged(self, where: Sequence[sa.ColumnElement[bool]], ids: Sequence[str] | None) -> set[str]:
        id = _memories.c.id
        found: set[str] = set()
        with self._transaction() as connection:
            if ids is None:
                return set(connection.execute(sa.select(id).where(*where)).scalars())
            for chunk in _chunks(ids):
                found.update(connection.execute(sa.select(id).where(*where, id.in_(chunk))).scalars())
        return found

    def newest(
        self, owner: str, filters: Filters, *, contains: str = "", limit: int, offset: int
    ) -> tuple[list[Memory], int]:
        """A page of memories, newest first, and how many there are; ``contains``: a piece of the text, any case."""
        where = mine(owner) + filters.conditions()
        c = _memories.c
        if contains:
            where.append(c.text.icontains(contains, autoescape=True))
        order = (c.created.desc(), c.position.desc(), c.id)
        with self._transaction() as connection:
            if len(where) > len(mine(owner)):
                total = connection.execute(sa.select(sa.func.count()).where(*where)).scalar_one()
            else:
                total = self._counted(connection, owner)
            rows = connection.execute(sa.select(*_FIELDS).where(*where).order_by(*order).limit(limit).offset(offset))
            return [Memory(*row) for row in rows], total

    def keep(self, owner: str, ids: Sequence[str], filters: Filters) -> dict[str, float]:
        """Those of ``ids`` that pass the filters → when each was created."""
        kept: dict[str, float] = {}
        with self._transaction() as connection:
            for chunk in _chunks(ids):
                where = mine(owner, chunk) + filters.conditions()
                rows = connection.execute(sa.select(_memories.c.id, _memories.c.created).where(*where))
                kept.update((row.id, row.created) for row in rows)
        return kept

    # ---- documents ------------------------------------------------------------------------------------

    def begin_document(self, owner: str, document: Document) -> None:
        row = {name: getattr(document, name) for name in Document.__dataclass_fields__}
        row |= {"owner": owner, "ready": False, "name": cleaned(document.name)}
        with self._transaction() as connection:
            connection.execute(sa.insert(_documents), [row])

    def finish_document(self, owner: str, id: str, *, passages: int, pages: int | None) -> None:
        """Raises ``NotFound``."""
        change = sa.update(_documents).where(*this_document(owner, id))
        with self._transaction() as connection:
            if not connection.execute(change.values(passages=passages, pages=pages, ready=True)).rowcount:
                raise NotFound("This document is no longer there.")

    def documents(self, owner: str, id: str | None = None) -> list[Document]:
        where = [_documents.c.owner == owner] if id is None else this_document(owner, id)
        order = (_documents.c.created.desc(), _documents.c.id)
        with self._transaction() as connection:
            rows = connection.execute(sa.select(*_DOCUMENT_FIELDS).where(*where).order_by(*order))
            return [Document(*row) for row in rows]

    def broken_documents(self, owner: str) -> list[str]:
        """Those that were not finished, and those of which no passage is there."""
        there = sa.exists().where(*mine(owner), _memories.c.container == _documents.c.id)
        broken = sa.or_(_documents.c.ready.is_(False), sa.not_(there))
        with self._transaction() as connection:
            query = sa.select(_documents.c.id).where(_documents.c.owner == owner, broken)
            return list(connection.execute(query).scalars())

    # ---- inside ---------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except (sa.exc.DataError, UnicodeError) as exc:
            raise BadInput(f"The database cannot hold this text: {str(exc).splitlines()[0]}.") from exc
        except sa.exc.SQLAlchemyError as exc:
            reason = str(getattr(exc, "orig", None) or exc).splitlines()[0]
            if is_damaged(reason):
                raise StoreError(
                    f"The memory's database is damaged ({reason}); put a backup of it in its place, or save what can "
                    "be read with sqlite3's .recover."
                ) from exc
            raise StoreError(f"The memory's database failed: {reason}; free disk space or check --database.") from exc

    def _among(self, column: sa.ColumnElement[str], ids: Sequence[str]) -> Iterator[sa.ColumnElement[bool]]:
        """Conditions that are true for all of ``ids``, as many as the database needs: SQLite takes any number as one
        value, JSON. A statement with hundreds of values takes a millisecond to make."""
        if self._engine.dialect.name != "sqlite":
            yield from (column.in_(chunk) for chunk in _chunks(ids))
        elif ids:
            yield column.in_(sa.select(sa.func.json_each(json.dumps(ids)).table_valued("value").c.value))

    @staticmethod
    def _counted(connection: Connection, owner: str) -> int:
        """How many memories there are, out of indexes alone: the rows with their vectors are large."""
        rows = sa.select(sa.func.count()).select_from(_memories)
        everything = connection.execute(rows.where(_memories.c.owner == owner)).scalar_one()
        return int(everything - connection.execute(rows.where(*buried(owner))).scalar_one())

    @staticmethod
    def _update(connection: Connection, owner: str, ids: Sequence[str], values: Mapping[str, Any]) -> int:
        changed = 0
        for chunk in _chunks(list(dict.fromkeys(ids))):
            changed += connection.execute(sa.update(_memories).where(*mine(owner, chunk)).values(**values)).rowcount
        return changed


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
