"""Plain talk is held to what it was: the loss is 0 where nothing changed, and training with it changes talk less."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from knowledge.reply.local import adapter
from knowledge.reply.local.chat_model import ChatModel
from knowledge.training.decoder import DecoderTraining
from knowledge.training.distillation import SAID, divergence, talk_rows
from knowledge.training.held_out import held_out
from knowledge.training.replies.chat import talks
from tests.test_adapter import PLAN, examples
from tests.tiny_llama import save_tiny_llama

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ROW = tuple((7 * n) % 200 + 3 for n in range(40))
LONG = ROW * 10


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("tiny"))


def test_the_loss_is_the_divergence_from_what_was_and_the_fall_of_what_was_said(tiny: Path) -> None:
    plain = ChatModel(str(tiny), dtype="float32").network
    adapted = adapter.attach(ChatModel(str(tiny), dtype="float32").network, 4, 8)
    assert float(divergence(adapted, ROW, 10).detach()) == pytest.approx(0, abs=1e-4)
    with torch.no_grad():
        for factor in (p for p in adapted.parameters() if p.requires_grad):
            factor += 0.05 * torch.randn_like(factor)
    ids = torch.tensor([ROW])
    before, after = (network(ids).logits[0, 10:-1].log_softmax(-1).detach() for network in (plain, adapted))
    apart = torch.nn.functional.kl_div(after, before, reduction="sum", log_target=True)
    said = ids[0, 11:]
    fall = sum(float(before[n, token] - after[n, token]) for n, token in enumerate(said))
    found = divergence(adapted, ROW, 10)
    assert float(apart) > 0.01 and len(said) == len(before)
    assert float(found.detach()) == pytest.approx((1 - SAID) * float(apart) + SAID * fall, rel=1e-3)
    found.backward()  # type: ignore[no-untyped-call]
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in adapted.parameters())


def test_training_with_talk_changes_talk_less(tiny: Path, tmp_path: Path) -> None:
    apart = []
    plan = replace(PLAN, most=2, held_rate=1.0, held_share=1.0)
    for name, talk in (("with", [LONG]), ("without", [])):
        torch.set_num_threads(1)
        model = ChatModel(str(tiny), dtype="float32")
        run = DecoderTraining(model, examples(24), examples(4, 24), tmp_path / name, plan, [examples(24)], talk)
        start = run.loss(run.dev)
        run.go()  # talk is held in the last stage
        assert run.loss(run.dev) < start - 0.05  # replies are learned all the same
        first = len(run.rows.shared)
        assert first < len(LONG) - 30
        apart.append(float(divergence(run.network, LONG, first).detach()))
    assert apart[0] < 0.5 * apart[1]


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not beside this checkout")
def test_conversations_that_measure_are_not_trained_on(tiny: Path) -> None:
    model = ChatModel(str(tiny), dtype="float32")
    for _, some in talks(DATA):
        assert len(some) > 1000 and not any(held_out(texts[0]) for texts in some)
    rows = talk_rows(DATA, 0, model, 20, 300)
    assert len(rows) == 20 and all(100 < len(row) <= 300 for row in rows)
    assert rows == talk_rows(DATA, 0, model, 20, 300) and rows != talk_rows(DATA, 1, model, 20, 300)
