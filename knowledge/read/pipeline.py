"""What a read looks for and among what: the query in the light of its dialogue, and the candidates of both.

Knows: the store, the encoder, and how a follow-up ("and where does she work?") finds its memory. Does not
know: how evidence is weighed, or what the read is for. The running network, its training and the benchmarks all come
through here, so that what is measured is what runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from knowledge.input.dialogue_acts import MessageReader, make_message_reader
from knowledge.input.encoder import TextEncoder
from knowledge.input.message_keys import part_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.evidence import Focus, context_words
from knowledge.read.reader import Reader
from knowledge.read.running_chat import context_of
from knowledge.records import Acts, Candidate, Memory, Reading, ReadResult
from knowledge.text.words import query_terms

TURNS = 6  # of the running dialogue that the internal memory sees
TOGETHER = 2  # of them whose words and the query's are looked for together


def focus_of(
    store: ExternalMemory,
    encoder: TextEncoder,
    owner: str,
    text: str,
    vector: np.ndarray,
    dialogue: Sequence[str],
    asked: float,
) -> Focus:
    """``vector``: (dimension,) unit row of ``text`` as a query. ``dialogue``: the turns before it, oldest first.
    ``asked``: seconds since the epoch, UTC."""
    last = list(dialogue)[-TURNS:]
    context = context_words(last)
    return Focus(
        text=text,
        vector=vector,
        dialogue=encoder.encode(last),
        context=context,
        idf=store.idf(owner, [*query_terms(text), *context]),
        asked=asked,
    )


def candidates_of(
    store: ExternalMemory,
    encoder: TextEncoder,
    owner: str,
    text: str,
    vector: np.ndarray,
    dialogue: Sequence[str],
    *,
    exclude: frozenset[str] = frozenset(),
) -> tuple[list[Candidate], dict[str, np.ndarray]]:
    """The shortlist of a query, and in a dialogue also what its last turns and the query find together.

    With it the vectors of their whole texts: id → (dimension,).
    """
    found, keys = store.shortlist_with_keys(owner, text, vector, exclude=exclude)
    if dialogue:
        together = " ".join([*dialogue[-TOGETHER:], text])
        there = {candidate.memory.id for candidate in found}
        both = encoder.encode_queries([together])[0]
        wider, more = store.shortlist_with_keys(owner, together, both, exclude=exclude, score=vector)
        keys |= more
        found += [replace(one, bm25=0.0, window=0.0) for one in wider if one.memory.id not in there]
    return found, keys


def read_memory(
    reader: Reader,
    store: ExternalMemory,
    encoder: TextEncoder,
    owner: str,
    text: str,
    vector: np.ndarray,
    dialogue: Sequence[str],
    *,
    asked: float,
    exclude: frozenset[str] = frozenset(),
    limit: int,
    messages: MessageReader | None = None,
) -> ReadResult:
    """The read of a query; arguments as of :func:`focus_of`. A reader that is not learned gets the turn alone.

    ``messages``: reads what message and memories do, by their vectors too; by their texts alone where it is not given.
    """
    messages = messages or make_message_reader()
    acts = messages.read([text], vector[None])[0]
    if not reader.learned:
        found = store.shortlist(owner, text, vector, exclude=exclude)
        return replace(reader.read(text, found, limit=limit, reading=_reading(messages, acts, found)), acts=acts)
    before = context_of(acts, dialogue)
    focus = focus_of(store, encoder, owner, text, vector, before, asked)
    found, keys = candidates_of(store, encoder, owner, text, vector, before, exclude=exclude)
    reading = _reading(messages, acts, found)
    return replace(reader.read(text, found, limit=limit, focus=focus, keys=keys, reading=reading), acts=acts)


def _reading(messages: MessageReader, acts: Acts, found: Sequence[Candidate]) -> Reading:
    """Of a long memory it is the part that matched whose acts count: what is told beside a request is told."""
    candidates = {one.memory.id: one for one in found}

    def of(memories: Sequence[Memory]) -> list[Acts]:
        own = [candidates[one.id] for one in memories]
        keys = [one.key for one in own if one.key is not None]
        rows = np.stack(keys) if keys and len(keys) == len(own) else None
        return messages.read_again([part_of(one.memory, one.part) for one in own], rows)

    return Reading(acts, of)
