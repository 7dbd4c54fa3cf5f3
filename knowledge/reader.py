"""Output (O): what a read is, and which one is made.

Knows: the learned read and the fixed mix, and when which serves. Does not know: stores, encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from knowledge.attention_reader import AttentionReader
from knowledge.encoder import MULTILINGUAL_NAME
from knowledge.evidence import Focus
from knowledge.fixed_reader import FixedReader
from knowledge.read_network import load
from knowledge.records import Candidate, Reading, ReadResult

WEIGHTS = Path(__file__).parent / "weights" / "reader.safetensors"  # for the default encoder


class Reader(Protocol):
    """Attention over candidates. ``learned``: does it need the query's focus and the candidates' keys?"""

    @property
    def learned(self) -> bool: ...

    def read(
        self, text: str, candidates: Sequence[Candidate], *, limit: int, focus: Focus | None = None,
        keys: dict[str, np.ndarray] | None = None, reading: Reading | None = None,
    ) -> ReadResult:  # fmt: skip
        """At most ``limit`` reads in order of weight; their weights and the null slot's sum to 1."""
        ...

    def ungated(self) -> Reader:
        """The same read, whose null slot declines nothing and which keeps what weighs little."""
        ...


def weights_of(encoder: str, folder: Path = WEIGHTS.parent) -> Path:
    """The file of the learned read's weights for the encoder of this name: its own, where one of the embedded encoders
    has one, else the default encoder's (which then says whose it is)."""
    own = folder / f"reader.{encoder}.safetensors"
    return own if encoder == MULTILINGUAL_NAME else folder / WEIGHTS.name


def make_reader(
    encoder: str, dimension: int, *, multilingual: bool, path: Path | None = None
) -> tuple[Reader, str]:
    """The learned read where its weights fit this encoder, else the fixed mix, and then a sentence that says why.

    ``path``: of the weights; by default those that ship for this encoder.
    """
    path = path or weights_of(encoder)
    fixed = FixedReader(multilingual=multilingual)
    if not path.is_file():
        return fixed, f"No weights of the learned read in {path.parent}: memories are weighed by the fixed mix."
    try:
        network, made_for = load(path)
    except (OSError, ValueError) as exc:
        return fixed, f"The learned read cannot be used ({exc}): memories are weighed by the fixed mix."
    if (made_for, network.size.dimension) != (encoder, dimension):
        return fixed, (
            f"The learned read was trained on vectors of {made_for}, not of {encoder}: memories are weighed by the"
            " fixed mix. `python -m knowledge.training reader --encoder` trains one for yours."
        )
    return AttentionReader(network, multilingual=multilingual), ""
