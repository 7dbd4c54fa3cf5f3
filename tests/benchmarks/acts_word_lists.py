"""The lists of words that decided what a message does before it was read (knowledge/input/dialogue_acts.py), to compare
with. What the small decoder's own policy still decides by is imported from there."""

from __future__ import annotations

import re
from collections.abc import Callable

from knowledge.reply.small_model.abstention import on_own_life
from knowledge.reply.small_model.message_forms import asks, is_small_talk, refers_back, requests
from knowledge.text.words import sentences

_LIST = re.compile(  # "Which books did she like?", "Where has he been?": a plural before the verb, or all time so far
    r"\b(?:what|which|whose)\s+(?:(?!(?:is|was|does|has)\b)[\w'’-]+\s+){0,4}?"
    r"(?!(?:is|was|does|has|this|its|his)\b)[\w-]+s\s+(?:do|does|did|has|have|had|are|were|would|is|was)\b"
    r"|\b(?:what|which)\s+(?:are|were|all)\b|\bhow many\b"
    r"|\b(?:what|which|whose|who|where|how)\b[^?]*\b(?:has|have)\b(?!\s+to\b)"
    r"|\b(?:names|kinds|types|ways|examples|list) of\b|哪些",
    re.I,
)


def tells(text: str) -> bool:
    """Is there a sentence that tells something, neither question, request nor greeting?"""
    parts = sentences(text) or [text]
    return any(not (asks(part) or is_small_talk(part) or requests(part)) for part in parts)


def wants_a_list(text: str) -> bool:
    """Does a question ask for several things, which may stand in as many memories?"""
    return _LIST.search(text) is not None


LISTS: dict[str, Callable[[str], bool]] = {
    "tells": tells,
    "wants_done": requests,
    "chats": is_small_talk,
    "leans_back": refers_back,
    "several": wants_a_list,
    "asks_own": lambda text: asks(text) and on_own_life(text),
}
