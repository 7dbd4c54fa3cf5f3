"""bAbI (Weston et al. 2015, arXiv:1502.05698) through the whole product: error by task, in percent.

    python -m tests.benchmarks.babi_product --data FOLDER [--size 1k] [--split test] [--stories 20] [--tasks 1,2]
        [--apart day|minute] [--adapter default|none|FILE] [--threads N]

A story's sentences are written to memory as the user's turns, one a day (``--apart minute``: all within hours; what a
decoder is told of a memory's time is its day, so that only the places of the blocks then tell their order). The
question is asked in a new conversation with the app's own read and settings; the decoder answers greedily. Nothing is
told that is behind the question in the story. One question of each story, drawn by seed; ``--stories 0`` takes all
stories, ``--all-questions`` every question.

An answer is right when, of all answers that the task's files know, the reply names those of the right answer and no
other, words of the question aside ("Fred gave the football to Jeff" says who gave it). Lists may be in any order,
paths of task 19 may not; numbers may be digits, directions letters. The last line is one JSON object.
``evidence_read``: share of the supporting sentences among what was read.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from chat_app.settings import Settings
from chat_app.settings import load as load_settings
from knowledge.encoder import Encoder
from knowledge.focus import read_memory
from knowledge.inference import Inference, make_inference
from knowledge.local_decoder import LocalDecoder
from knowledge.reader import Reader, make_reader
from knowledge.records import ReadResult, ReplyRequest, Sampling, Turn
from knowledge.training.read_data import scratch_store
from knowledge.training.sets_stories import COMPASS, parse
from knowledge.training.sets_stories import StoryQuestion as Question
from knowledge.writer import Writer, memory_id
from tests.benchmarks import babi_data
from tests.benchmarks.answers import reply_of
from tests.benchmarks.embedded import adapter_of, embedded_folder

BEGIN = 1.75e9  # seconds since the epoch: of a story's first sentence
APART = {"day": 86400.0, "minute": 60.0}
DIGITS = {"0": "none", "1": "one", "2": "two", "3": "three"}
PATHS = 19


def load(data: Path, size: str, split: str) -> dict[int, list[list[Question]]]:
    """Task → stories. Raises FileNotFoundError where there are no files of that size."""
    found = {}
    for name, text in babi_data._texts(babi_data.source(data, size)):
        match = babi_data.NAME.search(name)
        if match and match[2] == split:
            found[int(match[1])] = parse(int(match[1]), text)
    return dict(sorted(found.items()))


def correct(reply: str, question: Question, known: frozenset[str]) -> bool:
    """Does the reply name the right answer and no other of the task's? ``known``: all single answers of the task."""
    asked = set(re.findall(r"[a-z]+", question.text.lower()))
    said = re.findall(r"[a-z]+|\d+", reply.lower())
    spelled = COMPASS if question.task == PATHS else DIGITS
    named = [word for word in (spelled.get(word, word) for word in said) if word in known - asked]
    return named == list(question.spelled) if question.task == PATHS else set(named) == set(question.spelled)


class Product:
    """The read and the decoder over a fresh memory for every question."""

    def __init__(
        self, settings: Settings, adapter: Path | None, reply_tokens: int, apart: float, inference: Inference | None
    ) -> None:
        self.settings, self.tokens, self.apart, self.encoder = settings, reply_tokens, apart, Encoder("default")
        self.inference = inference
        self.decoder = LocalDecoder(str(embedded_folder()), window=settings.window, reads_tokens=settings.reads_tokens,
                                    path=settings.memory_path, adapter=adapter)  # fmt: skip
        self.reader: Reader
        encoder = self.encoder
        self.reader, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
        if note:
            print(note, file=sys.stderr)

    def ask(self, question: Question) -> tuple[str, ReadResult]:
        """The reply, and what was read."""
        owner = owner_of(question)
        turns = [
            Turn(str(at), "user", fact, BEGIN + self.apart * at, owner, "", at)
            for at, fact in enumerate(question.facts)
        ]  # fmt: skip
        memories = Writer().memories(owner, turns)
        when = BEGIN + self.apart * len(turns)
        with scratch_store(self.encoder) as store:
            store.add(owner, memories, self.encoder.encode([memory.text for memory in memories]))
            vector = self.encoder.encode_queries([question.text])[0]
            read = read_memory(self.reader, store, self.encoder, owner, question.text, vector, [], asked=when,
                               limit=self.settings.reads, inference=self.inference)  # fmt: skip
        sampling = Sampling(temperature=self.settings.temperature, max_tokens=self.tokens)
        turn = Turn("question", "user", question.text, when)
        request = ReplyRequest([turn], read.reads, sampling, key="babi", owner=owner, heard=read.heard)
        return reply_of(self.decoder, request), read


