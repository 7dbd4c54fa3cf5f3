"""The catalog on a real PostgreSQL, started here; skipped, saying so, where there is none."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from knowledge.errors import NotFound, StoreError
from knowledge.memory.database import open_database
from knowledge.records import Document
from tests.make_memories import encode, found, memory, open_store, recovered, talk, write

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="no PostgreSQL driver: pip install 'psycopg[binary]'")
    if not shutil.which("initdb") or not shutil.which("pg_ctl"):
        pytest.skip("no PostgreSQL on this machine")
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        names = {entry.pw_name for entry in pwd.getpwall()} & {"postgres", "nobody"}
        user = max(names, default=None)
        if user is None:
            pytest.skip("PostgreSQL does not run as root, and there is no other user")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    run("initdb", "-D", str(folder / "d"), "-U", "mneme", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run("pg_ctl", "-D", str(folder / "d"), "-l", str(folder / "log"), "-o", options, "-w", "start")
    try:
        yield f"postgresql+psycopg://mneme@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", str(folder / "d"), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def test_the_life_of_memories(database: str, tmp_path: Path) -> None:
    store = recovered(tmp_path, database=database)
    new = write(store, talk("Anna moved to Lisbon", "nul \0 and 我的妹妹", "100% sure"))
    assert new == ["talk-0", "talk-1", "talk-2"]
    assert write(store, talk("Anna moved to Lisbon")) == []
    assert found(store, "lisbon")["talk-0"].bm25 > 0
    store.mark("ann", ["talk-0"], pinned=True)
    store.mark("ann", ["talk-1"], muted=True)
    store.record_reads("ann", ["talk-0"], 50.0)
    store.edit("ann", "talk-2", "0% sure", encode(["0% sure"])[0])
    assert store.get("ann", ["talk-0"])["talk-0"].read_count == 1 and set(found(store, "sure")) == {"talk-0", "talk-2"}
    assert [one.id for one in store.page("ann", search="妹妹", muted=True)[0]] == ["talk-1"]
    assert [one.id for one in store.page("ann", search="ISBO")[0]] == ["talk-0"]
    assert [one.id for one in store.iterate("ann")] == ["talk-0", "talk-1", "talk-2"]
    assert store.delete("ann", ["talk-0"]) == 1 and store.count("ann") == 2 and store.owners() == ["ann"]
    with pytest.raises(NotFound):
        store.edit("ann", "talk-0", "x", encode(["x"])[0])
    store.begin_document("ann", Document("doc", "n\0.txt", "0" * 64, 2**40, 5.0))
    write(store, [memory("p", "half", kind="passage", container="doc")])
    store.close()
    again = recovered(tmp_path, database=database)
    assert again.documents("ann") == [] and again.count("ann") == 2
    assert again.delete_everything("ann") == 2 and again.owners() == []
    again.close()


def test_a_table_of_the_version_without_vectors_gets_them(database: str, tmp_path: Path) -> None:
    before = recovered(tmp_path, database=database)
    write(before, talk("apple", "pear"))
    before.close()
    engine = open_database(database)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE alembic_version, program_keys, audit"))
        connection.execute(sa.text("ALTER TABLE memories DROP COLUMN gate, DROP COLUMN target"))
        connection.execute(sa.text("DROP INDEX memories_by_keys"))
        connection.execute(sa.text("ALTER TABLE memories DROP COLUMN key_count"))
        connection.execute(sa.text("ALTER TABLE memories DROP COLUMN vector"))
        connection.execute(sa.text("DELETE FROM store_info WHERE key = 'vectors'"))
    engine.dispose()
    store = recovered(tmp_path, database=database)
    assert set(store._catalog.vectors("ann", ["talk-1"])) == {"talk-1"}
    candidates = store.shortlist("ann", "pear", encode(["pear"])[0])
    assert {one.memory.id for one in candidates if one.key is not None} == {"talk-0", "talk-1"}
    assert store.delete_everything("ann") == 2
    store.close()


def test_a_database_that_does_not_answer(database: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened") as raised:
        open_store(tmp_path, database=database.replace("mneme@", "mneme:secret@") + "_other")
    assert "secret" not in str(raised.value)
