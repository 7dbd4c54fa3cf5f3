"""The network for bAbI, its losses, the choice of questions, and a run that stops and goes on."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.inference_network import InferenceNetwork, Size, Vocabulary, restore
from knowledge.read.addressing import Address
from tests.benchmarks import babi
from tests.benchmarks.babi_data import Packed, Question, batch_of, pack, tokens, vocabulary_of
from tests.benchmarks.babi_training import Chooser, Plan, Run, evidence_per_hop, memory_loss, summary, wrong

SMALL = {"dimension": 32, "heads": 4, "refine": 1, "hops": 3, "feed_forward": 32, "wide": 32, "small": 8}
PLACES = ("kitchen", "garden", "office", "hallway")


def walks(count: int, seed: int) -> list[Question]:
    """Task 1's kind: where somebody went last."""
    rng = random.Random(seed)
    found = []
    for story in range(count):
        facts = [(rng.choice(("mary", "john")), rng.choice(PLACES)) for _ in range(rng.randint(1, 6))]
        who = rng.choice(facts)[0]
        at = max(i for i, fact in enumerate(facts) if fact[0] == who)
        lines = tuple(tokens(f"{name} went to the {place}") for name, place in facts)
        found.append(Question(1, lines, tokens(f"where is {who}"), (facts[at][1],), (at,), story))
    return found


@pytest.fixture
def packed() -> tuple[Packed, Vocabulary]:
    questions = walks(400, 0)
    vocabulary = vocabulary_of(questions)
    return pack(questions, vocabulary), vocabulary


def network_of(vocabulary: Vocabulary) -> InferenceNetwork:
    torch.manual_seed(0)
    return InferenceNetwork(Size(len(vocabulary), **SMALL)).eval()  # type: ignore[arg-type]


def test_padding_changes_neither_answer_nor_read(packed: tuple[Packed, Vocabulary]) -> None:
    questions, vocabulary = packed
    network = network_of(vocabulary)
    short = int(np.argmin([len(s) for s in questions.sentences]))
    long = int(np.argmax([len(s) for s in questions.sentences]))
    alone, both = (batch_of(questions, np.array(which), limit=40) for which in ([short], [short, long]))
    results = [network(torch.from_numpy(b.words), torch.from_numpy(b.length)) for b in (alone, both)]
    torch.testing.assert_close(results[0][0][0], results[1][0][0], rtol=1e-4, atol=1e-5)
    facts = int(alone.length[0])
    for one, other in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(one.weights[0, :, :facts], other.weights[0, :, :facts], rtol=1e-4, atol=1e-5)
        assert (other.weights[0, :, facts:] == 0).all()  # neither the question itself nor padding is read


def test_word_order_and_order_of_facts_matter(packed: tuple[Packed, Vocabulary]) -> None:
    questions, vocabulary = packed
    network = network_of(vocabulary)
    batch = batch_of(questions, np.array([int(np.argmax([len(s) for s in questions.sentences]))]), limit=40)
    words, length = torch.from_numpy(batch.words), torch.from_numpy(batch.length)
    answered = network(words, length)[0]
    turned = words.clone()
    turned[0, 0, :2] = words[0, 0, [1, 0]]
    assert not torch.allclose(network(turned, length)[0], answered, atol=1e-4)
    other = words.clone()
    other[0, :2] = words[0, [1, 0]] if not torch.equal(words[0, 0], words[0, 1]) else words[0, [2, 1]]
    assert not torch.allclose(network(other, length)[0], answered, atol=1e-4)


def test_hops_are_shown_the_evidence_in_order_and_the_last_two_all_of_it() -> None:
    targets = evidence_per_hop(torch.tensor([[4, 1, -1], [2, -1, -1], [-1, -1, -1]]), 5, 6)
    assert [targets[hop, 0].argmax().item() for hop in range(3)] == [4, 1, 1]
    assert targets[3, 0].tolist() == targets[4, 0].tolist() == [0, 0.5, 0, 0, 0.5, 0]
    assert (targets[:, 1, 2] == 1).all() and (targets[:, 2] == 0).all()
    many = evidence_per_hop(torch.tensor([[0, 1, 2, 3]]), 5, 6)
    assert (many[:, 0, :4] == 0.25).all()


