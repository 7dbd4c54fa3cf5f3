"""Trains the read: memory loss over the lessons, with a dev part held out, early stopping, and a state to go on from.

Knows: batches, the optimiser, when to stop. Does not know: where scenes come from, or the store.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from knowledge.read.evidence import SLOT_FEATURES, relate
from knowledge.read.pair_evidence import PAIR_FEATURES
from knowledge.read.read_network import ReadBatch, ReadNetwork, ReadSize, memory_loss
from knowledge.training.read_data import Example, Lesson
from knowledge.training.run_state import keep_state

Item = tuple[Lesson, Example]
_SPEAKERS = [SLOT_FEATURES.index("named"), SLOT_FEATURES.index("other")]
_PAIRS = [SLOT_FEATURES.index(name) for name in PAIR_FEATURES]


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """How the read is trained. ``drop_speaker``: share of questions whose speakers are hidden, as in the app."""

    seed: int = 0
    epochs: int = 8
    batch: int = 16
    rate: float = 2e-3
    decay: float = 0.02
    dev: float = 0.08  # share of the scenes
    slots: int = 256  # of a shortlist, at most (the evidence always among them)
    drop_speaker: float = 0.1
    small: float = 0.25  # share of questions asked of a few memories only, as in a new memory
    emptied: float = 0.3  # share of those from whose few memories the answer is taken out: nothing answers
    drop_pairs: float = 0.5  # share of questions that are answered without a look at memories beside each other
    other: float = 0.3  # share of answerable questions that are asked of the other speaker instead: nothing answers
    noise: float = 0.1  # on the evidence, in standard deviations of about one: less trust in exact values
    patience: int = 3  # epochs without a better dev loss


def batch_of(
    items: Sequence[Item], plan: ReadPlan, rng: random.Random | None = None
) -> tuple[ReadBatch, Tensor, Tensor, Tensor]:
    """Examples as a padded batch, with (evidence, lead, answerable) of :func:`memory_loss`. ``rng``: to augment."""
    few = [rng is not None and rng.random() < plan.small for _ in items]
    emptied = [little and rng is not None and rng.random() < plan.emptied for little in few]
    picks = [
        _pick(example, rng.randint(1, 40) if little and rng else plan.slots, rng, without=empty)
        for (_, example), little, empty in zip(items, few, emptied, strict=True)
    ]
    n = max(len(pick) for pick in picks)
    turns = max(len(example.dialogue) for _, example in items)
    size, width, dimension = len(items), items[0][1].features.shape[1], items[0][0].keys.shape[1]
    keys = np.zeros((size, n, dimension), np.float32)
    features = np.zeros((size, n, width), np.float32)
    mask, right, lead = (np.zeros((size, n), bool) for _ in range(3))
    near = np.full((size, 3, n), -1, np.int64)
    dialogue = np.zeros((size, turns, dimension), np.float32)
    answerable = np.array([example.answerable for _, example in items])
    for row, ((lesson, example), pick) in enumerate(zip(items, picks, strict=True)):
        m = len(pick)
        keys[row, :m] = lesson.keys[example.slots[pick]]
        features[row, :m] = example.features[pick]
        if few[row]:
            relate(features[row, :m])
        mask[row, :m] = True
        right[row, :m] = example.evidence[pick]
        answerable[row] &= bool(right[row].any())
        lead[row, :m] = example.lead[pick]
        place = np.full(len(example.slots) + 1, -1)
        place[pick] = np.arange(m)
        near[row, :, :m] = place[example.neighbours[:, pick]]  # −1 is the last place: stays −1
        dialogue[row, : len(example.dialogue)] = example.dialogue
        if rng is not None and answerable[row] and rng.random() < plan.other:
            if _ask_the_other(features[row, :m], right[row, :m]):
                answerable[row] = right[row] = lead[row] = False
        elif rng is not None and rng.random() < plan.drop_speaker:
            features[row, :m, _SPEAKERS] = 0
        if rng is not None and rng.random() < plan.drop_pairs:
            features[row, :m, _PAIRS] = 0
    if rng is not None and plan.noise:
        noise = np.random.default_rng(rng.getrandbits(32)).standard_normal(features.shape).astype(np.float32)
        features += plan.noise * noise * np.abs(features)
    batch = ReadBatch(
        torch.from_numpy(np.stack([example.vector for _, example in items]).astype(np.float32)),
        torch.from_numpy(dialogue),
        torch.tensor([len(example.dialogue) for _, example in items]),
        torch.from_numpy(keys),
        torch.from_numpy(features),
        torch.from_numpy(mask),
        torch.from_numpy(near),
    )
    return batch, torch.from_numpy(right), torch.from_numpy(lead), torch.from_numpy(answerable)


def _ask_the_other(features: np.ndarray, right: np.ndarray) -> bool:
    """Put the question to the other speaker, in place, where the named one alone said what answers it. → done?

    features: (n, F). right: (n,) bool, the evidence.
    """
    named, other = features[:, _SPEAKERS[0]], features[:, _SPEAKERS[1]]
    if not right.any() or not named[right].all() or (other > 0).sum() <= 3:
        return False
    features[:, _SPEAKERS] = features[:, _SPEAKERS[::-1]]
    return True


def _pick(example: Example, most: int, rng: random.Random | None, *, without: bool = False) -> np.ndarray:
    """Which slots of a long shortlist stay: evidence and, while training, random others; else the first by words.

    ``without``: none that answers or leads to the answer, nor the turns beside those, which may repeat it.
    """
    n = len(example.slots)
    if rng is None or (n <= most and not without):
        return np.arange(n)
    leads = {i for i in range(n) if example.lead[i]}
    if without:
        leads |= {int(near) for row in example.neighbours for near in row[list(leads)] if near >= 0}
    others = [i for i in range(n) if i not in leads]
    kept = [] if without and others else sorted(leads)
    return np.array(sorted([*kept[:most], *rng.sample(others, min(len(others), max(0, most - len(kept))))]))


class ReadTraining:
    """One run in ``folder``: state.pt to go on from, best.pt, loss.csv.

    The network's parts (``size``) may be left out for ablations. ``lessons`` are split by scene.
    """

    def __init__(self, lessons: Sequence[Lesson], folder: Path, plan: ReadPlan, size: ReadSize | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.plan = folder, plan
        torch.manual_seed(plan.seed)
        self.network = ReadNetwork(size)
        rng = random.Random(plan.seed)
        order = list(lessons)
        rng.shuffle(order)
        cut = max(1, round(plan.dev * len(order)))
        self.dev = [(lesson, example) for lesson in order[:cut] for example in lesson.examples]
        self.train = [(lesson, example) for lesson in order[cut:] for example in lesson.examples]
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=plan.rate, weight_decay=plan.decay)
        self.steps = plan.epochs * ((len(self.train) + plan.batch - 1) // plan.batch)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, plan.rate, total_steps=self.steps + 1, pct_start=0.1
        )
        self.epoch, self.best, self.since, self.rows = 0, float("inf"), 0, list[dict[str, float]]()
        self.until = plan.epochs  # stop (resumable) after so many epochs

    # ---- going on after a stop --------------------------------------------------------------------------

    def resume(self) -> bool:
        """Go on where the run in this folder stopped, if there is one."""
        path = self.folder / "state.pt"
        if not path.is_file():
            return False
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.epoch, self.best, self.since, self.rows = state["epoch"], state["best"], state["since"], state["rows"]
        torch.set_rng_state(state["random"])
        return True

    def _keep(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "epoch": self.epoch,
            "best": self.best,
            "since": self.since,
            "rows": self.rows,
            "random": torch.get_rng_state(),
        }
        keep_state(self.folder, state, self.rows)

    # ---- the loop ----------------------------------------------------------------------------------------

    def go(self) -> ReadNetwork:
        """Train to the end of the plan or until the dev loss no longer falls; the best network comes back."""
        while self.epoch < min(self.until, self.plan.epochs) and self.since < self.plan.patience:
            train = self._epoch()
            dev = self.loss(self.dev)
            self.epoch += 1
            self.rows.append({"epoch": self.epoch, "train": round(train, 4), "dev": round(dev, 4)})
            self.since = 0 if dev < self.best else self.since + 1
            if dev < self.best:
                self.best = dev
                torch.save(self.network.state_dict(), self.folder / "best.pt")
            self._keep()
            tqdm.write(f"epoch {self.epoch}: train {train:.4f}, dev {dev:.4f}")
        self.network.load_state_dict(torch.load(self.folder / "best.pt", weights_only=True))
        return self.network.eval()

    def _epoch(self) -> float:
        rng = random.Random(f"{self.plan.seed}:{self.epoch}")  # an epoch is the same whether or not it was resumed into
        torch.manual_seed(rng.getrandbits(32))
        order = list(range(len(self.train)))
        rng.shuffle(order)
        self.network.train()
        total = 0.0
        steps = range(0, len(order), self.plan.batch)
        for at in tqdm(steps, desc=f"epoch {self.epoch + 1}/{self.plan.epochs}", leave=False):
            items = [self.train[i] for i in order[at : at + self.plan.batch]]
            batch, right, lead, answerable = batch_of(items, self.plan, rng)
            loss = memory_loss(self.network(batch), right, answerable, lead)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()
            total += loss.item() * len(items)
        return total / max(1, len(order))

    @torch.no_grad()
    def loss(self, items: Sequence[Item]) -> float:
        """Mean memory loss without augmentation."""
        self.network.eval()
        total = 0.0
        for at in range(0, len(items), 16):
            part = items[at : at + 16]
            batch, right, _, answerable = batch_of(part, self.plan)
            total += memory_loss(self.network(batch), right, answerable).item() * len(part)
        return total / max(1, len(items))
