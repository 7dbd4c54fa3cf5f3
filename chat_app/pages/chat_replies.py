"""Replies on the chat page: send, regenerate, edit, stop; files of a message become memories first.

Does not know: how a reply comes about (``Conversations``), or how things look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from chat_app.dialogue.message_text import checked_text
from chat_app.history.records import SentFile
from chat_app.pages.branches import ROLES, Branch, branch_of
from chat_app.pages.chat_state import ChatState, Updates, box, id_of, page_of
from chat_app.pages.chat_view import chat_value, sent_value
from chat_app.pages.guards import uploaded_file
from chat_app.pages.handlers import field, names, show, told
from chat_app.pages.words import Language, language_of, say
from knowledge.errors import BadInput, NotFound, NotReady
from knowledge.records import MemoryRead, ReplyEvent, ReplySaved, ReplyWaiting, TextDelta, UserSaved

if TYPE_CHECKING:
    from chat_app.dialogue.ongoing_replies import Ongoing
    from chat_app.history.records import Message

STEP = 0.05  # seconds between two updates of a streaming reply: every token would keep the browser busy
BOOST = 4.0  # factor on the read weight of a memory that a person boosts
FILE_STEP = 0.15  # seconds between two updates of a file's progress


class ReplyEvents:
    """Handlers that end with a reply."""

    def __init__(self, state: ChatState) -> None:
        self.state = state
        self.application = state.application
        self.parts = state.parts

    # ---- handlers ------------------------------------------------------------------------------------

    @told
    def send(self, conversation: str, payload: dict[str, Any] | None, request: gr.Request) -> Iterator[Updates]:
        """Files first (they become memories), then the message."""
        language, parts = language_of(request), self.parts
        owner, page, conversation = self.application.owner_of(request), page_of(request), id_of(conversation)
        text = str((payload or {}).get("text") or "").strip()
        files = [_upload(path, language) for path in (payload or {}).get("files") or []]
        if not text and not files:
            raise BadInput(say("chat.empty", language))
        messages = self.state.path(owner, conversation)
        if files and self.state.off_record(owner, conversation):
            raise BadInput(say("mode.no_files", language))
        if files and not self.application.status().ready:
            raise NotReady(say("status.wait", language))
        text = checked_text(text) if text else ""
        self.application.conversations.check()  # what was written stays in the box
        chats = self.state.chats(conversation)
        if text and not conversation:  # with its id what is sent or stopped next belongs to it
            conversation = chats.history.create(owner).id
            self.state.pages.show(page, conversation)
        waits = self.state.busy(conversation)
        yield {parts.box: gr.MultimodalTextbox(value=None, submit_btn=True, stop_btn=True)} | (
            {} if waits else self._sent(owner, conversation, messages, text)
        )
        self.state.pages.set_jobs(page, [])
        if files:
            try:
                for _ in self._take_in(owner, page, files):
                    yield {parts.status: self.state.start_status(request)}
            except Exception as error:
                show(error, language)
                text = ""
        if not text:
            if self.state.pages.shows(page, conversation):
                yield self.state.shown(owner, page, conversation)
            return
        sent = self._documents(owner, page) if files else []
        self.application.ongoing.ask(
            conversation, lambda: chats.send(owner, text, conversation=conversation, asks=True, files=sent), text
        )
        yield from self._play(owner, page, conversation, messages, language)

    def _sent(self, owner: str, conversation: str, messages: list[Message], text: str) -> Updates:
        """The message as soon as it is sent, before history has it."""
        shown = [*chat_value(messages), *([sent_value(text)] if text else [])]
        return {
            self.parts.conversation: conversation,
            self.parts.sidebar: self.state.view.sidebar(owner, conversation, became=True),
            self.parts.chat: shown,
            self.parts.welcome: {"empty": not shown},
            self.parts.marks: self.state.marks(owner, messages, "", streaming=True),
        }

    @told
    def regenerate(self, conversation: str, request: gr.Request) -> Iterator[Updates]:
        """Another version of the last reply, or the reply that a message still lacks."""
        language, owner = language_of(request), self.application.owner_of(request)
        conversation = id_of(conversation)
        messages = self.state.path(owner, conversation)
        if not messages:
            raise NotFound(say("chat.gone", language))
        before = messages[:-1] if messages[-1].role == "assistant" else messages
        yield from self._begin(
            owner,
            page_of(request),
            conversation,
            before,
            language,
            lambda: self.state.chats(conversation).regenerate(owner, conversation, asks=True),
        )

    @told
    def regenerate_changed(self, conversation: str, event: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        """The reply that the panel shows once more, after a memory was muted, pinned, boosted, edited or deleted.

        Sampled as any reply: what changes is then the memory's doing and no roll of the dice.
        """
        wanted = Branch("again", field(event, "message"), boost=tuple(names(event, "boost")))
        yield from self._branch(id_of(conversation), wanted, None, request)

    @told
    def edit(self, conversation: str, event: gr.EditData, request: gr.Request) -> Iterator[Updates]:
        """An earlier message said differently: a new branch from there. A reply said differently: a wording of it."""
        language, owner = language_of(request), self.application.owner_of(request)
        conversation = id_of(conversation)
        text = event.value if isinstance(event.value, str) else ""
        _, message = self.state.message_at(owner, conversation, event.index, event.previous_value, language)
        if not text.strip():
            raise BadInput(say("chat.empty", language))
        if message.role == "assistant":
            self.state.chats(conversation).revise(owner, conversation, message.id, text)
        if message.role == "assistant" or text.strip() == message.text.strip():
            yield self.state.shown(owner, page_of(request), conversation)
            return
        yield from self._branch(conversation, Branch("edit", message.id, text=text), None, request)

    @told
    def branch(self, conversation: str, event: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        """A branch that a person was asked about and wants; asked again where more would leave memory by now."""
        sent = branch_of(event)
        if sent is None:
            raise BadInput(say("frame.unexpected", language_of(request)))
        yield from self._branch(id_of(conversation), *sent, request)

    def _branch(self, conversation: str, wanted: Branch, told_of: int | None, request: gr.Request) -> Iterator[Updates]:
        """Start another branch, or switch to it; where later messages leave memory the page asks first.

        ``told_of`` is how many of them the person was told of.
        """
        language, owner, page = language_of(request), self.application.owner_of(request), page_of(request)
        conversations = self.state.chats(conversation)
        messages = self.state.path(owner, conversation)
        place = next((at for at, message in enumerate(messages) if message.id == wanted.message), None)
        if place is None or messages[place].role != ROLES.get(wanted.kind, messages[place].role):
            raise NotFound(say("chat.no_message", language))
        if wanted.kind == "switch" and wanted.version not in messages[place].siblings:
            raise NotFound(say("chat.no_message", language))
        leaving = conversations.history.leaving(owner, wanted.message, wanted.version or None)
        if leaving and leaving != told_of:
            yield self.state.asked(owner, page, conversation, wanted.question(leaving))
        elif wanted.kind == "switch":
            conversations.switch_branch(owner, conversation, wanted.version)
            yield self.state.shown(owner, page, conversation)
        elif wanted.kind == "edit":
            yield from self._begin(
                owner,
                page,
                conversation,
                messages[:place],
                language,
                lambda: conversations.edit(owner, conversation, wanted.message, wanted.text, asks=True),
            )
        else:
            yield from self._begin(
                owner,
                page,
                conversation,
                messages[:place],
                language,
                lambda: conversations.regenerate(
                    owner,
                    conversation,
                    wanted.message,
                    sampling=conversations.sampling,
                    boost=dict.fromkeys(wanted.boost, BOOST),
                    asks=True,
                ),
            )

    @told
    def stop(self, conversation: str, request: gr.Request) -> None:
        """Stop the reply of this conversation and the files this page waits for."""
        owner, conversation = self.application.owner_of(request), id_of(conversation)
        files = self.state.pages.jobs(page_of(request))
        for job in self.application.uploads.jobs(owner) if files else ():
            if job.id in files and not job.finished:
                self.application.uploads.cancel(owner, job.id)
        if conversation and not self.state.chats(conversation).stop(owner, conversation):
            one = self.application.ongoing.of(conversation)
            if one is not None:  # it has not begun
                one.end()

    # ---- files ---------------------------------------------------------------------------------------

    def _take_in(self, owner: str, page: str, files: Sequence[Path]) -> Iterator[None]:
        """Files become documents in memory; a step whenever one may be further, until all are done, failed or
        cancelled."""
        uploads = self.application.uploads
        ids: list[str] = []
        try:
            for file in files:
                ids.append(uploads.submit(owner, file, file.name))
            self.state.pages.set_jobs(page, ids)
            while True:
                jobs = [job for job in uploads.jobs(owner) if job.id in ids]
                yield
                waiting = [job for job in jobs if not job.finished]
                if not waiting:
                    return
                uploads.wait(owner, waiting[0].id, FILE_STEP)
        finally:
            # Also when the page went away: the jobs have their own copies and go on.
            for file in files:
                file.unlink(missing_ok=True)

    def _documents(self, owner: str, page: str) -> list[SentFile]:
        """What became of the files of this page's last message."""
        ids = self.state.pages.jobs(page)
        jobs = [job for job in self.application.uploads.jobs(owner) if job.id in ids]
        return [SentFile(job.document.id, job.name) for job in jobs if job.document is not None]

    # ---- a reply -------------------------------------------------------------------------------------

    @told
    def follow(self, conversation: str, request: gr.Request) -> Iterator[Updates]:
        """A page that comes up, or turns to a conversation, shows the reply that is under way there."""
        owner, page, conversation = self.application.owner_of(request), page_of(request), id_of(conversation)
        yield {self.parts.mode: gr.skip()}  # Gradio empties the components of a handler that yields nothing
        if conversation and self.state.busy(conversation):
            messages = self.state.path(owner, conversation)  # also: is it the owner's?
            yield from self._play(owner, page, conversation, messages, language_of(request))

    def _begin(
        self,
        owner: str,
        page: str,
        conversation: str,
        messages: list[Message],
        language: Language,
        begin: Callable[[], Iterator[ReplyEvent]],
    ) -> Iterator[Updates]:
        """A reply that takes another's place: only where none is under way."""
        if self.state.busy(conversation):
            raise BadInput(say("chat.busy", language))
        self.application.ongoing.ask(conversation, begin)
        yield from self._play(owner, page, conversation, messages, language)

    def _play(
        self, owner: str, page: str, conversation: str, messages: list[Message], language: Language
    ) -> Iterator[Updates]:
        """Show the conversation's replies while they are written, one after another, until none waits.

        ``messages`` stand before the first one. A page that goes away stops nothing.
        """
        state, parts, ongoing = self.state, self.parts, self.application.ongoing
        while state.busy(conversation):
            if not state.pages.follow(page, conversation):  # it shows them already
                if state.pages.shows(page, conversation):
                    yield {parts.mode: state.mode(owner, conversation)}
                return
            try:
                while (one := ongoing.of(conversation)) is not None:
                    back = yield from self._follow(owner, page, conversation, messages, language, one)
                    messages = state.path(owner, conversation)
                    if back and state.pages.shows(page, conversation):
                        yield {parts.box: gr.MultimodalTextbox(value={"text": back, "files": []})}
                while state.busy(conversation) and ongoing.of(conversation) is None:  # a program's
                    time.sleep(FILE_STEP)
            except NotFound:  # deleted meanwhile
                break
            finally:
                state.pages.leave(page, conversation)
        if state.pages.shows(page, conversation):
            try:
                yield state.shown(owner, page, conversation)
            except NotFound:
                yield state.shown(owner, page, "")

    def _follow(
        self, owner: str, page: str, conversation: str, messages: list[Message], language: Language, one: Ongoing
    ) -> Generator[Updates, None, str]:
        """Show one reply: the read first, then the text in steps of ``STEP`` seconds. While the page shows another
        conversation it is passed over. Returns the message where it could not be sent."""
        state, parts = self.state, self.parts
        text, last, saved, hidden, before = "", 0.0, False, False, 0
        reads: dict[str, Any] = {"state": "reading", "conversation": conversation, "reads": []}

        def marks() -> dict[str, Any]:
            return state.marks(owner, messages, "", streaming=True, before=before)

        def frame() -> Updates:
            return {
                parts.conversation: conversation,
                parts.chat: chat_value(messages, text or None),
                parts.marks: marks(),
                parts.reads: reads,
                parts.welcome: {"empty": not messages},
                parts.mode: state.mode(owner, conversation),
                parts.box: box(True),
            }

        try:
            for event in one.events():
                updates: Updates = {}
                if isinstance(event, UserSaved):
                    saved = True
                    messages = state.path(owner, conversation, event.turn.id)
                    if messages[-1].off_record:
                        reads = {"state": "off", "conversation": conversation, "reads": []}
                    updates = {**frame(), parts.sidebar: state.view.sidebar(owner, conversation, became=True)}
                elif isinstance(event, MemoryRead) and not messages[-1].off_record:
                    reads = state.view.live_reads(owner, conversation, event.result)
                    updates = {parts.reads: reads}
                elif isinstance(event, ReplyWaiting):
                    before = event.before
                    updates = {parts.marks: marks()}
                elif isinstance(event, TextDelta):
                    text += event.text
                    if time.monotonic() - last >= STEP:
                        last = time.monotonic()
                        updates = {parts.chat: chat_value(messages, text)}
                elif isinstance(event, ReplySaved):
                    text = ""
                    messages = state.path(owner, conversation)
                    updates = state.settled(owner, conversation, messages, streaming=True)
                if not state.pages.shows(page, conversation):
                    hidden = True
                elif hidden:
                    hidden = False
                    yield {**frame(), **updates}
                elif updates:
                    yield updates
        except NotFound:
            raise
        except Exception as error:
            show(error, language)
        return "" if saved else one.text


def _upload(path: object, language: Language) -> Path:
    """The uploaded file. Raises BadInput for a path that names anything else."""
    file = uploaded_file(path) if isinstance(path, str) else None
    if file is None:
        raise BadInput(say("chat.upload_gone", language))
    return file
