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

from knowledge.abstention import ABSTENTIONS
from knowledge.records import Memory, Read, Turn
from knowledge.training.generator import write_scene
from knowledge.training.generator_grammar import expand, pick, tidy
from knowledge.training.generator_inferences import INFERENCES
from knowledge.training.generator_questions import Asker
from knowledge.training.generator_talk import Stage
from knowledge.training.generator_times import DAY
from knowledge.training.reply_data import ReplyExample, as_written, sentence
from knowledge.training.reply_dialogue import SENTENCE, behind_facts, conversed, plainly

SCENES = 60
MOST = 200  # of changed facts
INFERRED = 150  # of what follows from a fact without being said
LISTED = 120  # of lists over several memories
HEARD = 100  # of things told
CHATTED = 240  # of a running chat: what it answers, what it does not, what is told in it
PLAIN = 0.6  # share of what is told that is acknowledged in plain words
CORRECTED = 50  # of things told that change what is known
_ACKNOWLEDGED = ("I'll remember that.", "Got it, I'll remember that.", "Thanks for telling me.", "Noted.", "Got it!")
_OWN = re.compile(r"\b(?:I|I'm|I'd|I've|my|me)\b")  # a person's life, which an assistant does not have
_PERSONAL = re.compile(r"\b(?:I|I'm|I've|[Mm]y|[Ww]e|[Oo]ur)\b")
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
    "How can I sleep better?": "Go to bed at the same time each day, keep the room dark and leave your phone outside.",
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
    # What is told in passing: taken note of, with nothing made up.
    "The alarm code of the office is 7731.": "Got it, I'll remember the code.",
    "My appointment at the bank is on 14 March.": "Noted: the bank on 14 March.",
    "The new trainer is called Petra Holm.": "Petra Holm, I'll remember that.",
    "The dog needs two pills a day.": "Two pills a day, noted.",
    "We moved the dinner to Saturday.": "Dinner on Saturday, got it.",
    "The heating repair cost 240 dollars.": "Noted, 240 dollars. I hope it works well now.",
    "They changed the door code to 5519.": "The door code is 5519 now, noted.",
    "I keep the passports in the blue drawer now.": "In the blue drawer now, I'll remember that.",
    "My daughter's teacher is Mr. Abara.": "Got it, Mr. Abara is her teacher.",
    "The rent is due on the fifth of each month.": "Noted, the rent is due on the fifth.",
    "Our flight leaves at 6:40 from gate 22.": "Got it: 6:40 from gate 22. Have a good flight!",
    "The cat weighs six kilos now.": "Six kilos, noted.",
    "I work on the fourth floor since today.": "The fourth floor, got it. Enjoy the new place!",
    "My mother's birthday is on 9 August.": "I'll remember her birthday, 9 August.",
    "The piano lesson was moved from Monday to Thursday.": "The piano lesson is on Thursday now, noted.",
    "Remember that I am allergic to hazelnuts.": "I'll remember your allergy to hazelnuts.",
    "My bike is locked behind the school.": "Behind the school, I'll remember that.",
    "It is raining again.": "I hope it clears up soon!",
    "The queue at the post office took an hour.": "An hour! That sounds tiring.",
    "My back hurts a little.": "I'm sorry to hear that. Some rest may help.",
    "Lunch was delicious today.": "Nice! What did you have?",
    "The neighbours are loud tonight.": "That can be annoying. I hope it gets quiet soon.",
    "I finally fixed the squeaky door.": "Well done!",
    "My train is late again.": "Oh no. I hope it comes soon.",
    "My throat is sore.": "I'm sorry to hear that. Warm tea may help.",
    "My stomach hurts.": "Oh no. I hope you feel better soon.",
    "I'm tired today.": "Then I hope you get some rest soon.",
    "I'm so nervous about tomorrow.": "That's understandable. What is happening tomorrow?",
    "I slept badly.": "I'm sorry. I hope tonight is better.",
    "I'm hungry.": "What would you like to eat?",
    "I feel lonely.": "I'm sorry you feel that way. I'm here if you want to talk.",
    "I got the job!": "Congratulations! That's great news.",
    "We won the match!": "Well done! Congratulations!",
    "I have too much work.": "That sounds stressful. What is most urgent?",
    "Tell me something funny.": "What do you call a fish without an eye? A fsh!",
    "Do you know a riddle?": "What has hands but cannot clap? A clock.",
    "Give me a tip for saving money.": "Write down what you spend each day, and put a fixed sum aside each month.",
    "How can I learn faster?": "Study in short sessions, test yourself often and sleep enough.",
}


def polish(seed: int, rehearsal: Sequence[ReplyExample]) -> list[ReplyExample]:
    """The stage's examples. ``rehearsal``: earlier examples, some of which are seen again."""
    rng = random.Random(f"{seed}:polish")
    changed: list[ReplyExample] = []
    told: list[ReplyExample] = []
    followed: list[ReplyExample] = []
    lists: list[ReplyExample] = []
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
        blank = [draft for draft in written.drafts if not draft.evidence and not draft.dialogue]
        for draft in rng.sample(blank, min(2, len(blank))):
            made.append(ReplyExample(_asked(stage, draft.text), (), rng.choice(ABSTENTIONS), "never told", "generator"))
    # As many that confirm as deny as say something else: of one kind alone a decoder learns the word.
    kinds = [[one for one in followed if _yes_or_no(one.reply) == said] for said in ("yes", "no", "")]
    drawings = [(changed, MOST), (told, HEARD), (corrected, CORRECTED), (lists, LISTED)]
    for said, share in (("in dialogue", 0.5), ("chat/told", 0.35), ("never told", 0.15)):
        drawings.append(([one for one in chatted if one.kind == said], round(share * CHATTED)))
    drawings += [(kind, INFERRED // 3) for kind in kinds]
    for drawn, most in drawings:
        made += rng.sample(drawn, min(len(drawn), most))
    made = [as_written(one, rng) for one in made]
    # Mostly what memory answers: with many blanks alone, a decoder learns to doubt what it reads.
    again = [one for one in rehearsal if one.reads and one.reply not in ABSTENTIONS]
    talked = [one for one in rehearsal if one.kind.startswith("chat") and not one.reads]
    talked = rng.sample(talked, min(len(talked), 80))
    made += talk(again, rng)
    return made + rng.sample(again, min(len(again), 300)) + talked + list(behind_facts(talked, told, rng))


def talk(asked: Sequence[ReplyExample], rng: random.Random) -> Iterator[ReplyExample]:
    """Plain talk: to begin with, and behind something else, of which nothing may leak into the reply."""
    lines = list(TALK.items())
    before = [(one.dialogue[-1].text, one.reply) for one in asked if len(one.dialogue) == 1] or lines
    for text, reply in lines:
        question = Turn("question", "user", text, 1.7e9)
        for _ in range(2):
            yield ReplyExample((question,), (), reply, "chat/plain", "written")
        for pairs in (lines, before):
            said, answered = rng.choice(pairs)
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


def _weak(stage: Stage, but: Sequence[int] | set[int], count: int, rng: random.Random, most: float) -> tuple[Read, ...]:
    memories = _others(stage, but, count, rng)
    shares = sorted((rng.uniform(0.01, most) / max(1, count / 2) for _ in memories), reverse=True)
    return tuple(Read(memory, 0.05, share) for memory, share in zip(memories, shares, strict=True))


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
