"""What a crash, damage or another encoder leaves behind, the next start puts right."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from knowledge.errors import EncoderMismatch, StoreError
from knowledge.memory.database import check, open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory.vectors import VectorIndex
from knowledge.records import Document
from tests.make_memories import (
    DIMENSION,
    by_text,
    encode,
    found,
    holds,
    in_chroma,
    memory,
    open_store,
    recovered,
    talk,
    write,
)

DOCUMENT = Document("doc", "notes.txt", "0" * 64, 12, 5.0)


def test_recover_undoes_an_unfinished_document(tmp_path: Path) -> None:
    store = recovered(tmp_path)
    store.begin_document("ann", DOCUMENT)
    write(store, [memory("p0", "half a file", kind="passage", container="doc"), *talk("apple")])
    store.close()
    again = recovered(tmp_path)
    assert again.documents("ann") == [] and again.count("ann") == 1 and again._vectors.names("ann") == {"talk-0"}
    assert not holds(tmp_path, b"half a file")
    again.close()


# ---- crashes and damage -----------------------------------------------------------------------------------


class Crashing(VectorIndex):
    """A Chroma that dies in the middle of a write, after ``good`` calls."""

    good = 0

    def put(self, owner: str, ids: Sequence[str], vectors: np.ndarray, readable: Sequence[bool]) -> None:
        if self.good == 0:
            raise StoreError("Chroma is down.")
        self.good -= 1
        super().put(owner, ids, vectors, readable)


def _crashing(data: Path) -> Crashing:
    return Crashing(data / "chroma", store="s", encoder="bag", dimension=DIMENSION)


def _sound(data: Path) -> VectorIndex:
    return VectorIndex(data / "chroma", store="s", encoder="bag", dimension=DIMENSION)


def test_a_crash_between_sql_and_indexes_is_repaired_at_the_next_start(tmp_path: Path) -> None:
    store = recovered(tmp_path, vectors=_crashing(tmp_path))
    with pytest.raises(StoreError):
        write(store, talk("apple", "pear"))
    assert store.count("ann") == 2  # the catalog has them
    store.close()
    again = recovered(tmp_path, vectors=_sound(tmp_path))
    assert found(again, "apple")["talk-0"].cosine == pytest.approx(1.0, abs=1e-4)
    assert again._catalog.unindexed("ann") == set() and write(again, talk("apple", "pear")) == []
    again.close()


def test_writing_again_after_a_crash_finishes_the_work(tmp_path: Path) -> None:
    vectors = _crashing(tmp_path)
    store = recovered(tmp_path, vectors=vectors)
    with pytest.raises(StoreError):
        write(store, talk("apple"))
    vectors.good = 9
    assert write(store, talk("apple")) == []
    assert found(store, "apple")["talk-0"].cosine == pytest.approx(1.0, abs=1e-4)
    store.close()


def test_an_edit_that_crashed_is_finished_from_its_text_not_from_an_old_vector(tmp_path: Path) -> None:
    vectors = _crashing(tmp_path)
    vectors.good = 1
    store = recovered(tmp_path, vectors=vectors)
    write(store, talk("apple"))
    with pytest.raises(StoreError):
        store.edit("ann", "talk-0", "plum", encode(["plum"])[0])
    vectors.good = 9
    write(store, talk("apple"))  # the replayed turn still says apple
    store.close()
    again = recovered(tmp_path, vectors=_sound(tmp_path))
    assert found(again, "plum")["talk-0"].cosine == pytest.approx(1.0, abs=1e-4)
    again.close()


@pytest.mark.parametrize("damage", ["gone", "garbage", "emptied", "segment", "no rows"])
def test_a_damaged_chroma_folder_is_rebuilt_from_text(tmp_path: Path, damage: str) -> None:
    store = recovered(tmp_path)
    write(store, [memory(f"m{at}", f"apple {at}", container="") for at in range(1500)])  # enough for a segment on disk
    store.close()
    chroma = tmp_path / "chroma"
    if damage == "gone":
        shutil.rmtree(chroma)
    elif damage == "garbage":
        (chroma / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    elif damage == "emptied":
        (chroma / "chroma.sqlite3").write_bytes(b"")
    elif damage == "segment":
        [folder] = [path for path in chroma.iterdir() if path.is_dir()]
        for path in folder.iterdir():
            path.write_bytes(b"x" * 100)
    phases: list[str] = []
    again = open_store(tmp_path)
    if damage == "no rows":
        again._vectors.remove("ann", [f"m{at}" for at in range(10)])
    again.recover(by_text(encode), lambda phase, fraction: phases.append(phase))
    assert again._vectors.count("ann") == 1500 and set(phases) == {
        "vectors" if damage in ("gone", "no rows") else "repairing"
    }
    assert found(again, "apple 7", dense=3)["m7"].cosine == pytest.approx(1.0, abs=1e-3)
    again.close()


@pytest.mark.parametrize("damage", ["gone", "garbage"])
def test_a_damaged_word_index_is_rebuilt_from_text(tmp_path: Path, damage: str) -> None:
    store = recovered(tmp_path)
    write(store, talk("apple", "pear"))
    store.close()
    [path] = (tmp_path / "lexical").glob("*.sqlite3")
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"garbage" * 1000)
    again = recovered(tmp_path)
    assert again.page("ann", search="apple")[1] == 1 and found(again, "pear", dense=0)["talk-1"].bm25 > 0
    again.close()


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "a page"])
def test_a_damaged_database_is_one_sentence_that_says_what_to_do(tmp_path: Path, damage: str) -> None:
    """Text is the source of truth: it can be made of nothing else."""
    store = recovered(tmp_path)
    write(store, [memory(f"m{at}", f"apple {at} " + "pear " * 40, container="") for at in range(300)])
    store.close()
    path = tmp_path / "memory.sqlite3"
    content = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "zeroed":
        path.write_bytes(bytes(len(content)))
    else:
        path.write_bytes(content[:8192] + bytes(4096 * 8) + content[8192 + 4096 * 8 :])
    with pytest.raises(StoreError, match="damaged.*backup"):
        again = open_store(tmp_path)
        try:
            again.recover(by_text(encode), lambda phase, fraction: None)
        finally:
            again.close()


def test_a_sound_database_passes_the_check_and_a_damaged_one_does_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'memory.sqlite3'}"
    store = recovered(tmp_path)
    write(store, [memory(f"m{at}", f"apple {at} " + "pear " * 40, container="") for at in range(300)])
    store.close()
    engine = open_database(url)
    check(engine)
    engine.dispose()
    content = bytearray((tmp_path / "memory.sqlite3").read_bytes())
    for at in range(3 * 4096, len(content), 4096):
        content[at : at + 8] = b"\xff" * 8
    (tmp_path / "memory.sqlite3").write_bytes(content)
    engine = sa.create_engine(url)
    with pytest.raises(StoreError, match="damaged.*backup"):
        check(engine)
    engine.dispose()


# ---- another encoder --------------------------------------------------------------------------------------


def _reversed(texts: Sequence[str]) -> np.ndarray:
    """Another encoder, of half the dimension."""
    rows = encode([text[::-1] for text in texts])[:, : DIMENSION // 2]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def found_by_vector(store: ExternalMemory, text: str) -> set[str]:
    """Memories with this text among the nearest."""
    near = store.shortlist("ann", text, _reversed([text])[0], dense=300, lexical=0)
    return {candidate.memory.id for candidate in near if candidate.memory.text == text}


def test_another_encoder_rebuilds_every_vector(tmp_path: Path) -> None:
    store = recovered(tmp_path)
    write(store, [memory(f"m{at}", f"apple {at}", container="") for at in range(300)])
    store.mark("ann", ["m5"], muted=True)
    store.close()
    other = open_store(tmp_path, encoder_name="reversed", dimension=DIMENSION // 2)
    with pytest.raises(EncoderMismatch):
        other.shortlist("ann", "apple", _reversed(["apple"])[0])
    with pytest.raises(EncoderMismatch):
        other.add("ann", talk("pear"), _reversed(["pear"]))
    fractions: list[float] = []
    other.recover(by_text(_reversed), lambda phase, fraction: fractions.append(fraction))
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and len(fractions) > 1
    assert {c.memory.id for c in other.shortlist("ann", "apple 7", _reversed(["apple 7"])[0])} >= {"m7"}
    assert other._vectors.count("ann") == 300
    np.testing.assert_allclose(in_chroma(other._vectors, "ann")["m7"], _reversed(["apple 7"])[0], atol=1e-5)
    assert found_by_vector(other, "apple 5") == set() and found_by_vector(other, "apple 6") == {"m6"}
    assert len(other._vectors._names()) == 1  # the old collection is gone
    other.close()


def test_a_rebuild_that_was_killed_goes_on_and_the_old_encoder_still_works(tmp_path: Path) -> None:
    store = recovered(tmp_path)
    write(store, [memory(f"m{at}", f"apple {at}", container="") for at in range(300)])
    store.close()
    calls = 0

    def killed(texts: Sequence[str]) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return _reversed(texts)

    half = open_store(tmp_path, encoder_name="reversed", dimension=DIMENSION // 2)
    with pytest.raises(KeyboardInterrupt):
        half.recover(by_text(killed), lambda phase, fraction: None)
    half.close()
    encoded: list[str] = []

    def counted(texts: Sequence[str]) -> np.ndarray:
        encoded.extend(texts)
        return _reversed(texts)

    rest = open_store(tmp_path, encoder_name="reversed", dimension=DIMENSION // 2)
    rest.recover(by_text(counted), lambda phase, fraction: None)
    assert 0 < len(encoded) < 300 and rest._vectors.count("ann") == 300
    rest.close()
    back = recovered(tmp_path)  # and back to the first encoder, from text
    assert found(back, "apple 7")["m7"].cosine == pytest.approx(1.0, abs=1e-3)
    back.close()


# ---- killed -----------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from tests.make_memories import encode, recovered, talk, write
store = recovered(Path(sys.argv[1]))
print("ready", flush=True)
for at in range(100_000):
    write(store, talk(f"apple {at}", f"pear {at}", container=f"talk{at}"))
    if at % 3 == 2:
        store.delete("ann", [f"talk{at - 1}-0"])
    print(at, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 4, 11, 20])
def test_a_killed_process_leaves_a_store_that_opens_with_everything_acknowledged(tmp_path: Path, lines: int) -> None:
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    for _ in range(lines + 1):
        last = process.stdout.readline()
    process.kill()
    process.communicate()
    store = recovered(tmp_path)
    done = int(last) + 1
    expected = {f"talk{at}-{turn}" for at in range(done) for turn in (0, 1)}
    expected -= {f"talk{at - 1}-0" for at in range(2, done, 3)}
    ids = {one.id for one in store.iterate("ann")}
    assert expected - ids <= {f"talk{done - 1}-0"} and len(ids - expected) <= 4  # what was under way when it died
    assert store._vectors.names("ann") == store._lexical.of("ann").ids() == ids and len(ids) == store.count("ann")
    store.close()
