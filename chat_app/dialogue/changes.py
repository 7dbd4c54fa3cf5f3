"""What is changed in dialogues besides replies: stop, undo, branches, titles, corrections, likes, deletion.

Does not know: how a reply comes about (conversation.py), pages, HTTP.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from chat_app.dialogue.memory_follower import MemoryFollower
from chat_app.dialogue.message_text import checked_text
from chat_app.dialogue.reply_stop import ReplyStop
from chat_app.dialogue.running_replies import RunningReplies
from chat_app.history.history import History
from chat_app.history.records import Conversation, Message
from knowledge.errors import NotFound

_STOP_SECONDS = 5.0  # how long a deletion waits for a reply to end


class DialogueChanges:
    """``follower`` lets memory follow; ``running`` keeps a change and a reply of one conversation apart."""

    def __init__(self, history: History, running: RunningReplies, follower: MemoryFollower) -> None:
        self.history, self.running, self.follower = history, running, follower

    def stop(self, owner: str, conversation: str) -> bool:
        """End the reply under way; what is there of it is kept. False when there was none. Raises NotFound."""
        self.history.conversation(owner, conversation)
        return self.running.stop(conversation)

    def busy(self, conversation: str) -> bool:
        """Is a reply of this conversation under way?"""
        return conversation in self.running.conversations()

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """Wait until no reply is under way, and let none begin (NotReady) until the end of the block."""
        return self.running.paused()

    def undo(self, owner: str, conversation: str) -> str:
        """Take the last exchange out of history and memory; returns the user's text, for the message box.

        Raises NotFound, BadInput when there is none, StillReplying, StoreError.
        """
        with self._alone(owner, conversation):
            text = self.history.undo(owner, conversation)
            self.follower.settle_when_ready(owner, conversation)
        return text

    def switch_branch(self, owner: str, conversation: str, message: str) -> Conversation:
        """Go on with the branch through ``message`` (a sibling). Raises NotFound, StillReplying, StoreError."""
        with self._alone(owner, conversation):
            self._message_of(owner, conversation, message)
            changed = self.history.switch_branch(owner, message)
            self.follower.settle_when_ready(owner, conversation)
        return changed

    def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation and its turns in memory, without asking; a reply under way is stopped first.

        Raises NotFound, StillReplying when it does not stop, StoreError.
        """
        self.stop(owner, conversation)
        with self._alone(owner, conversation, wait=_STOP_SECONDS):
            self.history.delete(owner, conversation)
            self.follower.settle_when_ready(owner, conversation)

    def rename(self, owner: str, conversation: str, title: str) -> Conversation:
        """Give a conversation a title of its own. Raises NotFound, BadInput when it is empty."""
        return self.history.rename(owner, conversation, title)

    def revise(self, owner: str, conversation: str, message: str, text: str) -> Message:
        """Put ``text`` in a reply's place, as another version of it. Raises BadInput, NotFound, StillReplying."""
        with self._alone(owner, conversation):
            self._message_of(owner, conversation, message)
            revised = self.history.revise(owner, message, checked_text(text))
            self.follower.settle_when_ready(owner, conversation)
        return revised

    def feedback(self, owner: str, message: str, value: int | None) -> None:
        """Keep +1 (liked), −1 (disliked) or None for a message. Raises NotFound, BadInput."""
        self.history.feedback(owner, message, value)

    def _message_of(self, owner: str, conversation: str, id: str) -> Message:
        message = self.history.message(owner, id)
        if message.conversation != conversation:
            raise NotFound("This message is no longer there.")
        return message

    @contextlib.contextmanager
    def _alone(self, owner: str, conversation: str, wait: float = 0.0) -> Iterator[ReplyStop]:
        """Reserve a conversation of the owner for one change; gives the event that stops it."""
        self.history.conversation(owner, conversation)
        with self.running.reserve(conversation, wait) as stop:
            yield stop
