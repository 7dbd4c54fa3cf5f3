"""``python -m knowledge.training reader|decoder|acts|gate|centring|support|all``: remakes the weights that ship.

Data are the generator's scenes and, with ``--data``, the licensed sets. A run that was stopped goes on with
``--resume``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import platformdirs
import torch

from knowledge.errors import MnemeError
from knowledge.input import centring
from knowledge.input.encoder import Encoder
from knowledge.read.read_network import ReadSize, save
from knowledge.read.reader import WEIGHTS as READER
from knowledge.read.reader import own_weights
from knowledge.reply.local import adapter
from knowledge.training.generated import chinese as generator_chinese
from knowledge.training.generated import generator
from knowledge.training.in_use import in_use
from knowledge.training.licensed import assistant_chats, sets
from knowledge.training.plot import draw
from knowledge.training.read_data import Lesson, lessons
from knowledge.training.reader import ReadPlan, ReadTraining
from knowledge.training.replies import mix as reply_mix

WEIGHTS = Path(__file__).parents[1] / "weights"


def _lessons(given: argparse.Namespace, encoder: Encoder) -> list[Lesson]:
    """Generated scenes, Chinese ones too for an encoder that knows the language, and, where ``--data`` is given, scenes
    of every licensed set."""
    work: Path = given.work
    found: list[Lesson] = []
    own = {"generator": generator.generate(given.seed, given.scenes)}
    if encoder.multilingual:
        own["chinese and english"] = generator_chinese.generate(given.seed, given.chinese)
    if given.data:
        own["assistant chats"] = assistant_chats.scenes(given.data, given.seed, given.chats)
    for name in (*own, *(sets.ALL if given.data else ())):
        made = own[name] if name in own else sets.scenes(given.data, given.seed, [name], given.per_set)
        languages = frozenset({"en", "zh"} if encoder.multilingual else {"en"})
        for lesson in lessons(in_use(made, given.seed, languages), encoder, work / "lessons", f"{name} {given.seed}"):
            found.append(lesson)
            print(
                f"\r{len(found)} memories, {sum(len(one.examples) for one in found)} questions: {name}   ",
                end="",
                file=sys.stderr,
                flush=True,
            )
    print(file=sys.stderr)
    return found


def train_reader(given: argparse.Namespace, out: Path) -> dict[str, object]:
    """Train the read and write its weights to ``out``."""
    encoder = Encoder(given.encoder)
    plan = replace(ReadPlan(), seed=given.seed, epochs=given.epochs or 4)
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
    about = {"encoder": encoder.name, "plan": json.dumps(asdict(plan)), "examples": json.dumps(kinds)}
    save(network, out, about)
    return {"weights": str(out), "dev_loss": training.best, "epochs": training.epoch, "examples": kinds}


def train_decoder(given: argparse.Namespace, out: Path) -> dict[str, object]:
    """Train the embedded decoder's adapter and write it to ``out``."""
    # Imported here: only this part needs the decoder.
    from knowledge.catalogue.embedded_model import ensure
    from knowledge.reply.local.chat_model import ChatModel
    from knowledge.reply.local.local_decoder import LocalDecoder
    from knowledge.training.decoder import DecoderPlan, DecoderTraining
    from knowledge.training.distillation import talk_rows
    from knowledge.training.replies.chat import replies_of
    from knowledge.training.replies.polish import polish

    cache = Path(os.environ.get("MNEME_CACHE") or platformdirs.user_cache_dir("mneme", False))
    folder = str(ensure(cache, lambda phase, share: print(f"\r{phase} {share:4.0%}", end="", file=sys.stderr)))
    plan = replace(DecoderPlan(), seed=given.seed, epochs=given.epochs or DecoderPlan().epochs)
    mix = reply_mix.Mix()
    print(json.dumps({"plan": asdict(plan), "mix": asdict(mix)}), file=sys.stderr)
    stock = LocalDecoder(folder, device=given.device)
    train, dev = reply_mix.examples(given.data, Encoder(given.encoder), replies_of(stock), given.work, given.seed, mix)
    del stock
    model = ChatModel(folder, device=given.device)
    talk = talk_rows(given.data, given.seed, model, plan.talks, plan.talk_tokens) if given.data else []
    last = [polish(given.seed + n, train) for n in range(plan.polishes + 1)]
    later = reply_mix.kinds([one for stage in last for one in stage])
    kinds = reply_mix.kinds(train) | {f"last stages, {name}": count for name, count in later.items()}
    print(json.dumps(kinds), file=sys.stderr)
    run = given.work / f"decoder-{given.seed}"
    training = DecoderTraining(model, train, dev, run, plan, last, talk)
    if given.resume and training.resume():
        print(f"goes on after step {training.step} of {training.steps}", file=sys.stderr)
    training.go(until=given.until)
    draw(training.curve, run / "loss.svg", along="step")
    about = json.dumps({"plan": asdict(plan), "examples": kinds, "steps": training.step, "dev": training.best})
    training.publish(out, about)
    return {"weights": str(out), "dev_loss": training.best, "steps": training.step, "examples": kinds}


