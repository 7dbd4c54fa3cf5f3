"""Lets memory follow history: carries out the marks that history's changes left (history/marks.py).

Knows the memory network only by the methods below. Does not know: replies, the page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from chat_app.history.marks import Mark, MemoryMarks
from knowledge.errors import NotReady
from knowledge.records import DecoderEvent, Memory, ReadResult, ReplyDone, ReplyRequest, Support, Turn

if TYPE_CHECKING:
    from knowledge.idle_work import IdleWork


_FEW = 32  # turns encoded and written at a time, of those that nobody waits for


class Store(Protocol):
    """What a dialogue needs of the external memory itself."""

    def record_reads(self, owner: str, ids: Sequence[str], when: float) -> None: ...
    def get(self, owner: str, ids: Sequence[str]) -> dict[str, Memory]: ...
    def delete(self, owner: str, ids: Sequence[str]) -> int: ...


class Network(Protocol):
    """What a dialogue needs of the memory network (``knowledge.memory_network.MemoryNetwork``)."""

    @property
    def store(self) -> Store: ...
    @property
    def idle(self) -> IdleWork: ...
    @property
    def path(self) -> str: ...
    def read(
        self,
        owner: str,
        text: str,
        *,
        dialogue: Sequence[Turn] = (),
        exclude: Iterable[str] = (),
        limit: int,
        boost: Mapping[str, float] | None = None,
    ) -> ReadResult: ...
    def forgets(self, text: str) -> bool: ...
    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]: ...
    def effects(
        self, request: ReplyRequest, text: str, stop: threading.Event | None = None
    ) -> dict[str, float] | None: ...
    def prepare(self, request: ReplyRequest) -> None: ...
    @property
    def checks(self) -> bool: ...
    def attempts(self, request: ReplyRequest, read: ReadResult) -> list[tuple[ReplyRequest, ReadResult]]: ...
    def support(self, request: ReplyRequest, done: ReplyDone, read: ReadResult) -> Support: ...
    def beside(self, owner: str, dialogue: Sequence[Turn], system: str = "") -> frozenset[str]: ...
    def write(self, owner: str, turns: Sequence[Turn], *, soon: bool = True) -> tuple[str, ...]: ...
    def set_active(self, owner: str, turn_ids: Iterable[str], active: bool) -> None: ...
    def forget_turns(self, owner: str, turn_ids: Iterable[str]) -> int: ...
    def memory_id(self, owner: str, turn_id: str) -> str: ...


class MemoryFollower:
    """Brings memory to the state that history wants. Raises StoreError; the marks then stay for the next time."""

    def __init__(self, marks: MemoryMarks, network: Callable[[], Network]) -> None:
        self._marks = marks
        self._network = network

    def settle(self, owner: str, conversation: str | None = None, *, taken_only: bool = False) -> tuple[str, ...]:
        """Carry out the marks of one conversation, or of all the owner's; returns the ids of the memories written.

        ``taken_only`` passes over turns that memory has yet to take in. Raises NotReady.
        """
        network = self._network()
        written: list[str] = []
        while batch := self._marks.pending(owner, conversation=conversation, taken_only=taken_only):
            written += self._carry_out(network, owner, batch)
        return tuple(written)

    def take_in(
        self, owner: str, conversation: str, done: Callable[[int], None], cancelled: Callable[[], bool]
    ) -> None:
        """Carry out the marks of a conversation that came in whole, few at a time, so that replies find their turn;
        ``done`` gets how many each time. What a cancel leaves has its marks still. Raises NotReady.
        """
        network = self._network()
        while not cancelled() and (batch := self._marks.pending(owner, conversation=conversation, limit=_FEW)):
            self._carry_out(network, owner, batch, soon=False)
            done(len(batch))

    def settle_when_ready(self, owner: str, conversation: str) -> None:
        """The same for one conversation; before the models are loaded it is left to ``recover``."""
        try:
            self._network()
        except NotReady:
            return
        self.settle(owner, conversation)

    def recover(self, progress: Callable[[float], None] | None, busy: Callable[[], Collection[str]]) -> int:
        """Carry out everybody's marks, but for the conversations that are ``busy``; ``progress`` gets 0…1.

        Returns how many turns there were. Raises NotReady.
        """
        network = self._network()
        owners = self._marks.owners()
        total = sum(self._marks.count(owner) for owner in owners)
        done = 0
        for owner in owners:
            while batch := self._marks.pending(owner, skip_conversations=busy(), limit=64):
                self._carry_out(network, owner, batch)
                done += len(batch)
                if progress is not None:
                    progress(min(1.0, done / max(1, total)))
        return done

    def _carry_out(self, network: Network, owner: str, marks: Sequence[Mark], *, soon: bool = True) -> tuple[str, ...]:
        """Every step may be repeated without harm, so a crash anywhere in here costs nothing."""
        kept = [mark for mark in marks if mark.state != "deleted"]
        forgotten = [mark.turn.id for mark in marks if mark.state == "deleted"]
        fresh = [mark.turn for mark in kept if not mark.taken]
        inactive = [mark.turn.id for mark in kept if mark.state == "inactive"]
        # A turn taken in before is not written again: its owner may have deleted or edited the memory since.
        active = [mark.turn.id for mark in kept if mark.state == "in" and mark.taken]
        if forgotten:
            network.forget_turns(owner, forgotten)
        written = network.write(owner, fresh, soon=soon) if fresh else ()
        if inactive:
            network.set_active(owner, inactive, False)
        if active:
            network.set_active(owner, active, True)
        self._marks.settled(marks)
        return written
