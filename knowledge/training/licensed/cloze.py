"""Questions that a speaker's own statement answers: inverse cloze (Lee et al. 2019, arXiv:1906.00300) by rules.

"I went to Russia as a volunteer last year" becomes "When did Ben go to Russia as a volunteer?", "Where did Ben go as a
volunteer?", "Did Ben go to Russia?". A sentence that the rules do not read, or that points outside itself ("it",
"there"), gives nothing.
Does not know: dialogues, scenes, or whether anybody else said the like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from knowledge.training.licensed.questions import ME, Person, clean
from knowledge.training.licensed.words import (
    ADVERBS,
    ING_TO_BASE,
    MODALS,
    PAST_TO_BASE,
    VERBS,
    content,
    past,
    third,
    wordset,
)

Render = Callable[[Person, Person], str | None]

_SPELL = tuple(
    (re.compile(pattern, re.I), into)
    for pattern, into in (
        (r"\b(?:im|i'm|i am)\b", "I'm"),
        (
            r"\b(?:ive|i've|i have (?=(?:been|never|always|seen|had|done|lived|played|worked|taken|also)\b))\b ?",
            "I've ",
        ),
        (r"\b(?:i|ı)\b(?!')", "I"),
        (r"\bi(?='(?:d|ll)\b)", "I"),
        (r"\b(?:haha\w*|lol|lmao|tbh|:\)|;\)|:d|xd|rn)(?!\w)", ""),
        (r"\bgonna\b", "going to"),
        (r"\bwanna\b", "want to"),
        (r"\bfav\b", "favorite"),
        (r"\s+", " "),
    )
)
_OWN = re.compile(r"\b(?:i|im|i'm|ive|i've|my)\b", re.I)
_OUTSIDE = re.compile(
    r"\b(?:it|its|it's|that|that's|thats|this|there|they|them|their|those|these|he|she|him|her|his|we|us|our|you|"
    r"your|u|ur|one|"
    r"ones|same|so|too|either|neither|here|else|also|another)\b",
    re.I,
)
_BREAK = re.compile(
    r"\s*(?:[,;()\"…]|:(?!\d)|\.\.| - | -- |\b(?:but|because|cuz|cause|so|since|which|who|when|while|if|though|"
    r"although|until|"
    r"unless|where|whenever|except|plus|as soon as|even)\b|\band (?=(?:i|i'm|i've|my|then|now|just|was|is|am|are|"
    r"had|have)\b)).*",
    re.I,
)
ABOUT = (
    r"excited|nervous|worried|interested|good|bad|terrible|great|afraid|scared|proud|allergic|obsessed|addicted|"
    r"involved|"
    r"passionate|terrified|jealous|tired|fond|majoring|fluent|confident|stressed|sad|mad|happy"
)
_FILLER = re.compile(
    r"(?:\s+(?:so much|a lot|very much|a ton|though|tho|um+|actually|myself|haha|yet|anyways?|already))+$", re.I
)
_STATE = re.compile(  # what may follow "I'm"
    rf"(?:a|an|in|at|from|on|into|of|married|engaged|single|born|more|\d+|interested|\w+ing|\w+ed|"
    rf"(?:(?:really |so |very |pretty )?(?:{ABOUT})))\b",
    re.I,
)
_UNIT = r"(?:second|minute|hour|day|week|weekend|month|year|semester|decade)s?"
_NUMBER = (
    r"(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|several|\d+|a few|a couple(?: of)?|"
    r"many|some|couple)"
)
_PERIOD = (
    r"(?:night|week|weekend|month|year|summer|winter|fall|spring|semester|morning|afternoon|evening|christmas|"
    r"halloween|"
    r"thanksgiving|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
WHEN = re.compile(
    rf"\s*\b(?:yesterday|today|tonight|tomorrow|recently|lately|right now|now|currently|nowadays|already|the other day|"
    rf"these days|earlier|(?:last|this|next|past|every|each) {_PERIOD}(?: (?:night|morning|afternoon|evening))?|"
    rf"(?:about |like |almost |over )?{_NUMBER} {_UNIT} ago|(?:back )?in (?:19|20)\d\d|in (?:january|february|"
    rf"march|april|"
    rf"may|june|july|august|september|october|november|december)|on (?:monday|tuesday|wednesday|thursday|friday|"
    rf"saturday|"
    rf"sunday)s?|for (?:about |like |almost |over )?{_NUMBER} {_UNIT}|(?:once|twice|{_NUMBER} times) (?:a|per) \w+|"
    rf"in {_NUMBER} {_UNIT}|since (?:i was )?\w+)\b",
    re.I,
)
_DULL = wordset(
    "think know guess mean feel hope wish agree see understand remember forget imagine wonder say tell hear suppose "
    "be let put happen appear sound promise notice mention admit bet get find set thank do need want make keep "
    "come look"
)
_LIKING = wordset("like love enjoy hate prefer dislike")
STATIVE = _LIKING | wordset("have live need want belong know own use try")
_MOVING = wordset("go move travel drive fly walk bike run hike cycle")
_PEOPLE = (
    r"mom|mother|dad|father|brother|sister|wife|husband|boyfriend|girlfriend|roommate|roommates|parents|son|"
    r"daughter|uncle|"
    r"aunt|cousin|grandma|grandpa|grandmother|grandfather|boss|friend|best friend|dog|cat|family|kids|teacher|"
    r"professor|"
    r"older brother|older sister|little brother|little sister|younger brother|younger sister|siblings|fiance"
)
_THIRD_TO_BASE = {third(base): base for base in sorted(VERBS)}
_NUMBERS = re.compile(
    r"^(?P<n>two|three|four|five|six|seven|eight|nine|ten|\d{1,2}) (?P<what>(?:[a-z]+ )?[a-z]+s)\b", re.I
)
_PLACE = re.compile(
    r"^(?P<before>.*?)\b(?P<prep>to|in|at|from) (?P<place>(?:the |my )?(?:[A-Z][\w'.]+|store|beach|gym|mall|"
    r"library|park|"
    r"zoo|mountains|temple|church|hospital|airport|school|college|high school)(?: [A-Z][\w'.]+)*)$"
)
_OBJECT = re.compile(
    r"^(?P<object>(?:a|an|the|my|some|two|three|four|five|[A-Z]\w+|new|lots of|a lot of)(?: [\w']+){0,3}?) "
    r"(?P<rest>(?:at|in|on|for|during|after|before) .+)$"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A statement in the first person: its auxiliary in a question ("did", "do", "are", "have"), the verb, the rest."""

    auxiliary: str
    verb: str
    rest: str
    timed: bool  # the sentence says when
    owned: str = ""  # "brother" of "my brother lives …": then the question is about him
    reason: bool = False
    when: str = ""  # what it says of the time


