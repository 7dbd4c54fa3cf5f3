"""What the write gate is trained on, and its training: a minute or two of one core besides the encoding.

Data, all written by hand for this repository: dialogues with a label a turn (data/writing_turns.jsonl), pairs of an
older and a newer statement (data/writing_pairs_*.txt, data/everyday_changes.txt), each told to a memory of other
statements, and the messages of the reading of acts: what tells nothing is skipped. Folds by dialogue, pair and message
give decisions that no training saw; the operating points come from them. Does not know: the store, the set that is
reported.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.records import ACTS, OPERATIONS, Gate, Memory, Role
from knowledge.text import words
from knowledge.text.words import cjk_share
from knowledge.training import acts_data, everyday
from knowledge.training.support import LIVES
from knowledge.write.gate import decision
from knowledge.write.gate_evidence import Situation, Statement, batch_of, situation
from knowledge.write.gate_network import ADD, FIRST, MEMBERS, SKIP, GateBatch, GateNetwork, Member

FOLDER = Path(__file__).parent / "data"
_NEAREST = 3  # statements that share most words with a message
KINDS = {"M": "merge", "S": "supersede", "A": "add"}
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class GatePlan:
    """``around``: other statements at most in the memory that a pair is told to. ``ways``: memories that each pair and
    message is told to, so many an epoch. ``messages``: of the acts, an epoch."""

    seed: int = 0
    epochs: int = 14
    batch: int = 64
    rate: float = 3e-3
    decay: float = 0.05
    folds: int = 5
    around: int = 14
    ways: int = 3
    messages: int = 3000
    vectors: float = 0.75  # share of the batches that see an encoder's vectors
    smoothing: float = 0.02


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn with its label. ``target``: the index, among the turns of its dialogue, of what it repeats or replaces."""

    memory: Memory
    label: str = "add"
    target: int = -1


@dataclass(frozen=True, slots=True)
class Told:
    """Turns in the order in which they were said; those from ``first`` on are learned from. ``group``: what must not be
    learned from where it is measured on. ``weight``: of each turn."""

    turns: tuple[Turn, ...]
    first: int
    group: str
    weight: float = 1.0
    language: str = ""
    source: str = ""


def dialogues(path: Path) -> list[Told]:
    """The dialogues of a file of labelled turns. Raises ValueError where a target is not there."""
    return labelled(map(json.loads, filter(None, path.read_text("utf-8").splitlines())), path.name)


