"""A network that computes in float32 and keeps its table of words in 16 bits: of a multilingual encoder that table is
most of the memory, and of each text only a few rows are looked up.

Does not know: which network it is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class HalfTable(nn.Module):
    """An embedding with 16-bit rows that come out as float32."""

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self._rows = table.weight.detach()

    def forward(self, ids: Tensor) -> Tensor:
        """(…) int64 → (…, dimension) float32."""
        return self._rows[ids].float()


def widen(network: nn.Module) -> None:
    """Make every 16-bit weight of ``network`` float32 in place, save the tables of words. It can only run afterwards,
    not learn."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Embedding and child.weight.dtype in (torch.float16, torch.bfloat16):
                setattr(parent, name, HalfTable(child))
    network.float()