def parts(turn: str) -> list[str]:
    """A turn's statements, chat spelling mended, interjections off."""
    found = []
    for sentence in re.findall(r"[^.!?\n]+(?:\.(?=\w)[^.!?\n]*)*[.!?]*", turn):
        if "?" not in sentence and (own := _OWN.search(sentence)) and own.start() < 40:
            text = clean(sentence)
            for pattern, into in _SPELL:
                text = pattern.sub(into, text)
            found.append(text.strip(" ,-"))
    return found


def parse(sentence: str) -> Clause | None:
    """Reads "I …", "I'm …ing …", "I've …" and "my … …"; None for anything else."""
    if not sentence.startswith(("I ", "I'm ", "I've ", "my ", "My ")):
        return None
    reason = bool(re.search(r"\b(?:because|cuz|so that)\b", sentence, re.I))
    text = _BREAK.sub("", sentence)
    if (cut := re.search(r" and (\w+)\b", text)) and (cut[1].lower() in PAST_TO_BASE or cut[1].lower() in VERBS):
        text = text[: cut.start()]
    timed = WHEN.search(sentence)
    text = _FILLER.sub("", WHEN.sub("", text).strip(" ,")).strip(" ,")
    if _OUTSIDE.search(text) or not 3 <= len(text.split()) <= 14 or re.search(r"[^\w\s'&.-]|\d{5}", text):
        return None
    tokens = text.split()
    head = tokens.pop(0)
    owned, auxiliary, verb = "", "", ""
    if match := re.match(rf"(?:my) ({_PEOPLE}) (.+)", text, re.I):
        owned, tokens = match[1].lower(), match[2].split()
    elif head not in ("I", "I'm", "I've"):
        return None
    while tokens and tokens[0].lower() in ADVERBS:
        tokens.pop(0)
    if len(tokens) < 2:
        return None
    word, rest = tokens[0].lower(), " ".join(tokens[1:])
    if head == "I'm" and not owned or (owned and word in ("is", "are", "was", "were")):
        auxiliary, verb = "are", ""
        if owned:
            auxiliary = {"is": "are", "was": "were"}.get(word, word)
        else:
            rest = " ".join(tokens)
    elif head == "I've" and not owned:
        auxiliary, verb = "have", word
        if not (word in ("been", "seen", "done", "taken", "gone", "written", "eaten", "known") or word in PAST_TO_BASE):
            return None
    elif head == "I" and word in ("was", "am"):
        auxiliary, verb = ("were" if word == "was" else "are"), ""
    elif word in PAST_TO_BASE and word not in VERBS:
        auxiliary, verb = "did", PAST_TO_BASE[word]
    elif not owned and word in VERBS and word not in ("read", "put", "cut", "hit", "let", "set", "quit"):
        auxiliary, verb = "do", word
    elif owned and word in _THIRD_TO_BASE:
        auxiliary, verb = "do", _THIRD_TO_BASE[word]
    elif word in ("would", "will", "can", "could") and tokens[1].lower() in VERBS and not owned:
        auxiliary, verb, rest = word, tokens[1].lower(), " ".join(tokens[2:])
    if not auxiliary or verb in _DULL or not rest or len(rest.split()) > 10:
        return None
    if (
        re.match(r"(?:not|n't|going to be|sure|sorry|trying to|glad|like|just|a bit|kind of|pretty|the|back)\b", rest)
        and not verb
    ):
        return None
    if not verb and not owned and not _STATE.match(rest):
        return None
    if verb == "have" and (rest.split()[0] in ADVERBS | {"never", "not", "been"} or rest.split()[0] in PAST_TO_BASE):
        return None
    if verb == "use" and rest.startswith("to"):
        return None
    if re.search(r"\bI\b|\bI'|\b(?:to|of|a|the|in|for|and|with|my|at|or|on|about)$", rest, re.I):
        return None
    return Clause(auxiliary, verb, rest, bool(timed), owned, reason, timed[0].strip() if timed else "")


