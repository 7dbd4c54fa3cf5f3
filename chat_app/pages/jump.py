"""The jump box: conversations, documents and memories that have the words a person types.

Does not know: the box itself (scripts/jump.js), or how a conversation or a memory's place is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from chat_app.pages.chat import scripted
from chat_app.pages.chat_state import QUICK
from chat_app.pages.handlers import field, told
from chat_app.pages.sidebar import LONGEST_SEARCH, SidebarEvents
from knowledge.errors import NotReady

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.pages.documents import DocumentsPage
    from chat_app.pages.reads_panel import ReadsPanelEvents

MOST = 6  # of a kind
EXCERPT = 160  # characters of a memory


class JumpBox:
    """The component; to be made inside the page."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.box = scripted("jump", css_class="mn-jump-host", elem_id="jump")

    def connect(self, sidebar: SidebarEvents, panel: ReadsPanelEvents, documents: DocumentsPage) -> None:
        """Bind what is typed, and where it leads: what opens a conversation, a memory's place and a document."""
        self.box.select(self.find, None, self.box, **QUICK)
        sidebar.opens(self.box.conversation)
        panel.opens(self.box.memory)
        show, outputs = documents.show_passage

        def show_document(event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
            return {sidebar.tabs: gr.Tabs(selected="documents"), **show(request, field(event, "id"))}

        self.box.document(told(show_document), None, [sidebar.tabs, *outputs], **QUICK)

    @told
    def find(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """What has the words, a few of each kind; without words the newest."""
        application, owner = self._application, self._application.owner_of(request)
        text = field(event, "text", LONGEST_SEARCH).strip()
        history = application.history
        if text:
            found = history.search(owner, text, limit=MOST)
            conversations = [(one.conversation.id, one.conversation.title, one.excerpt, one.message) for one in found]
        else:
            conversations = [(one.id, one.title, "", "") for one in history.conversations(owner, limit=MOST)]
        items = [
            {"kind": "conversation", "id": id, "title": title, "text": excerpt, "message": message}
            for id, title, excerpt, message in conversations
        ]
        try:
            store = application.network.store
        except NotReady:
            return {"asked": text, "items": items}
        documents = [one for one in store.documents(owner) if text.lower() in one.name.lower()][:MOST]
        items += [{"kind": "document", "id": one.id, "title": one.name} for one in documents]
        memories = store.page(owner, search=text, limit=MOST)[0] if text else []
        items += [
            {"kind": "note" if one.kind == "note" else "memory", "id": one.id, "title": one.text[:EXCERPT]}
            for one in memories
        ]
        return {"asked": text, "items": items}