def owner_of(question: Question) -> str:
    return f"babi {question.task} {question.story}"


def measure(stories: dict[int, list[list[Question]]], product: Product, count: int, every: bool) -> dict[str, Any]:
    wrong: dict[str, list[bool]] = {}
    shares: dict[str, list[float]] = {}
    for task, some in stories.items():
        rng = random.Random(f"babi:{task}")
        known = frozenset(word for story in some for question in story for word in question.spelled)
        chosen: Sequence[list[Question]] = rng.sample(some, min(count, len(some))) if count else some
        errors: list[bool] = []
        for story in chosen:
            for question in story if every else [rng.choice(story)]:
                reply, read = product.ask(question)
                ids = {memory_id(owner_of(question), str(at)) for at in question.support}
                shares.setdefault(str(task), []).append(
                    len(ids & {one.memory.id for one in read.reads}) / max(1, len(ids))
                )
                errors.append(not correct(reply, question, known))
                if errors[-1]:
                    wanted = ", ".join(question.spelled)
                    print(f"task {task}: {question.text} wanted {wanted!r}, said {reply!r}", file=sys.stderr)
        wrong[str(task)] = errors
        print(f"task {task}: error {100 * statistics.mean(errors):.0f} %", file=sys.stderr, flush=True)
    error = {task: round(100 * statistics.mean(errors), 1) for task, errors in wrong.items()}
    return {
        "questions": sum(map(len, wrong.values())),
        "error": error,
        "mean_error": round(statistics.mean(error.values()), 2),
        "failed_tasks": sum(value > 5 for value in error.values()),
        "evidence_read": {task: round(statistics.mean(values), 3) for task, values in shares.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives, or of qa*.txt files")
    parser.add_argument("--size", choices=list(babi_data.ARCHIVES), default="1k")
    parser.add_argument("--split", choices=["test", "valid"], default="test")
    parser.add_argument("--stories", type=int, default=20, help="of each task; 0: all")
    parser.add_argument("--all-questions", action="store_true", help="every question of a story, not one")
    parser.add_argument("--tasks", default="", help="numbers joined by commas; all without")
    parser.add_argument("--apart", choices=list(APART), default="day", help="between two sentences of a story")
    parser.add_argument("--adapter", default="default", help="default: the one that ships; none: stock; or a file")
    parser.add_argument("--inference", default="default", help="the same, of the inference network; none: without it")
    parser.add_argument("--reply-tokens", type=int, default=24)
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    stories = load(options.data, options.size, options.split)
    if options.tasks:
        wanted = {int(task) for task in options.tasks.split(",")}
        stories = {task: some for task, some in stories.items() if task in wanted}
    adapter = adapter_of(options.adapter)
    inference, note = None, ""
    if options.inference != "none":
        inference, note = make_inference(*([] if options.inference == "default" else [Path(options.inference)]))
    if note:
        parser.error(note)
    product = Product(load_settings([], {}), adapter, options.reply_tokens, APART[options.apart], inference)
    found = measure(stories, product, options.stories, options.all_questions)
    about = {
        "adapter": str(adapter) if adapter else None, "inference": options.inference, "size": options.size,
        "apart": options.apart,
    }  # fmt: skip
    print(json.dumps(about | found))


if __name__ == "__main__":
    main()