def labelled(rows: Iterable[Mapping[str, object]], where: str) -> list[Told]:
    """The dialogues of labelled turns, which came from ``where``; as :func:`dialogues`."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        found.setdefault(f"{row['dialogue']}", []).append(row)
    made = []
    for name, said in found.items():
        at = {row["turn"]: place for place, row in enumerate(said)}
        turns = []
        for place, row in enumerate(said):
            target = -1 if row["target"] is None else at[row["target"]]
            if target >= place or (target < 0) == (row["label"] in ("merge", "supersede")):
                raise ValueError(f"{where}: the target of turn {row['turn']} in dialogue {name} is none")
            turns.append(Turn(_memory(row, name, place), str(row["label"]), target))
        about = str(said[0]["language"]), str(said[0]["source"])
        made.append(Told(tuple(turns), 0, f"dialogue {name}", 1.0, *about))
    return made


def _memory(row: Mapping[str, object], name: str, place: int) -> Memory:
    day = float(str(row["day"]))
    role: Role = "assistant" if row["role"] == "assistant" else "user"
    return Memory(
        f"{name}:{place}",
        str(row["text"]),
        "turn",
        1.79e9 + day * _DAY + place * 30.0,
        role,
        container=f"{name}:{day}",
        position=place,
    )


@dataclass(frozen=True, slots=True)
class Pair:
    kind: str  # of ``KINDS``' values
    older: str
    newer: str


def pairs(folder: Path = FOLDER) -> list[Pair]:
    """An older and a newer statement, and what the newer is to the older."""
    found = [Pair("supersede", *one.said) for one in everyday.pairs("everyday_changes")]
    for path in sorted(folder.glob("writing_pairs_*.txt")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            fields = line.split("\t")
            if len(fields) != 3 or fields[0] not in KINDS:
                raise ValueError(f"{path.name}:{number} is not KIND, older and newer statement: {line!r}")
            found.append(Pair(KINDS[fields[0]], *fields[1:]))
    return found


def told_pairs(given: Sequence[Pair], others: Sequence[str], rng: random.Random, plan: GatePlan) -> Iterator[Told]:
    """Each pair told to a memory of ``others`` of the same language, days apart or in one conversation."""
    languages = [[text for text in others if (cjk_share(text) > 0.3) is wide] for wide in (False, True)]
    for pair in given:
        beside = languages[cjk_share(pair.older) > 0.3]
        texts = rng.sample(beside, min(len(beside), rng.randrange(plan.around + 1)))
        at = rng.randrange(len(texts) + 1)
        turns = [Turn(_said(text, place, rng)) for place, text in enumerate([*texts[:at], pair.older, *texts[at:]])]
        soon = rng.random() < 0.4
        last = turns[at].memory if soon else turns[-1].memory
        new = _said(pair.newer, len(turns), rng, last if soon else None)
        if soon:  # said in the same conversation, right after it or a little later
            turns = [*turns[: at + 1], *(one for one in turns[at + 1 :] if one.memory.container != last.container)]
            new = replace(new, created=last.created + rng.choice([20.0, 120.0, 600.0]), position=last.position + 2)
        target = at if pair.kind != "add" else -1
        turns = [one for one in turns if one.memory.created < new.created]
        yield Told((*turns, Turn(new, pair.kind, target)), len(turns), f"pair {pair.older}")


def _said(text: str, place: int, rng: random.Random, beside: Memory | None = None) -> Memory:
    if rng.random() < 0.3:
        text = acts_data.varied(text, rng)
    day = place * rng.choice([0.0, 1.0, 5.0])
    container = beside.container if beside is not None else f"chat {int(day)}"
    return Memory(
        f"{place}", text, "turn", 1.79e9 + place * _DAY * 6 + day, "user", container=container, position=place
    )


def told_messages(given: Sequence[acts_data.Example], rng: random.Random, plan: GatePlan) -> Iterator[Told]:
    """Messages of the reading of acts, each told to a memory of others: skipped where it tells nothing."""
    tells, remember = ACTS.index("tells"), OPERATIONS.index("remember")
    telling = {
        wide: [one.text for one in given if one.acts[tells] == 1 and (one.source == "zh") is wide]
        for wide in (False, True)
    }
    for one in given:
        pool = telling[one.source == "zh"]
        label = "add" if one.acts[tells] == 1 or one.operation == remember else "skip"
        near = _nearest(one.text, pool) if label == "skip" else []  # those near to a statement may say it again
        beside = {*near, *rng.sample(pool, rng.randrange(plan.around + 1))} - {one.text}
        turns = [Turn(_said(text, place, rng)) for place, text in enumerate(rng.sample(sorted(beside), len(beside)))]
        yield Told((*turns, Turn(_said(one.text, len(turns), rng), label)), len(turns), f"message {one.text}", 0.5)


@dataclass(frozen=True, slots=True)
class Row:
    """A turn as the network sees it. ``place``: of the right answer among its logits. ``group``: what must not be
    learned from where it is measured on."""

    seen: Situation
    place: int
    weight: float
    group: str

    @property
    def label(self) -> Gate:
        return _label(self.place)

    @property
    def target(self) -> str:
        return self.seen.near[(self.place - FIRST) // 2].memory.id if self.place >= FIRST else ""


def _nearest(text: str, pool: Sequence[str]) -> list[str]:
    """The statements that share most words with a message: that it has the words of one makes it no repetition."""
    own = words.telling(text)
    return heapq.nlargest(_NEAREST, pool, key=lambda other: len(own & words.telling(other)))


def told_questions(path: Path = LIVES) -> Iterator[Told]:
    """The questions of lives (of those that support is learned from), asked of what was told: each is skipped."""
    for number, life in enumerate(json.loads(path.read_text("utf-8"))):
        said = [
            {"text": text, "role": "user", "day": 5 * day}
            for day, conversation in enumerate(life["conversations"])
            for text in conversation
        ]
        asked = [
            {"text": one["question"], "role": "user", "day": 5 * len(life["conversations"])}
            for one in life["questions"]
        ]
        rows = [*said, *asked]
        turns = [
            Turn(_memory(row, f"life {number}", place), "add" if place < len(said) else "skip")
            for place, row in enumerate(rows)
        ]
        yield Told(tuple(turns), len(said), f"life {number}")


# ---- as the network sees it -------------------------------------------------------------------------------------


class Views:
    """The statements of texts, each read and encoded once."""

    def __init__(self, encoder: Encoder | None) -> None:
        self.encoder, self.name = encoder, encoder.name if encoder is not None else ""
        self._messages = make_message_reader(self.name)
        self._known: dict[str, tuple[object, np.ndarray]] = {}

    def learn(self, texts: Sequence[str]) -> None:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        rows = self.encoder.encode(fresh) if self.encoder is not None else np.zeros((len(fresh), 1), dtype=np.float32)
        read = self._messages.read(fresh, rows if self.encoder is not None and self._messages.sees_vectors else None)
        self._known.update((text, (acts, row)) for text, acts, row in zip(fresh, read, rows, strict=True))

    def situations(self, told: Sequence[Told]) -> list[Row]:
        """Each turn that is learned from. Where what it repeats or replaces is not near it, there is nothing to
        learn."""
        self.learn([turn.memory.text for one in told for turn in one.turns])
        found: list[Row] = []
        for one in told:
            said = [Statement(turn.memory, *self._known[turn.memory.text]) for turn in one.turns]  # type: ignore[arg-type]
            for at in range(one.first, len(said)):
                # What was skipped or only repeated is no memory that can be repeated.
                earlier = [s for s, turn in zip(said[:at], one.turns[:at], strict=True) if turn.label != "skip"]
                seen = situation(said[at], earlier)
                place = place_of(seen, one.turns[at], one.turns)
                if place is not None:
                    found.append(Row(seen, place, one.weight, one.group))
        return found


def place_of(seen: Situation, turn: Turn, turns: Sequence[Turn]) -> int | None:
    """The place of the turn's label among the logits; None where its target is not near."""
    if turn.label in ("skip", "add"):
        return SKIP if turn.label == "skip" else ADD
    target = turns[turn.target].memory.id
    near = next((at for at, one in enumerate(seen.near) if one.memory.id == target), None)
    return None if near is None else FIRST + 2 * near + (turn.label == "supersede")


