"""The running chat and memory: which of its turns are read although the decoder sees them, and what leans on it.

What a person told earlier in a chat stands in the prompt and in memory. It is read all the same, so that it competes
with older memories of the like (knowledge/read/later_word.py), gets its weight, and is shown with it; and so that
"nothing was read" says something of the chat as well. A question that leans on nothing said before then needs no chat
at all: a small decoder answers it better from what was read alone, and would copy its last reply otherwise (LOG.md,
2026-11-26). Does not know: the store, the read, models.
"""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.records import Acts, Turn

MAY_TELL = 0.15  # probability from which a message may hold something that is worth reading


def context_of(acts: Acts, dialogue: Sequence[str]) -> Sequence[str]:
    """The turns before a message that does ``acts``, oldest first, that the read looks at beside it.

    Behind other talk, a question that says itself what it asks for is read as if it began the chat: the turns before
    it only make unlike memories look likely (LOG.md, 2026-11-26).
    """
    return dialogue if acts.may_lean else ()


def not_from_memory(seen: Sequence[Turn], acts: Sequence[Acts]) -> list[Turn]:
    """Of the turns in the prompt, the last of which is to be replied to, those that are not read from memory too: all
    but what the person may have told. ``acts``: of each turn."""
    told = [turn.role == "user" and one.tells >= MAY_TELL for turn, one in zip(seen, acts, strict=True)]
    return [turn for at, turn in enumerate(seen) if not told[at] or at == len(seen) - 1]
