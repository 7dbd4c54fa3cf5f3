"""Which dialogue a program's request belongs to, and the reply to it once it has begun.

With the field ``conversation`` a dialogue is kept on the server and only the last message of a request is new. Without
it, the earlier messages of the request are looked up: where history has the same texts the dialogue goes on there (as a
branch, if it had gone on otherwise); else a new conversation begins, and the earlier messages are shown to the decoder
but never kept. With ``follows`` it goes on after an earlier reply. With ``store: false`` nothing of the request is
kept. Does not know: how a reply comes about, or in which shape it is answered.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from chat_app.dialogue.reply_stop import ReplyStop
from chat_app.history.records import Conversation, path_hash
from chat_app.http.chat_request import ChatRequest
from chat_app.http.errors import ApiError
from chat_app.http.values import Values
from knowledge.errors import MnemeError, NotFound
from knowledge.records import MemoryRead, ReplyEvent, Turn, UserSaved

if TYPE_CHECKING:
    from chat_app.application import Application


@dataclass(slots=True)
class BegunReply:
    """A reply that has begun: its events after the read, and what is known by then."""

    events: Iterator[ReplyEvent]
    owner: str
    name: str  # of the conversation, as the client is told: its own name for it, else the id
    turn: str  # id of the user's message
    created: int  # seconds since the epoch
    model: str
    reads: list[dict[str, Any]]
    stop: Callable[[], object]  # end it

    def leave(self) -> None:
        """The client went away: end it."""
        with contextlib.suppress(MnemeError):  # it may be deleted by now
            self.stop()

    def close(self) -> None:
        """End whatever is under way."""
        close_events(self.events)


def begin(application: Application, values: Values, owner: str, body: ChatRequest, *, follows: str = "") -> BegunReply:
    """Find or make the dialogue, save the user's message and read memory. Blocks.

    follows: id of an earlier message of the user, after whose reply this one is said. Raises ApiError and what
    ``Conversations.send`` raises.
    """
    network = application.network  # raises NotReady before anything is saved
    stop = ReplyStop()  # of a reply that belongs to no conversation
    if follows:
        events = _after(application, owner, body, follows)
    elif body.store is False:
        events = _unkept(application, owner, body, stop)
    else:
        events = _dialogue(application, owner, body)
    try:
        turn: Turn | None = None
        for event in events:
            if isinstance(event, UserSaved):
                turn = event.turn
            elif isinstance(event, MemoryRead) and turn is not None:
                reads = values.reads(owner, event.result.reads)
                end = partial(application.conversations.stop, owner, turn.conversation)
                return BegunReply(
                    events,
                    owner,
                    body.conversation or turn.conversation,
                    turn.id,
                    int(time.time()),
                    network.decoder.name,
                    reads,
                    end if turn.conversation else stop.set,
                )
    except BaseException:
        close_events(events)
        raise
    raise ApiError(500, "The reply did not begin; try again.", code="internal_error")


def _unkept(application: Application, owner: str, body: ChatRequest, stop: ReplyStop) -> Iterator[ReplyEvent]:
    system, earlier, text = body.parts()
    conversations = application.conversations
    return conversations.unkept.send(
        owner,
        text,
        sampling=body.sampling(conversations.sampling),
        system=system or conversations.system,
        plain=bool(system or earlier),
        context=_foreign(earlier),
        stop_at=body.stop_sequences,
        stop=stop,
    )


def _after(application: Application, owner: str, body: ChatRequest, follows: str) -> Iterator[ReplyEvent]:
    history, conversations = application.history, application.conversations
    system, _, text = body.parts()
    before = history.message(owner, follows)
    path = history.path(owner, before.conversation)  # the newest reply, unless a person chose another one
    chosen = [message.id for message in path if message.parent == before.id]
    replies = chosen or history.replies(owner, before.id)
    if not replies:
        raise NotFound("The earlier message had no reply; send it again.")
    return conversations.send(
        owner,
        text,
        conversation=before.conversation,
        parent=replies[-1],
        sampling=body.sampling(conversations.sampling),
        system=system,
        stop_at=body.stop_sequences,
    )


def _dialogue(application: Application, owner: str, body: ChatRequest) -> Iterator[ReplyEvent]:
    history, conversations = application.history, application.conversations
    system, earlier, text = body.parts()
    sampling = body.sampling(conversations.sampling)
    stop_at = body.stop_sequences

    if body.conversation is not None:
        known = _known(application, owner, body.conversation)
        if known is None:
            return conversations.send(
                owner, text, name=body.conversation, sampling=sampling, system=system, stop_at=stop_at
            )
        if known.leaf is not None:
            last = history.message(owner, known.leaf)
            # The same message again, which had no reply: a client that tries again after an error.
            if last.role == "user" and last.text == text and not conversations.busy(known.id):
                return conversations.regenerate(
                    owner, known.id, last.id, sampling=sampling, system=system, stop_at=stop_at
                )
        return conversations.send(owner, text, conversation=known.id, sampling=sampling, system=system, stop_at=stop_at)

    if earlier:
        for found in history.find_path(owner, path_hash(earlier)):
            if not conversations.busy(found.conversation):
                # Where the dialogue began with messages of the client's own, history holds only what came after them.
                return conversations.send(
                    owner,
                    text,
                    conversation=found.conversation,
                    parent=found.id,
                    sampling=sampling,
                    system=system,
                    context=_foreign(earlier[: len(earlier) - (found.position + 1)]),
                    stop_at=stop_at,
                )
    return conversations.send(
        owner,
        text,
        sampling=sampling,
        system=system,
        context=_foreign(earlier),
        path_before=path_hash(earlier),
        stop_at=stop_at,
    )


def _known(application: Application, owner: str, name: str) -> Conversation | None:
    """The conversation that the client calls so, or whose id it was told."""
    known = application.history.named(owner, name)
    if known is not None:
        return known
    try:
        return application.history.conversation(owner, name)
    except NotFound:
        return None


def _foreign(messages: list[tuple[str, str]]) -> list[Turn]:
    """Messages that only the client knows, as turns for this reply."""
    now = time.time()
    return [
        Turn(f"context-{index}", "user" if role == "user" else "assistant", text, now)
        for index, (role, text) in enumerate(messages)
    ]


def close_events(events: Iterator[ReplyEvent]) -> None:
    """End a reply whose events nobody takes any more."""
    close = getattr(events, "close", None)
    if close is not None:
        close()
