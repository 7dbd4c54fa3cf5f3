"""The cache of blocks: bounded in RAM and on disk, never stale, and forgetting means gone."""

from __future__ import annotations

from pathlib import Path

import torch

from knowledge.reply.local.block_cache import BlockCache, fingerprint
from knowledge.reply.local.blocks import Block

BYTES = 2 * 2 * 1 * 4 * 8 * 2  # keys and values of a block below, in bfloat16


def block(value: float, tokens: int = 4) -> Block:
    keys = torch.full((2, 1, tokens, 8), value, dtype=torch.bfloat16)
    return Block(keys, -keys, 5)


def same(found: Block | None, wanted: Block) -> bool:
    return found is not None and torch.equal(found.keys, wanted.keys) and torch.equal(found.values, wanted.values)


def test_a_block_comes_back_as_it_was_put() -> None:
    cache = BlockCache(10 * BYTES)
    assert cache.get("anna", "m1", "f") is None
    cache.put("anna", "m1", "f", block(1.5))
    found = cache.get("anna", "m1", "f")
    assert same(found, block(1.5)) and found is not None and found.start == 5
    state = cache.state()
    assert (state.hits, state.misses, state.blocks, state.ram) == (1, 1, 1, BYTES)
    assert state.hit_rate == 0.5


def test_another_text_decoder_owner_or_memory_is_a_miss() -> None:
    cache = BlockCache(10 * BYTES)
    cache.put("anna", "m1", fingerprint("decoder", "text"), block(1))
    assert cache.get("anna", "m1", fingerprint("decoder", "text!")) is None
    assert cache.get("anna", "m1", fingerprint("decodert", "ext")) is None
    assert cache.get("ben", "m1", fingerprint("decoder", "text")) is None
    assert cache.get("anna", "m2", fingerprint("decoder", "text")) is None


def test_the_least_recently_read_leave_first() -> None:
    cache = BlockCache(2 * BYTES)
    cache.put("anna", "m1", "f", block(1))
    cache.put("anna", "m2", "f", block(2))
    cache.get("anna", "m1", "f")
    cache.put("anna", "m3", "f", block(3))
    assert [cache.holds("anna", id, "f") for id in ("m1", "m2", "m3")] == [True, False, True]
    assert cache.state().ram == 2 * BYTES


def test_what_leaves_ram_goes_to_the_disk_and_comes_back_after_a_restart(tmp_path: Path) -> None:
    cache = BlockCache(BYTES, 10_000, tmp_path / "blocks")
    for number in range(4):
        cache.put("anna", f"m{number}", "f", block(number))
    assert cache.state().spilled == 3
    assert same(cache.get("anna", "m0", "f"), block(0))
    assert cache.state().from_disk == 1
    cache.spill()
    again = BlockCache(BYTES, 10_000, tmp_path / "blocks")
    assert all(same(again.get("anna", f"m{number}", "f"), block(number)) for number in range(4))


def test_the_disk_is_bounded_too(tmp_path: Path) -> None:
    one = BlockCache(0, 10_000, tmp_path / "one")
    one.put("anna", "m", "f", block(0))
    size = one.state().disk
    cache = BlockCache(0, 2 * size, tmp_path / "blocks")
    for number in range(5):
        cache.put("anna", f"m{number}", "f", block(number))
    assert cache.state().disk == 2 * size == sum(path.stat().st_size for path in (tmp_path / "blocks").iterdir())
    assert [cache.holds("anna", f"m{number}", "f") for number in range(5)] == [False, False, False, True, True]
    smaller = BlockCache(0, size, tmp_path / "blocks")
    assert smaller.state().spilled == 1


def test_forgetting_leaves_no_file(tmp_path: Path) -> None:
    cache = BlockCache(BYTES, 10_000, tmp_path)
    for owner in ("anna", "ben"):
        for number in range(2):
            cache.put(owner, f"m{number}", "f", block(number))
            cache.put(owner, f"m{number}", "g", block(number))
    cache.spill()
    other = BlockCache(BYTES, 10_000, tmp_path)
    cache.forget("anna", ["m1"])
    assert not cache.holds("anna", "m1", "f") and not cache.holds("anna", "m1", "g")
    assert cache.holds("anna", "m0", "f") and cache.holds("ben", "m1", "f")
    assert other.get("anna", "m1", "f") is None  # its file is gone: a miss, no error
    cache.forget("anna")
    assert len(list(tmp_path.iterdir())) == 4  # Ben's
    assert same(cache.get("ben", "m0", "g"), block(0))


def test_a_damaged_file_is_a_miss(tmp_path: Path) -> None:
    cache = BlockCache(0, 10_000, tmp_path)
    cache.put("anna", "m", "f", block(1))
    path = next(tmp_path.iterdir())
    path.write_bytes(path.read_bytes()[:40])
    assert cache.get("anna", "m", "f") is None
    assert not path.exists()
    cache.put("anna", "m", "f", block(1))
    assert same(cache.get("anna", "m", "f"), block(1))


def test_a_folder_that_cannot_be_written_only_means_less_is_kept(tmp_path: Path) -> None:
    (tmp_path / "blocks").write_text("a file in the way")
    cache = BlockCache(BYTES, 10_000, tmp_path / "blocks")
    cache.put("anna", "m0", "f", block(0))
    cache.put("anna", "m1", "f", block(1))
    assert cache.get("anna", "m0", "f") is None
    assert same(cache.get("anna", "m1", "f"), block(1))
