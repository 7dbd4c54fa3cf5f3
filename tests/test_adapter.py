"""An adapter: a no-op at first, merged exactly, and never into a model it was not made for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from knowledge.errors import ModelError
from knowledge.records import Memory, Read, ReplyRequest, Turn
from knowledge.reply.local import adapter
from knowledge.reply.local.chat_model import ChatModel
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.training.decoder import DecoderPlan, DecoderTraining
from knowledge.training.replies.data import ReplyExample
from tests.tiny_llama import save_tiny_llama

PLAN = DecoderPlan(epochs=4, rank=4, alpha=8, tokens=600, rows=2, every=4, rate=5e-3, patience=100, reply_strength=0.5)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("tiny"))


def examples(count: int, offset: int = 0) -> list[ReplyExample]:
    made = []
    for n in range(offset, offset + count):
        reads = (
            Read(Memory(f"{n}", f"The key is {n}.", "turn", 1e9, "user"), score=0.7, weight=0.7),
            Read(Memory(f"{n}b", "It rains.", "turn", 1e9, "user"), score=0.1, weight=0.1),
        )
        made.append(ReplyExample((Turn("q", "user", "Which key?", 1e9),), reads, f"{n}", "key", "test"))
    return made


def training(tiny: Path, folder: Path) -> DecoderTraining:
    torch.set_num_threads(1)
    talk = [tuple(range(3, 60)) * 6, tuple(range(90, 40, -1)) * 6]
    model = ChatModel(str(tiny), dtype="float32")
    last = [examples(40, 28), examples(40, 68)]
    return DecoderTraining(model, examples(24), examples(4, 24), folder, PLAN, last, talk)


def test_training_lowers_the_dev_loss_and_what_it_writes_is_what_it_measured(tiny: Path, tmp_path: Path) -> None:
    run = training(tiny, tmp_path)
    run.go()
    losses = [row["dev"] for row in run.curve]
    assert run.best == pytest.approx(losses[-1], abs=1e-3) and losses[-1] < losses[0] - 0.1  # the end is what is kept
    assert (tmp_path / "loss.csv").read_text().count("\n") == len(losses) + 1
    run.publish(tmp_path / "out.safetensors", '{"steps": 1}')
    decoder = LocalDecoder(str(tiny), dtype="float32", adapter=tmp_path / "out.safetensors")
    assert decoder.adapter is not None and decoder.adapter.strength == PLAN.strength
    stock = LocalDecoder(str(tiny), dtype="float32")
    dev = [ReplyRequest(one.dialogue, one.reads) for one in examples(4, 24)]
    adapted, before = (
        -torch.cat([which.score(one, f"{n}") for n, one in enumerate(dev, 24)]).mean() for which in (decoder, stock)
    )
    assert adapted < before


def test_a_killed_run_goes_on_to_the_same_weights(tiny: Path, tmp_path: Path) -> None:
    whole = training(tiny, tmp_path / "whole")
    whole.go()
    first, second, end = whole.begins  # of a late stage and the last
    late = PLAN.every * (1 + second // PLAN.every)
    assert first % PLAN.every == 0 and late < end
    for until in (PLAN.every * 2, first, late):
        cut = training(tiny, tmp_path / "cut")
        assert cut.resume() == (until > PLAN.every * 2)
        cut.go(until=until)
        if until == first:
            assert all(torch.equal(a, b) for a, b in zip(cut.exact, whole.trunk["factors"], strict=True))
    again = training(tiny, tmp_path / "cut")
    assert again.resume() and again.step == late
    again.go()
    assert again.curve[1:] == whole.curve[1:]  # before the first step there is no training loss (nan)
    assert all(torch.equal(a, b) for a, b in zip(again.exact, whole.exact, strict=True))


def test_an_adapter_starts_as_a_no_op_and_merges_exactly(tiny: Path, tmp_path: Path) -> None:
    ids = torch.tensor([[5, 6, 7, 8]])
    plain = ChatModel(str(tiny), dtype="float32").network
    before = plain(ids).logits
    fresh = ChatModel(str(tiny), dtype="float32").network
    adapted = adapter.attach(fresh, 4, 8)
    assert torch.allclose(adapted(ids).logits, before, atol=1e-5)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.copy_((torch.randn_like(parameter) * 0.1).half())
    about = adapter.AdapterAbout(adapter.base_of(plain), 4, 8, 0.5, 1.0)
    adapter.save(adapter.factors(adapted), about, tmp_path / "a.safetensors")
    assert adapter.merge(plain, tmp_path / "a.safetensors") == about
    after = plain(ids).logits
    assert torch.allclose(after, adapted(ids).logits, atol=1e-4) and not torch.allclose(after, before, atol=1e-2)


def test_what_is_no_adapter_of_this_model_is_refused_and_changes_nothing(tiny: Path, tmp_path: Path) -> None:
    network = ChatModel(str(tiny), dtype="float32").network
    before = [parameter.clone() for parameter in network.parameters()]
    good = adapter.AdapterAbout(adapter.base_of(network), 4, 8, 0.5, 1.0)
    (tmp_path / "broken.safetensors").write_bytes(b"nothing of the kind")
    save_file({"x": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    adapter.save({"x": torch.zeros(1)}, replace(good, base="another"), tmp_path / "other.safetensors")
    adapter.save({"base_model.model.model.no.lora_A.weight": torch.zeros(4, 4)}, good, tmp_path / "odd.safetensors")
    cases = {
        "missing": "cannot be read",
        "broken": "cannot be read",
        "foreign": "no adapter of Mneme's",
        "other": "another model",
        "odd": "does not fit",
    }
    for name, message in cases.items():
        with pytest.raises(ModelError, match=message):
            adapter.merge(network, tmp_path / f"{name}.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), before, strict=True))


def test_a_mean_is_of_one_kind_and_says_of_what(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.safetensors" for name in "ab"]
    torch.manual_seed(1)
    factors = [(torch.randn(7, 2), torch.randn(2, 5)) for _ in paths]
    for path, (up, down) in zip(paths, factors, strict=True):
        adapter.save({"q.lora_A.weight": down, "q.lora_B.weight": up}, about(f'{{"run": "{path.stem}"}}'), path)
    found = adapter.mean(paths, tmp_path / "mean.safetensors")
    about_mean, tensors = adapter._opened(tmp_path / "mean.safetensors")
    assert about_mean == found and '"run": "b"' in found.training
    products = torch.stack([up @ down for up, down in factors]).mean(0)
    product = tensors["q.lora_B.weight"].float() @ tensors["q.lora_A.weight"].float()
    left, sizes, right = torch.linalg.svd(products)
    nearest = left[:, :2] * sizes[:2] @ right[:2]  # of all products of that rank
    assert sizes[2] > 0.1 and torch.allclose(product, nearest, atol=0.02)
    adapter.mean([paths[0]] * 3, tmp_path / "same.safetensors")
    same = adapter._opened(tmp_path / "same.safetensors")[1]
    again = same["q.lora_B.weight"].float() @ same["q.lora_A.weight"].float()
    assert torch.allclose(again, factors[0][0] @ factors[0][1], atol=0.02)
    adapter.save({"q.lora_A.weight": torch.ones(2, 2)}, replace(about("{}"), rank=4), paths[0])
    with pytest.raises(adapter.AdapterError, match="different kinds"):
        adapter.mean(paths, tmp_path / "mean.safetensors")


def about(training: str) -> adapter.AdapterAbout:
    return adapter.AdapterAbout("base", 2, 2, 0.75, 1.0, True, training)
