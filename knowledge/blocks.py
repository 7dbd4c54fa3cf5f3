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

    def moved(self, keys: Tensor, by: int) -> Tensor:
        """``keys`` (layers, kv_heads, n, head_dim) of positions p as those of positions p + ``by``."""
        if by == 0:
            return keys
        angle = by * self._frequencies
        cos, sin = torch.cat([angle.cos()] * 2), torch.cat([angle.sin()] * 2)  # (head_dim,), as rotate_half wants them
        exact = keys.float()
        first, second = exact.chunk(2, dim=-1)
        turned = (exact * cos + torch.cat([-second, first], dim=-1) * sin).to(keys.dtype)
        return torch.where(self._layers[:, None, None, None], turned, keys)


FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3", "smollm3"})  # whose attention is the plain one, with RoPE


def beside(
    before: Sequence[tuple[Tensor, Tensor]], blocks: Sequence[Block], rotation: Rotation, *, at: int
) -> list[tuple[Tensor, Tensor]]:
    """For each layer keys and values (1, kv_heads, n, head_dim): those of ``before`` (as many positions as columns,
    (1, kv_heads, m, head_dim) each), then those of the blocks, which all start at position ``at``."""
    moved = [rotation.moved(block.keys, at - block.start) for block in blocks]
    return [
        (
            torch.cat([keys, *(block[layer][None] for block in moved)], dim=2),
            torch.cat([values, *(block.values[layer][None] for block in blocks)], dim=2),
        )
        for layer, (keys, values) in enumerate(before)
    ]
