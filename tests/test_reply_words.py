"""Where the decoder looked, by the words of the reply."""

from __future__ import annotations

import pytest

from chat_app.history.reply_words import MOST_WORDS, looked_at
from knowledge.records import Trace


def trace(*tokens: tuple[str, float, float]) -> Trace:
    ends, text = [], ""
    for piece, _, _ in tokens:
        text += piece
        ends.append(len(text))
    return Trace("blocks", ("a", "b"), tuple(ends), tuple((a, b) for _, a, b in tokens))


def test_a_word_has_the_mean_of_its_tokens_and_only_what_is_above_the_mean_is_kept() -> None:
    looks = looked_at(
        trace(("Anna", 0.1, 0.3), (" lives in", 0.1, 0.1), (" Lis", 0.2, 0.1), ("bon", 0.4, 0.1)),
        "Anna lives in Lisbon",
    )
    mean, words = looks["a"]
    assert mean == pytest.approx(0.2)
    assert words == ((14, 20, 0.3),)  # of Lisbon's six letters three are 0.2 and three are 0.4
    assert looks["b"][1] == ((0, 4, 0.3),)


def test_the_cut_end_of_a_reply_does_not_count() -> None:
    looks = looked_at(trace(("One", 0.1, 0.0), (" two", 0.3, 0.0), (" three", 0.8, 0.0)), "One two")
    assert looks["a"] == (pytest.approx(0.2), ((4, 7, 0.3),))
    assert looks["b"] == (0.0, ())
    assert looked_at(trace(("One", 0.1, 0.0)), "") == {"a": (0.1, ()), "b": (0.0, ())}


def test_a_script_without_spaces_is_taken_by_characters() -> None:
    looks = looked_at(trace(("她住在", 0.1, 0.1), ("里斯本", 0.3, 0.1)), "她住在里斯本")
    assert [word[:2] for word in looks["a"][1]] == [(3, 4), (4, 5), (5, 6)]


def test_a_character_of_several_tokens_and_a_reply_of_one_word() -> None:
    halves = Trace("blocks", ("a",), (0, 0, 1), ((0.9,), (0.9,), (0.3,)))  # an emoji: text comes with the last token
    assert looked_at(halves, "🐕")["a"] == (pytest.approx(0.7), ())
    assert looked_at(Trace("blocks", ("a",), (6,), ((0.3333333,),)), "Lisbon")["a"] == (0.3333, ((0, 6, 0.3333),))


def test_what_is_kept_of_a_long_reply_is_bounded() -> None:
    tokens = [(f"word{number} ", number % 2 * 0.1 + number * 1e-4, 0.0) for number in range(2000)]
    words = looked_at(trace(*tokens), "".join(token[0] for token in tokens))["a"][1]
    assert len(words) == MOST_WORDS and list(words) == sorted(words)
    assert min(word[2] for word in words) > 0.25


def test_no_trace_no_words() -> None:
    assert looked_at(None, "text") == {}
    assert looked_at(Trace("blocks"), "text") == {}
