"""Replies to questions about what people said in their own words, in the licensed sets of conversations.

A statement of a turn gives a question with a piece of it as the answer (knowledge/training/licensed/cloze.py). The
memories are that turn, turns of the same conversation and turns of others that share words with the question; their
weights are those of reads of other questions. So a thousand of them cost seconds, where the read itself takes a minute
for thirty. Does not know: the store, tokens, networks.
"""

from __future__ import annotations

import logging
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from knowledge.records import Memory, Read, Turn
from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.text.dates_in_words import DATED, resolved
from knowledge.training.held_out import held_out
from knowledge.training.licensed.archives import CONVERSATIONS, LICENCES, Conversation, members
from knowledge.training.licensed.cloze import answered, first_to_third, parts
from knowledge.training.licensed.questions import ME, YOU, Person, named
from knowledge.training.licensed.words import FEMALE, MALE, content
from knowledge.training.replies.data import LIMITS, ReplyExample, sentence

SETS = ("chitchat", "synthetic_persona_chat", "topical_chat")
_MOST = {"cloze/yes_no": 0.1, "cloze/where": 0.35}  # share of a kind among the examples
_WORDS = 8  # of an answer, at most
_EVIDENCE = (0.62, 0.15, 0.08, 0.05, 0.03)  # how often the read has what answers at place 1, 2 …
_UNKNOWN = 0.15  # share whose answer is taken out of the memories
_LONGEST = 420  # characters of a turn
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    """One turn: conversation, line, who of its two people, text."""

    talk: int
    line: int
    who: int
    text: str


def talk_examples(data: Path, seed: int, count: int, weights: Sequence[Sequence[float]]) -> Iterator[ReplyExample]:
    """At most ``count`` of each set. ``weights``: of whole reads, in falling order, to draw from."""
    for name in SETS:
        archive = data / f"{name}.tar.xz"
        if not archive.is_file():
            _log.warning("%s is not there: training goes without it", archive.name)
            continue
        rng = random.Random(f"{seed}:talk:{name}")
        talks = [talk for talk in CONVERSATIONS[name](members(archive)) if not held_out(talk.lines[0][1])]
        rng.shuffle(talks)
        source = f"{name} ({LICENCES[name]})"
        yield from islice(_examples(talks[: count * 4], source, weights, rng), count)


def _examples(
    talks: Sequence[Conversation], source: str, weights: Sequence[Sequence[float]], rng: random.Random
) -> Iterator[ReplyExample]:
    said = [
        _Said(number, line, who, text)
        for number, talk in enumerate(talks)
        for line, (who, text) in enumerate(talk.lines)
        if len(text) <= _LONGEST
    ]
    holding: defaultdict[str, list[_Said]] = defaultdict(list)
    for one in said:
        for stem in set(content(one.text)):
            holding[stem].append(one)
    by_talk: defaultdict[int, list[_Said]] = defaultdict(list)
    for one in said:
        by_talk[one.talk].append(one)
    used: Counter[int] = Counter()
    kinds: Counter[str] = Counter()
    for one in rng.sample(said, len(said)):
        if used[one.talk] >= 2:
            continue
        found = [
            item
            for part in parts(one.text)
            for item in answered(part)
            if 1 <= len(item[2].split()) <= _WORDS and kinds[item[0]] <= _MOST.get(item[0], 1.0) * kinds.total()
        ]
        if not found:
            continue
        kind, render, answer = min(found, key=lambda item: kinds[item[0]])  # the rarer kinds first
        used[one.talk] += 1
        kinds[kind] += 1
        people = _people(rng)
        subject = people[one.who]
        question = render(subject, people[1 - one.who])
        if question is None:
            continue
        day = rng.uniform(1.5e9, 1.75e9)
        if kind == "cloze/when":
            dates = DATED.findall(resolved(one.text, day))
            if len(dates) != 1:
                continue
            answer = dates[0]
        rivals = _rivals(one, question, by_talk[one.talk], holding, rng)
        yield _example(one, question, first_to_third(answer, subject), kind, source, people, day, rivals, weights, rng)


def _people(rng: random.Random) -> tuple[Person, Person]:
    """Two names, or a person and their assistant."""
    if rng.random() < 0.25:
        return (ME, YOU)
    female = [rng.random() < 0.5, rng.random() < 0.5]
    first, second = (rng.choice(FEMALE if one else MALE) for one in female)
    return named(first, female[0]), named(second, female[1])


def _rivals(
    one: _Said, question: str, same: Sequence[_Said], holding: dict[str, list[_Said]], rng: random.Random
) -> list[_Said]:
    """Other turns that a read may bring along: some of the same talk, more that share rare words with the question."""
    stems = sorted(set(content(question)), key=lambda stem: len(holding.get(stem, ())))[:4]
    sharing = [
        other for found in (holding.get(stem, []) for stem in stems) for other in rng.sample(found, min(4, len(found)))
    ]
    near = [other for other in same if other.line != one.line]
    picked = rng.sample(near, min(4, len(near))) + sharing
    rng.shuffle(picked)
    return list({other.text: other for other in picked if other.text != one.text}.values())


def _example(
    one: _Said,
    question: str,
    answer: str,
    kind: str,
    source: str,
    people: tuple[Person, Person],
    day: float,
    rivals: Sequence[_Said],
    weights: Sequence[Sequence[float]],
    rng: random.Random,
) -> ReplyExample:
    known = rng.random() >= _UNKNOWN
    count = min(rng.choice(LIMITS), len(rivals) + known)
    drawn = sorted(rng.choice([some for some in weights if some]), reverse=True)
    shares = [drawn[n] if n < len(drawn) else drawn[-1] * 0.7 ** (n - len(drawn) + 1) for n in range(count)]
    told = list(rivals[: count - known])
    if known:
        place = rng.choices(range(len(_EVIDENCE)), _EVIDENCE)[0]
        told.insert(min(place, len(told)), one)
    elif shares:
        shares = [share * 0.4 for share in shares]
    reads = []
    for number, (other, share) in enumerate(zip(told, shares, strict=False)):
        apart = day if other.talk == one.talk else rng.uniform(1.5e9, 1.75e9)
        person = people[other.who] if other.talk == one.talk else rng.choice(people)
        mine = person is ME or person is YOU
        memory = Memory(
            f"{number}",
            other.text,
            "turn",
            apart + 45 * other.line,
            "assistant" if person is YOU else "user",
            "" if mine else person.name,
            position=other.line,
        )
        reads.append(Read(memory, score=share, weight=max(share, 1e-4)))
    asked = (Turn("question", "user", question, day + 86_400 * rng.randint(1, 200)),)
    if known:
        return ReplyExample(asked, tuple(reads), sentence(answer), kind, source)
    return ReplyExample(asked, tuple(reads), rng.choice(ABSTENTIONS), f"{kind} (not read)", source)
