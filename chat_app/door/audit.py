"""The log of who did what: signed in, signed out, made a key, took data out or in, deleted. Never what it was.

Rows are only added. Of each kind the newest are kept, so that who tries a thousand passwords pushes out no deletion.
Does not know: the page, what the words are for people.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, delete, func, insert, select

from chat_app.door.tables import audit, transaction
from chat_app.request_log import Caller, current
from knowledge.errors import StoreError

logger = logging.getLogger(__name__)

KEPT = 5000  # rows of each kind: some hundred bytes each, so a few MB in all
What = Literal[
    "signed_in",
    "sign_in_refused",
    "signed_out",
    "signed_out_everywhere",
    "key_made",
    "key_revoked",
    "key_refused",
    "exported",
    "imported",
    "memories_deleted",
    "everything_deleted",
    "document_deleted",
    "conversation_deleted",
    "exchange_undone",
    "forgotten",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """``time``: seconds since the epoch. ``owner``: "" where nobody was let in. ``count``: of what was done to, such as
    memories. ``address``: from where, "" where that is not known. ``request``: its id, as in the log's lines."""

    time: float
    owner: str
    what: str
    count: int
    address: str
    request: str


class Audit:
    """Safe to call from threads; not on the server's loop, for it waits for the database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time, kept: int = KEPT) -> None:
        self._engine, self._clock, self._kept = engine, clock, kept

    def note(self, owner: str, what: What, count: int = 1, *, caller: Caller | None = None) -> None:
        """Add a row. What was done is done: where it cannot be written, the terminal says so, and nothing is raised."""
        who = caller or current()
        row = Entry(self._clock(), owner, what, count, who.address[:64], who.request)
        oldest = (
            select(audit.c.seq).where(audit.c.what == what).order_by(audit.c.seq.desc()).offset(self._kept).limit(1)
        )
        try:
            with transaction(self._engine) as connection:
                connection.execute(insert(audit).values({name: getattr(row, name) for name in Entry.__slots__}))
                connection.execute(delete(audit).where(audit.c.what == what, audit.c.seq <= oldest.scalar_subquery()))
        except StoreError as error:
            logger.error("%s was not noted: %s", what, error)

    def page(self, owner: str, *, limit: int, offset: int = 0) -> tuple[list[Entry], int]:
        """What the owner did, and what nobody was let in for, newest first; and how many rows there are in all.

        Raises StoreError.
        """
        seen = audit.c.owner.in_(("", owner))
        columns = [audit.c[name] for name in Entry.__slots__]
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(*columns).where(seen).order_by(audit.c.seq.desc()).limit(limit).offset(offset)
            )
            return [Entry(*row) for row in rows], connection.execute(
                select(func.count()).select_from(audit).where(seen)
            ).scalar_one()
