"""A person's chats with an assistant over a year, with what a write gate should make of every turn, and questions.

What is told comes from the cards of the generator and of the Chinese scenes; what is said around it, from
``year_words``. The labels follow tests/data/README-writing.md: what is new is added, what is said again merges into
the turn that brought it, what changed or was corrected supersedes it, and questions, requests, small talk and what the
assistant only says after the person are skipped; what it explains is added. Deterministic for a seed. Does not know:
the gate, the store.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from knowledge.records import Gate, Role, Turn

DAY = 86400.0
START = 1.70e9  # when the year begins
DAYS = 365
TALK = 24  # turns of a conversation, about
BETWEEN = 40.0  # seconds from turn to turn
# How often each sort of exchange begins, and how often what was told is gone into, or said back.
SHARES = {"fact": 0.22, "repetition": 0.17, "change": 0.08, "question": 0.19, "request": 0.19, "small talk": 0.15}
DETAIL, ECHO = 0.5, 0.3
CHANGES, CORRECTIONS, ENDS = 0.7, 0.22, 0.08  # shares among changes
RECENT = 30  # facts told last, among which something is corrected
TRIES = 12  # where the words for one fact are missing, others are tried
UNTOLD = 0.15  # share of the questions that ask for what was never told


@dataclass(frozen=True, slots=True)
class Line:
    """A turn and what should become of it. ``target``: id of the turn that it repeats or replaces, "" for none.
    ``sort``: what it is, such as "fact", "request" or "echo"."""

    turn: Turn
    label: Gate
    target: str
    sort: str


@dataclass(frozen=True, slots=True)
class Question:
    """``turns``: ids of those that state the answer. ``sort``: "valid" asks for a fact that holds, "detail" for what
    was only said when the assistant asked further, "past" for what held before."""

    text: str
    turns: frozenset[str]
    sort: str = "valid"


@dataclass(frozen=True, slots=True)
class Year:
    lines: tuple[Line, ...]
    questions: tuple[Question, ...]

    @property
    def valid(self) -> frozenset[str]:
        """Ids of the turns that should stand in memory as what holds now: one for each distinct fact."""
        replaced = {line.target for line in self.lines if line.label == "supersede"}
        kept = {line.turn.id for line in self.lines if line.label in ("add", "supersede")}
        return frozenset(kept - replaced)


@dataclass(slots=True, eq=False)
class Fact:
    """Something told of somebody. ``turn``: brought its present state. ``stated``: variable → turns that state the
    present value; ``before``: the same of a former state, with its values. ``used``: templates it was told with."""

    card: Any
    who: Any
    values: dict[str, str]
    turn: str = ""
    stated: dict[str, set[str]] = field(default_factory=dict)
    before: tuple[dict[str, str], dict[str, set[str]]] | None = None
    used: set[str] = field(default_factory=set)
    details: list[tuple[str, str]] = field(default_factory=list)  # question, turn
    over: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """Words for a fact. ``states``: the variables whose values they give. ``lead``: what is asked before."""

    text: str
    states: frozenset[str] = frozenset()
    lead: str = ""


class Speech(Protocol):
    """What a language says. Where it has no words for something that is asked of it, it gives None."""

    def fresh(self, facts: Sequence[Fact]) -> Fact | None:
        """A fact that was not told yet."""

    def told(self, fact: Fact) -> Said: ...

    def again(self, fact: Fact) -> Said | None:
        """The same in other words, and nothing more."""

    def changed(self, fact: Fact) -> Said | None:
        """A new state of it; its values are the new ones then."""

    def corrected(self, fact: Fact) -> Said | None: ...

    def ended(self, fact: Fact) -> Said | None:
        """What was planned will not be."""

    def detail(self, fact: Fact) -> tuple[str, str, str] | None:
        """What the assistant asks, what is answered, and the question that the answer serves."""

    def echo(self, fact: Fact) -> Said | None:
        """The assistant says the fact back."""

    def acknowledged(self, fact: Fact) -> str: ...

    def question(self, fact: Fact, facts: Sequence[Fact]) -> tuple[str, str] | None:
        """A question that only this fact answers, and the variable that it asks for."""

    def past(self, fact: Fact) -> tuple[str, str] | None:
        """The same of what held before the last change."""

    def untold(self, facts: Sequence[Fact]) -> tuple[str, str]:
        """A question on what was never told, and the reply."""

    def request(self) -> tuple[str, str]:
        """With the assistant's answer, which says something."""

    def small_talk(self) -> tuple[str, str]: ...


