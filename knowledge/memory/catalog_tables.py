"""The catalog's SQL tables. What changes here needs a step in ``migrations/``.

Knows: columns, and which rows a condition means. Does not know: what is asked of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from knowledge.records import Memory, Standing

meta = sa.MetaData()
memories = sa.Table(
    "memories",
    meta,
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
    sa.Column("gate", sa.String(16), nullable=False, server_default="add"),
    sa.Column("target", sa.String(255), nullable=False, server_default=""),
    sa.Column("indexed", sa.Boolean, nullable=False),  # both indexes hold this row as it is here
    sa.Column("deleted", sa.Boolean, nullable=False),  # tombstone: gone for everybody, kept until the indexes are clean
    # (keys, dimension) float16, little-endian, of the store's encoder; NULL where they are not known (again) yet
    sa.Column("vector", sa.LargeBinary),
    sa.Column(
        "key_count", sa.Integer
    ),  # how many there are of them in the vector index; NULL: one, of an earlier version
    sa.Index("memories_by_time", "owner", "created"),
    sa.Index("memories_by_container", "owner", "container", "position"),
    sa.Index("memories_pending", "owner", "indexed"),
    sa.Index("memories_pinned", "owner", "pinned"),
    sa.Index("memories_by_keys", "owner", "deleted", "key_count"),
    sa.Index("memories_by_target", "owner", "target"),
)
documents = sa.Table(
    "documents",
    meta,
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
info = sa.Table(
    "store_info", meta, sa.Column("key", sa.String(64), primary_key=True), sa.Column("value", sa.Text, nullable=False)
)
_VECTOR = np.dtype("<f2")  # of a vector in its row: a cosine is off by less than 0.001


@dataclass(frozen=True, slots=True)
class Filters:
    """Which memories a listing shows; None filters nothing. Times inclusive."""

    kind: str | None = None
    container: str | None = None
    since: float | None = None
    until: float | None = None
    pinned: bool | None = None
    muted: bool | None = None
    standing: Standing | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Of rows of one owner: whose, is the caller's to say."""
        c = memories.c
        found = [
            c[name] == value
            for name in ("kind", "container", "pinned", "muted")
            if (value := getattr(self, name)) is not None
        ]
        if self.since is not None:
            found.append(c.created >= self.since)
        if self.until is not None:
            found.append(c.created <= self.until)
        if self.standing is not None:
            found += _standing(self.standing)
        return found


def _standing(wanted: Standing) -> list[sa.ColumnElement[bool]]:
    c, newer = memories.c, memories.alias("newer").c
    replaced = sa.exists().where(
        newer.owner == c.owner, newer.target == c.id, newer.gate == "supersede", *_may_be_read(newer)
    )
    if wanted == "current":
        return [c.gate.in_(["add", "supersede"]), sa.not_(replaced)]
    if wanted == "replaced":
        return [c.gate.in_(["add", "supersede"]), replaced]
    return [c.gate.in_(["merge", "supersede"]) if wanted == "changes" else c.gate.in_(["skip", "merge"])]


def _may_be_read(c: Any) -> list[sa.ColumnElement[bool]]:
    return [c.deleted.is_(False), c.muted.is_(False), c.active.is_(True)]


def mine(owner: str, ids: Sequence[str] | None = None) -> list[sa.ColumnElement[bool]]:
    where = [memories.c.owner == owner, memories.c.deleted.is_(False)]
    return where if ids is None else [*where, memories.c.id.in_(ids)]


def readable(owner: str) -> list[sa.ColumnElement[bool]]:
    return [*mine(owner), memories.c.muted.is_(False), memories.c.active.is_(True)]


def buried(owner: str) -> list[sa.ColumnElement[bool]]:
    """Tombstones. None of them is indexed: the database finds them by that."""
    return [memories.c.owner == owner, memories.c.indexed.is_(False), memories.c.deleted.is_(True)]


def this_document(owner: str, id: str) -> list[sa.ColumnElement[bool]]:
    return [documents.c.owner == owner, documents.c.id == id]


def pack(keys: np.ndarray) -> bytes:
    return np.asarray(keys).astype(_VECTOR).tobytes()


def unpack(packed: Mapping[str, bytes], dimension: int) -> dict[str, np.ndarray]:
    """id → (keys, dimension) float32. All at once: a call of NumPy for each of hundreds would cost more than reading
    them."""
    rows = np.frombuffer(b"".join(packed.values()), dtype=_VECTOR).astype(np.float32).reshape(-1, dimension)
    width, at, found = dimension * _VECTOR.itemsize, 0, {}
    for id, one in packed.items():
        found[id] = rows[at : at + len(one) // width]
        at += len(one) // width
    return found


def row_of(owner: str, memory: Memory, keys: np.ndarray) -> dict[str, Any]:
    """The row of a new memory, not indexed yet. ``keys``: (keys, dimension)."""
    row = {name: getattr(memory, name) for name in Memory.__dataclass_fields__}
    row |= {name: cleaned(row[name]) for name in ("text", "speaker", "title", "heading")}
    return row | {"owner": owner, "vector": pack(keys), "key_count": len(keys), "indexed": False, "deleted": False}


def cleaned(text: str) -> str:
    """Without NUL (PostgreSQL refuses it) and lone surrogates (not to be encoded as UTF-8)."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def collect(rows: Iterable[Any], found: dict[str, Memory], packed: dict[str, bytes]) -> None:
    """Rows of a memory's fields and its vector → memories, and vectors where there are any; the first row of an id
    counts."""
    for row in rows:
        if row[0] not in found:
            found[row[0]] = Memory(*row[:-1])
            if row[-1] is not None:
                packed[row[0]] = row[-1]
