"""The mix of examples that the decoder learns from, and how many of each.

Knows: the generator, the licensed sets, plain talk. Does not know: the loop.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import ModelError
from knowledge.input.encoder import Encoder
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.reader import Reader, make_reader
from knowledge.training.advice import advice
from knowledge.training.generated import generator
from knowledge.training.licensed import sets
from knowledge.training.licensed.stories import story_scenes
from knowledge.training.replies.chat import (
    ADVISED,
    Reply,
    assistant,
    in_dialogue,
    openings,
    own_replies,
    turns,
    with_idle_reads,
)
from knowledge.training.replies.data import ReplyExample, as_written, prepared
from knowledge.training.replies.talk import talk_examples
from knowledge.training.scenes import Scene


@dataclass(frozen=True, slots=True)
class Mix:
    """Scenes of each source and questions of each scene, at most; ``talk``: of each set of
    conversations, questions with a piece of a turn as the answer; ``in_dialogue``: questions that the
    running dialogue answers; ``chats``: the decoder's own replies; ``stories``: of each of bAbI's tasks."""

    scenes: int = 40
    per_scene: int = 50
    talks: int = 4  # scenes of each set of conversations
    per_talk: int = 30
    papers: int = 5  # scenes of each set of documents; of the set whose questions were written for it, twice as many
    per_paper: int = 70
    talk: int = 250
    in_dialogue: int = 120
    chats: int = 240
    advice: int = 56  # questions for advice; of the decoder's own replies those that end are kept
    stories: int = 24
    unknown: float = 0.08  # share of examples that memory does not answer, at most
    dev: int = 90


CHATS = ("chitchat", "synthetic_persona_chat", "topical_chat", "memochat_train")
PAPERS = {"xquad_en": 2, "lost_in_the_middle": 1}


def readers_for(encoder: Encoder) -> tuple[Reader, Reader]:
    """The app's read, and the same one that reads something for every question. Raises ModelError without weights."""
    reader, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
    if not isinstance(reader, AttentionReader):
        raise ModelError(f"{note} Train the read first: `python -m knowledge.training reader`.")
    return reader, AttentionReader(reader.network, multilingual=reader.multilingual, decline=2.0, negligible=0.005)


def examples(
    data: Path | None, encoder: Encoder, reply: Reply, work: Path, seed: int, mix: Mix
) -> tuple[list[ReplyExample], list[ReplyExample]]:
    """(training, dev); dev's are of other scenes. ``reply``: of the untrained decoder. Kept under ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    readers = readers_for(encoder)
    batches: list[list[ReplyExample]] = []
    for name, scenes, most in _sources(data, seed, mix):
        for made in prepared(scenes, encoder, readers, work / "replies", f"{name} {seed}", most):
            batches.append([one for one in made if not one.kind.startswith("story") or "not read" not in one.kind])
            print(
                f"\r{len(batches)} memories, {sum(map(len, batches))} replies: {name}      ",
                end="",
                file=sys.stderr,
                flush=True,
            )
    rng = random.Random(f"{seed}:mix")
    rng.shuffle(batches)
    dev: list[ReplyExample] = []
    train: list[ReplyExample] = []
    for batch in batches:
        aim = dev if len(dev) < mix.dev and len(batch) <= mix.dev // 2 else train
        aim += batch
    weights = [[read.weight for read in one.reads] for one in train if "not read" not in one.kind]
    if data is not None:
        train += talk_examples(data, seed, mix.talk, weights)
    train = [as_written(one, rng) for one in _balanced(train, mix.unknown, rng)]
    dev = [as_written(one, rng) for one in dev]
    reads = [example.reads for example in train if example.reads]
    chat = [
        ReplyExample(talk, (), said, "chat/assistant", "memochat_train")
        for talk, said in (assistant(data) if data else ())
    ]
    chat += own_replies(openings(data, seed, mix.chats), reply, work / f"own-replies-{seed}.pickle")
    asked = [turns([text]) for text in advice(seed, mix.advice)]
    chat += own_replies(asked, reply, work / f"own-advice-{seed}.pickle", 120, ADVISED)
    chat += in_dialogue(train, chat, mix.in_dialogue, rng)
    chat = with_idle_reads(chat, reads, rng)
    train += chat[len(chat) // 20 :]
    dev = dev[: mix.dev] + chat[: len(chat) // 20]
    print(file=sys.stderr)
    return train, dev


def kinds(examples: Sequence[ReplyExample]) -> dict[str, int]:
    """How many of each kind and source, for the card."""
    found = Counter(f"{one.source.split(' (')[0]}: {one.kind.split(' ')[0].split('/')[0]}" for one in examples)
    return dict(sorted(found.items()))


def _sources(data: Path | None, seed: int, mix: Mix) -> Iterator[tuple[str, Iterator[Scene], int]]:
    yield "generator", generator.generate(seed + 1000, mix.scenes), mix.per_scene
    if data is not None:
        yield "bAbI", story_scenes(data, seed, mix.stories), 1
    for name in (*CHATS, *PAPERS) if data is not None else ():
        count, most = (mix.talks, mix.per_talk) if name in CHATS else (mix.papers * PAPERS[name], mix.per_paper)
        yield name, sets.scenes(data, seed, [name], count) if data else iter(()), most


def _balanced(train: list[ReplyExample], unknown: float, rng: random.Random) -> list[ReplyExample]:
    """At most a share of examples whose reply is that nothing is known: more, and the decoder denies what it reads."""
    blank = [one for one in train if "not mentioned" in one.reply and (one.reads or "document" not in one.kind)]
    told = [one for one in train if "not mentioned" not in one.reply]
    rng.shuffle(blank)
    return told + blank[: round(len(told) * unknown / (1 - unknown))]
