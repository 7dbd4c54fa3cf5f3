"""What the memories of a shortlist are to each other, as numbers: said again, said anew, or only repeated.

A fact that changed has its rival in one other memory, often in nearly the same words; a reply made from a memory says
the same once more and is no second witness. Both show only beside another memory. Knows: keys, times, speakers and
words of the candidates. Does not know: the network that weighs it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch

from knowledge.records import Acts, Candidate
from knowledge.text.words import telling

PAIR_FEATURES = ("newer", "newer_cosine", "older", "older_cosine", "repeats")
_STATED = 0.5  # probability from which a memory tells something that can be repeated
_LONGEST = 60  # telling words; a longer reply is no repetition


def pair_evidence(
    candidates: Sequence[Candidate],
    acts: Sequence[Acts],
    cosine: np.ndarray,
    trust: np.ndarray,
    stems: Sequence[frozenset[str]],
) -> np.ndarray:
    """(n, PAIR_FEATURES) float32.

    ``newer``: how near the nearest later memory is in which the same speaker tells something, 0…1; ``newer_cosine``:
    how much nearer to the query that one is; ``older``: likewise of earlier ones; ``repeats``: of a turn of the
    assistant, the share of its telling words that one thing stated by somebody else holds.

    ``acts``: of each. ``cosine``: (n,) with the query. ``trust``: (n,) share of a text that the encoder can read.
    ``stems``: of each text.
    """
    table = np.zeros((len(candidates), len(PAIR_FEATURES)), dtype=np.float32)
    keys = [one.key for one in candidates if one.key is not None]
    if len(keys) == len(candidates):
        rows = torch.from_numpy(np.stack(keys).astype(np.float32))  # torch: numpy's threads would fight with its own
        tells = np.array([one.tells for one in acts], dtype=np.float32) * trust
        alike = (rows @ rows.T).numpy().clip(0.0, 1.0) * tells * _same_speaker(candidates) * trust[:, None]
        when = np.array([one.memory.created for one in candidates])
        for column, other in ((0, when > when[:, None]), (2, when < when[:, None])):  # (memory, the other one)
            near = np.where(other, alike, 0.0)
            best = near.argmax(1)
            table[:, column] = near.max(1)
            table[:, column + 1] = np.where(table[:, column] > 0, cosine[best] - cosine, 0.0)
    table[:, 4] = _repeated(candidates, acts, stems)
    return table


def _same_speaker(candidates: Sequence[Candidate]) -> np.ndarray:
    """(n, n): did the same person or side say both? Nobody says the passages of documents."""
    number: dict[tuple[str, str], int] = {}
    memories = [one.memory for one in candidates]
    who = np.array([number.setdefault((one.role, one.speaker), len(number)) for one in memories])
    said = np.array([one.kind != "passage" for one in memories])
    same: np.ndarray = (who[:, None] == who) & said
    return same


def _repeated(candidates: Sequence[Candidate], acts: Sequence[Acts], stems: Sequence[frozenset[str]]) -> list[float]:
    """(n,): the share of an assistant's telling words that one statement of somebody else holds; 0 of all others."""
    words = [
        telling(one.memory.text) if one.memory.kind == "turn" and one.memory.role == "assistant" else frozenset()
        for one in candidates
    ]
    wanted = frozenset[str]().union(*(own for own in words if len(own) <= _LONGEST))
    sources = defaultdict[str, list[int]](list)
    for number, (one, act, held) in enumerate(zip(candidates, acts, stems, strict=True)):
        if wanted and one.memory.role != "assistant" and act.tells >= _STATED:
            for word in held & wanted:
                sources[word].append(number)

    def share(own: frozenset[str]) -> float:
        found = [number for word in own & sources.keys() for number in sources[word]]
        return int(np.bincount(found).max()) / len(own) if found and len(own) <= _LONGEST else 0.0

    return [share(own) for own in words]
