"""Learning from a person: one owner's feedback → an adapter of the read, measured on feedback that was held back.

Knows: examples as arrays, the losses, the loop, what to go on from. Does not know: whose feedback it is, stores, pages.
The network that ships stays as it is; only the adapter (``knowledge.read.read_adapter``) is trained, from zero each
time.

- Supervised: memories that were pinned for a question, and those an edited reply draws on, are what the read should
  find; muted ones are what it should not.
- Reinforcement: a like is a reward of 1, a dislike one of −1, for the memories the reply drew on, by policy gradient
  with a baseline (REINFORCE, Williams 1992) on the weights α among what was read. Replies were made under earlier
  weights, so each term is weighed by the ratio of weight now to weight then, capped (truncated importance sampling,
  Ionides 2008): what has already lost its weight is pushed down no further.
- Self-supervised: inverse cloze on the owner's own dialogues (Lee et al. 2019, arXiv:1906.00300), and the
  Kullback–Leibler divergence from the shipped weights, hold the read where it was for everything else.

Shapes: B batch, N slots, D dimension, K hops.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from knowledge.errors import BadInput
from knowledge.feedback.examples import (
    Feedback,
    FeedbackExample,
    PastWeight,
    cloze_of,
    examples_of,
    fingerprint,
)
from knowledge.read.read_adapter import AdapterBatch, AdapterSize, ReadAdapter

__all__ = ["Feedback", "FeedbackExample", "FeedbackPlan", "FeedbackTraining", "PastWeight", "cloze_of", "examples_of"]
LEAST = 10  # examples: of fewer nothing can be held back that says anything
MOST_RATIO = 3.0  # that one held-back like or dislike can count more than when it was given
MUTED = 2.0  # nats that a muted memory is to lose of its shipped weight; what has lost more counts hardly any more
_SIGN = {"like": 1.0, "dislike": -1.0, "edit": 1.0, "pin": 1.0, "mute": -1.0}


@dataclass(frozen=True, slots=True)
class FeedbackPlan:
    """How an owner's adapter is trained. ``rate`` of the few interpretable numbers, ``fine_rate`` of what stands in the
    space of keys; ``cloze`` and ``near`` weigh inverse cloze and the divergence from the shipped read."""

    seed: int = 0
    epochs: int = 40
    batch: int = 16
    rate: float = 0.03
    fine_rate: float = 0.003
    decay: float = 0.01
    held_back: float = 0.2  # share of the questions
    neutral: float = 20.0  # replies neither liked nor disliked that the baseline begins with: few dislikes still count
    ratio: float = 3.0  # cap on the weight now over the weight then
    cloze: float = 0.03
    near: float = 0.05
    cloze_turns: int = 48


@dataclass(frozen=True, slots=True)
class _Batch:
    read: AdapterBatch
    credit: Tensor  # (B, N)
    logged: Tensor  # (B, N)
    kinds: list[str]


def held_back(ids: Iterable[str], plan: FeedbackPlan) -> frozenset[str]:
    """Of these questions those whose feedback is held back: a share of them by a hash, the same in every run."""
    ranked = sorted(set(ids), key=lambda id: hashlib.sha256(f"{plan.seed}:{id}".encode()).digest())
    return frozenset(ranked[: max(2, round(plan.held_back * len(ranked)))])


class FeedbackTraining:
    """One run over an owner's examples.

    ``state``: file to go on from after a kill; None keeps none. ``cloze``: examples of the owner's own dialogues.
    Raises BadInput when there is too little feedback to hold some back.
    """

    def __init__(
        self,
        examples: Sequence[FeedbackExample],
        cloze: Sequence[FeedbackExample],
        size: AdapterSize,
        plan: FeedbackPlan | None = None,
        *,
        state: Path | None = None,
    ) -> None:
        self.plan = plan = plan or FeedbackPlan()
        held = held_back((one.id for one in examples), plan)
        self.held = [one for one in examples if one.id in held]
        self.train = [one for one in examples if one.id not in held]
        if len(examples) < LEAST or not self.train:
            raise BadInput(
                f"There is too little feedback to learn from and to check it with: {len(examples)} that bear on what "
                f"is in memory; it takes at least {LEAST}, on different questions. Like or dislike a few more replies."
            )
        self.cloze = list(cloze)
        self.size, self.state = size, state
        self.adapter = ReadAdapter(size, seed=plan.seed)
        fine = [self.adapter.direction, self.adapter.to_query, self.adapter.to_key]
        coarse = [self.adapter.evidence, self.adapter.sources, self.adapter.hops]
        self.optimizer = torch.optim.AdamW(
            [{"params": coarse, "lr": plan.rate}, {"params": fine, "lr": plan.fine_rate}], weight_decay=plan.decay
        )
        rewards = [_SIGN[one.kind] for one in self.train if one.kind in ("like", "dislike")]
        self.baseline = sum(rewards) / (len(rewards) + plan.neutral)
        self.epoch = 0
        self.rows: list[dict[str, float]] = []
        self._over = fingerprint([*examples, *cloze]) + repr(plan) + repr(size)

    # ---- going on after a stop ----------------------------------------------------------------------

    def resume(self) -> bool:
        """Go on where a run over the same examples was killed; False where there is none to go on from."""
        if self.state is None or not self.state.is_file():
            return False
        try:
            kept: dict[str, Any] = torch.load(self.state, weights_only=True)
            if kept["over"] != self._over:
                return False
            self.adapter.load_state_dict(kept["adapter"])
            self.optimizer.load_state_dict(kept["optimizer"])
            self.epoch, self.rows = kept["epoch"], kept["rows"]
        except Exception:  # a damaged state is one to begin anew from; torch raises many kinds
            return False
        return True

    def _keep(self) -> None:
        if self.state is None:
            return
        self.state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = self.state.with_name(self.state.name + ".part")
        kept = {
            "over": self._over,
            "adapter": self.adapter.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "rows": self.rows,
        }
        with partial.open("wb") as file:
            torch.save(kept, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.state)

    def forget(self) -> None:
        """The run is over: there is nothing to go on from."""
        if self.state is not None:
            self.state.unlink(missing_ok=True)

    # ---- the loop -----------------------------------------------------------------------------------

    def go(self, step: Callable[[float], None] = lambda share: None, *, until: int | None = None) -> ReadAdapter:
        """Train to the end of the plan; ``step`` gets 0…1 after each batch and may raise to stop. ``until``: stop, to
        be resumed, after so many epochs."""
        end = min(self.plan.epochs, self.plan.epochs if until is None else until)
        while self.epoch < end:
            loss = self._epoch(step)
            self.epoch += 1
            self.rows.append({"epoch": self.epoch, "train": round(loss, 5)})
            self._keep()
        return self.adapter.eval()

    def _epoch(self, step: Callable[[float], None]) -> float:
        rng = random.Random(f"{self.plan.seed}:{self.epoch}")  # the same whether or not it was resumed into
        order = list(range(len(self.train)))
        rng.shuffle(order)
        self.adapter.train()
        total = 0.0
        for at in range(0, len(order), self.plan.batch):
            items = [self.train[i] for i in order[at : at + self.plan.batch]]
            loss = self.loss(batch_of(items))
            if self.cloze:
                others = rng.sample(self.cloze, min(self.plan.batch // 2, len(self.cloze)))
                loss = loss + self.plan.cloze * self.loss(batch_of(others))
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            total += loss.item() * len(items)
            step((self.epoch + (at + len(items)) / len(order)) / self.plan.epochs)
        return total / len(order)

    def loss(self, batch: _Batch) -> Tensor:
        """What feedback asks for, plus the divergence from the shipped weights."""
        log = _shares(self.adapter(batch.read).log_alpha)  # (B, N)
        with torch.no_grad():
            shipped = _shares(torch.logsumexp(batch.read.log_hops, 1))
        kinds = np.array(batch.kinds)

        def rows(*names: str) -> Tensor:
            return torch.from_numpy(np.isin(kinds, names))

        each = torch.zeros(len(kinds))
        wanted = rows("edit", "pin", "cloze")
        found = torch.logsumexp(log + batch.credit.clamp(min=1e-9).log(), 1) - batch.credit.amax(1).log()
        each = torch.where(wanted, -found.clamp(min=-30), each)
        moved = ((log - shipped).clamp(min=-30) * batch.credit).sum(1)
        each = torch.where(rows("mute"), F.softplus(moved + MUTED), each)
        each = torch.where(rows("like", "dislike"), self._policy(batch, log, rows("like")), each)
        drift = (shipped.exp() * (shipped - log)).sum(1)
        return (each + self.plan.near * drift).mean()

    def _policy(self, batch: _Batch, log: Tensor, liked: Tensor) -> Tensor:
        """(B,) REINFORCE with a baseline, over the weights among what was read: −(reward − baseline)·ratio·log α."""
        read = batch.logged > 0
        among = log.masked_fill(~read, -1e4)
        among = torch.where(read.any(1, keepdim=True), torch.log_softmax(among, 1), torch.zeros_like(among))
        ratio = (among.detach().exp() / batch.logged.clamp(min=1e-4)).clamp(max=self.plan.ratio)
        reward = torch.where(liked, 1.0, -1.0) - self.baseline
        drawn = torch.where(read, batch.credit, torch.zeros_like(batch.credit))
        return -reward * (drawn * ratio * among.clamp(min=-30)).sum(1)

    # ---- before and after ---------------------------------------------------------------------------

    def report(self) -> dict[str, Any]:
        """What was learned from, and the held-back feedback before and after; ``better``: is it worth keeping?"""
        before, after = self.measured(None), self.measured(self.adapter)
        return {
            "kinds": dict(Counter(one.kind for one in [*self.train, *self.held])),
            "trained_on": len(self.train),
            "held_back": len(self.held),
            "before": before,
            "after": after,
            "better": after["score"] > before["score"],
            "plan": asdict(self.plan),
        }

    @torch.no_grad()
    def measured(self, adapter: ReadAdapter | None) -> dict[str, float]:
        """Of the read with ``adapter``, or of the shipped one, over held-back feedback; what there is feedback for.

        ``reward``: what likes (1) and dislikes (−1) let expect, about −1…1, by importance sampling with the training's
        baseline as control variate (Vlassis et al. 2019): each counts by the weight now over that when it was given, so
        that giving up what was disliked counts even where nothing was liked. ``wanted`` and
        ``unwanted``: share of the weight of all memories on those that were pinned or that an edit draws on, and on
        those that were muted. ``score``: the mean of reward, wanted and −unwanted over all held-back feedback.
        ``dialogues``: the share on the right turns in inverse cloze, by which the read elsewhere is watched.
        """
        rated = [one for one in self.held if one.kind in ("like", "dislike")]
        wanted = [one for one in self.held if one.kind in ("pin", "edit")]
        muted = [one for one in self.held if one.kind == "mute"]
        found: dict[str, float] = {}
        if rated:
            ratios = np.array(self._ratios(rated, adapter))
            signs = np.array([_SIGN[one.kind] for one in rated])
            found["reward"] = float(((signs - self.baseline) * ratios).mean() + self.baseline)
        for name, examples in (("wanted", wanted), ("unwanted", muted), ("dialogues", self.cloze)):
            if examples:
                found[name] = float(np.mean(self.shares_of(examples, adapter)))
        parts = [(len(rated), "reward", 1), (len(wanted), "wanted", 1), (len(muted), "unwanted", -1)]
        found["score"] = sum(n * sign * found.get(name, 0.0) for n, name, sign in parts) / len(self.held)
        return {name: round(value, 5) for name, value in found.items()}

    def _log_alpha(self, batch: _Batch, adapter: ReadAdapter | None) -> Tensor:
        log: Tensor = torch.logsumexp(batch.read.log_hops, 1) if adapter is None else adapter(batch.read).log_alpha
        return log

    def _ratios(self, examples: Sequence[FeedbackExample], adapter: ReadAdapter | None) -> list[float]:
        """Weight now over weight then, among what was read, of what each reply drew on."""
        ratios: list[float] = []
        for at in range(0, len(examples), self.plan.batch):
            batch = batch_of(examples[at : at + self.plan.batch])
            now = torch.softmax(_shares(self._log_alpha(batch, adapter)).masked_fill(batch.logged <= 0, -1e4), 1)
            each = (now / batch.logged.clamp(min=1e-4)).clamp(max=MOST_RATIO)
            ratios += (each * batch.credit).sum(1).tolist()
        return ratios

    @torch.no_grad()
    def shares_of(self, examples: Sequence[FeedbackExample], adapter: ReadAdapter | None) -> list[float]:
        """Of each example, the share of the weight on the memories it is about; any of several will do."""
        shares: list[float] = []
        for at in range(0, len(examples), self.plan.batch):
            batch = batch_of(examples[at : at + self.plan.batch])
            shares += (_shares(self._log_alpha(batch, adapter)).exp() * (batch.credit > 0)).sum(1).tolist()
        return shares


def _shares(log_alpha: Tensor) -> Tensor:
    """(B, N + 1) log α → (B, N) log of each memory's share of what all memories have together."""
    return torch.log_softmax(log_alpha[:, :-1], 1)


