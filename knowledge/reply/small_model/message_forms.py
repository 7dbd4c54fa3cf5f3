"""What a message is by its form, as a very small decoder's policy needs to know: a question, a request, a follow-up.

Every other decoder goes by the learned reading of a message (knowledge/input/dialogue_acts.py). Does not know: models,
memory.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from knowledge.records import Turn
from knowledge.text.words import STOP_WORDS, TERM, is_cjk, telling

_PRONOUN = re.compile(
    r"\b(he|she|it|they|him|her|his|hers|their|theirs|them|its|that|this|there|one|those|these)\b", re.I
)
_ELLIPSIS = re.compile(r"^\s*(and|but|also|so|or|what about|how about)\b", re.I)
# Words of greetings and thanks: a message of nothing else asks for nothing.
_SMALL_TALK = frozenset(
    """hello hi hey hiya greetings welcome thanks thank thx cheers please ok okay yes yeah yep nope sure fine great good
    nice cool well morning afternoon evening night day bye goodbye see later lol wow oh ah hm hmm everyone lot
    much""".split()  # noqa: SIM905
)
_ASKING = frozenset(("what", "where", "when", "who", "whom", "whose", "which", "why", "did", "my", "our", "her", "his"))
_CJK_SMALL_TALK = re.compile(
    "你好|您好|大家好|早上好|早安|晚上好|晚安|下午好|谢谢|多谢|再见|拜拜|好|嗯|哦|啊|吗|呢|吧|的|了|你|您|们|是|哈"
)
_GUESS = re.compile(  # not "Would you tell me…", nor "I would like to know…"
    r"\b(?:would|might|could|likely|probably|do you think|personality|traits|attributes|kind of person)\b"
    r"(?! (?:you|like to)\b)|可能|会不会|也许|大概会|性格|怎样的人|什么样的人",
    re.I,
)
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


def is_small_talk(text: str) -> bool:
    """Only greetings, thanks, yes and no ("Hello!", "Thanks a lot", "你好"): no word in it asks for anything."""
    terms = TERM.findall(unicodedata.normalize("NFKC", text).lower())
    said = [term for term in terms if not is_cjk(term)]
    if any(_CJK_SMALL_TALK.sub("", term) for term in terms if is_cjk(term)) or _ASKING.intersection(said):
        return False
    if all(term in STOP_WORDS for term in terms) and terms:
        return said in (["how", "are", "you"], ["no"])
    return all(term in _SMALL_TALK or term in STOP_WORDS or is_cjk(term) for term in terms)


def wants_a_guess(text: str) -> bool:
    """Does the question ask what is likely ("Would she enjoy it?", "What might he study?", "她会不会喜欢？"), or for a
    judgement of a person ("Which traits describe him?")? Both are drawn from what was said, nobody said them."""
    return "?" in text.replace("？", "?") and _GUESS.search(text) is not None


def refers_back(text: str) -> bool:
    """Can this message be understood only with what was said before it ("And where does she work?", "Since when?")?"""
    found = _PRONOUN.search(text) or _ELLIPSIS.search(text) or _CJK_BACK.search(text)
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
