"""Two-turn follow-ups with pronouns and ellipsis: what they ask is known only from the dialogue before them.

The dialogue holds a first query with its short answer; then "And where does she work?", "When was that?", "What about
her brother?". Training and the held-out set use disjoint phrases (keys "then"/"unthen" of the cards) and names.
"""

from __future__ import annotations

import random

from knowledge.training.generated import phrases as phrases
from knowledge.training.generated.grammar import Person, expand, pick, third_person, tidy
from knowledge.training.generated.questions import Asker
from knowledge.training.generated.records import Draft, Fact

GENERAL_THEN = {"feeling": phrases.FEEL_THEN, "companion": phrases.WITH_THEN, "lesson": phrases.LESSON_THEN}


def _first(asker: Asker, fact: Fact, unseen: bool) -> tuple[str, str, str] | None:
    """(variable, first query with a name, short answer) of a fact that only one told fact answers."""
    rng, schema = asker.rng, fact.schema
    key = "unask" if unseen else "ask"
    options = [variable for variable in schema.variables_of(key) if variable in fact.told]
    if not options:
        return None
    variable = rng.choice(options)
    draft = asker.draft("single", fact, pick(rng, schema.get(f"{key} {variable}")), variable)
    if draft is None or draft.kind == "multi":
        return None
    view = asker.view(fact.person)
    answer = asker.stage.rendered(fact, variable, view)
    replies = schema.get(f"{'un' if unseen else ''}reply {variable}")
    context = asker.context(fact, {**view, "P": _pronoun(fact.person, asker)})
    reply = expand(pick(rng, replies), context, rng) if replies and rng.random() < 0.7 else answer + "."
    return variable, draft.text, tidy(reply, rng)


def _pronoun(person: Person, asker: Asker) -> str:
    if asker.stage.app and not person.relation:
        return "I"
    return "she" if person.gender == "f" else "he"


def _pronoun_view(asker: Asker, person: Person) -> dict[str, str]:
    if _pronoun(person, asker) == "I":
        return asker.view(person)
    word = "her" if person.gender == "f" else "his"
    view = third_person(_pronoun(person, asker), person.gender)
    return {**view, "Ps": word, "P0": view["him"]}


def _finish(
    kind: str, text: str, evidence: set[int], first: tuple[str, str, str], answer: str, rng: random.Random
) -> Draft:
    dialogue = (("user", first[1]), ("assistant", first[2]))
    return Draft(f"followup {kind}", tidy(text, rng, casual=False), frozenset(evidence), answer, dialogue=dialogue)


def same_person(asker: Asker, fact: Fact, unseen: bool) -> Draft | None:
    """Another fact of the same person: "And where does she work?"."""
    rng, first = asker.rng, _first(asker, fact, unseen)
    key = "unthen" if unseen else "then"
    others = [
        other
        for other in asker.stage.facts
        if other.person is fact.person and other.schema.name != fact.schema.name and other.schema.variables_of(key)
    ]
    if first is None or not others:
        return None
    other = rng.choice(others)
    variable = rng.choice(other.schema.variables_of(key))
    if len(asker.siblings(other)) > 1 or variable not in other.told or asker.blurred(other.person, other.schema):
        return None
    view = _pronoun_view(asker, fact.person)
    text = expand(pick(rng, other.schema.get(f"{key} {variable}")), asker.context(other, view), rng)
    return _finish("person", text, other.told[variable], first, asker.stage.rendered(other, variable, view), rng)


def other_person(asker: Asker, fact: Fact, unseen: bool) -> Draft | None:
    """The same fact of another person: "What about her brother?"."""
    rng, first = asker.rng, _first(asker, fact, unseen)
    if first is None:
        return None
    others = [
        other
        for other in asker.stage.facts
        if other.schema.name == fact.schema.name
        and other.person is not fact.person
        and len(asker.siblings(other)) == 1
        and first[0] in other.told
        and not asker.blurred(other.person, other.schema)
    ]
    if not others:
        return None
    other = rng.choice(others)
    person = other.person
    title = asker.title(person)
    if person.anchor is fact.person:
        title = f"{_pronoun_view(asker, fact.person)['Ps']} {person.relation}"
    elif person.anchor is not None and person.anchor is fact.person.anchor and rng.random() < 0.5:
        title = f"the {person.relation}" if rng.random() < 0.5 else person.name
    text = expand(
        pick(rng, phrases.UNSEEN_OFFERS if unseen else phrases.OFFERS), {"X": "me" if title == "I" else title}, rng
    )
    answer = asker.stage.rendered(other, first[0], asker.view(person))
    return _finish("other", text, other.told[first[0]], first, answer, rng)


def same_event(asker: Asker, fact: Fact, unseen: bool) -> Draft | None:
    """Another aspect of the same fact: "When was that?", "Why?"."""
    rng, first = asker.rng, _first(asker, fact, unseen)
    if first is None:
        return None
    view = _pronoun_view(asker, fact.person)
    context = asker.context(fact, view)
    options: list[tuple[str, str]] = []
    if fact.schema.kind in ("event", "plan"):
        options += [(pick(rng, phrases.UNSEEN_WHEN_THEN if unseen else phrases.WHEN_THEN), "")] * 2
    for key in ("unthen", "unalso") if unseen else ("then", "also"):
        for variable in fact.schema.variables_of(key):
            if variable in fact.told and variable != first[0]:
                options.append((pick(rng, fact.schema.get(f"{key} {variable}")), variable))
    for variable, more in fact.details.items():
        if not unseen and variable in fact.told and variable != first[0]:
            options.append((pick(rng, GENERAL_THEN[variable]) if variable in GENERAL_THEN else more.query, variable))
    if not options:
        return None
    template, variable = rng.choice(options)
    text = expand(template, context, rng)
    answer = context.get(variable, "") if variable else ""
    if variable and asker.stage.rendered(fact, variable, view).lower() in text.lower():
        return None
    return _finish("event", text, fact.told[variable] if variable else {fact.main}, first, answer, rng)


def followups_of(asker: Asker, count: int, *, unseen: bool = False) -> list[Draft]:
    """Up to ``count`` follow-ups on a stage's facts."""
    rng = asker.rng
    found: dict[tuple[str, object], Draft] = {}
    for _ in range(count * 5):
        if len(found) >= count or not asker.stage.facts:
            break
        make = (same_person, same_person, other_person, same_event)[int(rng.random() * 4)]
        if (draft := make(asker, rng.choice(asker.stage.facts), unseen)) is not None:
            found[draft.text, draft.dialogue] = draft
    return list(found.values())
