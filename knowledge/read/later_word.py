"""What belongs to what was read is read beside it: what the person said later of the same thing, and what was replied.

A fact that changed stands in the newer message. An update shares few words with the question ("Ola cannot come 10th,
she has exam. She is coming 24th."), but most of them with what it changes: of all later messages it is mostly the one
nearest to it (content addressing by the memory that was read, Graves et al. 2014, Neural Turing Machines, 3.3.1).
Whether it changes anything is for who reads both. Does not know: the network, the question.
"""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.records import Candidate, Memory

SOURCES = 2  # reads that are looked behind: the right one is among the first two for most questions (LOG.md)
ALIKE = 0.35  # cosine from which a later message may be on the same thing (calibration lives, LOG.md)
TELLS = 0.5  # probability from which a message tells something: the question itself, asked before, is nearest
LOOKED_AT = 8  # later messages at most
Weighed = tuple[float, Candidate, int]  # log weight, candidate, its place


def with_later(
    kept: Sequence[Weighed], candidates: Sequence[Candidate], shift: float = 0.0
) -> tuple[list[Weighed], dict[str, str]]:
    """``kept`` (strongest first) with the nearest later message in which the person told something, for each of its
    strongest, which weighs as much; and the id of that message by the id of the earlier one, and of the assistant's
    reply to it, which mostly says it again.

    ``shift``: what this encoder's cosines of unlike texts lie above the default one's.
    """
    found = {one.memory.id: (weight, one, place) for weight, one, place in kept}
    later_of: dict[str, str] = {}
    for weight, read, _ in kept[:SOURCES]:
        source = read.memory
        if not _own(source) or read.key is None:
            continue
        later = [
            (float(one.key @ read.key) - shift, place)
            for place, one in enumerate(candidates)
            if one.key is not None and _own(one.memory) and one.memory.created > source.created
        ]
        near = [place for cosine, place in sorted(later, reverse=True) if cosine >= ALIKE][:LOOKED_AT]
        place = next((place for place in near if (acts := candidates[place].acts) and acts.tells >= TELLS), -1)
        if place < 0:
            continue
        id = candidates[place].memory.id
        later_of[source.id] = id
        later_of |= {one.memory.id: id for _, one, _ in kept if _replies(one.memory, source)}
        if id not in found or found[id][0] < weight:
            found[id] = weight, candidates[place], place
    return sorted(found.values(), key=lambda one: -one[0]), later_of


def with_replies(kept: Sequence[Weighed], candidates: Sequence[Candidate]) -> list[Weighed]:
    """``kept`` (strongest first) for a question on what was said in the chat: before each of its strongest in which
    the person asked for something stands the assistant's reply to it, which weighs as much. The words of such a
    question are the request's, and what it asks for is the reply."""
    found: list[Weighed] = []
    for number, (weight, read, place) in enumerate(kept):
        asked = number < SOURCES and _own(read.memory) and read.acts is not None and read.acts.tells < TELLS
        reply = next((at for at, one in enumerate(candidates) if asked and _replies(one.memory, read.memory)), -1)
        if reply >= 0 and all(one[2] != reply for one in found):
            found.append((weight, candidates[reply], reply))
        if all(one[2] != place for one in found):
            found.append((weight, read, place))
    return found


def _replies(memory: Memory, to: Memory) -> bool:
    return memory.role == "assistant" and (memory.container, memory.position) == (to.container, to.position + 1)


def _own(memory: Memory) -> bool:
    """Did the person who uses Mneme say it themself?"""
    return memory.kind == "turn" and memory.role == "user" and not memory.speaker
