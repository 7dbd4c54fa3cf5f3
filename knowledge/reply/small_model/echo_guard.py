"""A reply is not the turn that it answers, said back.

Small models parrot: "Soccer is the most famous ball game" is answered with itself. Context n-gram blocking (Roller et
al. 2021, "Recipes for building an open-domain chatbot", arXiv:2004.13637, section 4) refuses whatever was said before;
here only the beginning of a reply is looked at, since further in, the asked person's words are how one answers.

Does not know: logits, the tokenizer (it is given its decode function).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

SAME = 3  # words of a sentence that a reply may begin with; the next must be another, or at least not the end
_SENTENCE = re.compile(r"[^.!?\n]+")
_WORD = re.compile(r"[\w']+")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


class EchoGuard:
    """Which tokens would make a reply an echo of ``turn``. ``stops``: the tokens that end a reply."""

    def __init__(self, turn: str, decode: Callable[[Sequence[int]], str], stops: Collection[int]) -> None:
        self._said = [words for words in map(_words, _SENTENCE.findall(turn)) if len(words) >= SAME]
        self._decode, self._stops = decode, stops

    def refuses(self, made: Sequence[int], token: int) -> bool:
        """Would ``token`` after the tokens ``made`` say a sentence of the turn back?"""
        if not self._said:
            return False
        if token in self._stops:
            return _words(self._decode(made)) in self._said
        words = _words(self._decode([*made, token]))
        if len(words) <= SAME:
            return False
        begun = [said for said in self._said if said[:SAME] == words[:SAME]]
        if not begun:
            self._said = []  # the reply has its own beginning: nothing to look at from here on
            return False
        return len(words) == SAME + 1 and any(said[SAME].startswith(words[SAME]) for said in begun if said[SAME:])
