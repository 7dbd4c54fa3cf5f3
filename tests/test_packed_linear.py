"""Packed weights: what lies on 16 levels stays as it is, all else keeps 8 bits, and nothing is packed unasked."""

from __future__ import annotations

import pytest
import torch

from knowledge.cpu.packed_linear import kernel_is_fast, on_grid, pack

fast = pytest.mark.skipif(not kernel_is_fast(), reason="torch's 4-bit kernel is not vectorized on this CPU")


def four_bit_weights(rows: int, columns: int) -> torch.Tensor:
    """As a Q4_1 file has them: d·q + m for groups of 32 with float16 d and m, widened to bfloat16."""
    chance = torch.Generator().manual_seed(1)
    levels = torch.randint(0, 16, (rows, columns // 32, 32), generator=chance)
    levels[..., 0], levels[..., 1] = 0, 15
    step = (torch.rand(rows, columns // 32, 1, generator=chance) * 0.02).half().float()
    low = (step * -(5 + 5 * torch.rand(step.shape, generator=chance))).half().float()  # zero lies inside
    return (levels * step + low).view(rows, columns).bfloat16()


def random_weights(rows: int, columns: int) -> torch.Tensor:
    return (torch.randn(rows, columns, generator=torch.Generator().manual_seed(2)) * 0.05).bfloat16()


def held(weight: torch.Tensor) -> torch.Tensor:
    """The weights that a packed map multiplies with: its answers to the unit vectors."""
    return pack(weight).apply(torch.eye(weight.shape[1]).bfloat16()).t().float()


def relative_error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def test_a_grid_of_sixteen_levels_is_seen_and_random_weights_are_not_one() -> None:
    assert on_grid(four_bit_weights(64, 128))
    assert not on_grid(random_weights(64, 128))
    one_off = four_bit_weights(64, 128)
    one_off[3, 40] += 0.03 * (one_off[3, 33] - one_off[3, 32])  # to between two levels, in a single group
    assert not on_grid(one_off)


@fast
def test_weights_on_a_grid_stay_the_same_up_to_rounding() -> None:
    weight = four_bit_weights(64, 128)
    assert pack(weight).kind == "int4"
    assert pack(weight).nbytes < 0.7 * weight.numel()
    assert relative_error(held(weight), weight.float()) < 2.0**-8


@fast
def test_other_weights_keep_eight_bits() -> None:
    weight = random_weights(64, 128)
    assert pack(weight).kind == "int8"
    assert relative_error(held(weight), weight.float()) < 0.01


@fast
@pytest.mark.parametrize("make", [four_bit_weights, random_weights])
def test_outputs_that_the_kernel_does_not_take_and_biases(make) -> None:
    weight, bias = make(50, 64), torch.randn(50).bfloat16()  # 50 is no multiple of 16
    x = torch.randn(5, 64).bfloat16()
    found = pack(weight, bias).apply(x)
    assert found.shape == (5, 50)
    assert relative_error(found.float(), x.float() @ weight.float().t() + bias.float()) < 0.02


@fast
def test_a_constant_group_and_a_zero_group() -> None:
    weight = torch.zeros(16, 64).bfloat16()
    weight[:, 32:] = 0.25
    assert torch.equal(held(weight), weight.float())


def test_odd_inputs_and_unpacked_weights_are_exact() -> None:
    x, weight = torch.randn(3, 40), torch.randn(16, 40)
    assert pack(weight).kind == "plain"
    assert torch.equal(pack(weight).apply(x), x @ weight.t())
    assert pack(random_weights(16, 64), packed=False).kind == "plain"
    assert pack(random_weights(16, 64), packed=False).nbytes == 0
