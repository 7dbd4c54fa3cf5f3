"""Two-session scripts: what a person tells in the first session, and one question of the second with the right answer.

Names, numbers, dates and updates in sentences that the training generator does not have (a test holds that). Also reads
scripts from a file. Knows: templates and how an answer is judged. Does not know: the application.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BEGIN = datetime(2026, 5, 4, 9, 30, tzinfo=UTC).timestamp()  # of the first session
DAY = 86400.0
KINDS = ("name", "number", "date", "update")

# kind → (what is told, the question). {v}: the value. Updates: (told first, told two days later, the question, values).
NAMES = (
    ("Downstairs we have a new neighbour, goes by {v}.", "What is the new neighbour downstairs called?"),
    ("For the record: my physiotherapist's name is {v}.", "What's the name of my physiotherapist?"),
    ("The plumber who fixed our sink calls himself {v}.", "Who fixed our sink?"),
    ("{v} will be the best man at our wedding.", "Who is going to be our best man?"),
    ("My landlord is a certain {v}, a quiet man.", "Who is my landlord?"),
    ("In the choir I stand next to {v}.", "Next to whom do I stand in the choir?"),
    ("We call our robot vacuum {v}, because it squeaks.", "What do we call our robot vacuum?"),
    ("The caretaker of our building answers to {v}.", "What is the caretaker of our building called?"),
    ("The tax adviser I trust is {v}.", "Which tax adviser do I trust?"),
    ("My godson {v} started talking.", "What's my godson's name?"),
)
NUMBERS = (
    ("The locker I rented opens with {v}.", "Which code opens my locker?", "code"),
    ("Our seats on the ferry are in row {v}.", "In which row are our seats on the ferry?", "small"),
    ("The spare key box has the combination {v}.", "What is the combination of the spare key box?", "code"),
    ("I counted {v} steps up to our attic.", "How many steps lead up to our attic?", "middle"),
    ("The garage I lease costs {v} euros a month.", "How much is my garage a month?", "middle"),
    ("There were {v} of us at the quiz evening.", "How many of us were at the quiz evening?", "small"),
    ("My library card ends in {v}.", "What does my library card end in?", "code"),
    ("For the marmalade you take {v} oranges, I tried it.", "How many oranges go into the marmalade?", "small"),
    ("The bus that stops at my door is line {v}.", "Which bus line stops at my door?", "middle"),
    ("My grandmother's clock weighs {v} kilos.", "How many kilos does my grandmother's clock weigh?", "small"),
)
DATES = (
    ("The chimney sweep comes on {v}.", "When does the chimney sweep come?"),
    ("Please note that the lease of my allotment ends on {v}.", "When does the lease of my allotment end?"),
    ("Our choir sings in the cathedral on {v}.", "When do we sing in the cathedral?"),
    ("The warranty of the dishwasher runs until {v}.", "Until when does the warranty of the dishwasher run?"),
    ("I have to hand in the tax papers by {v}.", "By when must I hand in the tax papers?"),
    ("The road in front of our house gets closed on {v}.", "When will the road in front of our house be closed?"),
    ("My season ticket expires on {v}.", "When does my season ticket expire?"),
    ("The inspection of the lift is on {v}.", "When is the lift inspected?"),
)
RELATIVE = (  # with days from the day on which it is told
    ("The glazier replaced our window yesterday.", "When was our window replaced?", -1),
    ("Tomorrow the piano tuner is coming.", "When is the piano tuner coming?", 1),
    ("Yesterday my parcel from Lisbon got lost.", "When did my parcel from Lisbon get lost?", -1),
    ("I handed back the rental van three days ago.", "When did I hand back the rental van?", -3),
)
UPDATES = (
    (
        "The wifi password at the cottage is {v}.",
        "They changed the wifi password at the cottage, now it's {v}.",
        "What is the wifi password at the cottage now?",
        ("bluebell", "haystack", "lantern", "thistle", "drizzle"),
    ),
    (
        "I park the car on {v}.",
        "From now on I park the car on {v}.",
        "Where do I park the car now?",
        ("level two", "level five", "the roof deck", "the north lot", "Mill Lane"),
    ),
    (
        "Our team meeting is on {v}.",
        "The team meeting has been moved to {v}.",
        "On which day is our team meeting now?",
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    ),
    (
        "The spare key is under the {v}.",
        "I put the spare key somewhere else, under the {v}.",
        "Under what is the spare key now?",
        ("flowerpot", "doormat", "birdbath", "third brick", "bench"),
    ),
    (
        "The bedroom will be painted {v}.",
        "We changed our minds, the bedroom gets {v} walls.",
        "Which colour do we want for the bedroom now?",
        ("ochre", "sage green", "dove grey", "terracotta", "ivory"),
    ),
    (
        "We order the vegetable box from {v}.",
        "We switched: the vegetable box is from {v} now.",
        "From whom do we get the vegetable box now?",
        ("Greenfield", "Hofer", "Oakley", "Brightseed", "Tillmann"),
    ),
    (
        "The book club reads in the {v}.",
        "The book club had to move, we meet in the {v} now.",
        "Where does the book club meet now?",
        ("town hall", "old mill", "tea room", "vestry", "bakery"),
    ),
    (
        "The printer at work is on floor {v}.",
        "They carried the printer at work up to floor {v}.",
        "On which floor is the printer at work now?",
        ("two", "three", "seven", "eight", "eleven"),
    ),
)
TALK = (
    "What helps against hiccups?",
    "I slept badly, the moon was so bright.",
    "Name three trees that grow fast.",
    "How do I keep basil alive in winter?",
    "I am a bit tired of rain.",
    "Why do cats purr?",
    "Is oat milk good in coffee?",
    "My soup is finally simmering.",
    "What rhymes with winter?",
    "Give me a word for a very small river.",
    "I should stretch more, my back says.",
    "Why is the sky red at dusk?",
    "What could I do with stale bread?",
    "The train was packed again.",
    "Tell me something odd about octopuses.",
    "How long do lentils take?",
    "I like the smell of rain on stone.",
    "Is it rude to eat soup loudly?",
)
UNTOLD = (  # nothing of the kind is told in any script
    "What's the name of my dermatologist?",
    "How much did my bicycle cost?",
    "When is my sister's graduation?",
    "Which blood type do I have?",
    "What was the name of my first school?",
    "In which year did I learn to swim?",
    "Who taught me to play chess?",
    "How tall is my brother?",
    "What is my shoe size?",
    "Where did I spend last Easter?",
    "Which song did we dance to at prom?",
    "When does my passport run out?",
    "What is my aunt's phone number?",
    "How many cousins do I have?",
    "Which hospital was I born in?",
    "What is my dog's name?",
    "On which day do I go to yoga?",
    "Who cuts my hair?",
    "What did I get for my eighteenth birthday?",
    "Which river did I paddle down with Tom?",
    "How old is my father?",
    "What is the licence plate of my car?",
    "Where did I lose my umbrella?",
    "Which wine did my uncle bring?",
    "When did I quit smoking?",
)
FIRST = (
    "Olmo",
    "Signe",
    "Radek",
    "Ottilie",
    "Bastian",
    "Yara",
    "Ciaran",
    "Minka",
    "Evander",
    "Solveig",
    "Tobin",
    "Imre",
    "Perpetua",
    "Leopold",
    "Anselm",
    "Zdenka",
)
LAST = ("Quist", "Marlowe", "Bannick", "Thorsen", "Okafor", "Vandeleur", "Pilgrim", "Szabo", "Hartigan", "Lindqvist")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
SMALL = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
)
HONEST = re.compile(
    r"\b(?:(?:don't|do not|doesn't|didn't|did not|can't|cannot|couldn't) (?:really )?(?:know|remember|recall|have|find|"
    r"mention|tell|say)|not (?:been )?(?:mentioned|told|said|sure|aware|provided|specified|stated)|no (?:information|"
    r"mention|record|memory|idea)|(?:haven't|have not|hasn't|never) (?:\w+ )?(?:told|mentioned|said|shared|talked)|"
    r"unknown|unaware|i'm unable to)\b",
    re.I,
)


@dataclass(frozen=True)
class Script:
    """``told``: (days since the first one, message) in the order said. ``expected``: one of these is in the right
    reply, none of ``outdated``. ``untold``: a question that nothing said answers, or ""."""

    kind: str
    told: tuple[tuple[float, str], ...]
    question: str
    expected: tuple[str, ...]
    outdated: tuple[str, ...] = ()
    untold: str = ""


def right(reply: str, script: Script) -> bool:
    """Does the reply hold the expected value as whole words (articles aside), and no outdated one?"""
    said = _plain(reply)
    return any(_holds(said, value) for value in script.expected) and not any(
        _holds(said, value) for value in script.outdated
    )


def honest(reply: str) -> bool:
    """Does the reply say that it does not know, or was not told?"""
    return bool(HONEST.search(reply.replace("\u2019", "'")))


def scripts(count: int, seed: int = 0, untold: int = 50) -> list[Script]:
    """``count`` scripts, the kinds in turn; each tells one fact of every kind and asks for its own. The first
    ``untold`` also ask for something never told."""
    rng = random.Random(f"sessions:{seed}")
    bags: dict[str, list[Any]] = {}

    def draw(name: str, items: tuple[Any, ...]) -> Any:
        """Each item once before any comes again."""
        if not bags.get(name):
            bags[name] = rng.sample(items, len(items))
        return bags[name].pop()

    made = []
    for number in range(count):
        facts = {kind: _fact(kind, rng, draw) for kind in KINDS}
        kind = KINDS[number % len(KINDS)]
        _, question, expected, outdated = facts[kind]
        first = [(0.0, told[0]) for told, *_ in facts.values()] + [(0.0, draw("talk", TALK)) for _ in range(2)]
        later = [(2.0, told[1]) for told, *_ in facts.values() if len(told) > 1] + [(2.0, draw("talk", TALK))]
        rng.shuffle(first)
        rng.shuffle(later)
        told = ((0.0, "Hello, it's me again."), *first, *later)
        made.append(Script(kind, told, question, expected, outdated, draw("untold", UNTOLD) if number < untold else ""))
    return made


def load(path: Path) -> list[Script]:
    """A JSON list of {"kind", "told": [text or [days, text]…], "question", "expected": [text…], "outdated", "untold"}.

    Raises ValueError that says which script cannot be used.
    """
    found = []
    for number, one in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
        try:
            told = tuple((0.0, said) if isinstance(said, str) else (float(said[0]), said[1]) for said in one["told"])
            found.append(
                Script(
                    str(one.get("kind", "given")),
                    told,
                    one["question"],
                    tuple(one["expected"]),
                    tuple(one.get("outdated", ())),
                    one.get("untold", ""),
                )
            )
        except (KeyError, TypeError, ValueError, IndexError) as exc:
            raise ValueError(f"{path}: script {number} cannot be used ({exc!r}); see the docstring of load().") from exc
    return found


Fact = tuple[tuple[str, ...], str, tuple[str, ...], tuple[str, ...]]  # told, question, expected, outdated


def _fact(kind: str, rng: random.Random, draw: Any) -> Fact:
    if kind == "name":
        told, question = draw(kind, NAMES)
        name = rng.choice(FIRST) if "godson" in told or "robot" in told else f"{rng.choice(FIRST)} {rng.choice(LAST)}"
        return (told.format(v=name),), question, (name, *name.split()), ()
    if kind == "number":
        told, question, size = draw(kind, NUMBERS)
        # No number that is a day of the scripts, which the decoder sees as the memories' dates.
        number = rng.randint(*{"small": (10, 20), "middle": (21, 98), "code": (1000, 9999)}[size])
        words = (SMALL[number],) if number < len(SMALL) else ()
        return (told.format(v=number),), question, (str(number), *words), ()
    if kind == "date":
        if rng.random() < 0.25:
            told, question, days = draw("relative", RELATIVE)
            then = datetime.fromtimestamp(BEGIN, UTC) + timedelta(days=days)
            return (told,), question, dates(then.day, MONTHS[then.month - 1]), ()
        told, question = draw(kind, DATES)
        day, month = rng.randint(1, 28), rng.choice(MONTHS)
        written = rng.choice((f"{day} {month}", f"{month} {day}", f"the {ordinal(day)} of {month}"))
        return (told.format(v=written),), question, dates(day, month), ()
    first, then_, question, values = draw(kind, UPDATES)
    old, new = rng.sample(values, 2)
    return (first.format(v=old), then_.format(v=new)), question, _spelled(new), _spelled(old)


def dates(day: int, month: str) -> tuple[str, ...]:
    """The ways to write a day."""
    return (
        f"{day} {month}",
        f"{month} {day}",
        f"{ordinal(day)} of {month}",
        f"{month} {ordinal(day)}",
        f"{ordinal(day)} {month}",
    )


def ordinal(day: int) -> str:
    """The number of a day as it is spoken: "3rd"."""
    return f"{day}{'th' if 10 < day < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def _spelled(value: str) -> tuple[str, ...]:
    return (value, str(SMALL.index(value))) if value in SMALL else (value,)


def _plain(text: str) -> str:
    return " ".join(word for word in re.findall(r"\w+", text.lower()) if word not in ("a", "an", "the"))


def _holds(plain: str, value: str) -> bool:
    return f" {_plain(value)} " in f" {plain} "
