"""What the memory page shows: one page of the owner's memories with their sources, as plain values for the browser.

Stored text goes out as data only; the page's script makes text nodes of it. Does not know: gradio.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from chat_app.pages.words import Language, error_text, say
from knowledge.errors import MnemeError
from knowledge.records import Kind, Memory, Standing

if TYPE_CHECKING:
    from chat_app.application import Application, Status
    from chat_app.jobs.imports import ImportReport
    from chat_app.jobs.upload_jobs import JobView
    from knowledge.memory.store import ExternalMemory

PAGE = 30  # memories on one page
SOURCES = 300  # conversations offered as a filter, latest first
LONGEST_SEARCH = 500  # characters
# The page's choices → what is listed; pinned and muted ones are listed whatever became of them.
_STANDING: dict[str, Standing] = {"": "current", "replaced": "replaced", "changes": "changes", "unkept": "unkept"}


@dataclass(frozen=True, slots=True)
class Query:
    """Which memories are to be shown. Times in seconds since the epoch; ``until`` is exclusive of what comes after."""

    search: str = ""
    kind: Kind | None = None
    container: str | None = None
    pinned: bool | None = None
    muted: bool | None = None
    standing: Standing | None = "current"
    since: float | None = None
    until: float | None = None
    offset: int = 0

    @classmethod
    def of(cls, data: object) -> Query:
        """From what the browser sent; anything of another form than expected counts as not given."""
        given: Mapping[str, Any] = data if isinstance(data, dict) else {}
        kind = given.get("kind")
        state = given.get("state")
        return cls(
            search=text_of(given, "search")[:LONGEST_SEARCH],
            kind=cast(Kind, kind) if kind in ("turn", "passage", "note") else None,
            container=text_of(given, "container") or None,
            pinned=True if state == "pinned" else None,
            muted=True if state == "muted" else None,
            standing=_STANDING.get(text_of(given, "state")),
            since=_number(given.get("since")),
            until=_number(given.get("until")),
            offset=int(_number(given.get("offset")) or 0),
        )


def text_of(data: Mapping[str, Any], name: str) -> str:
    """A text out of what the browser sent; "" when it is something else."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return min(max(float(value), 0.0), 1e12)


def status_value(status: Status) -> dict[str, Any]:
    """How far the start is, for the browser."""
    return {"ready": status.ready, "phase": status.phase, "fraction": status.fraction, "error": status.error}


def job_value(job: JobView, language: Language) -> dict[str, Any]:
    """A job, for the browser; why it failed in the page's language."""
    return {
        "id": job.id,
        "name": job.name,
        "phase": job.phase,
        "fraction": job.fraction,
        "state": job.state,
        "message": error_text(job.message, language) if job.state == "failed" else job.message,
        "finished": job.finished,
        "added": job.added,
        "skipped": job.skipped,
        "passages": job.document.passages if job.document else 0,
        "document": job.document.id if job.document else "",
        "report": _report(job.report, language) if job.report else None,
    }


def _report(report: ImportReport, language: Language) -> list[str]:
    """What became of imported conversations, in sentences."""
    told = [say("import.conversations", language, count=report.conversations, messages=report.messages)]
    if report.there:
        told.append(say("import.there", language, count=report.there))
    kinds = [say(f"import.{kind}", language, count=count) for kind, count in sorted(report.left_out.items())]
    if kinds:
        told.append(say("import.left_out", language, kinds=say("import.and", language).join(kinds)))
    return told


def page_of_memories(application: Application, owner: str, query: Query) -> dict[str, Any]:
    """One page of memories, how many match, how many there are, and the sources to filter by.

    Raises NotReady while the external memory is not open, StoreError when it cannot be read.
    """
    store = application.network.store

    def page(offset: int) -> tuple[list[Memory], int]:
        return store.page(
            owner,
            search=query.search,
            kind=query.kind,
            container=query.container,
            since=query.since,
            until=query.until,
            pinned=query.pinned,
            muted=query.muted,
            standing=query.standing,
            limit=PAGE,
            offset=offset,
        )

    offset = query.offset // PAGE * PAGE
    memories, total = page(offset)
    if not memories and total:  # the last page went away with its memories
        offset = (total - 1) // PAGE * PAGE
        memories, total = page(offset)
    documents = {document.id: document.name for document in store.documents(owner)}
    said_in = (memory.container for memory in memories if memory.kind == "turn")
    conversations, links = _conversations(application, owner, said_in), _links(store, owner, memories)
    return {
        "items": [_item(memory, conversations, documents) | links.get(memory.id, {}) for memory in memories],
        "total": total,
        "all": store.count(owner),
        "offset": offset,
        "limit": PAGE,
        "sources": [
            *(
                {"type": "conversation", "id": conversation.id, "title": conversation.title}
                for conversation in application.history.conversations(owner, limit=SOURCES)
            ),
            *({"type": "document", "id": id, "title": name} for id, name in documents.items()),
        ],
    }


def _conversations(application: Application, owner: str, ids: Iterable[str]) -> dict[str, str]:
    """Titles of those conversations that are still in history."""
    titles: dict[str, str] = {}
    for id in set(ids):
        try:
            titles[id] = application.history.conversation(owner, id).title
        except MnemeError:
            continue
    return titles


def _links(store: ExternalMemory, owner: str, memories: Sequence[Memory]) -> dict[str, dict[str, str]]:
    """Memory → the texts of what it says again or replaces, and of what replaced it."""
    targets = store.get(owner, {one.target for one in memories if one.target})
    found = {one.id: {"before": targets[one.target].text} for one in memories if one.target in targets}
    for newer in store.followers(owner, [one.id for one in memories]):
        if newer.gate == "supersede":
            found.setdefault(newer.target, {})["after"] = newer.text
    return found


def _item(memory: Memory, conversations: Mapping[str, str], documents: Mapping[str, str]) -> dict[str, Any]:
    source: dict[str, Any] | None = None
    if memory.kind == "passage":
        source = {
            "type": "document",
            "id": memory.container,
            "exists": memory.container in documents,
            "title": documents.get(memory.container) or memory.title,
        }
    elif memory.kind == "turn":
        source = {
            "type": "conversation",
            "id": memory.container,
            "exists": memory.container in conversations,
            "title": conversations.get(memory.container, ""),
        }
    return {
        "id": memory.id,
        "text": memory.text,
        "kind": memory.kind,
        "role": memory.role,
        "speaker": memory.speaker,
        "created": memory.created,
        "edited": memory.edited,
        "position": memory.position,
        "page": memory.page,
        "heading": memory.heading,
        "pinned": memory.pinned,
        "muted": memory.muted,
        "active": memory.active,
        "gate": memory.gate,
        "read_count": memory.read_count,
        "last_read": memory.last_read,
        "source": source,
    }
