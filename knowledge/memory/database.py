"""Opens the SQL database that history and the external memory's catalog share.

Knows: how SQLite has to be set so that a commit survives a power cut and deleted text leaves the file. Does not know:
any table (schema.py brings them up).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from knowledge.errors import StoreError
from knowledge.memory.schema import upgrade

BUSY_TIMEOUT_MS = 30_000


def open_database(url: str) -> Engine:
    """Any SQLAlchemy URL → an engine whose tables are those of this version. SQLite: WAL, full sync, foreign keys,
    secure delete.

    Raises ``StoreError`` for a bad URL, a missing driver, a database that does not answer, and one of a newer version.
    """
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as exc:
        raise StoreError(
            f"{url!r} is no database URL; use e.g. sqlite:////path/file.sqlite3 or postgresql+psycopg://host/name."
        ) from exc
    shown = parsed.render_as_string(hide_password=True)
    try:
        sqlite = parsed.get_backend_name() == "sqlite"
        if sqlite and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, pool_pre_ping=not sqlite)
        if sqlite:
            sa.event.listen(engine, "connect", _prepare_sqlite)
        upgrade(engine, shown)
    except (ImportError, sa.exc.NoSuchModuleError) as exc:
        raise StoreError(f"The driver for {shown} is not installed ({exc}); pip install it or use SQLite.") from exc
    except (sa.exc.SQLAlchemyError, OSError) as exc:
        reason = str(getattr(exc, "orig", None) or exc).splitlines()[0]
        if is_damaged(reason):
            raise StoreError(
                f"The database {shown} is damaged ({reason}); put a backup of it in its place, or save what can be "
                "read with sqlite3's .recover."
            ) from exc
        raise StoreError(f"The database {shown} cannot be opened: {reason}.") from exc
    return engine


def check(engine: Engine) -> None:
    """Have SQLite look through the whole file. Raises ``StoreError`` where it is damaged."""
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    except sa.exc.SQLAlchemyError as exc:
        found = str(getattr(exc, "orig", None) or exc)
    if found != "ok":
        reason = " ".join(found.split())[:200]
        raise StoreError(
            f"The database {engine.url.database} is damaged ({reason}); put a backup of it in its place, or save what "
            "can be read with sqlite3's .recover."
        )


def is_damaged(reason: str) -> bool:
    """Does SQLite's ``reason`` say that the file is none of its own any more?"""
    return "malformed" in reason or "not a database" in reason


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a turn that was shown as saved is on the disk
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # deleted text is overwritten with zeros, not just unlinked
    cursor.close()
