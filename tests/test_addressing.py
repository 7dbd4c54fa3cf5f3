"""Addressing against naive loops over the papers' equations, masks, gradients, null slot, neighbours."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from knowledge.read.addressing import (
    Address,
    Addressing,
    erase_add,
    interpolate,
    masked_log_softmax,
    read,
    sharpen,
    shift,
    similarity,
    time_neighbours,
)

B, H, Q, N, D = 2, 3, 4, 5, 6


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def distribution(*shape: int, seed: int = 0) -> torch.Tensor:
    return random(*shape, seed=seed).softmax(-1)


def test_content_is_softmax_of_strength_times_cosine() -> None:
    query, keys, beta = random(B, H, Q, D), random(B, H, N, D, seed=1), random(B, H, Q, 1, seed=2).abs() * 4
    got = masked_log_softmax(beta * similarity(query, keys), None).exp()
    for b in range(B):
        for h in range(H):
            for q in range(Q):
                u = query[b, h, q].numpy()
                scores = []
                for n in range(N):
                    v = keys[b, h, n].numpy()
                    cosine = (u * v).sum() / (math.sqrt((u * u).sum()) * math.sqrt((v * v).sum()))
                    scores.append(math.exp(float(beta[b, h, q]) * cosine))
                np.testing.assert_allclose(got[b, h, q].numpy(), np.array(scores) / sum(scores), rtol=1e-4)


def test_scaled_dot_product() -> None:
    query, keys = random(B, H, Q, D), random(B, 1, N, D, seed=1)
    got = similarity(query, keys, "dot")
    assert got.shape == (B, H, Q, N)
    want = float((query[1, 2, 3] * keys[1, 0, 4]).sum()) / math.sqrt(D)
    assert float(got[1, 2, 3, 4]) == pytest.approx(want, rel=1e-5)


def test_interpolation() -> None:
    content, previous, gate = distribution(B, H, Q, N), distribution(B, H, Q, N, seed=1), random(B, H, Q, 1, seed=2)
    got = interpolate(content.log(), previous.log(), gate).exp()
    g = 1 / (1 + np.exp(-gate.numpy()))
    np.testing.assert_allclose(got.numpy(), g * content.numpy() + (1 - g) * previous.numpy(), rtol=1e-4)


@pytest.mark.parametrize("circular", [True, False])
@pytest.mark.parametrize("radius", [1, 2])
def test_shift_is_a_convolution_over_the_slots_in_use(circular: bool, radius: int) -> None:
    mask = torch.tensor([[True] * N, [False, True, False, True, True]])
    weights = masked_log_softmax(random(B, H, Q, N), mask[:, None, None])
    steps = distribution(B, H, Q, 2 * radius + 1, seed=1)
    got = shift(weights, steps.log(), time_neighbours(mask, radius, circular=circular)).exp().numpy()
    for b in range(B):
        used = [n for n in range(N) if mask[b, n]]
        for h in range(H):
            for q in range(Q):
                want = np.zeros(N)
                for place, slot in enumerate(used):
                    for r in range(-radius, radius + 1):
                        target = place + r
                        if circular:
                            target %= len(used)
                        if not 0 <= target < len(used):
                            target = place  # what would leave stays
                        want[used[target]] += float(weights[b, h, q, slot].exp()) * float(steps[b, h, q, r + radius])
                np.testing.assert_allclose(got[b, h, q], want, rtol=1e-4, atol=1e-7)


def test_a_table_of_the_caller_decides_who_is_a_neighbour() -> None:
    # two dialogues of two turns: the last turn of the first is no neighbour of the first turn of the second
    table = torch.tensor([[[1, -1, 3, -1], [0, 1, 2, 3], [-1, 0, -1, 2]]])
    forward = torch.tensor([0.0, 0.0, 1.0]).clamp(min=1e-30).log().view(1, 1, 1, 3)
    for start, end in [(0, 1), (1, 1), (2, 3), (3, 3)]:
        weights = torch.eye(4)[start].clamp(min=1e-30).log().view(1, 1, 1, 4)
        np.testing.assert_allclose(shift(weights, forward, table).exp()[0, 0, 0].numpy(), np.eye(4)[end], atol=1e-6)


def test_sharpening() -> None:
    weights, gamma = distribution(B, H, Q, N), 1 + random(B, H, Q, 1, seed=1).abs() * 3
    powered = weights.numpy() ** gamma.numpy()
    got = sharpen(weights.log(), gamma).exp().numpy()
    np.testing.assert_allclose(got, powered / powered.sum(-1, keepdims=True), rtol=1e-4)


def test_erase_then_add() -> None:
    memory, weights = random(B, N, D), distribution(B, H, N, seed=1)
    erase, add = random(B, H, D, seed=2).sigmoid(), random(B, H, D, seed=3)
    want = memory.numpy().copy()
    for b in range(B):
        for n in range(N):
            for h in range(H):
                want[b, n] *= 1 - float(weights[b, h, n]) * erase[b, h].numpy()
            for h in range(H):
                want[b, n] += float(weights[b, h, n]) * add[b, h].numpy()
    np.testing.assert_allclose(erase_add(memory, weights, erase, add).numpy(), want, rtol=1e-4, atol=1e-6)
    single = erase_add(memory, weights[:, :1], erase[:, :1], add[:, :1])
    both = erase_add(memory, torch.cat([weights[:, :1], torch.zeros(B, 1, N)], 1), erase[:, :2], add[:, :2])
    torch.testing.assert_close(single, both)


def test_read_is_the_weighted_sum_of_values() -> None:
    weights, values = distribution(B, H, Q, N), random(B, N, D, seed=1)
    want = sum(float(weights[1, 2, 3, n]) * values[1, n].numpy() for n in range(N))
    np.testing.assert_allclose(read(weights, values)[1, 2, 3].numpy(), want, rtol=1e-4, atol=1e-6)


def everything(**changes: object) -> Addressing:
    torch.manual_seed(0)
    options: dict[str, object] = {
        "heads": H,
        "head_dim": 4,
        "interpolation": True,
        "shift_radius": 1,
        "sharpening": True,
        "null_slot": True,
    }
    return Addressing(7, D, **{**options, **changes})  # type: ignore[arg-type]


def test_masked_slots_have_no_weight_and_no_gradient() -> None:
    heads = everything()
    keys = random(B, N, D).requires_grad_()
    mask = torch.tensor([[True, True, False, True, False], [False] * N])
    first = heads(random(B, 7), keys, mask=mask)
    second = heads(random(B, 7, seed=1), keys, mask=mask, previous=first, evidence=random(B, H, N, seed=2))
    assert second.log_weights.shape == (B, H, N + 1)
    assert second.weights.shape == (B, H, N) and second.null.shape == (B, H)
    assert (second.weights[~mask[:, None].expand(B, H, N)] == 0).all()
    torch.testing.assert_close(second.weights.sum(-1) + second.null, torch.ones(B, H))
    torch.testing.assert_close(second.null[1], torch.ones(H))  # nothing to read: the null slot takes all
    (second.weights[..., 0].sum() + second.null.log().sum()).backward()
    assert keys.grad is not None and torch.isfinite(keys.grad).all()
    assert (keys.grad[~mask] == 0).all() and keys.grad[0, 0].abs().sum() > 0
    for name, parameter in heads.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


def test_nothing_to_read_and_no_null_slot_gives_zeros_not_nan() -> None:
    heads = everything(null_slot=False)
    nothing = torch.zeros(B, N, dtype=torch.bool)
    address = heads(random(B, 7), random(B, N, D), mask=nothing)
    again = heads(random(B, 7), random(B, N, D), mask=nothing, previous=address)
    assert (again.weights == 0).all() and (again.null == 0).all()


def test_evidence_is_added_to_the_content_logits_per_head() -> None:
    heads = everything(interpolation=False, shift_radius=0, sharpening=False)
    query, keys, evidence = random(B, 7), random(B, N, D, seed=1), random(B, H, N, seed=2)
    plain, mixed = heads(query, keys), heads(query, keys, evidence=evidence)
    want = torch.cat([plain.log_weights[..., :N] + evidence, plain.log_weights[..., N:]], -1).log_softmax(-1)
    torch.testing.assert_close(mixed.log_weights, want)


def test_several_queries_are_the_same_as_one_at_a_time() -> None:
    heads = everything()
    query, keys, evidence = random(B, Q, 7), random(B, N, D, seed=1), random(B, H, Q, N, seed=2)
    mask = torch.tensor([[True] * N, [True, True, True, False, False]])
    before = heads(query, keys, mask=mask)
    together = heads(query, keys, mask=mask, evidence=evidence, previous=before)
    for q in range(Q):
        earlier = Address(before.log_weights[:, :, q], True)
        alone = heads(query[:, q], keys, mask=mask, evidence=evidence[:, :, q], previous=earlier)
        torch.testing.assert_close(alone.log_weights, together.log_weights[:, :, q])


def test_projected_keys_can_be_reused() -> None:
    heads = everything()
    query, keys = random(B, 7), random(B, N, D, seed=1)
    again = heads(query, heads.project(keys), projected=True)
    torch.testing.assert_close(heads(query, keys).log_weights, again.log_weights)


def test_keys_as_they_are_need_their_own_width() -> None:
    heads = Addressing(7, D, heads=2, project_keys=False)
    assert heads(random(B, 7), random(B, N, D)).weights.shape == (B, 2, N)
    with pytest.raises(ValueError, match="head_dim"):
        Addressing(7, D, heads=2, head_dim=D + 1, project_keys=False)


def test_a_mask_per_query_needs_an_explicit_time_axis() -> None:
    with pytest.raises(ValueError, match="neighbours"):
        everything()(random(B, Q, 7), random(B, N, D), mask=torch.ones(B, Q, N, dtype=torch.bool))


def test_untrained_heads_look_at_content_and_stay() -> None:
    located, content = everything(null_slot=False), everything(null_slot=False)
    content.shift_radius, content.sharpening, content.interpolation = 0, False, False
    content.load_state_dict(located.state_dict())
    previous = Address(torch.eye(N)[0].clamp(min=1e-30).log().expand(B, H, N))
    query, keys = torch.zeros(B, 7), random(B, N, D)
    with torch.no_grad():
        at = located(query, keys, previous=previous).weights
        assert (at - content(query, keys).weights).abs().max() < 0.2
        assert (content(query, keys).log_weights.amax(-1) - content(query, keys).log_weights.amin(-1)).max() <= 10.0
