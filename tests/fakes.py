"""Hand-written stand-ins that tests pass in by constructor. The network keeps its memories in dictionaries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from knowledge.errors import NotFound
from knowledge.idle_work import IdleWork
from knowledge.read.pipeline import boosted
from knowledge.read.running_chat import not_from_memory
from knowledge.records import (
    Acts,
    DecoderEvent,
    Document,
    Memory,
    Read,
    ReadResult,
    ReplyDone,
    ReplyRequest,
    Sampling,
    Support,
    TextDelta,
    Trace,
    Turn,
    Usage,
)
from knowledge.reply.support import attempts


class FakeStore:
    """Memories per owner in dictionaries."""

    def __init__(self) -> None:
        self.memories: dict[str, dict[str, Memory]] = {}
        self.documents_of: dict[str, dict[str, Document]] = {}

    def of(self, owner: str) -> dict[str, Memory]:
        return self.memories.setdefault(owner, {})

    def owners(self) -> list[str]:
        return list(self.memories)

    def count(self, owner: str) -> int:
        return len(self.of(owner))

    def record_reads(self, owner: str, ids: Sequence[str], when: float) -> None:
        own = self.of(owner)
        for id in ids:
            own[id] = replace(own[id], read_count=own[id].read_count + 1, last_read=when)

    def get(self, owner: str, ids: Iterable[str]) -> dict[str, Memory]:
        return {id: self.of(owner)[id] for id in ids if id in self.of(owner)}

    def delete(self, owner: str, ids: Iterable[str]) -> int:
        return sum(self.of(owner).pop(id, None) is not None for id in ids)

    def delete_everything(self, owner: str) -> int:
        return len(self.memories.pop(owner, {}))

    def page(
        self,
        owner: str,
        *,
        search: str = "",
        kind: str | None = None,
        container: str | None = None,
        since: float | None = None,
        until: float | None = None,
        pinned: bool | None = None,
        muted: bool | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[Memory], int]:
        kept = [
            memory
            for memory in self.of(owner).values()
            if search.lower() in memory.text.lower()
            and kind in (None, memory.kind)
            and container in (None, memory.container)
            and pinned in (None, memory.pinned)
            and muted in (None, memory.muted)
            and (since is None or memory.created >= since)
            and (until is None or memory.created < until)
        ]
        return kept[offset : offset + limit], len(kept)

    def documents(self, owner: str) -> list[Document]:
        return list(self.documents_of.get(owner, {}).values())

    def document(self, owner: str, id: str) -> Document | None:
        return self.documents_of.get(owner, {}).get(id)

    def delete_document(self, owner: str, id: str) -> int:
        return self.documents_of.get(owner, {}).pop(id).passages


@dataclass
class FakeNetwork:
    """A network whose reply to each request is ``say(request)``: pieces of text, or an error to raise among them.

    Every memory that shares a word with the query is read. ``window`` turns fit the decoder. With another ``path`` than
    "endpoint" every piece of a reply is a token that looks half at the dialogue and evenly at what was read; an effect
    is ten times the weight less one.
    """

    say: Callable[[ReplyRequest], Iterable[str | Exception]] = lambda request: ["Re: ", request.dialogue[-1].text]
    window: int = 1000
    store: FakeStore = field(default_factory=FakeStore)
    requests: list[ReplyRequest] = field(default_factory=list)
    excluded: list[set[str]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)  # texts in order of writing
    before_write: Callable[[], None] = lambda: None
    before_read: Callable[[], None] = lambda: None
    stops: list[threading.Event] = field(default_factory=list)  # one for each reply
    broken: str = ""  # of memory
    closed: int = 0  # replies that came to an end, whichever
    path: str = "endpoint"
    idle: IdleWork = field(default_factory=lambda: IdleWork(quiet=0.0))
    measured: list[tuple[ReplyRequest, str]] = field(default_factory=list)
    while_measuring: Callable[[threading.Event], None] = lambda stop: None
    checks: bool = False
    prepared: list[ReplyRequest] = field(default_factory=list)
    stands: Callable[[str], float] = lambda reply: True  # how likely this reply stands on what was read; 1 is enough

    @property
    def decoder(self) -> FakeNetwork:
        return self

    name = "fake-decoder"

    def trouble(self) -> str:
        return self.broken

    def stands_still(self) -> float:
        return 0.0

    def memory_id(self, owner: str, turn_id: str) -> str:
        return f"{owner}/{turn_id}"

    def texts(self, owner: str) -> list[str]:
        """What is active in memory."""
        return [memory.text for memory in self.store.of(owner).values() if memory.active]

    def read(
        self,
        owner: str,
        text: str,
        *,
        dialogue: Sequence[Turn] = (),
        exclude: Iterable[str] = (),
        limit: int,
        boost: Mapping[str, float] | None = None,
    ) -> ReadResult:
        self.before_read()
        self.excluded.append(set(exclude))
        words = set(text.lower().split())
        found = [
            memory
            for memory in self.store.of(owner).values()
            if memory.readable and memory.id not in self.excluded[-1] and words & set(memory.text.lower().split())
        ][:limit]
        reads = tuple(Read(memory, score=0.5, weight=1 / (len(found) + 1)) for memory in found)
        return boosted(ReadResult(text, reads, null_weight=1 / (len(found) + 1), shortlisted=len(found)), boost or {})

    def prepare(self, request: ReplyRequest) -> None:
        self.prepared.append(request)

    attempts = staticmethod(attempts)

    def support(self, request: ReplyRequest, done: ReplyDone, read: ReadResult) -> Support:
        stands = self.stands(done.text)
        return Support(float(stands), bool(stands == 1))

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        self.requests.append(request)
        self.stops.append(stop)
        text = ""
        ends: list[int] = []
        try:
            for piece in self.say(request):
                if isinstance(piece, Exception):
                    raise piece
                if stop.is_set():
                    yield ReplyDone(text, "stopped")
                    return
                text += piece
                ends.append(len(text))
                yield TextDelta(piece)
            usage = Usage(prompt_tokens=7, cached_tokens=2, completion_tokens=3)
            yield ReplyDone(text, "stop", usage, self._trace(request, ends))
        finally:
            self.closed += 1

    def _trace(self, request: ReplyRequest, ends: Sequence[int]) -> Trace | None:
        if self.path == "endpoint" or not request.reads:
            return None
        ids = tuple(read.memory.id for read in request.reads)
        return Trace(self.path, ids, tuple(ends), tuple((0.5 / len(ids),) * len(ids) for _ in ends))

    def effects(self, request: ReplyRequest, text: str, stop: threading.Event | None = None) -> dict[str, float] | None:
        self.measured.append((request, text))
        self.while_measuring(stop or threading.Event())
        if stop is not None and stop.is_set():
            return None
        return {read.memory.id: 10 * read.weight - 1 for read in request.reads}

    def beside(self, owner: str, dialogue: Sequence[Turn], system: str = "") -> frozenset[str]:
        seen = dialogue[max(0, len(dialogue) - self.window) :]
        told = [Acts(tells=1.0)] * len(seen)  # whatever a person says in a test
        return frozenset(self.memory_id(owner, turn.id) for turn in not_from_memory(seen, told))

    def write(self, owner: str, turns: Sequence[Turn], *, soon: bool = True) -> tuple[str, ...]:
        self.before_write()
        for turn in turns:
            self.written.append(turn.text)
            id = self.memory_id(owner, turn.id)
            memory = Memory(id, turn.text, "turn", turn.created, turn.role, container=turn.conversation)
            self.store.of(owner).setdefault(id, memory)
        return tuple(self.memory_id(owner, turn.id) for turn in turns)

    def forgets(self, text: str) -> bool:
        return False

    def set_active(self, owner: str, turn_ids: Iterable[str], active: bool) -> None:
        own = self.store.of(owner)
        for id in (self.memory_id(owner, turn_id) for turn_id in turn_ids):
            if id in own:
                own[id] = replace(own[id], active=active)

    def forget_turns(self, owner: str, turn_ids: Iterable[str]) -> int:
        return self.store.delete(owner, [self.memory_id(owner, id) for id in turn_ids])

    def remember(self, owner: str, text: str, *, created: float | None = None) -> Memory:
        note = Memory(f"note-{len(self.store.of(owner))}", text, "note", created or 5.0)
        self.store.of(owner)[note.id] = note
        return note

    def edit(self, owner: str, id: str, text: str) -> Memory:
        if id not in self.store.of(owner):
            raise NotFound("This memory is no longer there.")
        self.store.of(owner)[id] = replace(self.store.of(owner)[id], text=text)
        return self.store.of(owner)[id]


GREEDY = Sampling(temperature=0.0, max_tokens=64)
