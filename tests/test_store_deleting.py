"""Deleted is deleted: in the catalog, both indexes, and the bytes of every file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

from knowledge.errors import StoreError
from knowledge.memory.store import ExternalMemory
from knowledge.memory.vectors import VectorIndex
from knowledge.records import Document
from knowledge.reply.local.block_cache import BlockCache
from knowledge.reply.local.blocks import Block
from tests.make_memories import DIMENSION, encode, found, holds, holds_vector, memory, recovered, talk, write

DOCUMENT = Document("doc", "notes.txt", "0" * 64, 12, 5.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExternalMemory]:
    opened = recovered(tmp_path)
    yield opened
    opened.close()


def test_delete_is_everywhere(store: ExternalMemory) -> None:
    write(store, talk("apple", "pear", "plum"))
    assert store.delete("ann", ["talk-0", "talk-0", "unknown"]) == 1
    assert store.delete("ann", ["talk-0"]) == 0
    assert set(found(store, "apple")) == {"talk-1", "talk-2"} and found(store, "apple")["talk-1"].window == 0.0
    assert [one.id for one in store.iterate("ann")] == ["talk-1", "talk-2"]
    assert store._vectors.names("ann") == {"talk-1", "talk-2"}
    assert write(store, talk("apple")) == ["talk-0"]  # and may come back


def test_delete_container_and_everything(store: ExternalMemory) -> None:
    write(store, [*talk("a", "b", container="one"), *talk("c", container="two")])
    assert store.delete_container("ann", "one") == 2 and store.count("ann") == 1
    store.begin_document("ann", DOCUMENT)
    assert store.delete_everything("ann") == 1
    assert store.documents("ann") == [] and store.owners() == []
    assert write(store, talk("again")) == ["talk-0"] and "talk-0" in found(store, "again")


@pytest.mark.parametrize("way", ["delete", "edit", "container", "everything", "document"])
def test_deleted_text_is_in_no_byte_of_any_file(tmp_path: Path, way: str) -> None:
    store = recovered(tmp_path)
    kept = [memory(f"k{at}", f"kept words {at}", container="k", position=at) for at in range(50)]
    secret = "Zyxwvut passphrase Qponmlk"
    write(store, [*kept[:25], memory("s", secret, container="doc", kind="passage", title="Qponmlk.txt"), *kept[25:]])
    vector = encode([secret])[0]  # which can be turned back into words
    assert holds(tmp_path, b"zyxwvut") and holds_vector(tmp_path, vector)
    blocks = BlockCache(0, 1 << 20, tmp_path / "blocks")
    store.forgotten.append(blocks.forget)
    keys = torch.ones(1, 1, 3, 4)
    for owner, id in (("ann", "s"), ("ann", "k1"), ("ben", "s")):
        blocks.put(owner, id, "fingerprint", Block(keys, -keys, 0))
    if way == "delete":
        store.delete("ann", ["s"])
    elif way == "edit":
        store.edit("ann", "s", "harmless", encode(["harmless"])[0])
        store.mark("ann", ["s"], muted=True)
    elif way == "container":
        store.delete_container("ann", "doc")
    elif way == "document":
        store.delete_document("ann", "doc")
    else:
        store.delete_everything("ann")
    asked = (("ann", "s"), ("ann", "k1"), ("ben", "s"))
    left = [blocks.get(owner, id, "fingerprint") is not None for owner, id in asked]
    assert left == [False, way != "everything", True]
    assert len(list((tmp_path / "blocks").iterdir())) == sum(left)
    words = [b"zyxwvut", b"passphras"] + ([] if way == "edit" else [b"qponmlk"])
    assert not any(holds(tmp_path, word) for word in words)
    store.clean()
    assert not holds_vector(tmp_path, vector)
    store.close()
    assert not any(holds(tmp_path, word) for word in words) and not holds_vector(tmp_path, vector)


def test_a_stale_index_shows_nothing_that_the_catalog_does_not_have(tmp_path: Path) -> None:
    class Deaf(VectorIndex):
        """Forgets to delete."""

        def remove(self, owner: str, ids: Sequence[str]) -> None:
            if ids:
                raise StoreError("Chroma is down.")

    store = recovered(tmp_path, vectors=Deaf(tmp_path / "chroma", store="s", encoder="bag", dimension=DIMENSION))
    write(store, talk("apple"))
    with pytest.raises(StoreError):
        store.delete("ann", ["talk-0"])
    assert found(store, "apple") == {} and store.count("ann") == 0 and store.get("ann", ["talk-0"]) == {}
    store.close()
    again = recovered(tmp_path, vectors=VectorIndex(tmp_path / "chroma", store="s", encoder="bag", dimension=DIMENSION))
    assert again._vectors.names("ann") == set() and again._lexical.of("ann").count() == 0
    again.close()