def _label(place: int) -> Gate:
    if place < FIRST:
        return "skip" if place == SKIP else "add"
    return "supersede" if (place - FIRST) % 2 else "merge"


def train(rows: Mapping[str, Sequence[Row]], sizes: dict[str, int], plan: GatePlan) -> GateNetwork:
    """A network trained on the rows, by encoder ("" is no encoder)."""
    seeds = range(plan.seed * MEMBERS, (plan.seed + 1) * MEMBERS)
    return GateNetwork(sizes, [_member(rows, sizes, plan, seed) for seed in seeds]).eval()


def _member(rows: Mapping[str, Sequence[Row]], sizes: dict[str, int], plan: GatePlan, seed: int) -> Member:
    torch.manual_seed(seed)
    rng = random.Random(seed)
    network = Member(sizes).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
    count = min(len(one) for one in rows.values())
    steps = plan.epochs * (-(-count // plan.batch))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.rate, total_steps=steps + 1, pct_start=0.1)
    names = list(rows)
    for _ in tqdm(range(plan.epochs), leave=False):
        order = {name: rng.sample(range(len(rows[name])), count) for name in names}
        for at in range(0, count, plan.batch):
            name = rng.choice(names)
            some = [rows[name][place] for place in order[name][at : at + plan.batch]]
            sees = rng.random() < plan.vectors
            batch = batch_of([one.seen for one in some], sizes.get(name, 1), name if sees else "", vectors=sees)
            loss = _loss(network(batch), batch, some, plan.smoothing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return network.eval()


def _loss(logits: Tensor, batch: GateBatch, rows: Sequence[Row], smoothing: float) -> Tensor:
    wanted = torch.tensor([one.place for one in rows])
    weight = torch.tensor([one.weight for one in rows])
    right = nn.functional.nll_loss(logits, wanted, reduction="none")
    open_places = torch.isfinite(logits)
    even = -(logits.masked_fill(~open_places, 0.0).sum(1) / open_places.sum(1))
    return ((right * (1 - smoothing) + even * smoothing) * weight).sum() / weight.sum()


# ---- all of it --------------------------------------------------------------------------------------------------


def everything(plan: GatePlan, folder: Path = FOLDER) -> list[Told]:
    """All that is learned from, in the order of its sources."""
    rng = random.Random(plan.seed)
    hand = acts_data.by_hand()
    tells = ACTS.index("tells")
    others = [one.text for one in hand if one.acts[tells] == 1]
    given = pairs(folder)
    found = [one for path in sorted(folder.glob("writing_turns*.jsonl")) for one in dialogues(path)]
    for _ in range(plan.ways):
        found += told_pairs(given, others, rng, plan)
    found += told_questions()
    found += told_messages(rng.sample(hand, min(plan.messages, len(hand))), rng, plan)
    return found


@torch.no_grad()
def held_out(rows: Mapping[str, Sequence[Row]], sizes: dict[str, int], plan: GatePlan) -> list[tuple[Row, np.ndarray]]:
    """Each row of the first encoder with the probabilities (2 + 2 near,) of a network that did not see its group."""
    groups = sorted({row.group for one in rows.values() for row in one})
    random.Random(plan.seed).shuffle(groups)
    fold = {group: at % plan.folds for at, group in enumerate(groups)}
    name, found = next(iter(rows)), list[tuple[Row, np.ndarray]]()
    for part in range(plan.folds):
        seen = {key: [row for row in one if fold[row.group] != part] for key, one in rows.items()}
        with torch.enable_grad():
            network = train(seen, sizes, plan)
        for row in (row for row in rows[name] if fold[row.group] == part):
            batch = batch_of([row.seen], sizes.get(name, 1), name, vectors=bool(name))
            found.append((row, network(batch)[0].numpy()))
    return found


def report(found: Sequence[tuple[Row, np.ndarray]]) -> dict[str, object]:
    """Precision, recall and F1 of each decision by the operating points that ship, by source; how many targets of
    what is merged or superseded are the right ones; and wrong supersedes by 1,000 turns."""
    figures: dict[str, object] = {}
    for source in sorted({row.group.split()[0] for row, _ in found}):
        some = [(row, decision(likely.tolist(), _ids(row))) for row, likely in found if row.group.startswith(source)]
        by_label: dict[str, object] = {}
        for gate in get_args(Gate):
            said, wanted = [row for row, one in some if one.gate == gate], [row for row, _ in some if row.label == gate]
            both = sum(row.label == gate for row in said)
            by_label[gate] = {
                "turns": len(wanted),
                "precision": round(both / max(1, len(said)), 3),
                "recall": round(both / max(1, len(wanted)), 3),
                "f1": round(2 * both / max(1, len(said) + len(wanted)), 3),
            }
        pointed = [row.target == one.target for row, one in some if row.label == one.gate and row.target]
        wrong = sum(one.gate == "supersede" and (row.label, row.target) != (one.gate, one.target) for row, one in some)
        by_label["targets"] = round(sum(pointed) / max(1, len(pointed)), 3)
        by_label["wrong_supersedes_per_1000"] = round(1000 * wrong / len(some), 1)
        figures[source] = by_label
    return figures


def _ids(row: Row) -> list[str]:
    return [one.memory.id for one in row.seen.near]
