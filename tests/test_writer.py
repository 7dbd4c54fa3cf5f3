"""Turns become memories, one each, under an id that follows from the turn."""

from __future__ import annotations

import uuid

from knowledge.records import Turn
from knowledge.write.writer import Writer, memory_id


def test_a_turn_becomes_one_memory_that_knows_where_it_stands() -> None:
    turn = Turn("t1", "assistant", "  Lisbon is lovely. ", 12.5, "talk", "branch", 3, "Mneme")
    [memory] = Writer().memories("ann", [turn])
    assert memory.text == "Lisbon is lovely." and memory.kind == "turn" and memory.created == 12.5
    assert (memory.role, memory.speaker, memory.container) == ("assistant", "Mneme", "talk")
    assert (memory.position, memory.branch, memory.id) == (3, "branch", memory_id("ann", "t1"))
    assert memory.readable


def test_a_turn_without_text_becomes_none() -> None:
    turns = [Turn("a", "user", " \n", 0.0), Turn("b", "user", "words", 0.0), Turn("c", "assistant", "", 0.0)]
    assert [memory.text for memory in Writer().memories("ann", turns)] == ["words"]


def test_ids_are_stable_and_of_their_owner() -> None:
    assert memory_id("ann", "t1") == memory_id("ann", "t1")
    assert len({memory_id("ann", "t1"), memory_id("bob", "t1"), memory_id("ann", "t2")}) == 3
    assert memory_id("a", "b:c") != memory_id("a:b", "c")
    assert uuid.UUID(memory_id("ann", "t1")).version == 5
