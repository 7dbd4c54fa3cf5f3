"""The catalog: SQL tables of memories, documents and facts about the store. Its text is the source of truth.

Knows: rows, their marks, and which of them the indexes still have to follow (``indexed`` is false, or ``deleted`` is
true: a tombstone without text). Does not know: vectors, words, encoders. Runs on SQLite and PostgreSQL.
Times are seconds since the epoch. Every database error becomes ``StoreError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from knowledge.errors import BadInput, NotFound, StoreError
from knowledge.records import Document, Memory

_CHUNK = 500  # ids in one statement: well below every database's limit of bound values

_meta = sa.MetaData()
_memories = sa.Table(
    "memories",
    _meta,
    sa.Column("owner", sa.String(255), primary_key=True),
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("speaker", sa.Text, nullable=False),
    sa.Column("container", sa.String(255), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("branch", sa.String(255), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("heading", sa.Text, nullable=False),
    sa.Column("pinned", sa.Boolean, nullable=False),
    sa.Column("muted", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("edited", sa.Double),
    sa.Column("read_count", sa.Integer, nullable=False),
    sa.Column("last_read", sa.Double),
    sa.Column("indexed", sa.Boolean, nullable=False),  # both indexes hold this row as it is here
    sa.Column("deleted", sa.Boolean, nullable=False),  # tombstone: gone for everybody, kept until the indexes are clean
    sa.Index("memories_by_time", "owner", "created"),
    sa.Index("memories_by_container", "owner", "container", "position"),
    sa.Index("memories_pending", "owner", "indexed"),
    sa.Index("memories_pinned", "owner", "pinned"),
)
_documents = sa.Table(
    "documents",
    _meta,
    sa.Column("owner", sa.String(255), primary_key=True),
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("passages", sa.Integer, nullable=False),
    sa.Column("pages", sa.Integer),
    sa.Column("ready", sa.Boolean, nullable=False),
)
_info = sa.Table(
    "store_info", _meta, sa.Column("key", sa.String(64), primary_key=True), sa.Column("value", sa.Text, nullable=False)
)
_FIELDS = [_memories.c[name] for name in Memory.__dataclass_fields__]
_DOCUMENT_FIELDS = [_documents.c[name] for name in Document.__dataclass_fields__]
_ERASED = {"text": "", "speaker": "", "title": "", "heading": "", "deleted": True, "indexed": False, "pinned": False}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which memories a listing shows; None filters nothing. Times inclusive."""

    kind: str | None = None
    container: str | None = None
    since: float | None = None
    until: float | None = None
    pinned: bool | None = None
    muted: bool | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        c = _memories.c
        found = [c[name] == value for name in ("kind", "container", "pinned", "muted")
                 if (value := getattr(self, name)) is not None]
        if self.since is not None:
            found.append(c.created >= self.since)
        if self.until is not None:
            found.append(c.created <= self.until)
        return found


