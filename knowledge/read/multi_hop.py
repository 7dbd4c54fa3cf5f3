"""Multi-hop read: read memory, refine the query by what was read, read again.

End-to-end memory networks (Sukhbaatar et al. 2015, arXiv:1503.08895) with keys distinct from values (Miller et al.
2016), addressing of :mod:`knowledge.read.addressing`, and a choice of query update: "residual" as in the paper (u + o),
"highway" (Srivastava et al. 2015; gated memory networks, Liu & Perez 2017, arXiv:1610.04211) or "gru" (Cho et al.
2014). Hops may share their weights, which makes the read a recurrence over hops as in the Universal Transformer
(Dehghani et al. 2019, arXiv:1807.03819), and may end in a layer norm and a position-wise feed-forward step.

Does not know: texts, stores, what the slots stand for, or where additive evidence comes from.

Shapes: B batch, H heads, Q queries, N slots, D dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from knowledge.read.addressing import Address, Addressing, Similarity, read

Update = Literal["residual", "highway", "gru"]
Evidence = Tensor | Sequence[Tensor] | Callable[[int, Tensor, Address | None], Tensor]


@dataclass(frozen=True)
class Hops:
    """What a multi-hop read did: the refined query (B, D) or (B, Q, D), and where each hop looked."""

    query: Tensor
    addresses: tuple[Address, ...]


class GatedUpdate(nn.Module):
    """The query after a hop, out of the query before it and what the hop read, both (…, D)."""

    def __init__(self, dimension: int, kind: Update) -> None:
        super().__init__()
        self.kind = kind
        self.gate: nn.Module | None = None
        if kind == "highway":
            self.gate = nn.Linear(2 * dimension, dimension)
            nn.init.constant_(self.gate.bias, -1.0)  # start by carrying the query
        elif kind == "gru":
            self.gate = nn.GRUCell(dimension, dimension)

    def forward(self, query: Tensor, found: Tensor) -> Tensor:
        if self.gate is None:
            return query + found
        if self.kind == "highway":
            share = torch.sigmoid(self.gate(torch.cat([query, found], dim=-1)))
            return query + share * (found - query)
        flat = self.gate(found.reshape(-1, found.shape[-1]), query.reshape(-1, query.shape[-1]))
        updated: Tensor = flat.view_as(query)
        return updated


class Hop(nn.Module):
    """One hop: address, read the values, update the query, then (where wanted) norm and feed-forward."""

    def __init__(
        self,
        dimension: int,
        key_dim: int,
        value_dim: int,
        addressing: Addressing,
        *,
        update: Update,
        feed_forward: int,
        layer_norm: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.addressing = addressing
        heads, width = addressing.heads, addressing.head_dim
        self.to_value = nn.Linear(value_dim, heads * width, bias=False)
        self.out = nn.Linear(heads * width, dimension)
        self.update = GatedUpdate(dimension, update)
        self.norm = nn.LayerNorm(dimension) if layer_norm else nn.Identity()
        self.transition: nn.Module | None = None
        if feed_forward:
            self.transition = nn.Sequential(
                nn.Linear(dimension, feed_forward), nn.ReLU(), nn.Dropout(dropout), nn.Linear(feed_forward, dimension)
            )
        self.norm_after = nn.LayerNorm(dimension) if layer_norm and feed_forward else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def prepare(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values as the heads use them, (B, H, N, width) each: the same for every query over these slots."""
        heads, width = self.addressing.heads, self.addressing.head_dim
        batch, slots, _ = values.shape
        return self.addressing.project(keys), self.to_value(values).view(batch, slots, heads, width).transpose(1, 2)

    def forward(
        self,
        query: Tensor,
        prepared: tuple[Tensor, Tensor],
        *,
        mask: Tensor | None,
        evidence: Tensor | None,
        previous: Address | None,
        neighbours: Tensor | None,
    ) -> tuple[Tensor, Address]:
        projected, valued = prepared
        address = self.addressing(
            query, projected, mask=mask, evidence=evidence, previous=previous, neighbours=neighbours, projected=True
        )
        weights = address.weights
        heads, width = self.addressing.heads, self.addressing.head_dim
        batch = valued.shape[0]
        found = read(weights if query.dim() == 3 else weights.unsqueeze(2), valued)  # (B, H, Q, width)
        found = found.transpose(1, 2).reshape(batch, -1, heads * width)
        found = self.dropout(self.out(found if query.dim() == 3 else found[:, 0]))
        query = self.norm(self.update(query, found))
        if self.transition is not None:
            query = self.norm_after(query + self.dropout(self.transition(query)))
        return query, address


