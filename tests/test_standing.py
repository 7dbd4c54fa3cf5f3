"""What the write gate decided counts at read time: what was replaced gives its place to what replaced it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.read.standing import settled
from knowledge.records import Acts, Gate, Memory, Read, ReadResult

OWNER = "ann"


def told(id: str, gate: Gate = "add", target: str = "", created: float = 0.0) -> Memory:
    return Memory(id, f"text of {id}", "turn", created or float(len(id)), "user", gate=gate, target=target)


def after(memories: Sequence[Memory], acts: Acts | None = None, *others: Memory, limit: int = 8) -> ReadResult:
    """What is left of a read of ``memories``, in this order; ``others`` are in memory besides."""
    everything = [*memories, *others]

    def followers(ids: Iterable[str]) -> list[Memory]:
        wanted = set(ids)
        return [one for one in everything if one.target in wanted]

    reads = tuple(Read(one, 0.5, 0.5 / 2**place) for place, one in enumerate(memories))
    return settled(ReadResult("?", reads, null_weight=0.1), followers, acts or Acts(asks_own=1.0), limit)


def ids(result: ReadResult) -> list[str]:
    return [one.memory.id for one in result.reads]


def test_what_replaced_a_read_weighs_as_much_and_the_read_says_so() -> None:
    old, new, other = told("old"), told("newer", "supersede", "old"), told("other")
    result = after([old, other], None, new)
    assert set(ids(result)[:2]) == {"old", "newer"} and result.later == {"old": "newer"}
    weights = {one.memory.id: one.weight for one in result.reads}
    assert weights["old"] == weights["newer"] > weights["other"]
    assert sum(weights.values()) + result.null_weight == pytest.approx(1.0)


def test_several_changes_lead_to_the_last() -> None:
    first, second, third = told("a"), told("bb", "supersede", "a"), told("ccc", "supersede", "bb")
    result = after([first, second], None, third)
    assert result.later == {"a": "ccc", "bb": "ccc"}


def test_a_question_on_what_was_before_keeps_the_read_as_it_is() -> None:
    result = after([told("old")], Acts(asks_own=1.0, asks_before=0.9), told("newer", "supersede", "old"))
    assert ids(result) == ["old"] and not result.later


def test_what_was_skipped_is_read_only_where_the_chat_is_asked_for() -> None:
    skipped, kept = told("skipped", "skip"), told("kept")
    assert ids(after([skipped, kept])) == ["kept"]
    assert ids(after([skipped, kept], Acts(asks_chat=0.9))) == ["skipped", "kept"]


def test_what_says_a_read_again_takes_no_second_place_and_follows_its_fact() -> None:
    fact, again = told("fact"), told("again", "merge", "fact")
    assert ids(after([fact, again])) == ["fact"]
    assert ids(after([again])) == ["again"]
    assert after([again], None, fact, told("newest", "supersede", "fact")).later == {"again": "newest"}


def test_changes_in_a_circle_end() -> None:
    result = after([told("a", "supersede", "bb"), told("bb", "supersede", "a")])
    assert set(ids(result)) == {"a", "bb"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExternalMemory]:
    engine = open_database(f"sqlite:///{tmp_path / 'mneme.sqlite3'}")
    made = ExternalMemory(engine, data=tmp_path, encoder_name="none", dimension=4)
    made.recover(lambda memories: [np.eye(1, 4)] * len(memories), lambda phase, share: None)
    yield made
    made.close()
    engine.dispose()


def test_the_store_lists_by_standing_and_a_decision_is_undone(store: ExternalMemory) -> None:
    memories = [
        told("porto"),
        told("lisbon", "supersede", "porto"),
        told("again", "merge", "lisbon"),
        told("thanks", "skip"),
        told("cat"),
    ]
    store.add(OWNER, memories, [np.eye(1, 4)] * len(memories))

    def listed(standing: str) -> set[str]:
        return {one.id for one in store.page(OWNER, standing=standing)[0]}  # type: ignore[arg-type]

    assert listed("current") == {"lisbon", "cat"} and listed("replaced") == {"porto"}
    assert listed("changes") == {"lisbon", "again"} and listed("unkept") == {"again", "thanks"}
    assert [one.id for one in store.followers(OWNER, ["porto"])] == ["lisbon"]
    store.mark(OWNER, ["lisbon"], active=False)  # left the branch: what it replaced holds again
    assert store.followers(OWNER, ["porto"]) == [] and listed("replaced") == set()
    store.mark(OWNER, ["lisbon"], active=True)
    store.decide(OWNER, "lisbon", "add")
    assert listed("current") == {"porto", "lisbon", "cat"} and listed("replaced") == set()
    store.delete(OWNER, ["lisbon"])
    assert "porto" in listed("current")
