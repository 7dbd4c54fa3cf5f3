"""The generator's template language: alternatives, variables, and who speaks of whom.

``[a|b|]`` picks one alternative (they nest), ``{name}`` puts in a value. Words that follow the person spoken of:
``{P}`` name or I, ``{P0}`` name or me, ``{Ps}`` possessive, ``{p}`` pronoun, ``{his}``, ``{him}``, ``{self}``,
``{is}``, ``{was}``, ``{has}``, ``{does}``, and the third person's endings ``{s}`` and ``{es}``. Does not know what is
said, only how it is put together.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

T = TypeVar("T")
Node = tuple[tuple[object, ...], ...]  # alternatives of parts; a part is a text, a Variable or a Node


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for a value."""

    name: str


@dataclass(slots=True, eq=False)
class Person:
    """Somebody a scene talks of. ``relation``: what they are to ``anchor`` ("" for a scene's own speakers)."""

    name: str
    gender: str  # "f" or "m"
    relation: str = ""
    anchor: Person | None = None
    facts: dict[str, object] = field(default_factory=dict)


def _parse(text: str, at: int, closing: bool) -> tuple[Node, int]:
    alternatives: list[tuple[object, ...]] = []
    parts: list[object] = []
    plain = at
    while at < len(text):
        sign = text[at]
        if sign in "[{|]" and (sign not in "|]" or closing):
            if at > plain:
                parts.append(text[plain:at])
            if sign == "[":
                node, at = _parse(text, at + 1, True)
                parts.append(node)
            elif sign == "{":
                end = text.index("}", at)
                parts.append(Variable(text[at + 1 : end]))
                at = end + 1
            elif sign == "|":
                alternatives.append(tuple(parts))
                parts = []
                at += 1
            else:
                alternatives.append(tuple(parts))
                return tuple(alternatives), at + 1
            plain = at
        else:
            at += 1
    if closing:
        raise ValueError(f"Close the bracket in the template {text!r}.")
    if at > plain:
        parts.append(text[plain:at])
    alternatives.append(tuple(parts))
    return tuple(alternatives), at


@cache
def compiled(template: str) -> Node:
    """The template as nested alternatives. Raises ValueError on an open bracket."""
    return _parse(template, 0, False)[0]


def _expand(node: Node, values: Mapping[str, str], rng: random.Random, out: list[str]) -> None:
    parts = node[0] if len(node) == 1 else node[int(rng.random() * len(node))]
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Variable):
            out.append(values[part.name])
        else:
            _expand(part, values, rng, out)  # type: ignore[arg-type]


_SENTENCE = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeioAEIO](?!ne\b|uro)|u(?!n[i ]|k|se|r[io]|to))")
_CONTRACTIONS = (("I am ", "I'm "), ("I have been", "I've been"), ("I will ", "I'll "))


def expand(template: str, values: Mapping[str, str], rng: random.Random) -> str:
    """One rendering of the template. Raises KeyError where a value is missing."""
    out: list[str] = []
    _expand(compiled(template), values, rng, out)
    return "".join(out)


def tidy(text: str, rng: random.Random, *, casual: bool = True) -> str:
    """Capitals at the start of sentences, a/an, single spaces and (where casual) contractions."""
    text = " ".join(text.split()).replace(" ,", ",").replace(" .", ".").replace(" ?", "?").replace(" !", "!")
    text = _ARTICLE.sub(r"\1n ", text)
    if casual and rng.random() < 0.75:
        for long, short in _CONTRACTIONS:
            text = text.replace(long, short)
    return _SENTENCE.sub(lambda found: found.group().upper(), text)


def pick(rng: random.Random, options: Sequence[T]) -> T:
    """One of them."""
    return options[int(rng.random() * len(options))]


_FIRST = {
    "P": "I",
    "Ps": "my",
    "p": "I",
    "his": "my",
    "him": "me",
    "self": "myself",
    "is": "am",
    "was": "was",
    "has": "have",
    "does": "do",
    "s": "",
    "es": "",
}
_PRONOUNS = {
    "f": {"p": "she", "his": "her", "him": "her", "self": "herself"},
    "m": {"p": "he", "his": "his", "him": "him", "self": "himself"},
}
_THIRD = {"is": "is", "was": "was", "has": "has", "does": "does", "s": "s", "es": "es"}
VIEW_WORDS = frozenset(_FIRST)


def possessive(name: str) -> str:
    """Anna's, James'."""
    return name + ("'" if name.endswith("s") else "'s")


def first_person() -> dict[str, str]:
    """The view of somebody who speaks of themselves."""
    return dict(_FIRST)


def third_person(name: str, gender: str) -> dict[str, str]:
    """The view of somebody who is spoken of by ``name`` (a name or a phrase such as "my sister")."""
    return {"P": name, "Ps": possessive(name), **_PRONOUNS[gender], **_THIRD}


def called(person: Person, owner: str, rng: random.Random) -> str:
    """What a person is called by (or, with an owner's possessive such as "Melanie's", in a question about) somebody."""
    if not person.relation:
        return person.name
    by_name, by_relation = person.name, f"{owner} {person.relation}"
    draw = rng.random()
    if draw < 0.4:
        return f"{by_relation} {by_name}"
    return by_relation if draw < 0.7 else by_name
