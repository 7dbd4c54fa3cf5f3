"""The running chat and memory: which of its turns are read although the decoder sees them, and what leans on it.

What a person told earlier in a chat stands in the prompt and in memory. It is read all the same, so that it competes
with older memories of the like (knowledge/supersession.py), gets its weight, and is shown with it; and so that "nothing
was read" says something of the chat as well. A question that leans on nothing said before then needs no chat at all: a
small decoder answers it better from what was read alone, and would copy its last reply otherwise (LOG.md, 2026-11-26).
Does not know: the store, the read, models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.abstention import asks
from knowledge.evidence import ELLIPSIS, PRONOUN, telling
from knowledge.records import Acts, Turn

MAY_TELL = 0.15  # probability from which a message may hold something that is worth reading
MAY_LEAN = 0.3  # probability from which the turns before a message are looked at: missing them costs more
_FRAGMENT = 3  # words of a message that is hardly a whole sentence ("Which colour?", "Since when?")
_WHOLE = re.compile(r"^\W*(?:who|what|where|when|how)(?:'s|\s+(?:is|are|was|were|does|do|did))\s", re.I)
_CJK_BACK = re.compile("[他她它那这]|呢[?？]?$")
_OF_THE_CHAT = re.compile(  # what is about the chat itself, or wants more of it
    r"\b(?:you|your|our (?:chat|conversation)|so far|above|again|more|another|else|other|next|second|third|last|just|"
    r"continue|go on|shorter|longer|summar\w+)\b|你|您|刚才|继续|再|还", re.I,
)  # fmt: skip
_REQUEST = re.compile(
    r"^\s*(?:please\s+)?(?:tell|give|show|write|explain|list|name|describe|summar\w+|translate|help|suggest|recommend|"
    r"remind me (?:wh|of|how)|let's)\b", re.I,
)  # fmt: skip


def requests(text: str) -> bool:
    """Does this message want something done?"""
    return _REQUEST.match(text) is not None


def refers_back(text: str) -> bool:
    """Can this message be understood only with what was said before it ("And where does she work?", "Since when?")?"""
    found = PRONOUN.search(text) or ELLIPSIS.search(text) or _CJK_BACK.search(text)
    short = text.isascii() and len(text.split()) <= _FRAGMENT
    return found is not None or (short and not (_WHOLE.search(text) and telling(text)))  # "Where is Eva?" is whole


def context_of(acts: Acts, dialogue: Sequence[str]) -> Sequence[str]:
    """The turns before a message that does ``acts``, oldest first, that the read looks at beside it.

    Behind other talk, a question that says itself what it asks for is read as if it began the chat: the turns before
    it only make unlike memories look likely (LOG.md, 2026-11-26).
    """
    return dialogue if acts.leans_back >= MAY_LEAN else ()


def unread(seen: Sequence[Turn], acts: Sequence[Acts]) -> list[Turn]:
    """Of the turns in the prompt, the last of which is to be replied to, those that are not read from memory too: all
    but what the person may have told. ``acts``: of each turn."""
    told = [turn.role == "user" and one.tells >= MAY_TELL for turn, one in zip(seen, acts, strict=True)]
    return [turn for at, turn in enumerate(seen) if not told[at] or at == len(seen) - 1]


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
