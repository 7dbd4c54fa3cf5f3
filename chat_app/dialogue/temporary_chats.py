"""Chats that leave no trace: their history is in this process's memory only, they read no memory and become none.

A chat is gone when its page closes it, when its page is closed, and with the end of the program. Does not know: pages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from chat_app.dialogue.conversation import Conversations
from chat_app.dialogue.logged import logged
from chat_app.dialogue.memory_follower import Network
from chat_app.dialogue.memory_off import memory_off
from chat_app.dialogue.running_replies import RunningReplies
from chat_app.history.history import History
from chat_app.history.tables import metadata
from knowledge.records import Sampling


class TemporaryChats:
    """``conversations`` are dialogues as any others, over a history of their own. ``network``, ``running``,
    ``sampling``, ``clock``: as of those that are kept."""

    def __init__(
        self,
        network: Callable[[], Network],
        running: RunningReplies,
        *,
        sampling: Sampling,
        clock: Callable[[], float],
    ) -> None:
        # A database without a file lives in its one connection, which one thread uses at a time.
        self._engine = create_engine(
            "sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, connect_args={"check_same_thread": False}
        )
        metadata.create_all(self._engine)
        self.conversations = Conversations(
            History(self._engine, clock=clock),
            lambda: memory_off(network()),
            reads=0,
            sampling=sampling,
            clock=clock,
            running=running,
            off_record=True,
        )
        self._lock = threading.Lock()
        self._owners: dict[str, str] = {}  # chat → owner
        self._pages: dict[str, str] = {}  # page → its chat

    def open(self, owner: str, page: str) -> str:
        """A new chat of this page, in the place of the one it had; returns its id."""
        self.close(page)
        id = self.conversations.history.create(owner).id
        with self._lock:
            self._owners[id], self._pages[page] = owner, id
        return id

    def has(self, id: str) -> bool:
        """Is this a temporary chat that is open?"""
        return id in self._owners

    def close(self, page: str) -> None:
        """The chat of this page is gone, and a reply under way with it; nothing happens where it has none."""
        with self._lock:
            id = self._pages.pop(page, "")
            owner = self._owners.pop(id, "")
        if owner:
            with logged("a temporary chat could not be closed; it goes with the end of the program"):
                self.conversations.delete(owner, id)

    def close_all(self) -> None:
        """The end of the program."""
        for page in list(self._pages):
            self.close(page)
        self._engine.dispose()
