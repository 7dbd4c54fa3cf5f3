"""From token to token: the next logits behind the keys and values of a prompt. Does not know: sampling, text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from knowledge.cpu.lean_decode import MOST_ROWS, LeanDecode, Row
from knowledge.reply.local.chat_model import ChatModel
from knowledge.reply.local.memory_attention import ColumnBias
from knowledge.reply.local.prefix_cache import Entry
from knowledge.reply.local.scheduler import Compute, Scheduler, Work

ROOM = 128  # columns for a reply's tokens at first; the buffer grows by doubling


class Stepper(Protocol):
    """One reply under way. ``copies``: are the entry's keys and values its own to change only in :meth:`settle`?"""

    copies: bool

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


Steppers = Callable[[ChatModel, Entry, Tensor | None, Scheduler], Stepper]


class PlainStepper:
    """Steps of transformers, for any model and device. ``bias``: (columns,) of the entry's first columns, or None."""

    copies = False  # it steps within the entry's own keys and values

    def __init__(self, model: ChatModel, entry: Entry, bias: Tensor | None, scheduler: Scheduler) -> None:
        self._model, self._entry, self._start = model, entry, len(entry.ids)
        self._bias = torch.zeros(0, device=model.device) if bias is None else bias
        self._mass: Tensor | None = None
        self._scheduler = scheduler

    @property
    def mass(self) -> Tensor | None:
        return self._mass

    def step(self, token: int, position: int) -> Tensor:
        look = ColumnBias(self._bias, record=True)
        with self._scheduler.alone():
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
    """Steps of the lean decode step, together with other replies'; as :class:`PlainStepper`, several times as fast on a
    CPU."""

    copies = True

    def __init__(
        self, lean: LeanDecode, compute: Compute, entry: Entry, bias: Tensor | None, scheduler: Scheduler
    ) -> None:
        self._compute, self._entry, self._scheduler = compute, entry, scheduler
        self._tokens: list[int] = []
        cache: Any = entry.values
        values = lean.new_values(cache.get_seq_length() + ROOM)
        values.load([(layer.keys, layer.values) for layer in cache.layers])
        self._start = values.length
        self._row = Row(values, bias)

    @property
    def mass(self) -> Tensor | None:
        return self._row.mass

    def step(self, token: int, position: int) -> Tensor:
        logits = self._scheduler.run(Work(self._compute, (self._row, token, position), MOST_ROWS, reply=self))
        self._tokens.append(token)
        return logits

    def rewind(self) -> None:
        self._row.values.length = self._start
        self._tokens.clear()

    def settle(self) -> None:
        cache: Any = self._entry.values
        kind, values = cache.layers[0].keys.dtype, self._row.values
        for number, (keys, contents) in enumerate(values.export(self._start, values.length, kind)):
            cache.update(keys, contents, number)
        self._entry.ids.extend(self._tokens[: values.length - self._start])


def steppers_of(model: ChatModel) -> Steppers:
    """The fastest steps that are exact for this model."""
    lean = LeanDecode.of(model.network)
    if lean is None:
        return PlainStepper

    def compute(steps: Sequence[tuple[Row, int, int]]) -> Sequence[Tensor]:
        return lean.step(*zip(*steps, strict=True)).unbind(0)

    def lean_steps(model: ChatModel, entry: Entry, bias: Tensor | None, scheduler: Scheduler) -> Stepper:
        return LeanStepper(lean, compute, entry, None if bias is None else bias.float(), scheduler)

    return lean_steps
