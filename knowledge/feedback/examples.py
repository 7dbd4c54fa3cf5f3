"""A person's feedback → what one owner's read learns from, through the product's own store, focus and shortlist.

Knows: encoder, store, evidence and the shipped read as the app uses them. Does not know: where feedback comes from, the
losses, pages. Nothing here is written to disk.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import TextEncoder
from knowledge.memory.shortlist import nearest_part
from knowledge.memory.store import ExternalMemory
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.evidence import evidence, text_facts
from knowledge.read.pipeline import candidates_of, focus_of, with_acts
from knowledge.read.read_adapter import WIDTH, source_of
from knowledge.records import Candidate, Memory
from knowledge.text.words import query_terms, stem

FeedbackKind = Literal["like", "dislike", "edit", "pin", "mute"]
ExampleKind = Literal["like", "dislike", "edit", "pin", "mute", "cloze"]
SLOTS = 256  # of a shortlist, at most: what was read and what is meant always among them
CLOZE_BEFORE = 4  # turns of the dialogue before a turn that inverse cloze asks from
DRAWN = 0.3  # least share of an edited reply's weighed words that a memory must hold to be what it draws on
NEAR_BEST = 0.8  # and least share of the best memory's


@dataclass(frozen=True, slots=True)
class PastWeight:
    """A memory as it was read: its weight α, and the share of the decoder's attention, where the decoder can tell.
    ``cosine``, ``bm25``, ``window``: as on the shortlist then."""

    weight: float
    attention: float | None = None
    cosine: float = 0.0
    bm25: float = 0.0
    window: float = 0.0


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thing a person said about a reply or a memory.

    ``id``: names the question, so that all feedback on one question is held back together. ``text``: the question;
    ``dialogue``: the turns before it that the read looked at, oldest first; ``asked``: seconds since the epoch;
    ``exclude``: ids of memories that could not be read then. ``reads``: what the reply read, by memory. ``memory``: the
    one pinned or muted. ``reply``, ``edited``: the reply's text before and after an edit.
    """

    id: str
    kind: FeedbackKind
    text: str
    dialogue: Sequence[str] = ()
    asked: float = 0.0
    exclude: frozenset[str] = frozenset()
    reads: Mapping[str, PastWeight] = field(default_factory=dict)
    memory: str = ""
    reply: str = ""
    edited: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackExample:
    """One feedback over its shortlist of n slots, as arrays.

    ``credit``: (n,) share of the memories in what was liked, disliked or meant, of sum 1. ``logged``: (n,) their
    weights among what was read then, of sum 1; 0 for what was not read. ``log_hops``: (K, n + 1) of the shipped read.
    """

    id: str
    kind: ExampleKind
    vector: np.ndarray  # (D,)
    keys: np.ndarray  # (n, D)
    evidence: np.ndarray  # (n, WIDTH)
    sources: np.ndarray  # (n,) int64
    log_hops: np.ndarray
    credit: np.ndarray
    logged: np.ndarray


def examples_of(
    store: ExternalMemory,
    encoder: TextEncoder,
    owner: str,
    reader: AttentionReader,
    told: Sequence[Feedback],
    *,
    sources: int,
    step: Callable[[float], None] = lambda share: None,
) -> list[FeedbackExample]:
    """The feedback that can be learned from; what stands on nothing that is still in memory is left out.

    ``reader``: the shipped one. ``sources``: buckets of the adapter. ``step`` gets 0…1 and may raise to stop.
    """
    found = []
    for number, one in enumerate(told):
        step(number / max(1, len(told)))
        example = _example(store, encoder, owner, reader, one, sources)
        if example is not None:
            found.append(example)
    return found


