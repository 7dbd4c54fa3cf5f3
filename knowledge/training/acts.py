"""Trains the reading of a message: many heads on one small network, calibrated on what it was not trained on.

Folds of the messages labelled by hand give logits that no training saw; from them come each head's temperature (Guo et
al. 2017, arXiv:1706.04599) and the figures of the card. The network that ships is then trained on all of them. Vectors
are left out half of the time (Srivastava et al. 2014), so that the text alone serves as well. Some minutes on one core.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from knowledge.input.acts_network import MEMBERS, ActsNetwork, Member
from knowledge.input.encoder import Encoder
from knowledge.input.text_features import pieces, surface
from knowledge.records import ACTS
from knowledge.training.acts_data import Example, joined, varied

Vectors = Mapping[str, np.ndarray]  # encoder's name → (views, examples, dimension): as stored, and as a query


@dataclass(frozen=True, slots=True)
class ActsPlan:
    """``joined``: messages made of two. ``vectors``: share of the batches that see an encoder's vectors."""

    seed: int = 0
    epochs: int = 28
    batch: int = 64
    rate: float = 4e-3
    decay: float = 0.05
    folds: int = 3
    joined: int = 1200
    vectors: float = 0.7
    smoothing: float = 0.02
    dropped: float = 0.2  # share of a text's pieces left out
    ways: int = 4  # in which each message is typed, its own first


