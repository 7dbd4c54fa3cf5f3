"""What the assistant only repeats is not read beside what it repeats; what tells nothing weighs less.

Every turn is written back into memory. A reply made from a memory says the same again, right or wrong, and would weigh
like a second witness; where the fact changed since, like one for the old value. The source is read instead. A question
to the assistant has the words of the next one like it and answers none; nor does what it took note with. How likely a
turn tells something is read from it (knowledge/input/dialogue_acts.py): evidence in nats, never a veto. Does not know:
how that is read, the store.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from knowledge.read.evidence import text_facts
from knowledge.read.log_weights import SLIGHT, lessened
from knowledge.records import Acts, Candidate, Memory, Reading
from knowledge.text.words import STOP_WORDS, stem, telling

NEW = 0.35  # share of a reply's telling words that its source does not hold, from which it says something of its own
_LONGEST = 30  # telling words; a longer reply is no repetition
_CERTAIN = re.compile(  # names and numbers: one more is news
    r"(?<![.!?]\s)(?<!^)\b[A-Z]\w+|\w*\d\w*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred)\b"
)
SECOND_HAND = 8.0  # nats that the assistant's word on the person's life loses: it was told, or invented
MOST = 6.0  # log odds that a reading is taken for at most: a message can be read wrongly
HEARSAY = 2.0  # times the log odds that a turn tells nothing, in nats that it loses
NEEDLESS = 2.0  # times the log odds that a message needs no memory, in nats for the null slot


def answering(log_alpha: np.ndarray, memories: Sequence[Memory], reading: Reading) -> np.ndarray:
    """log α (n + 1,), null slot last, with less for turns that are no evidence for what the person told, and more for
    the null slot where the message needs nothing from memory; sums to 1 as before.

    What was asked stands as evidence beside its answer until here, and stays where the question is on the chat."""
    close = np.flatnonzero(log_alpha[:-1] > log_alpha.max() - SLIGHT).tolist()
    loss = np.zeros(len(log_alpha))
    loss[close] = hearsay([memories[at] for at in close], reading)
    loss[-1] = -needless(reading.message)
    return lessened(log_alpha, loss)


def hearsay(memories: Sequence[Memory], reading: Reading) -> np.ndarray:
    """(n,) nats that memories lose as witnesses of what the person told: turns by the odds that they tell nothing, the
    assistant's more. Nothing where the question is on what was said in the chat."""
    asked = reading.message
    loss = np.zeros(len(memories))
    turns = [at for at, one in enumerate(memories) if one.kind == "turn" and not one.speaker]
    for at, acts in zip(turns, reading.of([memories[at] for at in turns]), strict=True):
        loss[at] = HEARSAY * min(MOST, max(0.0, -log_odds(acts.tells)))
        if memories[at].role == "assistant":
            loss[at] += SECOND_HAND * asked.asks_own
    return loss * (1 - asked.asks_chat) ** 2


def needless(asked: Acts) -> float:
    """Nats that the null slot gains, 0 or more, by the odds that the message needs nothing from memory: small talk, a
    task, a question on the world, and neither tells nor asks anything of the person's."""
    plain = 1 - (1 - asked.chats) * (1 - asked.wants_done) * (1 - asked.asks_world)
    wanted = (asked.tells, asked.asks_own, asked.asks_document, asked.advice, asked.asks_chat)
    likely = plain * math.prod(1 - one for one in wanted)
    return NEEDLESS * min(MOST, max(0.0, log_odds(likely)))


def log_odds(probability: float) -> float:
    """In nats."""
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def first_hand(candidates: Sequence[Candidate]) -> list[Candidate]:
    """``candidates`` without the assistant's repetitions of others among them; questions are nobody's source."""
    wanted = frozenset[str]().union(*(telling(one.memory.text) for one in candidates if one.memory.role == "assistant"))
    if not wanted:
        return list(candidates)
    told = [
        facts.stems
        for one in candidates
        if one.memory.role != "assistant" and not (facts := text_facts(one.memory.text)).question
    ]
    sources = defaultdict[str, list[int]](list)
    for number, stems in enumerate(told):
        for word in stems & wanted:
            sources[word].append(number)
    return [
        one
        for one in candidates
        if one.memory.role != "assistant" or one.memory.pinned or not _repeats(one.memory.text, told, sources)
    ]


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