class _Author:
    def __init__(self, speech: Speech, seed: int, turns: int, name: str) -> None:
        self.speech, self.turns, self.name = speech, turns, name
        self.rng = random.Random(f"year:{seed}")
        self.lines: list[Line] = []
        self.facts: list[Fact] = []
        self.replies: set[str] = set()
        self.talk, self.left, self.at, self.position = 0, 0, START, 0

    def say(self, role: Role, text: str, label: Gate, sort: str, target: str = "") -> str:
        """→ the turn's id."""
        if not self.left:
            self.left = max(6, round(self.rng.gauss(TALK, TALK / 3)))
            self.talk, self.position = self.talk + 1, 0
            day = int(DAYS * len(self.lines) / self.turns)
            self.at = max(self.at + 1800.0, START + day * DAY + self.rng.uniform(7, 22) * 3600)
        self.left -= 1
        self.at += BETWEEN
        id = f"{self.name}:{len(self.lines)}"
        turn = Turn(id, role, text, self.at, f"{self.name}:talk {self.talk}", "", self.position)
        self.position += 1
        self.lines.append(Line(turn, label, target, sort))
        return id

    def write(self) -> Year:
        sorts: dict[str, Callable[[], bool]] = {
            "fact": self.fact,
            "repetition": self.repetition,
            "change": self.change,
            "question": self.question,
            "request": self.request,
            "small talk": self.small_talk,
        }
        while len(self.lines) < self.turns:
            (sort,) = self.rng.choices(list(SHARES), list(SHARES.values()))
            any(sorts[sort]() for _ in range(TRIES))
        return Year(tuple(self.lines), tuple(self.asked()))

    def fact(self) -> bool:
        fact = self.speech.fresh(self.facts)
        if fact is None:
            return False
        said = self.speech.told(fact)
        if said.lead:
            self.say("assistant", said.lead, "skip", "question of the assistant")
        fact.turn = self.say("user", said.text, "add", "fact")
        self._state(fact, said, fact.turn)
        self.facts.append(fact)
        self._reply(fact)
        while self.rng.random() < DETAIL and (more := self.speech.detail(fact)):
            asked, answer, question = more
            self.say("assistant", asked, "skip", "question of the assistant")
            fact.details.append((question, self.say("user", answer, "add", "detail")))
            self.say("assistant", self.speech.acknowledged(fact), "skip", "acknowledgement")
        return True

    def repetition(self) -> bool:
        fact = self._one()
        said = self.speech.again(fact) if fact else None
        if fact is None or said is None:
            return False
        self._state(fact, said, self.say("user", said.text, "merge", "repetition", fact.turn))
        self._reply(fact)
        return True

    def change(self) -> bool:
        draw = self.rng.random()
        former = None
        if draw < CORRECTIONS:
            fact = self._one(self.facts[-RECENT:], steady=False)
            said = self.speech.corrected(fact) if fact else None
            sort = "correction"
        elif draw < CORRECTIONS + ENDS:
            fact = self._one(steady=False)
            said = self.speech.ended(fact) if fact else None
            sort = "end"
        else:
            fact = self._one(steady=False)
            former = (dict(fact.values), fact.stated) if fact else None
            said = self.speech.changed(fact) if fact else None
            sort = "change"
        if fact is None or said is None:
            return False
        fact.before = former
        fact.over = sort == "end"
        fact.stated = {}
        fact.turn = self.say("user", said.text, "supersede", sort, fact.turn)
        self._state(fact, said, fact.turn)
        if fact.over:
            self.say("assistant", self.speech.acknowledged(fact), "skip", "acknowledgement")
        else:
            self._reply(fact)
        return True

    def question(self) -> bool:
        if self.rng.random() < UNTOLD:
            asked, reply = self.speech.untold(self.facts)
            self.say("user", asked, "skip", "question")
            self.say("assistant", reply, "skip", "answer from memory")
            return True
        fact = self._one()
        found = self.speech.question(fact, self.facts) if fact else None
        answer = self.speech.echo(fact) if fact else None
        if fact is None or found is None or answer is None or found[1] not in answer.states:
            return False
        self.say("user", found[0], "skip", "question")
        self._state(fact, answer, self.say("assistant", answer.text, "skip", "answer from memory"))
        return True

    def request(self) -> bool:
        asked, reply = self.speech.request()
        if reply in self.replies:  # said once already: nobody asks twice for the very same
            return False
        self.replies.add(reply)
        self.say("user", asked, "skip", "request")
        self.say("assistant", reply, "add", "explanation")
        return True

    def small_talk(self) -> bool:
        said, reply = self.speech.small_talk()
        self.say("user", said, "skip", "small talk")
        self.say("assistant", reply, "skip", "small talk")
        return True

    def _one(self, among: Sequence[Fact] | None = None, *, steady: bool = True) -> Fact | None:
        """A fact that holds. ``steady``: also one of which details were told, which do not change with it."""
        valid = [fact for fact in (self.facts if among is None else among) if not fact.over]
        valid = [fact for fact in valid if steady or not fact.details]
        return self.rng.choice(valid) if valid else None

    def _reply(self, fact: Fact) -> None:
        echo = self.speech.echo(fact) if self.rng.random() < ECHO else None
        if echo is None:
            self.say("assistant", self.speech.acknowledged(fact), "skip", "acknowledgement")
        else:
            self._state(fact, echo, self.say("assistant", echo.text, "skip", "echo"))

    def _state(self, fact: Fact, said: Said, turn: str) -> None:
        for name in said.states:
            fact.stated.setdefault(name, set()).add(turn)

    def asked(self) -> list[Question]:
        """A question on every fact that can be asked for clearly, on each of its details, and on what was before."""
        found: list[Question] = []
        for fact in self.facts:
            if not fact.over and (one := self.speech.question(fact, self.facts)):
                found.append(Question(one[0], frozenset(fact.stated[one[1]])))
            found += [Question(text, frozenset({turn}), "detail") for text, turn in fact.details if text]
            if fact.before and not fact.over and (one := self.speech.past(fact)):
                found.append(Question(one[0], frozenset(fact.before[1][one[1]]), "past"))
        return list({one.text: one for one in found}.values())


def write(speech: Speech, turns: int, seed: int, name: str = "year") -> Year:
    """About ``turns`` turns; ``name`` begins their ids. ``speech`` is used up by it."""
    return _Author(speech, seed, turns, name).write()
