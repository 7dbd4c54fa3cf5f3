"""Renamings found in questions made here, where it is known which ones are right."""

from __future__ import annotations

import random

import numpy as np

from tests.benchmarks.babi_data import Question, pack, tokens, vocabulary_of
from tests.benchmarks.babi_symmetry import Renamer, classes, generators, joined, phrases, segmented

PLACES = ("kitchen", "garden", "office", "hallway")
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


def directions() -> list[Question]:
    """Task 4's kind: any place will do for another, but north is not east."""
    rng = random.Random(0)
    found = []
    for story in range(600):
        a, b = rng.sample(PLACES, 2)
        way = rng.choice(sorted(OPPOSITE))
        fact = tokens(f"the {a} is {way} of the {b}")
        if rng.random() < 0.5:
            found.append(Question(4, (fact,), tokens(f"what is {way} of the {b}"), (a,), (0,), story))
        else:
            found.append(Question(4, (fact,), tokens(f"what is {OPPOSITE[way]} of the {a}"), (b,), (0,), story))
    return found


def test_words_in_like_contexts_make_a_class() -> None:
    assert sorted(map(tuple, classes(directions()))) == [tuple(sorted(OPPOSITE)), tuple(sorted(PLACES))]


def test_places_are_exchanged_freely_and_directions_only_as_a_compass_allows() -> None:
    found = generators(directions())
    exchanges = {frozenset(r) for r in found if len(r) == 2}
    assert {frozenset(p) for p in (("kitchen", "garden"), ("office", "hallway"), ("garden", "office"))} <= exchanges
    assert frozenset(("north", "south")) in exchanges and frozenset(("east", "west")) in exchanges
    assert frozenset(("north", "east")) not in exchanges
    for renaming in found:
        for way, other in OPPOSITE.items():
            assert OPPOSITE[renaming.get(way, way)] == renaming.get(other, other)
    assert any(renaming.get("north") == "east" for renaming in found)


def sizes() -> list[Question]:
    """A phrase, "red sphere", stands where "triangle" stands."""
    rng = random.Random(1)
    things = ("red sphere", "triangle", "square", "cube")
    found = []
    for story in range(400):
        a, b = rng.sample(things, 2)
        fact = tokens(f"the {a} is above the {b}")
        yes = rng.random() < 0.5
        asked = tokens(f"is the {a} above the {b}" if yes else f"is the {b} above the {a}")
        found.append(Question(17, (fact,), asked, ("yes" if yes else "no",), (0,), story))
    return found


def test_a_phrase_that_stands_for_a_word_is_one_unit() -> None:
    units = phrases(sizes())
    assert units == {("red", "sphere")}
    assert joined(tokens("the red sphere is red"), units) == ("the", "red sphere", "is", "red")
    exchanges = {frozenset(r) for r in generators(segmented(sizes(), units))}
    assert frozenset(("red sphere", "triangle")) in exchanges
    assert not any("yes" in r or "no" in r for r in exchanges)


def test_a_renamed_question_keeps_its_answer_right() -> None:
    questions = directions()
    vocabulary = vocabulary_of(questions)
    renamer = Renamer(questions, vocabulary, share=1.0)
    packed = pack(renamer.questions, renamer.units)
    rng = np.random.default_rng(0)
    changed = 0
    for i in range(100):
        row = renamer(packed.task[i : i + 1], rng)[0]
        lines = renamer.spelled(row[packed.sentences[i]])
        fact, asked = ([vocabulary.words[w] for w in line if w] for line in lines)
        answer = vocabulary.words[row[packed.answer[i][0]]]
        _, a, _, way, _, _, b = fact
        want = a if (asked[2], asked[5]) == (way, b) else b if (asked[2], asked[5]) == (OPPOSITE[way], a) else None
        assert answer == want
        changed += fact != list(renamer.questions[i].facts[0])
    assert changed > 80


def test_spelling_out_units_puts_padding_on_the_right() -> None:
    questions = sizes()
    vocabulary = vocabulary_of(questions)
    renamer = Renamer(questions, vocabulary)
    packed = pack(renamer.questions, renamer.units)
    for i in range(20):
        spelled = renamer.spelled(packed.sentences[i])
        want = pack(questions[i : i + 1], vocabulary).sentences[0]
        np.testing.assert_array_equal(spelled, want)
