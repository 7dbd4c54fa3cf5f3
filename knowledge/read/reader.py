"""Output (O): what a read is, and which one is made.

Knows: the learned read and the fixed mix, and when which serves. Does not know: stores, encoders.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from knowledge.read.attention_reader import AttentionReader
from knowledge.read.evidence import Focus
from knowledge.read.fixed_reader import FixedReader, Mix
from knowledge.read.read_network import load
from knowledge.records import Candidate, ReadResult

WEIGHTS = Path(__file__).parents[1] / "weights" / "reader.safetensors"  # for the default encoder
# What an encoder's cosines of unlike texts lie above those of all-MiniLM-L6-v2, for which the constants on cosines were
# chosen: 0.027 against 0.096 for generated questions and what does not answer them, and less at the upper end (LOG.md).
SHIFTS = {"multilingual-e5-small": -0.08}


class Reader(Protocol):
    """Attention over candidates. ``learned``: does it look at the dialogue before the query?"""

    @property
    def learned(self) -> bool: ...

    def read(self, focus: Focus, candidates: Sequence[Candidate], *, limit: int) -> ReadResult:
        """At most ``limit`` reads in order of weight; their weights and the null slot's sum to 1."""
        ...

    def ungated(self) -> Reader:
        """The same read, whose null slot declines nothing and which keeps what weighs little."""
        ...


def own_weights(encoder: str, folder: Path = WEIGHTS.parent) -> Path:
    """The file that holds the learned read's weights for the encoder of this name alone."""
    return folder / f"reader.{re.sub(r'[^A-Za-z0-9_.-]+', '--', encoder)}.safetensors"


def weights_of(encoder: str, folder: Path = WEIGHTS.parent) -> Path:
    """The file to look into: the encoder's own where there is one, else that of the default encoder (which then says
    whose it is)."""
    own = own_weights(encoder, folder)
    return own if own.is_file() else folder / WEIGHTS.name


def fixed_for(encoder: str, *, multilingual: bool) -> FixedReader:
    """The hand-set mix with its constant on cosines where this encoder's lie."""
    usual = Mix()
    mix = replace(usual, neutral=usual.neutral + SHIFTS.get(encoder, 0.0))
    return FixedReader(mix, multilingual=multilingual)


def make_reader(encoder: str, dimension: int, *, multilingual: bool, path: Path | None = None) -> tuple[Reader, str]:
    """The learned read where its weights fit this encoder, else the fixed mix, and then a sentence that says why.

    ``path``: of the weights; by default those that ship for this encoder.
    """
    path = path or weights_of(encoder)
    fixed = fixed_for(encoder, multilingual=multilingual)
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
    return AttentionReader(network, multilingual=multilingual, shift=SHIFTS.get(encoder, 0.0)), ""
