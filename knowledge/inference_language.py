"""The language that the inference network was trained on, and how other names find their way into it.

A network that never saw a kind of sentence answers it all the same, and wrongly. So it is asked only about sentences
all of whose runs of four words its training files have. A person, a thing or a place that those files do not know
stands for one that they do and that nobody talks of here (as in the anonymised stories of Hermann et al. 2015,
arXiv:1506.03340): "Ana took the laptop" is read as "Mary took the milk", and what is said of the milk, of the laptop.

Knows: words. Does not know: networks, memories.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from knowledge.words import STOP_WORDS

MOST_STRANGE = 3  # words of a sentence that the language lacks
MOST_ASKED = 2  # of a question
ALWAYS = 0.995  # share of the questions with a word from which on the word must have been told

RUN = 4  # words that must have stood next to each other in training
PADS = ("",) * (RUN - 1)
_WORD = re.compile(r"[^\W\d_]+")
Words = tuple[str, ...]


def words_of(sentence: str) -> Words:
    """As written, without digits and punctuation."""
    return tuple(_WORD.findall(sentence))


def runs(words: Sequence[str]) -> list[str]:
    """Every four words in a row, the ends of the sentence padded."""
    padded = [*PADS, *words, *PADS]
    return [" ".join(padded[at : at + RUN]) for at in range(len(padded) - RUN + 1)]


@dataclass(frozen=True)
class Language:
    """``facts``, ``questions``: runs of four words that they have. ``told``: words that, where a question or an answer
    has them, some fact had before. ``names``: of persons, ``things``: what stands behind "the"; the frequent first."""

    facts: frozenset[str]
    questions: frozenset[str]
    told: frozenset[str]
    names: tuple[str, ...]
    things: tuple[str, ...]

    @classmethod
    def of(cls, examples: Iterable[tuple[Sequence[str], str, Sequence[str]]]) -> Language:
        """Out of training questions: facts, question and answer of each, as written in the files."""
        facts: set[str] = set()
        questions: set[str] = set()
        asked: Counter[str] = Counter()
        had: Counter[str] = Counter()
        names: Counter[str] = Counter()
        things: Counter[str] = Counter()
        for sentences, question, answer in examples:
            lines = [words_of(sentence) for sentence in sentences]
            lower = [tuple(map(str.lower, line)) for line in lines]
            facts.update(run for line in lower for run in runs(line))
            questions.update(runs(words_of(question.lower())))
            before = {word for line in lower for word in line}
            for word in {*words_of(question.lower()), *answer}:
                asked[word] += 1
                had[word] += word in before
            names.update(word.lower() for line in (*lines, words_of(question)) for word in line[1:] if word.istitle())
            things.update(b for line in lower for a, b in zip(line, line[1:], strict=False) if a == "the")
        told = frozenset(word for word in asked if had[word] >= ALWAYS * asked[word]) - STOP_WORDS
        people, others = (tuple(word for word, _ in counted.most_common()) for counted in (names, things))
        return cls(frozenset(facts), frozenset(questions), told, people, others)

    @classmethod
    def from_json(cls, kept: dict[str, list[str]]) -> Language:
        """The inverse of :meth:`to_json`. Raises KeyError, TypeError."""
        facts, questions, told = (frozenset(kept[name]) for name in ("facts", "questions", "told"))
        return cls(facts, questions, told, tuple(kept["names"]), tuple(kept["things"]))

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of facts and questions."""
        return frozenset(word for run in self.facts | self.questions for word in run.split())

    def strange(self, sentence: str) -> list[int] | None:
        """Places of the words that the language lacks; None where one of them can stand for nothing."""
        lower = [word.lower() for word in words_of(sentence)]
        places = [at for at, word in enumerate(lower) if word not in self.words]
        foreign = len(lower) < 2 or len(places) > MOST_STRANGE or any(lower[at] in STOP_WORDS for at in places)
        return None if foreign else places

    def to_json(self) -> dict[str, list[str]]:
        """For a header."""
        sets = {name: sorted(getattr(self, name)) for name in ("facts", "questions", "told")}
        return {**sets, "names": list(self.names), "things": list(self.things)}


