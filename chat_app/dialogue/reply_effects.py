"""What each memory did to a reply in history: measured when idle or when somebody asks, kept with the reads.

A reply is put together again as it was: its dialogue, its reads with their weights, the memories as they are now.
Does not know: how an effect is computed (the network), the page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Literal

from chat_app.dialogue.memory_follower import Network
from chat_app.history.history import History
from chat_app.history.records import Message, PastRead
from knowledge.errors import BadInput, NotFound, NotReady
from knowledge.records import Read, ReplyRequest

EffectState = Literal["none", "closed", "open", "waiting", "running", "failed", "measured"]


class ReplyEffects:
    """``network``: raises NotReady until the models are loaded. ``system``: the person's system prompt as it is now."""

    def __init__(
        self, history: History, network: Callable[[], Network], system: Callable[[], str] = lambda: ""
    ) -> None:
        self._history = history
        self._network = network
        self._system = system

    def measure(
        self, owner: str, conversation: str, message: str, stop: threading.Event | None = None
    ) -> dict[str, float] | None:
        """The effect in nats of every memory of the reply ``message`` that is still there; kept in history.

        None when stopped. Raises NotFound, BadInput where it cannot be measured, NotReady, ModelError, StoreError.
        """
        network = self._network()
        reply = self._history.message(owner, message)
        if reply.conversation != conversation or reply.role != "assistant" or reply.parent is None:
            raise NotFound("This reply is no longer there.")
        reads = self._history.reads(owner, message)
        if not _measurable(network, reads):
            raise BadInput("What its memories did cannot be measured for this reply.")
        request = self._request(network, owner, reply, reads)
        if not request.reads:
            raise BadInput("The memories that this reply read are gone.")
        effects = network.effects(request, reply.text, stop)
        if effects is None:
            return None
        # A memory too weak to reach the decoder did nothing.
        found = {read.memory.id: effects.get(read.memory.id, 0.0) for read in request.reads}
        self._history.kept_reads.set_effects(owner, message, found)
        return found

    def later(self, owner: str, reply: Message, *, asked: bool = False) -> None:
        """Measure in a quiet moment; ``asked``: as soon as no reply is being written. Nothing where it cannot be."""
        network = self._network()
        if not reply.text or not _measurable(network, self._history.reads(owner, reply.id)):
            return

        def work(stop: threading.Event) -> bool:
            try:
                return self.measure(owner, reply.conversation, reply.id, stop) is not None
            except (NotFound, BadInput):
                return True  # the reply or its memories were deleted meanwhile

        network.idle.submit(_key(owner, reply.id), work, asked=asked)

    def state(self, owner: str, message: str, reads: Sequence[PastRead]) -> EffectState:
        """How far the effects of a reply are: "none" to measure, "closed" where they cannot be, "open": when asked."""
        if not reads:
            return "none"
        if any(read.effect is not None for read in reads):
            return "measured"
        try:
            network = self._network()
        except NotReady:
            return "closed"
        if not _measurable(network, reads):
            return "closed"
        return network.idle.state(_key(owner, message)) or "open"

    def _request(self, network: Network, owner: str, reply: Message, reads: Sequence[PastRead]) -> ReplyRequest:
        dialogue = [message.turn for message in self._history.tail(owner, reply.parent or "")]
        dialogue = dialogue[-1:] if any(read.alone for read in reads) else dialogue
        there = network.store.get(owner, [read.id for read in reads])
        again = [
            Read(there[read.id], read.score, read.weight, read.cosine, read.bm25, read.window, read.hop, read.because)
            for read in reads
            if read.id in there
        ]
        return ReplyRequest(dialogue, again, key=reply.conversation, owner=owner, system=self._system())


def _measurable(network: Network, reads: Sequence[PastRead]) -> bool:
    """Only the way in which a reply came about tells what its memories did."""
    return bool(reads) and all(
        read.path == network.path and read.path != "endpoint" and not read.outside and not read.operation
        for read in reads
    )


def _key(owner: str, message: str) -> tuple[str, str, str]:
    return "effects", owner, message
