"""Brings a database's tables to what this version needs, and refuses a database that a newer version has changed.

Knows: the steps in ``migrations/``, one file each, and that all of them together happen or none. Does not know: what
the tables are for. SQLite and PostgreSQL alike.
"""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from knowledge.errors import StoreError

STEPS = Path(__file__).with_name("migrations")
_LOCK = 0x6D6E656D65  # of PostgreSQL: two programs that start at once do it one after the other


def upgrade(engine: Engine, shown: str, folder: Path = STEPS) -> None:
    """Carry out the steps of ``folder`` that this database lacks. ``shown``: its name for people.

    Raises ``StoreError`` for a database of a newer version, which is left as it is, and SQLAlchemy's errors.
    """
    steps = ScriptDirectory(str(folder), version_locations=[str(folder)])
    with engine.connect() as connection:
        if _at_head(connection, steps, shown):
            return
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # Python's driver would begin none for a table
        elif engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        if not _at_head(connection, steps, shown):
            _carry_out(connection, steps)
        connection.commit()


def knows(revision: str, folder: Path = STEPS) -> bool:
    """Is this the number of a step of this version, and not of a newer one?"""
    return revision in _revisions(ScriptDirectory(str(folder), version_locations=[str(folder)]))


def _revisions(steps: ScriptDirectory) -> set[str]:
    return {step.revision for step in steps.walk_revisions()}


def _at_head(connection: Connection, steps: ScriptDirectory, shown: str) -> bool:
    heads = set(MigrationContext.configure(connection).get_current_heads())
    if unknown := heads - _revisions(steps):
        raise StoreError(
            f"The database {shown} is of a newer Mneme (its tables are of version {min(unknown)}) and was left as it "
            "is; start that version, or choose another folder with --data."
        )
    return heads == set(steps.get_heads())


def _carry_out(connection: Connection, steps: ScriptDirectory) -> None:
    def lacking(current: object, context: MigrationContext) -> object:
        return steps._upgrade_revs("head", current)  # type: ignore[arg-type]  # as alembic's own command does

    with EnvironmentContext(Config(), steps, fn=lacking) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
