"""The memory network: joins encoder (I), write (G), read (O) and decoder (R) around the external memory.

The one joining file of this package. Does not know: history, the page, or how its parts were made.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from knowledge import process_memory
from knowledge.documents.ingestion import DocumentIntake
from knowledge.errors import BadInput, NotFound
from knowledge.idle_work import IdleWork
from knowledge.input.dialogue_acts import MessageReader, make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import Span, keys_of, parts_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.owner_readers import OwnerReaders
from knowledge.read.pipeline import boosted, read_memory
from knowledge.read.reader import Reader
from knowledge.read.recall import Asked, Recall, called
from knowledge.read.running_chat import context_of, not_from_memory
from knowledge.records import (
    Acts,
    DecoderEvent,
    Memory,
    ReadResult,
    ReplyDone,
    ReplyRequest,
    Role,
    Support,
    Turn,
)
from knowledge.reply.decoder import CheckedDecoder, Decoder, OpenDecoder
from knowledge.reply.decoder_seat import DecoderSeat
from knowledge.reply.instructions import TOLD
from knowledge.reply.pulse import Pulse
from knowledge.reply.support import attempts, evidence_of, support_model
from knowledge.write.gate_evidence import NEAR
from knowledge.write.writer import Writer, memory_id

_FILL = 1  # rank of making blocks among what is done while idle: a block serves every reply to come
_MEND = 3  # rank of mending what is broken
_CLEAN = 2  # rank of taking what was deleted out of the files
_PREPARE = 4  # rank of beginning the next reply: the person may write at any moment
_GIVE_BACK = -1  # rank of giving free memory back: after all else, which uses some
_CLEAN_AFTER = 5.0  # seconds without a deletion: searches wait while the files are cleaned


class MemoryNetwork:
    """Read → reply → write over one external memory, for any number of owners.

    Every method takes the owner first; nothing of one owner is ever visible to another. Safe to call from threads.
    ``acts``: the reading of messages, without which every message is read alike, and none recalls or forgets.
    ``idle`` does what can wait: the blocks of what was written are made ahead of the first read, and the files are
    cleaned of what was deleted.
    """

    def __init__(
        self,
        encoder: Encoder,
        store: ExternalMemory,
        reader: Reader,
        writer: Writer,
        decoder: Decoder,
        messages: MessageReader | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.encoder = encoder
        self.store = store
        self.reader = reader
        self.own_readers: OwnerReaders | None = None  # what owners had the learned read learn from their feedback
        self.messages = messages or make_message_reader(encoder.name)
        self.writer = writer
        self.system = ""  # the owner of this machine's system prompt, for the blocks made ahead; "" for the decoder's
        self._seat = DecoderSeat(decoder)
        self._pulse = Pulse()
        self._recall = Recall(store, encoder, self.messages)
        self._clock = clock  # seconds since the epoch, UTC
        self.intake = DocumentIntake(store, partial(keys_of, encoder), clock=clock)
        self.idle = IdleWork()
        store.forgotten.append(self._clean_when_idle)
        self._begin_when_idle()

    # ---- O: read ------------------------------------------------------------------------------------

    def reader_of(self, owner: str) -> Reader:
        """The read that serves this owner."""
        return self.reader if self.own_readers is None else self.own_readers.of(owner)

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
        """Attention read of the owner's memory with the new turn ``text`` as query.

        ``dialogue`` is the running dialogue before it, for a reader with an internal memory (the fixed mix has none);
        ``exclude`` are ids of memories that must not be read, such as turns the decoder sees anyway; ``limit`` bounds
        the number of reads, save where the message recalls or wants something forgotten: the set that is meant then
        comes (knowledge/read/recall.py), with its ``operation``; ``boost`` multiplies the
        weights of these memories, where they are read at all. Weights of the reads and of the null slot sum to 1.
        """
        started = time.perf_counter()
        vector = self.encoder.encode_queries([text])[0]  # (dimension,)
        acts, reader = self.acts(text), self.reader_of(owner)
        if called(acts):
            asked = Asked(owner, text, vector, acts, self._clock(), dialogue, frozenset(exclude), self.checks)
            result = replace(self._recall.read(asked, reader), acts=acts)
        else:
            result = read_memory(
                reader,
                self.store,
                self.encoder,
                owner,
                text,
                vector,
                [turn.text for turn in dialogue],
                asked=self._clock(),
                exclude=frozenset(exclude),
                limit=limit,
                messages=self.messages,
            )
        return replace(boosted(result, boost or {}), seconds=time.perf_counter() - started)

    def acts(self, text: str) -> Acts:
        """What a message does, without a look at the dialogue before it."""
        vector = self.encoder.encode([text]) if self.messages.sees_vectors else None
        return self.messages.read([text], vector)[0]

    def forgets(self, text: str) -> bool:
        """Does this message want something forgotten? Then it is no memory itself."""
        return called(self.acts(text)) == "forget"

    # ---- R: reply -----------------------------------------------------------------------------------

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        """Stream the reply to the last turn of ``request.dialogue``, conditioned on its reads."""
        with self._seat.used() as decoder:
            yield from self._pulse.watched(decoder.reply(request, stop))
        self.idle.submit("give back", self._give_back, rank=_GIVE_BACK)

    @property
    def decoder(self) -> Decoder:
        """The decoder that serves the replies that start now."""
        return self._seat.decoder

    def swap(self, decoder: Decoder) -> None:
        """Let ``decoder`` serve from the next reply on; returns when the old one is out of use and closed."""
        self._seat.swap(decoder)
        self._begin_when_idle()

    def beside(self, owner: str, dialogue: Sequence[Turn], system: str = "") -> frozenset[str]:
        """Ids of the memories not to be read for the reply to ``dialogue``: of the turns that the decoder sees anyway,
        all but what the person told."""
        seen = dialogue[self.decoder.in_window(dialogue, system) :]
        acts = self.messages.read_again([turn.text for turn in seen])
        return frozenset(memory_id(owner, turn.id) for turn in not_from_memory(seen, acts))

    def context_of(self, text: str, dialogue: Sequence[str]) -> Sequence[str]:
        """The texts of the turns before the message ``text`` that its read looks at."""
        return context_of(self.messages.read([text], self.encoder.encode([text]))[0], dialogue)

    @property
    def path(self) -> str:
        """How memories reach the decoder: "blocks", "hybrid", "prompt", or "endpoint" where it runs elsewhere."""
        return "endpoint" if self.open_decoder is None else self.decoder.path

    @property
    def open_decoder(self) -> OpenDecoder | None:
        """The decoder where it can be looked into; None for one that runs elsewhere."""
        decoder = self.decoder
        return decoder if isinstance(decoder, OpenDecoder) else None

    def stands_still(self) -> float:
        """Seconds for which the decoder has not got on although a reply waits for it; 0 where none does."""
        return self._pulse.stands_still(getattr(self.decoder, "stepped", 0.0))  # one that runs elsewhere tells none

    def effects(self, request: ReplyRequest, text: str, stop: threading.Event | None = None) -> dict[str, float] | None:
        """What each memory did to the reply ``text``: its log-probability in nats less that without the memory, by id.

        None when stopped. Raises BadInput where the decoder runs elsewhere, ModelError.
        """
        with self._seat.used() as decoder:
            if not isinstance(decoder, OpenDecoder):
                raise BadInput(
                    "What a memory did can only be measured where the model runs in Mneme, not at an endpoint."
                )
            try:
                return decoder.effects(request, text, stop)
            finally:
                self._forget_gone(decoder, request.owner, [read.memory.id for read in request.reads])

    def prepare(self, request: ReplyRequest) -> None:
        """Have the decoder begin the reply to the next message of this dialogue in a quiet moment."""

        def begin(stop: threading.Event) -> bool:
            with self._seat.used() as decoder:
                return not isinstance(decoder, CheckedDecoder) or decoder.prepare(request, stop)

        if self.checks:
            self.idle.submit(("prepare", request.owner, request.key), begin, rank=_PREPARE)

    def _begin_when_idle(self) -> None:
        for examples in reversed(TOLD):  # what is submitted last is done first; the first message would wait seconds
            self.prepare(ReplyRequest((), key=examples[0][0], examples=examples))

    attempts = staticmethod(attempts)

    @property
    def checks(self) -> bool:
        """Can replies be checked against what was read?"""
        decoder = self.decoder
        return isinstance(decoder, CheckedDecoder) and decoder.checks

    def support(self, request: ReplyRequest, done: ReplyDone, read: ReadResult) -> Support:
        """Does this reply stand on what was read? It does where nothing can tell. Raises ModelError."""
        with self._seat.used() as decoder:
            if not isinstance(decoder, CheckedDecoder) or not decoder.checks:
                return Support()
            return support_model().support(evidence_of(decoder, request, done, read))

    # ---- G: write -----------------------------------------------------------------------------------

    def write(self, owner: str, turns: Sequence[Turn], *, soon: bool = True) -> tuple[str, ...]:
        """Write turns to the external memory; writing the same turns again changes nothing.

        ``soon``: their blocks are made ahead of a read. → ids of all memories that stand for these turns, new or not.
        """
        memories = self.writer.memories(owner, turns)
        if memories:
            keys = keys_of(self.encoder, memories)
            there = self.store.get(owner, [one.id for one in memories])
            fresh = {one.id: rows[0] for one, rows in zip(memories, keys, strict=True) if one.id not in there}
            search = partial(self.store.shortlist, owner, dense=NEAR, lexical=NEAR, exclude=frozenset(fresh))
            decided = {
                one.id: one
                for one in self.writer.decided([one for one in memories if one.id in fresh], [*fresh.values()], search)
            }
            self.store.add(owner, [decided.get(one.id, one) for one in memories], keys)
            kept = ("add", "supersede") if soon else ()
            self._fill_when_idle(owner, [one for one in decided.values() if one.gate in kept])
        return tuple(memory.id for memory in memories)

    def set_active(self, owner: str, turn_ids: Iterable[str], active: bool) -> None:
        """Turns that left (or came back to) the current branch of their conversation may not (may) be read."""
        ids = [memory_id(owner, turn_id) for turn_id in turn_ids]
        if ids:
            self.store.mark(owner, ids, active=active)

    def forget_turns(self, owner: str, turn_ids: Iterable[str]) -> int:
        """Delete the memories of these turns; returns how many there were."""
        ids = [memory_id(owner, turn_id) for turn_id in turn_ids]
        return self.store.delete(owner, ids) if ids else 0

    def memory_id(self, owner: str, turn_id: str) -> str:
        """Id of the memory that a turn becomes."""
        return memory_id(owner, turn_id)

    def part(self, memory: Memory, number: int) -> Span | None:
        """Where in its text the part with this number stands, from 1; None for the whole, or if edited away."""
        return next(iter(parts_of(memory)[number - 1 : number]), None) if number else None

    # ---- by hand ------------------------------------------------------------------------------------

    def remember(
        self, owner: str, text: str, *, role: Role | str = "user", speaker: str = "", created: float | None = None
    ) -> Memory:
        """Add a note to memory. The same text said at the same time is the same note.

        Raises BadInput when the text is empty.
        """
        text = text.strip()
        if not text:
            raise BadInput("A memory needs some text.")
        when = self._clock() if created is None else created
        note = Memory(
            id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"note\n{owner}\n{when!r}\n{text}")),
            text=text,
            kind="note",
            created=when,
            role="assistant" if role == "assistant" else "user",
            speaker=speaker,
        )
        self.store.add(owner, [note], keys_of(self.encoder, [note]))
        self._fill_when_idle(owner, [note])
        return note

    def edit(self, owner: str, memory: str, text: str) -> Memory:
        """Replace a memory's text (and its vector). Raises NotFound, or BadInput when the text is empty."""
        text = text.strip()
        if not text:
            raise BadInput("A memory needs some text; delete it if it should go.")
        there = self.store.get(owner, [memory]).get(memory)
        if there is None:
            raise NotFound("This memory is no longer there.")
        keys = keys_of(self.encoder, [replace(there, text=text)])[0]
        edited = self.store.edit(owner, memory, text, keys)
        self._fill_when_idle(owner, [edited])
        return edited

    # ---- blocks -------------------------------------------------------------------------------------

    def _fill_when_idle(self, owner: str, memories: Sequence[Memory]) -> None:
        """Have the decoder make the blocks of these turns and notes before they are read for the first time."""
        ids = tuple(memory.id for memory in memories if memory.kind != "passage")
        if self.open_decoder is None or not ids:
            return

        def fill(stop: threading.Event) -> bool:
            for id in ids:
                if stop.is_set():
                    return False
                with self._seat.used() as decoder:
                    if isinstance(decoder, OpenDecoder) and decoder.path != "prompt":
                        decoder.fill(owner, list(self.store.get(owner, [id]).values()), self.system)
                        self._forget_gone(decoder, owner, [id])
            return True

        self.idle.submit(("fill", owner, ids), fill, rank=_FILL)

    def _clean_when_idle(self, owner: str, ids: Sequence[str] | None) -> None:
        """The indexes keep deleted vectors, and a large one deleted words, until they are told to take them out."""

        def clean(stop: threading.Event) -> bool:
            self.store.clean()
            return True

        self.idle.submit("clean", clean, rank=_CLEAN, delay=_CLEAN_AFTER)

    def trouble(self) -> str:
        """What of the memory is broken, in one sentence; "" for nothing. It is mended when idle, or by who meets it."""
        found = self.store.trouble()
        if found:

            def mend(stop: threading.Event) -> bool:
                self.store.mend()
                return True

            self.idle.submit("mend", mend, rank=_MEND)
        return found

    def _give_back(self, stop: threading.Event) -> bool:
        process_memory.give_back()
        return True

    def _forget_gone(self, decoder: OpenDecoder, owner: str, ids: Sequence[str]) -> None:
        """What was deleted while its block was made leaves no block behind."""
        there = self.store.get(owner, ids)
        if gone := [id for id in ids if id not in there]:
            decoder.forget(owner, gone)

    def close(self) -> None:
        """End what is done while idle; close decoder and external memory."""
        if self.open_decoder is not None:
            self.idle.close()
            self.open_decoder.close()
        self.leave()

    def leave(self) -> None:
        """As :meth:`close`, but the decoder stays: it may serve another network."""
        self.idle.close()
        self.store.close()
