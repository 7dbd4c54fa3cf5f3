"""One running chat with the assistant: facts told and acknowledged, then asked for, or followed by other talk.

What stands in the running dialogue is not read from memory, so the reply has to find it there. From the generator's
scenes of a person and their assistant. Does not know: the read, tokens, networks.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from knowledge.records import Turn
from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.training.generated.records import Draft
from knowledge.training.generated.talk import Stage
from knowledge.training.generated.times import DAY
from knowledge.training.replies.data import ReplyExample, sentence

SENTENCE = re.compile(r"[^.!?]+[.!?]+")
_LONGEST = 240  # characters of a fact told
_GREETINGS = (("Hi!", "Hi!"), ("Hello!", "Hello!"), ("Hey,", "Hey!"), ("Good morning!", "Good morning!"))
_HEARD = (
    "Got it, I'll remember that.",
    "I'll remember that.",
    "Noted.",
    "Thanks for telling me, I'll remember that.",
    "Got it!",
    "Noted, I'll keep that in mind.",
    "Okay, I'll remember that.",
)
_BACK = 60.0  # seconds between two turns


def conversed(
    stage: Stage, drafts: Sequence[Draft], told: Sequence[ReplyExample], rng: random.Random
) -> Iterator[ReplyExample]:
    """Questions that the chat answers, or does not, and facts told in its course. ``told``: the scene's facts as told
    to the assistant, with replies."""
    facts = [(one.dialogue[-1].text, one.reply) for one in told if len(one.dialogue[-1].text) <= _LONGEST]
    if not stage.app or len(facts) < 4:
        return
    for draft in drafts:
        if draft.dialogue or draft.asked:
            continue
        if draft.kind == "single" and draft.answer and len(draft.evidence) == 1:
            said = _holding(stage, min(draft.evidence), draft.answer)
            if not said:
                continue
            pairs = [*rng.sample(facts, rng.randint(0, 3)), (said, rng.choice(_HEARD))]
            rng.shuffle(pairs)
            yield _chat(pairs, draft.text, sentence(draft.answer), "in dialogue")
        elif not draft.evidence and rng.random() < 0.4:
            pairs = rng.sample(facts, rng.randint(1, 3))
            yield _chat(pairs, draft.text, rng.choice(ABSTENTIONS), "never told")
    for text, reply in facts:
        hello, back = rng.choice(_GREETINGS) if rng.random() < 0.25 else ("", "")
        before = [] if hello else rng.sample(facts, rng.randint(0, 3))
        yield _chat(
            [pair for pair in before if pair[0] != text],
            f"{hello} {text}".strip(),
            f"{back} {reply}".strip(),
            "chat/told",
        )


def behind_facts(
    talk: Sequence[ReplyExample], told: Sequence[ReplyExample], rng: random.Random
) -> Iterator[ReplyExample]:
    """``talk`` that begins a chat, once more behind facts that have nothing to do with it."""
    facts = [(one.dialogue[-1].text, one.reply) for one in told]
    for one in talk:
        if len(one.dialogue) == 1 and not one.reads:
            yield _chat(rng.sample(facts, rng.randint(1, 3)), one.dialogue[0].text, one.reply, one.kind, one.source)


def _holding(stage: Stage, turn: int, answer: str) -> str:
    """The person's own words around what answers, or "" where they do not say it."""
    if turn >= len(stage.turns) or stage.turns[turn].who:
        return ""
    sentences = [said.strip() for said in SENTENCE.findall(stage.turns[turn].text)]
    for number, said in enumerate(sentences):
        if answer.lower() in said.lower():
            kept = " ".join(one for one in sentences[max(0, number - 1) : number + 1] if "?" not in one)
            return kept if answer.lower() in kept.lower() and len(kept) <= _LONGEST else ""
    return ""


def _chat(
    pairs: Sequence[tuple[str, str]], text: str, reply: str, kind: str, source: str = "generator"
) -> ReplyExample:
    """The pairs of turns, then ``text`` and its reply."""
    said = [one for pair in pairs for one in pair] + [text]
    now = 1.7e9 + 300 * DAY
    turns = tuple(
        Turn(f"{n}", "user" if n % 2 == 0 else "assistant", one, now - _BACK * (len(said) - n))
        for n, one in enumerate(said)
    )
    return ReplyExample(turns, (), reply, kind, source)


def plainly(told: Sequence[ReplyExample], share: float, rng: random.Random) -> list[ReplyExample]:
    """A share of what was told acknowledged in plain words: what a small model says beyond them is often wrong."""
    return [replace(one, reply=rng.choice(_HEARD)) if rng.random() < share else one for one in told]
