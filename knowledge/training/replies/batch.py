"""Replies to learn as one row of tokens: many examples side by side, each as the product lays it out.

Two passes, as in the running decoder (knowledge/reply/local/blocks.py), and a test holds the two against each other. In
the first one every block attends to the beginning, which all examples of a row share, and to itself; its keys are then
moved to their place. In the second one question and reply attend to everything of their example, to the blocks with the
bias strength · log α. Gradients go through both.

Does not know: where examples come from, losses, optimisers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from knowledge.errors import ModelError
from knowledge.records import ReplyRequest
from knowledge.reply.local.chat_model import ChatModel
from knowledge.reply.local.layout import BlockPlace, Conditioning, beginning, lay_out
from knowledge.reply.local.memory_attention import FLOOR
from knowledge.reply.prompt import PromptBuilder
from knowledge.training.replies.data import ReplyExample


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One example: its blocks, what stands before them (of the shared beginning the first ``common`` tokens, then
    ``before``), what ``opening`` stands behind them, at its position, and the tail, which ends with the reply of
    ``reply`` tokens (its end included)."""

    blocks: tuple[BlockPlace, ...]
    opening: tuple[int, ...]
    opening_position: int
    common: int
    before: tuple[int, ...]
    tail: tuple[int, ...]
    tail_position: int
    reply: int
    kind: str

    @property
    def tokens(self) -> int:
        return sum(len(ids) for ids, _, _ in self.given) + len(self.before) + len(self.tail)

    @property
    def given(self) -> Iterator[tuple[tuple[int, ...], int, float]]:
        """What the first pass computes: tokens, position, bias."""
        for place in self.blocks:
            yield place.ids, place.position, place.bias
        if self.opening:
            yield self.opening, self.opening_position, 0.0


@dataclass(frozen=True, slots=True)
class Pass:
    """``ids``, ``positions``: (N,). ``mask``: (N, columns) float, 0 or a bias where a column is seen, FLOOR where not.
    Its columns are those of an earlier pass and its own."""

    ids: Tensor
    positions: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Row:
    """``blocks``: the shared beginning and every block behind it; ``shift``: (N,) positions that each of these is moved
    on. ``rest``: dialogues, questions, replies. Of its tokens ``at``: (R,) places whose next token is learned,
    ``wanted``: (R,) that token, ``example``: (R,) whose it is."""

    blocks: Pass
    shift: Tensor
    rest: Pass
    at: Tensor
    wanted: Tensor
    example: Tensor


class RowBuilder:
    """Lays examples out for one chat model and prompt style. ``shared``: tokens of the beginning."""

    def __init__(self, model: ChatModel, builder: PromptBuilder) -> None:
        self._model, self._builder = model, builder
        self.shared = tuple(beginning("", model, builder))
        self._end = model.tokens(model.closing)[:1]

    def lay_out(self, example: ReplyExample, way: Conditioning) -> LaidOut:
        """One example by the product's own layout."""
        layout = lay_out(ReplyRequest(example.dialogue, example.reads), self._model, self._builder, way)
        if layout.blocks and way.sharpness != 1.0:
            raise ValueError("Sharpened keys cannot be learned from: training takes a way of sharpness 1.")
        if layout.blocks and layout.beginning != self.shared:
            raise ValueError("Blocks are trained behind the style's own system prompt only.")
        reply = (*self._model.tokens(self._model.defused(example.reply)), *self._end)
        common = len(self.shared) if layout.before[: len(self.shared)] == self.shared else 0
        return LaidOut(
            layout.blocks,
            layout.opening,
            layout.opening_position,
            common,
            layout.before[common:],
            (*layout.tail, *reply),
            layout.tail_position,
            len(reply),
            example.kind,
        )

    def row(self, examples: Sequence[LaidOut]) -> Row:
        """Examples in one row, behind the shared beginning."""
        n = len(self.shared)
        first = n + sum(len(ids) for example in examples for ids, _, _ in example.given)
        second = sum(len(example.before) + len(example.tail) for example in examples)
        ids, positions, shift = list(self.shared), list(range(n)), [0] * n
        rest, rest_positions = list[int](), list[int]()
        mask, rest_mask = torch.full((first, first), FLOOR), torch.full((second, first + second), FLOOR)
        mask[:, :n] = _causal(first)[:, :n]
        at: list[int] = []
        wanted: list[int] = []
        owner: list[int] = []
        for number, example in enumerate(examples):
            start = len(rest)
            end = start + len(example.before) + len(example.tail)
            rest_mask[start:end, : example.common] = 0
            rest_mask[start:end, first + start : first + end] = _causal(end - start)
            for block, position, bias in example.given:
                low, high = len(ids), len(ids) + len(block)
                mask[low:high, low:high] = _causal(high - low)
                rest_mask[start + len(example.before) : end, low:high] = bias
                ids += block
                positions += range(n, n + high - low)
                shift += [position - n] * (high - low)
            rest += [*example.before, *example.tail]
            rest_positions += range(example.common, example.common + len(example.before))
            rest_positions += range(example.tail_position, example.tail_position + len(example.tail))
            at += range(end - example.reply - 1, end - 1)
            wanted += example.tail[-example.reply :]
            owner += [number] * example.reply
        return Row(
            Pass(torch.tensor(ids), torch.tensor(positions), mask),
            torch.tensor(shift),
            Pass(torch.tensor(rest), torch.tensor(rest_positions), rest_mask),
            torch.tensor(at),
            torch.tensor(wanted),
            torch.tensor(owner),
        )


def _causal(n: int) -> Tensor:
    return torch.full((n, n), FLOOR).triu_(1)


def packed(examples: Sequence[LaidOut], most: int) -> list[list[LaidOut]]:
    """Examples in rows of at most ``most`` tokens, in their order; a longer one stands alone."""
    rows: list[list[LaidOut]] = []
    room = 0
    for example in examples:
        if not rows or example.tokens > room:
            rows.append([])
            room = most
        rows[-1].append(example)
        room -= example.tokens
    return rows


def reply_log_probabilities(network: Any, row: Row, model: ChatModel) -> Tensor:
    """(R,) log-probability in nats of every token to learn. ``network``: that of ``model``, or the same with an
    adapter. Raises ModelError: the model's keys cannot be moved."""
    if model.rotation is None:
        raise ModelError(f"{model.name} cannot be trained with blocks: its keys cannot be moved exactly.")
    inner = network.get_base_model() if hasattr(network, "peft_config") else network
    kind = next(inner.parameters()).dtype
    cache = model.new_cache()
    _run(inner.model, row.blocks, cache, kind)
    moved = model.rotation.moved(torch.cat([layer.keys for layer in cache.layers]), row.shift)
    for layer, keys in zip(cache.layers, moved, strict=True):
        layer.keys = keys[None]
    hidden = _run(inner.model, row.rest, cache, kind)[0, row.at]  # the head only where something is learned
    logits = inner.lm_head(hidden).float()
    return -torch.nn.functional.cross_entropy(logits, row.wanted, reduction="none")


def _run(network: Any, part: Pass, cache: Any, kind: torch.dtype) -> Tensor:
    hidden: Tensor = network(
        input_ids=part.ids[None],
        position_ids=part.positions[None],
        attention_mask=part.mask[None, None].to(kind),
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state  # (1, N, hidden)
    return hidden
