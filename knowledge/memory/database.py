"""Opens the SQL database that history and the external memory's catalog share.

Knows: how SQLite has to be set so that a commit survives a power cut and deleted text leaves the file. Does not know:
any table (schema.py brings them up), what a damaged file is (database_file.py).
"""

from __future__ import annotations

import logging
import time
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, ExceptionContext, make_url

from knowledge.errors import StoreError
from knowledge.memory.catalog_tables import info
from knowledge.memory.database_file import Found, after_closing, before_opening, break_seal, damage, fault_in
from knowledge.memory.schema import upgrade

log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 30_000
_FOUND, _DAMAGED = "mneme_found", "mneme_damaged"  # what an engine of ours carries among its options


def open_database(url: str) -> Engine:
    """Any SQLAlchemy URL → an engine whose tables are those of this version. SQLite: WAL, full sync, foreign keys,
    secure delete, and the file as it was closed, or else read through.

    Raises ``StoreError`` for a bad URL, a missing driver, a database that does not answer, and one that is damaged or
    of a newer version, which is left as it is.
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
        file, found = _file_of(parsed), ""
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            found = before_opening(file)
        if found:
            log.warning("The database %s is not the one that was closed last (%s).", shown, found)
        # What a statement carries is what people said: it stays out of errors, and so out of the log.
        engine = sa.create_engine(parsed, pool_pre_ping=not sqlite, hide_parameters=True)
        engine.update_execution_options(**{_FOUND: found})
        if sqlite:
            sa.event.listen(engine, "connect", partial(_prepare_sqlite, file))
            sa.event.listen(engine, "handle_error", _note_damage)
        upgrade(engine, shown)
    except (ImportError, sa.exc.NoSuchModuleError) as exc:
        raise StoreError(f"The driver for {shown} is not installed ({exc}); pip install it or use SQLite.") from exc
    except (sa.exc.SQLAlchemyError, OSError) as exc:
        reason = str(getattr(exc, "orig", None) or exc).splitlines()[0]
        if is_damaged(reason):
            raise damage(shown, reason) from exc
        raise StoreError(f"The database {shown} cannot be opened: {reason}.") from exc
    return engine


def close_database(engine: Engine, *, sound: bool = True) -> None:
    """Close it, and seal a SQLite file that nobody else has open, where it was ``sound`` to its end as far as is known.
    Where that fails the next start reads it through."""
    engine.dispose()
    file = _file_of(engine.url)
    if file and sound and not engine.get_execution_options().get(_DAMAGED):
        try:
            after_closing(file)
        except OSError as exc:
            log.warning("The database %s could not be sealed: %s", file, exc)


def found_at_opening(engine: Engine) -> Found:
    """What the opener found: a file that is not the one that was closed last."""
    found: Found = engine.get_execution_options().get(_FOUND, "")
    return found


def check(engine: Engine) -> None:
    """Read a SQLite file through. Raises ``StoreError`` where it is damaged."""
    file = _file_of(engine.url)
    if file and (fault := fault_in(file)):
        raise damage(file, fault)


def try_writing(engine: Engine) -> None:
    """Write a row and commit it, as every message is. Raises ``StoreError`` where the database takes no write."""
    key, now = "tried", str(time.time())
    try:
        with engine.begin() as connection:
            connection.execute(sa.delete(info).where(info.c.key == key))
            connection.execute(sa.insert(info), {"key": key, "value": now})
    except sa.exc.SQLAlchemyError as exc:
        reason = str(getattr(exc, "orig", None) or exc).splitlines()[0]
        raise StoreError(f"The database takes no writes: {reason}; free disk space or check --database.") from exc


def is_damaged(reason: str) -> bool:
    """Does SQLite's ``reason`` say that the file is none of its own any more?"""
    return any(words in reason for words in ("malformed", "not a database", "decode to UTF-8"))


def _file_of(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith((":memory:", "file:")):
        return None
    return Path(url.database)


def _note_damage(context: ExceptionContext) -> None:
    if context.engine is not None and is_damaged(str(context.original_exception)):
        context.engine.update_execution_options(**{_DAMAGED: True})


def _prepare_sqlite(file: Path | None, connection: Any, _record: Any) -> None:
    if file:
        break_seal(file)  # with every connection: one may be made by what outlives the closing
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a turn that was shown as saved is on the disk
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # deleted text is overwritten with zeros, not just unlinked
    cursor.close()
