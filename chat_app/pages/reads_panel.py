"""What happens on the reads panel: a card's buttons (go to the place, pin, mute, edit, delete) and measuring effects.

Does not know: how the cards look (scripts/reads_panel.js), or where their values come from (``View``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import gradio as gr

from chat_app.pages.chat_state import QUICK, ChatState, Updates, id_of, page_of
from chat_app.pages.handlers import field, flag, told
from chat_app.pages.words import language_of, say
from knowledge.errors import BadInput, NotFound
from knowledge.records import Memory

if TYPE_CHECKING:
    from chat_app.history.records import Message

LONGEST_MEMORY = 100_000  # characters


class ReadsPanelEvents:
    """Handlers of the cards.

    ``show_passage(request, document, position)`` is the documents page's own function that turns to a passage, with the
    components it fills.
    """

    def __init__(
        self,
        chat: ChatState,
        tabs: gr.Tabs,
        show_passage: tuple[Callable[..., Any], list[Any]] | None = None,
    ) -> None:
        self.chat = chat
        self.tabs = tabs
        self.show_passage = show_passage

    def connect(self, open_place: Callable[..., Any] | None = None) -> None:
        """Bind the handlers; ``open_place`` is the memory page's event of a click on a source."""
        parts = self.chat.parts
        parts.reads.select(self.act, [parts.conversation], self._outputs, **QUICK)
        if open_place is not None:
            self.opens(open_place)

    @property
    def _outputs(self) -> list[Any]:
        return [*self.chat.everything, self.tabs, *(self.show_passage[1] if self.show_passage else [])]

    def opens(self, event: Callable[..., Any]) -> None:
        """Have an event of a component lead to the place of the memory that it names."""
        event(self.open_place, None, self._outputs, **QUICK)

    @told
    def open_place(self, event: gr.EventData, request: gr.Request) -> Updates:
        """A click on a source on the memory page."""
        owner, id = self.chat.application.owner_of(request), field(event, "memory")
        memory = self.chat.application.network.store.get(owner, [id]).get(id)
        if memory is None:
            raise NotFound(say("reads.deleted_text", language_of(request)))
        return self._go(owner, memory, request)

    @told
    def act(self, conversation: str, event: gr.EventData, request: gr.Request) -> Updates:
        """One handler for all of a card's buttons; ``event`` says which card and which button."""
        language, application = language_of(request), self.chat.application
        owner, conversation = application.owner_of(request), id_of(conversation)
        action, id = field(event, "action"), field(event, "id")
        if action in ("measure", "look"):
            return self._effects(owner, conversation, event)
        network = application.network
        memory = network.store.get(owner, [id]).get(id)
        if memory is None and action != "delete":
            raise NotFound(say("reads.deleted_text", language))
        if action == "go" and memory is not None:
            return self._go(owner, memory, request)
        if action == "pin":
            network.store.mark(owner, [id], pinned=flag(event, "on"))
            self._keep(owner, conversation, event, "pin")
        elif action == "mute":
            network.store.mark(owner, [id], muted=flag(event, "on"))
            self._keep(owner, conversation, event, "mute")
        elif action == "edit":
            network.edit(owner, id, field(event, "text", LONGEST_MEMORY))
        elif action == "delete":
            self.chat.application.audit.note(owner, "memories_deleted", network.store.delete(owner, [id]))
        else:
            raise BadInput(say("frame.unexpected", language))
        # The panel of a reply that is still being written has no place in history yet; its card was changed in the
        # browser, and the whole panel comes again with the end of the reply.
        reply = field(event, "message")
        messages = self.chat.path(owner, conversation)
        message = next((message for message in messages if message.id == reply), None)
        if message is None:
            return {self.chat.parts.reads: gr.skip()}
        return self._panel(owner, conversation, messages, self.chat.view.past_reads(owner, conversation, message))

    def _keep(self, owner: str, conversation: str, event: gr.EventData, kind: Literal["pin", "mute"]) -> None:
        """A pin or mute under a reply is kept as feedback on what that reply read."""
        history = self.chat.application.history
        reply = next((one.id for one in self.chat.path(owner, conversation) if one.id == field(event, "message")), "")
        history.kept_feedback.marked(owner, [field(event, "id")], kind=kind, on=flag(event, "on"), message=reply)

    def _effects(self, owner: str, conversation: str, event: gr.EventData) -> Updates:
        """Have the effects of the shown reply measured, or look how far they are; ``was`` is what the browser knows."""
        effects, view = self.chat.application.conversations.reply_effects, self.chat.view
        reply = field(event, "message")
        messages = self.chat.path(owner, conversation)
        message = next((one for one in messages if one.id == reply), None)
        if message is not None and field(event, "action") == "measure":
            effects.later(owner, message, asked=True)
        value = view.past_reads(owner, conversation, message)
        if message is None or value["effects"] == field(event, "was"):
            return {self.chat.parts.reads: gr.skip()}
        return self._panel(owner, conversation, messages, value)

    def _panel(self, owner: str, conversation: str, messages: list[Message], value: dict[str, Any]) -> Updates:
        """The panel's new value, and the lines under the replies, which quote memories too.

        While a reply streams the lines stay: its own updates must have the last word on what is going on.
        """
        updates: Updates = {self.chat.parts.reads: value}
        if not self.chat.application.conversations.busy(conversation):
            updates[self.chat.parts.marks] = self.chat.marks(owner, messages, value["message"])
        return updates

    def _go(self, owner: str, memory: Memory, request: gr.Request) -> Updates:
        """To the message that said it, or to the passage on the documents page."""
        chat, application = self.chat, self.chat.application
        if memory.kind == "passage":
            updates: Updates = {self.tabs: gr.Tabs(selected="documents")}
            if self.show_passage:
                updates |= self.show_passage[0](request, memory.container, memory.position)
            return updates
        to_chat: Updates = {self.tabs: gr.Tabs(selected="chat")}
        page = page_of(request)
        for message in application.history.path(owner, memory.container):
            if application.network.memory_id(owner, message.id) == memory.id:
                return {**chat.shown(owner, page, memory.container, chosen=message.id, go=message.id), **to_chat}
        return {**chat.shown(owner, page, memory.container), **to_chat}
