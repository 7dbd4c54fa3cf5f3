"""What a decode step needs of a Llama-like network: its weights, fused and packed, or None where they don't say all.

Reads the modules and the config of a transformers model by name and refuses whatever it does not know: a wrong step
would be worse than a slow one. Does not know: how a step is computed, or transformers itself.

Families: Llama, Mistral without sliding window, Qwen2 (biases), Qwen3 (norms of queries and keys), SmolLM3 (layers
without RoPE).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from knowledge.cpu.packed_linear import PackedLinear, pack

_FAMILIES = {
    ("llama", "LlamaForCausalLM"),
    ("mistral", "MistralForCausalLM"),
    ("qwen2", "Qwen2ForCausalLM"),
    ("qwen3", "Qwen3ForCausalLM"),
    ("smollm3", "SmolLM3ForCausalLM"),
}
_FIXED_ROPE = {"default", "linear", "llama3", "yarn"}  # cos and sin depend on the position alone
_MODEL = {"embed_tokens", "layers", "norm", "rotary_emb"}
_LAYER = {"self_attn", "mlp", "input_layernorm", "post_attention_layernorm"}
_PROJECTIONS = {"q_proj", "k_proj", "v_proj", "o_proj"}


class Rows(Protocol):
    """A table of which some rows are looked at."""

    def __getitem__(self, numbers: Sequence[int], /) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer. Rows of queries and keys are interleaved per head (KeyValueBuffer says why).

    Norms are the weights of the RMSNorm times √n of its n entries, float32.
    """

    attention_norm: Tensor  # (hidden,)
    qkv: PackedLinear  # hidden → (heads + 2 · kv_heads) · head_dim
    head_norm: Tensor | None  # (heads + kv_heads, head_dim): of queries and keys
    rope: bool
    out: PackedLinear  # heads · head_dim → hidden
    mlp_norm: Tensor  # (hidden,)
    gate_up: PackedLinear  # hidden → 2 · inner
    down: PackedLinear  # inner → hidden


@dataclass(frozen=True, slots=True)
class Layers:
    """A whole network."""

    embeddings: Rows  # (vocabulary, hidden), the network's own
    layers: tuple[Layer, ...]
    norm: Tensor  # (hidden,), times √hidden
    head: PackedLinear  # hidden → vocabulary
    rotary: nn.Module  # transformers' own: positions → cos, sin
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    scale: float  # of attention logits


def read_layers(network: Any, *, packed: bool | None = None) -> Layers | None:
    """The weights of ``network`` for decoding, or None where an exact step is not known.

    ``packed`` None packs the weights of bfloat16 networks (knowledge/cpu/packed_linear.py), False none.
    """
    if isinstance(made := getattr(network, "packed", None), Layers):
        return made
    if not _known(network):
        return None
    config, model = network.config, network.model
    if packed is None:
        packed = model.embed_tokens.weight.dtype == torch.bfloat16
    with torch.inference_mode():
        layers = tuple(_read_layer(layer, packed) for layer in model.layers)
        attention = model.layers[0].self_attn
        return Layers(
            embeddings=model.embed_tokens.weight.detach(),
            layers=layers,
            norm=_norm(model.norm),
            head=pack(network.lm_head.weight, packed=packed),
            rotary=model.rotary_emb,
            heads=config.num_attention_heads,
            kv_heads=config.num_key_value_heads,
            head_dim=attention.head_dim,
            eps=float(config.rms_norm_eps),
            scale=float(attention.scaling),
        )


# ---- is it known? ----------------------------------------------------------------------------------------------


def _known(network: Any) -> bool:
    kind = type(network)
    family = kind.__module__.removeprefix("transformers.models.").split(".")[0]
    if (family, kind.__name__) not in _FAMILIES or not kind.__module__.startswith("transformers.models."):
        return False
    if _children(network) != {"model", "lm_head"} or _children(network.model) != _MODEL:
        return False
    config, model = network.config, network.model
    if getattr(config, "hidden_act", None) != "silu" or _slides(family, config):
        return False
    rotary = model.rotary_emb
    head_dim = getattr(model.layers[0].self_attn, "head_dim", 0)
    if getattr(rotary, "rope_type", None) not in _FIXED_ROPE or 2 * rotary.inv_freq.numel() != head_dim:
        return False
    if type(model.embed_tokens) is not nn.Embedding or not _linear(network.lm_head) or network.lm_head.bias is not None:
        return False
    if not all(_layer_known(family, layer) for layer in model.layers):
        return False
    dtypes = {parameter.dtype for parameter in network.parameters()}
    places = {parameter.device.type for parameter in network.parameters()}
    hooked = any(m._forward_hooks or m._forward_pre_hooks or "forward" in vars(m) for m in network.modules())
    return places == {"cpu"} and dtypes in ({torch.bfloat16}, {torch.float32}) and not hooked


