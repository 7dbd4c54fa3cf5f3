"""Replies to learn as one row of tokens: many examples side by side, in one pass, each as the product lays it out.

A block attends to the beginning and to itself; the question and the reply attend to everything of their example, to the
blocks with the bias strength · log α. That is what the running decoder computes in several passes with cached keys
(knowledge/blocks.py), written as one mask; a test holds the two against each other. The beginning that all examples
share is computed once a row.

Does not know: where examples come from, losses, optimisers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from knowledge.chat_model import ChatModel
from knowledge.memory_attention import FLOOR
from knowledge.prompt import PromptBuilder
from knowledge.records import ReplyRequest
from knowledge.reply_layout import Conditioning, beginning, lay_out
from knowledge.training.reply_data import ReplyExample

SHARED = -1  # the segment that every example sees


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens in sequence. ``sees``: earlier segments of the example (SHARED too) that they attend to, with a bias."""

    ids: tuple[int, ...]
    position: int
    sees: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One example: its segments, the last of which ends with the reply of ``reply`` tokens (its end included)."""

    segments: tuple[Segment, ...]
    reply: int
    kind: str

    @property
    def tokens(self) -> int:
        return sum(len(segment.ids) for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Row:
    """``ids``, ``positions``: (N,). ``mask``: (N, N) float, 0 or a bias where a token is seen, FLOOR where not.
    ``at``: (R,) places whose next token is learned, ``wanted``: (R,) that token, ``example``: (R,) whose it is."""

    ids: Tensor
    positions: Tensor
    mask: Tensor
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
            raise ValueError("Sharpened keys cannot be written as a mask: training takes a way of sharpness 1.")
        reply = [*self._model.tokens(self._model.defused(example.reply)), *self._end]
        n = len(self.shared)
        segments: list[Segment] = []
        before = layout.before if layout.blocks else (*layout.before, *layout.tail)
        common = next((i for i, (a, b) in enumerate(zip(before, self.shared, strict=False)) if a != b),
                      min(len(before), n))  # fmt: skip
        if common < n:  # another beginning: nothing of it is shared
            common = 0
        seen = [(SHARED, 0.0)] if common else []
        own = before[common:]
        if own:
            tail = () if layout.blocks else tuple(reply)
            segments.append(Segment((*own, *tail), common, tuple(seen)))
            seen.append((0, 0.0))
        if layout.blocks:
            start = len(layout.before)
            basis = (SHARED, 0.0)
            if start != n:  # the beginning once more, as far before the blocks as they were computed behind it
                segments.append(Segment(layout.beginning, start - len(layout.beginning), ()))
                basis = (len(segments) - 1, 0.0)
            for place in layout.blocks:
                segments.append(Segment(place.ids, start, (basis,)))
                seen.append((len(segments) - 1, place.bias))
            segments.append(Segment((*layout.tail, *reply), layout.tail_position, tuple(seen)))
        return LaidOut(tuple(segments), len(reply), example.kind)

    def row(self, examples: Sequence[LaidOut]) -> Row:
        """Examples in one row, behind the shared beginning."""
        n = len(self.shared)
        size = n + sum(example.tokens for example in examples)
        ids, positions = list(self.shared), list(range(n))
        mask = torch.full((size, size), FLOOR)
        causal = torch.full((size, size), FLOOR).triu_(1)
        mask[:n, :n] = causal[:n, :n]
        at: list[int] = []
        wanted: list[int] = []
        owner: list[int] = []
        for number, example in enumerate(examples):
            spans = {SHARED: (0, n)}
            for index, segment in enumerate(example.segments):
                start = len(ids)
                end = start + len(segment.ids)
                for seen, bias in segment.sees:
                    low, high = spans[seen]
                    mask[start:end, low:high] = bias
                mask[start:end, start:end] = causal[start:end, start:end]
                spans[index] = (start, end)
                ids += segment.ids
                positions += range(segment.position, segment.position + len(segment.ids))
            at += range(len(ids) - example.reply - 1, len(ids) - 1)
            wanted += ids[len(ids) - example.reply :]
            owner += [number] * example.reply
        return Row(
            torch.tensor(ids), torch.tensor(positions), mask, torch.tensor(at), torch.tensor(wanted),
            torch.tensor(owner),
        )  # fmt: skip


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


def reply_log_probabilities(network: Any, row: Row) -> Tensor:
    """(R,) log-probability in nats of every token to learn. ``network``: a causal language model of transformers."""
    inner = network.get_base_model() if hasattr(network, "peft_config") else network
    kind = next(inner.parameters()).dtype
    hidden: Tensor = inner.model(
        input_ids=row.ids[None], position_ids=row.positions[None], attention_mask=row.mask[None, None].to(kind),
        use_cache=False,
    ).last_hidden_state[0, row.at]  # (R, hidden): the head is computed where something is learned only
    logits = inner.lm_head(hidden).float()
    return -torch.nn.functional.cross_entropy(logits, row.wanted, reduction="none")
