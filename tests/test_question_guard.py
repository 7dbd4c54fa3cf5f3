"""A short reply says something that a sure memory says; else it is made once more, and nothing of it was shown."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from knowledge.records import Memory, Read, ReplyDone, ReplyRequest, Sampling, TextDelta, Turn
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.reply.local.prefix_cache import Entry
from knowledge.reply.local.scheduler import Scheduler
from knowledge.reply.local.token_steps import PlainStepper, Steppers, steppers_of
from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.reply.small_model.question_guard import QuestionGuard
from tests.tiny_llama import save_tiny_llama

WEIGHTS = Path(__file__).parents[1] / "knowledge" / "weights" / "decoder.safetensors"
QUESTION = "What do we call our robot vacuum?"
TOLD = "We call our robot vacuum Solveig, for the rugs."
VOCABULARY = [
    "<end>",
    "Vac",
    "uum",
    "The",
    " vac",
    " robot",
    "Vasco",
    "Sol",
    "veig",
    " is",
    "R",
    "Lisbon",
    " down",
    " the",
    " Sol",
]


def sure(text: str, weight: float = 0.95) -> Read:
    return Read(Memory(text, text, "turn", 1.76e9, "user"), weight, weight)


def guard(question: str, *read: str, copies: bool = False) -> QuestionGuard:
    reads = [sure(text) for text in read or (TOLD,)]
    made = QuestionGuard(question, reads, lambda ids: "".join(VOCABULARY[i] for i in ids), [0])
    made.copies = copies
    return made


@pytest.mark.parametrize(
    ("question", "reply", "expected"),
    [
        (QUESTION, "Vacuum", True),
        (QUESTION, "The robot vacuum.", True),
        (QUESTION, "Our vacuum is Solveig", False),
        (QUESTION, "We do", False),  # names nothing at all
        (QUESTION, "Ventilator", True),  # nor does the memory say it
        (QUESTION, "For rugs", False),
        (QUESTION, "It was in 2021", False),  # a date need not stand there
        (QUESTION, ABSTENTIONS[0], False),
        (QUESTION, "Its name is one that many people have heard of before", False),  # more than a few words
        ("How many vacuums do we have?", "Two", False),
        ("What would the robot like?", "Music", False),  # a guess
        ("What was grandma's gift to Ana?", "A gift from her grandma", True),
        ("Is Ana in Lisbon?", "Ana is in Lisbon", False),  # yes or no
        ("Which is better, tea or coffee?", "Tea", False),  # a choice
        ("My vacuum is broken.", "Your vacuum", False),  # no question
        ("", "Vacuum", False),
    ],
)
def test_what_names_nothing_of_the_memory_is_groundless(question: str, reply: str, expected: bool) -> None:
    assert guard(question).groundless(reply) is expected


@pytest.mark.parametrize(
    ("begun", "held"),
    [
        ("V", True),
        ("The ", True),
        ("The Vac", True),
        ("Vacuum", True),
        ("Sol", True),
        ("Solveig is", False),
        ("In 2", False),
    ],
)
def test_only_what_may_be_groundless_is_held_back(begun: str, held: bool) -> None:
    assert guard(QUESTION).may_be_groundless(begun) is held
    assert not guard(QUESTION, copies=True).may_be_groundless(begun)


def test_nothing_is_looked_at_where_no_memory_that_is_sure_has_another_word() -> None:
    unsure = QuestionGuard(QUESTION, [sure(TOLD, 0.8)], lambda _: "", [0])
    for alone in (guard(QUESTION, "Our robot vacuum."), QuestionGuard(QUESTION, [], lambda _: "", [0]), unsure):
        assert not alone.groundless("Vacuum") and not alone.may_be_groundless("Vac")


def token(piece: str) -> int:
    return VOCABULARY.index(piece)


@pytest.mark.parametrize(
    ("made", "following", "refused"),
    [
        ((), "Vac", True),
        (("The",), " vac", True),
        (("The",), " robot", True),
        ((), "R", False),
        ((), "Vasco", True),
        ((), "Sol", False),
        (("Sol",), "veig", False),
        (("Sol",), "uum", True),
        ((), "The", False),
        ((), "<end>", True),
        (("The",), "<end>", True),
        (("Sol",), "<end>", True),
        (("Sol", "veig"), "<end>", False),
        ((), " down", True),
        (("The",), " the", False),
        (("The", " the"), " the", True),
        (("The", " the"), " Sol", False),
        (("Sol", "veig"), " robot", False),  # behind something new the question's words are free
    ],
)
def test_a_reply_that_copies_begins_with_a_word_of_what_was_read(
    made: Sequence[str], following: str, refused: bool
) -> None:
    ids = [token(piece) for piece in made]
    assert guard(QUESTION, copies=True).refuses(ids, token(following)) is refused
    assert not guard(QUESTION).refuses(ids, token(following))


@pytest.mark.parametrize("lean", [True, False])
def test_behind_a_rewind_tokens_step_as_at_first(lean: bool, tmp_path: Path) -> None:
    model = LocalDecoder(str(save_tiny_llama(tmp_path)), dtype="float32").model
    steppers: Steppers = steppers_of(model) if lean else PlainStepper
    found = []
    for before in ([], [5], [5, 6, 7]):
        entry = Entry([1, 2, 3, 4], model.new_cache())
        model.forward(entry.ids, entry.values)
        stepper = steppers(model, entry, None, Scheduler(1))
        for number, one in enumerate(before):
            stepper.step(one, 4 + number)
        stepper.rewind()
        found.append(torch.stack([stepper.step(one, 4 + number) for number, one in enumerate((8, 9))]))
        stepper.settle()
        assert entry.ids == [1, 2, 3, 4, 8, 9] and entry.values.get_seq_length() == 6
    for other in found[1:]:
        assert torch.allclose(other, found[0], atol=1e-5)


def test_the_name_is_found_where_the_likeliest_reply_says_the_question_back(decoder_folder: Path) -> None:
    decoder = LocalDecoder(str(decoder_folder), adapter=WEIGHTS)
    told = Memory("m", "Downstairs we have a new neighbour, goes by Signe Okafor.", "turn", 1.76e9, "user")
    turn = Turn("question", "user", "What is the new neighbour downstairs called?", 1.7605e9)
    said = {}
    for weight in (0.97, 0.8):  # sure, and not sure enough to ask for more than the likeliest words
        request = ReplyRequest([turn], [Read(told, weight, weight)], Sampling(max_tokens=24))
        *pieces, done = decoder.reply(request, threading.Event())
        assert isinstance(done, ReplyDone) and done.trace is not None and done.trace.ends[-1] == len(done.text)
        assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)) == done.text
        said[weight] = done.text
    assert "Signe Okafor" in said[0.97] and said[0.8] == "Downstairs"
