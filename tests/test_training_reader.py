"""The read's training loop: it learns, and a run that was stopped and resumed ends as one that was not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from knowledge.read.evidence import WIDTH
from knowledge.read.read_network import ReadSize
from knowledge.training.plot import draw
from knowledge.training.read_data import Example, Lesson, lesson
from knowledge.training.reader import ReadPlan, ReadTraining
from knowledge.training.scenes import Query, Scene, Slot

SIZE = ReadSize(dimension=8, heads=2, head_dim=4, hidden=8, state=8)
PLAN = ReadPlan(epochs=4, batch=8, dev=0.2, noise=0.05)


def lessons(count: int = 10) -> list[Lesson]:
    """Memories in which the right one is marked in the first column; a third of the questions has no answer."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        examples = []
        for number in range(9):
            features = rng.standard_normal((12, WIDTH)).astype(np.float16) * np.float16(0.1)
            right = np.zeros(12, bool)
            if number % 3:
                right[rng.integers(12)] = True
                features[right, 0] = 1
            near = np.full((3, 12), -1)
            near[1] = np.arange(12)
            vector, dialogue = rng.standard_normal(8).astype(np.float32), np.zeros((number % 2, 8), np.float16)
            told = bool(right.any())
            examples.append(Example(vector, dialogue, np.arange(12), features, right, right, near, told, ""))
        made.append(Lesson(rng.standard_normal((12, 8)).astype(np.float16), examples, "made"))
    return made


def test_the_loss_falls(tmp_path: Path) -> None:
    run = ReadTraining(lessons(), tmp_path, replace(PLAN, epochs=15, rate=1e-2, patience=15), SIZE)
    run.go()
    assert run.rows[-1]["train"] < 0.6 * run.rows[0]["train"]
    assert run.best < 0.8 * run.rows[0]["dev"]
    assert (tmp_path / "loss.csv").read_text().startswith("epoch,train,dev")
    draw(run.rows, tmp_path / "loss.svg")
    assert "polyline" in (tmp_path / "loss.svg").read_text()


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = ReadTraining(lessons(), tmp_path / "whole", replace(PLAN, patience=9), SIZE)
    whole.go()
    stopped = ReadTraining(lessons(), tmp_path / "parts", replace(PLAN, patience=9), SIZE)
    stopped.until = 2
    stopped.go()
    again = ReadTraining(lessons(), tmp_path / "parts", replace(PLAN, patience=9), SIZE)
    assert again.resume() and again.epoch == 2
    again.go()
    assert again.rows == whole.rows
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[name]), name


def test_a_new_run_does_not_take_over_an_old_ones_state(tmp_path: Path) -> None:
    run = ReadTraining(lessons(), tmp_path, PLAN, SIZE)
    assert not run.resume() and run.epoch == 0


def test_a_scene_becomes_questions_over_the_product_s_own_shortlist() -> None:
    from knowledge.input.encoder import Encoder

    slots = [
        Slot("My sister Anna moved to Lisbon.", 100.0, "Ben", container="a", position=0),
        Slot("Lisbon sounds lovely!", 130.0, "Eve", container="a", position=1),
        Slot("I planted tomatoes.", 900.0, "Eve", container="b", position=0),
    ]
    before = (("user", "What is Ben's sister called?"),)
    queries = [
        Query("Where does Ben's sister live?", frozenset({0})),
        Query("Who plays the violin?"),
        Query("And where does she live?", frozenset({0}), before),
    ]
    made = lesson(Scene(slots, queries, "test"), Encoder())
    assert made.keys.shape == (3, 384) and len(made.examples) == 3
    first, none, follow_up = made.examples
    assert first.slots[first.evidence].tolist() == [0] and first.answerable
    assert not none.answerable and not none.evidence.any()
    assert follow_up.dialogue.shape == (1, 384)
