"""What the heads of the read see of each memory on the shortlist, as numbers.

Knows: how words, turns around, time, speaker and role of a memory bear on a query, what query and memories do (their
acts), and what the memories are to each other. Does not know: stores, encoders, how the evidence is weighed (the
network learns that).

Words are compared by their Porter stems (as the word index does), weighed by inverse document frequency; "cover" of a
query by a set of turns is the idf mass of the query's words found in any of them over the mass of all its words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from knowledge.read.pair_evidence import PAIR_FEATURES, pair_evidence
from knowledge.records import ACTS, Acts, Candidate
from knowledge.text.time_expressions import Span, nearness, spans
from knowledge.text.words import STEMS, STOP_WORDS, cjk_share, is_cjk, plain, query_terms, stem

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][a-z]+\b")
_FIRST_PERSON = frozenset("i my mine me we our ours us".split())  # noqa: SIM905
_WHEN_SAID = frozenset(
    """yesterday last ago today tonight tomorrow next this since recently just week weekend month
    year""".split()  # noqa: SIM905
)
_DIGIT = re.compile(r"\d")
_NOW = re.compile(
    r"\b(now|current(ly)?|still|these days|nowadays|at the moment|latest|newest|most recent(ly)?)\b", re.I
)
_ASKS = (
    r"^(when|what (date|day|month|year|time)|since when)",
    r"^(in |from |to )?where\b|\b(city|country|place)\b",
    r"\bwho(m|se)?\b",
    r"\bhow many\b|\bhow much\b|\bhow often\b",
    r"\bhow long\b|\bhow old\b",
    r"^(is|are|was|were|do|does|did|has|have|had|would|could|can|will|might|should)\b",
    r"\bwhy\b|\breason\b",
    r"^(what|which)\b",
)
_NEUTRAL = 0.25  # a cosine that says nothing

# One column each; the second row of names is relative to the other memories of the shortlist.
SLOT_FEATURES = (
    "cosine",
    "bm25",
    "cover",
    "cover_previous",
    "cover_around",
    "cover_wide",
    "previous_bm25",
    "next_bm25",
    "previous2_bm25",
    "next2_bm25",
    "previous_cosine",
    "next_cosine",
    "rarest",
    "context",
    "context_around",
    "named",
    "other",
    "mentions",
    "mention_share",
    "question",
    "previous_question",
    "length",
    "number",
    "first_person",
    "when_said",
    "assistant",
    "passage",
    "note",
    "pinned",
    "start",
    "time",
    "recent",
    "recent_now",
    "age",
    "tells",
    "asks",
    "wants",
    "chats",
    *PAIR_FEATURES,
)
RELATIVE = ("cosine", "bm25", "cover", "cover_previous", "cover_around", "cover_wide", "context", "time")
QUERY_FEATURES = (
    "when",
    "where",
    "who",
    "how_many",
    "how_long",
    "yes_no",
    "why",
    "what",
    "now",
    "speakers",
    "speaker_named",
    "dated",
    "terms",
    "dialogue",
    *ACTS,
)
WIDTH = len(SLOT_FEATURES) + 2 * len(RELATIVE) + len(QUERY_FEATURES)
_AT = {name: i for i, name in enumerate(SLOT_FEATURES)}
_PAIRS = [_AT[name] for name in PAIR_FEATURES]


@dataclass(frozen=True, slots=True)
class Focus:
    """What the read looks for: the new turn in the light of the running dialogue.

    ``vector``: (dimension,) unit row of the turn. ``dialogue``: (turns, dimension) rows of the turns before it, oldest
    first; ``context``: the words of those turns with what is left of them (1 for the last turn, less further back).
    ``idf``: of the words of text and context. ``asked``: seconds since the epoch, UTC. ``acts``: what the turn does.
    """

    text: str
    vector: np.ndarray
    dialogue: np.ndarray
    context: Mapping[str, float] = field(default_factory=dict)
    idf: Mapping[str, float] = field(default_factory=dict)
    asked: float = 0.0
    acts: Acts = field(default_factory=Acts)


def context_words(dialogue: Sequence[str], *, decay: float = 0.6) -> dict[str, float]:
    """Telling words of the turns before the query, each with ``decay`` to the power of the turns since."""
    left: dict[str, float] = {}
    for age, text in enumerate(reversed(dialogue)):
        for word in query_terms(text):
            left.setdefault(word, decay**age)
    return {word: share for word, share in left.items() if word not in STOP_WORDS}


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What the text of a memory, whoever asks, says of itself."""

    stems: frozenset[str]
    length: float  # log of 1 + its different telling words
    question: bool  # ends as one
    number: bool  # holds a digit
    first_person: bool
    when_said: bool
    latin: float  # 1 − share of Chinese, Japanese and Korean
    plain: str  # its words alone, as of words.plain


