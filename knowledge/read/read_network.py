"""The learned read (O): internal memory, evidence heads, hops and null slot as one torch module.

Knows: tensors of evidence, keys and dialogue turns, and how to weigh them. Does not know: texts, stores, encoders.

One read is: query = internal memory's view of the new turn; per hop, heads address the slots by content (cosine of
projected query and key, strength β) plus what an evidence network says of the slot's words, time, speaker and
neighbourhood, then shift to the turns around and sharpen (:mod:`knowledge.read.addressing`); the null slot's logit
comes
from what the heads would read (summary features), so that "the other one said that" and "nobody did" can be told. The
read's weights α are a mixture of all heads of all hops; which of them a question needs is learned.

Shapes: B batch, N slots, D dimension of vectors, F width of evidence, H heads, K hops. The null slot is position N.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from knowledge.read.addressing import FLOOR, Address, masked_log_softmax
from knowledge.read.evidence import QUERY_FEATURES, RELATIVE, SLOT_FEATURES, WIDTH
from knowledge.read.internal_memory import InternalMemory
from knowledge.read.multi_hop import MultiHopRead

_COLUMNS = (*SLOT_FEATURES, *RELATIVE, *RELATIVE)  # of the evidence, before the query's own
_LEXICAL = [i for i, name in enumerate(_COLUMNS) if "bm25" in name or "cover" in name or name == "rarest"]
_SPEAKER = [SLOT_FEATURES.index("named"), SLOT_FEATURES.index("other")]
_EXTRA = 4  # of later hops: log weight and weight by the hop before, cosine with the refined query and what was read


@dataclass(frozen=True, slots=True)
class ReadSize:
    """Sizes and parts of the network; parts can be left out to see what they are worth."""

    dimension: int = 384
    heads: int = 4
    head_dim: int = 48
    hops: int = 2
    hidden: int = 48  # of the evidence networks
    state: int = 96  # of the internal memory's LSTM
    shift_radius: int = 1
    null_slot: bool = True
    internal_memory: bool = True
    lexical: bool = True


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """vector (B, D); dialogue (B, T, D) with turns (B,) of them in use, left-aligned; keys (B, N, D); evidence
    (B, N, F); mask (B, N) True where there is a slot; neighbours (B, 2R + 1, N)."""

    vector: Tensor
    dialogue: Tensor
    turns: Tensor
    keys: Tensor
    evidence: Tensor
    mask: Tensor
    neighbours: Tensor


@dataclass(frozen=True, slots=True)
class Weights:
    """log_alpha: (B, N + 1), null slot last. log_hops: (B, K, N + 1), each hop's share: they add up to alpha."""

    log_alpha: Tensor
    log_hops: Tensor


