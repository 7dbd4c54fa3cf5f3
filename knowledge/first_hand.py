"""What the assistant only repeats is not read beside what it repeats, nor what tells nothing.

Every turn is written back into memory. A reply made from a memory says the same again, right or wrong, and would weigh
like a second witness; where the fact changed since, like one for the old value. The source is read instead. A question
to the assistant has the words of the next one like it and answers none; nor does what it took note with.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from knowledge.abstention import ABSTENTIONS, on_own_life
from knowledge.acknowledgement import ACKNOWLEDGEMENTS
from knowledge.evidence import stem, telling, text_facts
from knowledge.log_weights import lessened_each
from knowledge.records import Candidate, Memory
from knowledge.running_chat import tells
from knowledge.words import STOP_WORDS, plain

NEW = 0.35  # share of a reply's telling words that its source does not hold, from which it says something of its own
_LONGEST = 30  # telling words; a longer reply is no repetition
_CERTAIN = re.compile(  # names and numbers: one more is news
    r"(?<![.!?]\s)(?<!^)\b[A-Z]\w+|\w*\d\w*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred)\b"
)
_OF_THE_CHAT = re.compile(r"\bask(?:ed)?\b|\bquestions?\b|\byou\b|\byour\b|问|你|您", re.I)
SECOND_HAND = 2.0  # nats that the assistant's word on the person's life loses: it was told, or invented
_EMPTY = frozenset(plain(words) for words in (*ABSTENTIONS, *ACKNOWLEDGEMENTS))
_NOTHING = 50.0  # nats that take a weight away


def answering(log_alpha: np.ndarray, memories: Sequence[Memory], question: str) -> np.ndarray:
    """log α (n + 1,), null slot last, without turns between person and assistant that tell nothing, and with less for
    what the assistant said of the person's own life; sums to 1 as before. What was asked stands as evidence beside its
    answer until here, and stays where the question is on the chat itself."""
    if _OF_THE_CHAT.search(question):
        return log_alpha
    own = on_own_life(question)

    def loss(one: Memory) -> float:
        return _NOTHING if _tells_nothing(one) else SECOND_HAND * (own and one.role == "assistant")

    return lessened_each(log_alpha, memories, loss)


def _tells_nothing(one: Memory) -> bool:
    """A question with a name or a number in it ("What could I give my sister Ana for her 30th?") still tells that."""
    if one.kind != "turn" or one.speaker or one.pinned:
        return False
    return plain(one.text) in _EMPTY if one.role == "assistant" else not (tells(one.text) or _CERTAIN.search(one.text))


def first_hand(candidates: Sequence[Candidate]) -> list[Candidate]:
    """``candidates`` without the assistant's repetitions of others among them; questions are nobody's source."""
    wanted = frozenset[str]().union(
        *(telling(one.memory.text) for one in candidates if one.memory.role == "assistant")
    )
    if not wanted:
        return list(candidates)
    told = [
        facts.stems for one in candidates
        if one.memory.role != "assistant" and not (facts := text_facts(one.memory.text)).question
    ]  # fmt: skip
    sources = defaultdict[str, list[int]](list)
    for number, stems in enumerate(told):
        for word in stems & wanted:
            sources[word].append(number)
    return [
        one for one in candidates
        if one.memory.role != "assistant" or one.memory.pinned or not _repeats(one.memory.text, told, sources)
    ]  # fmt: skip


def _repeats(text: str, told: Sequence[frozenset[str]], sources: dict[str, list[int]]) -> bool:
    words = telling(text)
    if not words or len(words) > _LONGEST:
        return False
    # A source holds so many of the words that one of the rarest stands in it: the others need not be looked at
    # (prefix filtering, Chaudhuri et al. 2006, A primitive operator for similarity joins in data cleaning).
    least = math.ceil((1 - NEW) * len(words))
    held = words & sources.keys()
    if len(held) < least:
        return False
    rarest = sorted(held, key=lambda word: len(sources[word]))[: len(held) - least + 1]
    alike = {number for word in rarest for number in sources[word] if len(words & told[number]) >= least}
    if not alike:
        return False
    certain = {stem(found.lower()) for found in _CERTAIN.findall(text)} - STOP_WORDS
    return any(certain <= told[number] for number in alike)
