"""What a read looks for and among what: the query in the light of its dialogue, and the candidates of both.

Knows: the store, the encoder, and how a follow-up ("and where does she work?") finds its memory. Does not
know: how evidence is weighed, or what the read is for. The running network, its training and the benchmarks all come
through here, so that what is measured is what runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from knowledge.encoder import TextEncoder
from knowledge.evidence import Focus, context_words
from knowledge.reader import Reader
from knowledge.records import Candidate, ReadResult
from knowledge.running_chat import context_of
from knowledge.store import ExternalMemory
from knowledge.words import query_terms

TURNS = 6  # of the running dialogue that the internal memory sees
TOGETHER = 2  # of them whose words and the query's are looked for together


def focus_of(
    store: ExternalMemory, encoder: TextEncoder, owner: str, text: str, vector: np.ndarray, dialogue: Sequence[str],
    asked: float,
) -> Focus:  # fmt: skip
    """``vector``: (dimension,) unit row of ``text`` as a query. ``dialogue``: the turns before it, oldest first.
    ``asked``: seconds since the epoch, UTC."""
    last = list(dialogue)[-TURNS:]
    context = context_words(last)
    return Focus(
        text=text, vector=vector, dialogue=encoder.encode(last), context=context,
        idf=store.idf(owner, [*query_terms(text), *context]), asked=asked,
    )  # fmt: skip


def candidates_of(
    store: ExternalMemory, encoder: TextEncoder, owner: str, text: str, vector: np.ndarray, dialogue: Sequence[str], *,
    exclude: frozenset[str] = frozenset(),
) -> tuple[list[Candidate], dict[str, np.ndarray]]:  # fmt: skip
    """The shortlist of a query, and in a dialogue also what its last turns and the query find together.

    With it the candidates' keys: id → (dimension,) vector.
    """
    found, keys = store.shortlist_with_keys(owner, text, vector, exclude=exclude)
    if dialogue:
        together = " ".join([*dialogue[-TOGETHER:], text])
        there = {candidate.memory.id for candidate in found}
        wider, more = store.shortlist_with_keys(owner, together, encoder.encode_queries([together])[0], exclude=exclude)
        keys |= more
        memories = [candidate.memory for candidate in wider if candidate.memory.id not in there]
        found += [Candidate(m, cosine=float(keys[m.id] @ vector) if m.id in keys else 0.0) for m in memories]
    return found, keys


def read_memory(
    reader: Reader, store: ExternalMemory, encoder: TextEncoder, owner: str, text: str, vector: np.ndarray,
    dialogue: Sequence[str], *, asked: float, exclude: frozenset[str] = frozenset(), limit: int,
) -> ReadResult:  # fmt: skip
    """The read of a query; arguments as of :func:`focus_of`. A reader that is not learned gets the turn alone."""
    if not reader.learned:
        found = store.shortlist(owner, text, vector, exclude=exclude)
        return reader.read(text, found, limit=limit)
    before = context_of(text, dialogue)
    focus = focus_of(store, encoder, owner, text, vector, before, asked)
    found, keys = candidates_of(store, encoder, owner, text, vector, before, exclude=exclude)
    return reader.read(text, found, limit=limit, focus=focus, keys=keys)
