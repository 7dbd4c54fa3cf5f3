"""A small network's weights as a safetensors file of 16-bit floats, with texts in its header.

Does not know: which network it is, or what stands in the header.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


def save_weights(network: nn.Module, path: Path, header: Mapping[str, str]) -> None:
    """Write the network's state, and ``header`` beside it."""
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, path, metadata=dict(header))


def load_weights(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and state (32-bit floats). Raises ``OSError`` and ``SafetensorError``."""
    with safe_open(path, framework="pt") as file:
        return file.metadata(), {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