class Catalog:
    """Rows of memories and documents, per owner."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with self._transaction() as connection:
            _meta.create_all(connection)

    # ---- facts about the store ------------------------------------------------------------------------

    def info(self, key: str) -> str | None:
        with self._transaction() as connection:
            return connection.execute(sa.select(_info.c.value).where(_info.c.key == key)).scalar()

    def set_info(self, values: Mapping[str, str]) -> None:
        with self._transaction() as connection:
            connection.execute(sa.delete(_info).where(_info.c.key.in_(list(values))))
            connection.execute(sa.insert(_info), [{"key": key, "value": value} for key, value in values.items()])

    def owners(self) -> list[str]:
        """Everybody who has a row of memory or a document, tombstones included."""
        query = sa.union(sa.select(_memories.c.owner), sa.select(_documents.c.owner))
        with self._transaction() as connection:
            return sorted(connection.execute(query).scalars())

    # ---- writing --------------------------------------------------------------------------------------

    def insert(self, owner: str, memories: Sequence[Memory]) -> list[str]:
        """Insert those whose id is new, not indexed yet; the others only take over ``active``. → new ids, in order."""
        new = {memory.id: memory for memory in reversed(memories)}  # of two with one id the first counts
        with self._transaction() as connection:
            known: dict[str, bool] = {}
            for chunk in _chunks(list(new)):
                rows = connection.execute(sa.select(_memories.c.id, _memories.c.active).where(*_mine(owner, chunk)))
                known.update((row.id, row.active) for row in rows)
            fresh = [memory for memory in reversed(list(new.values())) if memory.id not in known]
            if fresh:
                connection.execute(sa.insert(_memories), [_row(owner, memory) for memory in fresh])
            for wanted in (True, False):
                moved = [id for id, active in known.items() if new[id].active is wanted and active is not wanted]
                self._update(connection, owner, moved, {"active": wanted, "indexed": False})
        return [memory.id for memory in fresh]

    def set_text(self, owner: str, id: str, text: str, edited: float) -> None:
        """Raises ``NotFound``."""
        with self._transaction() as connection:
            values = {"text": _clean(text), "edited": edited, "indexed": False}
            if not self._update(connection, owner, [id], values):
                raise NotFound("This memory is no longer there.")

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

    def erase(self, owner: str, ids: Sequence[str] | None) -> int:
        """Turn memories (None: all of the owner's) into tombstones without text. → how many there were."""
        with self._transaction() as connection:
            if ids is None:
                return connection.execute(sa.update(_memories).where(*_mine(owner)).values(**_ERASED)).rowcount
            return self._update(connection, owner, ids, _ERASED)

    def drop_tombstones(self, owner: str, ids: Sequence[str]) -> None:
        with self._transaction() as connection:
            for chunk in _chunks(ids):
                mine = (_memories.c.owner == owner, _memories.c.deleted.is_(True), _memories.c.id.in_(chunk))
                connection.execute(sa.delete(_memories).where(*mine))

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
                for row in connection.execute(sa.select(*_FIELDS).where(*_mine(owner, chunk))):
                    found[row.id] = Memory(*row)
        return found

    def count(self, owner: str) -> int:
        with self._transaction() as connection:
            return connection.execute(sa.select(sa.func.count()).where(*_mine(owner))).scalar_one()

    def ids(self, owner: str, *, container: str | None = None) -> list[str]:
        """All ids, or those of a container, oldest first."""
        where = _mine(owner) + Filters(container=container).conditions()
        c = _memories.c
        with self._transaction() as connection:
            query = sa.select(c.id).where(*where).order_by(c.created, c.container, c.position, c.id)
            return list(connection.execute(query).scalars())

    def pinned(self, owner: str) -> list[str]:
        c = _memories.c
        where = [*_mine(owner), c.pinned.is_(True), c.muted.is_(False), c.active.is_(True)]
        with self._transaction() as connection:
            return list(connection.execute(sa.select(c.id).where(*where)).scalars())

    def unindexed(self, owner: str, ids: Sequence[str] | None = None) -> set[str]:
        """Ids (of these, or all) that the indexes do not follow yet."""
        return self._flagged([*_mine(owner), _memories.c.indexed.is_(False)], ids)

    def tombstones(self, owner: str, ids: Sequence[str] | None = None) -> set[str]:
        """Ids (of these, or all) that are deleted here, but perhaps not yet in the indexes."""
        return self._flagged([_memories.c.owner == owner, _memories.c.deleted.is_(True)], ids)

    def _flagged(self, where: Sequence[sa.ColumnElement[bool]], ids: Sequence[str] | None) -> set[str]:
        id = _memories.c.id
        found: set[str] = set()
        with self._transaction() as connection:
            if ids is None:
                return set(connection.execute(sa.select(id).where(*where)).scalars())
            for chunk in _chunks(ids):
                found.update(connection.execute(sa.select(id).where(*where, id.in_(chunk))).scalars())
        return found

    def newest(self, owner: str, filters: Filters, *, contains: str = "", limit: int, offset: int
               ) -> tuple[list[Memory], int]:
        """A page of memories, newest first, and how many there are; ``contains``: a piece of the text, any case."""
        where = _mine(owner) + filters.conditions()
        c = _memories.c
        if contains:
            where.append(c.text.icontains(contains, autoescape=True))
        order = (c.created.desc(), c.position.desc(), c.id)
        with self._transaction() as connection:
            total = connection.execute(sa.select(sa.func.count()).where(*where)).scalar_one()
            rows = connection.execute(sa.select(*_FIELDS).where(*where).order_by(*order).limit(limit).offset(offset))
            return [Memory(*row) for row in rows], total

    def keep(self, owner: str, ids: Sequence[str], filters: Filters) -> dict[str, float]:
        """Those of ``ids`` that pass the filters → when each was created."""
        kept: dict[str, float] = {}
        with self._transaction() as connection:
            for chunk in _chunks(ids):
                where = _mine(owner, chunk) + filters.conditions()
                rows = connection.execute(sa.select(_memories.c.id, _memories.c.created).where(*where))
                kept.update((row.id, row.created) for row in rows)
        return kept

    # ---- documents ------------------------------------------------------------------------------------

    def begin_document(self, owner: str, document: Document) -> None:
        row = {name: getattr(document, name) for name in Document.__dataclass_fields__}
        row |= {"owner": owner, "ready": False, "name": _clean(document.name)}
        with self._transaction() as connection:
            connection.execute(sa.insert(_documents), [row])

    def finish_document(self, owner: str, id: str, *, passages: int, pages: int | None) -> None:
        """Raises ``NotFound``."""
        change = sa.update(_documents).where(*_this_document(owner, id))
        with self._transaction() as connection:
            if not connection.execute(change.values(passages=passages, pages=pages, ready=True)).rowcount:
                raise NotFound("This document is no longer there.")

    def documents(self, owner: str, id: str | None = None) -> list[Document]:
        where = [_documents.c.owner == owner] if id is None else _this_document(owner, id)
        order = (_documents.c.created.desc(), _documents.c.id)
        with self._transaction() as connection:
            rows = connection.execute(sa.select(*_DOCUMENT_FIELDS).where(*where).order_by(*order))
            return [Document(*row) for row in rows]

    def drop_document(self, owner: str, id: str) -> None:
        with self._transaction() as connection:
            connection.execute(sa.delete(_documents).where(*_this_document(owner, id)))

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
            raise StoreError(f"The memory's database failed: {reason}; free disk space or check --database.") from exc

    @staticmethod
    def _update(connection: Connection, owner: str, ids: Sequence[str], values: Mapping[str, Any]) -> int:
        changed = 0
        for chunk in _chunks(list(dict.fromkeys(ids))):
            changed += connection.execute(sa.update(_memories).where(*_mine(owner, chunk)).values(**values)).rowcount
        return changed


def _mine(owner: str, ids: Sequence[str] | None = None) -> list[sa.ColumnElement[bool]]:
    where = [_memories.c.owner == owner, _memories.c.deleted.is_(False)]
    return where if ids is None else [*where, _memories.c.id.in_(ids)]


def _this_document(owner: str, id: str) -> list[sa.ColumnElement[bool]]:
    return [_documents.c.owner == owner, _documents.c.id == id]


def _row(owner: str, memory: Memory) -> dict[str, Any]:
    row = {name: getattr(memory, name) for name in Memory.__dataclass_fields__}
    row |= {name: _clean(row[name]) for name in ("text", "speaker", "title", "heading")}
    return row | {"owner": owner, "indexed": False, "deleted": False}


def _clean(text: str) -> str:
    """Without NUL (PostgreSQL refuses it) and lone surrogates (not to be encoded as UTF-8)."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
