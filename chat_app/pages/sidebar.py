"""What happens in the sidebar: new, temporary, open, search, pin, rename, delete.

Does not know: what a conversation looks like (``ChatState.shown``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from chat_app.pages.chat_state import QUICK, REPLY, ChatState, Updates, id_of, page_of
from chat_app.pages.chat_view import SIDEBAR_PAGE
from chat_app.pages.handlers import field, flag, told
from chat_app.pages.words import language_of, say
from knowledge.errors import NotFound

LONGEST_TITLE = 120  # characters
LONGEST_SEARCH = 200


class SidebarEvents:
    """Handlers of the sidebar's list."""

    def __init__(self, chat: ChatState, tabs: gr.Tabs, follow: Callable[..., Iterator[Updates]]) -> None:
        self.chat = chat
        self.tabs = tabs
        self.follow = follow  # shows the reply that is under way in a conversation

    def connect(self) -> None:
        """Bind the handlers."""
        self.opens(self.chat.parts.sidebar.select)

    def opens(self, event: Callable[..., Any]) -> None:
        """Have an event of a component act as one of the sidebar's."""
        parts = self.chat.parts
        turned = event(self.act, [parts.conversation], [*self.chat.everything, self.tabs], **QUICK)
        turned.then(self.follow, [parts.conversation], self.chat.everything, **REPLY)

    @told
    def act(self, conversation: str, event: gr.EventData, request: gr.Request) -> Updates:
        """One handler for all of the list's buttons; ``event`` says which."""
        chat, application = self.chat, self.chat.application
        owner, page, conversation = application.owner_of(request), page_of(request), id_of(conversation)
        action, id = field(event, "action"), field(event, "id")
        to_chat: Updates = {self.tabs: gr.Tabs(selected="chat"), chat.parts.status: chat.start_status(request)}
        if action in ("new", "open", "temporary"):
            application.temporary.close(page)
        if action == "temporary":
            return {**chat.shown(owner, page, application.temporary.open(owner, page)), **to_chat}
        if action == "new":
            return {**chat.shown(owner, page, ""), **to_chat}
        if action == "open":
            try:
                return {**chat.shown(owner, page, id, go=field(event, "message")), **to_chat}
            except NotFound:
                return {**chat.shown(owner, page, ""), **to_chat}
        if action == "rename":
            application.conversations.rename(owner, id, field(event, "title", LONGEST_TITLE))
        elif action == "pin":
            application.history.pin(owner, id, flag(event, "on"))
        elif action == "delete":
            application.ongoing.drop(id)
            application.conversations.delete(owner, id)
            application.audit.note(owner, "conversation_deleted")
            if id == conversation:
                return chat.shown(owner, page, "")
        elif action not in ("search", "more"):
            raise NotFound(say("chat.gone", language_of(request)))
        return {chat.parts.sidebar: self._list(owner, conversation, event)}

    def _list(self, owner: str, conversation: str, event: gr.EventData) -> dict[str, Any]:
        shown = event._data.get("shown") if isinstance(event._data, dict) else 0
        more = shown if isinstance(shown, int) and 0 < shown < 100_000 else 0
        return self.chat.view.sidebar(
            owner, conversation, field(event, "text", LONGEST_SEARCH), limit=SIDEBAR_PAGE + more
        )
