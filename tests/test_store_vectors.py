"""The vector in a memory's row: it follows the text, serves the read, fills Chroma again, and leaves with the text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge.errors import EncoderMismatch
from knowledge.memory.store import ExternalMemory
from knowledge.memory.vectors import VectorIndex
from tests.make_memories import DIMENSION, by_text, encode, found, memory, open_store, recovered, talk, write


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExternalMemory]:
    opened = recovered(tmp_path)
    yield opened
    opened.close()


class Deaf(VectorIndex):
    """A Chroma that must not be asked for vectors."""

    def vectors(self, owner: str, ids: Sequence[str]) -> dict[str, np.ndarray]:
        if ids:
            raise AssertionError(f"asked for {ids}")
        return {}


def refuse(texts: Sequence[str]) -> np.ndarray:
    raise AssertionError(f"encoded {texts}")


def turned(texts: Sequence[str]) -> np.ndarray:
    """Another encoder."""
    return np.ascontiguousarray(encode(texts)[:, ::-1])


def packed(text: str, by=encode) -> bytes:
    return by([text])[0].astype("<f2").tobytes()


def in_the_database(folder: Path, piece: bytes) -> bool:
    return any(piece in path.read_bytes() for path in folder.glob("memory.sqlite3*"))


def made_by_the_version_without_vectors(folder: Path) -> None:
    """Take from a closed folder what that version did not have."""
    with sqlite3.connect(folder / "memory.sqlite3") as connection:
        connection.execute("DROP TABLE alembic_version")
        connection.execute("DROP TABLE program_keys")
        connection.execute("DROP TABLE audit")
        connection.execute("DROP INDEX memories_by_target")
        connection.execute("ALTER TABLE memories DROP COLUMN gate")
        connection.execute("ALTER TABLE memories DROP COLUMN target")
        connection.execute("DROP INDEX memories_by_keys")
        connection.execute("ALTER TABLE memories DROP COLUMN key_count")
        connection.execute("ALTER TABLE memories DROP COLUMN vector")
        connection.execute("DELETE FROM store_info WHERE key = 'vectors'")
    connection.close()


# ---- reading ----------------------------------------------------------------------------------------------


def test_the_shortlist_brings_its_keys_from_the_catalog_alone(tmp_path: Path) -> None:
    store = recovered(tmp_path, vectors=Deaf(tmp_path / "chroma", store="s", encoder="bag", dimension=DIMENSION))
    write(store, [*talk("apple", "pear", "plum", "fig"), memory("p", "always", container="", pinned=True)])
    candidates = store.shortlist("ann", "apple", encode(["apple"])[0], dense=1, lexical=1)
    texts = {one.memory.id: one.memory.text for one in candidates}
    # the hit, two turns after it, the pinned one
    assert set(texts) == {"talk-0", "talk-1", "talk-2", "p"}
    for one in candidates:
        assert one.key is not None
        np.testing.assert_allclose(one.key, encode([one.memory.text])[0], atol=1e-3)
    cosines = {one.memory.id: one.cosine for one in candidates}
    assert cosines["talk-1"] == pytest.approx(float(encode(["apple"])[0] @ encode(["pear"])[0]), abs=1e-3)
    assert set(store.vectors("ann", ["talk-3"])) == {"talk-3"}
    store.close()


def test_what_is_excluded_or_unreadable_brings_nothing(store: ExternalMemory) -> None:
    write(store, talk("apple", "apple pie", "apple cake"))
    store.mark("ann", ["talk-2"], muted=True)
    candidates = store.shortlist("ann", "apple", encode(["apple"])[0], exclude=frozenset(["talk-0"]))
    assert [one.memory.id for one in candidates] == ["talk-1"]


def test_a_muted_crowd_does_not_hide_the_nearest_readable(store: ExternalMemory) -> None:
    write(store, [memory(f"m{at}", "apple", container="", muted=True) for at in range(30)])
    write(store, [memory("far", "apple pear plum", container="")])
    assert set(found(store, "apple", dense=2, lexical=0)) == {"far"}


def test_more_neighbours_may_be_asked_for_than_there_are(store: ExternalMemory) -> None:
    assert store._vectors.nearest("ann", encode(["apple"])[0], 5) == []
    write(store, talk("apple", "pear"))
    for readable in (False, True):
        near = store._vectors.nearest("ann", encode(["apple"])[0], 500, readable=readable)
        assert [id for id, _ in near] == ["talk-0", "talk-1"]
    assert store._vectors.nearest("ann", encode(["apple"])[0], 0) == []


def test_counting_leaves_tombstones_out(store: ExternalMemory) -> None:
    write(store, talk("apple", "pear", "plum"))
    assert store._catalog.erase("ann", ["talk-1"]) == 1  # its index work still to be done
    assert store.count("ann") == 2 == store.page("ann")[1]
    assert store._catalog.tombstones("ann") == {"talk-1"}


# ---- a folder of the version before -----------------------------------------------------------------------


def test_an_earlier_folder_gets_its_keys_anew_at_the_start(tmp_path: Path) -> None:
    before = recovered(tmp_path)
    write(before, talk("apple", "pear", "plum"))
    before.close()
    made_by_the_version_without_vectors(tmp_path)
    store = open_store(tmp_path)
    with pytest.raises(EncoderMismatch):
        found(store, "pear")
    shares: list[float] = []
    store.recover(by_text(encode), lambda phase, share: shares.append(share))
    assert shares[-1] == 1.0 and store.count("ann") == store._vectors.count("ann") == 3
    assert found(store, "pear")["talk-1"].cosine == pytest.approx(1.0, abs=1e-3)
    store.recover(refuse, lambda phase, share: shares.append(-1.0))
    assert shares[-1] == 1.0  # and not looked at again
    store.close()


def test_half_done_work_of_an_earlier_folder_is_finished(tmp_path: Path) -> None:
    before = recovered(tmp_path)
    write(before, talk("apple", "pear"))
    before._catalog.erase("ann", ["talk-1"])
    before.close()
    made_by_the_version_without_vectors(tmp_path)
    with sqlite3.connect(tmp_path / "memory.sqlite3") as connection:
        connection.execute("UPDATE memories SET indexed = 0")
    connection.close()
    store = recovered(tmp_path)
    assert store._vectors.names("ann") == {"talk-0"} and not store._catalog.tombstones("ann")
    store.close()


# ---- filling Chroma again, and other encoders -------------------------------------------------------------


def test_a_lost_chroma_is_filled_without_encoding(tmp_path: Path) -> None:
    before = recovered(tmp_path)
    write(before, talk("apple", "pear", "plum"))
    before._vectors.clear("ann")
    before.close()
    store = open_store(tmp_path)
    store.recover(refuse, lambda phase, share: None)
    assert store._vectors.count("ann") == 3
    assert found(store, "plum", dense=1, lexical=0)["talk-2"].cosine == pytest.approx(1.0, abs=1e-3)
    store.close()


def test_another_encoder_takes_the_vectors_over_also_when_killed_and_taken_back(tmp_path: Path) -> None:
    before = recovered(tmp_path)
    write(before, talk("apple", "pear"))
    before.close()

    class Killed(Exception):
        pass

    def killed(texts: Sequence[str]) -> np.ndarray:
        raise Killed

    other = open_store(tmp_path, encoder_name="turned")
    with pytest.raises(Killed):
        other.recover(by_text(killed), lambda phase, share: None)
    other.close()
    back = open_store(tmp_path)  # the catalog's vectors are no longer this encoder's
    with pytest.raises(EncoderMismatch):
        found(back, "apple")
    back.close()
    other = open_store(tmp_path, encoder_name="turned")
    other.recover(by_text(turned), lambda phase, share: None)
    np.testing.assert_allclose(other._catalog.vectors("ann", ["talk-1"])["talk-1"][0], turned(["pear"])[0], atol=1e-3)
    assert not in_the_database(tmp_path, packed("pear")) and in_the_database(tmp_path, packed("pear", turned))
    other.close()


# ---- deleting ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["delete", "edit", "container", "everything"])
def test_no_byte_of_a_deleted_text_s_vector_stays_in_the_database(tmp_path: Path, way: str) -> None:
    store = recovered(tmp_path)
    secret = "Zyxwvut passphrase Qponmlk"
    kept = [memory(f"k{at}", f"kept words {at}", container="k", position=at) for at in range(50)]
    write(store, [*kept[:25], memory("s", secret, container="talk"), *kept[25:]])
    assert in_the_database(tmp_path, packed(secret))
    if way == "delete":
        store.delete("ann", ["s"])
    elif way == "edit":
        store.edit("ann", "s", "harmless", encode(["harmless"])[0])
        np.testing.assert_allclose(store.vectors("ann", ["s"])["s"], encode(["harmless"])[0], atol=1e-3)
    elif way == "container":
        store.delete_container("ann", "talk")
    else:
        store.delete_everything("ann")
    assert not in_the_database(tmp_path, packed(secret))
    store.close()
    assert not in_the_database(tmp_path, packed(secret))


def test_a_tombstone_has_no_vector_before_the_indexes_are_clean(store: ExternalMemory, tmp_path: Path) -> None:
    write(store, talk("Zyxwvut"))
    store._catalog.erase("ann", ["talk-0"])
    store._catalog.checkpoint()
    assert not in_the_database(tmp_path, packed("Zyxwvut")) and store.vectors("ann", ["talk-0"]).keys() <= {"talk-0"}
