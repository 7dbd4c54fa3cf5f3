"""English words for a year of chats (``year``): the generator's cards told, told again, changed, corrected and asked.

Forms that the generator holds out ("unsay") are used besides the others. Does not know: turns, labels.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from knowledge.training.generated import fillers, phrases
from knowledge.training.generated.generator import SCHEMAS
from knowledge.training.generated.grammar import Person, expand, pick, tidy
from knowledge.training.generated.records import Fact as CardFact
from knowledge.training.generated.schemas import Schema
from knowledge.training.generated.talk import Stage
from knowledge.training.generated.times import future_phrase, past_phrase
from knowledge.training.generated.values import POOLS, names
from tests.benchmarks import year_words as words
from tests.benchmarks.year import Fact, Said

PEOPLE = 24  # whom the person talks of
OWN = 0.3  # share of what is told of oneself, while there is something left
TWICE = 3  # facts of one kind of one person at most, where a card says that there may be many
ASIDE, BEFORE, LEAD, FRAME = 0.35, 0.25, 0.4, 0.6
MOVED = {"lives": "move", "works": "newjob"}  # a state and the event that changes it
SAME = {"place": "company"}  # what a state's variable is called in that event
_VARIABLE = re.compile(r"{(\w+)}")
_OPTIONAL = re.compile(r"\[[^\[\]]*\|\]")
_SELF = re.compile(r"\b(I|we|my|me|us|our|I'm|I've|We|My|Our|myself)\b")


def plain(template: str) -> str:
    """Without what may be left out."""
    return _OPTIONAL.sub("", template)


class English:
    """One person's way of speaking; used up by one year."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(f"english:{seed}")
        self.me = Person("", rng.choice("fm"))
        self.stage = Stage(rng, [self.me, Person("", "f")], [0.0], app=True)
        self.kin: list[Person] = []
        taken: set[str] = set()
        relations = [(one, "f") for one in POOLS["kinf"]] + [(one, "m") for one in POOLS["kinm"] if one != "cousin"]
        relations += [(one, rng.choice("fm")) for one in POOLS["folk"] if one != "roommate"]
        for relation, gender in rng.sample(relations, PEOPLE):
            name = rng.choice([one for one in names(gender) if one not in taken])
            taken.add(name)
            self.kin.append(Person(name, gender, relation, self.me))
        self.taken = taken

    # ---- facts ----------------------------------------------------------------------------------------------------

    def fresh(self, facts: Sequence[Fact]) -> Fact | None:
        rng = self.rng
        for _ in range(40):
            who = self.me if rng.random() < OWN else rng.choice(self.kin)
            card = rng.choice(SCHEMAS)
            same = [one for one in facts if one.who is who and one.card is card]
            if card.name in MOVED.values() or (who is not self.me and "kin" not in card.tags):
                continue
            if len(same) >= (TWICE if "many" in card.tags else 1) or not self._templates(card, who):
                continue
            values = card.draw(rng)
            if set(values.values()) & self.taken or any(set(values.values()) & set(f.values.values()) for f in same):
                continue
            return Fact(card, who, values)
        return None

    def told(self, fact: Fact) -> Said:
        rng, card = self.rng, fact.card
        lead, answers = card.get("lead"), card.get("ans")
        if lead and answers and fact.who is self.me and rng.random() < LEAD:
            asking = self.stage.asking(self.me, 0)
            question = tidy(expand(pick(rng, lead), self._values(fact, asking), rng), rng)
            said = self._said(fact, pick(rng, answers))
            return Said(said.text + self._aside(card), said.states, question)
        said = self._said(fact, pick(rng, self._templates(card, fact.who)))
        text = said.text
        if rng.random() < BEFORE:
            text = self._framed(expand(pick(rng, phrases.BEFORE), {}, rng) + " {x}", text, fact)
        return Said(text + (self._aside(card) if fact.who is self.me else ""), said.states)

    def again(self, fact: Fact) -> Said | None:
        rng, card = self.rng, fact.card
        forms = [one for one in self._templates(card, fact.who) if one not in fact.used and "{when}" not in one]
        forms += phrases.RESAID if card.get("past") else ()
        rng.shuffle(forms)
        for form in forms:
            said = self._said(fact, plain(form))
            more = any(piece in said.text for piece in words.TELLS_MORE)
            if said.states and said.states <= fact.stated.keys() and not more:
                framed = form not in phrases.RESAID and rng.random() < FRAME
                frame = pick(rng, words.AGAIN) if framed else "{x}"
                return Said(self._framed(frame, said.text, fact), said.states)
        return None

    def changed(self, fact: Fact) -> Said | None:
        rng, card = self.rng, fact.card
        if card.kind != "state" or "many" in card.tags:
            return None
        new = self._other(fact)
        if new is None:
            return None
        fact.values = new
        event = next((one for one in SCHEMAS if one.name == MOVED.get(card.name)), None)
        if event and rng.random() < 0.5 and (forms := self._templates(event, fact.who)):
            drawn = event.draw(rng) | {SAME.get(name, name): text for name, text in new.items()}
            said = self._said(Fact(event, fact.who, drawn), plain(pick(rng, forms)))
            back = {there: here for here, there in SAME.items()}
            return Said(said.text, frozenset(back.get(name, name) for name in said.states) & new.keys())
        forms = [one for one in self._templates(card, fact.who) if "ago" not in one]
        said = self._said(fact, plain(pick(rng, forms)))
        clear = any(f" {piece} " in f" {said.text.lower().rstrip('.')} " for piece in words.NEW)
        frame = "{x}" if clear and rng.random() > FRAME else pick(rng, words.CHANGED)
        return Said(self._framed(frame, said.text, fact), said.states)

    def corrected(self, fact: Fact) -> Said | None:
        rng = self.rng
        new = self._other(fact)
        forms = [one for one in self._templates(fact.card, fact.who) if "{when}" not in one]
        if new is None or not forms:
            return None
        old, form = fact.values, plain(pick(rng, forms))
        stated = sorted(self._said(fact, form).states & fact.stated.keys())
        if not stated:
            return None
        wrong = rng.choice(stated)  # one thing was said wrongly, the rest of it holds
        fact.values = old | {wrong: new[wrong]}
        said = self._said(fact, form)
        if wrong not in said.states:
            fact.values = old
            return None
        return Said(self._framed(pick(rng, words.CORRECTED), said.text, fact), said.states)

    def ended(self, fact: Fact) -> Said | None:
        if fact.card.kind != "plan" or not fact.card.get("base"):
            return None
        return self._said(fact, pick(self.rng, words.ENDED))

    def detail(self, fact: Fact) -> tuple[str, str, str] | None:
        rng, card = self.rng, fact.card
        own = fact.who is self.me
        if card.kind == "state":  # may change, and what was told of it with it
            return None
        left = [one for one in card.details if one.answer not in fact.used and one.variable not in fact.stated]
        left = [one for one in left if own or not _SELF.search(one.answer)]
        if not left:
            return None
        more = rng.choice(left)
        fact.used.add(more.answer)
        view, asking = self.stage.view(fact.who, 0), self.stage.asking(fact.who, 0)
        answer = tidy(expand(more.answer, self._values(fact, view), rng), rng)
        value = self.stage.rendered(CardFact(card, fact.who, fact.values), more.variable, view)
        question = self._asked(fact, more.query, more.variable)
        clear = value.lower() in answer.lower() and question is not None
        asked = tidy(expand(more.question, {**self._values(fact, asking), "s": "", "es": ""}, rng), rng)
        return asked, answer, question or "" if clear else ""

    def echo(self, fact: Fact) -> Said | None:
        rng = self.rng
        forms = [one for one in (*fact.card.get("say"), *fact.card.get("unsay")) if not _SELF.search(plain(one))]
        forms = [one for one in forms if "{when}" not in one]
        if not forms:
            return None
        said = self._said(fact, plain(pick(rng, forms)), self._yours(fact.who))
        if not said.states <= fact.stated.keys():
            return None
        return Said(self._framed(pick(rng, words.ECHO), said.text, fact), said.states)

    def acknowledged(self, fact: Fact) -> str:
        rng, card = self.rng, fact.card
        asking = self._values(fact, self.stage.asking(fact.who, 0))
        untold = card.variables.keys() - fact.stated.keys()
        own = [one for one in card.get("react") if not untold & set(_VARIABLE.findall(one))]
        react = expand(pick(rng, own or phrases.PLAIN_REACTS), asking, rng)
        frames = phrases.SAD_REACTIONS if "sad" in card.tags else phrases.APP_REACTIONS
        return tidy(expand(pick(rng, frames), {**asking, "react": react}, rng), rng)

    # ---- questions ------------------------------------------------------------------------------------------------

    def question(self, fact: Fact, facts: Sequence[Fact]) -> tuple[str, str] | None:
        card = fact.card
        beside = [one for one in facts if one.who is fact.who and one is not fact]
        if any(one.card is card or card.answered_by(one.card) for one in beside):
            return None
        asks = [(name, one) for name in card.variables_of("ask") for one in card.get(f"ask {name}")]
        self.rng.shuffle(asks)
        for name, template in asks:
            if name in fact.stated and (text := self._asked(fact, template, name)):
                return text, name
        return None

    def past(self, fact: Fact) -> tuple[str, str] | None:
        assert fact.before
        values, stated = fact.before
        for name in fact.card.variables_of("old"):
            if name in stated and values[name] != fact.values.get(name):
                template = pick(self.rng, fact.card.get(f"old {name}"))
                return self._question(fact, template), name
        return None

    def untold(self, facts: Sequence[Fact]) -> tuple[str, str]:
        rng = self.rng
        while True:
            who, card = rng.choice([self.me, *self.kin]), rng.choice(SCHEMAS)
            known = any(one.who is who and (one.card is card or card.answered_by(one.card)) for one in facts)
            asks = [one for name in card.variables_of("ask") for one in card.get(f"ask {name}")]
            asks = [one for one in asks if not set(_VARIABLE.findall(one)) & card.variables.keys()]
            if asks and not known and (who is self.me or "kin" in card.tags):
                return self._question(Fact(card, who, card.draw(rng)), pick(rng, asks)), pick(rng, words.UNTOLD)

    def request(self) -> tuple[str, str]:
        rng = self.rng
        asked, answer = pick(rng, words.REQUESTS)
        drawn = words.Drawn(rng)
        return tidy(expand(asked, drawn, rng), rng), tidy(expand(answer, drawn, rng), rng)

    def small_talk(self) -> tuple[str, str]:
        rng = self.rng
        said, reply = pick(rng, words.SMALL_TALK)
        return tidy(expand(said, {}, rng), rng), tidy(expand(reply, {}, rng), rng)

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _templates(self, card: Schema, who: Person) -> list[str]:
        own = who is self.me
        held = [line for line in card.get("unsay") if own or not _SELF.search(line)]
        return list(dict.fromkeys([*self.stage.statements(card, own), *held]))

    def _values(self, fact: Fact, view: Mapping[str, str]) -> dict[str, str]:
        context = self.stage.values(CardFact(fact.card, fact.who, fact.values), view)
        phrase = future_phrase if fact.card.kind == "plan" else past_phrase
        return {**context, "when": phrase(self.rng, 1.72e9)[0]}

    def _said(self, fact: Fact, template: str, view: Mapping[str, str] | None = None) -> Said:
        """The template as the person says it, or as of ``view``."""
        context = self._values(fact, view or self.stage.view(fact.who, 0))
        text = tidy(expand(template, context, self.rng), self.rng)
        if view is None:
            self.stage.links.setdefault(id(fact.who), 0)
            fact.used.add(template)
        lower = text.lower()
        return Said(text, frozenset(name for name in fact.values if context[name] and context[name].lower() in lower))

    def _other(self, fact: Fact) -> dict[str, str] | None:
        """Other values of the same variables, none of them the same; None where the card has none."""
        for _ in range(8):
            new = fact.card.draw(self.rng)
            if not set(new.values()) & (set(fact.values.values()) | self.taken):
                return {name: new[name] for name in fact.card.variables}
        return None

    def _asked(self, fact: Fact, template: str, name: str) -> str | None:
        """The question, where it gives nothing away and names nothing that was not told with the answer."""
        view = self._yours(fact.who, my=True)
        context = self._values(fact, view)
        text = self._question(fact, template)
        named = [one for one in fact.values if one != name and context[one] and context[one].lower() in text.lower()]
        if context[name].lower() in text.lower() or any(one not in fact.stated for one in named):
            return None
        return text if named or "{P" in template else None

    def _question(self, fact: Fact, template: str) -> str:
        view = self._yours(fact.who, my=True)
        return tidy(expand(template, self._values(fact, view), self.rng), self.rng, casual=False)

    def _yours(self, who: Person, *, my: bool = False) -> dict[str, str]:
        """The view of the assistant on somebody, or (``my``) of a question of the person on them."""
        if who is self.me:
            return dict(self.stage.view(who, 0)) if my else self.stage.asking(who, 0)
        view = self.stage.view(who, 0)
        title = f"{'my' if my else 'your'} {who.relation} {who.name}"
        return {**view, "P": title, "P0": title, "Ps": f"{title}'s"}

    def _aside(self, card: Schema) -> str:
        if self.rng.random() > ASIDE:
            return ""
        groups = [one for one in card.groups if one in fillers.TOPICS]
        pool = fillers.TOPICS[pick(self.rng, groups)] if groups and self.rng.random() < 0.5 else fillers.ASIDES
        text = tidy(expand(pick(self.rng, pool), {}, self.rng), self.rng)
        return f" {text}" if text[-1] in ".!?" else f" {text}."

    def _framed(self, frame: str, text: str, fact: Fact) -> str:
        """The frame with the text in it, small where it stands inside a sentence and begins with no name."""
        names = [one.name for one in self.kin] + [one for one in fact.values.values() if one[:1].isupper()]
        inside = frame.partition("{x}")[0].strip()[-1:] not in (".", "?", "", "!")
        if inside and not text.startswith(("I ", "I'", *names)):
            text = text[:1].lower() + text[1:]
        return frame.replace("{x}", text)
