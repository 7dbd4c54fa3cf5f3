"""What the read is trained on: a scene is somebody's memory and questions asked of it.

Knows: the shape of the data. Does not know: where it comes from (the generators and converters beside it), vectors,
networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge.records import Kind, Role


@dataclass(frozen=True, slots=True)
class Slot:
    """One memory of a scene, as the writer would store it. ``created``: seconds since the epoch, UTC."""

    text: str
    created: float
    speaker: str = ""  # a name; "" where only the role is known, as in the app's own chats
    role: Role = "user"
    kind: Kind = "turn"
    container: str = ""  # conversation or document it stands in
    position: int = 0  # order inside the container
    title: str = ""  # passages: the document's name
    heading: str = ""  # passages


@dataclass(frozen=True, slots=True)
class Query:
    """A question with what answers it.

    ``evidence``: indices into the scene's slots; empty where memory holds no answer (the null slot is right).
    ``dialogue``: (speaker or role, text) of the running dialogue before the question, oldest first.
    ``asked``: seconds since the epoch; 0 stands for right after the last memory.
    ``hops``: indices of slots that lead to the evidence without answering (a first hop's), where known.
    """

    text: str
    evidence: frozenset[int] = frozenset()
    dialogue: Sequence[tuple[str, str]] = ()
    asked: float = 0.0
    hops: frozenset[int] = frozenset()
    kind: str = ""  # which generator or converter, and what is asked: for reports by kind
    answer: str = ""  # in few words, where known; only a decoder is trained on it


@dataclass(frozen=True, slots=True)
class Scene:
    """A memory with questions. ``source``: set or generator it comes from, and its licence where there is one."""

    slots: Sequence[Slot]
    queries: Sequence[Query] = field(default_factory=tuple)
    source: str = ""