def views_of(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """(views, texts, dimension): the texts as they are stored, and as queries where the encoder makes a difference."""
    ask = getattr(encoder, "encode_queries", encoder.encode)
    stored, asked = encoder.encode(texts), ask(texts)
    return np.stack([stored] if np.array_equal(stored, asked) else [stored, asked])


class Typed:
    """Texts as the network's input, made once and for all: a batch only picks."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._pieces, self._surface = pieces(texts), surface(texts)
        self._ends = np.append(self._pieces.starts, len(self._pieces.buckets))

    def rows(self, rows: Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Buckets (m,), starts (n,), weights (m,) and surface (n, SURFACE) of these texts."""
        places = [np.arange(self._ends[row], self._ends[row + 1]) for row in rows]
        starts = np.cumsum([0, *(len(place) for place in places[:-1])])
        together = np.concatenate(places)
        return (
            torch.from_numpy(self._pieces.buckets[together]),
            torch.from_numpy(starts),
            torch.from_numpy(self._pieces.weights[together]),
            torch.from_numpy(self._surface[list(rows)]),
        )


def train(examples: Sequence[Example], vectors: Vectors, plan: ActsPlan) -> ActsNetwork:
    """A network trained on the examples, not calibrated. ``vectors``: rows for each example, by encoder."""
    sizes = {name: rows.shape[2] for name, rows in vectors.items()}
    seeds = range(plan.seed * MEMBERS, (plan.seed + 1) * MEMBERS)
    return ActsNetwork(sizes, [_member(examples, vectors, plan, seed) for seed in seeds]).eval()


def _member(examples: Sequence[Example], vectors: Vectors, plan: ActsPlan, seed: int) -> Member:
    torch.manual_seed(seed)
    rng = random.Random(seed)
    network = Member({name: rows.shape[2] for name, rows in vectors.items()}).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
    steps = plan.epochs * ((len(examples) + plan.batch - 1) // plan.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.rate, total_steps=steps + 1, pct_start=0.1)
    texts = [one.text for one in examples]
    ways = [Typed(texts), *(Typed([varied(text, rng) for text in texts]) for _ in range(plan.ways - 1))]
    order = list(range(len(examples)))
    for _ in tqdm(range(plan.epochs), leave=False):
        rng.shuffle(order)
        for at in range(0, len(order), plan.batch):
            rows = order[at : at + plan.batch]
            name = rng.choice(list(vectors)) if vectors and rng.random() < plan.vectors else ""
            seen = rng.choice(vectors[name])[rows] if name else None
            acts, operation = _logits(network, rng.choice(ways), rows, seen, name, plan.dropped)
            loss = _loss(acts, operation, [examples[row] for row in rows], plan.smoothing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return network.eval()


def _logits(
    network: ActsNetwork | Member,
    typed: Typed,
    rows: Sequence[int],
    vectors: np.ndarray | None,
    encoder: str,
    dropped: float = 0.0,
) -> tuple[Tensor, Tensor]:
    buckets, starts, weights, marks = typed.rows(rows)
    seen = None if vectors is None else torch.from_numpy(vectors.astype(np.float32))
    both: tuple[Tensor, Tensor] = network(
        buckets, starts, nn.functional.dropout(weights, dropped), marks, seen, encoder
    )
    return both


def _loss(acts: Tensor, operation: Tensor, examples: Sequence[Example], smoothing: float) -> Tensor:
    wanted = torch.tensor([one.acts for one in examples], dtype=torch.float32)
    weight = torch.tensor([one.weight for one in examples])
    known = (wanted >= 0).float() * weight[:, None]
    soft = wanted.clamp(0, 1) * (1 - 2 * smoothing) + smoothing
    each = nn.functional.binary_cross_entropy_with_logits(acts, soft, reduction="none")
    named = torch.tensor([one.operation for one in examples])
    called = nn.functional.cross_entropy(operation, named.clamp(min=0), reduction="none", label_smoothing=smoothing) * (
        named >= 0
    )
    return (each * known).sum() / known.sum().clamp(min=1) * len(ACTS) + (called * weight).sum() / weight.sum()


@torch.no_grad()
def held_out_logits(
    hand: Sequence[Example], others: Sequence[Example], vectors: Vectors, other_vectors: Vectors, plan: ActsPlan
) -> tuple[Tensor, Tensor]:
    """Logits of every hand-labelled message by a network that did not see it, once without and once with vectors:
    (views · n, acts), (views · n, operations), the views one behind the other."""
    fold = np.array([at % plan.folds for at in range(len(hand))])
    np.random.default_rng(plan.seed).shuffle(fold)
    views, typed = ["", *vectors], Typed([one.text for one in hand])
    found: list[list[tuple[Tensor, Tensor]]] = [[(torch.zeros(0), torch.zeros(0))] * len(hand) for _ in views]
    for number in range(plan.folds):
        inside = np.flatnonzero(fold != number).tolist()
        with torch.enable_grad():
            network = train_on(
                [hand[at] for at in inside], others, {k: v[:, inside] for k, v in vectors.items()}, other_vectors, plan
            )
        for at in np.flatnonzero(fold == number).tolist():
            for view, name in zip(found, views, strict=True):
                acts, operation = _logits(network, typed, [at], vectors[name][0, [at]] if name else None, name)
                view[at] = (acts[0], operation[0])
    rows = [row for view in found for row in view]
    return torch.stack([acts for acts, _ in rows]), torch.stack([operation for _, operation in rows])


def train_on(
    hand: Sequence[Example], others: Sequence[Example], vectors: Vectors, other_vectors: Vectors, plan: ActsPlan
) -> ActsNetwork:
    """A network of the hand-labelled messages, of pairs of them, and of the weak ones."""
    pairs = joined(list(hand), plan.joined, plan.seed)
    blank = {name: np.zeros((len(rows), len(pairs), rows.shape[2]), np.float32) for name, rows in vectors.items()}
    together = {name: np.concatenate([rows, blank[name], other_vectors[name]], 1) for name, rows in vectors.items()}
    return train([*hand, *pairs, *others], together, plan)


def calibrate(network: ActsNetwork, acts: Tensor, operation: Tensor, hand: Sequence[Example]) -> None:
    """Set the temperatures by logits of what was not trained on, (views · n, …) as of :func:`held_out_logits`."""
    views = len(acts) // len(hand)
    wanted = torch.tensor([one.acts for one in hand], dtype=torch.float32).repeat(views, 1)
    called = torch.tensor([one.operation for one in hand]).repeat(views)
    grid = torch.linspace(0.4, 4.0, 73)
    for head in range(len(ACTS)):
        losses = [nn.functional.binary_cross_entropy_with_logits(acts[:, head] / t, wanted[:, head]) for t in grid]
        network.temperature[head] = grid[int(torch.stack(losses).argmin())]
    losses = [nn.functional.cross_entropy(operation / t, called) for t in grid]
    network.temperature[-1] = grid[int(torch.stack(losses).argmin())]


def report(acts: Tensor, operation: Tensor, hand: Sequence[Example]) -> dict[str, float]:
    """Accuracy of each head on what was not trained on, of all views together."""
    views = len(acts) // len(hand)
    wanted = torch.tensor([one.acts for one in hand]).repeat(views, 1)
    called = torch.tensor([one.operation for one in hand]).repeat(views)
    right = ((acts > 0).int() == wanted).float().mean(0).tolist()
    found = dict(zip(ACTS, right, strict=True)) | {"operation": float((operation.argmax(1) == called).float().mean())}
    return {name: round(share, 4) for name, share in found.items()}


def sources(examples: Sequence[Example]) -> dict[str, int]:
    """How many examples of which source."""
    return dict(Counter(one.source for one in examples))
