"""What holds now: of memories that say the like about the same thing, the newest, where the question asks for it.

The read's network weighs how new a memory is against all others of the shortlist; a fact that changed has its rival in
one other memory, often in nearly the same words. Where the question asks for now, any newer one is that rival; where it
is only in the present tense ("Where does my sister live?"), one that says itself that something of what is asked
changed ("My sister moved to Porto."), which takes the place of the older one however little it weighed. Neither is
ever dropped: what was weighs less, and can still be asked for. Does not know: the network, tokens.
"""

from __future__ import annotations

import re
from calendar import day_name, month_name
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch

from knowledge.read.evidence import text_facts
from knowledge.read.log_weights import lessened
from knowledge.records import Memory
from knowledge.text.words import sentences, telling

STRENGTH = 3.5  # nats that a memory loses to a newer one that says the like
_UNLIKE, _LIKE = 0.25, 0.55  # cosines: from here on a little, from there on entirely
_UNLIKE_CHANGE, _LIKE_CHANGE = 0.35, 0.6  # of what says that it changed, where nobody asks for now
_RIVAL = 4.6  # nats below a memory at which another one is still its rival for the question
_FAR = 13.8  # nats below the strongest memory from which another one has nothing to do with the question
_REPLACES = 0.5  # how alike, 0…1, a memory of a change is to what it changed, to be weighed at least like that
_COVER = 0.5  # share of the question's words in the older memory that the sentence of the change holds too
_PLAINLY = 12  # words of that sentence at most: longer ones with "new" or "now" in them hardly ever announce a change
_BACK = 4  # turns between a message and what it leans on, at most
_LEANS = re.compile(r"\W*(?:it|that|this|they|he|she)\b", re.I)
_NOW = re.compile(
    r"\b(?:now|current(?:ly)?|still|these days|nowadays|at the moment|at present|today|latest|newest|up to date|"
    r"most recent(?:ly)?)\b|现在|目前|如今|眼下|最新",
    re.I,
)
_DATE = rf"(?:\d|next|last|this|today|yesterday|noon|(?:{'|'.join((*day_name, *month_name[1:]))})\b)"
_WAS = re.compile(  # "before 10 April" says when, not that something changed
    rf"\bbefore\b(?! (?:the )?{_DATE})|\b(?:used to|previous(?:ly)?|former(?:ly)?)\b|\bearlier\b(?! (?:in )?{_DATE})|"
    r"(?:\b(?:my|your|his|her|its|our|their|the)|'s) old\b|以前|之前|原来",
    re.I,
)
_BEFORE = re.compile(rf"{_WAS.pattern}|\b(?:until now|by now|first)\b", re.I)
_AGE = re.compile(r"\bhow old\b|\byears? old\b", re.I)
_PRESENT = re.compile(r"\b(?:is|are|am|do|does)\b|\b(?:what|where|who|when|how)'s\b", re.I)
_NOT_PRESENT = re.compile(
    r"\b(?:did|was|were|had|been|ever|ago|will|would|going to|last|since|usually|often|like to|enjoys?|likes?)\b", re.I
)
_CHANGED = re.compile(
    r"\b(?:moved?|switched|changed|new|now|instead|no longer|any ?more|sold|replaced|swapped|quit|renamed|updated|"
    r"postponed|rescheduled|from now on|actually|correction)\b|搬|换|改|新的|现在|不再",
    re.I,
)


def asks_for_now(text: str) -> bool:
    """Does the question want what holds now, and not what was before?"""
    return _NOW.search(text) is not None and _BEFORE.search(text) is None


def asks_what_holds(text: str) -> bool:
    """Is the question in the present tense, about a state and not about what was or is wont to be?"""
    return _PRESENT.search(text) is not None and not (_NOT_PRESENT.search(text) or _BEFORE.search(text))


def asks_for_before(text: str) -> bool:
    """Does the question want what was, before something changed?"""
    return _WAS.search(text) is not None and _AGE.search(text) is None


