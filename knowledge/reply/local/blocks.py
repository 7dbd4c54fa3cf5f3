"""Blocks: the keys and values of one memory's tokens, made once and moved to where they are read.

A block is computed on top of a shared beginning (system prompt and heading), at the positions right after it. Where it
is read, other blocks or a dialogue stand before it, so its keys are rotated on: a rotary position encoding (Su et al.
2021, arXiv:2104.09864) makes a key of position p into one of position p + s by another rotation of s, exactly. The
block itself never attended to what now stands before it: Block-Attention (Ma et al. 2024, arXiv:2409.15355).

Keys may have biases (Qwen2's reach some hundred). A bias turns with its position like the rest of a key, so a block is
kept without it, in 16 bits, and gets it, turned, where it is read: rounded together, the bias leaves nothing of the
key, and moving it makes noise of what is left.

Does not know: transformers, memories, how blocks are kept or weighed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_CACHED = 400_000  # numbers that are turned at once: in float32 1.6 MB
_STEP = 256  # columns by which a workspace grows
_FIXED_ROPE = ("default", "linear", "llama3", "yarn")  # rope types whose frequencies never depend on the length


@dataclass(frozen=True, slots=True)
class Block:
    """``keys`` and ``values``: (layers, kv_heads, tokens, head_dim); keys rotated for positions ``start`` onwards,
    without their biases where the model has some (:meth:`Rotation.kept`)."""

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
    ``biases``: (layers, kv_heads, head_dim) float32, what is added to every key before it is rotated, or None.
    """

    def __init__(self, frequencies: Tensor, layers: Sequence[bool], biases: Tensor | None = None) -> None:
        self._frequencies = frequencies.detach().float()
        self._layers = torch.tensor(list(layers), device=frequencies.device)
        self._all = all(layers)
        self._biases = None if biases is None else biases.detach().float()

    @classmethod
    def of(cls, network: Any) -> Rotation | None:
        """The rotation of a causal language model of transformers; None where keys cannot be moved exactly: no rotary
        positions, frequencies that change with the length, only a part of a head rotated, sliding windows, layers that
        keep something else than keys and values, or keys with biases in 16 bits."""
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
        biases = _key_biases(network)
        if biases is not None and not _exact(network):
            return None
        return cls(rotary.inv_freq, [bool(rotated) for rotated in layers], biases)

    def kept(self, keys: Tensor, values: Tensor, start: int) -> Block:
        """A block of the keys and values (layers, kv_heads, tokens, head_dim) of the positions from ``start`` on."""
        if self._biases is None:
            return Block(keys, values, start)
        keys = keys - self._turned_biases(start, keys.shape[2])
        return Block(keys.bfloat16(), values.bfloat16(), start)

    def place(self, block: Block, position: int, to: Tensor) -> None:
        """Write the keys of a block that begins at ``position`` to ``to`` (layers, kv_heads, tokens, head_dim)."""
        if position == block.start:
            to.copy_(block.keys)
        else:
            self.move(block.keys, position - block.start, to)
        if self._biases is not None:
            to.add_(self._turned_biases(position, block.tokens))

    def _turned_biases(self, start: int, tokens: int) -> Tensor:
        """(layers, kv_heads, tokens, head_dim) float32: the biases at the positions from ``start`` on."""
        assert self._biases is not None
        wide = self._biases[:, :, None].expand(-1, -1, tokens, -1)
        positions = torch.arange(start, start + tokens, device=wide.device)
        return torch.cat([turned for _, turned in self._turned(wide, positions)])

    def moved(self, keys: Tensor, by: Tensor) -> Tensor:
        """``keys`` (layers, kv_heads, n, head_dim) of positions p as those of positions p + ``by`` (n,)."""
        return torch.cat([turned.to(keys.dtype) for _, turned in self._turned(keys, by)])

    def move(self, keys: Tensor, by: int, to: Tensor) -> None:
        """The same, all keys by as many positions, written to ``to`` (of the shape of ``keys``)."""
        for place, turned in self._turned(keys, torch.tensor([by], device=keys.device)):
            to[place] = turned

    def _turned(self, keys: Tensor, by: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Some layers after the others, which they are and turned (float32): what is in between stays in the
        processor's cache. Pairs (i, i + head_dim / 2) turn by an angle, as in transformers' rotate_half."""
        angle = by.to(self._frequencies)[:, None] * self._frequencies
        cos, sin = angle.cos(), angle.sin()
        cos, sin = torch.cat([cos, cos], -1), torch.cat([-sin, sin], -1)  # (n or 1, head_dim)
        at_once = max(1, _CACHED // keys[0].numel())
        for start in range(0, len(keys), at_once):
            place = slice(start, start + at_once)
            exact = keys[place].float()
            turned = torch.addcmul(exact * cos, exact.roll(exact.shape[-1] // 2, -1), sin)
            if not self._all:
                turned = torch.where(self._layers[place, None, None, None], turned, exact)
            yield place, turned


FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3", "smollm3"})  # whose attention is the plain one, with RoPE


def _key_biases(network: Any) -> Tensor | None:
    """(layers, kv_heads, head_dim) float32, or None where keys have no biases."""
    found = []
    for layer in network.model.layers:
        projection = layer.self_attn.k_proj
        bias = projection.key_bias() if hasattr(projection, "key_bias") else getattr(projection, "bias", None)
        if bias is None:
            return None
        found.append(bias.detach().float().view(-1, layer.self_attn.head_dim))
    return torch.stack(found)


def _exact(network: Any) -> bool:
    """Are this network's keys computed in float32?"""
    return hasattr(network, "packed") or network.model.layers[0].self_attn.k_proj.weight.dtype == torch.float32


@dataclass(frozen=True, slots=True)
class Joined:
    """Keys and values side by side, (layers, 1, kv_heads, capacity, head_dim); ``columns`` of them are filled."""

    keys: Tensor
    values: Tensor
    columns: int


class Workspace:
    """Memory for the keys and values of one reply after the other: fresh pages would cost more than what is copied
    into them. Whoever comes next overwrites what it lent, so replies take turns."""

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit = limit  # bytes kept of keys, and as many of values
        self._kept: tuple[Tensor, Tensor] | None = None

    def lend(self, like: Tensor, layers: int, columns: int) -> tuple[Tensor, Tensor]:
        """Keys and values, each (layers, *like.shape) with at least ``columns`` columns and anything in them."""
        batch, heads, _, width = like.shape
        if self._kept is not None:
            keys = self._kept[0]
            same = keys.dtype == like.dtype and keys.device == like.device and keys.shape[:3] == (layers, batch, heads)
            if same and keys.shape[3] >= columns and keys.shape[4] == width:
                return self._kept
        room = -(-columns // _STEP) * _STEP + 5  # a power of two would put all heads in the same lines of the cache
        made = like.new_empty(layers, batch, heads, room, width), like.new_empty(layers, batch, heads, room, width)
        self._kept = made if made[0].nbytes <= self._limit else None
        return made


def beside(
    before: Sequence[tuple[Tensor, Tensor]],
    blocks: Sequence[Block],
    rotation: Rotation,
    *,
    at: Sequence[int],
    room: int = 0,
    workspace: Workspace | None = None,
) -> Joined:
    """Those of ``before`` (for each layer (1, kv_heads, m, head_dim), as many positions as columns), then those of the
    blocks, each of which starts at its position of ``at``, then at least ``room`` free columns."""
    start = before[0][0].shape[2]
    columns = start + sum(block.tokens for block in blocks)
    keys, values = (workspace or Workspace()).lend(before[0][0], len(before), columns + room)
    keys[..., :start, :] = torch.stack([layer_keys for layer_keys, _ in before])
    values[..., :start, :] = torch.stack([layer_values for _, layer_values in before])
    # All layers of a block at once: a copy for each layer and block would take longer than the copying itself.
    place = start
    for block, position in zip(blocks, at, strict=True):
        columns_of = slice(place, place + block.tokens)
        rotation.place(block, position, keys[:, 0, :, columns_of])
        values[:, 0, :, columns_of] = block.values
        place += block.tokens
    return Joined(keys, values, columns)
