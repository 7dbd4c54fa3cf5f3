"""The memory network: joins encoder (I), write (G), read (O) and decoder (R) around the external memory.

The one joining file of this package. Does not know: history, the page, or how its parts were made.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence

from knowledge.decoder import Decoder
from knowledge.encoder import Encoder
from knowledge.errors import BadInput, NotFound
from knowledge.focus import read_memory
from knowledge.ingestion import DocumentIntake
from knowledge.reader import Reader
from knowledge.records import DecoderEvent, Memory, ReadResult, ReplyRequest, Role, Turn
from knowledge.store import ExternalMemory
from knowledge.writer import Writer, memory_id


class MemoryNetwork:
    """Read → reply → write over one external memory, for any number of owners.

    Every method takes the owner first; nothing of one owner is ever visible to another. Safe to call from threads.
    """

    def __init__(
        self, encoder: Encoder, store: ExternalMemory, reader: Reader, writer: Writer, decoder: Decoder
    ) -> None:
        self.encoder = encoder
        self.store = store
        self.reader = reader
        self.writer = writer
        self.decoder = decoder
        self.intake = DocumentIntake(store, encoder)

    # ---- O: read ------------------------------------------------------------------------------------

    def read(
        self, owner: str, text: str, *, dialogue: Sequence[Turn] = (), exclude: Iterable[str] = (), limit: int
    ) -> ReadResult:
        """Attention read of the owner's memory with the new turn ``text`` as query.

        ``dialogue`` is the running dialogue before it, for a reader with an internal memory (the fixed mix has none);
        ``exclude`` are ids of memories that must not be read, such as turns the decoder sees anyway; ``limit`` bounds
        the number of reads. Weights of the reads and of the null slot sum to 1.
        """
        started = time.perf_counter()
        vector = self.encoder.encode([text])[0]  # (dimension,)
        said = [turn.text for turn in dialogue]
        result = read_memory(
            self.reader, self.store, self.encoder.encode, owner, text, vector, said, asked=time.time(),
            exclude=frozenset(exclude), limit=limit,
        )  # fmt: skip
        return ReadResult(
            query=result.query,
            reads=result.reads,
            null_weight=result.null_weight,
            shortlisted=result.shortlisted,
            seconds=time.perf_counter() - started,
        )

    # ---- R: reply -----------------------------------------------------------------------------------

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        """Stream the reply to the last turn of ``request.dialogue``, conditioned on its reads."""
        return self.decoder.reply(request, stop)

    def in_window(self, dialogue: Sequence[Turn], system: str = "") -> int:
        """Index of the first turn that the decoder still sees; older ones are only in memory."""
        return self.decoder.in_window(dialogue, system)

    # ---- G: write -----------------------------------------------------------------------------------

    def write(self, owner: str, turns: Sequence[Turn]) -> tuple[str, ...]:
        """Write turns to the external memory; writing the same turns again changes nothing.

        Returns the ids of all memories that stand for these turns, new or not.
        """
        memories = self.writer.memories(owner, turns)
        if memories:
            self.store.add(owner, memories, self.encoder.encode([memory.text for memory in memories]))
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
        when = time.time() if created is None else created
        note = Memory(
            id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"note\n{owner}\n{when!r}\n{text}")),
            text=text,
            kind="note",
            created=when,
            role="assistant" if role == "assistant" else "user",
            speaker=speaker,
        )
        self.store.add(owner, [note], self.encoder.encode([text]))
        return note

    def edit(self, owner: str, memory: str, text: str) -> Memory:
        """Replace a memory's text (and its vector). Raises NotFound, or BadInput when the text is empty."""
        text = text.strip()
        if not text:
            raise BadInput("A memory needs some text; delete it if it should go.")
        if memory not in self.store.get(owner, [memory]):
            raise NotFound("This memory is no longer there.")
        return self.store.edit(owner, memory, text, self.encoder.encode([text])[0])

    def close(self) -> None:
        """Close the external memory."""
        self.store.close()
