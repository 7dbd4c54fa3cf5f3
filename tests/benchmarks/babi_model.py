"""The network that answers bAbI: the product's own memory classes with an answer head.

Sentences are slots. The internal memory (an LSTM) puts each sentence in the context of the ones before it, as it does
with the turns of a dialogue; then slots and question read each other for several hops with shared weights
(:meth:`knowledge.multi_hop.MultiHopRead.refine`); the answer is decoded from the question's slot.

Shapes: B questions, T slots (facts, then the question, then padding), W words of a sentence, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from knowledge.addressing import Address
from knowledge.internal_memory import InternalMemory
from knowledge.multi_hop import MultiHopRead
from tests.benchmarks.babi_data import ANSWER_SLOTS, WORDS


@dataclass(frozen=True)
class Size:
    vocabulary: int
    dimension: int = 128
    heads: int = 8
    hops: int = 6
    feed_forward: int = 256
    dropout: float = 0.1
    update: str = "residual"
    similarity: str = "dot"
    shared: bool = True
    tied: bool = True
    internal: bool = True
    horizon: int = 64  # how many facts back the time evidence distinguishes


class TimeEvidence(nn.Module):
    """Additive evidence per head out of how far apart two slots are on the time axis, either way.

    Distances up to 8 have a weight of their own, larger ones share it in ranges that grow (Raffel et al. 2020,
    arXiv:1910.10683); heads start with slopes of different steepness (Press et al. 2022, arXiv:2108.12409), and half of
    them with a preference for the past.
    """

    def __init__(self, heads: int, horizon: int) -> None:
        super().__init__()
        edges = list(range(9)) + [12, 16, 23, 32, 45, 64, 91, 128]
        self.edges = [e for e in edges if e <= horizon]
        count = len(self.edges)
        self.table = nn.Parameter(torch.zeros(heads, 2 * count))
        with torch.no_grad():
            for head in range(heads):
                slope = 2.0 ** -(1 + head // 2)
                for i, edge in enumerate(self.edges):
                    self.table[head, i] = -slope * edge if head < heads - 2 else 0.0
                    self.table[head, count + i] = self.table[head, i] - (4.0 if head % 2 == 0 and i else 0.0)

    def forward(self, slots: int) -> Tensor:
        """(1, H, T, T): query slot, then read slot."""
        distance = torch.arange(slots)[:, None] - torch.arange(slots)[None, :]
        edges = torch.tensor(self.edges)
        bucket = torch.searchsorted(edges, distance.abs(), right=True) - 1
        bucket = torch.where(distance < 0, bucket + len(self.edges), bucket)
        return self.table[:, bucket][None]


class BabiNetwork(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        d = size.dimension
        self.size = size
        self.embed = nn.Embedding(size.vocabulary, d, padding_idx=0)
        nn.init.normal_(self.embed.weight, std=d**-0.5)
        self.position = nn.Parameter(torch.ones(WORDS, d) + 0.5 * torch.randn(WORDS, d))
        self.kind = nn.Parameter(torch.zeros(2, d))  # fact, question
        self.internal = InternalMemory(d, dropout=size.dropout) if size.internal else None
        self.norm = nn.LayerNorm(d)
        self.reader = MultiHopRead(
            d, hops=size.hops, heads=size.heads, shared=size.shared, update=size.update,  # type: ignore[arg-type]
            feed_forward=size.feed_forward, layer_norm=True, dropout=size.dropout,
            similarity=size.similarity,  # type: ignore[arg-type]
        )  # fmt: skip
        self.time = TimeEvidence(size.heads, size.horizon)
        self.dropout = nn.Dropout(size.dropout)
        self.answer = nn.ModuleList(nn.Linear(d, d if size.tied else size.vocabulary) for _ in range(ANSWER_SLOTS))
        self.bias = nn.Parameter(torch.zeros(ANSWER_SLOTS, size.vocabulary))

    def sentences(self, words: Tensor) -> Tensor:
        """(B, T, W) → (B, T, D): bag of words with a learned mask per position (Sukhbaatar et al. 2015; EntNet)."""
        return (self.embed(words) * self.position[: words.shape[-1]]).sum(-2)

    def forward(self, words: Tensor, length: Tensor) -> tuple[Tensor, tuple[Address, ...]]:
        """words (B, T, W), length (B,): logits (B, answer slots, V), and where the question looked in each hop."""
        slots = words.shape[1]
        place = torch.arange(slots)
        used = place[None] <= length[:, None]
        asked = (place[None] == length[:, None]).long()
        states = self.dropout(self.sentences(words) * self.size.dimension**0.5) + self.kind[asked]
        if self.internal is not None:
            states = self.internal(states)
        hops = self.reader.refine(self.norm(states), mask=used, evidence=self.time(slots))
        rows = torch.arange(len(words))
        final = hops.query[rows, length]
        logits = torch.stack([head(final) for head in self.answer], 1)
        if self.size.tied:
            logits = logits @ self.embed.weight.T
        looked = tuple(Address(a.log_weights[rows, :, length]) for a in hops.addresses)
        return logits + self.bias, looked
