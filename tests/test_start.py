"""A start that cannot serve ends with one sentence: the port is taken, the data folder cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import app
from chat_app.settings import load

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534

WRITES_NOTHING = """
import os, sys
from chat_app.application import Application
from chat_app.settings import load
from knowledge.errors import StoreError
settings = load(["--data", sys.argv[1], "--cache", sys.argv[2]])
if os.geteuid() == 0:  # root may write anywhere
    os.setgroups([])
    os.setuid(int(sys.argv[3]))
try:
    Application(settings)
except StoreError as error:
    print(error)
"""


def test_of_two_starts_at_the_same_moment_one_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both are past the binding before either serves; the second must not say that it is there."""
    settings = load(["--data", str(tmp_path), "--cache", str(tmp_path), "--port", "0"])
    first = app._listen(settings)
    port = first.getsockname()[1]
    try:
        with pytest.raises(SystemExit) as refused:
            app._listen(load(["--data", str(tmp_path), "--cache", str(tmp_path), "--port", str(port)]))
    finally:
        first.close()
    assert refused.value.code == 2
    told = capsys.readouterr().err
    assert str(port) in told and told.count("\n") == 1


@pytest.mark.parametrize("left", ["nothing", "an earlier run's files"])
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, left: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    if left != "nothing":
        (data / "mneme.lock").touch()
        (data / "mneme.sqlite3").touch()
    for path in (*data.iterdir(), data):
        path.chmod(0o555)
    command = [sys.executable, "-c", WRITES_NOTHING, str(data), str(tmp_path), str(NOBODY)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path)})
    assert "cannot be written" in done.stdout and str(data) in done.stdout and done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr and done.returncode == 0
