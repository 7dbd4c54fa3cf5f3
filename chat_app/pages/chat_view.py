"""What the chat page shows, read from history and memory on the server: messages, marks, the reads panel, the sidebar.

Plain values, ready for the components. Does not know: gradio, or how a reply comes about.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from knowledge.errors import NotFound, NotReady
from knowledge.records import Memory, Read, ReadResult

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.history.records import Message, PastRead

SIDEBAR_PAGE = 60  # conversations shown at once; "more" adds as many
LEAD_TEXT = 200  # characters of a memory that only led to others: the panel shows its beginning


def chat_value(messages: Sequence[Message], reply: str | None = None) -> list[dict[str, Any]]:
    """The messages for Gradio's chat. ``reply`` is the text so far of a reply that is not in history yet."""
    shown = [_message(message.role, message.text) for message in messages]
    if reply is not None:
        shown.append(_message("assistant", reply))
    return shown


def sent_value(text: str) -> dict[str, Any]:
    """A message of the person's that history does not have yet."""
    return _message("user", text)


def _message(role: str, text: str) -> dict[str, Any]:
    # As a part and not as a bare string: Gradio would take the indent off its lines.
    return {"role": role, "content": [{"type": "text", "text": text}]}


def feedback_value(messages: Sequence[Message]) -> list[str | None]:
    """Per reply: "Like", "Dislike" or None."""
    return [
        {1: "Like", -1: "Dislike"}.get(message.feedback or 0) for message in messages if message.role == "assistant"
    ]


def message_marks(
    messages: Sequence[Message],
    counts: Mapping[str, int],
    chosen: str,
    *,
    sources: Mapping[str, dict[str, Any] | None] | None = None,
    kept: Mapping[str, dict[str, Any] | None] | None = None,
    recalled: Mapping[str, dict[str, Any]] | None = None,
    streaming: bool = False,
    go: str = "",
    before: int = 0,
) -> dict[str, Any]:
    """What stands under the messages: ``counts`` memories per reply; ``chosen`` is the reply the panel shows.

    ``sources``: the lines that quote memory, and ``kept`` those that say what memory made of a message; what has none
    here keeps the line it has on the page. ``recalled``: the sets of memories that replies list or offer to forget.
    ``before``: replies that have to end before the one to the last message begins.
    """
    return {
        "messages": [
            {
                "id": message.id,
                "role": message.role,
                "version": message.index + 1,
                "versions": message.count,
                "earlier": message.siblings[message.index - 1] if message.index else "",
                "later": message.siblings[message.index + 1] if message.index + 1 < message.count else "",
                "reads": counts.get(message.id) if message.role == "assistant" else None,
                "unanswered": not streaming and message is messages[-1] and message.role == "user",
                "files": [asdict(one) for one in message.files],
                "off_record": message.off_record,
                "ended": message.finish_reason if message.finish_reason != "stop" else "",
                **({"before": before} if before and message is messages[-1] else {}),
                **({"source": sources[message.id]} if sources and message.id in sources else {}),
                **({"kept": kept[message.id]} if kept and message.id in kept else {}),
                **({"recalled": recalled[message.id]} if recalled and message.id in recalled else {}),
            }
            for message in messages
        ],
        "chosen": chosen,
        "streaming": streaming,
        "go": go,
    }


