"""What holds now: of memories that say the like about the same thing, the newest, where the question asks for it.

The read's network weighs how new a memory is against all others of the shortlist; a fact that changed has its rival in
one other memory, often in nearly the same words. Neither is ever dropped: what was weighs less, and can still be asked
for. Does not know: the network, tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch

from knowledge.evidence import text_facts
from knowledge.records import Memory

STRENGTH = 3.5  # nats that a memory loses to a newer one that says the like
_UNLIKE, _LIKE = 0.25, 0.55  # cosines: from here on a little, from there on entirely
_RIVAL = 4.6  # nats below a memory at which another one is still its rival for the question
_NOW = re.compile(
    r"\b(?:now|current(?:ly)?|still|these days|nowadays|at the moment|at present|today|latest|newest|up to date|"
    r"most recent(?:ly)?)\b|现在|目前|如今|眼下|最新", re.I,
)  # fmt: skip
_BEFORE = re.compile(
    r"\b(?:before|until now|by now|used to|previous(?:ly)?|former(?:ly)?|earlier|old|first)\b|以前|之前|原来", re.I
)


def asks_for_now(text: str) -> bool:
    """Does the question want what holds now, and not what was before?"""
    return _NOW.search(text) is not None and _BEFORE.search(text) is None


def superseded(log_alpha: np.ndarray, memories: Sequence[Memory], keys: np.ndarray) -> np.ndarray:
    """log α (n + 1,), null slot last, with what newer memories take from older ones; sums to 1 as before.

    ``keys``: (n, dimension) unit rows. Only turns and notes of the same speaker supersede each other.
    """
    close = np.flatnonzero(log_alpha[:-1] > log_alpha[:-1].max(initial=-np.inf) - 2 * _RIVAL).tolist()
    near = [at for at in close if memories[at].kind != "passage" and not text_facts(memories[at].text).question]
    loss = np.zeros(len(memories) + 1)
    if len(near) > 1:
        some, weight = [memories[at] for at in near], log_alpha[near]
        when = np.array([one.created for one in some])
        speakers = {who: number for number, who in enumerate({(one.role, one.speaker) for one in some})}
        who = np.array([speakers[one.role, one.speaker] for one in some])
        rival = (when[None] > when[:, None]) & (who[None] == who[:, None]) & (weight[None] > weight[:, None] - _RIVAL)
        rows = torch.from_numpy(keys[near])  # numpy's own threads would fight with torch's for the cores
        like = np.where(rival, (rows @ rows.T).numpy(), -1.0).max(1)  # (older,): of the most alike newer one
        loss[near] = STRENGTH * np.clip((like - _UNLIKE) / (_LIKE - _UNLIKE), 0.0, 1.0)
    left = log_alpha - loss
    top = left.max()
    return np.asarray(left - (top + np.log(np.exp(left - top).sum())), dtype=log_alpha.dtype)
