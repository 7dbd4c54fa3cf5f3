"""Questions out of two people's conversations: one asked the other, and the other answered.

Knows: what an answer looks like, and which persona sentence a turn voices. Does not know: archives or scenes' dates.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from knowledge.training.licensed.archives import Conversation
from knowledge.training.licensed.attributes import attributes, touches, wordings
from knowledge.training.licensed.cloze import parts, questions
from knowledge.training.licensed.questions import Person, about, clean
from knowledge.training.licensed.scene import Draft
from knowledge.training.licensed.words import content

_YES_NO = re.compile(
    r"^(?:(?:oh|haha|well|actually|hmm|um|lol|ooh|ah)[\s,.!]+)*(?:yes|yeah|yep|yup|ya|yea|no|nope|nah|not|kind of|"
    r"kinda|sort of|"
    r"sometimes|sure|definitely|absolutely|of course|i|i'm|im|i've|i'd|never|only|a little|a bit|mostly|usually|"
    r"sadly|unfortunately|totally|nothing|we|my)\b",
    re.I,
)
_TIME = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|few|couple|many|once|twice|year|month|week|day|hour|"
    r"always|"
    r"never|since|ago|when|every|last|next|soon|while|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"january|february|march|april|june|july|august|september|october|november|december|fall|summer|winter|spring|"
    r"semester|often|all|none|no|just|only|a lot|after|before|tomorrow|yesterday|half|dozen|hundred|ton)s?\b",
    re.I,
)
_PLACE = re.compile(
    r"\b(?:in|at|from|near|to|on|by|around|outside|downtown|home|here|everywhere|nowhere)\b|\b[A-Z]\w+", re.I
)
_FITTING = (
    (re.compile(r"^(?:when|how (?:many|much|long|often|old|far)|what (?:time|year|day|month|age))\b", re.I), _TIME),
    (re.compile(r"^where\b", re.I), _PLACE),
)
_EVADING = re.compile(
    r"^(?:what|why|how|who|huh|wait|sorry|haha|lol|hmm+|idk|i don'?t know|i dont know|guess|you first|good "
    r"question)\W*$|"
    r"\b(?:secret|not telling|none of your)\b|^(?:what|where|which|who|how|why|do|does|did|are|is|have|can) [^.!]*\?$",
    re.I,
)

Side = Callable[[int], int]  # line → which of the scene's two people speaks it
Place = Callable[[Sequence[int]], tuple[int, ...]]  # lines → slots
OFTEN = {"cloze/yes_no": 0.07, "cloze/statement": 0.05, "cloze/about": 0.12}  # share kept; the rest all
PERSONA_OFTEN = {"cloze/yes_no": 0.4, "cloze/statement": 0.4}
_POINTING = re.compile(r"\b(?:it|its|it's|that|there|they|them|their|those|one)\b", re.I)
_BACK = re.compile(r"\b(?:it|its|them|they|there|their|that$)\b", re.I)
_OTHERS = re.compile(
    r"\b(?:he|she|him|her|his|hers|we|us|our|this|these|its|where is|the (?:\w+'s|show|film|movie|"
    r"book|role|species|school|founder|author|stadium|country|city|band|album|team|group|character|actor|ocean|second|"
    r"university|company|war|battle|game|place|area|region|institution|list|event|series|song|singer|artist|state))\b",
    re.I,
)
_BACKWARD = re.compile(r"\b(?:mentioned|aforesaid|above|aforementioned|latter|former|last|previous|first|said)\b", re.I)
_NAMES = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w'.-]*[a-z])(?: (?:[A-Z][\w'-]*[a-z]|of(?= [A-Z])|the(?= [A-Z])))*")


def asked(text: str) -> str | None:
    """The one question of a turn, or None where it has none or several."""
    found = re.findall(r"[^.!?]+\?+", text)
    return found[0].strip() if len(found) == 1 else None


def answers(question: str, reply: str) -> bool:
    """Does ``reply`` look like an answer to ``question``? Strict rather than complete."""
    if _EVADING.search(reply):
        return False
    told = " ".join(s for s in re.findall(r"[^.!?]+[.!?]*", reply) if not s.rstrip().endswith("?"))
    question = clean(question)
    if not re.match(r"(?:what|which|how|where|when|why|who|whose|in|at|for|from|on|to)\b", question, re.I):
        return bool(_YES_NO.match(told.strip()))
    for opening, needed in _FITTING:
        if opening.match(question):
            return bool(needed.search(told))
    return len(content(told)) >= 2 or bool(set(content(told)) & set(content(question)))


def question_answers(conversation: Conversation) -> Iterator[tuple[int, str]]:
    """(line that asks, question) where the next line, of the other person, answers."""
    for index, ((who, text), (other, reply)) in enumerate(
        zip(conversation.lines, conversation.lines[1:], strict=False)
    ):
        question = asked(text)
        if question and who != other and answers(question, reply):
            yield index, question


def side(conversation: Conversation, line: int, flip: bool) -> int:
    """Who of the scene's two people speaks a line."""
    who = conversation.lines[line][0]
    return 1 - who if flip else who