@lru_cache(maxsize=16384)
def text_facts(text: str) -> TextFacts:
    """One cut into words serves all of them; most memories of a shortlist are seen for the first time."""
    ascii = text.isascii()
    found = _WORD.findall(text.lower())
    words = frozenset(found)
    return TextFacts(
        stems=frozenset(map(STEMS.__getitem__, words)),
        length=math.log1p(len(words - STOP_WORDS)),
        question=text.rstrip().endswith(("?", "？")),
        number=_DIGIT.search(text) is not None if ascii else any(map(str.isdigit, text)),
        first_person=not words.isdisjoint(_FIRST_PERSON) or "我" in text,
        when_said=not words.isdisjoint(_WHEN_SAID),
        latin=1.0 if ascii else 1 - cjk_share(text),
        plain=" ".join(found) if ascii else plain(text),
    )


def neighbours(candidates: Sequence[Candidate], radius: int) -> np.ndarray:
    """(2·radius + 1, n) int64: which candidate stands r places earlier in the same container, r = −radius…radius; −1
    where none does. The time axis of :mod:`knowledge.read.addressing` for a shortlist out of many dialogues."""
    n = len(candidates)
    table = np.full((2 * radius + 1, n), -1, dtype=np.int64)
    table[radius] = np.arange(n)
    number: dict[str, int] = {}
    container = np.array([number.setdefault(c.memory.container, len(number)) for c in candidates], dtype=np.int64)
    position = np.array([c.memory.position for c in candidates], dtype=np.int64)
    inside = np.array([bool(c.memory.container) for c in candidates], dtype=bool)
    if not inside.any():
        return table
    # Container and position as one number: containers lie further apart than any two positions ± radius.
    first = int(position.min()) - radius
    place = container * (int(position.max()) + radius + 1 - first) + (position - first)
    order = np.flatnonzero(inside)[np.argsort(place[inside], kind="stable")]
    sorted_places = place[order]
    for r in (*range(-radius, 0), *range(1, radius + 1)):
        at = np.searchsorted(sorted_places, place - r, side="right") - 1  # the last of those at one place
        there = inside & (at >= 0) & (sorted_places[at] == place - r)
        table[r + radius, there] = order[at[there]]
    return table


