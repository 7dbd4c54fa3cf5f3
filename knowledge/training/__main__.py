"""``python -m knowledge.training reader``: remakes the weights that ship, from the generator and the licensed sets."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import platformdirs
import torch

from knowledge.encoder import Encoder
from knowledge.read_network import ReadSize, save
from knowledge.training import generator, sets
from knowledge.training.plot import draw
from knowledge.training.read_data import Lesson, lessons
from knowledge.training.reader import ReadPlan, ReadTraining

WEIGHTS = Path(__file__).parents[1] / "weights" / "reader.safetensors"


def _lessons(given: argparse.Namespace, encoder: Encoder) -> list[Lesson]:
    """Generated scenes and, where ``--data`` is given, scenes of every licensed set."""
    work: Path = given.work
    found: list[Lesson] = []
    for name in ("generator", *(sets.ALL if given.data else ())):
        made = (
            generator.generate(given.seed, given.scenes) if name == "generator"
            else sets.scenes(given.data, given.seed, [name], given.per_set)
        )  # fmt: skip
        for lesson in lessons(made, encoder, work / "lessons", f"{name} {given.seed}"):
            found.append(lesson)
            print(f"\r{len(found)} memories, {sum(len(one.examples) for one in found)} questions: {name}   ",
                  end="", file=sys.stderr, flush=True)  # fmt: skip
    print(file=sys.stderr)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m knowledge.training", description=__doc__)
    parser.add_argument("part", choices=["reader"])
    parser.add_argument("--data", type=Path,
                        help="folder of the licensed sets' archives; without it only the generator")
    parser.add_argument("--work", type=Path, default=Path(platformdirs.user_cache_dir("mneme")) / "training",
                        help="folder of prepared data, states and the loss plot (default: %(default)s)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go (default: the ones that ship)")
    parser.add_argument("--encoder", default="default", help="as the app's --encoder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenes", type=int, default=40, help="generated memories (default 40)")
    parser.add_argument("--per-set", type=int, default=20, help="memories of each licensed set (default 20)")
    parser.add_argument("--epochs", type=int, default=4, help="default 4")
    parser.add_argument("--resume", action="store_true", help="go on where a stopped run left off")
    parser.add_argument("--without", action="append", default=[], metavar="PART",
                        choices=["hops", "lexical", "shift", "internal_memory", "null_slot"],
                        help="ablation: train without this part")  # fmt: skip
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args(arguments)
    if given.data and not given.data.is_dir():
        parser.error(f"--data {given.data} is not a folder; it takes the folder with the sets' archives")
    torch.set_num_threads(given.threads)
    encoder = Encoder(given.encoder)
    plan = replace(ReadPlan(), seed=given.seed, epochs=given.epochs)
    left_out = {"hops": {"hops": 1}, "shift": {"shift_radius": 0}}
    changes = {k: v for part in given.without for k, v in left_out.get(part, {part: False}).items()}
    size = ReadSize(dimension=encoder.dimension, **changes)
    print(json.dumps({"plan": asdict(plan), "size": asdict(size), "encoder": encoder.name}), file=sys.stderr)
    made = _lessons(given, encoder)
    kinds = Counter(lesson.source.split(" (")[0] for lesson in made for _ in lesson.examples)
    name = "-".join(["reader", str(given.seed), *(f"no-{part}" for part in given.without)])
    training = ReadTraining(made, given.work / name, plan, size)
    if given.resume and training.resume():
        print(f"goes on after epoch {training.epoch}", file=sys.stderr)
    network = training.go()
    draw(training.rows, given.work / name / "loss.svg")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    about = {"encoder": encoder.name, "plan": json.dumps(asdict(plan)), "examples": json.dumps(kinds)}
    save(network, given.out, about)
    result = {"weights": str(given.out), "dev_loss": training.best, "epochs": training.epoch, "examples": kinds}
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
