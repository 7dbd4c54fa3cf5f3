"""``/v1/memories``: list, add, look up, search and delete the owner's memories.

Does not know: how memories are stored or weighed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from chat_app.dialogue.message_text import checked_text
from chat_app.http.errors import ApiError
from chat_app.http.values import Values
from knowledge.errors import NotFound
from knowledge.records import Kind

if TYPE_CHECKING:
    from chat_app.application import Application

CONFIRMATION = "delete everything"


class NewMemories(BaseModel):
    """``text`` or ``texts``."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    texts: Annotated[list[str], Field(min_length=1, max_length=1000)] | None = None


class Deletion(BaseModel):
    """``ids``, or ``confirm`` for all of them."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[str], Field(max_length=10_000)] | None = None
    confirm: str = ""


class Search(BaseModel):
    query: str
    limit: Annotated[int, Field(ge=1, le=50)] = 10


def memory_routes(router: APIRouter, application: Application) -> None:
    """Add the routes; they block, and so run in the server's threads."""
    values = Values(application.history)

    @router.get("/v1/memories")
    def page(
        request: Request,
        search: str = "",
        kind: Kind | None = None,
        container: str | None = None,
        since: float | None = None,
        until: float | None = None,
        pinned: bool | None = None,
        muted: bool | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        offset: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    ) -> dict[str, Any]:
        owner = application.owner_of(request)
        memories, total = application.network.store.page(
            owner,
            search=search,
            kind=kind,
            container=container,
            since=since,
            until=until,
            pinned=pinned,
            muted=muted,
            limit=limit,
            offset=offset,
        )
        return {
            "object": "list",
            "data": values.memories(owner, memories),
            "total": total,
            "has_more": offset + len(memories) < total,
        }

    @router.post("/v1/memories")
    def add(body: NewMemories, request: Request) -> dict[str, Any]:
        owner = application.owner_of(request)
        if (body.text is None) == (body.texts is None):
            raise ApiError(400, "Send either text or texts.", param="text", code="invalid_value")
        texts = [checked_text(text) for text in ([body.text] if body.text is not None else body.texts or [])]
        network = application.network
        added = values.memories(owner, [network.remember(owner, text) for text in texts])
        return added[0] if body.text is not None else {"object": "list", "data": added}

    @router.post("/v1/memories/search")
    def search(body: Search, request: Request) -> dict[str, Any]:
        owner = application.owner_of(request)
        result = application.network.read(owner, checked_text(body.query), limit=body.limit)
        return {
            "object": "list",
            "data": values.reads(owner, result.reads),
            "null_weight": result.null_weight,
            "shortlisted": result.shortlisted,
        }

    @router.get("/v1/memories/{id}")
    def one(id: str, request: Request) -> dict[str, Any]:
        owner = application.owner_of(request)
        found = application.network.store.get(owner, [id])
        if id not in found:
            raise NotFound("This memory is not there.")
        return values.memories(owner, [found[id]])[0]

    @router.delete("/v1/memories/{id}")
    def delete(id: str, request: Request) -> dict[str, Any]:
        owner = application.owner_of(request)
        if not application.network.store.delete(owner, [id]):
            raise NotFound("This memory is not there.")
        application.audit.note(owner, "memories_deleted")
        return {"id": id, "object": "memory.deleted", "deleted": True}

    @router.delete("/v1/memories")
    def delete_many(request: Request, body: Deletion | None = None) -> dict[str, Any]:
        owner = application.owner_of(request)
        store = application.network.store
        if body is not None and body.ids is not None and not body.confirm:
            deleted = store.delete(owner, body.ids)
            application.audit.note(owner, "memories_deleted", deleted)
        elif body is not None and body.ids is None and body.confirm == CONFIRMATION:
            deleted = store.delete_everything(owner)
            application.audit.note(owner, "everything_deleted", deleted)
        else:
            message = f'Send {{"ids": [...]}}, or {{"confirm": "{CONFIRMATION}"}} to delete all memories and documents.'
            raise ApiError(400, message, param="confirm", code="confirmation_required")
        return {"object": "list.deleted", "deleted": deleted}
