"""Where nothing was read and "not known" is likely, it is said; all else is replied to as before."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch

from knowledge.records import Memory, Read, ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply.local.block_cache import BlockCache
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.reply.local.prefix_cache import PrefixCache
from knowledge.reply.local.reply_state import BlockMaker, Prepared
from knowledge.reply.local.scheduler import Scheduler
from knowledge.reply.small_model.abstention import ABSTENTIONS, HEARD, LEAST, OWN, least
from knowledge.reply.small_model.message_forms import asks
from tests.tiny_llama import save_tiny_llama

WEIGHTS = Path(__file__).parents[1] / "knowledge" / "weights" / "decoder.safetensors"


def request(text: str, *reads: Read, max_tokens: int = 24) -> ReplyRequest:
    return ReplyRequest(
        [Turn("q", "user", text, 1.8e9)], reads, Sampling(temperature=0, max_tokens=max_tokens), key="k", owner="o"
    )


def said(decoder: LocalDecoder, asked: ReplyRequest) -> str:
    *_, done = decoder.reply(asked, threading.Event())
    assert isinstance(done, ReplyDone)
    return done.text


def test_how_likely_a_reply_begins_is_what_scoring_it_says(tmp_path: Path) -> None:
    decoder = LocalDecoder(str(save_tiny_llama(tmp_path)), dtype="float32")
    asked = request("Which key is it?")
    texts = ["The key", "A much longer reply than that.", "No"]
    expected = [float(decoder.score(asked, text).sum()) for text in texts]
    maker = BlockMaker(decoder.model, BlockCache(1 << 20), "test")
    prompt = Prepared(maker, PrefixCache(0, size=lambda _: 0), Scheduler(1), asked, decoder.layout(asked))
    found = prompt.log_probabilities([decoder.model.tokens(text) for text in texts], [[]] * len(texts)).sum(1)
    assert torch.allclose(found, torch.tensor(expected), atol=1e-3)
    fresh = Prepared(maker, PrefixCache(0, size=lambda _: 0), Scheduler(1), asked, decoder.layout(asked))
    whole = fresh.compute(threading.Event())
    after = fresh.log_probabilities([decoder.model.tokens(text) for text in texts], [[]] * len(texts)).sum(1)
    assert torch.allclose(after, found, atol=1e-3)
    for one in (prompt, fresh):  # and the prompt is what it was
        logits = one.compute(threading.Event())
        assert logits is not None and whole is not None and torch.allclose(logits, whole, atol=1e-4)


@pytest.mark.parametrize(
    ("text", "asking"),
    [
        ("Where do I live?", True),
        ("where do I live", True),
        ("我住在哪里？", True),
        ("I have a headache.", False),
        ("Hello!", False),
    ],
)
def test_what_asks(text: str, asking: bool) -> None:
    assert asks(text) is asking


@pytest.mark.parametrize(
    "text", ["What is my dog's name?", "Which blood type do I have?", "Where did we spend Easter?"]
)
def test_what_only_memory_can_know_needs_less_to_be_left_open(text: str) -> None:
    assert least(text) == least(text, heard=True) == OWN < HEARD < LEAST


@pytest.mark.parametrize("text", ["Who wrote Hamlet?", "What should I cook tonight?", "How do I train my dog?"])
def test_what_anybody_can_know_needs_more(text: str) -> None:
    assert least(text) == LEAST and least(text, heard=True) == HEARD


def test_the_model_that_ships_invents_nothing_about_a_person_and_knows_the_world(decoder_folder: Path) -> None:
    decoder = LocalDecoder(str(decoder_folder), adapter=WEIGHTS)
    for text in ("Which hospital was I born in?", "What is the licence plate of my car?", "Who is my landlord?"):
        assert said(decoder, request(text)) in ABSTENTIONS
    assert "Paris" in said(decoder, request("What is the capital of France?"))
    for text in ("What is the capital of Italy?", "Could a dog eat chocolate?", "How do I make pancakes?", "Hello!"):
        assert said(decoder, request(text)) not in ABSTENTIONS
    told = Read(Memory("m", "My landlord is called Otto Brandt.", "turn", 1.79e9, "user"), score=0.9, weight=0.9)
    assert "Otto" in said(decoder, request("Who is my landlord?", told))
    assert said(decoder, request("Who is my landlord?", max_tokens=2)) not in ABSTENTIONS  # they would not fit


def test_a_reply_that_was_stopped_says_nothing(decoder_folder: Path) -> None:
    stop = threading.Event()
    stop.set()
    *_, done = LocalDecoder(str(decoder_folder), adapter=WEIGHTS).reply(request("Who is my landlord?"), stop)
    assert isinstance(done, ReplyDone) and (done.text, done.finish_reason) == ("", "stopped")


def test_a_stock_model_was_not_taught_to(decoder_folder: Path) -> None:
    assert said(LocalDecoder(str(decoder_folder)), request("Which hospital was I born in?")) not in ABSTENTIONS
