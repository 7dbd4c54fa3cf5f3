"""Facts to plant in a large memory, and questions that ask for them in other words.

Each fact joins a person, a place and mostly a thing that no other fact has; its question names one of them (or the
thing's two common words) and asks for another with other verbs and nouns than the fact used.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

FIRST_NAMES = """Thalia Marcus Ingrid Pavel Noor Callum Beatriz Hugo Wanda Tariq Elsie Dmitri Priya Gareth Lucia Omar
    Freya Anton Mabel Kenji Rosalind Stefan Amina Declan Yvette Boris Saskia Leon Greta Farid Nadia Colin Irene Mateo
    Hilda Jorge Tessa Viktor Opal Sunil""".split()  # noqa: SIM905
MATERIALS = """copper wooden silver velvet marble leather paper iron woollen bamboo ivory plastic golden striped folding
    antique broken painted tiny enormous purple scarlet green woven hollow dented polished rusty musical portable
    quilted carved heavy yellow Persian Danish glass rubber stone cotton""".split()  # noqa: SIM905
NOUNS = """kettle canoe lantern violin carpet telescope sledge wardrobe typewriter piano compass accordion globe ladder
    trumpet saddle clock umbrella sewing-machine birdcage rocking-horse mirror anvil barometer tent drum vase bench
    chessboard harp wheelbarrow suitcase hammock printer easel teapot kite trunk loom bicycle""".split()  # noqa: SIM905
_SYLLABLES = """ba bel bran cor dal den dor el fal fen gar gil hal hol jor kal kel lan lin lor mal mer mon nar nel or
    pen quil ral ren sal sor tal tor ul van vel wen yar zel""".split()  # noqa: SIM905
_TOWN_ENDS = ("mere", "wick", "stad", "combe", "thorpe", "haven", "burgh", "ness")
_SURNAME_ENDS = ("sson", "vich", "elli", "quist", "worth", "ijk", "oglu", "ard")
_FACTS = (  # {p} the person, {l} the place, {t} the thing
    ("My neighbour {p} keeps bees behind the old mill in {l}.", "Whose hives stand near {l}?"),
    ("{p} finally sold the {t} to a collector from {l}.", "What did {p} part with for money?"),
    ("For her fortieth birthday {p} is flying to {l} with her twin.", "Where will {p} celebrate turning forty?"),
    ("The doctor told {p} to stay away from peanuts after the scare in {l}.", "Which food is dangerous for {p}?"),
    ("{p} gives cello lessons at the little school in {l}.", "Which instrument can one learn in {l}?"),
    ("I left the {t} in the luggage office at {l} station.", "Where did I forget the {t}?"),
    ("My uncle {p} drives the night ferry between {l} and the islands.", "How does {p} earn a living?"),
    ("We buried a box with the {t} under the oak behind {p}'s barn.", "What lies hidden under a tree at {p}'s farm?"),
    ("{p} won the swimming race in {l} by half a second.", "Who came first in the water at {l}?"),
    ("{p} grew up speaking Basque because her mother comes from {l}.", "What is the native language of {p}?"),
    ("The {t} that {p} inherited turned out to be worth nine thousand euros.", "How valuable was the {t}?"),
    ("{p} broke an ankle on the stairs of the lighthouse at {l}.", "What injury did {p} suffer?"),
    ("Our old maths teacher {p} opened a bakery in {l}.", "Who makes bread in {l} nowadays?"),
    ("{p} is afraid of horses since that afternoon in {l}.", "Which animals frighten {p}?"),
    ("My parents met while repairing the {t} for {p}.", "How did mum and dad first see each other? The {t}?"),
    ("{p} named the puppy from the shelter in {l} Biscuit.", "What is {p}'s dog called?"),
    ("The password of the {l} cabin is written inside the {t}.", "How do I get into the hut at {l}?"),
    ("{p} hands in the thesis about volcanoes on the third of June.", "When is the deadline of {p}'s dissertation?"),
    ("{p} hid my present, the {t}, in the attic.", "Who concealed the {t} upstairs?"),
    ("The band of {p} plays every Thursday in the cellar of {l}.", "On what day are there concerts in {l}?"),
)


@dataclass(frozen=True)
class Fact:
    text: str
    question: str


def facts(seed: int = 0) -> Iterator[Fact]:
    """Facts that share no person, place or thing, up to 1,600; the same for each seed."""
    chance = random.Random(seed)
    things = [f"{material} {noun}" for material, noun in product(MATERIALS, NOUNS)]
    chance.shuffle(things)
    for number, thing in enumerate(things):
        fact, question = _FACTS[number % len(_FACTS)]
        stem = invented(7919 * number + seed)
        named = {
            "p": f"{chance.choice(FIRST_NAMES)} {stem}{chance.choice(_SURNAME_ENDS)}",
            "l": f"{stem[::-1].capitalize()}{chance.choice(_TOWN_ENDS)}",
            "t": thing,
        }
        yield Fact(fact.format(**named), question.format(**named))


def invented(number: int) -> str:
    """A word for each number from 0, such as "Kalmerbel"; low ones are short."""
    word = ""
    number += len(_SYLLABLES)
    while number:
        number, digit = divmod(number, len(_SYLLABLES))
        word = _SYLLABLES[digit] + word
    return word.capitalize()
