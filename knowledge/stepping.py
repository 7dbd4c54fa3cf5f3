"""From token to token: the next logits behind the keys and values of a prompt. Does not know: sampling, text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from knowledge.chat_model import ChatModel
from knowledge.memory_attention import ColumnBias
from knowledge.prefix_cache import Entry


class Stepper(Protocol):
    """One reply under way. ``mass``: (columns,) where the last step looked, mean over heads and layers, or None."""

    mass: Tensor | None

    def step(self, token: int, position: int) -> Tensor:
        """Logits (vocabulary,) after one more token."""
        ...

    def settle(self) -> None:
        """Give the entry that the reply began with its tokens, and their keys and values."""
        ...


Steppers = Callable[[ChatModel, Entry, Tensor | None], Stepper]


class PlainStepper:
    """Steps of transformers. ``bias``: (columns,) of the entry's first columns, or None."""

    def __init__(self, model: ChatModel, entry: Entry, bias: Tensor | None) -> None:
        self._model, self._entry = model, entry
        self._bias = torch.zeros(0, device=model.device) if bias is None else bias
        self.mass: Tensor | None = None

    def step(self, token: int, position: int) -> Tensor:
        look = ColumnBias(self._bias, record=True)
        logits = self._model.forward([token], self._entry.values, position=position, bias=look)[0]
        self._entry.ids.append(token)
        if self._model.rotation is not None:
            self.mass = look.mass[0]
        return logits

    def settle(self) -> None:
        return


def steppers_of(model: ChatModel) -> Steppers:
    """The fastest steps that are exact for this model."""
    return PlainStepper
