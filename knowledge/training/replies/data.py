"""Scenes → what the decoder is trained on: memories as the app's own read weighs them, a question, and the right reply.

Knows: encoder, store and read as the app uses them, in a temporary folder; which of a scene's questions have a reply in
few words. Does not know: tokens, networks. No example comes from a set that is for evaluation only.
"""

from __future__ import annotations

import hashlib
import pickle
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import Reader
from knowledge.records import Read, ReadResult, Turn
from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.text.dates_in_words import DATED, date_in_words, day_in_words, explicit_days, resolved
from knowledge.training.read_data import OWNER, memories_of, scratch_store
from knowledge.training.scenes import Query, Scene

_VERSION = 2  # of the examples: another number, and kept ones are made again
AS_WRITTEN = 0.5  # share of replies that begin as their word stands inside a sentence
LIMITS = (1, 2, 3, 4, 5, 6, 8, 8, 8, 10)  # memories of an example, at most
_MOST = 800  # characters of all memories of an example: bounds the time of a step
_PERSONAL = re.compile(r"\b(?:i|i'm|im|i've|i'd|me|my|mine|we|us|our|you|your|u|ur)\b", re.I)
_OPENING = re.compile(r"^(?:(?:oh|haha|well|actually|hmm+|um|lol|ooh|ah|hey|wow)[\s,.!]+)+", re.I)
_VAGUE = re.compile(  # says when, but not on which day
    r"\b(?:days?|weeks?|weekends?|months?|years?|recently|lately|ago|since|until|soon|will|going to|(?:mon|tues|wednes|"
    r"thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december|"
    r"spring|summer|autumn|winter|plan|planning)\b",
    re.I,
)
_WHEN = re.compile(r"\b(?:when|what date|which (?:day|date|month|year)|what (?:day|month|year))\b", re.I)


@dataclass(frozen=True, slots=True)
class ReplyExample:
    """One reply to learn. ``reads``: the memories with their weights α; ``dialogue`` ends with the user's turn."""

    dialogue: tuple[Turn, ...]
    reads: tuple[Read, ...]
    reply: str
    kind: str
    source: str


def reply_to(scene: Scene, query: Query) -> str:
    """The reply to a scene's question in few words; "" where none is known."""
    if not query.evidence:
        return ABSTENTIONS[0]
    if query.answer:
        return sentence(query.answer)
    told = [scene.slots[number] for number in sorted(query.evidence)]
    if query.kind.startswith(("temporal", "followup")) and _WHEN.search(query.text) and len(told) == 1:
        dates = DATED.findall(resolved(told[0].text, told[0].created))
        days = [day_in_words(day) for day in explicit_days(told[0].text, told[0].created)]
        found = dates or days
        if not found and not _VAGUE.search(told[0].text):
            found = [date_in_words(told[0].created)]
        return sentence(found[0]) if len(found) == 1 else ""
    if query.kind in ("answer", "follow_up") and len(told) == 1:
        said = _OPENING.sub("", told[0].text)
        if 1 <= len(said.split()) <= 10 and not _PERSONAL.search(said) and "?" not in said:
            return sentence(said)
    return ""


def sentence(text: str) -> str:
    """An answer as a reply: a capital first, no full stop."""
    text = " ".join(text.split()).rstrip(" .!,;")
    return text[:1].upper() + text[1:]


def as_written(example: ReplyExample, rng: random.Random) -> ReplyExample:
    """Now and then the reply's first word as a memory writes it inside a sentence ("a sunset"): people write answers
    in both ways, and a decoder that knows one of them finds every other impossible (LOG.md, 2026-11-25)."""
    first = example.reply[:1].lower() + example.reply[1:]
    word = first.split()[0].strip(",.;:!?") if first.strip() else ""
    inside = re.compile(rf"\b{re.escape(word)}\b")
    common = word == "a" or word[1:].islower() and any(inside.search(read.memory.text) for read in example.reads)
    if not common or example.reply in ABSTENTIONS or example.kind.startswith("chat") or rng.random() > AS_WRITTEN:
        return example
    return replace(example, reply=first)


