"""Internal memory: starts as the identity, sees only the past, learns what a follow-up needs."""

from __future__ import annotations

import torch

from knowledge.read.internal_memory import InternalMemory

B, T, D = 3, 4, 5


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def trained_a_little() -> InternalMemory:
    torch.manual_seed(0)
    memory = InternalMemory(D, 7)
    torch.nn.init.normal_(memory.project.weight, std=0.3)
    return memory


def test_untrained_it_asks_exactly_what_the_turn_says() -> None:
    turns = random(B, T, D)
    memory = InternalMemory(D)
    torch.testing.assert_close(memory(turns), turns, rtol=0, atol=0)


def test_step_by_step_is_the_same_as_the_whole_dialogue() -> None:
    memory, turns = trained_a_little(), random(B, T, D)
    state, queries = memory.start(B), []
    for t in range(T):
        queries.append(memory.query(turns[:, t], state))
        state = memory.step(turns[:, t], state)
    torch.testing.assert_close(torch.stack(queries, 1), memory(turns))
    rest = memory(turns[:, 2:], memory.step(turns[:, 1], memory.step(turns[:, 0], memory.start(B))))
    torch.testing.assert_close(rest, memory(turns)[:, 2:])


def test_a_query_depends_on_the_past_and_not_on_the_future() -> None:
    memory, turns = trained_a_little(), random(B, T, D).requires_grad_()
    memory(turns)[:, 2].sum().backward()
    assert turns.grad is not None
    assert (turns.grad[:, 3] == 0).all()
    assert all(turns.grad[:, t].abs().sum() > 0 for t in range(3))


def test_it_learns_to_ask_for_what_an_earlier_turn_named() -> None:
    """The last turn is the same "pronoun" in every dialogue; the wanted query is the turn before it."""
    torch.manual_seed(0)
    memory, named = InternalMemory(D, 16), torch.eye(D)
    pronoun = torch.full((D, 1, D), 0.5)
    turns = torch.cat([named[:, None], pronoun], 1)
    optimiser = torch.optim.Adam(memory.parameters(), lr=0.02)
    losses = []
    for _ in range(200):
        loss = torch.nn.functional.cross_entropy(memory(turns)[:, 1] * 5, torch.arange(D))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] > 1.5 and losses[-1] < 0.1
