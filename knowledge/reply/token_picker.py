"""Logits → the next token, as the sampling of a reply says. Does not know: the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from knowledge.records import Sampling

_CHOICES = 256  # most are few: the words that go on with one sentence; a reply that copies refuses more


def forms_of(words: Iterable[str], tokens: Callable[[str], Sequence[int]]) -> set[tuple[int, ...]]:
    """The tokens of each word inside a sentence and at its beginning."""
    forms = (form for word in words for form in (word, word.capitalize()))
    return {found for form in forms for text in (form, f" {form}") if (found := tuple(tokens(text)))}


class TokenPicker:
    """Picks the tokens of one reply. The repetition penalty is for words of this reply only.

    Over the whole prompt, as transformers' ``generate`` does it, it would punish the very words of the memories.
    ``bias``: nats added to the logit of a sequence's last token where the others stand before it.
    """

    def __init__(self, sampling: Sampling, device: str, bias: Mapping[tuple[int, ...], float] | None = None) -> None:
        self._made: list[int] = []
        self._device = device
        self._greedy = sampling.temperature <= 0
        penalty = float(sampling.repetition_penalty)
        self._repetition = RepetitionPenaltyLogitsProcessor(penalty) if penalty != 1.0 else None
        self._bias = SequenceBiasLogitsProcessor([[list(ids), nats] for ids, nats in bias.items()]) if bias else None
        self._warpers: list[Any] = []
        if not self._greedy:
            if sampling.temperature != 1.0:
                self._warpers.append(TemperatureLogitsWarper(float(sampling.temperature)))
            if sampling.top_p < 1.0:
                self._warpers.append(TopPLogitsWarper(float(sampling.top_p)))
        self._random = torch.Generator(device)
        if sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(sampling.seed)

    def __call__(self, logits: torch.Tensor, refuses: Callable[[Sequence[int], int], bool]) -> int:
        """The token after logits (vocabulary,): the next choice for as long as ``refuses(made, token)`` says so."""
        for _ in range(_CHOICES):
            token = self._choose(logits)
            if not refuses(self._made, token):
                break
            logits = logits.index_fill(0, torch.tensor([token], device=logits.device), -torch.inf)
        self._made.append(token)
        return token

    def _choose(self, logits: torch.Tensor) -> int:
        made = torch.tensor([self._made], dtype=torch.long, device=self._device)  # (1, tokens of the reply)
        scores = logits[None]  # (1, vocabulary)
        if self._bias is not None:
            scores = self._bias(made, scores)
        if self._repetition is not None and self._made:
            scores = self._repetition(made, scores)
        for warper in self._warpers:
            scores = warper(made, scores)
        if self._greedy:
            return int(scores.argmax())
        return int(torch.multinomial(scores.softmax(-1)[0], 1, generator=self._random))
