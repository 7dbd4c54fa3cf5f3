"""What the person said later of the same thing is read beside what was found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from knowledge.read.later_word import with_later, with_replies
from knowledge.records import Acts, Candidate, Memory

KEYS = {
    "old": np.array([1.0, 0.0, 0.0]),
    "new": np.array([0.6, 0.8, 0.0]),
    "other": np.array([0.1, 0.0, 1.0]),
    "asked": np.array([0.99, 0.1, 0.0]),
    "reply": np.array([0.9, 0.1, 0.0]),
    "passage": np.array([0.9, 0.1, 0.0]),
    "before": np.array([0.4, 0.5, 0.0]),
}
WHEN = {"before": 0.0, "old": 1.0, "new": 2.0, "other": 3.0, "asked": 3.5, "reply": 4.0, "passage": 5.0}


def candidates(*names: str, speaker: str = "") -> list[Candidate]:
    kinds = {"passage": "passage"}
    roles = {"reply": "assistant", "passage": ""}
    return [
        Candidate(
            Memory(name, name, kinds.get(name, "turn"), WHEN[name], roles.get(name, "user"), speaker),  # type: ignore[arg-type]
            key=KEYS[name],
            acts=Acts(tells=0.1 if name == "asked" else 0.9),
        )
        for name in names
    ]


def found(some: list[Candidate], *kept: tuple[str, float], shift: float = 0.0) -> list[tuple[str, float]]:
    places = {one.memory.id: place for place, one in enumerate(some)}
    read = [(weight, some[places[name]], places[name]) for name, weight in kept]
    return [(one.memory.id, weight) for weight, one, _ in with_later(read, some, shift)[0]]


def test_the_later_message_weighs_as_much() -> None:
    some = candidates("before", "old", "new", "other", "asked", "reply", "passage")
    assert found(some, ("old", -0.5)) == [("old", -0.5), ("new", -0.5)]
    assert found(some, ("old", -0.5), ("new", -3.0)) == [("old", -0.5), ("new", -0.5)]


def test_what_is_later_already_weighs_more_or_is_of_something_else_changes_nothing() -> None:
    assert found(candidates("old", "new"), ("new", -0.2), ("old", -0.5)) == [("new", -0.2), ("old", -0.5)]
    assert found(candidates("old", "other", "before", "reply", "passage"), ("old", -0.5)) == [("old", -0.5)]
    assert found(candidates("old", "new"), ("old", -0.5), shift=0.4) == [("old", -0.5)]
    assert found(candidates("old", "new", speaker="Caroline"), ("old", -0.5)) == [("old", -0.5)]
    assert found(candidates("old")) == []


def test_what_is_later_than_two_weighs_as_much_as_the_stronger() -> None:
    some = candidates("before", "old", "new")
    assert found(some, ("old", -0.5), ("before", -2.0)) == [("old", -0.5), ("new", -0.5), ("before", -2.0)]


def test_what_something_later_was_said_of_is_named() -> None:
    some = candidates("before", "old", "new", "other", "asked")
    read = [(-0.5, some[1], 1), (-2.0, some[3], 3)]
    assert with_later(read, some)[1] == {"old": "new"}
    assert with_later(read[1:], some)[1] == {}


def test_what_the_assistant_replied_to_the_earlier_message_is_as_old() -> None:
    old, new, reply = (one.memory for one in candidates("old", "new", "reply"))
    reply = replace(reply, position=old.position + 1)
    some = [
        replace(told, memory=one)
        for told, one in zip(candidates("old", "new", "reply"), (old, new, reply), strict=True)
    ]
    lasting = {"old": "new", "reply": "new"}
    assert with_later([(-0.5, some[2], 2), (-0.6, some[0], 0)], some)[1] == lasting
    some[2] = replace(some[2], memory=replace(reply, container="another chat"))
    assert with_later([(-0.5, some[2], 2), (-0.6, some[0], 0)], some)[1] == {"old": "new"}


def test_a_reply_stands_before_the_request_that_it_answers() -> None:
    def turn(name: str, role: str, position: int, tells: float) -> Candidate:
        memory = Memory(name, name, "turn", float(position), role, container="chat", position=position)  # type: ignore[arg-type]
        return Candidate(memory, acts=Acts(tells=tells))

    some = [turn("wanted", "user", 0, 0.1), turn("letter", "assistant", 1, 0.1), turn("fact", "user", 2, 0.9)]
    some += [turn("noted", "assistant", 3, 0.2)]
    kept = [(-0.1, some[0], 0), (-1.0, some[2], 2), (-3.0, some[1], 1)]
    names = [(one.memory.id, weight) for weight, one, _ in with_replies(kept, some)]
    assert names == [("letter", -0.1), ("wanted", -0.1), ("fact", -1.0)]  # to what was told nothing was replied
    assert with_replies(kept[:1], some[:1]) == kept[:1]
