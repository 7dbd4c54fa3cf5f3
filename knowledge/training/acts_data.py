"""What the reading of a message is trained on: messages labelled by hand, and weak ones whose label is clear.

The files in ``data/`` are written by hand for this repository (Apache-2.0): a line that begins with "==" names what the
messages under it do, by one letter an act and ":operation"; "-" stands for none of them. Weak examples come from the
generator and, where the sets are there, from their licensed archives; they are silent about the acts that they do not
decide. Does not know: networks, vectors.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.records import ACTS, OPERATIONS
from knowledge.training.advice import advice
from knowledge.training.generated import generator
from knowledge.training.licensed.archives import DOCUMENTS, members, persona_chat

FOLDER = Path(__file__).parent / "data"
CODES = dict(zip("TOWDXACBSKF", ACTS, strict=True))
_OPERATIONS = {
    "about": "recall_about",
    "time": "recall_time",
    "list": "recall_list",
    "forget": "forget",
    "remember": "remember",
}
_WEAK = 0.2  # weight of a weak example beside one labelled by hand
_EXCLUSIVE = ("tells", "asks_own", "asks_world", "asks_document", "wants_done", "advice")
_PERSONAS, _QUESTIONS, _ADVICE, _SCENES, _FOLLOWUPS = 700, 700, 150, 6, 300


@dataclass(frozen=True, slots=True)
class Example:
    """A message and what it does. ``acts``: one number an act, 1, 0, or −1 where the label says nothing of it.
    ``operation``: index into ``OPERATIONS``, −1 likewise."""

    text: str
    acts: tuple[int, ...]
    operation: int
    weight: float = 1.0
    source: str = "hand"


def by_hand(folder: Path = FOLDER) -> list[Example]:
    """Every message labelled by hand, once. Raises ValueError where a heading cannot be understood."""
    found: dict[str, Example] = {}
    for path in sorted(folder.glob("acts_*.txt")):
        language = path.stem.split("_")[1]
        acts, operation = (0,) * len(ACTS), 0
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line.startswith("=="):
                acts, operation = _heading(line[2:].split(), f"{path.name}:{number}")
            elif line.strip():
                found.setdefault(line.strip(), Example(line.strip(), acts, operation, source=language))
    return list(found.values())


def _heading(codes: list[str], where: str) -> tuple[tuple[int, ...], int]:
    named = {CODES.get(code, code) for code in codes if not code.startswith(":")} - {"-"}
    called = [_OPERATIONS.get(code[1:], "") for code in codes if code.startswith(":")] or ["none"]
    if not named <= set(ACTS) or called[0] not in OPERATIONS or len(called) > 1:
        raise ValueError(f"{where}: unknown heading {' '.join(codes)!r}")
    return tuple(int(act in named) for act in ACTS), OPERATIONS.index(called[0])


def weak(seed: int, data: Path | None) -> list[Example]:
    """Statements, questions on people, on the world and for advice. ``data``: folder of the sets' archives or None."""
    rng = random.Random(f"{seed}:weak acts")
    found = [_weak(text, "advice", "advice.py") for text in advice(seed, _ADVICE)]
    for scene in generator.generate(seed, _SCENES):
        told = {at for query in scene.queries if query.evidence for at in query.evidence}
        found += [
            _weak(scene.slots[at].text, "tells", "generator") for at in sorted(told) if scene.slots[at].kind == "turn"
        ]
        found += [
            _weak(query.text, "asks_own", "generator")
            for query in scene.queries
            if query.evidence and all(scene.slots[at].kind == "turn" for at in query.evidence)
        ]
    for scene in generator.followups(seed, _FOLLOWUPS):
        found += [_leans(query.text, "generator's follow-ups") for query in scene.queries if query.dialogue]
    if data is not None:
        found += _sample(rng, _personas(data), _PERSONAS)
        found += _sample(rng, _questions(data), _QUESTIONS)
    return found


def _personas(data: Path) -> Iterator[Example]:
    archive = data / "synthetic_persona_chat.tar.xz"
    lines = {line for one in persona_chat(members(archive)) for side in one.personas for line in side}
    yield from (_weak(line, "tells", "synthetic_persona_chat (CC BY 4.0)") for line in sorted(lines))


def _questions(data: Path) -> Iterator[Example]:
    archive = data / "lost_in_the_middle.tar.xz"
    asked = {text for one in DOCUMENTS["lost_in_the_middle"](members(archive)) for text, _, _ in one.questions}
    yield from (_weak(text, "asks_world", "lost_in_the_middle (MIT)") for text in sorted(asked))


def _sample(rng: random.Random, examples: Iterator[Example], count: int) -> list[Example]:
    there = list(examples)
    return rng.sample(there, min(count, len(there)))


def _weak(text: str, act: str, source: str) -> Example:
    acts = tuple(int(name == act) if name in _EXCLUSIVE else -1 for name in ACTS)
    return Example(text, acts, 0, _WEAK, source)


def _leans(text: str, source: str) -> Example:
    """A question that leans on the turns before it; on what else, made by rule, it says nothing of how people ask."""
    return Example(text, tuple(1 if name == "leans_back" else -1 for name in ACTS), -1, _WEAK, source)


# ---- the same in other words ------------------------------------------------------------------------------------


def joined(examples: list[Example], count: int, seed: int) -> list[Example]:
    """``count`` messages made of two of the same language, which do what both do."""
    rng = random.Random(f"{seed}:joined")
    back, made = ACTS.index("leans_back"), list[Example]()
    while len(made) < count:
        one, other = rng.sample(examples, 2)
        if one.source != other.source or one.operation and other.operation or other.acts[back]:
            continue
        if len(one.text) + len(other.text) > 300:
            continue
        end = "。" if one.source == "zh" else rng.choice([".", "!", ",", " -", ""])
        end = "" if one.text[-1] in ".!?。！？…" else end
        text = f"{one.text}{end}{'' if one.source == 'zh' else ' '}{other.text}"
        acts = tuple(max(a, b) for a, b in zip(one.acts, other.acts, strict=True))
        made.append(Example(text, acts, one.operation or other.operation, 0.5, one.source))
    return made


def varied(text: str, rng: random.Random) -> str:
    """The same message as somebody else types it: small letters, no mark at the end, a slip of the finger."""
    if rng.random() < 0.25:
        text = text.lower()
    if rng.random() < 0.3:
        text = text.rstrip(" .?!。？！") or text
    elif rng.random() < 0.1 and text.isascii():
        text = text.rstrip(".") + rng.choice(["!", " :)", "...", " lol", ".", " thx"])
    if rng.random() < 0.12 and len(text) > 8:
        at = rng.randrange(1, len(text) - 2)
        text = text[:at] + rng.choice([text[at + 1] + text[at], "", text[at] * 2]) + text[at + 2 :]
    return text