class MultiHopRead(nn.Module):
    """Several hops over the same slots, or over slots that refine each other (:meth:`refine`).

    dimension: width of queries (and of keys and values, unless key_dim, value_dim say otherwise).
    hops, heads, head_dim: how many hops, how many heads in each, and their width.
    shared: one set of weights for all hops. update: "residual", "highway" or "gru".
    feed_forward: width of the feed-forward step after a hop, 0 for none. layer_norm, dropout: as usual.
    The rest is handed to :class:`knowledge.read.addressing.Addressing`.
    """

    def __init__(
        self,
        dimension: int,
        *,
        hops: int = 3,
        heads: int = 4,
        head_dim: int | None = None,
        key_dim: int | None = None,
        value_dim: int | None = None,
        shared: bool = False,
        update: Update = "highway",
        feed_forward: int = 0,
        layer_norm: bool = False,
        dropout: float = 0.0,
        similarity: Similarity = "cosine",
        interpolation: bool = False,
        shift_radius: int = 0,
        sharpening: bool = False,
        null_slot: bool = False,
        strength: float = 5.0,
    ) -> None:
        super().__init__()
        key_dim, value_dim = key_dim or dimension, value_dim or dimension
        self.count, self.shared = hops, shared

        def hop() -> Hop:
            addressing = Addressing(
                dimension,
                key_dim,
                heads=heads,
                head_dim=head_dim or max(1, dimension // heads),
                similarity=similarity,
                interpolation=interpolation,
                shift_radius=shift_radius,
                sharpening=sharpening,
                null_slot=null_slot,
                strength=strength,
            )
            return Hop(
                dimension,
                key_dim,
                value_dim,
                addressing,
                update=update,
                feed_forward=feed_forward,
                layer_norm=layer_norm,
                dropout=dropout,
            )

        self.hops = nn.ModuleList(hop() for _ in range(1 if shared else hops))

    def _step(self, number: int) -> Hop:
        step = self.hops[0 if self.shared else number]
        assert isinstance(step, Hop)
        return step

    def hop(
        self,
        number: int,
        query: Tensor,
        keys: Tensor,
        values: Tensor,
        *,
        mask: Tensor | None = None,
        evidence: Tensor | None = None,
        previous: Address | None = None,
        neighbours: Tensor | None = None,
    ) -> tuple[Tensor, Address]:
        """Hop ``number`` (from 0) alone, for a caller that fetches new slots between hops. Shapes: :meth:`forward`."""
        step = self._step(number)
        refined, address = step(
            query, step.prepare(keys, values), mask=mask, evidence=evidence, previous=previous, neighbours=neighbours
        )
        return refined, address

    def forward(
        self,
        query: Tensor,
        keys: Tensor,
        values: Tensor,
        *,
        mask: Tensor | None = None,
        evidence: Evidence | None = None,
        neighbours: Tensor | None = None,
    ) -> Hops:
        """Read ``count`` times.

        query: (B, D), or (B, Q, D) for several at once. keys: (B, N, key_dim). values: (B, N, value_dim).
        mask: True where a slot may be read, (B, N) or (B, Q, N). neighbours: the time axis, see Addressing.
        evidence: logits to add, (B, H, N) or (B, H, Q, N): the same for every hop, one per hop, or a function of
            (hop, query, previous address).
        """
        addresses: list[Address] = []
        prepared: tuple[Tensor, Tensor] | None = None
        for number in range(self.count):
            previous = addresses[-1] if addresses else None
            step = self._step(number)
            if prepared is None or not self.shared:
                prepared = step.prepare(keys, values)
            query, address = step(
                query,
                prepared,
                mask=mask,
                evidence=evidence_of(evidence, number, query, previous),
                previous=previous,
                neighbours=neighbours,
            )
            addresses.append(address)
        return Hops(query, tuple(addresses))

    def refine(
        self,
        slots: Tensor,
        *,
        mask: Tensor | None = None,
        evidence: Evidence | None = None,
        neighbours: Tensor | None = None,
    ) -> Hops:
        """Slots that read each other: each slot (B, N, D) is a query over all slots as the hop before left them.

        What a slot learns in one hop is there for the others in the next, which is what inference over several facts
        needs. Evidence here is (B, H, N, N), query slot before read slot.
        """
        addresses: list[Address] = []
        for number in range(self.count):
            previous = addresses[-1] if addresses else None
            slots, address = self.hop(
                number,
                slots,
                slots,
                slots,
                mask=mask,
                evidence=evidence_of(evidence, number, slots, previous),
                previous=previous,
                neighbours=neighbours,
            )
            addresses.append(address)
        return Hops(slots, tuple(addresses))


def evidence_of(evidence: Evidence | None, number: int, query: Tensor, previous: Address | None) -> Tensor | None:
    """The evidence of one hop."""
    if evidence is None or isinstance(evidence, Tensor):
        return evidence
    if callable(evidence):
        return evidence(number, query, previous)
    return evidence[number]
