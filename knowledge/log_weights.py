"""Weights of memories in logarithms."""

from __future__ import annotations

import numpy as np

_SLIGHT = 12.0  # nats below the strongest from which a memory can decide nothing, whatever it says


def that_matter(log_alpha: np.ndarray) -> list[int]:
    """Places of the memories of log α (n + 1,), null slot last, that weigh enough to be looked into."""
    return [int(at) for at in np.flatnonzero(log_alpha[:-1] > log_alpha.max() - _SLIGHT)]


def lessened(log_alpha: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """log α (n,) less ``loss`` (n,) in nats, such that the weights sum to 1 again."""
    left = log_alpha - loss
    top = left.max()
    return np.asarray(left - (top + np.log(np.exp(left - top).sum())), dtype=log_alpha.dtype)
