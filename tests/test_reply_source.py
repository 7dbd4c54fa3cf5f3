"""The line below a reply: which memory, which of its sentences, and the names and numbers that nobody told."""

from __future__ import annotations

import pytest

from chat_app.dialogue.reply_source import LONGEST_QUOTE, Told, closest, sentences, source_of, strongest
from knowledge.text.names_and_numbers import missing

DOG = Told("dog", "We got a dog in May. His name is Rex and he is a greyhound.", weight=0.5, attention=0.1)
TEA = Told("tea", "I drink green tea.", weight=0.2, attention=0.3)


def test_the_memory_is_chosen_by_effect_then_attention_then_weight() -> None:
    plain = [Told("a", "x", 0.1), Told("b", "y", 0.3)]
    assert strongest(plain).id == "b"
    assert strongest([DOG, TEA]).id == "tea"
    measured = [Told("a", "x", 0.1, 0.1, effect=2.0), Told("b", "y", 0.3, 0.9, effect=-1.0), Told("c", "z", 0.6, 0.9)]
    assert strongest(measured).id == "a"


def test_the_line_quotes_the_sentence_that_the_reply_shares_words_with() -> None:
    source = source_of("His name is Rex.", "What is my dog called?", [DOG])
    assert source is not None
    assert (source.memory, source.sentence) == ("dog", "His name is Rex and he is a greyhound.")
    assert source.missing == () and not source.idle
    assert closest("我有一只狗。它叫雷克斯。我喜欢喝茶。", "雷克斯", "我的狗叫什么？") == "它叫雷克斯。"
    assert closest("No word is shared. None at all.", "zzz", "yyy") == "No word is shared."


def test_nothing_was_read_or_what_was_is_gone() -> None:
    assert source_of("Hello!", "hi", []) is None
    assert source_of("Hello!", "hi", [Told("gone", " ", 0.9)]) is None


def test_a_memory_that_did_hardly_anything_is_told_as_such() -> None:
    source = source_of("Hello!", "hi", [Told("a", "I like tea.", 0.4, 0.3, effect=0.05)])
    assert source is not None and source.idle


def test_names_and_numbers_that_nobody_told() -> None:
    source = source_of("Your dog's name is Max.", "What is my dog called?", [DOG])
    assert source is not None and source.missing == ("Max",) and "Rex" in source.sentence
    source = source_of("You got him in May, at 3.", "When?", [DOG], said=["at 3 o'clock"])
    assert source is not None and source.missing == ()


@pytest.mark.parametrize(
    ("reply", "known", "found"),
    [
        ("Max is your dog. Maybe so.", "", ()),  # a capital that begins a sentence says nothing
        ("Your dog is MAX.", "my dog max", ()),  # whatever the case
        ("I think I'm right, and I've said so.", "", ()),
        ("That is Anna's sister, of the O'Brien family.", "anna", ("O'Brien",)),
        ("She lives in São Paulo.", "Sao Paulo is home", ()),
        ("It was written by William Shakespeare in 1600.", "", ("William Shakespeare", "1600")),
        ("He is 12, born on 2019-05-01.", "the 1st of 5, 2019; 12", ()),
        ("It costs 1,200 euros.", "it was 1200", ()),
        ("It costs 1,300 euros.", "it was 1200", ("1,300",)),
        ("１２ cats", "12 cats", ()),
        ("1. Paris first\n2. then Rome\n- and Oslo", "", ("Rome", "Oslo")),
        ("# Here Is A Letter\n```\nx = Foo(17)\n```\n[see](https://x.org/A1) it: The end", "", ()),
        ("你的狗叫Max，今年3岁。", "我的狗3岁", ("Max",)),
        ("a Bb Cc, Dd and Ee and Ff", "", ("Bb Cc", "Dd", "Ee")),
        ("It has 1 2 Cc 3", "", ("1", "2", "Cc")),
        ("", "", ()),
    ],
)
def test_missing(reply: str, known: str, found: tuple[str, ...]) -> None:
    assert missing(reply, [known]) == found


def test_what_surrounds_a_memory_is_known_too() -> None:
    told = Told("a", "We signed.", 0.5, around="lease.pdf Thursday 26 November 2026")
    source = source_of("You told me on Thursday, 26 November.", "When?", [told])
    assert source is not None and source.missing == ()


def test_quotes_are_short_and_nothing_is_lost() -> None:
    assert sentences("One. Two! “Three?” Four… 五。六！") == ["One.", "Two!", "“Three?”", "Four…", "五。", "六！"]
    assert sentences("  \n ") == [""]
    long = " ".join(f"word{number}" for number in range(200))
    pieces = sentences(long)
    assert all(len(piece) <= LONGEST_QUOTE + 1 for piece in pieces)
    assert " ".join(piece.strip("…") for piece in pieces) == long
    assert all(len(piece) <= LONGEST_QUOTE + 1 for piece in sentences("字" * 1000))
    assert closest(long, "word150", "") == next(piece for piece in pieces if "word150" in piece)
