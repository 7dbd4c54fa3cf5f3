"""The data folder as one file, and back: also while Mneme runs, never half, and without what was deleted."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from chat_app.moving.backup import back_up, restore, run
from chat_app.settings import Settings, load
from knowledge.errors import BadInput, StoreError
from knowledge.memory.schema import STEPS
from tests.browser.fake_application import FakeApplication

ROOT = Path(__file__).resolve().parent.parent
OWNER = "local"
SECRET = "Quetzalcoatlus northropi"


def settings_of(data: Path, *arguments: str) -> Settings:
    return load(["--data", str(data), "--cache", str(data / "cache"), *arguments], {})


@contextmanager
def application(data: Path) -> Iterator[FakeApplication]:
    there = FakeApplication(data, pause=0.0)
    there.start()
    assert there.wait_until_ready(30).ready
    yield there
    there.close()


def say(there: FakeApplication, text: str, conversation: str | None = None) -> str:
    events = list(there.conversations.send(OWNER, text, conversation=conversation))
    return str(events[0].turn.conversation)  # type: ignore[union-attr]


def everything(there: FakeApplication) -> Any:
    """What a person would miss: messages of every conversation, memories with their marks, preferences."""
    history, store = there.history, there.network.store
    talks = {one: history.path(OWNER, one.id) for one in history.conversations(OWNER)}
    return talks, list(store.iterate(OWNER)), there.preferences.chosen


def parts_of(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(file: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data folders, "data" and "other", made once."""
    folder = tmp_path_factory.mktemp("folders")
    for name, text in (("data", "My sister Anna lives in Lisbon."), ("other", f"{SECRET} lives here")):
        with application(folder / name) as there:
            say(there, text)
            there.set_preferences({"system": f"Of {name}."})
    return folder


@pytest.fixture
def backed_up(tmp_path: Path, folders: Path) -> Path:
    """A backup of "data"; both folders lie beside it."""
    shutil.copytree(folders, tmp_path, dirs_exist_ok=True)
    back_up(settings_of(tmp_path / "data"), tmp_path / "kept.zip")
    return tmp_path / "kept.zip"


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_taken_while_mneme_runs_brings_everything_back(tmp_path: Path) -> None:
    with application(tmp_path / "data") as there:
        talk = say(there, "My sister Anna lives in Lisbon.")
        say(there, "我妹妹搬到了波尔图。", talk)
        note = there.network.remember(OWNER, "The key is under the mat")
        there.network.store.mark(OWNER, [note.id], pinned=True)
        there.set_preferences({"system": "Be brief.", "temperature": 0.4})
        before = everything(there)
        answers = [read.memory.text for read in there.network.read(OWNER, "Where is the key?", limit=3).reads]
        manifest = back_up(there.settings, tmp_path / "kept.zip")
        say(there, "This was said after the backup.")
    assert manifest["counts"] == {"conversations": 1, "messages": 4, "memories": 5, "documents": 0}
    assert manifest["schema"] == max(step.name[:4] for step in STEPS.glob("0*.py"))
    assert manifest["encoder"] == "fake-bag-of-words"
    assert [path.name for path in tmp_path.glob("*kept*")] == ["kept.zip"]  # nothing half lies beside it
    assert (tmp_path / "kept.zip").stat().st_mode & 0o077 == 0
    shares: list[float] = []
    assert restore(settings_of(tmp_path / "other"), tmp_path / "kept.zip", progress=shares.append) == manifest
    assert shares == sorted(shares) and shares[-1] == 1.0
    with application(tmp_path / "other") as back:
        assert everything(back) == before
        found = [read.memory.text for read in back.network.read(OWNER, "Where is the key?", limit=3).reads]
        assert found == answers and note.text in found
        assert not back.notices.of(OWNER)


