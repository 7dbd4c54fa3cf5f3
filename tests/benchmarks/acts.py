"""How well messages are read: dialogue acts and operations, on messages labelled by hand that no training saw.

    python -m tests.benchmarks.acts [--data FILE] [--encoder default|none]

Per head accuracy and F1, per language accuracy and the expected calibration error (ECE, Guo et al. 2017, ten bins of
equal width), and what the word lists that the reading takes the place of reach on the same messages. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.records import ACTS, OPERATIONS, Acts
from tests.benchmarks.acts_word_lists import LISTS

DATA = Path(__file__).resolve().parents[1] / "data" / "acts.jsonl"
BINS = 10


def labelled(path: Path = DATA) -> list[dict[str, Any]]:
    """The messages: text, language, acts (names), operation."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def table(found: list[Acts]) -> np.ndarray:
    """(n, acts) probabilities."""
    return np.array([[getattr(one, name) for name in ACTS] for one in found])


def calibration_error(likely: np.ndarray, right: np.ndarray) -> float:
    """ECE of probabilities (n,) of what is ``right`` (n,) or not."""
    bins = np.minimum((likely * BINS).astype(int), BINS - 1)
    total = 0.0
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            total += inside.mean() * abs(likely[inside].mean() - right[inside].mean())
    return float(total)


def scores(said: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """Accuracy and F1 of what was ``said`` (n,) to be so."""
    f1 = 2 * int((said & wanted).sum()) / max(1, int(said.sum() + wanted.sum()))
    return {"accuracy": round(float((said == wanted).mean()), 3), "f1": round(f1, 3)}


def measure(found: list[Acts], messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Accuracy and F1 by head, and accuracy and ECE by language."""
    likely, wanted = table(found), np.array([[name in one["acts"] for name in ACTS] for one in messages])
    said = likely > 0.5
    called = np.array([one.called == message["operation"] for one, message in zip(found, messages, strict=True)])
    heads = {}
    for at, name in enumerate(ACTS):
        heads[name] = scores(said[:, at], wanted[:, at])
    f1s = []
    for name in OPERATIONS[1:]:
        mine = np.array([one.called == name for one in found])
        theirs = np.array([message["operation"] == name for message in messages])
        f1s.append(2 * int((mine & theirs).sum()) / max(1, int(mine.sum() + theirs.sum())))
    heads["operation"] = {"accuracy": round(float(called.mean()), 3), "f1": round(float(np.mean(f1s)), 3)}
    languages = {}
    for language in sorted({one["language"] for one in messages}):
        of_it = np.array([one["language"] == language for one in messages])
        sure = np.array([max(one.operation.values()) for one in found])
        languages[language] = {
            "messages": int(of_it.sum()),
            "acts": round(float((said == wanted)[of_it].mean()), 3),
            "operation": round(float(called[of_it].mean()), 3),
            "ece": round(calibration_error(likely[of_it].ravel(), wanted[of_it].ravel()), 3),
            "ece_operation": round(calibration_error(sure[of_it], called[of_it]), 3),
        }
    return {"heads": heads, "languages": languages}


def word_lists(messages: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Accuracy and F1 of the lists of words that decided the same before, by act."""
    return {
        act: scores(
            np.array([decides(one["text"]) for one in messages]), np.array([act in one["acts"] for one in messages])
        )
        for act, decides in LISTS.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--encoder", default="default", help='as the app\'s --encoder; "none" reads the text alone')
    options = parser.parse_args()
    messages = labelled(options.data)
    texts = [one["text"] for one in messages]
    name, rows = "", None
    if options.encoder != "none":
        encoder = Encoder(options.encoder)
        name, rows = encoder.name, encoder.encode(texts)
    reader = make_message_reader(name)
    started = time.perf_counter()
    found = reader.read(texts, rows)
    each = (time.perf_counter() - started) / len(texts)
    result = measure(found, messages) | {"word_lists": word_lists(messages), "ms_a_text": round(1000 * each, 3)}
    for head, figures in result["heads"].items():
        print(f"{head:15} accuracy {figures['accuracy']:.3f}  F1 {figures['f1']:.3f}")
    print(json.dumps({"messages": len(messages), "encoder": name or None, "vectors": reader.sees_vectors, **result}))


if __name__ == "__main__":
    main()
