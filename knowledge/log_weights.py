"""Weights of memories in logarithms."""

from __future__ import annotations

import numpy as np


def lessened(log_alpha: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """log α (n,) less ``loss`` (n,) in nats, such that the weights sum to 1 again."""
    left = log_alpha - loss
    top = left.max()
    return np.asarray(left - (top + np.log(np.exp(left - top).sum())), dtype=log_alpha.dtype)
