"""Scenes as they are after some use: facts changed, the person asked before, and wants what no memory answers.

What was told is told anew, in the same words with another value; who asks for now wants the newer one. Every turn is
written back, so a memory in use holds questions in nearly the words of the next one, and replies that repeat a fact,
or say that it was not told. Neither is evidence for what the person told. And most of what an assistant is asked has
nothing to do with memory: messages labelled by hand for the reading of messages are asked of any memory, and nothing
answers them. Does not know: vectors, networks.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from knowledge.records import ACTS
from knowledge.training.acts_data import by_hand, varied
from knowledge.training.everyday import lived
from knowledge.training.scenes import Query, Scene, Slot

_OUTDATED = 0.15  # of the questions whose answer stands in one memory: an older one says otherwise
_WAS_ASKED = 0.35  # of those, by so many what was before is asked for too
_ASKED_BEFORE = 0.3  # of the questions with an answer
_NEEDLESS = 0.12  # so many of a scene's questions come on top
_GENERAL = 0.04  # and so many that want advice on what memory knows nothing of
_NEEDS_NOTHING = ("asks_world", "wants_done", "chats")
_NEEDS_MEMORY = ("tells", "asks_own", "asks_document", "advice", "asks_chat", "leans_back")
_AGAIN = ("Hey, {0}", "{0} please", "Do you remember: {0}", "{0} I forgot", "Quick question: {0}", "{0}")
_TOLD = ("{0}.", "It's {0}.", "You told me that: {0}.", "As far as I know, {0}.")
_UNKNOWN = ("You haven't told me.", "I'm not sure.", "I don't know that yet.", "That was not mentioned.")
_WAS = (
    "{0} I mean before that changed.",
    "Before it changed: {0}",
    "What was it at first? {0}",
    "{0} Originally, I mean",
    "not now but back then: {0}",
)
_DAY = 86400.0
_REPLY_SECONDS = 20.0


def in_use(scenes: Iterable[Scene], seed: int, languages: frozenset[str] = frozenset({"en"})) -> Iterator[Scene]:
    """``languages``: of the messages that need no memory, "en" and "zh"."""
    needless = _messages(languages, _NEEDS_NOTHING, _NEEDS_MEMORY)
    general = _messages(languages, ("advice",), [name for name in _NEEDS_MEMORY if name != "advice"])
    for number, scene in enumerate(scenes):
        rng = random.Random(f"{seed}:{number}:{scene.source}")
        scene = _changed(rng, scene)
        slots = list(scene.slots)
        if _with_an_assistant(scene):
            scene = lived(scene, rng, chinese="zh" in languages)
            slots = [*scene.slots, *_asked_before(rng, scene)]
        asked = rng.sample(needless, round(_NEEDLESS * len(scene.queries)))
        asked += rng.sample(general, round(_GENERAL * len(scene.queries)))
        others = [Query(varied(text, rng), kind="needs no memory") for text in asked]
        yield replace(scene, slots=tuple(slots), queries=(*scene.queries, *others))


def _messages(languages: frozenset[str], wanted: Sequence[str], unwanted: Sequence[str]) -> list[str]:
    """Those labelled by hand that do one of ``wanted``, none of ``unwanted`` and call for nothing."""
    some, none = ([ACTS.index(name) for name in names] for names in (wanted, unwanted))
    return [
        one.text
        for one in by_hand()
        if one.source in languages
        and not one.operation
        and any(one.acts[at] for at in some)
        and not any(one.acts[at] for at in none)
    ]


def _with_an_assistant(scene: Scene) -> bool:
    return any(slot.role == "assistant" and slot.kind == "turn" for slot in scene.slots)


def _changed(rng: random.Random, scene: Scene) -> Scene:
    """The scene in which some facts were otherwise before."""
    slots, queries = list(scene.slots), list[Query]()
    for number, query in enumerate(scene.queries):
        queries.append(query)
        at, other = min(query.evidence, default=-1), _other_answer(rng, scene, query)
        if other and rng.random() < _OUTDATED:
            old = _with_answer(scene.slots[at].text, query.answer, other)
            when = slots[at].created - rng.uniform(1, 60) * _DAY
            slots.append(replace(slots[at], text=old, created=when, container=f"was-{number}", position=0))
            if rng.random() < _WAS_ASKED:
                text = rng.choice(_WAS).format(query.text)
                queries.append(replace(query, text=text, evidence=frozenset({len(slots) - 1}), answer=other))
    return replace(scene, slots=tuple(slots), queries=tuple(queries))


def _other_answer(rng: random.Random, scene: Scene, query: Query) -> str:
    """What could stand in the place of the answer in the one turn that holds it; "" where that is not so."""
    if len(query.evidence) != 1 or query.dialogue or query.asked or not query.answer:
        return ""
    slot = scene.slots[min(query.evidence)]
    if slot.kind != "turn" or slot.role != "user" or query.answer.lower() not in slot.text.lower():
        return ""
    others = sorted({one.answer for one in scene.queries if one.kind == query.kind and one.answer})
    others = [one for one in others if one.lower() not in slot.text.lower() and len(one) < 60]
    return rng.choice(others) if others else ""


def _with_answer(text: str, answer: str, other: str) -> str:
    return re.sub(re.escape(answer), lambda _: other, text, count=1, flags=re.I)


def _asked_before(rng: random.Random, scene: Scene) -> Iterator[Slot]:
    """The turns of questions asked since their answer was told, each with its reply."""
    last = max(slot.created for slot in scene.slots)
    for number, query in enumerate(scene.queries):
        if not query.evidence or query.dialogue or rng.random() >= _ASKED_BEFORE:
            continue
        told = max(scene.slots[at].created for at in query.evidence)
        when = rng.uniform(told, min(last, query.asked or last))
        known = query.answer and rng.random() < 0.7
        reply = rng.choice(_TOLD).format(query.answer.rstrip(".")) if known else rng.choice(_UNKNOWN)
        container = f"asked-{number}"
        yield Slot(varied(rng.choice(_AGAIN).format(query.text), rng), when, container=container)
        yield Slot(reply, when + _REPLY_SECONDS, role="assistant", container=container, position=1)
