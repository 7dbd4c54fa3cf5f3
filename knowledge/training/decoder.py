"""Trains the decoder's adapter: replies conditioned on what the read weighed, a dev part held out, early stopping.

The steps of a memory network's training (Weston et al. 2015), as this loop takes them: 1 initialise (adapter attached,
a no-op); 2 input and 3 features, 4 write (scenes become memories, once, in knowledge/training/replies/data.py); 5 read
(there too: the weights α that the app's own read gives) and answer (one pass over a row of examples); 6 loss and
update; 7 memory update (the blocks are made anew by the changed decoder in every pass, nothing stale is attended to);
8 iterate.

Knows: rows, the optimiser, when to stop. Does not know: where examples come from.
"""

from __future__ import annotations

import copy
import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tqdm import tqdm

from knowledge.reply.local import adapter
from knowledge.reply.local.chat_model import ChatModel
from knowledge.reply.local.layout import WAYS, Conditioning
from knowledge.reply.prompt import PromptBuilder
from knowledge.training.distillation import divergence
from knowledge.training.replies.batch import LaidOut, RowBuilder, packed, reply_log_probabilities
from knowledge.training.replies.data import ReplyExample
from knowledge.training.run_state import keep_state


@dataclass(frozen=True, slots=True)
class DecoderPlan:
    """How the adapter is trained. ``tokens``: of a row. ``strength``: of log α on blocks in the main stage;
    ``reply_strength``: the same in the late stages and when replying, where more distracts (LOG.md, 2026-11-25).
    ``in_text``: share of examples whose memories stand in the prompt, so that this path stays good."""

    seed: int = 0
    epochs: int = 1
    most: int = 240  # steps before the last stages; 0: all of the epochs
    rank: int = 32
    alpha: int = 32
    rate: float = 8e-4
    warmup: float = 0.05  # share of the steps
    polish_rate: float = 0.4  # share of the rate at which a last stage begins
    polishes: int = 1  # late stages, each with examples of its own from where the main stage ended
    held: int = 60  # steps of the last stage, from their mean on: talk is held to what it was
    held_rate: float = 0.3  # share of the rate at which it begins
    held_share: float = 0.85  # of the last stage in what is kept; the rest is the mean it began from
    tokens: int = 512
    rows: int = 6  # of a step
    strength: float = 0.5
    reply_strength: float = 0.75
    in_text: float = 0.15
    talks: int = 100  # conversations to be followed as before, one a step of the last stage (distillation.py)
    talk_tokens: int = 384  # of each, at most
    every: int = 60  # steps between two looks at the dev loss (and states to go on from)
    patience: int = 5  # looks without a better dev loss


