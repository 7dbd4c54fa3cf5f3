"""What happens on the chat page besides replies: open, undo, like, choose a reply; and all bindings.

Does not know: how a reply is shown while it is written (``ReplyEvents``).
"""

from __future__ import annotations

import gradio as gr

from chat_app.pages.chat_replies import ReplyEvents
from chat_app.pages.chat_state import QUICK, REPLY, ChatState, Updates, id_of, page_of
from chat_app.pages.handlers import field, flag, names, told
from chat_app.pages.kept_lines import CHANGES
from chat_app.pages.models import MULTILINGUAL
from chat_app.pages.words import language_of, say
from knowledge.errors import BadInput, NotFound

ADDRESS = "() => new URLSearchParams(window.location.search).get('c') || ''"


class ChatEvents:
    """The handlers of the chat page over its components."""

    def __init__(self, state: ChatState) -> None:
        self.state = state
        self.application = state.application
        self.replies = ReplyEvents(state)

    def connect(self, demo: gr.Blocks) -> None:
        """Bind the handlers."""
        state, replies, parts = self.state, self.replies, self.state.parts
        conversation, everything = parts.conversation, state.everything
        loaded = demo.load(state.load, [conversation], [*everything, parts.timer], js=ADDRESS, **QUICK)
        loaded.then(replies.follow, [conversation], everything, **REPLY)
        demo.unload(self.closed)
        parts.mode.select(self.switch_mode, [conversation], everything, **QUICK)
        parts.timer.tick(state.tick, [conversation], [parts.status, parts.timer, parts.reads, parts.marks], **QUICK)
        parts.box.submit(replies.send, [conversation, parts.box], everything, **REPLY)
        parts.box.stop(replies.stop, [conversation], None, **QUICK)
        parts.status.select(self.act_above, None, [parts.status, parts.timer], **QUICK)
        parts.chat.retry(replies.regenerate, [conversation], everything, **REPLY)
        parts.marks.reply_again(replies.regenerate, [conversation], everything, **REPLY)
        parts.reads.regenerate(replies.regenerate_changed, [conversation], everything, **REPLY)
        parts.chat.edit(replies.edit, [conversation], everything, **REPLY)
        parts.chat.undo(self.undo, [conversation], everything, **QUICK)
        parts.chat.like(self.like, [conversation], None, **QUICK)
        parts.chat.select(self.choose, [conversation], [parts.reads, parts.marks], **QUICK)
        parts.marks.select(self.act, [conversation], everything, **QUICK)
        parts.marks.forget(self.forget, [conversation], everything, **QUICK)
        parts.marks.branch(replies.branch, [conversation], everything, **REPLY)

    def closed(self, request: gr.Request) -> None:
        """A page was closed or left: its temporary chat is gone."""
        self.application.temporary.close(page_of(request))

    @told
    def switch_mode(self, conversation: str, event: gr.EventData, request: gr.Request) -> Updates:
        """A click around the message box: memory paused or not, a message that waits taken back."""
        owner, page, conversation = self.application.owner_of(request), page_of(request), id_of(conversation)
        state, action, history = self.state, field(event, "action"), self.application.history
        if action == "take_back":
            state.path(owner, conversation)  # is it the owner's?
            text = self.application.ongoing.take_back(conversation, field(event, "id"))
            updates: Updates = {state.parts.mode: state.mode(owner, conversation)}
            if text:
                updates[state.parts.box] = gr.MultimodalTextbox(value={"text": text, "files": []})
            return updates
        if action != "pause" or self.application.temporary.has(conversation):
            raise BadInput(say("frame.unexpected", language_of(request)))
        conversation = conversation or history.create(owner).id
        history.pause(owner, conversation, flag(event, "on"))
        state.pages.show(page, conversation)
        return {
            state.parts.conversation: conversation,
            state.parts.mode: state.mode(owner, conversation),
            state.parts.sidebar: state.view.sidebar(owner, conversation, became=True),
        }

    @told
    def undo(self, conversation: str, request: gr.Request) -> Updates:
        """Take the last message and its reply back, out of memory too; the message returns to the box."""
        owner, conversation = self.application.owner_of(request), id_of(conversation)
        text = self.state.chats(conversation).undo(owner, conversation)
        if not self.application.temporary.has(conversation):  # which leaves no trace
            self.application.audit.note(owner, "exchange_undone")
        updates = self.state.shown(owner, page_of(request), conversation)
        return {**updates, self.state.parts.box: gr.MultimodalTextbox(value={"text": text, "files": []})}

    @told
    def like(self, conversation: str, event: gr.LikeData, request: gr.Request) -> None:
        """Keep what a person thinks of a reply."""
        owner, language = self.application.owner_of(request), language_of(request)
        conversation = id_of(conversation)
        _, message = self.state.message_at(owner, conversation, event.index, None, language)
        if message.role != "assistant":
            raise NotFound(say("chat.changed", language))
        value = 1 if event.liked is True else -1 if event.liked is False else None
        self.state.chats(conversation).feedback(owner, message.id, value)

    @told
    def act_above(self, event: gr.EventData, request: gr.Request) -> Updates:
        """A click above the message box: cancel a file, take another encoder or leave it."""
        application, action = self.application, field(event, "action")
        if action == "cancel":
            application.uploads.cancel(application.owner_of(request), field(event, "id"))
            return {self.state.parts.timer: gr.skip()}
        if action == "encoder":
            application.encoders.switch(MULTILINGUAL)
        elif action == "cancel_encoder":
            application.encoders.cancel()
        else:
            raise BadInput(say("frame.unexpected", language_of(request)))
        return self.state.above(request)

    @told
    def choose(self, conversation: str, event: gr.SelectData, request: gr.Request) -> Updates:
        """A click on a reply brings its panel back."""
        owner, conversation = self.application.owner_of(request), id_of(conversation)
        messages, message = self.state.message_at(owner, conversation, event.index, None, language_of(request))
        return self.state.chosen(owner, conversation, messages, message.id)

    @told
    def forget(self, conversation: str, event: gr.EventData, request: gr.Request) -> Updates:
        """What a person chose of the memories that a reply offered to forget; none of them: they are kept."""
        owner, conversation, reply = self.application.owner_of(request), id_of(conversation), field(event, "id")
        forgetting = self.application.conversations.forgetting
        if gone := forgetting.carry_out(owner, conversation, reply, names(event, "ids")):
            self.application.audit.note(owner, "forgotten", gone)
        return self.state.shown(owner, page_of(request), conversation, chosen=reply)

    @told
    def act(self, conversation: str, event: gr.EventData, request: gr.Request) -> Updates:
        """A click under a message: its panel, or another decision on what was kept of it."""
        owner, language = self.application.owner_of(request), language_of(request)
        conversation, id, action = id_of(conversation), field(event, "id"), field(event, "action")
        messages = self.state.path(owner, conversation)
        message = next((message for message in messages if message.id == id), None)
        if message is None:
            raise NotFound(say("chat.no_message", language))
        if action == "reads":
            return self.state.chosen(owner, conversation, messages, id, field(event, "memory"))
        if action in CHANGES:
            self.state.kept.change(owner, self.application.network.memory_id(owner, id), action)
            return self.state.settled(owner, conversation, messages, streaming=self.state.busy(conversation))
        raise BadInput(say("frame.unexpected", language))
