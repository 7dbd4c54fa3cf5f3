"""bAbI's training stories (Weston et al. 2015, arXiv:1502.05698; CC BY 3.0) as memories: what the user told, in order.

Knows: the file format. Does not know: the test files, vectors, networks.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.training.licensed.archives import members
from knowledge.training.scenes import Query, Scene, Slot

ARCHIVE = "babi_en_1k.tar.gz"
COMPASS = {"n": "north", "s": "south", "e": "east", "w": "west"}
APART = 60.0  # seconds between two sentences
_BEGIN = 1.6e9
_NAME = re.compile(r"qa(\d+)_(?:.*_)?train\.txt$")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoryQuestion:
    """A question with its story as written. ``support``: indices into ``facts``, in the order of the inference;
    ``story``: its number in the file."""

    task: int
    story: int
    facts: tuple[str, ...]
    text: str
    answer: tuple[str, ...]
    support: tuple[int, ...]

    @property
    def spelled(self) -> tuple[str, ...]:
        """The answer in words: directions are letters in the files."""
        return tuple(COMPASS.get(word, word) for word in self.answer)


def parse(task: int, text: str) -> list[list[StoryQuestion]]:
    """The questions of a file, story by story, in the words of the file."""
    stories: list[list[StoryQuestion]] = []
    facts: list[str] = []
    place: dict[str, int] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        number, said = line.split(" ", 1)
        if number == "1":
            facts, place = [], {}
            stories.append([])
        if "\t" not in said:
            place[number] = len(facts)
            facts.append(said)
            continue
        question, answer, support = said.split("\t")
        stories[-1].append(
            StoryQuestion(
                task,
                len(stories),
                tuple(facts),
                question.strip(),
                tuple(answer.strip().lower().split(",")),
                tuple(place[n] for n in support.split()),
            )
        )
    return [story for story in stories if story]


def story_scenes(data: Path, seed: int, per_task: int) -> Iterator[Scene]:
    """``per_task`` stories of every task, the tasks in turn, each with one question drawn by seed."""
    archive = data / ARCHIVE
    if not archive.is_file():
        _log.warning("%s is not there: training goes without it", archive.name)
        return
    files = {int(match[1]): text for name, text in members(archive).items() if (match := _NAME.search(name))}
    rng = random.Random(f"{seed}:stories")
    drawn = {}
    for task, content in sorted(files.items()):
        stories = parse(task, content.decode("utf-8"))
        drawn[task] = [rng.choice(story) for story in rng.sample(stories, min(per_task, len(stories)))]
    for number in range(per_task):
        for questions in drawn.values():
            if number < len(questions):
                yield scene(questions[number])


def scene(asked: StoryQuestion) -> Scene:
    """One story as a memory with its question."""
    begin = _BEGIN + 86400.0 * (997 * asked.story % 1500)
    slots = [Slot(fact, begin + APART * at, container="story", position=at) for at, fact in enumerate(asked.facts)]
    query = Query(
        asked.text,
        frozenset(asked.support),
        asked=begin + APART * len(slots),
        kind=f"story {asked.task}",
        answer=", ".join(asked.spelled),
    )
    return Scene(slots, (query,), "bAbI (CC BY 3.0)")
