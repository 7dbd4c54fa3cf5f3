"""Questions about what a person is and has, asked in words that the answer does not use.

"I have two dogs" answers "What pets does Maria have?", "I'm a nurse" answers "What does Maria do for a living?". A
table of phrases and questions; every turn of the person that matches is evidence, so that nothing true counts as false.
Does not know: dialogues or scenes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from knowledge.training.licensed.questions import Person

_JOBS = (
    r"nurse|doctor|teacher|lawyer|engineer|mechanic|chef|cook|waiter|waitress|accountant|programmer|software \w+|"
    r"carpenter|"
    r"plumber|electrician|librarian|police officer|firefighter|truck driver|bus driver|pilot|dentist|veterinarian|"
    r"vet|writer|"
    r"journalist|artist|painter|musician|photographer|actor|actress|model|salesman|sales \w+|manager|cashier|secretary|"
    r"receptionist|bartender|farmer|scientist|biologist|banker|barista|janitor|hairdresser|hair stylist|stylist|"
    r"social worker|"
    r"construction worker|personal trainer|yoga instructor|tattoo artist|graphic designer|interior designer|web "
    r"designer|"
    r"architect|recording engineer|physical therapist|paralegal|principal|professor|stay at home \w+|soldier|"
    r"security guard|"
    r"student|freelancer|tutor|nanny|therapist|psychologist|pharmacist|realtor|real estate agent|tailor|florist"
)
_PETS = (
    r"dogs?|cats?|pupp(?:y|ies)|kitt(?:y|ies|ens?)|horses?|rabbits?|bunn(?:y|ies)|hamsters?|parrots?|fish|snakes?|"
    r"turtles?|lizards?|pugs?|poodles?|labs?|retrievers?|huskys?|iguanas?|birds?|goats?|chickens?"
)
_SOME = r"(?:an?|two|three|four|five|six|seven|\d+|some|many|several|no)"
_LANGUAGES = (
    r"spanish|french|german|italian|chinese|mandarin|japanese|korean|russian|portuguese|arabic|hindi|polish|dutch|"
    r"greek|swedish|asl|cantonese|tagalog|farsi|hebrew"
)
_INSTRUMENTS = (
    r"guitar|piano|violin|drums|bass|flute|clarinet|trumpet|cello|saxophone|sax|ukulele|banjo|harp|viola|trombone|"
    r"tuba|organ|oboe|french horn|accordion|keyboard"
)
_AM = r"\b(?:i'm|i am|im)\b"
_KIN = r"(?:(?:\w+ ){0,2})"

# (what a first-person sentence matches, questions; {name} {names} {do} {have} {is} stand for the person)
_TABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        rf"{_AM} (?:also |currently |actually |just )?an? (?:\w+ ){{0,2}}(?:{_JOBS})\b|\bi work (?:as|for|at|in)\b|"
        rf"\bi teach\b|"
        rf"\bmy job is\b|\bi own (?:a|my own) \w+ ?(?:shop|store|business|company|studio|restaurant|bakery|farm)",
        ("What {do} {name} do for a living?", "What is {names} job?", "What is {names} occupation?"),
    ),
    (
        rf"\bi have {_SOME} (?:\w+ ){{0,2}}(?:kids?|children|child|sons?|daughters?|bab(?:y|ies)|toddlers?)\b|"
        rf"\bmy (?:kids?|children|sons?|daughters?)\b|{_AM} a (?:mother|father|mom|dad) of\b",
        ("Does {name} have children?", "How many children {do} {name} have?", "What family {do} {name} have?"),
    ),
    (
        rf"\bi (?:also )?(?:have|own|adopted|got) {_SOME} (?:\w+ ){{0,3}}(?:{_PETS})\b|\bmy (?:\w+ "
        rf"){{0,1}}(?:{_PETS})\b",
        ("What pets {do} {name} have?", "Does {name} have any animals at home?", "What is {names} pet?"),
    ),
    (
        rf"\bi (?:currently |now |just )?(?:live|moved|grew up) (?:in|to|on|near)\b|{_AM} (?:originally )?from [a-z]|"
        rf"\bi was born in\b|{_AM} living in\b",
        ("Where {do} {name} live?", "Which place {is} {name} from?", "Where is {names} home?"),
    ),
    (
        rf"\bi (?:also |can )?(?:play|played|learned|practice) (?:the |my )?(?:{_INSTRUMENTS})\b|\bmy "
        rf"(?:{_INSTRUMENTS})\b",
        ("What instrument {do} {name} play?", "Which musical instruments can {name} play?"),
    ),
    (
        rf"{_AM} (?:studying|majoring|double majoring)\b|\bi (?:study|major|majored|studied)\b|\bmy major\b|{_AM} "
        rf"an? \w+ (?:\w+ )?major\b",
        ("What {do} {name} study?", "What is {names} field of study?", "What subject {is} {name} taking a degree in?"),
    ),
    (
        rf"\bi (?:only |also )?have {_SOME} {_KIN}(?:brothers?|sisters?|siblings?)\b|\bmy {_KIN}(?:brothers?|"
        rf"sisters?|siblings?)\b|"
        rf"{_AM} (?:an only child|the (?:oldest|youngest|middle))\b",
        ("Does {name} have siblings?", "How many siblings {do} {name} have?"),
    ),
    (
        rf"\bi (?:also |can |could )?(?:speak|spoke|learned|know) (?:\w+ ){{0,2}}(?:{_LANGUAGES})\b|{_AM} "
        rf"(?:fluent in|learning) "
        rf"(?:{_LANGUAGES})\b",
        ("What languages {do} {name} speak?", "Which foreign language {do} {name} know?"),
    ),
    (
        rf"{_AM} (?:only |almost )?(?:a )?\d\d(?: years?(?: |-)old| ?$|[.!,])",
        ("How old {is} {name}?", "What is {names} age?"),
    ),
    (
        rf"{_AM} (?:happily |not |recently )?(?:married|engaged|divorced|single|widowed)\b|\bmy (?:wife|husband|"
        rf"fianc\w+|girlfriend|"
        rf"boyfriend|ex)\b|\bi (?:just )?got (?:married|engaged|divorced)\b|\bi have a (?:wife|husband|girlfriend|"
        rf"boyfriend)\b",
        ("What is {names} relationship status?", "Is there a partner in {names} life?"),
    ),
    (
        rf"{_AM} (?:\w+ )?(?:vegan|vegetarian|lactose intolerant|gluten)\b|{_AM} (?:\w+ )?allergic to\b|\bi "
        rf"(?:don't|do not|never) eat\b",
        ("What dietary restrictions {do} {name} have?", "What can {name} not eat?"),
    ),
    (
        r"\bi drive (?:an?|my)\b|\bmy (?:new |old |first )?(?:car|truck)\b|\bi (?:bought|have|own) an? (?:\w+ "
        r"){0,3}(?:car|truck|"
        r"mustang|jeep|toyota|honda|ford|corolla|subaru|mercedes|bmw|tesla)\b",
        ("What car {do} {name} drive?", "What vehicle {do} {name} own?"),
    ),
    (
        rf"{_AM} (?:\w+ )?(?:afraid|scared|terrified) of\b|\bmy (?:biggest |greatest |worst )?fear is\b|\bi have a "
        rf"fear of\b",
        ("What {is} {name} afraid of?", "What is {names} fear?"),
    ),
)
# Words that may touch an attribute without telling it plainly: who used them is not asked about as one who never did.
_LOOSE = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b(?:work\w*|job|career|boss|shift|retired|unemployed|business)\b",
        r"\b(?:kids?|child\w*|sons?|daughters?|bab(?:y|ies)|parent\w*)\b",
        rf"\b(?:pets?|animals?|{_PETS})\b",
        r"\b(?:live\w*|from|city|town|hometown|state|country|grew)\b",
        rf"\b(?:instruments?|band|music\w*|{_INSTRUMENTS})\b",
        r"\b(?:class\w*|college|school|degree|university|student|courses?|major\w*|stud\w+)\b",
        r"\b(?:brothers?|sisters?|siblings?|family|twin)\b",
        rf"\b(?:languages?|{_LANGUAGES})\b",
        r"\d\d|\b(?:old|birthday|age|young|years)\b",
        r"\b(?:marri\w+|wife|husband|dat(?:e|ing)|boyfriend|girlfriend|single|partner|divorce\w*|wedding|fianc\w+)\b",
        r"\b(?:vegan|vegetarian|allerg\w+|meat|diet\w*|gluten|lactose)\b",
        r"\b(?:car|cars|truck|drive|drives|driving|vehicle)\b",
        r"\b(?:afraid|scare\w*|fear\w*|phobia|terrif\w+)\b",
    )
)
_COMPILED = tuple((re.compile(pattern), questions) for pattern, questions in _TABLE)
_OWN = re.compile(r"\b(?:i|im|my)\b", re.I)


def _ask(template: str, subject: Person, _: Person) -> str:
    am = {"I": "am", "you": "are"}.get(subject.name, "is")
    text = template.replace("Does {name}", "Do {name}") if subject.plural else template
    return text.format(
        name=subject.name, names=subject.owner, do="do" if subject.plural else "does", have="have", **{"is": am}
    ).replace(" is I ", " am I ")


def attributes(text: str) -> Iterator[int]:
    """Which attributes of its speaker a turn tells: indices of ``ATTRIBUTES``. Questions in it do not count."""
    if not _OWN.search(text):
        return
    told = " ".join(sentence for sentence in re.findall(r"[^.!?]+[.!?]*", text) if not sentence.rstrip().endswith("?"))
    told = told.lower()
    for index, (pattern, _) in enumerate(_COMPILED):
        if pattern.search(told):
            yield index


def touches(attribute: int, text: str) -> bool:
    """May the turn have to do with the attribute at all?"""
    return bool(_LOOSE[attribute].search(text))


def wordings(attribute: int) -> list[Callable[[Person, Person], str]]:
    """The questions about an attribute."""
    return [partial(_ask, template) for template in _COMPILED[attribute][1]]