def _dialogue(question: str, reply: str, subject: Person, other: Person) -> tuple[tuple[str, str], ...] | None:
    text = about(question, subject, other)
    return None if text is None else (("user", text), ("assistant", reply))


def answer_drafts(conversation: Conversation, side: Side, place: Place) -> Iterator[Draft]:
    """A's question asked later about B, who answered it; evidence: B's turn, and A's where B's alone says little.

    A question that points at the one before it ("What is it called?") comes with that one as dialogue.
    """
    found = dict(question_answers(conversation))
    for line, question in found.items():
        said = conversation.lines[line + 1][1]
        lines = (line, line + 1) if len(content(said, vague=True)) < 2 else (line + 1,)
        yield Draft("answer", side(line + 1), place(lines), partial(about, question))
        apart = conversation.lines[line][1].replace(question, "")  # what "it" may mean instead
        if (before := found.get(line - 2)) and _BACK.search(clean(question)) and len(content(apart, vague=True)) <= 3:
            talk = partial(_dialogue, before, conversation.lines[line - 1][1])
            yield Draft(
                "follow_up", side(line + 1), place(lines), partial(about, question, pointing=True), dialogue=talk
            )


def statement_drafts(conversation: Conversation, side: Side, place: Place, rng: random.Random) -> Iterator[Draft]:
    """A question that a turn's own statement answers; one a statement, yes-or-no questions and retellings seldom."""
    for line, (_, text) in enumerate(conversation.lines):
        for sentence in parts(text):
            made = [(kind, render) for kind, render in questions(sentence) if rng.random() < OFTEN.get(kind, 1.0)]
            if made:
                kind, render = rng.choice(made)
                yield Draft(kind, side(line), place((line,)), render)


def persona_drafts(conversation: Conversation, side: Side, place: Place, rng: random.Random) -> Iterator[Draft]:
    """A persona's sentence asked after; evidence: its person's turns that voice it. None of the other's may."""
    held = [set(content(text, vague=True)) for _, text in conversation.lines]
    for who, persona in enumerate(conversation.personas):
        for sentence in persona:
            topic = set(content(sentence, vague=True))
            if len(topic) < 2:
                continue
            share = [len(topic & words) / len(topic) for words in held]
            own = [
                i
                for i, (speaker, text) in enumerate(conversation.lines)
                if speaker == who and share[i] >= 0.66 and len(topic & held[i]) >= 2 and "?" not in text
            ]
            others = max((share[i] for i, (speaker, _) in enumerate(conversation.lines) if speaker != who), default=0.0)
            if not own or len(own) > 3 or others >= 0.66:
                continue
            made = [m for p in parts(sentence) for m in questions(p) if rng.random() < PERSONA_OFTEN.get(m[0], 1.0)]
            if made:
                kind, render = rng.choice(made)
                yield Draft(kind.replace("cloze", "persona"), side(own[0]), place(tuple(own)), render)


def _said_about(topic: str, frame: int, subject: Person, _: Person) -> str:
    know = f"What {'do' if subject.plural else 'does'} {subject.name} know about {topic}?"
    return (f"What did {subject.name} say about {topic}?", f"When did {subject.name} mention {topic}?", know, topic)[
        frame
    ]


def topic_drafts(conversation: Conversation, side: Side, place: Place, rng: random.Random) -> Iterator[Draft]:
    """What somebody said about a name that stands in the turn, where no other turn near it has the name."""
    for line, (_, text) in enumerate(conversation.lines):
        if len(content(text)) < 7:
            continue
        found = [
            name
            for name in _NAMES.findall(text)
            if len(content(name)) >= 1 and name.split()[0] not in ("I", "Ive", "Turker")
        ]
        others = " ".join(
            said for i, (_, said) in enumerate(conversation.lines) if i != line and abs(i - line) <= 4
        ).lower()
        found = [name for name in found if name.lower() not in others]
        if found and rng.random() < 0.3:
            yield Draft("topic", side(line), place((line,)), partial(_said_about, rng.choice(found), rng.randrange(4)))


