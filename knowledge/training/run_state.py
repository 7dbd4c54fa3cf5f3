"""What a training run leaves in its folder to go on from, and the curve of its losses."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch


def keep_state(folder: Path, state: Mapping[str, Any], curve: Sequence[Mapping[str, float]]) -> None:
    """Write state.pt, there whole or not at all, and loss.csv, the rows of ``curve`` (at least one)."""
    partial = folder / "state.part"
    torch.save(state, partial)
    partial.replace(folder / "state.pt")
    with (folder / "loss.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(curve[0]))
        writer.writeheader()
        writer.writerows(curve)
