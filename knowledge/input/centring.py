"""Takes out of an encoder's vectors what they all have in common, so that cosines of unlike texts lie around 0.

Vectors of encoders trained at a low temperature (E5: 0.01, Wang et al. 2024, "Multilingual E5 Text Embeddings") fill a
narrow cone: cosines of anything with anything are 0.75 to 0.9, another one in each language. Subtracting the mean of
vectors ("all but the top", Mu & Viswanath 2018) and projecting out what tells languages apart (Yang et al. 2021, "A
simple and effective method to eliminate the self language bias") spreads them, so that what else looks at cosines
needs no constants of its own for each encoder. Does not know: encoders, how the means were measured
(``training/centring.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

WEIGHTS = Path(__file__).parents[1] / "weights"


@dataclass(frozen=True, slots=True)
class Centring:
    """``stored`` and ``queries``: (dimension,) means of what is stored and of what is asked. ``languages``:
    (k, dimension) orthonormal rows, the directions in which languages differ."""

    stored: np.ndarray
    queries: np.ndarray
    languages: np.ndarray

    def apply(self, rows: np.ndarray, *, queries: bool) -> np.ndarray:
        """(n, dimension) unit rows → the same without mean and language, of length 1."""
        moved = rows - (self.queries if queries else self.stored)
        moved -= (moved @ self.languages.T) @ self.languages
        made: np.ndarray = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
        return made.astype(np.float32, copy=False)

    def save(self, path: Path, about: dict[str, str]) -> None:
        """As safetensors, with ``about`` in the header."""
        names = {"stored": self.stored, "queries": self.queries, "languages": self.languages}
        save_file({name: value.astype(np.float32) for name, value in names.items()}, path, metadata=about)


def path_of(encoder: str, folder: Path = WEIGHTS) -> Path:
    """Where an embedded encoder's centring lies, if it has one."""
    return folder / f"encoder.{encoder}.safetensors"


def load(path: Path) -> Centring:
    """Raises ``ValueError`` when the file is damaged, ``OSError``."""
    try:
        found = load_file(path)
        return Centring(found["stored"], found["queries"], found["languages"])
    except (SafetensorError, KeyError) as exc:
        raise ValueError(f"{path.name} is damaged: install Mneme again") from exc
