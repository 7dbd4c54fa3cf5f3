"""Multi-hop read against a naive loop, query updates, hops that share weights, slots that refine each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from knowledge.read.addressing import Address
from knowledge.read.multi_hop import GatedUpdate, MultiHopRead

B, H, Q, N, D = 2, 2, 3, 5, 8


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_residual_hops_follow_the_equations_of_end_to_end_memory_networks() -> None:
    torch.manual_seed(0)
    reader = MultiHopRead(D, hops=3, heads=1, similarity="dot", update="residual")
    query, keys, values = random(B, D), random(B, N, D, seed=1), random(B, N, D, seed=2)
    got = reader(query, keys, values)
    u = query.numpy()
    for step, address in zip(reader.hops, got.addresses, strict=True):
        to_query, to_key = step.addressing.to_query, step.addressing.to_key
        asked = u @ to_query.weight.detach().numpy().T + to_query.bias.detach().numpy()
        compared = keys.numpy() @ to_key.weight.detach().numpy().T
        valued = values.numpy() @ step.to_value.weight.detach().numpy().T
        refined = []
        for b in range(B):
            scores = np.exp(compared[b] @ asked[b] / np.sqrt(D))
            p = scores / scores.sum()
            np.testing.assert_allclose(address.weights[b, 0].detach().numpy(), p, rtol=1e-4)
            found = sum(p[n] * valued[b, n] for n in range(N))
            refined.append(u[b] + step.out.weight.detach().numpy() @ found + step.out.bias.detach().numpy())
        u = np.stack(refined)
    np.testing.assert_allclose(got.query.detach().numpy(), u, rtol=1e-4, atol=1e-5)


def test_highway_update_mixes_query_and_read_by_its_gate() -> None:
    torch.manual_seed(0)
    update = GatedUpdate(D, "highway")
    query, found = random(B, D), random(B, D, seed=1)
    gate = torch.sigmoid(torch.cat([query, found], -1) @ update.gate.weight.T + update.gate.bias)
    torch.testing.assert_close(update(query, found), gate * found + (1 - gate) * query)


@pytest.mark.parametrize("kind", ["residual", "highway", "gru"])
def test_updates_keep_the_shape_for_one_and_for_several_queries(kind: str) -> None:
    reader = MultiHopRead(D, hops=2, heads=H, update=kind, feed_forward=16, layer_norm=True)  # type: ignore[arg-type]
    query, memory = random(B, Q, D), random(B, N, D, seed=1)
    several = reader(query, memory, memory)
    assert several.query.shape == (B, Q, D)
    assert [a.weights.shape for a in several.addresses] == [(B, H, Q, N)] * 2
    alone = reader(query[:, 1], memory, memory)
    torch.testing.assert_close(alone.query, several.query[:, 1])
    torch.testing.assert_close(alone.addresses[1].weights, several.addresses[1].weights[:, :, 1])


def test_a_second_hop_finds_what_only_the_first_one_names() -> None:
    """Pairs a→b, b→c in random order: "what follows what follows a?" takes two hops, one hop can only guess."""
    names = torch.eye(6)

    def chains(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        order = torch.rand(batch, 6).argsort(1)
        pairs = torch.stack([order[:, :-1], order[:, 1:]], -1)  # five pairs of one chain
        return order, pairs.gather(1, torch.rand(batch, 5).argsort(1)[..., None].expand(-1, -1, 2))

    def answers(reader: MultiHopRead, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        order, pairs = chains(batch)
        return reader(names[order[:, 0]], names[pairs[..., 0]], names[pairs[..., 1]]).query, order[:, 2]

    def accuracy(hops: int) -> float:
        torch.manual_seed(0)
        reader = MultiHopRead(6, hops=hops, heads=1, update="gru")
        optimiser = torch.optim.Adam(reader.parameters(), lr=0.03)
        for _ in range(300):
            answer, wanted = answers(reader, 64)
            loss = torch.nn.functional.cross_entropy(answer * 5, wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        answer, wanted = answers(reader, 500)
        return (answer.argmax(-1) == wanted).float().mean().item()

    assert accuracy(2) > 0.95
    assert accuracy(1) < 0.7


def test_shared_hops_are_one_set_of_weights() -> None:
    shared, own = MultiHopRead(D, hops=3, shared=True), MultiHopRead(D, hops=3)
    count = [sum(p.numel() for p in m.parameters()) for m in (shared, own)]
    assert count[0] * 3 == count[1]
    assert len(shared(random(B, D), random(B, N, D), random(B, N, D)).addresses) == 3


def test_every_hop_gets_its_evidence_and_the_previous_address() -> None:
    torch.manual_seed(0)
    reader = MultiHopRead(D, hops=3, heads=H)
    memory, seen = random(B, N, D), []

    def evidence(hop: int, query: torch.Tensor, previous: Address | None) -> torch.Tensor:
        seen.append((hop, previous is None))
        return torch.nn.functional.one_hot(torch.full((B, H), hop), N) * 100.0

    hops = reader(random(B, D), memory, memory, evidence=evidence)
    assert seen == [(0, True), (1, False), (2, False)]
    assert [int(a.weights[0, 0].argmax()) for a in hops.addresses] == [0, 1, 2]
    listed = reader(random(B, D), memory, memory, evidence=[evidence(i, memory, None) for i in range(3)])
    torch.testing.assert_close(listed.query, hops.query)


def test_masked_slots_change_nothing_in_a_read_or_a_refinement() -> None:
    torch.manual_seed(0)
    reader = MultiHopRead(D, hops=2, heads=H, feed_forward=16, layer_norm=True, shared=True, shift_radius=1)
    query, slots = random(B, D), random(B, N, D, seed=1)
    mask = torch.tensor([[True, True, True, False, False]] * B)
    other = torch.where(mask[..., None], slots, random(B, N, D, seed=2))
    first, second = reader(query, slots, slots, mask=mask), reader(query, other, other, mask=mask)
    torch.testing.assert_close(first.query, second.query)
    first, second = reader.refine(slots, mask=mask), reader.refine(other, mask=mask)
    torch.testing.assert_close(first.query[:, :3], second.query[:, :3])
    assert first.addresses[0].weights.shape == (B, H, N, N)


def test_gradients_reach_every_parameter_and_the_query() -> None:
    torch.manual_seed(0)
    reader = MultiHopRead(
        D,
        hops=2,
        heads=H,
        update="gru",
        feed_forward=16,
        layer_norm=True,
        interpolation=True,
        shift_radius=1,
        sharpening=True,
        null_slot=True,
    )
    query, memory = random(B, D).requires_grad_(), random(B, N, D, seed=1)
    hops = reader(query, memory, memory)
    (hops.query.square().sum() + hops.addresses[-1].null.sum()).backward()
    assert query.grad is not None and query.grad.abs().sum() > 0
    idle = [n for n, p in reader.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert idle == []
