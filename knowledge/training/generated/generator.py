"""Long synthetic dialogues with queries whose evidence is known: what the read is trained on.

``generate`` and ``followups`` are deterministic for a seed (``random.Random`` only) and use no data but the templates
and word lists in the ``generator_*`` files. A scene is written by telling facts (cards, see ``generator_schemas``) over
sessions, between chit-chat; then queries are drawn in the shares of ``SHARES``. Does not know vectors or networks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.training.generated import facts_daily as generator_facts_daily
from knowledge.training.generated import facts_home as generator_facts_home
from knowledge.training.generated import facts_leisure as generator_facts_leisure
from knowledge.training.generated import facts_life as generator_facts_life
from knowledge.training.generated import facts_people as generator_facts_people
from knowledge.training.generated import facts_social as generator_facts_social
from knowledge.training.generated.dated import dated, lately
from knowledge.training.generated.documents import Paper, document
from knowledge.training.generated.followups import followups_of
from knowledge.training.generated.grammar import Person
from knowledge.training.generated.questions import Asker
from knowledge.training.generated.records import Draft, Fact
from knowledge.training.generated.schemas import Schema, parse_cards
from knowledge.training.generated.talk import Stage
from knowledge.training.generated.times import session_times
from knowledge.training.generated.unanswerable import adversarial, never_told, untold_details
from knowledge.training.generated.values import POOLS, names
from knowledge.training.scenes import Query, Scene, Slot

PEOPLE = parse_cards(generator_facts_people.CARDS)
SCHEMAS = [
    *PEOPLE,
    *parse_cards(generator_facts_life.CARDS),
    *parse_cards(generator_facts_home.CARDS),
    *parse_cards(generator_facts_leisure.CARDS),
    *parse_cards(generator_facts_daily.CARDS),
    *parse_cards(generator_facts_social.CARDS),
]
SHARES = {  # of a scene's queries; passages come on top where a scene has documents
    "single": 0.27,
    "temporal": 0.15,
    "multi": 0.08,
    "inference": 0.03,
    "update": 0.08,
    "two-hop": 0.05,
    "followup": 0.14,
    "adversarial": 0.10,
    "never told": 0.06,
    "untold detail": 0.04,
}
SLOTS_PER_QUERY = 6
SECONDS_PER_TURN = 45.0


def sample(rng: random.Random, drafts: Sequence[Draft], count: int) -> list[Draft]:
    """At most ``count`` of them, no text twice."""
    unique = list({draft.text: draft for draft in drafts}.values())
    return rng.sample(unique, min(count, len(unique)))


@dataclass(slots=True)
class Written:
    """A scene before it is bound to slots: the conversation, its documents' passages and its queries."""

    stage: Stage
    papers: list[Paper]
    drafts: list[Draft]