def measure_centring(given: argparse.Namespace, out: Path) -> dict[str, object]:
    """Measure what all vectors of the embedded encoder have in common and write it to ``out``."""
    from knowledge.training.centring import measure

    encoder = Encoder(given.encoder)
    made = measure(encoder, given.seed)
    made.save(out, {"encoder": encoder.name, "seed": str(given.seed)})
    return {"centring": str(out), "directions": len(made.languages)}


def average_decoder(given: argparse.Namespace, out: Path) -> dict[str, object]:
    """Write the mean of the given adapters to ``out``."""
    adapter.mean(given.mean, out)
    return {"weights": str(out), "mean of": [str(path) for path in given.mean]}


def train_acts(given: argparse.Namespace, out: Path) -> dict[str, object]:
    """Train the reading of a message for the vectors of every encoder given, and write its weights to ``out``."""
    from knowledge.input.acts_network import save as save_acts
    from knowledge.training import acts, acts_data

    plan = replace(acts.ActsPlan(), seed=given.seed, epochs=given.epochs or acts.ActsPlan().epochs)
    hand, weak = acts_data.by_hand(), acts_data.weak(given.seed, given.data)
    rows, other = {}, {}
    for encoder in map(Encoder, [given.encoder, *given.also]):
        rows[encoder.name] = acts.views_of(encoder, [one.text for one in hand])
        other[encoder.name] = acts.views_of(encoder, [one.text for one in weak])
    print(json.dumps({"plan": asdict(plan), "hand": acts.sources(hand), "weak": acts.sources(weak)}), file=sys.stderr)
    held_out = acts.held_out_logits(hand, weak, rows, other, plan)
    network = acts.train_on(hand, weak, rows, other, plan)
    acts.calibrate(network, *held_out, hand)
    save_acts(network, out, {"plan": json.dumps(asdict(plan)), "examples": json.dumps(acts.sources([*hand, *weak]))})
    return {"weights": str(out), "held_out": acts.report(*held_out, hand), "encoders": list(rows)}


def train_gate(given: argparse.Namespace, out: Path) -> dict[str, object]:
    """Train the write gate for the vectors of every encoder given, and write its weights to ``out``."""
    from knowledge.training import gate
    from knowledge.write.gate_network import save as save_gate

    plan = replace(gate.GatePlan(), seed=given.seed, epochs=given.epochs or gate.GatePlan().epochs)
    told = gate.everything(plan)
    encoders = [Encoder(name) for name in (given.encoder, *given.also)]
    rows = {encoder.name: gate.Views(encoder).situations(told) for encoder in encoders}
    sizes = {encoder.name: encoder.dimension for encoder in encoders}
    counts = Counter(row.label for row in rows[encoders[0].name])
    print(json.dumps({"plan": asdict(plan), "examples": counts}), file=sys.stderr)
    figures = gate.report(gate.held_out(rows, sizes, plan))
    save_gate(gate.train(rows, sizes, plan), out, {"plan": json.dumps(asdict(plan)), "examples": json.dumps(counts)})
    return {"weights": str(out), "held_out": figures, "encoders": list(rows)}


