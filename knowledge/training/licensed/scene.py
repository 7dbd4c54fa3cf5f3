"""Joins many conversations into one long memory between two people, and picks questions that have one answer there.

Knows: slots, sessions, dates, names or roles; how far a question's words occur elsewhere in the memory.
Does not know: how a question is made, or which set the conversations come from.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from knowledge.records import Role
from knowledge.training.licensed.archives import Conversation
from knowledge.training.licensed.questions import ME, YOU, Person, named
from knowledge.training.licensed.words import FEMALE, MALE, SYNONYMS, content
from knowledge.training.scenes import Query, Slot

Render = Callable[[Person, Person], str | None]
Talk = Callable[[Person, Person], tuple[tuple[str, str], ...] | None]  # (role, text)
Worded = tuple[str, tuple[tuple[str, str], ...]]  # a question and the dialogue before it
DAY = 86400.0
NEAR = 6  # turns: within it a conversation goes on about the same thing
MOST_EVIDENCE = 6  # turns
SAME = 0.75  # share of a question's weighted words above which a turn elsewhere may answer it too
SHARED = re.compile(r"\b(?:we|us|our|both|together|same|too|you|your|u|either|neither|wbu|hbu)\b", re.I)


@dataclass(frozen=True, slots=True)
class Draft:
    """A question before its people are named: ``render(subject, other)`` words it or gives None.

    ``subject``: side (0 or 1) it asks about. ``evidence``: slots that answer; of a conversation left out, none.
    """

    kind: str
    subject: int
    evidence: tuple[int, ...]
    render: Render
    personal: bool = True  # may it be asked about the other person instead?
    dialogue: Talk | None = None  # what the running dialogue said before the question; None in it: not wordable


@dataclass
class Board:
    """A scene in the making."""

    people: tuple[Person, Person]
    speakers: tuple[str, str]
    slots: list[Slot] = field(default_factory=list)
    sides: list[int] = field(default_factory=list)  # who said a slot; −1 for passages
    starts: dict[int, int] = field(default_factory=dict)  # conversation → its first slot
    stems: list[frozenset[str]] = field(default_factory=list)
    holding: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # stem → slots with it

    def add(self, slot: Slot, side: int) -> None:
        self.slots.append(slot)
        self.sides.append(side)
        self.stems.append(frozenset(content(slot.text, vague=True)))
        for stem in self.stems[-1]:
            self.holding[stem].append(len(self.slots) - 1)

    def topic(self, text: str) -> dict[str, float]:
        """The question's stems without the people's names, weighted by how rare they are in this memory."""
        names = {stem for name in self.speakers for stem in content(name)}
        stems = set(content(text, vague=True)) - names
        return {stem: math.log(1 + len(self.slots) / (1 + len(self.holding.get(stem, ())))) for stem in sorted(stems)}

    def covered(self, topic: dict[str, float], stems: Iterable[str]) -> float:
        """Share of the topic's weight that ``stems`` hold."""
        total = sum(topic.values())
        return sum(topic.get(stem, 0.0) for stem in set(stems)) / total if total else 0.0

    def near(self, slot: int, others: Iterable[int]) -> bool:
        """Does ``slot`` stand in the same stretch of a conversation as one of ``others``?"""
        return any(
            abs(slot - other) <= NEAR and self.slots[slot].container == self.slots[other].container for other in others
        )

    def elsewhere(self, topic: dict[str, float], evidence: Sequence[int], *, window: int) -> float:
        """Best coverage by a turn, or ``window`` turns in a row, away from the evidence."""
        held: defaultdict[int, float] = defaultdict(float)  # slot → weight of the topic's stems in its window
        for stem, weight in topic.items():
            slots = self.holding.get(stem, ())
            for slot in {i - back for i in slots for back in range(window)} if window > 1 else slots:
                held[slot] += weight
        total, best = sum(topic.values()), 0.0
        for slot, weight in held.items():
            if total and weight / total > best and not self.near(max(slot, 0), evidence):
                best = weight / total
        return best


def cast(rng: random.Random, *, roles: bool) -> tuple[tuple[Person, Person], tuple[str, str]]:
    """Two people with different names, or the user and the assistant."""
    if roles:
        return (ME, YOU), ("", "")
    females = (rng.random() < 0.5, rng.random() < 0.5)
    while True:
        first, second = (rng.choice(FEMALE if female else MALE) for female in females)
        if first[:3] != second[:3]:
            return (named(first, females[0]), named(second, females[1])), (first, second)


def seat(
    rng: random.Random, conversations: Sequence[Conversation], *, roles: bool, flips: bool
) -> tuple[Board, list[bool]]:
    """A memory of conversations, one session each, days apart; which of them have their two sides exchanged.

    ``flips``: may they be? No where one of the two is the helper in all of them.
    """
    people, speakers = cast(rng, roles=roles)
    board = Board(people, speakers)
    assistant = roles or rng.random() < 0.5  # does the second person hold the assistant's role?
    now = 1.56e9 + rng.random() * 2.2e8
    flipped: list[bool] = []
    label = rng.choice(("session", "chat", "c"))
    for number, conversation in enumerate(conversations):
        now += DAY * rng.expovariate(1 / rng.choice((1.0, 4.0, 9.0))) + rng.uniform(1800, 30000)
        flip = flips and rng.random() < 0.5
        flipped.append(flip)
        board.starts[number] = len(board.slots)
        moment = now
        for position, (who, text) in enumerate(conversation.lines):
            side = 1 - who if flip else who
            moment += rng.uniform(8, 30 + 2 * len(text.split()))
            role: Role = "assistant" if assistant and side == 1 else "user"
            board.add(Slot(text, round(moment), speakers[side], role, "turn", f"{label}-{number + 1}", position), side)
        now = moment
    return board, flipped