def first_to_third(text: str, subject: Person) -> str:
    """ "my", "me" and their kin turned to the subject's; the subject was named before."""
    forms = {"my": subject.possessive, "me": subject.obj, "myself": subject.reflexive, "mine": subject.own}
    return " ".join(forms.get(word.lower(), word) for word in text.split())


def _ask(clause: Clause, lead: str, rest: str, subject: Person, _: Person) -> str:
    """Lead, auxiliary, subject, verb, rest: "When did Ben go to Russia"."""
    person = f"{subject.owner} {clause.owned}" if clause.owned else subject.name
    plural = clause.owned.endswith("s") if clause.owned else subject.plural
    auxiliary = clause.auxiliary
    if not plural:
        auxiliary = {"do": "does", "are": "is", "were": "was", "have": "has"}.get(auxiliary, auxiliary)
    elif subject is ME and not clause.owned:
        auxiliary = {"are": "am", "were": "was"}.get(auxiliary, auxiliary)
    middle = [auxiliary, person, clause.verb, first_to_third(rest, subject)]
    text = " ".join(word for word in [lead, *middle] if word).strip() + "?"
    return text[0].upper() + text[1:]


def _tell(clause: Clause, subject: Person, _: Person) -> str | None:
    """The statement in the third person, as somebody types what they half remember."""
    person = f"{subject.owner} {clause.owned}" if clause.owned else subject.name
    plural = clause.owned.endswith("s") if clause.owned else subject.plural
    rest = first_to_third(clause.rest, subject)
    if clause.auxiliary == "did":
        return f"{person} {past(clause.verb)} {rest}"
    if clause.auxiliary == "do":
        return f"{person} {clause.verb if plural else third(clause.verb)} {rest}"
    if clause.auxiliary in ("are", "were") and not plural:
        return f"{person} {'is' if clause.auxiliary == 'are' else 'was'} {rest}"
    return None


