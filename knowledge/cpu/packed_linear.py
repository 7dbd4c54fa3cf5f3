"""One linear map for few tokens at a time on the CPU, with its weights packed to 4-bit levels.

One new token costs one pass over all weights, so their bytes are the time. torch's CPU kernel for 4-bit weights
(``torch._weight_int4pack_mm_for_cpu``) multiplies bfloat16 activations with w = (q − 8)·scale + zero, one scale and
zero (bfloat16) for each row and group of 32 inputs. Three ways, chosen by the weights themselves:

- "int4": every group lies on 16 evenly spaced levels already (Q4_1, Q4_0 files, widened to bfloat16): the same weights,
  up to bfloat16 rounding; 0.625 bytes a weight.
- "int8": anything else. Each group on 255 levels, q = 16·high + low, both halves in one 4-bit product over the doubled
  input; 1.25 bytes a weight; holds Q8_0 files up to bfloat16 rounding.
- "plain": not packed: shapes the kernel does not take, or a CPU for which it is not vectorized.

Does not know: which model the weights belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

GROUP = 32  # inputs that share a scale and a zero
ROWS = 64  # outputs that the kernel keeps together: weights can be cut between such blocks
_ROWS = 16  # the kernel takes outputs in multiples of this
_LEVELS = 15  # the highest of 16
_CHUNK = 8192  # rows packed at once: bounds the float32 copies


@dataclass(frozen=True, slots=True)
class PackedLinear:
    """The map x → x·weightᵀ + bias for x (n, inputs) of type ``dtype``.

    ``kind``: "int4", "int8" or "plain". ``weights``: in the kernel's order (outputs rounded up, …) uint8, or plain
    (outputs, inputs). ``scales``: (groups, outputs rounded up, 2) bfloat16, None where plain. ``bias``: (outputs,).
    """

    kind: str
    dtype: torch.dtype
    outputs: int
    weights: Tensor
    scales: Tensor | None = None
    bias: Tensor | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held beside the network's own weights."""
        return 0 if self.scales is None else self.weights.nbytes + self.scales.nbytes

    def apply(self, x: Tensor) -> Tensor:
        """(n, outputs) of the type of ``x``."""
        found = self.product(x)
        return found if self.bias is None else found + self.bias.to(found.dtype)

    def exact(self, x: Tensor) -> Tensor:
        """(n, outputs) in float32, with the bias added in float32: biases of some hundred leave bfloat16 no digits for
        what they are added to."""
        found = self.product(x).float()
        return found if self.bias is None else found.add_(self.bias)

    def product(self, x: Tensor) -> Tensor:
        """(n, outputs) without the bias."""
        if self.scales is None:
            return functional.linear(x, self.weights)
        x = torch.cat((x, x), -1) if self.kind == "int8" else x
        found = torch._weight_int4pack_mm_for_cpu(x, self.weights, GROUP, self.scales)
        return found if found.shape[1] == self.outputs else found[:, : self.outputs]

    def rows(self, start: int, stop: int) -> PackedLinear:
        """The map to the outputs ``start`` … ``stop`` − 1 alone, of the same memory; both are multiples of ``ROWS``."""
        scales = None if self.scales is None else self.scales[:, start:stop].contiguous()
        bias = None if self.bias is None else self.bias[start:stop]
        return replace(self, outputs=stop - start, weights=self.weights[start:stop], scales=scales, bias=bias)


def kernel_is_fast() -> bool:
    """Is torch's 4-bit kernel vectorized on this CPU? Elsewhere it runs a slow reference."""
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def pack(weight: Tensor, bias: Tensor | None = None, *, packed: bool = True, kind: str | None = None) -> PackedLinear:
    """The map x → x·weightᵀ + bias, of weight (outputs, inputs) and bias (outputs,).

    ``packed`` False keeps the weights as they are. Packed maps take bfloat16, the others the type of the weights.
    ``kind``: "int4" or "int8" where it is known; None looks.
    """
    weight = weight.detach()
    bias = None if bias is None else bias.detach()
    if not packed or weight.shape[1] % GROUP or not kernel_is_fast():
        return _plain(weight, bias)
    kind = kind or ("int4" if on_grid(weight) else "int8")
    quantize = _quantize_4 if kind == "int4" else _quantize_8
    parts = [quantize(rows.float()) for rows in torch.split(weight, _CHUNK)]
    levels = torch.cat([part[0] for part in parts])  # (outputs, inputs × 1 or 2), uint8 0…15
    scales = torch.cat([part[1] for part in parts])  # (outputs, groups, 2) bfloat16: scale and zero
    return _packed(levels, scales, bias, kind)


