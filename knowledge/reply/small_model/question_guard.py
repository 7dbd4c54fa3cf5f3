"""A short reply to a question, where the read is sure of one memory, says something that this memory says.

"What do we call our robot vacuum?" → "Vacuum"; "Which colour do we want for the bedroom?" → "Orange" where the memory
says ivory: a small model that reads the right memory copies the words that memory and question share, or invents. Where
the read is sure of one memory, such a reply is made once more, and the first of its words that says anything is then
one that this memory has and the question has not: copied from what was read (a hard form of CopyNet's copy mode, Gu et
al. 2016, arXiv:1603.06393). With the question's words refused alone the model invents, and so it does where the read is
not sure (LOG.md, 2026-11-27). Counts, dates, guesses and "yes" need not stand in a memory, nor does "not known".

Does not know: logits, the tokenizer (it is given its decode function).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from knowledge.records import Read
from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.reply.small_model.message_forms import wants_a_guess
from knowledge.text.words import STOP_WORDS, telling

_FEW = 3  # telling words of a reply that is looked at
SURE = 0.9  # weight of a memory from which the read is sure of it

_WORD = re.compile(r"[^\W_]+")
_FREE = re.compile(  # what is worked out from a memory rather than found there
    r"\d|^\W*(?:yes|no|likely|none|nothing|never)\b|\b(?:january|february|march|april|may|june|july|august|september|"
    r"october|november|december|spring|summer|autumn|winter)\b",
    re.I,
)
_COUNTS = re.compile(r"\bhow (?:many|much|often|long|old)\b", re.I)
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
        self._told = frozenset().union(*map(telling, sure))
        self._counts = bool(_COUNTS.search(message)) or wants_a_guess(message)
        self._decode, self._stops = decode, stops
        self.copies = False  # the reply is made once more, from the words of what was read

    def groundless(self, reply: str) -> bool:
        """Does the whole reply name nothing but words of the question, or, in few words, nothing of the memory?"""
        said = telling(reply)
        if self.copies or not self._new or not said or reply in ABSTENTIONS:
            return False
        if said <= self._asked:
            return True
        return not self._counts and len(said) <= _FEW and not said & self._told and not _FREE.search(reply)

    def may_be_groundless(self, begun: str) -> bool:
        """May what goes on from here still be such a reply?"""
        if self.copies or not self._new:
            return False
        *words, last = _words(begun) or [""]
        if all(map(self._old, words)) and (self._old(last) or any(word.startswith(last) for word in self._words)):
            return True
        said = telling(" ".join(words))
        return not self._counts and len(said) <= _FEW and not said & self._told and not _FREE.search(begun)

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