def _example(
    store: ExternalMemory, encoder: TextEncoder, owner: str, reader: AttentionReader, one: Feedback, sources: int
) -> FeedbackExample | None:
    wanted = [*one.reads, *([one.memory] if one.memory else [])]
    shortlist = _shortlist(store, encoder, owner, one, wanted)
    if shortlist is None:
        return None
    vector, found = shortlist
    ids = [candidate.memory.id for candidate in found]
    logged = np.array([one.reads[id].weight if id in one.reads else 0.0 for id in ids], dtype=np.float32)
    credit = _credit(store, owner, one, found)
    if credit is None or not credit.sum():
        return None
    if one.kind in ("like", "dislike"):
        if (logged > 0).sum() < 2:
            return None  # where one memory alone was read there is nothing to weigh it against
        logged = logged / logged.sum()
    return _arrays(store, encoder, owner, reader, one, one.kind, vector, found, credit, logged, sources)


def _shortlist(
    store: ExternalMemory, encoder: TextEncoder, owner: str, one: Feedback, wanted: Sequence[str]
) -> tuple[np.ndarray, list[Candidate]] | None:
    """The candidates of that time as far as they can be had today: what came into memory later is left out, what was
    pinned or muted since is seen without that mark."""
    vector = encoder.encode_queries([one.text])[0]
    messages = make_message_reader(encoder.name)
    there = candidates_of(store, encoder, owner, one.text, vector, one.dialogue, messages, exclude=one.exclude)
    late = one.asked or float("inf")
    kept = [c for c in there if c.memory.created < late]
    missing = [id for id in wanted if id not in {c.memory.id for c in kept}]
    memories = store.get(owner, missing)
    keys = store.keys(owner, list(memories))
    others = list[Candidate]()
    for id, memory in memories.items():
        past = one.reads.get(id, PastWeight(0.0))
        gone = Candidate(memory, past.cosine, past.bm25, past.window, key=np.zeros_like(vector))
        others.append(nearest_part(gone, keys[id], vector) if id in keys else gone)
    kept += with_acts(messages, others)
    if len(kept) < 2:
        return None
    needed = set(wanted)
    kept.sort(key=lambda c: (c.memory.id not in needed, -(c.bm25 + 0.5 * c.window + max(0.0, c.cosine)), c.memory.id))
    found = [replace(c, memory=replace(c.memory, pinned=False, muted=False)) for c in kept[:SLOTS]]
    found.sort(key=lambda c: (c.memory.created, c.memory.id))
    return vector, found


def _credit(store: ExternalMemory, owner: str, one: Feedback, found: Sequence[Candidate]) -> np.ndarray | None:
    """(n,) of sum 1: what the feedback is about."""
    ids = [candidate.memory.id for candidate in found]
    if one.kind in ("pin", "mute"):
        meant = np.array([id == one.memory for id in ids], dtype=np.float32)
        return meant if meant.any() else None
    if one.kind == "edit":
        return drawn_on(store, owner, one.text, one.edited, [candidate.memory for candidate in found])
    past = [one.reads.get(id) for id in ids]
    looked = all(read is None or read.attention is not None for read in past)
    share = [0.0 if read is None else (read.attention or 0.0) if looked else read.weight for read in past]
    credit = np.array(share, dtype=np.float32)
    if not credit.sum():  # read, but too weak to be looked at
        credit = np.array([0.0 if read is None else read.weight for read in past], dtype=np.float32)
    return credit / credit.sum() if credit.sum() else None


def drawn_on(
    store: ExternalMemory, owner: str, question: str, edited: str, memories: Sequence[Memory]
) -> np.ndarray | None:
    """(n,) of sum 1, or None: the memories that hold most of an edited reply's words, weighed by how rare they are.

    Words of the question say nothing about where the answer comes from and do not count.
    """
    asked = {stem(word) for word in query_terms(question)}
    words = sorted({word for word in query_terms(edited) if stem(word) not in asked})
    idf = store.idf(owner, words)
    mass = sum(idf.get(word, 0.0) for word in words)
    if not mass:
        return None
    cover = np.array(
        [
            sum(idf.get(word, 0.0) for word in words if stem(word) in text_facts(memory.text).stems) / mass
            for memory in memories
        ],
        dtype=np.float32,
    )
    best = float(cover.max(initial=0.0))
    chosen = (cover >= max(DRAWN, NEAR_BEST * best)).astype(np.float32)
    return chosen / chosen.sum() if chosen.any() else None


