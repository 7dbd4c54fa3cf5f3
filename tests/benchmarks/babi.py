"""bAbI, 20 tasks, one network trained on all of them together.

    python -m tests.benchmarks.babi --data DIR --size 1k --evaluate
    python -m tests.benchmarks.babi --data DIR --size 1k --train --seed 0 [--resume] [--out FOLDER]

``--data`` is a folder with the task files, an archive of them, or a folder in which the archives lie. ``--evaluate``
measures the checkpoint in ``weights/`` (or ``--checkpoint``) on the test files without training. The last line is one
JSON object, errors as fractions: ``{"mean_error": …, "failed": …, "per_task": {"1": …}}``; a task is failed above 5 %.
Training uses the training and validation files only; the test files are read when a run is finished.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import fields, replace
from pathlib import Path

import torch

from experiments.inference_network import restore
from tests.benchmarks.babi_data import load, pack, vocabulary_of
from tests.benchmarks.babi_symmetry import Renamer
from tests.benchmarks.babi_training import Plan, Run, summary, wrong

WEIGHTS = Path(__file__).parent / "weights"
PLANS = {
    "1k": Plan(),
    # Enough questions to rename few, and no LSTM over the facts: with it task 17 is not learned (LOG.md, 2026-11-26).
    "10k": Plan(epochs=20, average=0.9995, rename=0.2, least=0.05, size={"internal": False}),
}


def plan_of(size: str, seed: int, changes: list[str]) -> Plan:
    """The documented plan of a size, with ``--set name=value`` on top (``size.name`` reaches into the network)."""
    plan = replace(PLANS[size], seed=seed)
    kinds = {f.name: type(getattr(plan, f.name)) for f in fields(plan)}
    for change in changes:
        name, value = change.split("=", 1)
        if name.startswith("size."):
            plan = replace(plan, size={**plan.size, name[5:]: json.loads(value)})
        else:
            plan = replace(plan, **{name: kinds[name](json.loads(value))})
    return plan


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, action="append")
    parser.add_argument("--size", choices=["1k", "10k"], default="1k")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--resume", action="store_true", help="go on where the run in --out stopped")
    parser.add_argument("--evaluate", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/babi-SIZE-SEED)")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop training after so long")
    parser.add_argument("--every", type=float, default=1.0, help="epochs between validations")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="change the plan")
    parser.add_argument("--no-test", action="store_true", help="leave the test files alone")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    torch.set_flush_denormal(True)
    babi = load(given.data[0], given.size, fallback=given.data[-1])
    for note in babi.notes:
        print(note, file=sys.stderr)
    checkpoint = given.checkpoint or WEIGHTS / f"babi_{given.size}.safetensors"
    if given.train:
        plan = plan_of(given.size, given.seed, given.set)
        vocabulary = vocabulary_of(babi.train)
        folder = given.out or Path("runs") / f"babi-{given.size}-{given.seed}"
        renamer = Renamer(babi.train, vocabulary, seed=plan.seed, share=plan.rename) if plan.rename else None
        train = pack(renamer.questions, renamer.units) if renamer else pack(babi.train, vocabulary)
        run = Run(folder, plan, vocabulary, train, pack(babi.valid, vocabulary), renamer)
        if given.resume and run.resume():
            print(f"resumed at step {run.step} of {run.steps}", file=sys.stderr)
        (folder / "plan.txt").write_text(repr(plan) + "\n")
        result = run.go(until=given.seconds, every=given.every)
        if run.step < run.steps or given.no_test:
            print(json.dumps({"valid": result, "finished": run.step >= run.steps}))
            return 0
        checkpoint = folder / "best.safetensors"
    network, vocabulary, about = restore(checkpoint)
    plan = Plan(**about["plan"])
    print(f"{checkpoint.name}: valid {about['valid']['mean_error']}, seed {plan.seed}", file=sys.stderr)
    print(json.dumps(summary(wrong(network, pack(babi.test, vocabulary), plan))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
