"""The network behind the reading of a message: pieces of the text, its surface and an encoder's vector → logits.

Knows: its weights and their file. Does not know: texts, encoders (only their names), what the logits are used for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from knowledge.input.text_features import BUCKETS, SURFACE
from knowledge.input.weights_file import load_weights, save_weights
from knowledge.records import ACTS, OPERATIONS

WIDTH, MEMBERS = 48, 3


class Member(nn.Module):
    """One of the networks whose logits are averaged; see :class:`ActsNetwork`."""

    def __init__(self, encoders: dict[str, int]) -> None:
        super().__init__()
        self.encoders = dict(encoders)
        self.pieces = nn.EmbeddingBag(BUCKETS, WIDTH, mode="sum")
        nn.init.normal_(self.pieces.weight, std=0.3)
        self.surface = nn.Linear(SURFACE, WIDTH)
        self.vectors = nn.ModuleList(nn.Linear(size, WIDTH, bias=True) for size in encoders.values())
        self.hidden = nn.Linear(WIDTH, WIDTH)
        self.heads = nn.Linear(WIDTH, len(ACTS) + len(OPERATIONS))
        self.dropout = nn.Dropout(0.3)

    def forward(
        self,
        buckets: Tensor,
        starts: Tensor,
        weights: Tensor,
        surface: Tensor,
        vectors: Tensor | None,
        encoder: str,
    ) -> tuple[Tensor, Tensor]:
        """(m,), (n,), (m,), (n, SURFACE), (n, dimension) → logits of the acts (n, acts) and of the operation
        (n, operations). A row of zeros is no vector; those of an ``encoder`` that is not known are not looked at."""
        found = self.pieces(buckets, starts, per_sample_weights=weights) + self.surface(surface)  # (n, WIDTH)
        if vectors is not None and encoder in self.encoders:
            there = (vectors != 0).any(1, keepdim=True).float()
            found = found + there * self.vectors[list(self.encoders).index(encoder)](4 * vectors)
        state = self.dropout(nn.functional.gelu(found))
        state = state + self.dropout(nn.functional.gelu(self.hidden(state)))
        logits = self.heads(state)
        return logits[:, : len(ACTS)], logits[:, len(ACTS) :]


class ActsNetwork(nn.Module):
    """The mean of a few members that were trained apart, which differ where they are not sure (deep ensembles,
    Lakshminarayanan et al. 2017, arXiv:1612.01474).

    ``encoders``: name → dimension of the vectors that can be looked at. Without a vector the text alone serves.
    """

    temperature: Tensor

    def __init__(self, encoders: dict[str, int], members: Sequence[Member] | None = None) -> None:
        super().__init__()
        self.encoders = dict(encoders)
        self.members = nn.ModuleList(members or (Member(encoders) for _ in range(MEMBERS)))
        self.register_buffer("temperature", torch.ones(len(ACTS) + 1))  # of each act, and of the operation

    def forward(
        self,
        buckets: Tensor,
        starts: Tensor,
        weights: Tensor,
        surface: Tensor,
        vectors: Tensor | None,
        encoder: str,
    ) -> tuple[Tensor, Tensor]:
        """As of :meth:`Member.forward`."""
        found = [member(buckets, starts, weights, surface, vectors, encoder) for member in self.members]
        return torch.stack([acts for acts, _ in found]).mean(0), torch.stack([called for _, called in found]).mean(0)


def save(network: ActsNetwork, path: Path, about: dict[str, str]) -> None:
    """Weights as safetensors (16-bit floats), with the encoders' names and ``about`` in the header."""
    header = {"encoders": json.dumps(network.encoders), "acts": json.dumps([ACTS, OPERATIONS]), **about}
    save_weights(network, path, header)


def load(path: Path) -> ActsNetwork:
    """A network ready to read. Raises ``ValueError`` when the file is missing, damaged or of another version."""
    try:
        header, tensors = load_weights(path)
        if json.loads(header["acts"]) != [list(ACTS), list(OPERATIONS)]:
            raise KeyError("acts")
        network = ActsNetwork(json.loads(header["encoders"]))
        network.load_state_dict(tensors)
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError) as exc:
        raise ValueError(f"{path.name} is damaged or of another version of the reading: train it again") from exc
    return network.eval()
