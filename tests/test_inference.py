"""What follows from several memories: in which language it is asked, what is said, and how a read carries it."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from knowledge import inference
from knowledge.inference import Inference, make_inference, said
from knowledge.inference_language import Language, Translation, runs, words_of
from knowledge.inference_network import restore, save
from knowledge.local_decoder import LocalDecoder
from knowledge.prompt import Style, memory_line
from knowledge.question_guard import QuestionGuard
from knowledge.records import Memory, Read, ReadResult, ReplyRequest, Sampling, Turn
from tests.tiny_llama import save_tiny_llama

LANGUAGE = Language.of(
    [
        (["Mary took the milk.", "Then Mary went to the office.", "Then John went to the office.",
          "Then John went to the garden."], "Where is the milk?", ["office"]),
        (["John took the apple.", "Then John went to the garden."], "Where is the apple?", ["garden"]),
        (["Mary went to the office."], "Where is Mary?", ["office"]),
        (["Mary went to the garden."], "Is Mary in the office?", ["no"]),
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Inference:
    made, problem = make_inference()
    assert made is not None and not problem
    return made


def memories(*told: str, role: str = "user") -> list[Memory]:
    return [Memory(f"m{at}", text, "turn", 1.76e9 + at, role) for at, text in enumerate(told)]  # type: ignore[arg-type]


# ---- the language ------------------------------------------------------------------------------------


def test_a_language_is_what_the_training_files_have() -> None:
    assert "mary took the milk" in LANGUAGE.facts and "where is the milk" in LANGUAGE.questions
    assert "mary took the milk" not in LANGUAGE.questions
    assert LANGUAGE.names == ("mary", "john") and set(LANGUAGE.things) == {"milk", "apple", "office", "garden"}
    assert {"mary", "milk", "garden"} <= LANGUAGE.told and not LANGUAGE.told & {"where", "no", "is"}
    assert "office" not in LANGUAGE.told  # one question asks about it where nobody spoke of it
    assert Language.from_json(LANGUAGE.to_json()) == LANGUAGE


def test_runs_say_where_a_sentence_begins_and_ends() -> None:
    assert runs(["a", "b"]) == ["   a", "  a b", " a b ", "a b  ", "b   "]
    assert words_of("Mary's 2 apples!") == ("Mary", "s", "apples")


def test_unknown_people_and_things_stand_for_known_ones_that_nobody_talks_of() -> None:
    told = ["Ana took the laptop.", "Then Ana went to the office.", "I like jazz."]
    story = Translation(LANGUAGE, "Where is the laptop?", told)
    assert story.question is not None and story.question[:3] == ("where", "is", "the")
    thing, person = story.question[3], story.facts[0][0]  # type: ignore[index]
    assert thing in {"milk", "apple"} and person in LANGUAGE.names
    assert story.facts == [(person, "took", "the", thing), ("then", person, "went", "to", "the", "office"), None]
    assert (story.back(thing), story.back(person), story.back("office")) == ("laptop", "Ana", "office")


def test_what_is_told_of_somebody_else_keeps_their_name_from_standing_for_another() -> None:
    told = ["Mary took the milk.", "Then Ana went to the garden."]
    assert Translation(LANGUAGE, "Where is the milk?", told).facts[1] == ("then", "john", "went", "to", "the", "garden")
    assert Translation(LANGUAGE, "Where is Ana?", told).question is None  # these files ask for Mary alone


@pytest.mark.parametrize(
    "question",
    ["Where is my milk?", "Where did Mary go?", "Who took the milk?", "Where", "", "Where is the the milk?",
     "Why is Ana in the Paris of the North?", "Where is milk?"],
)  # fmt: skip
def test_other_questions_are_none_of_the_language(question: str) -> None:
    assert Translation(LANGUAGE, question, ["Mary took the milk."]).question is None


# ---- the network that ships --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "question", "answer"),
    [
        (["Ana took the laptop.", "Ana went to the library."], "Where is the laptop?", "library"),
        (["Ana took the laptop. Ana went to the library.", "Ana dropped the laptop.", "Ana went to the gym."],
         "where is the laptop", "library"),
        (["Mary moved to the office.", "John went to the garden.", "Mary went back to the kitchen."],
         "Is Mary in the office?", "no"),
        (["Yesterday Ana went to the gym.", "This morning Ana went to the bank."],
         "Where was Ana before the bank?", "gym"),
        (["Ana gave the guitar to Tom.", "Tom handed the guitar to Eva."], "Who gave the guitar to Eva?", "Tom"),
        (["Ana is my sister.", "Ana went to the library.", "Where is Ana?", "Tom is ill."], "Where is Ana?", "library"),
        (["Ana and Tom went to the beach.", "Then they moved to the market."], "Where is Tom?", "market"),
    ],
)  # fmt: skip
def test_it_says_what_follows(shipped: Inference, told: list[str], question: str, answer: str) -> None:
    found = shipped.conclude(question, memories(*told))
    assert found is not None and found.answer == (answer,) and found.probability > inference.SURE
    assert sum(look.share for look in found.looks) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("told", "question"),
    [
        (["Ana took the laptop.", "Ana went to the library."], "Where is Eva?"),  # nobody spoke of her
        (["Ana took the laptop.", "Ana went to the library."], "Where is the guitar?"),
        (["Ana hates the office."], "Where is Ana?"),  # a sentence that it was not trained on
        (["I went to Lisbon with my sister.", "My sister loves the sea."], "Where is my sister?"),
        (["Ana went to the library.", "I met Ana at the airport just now."], "Where is Ana?"),  # newer, in other words
        (["Ana took the laptop.", "Ana went to the library.", "Ana lent me her umbrella."], "Where is the laptop?"),
        (["Is Mary in the office?"], "Where is Mary?"),  # a question tells nothing
        ([], "Where is Mary?"),
    ],
)
def test_it_says_nothing_where_nothing_was_told_or_in_other_words(
    shipped: Inference, told: list[str], question: str
) -> None:
    assert shipped.conclude(question, memories(*told)) is None


def test_what_the_assistant_said_is_no_fact_and_order_is_that_of_time(shipped: Inference) -> None:
    told = memories("Mary went to the office.", "Mary went to the garden.")
    random.Random(0).shuffle(told)
    found = shipped.conclude("Where is Mary?", told)
    assert found is not None and found.answer == ("garden",)
    assert shipped.conclude("Where is Mary?", memories("Mary went to the office.", role="assistant")) is None


def test_hops_say_what_led_to_what(shipped: Inference) -> None:
    found = shipped.conclude("Where is the milk?", memories("Mary took the milk.", "Mary went to the office."))
    assert found is not None
    by_memory = {look.memory: look for look in found.looks}
    assert (by_memory["m0"].hop, by_memory["m0"].because) == (0, "")
    assert by_memory["m1"].hop >= 1 and by_memory["m1"].because in {"", "m0"}


# ---- in a read ---------------------------------------------------------------------------------------


def test_a_read_carries_it_with_the_memory_that_was_looked_at_most(shipped: Inference) -> None:
    told = memories("Mary took the milk.", "Mary went to the office.", "My dog is called Biscuit.")
    pinned = Memory("p", "Call me Sam.", "note", 1.7e9, "user", pinned=True)
    before = ReadResult("Where is the milk?", (Read(told[2], 0.5, 0.3), Read(pinned, 0.6, 0.4)), 0.3, 4)
    read = shipped.joined(before, [*told, pinned], limit=5)
    assert {one.memory.id for one in read.reads} == {"m0", "m1", "p"}
    assert read.null_weight + sum(one.weight for one in read.reads) == pytest.approx(1.0)
    lead, *others = read.reads
    assert lead.inferred == lead.told == "Where is the milk? office." and lead.weight > 0.6
    assert [one.inferred for one in others] == ["", ""] and others[0].told == others[0].memory.text
    assert memory_line(lead, Style()).endswith("I said: Where is the milk? office.")
    assert shipped.joined(before, [*told, pinned], limit=0) is before
    assert shipped.joined(before, told[2:], limit=5) is before


@pytest.mark.parametrize(
    ("inferred", "reply", "expected"),
    [
        ("Where is the milk? office.", "Office", False),
        ("Where is the milk? office.", "In the garden", True),
        ("Where is the milk? office.", "", True),
        ("Is Mary in the park? maybe.", "Yes", True),
        ("Is Mary in the park? maybe.", "Maybe", False),
        ("Is Mary in the park? no.", "No, she is not", False),
        ("What does Ana carry? the milk and the apple.", "The apple", False),
        ("What does Ana carry? the milk and the apple.", "the football and more", True),
    ],
)
def test_a_reply_says_what_was_worked_out(inferred: str, reply: str, expected: bool) -> None:
    read = Read(memories("Mary is either in the park or the office.")[0], 0.9, 0.8, inferred=inferred)
    guard = QuestionGuard(inferred.partition("?")[0] + "?", [read], lambda ids: "".join(map(chr, ids)), [0])
    assert guard.groundless(reply) is expected
    assert guard.may_be_groundless(reply) or not expected  # what is shown is not taken back
    guard.copies = True
    assert not guard.groundless(reply)
    first = next(word for word in read.concluded.split() if word != "the")
    assert not guard.refuses([], ord(first[0])) and guard.refuses([], ord("q"))


def test_answers_are_said_as_people_say_them() -> None:
    assert said(["kitchen"]) == "kitchen"
    assert said(["milk", "apple"]) == "the milk and the apple"
    assert said(["milk", "apple", "football"]) == "the milk, the apple and the football"
    assert said(["s", "w"]) == "south and west"


# ---- files that do not fit ---------------------------------------------------------------------------


def test_without_usable_weights_it_is_left_out_and_says_so(tmp_path: Path) -> None:
    assert make_inference(tmp_path / "none.safetensors")[0] is None
    (tmp_path / "bad.safetensors").write_bytes(b"not weights")
    none, why = make_inference(tmp_path / "bad.safetensors")
    assert none is None and "bad.safetensors is damaged" in why
    network, vocabulary, about = restore(inference.WEIGHTS)
    save(tmp_path / "mute.safetensors", network, vocabulary, {"plan": about["plan"]})
    none, why = make_inference(tmp_path / "mute.safetensors")
    assert none is None and "says no language" in why


def test_a_block_of_what_was_worked_out_is_not_kept(tmp_path: Path) -> None:
    """It holds words of other memories too, and would outlive them."""
    decoder = LocalDecoder(str(save_tiny_llama(tmp_path)), dtype="float32")
    memory = memories("Mary took the milk.")[0]

    def blocks(read: Read) -> int:
        asked = ReplyRequest([Turn("q", "user", "Where is it?", 1.8e9)], [read], Sampling(max_tokens=2), owner="o")
        assert list(decoder.reply(asked, threading.Event()))
        return decoder.cache_state().blocks

    assert blocks(Read(memory, 0.9, 0.9, inferred="Where is it? office.")) == 0
    assert blocks(Read(memory, 0.9, 0.9)) == 1
