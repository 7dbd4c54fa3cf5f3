"""The line below each reply that quotes where it came from, as values for the page's script.

What is picked is up to ``chat_app.dialogue.reply_source``. Does not know: gradio, how the line looks.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from chat_app.dialogue.reply_source import Source, Told, source_of
from knowledge.errors import NotReady
from knowledge.records import Memory

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.history.records import Message, PastRead

_REMEMBERED = 2_000  # replies whose line is not picked a second time


@dataclass(frozen=True, slots=True)
class _Picked:
    """What was picked, and the hash of what it was picked from: no text of a memory is kept here but the quote."""

    told: int
    source: Source | None


class SourceLines:
    """Reads history and memory of one owner at a time. A line is picked again only when what it was picked from
    changed, so that a long dialogue costs two queries."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._reads: OrderedDict[str, tuple[PastRead, ...]] = OrderedDict()  # of replies whose effects are known
        self._picked: OrderedDict[str, _Picked] = OrderedDict()

    def of(self, owner: str, messages: Sequence[Message]) -> dict[str, dict[str, Any] | None]:
        """Reply → its line, None where there is none. ``messages`` are the owner's, a path from the first one on.

        Without an entry: memory is not open yet.
        """
        replies = [one for one in messages if one.role == "assistant" and one.null_weight is not None]
        reads = self._reads_of(owner, [one.id for one in replies])
        try:
            store = self._application.network.store
        except NotReady:
            return {}
        memories = store.get(owner, {read.id for found in reads.values() for read in found})
        lines: dict[str, dict[str, Any] | None] = {}
        said: list[str] = []
        for message in messages:
            if message.role == "user":
                said.append(message.text)
            elif message.id in reads:
                listed = reads[message.id][0].operation  # such a reply shows its memories itself
                source = None if listed else self._source(message, said, reads[message.id], memories)
                lines[message.id] = None
                if source is not None:
                    lines[message.id] = _line(source, memories[source.memory], message.conversation)
        _trim(self._reads)
        _trim(self._picked)
        return lines

    def _reads_of(self, owner: str, replies: Sequence[str]) -> dict[str, tuple[PastRead, ...]]:
        found = {id: self._reads[id] for id in replies if id in self._reads}
        for id, reads in self._application.history.kept_reads.of_many(
            owner, [id for id in replies if id not in found]
        ).items():
            found[id] = tuple(replace(read, words=()) for read in reads)
            if any(read.effect is not None for read in reads):
                self._reads[id] = found[id]  # nothing changes it any more
        return found

    def _source(
        self, reply: Message, said: Sequence[str], reads: Sequence[PastRead], memories: dict[str, Memory]
    ) -> Source | None:
        told = tuple(_told(read, memories[read.id]) for read in reads if read.id in memories)
        known = self._picked.get(reply.id)
        if known is None or known.told != hash(told):
            # A person's own wording needs no proof; and what a reply says of today is in no memory.
            beside = [*([reply.text] if reply.correction else ()), _date(reply.created), *reversed(said)]
            source = source_of(reply.text, said[-1] if said else "", told, beside)
            known = self._picked[reply.id] = _Picked(hash(told), source)
        return known.source


def _told(read: PastRead, memory: Memory) -> Told:
    around = [memory.title, memory.heading, memory.speaker, _date(memory.created)]
    if memory.page is not None:
        around.append(str(memory.page))
    return Told(read.id, memory.text, read.weight, read.attention, read.effect, "\n".join(around))


def _line(source: Source, memory: Memory, conversation: str) -> dict[str, Any]:
    return {
        **asdict(source),
        "kind": memory.kind,
        "role": memory.role,
        "speaker": memory.speaker,
        "created": memory.created,
        "title": memory.title,
        "page": memory.page,
        "here": memory.kind == "turn" and memory.container == conversation,
    }


def _date(seconds: float) -> str:
    return time.strftime("%A %a %d %B %b %Y %m %H:%M %I", time.localtime(seconds))


def _trim(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