class Translation:
    """A question and ``sentences`` around it in the words of a language. ``question``: its words, None where it is no
    question of the language; ``facts``: the words of each sentence that is a fact of the language, None for others."""

    def __init__(self, language: Language, question: str, sentences: Sequence[str]) -> None:
        self._language = language
        self._stands: dict[str, str] = {}  # a word of the story → the one of the language that stands for it
        self._written: dict[str, str] = {}  # that one → the story's as it was written
        self._taken: set[str] = set()
        self._proper: set[str] = set()  # words that somebody writes with a capital
        self._fitting: dict[str, set[str]] = {}  # what may stand for a word of the question so that it stays one
        self.facts: list[Words | None] = [None] * len(sentences)
        self.question: Words | None = None
        if language.strange(question) is None:
            return
        self._proper = {word.lower() for sentence in (question, *sentences) for word in words_of(sentence)
                        if word.istitle()}  # fmt: skip
        self._fitting = self._fits(question)
        if not self._fitting and self._read(question, language.questions) is None:
            return  # sentences are not worth a look
        lower = [{word.lower() for word in words_of(sentence)} for sentence in sentences]
        asked = {word.lower() for word in words_of(question)} - STOP_WORDS
        self._taken = asked.union(*lower)
        # What a fact says of a word tells better than a question what it can stand for: facts of what is asked first.
        for place in sorted(range(len(sentences)), key=lambda place: not lower[place] & asked):
            self.facts[place] = self._read(sentences[place], language.facts)
        self.question = self._read(question, language.questions)

    def back(self, word: str) -> str:
        """A word of the language as the story has it."""
        return self._written.get(word, word)

    def _read(self, sentence: str, known: frozenset[str]) -> Words | None:
        places = self._language.strange(sentence)
        if places is None:
            return None
        raw = words_of(sentence)
        return self._filled(raw, [word.lower() for word in raw], places, known)

    def _filled(self, raw: Words, words: list[str], places: Sequence[int], known: frozenset[str]) -> Words | None:
        """The sentence with words of the language at ``places``, which then stand for what was there; depth first."""
        if not places:
            return tuple(words) if known.issuperset(runs(words)) else None
        at, *rest = places
        word = raw[at].lower()
        for choice in self._choices(raw, at):
            filled = [choice if raw[place].lower() == word else one for place, one in enumerate(words)]
            left = [place for place in rest if raw[place].lower() != word]
            before = dict(self._stands), dict(self._written)
            self._stands[word], self._written[choice] = choice, raw[at]
            if found := self._filled(raw, filled, left, known):
                return found
            self._stands, self._written = before
        return None

    def _choices(self, raw: Words, at: int) -> list[str]:
        """Words of the language that may stand at place ``at``."""
        word = raw[at].lower()
        if word in self._stands:
            return [self._stands[word]]
        behind = at and raw[at - 1].lower() == "the"
        usual = self._language.things if behind else self._language.names if word in self._proper else ()
        free = [one for one in usual if one not in self._taken and one not in self._written]
        if word in self._fitting:
            return [one for one in free if one in self._fitting[word]]
        alike = set[str]().union(*self._fitting.values())  # who stands beside those is of their kind
        return sorted(free, key=lambda one: one not in alike)

    def _fits(self, question: str) -> dict[str, set[str]]:
        """For each word of the question that the language lacks, what may stand for it; empty where it is none."""
        raw, places = words_of(question), self._language.strange(question) or []
        fitting: dict[str, set[str]] = {}
        strange = list(dict.fromkeys(raw[at].lower() for at in places))
        first = [next(at for at, word in enumerate(raw) if word.lower() == one) for one in strange]
        if len(strange) > MOST_ASKED:
            return {}
        for chosen in product(*(self._choices(raw, at) for at in first)):
            stands = dict(zip(strange, chosen, strict=True))
            filled = [stands.get(word.lower(), word.lower()) for word in raw]
            if len(set(chosen)) == len(chosen) and self._language.questions.issuperset(runs(filled)):
                for word, one in stands.items():
                    fitting.setdefault(word, set()).add(one)
        return fitting
