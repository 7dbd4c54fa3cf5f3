"""Scenes → what the read is trained on: every question's shortlist and evidence, through the product's own store.

Knows: encoder, store and evidence as the app uses them, in a temporary folder. Does not know: the network, the losses.
Made arrays are kept per scene under ``cache``, so a run that was stopped goes on with the next scene.
"""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.read.evidence import evidence, neighbours
from knowledge.read.pipeline import candidates_of, focus_of
from knowledge.records import Memory
from knowledge.training.scenes import Query, Scene

OWNER = "training"
_VERSION = 5  # of the arrays: another number, and kept ones are made again


@dataclass(frozen=True, slots=True)
class Example:
    """One question over its shortlist of n slots; ``evidence`` and ``lead`` are (n,) bool."""

    vector: np.ndarray  # (D,)
    dialogue: np.ndarray  # (T, D)
    slots: np.ndarray  # (n,) int, of each slot the row of its nearest key among the scene's
    features: np.ndarray  # (n, F) float16
    evidence: np.ndarray
    lead: np.ndarray
    neighbours: np.ndarray  # (3, n)
    answerable: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A scene's keys (keys, D) and the examples over them."""

    keys: np.ndarray
    examples: list[Example]
    source: str


def memories_of(scene: Scene) -> list[Memory]:
    """The scene's slots as the store keeps them; the id is the slot's number."""
    return [
        Memory(
            id=f"{number}",
            text=slot.text,
            kind=slot.kind,
            created=slot.created,
            role=slot.role if slot.kind != "passage" else "",
            speaker=slot.speaker,
            container=slot.container,
            position=slot.position,
            title=slot.title,
            heading=slot.heading,
        )
        for number, slot in enumerate(scene.slots)
    ]


@contextmanager
def scratch_store(encoder: Encoder) -> Iterator[ExternalMemory]:
    """An empty external memory in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/mneme.sqlite3")
        store = ExternalMemory(engine, data=Path(folder), encoder_name=encoder.name, dimension=encoder.dimension)
        try:
            store.recover(partial(keys_of, encoder), lambda phase, share: None)
            yield store
        finally:
            store.close()
            engine.dispose()


def _example(
    store: ExternalMemory, encoder: Encoder, query: Query, vector: np.ndarray, asked: float, first: np.ndarray
) -> Example | None:
    """``first``: (slots,) the row of each slot's first key."""
    dialogue = [text for _, text in query.dialogue]
    messages = make_message_reader(encoder.name)
    acts = messages.read([query.text], vector[None])[0]
    focus = focus_of(store, encoder, OWNER, query.text, vector, dialogue, asked, acts)
    found = candidates_of(store, encoder, OWNER, query.text, vector, dialogue, messages)
    if not found:
        return None
    slots = np.array([int(c.memory.id) for c in found])
    right = np.isin(slots, list(query.evidence))
    if query.evidence and not right.any():
        return None  # not on the shortlist: nothing the read could learn from it
    seen = evidence(focus, found, multilingual=encoder.multilingual)
    return Example(
        vector,
        focus.dialogue.astype(np.float16),
        first[slots] + [c.part for c in found],
        seen.astype(np.float16),
        right,
        right | np.isin(slots, list(query.hops)),
        neighbours(found, 1),
        bool(query.evidence),
        query.kind,
    )


def lesson(scene: Scene, encoder: Encoder) -> Lesson:
    """A scene as the read sees it."""
    memories = memories_of(scene)
    keys = keys_of(encoder, memories)
    counts = np.array([len(rows) for rows in keys])
    first = np.cumsum(counts) - counts
    with scratch_store(encoder) as store:
        store.add(OWNER, memories, keys)
        vectors = encoder.encode_queries([query.text for query in scene.queries])
        last = max(slot.created for slot in scene.slots)
        made = [
            _example(store, encoder, query, vector, query.asked or last + 3600, first)
            for query, vector in zip(scene.queries, vectors, strict=True)
        ]
    return Lesson(
        np.concatenate(keys).astype(np.float16), [example for example in made if example is not None], scene.source
    )


def lessons(scenes: Iterable[Scene], encoder: Encoder, cache: Path, name: str) -> Iterator[Lesson]:
    """Each scene as a lesson, kept under ``cache``; ``name`` says what makes the scenes (their generator and seed)."""
    folder = cache / hashlib.sha256(f"{_VERSION}\n{name}\n{encoder.name}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate(scenes):
        path = folder / f"{number:05}.pickle"
        if not path.is_file():
            made = lesson(scene, encoder)
            partial = path.with_suffix(".part")
            partial.write_bytes(pickle.dumps(made))
            partial.replace(path)
        yield pickle.loads(path.read_bytes())
