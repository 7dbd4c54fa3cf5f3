"""The database's tables: numbered steps lead to what the code uses, all or none; a newer database is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from chat_app.door import tables as door_tables
from chat_app.history import tables as history_tables
from knowledge.errors import StoreError
from knowledge.memory import catalog_tables, schema
from knowledge.memory.database import open_database

STEP = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{head}"
def upgrade():
    op.add_column("memories", sa.Column("mood", sa.Text))
    {last}
"""

HEAD = max(one.name[:4] for one in schema.STEPS.glob("0*.py"))  # the number of the last step


def opened(folder: Path) -> sa.Engine:
    return open_database(f"sqlite:///{folder}/mneme.sqlite3")


def columns(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "mneme.sqlite3") as connection:
        found = {row[1] for row in connection.execute("PRAGMA table_info(memories)")}
    connection.close()
    return found


def change(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "mneme.sqlite3") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "metadata", [catalog_tables.meta, history_tables.metadata, door_tables.metadata], ids=["memory", "history", "door"]
)
def test_the_steps_lead_to_the_tables_that_the_code_uses(tmp_path: Path, metadata: sa.MetaData) -> None:
    engine = opened(tmp_path)
    with engine.connect() as connection:
        ours = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **ours})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
    engine.dispose()


def test_a_database_of_before_is_taken_over_with_what_is_in_it(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    with engine.begin() as connection:
        connection.execute(sa.insert(catalog_tables.info), [{"key": "store", "value": "mine"}])
    engine.dispose()
    change(tmp_path, "DROP TABLE alembic_version", "DROP INDEX memories_by_keys", "DROP TABLE feedback")
    change(tmp_path, *(f"DROP TABLE {name}" for name in door_tables.metadata.tables))
    change(tmp_path, "ALTER TABLE memories DROP COLUMN vector", "ALTER TABLE memories DROP COLUMN key_count")
    change(tmp_path, "DROP INDEX memories_by_target", "ALTER TABLE memories DROP COLUMN gate")
    change(tmp_path, "ALTER TABLE memories DROP COLUMN target")
    engine = opened(tmp_path)
    assert {"vector", "key_count"} <= columns(tmp_path)
    with engine.connect() as connection:
        assert connection.execute(sa.select(catalog_tables.info.c.value)).scalar() == "mine"
        assert "feedback" in sa.inspect(connection).get_table_names()
    engine.dispose()


def test_a_newer_database_is_refused_in_one_sentence_and_left_as_it_is(tmp_path: Path) -> None:
    opened(tmp_path).dispose()
    change(tmp_path, "UPDATE alembic_version SET version_num = '0999'", "ALTER TABLE memories ADD COLUMN newer TEXT")
    before = (tmp_path / "mneme.sqlite3").read_bytes()
    with pytest.raises(StoreError, match="newer Mneme.*0999.*start that version"):
        opened(tmp_path)
    assert (tmp_path / "mneme.sqlite3").read_bytes() == before


def test_a_step_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    engine, steps = opened(tmp_path), tmp_path / "migrations"
    steps.mkdir()
    for step in schema.STEPS.glob("0*.py"):
        (steps / step.name).write_text(step.read_text("utf-8"), "utf-8")
    failing = STEP.format(head=HEAD, last="op.execute('SELECT * FROM no_such_table')")
    (steps / "9999_next.py").write_text(failing, "utf-8")
    with pytest.raises(sa.exc.SQLAlchemyError, match="no_such_table"):
        schema.upgrade(engine, "it", steps)
    assert "mood" not in columns(tmp_path)
    (steps / "9999_next.py").write_text(STEP.format(head=HEAD, last="pass"), "utf-8")
    schema.upgrade(engine, "it", steps)
    assert "mood" in columns(tmp_path)
    engine.dispose()
    with pytest.raises(StoreError, match="9999"):  # for the version that does not know it
        opened(tmp_path)
