"""One token each of some replies through a Llama-like network on the CPU, with little around the weights.

The layers are those of transformers; what is left out is everything between the kernels: one product for queries, keys
and values, one for gate and up, static buffers, RoPE as one complex product, packed weights. Replies under way go
through together: the weights, whose bytes are the time, are read once for all of them, and only the attention is each
one's own (selective batching, Yu et al. 2022, "Orca: A distributed serving system for transformer-based generative
models", OSDI, 3.2). An additive bias on the attention logits, the same in every head and layer, weighs single columns
(log α of memories; −∞: muted). Does not know: prompts, sampling, or what a column stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from knowledge.cpu.key_value_buffer import KeyValueBuffer
from knowledge.cpu.llama_layers import Layers, read_layers

MOST_ROWS = 16  # at once; beyond, a pass takes as much longer as it does more


class Row:
    """One reply under way: its keys and values, its column biases, and where its last token looked.

    ``bias``: float32 for the first columns (any number of them), added to their attention logits; others have 0.
    """

    def __init__(self, values: KeyValueBuffer, bias: Tensor | None = None) -> None:
        self.values, self.bias = values, bias
        self._room = torch.empty(0)
        self._weights = self._room  # attention weights of the last step, (layers, heads, columns)

    @property
    def mass(self) -> Tensor:
        """Share of the last token's attention on each column, (columns,) float32, mean over heads and layers; sum 1."""
        return self._weights.flatten(0, 1).mean(0)

    def places(self, layers: int, kv_heads: int, shared: int) -> tuple[Tensor, ...]:
        """For each layer a contiguous place for the next token's attention weights, (kv_heads, shared, columns)."""
        columns = self.values.length + 1
        size = layers * kv_heads * shared * columns
        if size > self._room.numel():
            self._room = torch.empty(size + size // 4)
        self._weights = self._room[:size].view(layers, kv_heads * shared, columns)
        return self._weights.view(layers, kv_heads, shared, columns).unbind(0)

    def column_bias(self) -> Tensor:
        """(columns with the next one,)."""
        found = torch.zeros(self.values.length + 1)
        if self.bias is not None:
            found[: len(self.bias)] = self.bias
        return found


class LeanDecode:
    """The decode step of one network. Not for several threads at once."""

    def __init__(self, layers: Layers) -> None:
        self._net = layers
        self._rows = layers.heads + 2 * layers.kv_heads
        self._eps = torch.tensor((len(layers.norm) * layers.eps) ** 0.5)
        self._head_eps = torch.tensor((layers.head_dim * layers.eps) ** 0.5)
        self._turns = torch.empty(0, layers.head_dim // 2, dtype=torch.complex64)  # (positions, half): RoPE

    @classmethod
    def of(cls, network: Any, *, packed: bool | None = None) -> LeanDecode | None:
        """The step for ``network``, or None where an exact one is not known (knowledge/cpu/llama_layers.py).

        Packed weights are copies: after a change of the network's weights make a new one. ``packed`` None packs those
        of bfloat16 networks, False none.
        """
        layers = read_layers(network, packed=packed)
        return None if layers is None else cls(layers)

    @property
    def nbytes(self) -> int:
        """Bytes of packed weights, beside the network's own."""
        every = [linear for layer in self._net.layers for linear in (layer.qkv, layer.out, layer.gate_up, layer.down)]
        return sum(linear.nbytes for linear in [*every, self._net.head])

    @property
    def kinds(self) -> set[str]:
        """How the layers' weights are packed (knowledge/cpu/packed_linear.py), without the head's."""
        return {kind for layer in self._net.layers for kind in (layer.qkv.kind, layer.out.kind, layer.down.kind)}

    def new_values(self, capacity: int = 512) -> KeyValueBuffer:
        """Keys and values of no token yet."""
        return KeyValueBuffer(len(self._net.layers), self._net.kv_heads, self._net.head_dim, capacity=capacity)

    @torch.inference_mode()
    def step(self, rows: Sequence[Row], tokens: Sequence[int], positions: Sequence[int]) -> Tensor:
        """One more token of each row, whose keys and values gain a column; float32 logits (rows, vocabulary) after it.

        Raises: ValueError (no row, more than MOST_ROWS, or not a token and a position for each).
        """
        net, count = self._net, len(rows)
        if not 1 <= count <= MOST_ROWS or not count == len(tokens) == len(positions):
            raise ValueError(
                f"1 to {MOST_ROWS} rows with a token and a position each, not {count}, {len(tokens)}, {len(positions)}."
            )
        turned, shared = net.heads + net.kv_heads, net.heads // net.kv_heads
        turns = self._turns_at(positions)  # (count, 1, half)
        # Queries, keys and values of the new tokens; the views onto them are made once for all layers.
        fresh = torch.empty(count, self._rows, net.head_dim)
        flat = fresh.view(count, -1)
        heads = fresh[:, :turned]  # queries and keys
        pairs = torch.view_as_complex(heads.view(count, turned, -1, 2))
        mixed = torch.empty(count, net.kv_heads, shared, net.head_dim)
        ways = []
        for row, own, out in zip(rows, fresh, mixed, strict=True):
            slots = row.values.slots()
            keys, contents = row.values.views(row.values.length + 1)
            query = own[: net.heads].view(net.kv_heads, shared, net.head_dim)
            column = own[net.heads :, None]  # keys and values, (2 · kv_heads, 1, head_dim)
            weights = row.places(len(net.layers), net.kv_heads, shared)
            ways.append((query, column, out, row.column_bias(), slots, keys, contents, weights))
        softmax, baddbmm, bmm, silu = torch.softmax, torch.baddbmm, torch.bmm, torch.nn.functional.silu
        dtype, scale = net.layers[0].qkv.dtype, net.scale

        state = net.embeddings[list(tokens)].float()  # (count, hidden)
        for number, layer in enumerate(net.layers):
            flat.copy_(layer.qkv.exact(self._normed(state, layer.attention_norm, dtype)))
            if layer.head_norm is not None:
                heads.div_(torch.linalg.vector_norm(heads, dim=-1, keepdim=True).hypot_(self._head_eps))
                heads.mul_(layer.head_norm)
            if layer.rope:
                pairs.mul_(turns)
            for query, column, out, bias, slots, keys, contents, weights in ways:
                slots[number].copy_(column)
                weight = weights[number]  # (kv_heads, shared, columns)
                softmax(baddbmm(bias, query, keys[number], alpha=scale), -1, out=weight)
                bmm(weight, contents[number], out=out)
            state.add_(layer.out.apply(mixed.view(count, -1).to(dtype)))
            gate, up = layer.gate_up.apply(self._normed(state, layer.mlp_norm, dtype)).chunk(2, -1)
            state.add_(layer.down.apply(silu(gate).mul_(up)))
        for row in rows:
            row.values.length += 1
        logits: Tensor = net.head.apply(self._normed(state, net.norm, net.head.dtype)).float()
        return logits

    # ---- pieces ------------------------------------------------------------------------------------------------

    def _normed(self, state: Tensor, weight: Tensor, dtype: torch.dtype) -> Tensor:
        """RMSNorm: x / √(Σx² + n·ε) · (√n · weight); the root is one hypot. Half the time of torch's own on the CPU."""
        size: Tensor = torch.linalg.vector_norm(state, dim=-1, keepdim=True).hypot_(self._eps)
        return (state / size).mul_(weight).to(dtype)

    def _turns_at(self, positions: Sequence[int]) -> Tensor:
        """cos + i·sin of each position, (count, 1, half) complex."""
        needed = max(positions) + 1
        if needed > len(self._turns):
            size = max(1024, len(self._turns))
            while size < needed:
                size *= 2
            cos, sin = self._net.rotary(torch.zeros(1), torch.arange(size)[None])  # float32 (1, size, head_dim)
            half = self._net.head_dim // 2
            self._turns = torch.complex(cos[0, :, :half].contiguous(), sin[0, :, :half].contiguous())
        return self._turns[list(positions)][:, None]
