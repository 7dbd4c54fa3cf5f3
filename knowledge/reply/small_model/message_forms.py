"""What a message is by its form, as a very small decoder's policy needs to know: a question, a request, a follow-up.

Every other decoder goes by the learned reading of a message (knowledge/input/dialogue_acts.py). Does not know: models,
memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.records import Turn
from knowledge.text.words import ELLIPSIS, PRONOUN, telling

_ASKS = re.compile(r"[?？]|^\s*(?:who|whose|whom|what|which|where|when|why|how)\b", re.I)
_FRAGMENT = 3  # words of a message that is hardly a whole sentence ("Which colour?", "Since when?")
_WHOLE = re.compile(r"^\W*(?:who|what|where|when|how)(?:'s|\s+(?:is|are|was|were|does|do|did))\s", re.I)
_CJK_BACK = re.compile("[他她它那这]|呢[?？]?$")
_OF_THE_CHAT = re.compile(  # what is about the chat itself, or wants more of it
    r"\b(?:you|your|our (?:chat|conversation)|so far|above|again|more|another|else|other|next|second|third|last|just|"
    r"continue|go on|shorter|longer|summar\w+)\b|你|您|刚才|继续|再|还",
    re.I,
)
_REQUEST = re.compile(
    r"^\s*(?:please\s+)?(?:tell|give|show|write|explain|list|name|describe|summar\w+|translate|help|suggest|recommend|"
    r"remind me (?:wh|of|how)|let's)\b",
    re.I,
)


def asks(text: str) -> bool:
    """Does this message ask something?"""
    return _ASKS.search(text) is not None


def requests(text: str) -> bool:
    """Does this message want something done?"""
    return _REQUEST.match(text) is not None


def refers_back(text: str) -> bool:
    """Can this message be understood only with what was said before it ("And where does she work?", "Since when?")?"""
    found = PRONOUN.search(text) or ELLIPSIS.search(text) or _CJK_BACK.search(text)
    short = text.isascii() and len(text.split()) <= _FRAGMENT
    return found is not None or (short and not (_WHOLE.search(text) and telling(text)))  # "Where is Eva?" is whole


def needed(dialogue: Sequence[Turn]) -> Sequence[Turn]:
    """The turns that the reply to the last one needs: it alone where it is a question of its own, names nothing that
    the assistant said, and all turns before it are kept, so that what was told in them is in memory."""
    *before, last = dialogue
    text = last.text
    alone = asks(text) and not refers_back(text) and _OF_THE_CHAT.search(text) is None
    wanted = telling(text)
    if not alone or any(not turn.conversation for turn in before):
        return dialogue
    if any(wanted & telling(turn.text) for turn in before if turn.role == "assistant"):
        return dialogue
    return [last]
