"""Names around packed networks that are needed before torch is loaded. Does not know: what is in the files."""

from __future__ import annotations

PACKED, EMBEDDINGS = "packed.safetensors", "embeddings.safetensors"


def kernel_name() -> str:
    """The order in which this CPU's kernel wants packed weights, as torch names the CPU."""
    import torch

    return torch.backends.cpu.get_cpu_capability()