def summary_drafts(conversation: Conversation, side: Side, place: Place, rng: random.Random) -> Iterator[Draft]:
    """A topic or its summary, as annotators worded it; evidence: the turns of its stretch that share its words."""
    for topic in conversation.topics:
        lines = range(topic.start, topic.end + 1)
        for text, summary in ((topic.text, False), (topic.summary, True)):
            stems = set(content(text.replace("user", "").replace("bot", "")))
            touched = [i for i in lines if stems & set(content(conversation.lines[i][1]))]
            if stems and 0 < len(touched) <= 5 and len(text.split()) <= 30:
                render = partial(_summary, text, summary, rng.randrange(3))
                yield Draft("summary" if summary else "topic", side(topic.start), place(tuple(touched)), render, False)


def look_up_drafts(conversation: Conversation, side: Side, place: Place) -> Iterator[Draft]:
    """Somebody's questions to a helper who knows (TopiOCQA), asked again; evidence: the answer then given."""
    if not conversation.topics or any(topic.summary for topic in conversation.topics):
        return
    for line in range(0, len(conversation.lines) - 1):
        (who, question), (_, reply) = conversation.lines[line : line + 2]
        if who or "UNANSWERABLE" in reply or _BACKWARD.search(question):
            continue
        ask, found = partial(_again, question), place((line + 1,))
        if not _POINTING.search(question) and not _OTHERS.search(question) and len(content(question)) >= 3:
            yield Draft("look_up", side(line), found, ask, False)
        elif line >= 2 and "UNANSWERABLE" not in conversation.lines[line - 1][1]:
            begin = max(topic.start for topic in conversation.topics if topic.start <= line)
            begin = max(line - 6, min(line - 2, begin - begin % 2))
            before = tuple((("user", "assistant")[by], said) for by, said in conversation.lines[begin:line])
            yield Draft("follow_up", side(line), found, ask, False, partial(_before, before))


def _again(question: str, _: Person, __: Person) -> str:
    return question


def _before(talk: tuple[tuple[str, str], ...], _: Person, __: Person) -> tuple[tuple[str, str], ...]:
    return talk


def attribute_drafts(
    conversations: Sequence[Conversation], starts: Sequence[int | None], sides: Sequence[Side], rng: random.Random
) -> Iterator[Draft]:
    """What somebody is and has, over all conversations; evidence: every turn of theirs that tells it."""
    told: dict[tuple[int, int], list[int]] = {}
    turns: tuple[list[str], list[str]] = ([], [])
    for conversation, start, side in zip(conversations, starts, sides, strict=True):
        if start is None:
            return
        for line, (_, text) in enumerate(conversation.lines):
            turns[side(line)].append(text)
            for attribute in attributes(text):
                told.setdefault((attribute, side(line)), []).append(start + line)
    for (attribute, who), slots in told.items():
        yield Draft("attribute", who, tuple(slots), rng.choice(wordings(attribute)), False)
        if (attribute, 1 - who) not in told and not any(touches(attribute, text) for text in turns[1 - who]):
            yield Draft("attribute/other_person", 1 - who, (), rng.choice(wordings(attribute)), False)


def _summary(text: str, summary: bool, frame: int, subject: Person, other: Person) -> str | None:
    if not summary:
        return (f"When did we talk about {text}?", f"What was said about {text}?", text)[frame]
    names = ("the user", "the assistant") if subject.plural else (subject.name, other.name)
    if not subject.plural and not text.startswith(("user", "bot")):
        return None
    text = re.sub(r"\buser\b", names[0], text)
    text = re.sub(r"\bbot\b", names[1], text)
    return text[0].upper() + text[1:]


def drafts(
    name: str,
    conversations: Sequence[Conversation],
    starts: Sequence[int | None],
    flips: Sequence[bool],
    rng: random.Random,
) -> Iterator[Draft]:
    """Every question of conversations; ``starts``: first slot of each, None where it is not in memory."""
    sides = [partial(_side, conversation, flip) for conversation, flip in zip(conversations, flips, strict=True)]
    for conversation, start, side in zip(conversations, starts, sides, strict=True):
        place = partial(_place, start)
        yield from answer_drafts(conversation, side, place)
        yield from statement_drafts(conversation, side, place, rng)
        yield from persona_drafts(conversation, side, place, rng)
        yield from summary_drafts(conversation, side, place, rng)
        yield from look_up_drafts(conversation, side, place)
        if name == "topical_chat":
            yield from topic_drafts(conversation, side, place, rng)
    yield from attribute_drafts(conversations, starts, sides, rng)


def _side(conversation: Conversation, flip: bool, line: int) -> int:
    return 1 - conversation.lines[line][0] if flip else conversation.lines[line][0]


def _place(start: int | None, lines: Sequence[int]) -> tuple[int, ...]:
    return () if start is None else tuple(start + line for line in lines)
