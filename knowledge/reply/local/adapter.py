"""The adapter of a decoder: low-rank products beside its linear maps (Hu et al. 2021, LoRA, arXiv:2106.09685).

Made by peft; here is what ships: one safetensors file whose metadata says which model it belongs to, and
how memories are to be weighed with it. Does not know: how it was trained, or prompts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from knowledge.errors import AdapterError

ADAPTER = Path(__file__).parents[2] / "weights" / "decoder.safetensors"  # the one that ships
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_FORMAT = "mneme adapter 1"


@dataclass(frozen=True, slots=True)
class AdapterAbout:
    """What stands in the file's metadata. ``base``: :func:`base_of` of the model it was trained on. ``strength``,
    ``sharpness`` and ``in_order``: of blocks (knowledge/reply/local/layout.py), to reply with. ``training``: JSON, for
    people."""

    base: str
    rank: int
    alpha: int
    strength: float
    sharpness: float
    in_order: bool = False
    training: str = "{}"


def base_of(network: Any) -> str:
    """Names a network by its shape and some of its weights: an adapter fits no other one."""
    config = network.config.get_text_config()
    shape = f"{config.model_type} {config.hidden_size}x{config.num_hidden_layers}x{config.vocab_size}"
    first = torch.arange(64, device=network.device)
    sample = network.get_input_embeddings()(first).detach().float().cpu()  # rounding of dtypes aside the same
    return f"{shape} {float(sample.abs().sum()):.2f}"


def attach(network: Any, rank: int, alpha: int) -> Any:
    """``network`` with a fresh adapter: peft's model, only whose low-rank factors are trained. It starts as a no-op."""
    from peft import LoraConfig, get_peft_model  # takes a second; only training needs it

    targets = [name for name in TARGETS if any(path.endswith(name) for path, _ in network.named_modules())]
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, lora_dropout=0.0, bias="none")
    return get_peft_model(network, config)


def factors(adapted: Any) -> dict[str, Tensor]:
    """The low-rank factors of :func:`attach`'s model by name."""
    from peft import get_peft_model_state_dict

    found: dict[str, Tensor] = get_peft_model_state_dict(adapted)
    return found


def save(tensors: dict[str, Tensor], about: AdapterAbout, path: Path) -> None:
    """Write the factors in float16; the file is there whole or not at all."""
    metadata = {"format": _FORMAT, **{name: str(value) for name, value in asdict(about).items()}}
    partial = path.with_suffix(".part")
    save_file({name: value.detach().half().contiguous() for name, value in tensors.items()}, partial, metadata)
    partial.replace(path)


def mean(paths: Sequence[Path], out: Path) -> AdapterAbout:
    """Write the mean of adapters' products as an adapter of the same rank: what one of several trainings overdoes, the
    others damp (Wortsman et al. 2022, Model soups, arXiv:2203.05482). Raises AdapterError: one cannot be read, or they
    are not of one kind."""
    parts = [_opened(path) for path in paths]
    kinds = {(about.base, about.rank, about.alpha, about.sharpness, about.in_order) for about, _ in parts}
    if len(kinds) != 1:
        raise AdapterError(f"Adapters of different kinds have no mean: {', '.join(map(str, paths))}.")
    about = replace(parts[-1][0], training=json.dumps({"mean of": [json.loads(one.training) for one, _ in parts]}))
    made: dict[str, Tensor] = {}
    for name in (name for name in parts[0][1] if ".lora_A." in name):
        other = name.replace(".lora_A.", ".lora_B.")
        ups, downs = ([tensors[key].float() for _, tensors in parts] for key in (other, name))
        made[other], made[name] = _of_rank(torch.cat(ups, 1) / len(parts), torch.cat(downs), about.rank)
    save(made, about, out)
    return about


def _of_rank(up: Tensor, down: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Factors (out, rank) and (rank, in) whose product is nearest to that of ``up`` (out, n) and ``down`` (n, in)
    (Eckart & Young 1936)."""
    left, upper = torch.linalg.qr(up)
    right, lower = torch.linalg.qr(down.T)
    u, sizes, v = torch.linalg.svd(upper @ lower.T)
    root = sizes[:rank].sqrt()
    return left @ u[:, :rank] * root, root[:, None] * (v[:rank] @ right.T)


def read_about(path: Path) -> AdapterAbout:
    """The file's metadata. Raises AdapterError: no such file, damaged, or something else."""
    return _opened(path)[0]


def merge(network: Any, path: Path) -> AdapterAbout:
    """Add the adapter's products to the network's weights, in place.

    Raises: AdapterError (no such file, damaged, no adapter, or one for another model); the network is then unchanged.
    """
    about, tensors = _opened(path)
    if about.base != base_of(network):
        raise AdapterError(
            f"{path} is an adapter for another model ({about.base}, not {base_of(network)}); it is of "
            "no use here. `python -m knowledge.training decoder` trains one."
        )
    weights = dict(network.named_parameters())
    products = []
    for name, down in tensors.items():
        if ".lora_A." not in name:
            continue
        target = weights.get(name.removeprefix("base_model.model.").replace(".lora_A.weight", ".weight"))
        up = tensors.get(name.replace(".lora_A.", ".lora_B."))
        if target is None or up is None or target.shape != (up.shape[0], down.shape[1]):
            raise AdapterError(f"{path} does not fit the model: {name} has no place in it.")
        products.append((target, up, down))
    with torch.no_grad():
        for target, up, down in products:
            product = (up.float() @ down.float()) * (about.alpha / about.rank)
            target.copy_(target.float() + product.to(target.device))
    return about


def _opened(path: Path) -> tuple[AdapterAbout, dict[str, Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise AdapterError(
                    f"{path} is no adapter of Mneme's; remove it, or train one with `python -m "
                    "knowledge.training decoder`."
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        about = AdapterAbout(
            metadata["base"],
            int(metadata["rank"]),
            int(metadata["alpha"]),
            float(metadata["strength"]),
            float(metadata["sharpness"]),
            metadata.get("in_order") == "True",
            metadata.get("training", "{}"),
        )
        json.loads(about.training)
    except (OSError, SafetensorError, KeyError, ValueError) as exc:
        raise AdapterError(f"The adapter {path} cannot be read ({exc}).") from exc
    return about, tensors