def test_what_was_deleted_is_in_no_backup(tmp_path: Path) -> None:
    with application(tmp_path / "data") as there:
        talk = say(there, f"I dreamt of {SECRET} in a conversation")
        note = there.network.remember(OWNER, f"{SECRET} in a note")
        kept = there.network.remember(OWNER, "this one stays")
        back_up(there.settings, tmp_path / "before.zip")
        assert parts_of(tmp_path / "before.zip")["mneme.sqlite3"].count(SECRET.encode()) >= 3
        there.network.store.delete(OWNER, [note.id])
        there.conversations.delete(OWNER, talk)
        back_up(there.settings, tmp_path / "after.zip")
        content = b"".join(parts_of(tmp_path / "after.zip").values())
        assert SECRET.encode() not in content and kept.text.encode() in content
        # Not in numbers either: vectors can be turned back into words.
        assert there.network.encoder.encode([kept.text])[0].astype("<f2").tobytes() not in content


def test_password_and_secret_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    command = [sys.executable, "app.py", "password", "--data", str(tmp_path / "data")]
    subprocess.run(command, cwd=ROOT, input="correct horse\n", text=True, check=True, capture_output=True)
    with application(tmp_path / "data"):
        pass
    kept = json.loads((tmp_path / "data" / "door.json").read_text())
    back_up(settings_of(tmp_path / "data"), tmp_path / "kept.zip")
    parts = parts_of(tmp_path / "kept.zip")
    assert "door.json" not in parts
    assert not any(kept[name].encode() in part for part in parts.values() for name in ("secret", "password"))
    restore(settings_of(tmp_path / "data"), tmp_path / "kept.zip", replace=True)
    assert json.loads((tmp_path / "data" / "door.json").read_text()) == kept  # those of the folder stay


def test_a_folder_with_data_is_refused_unless_it_is_to_be_replaced(tmp_path: Path, backed_up: Path) -> None:
    with FileLock(tmp_path / "other" / "mneme.lock"), pytest.raises(StoreError, match="using"):
        restore(settings_of(tmp_path / "other"), backed_up, replace=True)
    before = files(tmp_path / "other")
    with pytest.raises(BadInput, match="holds data already"):
        restore(settings_of(tmp_path / "other"), backed_up)
    assert files(tmp_path / "other") == before
    restore(settings_of(tmp_path / "other"), backed_up, replace=True)
    assert not [path for path, content in files(tmp_path / "other").items() if SECRET.encode() in content]
    with application(tmp_path / "other") as back:
        texts = [one.text for one in back.network.store.iterate(OWNER)]
        assert "My sister Anna lives in Lisbon." in texts and not any(SECRET in text for text in texts)
        assert back.preferences.chosen.system == "Of data."


