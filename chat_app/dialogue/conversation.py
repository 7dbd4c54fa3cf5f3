"""One dialogue: read → reply → write; edit, regenerate. Yields the events of a reply.

History comes before memory: what memory has to follow is committed with a mark first, and the mark is cleared when
memory has it; ``recover`` carries out the marks that a crash left. Does not know: pages, HTTP, how memory and decoder
work.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import EllipsisType
from typing import Any

from chat_app.dialogue.changes import DialogueChanges
from chat_app.dialogue.checked_reply import CheckedReply
from chat_app.dialogue.forgetting import Forgetting
from chat_app.dialogue.last_piece import streamed
from chat_app.dialogue.logged import logged
from chat_app.dialogue.memory_follower import MemoryFollower, Network
from chat_app.dialogue.memory_off import memory_off
from chat_app.dialogue.message_text import checked_text
from chat_app.dialogue.reply_effects import ReplyEffects
from chat_app.dialogue.reply_stop import ReplyStop
from chat_app.dialogue.reply_totals import ReplyTotals
from chat_app.dialogue.running_replies import RunningReplies
from chat_app.dialogue.unkept_reply import UnkeptReplies
from chat_app.history.history import History
from chat_app.history.records import Conditioned, Message, SentFile
from knowledge.errors import BadInput, MnemeError, ModelError
from knowledge.records import (
    MemoryRead,
    MemoryWritten,
    ReadResult,
    ReplyEvent,
    ReplyRequest,
    ReplySaved,
    Sampling,
    TextDelta,
    Turn,
    UserSaved,
)

logger = logging.getLogger(__name__)

_AGAIN_TEMPERATURE = 0.7  # regenerating greedily would give the same reply


class Conversations(DialogueChanges):
    """All dialogues of all owners. Each conversation has one reply under way at most; different ones may overlap.

    network: called for every reply; raises NotReady until the models are loaded. reads: most memories read for a reply.
    sampling: what is used where a call brings none. running: what these dialogues share with others. off_record:
    nothing said here becomes a memory, and none is read, as where a conversation is paused.
    """

    def __init__(
        self,
        history: History,
        network: Callable[[], Network],
        *,
        reads: int,
        sampling: Sampling,
        clock: Callable[[], float] = time.time,
        running: RunningReplies | None = None,
        off_record: bool = False,
    ) -> None:
        super().__init__(history, running or RunningReplies(), MemoryFollower(history.marks, network))
        self.sampling = sampling
        self.system = ""  # the person's system prompt for replies whose caller brings none; "" for the decoder's own
        self._network = network
        self.reply_effects = ReplyEffects(history, network, lambda: self.system)
        self.forgetting = Forgetting(history, network)
        self.totals = ReplyTotals()
        self._reads = reads
        self._clock = clock
        self._off_record = off_record
        self.unkept = UnkeptReplies(network, self.running, reads, clock)

    # ---- replies -------------------------------------------------------------------------------------

    def send(
        self,
        owner: str,
        text: str,
        *,
        conversation: str | None = None,
        parent: str | EllipsisType | None = ...,
        sampling: Sampling | None = None,
        system: str = "",
        context: Sequence[Turn] = (),
        name: str = "",
        path_before: str = "",
        stop_at: Sequence[str] = (),
        asks: bool = False,
        files: Sequence[SentFile] = (),
    ) -> Iterator[ReplyEvent]:
        """Say ``text``, stream the reply: UserSaved, MemoryRead, ReplyWaiting…, TextDelta…, ReplySaved, MemoryWritten.

        Without a ``conversation`` a new one is begun (called ``name`` by an HTTP client). ``parent`` is the message
        that the new one follows, by default the end of the active branch. ``context`` are turns that the decoder sees
        before the dialogue and nobody keeps; ``path_before`` is their hash. ``stop_at`` are sequences that end the
        reply. ``files`` came with the message. ``asks``: who calls shows what is to be forgotten and asks for it, so
        that the reply need not list it.

        The last piece of text comes after the reply is committed. ``stop`` or closing the iterator keeps what is there
        of the reply (reason "stopped"); a reply of which there is nothing is not kept, and ReplySaved does not come.
        Raises BadInput, NotFound, StillReplying, TooManyReplies, NotReady, and ModelError or StoreError in the middle:
        the user's message then stays in history and ``regenerate`` answers it.
        """
        text = checked_text(text)

        def events() -> Iterator[ReplyEvent]:
            network = self._network()
            with contextlib.ExitStack() as held:
                held.enter_context(self.running.place())  # before a conversation is made for it
                id = conversation or self.history.create(owner, name=name).id
                stop = held.enter_context(self._alone(owner, id))
                held.enter_context(network.idle.held())
                user = self.history.add(
                    owner,
                    id,
                    "user",
                    text,
                    parent=parent,
                    path_before=path_before,
                    to_memory=not network.forgets(text),
                    off_record=self._off_record,
                    files=files,
                )
                chosen = sampling or self.sampling
                yield from self._reply(network, owner, user, stop, chosen, system, context, stop_at, asks=asks)

        return events()

    def check(self) -> None:
        """Raises NotReady or TooManyReplies where no reply may begin now."""
        self.running.check()

    def edit(
        self,
        owner: str,
        conversation: str,
        message: str,
        text: str,
        *,
        sampling: Sampling | None = None,
        system: str = "",
        context: Sequence[Turn] = (),
        asks: bool = False,
    ) -> Iterator[ReplyEvent]:
        """Say something else in the place of an earlier message of the user: a new branch; the old one turns inactive.

        Events and errors as in ``send``.
        """
        old = self._message_of(owner, conversation, message)
        if old.role != "user":
            raise BadInput("Only your own messages can be edited; regenerate the reply instead.")
        return self.send(
            owner,
            text,
            conversation=conversation,
            parent=old.parent,
            sampling=sampling,
            system=system,
            context=context,
            asks=asks,
            files=old.files,
        )

    def regenerate(
        self,
        owner: str,
        conversation: str,
        message: str | None = None,
        *,
        sampling: Sampling | None = None,
        system: str = "",
        context: Sequence[Turn] = (),
        stop_at: Sequence[str] = (),
        boost: Mapping[str, float] | None = None,
        asks: bool = False,
    ) -> Iterator[ReplyEvent]:
        """Another reply beside ``message`` (or to it, when it is the user's); by default the last one.

        Where there is a reply already, it is sampled at a temperature of at least 0.7 with a fresh seed unless the call
        brings a ``sampling``. ``boost`` multiplies the read weights of these memories, for this reply. The old reply
        stays active until the new one is in history. Events and errors as in ``send``.
        """

        def events() -> Iterator[ReplyEvent]:
            network = self._network()
            with self.running.place(), self._alone(owner, conversation) as stop, network.idle.held():
                last = message or self.history.conversation(owner, conversation).leaf
                if last is None:
                    raise BadInput("There is no message to reply to.")
                user = self._message_of(owner, conversation, last)
                if user.role != "user" and user.parent is not None:
                    user = self.history.message(owner, user.parent)
                chosen = sampling or self.sampling
                if sampling is None and self.history.replies(owner, user.id):
                    warm = max(chosen.temperature, _AGAIN_TEMPERATURE)
                    chosen = replace(chosen, temperature=warm, seed=secrets.randbelow(2**31))
                # The branch that the new reply replaces is still active in memory, and must not answer for it.
                kept = {turn.id for turn in self.history.path(owner, conversation, user.id)}
                replaced = [turn.id for turn in self.history.path(owner, conversation) if turn.id not in kept]
                yield from self._reply(
                    network, owner, user, stop, chosen, system, context, stop_at, replaced, boost, asks=asks
                )

        return events()

    def _reply(
        self,
        network: Network,
        owner: str,
        user: Message,
        stop: ReplyStop,
        sampling: Sampling,
        system: str,
        context: Sequence[Turn],
        stop_at: Sequence[str],
        replaced: Sequence[str] = (),
        boost: Mapping[str, float] | None = None,
        *,
        asks: bool = False,
    ) -> Iterator[ReplyEvent]:
        """The reply to ``user``. ``replaced``: turns of the branch that this reply takes the place of."""
        conversation = user.conversation
        off_record = user.off_record or self.history.conversation(owner, conversation).paused
        network = memory_off(network) if off_record else network
        how = Conditioned(network.path, boost=boost or {}, outside=bool(system or context))
        system = system or self.system
        read: ReadResult | None = None
        so_far: list[str] = []
        saved = False
        try:
            yield UserSaved(user.turn)
            self.follower.settle(owner, taken_only=True)  # what left the branch, or was deleted, is not read any more
            dialogue = [*context, *(message.turn for message in self.history.tail(owner, user.id))]
            exclude = network.beside(owner, dialogue, system) | {network.memory_id(owner, id) for id in replaced}
            read = network.read(
                owner, user.text, dialogue=dialogue[:-1], exclude=exclude, limit=self._reads, boost=boost
            )
            yield MemoryRead(read)
            request = ReplyRequest(dialogue, read.reads, sampling, conversation, system, owner, read.heard)
            checked = CheckedReply(network, request, read, shown=asks, plain=how.outside)
            done = yield from streamed(checked.events(stop), so_far, stop_at, stop)
            read, how = checked.read, replace(how, alone=checked.alone)
            self.totals.add(done.usage)
            if done.text or done.finish_reason != "stopped":
                if done.trace is not None:
                    how = replace(how, path=done.trace.path, trace=done.trace)
                reply = self._save(owner, user, done.text, done.finish_reason, read=read, how=how, off=off_record)
                saved = True
                with logged("the effects of this reply will not be measured"):
                    self.reply_effects.later(owner, reply)
                if so_far:
                    yield TextDelta(so_far[-1])
                if not how.outside:
                    network.prepare(replace(request, dialogue=[*dialogue, reply.turn], reads=()))
                yield ReplySaved(reply.turn, done.finish_reason, done.usage)
        except GeneratorExit:  # the page or the client went away
            stop.set()
            if so_far and not saved:
                with logged("a stopped reply could not be kept"):
                    self._save(owner, user, "".join(so_far), "stopped", read=read, how=how, off=off_record)
            self._settle_after(network, owner, conversation, read)
            raise
        except MnemeError:
            self._settle_after(network, owner, conversation, read)
            raise
        except Exception as exc:
            self._settle_after(network, owner, conversation, read)
            logger.exception("a reply failed")
            raise ModelError("The reply failed; regenerate it, or look into the terminal for the cause.") from exc
        self._record(network, owner, read)
        yield MemoryWritten(self.follower.settle(owner, conversation))

    def _save(
        self, owner: str, user: Message, text: str, reason: Any, *, read: ReadResult | None, how: Conditioned, off: bool
    ) -> Message:
        """Commit the reply, ``off`` the record or not, and then without a read.

        What tells or lists memories is none itself: memory would repeat what it has.
        """
        told = read is not None and bool(read.operation)
        return self.history.add(
            owner,
            user.conversation,
            "assistant",
            text,
            parent=user.id,
            finish_reason=reason,
            read=None if off else read,
            how=how,
            to_memory=not told,
            off_record=off,
        )

    def _record(self, network: Network, owner: str, read: ReadResult | None) -> None:
        if read is not None and read.reads:
            with logged("reads could not be counted"):
                network.store.record_reads(owner, [one.memory.id for one in read.reads], self._clock())

    def _settle_after(self, network: Network, owner: str, conversation: str, read: ReadResult | None) -> None:
        """The end of a reply that did not go well: memory is brought up to date as far as it can be."""
        self._record(network, owner, read)
        with logged("memory could not follow; it will at the next start"):
            self.follower.settle(owner, conversation)

    def recover(self, progress: Callable[[float], None] | None = None) -> int:
        """Bring memory up to date with what a crash left undone; to be called once the models are loaded.

        ``progress`` gets 0…1. Returns how many turns there were. Raises NotReady, StoreError."""
        return self.follower.recover(progress, self.running.conversations)
