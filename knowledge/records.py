"""Frozen values that pass between the rooms. No behaviour beyond what is derived from their own fields.

Times are seconds since the epoch, UTC. Ids are strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # for types alone: who only reads files starts without it
    import numpy as np

Role = Literal["user", "assistant"]
Kind = Literal["turn", "passage", "note"]
Gate = Literal["add", "merge", "supersede", "skip"]  # what the write gate makes of a turn
# Of what the write gate decided: holds still and says nothing again; a newer one replaced it; says another one again or
# replaces it; is not read as it says nothing new.
Standing = Literal["current", "replaced", "changes", "unkept"]
_MAY_LEAN = 0.3  # probability of leaning back (follow-ups, LOG.md)
FinishReason = Literal["stop", "length", "stopped", "time"]  # "time": cut short, for it took too long


ACTS = (
    "tells",
    "asks_own",
    "asks_world",
    "asks_document",
    "wants_done",
    "advice",
    "chats",
    "leans_back",
    "several",
    "asks_chat",
    "asks_before",
)
OPERATIONS = ("none", "recall_about", "recall_time", "recall_list", "forget", "remember")


@dataclass(frozen=True, slots=True)
class Acts:
    """What a message does: independent probabilities 0…1 of each act, and of the operations of the memory, which sum
    to 1. A message may do several things at once, or none of them."""

    tells: float = 0.0  # states something of oneself, one's people or plans that is worth remembering
    asks_own: float = 0.0  # asks what only this person could have told: their life, what was said before
    asks_world: float = 0.0  # asks for general knowledge, an explanation, how something is done
    asks_document: float = 0.0  # asks about a document that was uploaded
    wants_done: float = 0.0  # a task: write, translate, summarise, code, brainstorm, role play
    advice: float = 0.0  # wants a suggestion that may depend on the person
    chats: float = 0.0  # greets, thanks, reacts, small talk
    leans_back: float = 0.0  # can be understood only with what was said before in the chat
    several: float = 0.0  # expects several things: a list or a count
    asks_chat: float = 0.0  # asks what was said in the chat by either side: suggested, answered, asked, talked about
    asks_before: float = 0.0  # asks what was so before something changed
    operation: Mapping[str, float] = field(default_factory=lambda: {"none": 1.0})

    @property
    def may_lean(self) -> bool:
        """Are the turns before the message to be looked at? Missing them costs more than looking in vain."""
        return self.leans_back >= _MAY_LEAN

    @property
    def called(self) -> str:
        """The likeliest operation, one of ``OPERATIONS``."""
        return max(self.operation, key=lambda name: self.operation[name])


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a dialogue, as history keeps it and as the decoder and the writer see it."""

    id: str  # the message's id in history; the memory's id is derived from it
    role: Role
    text: str
    created: float
    conversation: str = ""
    branch: str = ""  # id of the first message that this branch does not share with its siblings
    position: int = 0  # 0-based depth in the dialogue's tree
    speaker: str = ""  # a name, where one is known; otherwise the role speaks


