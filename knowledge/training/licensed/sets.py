"""The licensed data sets as scenes: what a long memory would hold, and questions with known evidence.

Each set is read straight out of its tar archive. Many conversations (or documents) are joined into one memory of 150 to
700 slots, so that a read trained here finds its way in long chats between two people, in an assistant's own chats and
in documents. Seeded: the same seed gives the same scenes.
Does not know: vectors, networks, or any set that is for evaluation only.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from knowledge.training.licensed.archives import CONVERSATIONS, DOCUMENTS, LICENCES, Conversation, members
from knowledge.training.licensed.dialogues import drafts
from knowledge.training.licensed.passages import dealt, document_scenes
from knowledge.training.licensed.scene import pick, seat
from knowledge.training.scenes import Scene

ALL: tuple[str, ...] = (*CONVERSATIONS, *DOCUMENTS)
ROLES = 0.25  # share of chat scenes between user and assistant instead of two people with names
_log = logging.getLogger(__name__)


def _chat_scenes(name: str, conversations: list[Conversation], rng: random.Random, roles: float) -> Iterator[Scene]:
    """Conversations dealt into memories; about one in eight is left out, so that its questions have no answer."""
    for kept, absent in dealt(conversations, rng, lambda one: len(one.lines), sizes=(180, 660), least=170, absent=8):
        helper = name == "memochat_train"  # one side asks and the other knows
        board, flips = seat(rng, kept, roles=rng.random() < (0.6 if helper else roles), flips=not helper)
        present = list(drafts(name, kept, list(board.starts.values()), flips, rng))
        missing = list(
            drafts(name, absent, [None] * len(absent), [not helper and rng.random() < 0.5 for _ in absent], rng)
        )
        queries = pick(board, rng, present, missing, most=max(20, len(board.slots) // 6))
        yield Scene(tuple(board.slots), tuple(queries), f"{name} ({LICENCES[name]})")


def scenes(
    data: Path, seed: int, sets: Sequence[str] = ALL, limit: int | None = None, *, roles: float = ROLES
) -> Iterator[Scene]:
    """Scenes of each set in turn, at most ``limit`` of a set. ``data``: folder of the tar archives.
    ``roles``: share of the chats that are between user and assistant.

    A set whose archive is not there is left out, and said so in the log. Raises ValueError for a name not in ``ALL``.
    """
    for name in sets:
        if name not in ALL:
            raise ValueError(f"unknown set {name!r}: choose from {', '.join(ALL)}")
        archive = data / f"{name}.tar.xz"
        if not archive.is_file():
            _log.warning("%s is not there: training goes without it", archive.name)
            continue
        rng = random.Random(f"{seed}:{name}")
        files = members(archive)
        if name in CONVERSATIONS:
            found = _chat_scenes(name, list(CONVERSATIONS[name](files)), rng, roles)
        else:
            found = document_scenes(f"{name} ({LICENCES[name]})", list(DOCUMENTS[name](files)), rng)
        for number, scene in enumerate(found):
            if limit is not None and number >= limit:
                break
            yield scene