def test_memory_loss_is_zero_where_half_of_the_heads_look_at_the_evidence() -> None:
    log_weights = torch.full((1, 4, 3), -1e9)
    log_weights[0, :2, 1] = 0.0
    log_weights[0, 2:, 2] = 0.0
    looked = (Address(log_weights),) * 3
    assert float(memory_loss(looked, torch.tensor([[1]]))) == 0.0
    assert float(memory_loss(looked, torch.tensor([[0]]))) == pytest.approx(30.0)


def test_missed_tasks_come_more_often_and_every_question_comes() -> None:
    tasks = np.repeat([1, 2], 50)
    chooser, rng = Chooser(tasks, least=0.1), np.random.default_rng(0)
    for _ in range(2000):
        chooser.learn(np.array([1, 2]), np.array([False, True]))
    chosen = np.concatenate([chooser.next(20, rng) for _ in range(100)])
    share = float((tasks[chosen] == 1).mean())
    assert 0.05 < share < 0.14
    assert set(chosen.tolist()) == set(range(100))


def test_a_run_learns_stops_goes_on_and_its_best_is_restored(packed: tuple[Packed, Vocabulary], tmp_path: Path) -> None:
    questions, vocabulary = packed
    valid = pack(walks(100, 1), vocabulary)
    plan = Plan(epochs=12, warm_up=20, rate=5e-3, drop_facts=0.0, average=0.9, size=SMALL)
    before = wrong(network_of(vocabulary), valid, plan)[1]
    run = Run(tmp_path, plan, vocabulary, questions, valid)
    first = run.go(until=math.inf, every=6.0)
    assert run.step == run.steps and first["mean_error"] < min(0.5, before - 0.2)
    again = Run(tmp_path, replace(plan, epochs=13), vocabulary, questions, valid)
    assert again.resume() and again.step == run.step
    assert again.chooser.missed == run.chooser.missed
    again.go(every=1.0)
    assert again.step > run.step
    network, words, about = restore(tmp_path / "best.safetensors")
    assert words.words == vocabulary.words
    assert summary(wrong(network, valid, plan))["mean_error"] == pytest.approx(about["valid"]["mean_error"], abs=0.02)


def test_the_command_changes_the_plan_and_evaluates_a_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = babi.plan_of("1k", 3, ["rate=0.01", "size.hops=4"])
    assert (plan.seed, plan.rate, plan.size) == (3, 0.01, {"hops": 4})
    text = "1 Mary went to the garden.\n2 Where is Mary? \tgarden\t1\n" * 30
    for task in (1, 2):
        for split in ("train", "valid", "test"):
            (tmp_path / f"qa{task}_{split}.txt").write_text(text)
    folder = tmp_path / "run"
    common = ["--data", str(tmp_path), "--size", "1k"]
    changes = [f"--set=size.{name}={value}" for name, value in SMALL.items()]
    babi.main([*common, "--train", "--out", str(folder), "--set", "epochs=30", "--set", "warm_up=5", *changes])
    trained = json.loads(capsys.readouterr().out.splitlines()[-1])
    babi.main([*common, "--evaluate", "--checkpoint", str(folder / "best.safetensors")])
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == trained
    assert trained == {"mean_error": 0.0, "failed": 0, "per_task": {"1": 0.0, "2": 0.0}}


def test_the_shipped_network_answers_a_story() -> None:
    network, vocabulary, about = restore(babi.WEIGHTS / "babi_1k.safetensors")
    assert about["valid"]["mean_error"] <= 0.078
    told = (
        "mary went to the kitchen",
        "john travelled to the garden",
        "mary took the milk there",
        "mary moved to the office",
    )
    for asked, answer in (("where is john", "garden"), ("where is mary", "office"), ("where is the milk", "office")):
        question = Question(2, tuple(map(tokens, told)), tokens(asked), (answer,), (3,))
        assert wrong(network.eval(), pack([question], vocabulary), Plan()) == {2: 0.0}
