"""Recall and forgetting: the set of memories that a message asks for, by person or topic, by time, or as a list.

What comes back is a set in an order of its own, not a ranking: everything told about Anna, newest first; everything
told yesterday, as it was told. Which operation a message calls for the reading of messages says. Does not know: how a
reply is made of a set, or how memories are deleted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from knowledge.input.dialogue_acts import MessageReader
from knowledge.input.encoder import TextEncoder
from knowledge.memory.store import ExternalMemory
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import Reader
from knowledge.read.recall_spans import span_of
from knowledge.read.recall_target import Target, mentions, target_of
from knowledge.read.told_memories import Told, once
from knowledge.records import Acts, Memory, Read, ReadResult, Standing, Turn
from knowledge.text.words import telling

RECALLS = ("recall_about", "recall_time", "recall_list", "forget")
CALLED = 0.5  # probability of an operation from which it is carried out
MOST = 20  # memories of a set that are read and shown
LISTED = 12  # of a list
SHARE = 0.08  # of the best weight, from which a memory belongs to a list (LOG.md, 2026-11-27)
BESIDE = 0.5  # the same beside memories that name what is wanted
COVERS = 0.6  # share of the most telling match's words that another one has
REPEATS = 0.65  # share of a reply's telling words that stand in a memory which it repeats
NOTHING = 0.6  # weight of the null slot from which nothing is meant (0.5 to 0.7 in LOG.md, 2026-11-25)
_LOOKED = 60  # reads of the learned read that are looked at
_SOURCES = 8  # memories whose repetitions are looked for


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that recalls or forgets. ``vector``: (dimension,) unit row of it as a query. ``when``: in seconds, UTC.
    ``dialogue``: the turns before it, oldest first. ``exclude``: ids of memories that are not looked at.
    ``checked``: is a reply shown only where it stands on what was read?"""

    owner: str
    text: str
    vector: np.ndarray
    acts: Acts
    when: float
    dialogue: Sequence[Turn] = ()
    exclude: frozenset[str] = frozenset()
    checked: bool = False


def called(acts: Acts) -> str:
    """The operation of this module that a message calls for; "" for none."""
    return acts.called if acts.called in RECALLS and acts.operation[acts.called] >= CALLED else ""


