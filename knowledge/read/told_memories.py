"""Which memories hold what the person told: notes, and turns that tell something, as the reading of messages says.

Does not know: what is asked, how memories are weighed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from knowledge.input.dialogue_acts import MessageReader
from knowledge.input.message_keys import texts_of
from knowledge.memory.store import ExternalMemory
from knowledge.records import Acts, Memory, Standing
from knowledge.text.words import plain

TELLS = 0.15  # probability of the act from which a turn counts as told, unless it rather asks or wants something done:
# a question has hardly any, and what is told in half a sentence ("YOOO hit plat last night") not much (LOG.md)
_PAGE = 200
_REMEMBERED = 20_000  # texts that are not read a second time


class Told:
    """Reads each text once. Safe to call from threads."""

    def __init__(self, store: ExternalMemory, acts: MessageReader) -> None:
        self._store, self._acts = store, acts
        self._known: OrderedDict[int, tuple[float, int]] = OrderedDict()  # hash of a text → how likely it tells
        # something, and which part of it does most
        self._lock = threading.Lock()

    def newest(
        self,
        owner: str,
        *,
        least: int,
        since: float | None = None,
        until: float | None = None,
        container: str = "",
        search: str = "",
        exclude: frozenset[str] = frozenset(),
        standing: Standing | None = "current",
    ) -> list[Memory]:
        """What the person told, newest first, each thing once, in the span of time, conversation or with the words
        that are given. At least ``least`` where there are as many; of a large memory not all. ``standing``: by default
        only what holds still."""
        found: list[Memory] = []
        for page in self._pages(owner, since, until, container, search, standing):
            found += [one for one in self.among(owner, page) if one.id not in exclude]
            if len(found) >= least:
                break
        return once(found)

    def among(self, owner: str, memories: Sequence[Memory]) -> list[Memory]:
        """Those of ``memories`` that tell something that the person said, or noted by hand."""
        own = [one for one in memories if one.readable and one.kind != "passage" and one.role != "assistant"]
        likely = self.tells(owner, [one for one in own if one.kind == "turn"])
        return [one for one in own if one.kind == "note" or likely[one.id] >= TELLS]

    def tells(self, owner: str, memories: Sequence[Memory]) -> dict[str, float]:
        """id → how likely the memory's text tells something, 0…1; 0 where it rather does something else."""
        return {id: likely for id, (likely, _) in self._read(owner, memories).items()}

    def most_telling(self, owner: str, memories: Sequence[Memory]) -> dict[str, int]:
        """id → the number of the part that tells most, from 1; 0 where the text is one part."""
        return {id: part for id, (_, part) in self._read(owner, memories).items()}

    def _read(self, owner: str, memories: Sequence[Memory]) -> dict[str, tuple[float, int]]:
        keys = {one.id: hash(one.text) for one in memories}
        with self._lock:
            fresh = [one for one in memories if keys[one.id] not in self._known]
        if fresh:
            telling = self._telling(owner, fresh)
            with self._lock:
                self._known.update((keys[one.id], told) for one, told in zip(fresh, telling, strict=True))
        with self._lock:
            found = {id: self._known[key] for id, key in keys.items()}
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _telling(self, owner: str, memories: Sequence[Memory]) -> list[tuple[float, int]]:
        """How likely each tells something, and which part does; a long one is as telling as its most telling part."""
        kept = self._store.keys(owner, [one.id for one in memories]) if self._acts.sees_vectors else {}
        texts = [texts_of(one) for one in memories]
        there = all(len(kept.get(one.id, ())) == len(said) for one, said in zip(memories, texts, strict=True))
        rows = np.concatenate([kept[one.id] for one in memories]) if kept and there else None
        each = map(_telling, self._acts.read([text for said in texts for text in said], rows))
        found = []
        for said in texts:
            likely = list(islice(each, len(said)))
            found.append((max(likely), max(range(1, len(likely)), key=likely.__getitem__, default=0)))
        return found

    def _pages(
        self,
        owner: str,
        since: float | None,
        until: float | None,
        container: str,
        search: str,
        standing: Standing | None,
    ) -> Iterator[list[Memory]]:
        offset, total = 0, 1
        while offset < total:
            page, total = self._store.page(
                owner,
                search=search,
                since=since,
                until=until,
                container=container or None,
                standing=standing,
                limit=_PAGE,
                offset=offset,
                order="newest",
            )
            offset += _PAGE
            yield page


def _telling(acts: Acts) -> float:
    rather = max(acts.asks_world, acts.asks_document, acts.wants_done, acts.advice)
    return acts.tells if acts.tells >= rather else 0.0


def once(memories: Sequence[Memory]) -> list[Memory]:
    """``memories`` in their order, without those whose words another one before has already."""
    first: dict[str, Memory] = {}
    for one in memories:
        first.setdefault(plain(one.text), one)
    return list(first.values())
