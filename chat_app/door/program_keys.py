"""Keys with which programs use ``/v1``: made by the owner, shown once, revoked at any time.

A key is 256 random bits, so its SHA-256 tells nothing about it: there is nothing to guess, and no slow hash is needed.
All hashes are kept in memory as well: looking at one neither waits for the database nor blocks the server's loop. Does
not know: HTTP, the page.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Engine, delete, insert, select, update

from chat_app.door.tables import program_keys, transaction
from knowledge.errors import BadInput, NotFound, StoreError

logger = logging.getLogger(__name__)

MOST = 100  # keys of one owner
LONGEST_NAME = 100  # characters
_PREFIX = "mneme_"  # tells people, and programs that look for secrets in files, what it is
_BYTES = 32
_NOTED = 60.0  # seconds between two notes in the database of when a key was used


@dataclass(frozen=True, slots=True)
class ProgramKey:
    """``created`` and ``used`` (None: never): seconds since the epoch. ``hash``: SHA-256 in hexadecimal digits."""

    id: str
    owner: str
    name: str
    hash: str
    created: float
    used: float | None = None


class ProgramKeys:
    """Safe to call from threads. Raises StoreError where the database cannot be read."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock
        self._lock = threading.Lock()
        self._noting = ThreadPoolExecutor(1, "key-used")
        with transaction(engine) as connection:
            rows = connection.execute(select(program_keys).order_by(program_keys.c.created)).mappings()
            self._keys = {row["id"]: ProgramKey(**row) for row in rows}
        self._noted = {id: key.used or 0.0 for id, key in self._keys.items()}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def of(self, owner: str) -> list[ProgramKey]:
        """The owner's keys, oldest first."""
        with self._lock:
            return [key for key in self._keys.values() if key.owner == owner]

    def make(self, owner: str, name: str) -> tuple[ProgramKey, str]:
        """A new key, and its text, which is told nowhere else. Raises BadInput, StoreError."""
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise BadInput(f"A key needs a name of 1 to {LONGEST_NAME} characters, such as that of its program.")
        secret = _PREFIX + secrets.token_urlsafe(_BYTES)
        key = ProgramKey(secrets.token_hex(8), owner, name, _hashed(secret.encode()), self._clock())
        with self._lock:
            if sum(one.owner == owner for one in self._keys.values()) >= MOST:
                raise BadInput(f"There are {MOST} keys already; revoke one of them first.")
            with transaction(self._engine) as connection:
                connection.execute(insert(program_keys).values(**asdict(key)))
            self._keys = {**self._keys, key.id: key}
        return key, secret

    def revoke(self, owner: str, id: str) -> ProgramKey:
        """Let this key open nothing any more, from now on. Raises NotFound, StoreError."""
        with self._lock:
            key = self._keys.get(id)
            if key is None or key.owner != owner:
                raise NotFound("This key is no longer there.")
            with transaction(self._engine) as connection:
                connection.execute(delete(program_keys).where(program_keys.c.id == id))
            self._keys = {other: one for other, one in self._keys.items() if other != id}
        return key

    def owner_of(self, secret: bytes) -> str | None:
        """Whose key this is, or None. Waits for no database."""
        hash, found = _hashed(secret), None
        for key in self._keys.values():  # a new table with every change, so that it can be walked without the lock
            if hmac.compare_digest(hash, key.hash):
                found = key
        if found is None:
            return None
        now = self._clock()
        if now - self._noted.get(found.id, 0.0) >= _NOTED:
            self._noted[found.id] = now
            self._noting.submit(self._note, found.id, now)
        return found.owner

    def _note(self, id: str, used: float) -> None:
        with self._lock:
            if (key := self._keys.get(id)) is None:
                return
            self._keys = {**self._keys, id: replace(key, used=used)}
            try:
                with transaction(self._engine) as connection:
                    connection.execute(update(program_keys).where(program_keys.c.id == id).values(used=used))
            except StoreError as error:
                logger.warning("%s", error)

    def close(self) -> None:
        """Write what is to be noted."""
        self._noting.shutdown()


def _hashed(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()
