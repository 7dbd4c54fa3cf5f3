"""What tells an answer from memory from a guess (knowledge/reply/support.py), learned from lives written for it.

Each life is told to a memory of its own, then all its questions are asked in one dialogue, through the read and the
decoder that ship, in every way that the application tries. A reply is labelled by the answer's accepted forms; what was
never told has none. Does not know: the application, the lives that are reported.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.reader import make_reader
from knowledge.records import ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply.decoder import CheckedDecoder
from knowledge.reply.support import SupportModel, attempts, evidence_of
from knowledge.write.gate import make_write_gate
from knowledge.write.writer import Writer

LIVES = Path(__file__).parent / "data" / "calibration_lives.json"
ASKED = 1793872800.0  # 5 November 2026: the conversations end the day before, each five days after the last one
QUOTE = 0.4  # what it is worth that memory is quoted, where a right answer is worth 1 and a wrong one -1
LEAST = (QUOTE + 1) / 2  # so that rejecting is worth more below this probability (Chow 1970)
READS, TOKENS = 8, 60
DAY = 86400.0


@dataclass(frozen=True)
class Row:
    """One reply: its ``features``, whether it is ``right``, and of what ``life`` (a number) and ``kind`` it is."""

    life: int
    kind: str
    question: str
    reply: str
    attempt: int  # which of knowledge.reply.support.attempts
    features: tuple[float, ...]
    right: bool


def rows(decoder: CheckedDecoder, encoder: Encoder, work: Path, lives: Path = LIVES) -> list[Row]:
    """The replies to all questions; lives that ``work`` holds already are not asked again."""
    given: list[dict[str, Any]] = json.loads(lives.read_text("utf-8"))
    folder = work / "support"
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Row] = []
    for number, life in enumerate(given):
        kept = folder / f"{number}.json"
        if kept.is_file():
            one = [Row(**{**row, "features": tuple(row["features"])}) for row in json.loads(kept.read_text("utf-8"))]
        else:
            one = list(_asked(decoder, encoder, number, life))
            kept.write_text(json.dumps([row.__dict__ for row in one], ensure_ascii=False), "utf-8")
        found += one
        print(f"\r{number + 1} of {len(given)} lives   ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def _asked(decoder: CheckedDecoder, encoder: Encoder, number: int, life: dict[str, Any]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        store = ExternalMemory(
            open_database(f"sqlite:///{folder}/memory.sqlite3"),
            data=Path(folder),
            chroma="embedded",
            encoder_name=encoder.name,
            dimension=encoder.dimension,
            clock=lambda: ASKED,
        )
        reader, _ = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
        writer = Writer(
            make_write_gate(encoder.name, multilingual=encoder.multilingual), make_message_reader(encoder.name)
        )
        network = MemoryNetwork(encoder, store, reader, writer, decoder, clock=lambda: ASKED)
        try:
            for place, messages in enumerate(life["conversations"]):
                began = ASKED - DAY * (1 + 5 * (len(life["conversations"]) - 1 - place))
                network.write(
                    "life",
                    [
                        Turn(f"{place}-{at}", "user", text, began + 60 * at, f"c{place}", position=2 * at)
                        for at, text in enumerate(messages)
                    ],
                )
            yield from _replies(network, decoder, number, life["questions"])
        finally:
            network.idle.close()
            store.close()


def _replies(
    network: MemoryNetwork, decoder: CheckedDecoder, number: int, questions: Sequence[dict[str, Any]]
) -> Iterator[Row]:
    dialogue: list[Turn] = []
    for asked in questions:
        text = asked["question"]
        read = network.read("life", text, dialogue=dialogue, limit=READS)
        dialogue.append(Turn(f"q{len(dialogue)}", "user", text, ASKED, "asked", position=len(dialogue)))
        first = ""
        if read.reads and not read.operation:
            request = ReplyRequest(tuple(dialogue), read.reads, Sampling(max_tokens=TOKENS), owner="life", key="asked")
            for attempt, (one, its) in enumerate(attempts(request, read)):
                done = _done(decoder, one)
                first = first or done.text
                features = evidence_of(decoder, one, done, its).features() if done.text.strip() else None
                if features is not None:
                    right = any(all(part in done.text.lower() for part in form) for form in asked["forms"])
                    yield Row(number, asked["kind"], text, done.text, attempt, tuple(map(float, features)), right)
        if first:
            dialogue.append(Turn(f"a{len(dialogue)}", "assistant", first, ASKED, "asked", position=len(dialogue)))
        else:
            dialogue.pop()


def _done(decoder: CheckedDecoder, request: ReplyRequest) -> ReplyDone:
    for event in decoder.reply(request, threading.Event()):
        if isinstance(event, ReplyDone):
            return event
    raise AssertionError("a decoder ends with ReplyDone")


# ---- the regression --------------------------------------------------------------------------------------


def fit(
    features: np.ndarray, right: np.ndarray, ridge: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Mean, deviation and weights (features,), and bias, of a logistic regression with an L2 penalty of ``ridge``,
    by Newton's method (Hastie et al., The Elements of Statistical Learning, 4.4.1)."""
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    x = np.hstack([(features - mean) / deviation, np.ones((len(features), 1))])
    penalty = ridge * np.eye(x.shape[1])
    penalty[-1, -1] = 0.0
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (p - right) + penalty @ w
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + penalty + 1e-9 * np.eye(len(w)), gradient)
        w -= step
        if np.abs(step).max() < 1e-9:
            break
    return mean, deviation, w[:-1], float(w[-1])


def lessons(found: Sequence[Row]) -> list[Row]:
    """The replies to learn from. What was right once and is told wrongly stands on memory all the same: whether what is
    read is out of date is for the read to know."""
    return [row for row in found if row.right or row.kind != "after an update"]


def held_out(found: Sequence[Row], folds: int = 13) -> np.ndarray:
    """(rows,) the probability of each reply by a regression that saw no question of its life."""
    features, right = np.array([row.features for row in found]), np.array([row.right for row in found], float)
    fold = np.array([row.life % folds for row in found])
    probability = np.zeros(len(found))
    for one in range(folds):
        mean, deviation, weights, bias = fit(features[fold != one], right[fold != one])
        probability[fold == one] = 1 / (1 + np.exp(-((features[fold == one] - mean) / deviation @ weights + bias)))
    return probability


def train(found: Sequence[Row]) -> tuple[SupportModel, dict[str, Any]]:
    """The regression and figures from replies of lives it did not see."""
    found = lessons(found)
    features, right = np.array([row.features for row in found]), np.array([row.right for row in found])
    probability = held_out(found)
    kept = probability >= LEAST
    never = np.array([row.kind == "never told" for row in found])
    share: Callable[[np.ndarray], float] = lambda mask: round(float(mask.mean()), 3) if len(mask) else 0.0  # noqa: E731
    order = np.sort(probability[~right])
    auc = float(np.mean(np.searchsorted(order, probability[right]) / max(1, len(order))))
    figures = {
        "replies": len(found),
        "right": int(right.sum()),
        "auc": round(auc, 3),
        "least": LEAST,
        "brier": round(float(np.mean((probability - right) ** 2)), 4),
        "right_rejected": share(~kept[right]),
        "wrong_rejected": share(~kept[~right & ~never]),
        "never_told_rejected": share(~kept[never]),
        "right_of_kept": share(right[kept]),
        "right_at_first": share(right[[row.attempt == 0 and row.kind != "never told" for row in found]]),
    }
    mean, deviation, weights, bias = fit(features, right.astype(float))
    return SupportModel(mean, deviation, weights, bias, LEAST), figures