class Author:
    """Writes one scene's conversation: who tells which facts when."""

    def __init__(self, rng: random.Random, *, app: bool, schemas: list[Schema], unseen: bool = False) -> None:
        self.rng, self.unseen = rng, unseen
        genders = [rng.choice("fm"), rng.choice("fm")]
        self.used: set[str] = set()
        self.speakers = [Person(self._name(gender), gender) for gender in genders]
        if app:
            self.speakers[0].name = self.speakers[1].name = ""
        self.app = app
        self.schemas = schemas
        self.kin: dict[int, list[Person]] = {0: [], 1: []}

    def _name(self, gender: str) -> str:
        pool = names(gender, unseen=self.unseen)
        while (name := self.rng.choice(pool)) in self.used:
            pass
        self.used.add(name)
        return name

    def relatives(self, who: int, count: int) -> None:
        """Give a speaker people they will talk of, no relation twice; some are known only through another one."""
        rng, taken = self.rng, set[str]()
        for _ in range(count):
            gender = rng.choice("fm")
            relation = rng.choice(POOLS["kin" + gender] + POOLS["folk"])
            if relation in taken:
                continue
            taken.add(relation)
            anchor = self.speakers[who]
            if self.kin[who] and rng.random() < 0.2:
                anchor = rng.choice(
                    [person for person in self.kin[who] if person.anchor is self.speakers[who]] or [anchor]
                )
            self.kin[who].append(Person(self._name(gender), gender, relation, anchor))

    def fact(self, stage: Stage, who: int, *, third: float) -> Fact | None:
        """A new fact for this speaker to tell: fresh, a repeat at another date, or the partner's topic."""
        rng = self.rng
        person = rng.choice(self.kin[who]) if self.kin[who] and rng.random() < third else self.speakers[who]
        told = [fact for fact in stage.facts if fact.person is person]
        draw = rng.random()
        if draw < 0.22 and told:
            schema = rng.choice(told).schema
            if schema.kind == "trait" and "many" not in schema.tags:
                return None
        elif draw < 0.45 and stage.facts:
            schema = rng.choice(stage.facts).schema
            if any(fact.schema is schema for fact in told):
                return None
        else:
            schema = rng.choice(self.schemas)
            if any(fact.schema is schema for fact in told) and rng.random() < 0.6:
                return None
        same = [fact for fact in told if fact.schema is schema]
        if person.relation and ("kin" not in schema.tags or not stage.statements(schema, False)) or len(same) >= 5:
            return None
        if same and schema.kind not in ("event", "state") and "many" not in schema.tags and schema.kind != "plan":
            return None
        values = schema.draw(rng)
        if self.used & set(values.values()):
            return None
        if any(set(values.values()) & set(fact.values.values()) for fact in same):
            return None
        others = [fact for fact in stage.facts if fact.schema is schema and fact.person is not person]
        if others and rng.random() < 0.15:
            name = rng.choice(list(values))
            values[name] = rng.choice(others).values[name]
        return Fact(schema, person, values)

    def write(self, slots: int, sessions: int, *, third: float) -> Stage:
        """The conversation of about ``slots`` turns over ``sessions`` sessions."""
        rng = self.rng
        stage = Stage(rng, self.speakers, session_times(rng, sessions), app=self.app, unseen=self.unseen)
        for session in range(sessions):
            stage.session = session
            aim = len(stage.turns) + max(6, round(slots / sessions * rng.uniform(0.6, 1.4)))
            stage.open()
            while len(stage.turns) < aim:
                if rng.random() < 0.3:
                    stage.chat(rng.choice((1, 1, 2)))
                    continue
                who = (
                    0
                    if self.app
                    else (1 - stage.turns[-1].who if stage.turns and rng.random() < 0.7 else int(rng.random() * 2))
                )
                fact = self.fact(stage, who, third=third)
                if fact:
                    stage.tell(who, fact)
            stage.close()
        return stage


def _queries(rng: random.Random, stage: Stage, absent: list[Schema], papers: list[Paper], count: int) -> list[Draft]:
    asker = Asker(stage, rng)
    by_kind: dict[str, list[Draft]] = {kind: [] for kind in SHARES}
    everything = [draft for fact in stage.facts for draft in asker.about(fact)]
    for draft in [
        *everything,
        *asker.updates(),
        *asker.collections(),
        *dated(asker),
        *lately(asker),
        *asker.companions(),
    ]:
        by_kind[draft.kind].append(draft)
    aims = {kind: round(count * share + rng.random() - 0.5) for kind, share in SHARES.items()}
    by_kind["followup"] = followups_of(asker, aims["followup"])
    by_kind["adversarial"] = adversarial(asker, aims["adversarial"])
    by_kind["untold detail"] = untold_details(asker, aims["untold detail"])
    by_kind["never told"] = never_told(asker, absent, aims["never told"], rng)
    drafts = [draft for kind, found in by_kind.items() for draft in sample(rng, found, aims[kind])]
    base = len(stage.turns)
    asked = [
        Draft("passage", text, frozenset({base + place}), answer)
        for place, paper in enumerate(papers)
        for text, answer in paper.queries
    ]
    drafts += sample(rng, asked, max(2, round(count * 0.12))) if papers else []
    told = [draft for draft in drafts if draft.answer and not draft.dialogue]
    for draft in drafts:  # a dialogue that has nothing to do with the query must not lead it astray
        if told and not draft.dialogue and rng.random() < 0.12:
            other = rng.choice(told)
            if other is not draft:
                draft.dialogue = (("user", other.text), ("assistant", other.answer + "."))
    rng.shuffle(drafts)
    return drafts


