"""A Qwen2 network whose weights stay packed: made from its GGUF file tensor by tensor, and run by transformers.

The network is transformers' own, with its linear maps replaced by those of knowledge/cpu/packed_linear.py, which the
decode step (knowledge/cpu/lean_decode.py) shares. So no second copy of the weights is held: about 1.2 GB for 1.5
billion of them, where bfloat16 takes 3. Queries, keys and values come in float32, with their biases added in float32:
Qwen2's keys have biases of some hundred, beside which bfloat16 keeps no digit of what a token says.

Does not know: where the GGUF file comes from, prompts, blocks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor, nn

from knowledge.cpu.llama_layers import Layer, Layers, interleaved
from knowledge.cpu.packed_files import EMBEDDINGS, PACKED, kernel_name
from knowledge.cpu.packed_linear import PackedLinear, kernel_is_fast, pack, pack_large
from knowledge.cpu.tensor_files import FileRows, TensorWriter
from knowledge.errors import ModelError

_GGUF = {
    "qkv": ("attn_q", "attn_k", "attn_v"),
    "out": ("attn_output",),
    "gate_up": ("ffn_gate", "ffn_up"),
    "down": ("ffn_down",),
}
_MAPS = tuple(_GGUF)
_ROWS_AT_ONCE = 8192  # of a tensor that is made float32


def is_packed(folder: Path) -> bool:
    """Does this folder hold a network made by :func:`convert`?"""
    return (folder / PACKED).is_file()


def can_pack(gguf: Path) -> bool:
    """Is this the file of a network that is run with its weights packed, on this processor?"""
    from gguf import GGUFReader

    architecture = GGUFReader(gguf).get_field("general.architecture")
    return architecture is not None and architecture.contents() == "qwen2" and kernel_is_fast()


# ---- GGUF → folder -----------------------------------------------------------------------------------------------


def convert(gguf: Path, folder: Path) -> None:
    """Write a Qwen2 network of a GGUF file to ``folder``: config, tokenizer with chat template, packed weights.

    Raises: ModelError (another family), and whatever the readers raise on a damaged file.
    """
    from gguf import GGUFReader, dequantize
    from transformers import AutoConfig, AutoTokenizer

    config: Any = AutoConfig.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
    if config.model_type != "qwen2":
        raise ModelError(f"Only Qwen2 networks can be packed, not {config.model_type}.")
    tensors = {tensor.name: tensor for tensor in GGUFReader(gguf).tensors}

    def parts(name: str) -> Iterator[Tensor]:
        """Some rows after the others, float32."""
        found = tensors[name]  # .data: bytes by row, (outputs, bytes), or plain numbers
        for at in range(0, len(found.data), _ROWS_AT_ONCE):
            yield torch.from_numpy(np.array(dequantize(found.data[at : at + _ROWS_AT_ONCE], found.tensor_type)))

    def read(name: str) -> Tensor:
        return torch.cat(list(parts(name)))

    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    kinds: dict[str, str] = {}
    with TensorWriter(folder / PACKED) as file:

        def put(name: str, packed: PackedLinear) -> None:
            if packed.scales is None:
                raise ModelError("This processor has no fast kernel for packed weights; choose --model smollm2-135m.")
            kinds[name] = packed.kind
            file.put(f"{name}.weights", packed.weights)
            file.put(f"{name}.scales", packed.scales)
            if packed.bias is not None:
                file.put(f"{name}.bias", packed.bias)

        file.put("norm", read("output_norm.weight"))
        put("head", pack_large(lambda: parts("output.weight" if "output.weight" in tensors else "token_embd.weight")))
        for number in range(config.num_hidden_layers):
            file.put(f"{number}.attention_norm", read(f"blk.{number}.attn_norm.weight"))
            file.put(f"{number}.mlp_norm", read(f"blk.{number}.ffn_norm.weight"))
            for name, members in _GGUF.items():
                weights = [read(f"blk.{number}.{part}.weight") for part in members]
                biases = [read(f"blk.{number}.{part}.bias") for part in members] if name == "qkv" else []
                if name == "qkv":
                    weights[:2] = [interleaved(rows, head_dim) for rows in weights[:2]]
                    biases[:2] = [interleaved(rows, head_dim) for rows in biases[:2]]
                put(f"{number}.{name}", pack(torch.cat(weights), torch.cat(biases) if biases else None))
        file.finish({"kinds": json.dumps(kinds), "kernel": kernel_name()})
    with TensorWriter(folder / EMBEDDINGS) as file:
        file.put_rows("embeddings", (rows.bfloat16() for rows in parts("token_embd.weight")))
        file.finish({})
    config.dtype = torch.bfloat16
    config.tie_word_embeddings = False
    config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True).save_pretrained(folder)


# ---- folder → network --------------------------------------------------------------------------------------------


def load(folder: Path) -> Any:
    """The network of a folder, for the CPU. ``network.packed`` are its ``Layers`` for the decode step.

    Raises: ModelError (made for another processor), OSError, ValueError and SafetensorError (damaged).
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    config: Any = AutoConfig.from_pretrained(folder, local_files_only=True)
    with safe_open(folder / PACKED, "pt") as file:
        about = file.metadata()
        if about["kernel"] != kernel_name():
            raise ModelError(f"{folder} was made for another processor; delete it and start again.")
        names = list(file.keys())
    held = {name: _copy(folder / PACKED, name) for name in names}
    embeddings = FileRows(folder / EMBEDDINGS, "embeddings")  # stays in the file: few rows are ever read
    kinds = json.loads(about["kinds"])
    with torch.device("meta"):
        network: Any = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)  # type: ignore[no-untyped-call]
    heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
    rotary = type(network.model.rotary_emb)(config)
    layers = []
    for number, module in enumerate(network.model.layers):
        maps = {name: _linear(held, f"{number}.{name}", kinds) for name in _MAPS}
        norms = [held[f"{number}.{name}"] for name in ("attention_norm", "mlp_norm")]
        _fill(module, maps, norms, heads * head_dim, kv_heads * head_dim, head_dim)
        layers.append(
            Layer(
                _scaled(norms[0]),
                maps["qkv"],
                None,
                True,
                maps["out"],
                _scaled(norms[1]),
                maps["gate_up"],
                maps["down"],
            )
        )
    head = _linear(held, "head", kinds)
    network.lm_head = PackedProjection(head)
    network.model.embed_tokens = embeddings
    network.model.norm.weight = nn.Parameter(held["norm"].bfloat16(), requires_grad=False)
    network.model.rotary_emb = ExactRotary(rotary)
    network.packed = Layers(
        embeddings,
        tuple(layers),
        _scaled(held["norm"]),
        head,
        rotary,
        heads,
        kv_heads,
        head_dim,
        float(config.rms_norm_eps),
        head_dim**-0.5,
    )
    return network.eval()


