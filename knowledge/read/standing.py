"""What the write gate decided, at read time: what no longer holds gives its place to what replaced it.

State, not guesswork: which memory replaces which was decided once, when it was written (knowledge/write/gate.py). What
was skipped is no evidence, unless the question is on the chat itself; what only says another one again is read as that
one; what was replaced stays beside its successor, as ``ReadResult.later`` says, and alone where the question is on
what was before. Does not know: how the weights came about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from knowledge.read.attention_reader import LIKELY
from knowledge.records import Acts, Memory, Read, ReadResult

LONGEST = 8  # changes of one fact that are followed
BESIDE = 8  # more reads than wanted that are looked at: what was skipped makes room
Followers = Callable[[Iterable[str]], Sequence[Memory]]


def settled(result: ReadResult, followers: Followers, acts: Acts, limit: int) -> ReadResult:
    """The read with what holds now in the place of what does not, at most ``limit`` reads, weights summing to 1.

    ``followers``: ids → the memories that may be read and whose target one of these is.
    """
    reads = [one for one in result.reads if one.memory.gate != "skip" or acts.asks_chat > LIKELY]
    later = dict(result.later)
    if acts.asks_before <= LIKELY:
        newest = successors([one.memory for one in reads], followers)
        later = {id: by for id, by in later.items() if id not in newest} | {id: one.id for id, one in newest.items()}
        reads = _with_successors(reads, newest)
    reads = _once(sorted(reads, key=lambda one: -one.weight))[:limit]
    there = {one.memory.id for one in reads}
    later = {id: by for id, by in later.items() if by in there}
    return replace(result, reads=tuple(reads), later=later).normalised()


def successors(memories: Sequence[Memory], followers: Followers) -> dict[str, Memory]:
    """id → what holds now in its place, of those of ``memories`` that were replaced, or that say such a one again."""
    source = {one.id: one.target if one.gate == "merge" else one.id for one in memories}
    newest: dict[str, Memory] = {}  # id of a fact's older state → its latest known state
    asked = set(source.values())
    for _ in range(LONGEST):
        found: dict[str, Memory] = {}
        for one in followers(asked):
            before = found.get(one.target)
            newer = before is None or one.created > before.created
            if newer and one.gate in ("add", "supersede"):
                found[one.target] = one
        for id in source.values():
            at = newest[id].id if id in newest else id
            if at in found:
                newest[id] = found[at]
        asked = {one.id for one in found.values()}
        if not asked:
            break
    return {id: newest[at] for id, at in source.items() if at in newest}


def _with_successors(reads: Sequence[Read], newest: dict[str, Memory]) -> list[Read]:
    """``reads`` and, for each that was replaced, what replaced it, which weighs as much."""
    found = {one.memory.id: one for one in reads}
    for read in reads:
        by = newest.get(read.memory.id)
        if by is None:
            continue
        there = found.get(by.id)
        if there is None:  # what it is found by is what was found of the older one
            found[by.id] = replace(read, memory=by, part=0)
        elif there.weight < read.weight:
            found[by.id] = replace(there, weight=read.weight)
    return list(found.values())


def _once(reads: Sequence[Read]) -> list[Read]:
    """Without those that only say again what another of them says."""
    kept: dict[str, Read] = {}
    for one in reads:
        fact = one.memory.target if one.memory.gate == "merge" else one.memory.id
        kept.setdefault(fact, one)
    return list(kept.values())
