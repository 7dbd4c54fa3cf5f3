"""Learning from feedback: each kind moves the read the right way, held-back feedback shows it, kills cost nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from knowledge.errors import BadInput, Cancelled
from knowledge.feedback.examples import FeedbackExample, drawn_on
from knowledge.feedback.learning import Feedback, FeedbackPlan, FeedbackTraining, PastWeight, cloze_of, examples_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.read_adapter import WIDTH, AdapterSize
from knowledge.read.read_network import ReadNetwork, ReadSize
from knowledge.records import Memory
from knowledge.training.read_data import scratch_store
from tests.browser.fake_application import FakeEncoder

SIZE = AdapterSize(dimension=8, hops=2)
PLAN = FeedbackPlan(epochs=6)
MARK = 3  # the column of evidence that marks what the person means


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they bring with tensors as small as these, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def example(number: int, kind: Any, rng: np.random.Generator, slots: int = 12) -> FeedbackExample:
    """Twelve slots of which four are marked; a reply drew on one of six that were read."""
    evidence = 0.1 * rng.standard_normal((slots, WIDTH)).astype(np.float32)
    marked = np.isin(np.arange(slots), rng.choice(slots, 4, replace=False))
    evidence[marked, MARK] = 1
    log_alpha = np.log(rng.dirichlet(np.ones(slots + 1))).astype(np.float32)
    log_hops = np.stack([log_alpha, log_alpha]) - np.float32(np.log(2))
    read = np.argsort(-log_alpha[:-1])[:6]
    logged, credit = np.zeros(slots, np.float32), np.zeros(slots, np.float32)
    logged[read] = np.exp(log_alpha[read]) / np.exp(log_alpha[read]).sum()
    drawn = rng.choice(read)
    credit[drawn] = 1
    if kind == "by taste":
        kind = "like" if marked[drawn] else "dislike"
    elif kind in ("pin", "edit", "mute"):
        credit = np.zeros(slots, np.float32)
        credit[rng.choice(np.flatnonzero(marked if kind != "mute" else ~marked))] = 1
    keys, vector = rng.standard_normal((slots, 8)).astype(np.float32), rng.standard_normal(8).astype(np.float32)
    none = np.zeros(slots, np.int64)
    return FeedbackExample(f"q{number}", kind, vector, keys, evidence, none, log_hops, credit, logged)


def examples(count: int, kind: str = "by taste") -> list[FeedbackExample]:
    rng = np.random.default_rng(0)
    return [example(number, kind, rng) for number in range(count)]


def marked_share(run: FeedbackTraining, fresh: list[FeedbackExample]) -> tuple[float, float]:
    """Share of the weight on marked memories in examples nobody learned from: shipped, adapted."""
    with_mark = [replace(one, kind="edit", credit=(one.evidence[:, MARK] > 0.5).astype(np.float32)) for one in fresh]
    before, after = (run.shares_of(with_mark, adapter) for adapter in (None, run.adapter))
    return float(np.mean(before)), float(np.mean(after))


@pytest.mark.parametrize("kind", ["by taste", "pin", "edit", "mute"])
def test_every_kind_of_feedback_teaches_what_is_meant(kind: str) -> None:
    run = FeedbackTraining(examples(120, kind), [], SIZE, replace(PLAN, epochs=15))
    run.go()
    report = run.report()
    assert report["better"] and report["trained_on"] + report["held_back"] == 120
    assert report["after"]["score"] > report["before"]["score"] + 0.02
    fresh = examples(400)[300:]
    before, after = marked_share(run, fresh)
    assert after > before + 0.05


def test_dislikes_alone_still_lead_away_from_what_is_disliked() -> None:
    disliked = [one for one in examples(300) if one.kind == "dislike"]
    run = FeedbackTraining(disliked, [], SIZE, replace(PLAN, epochs=15))
    run.go()
    before, after = marked_share(run, examples(400)[300:])
    assert after > before


def test_the_shipped_read_is_what_an_untrained_adapter_reads() -> None:
    run = FeedbackTraining(examples(40), [], SIZE, PLAN)
    assert run.measured(None) == pytest.approx(run.measured(run.adapter), abs=1e-4)
    assert not run.report()["better"] or run.report()["after"]["score"] - run.report()["before"]["score"] < 1e-4


def test_a_run_killed_anywhere_ends_as_one_that_was_not(tmp_path: Path) -> None:
    told, cloze = examples(60), [replace(one, kind="cloze") for one in examples(100)[90:]]
    whole = FeedbackTraining(told, cloze, SIZE, PLAN)
    whole.go()

    def killed(share: float) -> None:
        if share > 0.55:  # in the middle of an epoch
            raise Cancelled("killed")

    with pytest.raises(Cancelled):
        FeedbackTraining(told, cloze, SIZE, PLAN, state=tmp_path / "run.pt").go(killed)
    again = FeedbackTraining(told, cloze, SIZE, PLAN, state=tmp_path / "run.pt")
    assert again.resume() and 0 < again.epoch < PLAN.epochs
    again.go()
    assert again.rows == whole.rows and again.report() == whole.report()
    for name, tensor in whole.adapter.state_dict().items():
        assert torch.equal(tensor, again.adapter.state_dict()[name]), name
    assert not FeedbackTraining(told[1:], cloze, SIZE, PLAN, state=tmp_path / "run.pt").resume()  # other feedback
    (tmp_path / "run.pt").write_bytes(b"damaged")
    assert not FeedbackTraining(told, cloze, SIZE, PLAN, state=tmp_path / "run.pt").resume()


CHILD = """
import sys
from pathlib import Path
import torch
from tests.test_training_feedback import PLAN, SIZE, FeedbackTraining, examples
torch.set_num_threads(1)
run = FeedbackTraining(examples(60), [], SIZE, PLAN, state=Path(sys.argv[1]))
run.resume()
print("learning", flush=True)
run.go(lambda share: print(share, flush=True))
torch.save(run.adapter.state_dict(), sys.argv[2])
"""


def test_kill_9_at_any_step_costs_at_most_an_epoch(tmp_path: Path) -> None:
    whole = FeedbackTraining(examples(60), [], SIZE, PLAN)
    whole.go()
    rng, kills = np.random.default_rng(0), 0
    for _ in range(40):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / "run.pt"), str(tmp_path / "end.pt")],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        wanted = 1 + int(rng.integers(1, 12)) if kills < 4 else 10**6  # steps until the kill
        steps = sum(1 for _ in islice(child.stdout, wanted))
        if steps == wanted:
            child.kill()
            kills += 1
        child.stdout.close()
        if child.wait() == 0:
            break
    assert kills >= 2 and (tmp_path / "end.pt").is_file()
    for name, tensor in torch.load(tmp_path / "end.pt", weights_only=True).items():
        assert torch.equal(tensor, whole.adapter.state_dict()[name]), name


def test_held_back_feedback_is_never_trained_on_and_too_little_is_refused() -> None:
    told = examples(60)
    told += [replace(one, kind="pin") for one in told]  # two things said of each question
    run = FeedbackTraining(told, [], SIZE, PLAN)
    assert len(run.held) == 24 and not {one.id for one in run.held} & {one.id for one in run.train}
    with pytest.raises(BadInput, match="too little"):
        FeedbackTraining(examples(6), [], SIZE, PLAN)


# ---- from a memory to examples ------------------------------------------------------------------------------

OWNER = "ann"
TOLD = {
    "anna": "My sister Anna lives in Lisbon.",
    "porto": "Anna moved from Lisbon to Porto in May.",
    "rex": "The dog Rex lives in the garden.",
    "tea": "I drink green tea every morning.",
}


@pytest.fixture
def memory() -> Iterator[tuple[ExternalMemory, Any, AttentionReader]]:
    encoder: Any = FakeEncoder()
    torch.manual_seed(0)
    size = ReadSize(dimension=encoder.dimension, heads=2, head_dim=8, hidden=8, state=8)
    reader = AttentionReader(ReadNetwork(size))
    with scratch_store(encoder) as store:
        notes = [Memory(id, text, "note", 100.0 + at, "user") for at, (id, text) in enumerate(TOLD.items())]
        said = ["We talked about the garden today.", "Roses need water and sun.", "The roses near the gate bloom."]
        turns = [
            Memory(f"t{at}", text, "turn", 200.0 + at, "user", container="c", position=at)
            for at, text in enumerate(said)
        ]
        both = [*notes, *turns]
        store.add(OWNER, both, encoder.encode([one.text for one in both]))
        yield store, encoder, reader


QUESTION = Feedback(
    "q",
    "pin",
    "Where does Anna live?",
    asked=1000.0,
    memory="porto",
    reads={"anna": PastWeight(0.6, 0.7), "porto": PastWeight(0.3, 0.2)},
)


def made(memory: tuple[ExternalMemory, Any, AttentionReader], *told: Feedback) -> list[FeedbackExample]:
    store, encoder, reader = memory
    return examples_of(store, encoder, OWNER, reader, told, sources=64)


def test_credit_goes_to_what_is_meant(memory: tuple[ExternalMemory, Any, AttentionReader]) -> None:
    store, _, _ = memory
    store.mark(OWNER, ["porto"], muted=True)  # a muted memory is on no shortlist, and is learned from all the same
    pin, like, edit = made(
        memory,
        QUESTION,
        replace(QUESTION, kind="like", memory=""),
        replace(QUESTION, kind="edit", memory="", reply="In Lisbon.", edited="She moved to Porto in May."),
    )
    ids = ["anna", "porto", "rex", "tea"]
    assert pin.credit[: len(ids)].tolist() == [0, 1, 0, 0] == edit.credit[: len(ids)].tolist()
    assert like.credit[:2] == pytest.approx([7 / 9, 2 / 9]) and like.logged[:2] == pytest.approx([2 / 3, 1 / 3])
    assert like.log_hops.shape == (2, len(like.sources) + 1) and like.evidence.shape[1] == WIDTH


def test_what_was_not_there_then_is_left_out_and_what_is_gone_leaves_nothing(
    memory: tuple[ExternalMemory, Any, AttentionReader],
) -> None:
    store, encoder, _ = memory
    late = Memory("late", "Anna lives in Rome now.", "note", 5000.0, "user")
    store.add(OWNER, [late], encoder.encode([late.text]))
    (pin,) = made(memory, QUESTION)
    (later,) = made(memory, replace(QUESTION, asked=6000.0))
    assert len(later.sources) == len(pin.sources) + 1
    store.delete(OWNER, ["porto"])
    assert made(memory, QUESTION) == []
    assert made(memory, replace(QUESTION, kind="like", memory="")) == []  # one read memory has nothing to weigh against


def test_an_edit_that_says_nothing_new_draws_on_nothing(
    memory: tuple[ExternalMemory, Any, AttentionReader],
) -> None:
    store, _, _ = memory
    notes = list(store.get(OWNER, TOLD).values())
    assert drawn_on(store, OWNER, "Where does Anna live?", "Anna live where", notes) is None
    assert drawn_on(store, OWNER, "Where does Anna live?", "Zanzibar", notes) is None


def test_inverse_cloze_asks_a_turn_for_its_neighbours(memory: tuple[ExternalMemory, Any, AttentionReader]) -> None:
    store, encoder, reader = memory
    found = cloze_of(store, encoder, OWNER, reader, sources=64, most=10, seed=0)
    assert {one.id for one in found} == {"t0", "t1", "t2"} and {one.kind for one in found} == {"cloze"}
    assert sorted((one.credit > 0).sum() for one in found) == [1, 1, 2]
    again = cloze_of(store, encoder, OWNER, reader, sources=64, most=10, seed=0)
    assert all(np.array_equal(a.evidence, b.evidence) for a, b in zip(found, again, strict=True))
    assert cloze_of(store, encoder, "bob", reader, sources=64, most=10, seed=0) == []