def pack_large(parts: Callable[[], Iterable[Tensor]]) -> PackedLinear:
    """As ``pack`` of all rows together, without ever holding them: ``parts`` gives some rows after the others, each
    time it is called, in multiples of ``ROWS`` but for the last."""
    kind = "int4" if all(map(on_grid, parts())) else "int8"
    made = [pack(rows, kind=kind) for rows in parts()]
    if any(part.scales is None for part in made):
        return _plain(torch.cat([part.weights for part in made]), None)
    scales = torch.cat([part.scales for part in made if part.scales is not None], dim=1)
    outputs = sum(part.outputs for part in made)
    return replace(made[0], outputs=outputs, weights=torch.cat([part.weights for part in made]), scales=scales)


def on_grid(weight: Tensor) -> bool:
    """Does every group of 32 inputs lie on 16 evenly spaced levels between its ends, up to bfloat16 rounding?"""
    for rows in torch.split(weight, _CHUNK):
        groups = rows.float().view(rows.shape[0], -1, GROUP)
        low, high = groups.aminmax(dim=-1, keepdim=True)
        step = (high - low) / _LEVELS
        levels = ((groups - low) / step.clamp_min(1e-20)).round_()
        error = levels.mul_(step).add_(low).sub_(groups).abs_().amax(-1, keepdim=True)
        # The ends and the weight itself are each rounded to 8 significant bits: by 2⁻⁸ of their size at most. A group
        # that is on no grid is off by up to a thirtieth of its range.
        if bool((error > 2.0**-7 * torch.maximum(low.abs(), high.abs())).any()):
            return False
    return True


# ---- quantization of some rows, float32 (rows, inputs) → levels and scales ----------------------------------


def _quantize_4(rows: Tensor) -> tuple[Tensor, Tensor]:
    groups = rows.view(rows.shape[0], -1, GROUP)
    low, high = groups.aminmax(dim=-1, keepdim=True)
    step = (high - low) / _LEVELS
    levels = ((groups - low) / step.clamp_min(1e-20)).round_()  # 0…15
    scale = step.bfloat16().float()
    zero = (groups - (levels - 8) * scale).mean(-1, keepdim=True)  # the best for the rounded scale
    return levels.to(torch.uint8).view_as(rows), torch.cat([scale, zero], -1).bfloat16()


def _quantize_8(rows: Tensor) -> tuple[Tensor, Tensor]:
    groups = rows.view(rows.shape[0], -1, GROUP)
    scale = (groups.abs().amax(-1, keepdim=True) / 127).bfloat16().float()
    levels = (groups / scale.clamp_min(1e-20)).round_().clamp_(-128, 127).add_(128).to(torch.uint8)  # 0…255
    # level − 128 = 16·(high − 8) + (low − 8) + 8, and 16·scale is exact in bfloat16
    zero = torch.zeros_like(scale)
    high, low = (levels >> 4).view_as(rows), (levels & 15).view_as(rows)
    scales = torch.cat([torch.cat([16 * scale, zero], -1), torch.cat([scale, 8 * scale], -1)], dim=1)
    return torch.cat([high, low], dim=-1), scales.bfloat16()


# ---- the maps ------------------------------------------------------------------------------------------------


def _packed(levels: Tensor, scales: Tensor, bias: Tensor | None, kind: str) -> PackedLinear:
    outputs = levels.shape[0]
    missing = -outputs % _ROWS
    levels = functional.pad(levels, (0, 0, 0, missing))
    scales = functional.pad(scales, (0, 0, 0, 0, 0, missing)).transpose(0, 1).contiguous()  # (groups, outputs, 2)
    # Some rows after the others: the kernel's converter takes four bytes a level.
    weights = torch.cat(
        [torch.ops.aten._convert_weight_to_int4pack_for_cpu(rows.int(), 1) for rows in torch.split(levels, _CHUNK)]
    )
    return PackedLinear(kind, torch.bfloat16, outputs, weights, scales, None if bias is None else bias.float())


def _plain(weight: Tensor, bias: Tensor | None) -> PackedLinear:
    return PackedLinear("plain", weight.dtype, len(weight), weight, None, bias)
