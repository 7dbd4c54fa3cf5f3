"""What people tell an assistant of their lives in their own words, and ask later: written by hand for this repository.

Half sentences, slips, several things in a message, and news that share few words with what they change. A line of
data/everyday.txt is a statement and what is asked of it, a line of data/everyday_changes.txt an older and a newer one.
Does not know: vectors, networks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from knowledge.text.words import cjk_share
from knowledge.training.acts_data import varied
from knowledge.training.scenes import Query, Scene, Slot

DATA = Path(__file__).parent / "data"
TOLD, CHANGED = 10, 6  # statements, and such that change, in one scene
UNTOLD = 12  # questions of a scene on what was not told there
_TOGETHER = 0.3  # of the messages hold two statements
_SOON = 0.25  # of the changes come in the same conversation
_WAS_ASKED = 0.3  # of the changes, by so many what was before is asked for too
_WAS = (
    "{0} I mean before that changed",
    "before it changed: {0}",
    "What was it at first? {0}",
    "not now but before, {0}",
)
_REPLIES = (
    "Noted!",
    "Thanks for telling me.",
    "Oh, nice.",
    "I'm sorry to hear that.",
    "Okay! Anything else?",
    "好的。",
)
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Told:
    """``said``: one statement, or an older and a newer one. ``asked``: questions that the last of them answers."""

    said: tuple[str, ...]
    asked: tuple[str, ...]


@cache
def pairs(name: str) -> tuple[Told, ...]:
    """The lines of a file in ``data/``."""
    found = []
    for line in filter(None, (DATA / f"{name}.txt").read_text("utf-8").splitlines()):
        said, asked = line.split(" => ")
        found.append(Told(tuple(said.split(" ~ ")), tuple(asked.split(" | "))))
    return tuple(found)


def lived(scene: Scene, rng: random.Random, *, chinese: bool) -> Scene:
    """The scene whose person also told some of this, between the scene's first turn and its last. ``chinese``: also
    what is told in Chinese."""
    slots, queries = list(scene.slots), list(scene.queries)
    begin, end = min(slot.created for slot in slots), max(slot.created for slot in slots)

    def say(texts: Sequence[str], when: float, container: str, position: int = 0) -> int:
        text = " ".join(varied(text, rng) if rng.random() < 0.5 else text for text in texts)
        slots.append(Slot(text, when, container=container, position=position))
        slots.append(Slot(rng.choice(_REPLIES), when + 20, "", "assistant", "turn", container, position + 1))
        return len(slots) - 2

    def ask(told: Told, at: int) -> None:
        queries.append(Query(varied(rng.choice(told.asked), rng), frozenset({at}), kind="everyday"))

    chosen = _some(rng, "everyday", TOLD, chinese)
    changed = _some(rng, "everyday_changes", CHANGED, chinese)
    for number, told in enumerate(chosen):
        beside = _some(rng, "preferences", 1, chinese) if rng.random() < _TOGETHER else []
        texts = [told.said[0], *(one.said[0] for one in beside)]
        rng.shuffle(texts)
        ask(told, say(texts, rng.uniform(begin, end), f"life-{number}"))
    for number, told in enumerate(changed):
        old, new = told.said
        first = rng.uniform(begin, end)
        before = say([old], first, f"change-{number}")
        if rng.random() < _SOON:
            after = say([new], first + 300, f"change-{number}", 2)
        else:
            after = say([new], rng.uniform(first, max(end, first + _DAY)), f"changed-{number}")
        ask(told, after)
        if rng.random() < _WAS_ASKED:
            ask(replace(told, asked=tuple(rng.choice(_WAS).format(text) for text in told.asked)), before)
    everything = [*pairs("everyday"), *pairs("everyday_changes")]
    others = [one for one in everything if one not in chosen + changed and (chinese or not cjk_share(one.said[0]))]
    for told in rng.sample(others, UNTOLD):
        queries.append(Query(varied(rng.choice(told.asked), rng), kind="never told"))
    return replace(scene, slots=tuple(slots), queries=tuple(queries))


def _some(rng: random.Random, name: str, count: int, chinese: bool) -> list[Told]:
    found = [one for one in pairs(name) if chinese or not cjk_share(one.said[0])]
    return rng.sample(found, min(count, len(found)))


def advised(rng: random.Random, slots: list[Slot], count: int) -> Iterator[Query]:
    """``count`` requests for advice, and in ``slots`` what matters to them, told beside something else."""
    said = [at for at, slot in enumerate(slots) if slot.role == "user"]
    for told, at in zip(_some(rng, "preferences", count, False), rng.sample(said, count), strict=True):
        texts = [slots[at].text, told.said[0]]
        rng.shuffle(texts)
        slots[at] = replace(slots[at], text=" ".join(text if text[-1] in ".!?…" else f"{text}." for text in texts))
        yield Query(rng.choice(told.asked), frozenset({at}), kind="advice")