def write_scene(rng: random.Random) -> Written:
    """One scene of ``generate`` with what it was made from, so that tests can check answers."""
    app = rng.random() < 1 / 3
    schemas = list(SCHEMAS)
    rng.shuffle(schemas)
    cut = len(schemas) // 5
    absent, schemas = schemas[:cut], schemas[cut:]
    author = Author(rng, app=app, schemas=schemas)
    for who in (0,) if app else (0, 1):
        author.relatives(who, rng.randrange(2, 7) + 2 * app)
    slots = rng.randrange(150, 700)
    sessions = max(8, min(30, round(slots / rng.uniform(14, 26))))
    stage = author.write(slots, sessions, third=0.4 if app else 0.22)
    papers: list[Paper] = []
    if rng.random() < 0.4:
        kinds: set[str] = set()
        for _ in range(rng.randrange(1, 5)):
            papers += document(rng, kinds)
    return Written(stage, papers, _queries(rng, stage, absent, papers, max(12, slots // SLOTS_PER_QUERY)))


def bind(written: Written, source: str) -> Scene:
    """The scene in its final shape: slots in the order told, then the documents' passages."""
    stage, slots, position, session = written.stage, [], 0, -1
    names_of = [person.name for person in stage.speakers]
    for turn in stage.turns:
        position = position + 1 if turn.session == session else 0
        session = turn.session
        slots.append(
            Slot(
                turn.text,
                stage.times[session] + position * SECONDS_PER_TURN,
                "" if stage.app else names_of[turn.who],
                "assistant" if stage.app and turn.who else "user",
                "turn",
                f"session-{session + 1}",
                position,
            )
        )
    rng = random.Random(len(stage.turns))
    title, place, when = "", 0, 0.0
    for paper in written.papers:
        place = place + 1 if paper.title == title else 0
        title = paper.title
        when = stage.times[rng.randrange(len(stage.times))] if not place else when
        slots.append(Slot(paper.text, when, "", "user", "passage", title, place, title, paper.heading))
    queries = [
        Query(
            draft.text, draft.evidence, draft.dialogue, draft.asked, draft.hops, draft.kind, draft.reply or draft.answer
        )
        for draft in written.drafts
    ]
    return Scene(tuple(slots), tuple(queries), source)


def generate(seed: int, scenes: int) -> Iterator[Scene]:
    """``scenes`` scenes of 150–700 memories with queries of every kind. The same seed gives the same scenes."""
    for number in range(scenes):
        yield bind(write_scene(random.Random(seed * 1_000_003 + number)), "generator")


def write_followups(rng: random.Random, unseen: bool) -> Written:
    """A shorter scene in which many people have facts of the same kinds, with follow-ups only."""
    author = Author(rng, app=rng.random() < 0.4, schemas=PEOPLE, unseen=unseen)
    for who in (0,) if author.app else (0, 1):
        author.relatives(who, 9 if author.app else 6)
    stage = author.write(rng.randrange(120, 260), rng.randrange(6, 14), third=0.8)
    return Written(stage, [], followups_of(Asker(stage, rng), 12, unseen=unseen))


def followups(seed: int, count: int, *, unseen: bool = False) -> Iterator[Scene]:
    """Scenes until ``count`` follow-ups have been asked in all (the last scene is cut).

    ``unseen``: names and phrases (statements, first queries, answers, follow-ups) that ``generate`` never uses.
    """
    number = 0
    while count > 0:
        written = write_followups(random.Random(seed * 1_000_003 + number + (500_000_000 if unseen else 0)), unseen)
        written.drafts = written.drafts[:count]
        count -= len(written.drafts)
        number += 1
        if written.drafts:
            yield bind(written, "generator followups" + (" (held out)" if unseen else ""))
