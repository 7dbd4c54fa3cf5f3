"""Fact schemas: what can be told and asked, parsed from the cards in the ``generator_facts_*`` files.

A card is a few lines of text::

    @ move event kin g:places          name, kind (event, plan, state, trait), tags
    vars: city=city why=               variables and their pools ("" or a ``pool`` line: the card's own pool)
    pool why: rents were too high | {his} company moved
    base: / past: / ger:               "move to {city}", "moved to {city}", "moving to {city}": feed the general forms
    say: / ans:                        the statement; and the answer to a ``lead`` question, which leaves the topic out
    lead: / react:                     the partner's question before, and reaction after
    more why: QUESTION => ANSWER => QUERY     a detail told only when the partner asks
    ask city: / all city: / now city: / old city: / when:     queries about one, all, the newest, the former, the date
    infer:                             a query whose answer follows from the fact without being said
    then city: / also city:            the query as a follow-up about the person; about the same fact only
    reply city:                        the short answer before a follow-up

Keys with a leading ``un`` (``unask city:``) are the held-out forms. Tags: ``kin`` fits third persons too, ``many`` may
be told several times by one person, ``with`` has companions, ``solo`` gets no general forms, ``sad`` is no occasion for
joy, ``g:x`` belongs to group x. ``k:x``: its queries may also be answered by facts of cards tagged ``k:x`` or ``a:x``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge.training.generated.grammar import pick
from knowledge.training.generated.values import value


@dataclass(frozen=True, slots=True)
class More:
    """A detail: what the partner asks, what is answered, and the query it answers."""

    variable: str
    question: str
    answer: str
    query: str


@dataclass(slots=True)
class Schema:
    """A parsed card. ``lines`` maps a key such as "say" or "ask city" to its templates."""

    name: str
    kind: str
    tags: frozenset[str]
    variables: dict[str, str] = field(default_factory=dict)
    pools: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    details: list[More] = field(default_factory=list)

    @property
    def groups(self) -> list[str]:
        """Groups the schema belongs to."""
        return [tag[2:] for tag in sorted(self.tags) if tag.startswith("g:")]

    def answered_by(self, other: Schema) -> bool:
        """May a fact of the other card answer this card's queries (so that they are not clear-cut beside it)?"""
        topics = [tag[2:] for tag in self.tags if tag.startswith("k:")]
        return other is not self and any(f"k:{topic}" in other.tags or f"a:{topic}" in other.tags for topic in topics)

    def get(self, key: str) -> Sequence[str]:
        """Templates of a key; none is an empty list."""
        return self.lines.get(key, ())

    def variables_of(self, key: str) -> list[str]:
        """Variables that have lines of this key: ``variables_of("ask")``."""
        return [line.split(" ", 1)[1] for line in self.lines if line.startswith(key + " ")]

    def draw(self, rng: random.Random) -> dict[str, str]:
        """Values for every variable."""
        return {
            name: pick(rng, self.pools[name]) if name in self.pools else value(pool, rng)
            for name, pool in self.variables.items()
        }


def parse_cards(text: str) -> list[Schema]:
    """The schemas of one text of cards. Raises ValueError on a line that is none of the above."""
    schemas: list[Schema] = []
    for line in (raw.strip() for raw in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("@"):
            name, kind, *tags = line[1:].split()
            schemas.append(Schema(name, kind, frozenset(tags)))
            continue
        key, colon, rest = line.partition(":")
        if not colon or not schemas:
            raise ValueError(f"Write the card's line as key: template, not {line!r}.")
        schema, rest = schemas[-1], rest.strip()
        if key == "vars":
            schema.variables.update((part.split("=")[0], part.split("=")[1]) for part in rest.split())
        elif key.startswith("pool "):
            schema.pools[key[5:]] = tuple(option.strip() for option in rest.split(" | "))
        elif key.startswith("more "):
            question, answer, query = (part.strip() for part in rest.split("=>"))
            schema.details.append(More(key[5:], question, answer, query))
        else:
            schema.lines.setdefault(key, []).append(rest)
    return schemas
