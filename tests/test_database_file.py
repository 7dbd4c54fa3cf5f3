"""The database's file: damage ends the start with one sentence, a healthy file serves, whoever put it there."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from knowledge.errors import StoreError
from knowledge.memory.catalog_tables import memories, row_of
from knowledge.memory.database import check, close_database, found_at_opening, open_database
from knowledge.records import Memory
from tests.browser.fake_application import FakeApplication

TEXT = "crate {at} holds apples, " + "pears and plums " * 20
PAGE = 4096


def opened(file: Path) -> sa.Engine:
    return open_database(f"sqlite:///{file}")


def fill(engine: sa.Engine, first: int = 0, count: int = 400) -> None:
    said = [Memory(f"m{at}", TEXT.format(at=at), "note", 1000.0 + at) for at in range(first, first + count)]
    with engine.begin() as connection:
        connection.execute(sa.insert(memories), [row_of("ann", one, np.ones((1, 8))) for one in said])


def counted(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(memories)).scalar_one())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Closed in order, with 400 memories."""
    engine = opened(tmp_path / "mneme.sqlite3")
    fill(engine)
    close_database(engine)
    return tmp_path / "mneme.sqlite3"


def seal(file: Path) -> Path:
    return file.with_name("mneme.sqlite3.closed")


def in_text(content: bytes) -> int:
    """Where a text stands in the middle of the file."""
    return content.index(b"pears and plums", len(content) // 2)


def inverted(content: bytes) -> bytes:
    at = in_text(content)
    return content[:at] + bytes(byte ^ 0xFF for byte in content[at : at + 8]) + content[at + 8 :]


def zeroed_page(content: bytes) -> bytes:
    at = in_text(content) // PAGE * PAGE
    return content[:at] + bytes(PAGE) + content[at + PAGE :]


def flipped_in_every_page(content: bytes) -> bytes:
    flips = bytearray(content)
    for at in range(PAGE + 3, len(content), PAGE):  # how many rows there are in a page
        flips[at] ^= 0xFF
    return bytes(flips)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a text inverted": inverted,
    "a page zeroed": zeroed_page,
    "every page flipped": flipped_in_every_page,
    "truncated": lambda content: content[: len(content) // 2],
    "truncated to nothing": lambda content: b"",
    "zeroed": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_left_as_it_is(file: Path, damage: str) -> None:
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    for _ in range(2):  # and at the next start too
        with pytest.raises(StoreError, match="damaged.*left as it is.*backup.*recover") as refused:
            opened(file)
        assert str(file) in str(refused.value) and "\n" not in str(refused.value)
        assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before


@pytest.mark.parametrize("damage", ["a text inverted", "a page zeroed", "truncated", "zeroed"])
def test_after_a_crash_a_damaged_file_is_refused_too(file: Path, damage: str) -> None:
    crashed = opened(file)
    fill(crashed, first=1000, count=3)
    shutil.copytree(file.parent, copy := file.parent / "copy")  # as it is while it runs
    close_database(crashed)
    there = copy / file.name
    there.write_bytes(DAMAGES[damage](there.read_bytes()))
    log = (copy / "mneme.sqlite3-wal").read_bytes()
    content = there.read_bytes()
    with pytest.raises(StoreError, match="damaged.*left as it is"):
        opened(there)
    assert there.read_bytes() == content and (copy / "mneme.sqlite3-wal").read_bytes() == log


def test_a_text_that_became_another_text_is_said(file: Path) -> None:
    """SQLite cannot see it, the seal can; which of the two it is, damage or a person, nobody can."""
    content = file.read_bytes()
    at = in_text(content)
    file.write_bytes(content[:at] + b"gears" + content[at + 5 :])
    engine = opened(file)
    assert found_at_opening(engine) == "changed"
    close_database(engine)


def test_what_was_closed_in_order_is_opened_without_being_read_through(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault_in(file: Path) -> str:
        raise AssertionError("read through")

    monkeypatch.setattr("knowledge.memory.database_file.fault_in", fault_in)
    assert seal(file).exists()
    engine = opened(file)
    assert found_at_opening(engine) == "" and counted(engine) == 400 and not seal(file).exists()
    close_database(engine)
    assert seal(file).exists()


def test_an_older_healthy_file_put_back_alone_serves_and_is_said_once(file: Path) -> None:
    older = file.read_bytes()
    engine = opened(file)
    fill(engine, first=1000)
    close_database(engine)
    file.write_bytes(older)
    engine = opened(file)
    assert found_at_opening(engine) == "changed" and counted(engine) == 400
    close_database(engine)
    engine = opened(file)
    assert found_at_opening(engine) == ""
    engine.dispose()


def test_an_older_whole_folder_put_back_is_its_own(file: Path) -> None:
    shutil.copytree(file.parent, backup := file.parent / "backup")
    engine = opened(file)
    fill(engine, first=1000)
    engine.dispose()  # no seal here
    for name in (file.name, seal(file).name):
        shutil.copy(backup / name, file.parent / name)
    engine = opened(file)
    assert found_at_opening(engine) == "" and counted(engine) == 400
    engine.dispose()


def test_a_healthy_crash_starts_with_all_that_was_committed(file: Path) -> None:
    engine = opened(file)
    fill(engine, first=1000, count=50)
    shutil.copytree(file.parent, copy := file.parent / "copy")
    close_database(engine)
    assert not seal(copy / file.name).exists() and (copy / "mneme.sqlite3-wal").stat().st_size
    again = opened(copy / file.name)
    assert found_at_opening(again) == "" and counted(again) == 450
    again.dispose()


def test_a_file_that_is_moved_away_leaves_an_empty_start(file: Path) -> None:
    file.rename(file.with_suffix(".old"))
    engine = opened(file)
    assert found_at_opening(engine) == "gone" and counted(engine) == 0
    engine.dispose()


@pytest.mark.parametrize("content", [b"\xff\0", b"", b"[123", b"null"])
def test_a_damaged_seal_is_none(file: Path, content: bytes) -> None:
    seal(file).write_bytes(content)
    engine = opened(file)
    assert found_at_opening(engine) == "" and counted(engine) == 400
    engine.dispose()
    seal(file).write_bytes(content)
    file.write_bytes(zeroed_page(file.read_bytes()))
    with pytest.raises(StoreError, match="damaged"):
        opened(file)


def test_a_file_that_somebody_still_has_open_is_not_sealed(file: Path) -> None:
    engine = opened(file)
    other = sqlite3.connect(file)
    other.execute("SELECT count(*) FROM memories").fetchone()
    close_database(engine)
    assert not seal(file).exists()
    other.close()


def test_what_is_opened_again_after_closing_breaks_the_seal(file: Path) -> None:
    engine = opened(file)
    close_database(engine)
    fill(engine, first=1000, count=1)  # work that outlived the closing
    assert not seal(file).exists()
    engine.dispose()


def test_damage_that_was_met_while_it_ran_is_not_sealed(file: Path) -> None:
    engine = opened(file)
    engine.dispose()
    file.write_bytes(inverted(file.read_bytes()))
    with pytest.raises(sa.exc.OperationalError), engine.connect() as connection:
        connection.execute(sa.select(memories.c.text)).fetchall()
    with pytest.raises(StoreError, match="damaged"):
        check(engine)
    close_database(engine)
    assert not seal(file).exists()
    with pytest.raises(StoreError, match="damaged"):
        opened(file)


def test_the_app_seals_and_the_page_says_what_it_found(tmp_path: Path) -> None:
    app = FakeApplication(tmp_path)
    app.start()
    assert app.wait_until_ready(60).ready
    app.network.remember("local", "Crate 7 holds apples.")
    app.close()
    assert seal(tmp_path / "mneme.sqlite3").exists()
    connection = sqlite3.connect(tmp_path / "mneme.sqlite3")
    connection.execute("UPDATE memories SET text = 'Crate 8 holds apples.'")
    connection.commit()
    connection.close()
    again = FakeApplication(tmp_path)
    assert [one.key for one in again.notices.of("local")] == ["database_changed"]
    again.close()