def superseded(
    log_alpha: np.ndarray,
    memories: Sequence[Memory],
    keys: Mapping[str, np.ndarray],
    question: str,
    *,
    context: frozenset[str] = frozenset(),
    around: Sequence[Memory] = (),
    shift: float = 0.0,
) -> np.ndarray:
    """log α (n + 1,), null slot last, with what newer memories take from older ones (older ones from newer, where the
    question is on what was before); sums to 1 as before.

    ``keys``: id → (dimension,) unit vector; what has none is like nothing. ``context``: stems of the turns that the
    question leans on. ``around``: what these may lean on, if not on each other only. ``shift``: what this encoder's
    cosines of unlike texts lie above the default one's. Only turns and notes of the same
    speaker supersede each other.
    """
    now, before = asks_for_now(question), asks_for_before(question)
    if not (now or before or asks_what_holds(question)):
        return log_alpha
    close = np.flatnonzero(log_alpha[:-1] > log_alpha[:-1].max(initial=-np.inf) - _FAR).tolist()
    near = [at for at in close if memories[at].kind != "passage" and not text_facts(memories[at].text).question]
    if len(near) < 2:
        return log_alpha
    some, weight = [memories[at] for at in near], log_alpha[near]
    wanted = telling(question) | (context if before else frozenset())
    told, leaning = _changes(some, around or memories, wanted)
    when = np.array([one.created for one in some])
    speakers = {who: number for number, who in enumerate({(one.role, one.speaker) for one in some})}
    who = np.array([speakers[one.role, one.speaker] for one in some])
    newer = (when[None] > when[:, None]) & (who[None] == who[:, None])  # (older, newer)
    rival = newer & (weight[None] > weight[:, None] - _RIVAL) & now
    some_newer = np.flatnonzero((newer & told | rival).any(0))  # mostly few: only theirs are multiplied
    blank = np.zeros_like(next(iter(keys.values()), np.zeros(1, dtype=np.float32)))
    # torch, since numpy's own threads would fight with torch's for the cores
    rows = torch.from_numpy(np.stack([keys.get(one.id, blank) for one in some]))
    cosine = np.zeros(newer.shape)
    cosine[:, some_newer] = (rows @ rows[some_newer].T).numpy() - shift
    # "It was moved" itself is like nothing.
    change = _like(np.where(leaning[None], 1.0, cosine), newer & told, _UNLIKE_CHANGE, _LIKE_CHANGE)
    change = change.T if before else change  # (what loses, what it loses to)
    like = np.maximum(change, _like(cosine, rival, _UNLIKE, _LIKE))
    taken = np.where(change >= _REPLACES, weight[:, None], -np.inf).max(0)
    loss = np.zeros(len(log_alpha))
    loss[near] = STRENGTH * like.max(1) - np.maximum(taken - weight, 0.0)
    return lessened(log_alpha, loss)


def _like(cosine: np.ndarray, where: np.ndarray, low: float, high: float) -> np.ndarray:
    """How alike, 0…1, by cosines that say nothing up to ``low`` and all from ``high`` on; 0 elsewhere."""
    return np.where(where, np.clip((cosine - low) / (high - low), 0.0, 1.0), 0.0)


@lru_cache(maxsize=16384)
def _announced(text: str) -> tuple[tuple[frozenset[str], bool], ...]:
    """Of every plain sentence that says that something changed: its stems, and whether it leans on what was before."""
    plain = [part for part in sentences(text) if len(part.split()) <= _PLAINLY]
    return tuple((telling(part), _LEANS.match(part) is not None) for part in plain if _CHANGED.search(part))


def _changes(
    memories: Sequence[Memory], around: Sequence[Memory], wanted: frozenset[str]
) -> tuple[np.ndarray, np.ndarray]:
    """(older, newer): does the newer one say in a plain sentence that what the older one says of ``wanted`` changed?
    And (newer,): does it lean on what was said before ("It was moved to Monday."), found in ``around``?"""
    told, leaning = np.zeros((len(memories), len(memories)), dtype=bool), np.zeros(len(memories), dtype=bool)
    news = {at: found for at, one in enumerate(memories) if (found := _announced(one.text))}
    places = {}
    if any(leans for found in news.values() for _, leans in found):
        turns = (one for one in around if one.kind == "turn")
        places = {(one.container, one.position, one.role, one.speaker): one.text for one in turns}
    for at, found in news.items():
        one, new = memories[at], max((wanted & stems for stems, _ in found), key=len)
        if any(leans for _, leans in found):
            before = ((one.container, one.position - step, one.role, one.speaker) for step in range(1, _BACK + 1))
            back = next((places[place] for place in before if place in places), "")
            leaning[at] = bool(back)
            new |= wanted & telling(back)
        if new:
            said = (wanted & telling(older.text) for older in memories)
            told[:, at] = [len(new & old) >= max(1.0, _COVER * len(old)) for old in said]
    return told, leaning
