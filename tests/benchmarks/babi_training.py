"""Joint training on the bAbI tasks: answer loss and memory loss, averaged weights, checkpoints to go on from.

The memory loss is cross-entropy of half of the heads' reads against the known evidence (the supporting facts of the
training files): hop 1 on the first fact of the inference, hop 2 on the second, and so on; the last two hops on all.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.inference_network import InferenceNetwork, Size, Vocabulary, save
from knowledge.read.addressing import Address
from tests.benchmarks.babi_data import Batch, Packed, batch_of, keep_facts
from tests.benchmarks.babi_symmetry import Renamer


@dataclass(frozen=True)
class Plan:
    """What a run of training is; everything that decides its numbers."""

    epochs: float = 90
    batch: int = 64
    rate: float = 1e-3
    warm_up: int = 500  # steps
    decay: float = 0.05  # of weights
    smoothing: float = 0.05  # of labels
    memory: float = 0.3  # weight of the memory loss
    drop_facts: float = 0.5
    limit: int = 40  # facts kept
    average: float = 0.999
    least: float = 0.15  # how much of a solved task is shown, 1 for as much as of others
    rename: float = 0.9  # share of questions whose words are renamed
    seed: int = 0
    size: dict[str, Any] = field(default_factory=dict)


def pieces(
    packed: Packed, indices: np.ndarray, plan: Plan, rng: np.random.Generator | None, rename: Renamer | None = None
) -> list[Batch]:
    """One step's questions as a few batches of similar length: their gradients add up, little is padding."""
    drop = plan.drop_facts if rng is not None else 0.0
    kept = [keep_facts(packed, int(i), plan.limit, drop, rng) for i in indices]
    lengths = np.array([len(k) for k in kept])
    group = np.digitize(lengths, [6, 14])
    found = []
    for g in np.unique(group):
        rows = np.flatnonzero(group == g)
        renaming, spelled = None, None
        if rename is not None and rng is not None:
            renaming, spelled = rename(packed.task[indices[rows]], rng), rename.spelled
        found.append(
            batch_of(
                packed,
                indices[rows],
                limit=plan.limit,
                kept=[kept[r] for r in rows],
                renaming=renaming,
                spelled=spelled,
            )
        )
    return found


def evidence_per_hop(evidence: Tensor, hops: int, slots: int) -> Tensor:
    """What the heads should look at: evidence (B, S), −1 for none → (hops, B, slots); rows sum to 1, or to 0."""
    known = evidence >= 0
    count = known.sum(1)
    single = F.one_hot(evidence.clamp(min=0), slots).float() * known[..., None]
    everything = single.sum(1) / count.clamp(min=1)[:, None]
    targets = []
    for hop in range(hops):
        if hop >= hops - 2:
            targets.append(everything)
            continue
        step = torch.minimum(torch.full_like(count, hop), (count - 1).clamp(min=0))
        ordered = single[torch.arange(len(step)), step]
        targets.append(torch.where((count <= hops - 2)[:, None], ordered, everything))
    return torch.stack(targets)


def losses(network: InferenceNetwork, batch: Batch, plan: Plan) -> tuple[Tensor, Tensor, np.ndarray]:
    """Sums over the batch, of the answer loss and of the memory loss; and which answers are wrong, (B,) bool."""
    answer = torch.from_numpy(batch.answer)
    logits, looked = network(torch.from_numpy(batch.words), torch.from_numpy(batch.length))
    first = F.cross_entropy(logits[:, 0], answer[:, 0], label_smoothing=plan.smoothing, reduction="sum")
    rest = F.cross_entropy(logits[:, 1:].flatten(0, 1), answer[:, 1:].flatten(), reduction="sum")
    missed = (logits.detach().argmax(-1) != answer).any(1).numpy()
    return first + rest, memory_loss(looked, torch.from_numpy(batch.evidence)), missed


