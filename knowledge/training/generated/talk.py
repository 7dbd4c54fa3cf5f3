"""How facts are told: sessions of turns between two people, or between a person and an assistant.

Keeps for every fact which turn states which of its values. Does not know what will be asked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from knowledge.training.generated import fillers as fillers
from knowledge.training.generated import phrases as phrases
from knowledge.training.generated import requests as requests
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
from knowledge.training.generated.records import Fact, Spoken
from knowledge.training.generated.schemas import More, Schema
from knowledge.training.generated.times import future_phrase, past_phrase

_SELF = re.compile(r"\b(I|we|my|me|us|our|I'm|I've|We|My|Our|myself)\b")


def _gives_away(more: More, schema: Schema) -> bool:
    """Would the query, asked by the partner, state a value that only the answer states?"""
    return "{" + more.variable + "}" in more.query or bool(schema.kind == "plan")


class Stage:
    """A conversation under construction: who speaks, when, and what has been said."""

    def __init__(
        self, rng: random.Random, speakers: Sequence[Person], times: Sequence[float], *, app: bool, unseen: bool = False
    ) -> None:
        self.rng, self.speakers, self.times, self.app, self.unseen = rng, speakers, times, app, unseen
        self.session = 0
        self.turns: list[Spoken] = []
        self.facts: list[Fact] = []
        self.links: dict[int, int] = {}  # id(person) → turn that says who they are

    def say(self, who: int, text: str) -> int:
        """Add a turn, or join to the last one where the same person speaks on. Returns the turn's index."""
        text = tidy(text, self.rng)
        if self.turns and (last := self.turns[-1]).who == who and last.session == self.session:
            last.text += " " + text
        else:
            self.turns.append(Spoken(who, self.session, text))
        return len(self.turns) - 1

    def view(self, person: Person, teller: int) -> dict[str, str]:
        """How the teller speaks of a person; the first mention of a third person says who they are."""
        if person is self.speakers[teller]:
            return {**first_person(), "P0": "me"}
        owner = (
            "my" if person.anchor is self.speakers[teller] else possessive(person.anchor.name if person.anchor else "")
        )
        if id(person) in self.links:
            name = called(person, owner, self.rng)
        else:
            name = f"{owner} {person.relation} {person.name}"
        return {**third_person(name, person.gender), "P0": name}

    def asking(self, person: Person, teller: int) -> dict[str, str]:
        """How the partner asks the teller of a person."""
        if person is self.speakers[teller]:
            you = dict.fromkeys(("P", "p", "him", "P0"), "you") | dict.fromkeys(("Ps", "his"), "your")
            return {
                **you,
                "self": "yourself",
                "is": "are",
                "was": "were",
                "has": "have",
                "does": "do",
                "s": "",
                "es": "",
            }
        pronoun = {"f": ("she", "her"), "m": ("he", "him")}[person.gender]
        return {
            **third_person(pronoun[0], person.gender),
            "P0": pronoun[1],
            "Ps": "her" if person.gender == "f" else "his",
        }

    @property
    def you(self) -> dict[int, str]:
        """What each speaker calls the partner."""
        return {0: self.speakers[1].name, 1: self.speakers[0].name}

    def chat(self, count: int = 1) -> None:
        """Turns without a fact."""
        rng = self.rng
        for _ in range(count):
            if self.app:
                request, answer = pick(rng, requests.PAIRS)
                drawn = requests.Drawn(rng)
                self.say(0, expand(request, drawn, rng) + self._around(fillers.ASIDES, 0.15))
                self.say(1, expand(answer, drawn, rng) + self._around(requests.OFFERS, 0.5))
            else:
                who = 1 - self.turns[-1].who if self.turns else int(rng.random() * 2)
                pool = phrases.SMALL_TALK if rng.random() < 0.6 else fillers.MORE_SMALL_TALK
                text = self._around(pool, 1, 0.8, 0.5, you=self.you[who])
                self.say(who, text + self._around(fillers.ENCOURAGEMENTS, 0.4) + self._around(fillers.ASIDES, 0.15))

    def open(self) -> None:
        """Greetings of a session."""
        rng = self.rng
        if self.app:
            if rng.random() < 0.5:
                self.say(0, expand(pick(rng, phrases.APP_GREETINGS), {}, rng))
                self.say(1, expand(pick(rng, phrases.APP_GREETING_REPLIES), {}, rng))
            return
        first = int(rng.random() * 2)
        self.say(first, expand(pick(rng, phrases.GREETINGS), {"you": self.you[first]}, rng))
        if rng.random() < 0.6:
            self.say(1 - first, expand(pick(rng, phrases.GREETINGS), {"you": self.you[1 - first]}, rng))

    def close(self) -> None:
        """Farewells of a session."""
        if self.app:
            return
        who = 1 - self.turns[-1].who
        for speaker in (who, 1 - who):
            self.say(speaker, expand(pick(self.rng, phrases.FAREWELLS), {"you": self.you[speaker]}, self.rng))

    def values(self, fact: Fact, view: Mapping[str, str]) -> dict[str, str]:
        """The fact's values and general forms as said of a person in this view."""
        rng = self.rng
        context = {**view, "you": "", "month": "", "date": "", "when": ""}
        for name, text in fact.values.items():
            context[name] = expand(text, context, rng) if "{" in text else text
        for form in ("base", "past", "ger"):
            lines = fact.schema.get(form)
            context[form] = expand(pick(rng, lines), context, rng) if lines else ""
        return context

    def tell(self, who: int, fact: Fact) -> None:
        """Tell a fact over one or several turns and note what each turn states."""
        rng, schema, partner = self.rng, fact.schema, 1 - who
        own = fact.person is self.speakers[who]
        fact.session = self.session
        phrase, fact.date, fact.exact = (future_phrase if schema.kind == "plan" else past_phrase)(
            rng, self.times[self.session]
        )
        view, asking = self.view(fact.person, who), self.asking(fact.person, who)
        context = self.values(fact, view)
        context["when"] = phrase
        asked = self.values(fact, asking)
        answers, leads, draw = schema.get("ans"), schema.get("lead"), rng.random()
        if leads and answers and own and draw < 0.45:
            self.say(partner, expand(pick(rng, leads), asked, rng))
            text = expand(pick(rng, answers), context, rng)
        else:
            text = expand(pick(rng, self.statements(schema, own)), context, rng)
            if draw > 0.6 and not self.unseen and (question := self._outright(fact, asked)):
                self.say(partner, question)
            elif rng.random() < 0.35:
                before = expand(pick(rng, phrases.BEFORE), context, rng)
                proper = text.startswith(
                    ("I ", "I'", fact.person.name or "I ", *(v for v in context.values() if v[:1].isupper()))
                )
                text = f"{before} {text if proper or not before.endswith(',') else text[:1].lower() + text[1:]}"
        if phrase not in text and schema.kind == "event":
            fact.date, fact.exact = self.times[self.session], True
        if schema.kind == "event" and context["past"] and context["past"] not in text and rng.random() < 0.5:
            text += " " + expand(pick(rng, phrases.RESAID), context, rng)
        details = [more for more in schema.details if rng.random() < 0.55 and (own or not _SELF.search(more.answer))]
        rng.shuffle(details)
        folded = details.pop() if details and rng.random() < 0.3 else None
        if folded:
            text += " " + expand(folded.answer, context, rng)
        if own:
            text += self._around(self._aside(schema), 0.85) + self._around(fillers.ASIDES, 0.7, 0.3)
        self._note(fact, self.say(who, text), text, context, main=True)
        if folded:
            fact.details[folded.variable] = folded
        if id(fact.person) not in self.links:
            self.links[id(fact.person)] = fact.main
        self._react(partner, fact, asked)
        for more in details[:2] + self._general(fact, own):
            asked |= {key: self.rendered(fact, key, asking) for key in fact.values if key not in asked}
            outright = more.query if rng.random() < 0.5 and not _gives_away(more, schema) else more.question
            self.say(partner, expand(outright, {**asked, "s": "", "es": ""}, rng))
            context |= {key: self.rendered(fact, key, view) for key in fact.values if key not in context}
            text = expand(more.answer, context, rng)
            if context["ger"] and rng.random() < 0.4:
                text += " " + expand(pick(rng, phrases.RESTATED), context, rng)
            text += self._around(self._aside(schema), 0.75) + self._around(fillers.ASIDES, 0.5, 0.2)
            self._note(fact, self.say(who, text), text, context)
            fact.details[more.variable] = more
        self.facts.append(fact)

    def _outright(self, fact: Fact, asked: Mapping[str, str]) -> str:
        """The partner asks for the fact in words close to a later query; "" where that would tell a value."""
        variables = fact.schema.variables_of("ask")
        if not variables:
            return ""
        question = expand(pick(self.rng, fact.schema.get("ask " + pick(self.rng, variables))), asked, self.rng)
        values = [asked[name].lower() for name in fact.values]
        return "" if any(text in question.lower() for text in values) or " you's" in question else question

    def _around(self, pool: Sequence[str], *chances: float, you: str = "") -> str:
        """Sentences without facts, each added with its chance."""
        rng = self.rng
        chosen = dict.fromkeys(pick(rng, pool) for chance in chances if rng.random() < chance)
        texts = [expand(template, {"you": you}, rng).rstrip() for template in chosen]
        return "".join(f" {text}" if text.endswith((".", "!", "?")) else f" {text}." for text in texts)

    def _aside(self, schema: Schema) -> Sequence[str]:
        """What may follow a statement: about oneself, or about the topic."""
        draw = self.rng.random()
        if draw < 0.35 and (groups := [group for group in schema.groups if group in fillers.TOPICS]):
            return fillers.TOPICS[self.rng.choice(groups)]
        return (
            phrases.AFTER[:3] if draw < 0.5 else phrases.AFTER[3:] if draw < 0.65 and not self.app else fillers.ASIDES
        )

    def rendered(self, fact: Fact, name: str, view: Mapping[str, str]) -> str:
        """A value in a view."""
        text = fact.values[name]
        return expand(text, view, self.rng) if "{" in text else text

    def statements(self, schema: Schema, own: bool) -> list[str]:
        """Templates that can state the fact, of oneself or of somebody else; there may be none."""
        said = schema.get("unsay") if self.unseen and schema.get("unsay") else schema.get("say")
        lines = [line for line in said if own or not _SELF.search(line)]
        if "solo" in schema.tags or not schema.get("base") or self.unseen:
            return lines
        if schema.kind == "plan":
            return lines + list(phrases.PLAN_SAYS)
        return (
            lines + list(phrases.EVENT_SAYS) if schema.get("past") and self.rng.random() < 0.5 or not lines else lines
        )

    def _note(self, fact: Fact, turn: int, text: str, context: Mapping[str, str], *, main: bool = False) -> None:
        lower = text.lower()
        if main:
            fact.told.setdefault("", set()).add(turn)
        for name in fact.values:
            if context.get(name) and context[name].lower() in lower:
                fact.told.setdefault(name, set()).add(turn)

    def _general(self, fact: Fact, own: bool) -> list[More]:
        """Details every event may have: feelings, company, lessons."""
        rng, found = self.rng, []
        if fact.schema.kind != "event" or not own or not fact.schema.get("ger"):
            return []
        if rng.random() < 0.15:
            fact.values["feeling"] = pick(rng, phrases.FEELINGS)
            found.append(More("feeling", *phrases.FEEL))
        if "with" in fact.schema.tags and rng.random() < 0.4:
            others = [known.person for known in self.facts if known.person.anchor is fact.person]
            if others and rng.random() < 0.6:
                fact.companion = rng.choice(others)
                fact.values["companion"] = fact.companion.name
            else:
                fact.values["companion"] = "{his} " + rng.choice(
                    ("wife", "kids", "dad", "neighbors", "book club", "dog", "twin")
                )
            found.append(More("companion", *phrases.WITH))
        if rng.random() < 0.08:
            fact.values["lesson"] = pick(rng, phrases.LESSONS)
            found.append(More("lesson", *phrases.LESSON))
        return found

    def _react(self, partner: int, fact: Fact, asked: Mapping[str, str]) -> None:
        rng = self.rng
        if rng.random() < 0.12:
            return
        own = list(fact.schema.get("react")) or list(phrases.PLAIN_REACTS)
        sad = "sad" in fact.schema.tags
        if fact.schema.get("ger") and rng.random() < 0.3 and not sad:
            own = list(phrases.EVENT_REACTS)
        ger = asked["ger"]
        context = {**asked, "you": self.you[partner], "Ger": ger[:1].upper() + ger[1:]}
        context["react"] = expand(pick(rng, own), context, rng)
        frames = phrases.SAD_REACTIONS if sad else phrases.APP_REACTIONS if self.app else phrases.REACTIONS
        text = expand(pick(rng, frames), context, rng)
        groups = [group for group in fact.schema.groups if group in fillers.TOPICS]
        topic = fillers.TOPICS[rng.choice(groups)] if groups else fillers.ENCOURAGEMENTS
        text += (
            self._around(topic, 0.35)
            if self.app
            else self._around(fillers.ENCOURAGEMENTS, 0.9, 0.5, 0.2) + self._around(topic, 0.4)
        )
        self.say(partner, text)
