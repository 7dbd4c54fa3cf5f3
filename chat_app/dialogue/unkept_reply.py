"""A reply that nobody keeps: memory is read for it, and neither history nor memory takes anything of it.

Does not know: pages, HTTP.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from chat_app.dialogue.checked_reply import CheckedReply
from chat_app.dialogue.last_piece import streamed
from chat_app.dialogue.memory_follower import Network
from chat_app.dialogue.message_text import checked_text
from chat_app.dialogue.reply_stop import ReplyStop
from chat_app.dialogue.running_replies import RunningReplies
from knowledge.records import (
    MemoryRead,
    ReplyEvent,
    ReplyRequest,
    ReplySaved,
    Sampling,
    TextDelta,
    Turn,
    UserSaved,
)


class UnkeptReplies:
    """``network``, ``running``, ``reads``, ``clock``: as of the replies that are kept."""

    def __init__(
        self, network: Callable[[], Network], running: RunningReplies, reads: int, clock: Callable[[], float]
    ) -> None:
        self._network, self._running, self._reads, self._clock = network, running, reads, clock

    def send(
        self,
        owner: str,
        text: str,
        *,
        sampling: Sampling,
        system: str,
        plain: bool,
        context: Sequence[Turn],
        stop_at: Sequence[str],
        stop: ReplyStop,
    ) -> Iterator[ReplyEvent]:
        """Events as of a kept reply, of turns that are in no history: UserSaved, MemoryRead, TextDelta…, ReplySaved.

        ``context``: the dialogue so far, which only the caller knows. ``plain``: a program's own prompt is to be
        followed as it is. ``stop`` ends the reply. Raises BadInput, TooManyReplies, NotReady, ModelError, StoreError.
        """
        network = self._network()
        user = Turn(f"unkept-{uuid.uuid4().hex}", "user", checked_text(text), self._clock(), position=len(context))
        so_far: list[str] = []
        with self._running.place(), self._running.reserve(user.id), network.idle.held():
            yield UserSaved(user)
            dialogue = [*context, user]
            exclude = network.beside(owner, dialogue, system)
            read = network.read(owner, user.text, dialogue=context, exclude=exclude, limit=self._reads, boost={})
            yield MemoryRead(read)
            request = ReplyRequest(dialogue, read.reads, sampling, user.id, system, owner, read.heard)
            checked = CheckedReply(network, request, read, shown=False, plain=plain)
            done = yield from streamed(checked.events(stop), so_far, stop_at, stop)
            if so_far:
                yield TextDelta(so_far[-1])
            reply = replace(user, id=f"{user.id}-reply", role="assistant", text=done.text)
            yield ReplySaved(reply, done.finish_reason, done.usage)