def _slides(family: str, config: Any) -> bool:
    """Does any layer look at a window of the tokens only? Mistral has no list of layers: all do, or none."""
    if family == "mistral" and config.sliding_window is not None:
        return True
    return any(kind != "full_attention" for kind in getattr(config, "layer_types", None) or ())


def _layer_known(family: str, layer: Any) -> bool:
    if _children(layer) != _LAYER or _children(layer.mlp) != {"gate_proj", "up_proj", "down_proj", "act_fn"}:
        return False
    norms = {"q_norm", "k_norm"} if family == "qwen3" else set()
    if _children(layer.self_attn) != _PROJECTIONS | norms:
        return False
    linears = [getattr(layer.self_attn, name) for name in _PROJECTIONS]
    linears += [layer.mlp.gate_proj, layer.mlp.up_proj, layer.mlp.down_proj]
    return all(_linear(module) for module in linears)


def _children(module: nn.Module) -> set[str]:
    return {name for name, _ in module.named_children()}


def _linear(module: nn.Module) -> bool:
    """A plain linear map: not quantized, no adapter around it."""
    return type(module) is nn.Linear


# ---- the weights -----------------------------------------------------------------------------------------------


def _read_layer(layer: Any, packed: bool) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    queries, keys = (_interleaved(linear, attention.head_dim) for linear in (attention.q_proj, attention.k_proj))
    values = (attention.v_proj.weight, attention.v_proj.bias)
    up = (mlp.up_proj.weight, mlp.up_proj.bias)
    head_norm = None
    if hasattr(attention, "q_norm"):
        half = attention.head_dim // 2
        pair = [_norm(norm).view(2, half).t().reshape(1, -1) for norm in (attention.q_norm, attention.k_norm)]
        counts = [rows.shape[0] // attention.head_dim for rows, _ in (queries, keys)]
        head_norm = torch.cat([norm.expand(count, -1) for norm, count in zip(pair, counts, strict=True)])
    return Layer(
        attention_norm=_norm(layer.input_layernorm),
        qkv=_fused([queries, keys, values], packed),
        head_norm=head_norm,
        rope=bool(getattr(attention, "use_rope", True)),
        out=pack(attention.o_proj.weight, attention.o_proj.bias, packed=packed),
        mlp_norm=_norm(layer.post_attention_layernorm),
        gate_up=_fused([(mlp.gate_proj.weight, mlp.gate_proj.bias), up], packed),
        down=pack(mlp.down_proj.weight, mlp.down_proj.bias, packed=packed),
    )


def interleaved(rows: Tensor, head_dim: int) -> Tensor:
    """Rows (or entries) of each head in the order 0, half, 1, half + 1, …"""
    return rows.view(-1, 2, head_dim // 2, *rows.shape[1:]).transpose(1, 2).flatten(0, 2)


def _interleaved(linear: nn.Linear, head_dim: int) -> tuple[Tensor, Tensor | None]:
    return interleaved(linear.weight, head_dim), None if linear.bias is None else interleaved(linear.bias, head_dim)


def _fused(parts: list[tuple[Tensor, Tensor | None]], packed: bool) -> PackedLinear:
    """Several maps of the same input as one."""
    weight = torch.cat([weight for weight, _ in parts])
    if all(bias is None for _, bias in parts):
        return pack(weight, packed=packed)
    biases = [torch.zeros_like(rows[:, 0]) if bias is None else bias for rows, bias in parts]
    return pack(weight, torch.cat(biases), packed=packed)


def _norm(norm: Any) -> Tensor:
    weight: Tensor = norm.weight.detach().float()
    return weight * math.sqrt(len(weight))
