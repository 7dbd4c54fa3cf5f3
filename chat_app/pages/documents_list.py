"""What the documents page shows: the owner's documents, and the passages of one of them in reading order.

Plain values; the page's script makes text nodes of them. Does not know: gradio, uploads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knowledge.errors import NotFound
from knowledge.records import Document, Memory

if TYPE_CHECKING:
    from knowledge.memory.store import ExternalMemory

PASSAGES = 20  # passages on one page


def documents_value(store: ExternalMemory, owner: str) -> list[dict[str, Any]]:
    """The owner's documents that are wholly in memory, newest first."""
    return [_document(one) for one in store.documents(owner) if one.ready]


def passages_value(
    store: ExternalMemory, owner: str, id: str, offset: int = 0, position: int | None = None
) -> dict[str, Any]:
    """One document and a page of its passages: from ``offset``, or the page on which the passage ``position`` stands.

    Raises NotFound when the owner has no such document.
    """
    document = store.document(owner, id)
    if document is None or not document.ready:
        raise NotFound("This document is no longer there.")
    total = store.page(owner, container=id, limit=0)[1]
    last = max(0, (total - 1) // PASSAGES * PASSAGES)
    offset = min(max(offset if position is None else position, 0) // PASSAGES * PASSAGES, last)
    passages = _in_order(store, owner, id, offset, total)
    # Deleted passages move the later ones to the front, never to the back.
    while position is not None and offset > 0 and passages and passages[0].position > position:
        offset -= PASSAGES
        passages = _in_order(store, owner, id, offset, total)
    return {
        "document": _document(document),
        "passages": [
            {"text": one.text, "position": one.position, "page": one.page, "heading": one.heading} for one in passages
        ],
        "total": total,
        "offset": offset,
        "limit": PASSAGES,
        "position": position,
    }


def _in_order(store: ExternalMemory, owner: str, id: str, offset: int, total: int) -> list[Memory]:
    """Passages ``offset`` … in reading order; the store lists the last one first."""
    end = min(offset + PASSAGES, total)
    passages, _ = store.page(owner, container=id, limit=end - offset, offset=total - end, order="newest")
    return sorted(passages, key=lambda one: one.position)


def _document(one: Document) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "size": one.size,
        "created": one.created,
        "passages": one.passages,
        "pages": one.pages,
    }