def _style(rng: random.Random, text: str, people: Sequence[Person]) -> str:
    """How people really type: now and then lower case, keywords only, or another word for the same thing."""
    words = text.split()
    if rng.random() < 0.3:
        words = [SYNONYMS.get(word, word) if rng.random() < 0.7 else word for word in words]
    text = " ".join(words)
    chance = rng.random()
    if chance < 0.06:
        return text.lower().rstrip("?")
    names = {form for person in people for form in (person.name, person.owner)}
    if chance < 0.14:
        kept = [w for w in words if w in names or content(w.strip("?.,"), vague=True)]
        if len(kept) >= 3:
            return " ".join(kept).rstrip("?.")
    return text


def _query(rng: random.Random, board: Board, draft: Draft, worded: Worded, evidence: Iterable[int], kind: str) -> Query:
    text, dialogue = worded
    last = max(slot.created for slot in board.slots)
    asked = 0.0 if rng.random() < 0.5 else round(last + rng.expovariate(1 / (5 * DAY)) + 60)
    plain = text if dialogue else _style(rng, text, board.people)
    return Query(plain, frozenset(evidence), dialogue, asked, kind=f"{draft.kind}{kind}")


def _word(board: Board, draft: Draft, subject: int) -> Worded | None:
    """The draft asked about one of the two, with the dialogue before it."""
    text = draft.render(board.people[subject], board.people[1 - subject])
    before = draft.dialogue(board.people[subject], board.people[1 - subject]) if draft.dialogue else ()
    return None if text is None or before is None else (text, before)


def _topic(board: Board, worded: Worded) -> dict[str, float]:
    """What the question is about; a follow-up is also about what was asked before."""
    text, dialogue = worded
    return board.topic(" ".join([*(said for role, said in dialogue if role == "user"), text]))


def _exchanged(board: Board, draft: Draft) -> Worded | None:
    """The draft asked about the other person, where that one never said the like; None where that is unsure."""
    if not draft.personal or draft.dialogue or any(SHARED.search(board.slots[i].text) for i in draft.evidence):
        return None
    worded = _word(board, draft, 1 - draft.subject)
    if worded is None or worded == _word(board, draft, draft.subject):
        return None
    topic = _topic(board, worded)
    if board.elsewhere(topic, draft.evidence, window=2) >= 0.6:
        return None
    first = min(draft.evidence)
    for i in range(max(0, first - NEAR), min(len(board.slots), max(draft.evidence) + NEAR + 1)):
        said = board.slots[i].text
        if board.sides[i] != draft.subject and "?" not in said and board.covered(topic, board.stems[i]) >= 0.4:
            return None
    return worded


def _evidence(board: Board, draft: Draft, topic: dict[str, float]) -> set[int]:
    """The draft's evidence, and for a statement its speaker's turns around it that say as much."""
    found = set(draft.evidence)
    if draft.kind.startswith(("cloze", "persona")):
        first, last = min(found), max(found)
        for i in range(max(0, first - NEAR), min(len(board.slots), last + NEAR + 1)):
            alike = board.sides[i] == draft.subject and board.near(i, draft.evidence)
            if alike and "?" not in board.slots[i].text and board.covered(topic, board.stems[i]) >= 0.9:
                found.add(i)
    return found


def pick(
    board: Board,
    rng: random.Random,
    drafts: Sequence[Draft],
    absent: Sequence[Draft],
    *,
    most: int,
    empty: float = 0.17,
) -> list[Query]:
    """At most ``most`` questions, rare kinds first; a share of about ``empty`` has no answer in this memory.

    ``drafts``: of the conversations in memory. ``absent``: of conversations that are not. The same question answered in
    several conversations has all of the answers as evidence; one that another turn may answer too is dropped.
    """
    worded = [(draft, said) for draft in drafts if draft.evidence and (said := _word(board, draft, draft.subject))]
    answers: defaultdict[Worded, set[int]] = defaultdict(set)
    for draft, said in worded:
        answers[said].update(draft.evidence)
    often = Counter(draft.kind for draft, _ in worded)
    worded.sort(key=lambda entry: -(rng.random() ** (often[entry[0].kind] ** 0.5)))
    blanks = round(most * empty)
    answered: list[Query] = []
    unanswered: list[Query] = []
    for draft, said in worded:
        if len(answered) >= most - blanks:
            break
        several = answers.pop(said, None)
        if several is None or len(several) > MOST_EVIDENCE:
            continue
        topic = _topic(board, said)
        if board.elsewhere(topic, sorted(several), window=1) >= SAME:
            continue
        alone = several <= set(draft.evidence)
        if alone and len(unanswered) * 2 < blanks and rng.random() < 0.4 and (other := _exchanged(board, draft)):
            unanswered.append(_query(rng, board, draft, other, (), "/other_person"))
            continue
        evidence = _evidence(board, draft, topic) | several
        answered.append(_query(rng, board, draft, said, evidence, "" if alone else "/several"))
    blanks = min(blanks, round(len(answered) * empty / (1 - empty)) + 1)
    unanswered = unanswered[:blanks]
    rest = [*absent, *(draft for draft in drafts if not draft.evidence)]
    rng.shuffle(rest)
    seen = {said for _, said in worded}
    for draft in rest:
        if len(unanswered) >= blanks:
            break
        asked = _word(board, draft, draft.subject)
        if asked and asked not in seen and board.elsewhere(_topic(board, asked), (), window=3) < SAME:
            seen.add(asked)
            unanswered.append(_query(rng, board, draft, asked, (), "" if "/other" in draft.kind else "/absent"))
    queries = answered + unanswered
    rng.shuffle(queries)
    return queries