def memory_loss(looked: tuple[Address, ...], evidence: Tensor) -> Tensor:
    """Cross-entropy of half of the heads' reads against the evidence, mean over heads and hops, sum over the batch."""
    target = evidence_per_hop(evidence, len(looked), looked[0].log_slots.shape[-1])
    heads = max(1, looked[0].log_weights.shape[1] // 2)
    log_read = torch.stack([a.log_slots[:, :heads] for a in looked])
    return -(target[:, :, None] * log_read.clamp(min=-30)).sum() / (heads * len(looked))


@torch.no_grad()
def wrong(network: InferenceNetwork, packed: Packed, plan: Plan) -> dict[int, float]:
    """Fraction of questions whose answer is not exactly right, by task."""
    network.eval()
    order = np.argsort([len(s) for s in packed.sentences], kind="stable")
    misses: dict[int, list[bool]] = {}
    for start in range(0, len(order), 256):
        for batch in pieces(packed, order[start : start + 256], plan, None):
            logits, _ = network(torch.from_numpy(batch.words), torch.from_numpy(batch.length))
            bad = (logits.argmax(-1).numpy() != batch.answer).any(1)
            for task, miss in zip(batch.task, bad, strict=True):
                misses.setdefault(int(task), []).append(bool(miss))
    network.train()
    return {task: float(np.mean(m)) for task, m in sorted(misses.items())}


def summary(errors: dict[int, float]) -> dict[str, Any]:
    """The benchmark's JSON object: errors are fractions; a task is failed above 5 %."""
    return {
        "mean_error": round(float(np.mean(list(errors.values()))), 5),
        "failed": sum(e > 0.05 for e in errors.values()),
        "per_task": {str(task): round(e, 4) for task, e in errors.items()},
    }


class Chooser:
    """Which questions come next: tasks by how often their questions are still missed, in each task all in turn.

    ``least``: weight of a task without errors, beside 1 for a task with nothing right; 1 for all alike.
    """

    def __init__(self, tasks: np.ndarray, least: float) -> None:
        self.least = least
        self.own = {int(task): np.flatnonzero(tasks == task) for task in np.unique(tasks)}
        self.rest = {task: np.zeros(0, np.int64) for task in self.own}
        self.missed = {task: 1.0 for task in self.own}

    def next(self, count: int, rng: np.random.Generator) -> np.ndarray:
        weight = np.array([max(self.least, self.missed[t]) * len(self.own[t]) for t in self.own])
        numbers = rng.multinomial(count, weight / weight.sum())
        found = []
        for task, number in zip(self.own, numbers, strict=True):
            while number > len(self.rest[task]):
                self.rest[task] = np.concatenate([self.rest[task], rng.permutation(self.own[task])])
            found.append(self.rest[task][:number])
            self.rest[task] = self.rest[task][number:]
        return np.concatenate(found)

    def learn(self, tasks: np.ndarray, missed: np.ndarray) -> None:
        for task, miss in zip(tasks, missed, strict=True):
            self.missed[int(task)] += 0.005 * (float(miss) - self.missed[int(task)])


class Run:
    """A run of training in a folder: ``state.pt`` to go on from, ``log.jsonl``, ``best.safetensors``."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        vocabulary: Vocabulary,
        train: Packed,
        valid: Packed,
        rename: Renamer | None = None,
    ) -> None:
        self.folder, self.plan, self.vocabulary, self.train, self.valid = folder, plan, vocabulary, train, valid
        self.rename = rename
        torch.manual_seed(plan.seed)
        self.rng = np.random.default_rng(plan.seed)
        self.network = InferenceNetwork(Size(len(vocabulary), **plan.size))
        self.average = InferenceNetwork(self.network.size)
        self.average.load_state_dict(self.network.state_dict())
        matrices = [p for p in self.network.parameters() if p.dim() > 1]
        others = [p for p in self.network.parameters() if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": plan.decay}, {"params": others, "weight_decay": 0.0}],
            lr=plan.rate,
            betas=(0.9, 0.98),
        )
        self.steps = math.ceil(plan.epochs * len(train.sentences) / plan.batch)
        self.step, self.best, self.seconds = 0, math.inf, 0.0
        self.chooser = Chooser(train.task, plan.least)
        folder.mkdir(parents=True, exist_ok=True)

    def resume(self) -> bool:
        path = self.folder / "state.pt"
        if not path.exists():
            return False
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.best, self.seconds = state["step"], state["best"], state["seconds"]
        self.chooser.missed = state["missed"]
        self.rng = np.random.default_rng([self.plan.seed, self.step])
        return True

    def keep(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "step": self.step,
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
            "seconds": self.seconds,
            "missed": self.chooser.missed,
        }
        torch.save(state, self.folder / "state.tmp")
        (self.folder / "state.tmp").replace(self.folder / "state.pt")

    def rate(self) -> float:
        warm = min(1.0, (self.step + 1) / self.plan.warm_up)
        return self.plan.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / self.steps))))

    def one_step(self) -> tuple[float, float]:
        indices = self.chooser.next(self.plan.batch, self.rng)
        answered = remembered = 0.0
        for batch in pieces(self.train, indices, self.plan, self.rng, self.rename):
            answer, memory, missed = losses(self.network, batch, self.plan)
            self.chooser.learn(batch.task, missed)
            torch.autograd.backward((answer + self.plan.memory * memory) / len(indices))
            answered, remembered = answered + answer.item() / len(indices), remembered + memory.item() / len(indices)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        keep = min(self.plan.average, self.step / (self.step + 10))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        return answered, remembered

    def go(self, *, until: float = math.inf, every: float = 1.0) -> dict[str, Any]:
        """Train to the end of the plan or ``until`` seconds have passed; validate every ``every`` epochs."""
        per_epoch = len(self.train.sentences) / self.plan.batch
        started, last, sums, errors = time.monotonic(), time.monotonic(), np.zeros(2), {}
        count = 0
        while self.step < self.steps and time.monotonic() - started < until:
            sums += self.one_step()
            count += 1
            if self.step % max(1, round(every * per_epoch)) and self.step < self.steps:
                continue
            self.seconds += time.monotonic() - last
            last = time.monotonic()
            errors = wrong(self.average, self.valid, self.plan)
            mean = float(np.mean(list(errors.values())))
            line = {
                "epoch": round(self.step / per_epoch, 2),
                "answer": round(sums[0] / count, 4),
                "memory": round(sums[1] / count, 4),
                "valid": round(mean, 4),
                "minutes": round(self.seconds / 60, 1),
                "tasks": {k: round(v, 3) for k, v in errors.items() if v > 0},
            }
            with (self.folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)
            sums[:], count = 0, 0
            if mean <= self.best:
                self.best = mean
                about = {"plan": asdict(self.plan), "epoch": line["epoch"], "valid": summary(errors)}
                save(self.folder / "best.safetensors", self.average, self.vocabulary, about)
            self.keep()
        return summary(errors) if errors else {}