def batch_of(items: Sequence[FeedbackExample]) -> _Batch:
    """Examples as one padded batch."""
    n, size = max(len(one.sources) for one in items), len(items)
    hops, width, dimension = items[0].log_hops.shape[0], items[0].evidence.shape[1], items[0].keys.shape[1]
    keys, evidence = np.zeros((size, n, dimension), np.float32), np.zeros((size, n, width), np.float32)
    sources, mask = np.zeros((size, n), np.int64), np.zeros((size, n), bool)
    log_hops = np.full((size, hops, n + 1), -60.0, np.float32)
    credit, logged = np.zeros((size, n), np.float32), np.zeros((size, n), np.float32)
    for row, one in enumerate(items):
        m = len(one.sources)
        keys[row, :m], evidence[row, :m], sources[row, :m], mask[row, :m] = one.keys, one.evidence, one.sources, True
        log_hops[row, :, :m], log_hops[row, :, -1] = one.log_hops[:, :-1], one.log_hops[:, -1]
        credit[row, :m], logged[row, :m] = one.credit, one.logged
    vector = np.stack([one.vector for one in items])
    read = AdapterBatch(*(torch.from_numpy(array) for array in (vector, keys, evidence, sources, mask, log_hops)))
    return _Batch(read, torch.from_numpy(credit), torch.from_numpy(logged), [one.kind for one in items])
