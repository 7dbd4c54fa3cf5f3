"""Replies to learn, many in a row, are what the running decoder computes with cached blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from knowledge.records import Memory, Read, ReplyRequest, Turn
from knowledge.reply.local.layout import WAYS
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.reply.prompt import PromptBuilder
from knowledge.training.replies.batch import RowBuilder, packed, reply_log_probabilities
from knowledge.training.replies.data import ReplyExample
from tests.tiny_llama import save_tiny_llama


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> LocalDecoder:
    return LocalDecoder(str(save_tiny_llama(tmp_path_factory.mktemp("tiny"))), dtype="float32", window=4096)


def read(text: str, weight: float) -> Read:
    created = 1_683_504_000.0 + 60 * len(text)
    return Read(Memory(text, text, "turn", created, "user", "Eva"), score=weight, weight=weight)


def turns(*texts: str) -> tuple[Turn, ...]:
    return tuple(Turn(f"{n}", "user" if n % 2 == 0 else "assistant", text, 1.7e9) for n, text in enumerate(texts))


READS = (read("We moved to Lisbon.", 0.6), read("Ana sails.", 0.2), read("It rained all day.", 0.05))
EXAMPLES = [
    ReplyExample(turns("Where?"), READS, "Lisbon", "a", ""),
    ReplyExample(turns("Hello!", "Hi.", "Who sails?"), READS[:2], "Ana", "b", ""),
    ReplyExample(turns("Good morning"), (), "Good morning!", "c", ""),
    ReplyExample(turns("Hello!", "Hi.", "How are you?"), (), "Fine", "d", ""),
]


@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize("path", ["blocks", "prompt", "hybrid"])
def test_a_row_gives_every_reply_the_probability_that_the_decoder_gives_it(
    decoder: LocalDecoder, path: str, in_order: bool
) -> None:
    way = replace(WAYS[path], sharpness=1.0, strength=0.7, in_sequence=min(WAYS[path].in_sequence, 1))
    way = replace(way, in_order=in_order)
    way = replace(way, everything=True, in_sequence=1000) if path == "prompt" else way
    decoder.set_way(way)
    builder = PromptBuilder(decoder.model.count, window=4096, reads_tokens=600)
    rows = RowBuilder(decoder.model, builder)
    row = rows.row([rows.lay_out(example, way) for example in EXAMPLES])
    with torch.no_grad():
        found = reply_log_probabilities(decoder.model.network, row, decoder.model)
    for number, example in enumerate(EXAMPLES):
        there = decoder.score(ReplyRequest(example.dialogue, example.reads, key=f"{number}"), example.reply)
        here = found[row.example == number]
        assert len(here) == len(there) + 1  # the reply's end is learned too
        assert torch.allclose(here[:-1], there, atol=2e-4)


def test_the_weights_matter(decoder: LocalDecoder) -> None:
    rows = RowBuilder(decoder.model, PromptBuilder(decoder.model.count, window=4096, reads_tokens=600))
    found = []
    for strength in (0.0, 1.0):
        way = replace(WAYS["blocks"], sharpness=1.0, strength=strength)
        with torch.no_grad():
            row = rows.row([rows.lay_out(EXAMPLES[0], way)])
            found.append(reply_log_probabilities(decoder.model.network, row, decoder.model))
    assert not torch.allclose(found[0], found[1], atol=1e-3)


def test_sharpened_keys_are_refused(decoder: LocalDecoder) -> None:
    rows = RowBuilder(decoder.model, PromptBuilder(decoder.model.count, window=4096, reads_tokens=600))
    with pytest.raises(ValueError, match="sharpness 1"):
        rows.lay_out(EXAMPLES[0], replace(WAYS["blocks"], sharpness=1.2))


def test_rows_hold_their_tokens(decoder: LocalDecoder) -> None:
    rows = RowBuilder(decoder.model, PromptBuilder(decoder.model.count, window=4096, reads_tokens=600))
    laid = [rows.lay_out(example, replace(WAYS["blocks"], sharpness=1.0)) for example in EXAMPLES * 3]
    made = packed(laid, 700)
    assert [example for row in made for example in row] == laid and len(made) > 1
    assert all(len(row) == 1 or sum(example.tokens for example in row) <= 700 for row in made)
