"""A reply to a question says something that the question does not.

"What do we call our robot vacuum?" → "Vacuum": a small model that reads the right memory copies the words that memory
and question share. Where the read is sure of one memory, such a reply is made once more, and the first of its words
that says anything is then one that this memory has and the question has not: copied from what was read (a hard form of
CopyNet's copy mode, Gu et al. 2016, arXiv:1603.06393). With the question's words refused alone the model invents, and
so it does where the read is not sure (LOG.md, 2026-11-27).

Does not know: logits, the tokenizer (it is given its decode function).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from knowledge.evidence import telling
from knowledge.records import Read
from knowledge.words import STOP_WORDS

SURE = 0.9  # weight of a memory from which the read is sure of it

_WORD = re.compile(r"[^\W_]+")
_NAMES = re.compile(r"\b(?:what|which|who|whose|whom|where|when|how)\b", re.I)  # asks for something to be named
_LEADING = frozenset("a an the my our your his her their its in at on to for from with by".split())  # noqa: SIM905
_MOST_LEADING = 2  # of these words before one that says something
_CHOICE = re.compile(
    r"\bor\b|^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|shall|may|might|am)\b", re.I
)


class QuestionGuard:
    """Looks at the reply to one message; at none where the message does not ask for something to be named, or no memory
    of ``reads`` is sure and has another word. ``stops``: the tokens that end a reply."""

    def __init__(
        self, message: str, reads: Sequence[Read], decode: Callable[[Sequence[int]], str], stops: Collection[int]
    ) -> None:
        sure = [read.memory.text for read in reads if read.weight >= SURE]
        named = bool(sure) and _NAMES.search(message) and not _CHOICE.search(message)
        self._asked = telling(message) if named else frozenset()
        self._words = [word for word in _words(message) if word not in STOP_WORDS]
        self._new = {word for text in sure for word in _words(text) if not self._old(word)} if named else set()
        self._decode, self._stops = decode, stops
        self.copies = False  # the reply is made once more, from the words of what was read

    def repeats(self, reply: str) -> bool:
        """Does the whole reply name nothing but words of the question?"""
        said = telling(reply)
        return bool(said) and said <= self._asked and bool(self._new)

    def may_repeat(self, begun: str) -> bool:
        """May what goes on from here still be such a reply?"""
        if self.copies or not self._new:
            return False
        *words, last = _words(begun) or [""]
        return all(map(self._old, words)) and (self._old(last) or any(word.startswith(last) for word in self._words))

    def refuses(self, made: Sequence[int], token: int) -> bool:
        """Would ``token`` after ``made`` leave the words of what was read, in a reply that copies?"""
        if not self.copies:
            return False
        *words, last = _words(self._decode(made if token in self._stops else [*made, token])) or [""]
        if not _LEADING.issuperset(words):
            return False
        if last in _LEADING or not last:
            return token in self._stops or len(words) >= _MOST_LEADING
        return last not in self._new if token in self._stops else not any(word.startswith(last) for word in self._new)

    def _old(self, word: str) -> bool:
        return word in STOP_WORDS or telling(word) <= self._asked


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
