"""Frozen values that history hands out, and what is derived from texts alone: titles and path hashes. Knows no SQL."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from markdown_it import MarkdownIt

from chat_app.history.reply_words import Words, looked_at
from knowledge.records import FinishReason, Kind, ReadResult, Role, Trace, Turn

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_HEAD = 2000  # characters of a message in which its title is looked for

MemoryState = Literal["in", "inactive", "deleted"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One dialogue of the sidebar. Times in seconds since the epoch, UTC."""

    id: str
    title: str
    created: float
    updated: float
    leaf: str | None = None  # last message of the active branch
    name: str = ""  # what an HTTP client calls it
    renamed: bool = False
    pinned: bool = False
    paused: bool = False  # what is said in it now is off the record, and no memory is read


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that was sent with a message and became a document."""

    id: str  # of the document
    name: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation's tree."""

    id: str
    conversation: str
    parent: str | None
    role: Role
    text: str
    created: float
    position: int
    branch: str
    finish_reason: FinishReason | Literal[""] = ""
    feedback: int | None = None
    null_weight: float | None = None  # replies only: mass of the null slot when it was read
    pending: bool = False  # memory has not caught up with this message
    siblings: tuple[str, ...] = ()  # ids of the messages in the same place, this one among them, oldest first
    off_record: bool = False  # said while memory was paused: it never becomes a memory
    files: tuple[SentFile, ...] = ()
    correction: bool = False  # a reply in a person's own words; known only where a whole path was asked for

    @property
    def index(self) -> int:
        """0-based place among the siblings: the page shows ‹ index + 1 / count ›."""
        return self.siblings.index(self.id) if self.siblings else 0

    @property
    def count(self) -> int:
        """How many alternatives there are in this place, this one included."""
        return max(1, len(self.siblings))

    @property
    def turn(self) -> Turn:
        """The message as decoder and writer see it."""
        return Turn(self.id, self.role, self.text, self.created, self.conversation, self.branch, self.position)


@dataclass(frozen=True, slots=True)
class PastRead:
    """A memory that a reply read: numbers and place. The text is looked up by ``id``, so that a deleted one is gone."""

    id: str
    weight: float
    score: float
    cosine: float
    bm25: float
    window: float
    kind: Kind
    container: str
    position: int
    title: str  # the document's name
    page: int | None
    role: Role | Literal[""]
    speaker: str
    created: float
    hop: int = 0  # the hop that gave it most of its weight, from 0; rows of before hops were kept have none
    because: str = ""  # later hops: id of the memory that led here
    part: int = 0  # which of its parts matched best, from 1; 0: the whole, or an older row
    path: str = ""  # how it reached the decoder: "blocks", "hybrid", "prompt", "endpoint"; "": an older row
    attention: float | None = None  # share of the decoder's attention, mean over the reply; None where it cannot tell
    words: Words = ()  # where in the reply it got more of it than on average
    effect: float | None = None  # nats of the whole reply's log-probability that it was good for; None: not measured
    boost: float = 1.0  # its weight was multiplied by this for this reply
    outside: bool = False  # a program's own system prompt or turns, which nobody keeps, went into this reply
    alone: bool = False  # the decoder saw the message without the chat before it
    operation: str = ""  # the operation that made the set; "forget" becomes "forgotten" or "kept" once a person chose


@dataclass(frozen=True, slots=True)
class Conditioned:
    """How what was read reached the decoder, and where that looked. ``boost``: factor on the weight, by memory."""

    path: str = ""
    trace: Trace | None = None
    boost: Mapping[str, float] = field(default_factory=dict)
    outside: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation that a search found; ``message`` and ``excerpt`` are empty where only the title matched."""

    conversation: Conversation
    message: str = ""
    excerpt: str = ""


def reads_to_json(result: ReadResult, text: str = "", how: Conditioned | None = None) -> list[dict[str, Any]]:
    """What history keeps of a read for the reply ``text``. A memory's text and heading stay out: they are memory's."""
    how = how or Conditioned()
    looks = looked_at(how.trace, text)
    nowhere = (None, ()) if how.trace is None else (0.0, ())  # read, but too weak to reach the decoder
    return [
        asdict(
            PastRead(
                id=read.memory.id,
                weight=read.weight,
                score=read.score,
                cosine=read.cosine,
                bm25=read.bm25,
                window=read.window,
                kind=read.memory.kind,
                container=read.memory.container,
                position=read.memory.position,
                title=read.memory.title,
                page=read.memory.page,
                role=read.memory.role,
                speaker=read.memory.speaker,
                created=read.memory.created,
                hop=read.hop,
                because=read.because,
                part=read.part,
                path=how.path,
                attention=looks.get(read.memory.id, nowhere)[0],
                words=looks.get(read.memory.id, nowhere)[1],
                boost=how.boost.get(read.memory.id, 1.0),
                outside=how.outside,
                alone=how.alone,
                operation=result.operation,
            )
        )
        for read in result.reads
    ]


def reads_from_json(kept: list[dict[str, Any]] | None) -> tuple[PastRead, ...]:
    """The inverse of ``reads_to_json``; what an older row lacks has its default, what it has besides is left out."""
    names = {field.name for field in fields(PastRead)}
    reads = [PastRead(**{name: value for name, value in entry.items() if name in names}) for entry in kept or ()]
    return tuple(replace(read, words=tuple((start, end, mass) for start, end, mass in read.words)) for read in reads)


def step_hash(before: str, role: str, text: str) -> str:
    """Hash of a path that is one message longer. ``before`` is the hash so far, "" at the start.

    White space at the ends does not count: clients trim it.
    """
    return hashlib.sha256(f"{before}\n{role}\n{text.strip()}".encode()).hexdigest()


def path_hash(messages: Iterable[tuple[str, str]], before: str = "") -> str:
    """Hash of a whole path of (role, text)."""
    for role, text in messages:
        before = step_hash(before, role, text)
    return before


def excerpt_around(text: str, term: str, width: int = 80) -> str:
    """One line of ``text`` around the first ``term``, about ``width`` characters."""
    line = " ".join(text.split())
    at = max(0, line.lower().find(term.lower()))
    start = max(0, at - width // 3)
    end = min(len(line), start + width)
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")


def title_from(text: str, width: int = 48) -> str:
    """A title from the first message: its words without Markdown, one line of at most ``width`` columns, a Chinese
    character counting two.

    Cut after a word or a punctuation mark where there is one in the second half, else between characters, never
    inside a joined emoji.
    """
    line = " ".join(_words(text[:_HEAD]).split())
    columns = end = 0
    while end < len(line) and columns <= width:
        columns += _columns(line[end])
        end += 1
    if columns <= width:
        return line
    cut = end = end - 1
    for at in range(end, end // 2, -1):
        if line[at] == " " or line[at - 1] in "，。！？；：、,.!?;:":
            cut = at
            break
    while cut > 1 and line[cut - 1] == "\u200d":  # an emoji joined to the next one
        cut -= 2
    return line[:cut].rstrip(" ，。；：、,.;:") + "…"


def _words(text: str) -> str:
    """The text that a reader sees of Markdown; all of it where that is nothing (a rule, a bare link)."""
    pieces = []
    for block in _MARKDOWN.parse(text):
        for token in block.children or [block]:
            pieces.append(" " if token.type in ("softbreak", "hardbreak") else token.content)
        pieces.append(" ")
    words = "".join(pieces)
    return words if words.strip() else text


def _columns(character: str) -> int:
    """How many columns a character takes in a monospaced font."""
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
