"""What of the running chat is read from memory too, and which messages need the turns before them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import make_reader
from knowledge.read.running_chat import context_of, not_from_memory
from knowledge.records import Turn
from knowledge.reply.small_model.message_forms import needed, refers_back
from knowledge.training.read_data import scratch_store
from knowledge.write.writer import Writer


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("And where does she work?", True),
        ("What about the bicycle?", True),
        ("Since when?", True),
        ("Which one is older?", True),
        ("她在哪里工作？", True),
        ("Where does my sister work?", False),
        ("What is the capital of Italy?", False),
        ("我妹妹住在哪里？", False),
        ("Where is Eva?", False),
        ("Who is Peter?", False),
        ("What's lemma?", False),
        ("Where is it?", True),
        ("How is that?", True),
        ("Where was she?", True),
        ("And Eva?", True),
        ("Which tree?", True),
    ],
)
def test_what_leans_on_the_turns_before_it(text: str, back: bool) -> None:
    assert refers_back(text) is back


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("And where does she work?", True),
        ("What about the bicycle?", True),
        ("Since when?", True),
        ("Which one is older?", True),
        ("她在哪里工作？", True),
        ("Where does my sister work?", False),
        ("What is the capital of Italy?", False),
        ("我妹妹住在哪里？", False),
        ("Make it shorter.", True),
    ],
)
def test_the_read_looks_at_the_turns_before_what_leans_on_them(text: str, back: bool) -> None:
    encoder = Encoder("default")
    [acts] = make_message_reader(encoder.name).read([text], encoder.encode([text]))
    assert list(context_of(acts, ["My sister is a nurse."])) == (["My sister is a nurse."] if back else [])


def turns(*said: tuple[str, str]) -> list[Turn]:
    return [
        Turn(f"t{at}", "user" if role == "user" else "assistant", text, 1.8e9 + at)
        for at, (role, text) in enumerate(said)
    ]


def test_questions_replies_and_the_message_itself_are_not_read_beside_the_chat() -> None:
    chat = turns(
        ("user", "I moved to Porto."),
        ("user", "Write this down: my blood type is o negative."),
        ("user", "When my dad retires we will move to the coast."),
        ("user", "My passport is in the drawer, ok?"),
        ("assistant", "I'll remember that."),
        ("user", "What is a port?"),
        ("assistant", "A place for ships."),
        ("user", "Where do I live now?"),
    )
    acts = make_message_reader().read([turn.text for turn in chat])
    assert [turn.text for turn in not_from_memory(chat, acts)] == [
        "I'll remember that.",
        "What is a port?",
        "A place for ships.",
        "Where do I live now?",
    ]


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("What is the capital of France?", True),
        ("Tell me a joke.", False),
        ("And of Italy?", False),
        ("What ships go to a harbour?", False),
        ("Could you say that again?", False),
        ("My dog is ill.", False),
    ],
)
def test_a_question_that_leans_on_nothing_said_needs_no_chat(text: str, alone: bool) -> None:
    chat = turns(("user", "What is a port?"), ("assistant", "A harbour for ships."), ("user", text))
    kept = [replace(turn, conversation="here") for turn in chat]
    assert list(needed(kept)) == (kept[-1:] if alone else kept)
    assert list(needed(chat)) == chat  # nobody keeps these: what was told in them is nowhere else


def test_news_of_this_chat_is_known_as_later_than_what_was_said_in_another() -> None:
    encoder = Encoder("default")
    reader, _ = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
    old = Turn("old", "user", "We order the vegetable box from Greenfield.", 1.8e9, "before")
    new = Turn("new", "user", "We switched: the vegetable box is from Oakley now.", 1.8e9 + 2e5, "here")
    question = "Who do we order the vegetable box from now?"
    vector = encoder.encode([question])[0]
    with scratch_store(encoder) as store:
        memories = Writer().memories("ann", [old, new])
        store.add("ann", memories, encoder.encode([memory.text for memory in memories]))
        found = read_memory(
            reader, store, encoder, "ann", question, vector, [new.text], asked=1.8e9 + 2e5 + 60, limit=8
        )
        alone = read_memory(reader, store, encoder, "ann", question, vector, [], asked=1.8e9 + 2e5 + 60, limit=8)
    ids = {one.memory.text: one.memory.id for one in found.reads}
    assert found.later == {ids[old.text]: ids[new.text]}  # what was said last is answered from first
    np.testing.assert_allclose([r.weight for r in found.reads], [r.weight for r in alone.reads], atol=1e-6)
