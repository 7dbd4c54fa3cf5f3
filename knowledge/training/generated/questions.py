"""Queries about what a stage's facts tell: single, dated, updated, collective, inferred and two-hop ones.

Knows which turn states which value (``Fact.told``), so that evidence is exact. Follow-ups and unanswerable queries
stand in files of their own.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from knowledge.training.generated import phrases as phrases
from knowledge.training.generated.grammar import (
    Person,
    called,
    expand,
    first_person,
    pick,
    possessive,
    third_person,
    tidy,
)
from knowledge.training.generated.records import Draft, Fact
from knowledge.training.generated.schemas import Schema
from knowledge.training.generated.talk import Stage
from knowledge.training.generated.times import DAY, date_text, month_of

_PAST = re.compile(r"\b(did|was|has|were)\b")
_FORMS = re.compile(r"\{(base|past|ger)\}")


def listed(values: Iterable[str]) -> str:
    """The values once each, joined by commas."""
    return ", ".join(dict.fromkeys(values))


def said_yes(draft: Draft | None) -> Draft | None:
    """The draft with "Yes" as its reply."""
    if draft is not None:
        draft.reply = "Yes"
    return draft


class Asker:
    """Writes queries about a finished stage."""

    def __init__(self, stage: Stage, rng: random.Random) -> None:
        self.stage, self.rng = stage, rng
        self.by_kind: dict[tuple[int, str], list[Fact]] = defaultdict(list)
        for fact in stage.facts:
            self.by_kind[id(fact.person), fact.schema.name].append(fact)
        self.people: list[Person] = list({id(fact.person): fact.person for fact in stage.facts}.values())

    def siblings(self, fact: Fact) -> list[Fact]:
        """Facts of the same schema about the same person, in the order told, this one included."""
        return self.by_kind[id(fact.person), fact.schema.name]

    def blurred(self, person: Person, schema: Schema) -> bool:
        """Has the person told something of another card that may answer this card's queries?"""
        return any(fact.person is person and schema.answered_by(fact.schema) for fact in self.stage.facts)

    def title(self, person: Person) -> str:
        """What a query calls a person: a name, "I", or "Melanie's sister"."""
        stage = self.stage
        if not person.relation:
            return "I" if stage.app else person.name
        anchor = person.anchor
        if anchor is None or (anchor in stage.speakers and stage.app):
            return called(person, "my", self.rng)
        if anchor.relation:
            owner = possessive(self.title(anchor))
            return (
                f"the {person.relation} of {self.title(anchor)}"
                if self.rng.random() < 0.4
                else f"{owner} {person.relation}"
            )
        return called(person, possessive(anchor.name), self.rng)

    def view(self, person: Person, title: str | None = None) -> dict[str, str]:
        """The view of a query on a person."""
        title = title or self.title(person)
        if title == "I":
            return {**first_person(), "P0": "me"}
        return {**third_person(title, person.gender), "P0": title}

    def hops(self, person: Person, title: str, evidence: Iterable[int]) -> frozenset[int]:
        """Turns that say who a person is, where the query names a person otherwise than the evidence does."""
        leads: set[int] = set()
        step: Person | None = person
        while step is not None and step.relation:
            texts = [self.stage.turns[turn].text for turn in evidence]
            words = step.name if step.name in title else step.relation
            if words in title and not all(words in text for text in texts) and id(step) in self.stage.links:
                leads.add(self.stage.links[id(step)])
            step = step.anchor
        return frozenset(leads - set(evidence))

    def context(self, fact: Fact, view: Mapping[str, str]) -> dict[str, str]:
        """Values and forms of the fact for a template of a query."""
        context = self.stage.values(fact, view)
        context["month"] = month_of(fact.date)
        context["date"] = date_text(fact.date, self.rng)
        return context

    def draft(
        self,
        kind: str,
        fact: Fact,
        template: str,
        variable: str,
        *,
        view: Mapping[str, str] | None = None,
        dated: float = 0.0,
    ) -> Draft | None:
        """A query on one value ("" the fact itself) of a fact; None where it would not be fair."""
        evidence = fact.told.get(variable)
        if not evidence:
            return None
        title = ""
        if view is None:
            title = self.title(fact.person)
            while " of " in title and "{Ps}" in template:
                title = self.title(fact.person)
            view = self.view(fact.person, title)
        context = self.context(fact, view)
        text = expand(template, context, self.rng)
        answer = self.stage.rendered(fact, variable, view) if variable else ""
        if variable and answer.lower() in text.lower():
            return None
        stated = [n for n in fact.values if n != variable and context.get(n) and context[n].lower() in text.lower()]
        if any(name not in fact.told for name in stated) or (not stated and "{P" not in template):
            return None
        if not stated and kind == "single" and "{ger}" not in template and self.blurred(fact.person, fact.schema):
            return None
        rivals, reply = [other for other in self.siblings(fact) if other is not fact], ""
        rivals = [
            other
            for other in rivals
            if all(self.stage.rendered(other, n, view) == context[n] for n in stated if n in other.values)
        ]
        if fact.schema.kind == "plan" and variable or not _PAST.search(template):
            dated = 0.0
        if (
            fact.date
            and fact.exact
            and fact.schema.kind == "event"
            and _PAST.search(template)
            and ((rivals and kind == "single") or self.rng.random() < dated)
        ):
            if any(abs(other.date - fact.date) < 45 * DAY for other in rivals) or "{when" in template:
                return None
            far = not any(month_of(o.date) == month_of(fact.date) for o in rivals) and self.rng.random() < 0.5
            words = f"in {context['month']}" if far else f"{pick(self.rng, ('on', 'around'))} {context['date']}"
            text = text.rstrip("?") + f" {words}?"
            kind, rivals = "temporal", []
        if rivals and fact.schema.kind == "state" and "many" not in fact.schema.tags and kind == "single":
            if any(other.main > fact.main for other in rivals):
                return None  # asked without a date, the newest is meant
            kind, rivals = "update", []
        if rivals:
            if kind != "single" or not variable:
                return None
            evidence = evidence.union(*(other.told.get(variable, set()) for other in rivals))
            if len(evidence) > 1:
                values = [self.stage.rendered(one, variable, view) for one in (fact, *rivals) if variable in one.told]
                kind, answer, reply = "multi", "", listed(values)
        hops = self.hops(fact.person, title, evidence) if title else frozenset()
        return Draft(
            "two-hop" if hops else kind,
            tidy(text, self.rng, casual=False),
            frozenset(evidence),
            answer,
            hops,
            reply=reply,
        )

    def about(self, fact: Fact) -> list[Draft]:
        """Queries on the fact's values, its date, its details and what follows from it."""
        rng, schema = self.rng, fact.schema
        found: list[Draft | None] = []
        for variable in schema.variables_of("ask"):
            if variable in fact.told:
                found.append(self.draft("single", fact, pick(rng, schema.get(f"ask {variable}")), variable, dated=0.15))
        for more in fact.details.values():
            query = more.query
            if (
                schema.kind == "event"
                and schema.get("past")
                and "did" in query
                and not _FORMS.search(query)
                and rng.random() < 0.7
            ):
                query = query.rstrip("?") + pick(rng, (" when {p} {past}?", " after {ger}?"))
            found.append(self.draft("single", fact, query, more.variable, dated=0.05))
        if schema.kind == "event" and schema.get("base"):
            when = [*schema.get("when"), *phrases.WHEN_ASKS]
            for template in rng.sample(when, min(2, len(when))):
                found.append(self.draft("temporal", fact, template, ""))
            if rng.random() < 0.1:
                found.append(said_yes(self.draft("single", fact, pick(rng, phrases.DID_ASKS), "")))
        if schema.get("ger") and schema.kind == "event" and rng.random() < 0.12:
            found.append(self.draft("single", fact, pick(rng, phrases.SAID_ASKS), ""))
        if schema.kind == "plan" and schema.get("base"):
            found.append(self.draft("temporal", fact, pick(rng, phrases.PLAN_WHEN_ASKS), ""))
        if schema.get("infer") and len(self.siblings(fact)) == 1:
            found.append(self.draft("inference", fact, pick(rng, schema.get("infer")), ""))
        return [draft for draft in found if draft]

    def updates(self) -> list[Draft]:
        """Where a state has changed: the newest, or the one before."""
        found = []
        for facts in self.by_kind.values():
            facts = sorted(facts, key=lambda fact: fact.main)
            mates = [other.schema for other in self.stage.facts if other.person is facts[0].person]
            if any(mate.answered_by(facts[0].schema) or facts[0].schema.answered_by(mate) for mate in mates):
                continue
            for variable in facts[0].schema.variables_of("now"):
                if (
                    len(facts) < 2
                    or "many" in facts[0].schema.tags
                    or len({fact.values[variable] for fact in facts}) < len(facts)
                ):
                    continue
                for key, fact in (("now", facts[-1]), ("old", facts[-2])):
                    if templates := fact.schema.get(f"{key} {variable}"):
                        found.append(self.bare("update", fact, pick(self.rng, templates), variable))
        return [draft for draft in found if draft]

    def bare(self, kind: str, fact: Fact, template: str, variable: str) -> Draft | None:
        """A query without regard to facts of the same kind."""
        if not fact.told.get(variable):
            return None
        title = self.title(fact.person)
        view = self.view(fact.person, title)
        text = expand(template, self.context(fact, view), self.rng)
        evidence = frozenset(fact.told[variable])
        return Draft(
            kind,
            tidy(text, self.rng, casual=False),
            evidence,
            self.stage.rendered(fact, variable, view),
            self.hops(fact.person, title, evidence),
        )

    def collections(self) -> list[Draft]:
        """Queries whose evidence is spread over several turns."""
        rng, found = self.rng, []
        groups: dict[tuple[int, str], list[Fact]] = defaultdict(list)
        for facts in self.by_kind.values():
            schema, person = facts[0].schema, facts[0].person
            for group in schema.groups:
                groups[id(person), group].extend(facts)
            if len(facts) < 2:
                continue
            title = self.title(person)
            view = self.view(person, title)
            for variable in schema.variables_of("all"):
                turns = frozenset().union(*(fact.told.get(variable, set()) for fact in facts))
                values = [self.stage.rendered(fact, variable, view) for fact in facts if variable in fact.told]
                found.append(self.collect(pick(rng, schema.get(f"all {variable}")), view, turns, listed(values)))
            for template in schema.get("count"):
                mains = frozenset(fact.main for fact in facts)
                found.append(self.collect(template, view, mains, str(len(facts))))
        for (_, group), facts in groups.items():
            if group in phrases.GROUP_ASKS and 2 <= len(facts) <= 7 and len({fact.schema.name for fact in facts}) > 1:
                view = self.view(facts[0].person)
                found.append(self.collect(pick(rng, phrases.GROUP_ASKS[group]), view, frozenset(f.main for f in facts)))
        return [draft for draft in [*found, *self._shared()] if draft and len(draft.evidence) > 1]

    def collect(self, template: str, view: Mapping[str, str], turns: frozenset[int], reply: str = "") -> Draft:
        return Draft("multi", tidy(expand(template, view, self.rng), self.rng, casual=False), turns, reply=reply)

    def _shared(self) -> list[Draft]:
        """What both speakers have told with the same value."""
        if self.stage.app:
            return []
        first, second = self.stage.speakers
        both = f"both {first.name} and {second.name}"
        view = {
            **third_person(both, "f"),
            "P0": both,
            "Ps": f"{first.name} and {second.name}'s",
            "p": "they",
            "his": "their",
            "him": "them",
            "is": "are",
            "was": "were",
            "has": "have",
            "does": "do",
            "s": "",
            "es": "",
        }
        found = []
        for fact in self.stage.facts:
            others = self.by_kind.get((id(second), fact.schema.name), []) if fact.person is first else []
            for variable in fact.schema.variables_of("all"):
                for other in others:
                    if (
                        fact.values[variable] == other.values[variable]
                        and variable in fact.told
                        and variable in other.told
                    ):
                        template = pick(self.rng, fact.schema.get(f"all {variable}"))
                        found.append(
                            self.collect(
                                template,
                                view,
                                frozenset(fact.told[variable] | other.told[variable]),
                                self.stage.rendered(fact, variable, view),
                            )
                        )
        return found

    def companions(self) -> list[Draft]:
        """Two hops over somebody who came along."""
        found = []
        for fact in self.stage.facts:
            friend = fact.companion
            if friend is None or "companion" not in fact.told:
                continue
            view = self.view(fact.person)
            context = self.context(fact, view)
            title = f"the person {context['P']} {context['past']} with"
            for other in self.stage.facts:
                for variable in other.schema.variables_of("ask") if other.person is friend else []:
                    template = pick(self.rng, other.schema.get(f"ask {variable}"))
                    if "{Ps}" in template:
                        continue
                    draft = self.draft("two-hop", other, template, variable, view=self.view(friend, title))
                    if draft:
                        draft.hops = frozenset(fact.told["companion"]) - draft.evidence
                        found.append(draft)
        return found
