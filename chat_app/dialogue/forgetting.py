"""Forgetting what a reply offered to forget, once a person chose it.

The offer stands in history as the reads of that reply. Deleting is what the Memory page does, and so leaves the words
in the dialogues in which they were said. Does not know: how memories are found, the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chat_app.dialogue.memory_follower import Network
from chat_app.history.history import History
from knowledge.errors import NotFound


class Forgetting:
    """``network``: raises NotReady until the models are loaded."""

    def __init__(self, history: History, network: Callable[[], Network]) -> None:
        self._history, self._network = history, network

    def carry_out(self, owner: str, conversation: str, message: str, ids: Sequence[str]) -> int:
        """Delete those of the memories that the reply ``message`` offered to forget whose ids are chosen; of none, all
        are kept. Either way the offer ends.

        Returns how many went. Raises NotFound where nothing is offered (any more), NotReady, StoreError.
        """
        reply = self._history.message(owner, message)
        offered = [one.id for one in self._history.reads(owner, message) if one.operation == "forget"]
        if reply.conversation != conversation or not offered:
            raise NotFound("This reply offers nothing to forget any more.")
        chosen = [id for id in offered if id in ids]
        gone = self._network().store.delete(owner, chosen) if chosen else 0
        self._history.kept_reads.set_operation(owner, message, "forgotten" if chosen else "kept")
        return gone