class Recall:
    """``offset``: time → seconds that the person's clock is ahead of UTC then; by default this computer's."""

    def __init__(
        self,
        store: ExternalMemory,
        encoder: TextEncoder,
        acts: MessageReader,
        *,
        offset: Callable[[float], float] = lambda when: float(time.localtime(when).tm_gmtoff),
    ) -> None:
        self._store, self._encoder, self._acts, self._offset = store, encoder, acts, offset
        self._told = Told(store, acts)

    def read(self, asked: Asked, reader: Reader) -> ReadResult:
        """The memories that the message asks for, at most ``MOST``. ``reader``: the owner's read."""
        operation = called(asked.acts)
        if operation == "recall_time":
            found: Sequence[Memory] | ReadResult = self._by_time(asked)
        elif operation == "recall_list":
            found = self._listed(asked, reader)
        elif operation == "forget":
            found = self._meant(asked, reader)
        else:
            found = self._about(asked, reader, target_of(asked.text, operation, self._acts))
            if not found and asked.checked:
                # "My family" is in none of the words of what was told of a sister, and no encoder of this size knows
                # that a sister is family: a decoder that sees what is nearest may, and else its reply is not shown.
                return self._nearest(asked, reader)
        if isinstance(found, ReadResult):
            return found
        return _set(asked, operation, found, self._told.most_telling(asked.owner, found[:MOST]))

    # ---- by person or topic --------------------------------------------------------------------------

    def _about(self, asked: Asked, reader: Reader, target: Target) -> list[Memory]:
        """What was told about somebody or something, newest first; about nobody in particular: of the person."""
        naming = self._naming(asked, target)
        if naming:
            beside = self._gated(asked, reader)
            best = max((one.weight for one in beside), default=0.0)
            beside = [one for one in beside if one.weight >= BESIDE * best]
            return _newest(once([*naming, *self._told.among(asked.owner, [one.memory for one in beside])]))
        if target.stems:
            meant = [one.memory for one in self._gated(asked, reader)]
            if meant or target.last:
                return _newest(meant)
        return self._told.newest(asked.owner, least=10 * MOST, exclude=asked.exclude, standing=_standing(asked))

    def _naming(self, asked: Asked, target: Target) -> list[Memory]:
        """What was told in the words of ``target``: those memories that have about as many of them as any, a rare word
        counting more."""
        found: dict[str, Memory] = {}
        for word in target.stems:
            for one in self._told.newest(
                asked.owner, least=10 * MOST, search=word, exclude=asked.exclude, standing=_standing(asked)
            ):
                found[one.id] = one
        rarity = self._store.idf(asked.owner, target.stems)
        worth = {
            one.id: sum(1e-6 + rarity.get(word, 0.0) for word in mentions(target.stems, f"{one.speaker} {one.text}"))
            for one in found.values()
        }
        least = COVERS * max(worth.values(), default=0.0)
        return [one for one in found.values() if worth[one.id] >= max(least, 1e-9)]

    # ---- by time -------------------------------------------------------------------------------------

    def _by_time(self, asked: Asked) -> list[Memory]:
        """What was told in the span that the message names, else in the last conversation before this one; as it was
        told."""
        span = span_of(asked.text, asked.when, self._offset(asked.when))
        if span is not None:
            start, end = span[0], math.nextafter(span[1], 0)
            told = self._told.newest(
                asked.owner, least=10 * MOST, since=start, until=end, exclude=asked.exclude, standing=None
            )
            return told[::-1]
        here = asked.dialogue[-1].conversation if asked.dialogue else ""
        told = self._told.newest(asked.owner, least=10 * MOST, exclude=asked.exclude, standing=None)
        turns = [one for one in told if one.container]
        before = next((one.container for one in turns if one.container != here), here)
        return [one for one in turns if one.container == before][::-1]

    # ---- as a list -----------------------------------------------------------------------------------

    def _listed(self, asked: Asked, reader: Reader) -> ReadResult:
        """What answers, best first, without the null slot's word on it, and as far as it is about as good as the
        best."""
        reads = self._weighed(asked, reader, SHARE)
        kept = reads[:LISTED]
        total = sum(read.weight for read in kept)
        return ReadResult(
            asked.text,
            tuple(replace(read, weight=read.weight / total) for read in kept),
            null_weight=0.0 if kept else 1.0,
            shortlisted=len(reads),
            operation="recall_list",
        )

    def _nearest(self, asked: Asked, reader: Reader) -> ReadResult:
        """What the person told that is nearest, as a read by attention that the null slot does not shut."""
        near = self._attended(asked, reader.ungated())
        return replace(near, reads=tuple(self._telling(asked, near.reads)[:LISTED])).normalised()

    # ---- to be forgotten -----------------------------------------------------------------------------

    def _meant(self, asked: Asked, reader: Reader) -> list[Memory]:
        """What a message wants forgotten: what was told of it, and what repeats that."""
        target = target_of(asked.text, "forget", self._acts)
        span = span_of(asked.text, asked.when, self._offset(asked.when))
        if span is not None and not self._naming(asked, target):
            told = self._by_time(asked)[::-1]
        elif not target.stems and asked.dialogue and asked.acts.leans_back >= CALLED:  # "forget that"
            here = asked.dialogue[-1].conversation
            told = self._told.newest(asked.owner, least=1, container=here, exclude=asked.exclude, standing=None)[:1]
        else:
            told = self._to_forget(asked, reader, target)
        return once([*told, *self._repeating(asked, told[:_SOURCES])])

    def _to_forget(self, asked: Asked, reader: Reader, target: Target) -> list[Memory]:
        """What is about ``target``, as for a recall, but never everything because nothing is about it: then what a
        question in these words would read. Without a target ("forget everything") it is all that was told."""
        if not target.stems or self._naming(asked, target):
            return self._about(asked, reader, target)
        return _newest([one.memory for one in self._gated(asked, reader) if one.memory.kind != "passage"])

    def _repeating(self, asked: Asked, sources: Sequence[Memory]) -> list[Memory]:
        """Turns that say again what the ``sources`` say, the assistant's replies above all."""
        found: dict[str, Memory] = {}
        vectors = self._store.vectors(asked.owner, [one.id for one in sources])
        for source in sources:
            said = telling(source.text)
            near = self._store.shortlist(
                asked.owner, source.text, vectors.get(source.id, asked.vector), exclude=asked.exclude
            )
            for one in (candidate.memory for candidate in near):
                shared, own = len(telling(one.text) & said), max(1, len(telling(one.text)))
                again = shared >= REPEATS * own and one.role == "assistant"
                if one.kind != "passage" and shared > 1 and (again or shared >= REPEATS * len(said)):
                    found[one.id] = one
        known = {one.id for one in sources}
        return [one for one in _newest(list(found.values())) if one.id not in known]

    # ---- the learned read ----------------------------------------------------------------------------

    def _weighed(self, asked: Asked, reader: Reader, share: float) -> list[Read]:
        """What the owner's read weighs at least ``share`` of its best, best first, without its null slot."""
        reads = self._attended(asked, reader.ungated()).reads
        best = max((one.weight for one in reads), default=0.0)
        return self._telling(asked, [one for one in reads if one.weight >= share * best])

    def _gated(self, asked: Asked, reader: Reader) -> list[Read]:
        """What a question in these words would read, unless the null slot takes most of the weight."""
        found = self._attended(asked, reader)
        return self._telling(asked, found.reads) if found.null_weight < NOTHING else []

    def _attended(self, asked: Asked, reader: Reader) -> ReadResult:
        return read_memory(
            reader,
            self._store,
            self._encoder,
            asked.owner,
            asked.text,
            asked.vector,
            [turn.text for turn in asked.dialogue],
            asked=asked.when,
            exclude=asked.exclude,
            limit=_LOOKED,
            messages=self._acts,
        )

    def _telling(self, asked: Asked, reads: Sequence[Read]) -> list[Read]:
        """Those of passages and of what the person told."""
        told = {one.id for one in self._told.among(asked.owner, [read.memory for read in reads])}
        return [one for one in reads if one.memory.id in told or one.memory.kind == "passage"]


def _standing(asked: Asked) -> Standing | None:
    """Which memories a set is made of: what holds still, but to be forgotten is also what held before."""
    return None if called(asked.acts) == "forget" else "current"


def _newest(memories: Sequence[Memory]) -> list[Memory]:
    return sorted(memories, key=lambda one: (-one.created, -one.position))


def _set(asked: Asked, operation: str, memories: Sequence[Memory], parts: Mapping[str, int]) -> ReadResult:
    """A set as a read: all of it is what is asked for, so that each has about the same weight, in order. ``parts``: id
    → the part of each that tells most."""
    shown = memories[:MOST]
    fall = [1.0 - place / (4 * len(shown)) for place in range(len(shown))]
    reads = tuple(
        Read(one, score=1.0, weight=share / sum(fall), part=parts[one.id])
        for one, share in zip(shown, fall, strict=True)
    )
    return ReadResult(
        asked.text,
        reads,
        null_weight=0.0 if reads else 1.0,
        shortlisted=len(memories),
        operation=operation,
        more=len(memories) - len(shown),
    )
