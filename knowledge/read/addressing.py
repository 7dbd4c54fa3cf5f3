"""Addressing of memory slots: where a read or write head looks.

The equations of the Neural Turing Machine (Graves, Wayne & Danihelka 2014, arXiv:1410.5401): content addressing with
a key strength (eqs. 5–6), interpolation with the previous weights (eq. 7), convolutional shift over the time axis
(eq. 8), sharpening (eq. 9), and the erase/add write (eqs. 3–4). Keys are distinct from values (Miller et al. 2016,
arXiv:1606.03126): a head compares with keys; what is read with its weights is the caller's business.

Everything runs in log space with a finite floor for masked slots, so a masked slot has weight exactly 0 and a gradient
of exactly 0, and nothing becomes NaN where all slots are masked.

Does not know: texts, stores, what a slot stands for, or where additive evidence comes from.

Shapes: B batch, H heads, Q queries, N slots, D dimension of a query or key, R shift radius. A null slot, where there is
one, is the last: position N of N + 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Similarity = Literal["cosine", "dot"]
FLOOR = -1e9  # log weight of a slot that may not be read; finite, so that gradients stay finite


@dataclass(frozen=True)
class Address:
    """Where each head looks.

    ``log_weights``: (B, H, N) for one query or (B, H, Q, N) for several; N + 1 in the last place with a null slot.
    Weights over slots and null slot sum to 1, or to 0 where nothing may be read.
    """

    log_weights: Tensor
    has_null: bool = False

    @property
    def weights(self) -> Tensor:
        """Weights of the slots, null slot excluded: (B, H, N) or (B, H, Q, N)."""
        return self.log_slots.exp()

    @property
    def log_slots(self) -> Tensor:
        """Log weights of the slots, null slot excluded."""
        return self.log_weights[..., :-1] if self.has_null else self.log_weights

    @property
    def null(self) -> Tensor:
        """Weight of the null slot: (B, H) or (B, H, Q); zeros without a null slot."""
        if self.has_null:
            return self.log_weights[..., -1].exp()
        return torch.zeros_like(self.log_weights[..., 0])


def masked_log_softmax(logits: Tensor, mask: Tensor | None) -> Tensor:
    """Log softmax over the last axis where ``mask`` (True = may be read, broadcastable) holds, ``FLOOR`` elsewhere."""
    if mask is None:
        return torch.log_softmax(logits, dim=-1)
    return torch.log_softmax(logits.masked_fill(~mask, FLOOR), dim=-1).masked_fill(~mask, FLOOR)


def similarity(query: Tensor, keys: Tensor, kind: Similarity = "cosine") -> Tensor:
    """(B, H, Q, D) against (B, H or 1, N, D) → (B, H, Q, N): cosine (NTM eq. 6), or the scaled dot product."""
    if kind == "cosine":
        unit: Tensor = F.normalize(query, dim=-1, eps=1e-6) @ F.normalize(keys, dim=-1, eps=1e-6).transpose(-1, -2)
        return unit
    return torch.matmul(query, keys.transpose(-1, -2)) / math.sqrt(query.shape[-1])


def interpolate(log_content: Tensor, log_previous: Tensor, gate: Tensor) -> Tensor:
    """NTM eq. 7, ``w = g·w_content + (1 − g)·w_previous``, in log space. ``gate``: logits of g, last axis 1."""
    mixed = torch.logaddexp(F.logsigmoid(gate) + log_content, F.logsigmoid(-gate) + log_previous)
    return mixed.clamp(min=FLOOR)


def time_neighbours(mask: Tensor, radius: int, *, circular: bool = False) -> Tensor:
    """Which slot lies r steps earlier on the time axis, for r = −radius…radius.

    ``mask``: (B, N) bool, True for slots in use, which stand in order of time; unused ones between are skipped over.
    Returns (B, 2·radius + 1, N) int64 indices of slots, −1 where there is none (``circular`` wraps around instead).
    A caller whose slots are not one row of neighbours (a shortlist out of several dialogues) builds this table itself.
    """
    rank = mask.long().cumsum(1) - 1  # place on the time axis
    count = mask.sum(1)[:, None, None]
    steps = torch.arange(-radius, radius + 1, device=mask.device)[None, :, None]
    wanted = rank[:, None, :] - steps
    if circular:
        wanted = torch.where(count > 0, wanted % count.clamp(min=1), wanted)
    exists = (wanted >= 0) & (wanted < count) & mask[:, None, :]
    order = torch.argsort((~mask).to(torch.int8), dim=1, stable=True)  # rank → slot
    found = order[:, None, :].expand(-1, 2 * radius + 1, -1).gather(2, wanted.clamp(0, mask.shape[1] - 1))
    return torch.where(exists, found, torch.full_like(found, -1))


def shift(log_weights: Tensor, log_shift: Tensor, neighbours: Tensor) -> Tensor:
    """NTM eq. 8, ``w̃(i) = Σ_j w(j)·s(i − j)``, in log space over any time axis.

    ``log_weights``: (B, H, Q, N). ``log_shift``: (B, H, Q, 2R + 1), log of a distribution over steps −R…R, positive
    steps towards later slots. ``neighbours``: (B, 2R + 1, N) as from :func:`time_neighbours`. Weight that would leave
    the axis stays where it is (clamped), so the sum is kept; with a circular table nothing leaves.
    """
    steps = neighbours.shape[1]
    gone = neighbours < 0
    terms = []
    for r in range(steps):
        index = neighbours[:, r].clamp(min=0)[:, None, None, :].expand_as(log_weights)
        moved = log_weights.gather(-1, index) + log_shift[..., r : r + 1]
        terms.append(moved.masked_fill(gone[:, r][:, None, None, :], FLOOR))
        stays = gone[:, steps - 1 - r][:, None, None, :]  # no slot lies r steps later
        if r != steps // 2:
            terms.append((log_weights + log_shift[..., r : r + 1]).masked_fill(~stays, FLOOR))
    return torch.logsumexp(torch.stack(terms), dim=0).clamp(min=FLOOR)


def sharpen(log_weights: Tensor, gamma: Tensor, mask: Tensor | None = None) -> Tensor:
    """NTM eq. 9, ``w(i)^γ / Σ_j w(j)^γ``, in log space. ``gamma``: ≥ 1, last axis 1; ``mask`` True = may be read."""
    if mask is None:
        mask = log_weights > FLOOR / 2
    return masked_log_softmax((gamma * log_weights).clamp(min=FLOOR), mask)


def read(weights: Tensor, values: Tensor) -> Tensor:
    """NTM eq. 2: (B, H, Q, N) weights over (B, N, D) values, or (B, H, N, D) one per head → (B, H, Q, D)."""
    return weights @ (values[:, None] if values.dim() == 3 else values)


def erase_add(memory: Tensor, weights: Tensor, erase: Tensor, add: Tensor) -> Tensor:
    """NTM eqs. 3–4: first every head erases, then every head adds.

    ``memory``: (B, N, D). ``weights``: (B, H, N). ``erase``: (B, H, D) in 0…1. ``add``: (B, H, D). Returns (B, N, D).
    A slot of weight 0 is left exactly as it was.
    """
    if weights.shape[1] == 1:
        kept = 1 - weights[:, 0, :, None] * erase[:, 0, None, :]
    else:
        kept = (1 - weights.unsqueeze(-1) * erase.unsqueeze(2)).prod(dim=1)
    return memory * kept + weights.transpose(1, 2) @ add


class Addressing(nn.Module):
    """Heads that address slots by content, additive evidence, and location.

    query_dim: width of the query that steers the heads. key_dim: width of a slot's key.
    heads, head_dim: number of heads and width in which query and key are compared.
    similarity: "cosine" with a learned key strength β, or "dot", scaled, where the vectors' lengths are the strength.
    project_keys: False compares with the keys as they are (then head_dim must be key_dim), as an NTM does.
    interpolation, shift_radius, sharpening: the three location steps, each left out where it is off or 0.
    null_slot: one more slot with a learned logit, which takes the weight when nothing else deserves it.
    strength: initial β. The gate starts at g ≈ 0.9 (content), the shift at "stay" ≈ 0.9, γ near 1.
    """

    def __init__(
        self,
        query_dim: int,
        key_dim: int,
        *,
        heads: int = 1,
        head_dim: int | None = None,
        similarity: Similarity = "cosine",
        project_keys: bool = True,
        interpolation: bool = False,
        shift_radius: int = 0,
        sharpening: bool = False,
        null_slot: bool = False,
        strength: float = 5.0,
    ) -> None:
        super().__init__()
        head_dim = head_dim or (max(1, key_dim // heads) if project_keys else key_dim)
        if not project_keys and head_dim != key_dim:
            raise ValueError("Keys that are not projected need head_dim == key_dim.")
        self.heads, self.head_dim, self.kind = heads, head_dim, similarity
        self.shift_radius, self.sharpening, self.interpolation, self.null_slot = (
            shift_radius,
            sharpening,
            interpolation,
            null_slot,
        )
        self.to_query = nn.Linear(query_dim, heads * head_dim)
        self.to_key = nn.Linear(key_dim, heads * head_dim, bias=False) if project_keys else None
        self.sizes = [
            heads * size
            for size in (
                int(similarity == "cosine"),
                int(interpolation),
                2 * shift_radius + 1 if shift_radius else 0,
                int(sharpening),
                int(null_slot),
            )
        ]
        # one projection for everything that steers a head: β, gate, shift, γ, null logit
        self.steer = nn.Linear(query_dim, sum(self.sizes)) if sum(self.sizes) else None
        self._initialise(strength)

    def _initialise(self, strength: float) -> None:
        if self.steer is None:
            return
        with torch.no_grad():
            self.steer.weight.mul_(0.1)
            beta, gate, steps, gamma, null = torch.split(self.steer.bias, self.sizes)
            beta.fill_(float(torch.tensor(strength).expm1().log()))  # softplus⁻¹
            gate.fill_(2.0)
            if self.shift_radius:
                steps.zero_().view(self.heads, -1)[:, self.shift_radius] = 3.0
            gamma.fill_(-3.0)
            null.fill_(0.0)

    def project(self, keys: Tensor) -> Tensor:
        """Keys (B, N, key_dim) as the heads compare them: (B, H or 1, N, head_dim). Reusable between queries."""
        if self.to_key is None:
            return keys[:, None]
        batch, slots, _ = keys.shape
        projected: Tensor = self.to_key(keys)
        return projected.view(batch, slots, self.heads, self.head_dim).transpose(1, 2)

    def forward(
        self,
        query: Tensor,
        keys: Tensor,
        *,
        mask: Tensor | None = None,
        evidence: Tensor | None = None,
        previous: Address | None = None,
        neighbours: Tensor | None = None,
        projected: bool = False,
    ) -> Address:
        """Address the slots.

        query: (B, query_dim), or (B, Q, query_dim) for several at once.
        keys: (B, N, key_dim), or what :meth:`project` made of them, with ``projected=True``.
        mask: True where a slot may be read: (B, N), or (B, Q, N).
        evidence: finite logits to add per head and slot: (B, H, N) for a single query, (B, H, Q, N) for several;
            any axis of B, H, Q may be 1. With a null slot N + 1 are taken as well: the last is the null slot's.
        previous: where the heads looked before (same shapes); without it, interpolation is left out.
        neighbours: the time axis as from :func:`time_neighbours`; by default the slots in use, in order, clamped.
        """
        single = query.dim() == 2
        if single:
            query = query[:, None]
            evidence = evidence.unsqueeze(2) if evidence is not None else None
        batch, queries, _ = query.shape
        compared = self.to_query(query).view(batch, queries, self.heads, self.head_dim).transpose(1, 2)
        keys = keys if projected else self.project(keys)
        slots = keys.shape[2]
        beta, gate, steps, gamma, null = self._steering(query)

        logits = similarity(compared, keys, self.kind)
        if self.kind == "cosine":
            logits = F.softplus(beta) * logits
        if evidence is not None:
            logits = logits + evidence[..., :slots]
            if self.null_slot and evidence.shape[-1] > slots:
                null = null + evidence[..., slots:]
        allowed = None
        if mask is not None:
            allowed = mask[:, None, None] if mask.dim() == 2 else mask[:, None]
        readable = allowed
        if self.null_slot:
            logits = torch.cat([logits, null], dim=-1)
            if allowed is not None:
                readable = torch.cat([allowed, torch.ones_like(allowed[..., :1])], dim=-1)
        log_weights = masked_log_softmax(logits, readable)

        if self.interpolation and previous is not None:
            before = previous.log_weights.unsqueeze(2) if single else previous.log_weights
            log_weights = interpolate(log_weights, before, gate)
        if self.shift_radius:
            if neighbours is None:
                in_use = torch.ones(batch, slots, dtype=torch.bool, device=keys.device) if mask is None else mask
                if in_use.dim() == 3:
                    raise ValueError("A mask per query has no single time axis: pass neighbours.")
                neighbours = time_neighbours(in_use, self.shift_radius)
            moved = shift(log_weights[..., :slots], F.log_softmax(steps, dim=-1), neighbours)
            log_weights = torch.cat([moved, log_weights[..., slots:]], dim=-1)  # the null slot has no neighbours
        if self.sharpening:
            log_weights = sharpen(log_weights, 1 + F.softplus(gamma), readable)
        return Address(log_weights.squeeze(2) if single else log_weights, self.null_slot)

    def _steering(self, query: Tensor) -> list[Tensor]:
        """β, gate, shift, γ and null logit of each head: (B, H, Q, size), size 0 where a step is off."""
        batch, queries, _ = query.shape
        if self.steer is None:
            return [query.new_zeros(batch, self.heads, queries, 0)] * 5
        return [
            part.view(batch, queries, self.heads, -1).transpose(1, 2) if part.shape[-1] else part
            for part in torch.split(self.steer(query), self.sizes, dim=-1)
        ]
