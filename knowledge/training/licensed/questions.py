"""A question that one speaker put to the other, asked again later about the person who answered it.

"Do you have any pets?" becomes "Does Ben have any pets?", "Do I have any pets?" or stays as it is, by whom it is asked
about. A question that the rules cannot turn cleanly, or that means nothing outside its dialogue, is dropped.
Does not know: scenes, or whether the next turn answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.training.licensed.words import ADVERBS, MODALS, VERBS, content, third, wordset


@dataclass(frozen=True, slots=True)
class Person:
    """How a question speaks of somebody: by name, or as "I" or "you"."""

    name: str  # "Ben", "I", "you"
    again: str  # "he", "I", "you"
    obj: str  # "him", "me", "you"
    possessive: str  # "his", "my", "your"
    own: str  # "his", "mine", "yours"
    reflexive: str
    plural: bool = False  # takes "do" and "have"

    @property
    def owner(self) -> str:
        """The possessive at first mention."""
        return self.possessive if self.plural else self.name + ("'" if self.name.endswith("s") else "'s")

    @property
    def target(self) -> str:
        """The object form at first mention."""
        return self.obj if self.plural else self.name


ME = Person("I", "I", "me", "my", "mine", "myself", plural=True)
YOU = Person("you", "you", "you", "your", "yours", "yourself", plural=True)


def named(name: str, female: bool) -> Person:
    """Somebody spoken of in the third person."""
    return (
        Person(name, "she", "her", "her", "hers", "herself")
        if female
        else Person(name, "he", "him", "his", "his", "himself")
    )


def agree(auxiliary: str, person: Person) -> str:
    """The auxiliary of "you" made to agree: "do" → "does", "are" → "is" or "am"."""
    if person is YOU:
        return auxiliary
    if auxiliary in ("are", "were"):
        return {"are": "am" if person is ME else "is", "were": "was"}[auxiliary]
    return auxiliary if person is ME else {"do": "does", "have": "has"}.get(auxiliary, auxiliary)


_SPELLING = (
    (r"\bwhat'?s\b", "what is"),
    (r"\bwhere'?s\b", "where is"),
    (r"\bwho'?s\b", "who is"),
    (r"\bhow'?s\b", "how is"),
    (r"\bwhen'?s\b", "when is"),
    (r"\b(?:u|ya|yall|y'all)\b", "you"),
    (r"\bur\b", "your"),
    (r"\byou'?re\b|\byoure\b", "you are"),
    (r"\byou'?ve\b|\byouve\b", "you have"),
    (r"\byou'?ll\b|\byoull\b", "you will"),
    (r"\byou'd\b|\byoud\b", "you would"),
    (r"\bwat\b", "what"),
    (r"\b(?:fav|fave)\b", "favorite"),
    (r"\bgonna\b", "going to"),
    (r"\bwanna\b", "want to"),
    (r"\b(?:dont|don't)\b", "do not"),
    (r"\b(?:didnt|didn't)\b", "did not"),
    (r"\s+", " "),
)
_SPELL = tuple((re.compile(pattern, re.I), into) for pattern, into in _SPELLING)
_UNUSUAL = re.compile("|".join(f"(?:{pattern})" for pattern, _ in _SPELLING[:-1]), re.I)  # most text needs no mending
_LEAD = re.compile(
    r"^(?:(?:so|and|but|well|oh+|o+h|ok|okay|haha\w*|lol|lolz?|hm+|um+|uh|nice|cool|wow|woah|whoa|yeah|ya|yes|yep|"
    r"yup|no|nope|"
    r"hey|hi|hello|dude|man|bro|also|anyways?|now|then|true|awesome|great|btw|by the way|just curious|i see|gotcha|"
    r"for sure|of course|sure|sweet|interesting|really|like|because|cuz|sounds? \w+|that(?:'s| is) \w+|sorry|"
    r"out of curiosity|if you don't mind(?: me asking)?|good|same|thanks?|me too|aw+|omg|oh my gosh|or|plus|since|"
    r"actually|wait|tell me|question|random question)(?:[\s,.!;:-]+|$))+",
    re.I,
)
_TIME = re.compile(
    r"[\s,]+\b(?:today|tonight|right now|currently|lately|these days|nowadays|tomorrow|recently)\b", re.I
)
_TAIL = re.compile(
    r"(?:[\s,]+(?:then|though|tho|too|anyways?|haha\w*|lol|by the way|btw|right now|now|today|currently|these days|"
    r"at the moment|exactly|again|dude|man|bro|there|or (?:something|anything|what|no|not|nah)|at all|if any|as "
    r"well|lately|"
    r"if you don't mind(?: me asking)?|for now|and why|and why not|or why|also|yet|so far|up to|instead))+$",
    re.I,
)
# Stems of words that make a question about the moment or about the chat itself.
_EMPTY = wordset("ask refer mean meant doing chat messag tonight log answer morn type respond repli girl type internet")
_RHETORICAL = re.compile(
    r"^(?:(?:did|do) you (?:know|hear|realize|remember|mean|see)|(?:can|could) you (?:believe|imagine))\b", re.I
)
# Words that point outside the question, into its dialogue.
_POINTING = wordset(
    "it its that this there they them their those these he she him her his hers we us our ours else here ones"
)
_PEOPLE = wordset("he she him her his hers we us our ours here")  # as _POINTING, and whom they mean is unsure
_QUESTION = re.compile(
    r"^(?P<wh>(?:(?:what|which|how|where|when|why|who|whose|whom)\b|(?:in|at|for|from|on|to) (?:what|which|who|how)\b)"
    r"[\w' -]{0,60}? )?"
    r"(?P<aux>do|did|are|were|have|had|can|could|will|would|should|might)(?P<neg> not)? you\b(?: guys| all)?(?! "
    r"and )(?P<rest>.*)$",
    re.I,
)
_NEGATED = re.compile(r"^(?P<aux>aren|weren|haven|hadn|can|couldn|won|wouldn|shouldn)'t you\b", re.I)
_YOURS = re.compile(
    r"^(?P<wh>(?:what|which|how|where|when|why|who)(?: \w+){0,4}? )?(?P<aux>is|are|was|were|did|does|do|has|have|will|"
    r"would|can)(?P<rest> (?:all |most |both )?(?:of )?your \w.*)$",
    re.I,
)
_PREPOSITIONS = wordset(
    "about after at before behind beside between by for from in into like of off on over than to toward under with "
    "without around near against besides"
)
_INVERTED = wordset("do are were have")
_OBJECT_AFTER = wordset(
    "make makes made let help helps helped give gives gave tell tells told bring brings get gets "
    "got interests interested brought take takes took inspire inspired scare scares"
)


def clean(question: str) -> str:
    """Chat spelling mended, interjections at the start and fillers at the end off."""
    text = question.strip().rstrip("?!. ")
    for pattern, into in _SPELL if _UNUSUAL.search(text) else _SPELL[-1:]:
        text = pattern.sub(into, text)
    text = _LEAD.sub("", text.strip())
    text = _TIME.sub("", text)
    if "," in text and not _QUESTION.match(text):  # "what about you, do you like to cook"
        text = text.rpartition(",")[2].strip()
        text = _LEAD.sub("", text)
    for _ in range(2):
        text = _TAIL.sub("", text)
    return text.strip(" ,;:")


def retell(text: str, subject: Person, other: Person, *, first: bool, pointing: bool = False) -> str | None:
    """Second person → ``subject``, first person → ``other``; None where the grammar is out of reach.

    ``first``: nobody was named yet. ``pointing``: words such as "it" and "there" may stay.
    """
    out: list[str] = []
    tokens = re.findall(r"[\w']+(?:-[\w']+)*|[^\w\s]", text)
    for index, token in enumerate(tokens):
        word, before = token.lower(), tokens[index - 1].lower() if index else ""
        after = tokens[index + 1].lower() if index + 1 < len(tokens) else ""
        if word.partition("'")[0] in (_PEOPLE if pointing else _POINTING) or word in (
            "i",
            "i'm",
            "i've",
            "i'd",
            "i'll",
            "im",
            "mine",
            "myself",
        ):
            return None
        if word == "your":
            out.append(subject.owner if first else subject.possessive)
            first = False
        elif word in ("yours", "yourself"):
            out.append(subject.own if word == "yours" else subject.reflexive)
        elif word in ("my", "me"):
            out.append(other.owner if word == "my" else other.target)
        elif word != "you":
            if word in ("guys", "all") and before == "you":
                continue
            out.append(token)
        elif before in _PREPOSITIONS | _OBJECT_AFTER or not after or not after.isalpha():
            out.append(subject.target if first else subject.obj)
            first = False
        else:
            skip = 1 if after in ADVERBS else 0
            verb = tokens[index + 1 + skip].lower() if index + 1 + skip < len(tokens) else ""
            out.append(subject.name if first else subject.again)
            first = False
            if before in MODALS | _INVERTED:  # "or did you": the verb keeps its base form
                out[-2:] = [agree(before, subject), out[-1]]
            elif verb in ("are", "have", "do", "were"):
                tokens[index + 1 + skip] = agree(verb, subject)
            elif verb in MODALS or verb.endswith("ed"):
                pass
            elif verb in VERBS:
                tokens[index + 1 + skip] = verb if subject.plural else third(verb)
            else:
                return None
    return re.sub(r" ([,.;:!?)])", r"\1", " ".join(out))


def about(question: str, subject: Person, other: Person, *, pointing: bool = False) -> str | None:
    """The question as somebody asks it about ``subject``, who answered; ``other`` had asked. None: out of reach.

    ``pointing``: it follows another question, so it may point at that one ("What is it called?").
    """
    text = clean(question)
    if not 3 <= len(text.split()) <= 22 or _RHETORICAL.match(text) or re.search(r"[<>*:;()\"/]|\d{5}|\.\.", text):
        return None
    text = _NEGATED.sub(lambda m: f"{'will' if m['aux'].lower() == 'won' else m['aux']} not you", text)
    text = re.sub(
        r"^(?i:you) (?=(?:like|love|play|live|work|enjoy|have|know|want|speak|go) (?!heard|seen|been|to\b|right\b))",
        "do you ",
        text,
    )
    if match := _QUESTION.match(text):
        wh, rest = (match["wh"] or "").strip(), match["rest"]
        if re.search(r"\b(you|your)\b", wh, re.I):
            return None
        auxiliary = agree(match["aux"].lower(), subject)
        negation = "n't" if match["neg"] and auxiliary not in ("am", "can", "will", "might") else ""
        if match["neg"] and not negation:
            return None
        head = f"{wh} {auxiliary}{negation} {subject.name}"
        said = retell(rest, subject, other, first=False, pointing=pointing)
        lead = retell(wh, subject, other, first=False, pointing=pointing)
        if said is None or lead is None:
            return None
        text = f"{head} {said}"
    elif match := _YOURS.match(text):
        said = retell(
            f"{match['wh'] or ''}{match['aux']}{match['rest']}", subject, other, first=True, pointing=pointing
        )
        if said is None:
            return None
        text = said
    else:
        return None
    text = re.sub(r"\s+", " ", text).strip(" ,") + "?"
    text = re.sub(r"\bi\b", "I", re.sub(r"\s+([?,.])", r"\1", text))
    topic = [
        word for word in content(text) if word not in _EMPTY and word not in content(f"{subject.name} {other.name}")
    ]
    return text[0].upper() + text[1:] if (topic or pointing) and not re.search(r"\bbeen\?$|\bup to\?$", text) else None
