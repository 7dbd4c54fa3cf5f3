"""Does a reply stand on what was read? One calibrated probability that it is a right answer from memory.

What memory did to a reply can be measured: how much likelier each of its tokens is with what was read, and said before,
than without. An answer taken from memory has a token that memory alone made likely; a guess has none (pointwise mutual
information as in Li et al. 2016, "A diversity-promoting objective function for neural conversation models", and
context-aware decoding, Shi et al. 2023, arXiv:2305.14739). That, names and numbers that nobody told, words that were
read or not, and how far the read was split are the features of a logistic regression (knowledge/training/support.py),
which rejects an answer where its probability is below a threshold (Chow 1970, "On optimum recognition error and reject
tradeoff").

Does not know: how log-probabilities come about, or what is said where an answer is rejected.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from knowledge.errors import ModelError
from knowledge.records import ReadResult, ReplyDone, ReplyRequest, Support
from knowledge.reply.decoder import CheckedDecoder
from knowledge.reply.instructions import NOTES, language_of
from knowledge.text.dates_in_words import date_in_words, resolved
from knowledge.text.names_and_numbers import missing
from knowledge.text.words import telling

WEIGHTS = Path(__file__).parents[1] / "weights" / "support.safetensors"
FEATURES = (
    "most",
    "mean",
    "total",
    "likelihood",
    "least",
    "missing",
    "null",
    "lead",
    "tokens",
    "borrowed",
    "novel",
    "nothing_new",
    "borrowed_from_first",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one reply. ``read`` and ``unread``: (tokens,) log-probability in nats of each of its tokens with
    and without what was read and said before. ``missing``: how many names and numbers nobody told. ``weights``: α of
    the reads; ``null``: of the null slot. ``new``: stems of its words that the question does not have; ``told``: stems
    of each read, strongest first."""

    read: np.ndarray
    unread: np.ndarray
    missing: int
    weights: Sequence[float]
    null: float
    new: frozenset[str]
    told: Sequence[frozenset[str]]

    def features(self) -> np.ndarray:
        """(features,) in the order of ``FEATURES``."""
        gain = self.read - self.unread
        first, second = [*sorted(self.weights, reverse=True), 0.0, 0.0][:2]
        return np.array(
            [
                math.log1p(max(0.0, float(gain.max()))),
                float(gain.mean()),
                math.log1p(max(0.0, float(gain.sum()))),
                float(self.read.mean()),
                float(self.read.min()),
                float(min(self.missing, 3)),
                self.null,
                (first - second) / max(first, 1e-6),
                math.log(len(gain)),
                *self._words(),
            ]
        )

    def _words(self) -> tuple[float, float, float, float]:
        """Of the new words the share that was read, how many were not (at most 3), whether there are none, and the
        share that the strongest read has."""
        read = self.new & frozenset().union(*self.told)
        of_first = self.new & self.told[0] if self.told else frozenset()
        count = max(1, len(self.new))
        novel = float(min(3, len(self.new - read)))
        return len(read) / count, novel, float(not self.new), len(of_first) / count


def attempts(request: ReplyRequest, read: ReadResult) -> list[tuple[ReplyRequest, ReadResult]]:
    """The ways in which an answer is tried, one after the other until one stands on what was read, and what each reads.

    First what was said last of a thing alone, and a question that leans on nothing without the chat before it: a small
    decoder tells the older of two facts, and repeats what it said (LOG.md, 2026-11-28). Then all of it.
    """
    request = replace(request, note=NOTES["last"][language_of(read.query)], second_person=True)
    apart = len(request.dialogue) > 1 and read.acts is not None and not read.acts.may_lean
    last = replace(read, reads=tuple(one for one in read.reads if one.memory.id not in read.later)).normalised()
    if not apart and not read.later:
        return [(request, read)]
    first = replace(request, reads=last.reads)
    if apart:
        first = replace(first, dialogue=request.dialogue[-1:], key="")  # what is kept of the chat is for its next turn
    return [(first, last), (request, read)]


def evidence_of(decoder: CheckedDecoder, request: ReplyRequest, done: ReplyDone, read: ReadResult) -> Evidence:
    """The evidence of the reply ``done`` to ``request``, whose memories ``read`` found. Raises ModelError."""
    # What was said in this chat is known too: without it a follow-up on what was just told would count as a guess.
    alone = replace(request, dialogue=request.dialogue[-1:], reads=(), key="")
    unread = decoder.score(alone, done.text).float().numpy()
    likely = np.asarray(done.likelihood, dtype=np.float32)
    if len(likely) != len(unread):  # the same text can be made of other tokens
        likely = decoder.score(request, done.text).float().numpy()
    said = [turn.text for turn in reversed(request.dialogue) if turn.role == "user"]
    memories = [one.memory for one in read.reads]
    told = [f"{resolved(one.text, one.created)}\n{one.title}\n{one.speaker}" for one in memories]
    names = missing(done.text, [*said, *told, *(date_in_words(one.created) for one in memories)])
    return Evidence(
        likely,
        unread,
        len(names),
        [one.weight for one in read.reads],
        read.null_weight,
        telling(done.text) - telling(read.query),
        [telling(text) for text in told],
    )


@dataclass(frozen=True, slots=True)
class SupportModel:
    """A logistic regression: ``mean`` and ``deviation`` standardise the features, (features,) each; ``weights``
    (features,), ``bias``; ``least``: probability below which an answer is rejected."""

    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    bias: float
    least: float

    def support(self, evidence: Evidence) -> Support:
        """How likely the reply is a right answer from what was read; not at all for a reply of no tokens."""
        if not len(evidence.read):
            return Support(0.0, False)
        standard = (evidence.features() - self.mean) / self.deviation
        probability = float(1 / (1 + np.exp(-np.clip(standard @ self.weights + self.bias, -30, 30))))
        return Support(probability, probability >= self.least)


@cache
def support_model() -> SupportModel:
    """The one that ships, loaded when it is first needed. Raises ModelError."""
    return load(WEIGHTS)


def load(path: Path) -> SupportModel:
    """Raises ModelError where the file cannot be used."""
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata()
            mean, deviation, weights = (
                file.get_tensor(name).astype(np.float64) for name in ("mean", "deviation", "weights")
            )
        if json.loads(metadata["features"]) != list(FEATURES):
            raise ValueError("it was made for other features")
        return SupportModel(mean, deviation, weights, float(metadata["bias"]), float(metadata["least"]))
    except Exception as exc:
        raise ModelError(f"{path.name} cannot be used ({exc}); install Mneme again.") from exc


def save(model: SupportModel, path: Path, about: dict[str, object]) -> None:
    """``about``: what the card says of how it was made."""
    arrays = {"mean": model.mean, "deviation": model.deviation, "weights": model.weights}
    metadata = {
        "features": json.dumps(FEATURES),
        "bias": repr(model.bias),
        "least": repr(model.least),
        "training": json.dumps(about),
    }
    save_file({name: array.astype(np.float32) for name, array in arrays.items()}, path, metadata)
