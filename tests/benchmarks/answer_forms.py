"""Does a reply hold the answer? Accepted forms as a small language, matched by words, and a rule where none are.

A form is parts that must all be there, joined by " & "; a part is variants, any of which will do, joined by " | "; a
variant is words in a row, the last of which may end in "*" for any ending. "{yes}" and "{no}" are parts: the reply says
so. Words are compared without case, accents and apostrophes; "three" is 3, "14th" is 14, "2,900" is 2900; Chinese is
compared character by character.

``from_answer`` is the rule for questions without forms of their own: of every part of the written answer (between
commas and "and") the reply holds all names and numbers, or where it has none at least half of its telling words
(stemmed); what stands in brackets may be missing, what the question says itself need not be said again, of alternatives
("/", "… is also acceptable") one is enough, and "no" and "yes" are polarities. Does not know: who asked what.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import Stemmer

NUMBERS = (
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
_DIGITS = {word: str(number) for number, word in enumerate(NUMBERS)}
_CJK = re.compile(r"([\u3040-\u30ff\u3400-\u9fff])")
_NO = re.compile(
    r"^(?:\w+ ){0,2}(?:no|nope|nah|not|never)\b|\b(?:no longer|not|never|none|cannot|isnt|arent|wasnt|werent|dont|"
    r"doesnt|didnt|wont|cant|havent|hasnt|shouldnt|cancelled|canceled)\b|[不没沒]|别",
    re.I,
)
_YES = re.compile(r"^(?:yes|yeah|yep|yup|sure|indeed|correct)\b|^\s*(?:是|对|對|有)", re.I)
_IDLE_WORDS = (
    "a an the and or of to in on at for from by with as is are was were be been am i me my you your we our he she it "
    "they his her its their him them that this these those who which what will would has have had do does did not no "
    "so but if then than there here about into out up down over near only just also user"
)
_IDLE = frozenset(_IDLE_WORDS.split())
_stem = Stemmer.Stemmer("english").stemWord


@dataclass(frozen=True)
class Forms:
    """``any``: one of these forms is in the right reply (with ``least``: so many of them); none of ``none`` is."""

    any: tuple[str, ...]
    none: tuple[str, ...] = ()
    least: int = 1

    def held_by(self, reply: str) -> bool:
        words = plain(reply)
        found = sum(_form(form, words) for form in self.any)
        return found >= self.least and not any(_form(form, words) for form in self.none)


def forms_of(value: Any) -> Forms:
    """From a table: a form, a list of forms, or {"any": …, "none": …, "least": …}. Raises ValueError for others."""
    if isinstance(value, str):
        return Forms((value,))
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return Forms(tuple(value))
    if isinstance(value, dict) and value.keys() <= {"any", "none", "least"} and value.get("any"):
        return Forms(tuple(value["any"]), tuple(value.get("none", ())), int(value.get("least", 1)))
    raise ValueError(f"{value!r} are no accepted forms")


def plain(text: str) -> str:
    """Words with one space around each, as they are compared."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = re.sub(r"['’`]", "", re.sub(r"(?<=\d)[,\u202f](?=\d{3}\b)", "", text))
    text = re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", r"\1", text)
    text = _CJK.sub(r" \1 ", re.sub(r"(\d)([a-z£€$])|([£€$])", r"\1 \2", text))
    words = (_DIGITS.get(word, word) for word in re.findall(r"\w+", text))
    return f" {' '.join(words)} "


def _form(form: str, words: str) -> bool:
    return all(any(_variant(one.strip(), words) for one in part.split("|")) for part in form.split("&"))


def _variant(variant: str, words: str) -> bool:
    if variant == "{no}":
        return says_no(words)
    if variant == "{yes}":
        return _YES.search(words.strip()) is not None
    return f" {plain(variant.rstrip('*')).strip()}{'' if variant.endswith('*') else ' '}" in words


def says_no(words: str) -> bool:
    """Does this plain text deny what was asked?"""
    return _YES.search(words.strip()) is None and _NO.search(words.strip()) is not None


def from_answer(answer: str, question: str = "", *, share: float = 1.0) -> Callable[[str], bool]:
    """The judge of a reply that knows the written answer alone. ``share``: of the answer's parts that the reply has to
    hold; 1 for a plain question, less for a summary."""
    bare = re.sub(r"(?<=\d),(?=\d{3}\b)", "", re.sub(r"\([^)]*\)", " ", answer)).strip()
    polarity = re.match(r"(yes|no)\b", bare, re.I)
    if polarity:
        return Forms(("{no}" if polarity[1].lower() == "no" else "{yes}",)).held_by
    first, *others = re.split(r"[.;]\s+(?=[^.;]*\bacceptable\b)", bare)
    if others:
        several = [from_answer(one.partition(" is ")[0], question, share=share) for one in (first, *others)]
        return lambda reply: any(one(reply) for one in several)
    known = {_stem(word) for word in telling(question)}
    fresh = [word for word in telling(bare) if _stem(word) not in known]
    known = known if fresh else set()  # a choice among what the question names
    parts = [part for part in re.split(r"[,;，、；]|\band\b", bare) if telling(part)]
    parts = [part for part in parts if any(_stem(word) not in known for word in telling(part))]

    def held(reply: str) -> bool:
        said = {_stem(word) for word in plain(reply).split()}
        good = sum(any(_holds(one, said, known) for one in part.split("/")) for part in parts)
        return bool(parts) and good >= share * len(parts)

    return held


def telling(text: str) -> list[str]:
    """Words of a text that say something, as they are compared, in order."""
    return [word for word in plain(text).split() if word not in _IDLE]


def _holds(part: str, said: set[str], known: set[str]) -> bool:
    """All names and numbers of the part, or half of its words; ``said`` and ``known`` (from the question) are stems."""
    wanted = {stem for word in telling(part) if (stem := _stem(word)) not in known}
    names = {_stem(word) for name in re.findall(r"(?<=\w )[A-Z]\w+|\S*\d\S*", part) for word in telling(name)}
    names |= {word for word in wanted if word in _DIGITS.values()}
    if names & wanted:
        return names & wanted <= said
    return 2 * len(wanted & said) >= len(wanted) > 0


def parts_held(values: Sequence[str], text: str) -> list[bool]:
    """Which of these strings stand in the text, without regard to case."""
    return [value.casefold() in text.casefold() for value in values]
