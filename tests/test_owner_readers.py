"""Owners' own reads: files, what is in force, and that everybody else's read stays the same to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from knowledge.errors import BadInput
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.evidence import Focus
from knowledge.read.owner_readers import OwnerReaders
from knowledge.read.read_adapter import ReadAdapter
from knowledge.read.read_network import ReadNetwork, ReadSize
from knowledge.records import Candidate, Memory, ReadResult

DIMENSION = 16


@pytest.fixture
def shipped() -> AttentionReader:
    torch.manual_seed(0)
    network = ReadNetwork(ReadSize(dimension=DIMENSION, heads=2, head_dim=4, hidden=8, state=8))
    return AttentionReader(network, decline=2.0, negligible=0.0)


def taught(readers: OwnerReaders, strength: float = 3.0) -> ReadAdapter:
    """Prefers one direction of the keys."""
    adapter = ReadAdapter(readers.size)
    with torch.no_grad():
        adapter.direction[0] = strength
    return adapter


def read(reader: AttentionReader) -> ReadResult:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((6, DIMENSION))
    found = [
        Candidate(Memory(f"m{i}", f"text {i}", "note", 100.0 + i, "user"), 0.1 * i, key=row / np.linalg.norm(row))
        for i, row in enumerate(rows)
    ]
    vector = rng.standard_normal(DIMENSION).astype(np.float32)
    focus = Focus("what", vector / np.linalg.norm(vector), np.zeros((0, DIMENSION), np.float32), asked=1000.0)
    return reader.read(focus, found, limit=6)


def test_zeros_change_nothing_and_weights_still_sum_to_one(shipped: AttentionReader, tmp_path: Path) -> None:
    readers = OwnerReaders(tmp_path, shipped, "enc")
    before, same = read(shipped), read(shipped.adapted(ReadAdapter(readers.size)))
    assert [one.memory.id for one in same.reads] == [one.memory.id for one in before.reads]
    assert np.allclose([one.weight for one in same.reads], [one.weight for one in before.reads], atol=1e-5)
    moved = read(shipped.adapted(taught(readers)))
    assert abs(sum(one.weight for one in moved.reads) + moved.null_weight - 1) < 1e-5
    assert moved.null_weight == pytest.approx(before.null_weight, abs=1e-5)
    assert max(abs(a.weight - b.weight) for a, b in zip(moved.reads, before.reads, strict=True)) > 0.05


def test_kept_for_one_owner_and_the_same_bits_for_all_others(shipped: AttentionReader, tmp_path: Path) -> None:
    readers = OwnerReaders(tmp_path, shipped, "enc")
    before = read(readers.of("bob"))
    readers.offer("ann", taught(readers), {"better": True, "after": {"score": 0.5}})
    assert readers.of("ann") is shipped and readers.state("ann").offered == {"better": True, "after": {"score": 0.5}}
    readers.keep("ann")
    again = OwnerReaders(tmp_path, shipped, "enc")  # as after another start
    for one in (readers, again):
        assert one.state("ann").in_force and read(one.of("ann")) != before
        assert one.of("bob") is shipped and read(one.of("bob")) == before
        assert not one.state("bob").in_force and not one.state("bob").can_roll_back


def test_rolling_back_goes_to_the_one_before_and_then_to_the_shipped(shipped: AttentionReader, tmp_path: Path) -> None:
    readers = OwnerReaders(tmp_path, shipped, "enc")
    seen = [read(readers.of("ann"))]
    for strength in (2.0, -2.0):
        readers.offer("ann", taught(readers, strength), {})
        readers.keep("ann")
        seen.append(read(readers.of("ann")))
    assert len({str(one) for one in seen}) == 3
    readers.roll_back("ann")
    assert read(readers.of("ann")) == seen[1]
    readers.roll_back("ann")
    assert readers.of("ann") is shipped
    with pytest.raises(BadInput):
        readers.roll_back("ann")
    with pytest.raises(BadInput):
        readers.keep("ann")


def test_a_broken_or_foreign_file_is_told_and_the_shipped_read_serves(shipped: AttentionReader, tmp_path: Path) -> None:
    readers = OwnerReaders(tmp_path, shipped, "enc")
    for owner in ("ann", "bob"):
        readers.offer(owner, taught(readers), {})
        readers.keep(owner)
    ann, bob = (readers._path(owner) for owner in ("ann", "bob"))
    whole = ann.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"not safetensors", bob.read_bytes()):
        ann.write_bytes(broken)
        again = OwnerReaders(tmp_path, shipped, "enc")
        assert again.of("ann") is shipped
        state = again.state("ann")
        assert not state.in_force and "the read that ships serves" in state.problem and state.can_roll_back
    ann.write_bytes(whole)
    other = OwnerReaders(tmp_path, shipped, "another encoder")
    assert other.of("ann") is shipped and "another encoder" in other.state("ann").problem
    torch.manual_seed(1)
    network = ReadNetwork(shipped.network.size)
    newer = OwnerReaders(tmp_path, AttentionReader(network), "enc")
    assert "another read network" in newer.state("ann").problem
    assert OwnerReaders(tmp_path, shipped, "enc").state("ann").in_force


def test_deleting_everything_deletes_what_was_learned(shipped: AttentionReader, tmp_path: Path) -> None:
    readers = OwnerReaders(tmp_path, shipped, "enc")
    for _ in range(2):
        readers.offer("ann", taught(readers), {})
        readers.keep("ann")
    readers.offer("ann", taught(readers), {})
    readers.state_path("ann").write_bytes(b"state")
    readers.offer("bob", taught(readers), {})
    readers.forget("ann", ["m1"])
    assert readers.state("ann").in_force
    readers.forget("ann", None)
    assert readers.of("ann") is shipped and readers.state("ann").offered is None
    assert [path.name for path in tmp_path.iterdir()] == [readers._path("bob", ".offered").name]
