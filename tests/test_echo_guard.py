"""A reply does not say the turn that it answers back, and is free in everything else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
import torch

from knowledge.records import Sampling
from knowledge.reply.small_model.echo_guard import EchoGuard
from knowledge.reply.token_picker import TokenPicker

TURN = "Soccer is the most famous ball game in the world. Mac and dell"
VOCABULARY = ["<end>", *re.findall(r" ?[\w']+|[^\w\s]", TURN), " best", " game", "."]
END = 0


def tokens(text: str) -> list[int]:
    return [VOCABULARY.index(piece) for piece in re.findall(r" ?[\w']+|[^\w\s]", text)]


def decode(ids: Sequence[int]) -> str:
    return "".join(VOCABULARY[i] for i in ids)


def refused(reply: str, following: str) -> bool:
    guard = EchoGuard(TURN, decode, [END])
    made = tokens(reply)
    for at, token in enumerate(made):
        guard.refuses(made[:at], token)
    return guard.refuses(made, tokens(following)[0] if following else END)


@pytest.mark.parametrize(
    ("reply", "following", "expected"),
    [
        ("Soccer is", " the", False),  # three words may be the same
        ("Soccer is the", " most", True),
        ("Soccer is the", " best", False),
        ("Soccer is the best", " most", False),
        (" Mac and dell", "", True),  # a whole short sentence may not be the reply
        (" Mac and dell.", "", True),
        (" Mac and dell", " best", False),
        (" best game in the", " world", False),  # further in, the asked person's words are welcome
    ],
)
def test_what_would_say_the_turn_back_is_refused(reply: str, following: str, expected: bool) -> None:
    assert refused(reply, following) is expected


def test_the_next_choice_is_picked_instead() -> None:
    guard = EchoGuard(TURN, decode, [END])
    pick = TokenPicker(Sampling(temperature=0.0, repetition_penalty=1.0), "cpu")
    said = []
    for token in tokens("Soccer is the most famous"):
        logits = torch.zeros(len(VOCABULARY))
        logits[token], logits[tokens(" best")[0]] = 5.0, 4.0
        said.append(pick(logits, guard.refuses))
    assert decode(said) == "Soccer is the best famous"


def test_an_empty_turn_refuses_nothing() -> None:
    guard = EchoGuard("", decode, [END])
    assert not guard.refuses([], END)
    assert not guard.refuses(tokens("Soccer is the"), tokens(" most")[0])
