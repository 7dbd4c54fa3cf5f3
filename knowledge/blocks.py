"""Blocks: the keys and values of one memory's tokens, made once and moved to where they are read.

A block is computed on top of a shared beginning (system prompt and heading), at the positions right after it. Where it
is read, other blocks or a dialogue stand before it, so its keys are rotated on: a rotary position encoding (Su et al.
2021, arXiv:2104.09864) makes a key of position p into one of position p + s by another rotation of s, exactly. The
block itself never attended to what now stands before it: Block-Attention (Ma et al. 2024, arXiv:2409.15355).

Does not know: transformers, memories, how blocks are kept or weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_FIXED_ROPE = ("default", "linear", "llama3", "yarn")  # rope types whose frequencies never depend on the length


@dataclass(frozen=True, slots=True)
class Block:
    """``keys`` and ``values``: (layers, kv_heads, tokens, head_dim); keys rotated for positions ``start`` onwards."""

    keys: Tensor
    values: Tensor
    start: int

    @property
    def tokens(self) -> int:
        return int(self.keys.shape[2])

    @property
    def bytes(self) -> int:
        return self.keys.nbytes + self.values.nbytes


class Rotation:
    """Moves keys along the positions of a model.

    ``frequencies``: (head_dim / 2,) radians a position. ``layers``: for every layer, are its keys rotated at all?
    """

    def __init__(self, frequencies: Tensor, layers: Sequence[bool]) -> None:
        self._frequencies = frequencies.detach().float()
        self._layers = torch.tensor(list(layers), device=frequencies.device)
        self._all = all(layers)

    @classmethod
    def of(cls, network: Any) -> Rotation | None:
        """The rotation of a causal language model of transformers; None where keys cannot be moved exactly: no rotary
        positions, frequencies that change with the length, only a part of a head rotated, sliding windows, or layers
        that keep something else than keys and values."""
        config = network.config.get_text_config()
        rope = getattr(config, "rope_parameters", None) or {}
        rotary = getattr(getattr(network, "model", None), "rotary_emb", None)
        kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
        sliding = bool(getattr(config, "sliding_window", None)) and getattr(config, "use_sliding_window", True)
        if config.model_type not in FAMILIES or rotary is None or kinds != {"full_attention"} or sliding:
            return None
        if rope.get("rope_type", "default") not in _FIXED_ROPE:
            return None
        head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        if 2 * rotary.inv_freq.shape[0] != head:
            return None
        layers = getattr(config, "no_rope_layers", None) or [1] * config.num_hidden_layers  # SmolLM3: 1 = rotated
        return cls(rotary.inv_freq, [bool(rotated) for rotated in layers])

    def moved(self, keys: Tensor, by: Tensor) -> Tensor:
        """``keys`` (layers, kv_heads, n, head_dim) of positions p as those of positions p + ``by`` (n,)."""
        angle = by.to(self._frequencies)[:, None] * self._frequencies
        cos, sin = angle.cos(), angle.sin()  # (n, head_dim / 2)
        # Layer by layer: what is in between stays in the processor's cache, twice as fast as all at once.
        turned = torch.stack([_turned(layer, cos, sin) for layer in keys])
        return turned if self._all else torch.where(self._layers[:, None, None, None], turned, keys)


def _turned(keys: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Pairs (i, i + head_dim / 2) of the last dimension turned by an angle: the pairs of transformers' rotate_half."""
    first, second = keys.float().chunk(2, dim=-1)
    turned = [torch.addcmul(first * cos, second, sin, value=-1), torch.addcmul(second * cos, first, sin)]
    return torch.cat(turned, dim=-1).to(keys.dtype)


FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3", "smollm3"})  # whose attention is the plain one, with RoPE


@dataclass(frozen=True, slots=True)
class Joined:
    """Keys and values side by side, (layers, 1, kv_heads, capacity, head_dim); ``columns`` of them are filled."""

    keys: Tensor
    values: Tensor
    columns: int


def beside(
    before: Sequence[tuple[Tensor, Tensor]], blocks: Sequence[Block], rotation: Rotation, *, at: Sequence[int],
    room: int = 0,
) -> Joined:  # fmt: skip
    """Those of ``before`` (for each layer (1, kv_heads, m, head_dim), as many positions as columns), then those of the
    blocks, each of which starts at its position of ``at``, then ``room`` free columns."""
    like = before[0][0]
    columns = like.shape[2] + sum(block.tokens for block in blocks)
    shape = (len(before), 1, like.shape[1], columns + room, like.shape[3])
    keys, values = like.new_empty(shape), like.new_empty(shape)
    # All layers of a block at once: a copy for each layer and block would take longer than the copying itself.
    place = like.shape[2]
    for block in blocks:
        keys[:, 0, :, place : place + block.tokens] = block.keys
        values[:, 0, :, place : place + block.tokens] = block.values
        place += block.tokens
    by = [start - block.start for block, start in zip(blocks, at, strict=True)]
    if any(by):
        moved = keys[:, 0, :, like.shape[2] : columns]
        counts = torch.tensor([block.tokens for block in blocks], device=like.device)
        moved.copy_(rotation.moved(moved, torch.tensor(by, device=like.device).repeat_interleave(counts)))
    for layer, (k, v) in enumerate(before):
        keys[layer, :, :, : k.shape[2]] = k
        values[layer, :, :, : v.shape[2]] = v
    return Joined(keys, values, columns)
