"""Plain talk to learn replies from, so that a decoder trained on memories still chats: no answer is in memory there.

Replies of two kinds: the untrained decoder's own ones (learning without forgetting, Li & Hoiem 2016, arXiv:1606.09282:
what it can do it is to go on doing), and short ones of an assistant out of a licensed set. Does not know: tokens,
networks.
"""

from __future__ import annotations

import json
import logging
import pickle
import random
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from knowledge.records import Read, ReplyDone, ReplyRequest, Sampling, Turn
from knowledge.reply.decoder import Decoder
from knowledge.training.held_out import held_out
from knowledge.training.licensed.archives import CONVERSATIONS, DOCUMENTS, members
from knowledge.training.replies.data import ReplyExample

Reply = Callable[[ReplyRequest], str]
ADVISED = "chat/advice"  # the kind of examples that give advice
_SHARES = {"chitchat": 2, "topical_chat": 4}  # one in so many openings is from there, at most
_WHEN = 1.7e9  # of talk that has no date
_LONGEST = 320  # characters of a reply of the assistant's
_LEAST = 2  # words of a message
_HEARD = ("Got it.", "Thanks for telling me.", "I'll remember that.", "Okay!", "Noted. Is there anything else?")
_log = logging.getLogger(__name__)


def openings(data: Path | None, seed: int, count: int) -> list[tuple[Turn, ...]]:
    """Dialogues that end with a user's message: out of the sets' conversations (none that is held out for measuring)
    and assistants' requests."""
    rng = random.Random(f"{seed}:openings")
    found: list[tuple[Turn, ...]] = []
    if data is not None:
        found += [dialogue for dialogue, _ in assistant(data)]
        if (archive := data / "lost_in_the_middle.tar.xz").is_file():  # what everybody may know, in nobody's memory
            papers = DOCUMENTS["lost_in_the_middle"](members(archive))
            asked = [f"{text[0].upper()}{text[1:]}?" for paper in papers for text, *_ in paper.questions]
            found += [turns([text]) for text in rng.sample(asked, min(len(asked), count // 6))]
        for name, some in talks(data):
            for texts in rng.sample(some, min(len(some), count // _SHARES[name])):
                found.append(turns(texts[: rng.choice((1, 1, 1, 3))]))
    rng.shuffle(found)
    return [dialogue for dialogue in found if len(dialogue[-1].text.split()) >= _LEAST][:count]


def assistant(data: Path) -> Iterator[tuple[tuple[Turn, ...], str]]:
    """An assistant's dialogues and the short reply to the last message, out of memochat_train (MIT)."""
    archive = data / "memochat_train.tar.xz"
    if not archive.is_file():
        _log.warning("%s is not there: training goes without it", archive.name)
        return
    for entry in json.loads(members(archive)["train_1k.json"]):
        if entry["type"] != "chatting_alpacagpt4":
            continue
        prompt, reply = (turn["value"] for turn in entry["conversations"][:2])
        before = prompt.partition("Recent Dialogs:\n")[2].partition("\n```")[0]
        now = prompt.partition("User Input:\n")[2].partition("### bot:")[0]
        said = re.findall(r"(user|bot): (.*?)(?= ### |$)", before, re.S) + [("user", now.partition("user:")[2].strip())]
        roles = ["user", "bot"] * len(said)
        if len(reply) <= _LONGEST and [role for role, _ in said] == roles[: len(said)] and len(said) <= 3:
            yield turns([text for _, text in said]), reply.strip()


def own_replies(
    dialogues: Sequence[tuple[Turn, ...]], reply: Reply, cache: Path, longest: int = 80, kind: str = "chat/own"
) -> Iterator[ReplyExample]:
    """What a decoder replies to each dialogue within ``longest`` tokens, kept in the file ``cache`` from one run to the
    next; those without an end are left out."""
    known: dict[str, str] = pickle.loads(cache.read_bytes()) if cache.is_file() else {}
    for dialogue in dialogues:
        name = repr([turn.text for turn in dialogue])
        if name not in known:
            known[name] = reply(ReplyRequest(dialogue, (), Sampling(max_tokens=longest), key="own"))
            partial = cache.with_suffix(".part")
            partial.write_bytes(pickle.dumps(known))
            partial.replace(cache)
        if known[name]:
            yield ReplyExample(dialogue, (), known[name], kind, "the decoder's own replies")


def with_idle_reads(
    examples: Sequence[ReplyExample], reads: Sequence[Sequence[Read]], rng: random.Random
) -> list[ReplyExample]:
    """The same talk, a share of it with memories that have nothing to do with it and weigh little."""
    made = []
    for example in examples:
        if example.reads:
            made.append(example)
            continue
        some = rng.choice(list(reads))[: rng.randint(1, 4)] if reads and rng.random() < 0.3 else ()
        weak = tuple(Read(read.memory, score=0.02, weight=rng.uniform(0.01, 0.08)) for read in some)
        made.append(ReplyExample(example.dialogue, weak, example.reply, example.kind, example.source))
    return made


def in_dialogue(
    examples: Sequence[ReplyExample], talk: Sequence[ReplyExample], count: int, rng: random.Random
) -> Iterator[ReplyExample]:
    """Questions that the running dialogue answers: what a memory said stands in it as the person's own turn, other talk
    behind it, and is not read."""
    for example in rng.sample(list(examples), len(examples)):
        holds = [read for read in example.reads if example.reply.lower() in read.memory.text.lower()]
        if count <= 0:
            return
        if len(example.dialogue) > 1 or len(holds) != 1 or holds[0].memory.speaker or holds[0].memory.role != "user":
            continue
        said = [holds[0].memory.text, rng.choice(_HEARD)]
        for other in rng.sample(list(talk), rng.randint(0, 2)):
            if len(other.dialogue) == 1:
                said += [other.dialogue[0].text, other.reply]
        rest = tuple(read for read in example.reads if read is not holds[0])
        reads = tuple(Read(read.memory, read.score, min(read.weight, 0.1)) for read in rest[: rng.randint(0, 3)])
        dialogue = turns([*said, example.dialogue[0].text])
        yield ReplyExample(dialogue, reads, example.reply, "in dialogue", example.source)
        count -= 1


def replies_of(decoder: Decoder) -> Reply:
    """The reply of a local decoder as a function; "" for one that does not end within the limit: cut short, it would
    teach to stop after the first item of a list."""

    def reply(request: ReplyRequest) -> str:
        *_, done = decoder.reply(request, threading.Event())
        assert isinstance(done, ReplyDone)
        return done.text.strip() if done.finish_reason == "stop" else ""

    return reply


def talks(data: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """(set, its conversations as the texts of their turns); none that is held out for measuring."""
    for name in _SHARES:
        archive = data / f"{name}.tar.xz"
        if not archive.is_file():
            _log.warning("%s is not there: training goes without it", archive.name)
            continue
        some = (talk.lines for talk in CONVERSATIONS[name](members(archive)) if not held_out(talk.lines[0][1]))
        yield name, [[text for _, text in lines] for lines in some]


def turns(texts: Sequence[str]) -> tuple[Turn, ...]:
    """A dialogue that a user began."""
    return tuple(Turn(f"{n}", "user" if n % 2 == 0 else "assistant", text, _WHEN) for n, text in enumerate(texts))
