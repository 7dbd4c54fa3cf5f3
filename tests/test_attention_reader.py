"""The learned read: its network, its weights in a file, and how it stands behind the reader's interface."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.read.attention_reader import FAINT, AttentionReader
from knowledge.read.evidence import WIDTH, Focus
from knowledge.read.fixed_reader import FixedReader
from knowledge.read.pipeline import with_acts
from knowledge.read.read_network import ReadBatch, ReadNetwork, ReadSize, load, memory_loss, save
from knowledge.read.reader import WEIGHTS, make_reader, own_weights, weights_of
from knowledge.records import Candidate, Memory, ReadResult

SMALL = ReadSize(dimension=8, heads=2, head_dim=4, hidden=8, state=8)
DAY = 86400.0


def batch(slots: int, used: int, size: int = 1, turns: int = 0, seed: int = 0) -> ReadBatch:
    torch.manual_seed(seed)
    mask = torch.zeros(size, slots, dtype=torch.bool)
    mask[:, :used] = True
    near = torch.full((size, 3, slots), -1)
    near[:, 1] = torch.arange(slots)
    near[:, 2, 1:used] = torch.arange(used - 1)
    near[:, 0, : used - 1] = torch.arange(1, used)
    return ReadBatch(
        torch.nn.functional.normalize(torch.randn(size, 8), dim=-1),
        torch.randn(size, max(turns, 1), 8),
        torch.full((size,), turns),
        torch.randn(size, slots, 8),
        torch.randn(size, slots, WIDTH),
        mask,
        near,
    )


@pytest.mark.parametrize(
    "changes", [{}, {"hops": 1}, {"shift_radius": 0}, {"lexical": False}, {"internal_memory": False}]
)
def test_weights_and_null_slot_sum_to_one_and_padding_gets_none(changes: dict[str, Any]) -> None:
    network = ReadNetwork(replace(SMALL, **changes)).eval()
    read = network(batch(6, 4, size=3))
    assert torch.allclose(read.log_alpha.exp().sum(-1), torch.ones(3), atol=1e-5)
    assert torch.allclose(read.log_hops.exp().sum(1), read.log_alpha.exp(), atol=1e-5)
    assert read.log_alpha[:, 4:6].exp().max() == 0


def test_padding_changes_nothing() -> None:
    network = ReadNetwork(SMALL).eval()
    wide = batch(9, 4)
    narrow = ReadBatch(
        wide.vector,
        wide.dialogue,
        wide.turns,
        wide.keys[:, :4],
        wide.evidence[:, :4],
        wide.mask[:, :4],
        wide.neighbours[:, :, :4],
    )
    a, b = network(wide).log_alpha[0], network(narrow).log_alpha[0]
    assert torch.allclose(a[:4], b[:4], atol=1e-4) and torch.allclose(a[-1], b[-1], atol=1e-4)


def test_the_dialogue_changes_the_query_only_with_an_internal_memory() -> None:
    with_it, without = ReadNetwork(SMALL).eval(), ReadNetwork(replace(SMALL, internal_memory=False))
    assert with_it.internal is not None
    torch.nn.init.normal_(with_it.internal.project.weight)
    talk, alone = batch(4, 4, turns=1), batch(4, 4, turns=0)
    assert not torch.allclose(with_it.focus(talk), with_it.focus(alone))
    assert torch.equal(without.focus(talk), without.focus(alone))


def test_training_finds_the_evidence_and_declines_where_there_is_none() -> None:
    """A task that needs the null slot: a marked slot is right, and nothing where no slot is marked."""
    torch.manual_seed(0)
    network = ReadNetwork(SMALL)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

    def problem(seed: int) -> tuple[ReadBatch, torch.Tensor, torch.Tensor]:
        made = batch(5, 5, size=16, seed=seed)
        right = torch.zeros(16, 5, dtype=torch.bool)
        right[torch.arange(12), torch.arange(12) % 5] = True
        made.evidence.mul_(0.1)
        made.evidence[..., 0] = right.float()
        return made, right, torch.arange(16) < 12

    for step in range(150):
        made, right, answerable = problem(step)
        loss = memory_loss(network(made), right, answerable, right)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    made, right, answerable = problem(1000)
    alpha = network.eval()(made).log_alpha.exp()
    assert alpha[:12][:, :-1][right[:12]].min() > 0.5
    assert alpha[12:, -1].min() > 0.5


def test_weights_outlive_the_file_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    network = ReadNetwork(SMALL).eval()
    path = tmp_path / "reader.safetensors"
    save(network, path, {"encoder": "some encoder"})
    again, encoder = load(path)
    made = batch(4, 4)
    assert encoder == "some encoder" and again.size == SMALL
    assert torch.allclose(network(made).log_alpha, again(made).log_alpha, atol=0.05)  # kept in 16 bits
    reader, note = make_reader("some encoder", 8, multilingual=False, path=path)
    assert reader.learned and note == ""
    reader, note = make_reader("other", 8, multilingual=False, path=path)
    assert isinstance(reader, FixedReader) and "some encoder" in note
    path.write_bytes(path.read_bytes()[:100])
    reader, note = make_reader("some encoder", 8, multilingual=False, path=path)
    assert isinstance(reader, FixedReader) and "damaged" in note
    reader, note = make_reader("some encoder", 8, multilingual=False, path=tmp_path / "none")
    assert isinstance(reader, FixedReader) and "No weights" in note


def test_each_encoders_own_weights_are_picked_and_the_default_ones_where_there_are_none(tmp_path: Path) -> None:
    for name, encoder in (("reader", "all-MiniLM-L6-v2"), ("reader.other", "other")):
        save(ReadNetwork(SMALL).eval(), tmp_path / f"{name}.safetensors", {"encoder": encoder})
    assert weights_of("other", tmp_path).name == "reader.other.safetensors"
    assert weights_of("all-MiniLM-L6-v2", tmp_path).name == weights_of("third", tmp_path).name == "reader.safetensors"
    assert own_weights("some/where else", tmp_path) == tmp_path / "reader.some--where--else.safetensors"
    for encoder, learned in (("other", True), ("all-MiniLM-L6-v2", True), ("third", False)):
        reader, note = make_reader(encoder, 8, multilingual=False, path=weights_of(encoder, tmp_path))
        assert reader.learned == learned and bool(note) != learned


def test_the_multilingual_encoder_has_a_read_of_its_own() -> None:
    reader, note = make_reader("multilingual-e5-small", 384, multilingual=True)
    assert reader.learned and reader.multilingual and not note  # type: ignore[attr-defined]
    assert reader.shift < 0 == make_reader("all-MiniLM-L6-v2", 384, multilingual=False)[0].shift  # type: ignore[attr-defined]


# ---- with the weights that ship ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder() -> object:
    from knowledge.input.encoder import Encoder

    return Encoder()


def ask(encoder: object, text: str, said: list[Memory], limit: int = 5, **settings: Any) -> list[str]:
    return list(weights(encoder, text, said, limit, **settings))


def weights(encoder: object, text: str, said: list[Memory], limit: int = 5, **settings: Any) -> dict[str, float]:
    return {read.memory.id: read.weight for read in result(encoder, text, said, limit, **settings).reads}


def result(encoder: object, text: str, said: list[Memory], limit: int = 5, **settings: Any) -> ReadResult:
    network, _ = load(WEIGHTS)
    vectors = encoder.encode([text, *(memory.text for memory in said)])  # type: ignore[attr-defined]
    found = [Candidate(m, cosine=float(row @ vectors[0]), key=row) for m, row in zip(said, vectors[1:], strict=True)]
    messages = make_message_reader(encoder.name)  # type: ignore[attr-defined]
    acts = messages.read([text], vectors[:1])[0]
    focus = Focus(text, vectors[0], np.zeros((0, vectors.shape[1]), np.float32), {}, {}, asked=20 * DAY, acts=acts)
    return AttentionReader(network, **settings).read(focus, with_acts(messages, found), limit=limit)


def turns(*texts: str, **marks: Any) -> list[Memory]:
    return [
        Memory(id=str(i), text=text, kind="turn", created=i * DAY, role="user", container="c", position=2 * i, **marks)
        for i, text in enumerate(texts)
    ]


LIFE = turns(
    "My sister Anna moved to Lisbon and works as a marine biologist.",
    "I planted tomatoes on the balcony yesterday.",
    "Our dog Bruno is afraid of thunder.",
    "The car needs new tyres before the winter.",
)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Where does my sister live?", "0"),
        ("What did I plant?", "1"),
        ("What is our dog's name?", "2"),
        ("Which repairs does the car need?", "3"),
    ],
)
def test_a_small_memory_is_read_rightly(encoder: object, text: str, right: str) -> None:
    assert ask(encoder, text, LIFE)[0] == right
    assert ask(encoder, text, [LIFE[int(right)]]) == [right]


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Tell me a joke.",
        "What is a black hole?",
        "How do I boil an egg?",
    ],
)
def test_what_memory_has_nothing_on_reads_nothing(encoder: object, text: str) -> None:
    assert ask(encoder, text, LIFE) == []


def test_small_talk_reads_nothing_pinned_or_not(encoder: object) -> None:
    assert ask(encoder, "Thanks a lot!", LIFE) == []
    pinned = turns("Answer me in short sentences.", pinned=True)
    for text in ("Thanks a lot!", "Who wrote Hamlet?", "Write a poem about snow."):
        assert ask(encoder, text, [*pinned, *LIFE[1:]]) == []
    assert ask(encoder, "Where does my sister live?", [], limit=0) == []


def test_what_weighs_next_to_nothing_beside_the_strongest_is_not_read(encoder: object) -> None:
    text = "Where does my sister live?"
    everything = weights(encoder, text, LIFE, negligible=0.0)
    assert len(everything) == len(LIFE)
    ids, (first, second, *_) = list(everything), everything.values()
    assert ask(encoder, text, LIFE, negligible=1.001 * second / first) == ids[:1]
    assert ask(encoder, text, LIFE, negligible=0.999 * second / first)[:2] == ids[:2]
    # So too from the third on: what a very small decoder cannot hold apart is its own policy (small_model/policy.py).
    # But nothing is read that weighs too little to be heard at all.
    named = "What is our dog's name?"
    each = weights(encoder, named, LIFE, negligible=0.0)
    heard = [id for id, weight in each.items() if weight >= FAINT]
    assert 1 < len(heard) < len(each) and ask(encoder, named, LIFE, negligible=1e-9) == heard


def test_a_pin_changes_neither_weight_nor_score_and_breaks_ties(encoder: object) -> None:
    text = "Where does my sister live?"
    before = {read.memory.id: (read.weight, read.score) for read in result(encoder, text, LIFE).reads}
    pinned = [*LIFE[:2], replace(LIFE[2], pinned=True), LIFE[3]]
    assert {read.memory.id: (read.weight, read.score) for read in result(encoder, text, pinned).reads} == before
    twins = [replace(LIFE[0], id=f"twin {at}", position=100 * at) for at in (1, 2)]
    for at in (0, 1):
        marked = [replace(one, pinned=number == at) for number, one in enumerate(twins)]
        assert ask(encoder, text, [*LIFE[1:], *marked], 1) == [marked[at].id]


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("When did Anna go diving?", True),
        ("What did we give to Bruno?", True),
        ("Who wrote Hamlet?", False),
        ("What is a black hole?", False),
    ],
)
def test_a_read_says_whether_memory_speaks_of_whom_the_question_names(encoder: object, text: str, heard: bool) -> None:
    assert result(encoder, text, LIFE).heard is heard


def test_what_the_world_is_asked_reads_nothing_out_of_a_memory_of_one_fact(encoder: object) -> None:
    fact = turns("My dog is called Biscuit.")
    assert ask(encoder, "How many legs does a spider have?", fact) == []
    assert ask(encoder, "What is the dog called?", fact) == ["0"]
