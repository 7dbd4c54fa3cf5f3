"""What the chat page shows of a conversation, as updates of its components; and the start of the page.

Ids from the browser are hints: history is read on the server, for the owner of the request. Does not know: how a reply
comes about.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from chat_app.dialogue.running_replies import MOST
from chat_app.pages.chat import ChatComponents
from chat_app.pages.chat_view import View, chat_value, feedback_value, message_marks
from chat_app.pages.handlers import told
from chat_app.pages.kept_lines import KeptLines
from chat_app.pages.memory_list import job_value
from chat_app.pages.models import encoder_value, speaker_value
from chat_app.pages.open_pages import OpenPages
from chat_app.pages.recalled_lines import RecalledLines
from chat_app.pages.source_lines import SourceLines
from chat_app.pages.words import LANGUAGES, Language, language_of, say
from knowledge.errors import NotFound

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.dialogue.conversation import Conversations
    from chat_app.history.records import Message

# Bound with these, an event runs beside others, so that the page answers while a reply streams.
QUICK: dict[str, Any] = {
    "concurrency_limit": None,
    "show_progress": "hidden",
    "trigger_mode": "multiple",
    "api_visibility": "private",
}
REPLY: dict[str, Any] = {**QUICK, "concurrency_limit": MOST, "concurrency_id": "reply"}
Updates = dict[Any, Any]


class ChatState:
    """Reads history and memory for the components."""

    def __init__(self, application: Application, parts: ChatComponents) -> None:
        self.application = application
        self.parts = parts
        self.view = View(application)
        self.sources = SourceLines(application)
        self.kept = KeptLines(application)
        self.recalled = RecalledLines(application)
        self.pages = OpenPages()

    @property
    def everything(self) -> list[Any]:
        """All components that a change of conversation fills."""
        parts = self.parts
        return [
            parts.conversation,
            parts.chat,
            parts.marks,
            parts.reads,
            parts.sidebar,
            parts.welcome,
            parts.box,
            parts.status,
            parts.mode,
        ]

    # ---- showing -------------------------------------------------------------------------------------

    def path(self, owner: str, conversation: str, leaf: str | None = None) -> list[Message]:
        """The open branch of a conversation, or down to ``leaf``. Raises NotFound unless it is the owner's."""
        return self.chats(conversation).history.path(owner, conversation, leaf) if conversation else []

    def chats(self, conversation: str) -> Conversations:
        """The dialogues to which a conversation belongs: kept, or temporary ones."""
        return self.application.conversations_of(conversation)

    def busy(self, conversation: str) -> bool:
        """Is a reply under way in it, or about to begin?"""
        application = self.application
        return application.conversations.busy(conversation) or application.ongoing.of(conversation) is not None

    def off_record(self, owner: str, conversation: str) -> bool:
        """Is what is said in it now off the record? Raises NotFound."""
        mode = self.mode(owner, conversation)
        return bool(mode["temporary"] or mode["paused"])

    def mode(self, owner: str, conversation: str) -> dict[str, Any]:
        """Is what is said off the record, and what waits to be sent? Raises NotFound."""
        temporary = self.application.temporary.has(conversation)
        history = self.chats(conversation).history
        paused = bool(conversation) and not temporary and history.conversation(owner, conversation).paused
        waiting = [{"id": one.id, "text": one.text} for one in self.application.ongoing.waiting(conversation)]
        return {"temporary": temporary, "paused": paused, "waiting": waiting}

    def shown(self, owner: str, page: str, conversation: str, *, chosen: str = "", go: str = "") -> Updates:
        """Everything the page shows of a conversation; an empty id is a new one. Raises NotFound."""
        parts = self.parts
        messages = self.path(owner, conversation)
        self.pages.show(page, conversation)
        busy = bool(conversation) and self.busy(conversation)
        return {
            parts.conversation: conversation,
            **self.settled(owner, conversation, messages, chosen=chosen, go=go, streaming=busy),
            parts.sidebar: self.view.sidebar(owner, conversation),
            parts.welcome: {"empty": not messages},
            parts.mode: self.mode(owner, conversation),
            parts.box: box(busy),  # load opens it with this
        }

    def asked(self, owner: str, page: str, conversation: str, question: dict[str, Any]) -> Updates:
        """The conversation as history has it, and a question to the person about it, asked once."""
        updates = self.shown(owner, page, conversation)
        updates[self.parts.marks] |= {"question": {**question, "at": time.time()}}
        return updates

    def settled(
        self,
        owner: str,
        conversation: str,
        messages: Sequence[Message],
        *,
        chosen: str = "",
        go: str = "",
        streaming: bool = False,
    ) -> Updates:
        """Messages, marks and panel as history has them; the panel is that of ``chosen``, or of the last reply."""
        parts = self.parts
        replies = [message for message in messages if message.role == "assistant"]
        reply = next((message for message in replies if message.id == chosen), replies[-1] if replies else None)
        return {
            parts.chat: gr.update(value=chat_value(messages), feedback_value=feedback_value(messages)),
            parts.marks: self.marks(owner, messages, reply.id if reply else "", streaming=streaming, go=go),
            parts.reads: self.view.past_reads(owner, conversation, reply),
        }

    def marks(
        self,
        owner: str,
        messages: Sequence[Message],
        chosen: str,
        *,
        streaming: bool = False,
        go: str = "",
        before: int = 0,
    ) -> dict[str, Any]:
        """What stands under the messages; ``go`` is the message to scroll to, ``before`` how many replies have to end
        before the one that is waited for begins.

        While a reply streams the lines of the others stay as they are: nothing is looked up for them.
        """
        counts = self.view.read_counts(owner, messages)
        sources = {} if streaming else self.sources.of(owner, messages)
        recalled = self.recalled.of(owner, messages)
        return message_marks(
            messages,
            counts,
            chosen,
            sources=sources,
            kept={} if streaming else self.kept.of(owner, messages),
            recalled=recalled,
            streaming=streaming,
            go=f"{go}@{time.time()}" if go else "",
            before=before,
        )

    def chosen(self, owner: str, conversation: str, messages: Sequence[Message], id: str, card: str = "") -> Updates:
        """The panel of the reply ``id``, turned to the memory ``card`` where one is meant.

        Nothing changes for another message, or while a reply is being written.
        """
        message = next((message for message in messages if message.id == id), None)
        if message is None or message.role != "assistant" or self.busy(conversation):
            return {self.parts.reads: gr.skip()}
        reads = self.view.past_reads(owner, conversation, message)
        if card:
            reads["card"] = {"id": card, "at": time.time()}
        return {self.parts.reads: reads, self.parts.marks: self.marks(owner, messages, id)}

    def message_at(
        self, owner: str, conversation: str, index: object, text: object, language: Language
    ) -> tuple[list[Message], Message]:
        """The open branch, and the message that the browser means by its place.

        Raises NotFound when history does not have it there with the same text: another window changed it.
        """
        messages = self.path(owner, conversation)
        if isinstance(index, (list, tuple)):
            index = index[0] if index else None
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(messages):
            raise NotFound(say("chat.changed", language))
        if isinstance(text, str) and text.strip() != messages[index].text.strip():
            raise NotFound(say("chat.changed", language))
        return messages, messages[index]

    # ---- the page comes up ---------------------------------------------------------------------------

    @told
    def load(self, conversation: str, request: gr.Request) -> Updates:
        """The conversation in the page's address, or a new one."""
        owner = self.application.owner_of(request)
        try:
            updates = self.shown(owner, page_of(request), id_of(conversation))
        except NotFound:
            updates = self.shown(owner, page_of(request), "")
        return {**updates, **self.above(request)}

    @told
    def look(self, request: gr.Request) -> Updates:
        """The chat is looked at again: who speaks, and whether that is about to change."""
        return self.above(request)

    def above(self, request: gr.Request) -> Updates:
        """What stands above the message box, followed for as long as it moves."""
        return {self.parts.status: self.start_status(request), self.parts.timer: gr.Timer(active=self._moving())}

    def _moving(self) -> bool:
        """Is the start, or another decoder or encoder, under way?"""
        application = self.application
        status, busy = application.status(), application.decoders.state().busy or application.encoders.state().busy
        return not (status.ready or status.error) or busy

    @told
    def tick(self, conversation: str, request: gr.Request) -> Updates:
        """How far the start, or another decoder, is; the timer ends when that is over, and the panel then gets its
        texts."""
        parts, status = self.parts, self.application.status()
        updates: Updates = {parts.status: self.start_status(request)}
        if self._moving():
            return updates
        updates[parts.timer] = gr.Timer(active=False)
        if status.ready:
            owner, conversation = self.application.owner_of(request), id_of(conversation)
            try:
                messages = self.path(owner, conversation)
            except NotFound:
                messages = []
            replies = [message for message in messages if message.role == "assistant"]
            reply = replies[-1] if replies else None
            updates[parts.reads] = self.view.past_reads(owner, conversation, reply)
            if not self.busy(conversation):
                updates[parts.marks] = self.marks(owner, messages, reply.id if reply else "")
        return updates

    def start_status(self, request: gr.Request) -> dict[str, Any]:
        """How far the start is, which decoder speaks, what was repaired, and the files of this page's last message."""
        status, decoders = self.application.status(), self.application.decoders
        start = {"ready": status.ready, "phase": status.phase, "fraction": status.fraction, "error": status.error}
        speakers = {language: speaker_value(decoders, language) for language in LANGUAGES}
        encoders = {language: encoder_value(self.application, language) for language in LANGUAGES}
        ids, jobs = self.pages.jobs(page_of(request)), list[dict[str, Any]]()
        owner = self.application.owner_of(request)
        notices = [{"key": one.key, "values": dict(one.values)} for one in self.application.notices.of(owner)]
        if ids:
            found = self.application.uploads.jobs(owner)
            jobs = [job_value(job, language_of(request)) for job in found if job.id in ids]
        return {"start": start, "jobs": jobs, "speakers": speakers, "encoders": encoders, "notices": notices}


def box(busy: bool) -> Any:
    """The message box, with a stop button while a reply is written; what is sent then waits for its turn."""
    return gr.update(submit_btn=True, stop_btn=busy, interactive=True)


def page_of(request: gr.Request) -> str:
    """The browser page that asks: one per tab and reload."""
    return request.session_hash or ""


def id_of(value: object) -> str:
    """An id as the browser gave it; anything else than a short text is a new conversation."""
    return value if isinstance(value, str) and len(value) <= 64 else ""
