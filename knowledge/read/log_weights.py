"""Weights of memories in logarithms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from knowledge.records import Memory

SLIGHT = 12.0  # nats below the strongest from which a memory can decide nothing, whatever it says


def lessened_each(log_alpha: np.ndarray, memories: Sequence[Memory], loss: Callable[[Memory], float]) -> np.ndarray:
    """log α (n + 1,), null slot last, less each memory's ``loss`` in nats; only those that weigh enough to decide
    anything are looked into."""
    lost = np.zeros(len(log_alpha))
    for at in np.flatnonzero(log_alpha[:-1] > log_alpha.max() - SLIGHT).tolist():
        lost[at] = loss(memories[at])
    return lessened(log_alpha, lost)


def lessened(log_alpha: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """log α (n,) less ``loss`` (n,) in nats, such that the weights sum to 1 again."""
    left = log_alpha - loss
    top = left.max()
    return np.asarray(left - (top + np.log(np.exp(left - top).sum())), dtype=log_alpha.dtype)
