"""From token to token: the next logits behind the keys and values of a prompt. Does not know: sampling, text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from knowledge.cpu.lean_decode import LeanDecode
from knowledge.reply.local.chat_model import ChatModel
from knowledge.reply.local.memory_attention import ColumnBias
from knowledge.reply.local.prefix_cache import Entry

ROOM = 128  # columns for a reply's tokens at first; the buffer grows by doubling


class Stepper(Protocol):
    """One reply under way."""

    @property
    def mass(self) -> Tensor | None:
        """(columns,) where the last step looked, mean over heads and layers; None where that is not known."""
        ...

    def step(self, token: int, position: int) -> Tensor:
        """Logits (vocabulary,) after one more token."""
        ...

    def rewind(self) -> None:
        """Drop all tokens since the reply began."""
        ...

    def settle(self) -> None:
        """Give the entry that the reply began with its tokens, and their keys and values."""
        ...


Steppers = Callable[[ChatModel, Entry, Tensor | None], Stepper]


class PlainStepper:
    """Steps of transformers, for any model and device. ``bias``: (columns,) of the entry's first columns, or None."""

    def __init__(self, model: ChatModel, entry: Entry, bias: Tensor | None) -> None:
        self._model, self._entry, self._start = model, entry, len(entry.ids)
        self._bias = torch.zeros(0, device=model.device) if bias is None else bias
        self._mass: Tensor | None = None

    @property
    def mass(self) -> Tensor | None:
        return self._mass

    def step(self, token: int, position: int) -> Tensor:
        look = ColumnBias(self._bias, record=True)
        logits = self._model.forward([token], self._entry.values, position=position, bias=look)[0]
        self._entry.ids.append(token)
        if self._model.rotation is not None:
            self._mass = look.mass[0]
        return logits

    def rewind(self) -> None:
        if (made := len(self._entry.ids) - self._start) > 0:
            self._entry.values.crop(-made)
            del self._entry.ids[self._start :]

    def settle(self) -> None:
        return


class LeanStepper:
    """Steps of the lean decode step; as :class:`PlainStepper`, several times as fast on a CPU."""

    def __init__(self, lean: LeanDecode, entry: Entry, bias: Tensor | None) -> None:
        self._lean, self._entry, self._bias = lean, entry, bias
        self._tokens: list[int] = []
        cache: Any = entry.values
        self._values = lean.new_values(cache.get_seq_length() + ROOM)
        self._values.load([(layer.keys, layer.values) for layer in cache.layers])
        self._start = self._values.length

    @property
    def mass(self) -> Tensor | None:
        return self._lean.mass

    def step(self, token: int, position: int) -> Tensor:
        logits = self._lean.step(token, position, self._values, self._bias)
        self._tokens.append(token)
        return logits

    def rewind(self) -> None:
        self._values.length = self._start
        self._tokens.clear()

    def settle(self) -> None:
        cache: Any = self._entry.values
        kind = cache.layers[0].keys.dtype
        for number, (keys, values) in enumerate(self._values.export(self._start, self._values.length, kind)):
            cache.update(keys, values, number)
        self._entry.ids.extend(self._tokens[: self._values.length - self._start])


def steppers_of(model: ChatModel) -> Steppers:
    """The fastest steps that are exact for this model."""
    lean = LeanDecode.of(model.network)
    if lean is None:
        return PlainStepper

    def lean_steps(model: ChatModel, entry: Entry, bias: Tensor | None) -> Stepper:
        return LeanStepper(lean, entry, None if bias is None else bias.float())

    return lean_steps
