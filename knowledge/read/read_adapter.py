"""What one owner's feedback changed about the read: a small residual on the weights α of the network that ships.

Knows: the shipped network's log α, and how a few learned numbers move weight from one memory to another. Does not know:
how they are learned (``knowledge.feedback.learning``), whose they are, stores, texts.

The network that ships is never touched, as with adapters and LoRA (Houlsby et al. 2019, arXiv:1902.00751; Hu et al.
2021, arXiv:2106.09685). The residual adds to the log α of each memory: a linear view of its evidence, a bias of its
source (speaker, document, note, role), a direction in the space of keys, and a low-rank product of query and key; and
it mixes the hops anew. The null slot keeps its weight exactly, so whether memory answers at all stays the shipped
network's judgement. With all parameters zero, which is how it starts, the weights are the shipped ones.

Shapes: B batch, N slots, D dimension of vectors, K hops; the null slot is position N.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from knowledge.read.evidence import RELATIVE, SLOT_FEATURES
from knowledge.read.read_network import Weights
from knowledge.records import Memory

WIDTH = len(SLOT_FEATURES) + 2 * len(RELATIVE)  # of the evidence, those columns that differ from memory to memory
FLOOR = -60.0  # of log α: what padding and the impossible get


@dataclass(frozen=True, slots=True)
class AdapterSize:
    """``dimension``: of the encoder's vectors. ``sources``: buckets that names of sources are hashed into."""

    dimension: int = 384
    hops: int = 2
    sources: int = 64
    rank: int = 4


@dataclass(frozen=True, slots=True)
class AdapterBatch:
    """vector (B, D) of the query; keys (B, N, D); evidence (B, N, at least WIDTH); sources (B, N) int64; mask (B, N),
    True where there is a slot; log_hops (B, K, N + 1) of the shipped network, which add up to its α."""

    vector: Tensor
    keys: Tensor
    evidence: Tensor
    sources: Tensor
    mask: Tensor
    log_hops: Tensor


def source_of(memory: Memory, buckets: int) -> int:
    """The bucket of who or what a memory comes from: the speaker's name, the document's, else its kind and role."""
    name = memory.speaker or memory.title or f"{memory.kind} {memory.role}"
    return zlib.crc32(name.lower().encode()) % buckets


class ReadAdapter(nn.Module):
    """One owner's residual. ``seed``: of the low-rank product's first factor; everything else starts at zero."""

    def __init__(self, size: AdapterSize | None = None, *, seed: int = 0) -> None:
        super().__init__()
        self.size = size = size or AdapterSize()
        self.evidence = nn.Parameter(torch.zeros(WIDTH))
        self.sources = nn.Parameter(torch.zeros(size.sources))
        self.direction = nn.Parameter(torch.zeros(size.dimension))
        generator = torch.Generator().manual_seed(seed)
        first = torch.randn(size.rank, size.dimension, generator=generator)
        self.to_query = nn.Parameter(first / math.sqrt(size.dimension))
        self.to_key = nn.Parameter(torch.zeros(size.rank, size.dimension))
        self.hops = nn.Parameter(torch.zeros(size.hops))

    def bias(self, batch: AdapterBatch) -> Tensor:
        """(B, N): what is added to each memory's log α before the weights are made to sum up again."""
        seen = batch.evidence[..., :WIDTH] @ self.evidence  # (B, N)
        said = self.sources[batch.sources]
        near = batch.keys @ self.direction
        query = batch.vector @ self.to_query.T  # (B, rank)
        asked = ((batch.keys @ self.to_key.T) * query[:, None]).sum(-1)  # (B, N)
        return seen + said + near + asked

    def forward(self, batch: AdapterBatch) -> Weights:
        """The owner's weights; the null slot's are those of ``batch.log_hops``, and all of them sum to 1."""
        null = batch.log_hops[..., -1:]  # (B, K, 1)
        slots = batch.log_hops[..., :-1].clamp(min=FLOOR)
        whole = torch.logsumexp(slots.flatten(1), 1)  # (B,) what the shipped network gives all memories together
        moved = slots + self.hops[:, None] + self.bias(batch)[:, None]  # (B, K, N)
        moved = moved.masked_fill(~batch.mask[:, None], FLOOR)
        moved = moved - (torch.logsumexp(moved.flatten(1), 1) - whole)[:, None, None]
        log_hops = torch.cat([moved, null], -1)
        return Weights(torch.logsumexp(log_hops, 1), log_hops)


def save(adapter: ReadAdapter, path: Path, about: Mapping[str, str]) -> None:
    """Weights as safetensors, with the sizes and ``about`` in the header; the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    tensors = {name: tensor.detach().contiguous() for name, tensor in adapter.state_dict().items()}
    partial = path.with_name(path.name + ".part")
    save_file(tensors, partial, metadata={**about, "size": json.dumps(asdict(adapter.size))})
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def load(path: Path, wanted: Mapping[str, str]) -> tuple[ReadAdapter, dict[str, str]]:
    """An adapter ready to read, and what its header says.

    Raises ``ValueError`` when the file is damaged, or when its header differs from ``wanted``: it is somebody else's,
    of another encoder, or was learned on other shipped weights.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        adapter = ReadAdapter(AdapterSize(**json.loads(header["size"])))
        adapter.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError, OSError) as exc:
        raise ValueError(f"{path.name} is damaged") from exc
    if differs := [name for name, value in wanted.items() if header.get(name) != value]:
        raise ValueError(f"{path.name} was made for another {', '.join(differs)}")
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise ValueError(f"{path.name} is damaged")
    return adapter.eval(), header


def sources_of(memories: Sequence[Memory], buckets: int) -> Tensor:
    """(n,) int64, :func:`source_of` each."""
    return torch.tensor([source_of(memory, buckets) for memory in memories], dtype=torch.long)
