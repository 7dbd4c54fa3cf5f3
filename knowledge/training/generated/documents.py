"""Documents in a scene: passages with title and heading, and queries about them.

A document is a few headed passages; each holds facts composed from the value lists between sentences without any.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from knowledge.training.generated.grammar import expand, pick, tidy
from knowledge.training.generated.values import value

# name of the document → (heading, passage, queries with the variable each asks for)
Section = tuple[str, str, tuple[tuple[str, str], ...]]
DOCUMENTS: dict[str, tuple[Section, ...]] = {
    "{company} handbook.pdf": (
        (
            "Vacation",
            "Every employee of {company} has {days} days of paid leave a year. Requests go to {name} at \
least {small} "
            "weeks ahead. [Days that are not used may be moved to the next year.|]",
            (
                ("days", "How many vacation days does the handbook [grant|allow]?"),
                (
                    "name",
                    "Who do leave requests go \
to?",
                ),
            ),
        ),
        (
            "Remote work",
            "Working from home is possible on {day} and on one more day by agreement. The company pays \
{money} for a "
            "desk and a screen.",
            (
                ("day", "On which weekday is home office possible?"),
                ("money", "How much does the company pay towards home office equipment?"),
            ),
        ),
        (
            "Safety",
            "In case of fire meet at {street}. {author} is in charge of first aid. [Lifts must not be used.|]",
            (("street", "Where is the meeting point in a fire?"), ("author", "Who is responsible for first aid?")),
        ),
    ),
    "Lease {street}.pdf": (
        (
            "Rent",
            "The monthly rent is {money}, due within {small} working days. It includes heating[ and water|].",
            (("money", "What does the flat cost [per|a] month according to the lease?"),),
        ),
        (
            "Deposit and repairs",
            "The caretaker {name} is to be told of any damage within {number} days. Small repairs \
up to {other} "
            "are paid by the tenant.",
            (
                ("name", "Who must be informed about damage in the flat?"),
                ("number", "Within how many days must damage be reported?"),
                ("other", "Up to what amount does the tenant pay repairs?"),
            ),
        ),
        (
            "Pets",
            "Keeping a {animal} is allowed. [Other animals need written consent.|Larger pets are not.]",
            (("animal", "Which animal may be kept in the flat?"),),
        ),
    ),
    "Manual {title}.md": (
        (
            "Starting up",
            "Press the {color} button for {small} seconds until the lamp blinks. [Leave the lid closed.|]",
            (
                ("color", "What color is the button that starts the device?"),
                (
                    "small",
                    "How long must the start button be \
pressed?",
                ),
            ),
        ),
        (
            "Cleaning",
            "Rinse the filter every {number} days and replace it after {minutes} of heavy use at the latest. \
Never use bleach.",
            (("number", "How often should the filter be rinsed?"),),
        ),
        (
            "Faults",
            "If code {code} is shown, the water tank is empty. Ask {company} for spare parts.",
            (
                ("code", "Which error code means that the tank is empty?"),
                (
                    "company",
                    "Where can one get spare parts for \
the machine?",
                ),
            ),
        ),
    ),
    "Guide to {city}.txt": (
        (
            "Getting around",
            "A day ticket for the trams costs {money} and is sold at kiosks. The night bus leaves from \
{street}.",
            (
                ("street", "Where does the night bus start?"),
                (
                    "money",
                    "How expensive is a day ticket for public \
transport?",
                ),
            ),
        ),
        (
            "Eating",
            "Locals queue at {restaurant} for {food}. [Come early.|It closes at nine.] On {day} it stays shut.",
            (
                ("restaurant", "Which restaurant does the guide recommend?"),
                (
                    "food",
                    "What dish is the recommended \
restaurant known for?",
                ),
                ("day", "On which day is the recommended restaurant closed?"),
            ),
        ),
        (
            "History",
            "The bridge was built by {author} in {year} and paid for by the guild of {trade}.",
            (
                ("author", "Who built the bridge?"),
                ("year", "In what year was the bridge constructed?"),
                ("trade", "Which guild funded the bridge?"),
            ),
        ),
    ),
    "Recipe {dessert}.docx": (
        (
            "Ingredients",
            "You need {number} grams of flour, {small} eggs and a pinch of {spice}. [Butter at room \
temperature.|]",
            (("number", "How much flour does the recipe need?"), ("spice", "Which spice goes into the dessert?")),
        ),
        (
            "Method",
            "Stir, rest, and bake for {minutes}. {author} adds a spoon of {color} sugar on top. [Serve warm.|]",
            (("minutes", "How long does it have to bake?"), ("author", "Whose tip is it to put sugar on top?")),
        ),
    ),
    "Minutes of the {company} meeting.txt": (
        (
            "Decisions",
            "The launch of {title} moves to {month}. {name} will write to all customers.",
            (("month", "When will the product be launched?"), ("name", "Who informs the customers about the delay?")),
        ),
        (
            "Budget",
            "Marketing gets {money} more; the office in {city} will be given up[, with regret|].",
            (("city", "Which office will be closed?"), ("money", "How much more money does marketing receive?")),
        ),
        (
            "Any other business",
            "The summer party takes place at {restaurant}. {author} looks after the music.",
            (
                ("restaurant", "Where is the summer party held?"),
                (
                    "author",
                    "Who is in charge of the music at the \
party?",
                ),
            ),
        ),
    ),
}
FILLERS = (
    "[This section applies from the date of signing.|Please read it carefully.|See also the next chapter.|Changes are \
announced in time.]",
    "[The following has proved useful over the years.|Details may differ from place to place.|Photos are in the \
appendix.]",
    "[If anything is unclear, ask.|Keep this page.|No liability is taken for errors.|An older version of this text is \
out of date.]",
)
LOCAL = {
    "days": "number",
    "other": "money",
    "small": "small",
}
SPICES = ("cardamom", "saffron", "nutmeg", "cinnamon", "anise", "ginger", "vanilla", "clove")
GUILDS = ("weavers", "bakers", "goldsmiths", "fishermen", "brewers", "tanners", "masons", "coopers")
MONTHS = ("January", "March", "April", "June", "September", "November")


@dataclass(frozen=True, slots=True)
class Paper:
    """One passage and the queries it answers: (query, value that answers it)."""

    title: str
    heading: str
    text: str
    queries: tuple[tuple[str, str], ...]


class _Values(dict[str, str]):
    """Draws a value when a template first asks for it."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng

    def __missing__(self, key: str) -> str:
        rng = self._rng
        drawn = {"spice": SPICES, "trade": GUILDS, "month": MONTHS}.get(key)
        if key == "code":
            self[key] = f"{rng.choice('ABCEFHKLT')}{rng.randrange(10, 99)}"
        else:
            self[key] = rng.choice(drawn) if drawn else value(LOCAL.get(key, key), rng)
        return self[key]


def document(rng: random.Random, unlike: set[str]) -> list[Paper]:
    """The passages of one document of a kind that is not in ``unlike`` (which it joins)."""
    kinds = [kind for kind in DOCUMENTS if kind not in unlike] or list(DOCUMENTS)
    kind = rng.choice(kinds)
    unlike.add(kind)
    values = _Values(rng)
    title = expand(kind, values, rng).replace('"', "")
    papers = []
    for heading, passage, queries in DOCUMENTS[kind]:
        before = expand(pick(rng, FILLERS), {}, rng) + " " if rng.random() < 0.6 else ""
        after = " " + expand(pick(rng, FILLERS), {}, rng) if rng.random() < 0.6 else ""
        text = tidy(before + expand(passage, values, rng) + after, rng, casual=False)
        asked = tuple(
            (tidy(expand(query, values, rng), rng, casual=False), values[variable]) for variable, query in queries
        )
        papers.append(Paper(title, heading, text, asked))
    return papers
