"""Linear maps of a network that only runs, not learns, with their weights in the order the CPU's kernel reads.

``torch.nn.functional.linear`` has float32 weights put in order at each call, which for one short text takes longer than
the product. oneDNN keeps them in order ("weights prepacking", https://uxlfoundation.github.io/oneDNN/, Memory Format
Propagation); torch has that as the operators its own compiler uses. The same sums in another order: results differ by
float32 rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_ROWS = 1024  # rows of input that the order is chosen for; serves fewer as well (LOG.md, 2026-11-26, evening)


class _Reordered(nn.Module):
    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _ROWS)
        self._bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) → (…, outputs)."""
        made: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "none", [], "")
        return made


def reorder(network: nn.Module) -> int:
    """Replace every float32 ``nn.Linear`` on the CPU within ``network``; → how many. Without oneDNN none. The network
    can be neither trained nor saved afterwards."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return 0
    done = 0
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and child.weight.dtype == torch.float32 and child.weight.device.type == "cpu":
                setattr(parent, name, _Reordered(child))
                done += 1
    return done
