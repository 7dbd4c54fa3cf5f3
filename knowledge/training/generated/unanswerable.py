"""Queries that memory does not answer: the other speaker's facts, untold details, and things never told at all."""

from __future__ import annotations

import random
from collections.abc import Sequence

from knowledge.training.generated import phrases as phrases
from knowledge.training.generated.grammar import Person, expand, pick, tidy
from knowledge.training.generated.questions import Asker
from knowledge.training.generated.records import Draft, Fact
from knowledge.training.generated.schemas import More, Schema

GENERAL = {
    "feeling": (More("feeling", *phrases.FEEL), "event"),
    "companion": (More("companion", *phrases.WITH), "with"),
    "lesson": (More("lesson", *phrases.LESSON), "event"),
}


def _question(asker: Asker, fact: Fact, template: str, variable: str, person: Person) -> str | None:
    """The template asked of ``person`` with the values of ``fact``; None if it gives its own answer away."""
    view = asker.view(person)
    context = asker.context(fact, view)
    if "companion" in context and variable != "companion":
        context["companion"] = ""
    text = expand(template, context, asker.rng)
    if variable and variable in fact.values and context[variable].lower() in text.lower():
        return None
    return tidy(text, asker.rng, casual=False)


def _templates(fact: Fact) -> list[tuple[str, str]]:
    """(template, variable) of everything that can be asked of a told fact."""
    schema = fact.schema
    found = [(line, v) for v in schema.variables_of("ask") if v in fact.told for line in schema.get(f"ask {v}")]
    found += [(more.query, more.variable) for more in fact.details.values()] * 2
    if schema.kind == "event" and schema.get("base"):
        found += [(line, "") for line in (*schema.get("when"), *phrases.WHEN_ASKS[:2])]
    return found


def adversarial(asker: Asker, count: int) -> list[Draft]:
    """Asked of one person what only another one told."""
    stage, rng = asker.stage, asker.rng
    found: list[Draft] = []
    for _ in range(count * 8):
        if len(found) >= count or not stage.facts:
            break
        fact = rng.choice(stage.facts)
        if fact.person in stage.speakers and not stage.app:
            person = stage.speakers[1] if fact.person is stage.speakers[0] else stage.speakers[0]
        else:
            person = rng.choice(asker.people)
        if (
            person is fact.person
            or (id(person), fact.schema.name) in asker.by_kind
            or asker.blurred(person, fact.schema)
        ):
            continue
        if person.relation and "kin" not in fact.schema.tags:
            continue
        options = _templates(fact)
        if not options:
            continue
        template, variable = rng.choice(options)
        if "{P" not in template:
            continue
        if text := _question(asker, fact, template, variable, person):
            found.append(Draft("adversarial", text, frozenset(), absent=f"{id(person)}/{fact.schema.name}"))
    return found


def untold_details(asker: Asker, count: int) -> list[Draft]:
    """A told event's details that were never told."""
    stage, rng = asker.stage, asker.rng
    found: list[Draft] = []
    for _ in range(count * 8):
        if len(found) >= count or not stage.facts:
            break
        fact = rng.choice(stage.facts)
        told = set().union(*(sibling.told for sibling in asker.siblings(fact)))
        options = [more for more in fact.schema.details if more.variable not in told]
        if (
            fact.schema.kind == "event"
            and fact.schema.get("base")
            and fact.schema.get("ger")
            and fact.schema.get("past")
        ):
            for more, needs in GENERAL.values():
                if more.variable not in told and (needs == "event" or needs in fact.schema.tags):
                    options.append(more)
        if not options:
            continue
        more = rng.choice(options)
        if text := _question(asker, fact, more.query, more.variable, fact.person):
            found.append(Draft("untold detail", text, frozenset(), absent=f"{id(fact)}/{more.variable}"))
    return found


def never_told(asker: Asker, absent: Sequence[Schema], count: int, rng: random.Random) -> list[Draft]:
    """About schemas that nobody tells of in the scene."""
    found: list[Draft] = []
    people = asker.people or list(asker.stage.speakers)
    for _ in range(count * 8):
        if len(found) >= count or not absent:
            break
        schema, person = rng.choice(list(absent)), rng.choice(people)
        if person.relation and "kin" not in schema.tags or asker.blurred(person, schema):
            continue
        fact = Fact(schema, person, schema.draw(rng))
        variables = schema.variables_of("ask")
        options = [(line, v) for v in variables for line in schema.get(f"ask {v}")]
        if schema.kind == "event" and schema.get("base"):
            options += [(pick(rng, phrases.WHEN_ASKS), "")]
        if options:
            template, variable = rng.choice(options)
            if "{P" in template and (text := _question(asker, fact, template, variable, person)):
                found.append(Draft("never told", text, frozenset(), absent=schema.name))
    return found
