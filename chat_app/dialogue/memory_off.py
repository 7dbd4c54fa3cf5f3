"""The memory network for what is off the record: it replies, but reads nothing and takes nothing in.

Does not know: when that is wanted (conversation.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from chat_app.dialogue.memory_follower import Network
from knowledge.records import ReadResult, Turn


class MemoryOff:
    """What is not named here is as in the network itself."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def read(self, owner: str, text: str, **more: Any) -> ReadResult:
        """Nothing, whatever is asked."""
        return ReadResult(text)

    def forgets(self, text: str) -> bool:
        """No message is taken for a wish to forget: no memory would be found for it."""
        return False

    def write(self, owner: str, turns: Sequence[Turn], *, soon: bool = True) -> tuple[str, ...]:
        """No memory is made of the turns."""
        return ()

    def set_active(self, owner: str, turn_ids: Iterable[str], active: bool) -> None:
        """There is nothing to hide or to show."""

    def forget_turns(self, owner: str, turn_ids: Iterable[str]) -> int:
        """There is nothing to forget."""
        return 0


def memory_off(network: Network) -> Network:
    """The same network without its memory."""
    return cast(Network, MemoryOff(network))
