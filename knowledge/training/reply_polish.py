"""The last lessons of the decoder, in a short stage behind the others: what its replies still got wrong.

A fact that changed, where the old one weighs more or was repeated by the assistant; questions about oneself when
nothing was read; greetings and common knowledge. From the generator, and written by hand. Does not know: the read,
tokens, networks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from knowledge.records import Memory, Read, Turn
from knowledge.training.generator import write_scene
from knowledge.training.generator_grammar import pick
from knowledge.training.generator_questions import Asker
from knowledge.training.generator_talk import Stage
from knowledge.training.generator_times import DAY
from knowledge.training.reply_data import UNKNOWN, ReplyExample, sentence

SCENES = 60
MOST = 230  # of changed facts
TALK = {  # plain talk with a reply worth giving
    "Hello!": "Hello! How can I help you today?",
    "Hi": "Hi! What can I do for you?",
    "Hey": "Hey! How are you?",
    "Hi there!": "Hi! How can I help?",
    "Good morning": "Good morning! How can I help you today?",
    "Good evening!": "Good evening! What can I do for you?",
    "Hello, how are you?": "I'm well, thank you! How are you?",
    "How are you today?": "I'm doing well, thanks for asking. And you?",
    "Thanks!": "You're welcome!",
    "Thank you very much": "You're welcome! Happy to help.",
    "Okay": "All right. Tell me if you need anything.",
    "Great": "I'm glad to hear that!",
    "Bye": "Goodbye! Talk to you soon.",
    "Goodbye!": "Goodbye! Take care.",
    "See you later": "See you later!",
    "Good night": "Good night! Sleep well.",
    "Nice!": "I'm glad you like it!",
    "Who are you?": "I'm an AI assistant who remembers what you tell me.",
    "I'm bored.": "How about a walk or a good book?",
    "What can you do?": "I can chat, remember what you tell me and answer questions about it.",
    "Can you help me?": "Of course! What do you need help with?",
    "I feel sad today.": "I'm sorry to hear that. Do you want to talk about it?",
    "I had a great day!": "That's wonderful! What made it so great?",
    "I'm going to bed now.": "Good night! Sleep well.",
    "Tell me a joke.": "Why did the scarecrow win a prize? Because he was outstanding in his field.",
    "What is the capital of Italy?": "The capital of Italy is Rome.",
    "What is the capital of Japan?": "The capital of Japan is Tokyo.",
    "What is the capital of Spain?": "The capital of Spain is Madrid.",
    "What is the capital of Germany?": "The capital of Germany is Berlin.",
    "How many days are in a week?": "There are seven days in a week.",
    "What colour is the sky?": "The sky is blue.",
    "Who wrote Romeo and Juliet?": "William Shakespeare wrote Romeo and Juliet.",
    "What is two plus two?": "Two plus two is four.",
    "What do cows eat?": "Cows eat grass, hay and grain.",
    "Why is the sea salty?": "Rivers carry salts from rocks into the sea, where they stay when water evaporates.",
    "How do I boil an egg?": "Put it in boiling water for seven to ten minutes, then cool it in cold water.",
    "How can I sleep better?": "Go to bed at the same time each day, keep the room dark and leave your phone "
    "outside.",
    "What is the largest ocean?": "The Pacific is the largest ocean.",
    "How far away is the moon?": "The moon is about 384,000 kilometres away.",
    "What is a noun?": "A noun is a word for a person, place or thing.",
    "Name three fruits.": "Apples, bananas and oranges.",
    "What language is spoken in Brazil?": "Portuguese is spoken in Brazil.",
    "What is the opposite of hot?": "The opposite of hot is cold.",
    "What is a good breakfast?": "Oatmeal with fruit and nuts is a good breakfast.",
    "Explain gravity in simple words.": "Gravity is the force that pulls things towards each other, like an "
    "apple to the ground.",
    "What should I cook tonight?": "How about pasta with tomatoes, garlic and basil?",
}


def polish(seed: int, rehearsal: Sequence[ReplyExample]) -> list[ReplyExample]:
    """The stage's examples. ``rehearsal``: earlier examples, some of which are seen again."""
    rng = random.Random(f"{seed}:polish")
    changed: list[ReplyExample] = []
    made: list[ReplyExample] = []
    for number in range(SCENES):
        written = write_scene(random.Random(f"{seed}:polish:{number}"))
        stage, asker = written.stage, Asker(written.stage, rng)
        changed += updates(stage, asker, rng)
        blank = [draft for draft in written.drafts if not draft.evidence and not draft.dialogue]
        for draft in rng.sample(blank, min(3, len(blank))):
            weak = _others(stage, (), rng.choice((0, 0, 0, 2, 4)), rng)
            shares = sorted((rng.uniform(0.01, 0.12) for _ in weak), reverse=True)
            reads = tuple(Read(memory, 0.05, share) for memory, share in zip(weak, shares, strict=True))
            asked = (Turn("question", "user", draft.text, stage.times[-1] + DAY),)
            made.append(ReplyExample(asked, reads, rng.choice(UNKNOWN), "never told", "generator"))
    made += rng.sample(changed, min(len(changed), MOST))
    chat = [
        ReplyExample((Turn("question", "user", text, 1.7e9),), (), reply, "chat/plain", "written") for text, reply in
        TALK.items()
    ]  # fmt: skip
    return made + chat * 2 + rng.sample(list(rehearsal), min(len(rehearsal), 160))


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
                weights = [rng.uniform(0.15, 0.7), rng.uniform(0.15, 0.7)]
                weights += [rng.uniform(0.01, 0.08) for _ in memories[2:]]
                if rng.random() < 0.35:  # the assistant said the old value while it held
                    before = asker.stage.rendered(old, variable, asker.view(old.person))
                    said = min(memory.created for memory in memories[:2])
                    memories.append(Memory("echo", sentence(before), "turn", said + 120, "assistant"))
                    weights.append(rng.uniform(0.1, 0.8))
                total = sum(weights) + 0.05
                reads = sorted(
                    (Read(memory, 0.5, weight / total) for memory, weight in zip(memories, weights, strict=True)),
                    key=lambda read: -read.weight,
                )
                asked = (Turn("question", "user", draft.text, stage.times[-1] + DAY),)
                yield ReplyExample(asked, tuple(reads), sentence(draft.answer), "update", "generator")


def _memory(stage: Stage, turn: int) -> Memory:
    said = stage.turns[turn]
    helper = stage.app and bool(said.who)
    return Memory(
        f"{turn}", said.text, "turn", stage.times[said.session] + 45 * (turn % 40), "assistant" if helper else "user",
        "" if stage.app else stage.speakers[said.who].name, f"session-{said.session}", turn,
    )  # fmt: skip


def _others(stage: Stage, but: Sequence[int] | set[int], count: int, rng: random.Random) -> list[Memory]:
    turns = [turn for turn in range(len(stage.turns)) if turn not in but]
    return [_memory(stage, turn) for turn in rng.sample(turns, min(count, len(turns)))]