class EvidenceHead(nn.Module):
    """Evidence of the slots → logits per head, and of the whole shortlist → logits of the null slot."""

    def __init__(self, size: ReadSize, extra: int) -> None:
        super().__init__()
        self.heads = size.heads
        self.slot = nn.Sequential(
            nn.Linear(WIDTH + extra, size.hidden),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(size.hidden, size.hidden),
            nn.GELU(),
            nn.Linear(size.hidden, size.heads + 1),
        )
        self.blind = nn.Sequential(  # who matches best, whoever said it
            nn.Linear(WIDTH, size.hidden // 2), nn.GELU(), nn.Dropout(0.1), nn.Linear(size.hidden // 2, 1)
        )
        self.null = nn.Sequential(
            nn.Linear(2 * (WIDTH + extra) + 2 + 4, size.hidden),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(size.hidden, size.heads),
        )

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """(B, N, F + extra), (B, N) → (B, H, N + 1)."""
        out = self.slot(features)  # (B, N, H + 1)
        logits, best = out[..., : self.heads], out[..., self.heads]
        sharp = masked_log_softmax(best, mask).exp()  # (B, N)
        seen = features[..., :WIDTH].clone()
        seen[..., _SPEAKER] = 0
        match = self.blind(seen)[..., 0]
        blind = masked_log_softmax(match, mask).exp()
        summary = torch.stack([sharp, blind], 1) @ features  # (B, 2, F + extra)
        peaks = torch.stack([sharp.amax(1), blind.amax(1)], 1)
        null = self.null(torch.cat([summary.flatten(1), peaks, self._sides(match, features, mask)], 1))  # (B, H)
        return torch.cat([logits.transpose(1, 2), null[..., None]], -1)

    @staticmethod
    def _sides(match: Tensor, features: Tensor, mask: Tensor) -> Tensor:
        """(B, 4): how much of the match the asked person said and how much somebody else, their difference, and how
        well anything matches at all. A question about what the other one said is answered by nobody."""
        whole = torch.logsumexp(match.masked_fill(~mask, FLOOR), 1)
        named, other = (
            torch.logsumexp(match.masked_fill(~(mask & (features[..., column] > 0.5)), FLOOR), 1) - whole
            for column in _SPEAKER
        )
        named, other = named.clamp(min=-8), other.clamp(min=-8)
        return torch.stack([named, other, named - other, whole / 4], 1)


class ReadNetwork(nn.Module):
    """α over a shortlist of memories. ``size``: what it consists of."""

    def __init__(self, size: ReadSize | None = None) -> None:
        super().__init__()
        self.size = size = size or ReadSize()
        self.internal = InternalMemory(size.dimension, size.state, dropout=0.1) if size.internal_memory else None
        self.read = MultiHopRead(
            size.dimension,
            hops=size.hops,
            heads=size.heads,
            head_dim=size.head_dim,
            update="highway",
            shift_radius=size.shift_radius,
            sharpening=True,
            null_slot=size.null_slot,
            strength=8.0,
        )
        self.heads = nn.ModuleList(EvidenceHead(size, _EXTRA if hop else 0) for hop in range(size.hops))
        self.mixture = nn.Linear(len(QUERY_FEATURES), size.hops * size.heads)
        nn.init.zeros_(self.mixture.weight)
        nn.init.zeros_(self.mixture.bias)
        self._start_as_cosine()

    def _start_as_cosine(self) -> None:
        """Query and key start with the same orthogonal projection: their cosine is then about the vectors' own."""
        for hop in self.read.hops:
            key = hop.addressing.to_key  # type: ignore[union-attr]
            nn.init.orthogonal_(key.weight)  # type: ignore[union-attr, arg-type]
            with torch.no_grad():
                hop.addressing.to_query.weight.copy_(key.weight)  # type: ignore[union-attr, operator, arg-type]
                hop.addressing.to_query.bias.zero_()  # type: ignore[union-attr, operator]

    def focus(self, batch: ReadBatch) -> Tensor:
        """The query (B, D): the new turn in the light of the dialogue before it (internal memory), of length 1."""
        if self.internal is None:
            return batch.vector
        state = batch.vector.new_zeros(batch.vector.shape[0], self.internal.hidden)
        if batch.dialogue.shape[1]:
            hidden, _ = self.internal.lstm(batch.dialogue)
            last = (batch.turns - 1).clamp(min=0)[:, None, None].expand(-1, 1, hidden.shape[-1])
            state = hidden.gather(1, last)[:, 0] * (batch.turns > 0)[:, None]
        return F.normalize(self.internal.combine(batch.vector, state), dim=-1)

    def forward(self, batch: ReadBatch) -> Weights:
        """The read weights of every slot and the null slot."""
        size = self.size
        features = batch.evidence
        if not size.lexical:
            features = features.clone()
            features[..., _LEXICAL] = 0
        query = self.focus(batch)

        def evidence(hop: int, refined: Tensor, previous: Address | None) -> Tensor:
            seen = features
            if previous is not None:
                log = torch.logsumexp(previous.log_slots, 1) - torch.log(torch.tensor(float(size.heads)))  # (B, N)
                weight = log.exp()
                near = F.cosine_similarity(refined[:, None], batch.keys, dim=-1)
                top = (batch.keys * weight[..., None]).sum(1)  # (B, D) what was read
                like = F.cosine_similarity(top[:, None], batch.keys, dim=-1)
                extra = torch.stack([log.clamp(min=-12) / 6, weight, near, like], -1)
                seen = torch.cat([features, extra], -1)
            logits: Tensor = self.heads[hop](seen, batch.mask)
            return logits if size.null_slot else logits[..., :-1]

        hops = self.read(
            query,
            batch.keys,
            batch.keys,
            mask=batch.mask,
            evidence=evidence,
            neighbours=batch.neighbours if size.shift_radius else None,
        )
        asked = features[:, 0, -len(QUERY_FEATURES) :]
        share = F.log_softmax(self.mixture(asked), -1).view(-1, size.hops, size.heads)
        each = torch.stack([address.log_weights for address in hops.addresses], 1)  # (B, K, H, N + 1)
        if not size.null_slot:
            each = F.pad(each, (0, 1), value=FLOOR)
        log_hops = torch.logsumexp(each + share[..., None], 2)
        return Weights(torch.logsumexp(log_hops, 1), log_hops)


def memory_loss(weights: Weights, evidence: Tensor, answerable: Tensor, hops: Tensor | None = None) -> Tensor:
    """Cross-entropy of the read against the known evidence, or the null slot where nothing answers.

    evidence: (B, N) bool. answerable: (B,) bool. hops: (B, N) bool, what the first hop should find (where known): the
    leading memories and the evidence. Questions whose evidence is not on the shortlist should be left out beforehand.
    """
    log = weights.log_alpha
    found = (log[:, :-1].clamp(min=-30) * evidence).sum(1) / evidence.sum(1).clamp(min=1)
    loss = -torch.where(answerable, found, log[:, -1].clamp(min=-30)).mean()
    if hops is not None and weights.log_hops.shape[1] > 1 and hops.any():
        first = weights.log_hops[:, 0]
        first = first - torch.logsumexp(first, -1, keepdim=True)
        lead = torch.logsumexp(first[:, :-1].masked_fill(~hops, FLOOR), 1).clamp(min=-30)
        loss = loss - 0.2 * (lead * hops.any(1)).sum() / hops.any(1).sum()
    return loss


def save(network: ReadNetwork, path: Path, about: dict[str, str]) -> None:
    """Weights as safetensors (16-bit floats), with the sizes and ``about`` in the header."""
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, path, metadata={"size": json.dumps(asdict(network.size)), **about})


def load(path: Path) -> tuple[ReadNetwork, str]:
    """A network ready to read, and the name of the encoder it was trained on.

    Raises ``ValueError`` when the file is damaged or was made for other evidence than this version's.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata()
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        network = ReadNetwork(ReadSize(**json.loads(header["size"])))
        network.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, KeyError, TypeError) as exc:
        raise ValueError(f"{path.name} is damaged or of another version of the read: train it again") from exc
    return network.eval(), header["encoder"]