def _moved(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """(n, …) values of the candidates at ``index`` (n,), 0 where it is −1."""
    moved: np.ndarray = values[np.maximum(index, 0)]
    moved[index < 0] = 0
    return moved


def evidence(focus: Focus, candidates: Sequence[Candidate], *, multilingual: bool = False) -> np.ndarray:
    """(n, WIDTH) float32: the features of each candidate, those relative to the others, and the query's own.

    Where the encoder is not ``multilingual`` a cosine counts by the share of other letters than Chinese, Japanese and
    Korean, in the query or the memory, whichever is less: to an English encoder any two Chinese texts are near.
    """
    n = len(candidates)
    table = np.zeros((n, len(SLOT_FEATURES)), dtype=np.float32)
    if not n:
        return np.zeros((0, WIDTH), dtype=np.float32)
    around = neighbours(candidates, 2)
    previous, after, previous2, after2 = around[3], around[1], around[4], around[0]
    facts = [text_facts(c.memory.text) for c in candidates]
    speakers = {c.memory.speaker.lower() for c in candidates if c.memory.speaker}
    words = set(_WORD.findall(focus.text.lower()))
    named = {speaker for speaker in speakers if is_named(speaker, words)}
    named_words = {word for word in words for speaker in named if is_named(speaker, {word})}

    terms = [term for term in query_terms(focus.text) if term not in named_words]
    own, idf = _found(terms, focus.idf, candidates, facts)  # (n, terms), (terms,)
    both = np.maximum(own, _moved(own, previous))
    near = np.maximum(both, _moved(own, after))
    wide = np.maximum(near, np.maximum(_moved(own, previous2), _moved(own, after2)))
    mass = float(idf.sum()) or 1.0
    carried = [word for word in focus.context if word not in words and word not in terms]
    said, weight = _found(carried, focus.idf, candidates, facts)
    weight = weight * np.array([focus.context[word] for word in carried], dtype=np.float32)
    context = _sum(said, weight) / (float(weight.sum()) or 1.0)
    names = {name.lower() for name in _NAME.findall(focus.text)} - named_words
    stems = [stem(name) for name in names]
    mention = np.array([sum(name in fact.stems for name in stems) for fact in facts], dtype=np.float32)
    cosine = np.array([c.cosine for c in candidates], dtype=np.float32)
    trust = np.ones(n, dtype=np.float32)
    if not multilingual:
        trust = np.array([fact.latin for fact in facts], dtype=np.float32)
        cosine = _NEUTRAL + (cosine - _NEUTRAL) * np.minimum(trust, 1 - cjk_share(focus.text))
    bm25 = np.array([c.bm25 for c in candidates], dtype=np.float32)
    question = np.array([fact.question for fact in facts], dtype=np.float32)
    created = np.array([c.memory.created for c in candidates])
    asked = focus.asked or float(created.max())
    dated = spans(focus.text, asked)
    order = np.argsort(np.argsort(created, kind="stable"), kind="stable") / max(1, n - 1)
    now = bool(_NOW.search(focus.text))

    def put(**columns: np.ndarray | Sequence[float]) -> None:
        for name, column in columns.items():
            table[:, _AT[name]] = column

    put(
        cosine=cosine,
        bm25=bm25,
        cover=_sum(own, idf) / mass,
        cover_previous=_sum(both, idf) / mass,
        cover_around=_sum(near, idf) / mass,
        cover_wide=_sum(wide, idf) / mass,
        previous_bm25=_moved(bm25, previous),
        next_bm25=_moved(bm25, after),
        previous2_bm25=_moved(bm25, previous2),
        next2_bm25=_moved(bm25, after2),
        previous_cosine=_moved(cosine, previous),
        next_cosine=_moved(cosine, after),
        rarest=own[:, int(idf.argmax())] if terms else np.zeros(n),
        context=context,
        context_around=np.maximum(context, np.maximum(_moved(context, previous), _moved(context, after))),
    )
    put(
        named=[bool(named) and c.memory.speaker.lower() in named for c in candidates],
        other=[bool(named) and bool(c.memory.speaker) and c.memory.speaker.lower() not in named for c in candidates],
        mentions=np.minimum(mention, 1),
        mention_share=mention / max(1, len(names)),
        question=question,
        previous_question=_moved(question, previous),
        length=[fact.length / 3 for fact in facts],
        number=[fact.number for fact in facts],
        first_person=[fact.first_person for fact in facts],
        when_said=[fact.when_said for fact in facts],
        assistant=[c.memory.role == "assistant" for c in candidates],
        passage=[c.memory.kind == "passage" for c in candidates],
        note=[c.memory.kind == "note" for c in candidates],
        pinned=[0.0] * n,
        start=[c.memory.position < 2 for c in candidates],
        time=_near(created, dated),
        recent=order,
        recent_now=order * now,
        age=np.log1p(np.maximum(asked - created, 0) / 86400) / 6,
    )
    acts = [c.acts or Acts() for c in candidates]
    put(
        tells=[one.tells for one in acts],
        asks=[max(one.asks_own, one.asks_document, one.asks_chat) for one in acts],
        wants=[max(one.asks_world, one.wants_done, one.advice) for one in acts],
        chats=[one.chats for one in acts],
    )
    table[:, _PAIRS] = pair_evidence(candidates, acts, cosine, trust, [fact.stems for fact in facts])

    asks = [bool(re.search(pattern, focus.text, re.I)) for pattern in _ASKS]
    query = np.array(
        [
            *asks,
            now,
            bool(speakers),
            bool(named),
            bool(dated),
            min(len(terms), 8) / 8,
            len(focus.dialogue) > 0,
            *(getattr(focus.acts, name) for name in ACTS),
        ],
        dtype=np.float32,
    )
    features = np.zeros((n, WIDTH), dtype=np.float32)
    features[:, : table.shape[1]] = table
    features[:, -len(query) :] = query
    relate(features)
    return features


def relate(features: np.ndarray) -> None:
    """Fill in, in place, how each of the (n, WIDTH) features stands to those of the other memories: standard scores,
    and distances from the highest. Also for a part of a shortlist, whose scores then are among that part."""
    width, related = len(SLOT_FEATURES), len(RELATIVE)
    core = features[:, [_AT[name] for name in RELATIVE]]
    features[:, width : width + related] = (core - core.mean(0)) / (core.std(0) + 1e-2)
    features[:, width + related : width + 2 * related] = core - core.max(0)


def _found(
    terms: Sequence[str],
    idf: Mapping[str, float],
    candidates: Sequence[Candidate],
    facts: Sequence[TextFacts],
) -> tuple[np.ndarray, np.ndarray]:
    """Which candidate holds which term: (n, terms) of 0 and 1, and the terms' idf (terms,)."""
    hits = np.zeros((len(candidates), len(terms)), dtype=np.float32)
    for at, term in enumerate(terms):
        if is_cjk(term):
            hits[:, at] = [term in c.memory.text for c in candidates]
        else:
            one = stem(term)
            hits[:, at] = [one in fact.stems for fact in facts]
    return hits, np.array([idf.get(term, 5.0) for term in terms], dtype=np.float32)


def _sum(hits: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n, terms), (terms,) → (n,). Not ``@``: some BLAS warn of invalid numbers where there are none."""
    total: np.ndarray = (hits * weight).sum(1)
    return total


def _near(created: np.ndarray, dated: list[Span]) -> list[float]:
    return [nearness(float(when), dated) for when in created] if dated else [0.0] * len(created)


def is_named(speaker: str, words: set[str]) -> bool:
    """Do the query's words hold the speaker's name, or the beginning of it ("Mel" for "Melanie")?"""
    first = (_WORD.findall(speaker.lower()) or [""])[0]
    return bool(first) and any(word == first or len(word) > 2 and first.startswith(word) for word in words)
