"""What the generator's parts pass on: a fact with the turns that state it, a turn, and a query before it is bound."""

from __future__ import annotations

from dataclasses import dataclass, field

from knowledge.training.generated.grammar import Person
from knowledge.training.generated.schemas import More, Schema


@dataclass(slots=True, eq=False)
class Fact:
    """Something told. ``told``: turns that state each variable's value; "" stands for the fact itself."""

    schema: Schema
    person: Person
    values: dict[str, str]
    date: float = 0.0
    exact: bool = False
    session: int = 0
    told: dict[str, set[int]] = field(default_factory=dict)
    details: dict[str, More] = field(default_factory=dict)
    companion: Person | None = None

    @property
    def main(self) -> int:
        """Index of the turn that states the fact."""
        return min(self.told[""])


@dataclass(slots=True)
class Spoken:
    """A turn under construction."""

    who: int
    session: int
    text: str


@dataclass(slots=True)
class Draft:
    """A query before it is bound to slots. ``answer``: the value its evidence states; "" where none is single.
    ``reply``: what a decoder is to say where that is more than the one value."""

    kind: str
    text: str
    evidence: frozenset[int]
    answer: str = ""
    hops: frozenset[int] = frozenset()
    dialogue: tuple[tuple[str, str], ...] = ()
    asked: float = 0.0  # seconds since the epoch; 0: right after the last memory
    reply: str = ""
    absent: str = ""  # unanswerable ones: the schema that is not told of the person
