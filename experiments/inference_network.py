"""Inference over facts told one after the other: the network that answers what no single memory says.

"Mary took the milk. Mary went to the garden. Where is the milk?": sentences are slots. An internal memory (an LSTM;
the 10k checkpoint does without) puts each sentence in the context of the ones before it; slots and question read
each other (:meth:`knowledge.read.multi_hop.MultiHopRead.refine`), so that a fact knows what was said of the same things
before; then the question alone reads the facts for several hops with shared weights, and the answer is decoded from
what it has become (end-to-end memory networks, Sukhbaatar et al. 2015, arXiv:1503.08895; the recurrence over hops is
that of the Universal Transformer, Dehghani et al. 2019, arXiv:1807.03819). Trained and measured by
tests.benchmarks.babi.

Does not know: stores, memories, which questions it is asked, how it was trained.

Shapes: B questions, T slots (facts, then the question, then padding), W words of a sentence, V vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from knowledge.read.addressing import Address
from knowledge.read.internal_memory import InternalMemory
from knowledge.read.multi_hop import MultiHopRead

ANSWER_SLOTS = 3  # the longest answers of bAbI (tasks 8 and 19) have three words
WORDS = 12  # the longest sentence of its 20 tasks has 11


class Vocabulary:
    """Words to numbers. 0 is padding (and "no further word" in an answer), 1 any word not seen in training."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = ["", "?", *words]
        self.number = {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def numbers(self, words: Sequence[str]) -> list[int]:
        return [self.number.get(word, 1) for word in words]


@dataclass(frozen=True)
class Size:
    vocabulary: int
    dimension: int = 128
    heads: int = 8
    refine: int = 2  # hops in which the slots read each other
    hops: int = 5  # hops of the question alone, sharing their weights
    feed_forward: int = 256  # of the slots
    wide: int = 512  # of the question
    dropout: float = 0.1
    null: bool = True  # heads may read nothing, which tells whether anything matched
    small: int = 32  # width of a word in its place in the sentence
    ends: bool = True  # places are counted from the end of the sentence too
    placed: float = 4.0  # how strongly places count beside the words themselves, at first
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

    def forward(self, distance: Tensor) -> Tensor:
        """Steps back in time (…), negative for later slots → (H, …)."""
        edges = torch.tensor(self.edges)
        bucket = torch.searchsorted(edges, distance.abs(), right=True) - 1
        return self.table[:, torch.where(distance < 0, bucket + len(self.edges), bucket)]


class InferenceNetwork(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        d = size.dimension
        self.size = size
        self.embed = nn.Embedding(size.vocabulary, d, padding_idx=0)
        nn.init.normal_(self.embed.weight, std=d**-0.5)
        self.small = nn.Embedding(size.vocabulary, size.small, padding_idx=0)
        self.order = nn.Linear(WORDS * size.small, d)
        self.order_back = nn.Linear(WORDS * size.small, d, bias=False) if size.ends else None
        self.mix = nn.Linear(d, d)
        self.kind = nn.Parameter(torch.zeros(2, d))  # fact, question
        self.age = nn.Parameter(0.1 * torch.randn(size.horizon + 1, d))
        self.internal = InternalMemory(d) if size.internal else None
        self.norm = nn.LayerNorm(d)
        self.facts = MultiHopRead(
            d,
            hops=size.refine,
            heads=size.heads,
            update="residual",
            feed_forward=size.feed_forward,
            layer_norm=True,
            similarity="dot",
            null_slot=size.null,
        )
        self.reader = MultiHopRead(
            d,
            hops=size.hops,
            heads=size.heads,
            shared=True,
            update="residual",
            feed_forward=size.wide,
            layer_norm=True,
            dropout=size.dropout,
            similarity="dot",
            null_slot=size.null,
        )
        self.between = TimeEvidence(size.heads, size.horizon)
        self.since = TimeEvidence(size.heads, size.horizon)
        self.dropout = nn.Dropout(size.dropout)
        self.answer = nn.ModuleList(nn.Linear(d, d) for _ in range(ANSWER_SLOTS))
        self.bias = nn.Parameter(torch.zeros(ANSWER_SLOTS, size.vocabulary))

    def sentences(self, words: Tensor) -> Tensor:
        """(B, T, W) → (B, T, D): the words' sum, plus what a small network makes of which word stands where."""
        batch, slots, count = words.shape
        scale = self.size.dimension**-0.5
        bag = F.embedding_bag(words.flatten(0, 1), self.embed.weight, mode="sum", padding_idx=0).view(batch, slots, -1)
        placed = self._placed(words, self.order.weight) + self.order.bias
        if self.order_back is not None:
            ends = words.flip(-1)
            first = (ends != 0).long().argmax(-1, keepdim=True)  # the last word, which becomes the first
            steps = torch.arange(count) + first
            ends = ends.gather(-1, steps.clamp(max=count - 1)) * (steps < count)
            placed = placed + self._placed(ends, self.order_back.weight)
        placed = placed * self.size.placed
        sentences: Tensor = bag + self.mix(torch.relu(placed + bag / scale)) * scale
        if self.size.ends:
            sentences = sentences + placed * scale
        return sentences

    def _placed(self, words: Tensor, weight: Tensor) -> Tensor:
        """Each word by its place; padding is 0, so a shorter row needs no more than the first columns."""
        return F.linear(self.small(words).flatten(2), weight[:, : words.shape[-1] * self.size.small])

    def forward(self, words: Tensor, length: Tensor) -> tuple[Tensor, tuple[Address, ...]]:
        """words (B, T, W), length (B,): logits (B, answer slots, V), and where the question looked in each hop."""
        place = torch.arange(words.shape[1])
        age = length[:, None] - place[None]
        states = self.sentences(words) * self.size.dimension**0.5 + self.kind[(age == 0).long()]
        states = self.dropout(states + self.age[age.clamp(0, self.size.horizon)])
        if self.internal is not None:
            states = self.internal(states)
        between = self.between(place[:, None] - place[None])[None]
        slots = self.facts.refine(self.norm(states), mask=age >= 0, evidence=between).query
        question = slots[torch.arange(len(words)), length]
        hops = self.reader(question, slots, slots, mask=age > 0, evidence=self.since(age).transpose(0, 1))
        logits = torch.stack([head(hops.query) for head in self.answer], 1) @ self.embed.weight.T
        return logits + self.bias, hops.addresses


def save(path: Path, network: InferenceNetwork, vocabulary: Vocabulary, about: dict[str, Any]) -> None:
    """Weights as safetensors (16-bit floats), with sizes, vocabulary and ``about`` (as JSON) in the header."""
    metadata = {
        "size": json.dumps(asdict(network.size)),
        "vocabulary": json.dumps(vocabulary.words),
        "about": json.dumps(about),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in network.state_dict().items()}, path, metadata)


def restore(path: Path) -> tuple[InferenceNetwork, Vocabulary, dict[str, Any]]:
    """A network, its vocabulary, and what is told about its training. Raises ``ValueError`` for a damaged file."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            network = InferenceNetwork(Size(**json.loads(metadata["size"])))
            network.load_state_dict({k: file.get_tensor(k).float() for k in file.keys()})  # noqa: SIM118
        return network, Vocabulary(json.loads(metadata["vocabulary"])[2:]), json.loads(metadata["about"])
    except (SafetensorError, RuntimeError, KeyError, TypeError) as exc:
        raise ValueError(f"{path.name} is damaged or of another version of the network: train it again") from exc
