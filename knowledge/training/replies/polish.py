"""The last lessons of the decoder, in short stages behind the main one: what its replies still got wrong.

A fact that changed, where the old one weighs more or was repeated by the assistant; what follows from a fact; lists
over several memories; what the person tells, which is acknowledged rather than answered from memory; questions about
oneself when nothing was read; greetings and common knowledge. From the generator, and written by hand. Does not know:
the read, tokens, networks.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from knowledge.records import Memory, Read, Turn
from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.training.generated.generator import write_scene
from knowledge.training.generated.grammar import expand, pick, possessive, tidy
from knowledge.training.generated.inferences import INFERENCES
from knowledge.training.generated.questions import Asker
from knowledge.training.generated.talk import Stage
from knowledge.training.generated.times import DAY
from knowledge.training.replies.chat import ADVISED
from knowledge.training.replies.data import ReplyExample, as_written, sentence
from knowledge.training.replies.dialogue import SENTENCE, behind_facts, conversed, plainly
from knowledge.training.replies.lines import TALK

SCENES = 60
NEVER = 3  # questions of a scene on what nobody told
MOST = 200  # of changed facts
INFERRED = 150  # of what follows from a fact without being said
LISTED = 120  # of lists over several memories
ALONE = 40  # of lists that hold one thing
NAMED = 40  # of who somebody is
HEARD = 100  # of things told
CHATTED = 240  # of a running chat: what it answers, what it does not, what is told in it
TALKED = 40  # of plain talk, each once more behind facts
PLAIN = 0.6  # share of what is told that is acknowledged in plain words
CORRECTED = 50  # of things told that change what is known
_ACKNOWLEDGED = ("I'll remember that.", "Got it, I'll remember that.", "Thanks for telling me.", "Noted.", "Got it!")
_REFUSES = re.compile(r"\bsorry for\b|\bAI assistant\b|\bchatbot\b|don't have the (?:cap)?ability|\bunable to\b")
_OWN = re.compile(r"\b(?:I|I'm|I'd|I've|my|me)\b")  # a person's life, which an assistant does not have
_PERSONAL = re.compile(r"\b(?:I|I'm|I've|[Mm]y|[Ww]e|[Oo]ur)\b")


def polish(seed: int, rehearsal: Sequence[ReplyExample]) -> list[ReplyExample]:
    """The stage's examples. ``rehearsal``: earlier examples, some of which are seen again."""
    rng = random.Random(f"{seed}:polish")
    changed: list[ReplyExample] = []
    told: list[ReplyExample] = []
    followed: list[ReplyExample] = []
    lists: list[ReplyExample] = []
    single: list[ReplyExample] = []
    named: list[ReplyExample] = []
    corrected: list[ReplyExample] = []
    chatted: list[ReplyExample] = []
    made: list[ReplyExample] = []
    for number in range(SCENES):
        written = write_scene(random.Random(f"{seed}:polish:{number}"))
        stage, asker = written.stage, Asker(written.stage, rng)
        changed += updates(stage, asker, rng)
        heard = plainly(list(acknowledged(stage, rng)), PLAIN, rng)
        told += heard
        chatted += conversed(stage, written.drafts, heard, rng)
        corrected += corrections(stage, asker, rng)
        followed += inferred(stage, asker, rng)
        lists += listed(stage, asker, rng)
        single += alone(stage, asker, rng)
        named += introduced(stage, rng)
        blank = [draft for draft in written.drafts if not draft.evidence and not draft.dialogue]
        for draft in rng.sample(blank, min(NEVER, len(blank))):
            made.append(ReplyExample(_asked(stage, draft.text), (), rng.choice(ABSTENTIONS), "never told", "generator"))
    # As many that confirm as deny as say something else: of one kind alone a decoder learns the word.
    kinds = [[one for one in followed if _yes_or_no(one.reply) == said] for said in ("yes", "no", "")]
    drawings = [(changed, MOST), (told, HEARD), (corrected, CORRECTED), (lists, LISTED), (single, ALONE)]
    drawings.append((named, NAMED))
    for said, share in (("in dialogue", 0.5), ("chat/told", 0.35), ("never told", 0.15)):
        drawings.append(([one for one in chatted if one.kind == said], round(share * CHATTED)))
    drawings += [(kind, INFERRED // 3) for kind in kinds]
    for drawn, most in drawings:
        made += rng.sample(drawn, min(len(drawn), most))
    made = [as_written(one, rng) for one in made]
    # Mostly what memory answers: with many blanks alone, a decoder learns to doubt what it reads.
    again = [one for one in rehearsal if one.reads and one.reply not in ABSTENTIONS]
    willing = [one for one in rehearsal if one.kind.startswith("chat") and not _REFUSES.search(one.reply)]
    advised = [one for one in willing if one.kind == ADVISED]
    talked = [one for one in willing if one.kind != ADVISED and not one.reads]
    talked = rng.sample(talked, min(len(talked), TALKED))
    talked += behind_facts(talked, told, rng)
    made += talk(again, rng)
    return made + rng.sample(again, min(len(again), 300)) + talked + advised


def talk(asked: Sequence[ReplyExample], rng: random.Random) -> Iterator[ReplyExample]:
    """Plain talk: to begin with, and behind something else, of which nothing may leak into the reply."""
    lines = list(TALK.items())
    before = [(one.dialogue[-1].text, one.reply) for one in asked if len(one.dialogue) == 1] or lines
    for text, reply in lines:
        question = Turn("question", "user", text, 1.7e9)
        yield ReplyExample((question,), (), reply, "chat/plain", "written")
        said, answered = rng.choice(rng.choice((lines, before)))
        dialogue = (Turn("said", "user", said, 1.7e9 - 60), Turn("answered", "assistant", answered, 1.7e9 - 55))
        yield ReplyExample((*dialogue, question), (), reply, "chat/plain", "written")


def _yes_or_no(reply: str) -> str:
    """What the reply says: "yes", "no" or, for anything else, ""."""
    said = reply.lower().removeprefix("likely ")
    return said if said in ("yes", "no") else ""


def updates(stage: Stage, asker: Asker, rng: random.Random) -> Iterator[ReplyExample]:
    """What holds now, and what held before, of every state that changed."""
    for facts in asker.by_kind.values():
        facts = sorted(facts, key=lambda fact: fact.main)
        schema = facts[0].schema
        for variable in schema.variables_of("now"):
            values = [fact.values[variable] for fact in facts]
            if len(facts) < 2 or "many" in schema.tags or len(set(values)) < len(values):
                continue
            now, old = facts[-1], facts[-2]
            for key, fact in (("now", now), ("now", now), ("old", old)):
                templates = schema.get(f"{key} {variable}")
                draft = asker.bare("update", fact, pick(rng, templates), variable) if templates else None
                if draft is None or not now.told.get(variable) or not old.told.get(variable):
                    continue
                turns = {min(now.told[variable]), min(old.told[variable])}
                memories = [_memory(stage, turn) for turn in turns] + _others(stage, turns, rng.randint(0, 4), rng)
                weights = [rng.uniform(0.1, 0.85), rng.uniform(0.1, 0.85)]
                weights += [rng.uniform(0.01, 0.08) for _ in memories[2:]]
                if rng.random() < 0.35:  # the assistant said the old value while it held
                    before = asker.stage.rendered(old, variable, asker.view(old.person))
                    said = min(memory.created for memory in memories[:2])
                    memories.append(Memory("echo", sentence(before), "turn", said + 120, "assistant"))
                    weights.append(rng.uniform(0.1, 0.8))
                total = sum(weights) + 0.05
                reads = _weighed(memories, weights, total)
                yield ReplyExample(_asked(stage, draft.text), reads, sentence(draft.answer), "update", "generator")


def corrections(stage: Stage, asker: Asker, rng: random.Random) -> Iterator[ReplyExample]:
    """A fact that changed is told anew while what held before is read: taken note of, neither doubted nor repeated."""
    for facts in asker.by_kind.values():
        facts = sorted(facts, key=lambda fact: fact.main)
        if len(facts) < 2 or "many" in facts[0].schema.tags or facts[-1].main == facts[-2].main:
            continue
        told = [one.strip() for one in SENTENCE.findall(stage.turns[facts[-1].main].text) if "?" not in one]
        if not told or not _PERSONAL.search(told[0]) or len(told[0].split()) < 5:
            continue
        memories = [_memory(stage, facts[-2].main), *_others(stage, {fact.main for fact in facts}, 2, rng)]
        reads = _weighed(memories, [rng.uniform(0.2, 0.9), *(rng.uniform(0.01, 0.08) for _ in memories[1:])], 1.1)
        yield ReplyExample(_asked(stage, told[0]), reads, rng.choice(_ACKNOWLEDGED), "chat/told", "generator")


def inferred(stage: Stage, asker: Asker, rng: random.Random) -> Iterator[ReplyExample]:
    """What follows from a fact without being said."""
    for facts in asker.by_kind.values():
        fact, options = facts[-1], INFERENCES.get(facts[-1].schema.name)
        if not options or not fact.told.get(""):
            continue
        question, reply = pick(rng, options)
        view = asker.view(fact.person)
        context = asker.context(fact, view)
        text, answer = (tidy(expand(words, context, rng), rng, casual=False) for words in (question, reply))
        memories = [_memory(stage, fact.main), *_others(stage, {fact.main}, rng.randint(0, 5), rng)]
        shares = [rng.uniform(0.08, 0.9), *(rng.uniform(0.01, 0.08) for _ in memories[1:])]
        reads = _weighed(memories, shares, 1.3)
        yield ReplyExample(_asked(stage, text), reads, sentence(answer), "inference", "generator")


def listed(stage: Stage, asker: Asker, rng: random.Random) -> Iterator[ReplyExample]:
    """What is spread over several memories, all of it in one reply."""
    for draft in asker.collections():
        if not draft.reply or not 2 <= len(draft.evidence) <= 6:
            continue
        told = sorted(draft.evidence)
        memories = [_memory(stage, turn) for turn in told] + _others(stage, set(told), rng.randint(0, 4), rng)
        stray = rng.choice((0.1, 0.3))  # what the read takes for an item, and the list must leave out
        shares = [rng.uniform(0.1, 0.9) for _ in told] + [rng.uniform(0.01, stray) for _ in memories[len(told) :]]
        total = sum(shares) + rng.uniform(0.05, 0.5)
        reads = _weighed(memories, shares, total)
        yield ReplyExample(_asked(stage, draft.text), reads, sentence(draft.reply), "multi", "generator")


def alone(stage: Stage, asker: Asker, rng: random.Random) -> Iterator[ReplyExample]:
    """What is asked for as a list, of which one thing was told: nothing is added to it."""
    for facts in asker.by_kind.values():
        fact = facts[0]
        if len(facts) > 1:
            continue
        for variable in fact.schema.variables_of("all"):
            told = fact.told.get(variable, set())
            if len(told) != 1:
                continue
            view = asker.view(fact.person)
            draft = asker.collect(pick(rng, fact.schema.get(f"all {variable}")), view, frozenset(told))
            reads = _alone_read(stage, min(told), rng)
            reply = sentence(stage.rendered(fact, variable, view))
            yield ReplyExample(_asked(stage, draft.text), reads, reply, "multi", "generator")


def introduced(stage: Stage, rng: random.Random) -> Iterator[ReplyExample]:
    """Who somebody is whom a speaker named once ("my sister Ana")."""
    for person in {id(fact.person): fact.person for fact in stage.facts}.values():
        turn, anchor = stage.links.get(id(person)), person.anchor
        if turn is None or anchor is None or anchor.relation or stage.speakers[stage.turns[turn].who] is not anchor:
            continue
        said = stage.turns[turn].text
        if person.name not in said or not re.search(rf"\b[Mm]y {re.escape(person.relation)}\b", said):
            continue
        whose = "Your" if stage.app else possessive(anchor.name)
        asked, reads = _asked(stage, f"Who is {person.name}?"), _alone_read(stage, turn, rng)
        yield ReplyExample(asked, reads, f"{whose} {person.relation}", "who", "generator")


def acknowledged(stage: Stage, rng: random.Random) -> Iterator[ReplyExample]:
    """What the person tells in an assistant's chat, with short replies; an older memory of the like may be read."""
    for number, (turn, reply) in enumerate(pairwise(stage.turns)):
        told = SENTENCE.findall(turn.text)
        if not stage.app or turn.who or not reply.who or "?" in turn.text or len(turn.text.split()) < 5:
            continue
        if not told or not _PERSONAL.search(told[0]):  # a request
            continue
        kept = [said.strip() for said in SENTENCE.findall(reply.text) if "?" not in said and not _OWN.search(said)]
        said = " ".join(kept[:2]) if kept and rng.random() < 0.7 else rng.choice(_ACKNOWLEDGED)
        reads = _weak(stage, {number}, rng.choice((0, 0, 2, 4)), rng, rng.choice((0.1, 0.6)))
        asked = (Turn("question", "user", "".join(told[:2]).strip(), stage.times[turn.session] + 45 * (number % 40)),)
        yield ReplyExample(asked, reads, said, "chat/told", "generator")


def _asked(stage: Stage, text: str) -> tuple[Turn, ...]:
    """A dialogue of one question, a day after the scene's end."""
    return (Turn("question", "user", text, stage.times[-1] + DAY),)


def _weighed(memories: Sequence[Memory], weights: Sequence[float], total: float) -> tuple[Read, ...]:
    """The memories with their shares of ``total``, the strongest first."""
    reads = (Read(memory, 0.5, weight / total) for memory, weight in zip(memories, weights, strict=True))
    return tuple(sorted(reads, key=lambda read: -read.weight))


def _alone_read(stage: Stage, turn: int, rng: random.Random) -> tuple[Read, ...]:
    """The one memory that answers, with others that weigh less."""
    memories = [_memory(stage, turn), *_others(stage, {turn}, rng.randint(0, 4), rng)]
    shares = [rng.uniform(0.3, 0.9), *(rng.uniform(0.01, 0.2) for _ in memories[1:])]
    return _weighed(memories, shares, 1.3)


def _weak(stage: Stage, but: Sequence[int] | set[int], count: int, rng: random.Random, most: float) -> tuple[Read, ...]:
    memories = _others(stage, but, count, rng)
    shares = sorted((rng.uniform(0.01, most) / max(1, count / 2) for _ in memories), reverse=True)
    return tuple(Read(memory, 0.05, share) for memory, share in zip(memories, shares, strict=True))


def _memory(stage: Stage, turn: int) -> Memory:
    said = stage.turns[turn]
    helper = stage.app and bool(said.who)
    return Memory(
        f"{turn}",
        said.text,
        "turn",
        stage.times[said.session] + 45 * (turn % 40),
        "assistant" if helper else "user",
        "" if stage.app else stage.speakers[said.who].name,
        f"session-{said.session}",
        turn,
    )


def _others(stage: Stage, but: Sequence[int] | set[int], count: int, rng: random.Random) -> list[Memory]:
    turns = [turn for turn in range(len(stage.turns)) if turn not in but]
    return [_memory(stage, turn) for turn in rng.sample(turns, min(count, len(turns)))]
