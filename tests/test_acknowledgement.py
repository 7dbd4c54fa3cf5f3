"""What a person tells is taken note of, in words that fit; what they ask for is not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from knowledge.records import ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.reply.small_model.abstention import ABSTENTIONS, may_be_said
from knowledge.reply.small_model.acknowledgement import BEGINNINGS, acknowledgement, least

WEIGHTS = Path(__file__).parents[1] / "knowledge" / "weights" / "decoder.safetensors"
HEARD = "I'll remember that."


@pytest.mark.parametrize(
    "text",
    [
        "Where do I live?",
        "Tell me about my sister.",
        "Please give me three tips for my garden.",
        "Hello!",
        "Thanks a lot",
        "That's interesting.",
        "Write a poem about our dog.",
        "谢谢",
        "",
    ],
)
def test_what_asks_or_tells_nothing_is_never_taken_note_of(text: str) -> None:
    assert least(text) == 1.0


def test_what_is_told_of_oneself_needs_less() -> None:
    assert 0 < least("My sister lives in Lisbon.") < least("The wifi password is tulip42.") < 1


def found(**likely: float) -> torch.Tensor:
    """Log-probabilities of the beginnings, 1e-9 of those that are not given."""
    given = {name.replace("_", " "): value for name, value in likely.items()}
    return torch.tensor([given.get(one.replace("'", ""), 1e-9) for one in BEGINNINGS]).log()


def test_the_likeliest_words_are_chosen_and_the_news_decides_on_their_tone() -> None:
    assert acknowledgement(found(Noted=0.02, Ill_remember_that=0.03), 0.04) == HEARD
    assert acknowledgement(found(Noted=0.03, Ill_remember_that=0.02), 0.04).startswith("Noted")
    assert acknowledgement(found(Noted=0.02, Ill_remember_that=0.01), 0.04) == ""
    sad = acknowledgement(found(Noted=0.05, Im_so_sorry=0.2, Congratulations=0.001), 0.04)
    glad = acknowledgement(found(Noted=0.05, Im_so_sorry=0.001, Congratulations=0.2), 0.04)
    assert "sorry" in sad and "great" in glad and sad.endswith(HEARD) and glad.endswith(HEARD)


def test_what_the_running_chat_may_hold() -> None:
    said = ["My wife Joan plays the cello.", "I work as a baker in Bristol."]
    assert may_be_said("What instrument does my wife play?", said) and may_be_said("Where do I work?", said)
    assert not may_be_said("What is my brother's name?", said) and not may_be_said("What?", said)
    assert not may_be_said("Where do I work?", [])


@pytest.fixture(scope="module")
def decoder(decoder_folder: Path) -> LocalDecoder:
    return LocalDecoder(str(decoder_folder), adapter=WEIGHTS)


def chat(decoder: LocalDecoder, messages: Sequence[str]) -> list[str]:
    """One running chat, nothing read. → the replies."""
    turns: list[Turn] = []
    for number, text in enumerate(messages):
        turns.append(Turn(f"u{number}", "user", text, 1.8e9 + 60 * number))
        sampling = Sampling(temperature=0, max_tokens=40)
        *_, done = decoder.reply(ReplyRequest(list(turns), (), sampling, key="k", owner="o"), threading.Event())
        assert isinstance(done, ReplyDone)
        turns.append(Turn(f"a{number}", "assistant", done.text, 1.8e9 + 60 * number + 5))
    return [turn.text for turn in turns[1::2]]


def test_a_first_chat_takes_note_and_finds_what_was_told(decoder: LocalDecoder) -> None:
    told = [
        "Hi! My sister Ana lives in Lisbon and works as a marine biologist.",
        "We adopted a beagle called Biscuit last week.",
    ]
    replies = chat(decoder, [*told, "Where does my sister live?", "What's our dog called?"])
    assert all(reply.endswith(HEARD) for reply in replies[:2])
    assert "Lisbon" in replies[2] and "Biscuit" in replies[3]
    assert chat(decoder, [*told, "What is my brother's name?"])[2] in ABSTENTIONS


def test_sad_news_is_no_request_and_a_request_is_no_news(decoder: LocalDecoder) -> None:
    assert (
        "sorry" in chat(decoder, ["I lost my wallet."])[0] and "sorry" not in chat(decoder, ["I grew up in Madrid."])[0]
    )
    (tips,) = chat(decoder, ["Give me three tips for saving money."])
    assert HEARD not in tips and "1. " in tips and "2. " in tips
