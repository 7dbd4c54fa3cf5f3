"""What a read looks for and among what: the query in the light of its dialogue, and the candidates of both.

Knows: the store, the encoder, the reading of messages, and how a follow-up ("and where does she work?") finds its
memory. Does not know: how evidence is weighed, or what the read is for. The running network, its training and the
benchmarks all come through here, so that what is measured is what runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from knowledge.input.dialogue_acts import MessageReader, make_message_reader
from knowledge.input.encoder import TextEncoder
from knowledge.input.message_keys import part_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.evidence import Focus, context_words, text_facts
from knowledge.read.reader import Reader
from knowledge.read.running_chat import context_of
from knowledge.read.standing import BESIDE, settled
from knowledge.records import Acts, Candidate, ReadResult
from knowledge.text.words import plain, query_terms

TURNS = 6  # of the running dialogue that the internal memory sees
TOGETHER = 2  # of them whose words and the query's are looked for together


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
    """The read of a query: message → acts, focus → candidates → weights → what holds. Arguments as of
    :func:`focus_of`.

    A reader that is not learned gets the turn alone. ``messages``: reads what message and memories do; by default the
    reading that ships, for this encoder's vectors.
    """
    messages = messages or make_message_reader(encoder.name)
    acts = messages.read([text], vector[None])[0]
    before = context_of(acts, dialogue) if reader.learned else ()
    focus = focus_of(store, encoder, owner, text, vector, before, asked, acts)
    found = candidates_of(store, encoder, owner, text, vector, before, messages, exclude=exclude)
    weighed = replace(reader.read(focus, found, limit=limit + BESIDE), acts=acts)
    return settled(weighed, partial(store.followers, owner), acts, limit)


def focus_of(
    store: ExternalMemory,
    encoder: TextEncoder,
    owner: str,
    text: str,
    vector: np.ndarray,
    dialogue: Sequence[str],
    asked: float,
    acts: Acts,
) -> Focus:
    """``vector``: (dimension,) unit row of ``text`` as a query. ``dialogue``: the turns before it, oldest first.
    ``asked``: seconds since the epoch, UTC. ``acts``: what the message does."""
    last = list(dialogue)[-TURNS:]
    context = context_words(last)
    return Focus(
        text=text,
        vector=vector,
        dialogue=encoder.encode(last),
        context=context,
        idf=store.idf(owner, [*query_terms(text), *context]),
        asked=asked,
        acts=acts,
    )


def candidates_of(
    store: ExternalMemory,
    encoder: TextEncoder,
    owner: str,
    text: str,
    vector: np.ndarray,
    dialogue: Sequence[str],
    messages: MessageReader,
    *,
    exclude: frozenset[str] = frozenset(),
) -> list[Candidate]:
    """The shortlist of a query, and in a dialogue also what its last turns and the query find together; each with what
    it does. An echo of the query is no answer."""
    found = store.shortlist(owner, text, vector, exclude=exclude)
    if dialogue:
        together = " ".join([*dialogue[-TOGETHER:], text])
        there = {candidate.memory.id for candidate in found}
        both = encoder.encode_queries([together])[0]
        wider = store.shortlist(owner, together, both, exclude=exclude, score=vector)
        found += [replace(one, bm25=0.0, window=0.0) for one in wider if one.memory.id not in there]
    said = plain(text)
    return with_acts(messages, [one for one in found if text_facts(one.memory.text).plain != said])


def with_acts(messages: MessageReader, found: Sequence[Candidate]) -> list[Candidate]:
    """Of a long memory it is the part that matched whose acts count: what is told beside a request is told."""
    rows = [one.key for one in found if one.key is not None]
    texts = [part_of(one.memory, one.part) for one in found]
    acts = messages.read_again(texts, np.stack(rows) if rows and len(rows) == len(found) else None)
    return [replace(one, acts=own) for one, own in zip(found, acts, strict=True)]


def boosted(result: ReadResult, boost: Mapping[str, float]) -> ReadResult:
    """The read with the weights α of some memories multiplied, renormalised together with the null slot."""
    if not boost:
        return result
    reads = (replace(read, weight=read.weight * boost.get(read.memory.id, 1.0)) for read in result.reads)
    later = {id: by for id, by in result.later.items() if boost.get(id, 1.0) <= 1}
    return replace(result, reads=tuple(reads), later=later).normalised()
