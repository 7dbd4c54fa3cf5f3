"""The classic tasks: examples, the machine's shapes, files, and the shipped checkpoints at short lengths."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.benchmarks import algorithmic
from tests.benchmarks.algorithmic_model import Machine, copy_example, random_example, recall_example


def test_copy_wants_the_sequence_back_while_nothing_is_shown() -> None:
    bits = torch.randint(0, 2, (2, 5, 8)).float()
    example = copy_example(bits)
    assert example.inputs.shape == (2, 11, 9)
    assert torch.equal(example.inputs[:, :5, :8], bits) and torch.equal(example.targets, bits)
    assert example.inputs[:, 5].tolist() == [[0.0] * 8 + [1.0]] * 2
    assert (example.inputs[:, 6:] == 0).all()


def test_recall_wants_the_item_after_the_query() -> None:
    items = torch.randint(0, 2, (2, 4, 3, 6)).float()
    example = recall_example(items, [2, 0])
    assert example.inputs.shape == (2, 4 * 4 + 2 + 6, 8)
    assert torch.equal(example.targets[0], items[0, 3]) and torch.equal(example.targets[1], items[1, 1])
    assert torch.equal(example.inputs[0, 17:20, :6], items[0, 2])
    assert example.inputs[0, :, 6].nonzero().flatten().tolist() == [0, 4, 8, 12]
    assert example.inputs[0, :, 7].nonzero().flatten().tolist() == [16, 20]
    assert (example.inputs[:, 21:] == 0).all()
    with pytest.raises(ValueError, match="successor"):
        recall_example(items, [3, 0])


@pytest.mark.parametrize("task", ["copy", "recall"])
def test_the_number_of_slots_is_no_part_of_the_weights(task: str) -> None:
    torch.manual_seed(0)
    machine = Machine(task, hidden=16, width=10)
    example = random_example(task, 4, 2, torch.Generator().manual_seed(0))
    for slots in (20, 50):
        logits = machine(example.inputs, example.targets.shape[1], slots=slots)
        assert logits.shape == example.targets.shape
    torch.autograd.backward(torch.nn.functional.binary_cross_entropy_with_logits(logits, example.targets))
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in machine.parameters())


def test_a_few_steps_of_training_help_and_can_be_taken_up_again(tmp_path: Path) -> None:
    before = algorithmic.error_at(Machine("copy"), 2, count=50, seed=0)
    algorithmic.train("copy", 0, tmp_path, steps=250, resume=False, batch=16)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    machine = Machine("copy")
    machine.load_state_dict(state["machine"])
    assert state["step"] == 250
    assert algorithmic.error_at(machine, 2, count=50, seed=0) < before - 0.1
    algorithmic.train("copy", 0, tmp_path, steps=252, resume=True, batch=16)
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 252


def test_sequences_to_test_on_come_from_a_file(tmp_path: Path) -> None:
    item = [[0, 1, 0, 1, 1, 0]] * 3
    path = tmp_path / "sequences.json"
    path.write_text(json.dumps({"copy": [[[1] * 8] * 4, [[0] * 8] * 4], "recall": [{"items": [item] * 3, "query": 1}]}))
    found = algorithmic.from_file(path)
    assert list(found["copy"]) == [4] and len(found["copy"][4]) == 2
    assert torch.equal(found["recall"][3][0].targets[0], torch.tensor(item).float())


@pytest.mark.parametrize(("task", "trained", "longer"), [("copy", 20, 60), ("recall", 6, 12)])
def test_the_shipped_machines_do_what_they_learned_at_lengths_they_never_saw(
    task: str, trained: int, longer: int
) -> None:
    machine, about = algorithmic.restore(algorithmic.WEIGHTS / f"ntm_{task}.safetensors")
    assert about["task"] == task and algorithmic.TRAINED[task][1] == trained
    for size in (trained, longer):
        assert algorithmic.error_at(machine, size, count=20, seed=5) < 0.01


def test_vectors_of_zeros_in_the_middle_do_not_end_the_copy() -> None:
    machine, _ = algorithmic.restore(algorithmic.WEIGHTS / "ntm_copy.safetensors")
    bits = torch.randint(0, 2, (4, 30, 8), generator=torch.Generator().manual_seed(0)).float()
    bits[:, [0, 7, 8, 20]] = 0
    bad, count = algorithmic.wrong_bits(machine, copy_example(bits))
    assert bad / count < 0.01


def test_hard_sequences_hold_zeros_and_like_items() -> None:
    generator = torch.Generator().manual_seed(0)
    zeros = (random_example("copy", 20, 50, generator, hard=0.5).targets == 0).all(-1).float().mean()
    assert 0.4 < float(zeros) < 0.6
    plain, alike = (random_example("recall", 6, 200, generator, hard=h).inputs for h in (0.0, 1.0))
    differ = [float((x[:, 1:4, :6] != x[:, 5:8, :6]).float().mean()) for x in (plain, alike)]
    assert differ[0] > 0.45 and differ[1] < 0.36


def test_evaluate_measures_the_shipped_machines_on_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    item = [[[0, 1, 0, 1, 1, 0]] * 3, [[1, 1, 0, 0, 1, 0]] * 3, [[0, 0, 0, 1, 0, 1]] * 3]
    path = tmp_path / "sequences.json"
    path.write_text(json.dumps({"copy": [[[0, 1] * 4] * 5], "recall": [{"items": item, "query": 1}]}))
    assert algorithmic.main(["--evaluate", "--data", str(path)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"copy": {"5": 0.0}, "recall": {"3": 0.0}}
