"""Damaged files of the embedded Chroma, the real one: every start ends in service, with every memory found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from chromadb.errors import InternalError

from knowledge.errors import StoreError
from knowledge.memory.store import ExternalMemory
from knowledge.memory.vector_probe import fault_in
from knowledge.memory.vector_seal import seal_of
from tests.make_memories import by_text, encode, found, in_chroma, memory, open_store, recovered, write

ROOT = Path(__file__).resolve().parent.parent
MANY = 1100  # more than Chroma keeps in its log before it saves the graph, so that every kind of file is there
FILES = ("chroma.sqlite3", "header.bin", "length.bin", "data_level0.bin", "link_lists.bin", "index_metadata.pickle")
PAGE = 4096


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def zeroed(content: bytes) -> bytes:
    return bytes(len(content))


def page_zeroed(content: bytes) -> bytes:
    at = len(content) // 2 // PAGE * PAGE
    return content[:at] + bytes(len(content[at : at + PAGE])) + content[at + PAGE :]


def flipped(content: bytes) -> bytes:
    flips = bytearray(content)
    for at in range(len(content) // 50, len(content), max(1, len(content) // 25)):
        flips[at] ^= 0xFF
    return bytes(flips)


DAMAGES: tuple[Callable[[bytes], bytes], ...] = (truncated, zeroed, page_zeroed, flipped)


def texts() -> list[str]:
    return [f"apple {at} crate {at * 7 + 1}" for at in range(MANY)]


def filled(data: Path) -> ExternalMemory:
    store = recovered(data)
    write(store, [memory(f"m{at}", text, container="") for at, text in enumerate(texts())])
    return store


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder that was closed in order, and one as a kill leaves it."""
    closed, killed = tmp_path_factory.mktemp("closed"), tmp_path_factory.mktemp("killed") / "data"
    store = filled(closed)
    shutil.copytree(closed, killed)
    store.close()
    return {"closed": closed, "killed": killed}


def check(store: ExternalMemory) -> None:
    """Everything is there under its own vector, and found by it as far as Chroma's approximate search finds at all."""
    kept, rows = in_chroma(store._vectors, "ann"), encode(texts())
    assert store.count("ann") == store._vectors.count("ann") == len(kept) == MANY
    assert all(float(kept[f"m{at}"] @ row) > 0.99 for at, row in enumerate(rows))
    hits = [f"m{at}" in found(store, texts()[at], dense=3, lexical=0) for at in range(0, MANY, 11)]
    assert np.mean(hits) > 0.95


@pytest.mark.parametrize(("end", "damage"), [("closed", page_zeroed), *(("killed", damage) for damage in DAMAGES)])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_repaired_by_itself(
    tmp_path: Path, folders: dict[str, Path], name: str, end: str, damage: Callable[[bytes], bytes]
) -> None:
    data = tmp_path / "data"
    shutil.copytree(folders[end], data)
    [path] = (data / "chroma").rglob(name)
    path.write_bytes(damage(path.read_bytes()))
    phases: list[str] = []
    store = open_store(data)
    store.recover(by_text(encode), lambda phase, fraction: phases.append(phase))
    check(store)
    if end == "closed":  # whatever was changed is seen
        assert set(phases) == {"repairing"} and "Chroma" in store.repaired
    store.close()
    again = recovered(data)
    assert not again.repaired
    check(again)
    again.close()


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_sound_files_are_kept(tmp_path: Path, folders: dict[str, Path], end: str) -> None:
    data = tmp_path / "data"
    shutil.copytree(folders[end], data)
    phases: list[str] = []
    store = open_store(data)
    store.recover(by_text(encode), lambda phase, fraction: phases.append(phase))
    assert phases == [] and not store.repaired
    check(store)
    store.close()
    assert seal_of(data / "chroma") == "whole"


def test_the_seal_is_gone_while_the_folder_is_open_and_holds_after_the_end(tmp_path: Path) -> None:
    assert seal_of(tmp_path) == "empty"
    for at in range(3):
        store = recovered(tmp_path)
        assert seal_of(tmp_path / "chroma") == "open"
        write(store, [memory(f"m{at}", f"apple {at}", container="")])
        store.close()
        assert seal_of(tmp_path / "chroma") == "whole"


def test_vectors_of_other_memories_are_found_out_after_a_kill(tmp_path: Path, folders: dict[str, Path]) -> None:
    """What the probe cannot know: sound vectors, but not those of their memories."""
    data = tmp_path / "data"
    shutil.copytree(folders["killed"], data)
    store = recovered(data)
    names, rows = [f"m{at}" for at in range(MANY)], encode(texts())
    for at in range(0, MANY, 100):
        part = slice(at, at + 100)
        store._vectors.put("ann", names[part], np.roll(rows, 1, axis=0)[part, None], [True] * 100)
    shutil.copytree(data, tmp_path / "again")
    store.close()
    again = recovered(tmp_path / "again")
    assert "not those of their memories" in again.repaired
    check(again)
    again.close()


def test_the_probe_says_what_is_wrong_and_has_an_end(tmp_path: Path, folders: dict[str, Path]) -> None:
    assert fault_in(folders["killed"] / "chroma") == ""
    assert "did not answer" in fault_in(folders["killed"] / "chroma", patience=-1e9)
    broken = tmp_path / "chroma"
    shutil.copytree(folders["killed"] / "chroma", broken)
    [links] = broken.rglob("link_lists.bin")
    links.write_bytes(page_zeroed(links.read_bytes()))
    assert "signal 11" in fault_in(broken)


def test_the_probe_ends_with_whoever_asked(folders: dict[str, Path]) -> None:
    command = [sys.executable, "-m", "knowledge.memory.vector_probe", str(folders["killed"] / "chroma")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, cwd=ROOT, timeout=60)
    assert done.returncode == 1


def test_what_chroma_complains_of_in_service_leaves_no_seal(tmp_path: Path) -> None:
    store = recovered(tmp_path)
    write(store, [memory("m", "apple", container="")])
    with pytest.raises(StoreError), store._vectors._errors():
        raise InternalError("a page cannot be read")
    store.close()
    assert seal_of(tmp_path / "chroma") == "open"
