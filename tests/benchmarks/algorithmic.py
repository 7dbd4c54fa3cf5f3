"""Copy and associative recall: does what was learned on short sequences hold for long ones?

    python -m tests.benchmarks.algorithmic --evaluate [--data FILE.json]   # measures the checkpoints in weights/
    python -m tests.benchmarks.algorithmic --train copy --seed 0 --out FOLDER [--resume]

Trained on copies of length 1 to 20 and on 2 to 6 items; tested at 20, 40, 80, 120 and at 6, 10, 15, 20. The last line
is one JSON object of bit errors as fractions: ``{"copy": {"20": 0.0, …}, "recall": {"6": 0.0, …}}``.

``--data`` is a JSON file with sequences to test on instead of random ones::

    {"copy": [[[0,1,1,0,0,1,0,1], …], …],
     "recall": [{"items": [[[0,1,0,1,1,0], […], […]], …], "query": 4}, …]}

A sequence to copy is a list of vectors of 8 bits; an item is a list of 3 vectors of 6 bits; ``query`` is the index of
the item shown again, the answer is the item after it. Results are then by length and by number of items in the file.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

from tests.benchmarks.algorithmic_model import Example, Machine, copy_example, random_example, recall_example

WEIGHTS = Path(__file__).parent / "weights"
SIZES = {"copy": (20, 40, 80, 120), "recall": (6, 10, 15, 20)}
TRAINED = {"copy": (1, 20), "recall": (2, 6)}
HARD = {"copy": 0.03, "recall": 0.4}  # see random_example; training only
LONGER = {"copy": (40, 100), "recall": (10, 18)}  # what checkpoints are chosen by, with random sequences of their own


def slots_for(example: Example) -> int:
    """More slots than steps, so that a head that walks on does not come round to the start again."""
    return example.inputs.shape[1] + 8


@torch.no_grad()
def wrong_bits(machine: Machine, example: Example) -> tuple[int, int]:
    logits = machine(example.inputs, example.targets.shape[1], slots=slots_for(example))
    return int(((logits > 0) != (example.targets > 0.5)).sum()), example.targets.numel()


def error_at(machine: Machine, size: int, *, count: int, seed: int) -> float:
    generator = torch.Generator().manual_seed(seed + 1000 * size)
    bad, bits = wrong_bits(machine, random_example(machine.task, size, count, generator))
    return bad / bits


def from_file(path: Path) -> dict[str, dict[int, list[Example]]]:
    """The file's sequences by task and size."""
    given = json.loads(path.read_text("utf-8"))
    found: dict[str, dict[int, list[Example]]] = {"copy": {}, "recall": {}}
    for sequence in given.get("copy", []):
        found["copy"].setdefault(len(sequence), []).append(copy_example(torch.tensor([sequence], dtype=torch.float)))
    for one in given.get("recall", []):
        items = torch.tensor([one["items"]], dtype=torch.float)
        found["recall"].setdefault(items.shape[1], []).append(recall_example(items, [one["query"]]))
    return found


def save(path: Path, machine: Machine, about: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in machine.state_dict().items()}, path, {"about": json.dumps(about)})


def restore(path: Path) -> tuple[Machine, dict[str, Any]]:
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["about"])
        machine = Machine(about["task"], hidden=about["hidden"], width=about["width"], controller=about["controller"])
        machine.load_state_dict({k: file.get_tensor(k) for k in file.keys()})  # noqa: SIM118
    return machine, about


def train(
    task: str,
    seed: int,
    out: Path,
    *,
    steps: int,
    resume: bool,
    batch: int = 32,
    rate: float = 3e-3,
    hidden: int = 64,
    width: int = 20,
) -> None:
    """Adam on random sequences; the longest allowed grows while the loss is small, up to the task's bound."""
    torch.manual_seed(seed)
    machine = Machine(task, hidden=hidden, width=width)
    optimiser = torch.optim.Adam(machine.parameters(), lr=rate)
    low, high = TRAINED[task]
    step, longest, recent, best = 0, min(high, low + 3), 0.7, math.inf
    out.mkdir(parents=True, exist_ok=True)
    if resume and (out / "state.pt").exists():
        state = torch.load(out / "state.pt", weights_only=True)
        machine.load_state_dict(state["machine"])
        optimiser.load_state_dict(state["optimiser"])
        step, longest, recent, best = state["step"], state["longest"], state["recent"], state["best"]
    generator = torch.Generator().manual_seed(seed + 7919 * step)
    started = time.monotonic()
    while step < steps:
        size = int(torch.randint(low, longest + 1, (1,), generator=generator))
        example = random_example(task, size, batch, generator, hard=HARD[task])
        slots = example.inputs.shape[1] + int(torch.randint(8, 40, (1,), generator=generator))
        loss = F.binary_cross_entropy_with_logits(
            machine(example.inputs, example.targets.shape[1], slots=slots), example.targets
        )
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(machine.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 100) * (0.02 + 0.98 * (1 - step / steps))
        optimiser.step()
        step += 1
        recent = 0.98 * recent + 0.02 * loss.item()
        if recent < 0.1 and longest < high:
            longest, recent = longest + 1, recent + 0.05
        if step % 250 and step != steps:
            continue
        errors = {size: error_at(machine, size, count=20, seed=10_000 + seed) for size in (high, *LONGER[task])}
        score = sum(errors.values()) + 0.1 * recent
        line = {
            "step": step,
            "loss": round(recent, 4),
            "longest": longest,
            "bit_error": errors,
            "minutes": round((time.monotonic() - started) / 60, 1),
        }
        print(json.dumps(line), flush=True)
        if score <= best and longest == high:
            best = score
            about = {
                "task": task,
                "hidden": hidden,
                "width": width,
                "controller": machine.kind,
                "seed": seed,
                "step": step,
                "chosen_by": errors,
            }
            save(out / f"ntm_{task}.safetensors", machine, about)
        torch.save(
            {
                "machine": machine.state_dict(),
                "optimiser": optimiser.state_dict(),
                "step": step,
                "longest": longest,
                "recent": recent,
                "best": best,
            },
            out / "state.pt",
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--evaluate", action="store_true", help="measure the checkpoints (what happens without --train)")
    what.add_argument("--train", choices=["copy", "recall"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--count", type=int, default=100, help="random sequences per size")
    parser.add_argument("--checkpoints", type=Path, default=WEIGHTS)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if given.train:
        out = given.out or Path("runs") / f"{given.train}-{given.seed}"
        train(given.train, given.seed, out, steps=given.steps, resume=given.resume, rate=given.rate)
        return 0
    result: dict[str, dict[str, float]] = {}
    tests = from_file(given.data) if given.data else None
    for task, sizes in SIZES.items():
        machine, about = restore(given.checkpoints / f"ntm_{task}.safetensors")
        print(f"{task}: seed {about['seed']}, step {about['step']}", file=sys.stderr)
        if tests is None:
            result[task] = {str(n): round(error_at(machine, n, count=given.count, seed=0), 6) for n in sizes}
            continue
        result[task] = {}
        for size, examples in sorted(tests[task].items()):
            counts = [wrong_bits(machine, e) for e in examples]
            result[task][str(size)] = round(sum(bad for bad, _ in counts) / sum(bits for _, bits in counts), 6)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
