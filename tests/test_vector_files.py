"""No file of the embedded Chroma keeps a deleted vector, and what lives is still found."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from knowledge import memory_network
from knowledge.errors import StoreError
from knowledge.input.encoder import Encoder
from knowledge.memory.vector_files import is_clean, take_out_deleted
from knowledge.memory.vectors import VectorIndex
from tests.browser.talk import eventually
from tests.make_memories import found, holds, holds_vector, in_chroma, recovered, talk, write
from tests.test_memory_network import Watched, network_with

WIDTH = 64  # so wide that the mean of a point's neighbours, which takes its place, is nowhere near the point
SAVED = 1100  # more than Chroma keeps in its log before it saves the graph


def opened(folder: Path) -> VectorIndex:
    return VectorIndex(folder, store="s", encoder="e", dimension=WIDTH)


def rows(n: int, seed: int) -> np.ndarray:
    """(n, WIDTH) unit vectors in all directions."""
    made = np.random.default_rng(seed).standard_normal((n, WIDTH)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def put(index: VectorIndex, name: str, vectors: np.ndarray) -> dict[str, np.ndarray]:
    ids = [f"{name}{at}" for at in range(len(vectors))]
    for at in range(0, len(ids), 100):
        part = slice(at, at + 100)
        index.put("ann", ids[part], vectors[part, None], [True] * len(ids[part]))
    return dict(zip(ids, vectors, strict=True))


def check(index: VectorIndex, living: dict[str, np.ndarray]) -> None:
    """Exactly the living ones are there, with their vectors, and searches find them."""
    assert index.names("ann") == set(living) and index.count("ann") == len(living)
    kept = in_chroma(index, "ann")
    assert all(float(kept[id] @ vector) > 0.999 for id, vector in living.items())
    ids, matrix = list(living), np.stack(list(living.values()))
    share = []
    for vector in rows(20, seed=99):
        true = {ids[at] for at in np.argsort(-(matrix @ vector))[:10]}
        share.append(len(true & {id for id, _ in index.nearest("ann", vector, 10)}) / len(true))
    assert np.mean(share) > 0.95


@pytest.fixture
def index(tmp_path: Path) -> Iterator[VectorIndex]:
    index = opened(tmp_path)
    yield index
    index.close()


@pytest.mark.parametrize("written", [60, SAVED])
def test_after_cleaning_no_deleted_vector_is_in_any_file(tmp_path: Path, index: VectorIndex, written: int) -> None:
    living = put(index, "a", rows(written, seed=1))
    index.nearest("ann", living["a0"], 1)
    gone = [living.pop(id) for id in ("a1", "a7", f"a{written - 1}")]
    index.remove("ann", ["a1", "a7", f"a{written - 1}"])
    replaced = living["a3"]
    index.remove("ann", ["a3"])
    living |= {"a3": rows(1, seed=2)[0]}
    index.put("ann", ["a3"], living["a3"][None, None], [True])
    check(index, living)
    assert all(holds_vector(tmp_path, vector) for vector in [*gone, replaced]) and not is_clean(tmp_path)
    assert index.clean() and not index.clean()
    assert not any(holds_vector(tmp_path, vector) for vector in [*gone, replaced])
    check(index, living)
    living |= put(index, "b", rows(SAVED, seed=3))  # so many that Chroma saves its graph again
    check(index, living)
    assert not any(holds_vector(tmp_path, vector) for vector in [*gone, replaced])
    index.close()
    again = opened(tmp_path)
    check(again, living)
    again.close()


def test_many_deletions_leave_ways_through_the_graph(tmp_path: Path, index: VectorIndex) -> None:
    living = put(index, "a", rows(2 * SAVED, seed=4))
    index.nearest("ann", living["a0"], 1)
    gone = {id: living.pop(id) for id in [f"a{at}" for at in range(0, 2 * SAVED, 2)]}
    index.remove("ann", list(gone))
    index.clean()
    check(index, living)
    assert not any(holds_vector(tmp_path, gone[f"a{at}"]) for at in range(0, 2 * SAVED, 200))


def unused(folder: Path) -> bytes:
    """What stands behind the points in a graph of fewer than Chroma saves at once."""
    return next(folder.glob("*/data_level0.bin")).read_bytes()


def test_a_new_graphs_file_holds_nothing_of_the_processs_memory(tmp_path: Path, index: VectorIndex) -> None:
    put(index, "a", rows(5, seed=1))
    assert len(unused(tmp_path)) > 1000 and not any(unused(tmp_path))
    index.remove("ann", ["a1"])
    index.clean()
    assert not any(unused(tmp_path))
    index.close()
    assert not any(unused(tmp_path))
    again = opened(tmp_path)
    again.check("ann")
    assert not any(unused(tmp_path))
    put(again, "b", rows(5, seed=2))
    again.close()
    assert not any(unused(tmp_path))


def test_closing_cleans(tmp_path: Path, index: VectorIndex) -> None:
    vector = put(index, "a", rows(5, seed=1))["a1"]
    index.remove("ann", ["a1"])
    index.close()
    assert is_clean(tmp_path) and not holds_vector(tmp_path, vector)


def test_after_a_crash_the_next_start_cleans(tmp_path: Path) -> None:
    index = opened(tmp_path / "one")
    living = put(index, "a", rows(SAVED, seed=1))
    vector = living.pop("a1")
    index.remove("ann", ["a1"])
    shutil.copytree(tmp_path / "one", tmp_path / "two")  # what a kill would leave
    index.close()
    assert holds_vector(tmp_path / "two", vector)
    again = opened(tmp_path / "two")
    assert not holds_vector(tmp_path / "two", vector)
    check(again, living)
    again.close()


def test_dropped_collections_leave_nothing(tmp_path: Path, index: VectorIndex) -> None:
    living = put(index, "a", rows(SAVED, seed=1))
    index.clear("ann")
    index.clean()
    assert not any(holds_vector(tmp_path, living[id]) for id in ("a0", "a500", f"a{SAVED - 1}"))
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    check(index, put(index, "b", rows(30, seed=2)))


def test_searches_and_writes_go_on_while_files_are_cleaned(index: VectorIndex) -> None:
    living = put(index, "a", rows(60, seed=1))
    end, failures, searches = threading.Event(), list[BaseException](), [0]

    def search() -> None:
        while not end.is_set():
            try:
                assert {id for id, _ in index.nearest("ann", living["a40"], 5)} <= set(living)
                searches[0] += 1
            except BaseException as exc:
                failures.append(exc)
                return

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for at in range(5):
        index.remove("ann", [f"a{at}"])
        assert index.clean()
    end.set()
    for thread in threads:
        thread.join()
    assert failures == [] and searches[0] > 0
    check(index, {id: row for id, row in living.items() if int(id[1:]) >= 5})


def test_a_graph_of_an_unknown_layout_goes_as_a_whole_and_is_made_again(tmp_path: Path) -> None:
    store = recovered(tmp_path)
    write(store, talk(*(f"word{at} apple" for at in range(SAVED))))
    store.delete("ann", ["talk-1"])
    store._vectors._client.close()  # killed: nobody cleans
    header = next((tmp_path / "chroma").glob("*/header.bin"))
    header.write_bytes(b"\x02" + header.read_bytes()[1:])
    with pytest.raises(StoreError, match="unknown layout"):
        take_out_deleted(tmp_path / "chroma")
    store._lexical.close()
    again = recovered(tmp_path)
    assert again._vectors.count("ann") == SAVED - 1 and found(again, "word5")["talk-5"].cosine > 0.6
    again.close()


class Touch:
    """What a hostile pickle would do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_an_id_map_cannot_run_anything(tmp_path: Path, index: VectorIndex) -> None:
    put(index, "a", rows(SAVED, seed=1))
    index.nearest("ann", rows(1, seed=1)[0], 1)
    index.close()
    next(tmp_path.glob("*/index_metadata.pickle")).write_bytes(pickle.dumps({"id_to_label": Touch(tmp_path / "ran")}))
    with pytest.raises(StoreError, match="not expected"):
        take_out_deleted(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_database_in_use_is_left_for_later(
    tmp_path: Path, index: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector = put(index, "a", rows(5, seed=1))["a1"]
    index.remove("ann", ["a1"])
    index._client.close()
    other = sqlite3.connect(tmp_path / "chroma.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("knowledge.memory.vector_files._PATIENCE", 0.1)
    with pytest.raises(StoreError, match="locked"):
        take_out_deleted(tmp_path)
    assert not is_clean(tmp_path)
    other.close()
    take_out_deleted(tmp_path)
    assert not holds_vector(tmp_path, vector)


def test_the_network_cleans_when_it_is_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_network, "_CLEAN_AFTER", 0.0)
    network = network_with(Watched(), tmp_path)
    note = network.remember("anna", "a secret word")
    network.remember("anna", "another thing")
    vector = network.store.vectors("anna", [note.id])[note.id]
    assert holds_vector(tmp_path, vector)
    network.store.delete("anna", [note.id])
    eventually(lambda: is_clean(tmp_path / "chroma"))
    assert not holds_vector(tmp_path, vector)
    network.close()


def test_a_stopped_server_leaves_nothing_of_what_was_deleted(start_server: Any, tmp_path: Path) -> None:
    text = "The passphrase of my vault is qponmlk."
    vector = Encoder("default").encode([text])[0]
    server = start_server(data=tmp_path / "data")
    note = httpx.post(f"{server.url}/v1/memories", json={"text": text}, timeout=60).json()["id"]
    httpx.post(f"{server.url}/v1/memories", json={"text": "I planted tulips."}, timeout=60).raise_for_status()
    assert holds_vector(tmp_path / "data", vector)
    httpx.delete(f"{server.url}/v1/memories/{note}", timeout=60).raise_for_status()
    server.process.send_signal(signal.SIGTERM)  # as a service manager does, before anything had its quiet moment
    assert server.process.wait(60) == 0
    assert not holds_vector(tmp_path / "data", vector) and not holds(tmp_path / "data", b"qponmlk")
