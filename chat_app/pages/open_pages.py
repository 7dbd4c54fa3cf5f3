"""Which conversation each open page shows, and which files came with its last message.

A reply goes on when its page turns to another conversation, and is shown again when the page comes back. Lives as long
as the server. Does not know: gradio, or what is shown.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

MOST_PAGES = 2000  # pages remembered; older ones are reloaded from their address anyway


class OpenPages:
    """Registry shared by all handlers of the chat page. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shows: OrderedDict[str, str] = OrderedDict()
        self._following: set[tuple[str, str]] = set()
        self._jobs: dict[str, list[str]] = {}

    def show(self, page: str, conversation: str) -> None:
        """This page shows this conversation now ("" is a new one)."""
        with self._lock:
            self._shows[page] = conversation
            self._shows.move_to_end(page)
            while len(self._shows) > MOST_PAGES:
                self._shows.popitem(last=False)

    def shows(self, page: str, conversation: str) -> bool:
        """Does this page show this conversation?"""
        with self._lock:
            return self._shows.get(page, conversation) == conversation

    def follow(self, page: str, conversation: str) -> bool:
        """This page shows the replies of this conversation as they are written; False where it does already."""
        with self._lock:
            if (page, conversation) in self._following:
                return False
            self._following.add((page, conversation))
            return True

    def leave(self, page: str, conversation: str) -> None:
        """It shows them no longer."""
        with self._lock:
            self._following.discard((page, conversation))

    def set_jobs(self, page: str, jobs: list[str]) -> None:
        """The files of this page's last message; an empty list where it has none."""
        with self._lock:
            if jobs:
                self._jobs[page] = jobs
            else:
                self._jobs.pop(page, None)

    def jobs(self, page: str) -> list[str]:
        """Ids of the files of this page's last message."""
        with self._lock:
            return list(self._jobs.get(page, ()))
