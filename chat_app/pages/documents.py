"""The documents page: files go in with progress, their passages can be read, and what is deleted is gone.

One component draws the page (scripts/documents.js) and sends what a person does as ('select', {action, …}). Files
travel over chat_app/http/files.py into the server's jobs, which go on when the page is closed. Does not know: how a
file becomes passages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from chat_app.pages.documents_list import documents_value, passages_value
from chat_app.pages.memory_list import Query, job_value, text_of
from chat_app.pages.scripted_page import DrawnPage
from knowledge.errors import BadInput, NotFound

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.pages.words import Language


class DocumentsPage(DrawnPage):
    """The page's component and what the shell plugs in.

    ``refresh`` is (function, inputs, outputs), to be called whenever the tab is opened. ``show_passage`` is a function
    of (request, document, position) and the components it fills: it turns the page to a passage.
    """

    def __init__(self, application: Application) -> None:
        super().__init__(application, "documents", "lists", "documents")

    @property
    def show_passage(self) -> tuple[Callable[..., dict[Any, Any]], list[Any]]:
        """A function (request, document, position) → updates, and the components that it updates.

        It only turns the page, which then asks for the passages; whose documents they are is checked there.
        """

        def show(request: gr.Request, document: str, position: int | None = None) -> dict[Any, Any]:
            return {self.listing: {"goto": {"document": document, "position": position, "time": time.time()}}}

        return show, [self.listing]

    def _show(self, owner: str, data: Mapping[str, Any], value: dict[str, Any], language: Language) -> None:
        value["open"] = None
        # Before the list: a job that is seen finished here has its document in the list below.
        value["jobs"] = [job_value(job, language) for job in self._application.uploads.jobs(owner, "document")]
        store = self._application.network.store
        value["documents"] = documents_value(store, owner)
        query = data.get("query") if isinstance(data.get("query"), dict) else {}
        if id := text_of(query or {}, "document"):
            position = (query or {}).get("position")
            try:
                value["open"] = passages_value(
                    store,
                    owner,
                    id,
                    Query.of(query).offset,
                    position if isinstance(position, int) and 0 <= position < 2**31 else None,
                )
            except NotFound:
                value.setdefault("notice", {"key": "documents.gone", "values": {}, "tone": "bad"})

    def _besides(self, owner: str, language: Language) -> dict[str, Any]:
        return {"mib": self._application.settings.upload_mib}

    def _do(self, owner: str, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a person asked for → what the page is told about it."""
        if action in ("", "load"):
            return {}
        if action == "cancel":
            self._application.uploads.cancel(owner, text_of(data, "id"))
            return {}
        if action == "clear":
            self._application.uploads.clear_finished(owner, "document")
            return {}
        if action == "replace":
            network = self._application.network
            older = network.intake.replace_older(owner, text_of(data, "id"))
            self._application.audit.note(owner, "document_deleted", older)
            newest = network.store.document(owner, text_of(data, "id"))
            name = newest.name if newest else ""
            return {"notice": {"key": "documents.did_replace", "values": {"name": name}, "tone": "good"}}
        if action == "delete":
            store = self._application.network.store
            document = store.document(owner, text_of(data, "id"))
            if document is None:
                raise NotFound("This document is no longer there.")
            store.delete_document(owner, document.id)
            self._application.audit.note(owner, "document_deleted")
            return {"notice": {"key": "documents.did_delete", "values": {"name": document.name}, "tone": "good"}}
        raise BadInput("The page asked for something unknown; reload it.")


def documents_page(application: Application) -> DocumentsPage:
    """Builds the page; call it inside the tab."""
    return DocumentsPage(application)
