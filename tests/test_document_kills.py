"""kill -9 at every step of a document's way into memory and out of it: it is there whole, or gone and can come back.

A step is the end of a call that changes the catalog, the word index or the vector index. Every kill is of a process of
its own.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from knowledge.documents.ingestion import DocumentIntake
from knowledge.input.message_keys import keys_of
from knowledge.memory.store import ExternalMemory
from tests.make_memories import by_text, encode, found, holds, open_store, recovered, talk, write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parent.parent
TEXT = "\n\n".join(f"Zyxwvut shelf {at} holds apples and {at} pears in a crate of wood." for at in range(4))

# Kills itself at the end of the step given; tells when it got to the end without reaching that.
CHILD = """
import os, signal, sys
from pathlib import Path
from knowledge.memory.catalog import Catalog
from knowledge.memory.lexical import OwnerIndex
from knowledge.memory.vectors import VectorIndex
from tests.make_memories import recovered
from tests.test_document_kills import intake_of, take
data, what, last = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = recovered(data)
intake = intake_of(store)
steps = 0
change = "insert erase set_indexed drop_tombstones begin_document finish_document put remove clear".split()
kinds = (Catalog, OwnerIndex, VectorIndex)
found = [getattr(kind, name) for kind in kinds for name in change if hasattr(kind, name)]
codes = {getattr(one, "__wrapped__", one).__code__ for one in found}
def count(frame, event, value):
    global steps
    if event == "return" and frame.f_code in codes:
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)
sys.setprofile(count)
if what == "delete":
    store.delete_document("ann", store.documents("ann")[0].id)
elif what == "everything":
    store.delete_everything("ann")
else:
    take(intake, data.parent / "notes.txt")
sys.setprofile(None)
print("through", flush=True)
os._exit(0)
"""


class Texts:
    """An encoder for the intake."""

    encode = staticmethod(encode)


def intake_of(store: ExternalMemory) -> DocumentIntake:
    return DocumentIntake(store, partial(keys_of, Texts()))  # type: ignore[arg-type]


def take(intake: DocumentIntake, path: Path) -> str:
    return intake.take_in("ann", path, "notes.txt", progress=lambda *_: None, cancelled=lambda: False).status


def there(store: ExternalMemory) -> bool:
    """Is the document in memory? Nothing but a whole one is allowed."""
    [*documents] = store.documents("ann")
    passages = [one for one in store.iterate("ann") if one.kind == "passage"]
    assert store._vectors.names("ann") >= {one.id for one in passages} and not store._catalog.tombstones("ann")
    assert store._lexical.of("ann").ids() == {one.id for one in store.iterate("ann")}
    if not documents:
        assert not passages
        return False
    [document] = documents
    assert document.ready and len(passages) == document.passages > 0
    assert {one.container for one in passages} == {document.id}
    return True


@pytest.mark.parametrize("what", ["delete", "everything", "add"])
def test_killed_at_every_step(tmp_path: Path, what: str) -> None:
    base = tmp_path / "base" / "data"
    store = recovered(base)
    write(store, talk("My cat is called Pixel."))
    (base.parent / "notes.txt").write_text(TEXT, "utf-8")
    if what != "add":
        take(intake_of(store), base.parent / "notes.txt")
    store.close()
    seen: list[bool] = []
    for step in range(1, 200):
        shutil.copytree(base.parent, tmp_path / "try")
        data = tmp_path / "try" / "data"
        command = [sys.executable, "-c", CHILD, str(data), what, str(step)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0:
            assert "through" in done.stdout
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        again = open_store(data)
        again.recover(by_text(encode), lambda phase, fraction: None)
        seen.append(there(again))
        if what == "everything":
            assert again.count("ann") == 0 or (seen[-1] and again.count("ann") > 1)
        else:
            assert found(again, "What is my cat called?")["talk-0"].cosine > 0.4
        if not seen[-1]:
            again.close()
            assert not holds(data, b"zyxwvut")  # not a word of it is left in a file
            again = recovered(data)
        status = take(intake_of(again), tmp_path / "try" / "notes.txt")  # and its content can always come back
        assert status == ("already_there" if seen[-1] else "added")
        assert there(again)
        again.close()
        shutil.rmtree(tmp_path / "try")
    # At the end all has happened, and it happens once.
    assert len(seen) > 2 and seen[-1] == (what == "add"), seen
    assert seen == sorted(seen, reverse=what != "add"), seen


def test_a_ghost_of_an_earlier_version_is_gone_after_the_start(tmp_path: Path) -> None:
    """What a kill in the middle of a deletion left before: a document that says it is there, without a passage."""
    store = recovered(tmp_path / "data")
    (tmp_path / "notes.txt").write_text(TEXT, "utf-8")
    take(intake_of(store), tmp_path / "notes.txt")
    [document] = store.documents("ann")
    store.delete_container("ann", document.id)
    assert [one.id for one in store.documents("ann")] == [document.id]
    store.close()
    again = recovered(tmp_path / "data")
    assert again.documents("ann") == []
    assert take(intake_of(again), tmp_path / "notes.txt") == "added"
    again.close()
