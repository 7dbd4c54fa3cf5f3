"""The door's tables: keys of programs, and the log of who did what.

SQLite and PostgreSQL alike; what changes here needs a step in ``knowledge/memory/migrations/``. Does not know: what the
columns are used for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Column, Connection, Double, Engine, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.exc import SQLAlchemyError

from knowledge.errors import StoreError

metadata = MetaData()

program_keys = Table(
    "program_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the key, which is kept nowhere
    Column("created", Double, nullable=False),
    Column("used", Double),  # NULL: never
)

audit = Table(
    "audit",
    metadata,
    # SQLite counts only an INTEGER primary key.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("time", Double, nullable=False),
    Column("owner", String(255), nullable=False),  # "" where nobody was let in
    Column("what", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    Column("address", String(64), nullable=False),
    Column("request", String(64), nullable=False),
    Index("audit_by_what", "what", "seq"),
)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction; a database error becomes a StoreError and nothing is changed."""
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as exc:
        raise StoreError(
            "The keys and the log cannot be read or written; check that the database is there and the disk not full."
        ) from exc
