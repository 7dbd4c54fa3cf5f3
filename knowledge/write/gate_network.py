"""The write gate's network: a new turn and the memories nearest to it → what becomes of the turn.

Content addressing over what is in memory already (Graves et al. 2014, Neural Turing Machines, 3.3.1) with a pointer to
the one that the turn repeats or replaces (Vinyals et al. 2015, arXiv:1506.03134): one softmax over skip, add, and for
each near memory merge and supersede. Knows: its weights and their file. Does not know: texts, stores, encoders (only
their names).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from knowledge.input.text_features import BUCKETS, SURFACE
from knowledge.input.weights_file import load_weights, save_weights
from knowledge.records import ACTS, OPERATIONS

ACT_FEATURES = len(ACTS) + len(OPERATIONS)
TURN_FEATURES = ACT_FEATURES + 4
PAIR_FEATURES = 15
WIDTH, PAIR_WIDTH, RANK, MEMBERS = 32, 32, 16, 3
SKIP, ADD, FIRST = 0, 1, 2  # places of the logits; from FIRST on merge and supersede in turn, for each near memory


@dataclass(frozen=True, slots=True)
class GateBatch:
    """n turns with at most K near memories each.

    ``buckets`` (m,), ``starts`` (n,), ``weights`` (m,) and ``surface`` (n, SURFACE) of the turns' texts as of
    knowledge/input/text_features.py; ``turn`` (n, TURN_FEATURES); ``pairs`` (n, K, PAIR_FEATURES); ``there`` (n, K)
    bool; ``vectors`` (n, dimension) and ``near`` (n, K, dimension) unit rows of ``encoder``, zeros where none is to be
    looked at.
    """

    buckets: Tensor
    starts: Tensor
    weights: Tensor
    surface: Tensor
    turn: Tensor
    pairs: Tensor
    there: Tensor
    vectors: Tensor
    near: Tensor
    encoder: str


class Member(nn.Module):
    """One of the networks whose log-probabilities are averaged; see :class:`GateNetwork`."""

    def __init__(self, encoders: dict[str, int]) -> None:
        super().__init__()
        self.encoders = dict(encoders)
        self.pieces = nn.EmbeddingBag(BUCKETS, WIDTH, mode="sum")
        nn.init.normal_(self.pieces.weight, std=0.1)
        self.turn = nn.Linear(TURN_FEATURES + SURFACE, WIDTH)
        self.pair = nn.Linear(PAIR_FEATURES, PAIR_WIDTH)
        self.own = nn.ModuleList(nn.Linear(1 + RANK, PAIR_WIDTH) for _ in encoders)  # of an encoder's cosines
        self.project = nn.ModuleList(nn.Linear(size, RANK, bias=False) for size in encoders.values())
        self.both = nn.Linear(WIDTH + PAIR_WIDTH, PAIR_WIDTH)
        self.pointer = nn.Linear(PAIR_WIDTH, 2)  # merge, supersede
        self.alone = nn.Linear(WIDTH + PAIR_WIDTH, 2)  # skip, add
        self.dropout = nn.Dropout(0.3)

    def forward(self, batch: GateBatch) -> Tensor:
        """→ log-probabilities (n, 2 + 2 K), −inf where there is no near memory."""
        known = batch.encoder in self.encoders
        bag = self.pieces(batch.buckets, batch.starts, per_sample_weights=batch.weights)  # (n, WIDTH)
        turn = self.dropout(nn.functional.gelu(bag + self.turn(torch.cat([batch.turn, batch.surface], 1))))
        pair = self.pair(batch.pairs)  # (n, K, PAIR_WIDTH)
        if known:
            at = list(self.encoders).index(batch.encoder)
            new, old = self.project[at](4 * batch.vectors)[:, None], self.project[at](4 * batch.near)
            cosine = (batch.vectors[:, None] * batch.near).sum(2, keepdim=True)  # (n, K, 1)
            seen = (batch.near != 0).any(2, keepdim=True).float()
            pair = pair + seen * self.own[at](torch.cat([cosine, new * old], 2))
        pair = self.dropout(nn.functional.gelu(pair))
        wide = turn[:, None].expand(-1, pair.shape[1], -1)
        pair = pair + self.dropout(nn.functional.gelu(self.both(torch.cat([wide, pair], 2))))
        nowhere = ~batch.there[..., None]
        pointed = self.pointer(pair).masked_fill(nowhere, float("-inf"))  # (n, K, 2)
        most = pair.masked_fill(nowhere, 0.0).amax(1) if pair.shape[1] else pair.new_zeros(len(turn), PAIR_WIDTH)
        alone = self.alone(torch.cat([turn, most], 1))  # (n, 2)
        return torch.cat([alone, pointed.flatten(1)], 1).log_softmax(1)


class GateNetwork(nn.Module):
    """The mean of a few members that were trained apart (deep ensembles, Lakshminarayanan et al. 2017,
    arXiv:1612.01474). ``encoders``: name → dimension of the vectors that can be looked at; with any other the texts
    alone serve."""

    def __init__(self, encoders: dict[str, int], members: Sequence[Member] | None = None) -> None:
        super().__init__()
        self.encoders = dict(encoders)
        self.members = nn.ModuleList(members or (Member(encoders) for _ in range(MEMBERS)))

    def forward(self, batch: GateBatch) -> Tensor:
        """→ probabilities (n, 2 + 2 K)."""
        return torch.stack([member(batch).exp() for member in self.members]).mean(0)


def save(network: GateNetwork, path: Path, about: dict[str, str]) -> None:
    """Weights as safetensors (16-bit floats), with the encoders' names and ``about`` in the header."""
    header = {"encoders": json.dumps(network.encoders), "gate": json.dumps([ACTS, OPERATIONS, PAIR_FEATURES]), **about}
    save_weights(network, path, header)


def load(path: Path) -> GateNetwork:
    """A network ready to decide. Raises ``ValueError`` when the file is missing, damaged or of another version."""
    try:
        header, tensors = load_weights(path)
        if json.loads(header["gate"]) != [list(ACTS), list(OPERATIONS), PAIR_FEATURES]:
            raise KeyError("gate")
        network = GateNetwork(json.loads(header["encoders"]))
        network.load_state_dict(tensors)
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError) as exc:
        raise ValueError(f"{path.name} is damaged or of another version of the write gate: train it again") from exc
    return network.eval()