def examples_of(
    scene: Scene, encoder: Encoder, readers: tuple[Reader, Reader], rng: random.Random, most: int
) -> list[ReplyExample]:
    """At most ``most`` of the scene's questions as examples. ``readers``: the app's read, and the same one that reads
    something for every question."""
    asked = [(query, reply) for query in scene.queries if (reply := reply_to(scene, query))]
    rng.shuffle(asked)
    memories = memories_of(scene)
    keys = keys_of(encoder, memories)
    last = max(slot.created for slot in scene.slots)
    made = []
    with scratch_store(encoder) as store:
        store.add(OWNER, memories, keys)
        for query, reply in asked[:most]:
            reader = readers[rng.random() < (0.7 if not query.evidence else 1.0)]
            limit = rng.choice(LIMITS)
            when = query.asked or last + 3600
            result = read_memory(
                reader,
                store,
                encoder,
                OWNER,
                query.text,
                encoder.encode_queries([query.text])[0],
                [text for _, text in query.dialogue],
                asked=when,
                limit=limit,
                messages=make_message_reader(encoder.name),
            )
            reads, known = _with_evidence(store, result, query, limit, rng)
            dialogue = [
                Turn(str(n), "user" if n % 2 == 0 else "assistant", text, when - 60 * (len(query.dialogue) - n))
                for n, (_, text) in enumerate(query.dialogue)
            ]
            dialogue.append(Turn("question", "user", query.text, when))
            made.append(
                ReplyExample(
                    tuple(dialogue),
                    reads,
                    reply if query.evidence and known else rng.choice(ABSTENTIONS),
                    query.kind if known else f"{query.kind} (not read)",
                    scene.source,
                )
            )
    return made


def _with_evidence(
    store: ExternalMemory, result: ReadResult, query: Query, limit: int, rng: random.Random
) -> tuple[tuple[Read, ...], bool]:
    """The reads, and whether they hold what answers. What the read missed stands in for the weakest ones, mostly: else
    the decoder learns to doubt, or to make things up."""
    reads = list(result.reads)
    missing = [str(number) for number in query.evidence if str(number) not in {read.memory.id for read in reads}]
    known = not missing
    if missing and len(query.evidence) <= limit and rng.random() < 0.75:
        found = store.get(OWNER, missing)
        free = [n for n, read in enumerate(reads) if int(read.memory.id) not in query.evidence]
        for memory in found.values():
            weight = rng.choice([read.weight for read in reads] or [0.2]) * rng.uniform(0.5, 1.5)
            new = Read(memory, score=weight, weight=min(weight, 0.9))
            if len(reads) >= limit and free:
                reads[free.pop()] = new
            else:
                reads.append(new)
        known = len(found) == len(missing)
    reads.sort(key=lambda read: -read.weight)
    kept: list[Read] = []
    size = 0
    for read in reads:
        size += len(read.memory.text)
        if kept and size > _MOST:
            known = known and int(read.memory.id) not in query.evidence
            continue
        kept.append(replace(read, cosine=0.0, bm25=0.0, window=0.0, hop=0, because=""))
    return tuple(kept), known


def prepared(
    scenes: Iterable[Scene],
    encoder: Encoder,
    readers: tuple[Reader, Reader],
    cache: Path,
    name: str,
    most: int,
) -> Iterator[Sequence[ReplyExample]]:
    """Each scene's examples, kept under ``cache``; ``name`` says what makes the scenes (their generator and seed)."""
    folder = cache / hashlib.sha256(f"{_VERSION}\n{name}\n{most}\n{encoder.name}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate(scenes):
        path = folder / f"{number:05}.pickle"
        if not path.is_file():
            made = examples_of(scene, encoder, readers, random.Random(f"{name}:{number}"), most)
            partial = path.with_suffix(".part")
            partial.write_bytes(pickle.dumps(made))
            partial.replace(path)
        yield pickle.loads(path.read_bytes())