class PackedProjection(nn.Module):
    """A packed map in the place of an ``nn.Linear``; float32 where it has a bias.

    ``head_dim``: of rows that are interleaved per head (knowledge/cpu/key_value_buffer.py), which are put back in
    order.
    """

    def __init__(self, packed: PackedLinear, head_dim: int = 0) -> None:
        super().__init__()
        self._packed, self._head_dim = packed, head_dim

    def key_bias(self) -> Tensor:
        """(outputs,) float32, in transformers' order."""
        assert self._packed.bias is not None
        return self._in_order(self._packed.bias)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1]).to(self._packed.dtype)
        found = self._packed.product(rows) if self._packed.bias is None else self._packed.exact(rows)
        return self._in_order(found).view(*x.shape[:-1], -1)

    def _in_order(self, found: Tensor) -> Tensor:
        if not self._head_dim:
            return found
        pairs = found.view(*found.shape[:-1], -1, self._head_dim // 2, 2)
        return pairs.transpose(-1, -2).flatten(-3)


class PackedMLP(nn.Module):
    """Gate and up as one product."""

    def __init__(self, gate_up: PackedLinear, down: PackedLinear) -> None:
        super().__init__()
        self._gate_up, self._down = gate_up, down

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self._gate_up.product(x.reshape(-1, x.shape[-1])).chunk(2, -1)
        return self._down.product(nn.functional.silu(gate).mul_(up)).view(x.shape)


class ExactRotary(nn.Module):
    """cos and sin of the positions in float32."""

    def __init__(self, rotary: nn.Module) -> None:
        super().__init__()
        self._rotary = rotary
        self.inv_freq: Tensor = rotary.inv_freq  # type: ignore[assignment]

    def forward(self, x: Tensor, position_ids: Tensor) -> Any:
        return self._rotary(x[..., :1].float(), position_ids)


def _fill(
    module: Any, maps: Mapping[str, PackedLinear], norms: list[Tensor], queries: int, keys: int, head_dim: int
) -> None:
    qkv, attention = maps["qkv"], module.self_attn
    attention.q_proj = PackedProjection(qkv.rows(0, queries), head_dim)
    attention.k_proj = PackedProjection(qkv.rows(queries, queries + keys), head_dim)
    attention.v_proj = PackedProjection(qkv.rows(queries + keys, queries + 2 * keys))
    attention.o_proj = PackedProjection(maps["out"])
    module.mlp = PackedMLP(maps["gate_up"], maps["down"])
    for name, weight in zip(("input_layernorm", "post_attention_layernorm"), norms, strict=True):
        getattr(module, name).weight = nn.Parameter(weight.bfloat16(), requires_grad=False)


def _copy(path: Path, name: str) -> Tensor:
    """One tensor of a file, which is opened for each: mapped once, it would stay in memory beside the copies."""
    with safe_open(path, "pt") as file:
        found: Tensor = file.get_tensor(name).clone()
        return found


def _linear(held: Mapping[str, Tensor], name: str, kinds: Mapping[str, str]) -> PackedLinear:
    weights = held[f"{name}.weights"]
    return PackedLinear(
        kinds[name], torch.bfloat16, len(weights), weights, held[f"{name}.scales"], held.get(f"{name}.bias")
    )


def _scaled(norm: Tensor) -> Tensor:
    return norm * math.sqrt(len(norm))