class View:
    """Reads history and memory of one owner for the page."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._counts: OrderedDict[str, int] = OrderedDict()  # a reply's reads never change, so they are counted once

    # ---- reads panel ---------------------------------------------------------------------------------

    def read_counts(self, owner: str, messages: Sequence[Message]) -> dict[str, int]:
        """How many memories each reply read. ``messages`` are the owner's."""
        counts: dict[str, int] = {}
        for message in messages:
            if message.role == "assistant" and message.null_weight is not None:
                count = self._counts.get(message.id)
                if count is None:
                    count = self._counts[message.id] = len(self._application.history.reads(owner, message.id))
                counts[message.id] = count
        while len(self._counts) > 20_000:
            with contextlib.suppress(KeyError):
                self._counts.popitem(last=False)
        return counts

    def past_reads(self, owner: str, conversation: str, message: Message | None) -> dict[str, Any]:
        """The panel of a reply in history; deleted memories keep their numbers, not their text."""
        if message is not None and message.off_record:
            return {"state": "off", "conversation": conversation, "message": message.id, "reads": []}
        if message is None or message.role != "assistant":
            return {"state": "none", "conversation": conversation, "message": "", "reads": []}
        history, reply_effects = self._application.history, self._application.conversations.reply_effects
        found = history.reads(owner, message.id)
        effects = reply_effects.state(owner, message.id, found)
        if effects == "open":  # or measured since they were looked up, with nobody at it any more
            found = history.reads(owner, message.id)
            effects = reply_effects.state(owner, message.id, found)
        # Where the decoder looked says better than the read's weight what a memory did (faithfulness, in LOG.md).
        reads = sorted(found, key=lambda one: -(one.attention or 0.0))
        memories = self._memories(owner, [read.id for read in reads])
        return {
            "state": "read",
            "conversation": conversation,
            "message": message.id,
            "text": message.text,
            "path": reads[0].path if reads else self.path,
            "effects": effects,
            "null_weight": message.null_weight or 0.0,
            "shortlisted": 0,
            "reads": self._with_leads(owner, [self._past_card(owner, read, memories) for read in reads]),
        }

    @property
    def path(self) -> str:
        """How memories reach the decoder now; "" while it is not there yet."""
        try:
            return self._application.network.path
        except NotReady:
            return ""

    def _memories(self, owner: str, ids: Sequence[str]) -> dict[str, Memory] | None:
        """The memories that are still there, or None while memory is not open yet."""
        try:
            return self._application.network.store.get(owner, ids) if ids else {}
        except NotReady:
            return None

    def _past_card(self, owner: str, read: PastRead, memories: dict[str, Memory] | None) -> dict[str, Any]:
        numbers = {
            **self._numbers(read.id, read),
            "attention": read.attention,
            "effect": read.effect,
            "words": read.words,
            "boost": read.boost,
        }
        if memories is not None and read.id in memories:
            return {**numbers, **self._card(owner, memories[read.id], read.part)}
        return {
            **numbers,
            "deleted": memories is not None,
            "kind": read.kind,
            "role": read.role,
            "speaker": read.speaker,
            "created": read.created,
            "title": "",
            "text": "",
            "gone": True,
        }

    def live_reads(self, owner: str, conversation: str, result: ReadResult) -> dict[str, Any]:
        """The panel of a reply that is being written."""
        return {
            "state": "read",
            "conversation": conversation,
            "message": "",
            "path": self.path,
            "null_weight": result.null_weight,
            "shortlisted": result.shortlisted,
            "reads": self._with_leads(
                owner,
                [
                    {**self._numbers(read.memory.id, read), **self._card(owner, read.memory, read.part)}
                    for read in result.reads
                ],
            ),
        }

    @staticmethod
    def _numbers(id: str, read: Read | PastRead) -> dict[str, Any]:
        return {"id": id, "score": read.score, "weight": read.weight, "hop": read.hop, "because": read.because}

    def _with_leads(self, owner: str, cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Gives a card the beginning of the memory that led to it, where that one has no card of its own."""
        shown = {card["id"] for card in cards}
        leads = self._memories(owner, [card["because"] for card in cards if card["because"] not in {"", *shown}]) or {}
        for card in cards:
            if card["because"] in leads:
                card["because_text"] = leads[card["because"]].text[:LEAD_TEXT]
        return cards

    def _card(self, owner: str, memory: Memory, part: int = 0) -> dict[str, Any]:
        """``part``: which of the memory's parts matched, from 1; an edited one may have fewer now."""
        title, gone = memory.title, False
        if memory.kind == "turn":
            try:
                title = self._application.history.conversation(owner, memory.container).title
            except NotFound:
                gone = True
        return {
            "text": memory.text,
            "matched": self._application.network.part(memory, part),
            "kind": memory.kind,
            "role": memory.role,
            "speaker": memory.speaker,
            "created": memory.created,
            "container": memory.container,
            "position": memory.position,
            "title": title,
            "gone": gone,
            "page": memory.page,
            "heading": memory.heading,
            "pinned": memory.pinned,
            "muted": memory.muted,
            "edited": memory.edited is not None,
        }

    # ---- sidebar -------------------------------------------------------------------------------------

    def sidebar(
        self, owner: str, open_id: str, search: str = "", limit: int = SIDEBAR_PAGE, *, became: bool = False
    ) -> dict[str, Any]:
        """The conversations, newest first; with ``search`` those whose title or messages have the words.

        ``became``: where a new chat was open, it is this conversation now.
        """
        history, temporary = self._application.history, self._application.temporary.has(open_id)
        if search.strip():
            found = history.search(owner, search.strip(), limit=limit + 1)
            items = [
                {
                    "id": hit.conversation.id,
                    "title": hit.conversation.title,
                    "updated": hit.conversation.updated,
                    "pinned": hit.conversation.pinned,
                    "message": hit.message,
                    "excerpt": hit.excerpt,
                }
                for hit in found
            ]
        else:
            items = [
                {
                    "id": conversation.id,
                    "title": conversation.title,
                    "updated": conversation.updated,
                    "pinned": conversation.pinned,
                }
                for conversation in history.conversations(owner, limit=limit + 1)
            ]
        return {
            "open": "" if temporary else open_id,
            "temporary": temporary,
            "became": became,
            "items": items[:limit],
            "more": len(items) > limit,
            "search": search.strip(),
        }
