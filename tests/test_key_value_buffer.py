"""The buffer of keys and values: what goes in comes out, also after it has grown."""

from __future__ import annotations

import pytest
import torch

from knowledge.cpu.key_value_buffer import KeyValueBuffer

Layers = list[tuple[torch.Tensor, torch.Tensor]]


def random_layers(columns: int) -> Layers:
    """Two layers, three heads of eight numbers."""
    return [(torch.randn(1, 3, columns, 8), torch.randn(1, 3, columns, 8)) for _ in range(2)]


def same(found: Layers, wanted: Layers) -> bool:
    return all(torch.equal(a, b) for one, two in zip(found, wanted, strict=True) for a, b in zip(one, two, strict=True))


def test_what_is_loaded_is_exported_beyond_the_first_capacity_too() -> None:
    buffer = KeyValueBuffer(2, 3, 8, capacity=4)
    first, second = random_layers(3), random_layers(10)
    buffer.load(first)
    assert same(buffer.export(0, 3), first)
    buffer.load(second, at=3)
    assert buffer.length == 13 and buffer.capacity == 16
    assert same(buffer.export(0, 3), first) and same(buffer.export(3, 13), second)


def test_a_load_replaces_and_a_crop_forgets() -> None:
    buffer = KeyValueBuffer(2, 3, 8, capacity=16)
    buffer.load(random_layers(9))
    second = random_layers(2)
    buffer.load(second)
    assert buffer.length == 2 and same(buffer.export(0, 2), second)
    buffer.crop(1)
    with pytest.raises(ValueError, match="in use"):
        buffer.export(0, 2)
    with pytest.raises(ValueError, match="does not follow"):
        buffer.load(second, at=2)


def test_an_export_is_a_copy_of_the_wanted_type() -> None:
    buffer = KeyValueBuffer(2, 3, 8)
    buffer.load(random_layers(2))
    keys, values = buffer.export(0, 2, torch.bfloat16)[0]
    assert keys.dtype == values.dtype == torch.bfloat16
    kept = buffer.export(0, 2)
    buffer.export(0, 2)[0][0].zero_()
    assert same(buffer.export(0, 2), kept)