def _feeling(what: str, frame: int, subject: Person, _: Person) -> str:
    do = "do" if subject.plural else "does"
    frames = (
        f"How {do} {subject.name} feel about",
        f"What {do} {subject.name} think of",
        f"What did {subject.name} say about",
    )
    return f"{frames[frame]} {first_to_third(what, subject)}?"


def questions(sentence: str) -> Iterator[tuple[str, Render]]:
    """(kind, wording) of every question that the rules make of a statement."""
    return ((kind, render) for kind, render, _ in answered(sentence))


def answered(sentence: str) -> Iterator[tuple[str, Render, str]]:
    """(kind, wording, answer) of every question that the rules make of a statement. The answer is in the statement's
    own words, "" where it is not one piece of it."""
    clause = parse(sentence)
    if clause is None:
        return
    about = set(content(f"{clause.rest} {clause.owned}"))
    if not any(len(stem) > 2 and not stem[0].isdigit() for stem in about) and len(about) < 2:
        return
    rest, verb, auxiliary = clause.rest, clause.verb, clause.auxiliary
    topical = len(content(rest, vague=True)) >= 1
    ask = partial(partial, _ask, clause)
    doing = rest.partition(" ")[0].lower() in ING_TO_BASE if not verb else False
    if topical:
        yield "cloze/yes_no", ask("", rest), "yes"
        yield "cloze/statement", partial(_tell, clause), ""
    if auxiliary == "did" and topical and (clause.timed or verb not in STATIVE):
        yield "cloze/when", ask("when", rest), clause.when
    if clause.reason and topical and auxiliary not in MODALS - {"did"}:
        yield "cloze/why", ask("why", rest), ""
    stem, tail = (verb, rest) if verb else ((rest.partition(" ")[0], rest.partition(" ")[2]) if doing else ("", ""))
    if match := _PLACE.match(tail):
        before = f"{stem} {match['before']}".strip() if doing else match["before"].strip()
        origin = " from" if match["prep"] == "from" else ""
        base = ING_TO_BASE.get(stem, verb)
        if (
            len(content(before + " " + verb)) >= 1
            and (match["prep"] != "to" or base in _MOVING)
            and base not in STATIVE - {"live"} | {"major"}
        ):
            where = match["place"] if origin else match[0][len(match["before"]) :]
            yield "cloze/where", ask("where", before + origin), where
    if (match := _OBJECT.match(tail)) and (verb or doing) and verb not in STATIVE | {"go", "work", "move"}:
        yield "cloze/what", ask("what", f"{stem} {match['rest']}" if doing else match["rest"]), match["object"]
    if match := re.match(r"(?i)from ([A-Z]\w+.*)$", rest if not verb else ""):
        yield "cloze/where", ask("where", "from"), match[1]
    if (
        match := re.match(
            rf"(?:really |so |very |pretty )?({ABOUT}) (about|of|in|with|to|at|for) (.+)", rest if not verb else ""
        )
    ) and (content(match[3]) and (match[2] != "to" or match[1] == "allergic")):
        yield "cloze/what", ask("what", f"{match[1]} {match[2]}"), match[3]
    if (
        (match := _NUMBERS.match(rest))
        and auxiliary in ("do", "did")
        and not re.match(r" (?:of|worth|and|or|from)\b", rest[match.end() :])
    ):
        yield "cloze/how_many", ask(f"how many {match['what']}", rest[match.end() :].strip()), match["n"]
    if verb in _LIKING and auxiliary == "do" and not clause.owned and not rest.startswith("to "):
        for frame in range(3):
            yield "cloze/about", partial(_feeling, rest, frame), ""