def _arrays(
    store: ExternalMemory,
    encoder: TextEncoder,
    owner: str,
    reader: AttentionReader,
    one: Feedback,
    kind: ExampleKind,
    vector: np.ndarray,
    found: Sequence[Candidate],
    credit: np.ndarray,
    logged: np.ndarray,
    sources: int,
) -> FeedbackExample:
    acts = make_message_reader(encoder.name).read([one.text], vector[None])[0]
    focus = focus_of(store, encoder, owner, one.text, vector, one.dialogue, one.asked, acts)
    _, log_hops = reader.weights(focus, found)
    return FeedbackExample(
        one.id,
        kind,
        vector.astype(np.float32),
        np.stack([c.key for c in found if c.key is not None]).astype(np.float32),
        evidence(focus, found, multilingual=reader.multilingual)[:, :WIDTH],
        np.array([source_of(c.memory, sources) for c in found], dtype=np.int64),
        log_hops,
        credit,
        logged,
    )


# ---- self-supervised ----------------------------------------------------------------------------------------


def cloze_of(
    store: ExternalMemory,
    encoder: TextEncoder,
    owner: str,
    reader: AttentionReader,
    *,
    sources: int,
    most: int,
    seed: int,
    step: Callable[[float], None] = lambda share: None,
) -> list[FeedbackExample]:
    """Inverse cloze (Lee et al. 2019, arXiv:1906.00300) on the owner's own dialogues: a turn taken out of its dialogue
    asks for the turns it stood beside. At most ``most``, drawn with ``seed``. Needs no label of anybody."""
    made = []
    chosen = _cloze(store, owner, most, seed)
    for number, (asking, before, beside) in enumerate(chosen):
        step(number / max(1, len(chosen)))
        told = Feedback(asking.id, "pin", asking.text, before, 0.0, frozenset({asking.id}))
        shortlist = _shortlist(store, encoder, owner, told, beside)
        if shortlist is None:
            continue
        vector, found = shortlist
        credit = np.array([c.memory.id in beside for c in found], dtype=np.float32)
        if credit.any():
            none = np.zeros(len(found), np.float32)
            credit /= credit.sum()
            made.append(_arrays(store, encoder, owner, reader, told, "cloze", vector, found, credit, none, sources))
    return made


def _cloze(store: ExternalMemory, owner: str, most: int, seed: int) -> list[tuple[Memory, list[str], list[str]]]:
    """Turns that ask, the texts of the dialogue before them, and the ids of the turns beside them."""
    rng = random.Random(seed)
    chosen: list[tuple[float, str, Memory]] = []
    for memory in _turns(store, owner):
        if len(query_terms(memory.text)) >= 3:
            chosen.append((rng.random(), memory.id, memory))
    chosen.sort(key=lambda one: one[:2])
    found = []
    for _, _, memory in chosen[:most]:
        mates, _ = store.page(owner, container=memory.container, limit=10_000, order="newest")
        near = {mate.position: mate for mate in mates if mate.readable and mate.branch == memory.branch}
        beside = [near[at].id for at in (memory.position - 1, memory.position + 1) if at in near]
        before = [
            near[at].text for at in range(max(0, memory.position - 1 - CLOZE_BEFORE), memory.position - 1) if at in near
        ]
        if beside:
            found.append((memory, before, beside))
    return found


def _turns(store: ExternalMemory, owner: str) -> Iterator[Memory]:
    return (memory for memory in store.iterate(owner) if memory.kind == "turn" and memory.readable)


def fingerprint(examples: Sequence[FeedbackExample]) -> str:
    """The same for the same examples: a stopped run goes on only over what it began with."""
    sha = hashlib.sha256()
    for one in examples:
        sha.update(f"{one.id} {one.kind} {one.credit.shape}".encode())
        for array in (one.vector, one.keys, one.evidence, one.sources, one.log_hops, one.credit, one.logged):
            sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
