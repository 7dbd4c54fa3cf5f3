"""Keys of programs: made, shown once, kept as hashes only, noted when used, revoked at once."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from chat_app.door.door import Door
from chat_app.door.program_keys import LONGEST_NAME, MOST, ProgramKeys
from knowledge.errors import BadInput, NotFound
from knowledge.memory.database import open_database


class Clock:
    """Seconds that go on when the test says so."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'mneme.sqlite3'}")
    yield engine
    engine.dispose()


def opened(engine: Engine, clock: Clock | None = None) -> ProgramKeys:
    return ProgramKeys(engine, clock=clock or Clock())


def test_the_file_holds_the_hash_and_never_the_key(engine: Engine, tmp_path: Path) -> None:
    keys = opened(engine)
    key, secret = keys.make("anna", "  my   script ")
    assert key.name == "my script" and len(secret) >= 43 and key.hash == hashlib.sha256(secret.encode()).hexdigest()
    assert keys.owner_of(secret.encode()) == "anna"
    for wrong in (b"", secret[:-1].encode(), secret.encode() + b"x", key.hash.encode(), key.id.encode()):
        assert keys.owner_of(wrong) is None
    keys.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("mneme.sqlite3*"))
    assert key.hash.encode() in stored and secret.encode() not in stored
    assert secret not in repr(keys.of("anna"))
    again, other = keys.make("anna", "my script")
    assert other != secret and again.id != key.id


def test_keys_hold_over_a_restart_and_a_revoked_one_opens_nothing(engine: Engine) -> None:
    keys = opened(engine)
    (first, one), (second, two) = keys.make("anna", "one"), keys.make("anna", "two")
    with pytest.raises(NotFound):
        keys.revoke("bert", first.id)  # another owner's
    keys.revoke("anna", first.id)
    assert keys.owner_of(one.encode()) is None and keys.owner_of(two.encode()) == "anna"
    keys.close()
    again = opened(engine)
    assert again.owner_of(one.encode()) is None and again.owner_of(two.encode()) == "anna"
    assert [key.id for key in again.of("anna")] == [second.id] and again.of("bert") == []
    with pytest.raises(NotFound):
        again.revoke("anna", first.id)
    again.close()


def test_when_a_key_was_used_is_noted_once_a_minute(engine: Engine) -> None:
    clock = Clock()
    keys = opened(engine, clock)
    key, secret = keys.make("anna", "one")
    assert key.used is None
    began = clock.now
    for later in (0, 1, 59):
        clock.now = began + later
        keys.owner_of(secret.encode())
    assert used(keys) == began
    clock.now = began + 61
    keys.owner_of(secret.encode())
    keys.close()
    again = opened(engine)
    assert again.of("anna")[0].used == began + 61
    again.close()


def used(keys: ProgramKeys) -> float | None:
    """When the only key was used, once that is noted."""
    end = time.monotonic() + 10
    while (found := keys.of("anna")[0].used) is None and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_looking_at_a_key_waits_for_nobody(engine: Engine) -> None:
    keys = opened(engine)
    _, secret = keys.make("anna", "one")
    with engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")  # somebody writes for long
        started = time.perf_counter()
        assert keys.owner_of(secret.encode()) == "anna"
        assert time.perf_counter() - started < 0.5
        other.rollback()
    keys.close()


@pytest.mark.parametrize("name", ["", "   ", "x" * (LONGEST_NAME + 1), "a\u202eb"])
def test_a_name_is_one(engine: Engine, name: str) -> None:
    keys = opened(engine)
    with pytest.raises(BadInput, match="name"):
        keys.make("anna", name)
    assert keys.of("anna") == []
    keys.close()


def test_there_are_not_any_number_of_them(engine: Engine) -> None:
    keys = opened(engine)
    for number in range(MOST):
        keys.make("anna", str(number))
    with pytest.raises(BadInput, match="revoke"):
        keys.make("anna", "one more")
    keys.make("bert", "his first")
    keys.close()


def test_the_door_takes_made_keys_and_the_one_of_the_environment(engine: Engine, tmp_path: Path) -> None:
    door = Door(tmp_path, loopback=False, password="correct horse")
    assert not door.has_key
    door.made_keys = keys = opened(engine)
    assert not door.has_key and door.visit_of_program("Bearer ") is None  # no key at all is no key
    key, secret = keys.make("anna", "one")
    assert door.has_key
    visit = door.visit_of_program(f"Bearer {secret}")
    assert visit and visit.owner == "anna"  # whose key it is, not whoever there is
    assert door.visit_of_program(f"Basic {secret}") is None and door.visit_of_program(secret) is None
    keys.revoke("anna", key.id)
    assert door.visit_of_program(f"Bearer {secret}") is None and not door.has_key
    keys.close()
