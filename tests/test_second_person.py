"""A reply that speaks of the person as "you" is less likely to go on in their "I"."""

from __future__ import annotations

import torch

from knowledge.records import Sampling
from knowledge.reply.token_picker import TokenPicker

GREEDY = Sampling(temperature=0.0, repetition_penalty=1.0)


def picked(logits: list[float], bias: dict[tuple[int, ...], float] | None, steps: int = 1) -> list[int]:
    pick = TokenPicker(GREEDY, "cpu", bias)
    return [pick(torch.tensor(logits), lambda made, token: False) for _ in range(steps)]


def test_a_biased_token_is_picked_only_where_it_is_clearly_better() -> None:
    assert picked([1.0, 2.5, 0.0], None) == [1]
    assert picked([1.0, 2.5, 0.0], {(1,): -2.0}) == [0]
    assert picked([1.0, 3.5, 0.0], {(1,): -2.0}) == [1]


def test_of_a_word_of_several_tokens_the_last_is_biased_behind_the_others() -> None:
    assert picked([1.0, 2.5, 0.0], {(2, 1): -2.0}) == [1]
    assert picked([1.0, 2.5, 0.0], {(1, 1): -2.0}, steps=3) == [1, 0, 1]