@pytest.mark.parametrize(
    "fault",
    [
        "no zip",
        "cut",
        "a flipped byte",
        "another sum",
        "a part too much",
        "a part outside",
        "no manifest",
        "no database",
    ],
)
def test_a_damaged_backup_is_one_sentence_and_changes_nothing(tmp_path: Path, backed_up: Path, fault: str) -> None:
    content, parts = backed_up.read_bytes(), parts_of(backed_up)
    manifest = json.loads(parts["manifest.json"])
    if fault == "no zip":
        backed_up.write_bytes(b"nothing of the kind")
    elif fault == "cut":
        backed_up.write_bytes(content[: len(content) // 2])
    elif fault == "a flipped byte":
        backed_up.write_bytes(content[:3000] + bytes([content[3000] ^ 1]) + content[3001:])
    elif fault == "another sum":
        rewritten(backed_up, parts | {"mneme.sqlite3": parts["mneme.sqlite3"].replace(b"Lisbon", b"London")})
    elif fault == "a part too much":
        rewritten(backed_up, parts | {"door.json": b"{}"})
    elif fault == "a part outside":
        manifest["parts"]["readers/../../x"] = manifest["parts"].pop("mneme.sqlite3")
        database = parts.pop("mneme.sqlite3")
        rewritten(backed_up, parts | {"readers/../../x": database, "manifest.json": json.dumps(manifest).encode()})
    elif fault == "no manifest":
        rewritten(backed_up, {"mneme.sqlite3": parts["mneme.sqlite3"]})
    else:
        del manifest["parts"]["mneme.sqlite3"]
        rewritten(backed_up, {"manifest.json": json.dumps(manifest).encode()})
    before = files(tmp_path / "other")
    with pytest.raises(StoreError, match="no whole backup") as refused:
        restore(settings_of(tmp_path / "other"), backed_up, replace=True)
    assert str(refused.value).count("\n") == 0
    assert files(tmp_path / "other") == before
    assert not list(tmp_path.glob("x"))


@pytest.mark.parametrize("newer", ["backup", "tables"])
def test_a_newer_backup_is_refused(tmp_path: Path, backed_up: Path, newer: str) -> None:
    parts = parts_of(backed_up)
    manifest = json.loads(parts["manifest.json"])
    if newer == "backup":
        manifest["version"] = 2
    else:
        database = tmp_path / "newer.sqlite3"
        database.write_bytes(parts["mneme.sqlite3"])
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        parts["mneme.sqlite3"] = database.read_bytes()
        told = {"size": database.stat().st_size, "sha256": hashlib.sha256(database.read_bytes()).hexdigest()}
        manifest["parts"]["mneme.sqlite3"] = told
    rewritten(backed_up, parts | {"manifest.json": json.dumps(manifest).encode()})
    with pytest.raises(StoreError, match="newer Mneme"):
        restore(settings_of(tmp_path / "third"), backed_up)
    assert not (tmp_path / "third" / "mneme.sqlite3").exists()


def test_a_failed_backup_leaves_the_earlier_one(tmp_path: Path, backed_up: Path) -> None:
    before = backed_up.read_bytes()
    database = tmp_path / "data" / "mneme.sqlite3"
    database.write_bytes(database.read_bytes()[:8192] + b"\xff" * 8192 + database.read_bytes()[16384:])
    with pytest.raises(StoreError):
        back_up(settings_of(tmp_path / "data"), backed_up)
    assert backed_up.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "kept.zip", "other"]


def test_a_server_has_its_own_tool(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "data", "--database", "postgresql+psycopg://me@db/mneme")
    with pytest.raises(BadInput, match="pg_dump"):
        back_up(settings, tmp_path / "kept.zip")
    with pytest.raises(BadInput, match="pg_restore"):
        restore(settings, tmp_path / "kept.zip")


def test_from_the_command_line_while_mneme_runs(tmp_path: Path) -> None:
    with application(tmp_path / "data") as there:
        say(there, "My sister Anna lives in Lisbon.")
        command = [sys.executable, "app.py", "backup", str(tmp_path / "kept.zip"), "--data", str(tmp_path / "data")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "conversations: 1, memories: 2" in done.stdout, done.stderr


def test_a_command_that_cannot_be_done_is_one_sentence(tmp_path: Path, backed_up: Path) -> None:
    command = [sys.executable, "app.py", "restore", str(backed_up), "--data", str(tmp_path / "other")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "--replace" in done.stderr


def test_the_commands_take_the_options_of_a_start(
    tmp_path: Path, backed_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("restore", [str(backed_up), "--replace", "--data", str(tmp_path / "other")])
    assert "conversations: 1, memories: 2" in capsys.readouterr().out
    with pytest.raises(BadInput, match="backup FILE"):
        run("backup", ["--data", str(tmp_path / "data")])
    with pytest.raises(StoreError, match="nothing to back up"):
        run("backup", [str(tmp_path / "x.zip"), "--data", str(tmp_path / "empty")])
    with pytest.raises(StoreError, match="cannot be written"):
        run("backup", [str(tmp_path / "no" / "x.zip"), "--data", str(tmp_path / "data")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "kept.zip", "other"]