@dataclass(frozen=True, slots=True)
class Memory:
    """One slot of the external memory: a turn, a passage of a document, or a note added by hand."""

    id: str
    text: str
    kind: Kind
    created: float
    role: Role | Literal[""] = ""  # "" for passages
    speaker: str = ""
    container: str = ""  # id of the conversation or document it stands in; "" for notes
    position: int = 0  # order inside the container: neighbours are position ± 1
    branch: str = ""  # turns only
    title: str = ""  # the document's name; conversations keep their title in history
    page: int | None = None  # 1-based, where the file has pages
    heading: str = ""  # nearest heading above, where the file has headings
    pinned: bool = False  # kept, and read before others that match as well
    muted: bool = False  # never read
    active: bool = True  # False while its turn is not on the conversation's current branch
    edited: float | None = None
    read_count: int = 0
    last_read: float | None = None
    gate: Gate = "add"  # what the write gate made of the turn
    target: str = ""  # id of the memory that it says again, replaces, or changes in part

    @property
    def readable(self) -> bool:
        """May this memory be read at all?"""
        return self.active and not self.muted


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document as the parser cuts it, before it becomes a memory."""

    text: str
    position: int
    page: int | None = None
    heading: str = ""


@dataclass(frozen=True, slots=True)
class OutsideMessage:
    """A message of a conversation that was held elsewhere. ``parent``: place of the one it follows among the
    conversation's messages, before its own; None for a first one. ``created``: 0 where the export does not say.
    ``off_record``: it was said while memory was paused, and never becomes a memory."""

    key: str
    parent: int | None
    role: Role
    text: str
    created: float = 0.0
    off_record: bool = False


@dataclass(frozen=True, slots=True)
class OutsideConversation:
    """A conversation that was held elsewhere, as an export of ``app`` has it; keys are that app's own.

    ``leaf``: place of the last message of the branch that was open there. ``left_out``: what was not taken over, by
    kind. Times as of :class:`OutsideMessage`.
    """

    app: str
    key: str
    title: str
    created: float
    updated: float
    leaf: int
    messages: tuple[OutsideMessage, ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Document:
    """A file whose passages are in memory. ``id`` is derived from owner and content."""

    id: str
    name: str
    sha256: str
    size: int  # bytes of the file
    created: float
    passages: int = 0
    pages: int | None = None
    ready: bool = False  # False while it is being taken in; such a document is undone at the next start


@dataclass(frozen=True, slots=True)
class Candidate:
    """A memory on the shortlist with the evidence each head sees. Missing evidence is 0."""

    memory: Memory
    cosine: float = 0.0  # cosine of the query and the memory's nearest key, −1…1
    bm25: float = 0.0  # BM25 of the memory's own words over the query's idf mass: 1 is about all words found
    window: float = 0.0  # the same of the turns around it (distance 1 and 2), distance-weighted, own not included
    part: int = 0  # which key is the nearest: 0, of the whole text, or that of its 1st, 2nd … part
    key: np.ndarray | None = None  # (dimension,) that key; None where nothing is known of it
    acts: Acts | None = None  # what that part does, as the reading of messages says; None where it was not read


@dataclass(frozen=True, slots=True)
class Read:
    """One memory as the read weighed it."""

    memory: Memory
    score: float  # retrieval score, 0…1: how well query and memory match, comparable between queries
    weight: float  # α: share of the attention, 0…1; all weights and the null slot's sum to 1
    cosine: float = 0.0
    bm25: float = 0.0
    window: float = 0.0
    hop: int = 0  # the hop that gave it most of its weight, from 0
    because: str = ""  # later hops: id of the memory that the hop before read most, which led here
    part: int = 0  # which of its parts matched best, from 1; 0: the whole


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What one attention read returned, in order of weight."""

    query: str
    reads: tuple[Read, ...] = ()
    null_weight: float = 1.0  # mass of the null slot: "nothing in memory answers"
    shortlisted: int = 0
    seconds: float = 0.0
    acts: Acts | None = None  # what the message does; None where it was not read
    heard: bool = False  # the query names somebody or something that one of the shortlisted memories speaks of
    later: Mapping[str, str] = field(default_factory=dict)  # id of a read → of a later one that may have changed it
    operation: str = ""  # what made this set: one of ``OPERATIONS``, or "closest" (quoted); "" for a read by attention
    more: int = 0  # memories that belong to the set besides; a set is in its own order, not in that of weight

    def normalised(self) -> ReadResult:
        """With weights that sum to 1, the null slot's included, in order of weight."""
        total = self.null_weight + sum(read.weight for read in self.reads)
        if total <= 0.0:
            return self
        reads = [replace(read, weight=read.weight / total) for read in self.reads]
        reads.sort(key=lambda read: -read.weight)
        return replace(self, reads=tuple(reads), null_weight=self.null_weight / total)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the decoder picks tokens. ``temperature`` 0 is greedy."""

    temperature: float = 0.0
    top_p: float = 0.9
    repetition_penalty: float = 1.1
    max_tokens: int = 256
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """How likely a reply is a right answer from what was read, 0…1, and whether that is enough to show it."""

    probability: float = 1.0
    enough: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and seconds of one reply."""

    prompt_tokens: int = 0
    cached_tokens: int = 0  # of the prompt, those whose keys and values were reused
    completion_tokens: int = 0
    first_token_seconds: float = 0.0
    seconds: float = 0.0


# ---- events of a reply, in the order in which they come -------------------------------------------


@dataclass(frozen=True, slots=True)
class UserSaved:
    """The user's message is committed to history."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class MemoryRead:
    """The read is done; the panel can show it."""

    result: ReadResult


@dataclass(frozen=True, slots=True)
class ReplyWaiting:
    """So many replies have to end before this one begins; 0: it begins now."""

    before: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Where the decoder looked while it wrote a reply: for every token the share of its attention on every memory.

    ``memories``: ids. ``ends``: for every token, up to which character of the reply the text reached with it.
    ``mass``: for every token one number per memory, 0…1, mean over heads and layers; the rest of the attention is on
    the dialogue and the prompt. ``path``: how memories reached the decoder, "hybrid", "blocks" or "prompt".
    """

    path: str
    memories: tuple[str, ...] = ()
    ends: tuple[int, ...] = ()
    mass: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """The decoder's last event. ``trace``: None without memories, and where the decoder cannot tell, as
    behind an endpoint."""

    text: str
    finish_reason: FinishReason
    usage: Usage = field(default_factory=Usage)
    trace: Trace | None = None
    likelihood: tuple[float, ...] = ()  # log-probability in nats of each token; empty where the decoder cannot tell


@dataclass(frozen=True, slots=True)
class ReplySaved:
    """The whole reply is committed to history. Shown text never runs ahead of this for the last piece."""

    turn: Turn
    finish_reason: FinishReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class MemoryWritten:
    """The turn's memories are in the external memory and the marks in history are cleared."""

    memories: tuple[str, ...]


DecoderEvent = ReplyWaiting | TextDelta | ReplyDone
ReplyEvent = UserSaved | MemoryRead | ReplyWaiting | TextDelta | ReplySaved | MemoryWritten


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """What a decoder needs for one reply.

    ``dialogue`` ends with the user's new turn; ``reads`` are in order of weight; ``system`` replaces the decoder's own
    system prompt where a program passes one. ``key`` names the dialogue, so that keys and values of an unchanged
    prefix can be reused; ``owner`` whose memories these are, so that their blocks are kept apart; ``heard`` as of
    :class:`ReadResult`; ``note`` is an instruction for this reply, ``examples`` show how
    such messages are replied to.
    """

    dialogue: Sequence[Turn]
    reads: Sequence[Read] = ()
    sampling: Sampling = field(default_factory=Sampling)
    key: str = ""
    system: str = ""
    owner: str = ""
    heard: bool = False
    note: str = ""  # what to say, in a line behind the person's message
    examples: Sequence[tuple[str, str]] = ()  # (message, reply): how such messages are replied to
    second_person: bool = False  # speaks of the person as "you": a small decoder goes on in their "I" otherwise
