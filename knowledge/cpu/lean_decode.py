"""Few tokens through a Llama-like network on the CPU with as little as possible around the weights.

The layers are those of transformers; what is left out is everything between the kernels: one product for queries, keys
and values, one for gate and up, static buffers, RoPE as one complex product, packed weights. An additive bias on the
attention logits, the same in every head and layer, weighs single columns (log α of memories; −∞: muted). Does not know:
prompts, sampling, or what a column stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from knowledge.cpu.key_value_buffer import KeyValueBuffer
from knowledge.cpu.llama_layers import Layers, read_layers

MOST_TOKENS = 16  # at once; a longer prompt is faster through the network itself


class LeanDecode:
    """The decode step of one network. Not for several threads at once."""

    def __init__(self, layers: Layers) -> None:
        self._net = layers
        self._rows = layers.heads + 2 * layers.kv_heads
        self._eps = torch.tensor((len(layers.norm) * layers.eps) ** 0.5)
        self._head_eps = torch.tensor((layers.head_dim * layers.eps) ** 0.5)
        self._turns = torch.empty(0, layers.head_dim // 2, dtype=torch.complex64)  # (positions, half): RoPE
        self._room = torch.empty(0)
        self._weights = self._room  # attention weights of the last step, all layers
        self._last: tuple[int, int] = (0, 0)  # tokens and columns of the last step

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

    @property
    def mass(self) -> Tensor:
        """Share of the last token's attention on each column, (columns,) float32, mean over heads and layers; sum 1."""
        tokens, columns = self._last
        return self._weights.view(-1, tokens, columns)[:, -1].mean(0)

    def new_values(self, capacity: int = 512) -> KeyValueBuffer:
        """Keys and values of no token yet."""
        return KeyValueBuffer(len(self._net.layers), self._net.kv_heads, self._net.head_dim, capacity=capacity)

    def step(self, token: int, position: int, values: KeyValueBuffer, bias: Tensor | None = None) -> Tensor:
        """One token after the columns in ``values``, which gains one; float32 logits (vocabulary,) after it.

        ``bias``: float32 for the first columns (any number of them), added to their attention logits; others have 0.
        """
        return self.advance([token], [position], values, bias)

    @torch.inference_mode()
    def advance(
        self, tokens: Sequence[int], positions: Sequence[int], values: KeyValueBuffer, bias: Tensor | None = None
    ) -> Tensor:
        """Several tokens at once, each seeing those before it; float32 logits (vocabulary,) after the last.

        Raises: ValueError (no token, or more than MOST_TOKENS).
        """
        net, count = self._net, len(tokens)
        if not 1 <= count <= MOST_TOKENS or count != len(positions):
            raise ValueError(f"1 to {MOST_TOKENS} tokens with a position each, not {count} and {len(positions)}.")
        turned, shared = net.heads + net.kv_heads, net.heads // net.kv_heads
        slots = values.slots(count)
        columns = values.length + count
        keys, contents = values.views(columns)
        logit_bias = self._logit_bias(bias, count, columns)
        turns = self._turns_at(positions)  # (count, 1, half)
        weights = self._weights_for(count, columns)
        single = count == 1
        # Queries, keys and values of the new tokens; the views onto them are made once for all layers.
        fresh = torch.empty(count, self._rows, net.head_dim)
        flat = fresh.view(count, -1)
        heads = fresh[:, :turned]  # queries and keys
        pairs = torch.view_as_complex(heads.view(count, turned, -1, 2))
        new_columns = fresh[:, net.heads :].transpose(0, 1)  # keys and values, (2 · kv_heads, count, head_dim)
        queries = fresh[:, : net.heads].view(count, net.kv_heads, shared, net.head_dim)
        queries = queries[0] if single else queries.permute(1, 2, 0, 3)
        softmax, baddbmm, bmm, silu = torch.softmax, torch.baddbmm, torch.bmm, torch.nn.functional.silu
        dtype, scale = net.layers[0].qkv.dtype, net.scale

        state = net.embeddings[list(tokens)].float()  # (count, hidden)
        for layer, slot, key, content, weight in zip(net.layers, slots, keys, contents, weights, strict=True):
            flat.copy_(layer.qkv.exact(self._normed(state, layer.attention_norm, dtype)))
            if layer.head_norm is not None:
                heads.div_(torch.linalg.vector_norm(heads, dim=-1, keepdim=True).hypot_(self._head_eps))
                heads.mul_(layer.head_norm)
            if layer.rope:
                pairs.mul_(turns)
            slot.copy_(new_columns)
            query = queries if single else queries.reshape(net.kv_heads, shared * count, net.head_dim)
            softmax(baddbmm(logit_bias, query, key, alpha=scale), -1, out=weight)  # (kv_heads, shared · count, columns)
            mixed = bmm(weight, content)
            if not single:
                mixed = mixed.view(net.heads, count, net.head_dim).transpose(0, 1)
            state.add_(layer.out.apply(mixed.reshape(count, -1).to(dtype)))
            gate, up = layer.gate_up.apply(self._normed(state, layer.mlp_norm, dtype)).chunk(2, -1)
            state.add_(layer.down.apply(silu(gate).mul_(up)))
        values.length = columns
        self._last = (count, columns)
        logits: Tensor = net.head.apply(self._normed(state[-1:], net.norm, net.head.dtype))[0].float()
        return logits

    # ---- pieces ------------------------------------------------------------------------------------------------

    def _normed(self, state: Tensor, weight: Tensor, dtype: torch.dtype) -> Tensor:
        """RMSNorm: x / √(Σx² + n·ε) · (√n · weight); the root is one hypot. Half the time of torch's own on the CPU."""
        size: Tensor = torch.linalg.vector_norm(state, dim=-1, keepdim=True).hypot_(self._eps)
        return (state / size).mul_(weight).to(dtype)

    def _logit_bias(self, bias: Tensor | None, count: int, columns: int) -> Tensor:
        """(columns,) or, with the causal mask among several new tokens, (shared · count, columns)."""
        row = torch.zeros(columns)
        if bias is not None:
            row[: len(bias)] = bias
        if count == 1:
            return row
        causal = torch.full((count, count), float("-inf")).triu_(1)
        every = row.repeat(count, 1)  # (count, columns)
        every[:, columns - count :] += causal
        return every.repeat(self._net.heads // self._net.kv_heads, 1)

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

    def _weights_for(self, count: int, columns: int) -> tuple[Tensor, ...]:
        """For each layer a contiguous place for its attention weights, (kv_heads, shared · count, columns)."""
        net = self._net
        size = len(net.layers) * net.heads * count * columns
        if size > self._room.numel():
            self._room = torch.empty(size + size // 4)
        self._weights = self._room[:size]
        return self._weights.view(len(net.layers), net.kv_heads, -1, columns).unbind(0)
