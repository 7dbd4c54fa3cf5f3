"""Keys and values of one conversation in place, with room to grow, for decoding token by token.

A column is a token whose keys and values are there. Columns need not stand in the order of positions. Does not know:
how keys are made, or which tokens they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class KeyValueBuffer:
    """Float32 buffers (layers, 2 · kv_heads, capacity, head_dim): first the heads' keys, then their values.

    The two halves of a key (RoPE turns entry i together with entry i + head_dim/2) lie interleaved, so that a pair is
    one complex number. ``load`` and ``export`` speak the order of transformers.
    """

    def __init__(self, layers: int, kv_heads: int, head_dim: int, *, capacity: int = 512) -> None:
        self.length = 0  # columns in use
        self._kv_heads, self._head_dim = kv_heads, head_dim
        self._buffer = torch.empty(layers, 2 * kv_heads, capacity, head_dim)

    @property
    def capacity(self) -> int:
        """Columns that fit before the next growth."""
        return self._buffer.shape[2]

    @property
    def nbytes(self) -> int:
        return self._buffer.nbytes

    def reserve(self, columns: int) -> None:
        """Make room for ``columns`` in all, by doubling."""
        if columns <= self.capacity:
            return
        layers, heads, capacity, head_dim = self._buffer.shape
        while capacity < columns:
            capacity *= 2
        grown = torch.empty(layers, heads, capacity, head_dim)
        grown[:, :, : self.length] = self._buffer[:, :, : self.length]
        self._buffer = grown

    def load(self, layers: Sequence[tuple[Tensor, Tensor]], at: int = 0) -> None:
        """Put keys and values, each (1, kv_heads, n, head_dim), into the columns from ``at`` on; the rest is dropped.

        ``at`` 0 replaces everything; ``at=length`` appends. Raises: ValueError (``at`` beyond the columns in use).
        """
        if not 0 <= at <= self.length:
            raise ValueError(f"Column {at} does not follow the {self.length} columns in use.")
        self.length = at
        count = layers[0][0].shape[2]
        self.reserve(at + count)
        half = self._head_dim // 2
        with torch.inference_mode():
            for target, (keys, values) in zip(self._buffer[:, :, at : at + count].unbind(0), layers, strict=True):
                pairs = keys[0].reshape(self._kv_heads, count, 2, half).transpose(-1, -2)
                target[: self._kv_heads].view(self._kv_heads, count, half, 2).copy_(pairs)
                target[self._kv_heads :].copy_(values[0])
        self.length = at + count

    def export(self, start: int, stop: int, dtype: torch.dtype = torch.float32) -> list[tuple[Tensor, Tensor]]:
        """Copies of the columns ``start`` … ``stop`` − 1: for each layer keys and values (1, kv_heads, n, head_dim).

        Raises: ValueError (columns that are not in use).
        """
        if not 0 <= start <= stop <= self.length:
            raise ValueError(f"Columns {start} to {stop} are not within the {self.length} in use.")
        half = self._head_dim // 2
        found = []
        for layer in self._buffer[:, :, start:stop].unbind(0):
            pairs = layer[: self._kv_heads].view(self._kv_heads, stop - start, half, 2)
            keys = pairs.transpose(-1, -2).flatten(-2)
            found.append((keys[None].to(dtype, copy=True), layer[None, self._kv_heads :].to(dtype, copy=True)))
        return found

    def crop(self, length: int) -> None:
        """Forget the columns from ``length`` on."""
        self.length = min(self.length, length)

    def slots(self) -> tuple[Tensor, ...]:
        """For each layer the place of the column after those in use, (2 · kv_heads, 1, head_dim)."""
        self.reserve(self.length + 1)
        return self._buffer[:, :, self.length : self.length + 1].unbind(0)

    def views(self, length: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """For each layer keys (kv_heads, head_dim, length), transposed, and values (kv_heads, length, head_dim)."""
        keys = self._buffer[:, : self._kv_heads, :length].transpose(2, 3).unbind(0)
        return keys, self._buffer[:, self._kv_heads :, :length].unbind(0)