def train_support(given: argparse.Namespace, out: Path) -> dict[str, object]:
    """Learn to tell an answer from memory from a guess, with the default decoder, and write the weights to ``out``."""
    from knowledge.reply import support
    from knowledge.reply.decoder import CheckedDecoder, make_decoder
    from knowledge.training import support as lesson

    cache = Path(os.environ.get("MNEME_CACHE") or platformdirs.user_cache_dir("mneme", False))
    decoder = make_decoder("default", cache=cache, device=given.device, progress=lambda phase, share: None)
    assert isinstance(decoder, CheckedDecoder)
    model, figures = lesson.train(lesson.rows(decoder, Encoder(given.encoder), given.work))
    support.save(model, out, {"decoder": decoder.name, "figures": figures})
    return {"weights": str(out), "held_out": figures}


def _reader_file(encoder: str) -> str:
    """The name of the file for the read's weights: the default encoder's, or another one's own."""
    if encoder in ("", "default"):
        return READER.name
    return own_weights(str(Path(encoder).resolve()) if Path(encoder).is_dir() else encoder).name


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m knowledge.training", description=__doc__)
    parser.add_argument("part", choices=["reader", "decoder", "acts", "gate", "centring", "support", "all"])
    parser.add_argument(
        "--data", type=Path, help="folder of the licensed sets' archives; without it only the generator"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(platformdirs.user_cache_dir("mneme")) / "training",
        help="folder of prepared data, states and the loss plot (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=WEIGHTS,
        help="folder (or one part's file) for the weights (default: those that ship)",
    )
    parser.add_argument("--encoder", default="default", help="as the app's --encoder")
    parser.add_argument(
        "--also",
        nargs="+",
        default=[],
        metavar="ENCODER",
        help="acts, gate: further encoders whose vectors the reading is to know",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenes", type=int, default=40, help="reader: generated memories (default 40)")
    parser.add_argument(
        "--chinese",
        type=int,
        default=24,
        help="reader: generated Chinese memories, for a multilingual encoder (default 24)",
    )
    parser.add_argument("--chats", type=int, default=40, help="reader: memories of an assistant's chats (default 40)")
    parser.add_argument("--per-set", type=int, default=20, help="reader: memories of each licensed set (default 20)")
    parser.add_argument("--epochs", type=int, default=0, help="default: 4 reader, 1 decoder, 28 acts, 14 gate")
    parser.add_argument("--until", type=int, default=0, metavar="STEPS", help="decoder: stop (resumable) after so many")
    parser.add_argument("--resume", action="store_true", help="go on where a stopped run left off")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PART",
        choices=["hops", "lexical", "shift", "internal_memory", "null_slot"],
        help="reader, ablation: train without this part",
    )
    parser.add_argument(
        "--mean", type=Path, nargs="+", metavar="FILE", help="decoder: no training; write the mean of these adapters"
    )
    parser.add_argument("--device", default="cpu", help="of the decoder: cpu, cuda or mps")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args(arguments)
    if given.data and not given.data.is_dir():
        parser.error(f"--data {given.data} is not a folder; it takes the folder with the sets' archives")
    torch.set_num_threads(given.threads)
    if given.mean and given.part != "decoder":
        parser.error("--mean is for the decoder's adapter")
    one = given.out.suffix == ".safetensors"
    if one and given.part == "all":
        parser.error("--out takes a folder where all parts are trained")
    (given.out.parent if one else given.out).mkdir(parents=True, exist_ok=True)
    parts = {
        "reader": train_reader,
        "decoder": average_decoder if given.mean else train_decoder,
        "acts": train_acts,
        "gate": train_gate,
    }
    names = {"reader": _reader_file(given.encoder), "centring": centring.path_of(given.encoder).name}
    result = {}
    for part in parts if given.part == "all" else (given.part,):
        make = parts.get(part, train_support if part == "support" else measure_centring)
        try:
            result[part] = make(given, given.out if one else given.out / names.get(part, f"{part}.safetensors"))
        except MnemeError as error:
            parser.exit(1, f"{error}\n")
    print(json.dumps(result if given.part == "all" else result[given.part]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
