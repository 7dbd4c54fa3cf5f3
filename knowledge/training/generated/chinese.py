"""Chinese scenes for a multilingual encoder's read: facts told over sessions between other talk, and questions.

Smaller than the English generator: single facts, facts that changed, follow-ups with a pronoun, what nobody told and
what another one told; a share of a person's own questions is in English. Deterministic for a seed. Does not know:
vectors, networks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.records import Role
from knowledge.training.generated.chinese_asked import ASKED
from knowledge.training.generated.chinese_asked import PEOPLE as IN_ENGLISH
from knowledge.training.generated.chinese_facts import CARDS, NAMES, NEVER, PEOPLE, REPLIES, SHE, TALK, Card
from knowledge.training.generated.times import session_times
from knowledge.training.scenes import Query, Scene, Slot

SECONDS_PER_TURN = 45.0
CHANGED, FOLLOWED, ABSENT = 0.5, 0.2, 0.3  # shares: of changeable facts, of facts, of questions on what is not there
ENGLISH = 0.4  # share of the questions of a person's own chats that are asked in English


@dataclass(slots=True)
class _Told:
    card: Card
    who: str  # as its teller says it
    side: int
    value: str
    slot: int
    old: int | None = None  # slot of the value before


class _Author:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.app = rng.random() < 0.7
        self.names = rng.sample(NAMES, 2)
        self.times = session_times(rng, rng.randrange(6, 16))
        self.slots: list[Slot] = []
        self.session, self.position = 0, 0
        self.told: list[_Told] = []
        self.relations = (rng.sample(PEOPLE, 5), rng.sample(PEOPLE, 3))

    def say(self, side: int, text: str) -> int:
        role: Role = "assistant" if self.app and side else "user"
        self.slots.append(
            Slot(
                text,
                self.times[self.session] + self.position * SECONDS_PER_TURN,
                "" if self.app else self.names[side],
                role,
                "turn",
                f"session-{self.session + 1}",
                self.position,
            )
        )
        self.position += 1
        return len(self.slots) - 1

    def chat(self, side: int) -> None:
        self.say(side, self.rng.choice(REPLIES if self.app and side else TALK))

    def tell(self) -> None:
        rng = self.rng
        side = 0 if self.app else rng.randrange(2)
        card = rng.choice(CARDS)
        who = "我" if card.own or rng.random() < 0.5 else rng.choice(self.relations[side])
        same = [one for one in self.told if one.card is card]
        mine = [one for one in same if (one.who, one.side) == (who, side)]
        taken = {one.value for one in same}
        free = [value for value in card.values if value not in taken]
        if not free or len(mine) > 1 or (mine and not (card.changed and rng.random() < CHANGED)):
            return
        value = rng.choice(free)
        pattern = card.changed if mine else rng.choice(card.statements)
        text = pattern.format(w=who, v=value)
        if rng.random() < 0.15:
            text = rng.choice(("对了，", "跟你说，", "告诉你一件事，", "顺便说一下，")) + text
        slot = self.say(side, text)
        if mine:
            mine[0].old, mine[0].slot, mine[0].value = mine[0].slot, slot, value
        else:
            self.told.append(_Told(card, who, side, value, slot))
        if rng.random() < 0.8:
            self.chat(1 - side)

    def write(self, turns: int) -> None:
        share = turns / len(self.times)
        for session in range(len(self.times)):
            self.session, self.position, start = session, 0, len(self.slots)
            while len(self.slots) - start < share:
                if self.rng.random() < 0.45:
                    side = self.rng.randrange(2)
                    self.chat(0 if self.app else side)
                    if self.app and self.rng.random() < 0.8:
                        self.chat(1)
                else:
                    self.tell()

    def asked(self, who: str, side: int) -> str:
        """Whom a question names: in the app the person asks for themselves, of two speakers a third one asks."""
        if self.app:
            return who
        name = self.names[side]
        return name if who == "我" else f"{name}的{who[1:]}"


def _question(author: _Author, card: Card, who: str, side: int) -> tuple[str, str]:
    """→ (a question on the card, what the kind of it ends in)."""
    rng = author.rng
    if author.app and rng.random() < ENGLISH:
        own, of_somebody = ASKED[CARDS.index(card)]
        return (own, " in English") if who == "我" else (of_somebody.format(w=IN_ENGLISH[who]), " in English")
    return rng.choice(card.questions).format(w=author.asked(who, side)), ""


def _single(author: _Author, one: _Told) -> Iterator[Query]:
    text, language = _question(author, one.card, one.who, one.side)
    if not author.app and one.card.own:
        return
    if one.old is not None:
        yield Query(
            text, frozenset({one.slot}), kind=f"chinese update{language}", answer=one.value, hops=frozenset({one.old})
        )
        return
    yield Query(text, frozenset({one.slot}), kind=f"chinese single{language}", answer=one.value)


def _followup(author: _Author, one: _Told) -> Iterator[Query]:
    """Ask one thing of somebody, then another with a pronoun."""
    rng = author.rng
    others = [other for other in author.told if (other.who, other.side) == (one.who, one.side) and other is not one]
    if one.who == "我" or not others or one.old is not None:
        return
    first = rng.choice(others)
    before = rng.choice(first.card.questions).format(w=author.asked(first.who, first.side))
    pronoun = "她" if one.who in SHE else "他"
    text = rng.choice(("那", "")) + rng.choice(one.card.questions).format(w=pronoun)
    yield Query(
        text,
        frozenset({one.slot}),
        dialogue=(("user", before), ("assistant", f"{first.value}。")),
        hops=frozenset({first.slot}),
        kind="chinese followup",
        answer=one.value,
    )


def _absent(author: _Author, count: int) -> Iterator[Query]:
    """Questions on what nobody told, and on what was told of others only."""
    rng = author.rng
    told = {(one.card.questions, one.who, one.side) for one in author.told}
    for _ in range(count):
        if author.app and rng.random() < 0.35:
            yield Query(rng.choice(NEVER), kind="chinese never told")
            continue
        card = rng.choice(CARDS)
        side = 0 if author.app else rng.randrange(2)
        who = "我" if card.own or rng.random() < 0.5 else rng.choice((*author.relations[side], rng.choice(PEOPLE)))
        if (card.questions, who, side) in told or (card.own and not author.app):
            continue
        text, language = _question(author, card, who, side)
        yield Query(text, kind=f"chinese adversarial{language}")


def write_scene(rng: random.Random) -> Scene:
    """One scene of 60 to 260 turns with a question on most of what was told."""
    author = _Author(rng)
    author.write(rng.randrange(60, 260))
    queries: list[Query] = []
    for one in author.told:
        queries += _followup(author, one) if rng.random() < FOLLOWED else _single(author, one)
    queries += _absent(author, round(ABSENT * len(queries) / (1 - ABSENT)))
    unique = list({(query.text, query.dialogue): query for query in queries}.values())
    rng.shuffle(unique)
    return Scene(tuple(author.slots), tuple(unique), "generator, Chinese")


def generate(seed: int, scenes: int) -> Iterator[Scene]:
    """``scenes`` scenes. The same seed gives the same scenes."""
    for number in range(scenes):
        yield write_scene(random.Random(f"chinese:{seed}:{number}"))