class DecoderTraining:
    """One run in ``folder``: state.pt to go on from, best.safetensors, loss.csv.

    ``model`` is changed: it gets the adapter. ``dev``: examples of scenes that no training example comes from.
    ``polish``: examples of short stages at a low rate. Each but the last begins where the main stage ended, and their
    mean is what was learned: neighbouring mixes differ by points on single kinds of questions, and their mean is as
    good as the better ones (Wortsman et al. 2022, Model soups, arXiv:2203.05482). The last begins at that mean;
    ``talk``, token ids of conversations that the decoder is to follow as before, stands in its steps:
    throughout the training it would take from reading, and a few steps bring talk back (LOG.md, 2026-11-26). What is
    kept lies between both ends (Wortsman et al. 2021, Robust fine-tuning of zero-shot models, arXiv:2109.01903).
    """

    def __init__(
        self,
        model: ChatModel,
        examples: Sequence[ReplyExample],
        dev: Sequence[ReplyExample],
        folder: Path,
        plan: DecoderPlan,
        polish: Sequence[Sequence[ReplyExample]] = (),
        talk: Sequence[Sequence[int]] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.plan = folder, plan
        self.model = model
        torch.manual_seed(plan.seed)
        self.base = adapter.base_of(model.network)
        self.network = adapter.attach(model.network, plan.rank, plan.alpha)  # 1 initialise
        self.trained = [p for p in self.network.parameters() if p.requires_grad]
        self.exact = [p.detach().float().clone() for p in self.trained]  # small steps on 16 bits would be lost
        for factor in self.trained:
            factor.data = factor.data.to(model.network.dtype)
        self.rows = RowBuilder(model, PromptBuilder(model.count, window=model.window, reads_tokens=100_000))
        self.blocks = replace(WAYS["blocks"], strength=plan.strength, sharpness=1.0, in_order=True)
        self.late = replace(self.blocks, strength=plan.reply_strength)
        self.text = replace(WAYS["prompt"], everything=True)
        self.examples, self.polish = list(examples), [list(one) for one in polish]
        self.dev = packed([self._laid(example, self.blocks) for example in dev], plan.tokens)
        self.talk = list(talk)
        self.optimizer = torch.optim.AdamW(self.exact, lr=plan.rate, weight_decay=0.0, betas=(0.9, 0.98))
        self._made: tuple[int, list[list[LaidOut]]] = (-1, [])  # the last rows asked for, and of which epoch
        last = [math.ceil(len(self._epoch(plan.epochs + n)) / plan.rows) for n in range(len(self.polish))]
        last[-1:] = [min(steps, plan.held) for steps in last[-1:]]
        per_epoch = math.ceil(len(self._epoch(0)) / plan.rows)  # behind them: these rows are needed first
        self.whole = plan.epochs * per_epoch
        self.main_steps = min(self.whole, plan.most or self.whole)
        self.begins = list(accumulate(last, initial=self.main_steps))  # of each late stage, and where all end
        self.steps = self.begins[-1]
        self.per_epoch, self.step = per_epoch, 0
        self.trunk: dict[str, Any] = {}  # factors and optimizer at the main stage's end, and the late stages' mean
        self.best, self.since, self.curve = float("inf"), 0, list[dict[str, float]]()
        # Of the second halves of the late stages: the mean overdoes less what was learned last (Izmailov et al. 2018,
        # Averaging Weights Leads to Wider Optima and Better Generalization, arXiv:1803.05407).
        self.sums, self.summed = [torch.zeros_like(exact) for exact in self.exact], 0

    # ---- going on after a stop ---------------------------------------------------------------------------

    def resume(self) -> bool:
        """Go on where the run in this folder stopped, if there is one."""
        path = self.folder / "state.pt"
        if not path.is_file():
            return False
        state: dict[str, Any] = torch.load(path, weights_only=True)
        for exact, kept in zip(self.exact, state["factors"], strict=True):
            exact.copy_(kept)
        self.sums, self.summed, self.trunk = state["sums"], state["summed"], state["trunk"]
        self._spread()
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best, self.since, self.curve = state["step"], state["best"], state["since"], state["curve"]
        return True

    def _keep(self) -> None:
        state = {
            "factors": self.exact,
            "sums": self.sums,
            "summed": self.summed,
            "trunk": self.trunk,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "best": self.best,
            "since": self.since,
            "curve": self.curve,
        }
        keep_state(self.folder, state, self.curve)

    # ---- the loop ----------------------------------------------------------------------------------------

    def go(self, until: int = 0) -> None:
        """Train to the end of the plan, or until the dev loss no longer falls, or (resumable) to step ``until``."""
        end = min(until or self.steps, self.steps)
        if not self.curve:
            self._look(math.nan)
        losses: list[float] = []
        bar = tqdm(total=self.steps, initial=self.step, desc="decoder", unit="step")
        while self.step < end and self.since < self.plan.patience:  # 8 iterate
            if self.step in self.begins:
                self._branch()
            stage = self._stage()
            epoch = self.step // self.per_epoch if stage < 0 else self.plan.epochs + stage
            at = self.step - (epoch * self.per_epoch if stage < 0 else self.begins[stage])
            rows = self._epoch(epoch)[at * self.plan.rows : (at + 1) * self.plan.rows]
            losses.append(self._update(rows))
            self.step += 1
            if stage >= 0 and 2 * self.step > self.begins[stage] + self.begins[stage + 1]:
                self.sums, self.summed = [a + b for a, b in zip(self.sums, self.exact, strict=True)], self.summed + 1
            bar.update()
            bar.set_postfix(loss=f"{losses[-1]:.3f}")
            if self.step % self.plan.every == 0 or self.step == end:
                if self.step == self.steps and self.summed:
                    self._average(self.plan.held_share)
                self._look(sum(losses) / len(losses))
                losses.clear()
        bar.close()

    def _update(self, rows: Sequence[Sequence[LaidOut]]) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate * self._schedule()
        self.network.train()
        self.network.zero_grad()
        tokens = sum(example.reply for row in rows for example in row)
        total = 0.0
        for row in rows:
            # 5 read and answer, 7 memory update: blocks and reply in one pass, by the decoder as it is now
            loss = -self._log_probabilities(row).sum() / tokens
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        if self._last() and self.talk:
            held = divergence(self.network, self.talk[self.step % len(self.talk)], len(self.rows.shared)) / tokens
            held.backward()  # type: ignore[no-untyped-call]
        for exact, factor in zip(self.exact, self.trained, strict=True):  # 6 loss and update
            exact.grad = None if factor.grad is None else factor.grad.float()
        torch.nn.utils.clip_grad_norm_(self.exact, 1.0)
        self.optimizer.step()
        self._spread()
        return total

    def _stage(self) -> int:
        """Which of the late stages the next step belongs to; -1 for the main one."""
        return bisect_right(self.begins, self.step) - 1

    def _last(self) -> bool:
        return self._stage() == len(self.polish) - 1 >= 0

    def _branch(self) -> None:
        """Begin a late stage where the main one ended, or the last where the others' mean is."""
        if not self.trunk:
            self.trunk = copy.deepcopy({"factors": self.exact, "optimizer": self.optimizer.state_dict()})
        for exact, kept in zip(self.exact, self.trunk["factors"], strict=True):
            exact.copy_(kept)
        self.optimizer.load_state_dict(copy.deepcopy(self.trunk["optimizer"]))
        if self._last():
            if self.summed:
                self._average(1.0)
            self.trunk["mean"] = [exact.clone() for exact in self.exact]
            self.sums, self.summed = [torch.zeros_like(exact) for exact in self.exact], 0
        self._spread()

    def _average(self, share: float) -> None:
        """The mean of the iterates summed, or a point that far from where the last stage began towards it."""
        begun = self.trunk.get("mean", self.exact)
        for exact, added, before in zip(self.exact, self.sums, begun, strict=True):
            exact.copy_(share * added / self.summed + (1 - share) * before)
        self._spread()

    def _spread(self) -> None:
        """The exact factors into the network."""
        for exact, factor in zip(self.exact, self.trained, strict=True):
            factor.data.copy_(exact)

    def _schedule(self) -> float:
        """Share of the rate: a linear warm-up, then a cosine down to a twentieth; a late stage falls from its own."""
        warm = max(1, round(self.plan.warmup * self.whole))
        if self.step < warm:
            return (self.step + 1) / warm
        if (stage := self._stage()) >= 0:
            begin, end = self.begins[stage : stage + 2]
            done = (self.step - begin) / max(1, end - begin)
            return (self.plan.held_rate if self._last() else self.plan.polish_rate) * (1 - 0.8 * done)
        done = (self.step - warm) / max(1, self.whole - warm)
        return 0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2

    def _look(self, train: float) -> None:
        dev = self.loss(self.dev)
        self.curve.append({"step": self.step, "train": round(train, 4), "dev": round(dev, 4)})
        # The dev part hardly asks what the late stages teach.
        better = dev < self.best or self.step > self.main_steps
        self.since = 0 if better else self.since + 1
        if better:
            self.best = dev
            # The exact ones: 16 bits of the network's kind have 8 of mantissa, those of the file 11.
            named = dict(zip(adapter.factors(self.network), self.exact, strict=True))
            adapter.save(named, self._about(), self.folder / "best.safetensors")
        self._keep()
        tqdm.write(f"step {self.step}/{self.steps}: train {train:.4f}, dev {dev:.4f}")

    def publish(self, path: Path, training: str) -> None:
        """Write the best adapter so far to ``path``, with what its training was as JSON."""
        tensors = load_file(self.folder / "best.safetensors")
        adapter.save(tensors, replace(self._about(), training=training), path)

    def _about(self) -> adapter.AdapterAbout:
        plan = self.plan
        blocks = self.blocks
        return adapter.AdapterAbout(
            self.base, plan.rank, plan.alpha, plan.reply_strength, blocks.sharpness, blocks.in_order
        )

    @torch.no_grad()
    def loss(self, rows: Sequence[Sequence[LaidOut]]) -> float:
        """Cross-entropy in nats a token."""
        self.network.eval()
        return float(-torch.cat([self._log_probabilities(row) for row in rows]).mean())

    def _log_probabilities(self, row: Sequence[LaidOut]) -> torch.Tensor:
        return reply_log_probabilities(self.network, self.rows.row(row), self.model)

    def _epoch(self, epoch: int) -> list[list[LaidOut]]:
        """The rows of an epoch; the same whether or not it was resumed into."""
        if self._made[0] != epoch:
            rng = random.Random(f"{self.plan.seed}:{epoch}")
            order, weighed = (
                (list(self.examples), self.blocks)
                if (stage := epoch - self.plan.epochs) < 0
                else (list(self.polish[stage]), self.late)
            )
            rng.shuffle(order)
            laid = [self._laid(one, self.text if rng.random() < self.plan.in_text else weighed) for one in order]
            self._made = (epoch, packed(laid, self.plan.tokens))
        return self._made[1]

    def _laid(self, example: ReplyExample, way: Conditioning) -> LaidOut:
        return self.rows.lay_out(example, way)
