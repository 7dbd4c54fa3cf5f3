"""What tells nothing weighs less, and a message that needs nothing from memory reads nothing.

Every turn is written back into memory: a question to the assistant has the words of the next one like it and answers
none, a reply made from a memory says the same again, right or wrong, and what it invented would come back as told. How
likely a turn tells something, and what the message wants, is read by a trained part (knowledge/input/dialogue_acts.py):
evidence in nats, never a veto. The learned read sees the same, but too few scenes of its training hold nothing else.
Does not know: how that is read, the store.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from knowledge.records import Acts, Candidate

SECOND_HAND = 8.0  # nats that the assistant's word on the person's life loses: it was told, or invented
MOST = 6.0  # log odds that a reading is taken for at most: a message can be read wrongly
HEARSAY = 2.0  # times the log odds that a turn tells nothing, in nats that it loses
NEEDLESS = 2.0  # times the log odds that a message needs no memory, in nats for the null slot


def answering(log_alpha: np.ndarray, candidates: Sequence[Candidate], asked: Acts) -> np.ndarray:
    """log α (n + 1,), null slot last, with less for turns that are no evidence for what the person told, and more for
    the null slot where the message needs nothing from memory; sums to 1 as before."""
    left = log_alpha - np.array([*hearsay(candidates, asked), -needless(asked)])
    return np.asarray(left - np.logaddexp.reduce(left), dtype=log_alpha.dtype)


def hearsay(candidates: Sequence[Candidate], asked: Acts) -> list[float]:
    """(n,) nats that memories lose as witnesses of what the person told: turns by the odds that they tell nothing, the
    assistant's more. Nothing where the question is on what was said in the chat, or where a turn was not read."""
    return [_lost(one, asked) * (1 - asked.asks_chat) ** 2 for one in candidates]


def _lost(one: Candidate, asked: Acts) -> float:
    if one.acts is None or one.memory.kind != "turn" or one.memory.speaker:
        return 0.0
    second_hand = SECOND_HAND * asked.asks_own if one.memory.role == "assistant" else 0.0
    return HEARSAY * min(MOST, max(0.0, -_log_odds(one.acts.tells))) + second_hand


def needless(asked: Acts) -> float:
    """Nats that the null slot gains, 0 or more, by the odds that the message needs nothing from memory: small talk, a
    task, a question on the world, and neither tells nor asks anything of the person's."""
    plain = 1 - (1 - asked.chats) * (1 - asked.wants_done) * (1 - asked.asks_world)
    wanted = (asked.tells, asked.asks_own, asked.asks_document, asked.advice, asked.asks_chat)
    likely = plain * math.prod(1 - one for one in wanted)
    return NEEDLESS * min(MOST, max(0.0, _log_odds(likely)))


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
