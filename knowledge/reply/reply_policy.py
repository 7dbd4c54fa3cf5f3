"""What a decoder of its own kind needs around a reply: nothing, unless it is very small.

Does not know: how replies are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from torch import Tensor

from knowledge.records import ReplyRequest
from knowledge.reply.local.reply_state import Prepared


class ReplyGuard(Protocol):
    """Looks at one reply while it is made."""

    def refuses(self, made: Sequence[int], token: int) -> bool:
        """May ``token`` not follow the tokens ``made``?"""
        ...

    def holds_back(self, begun: str) -> bool:
        """Is this beginning of a reply not to be shown yet?"""
        ...

    def once_more(self, reply: str) -> bool:
        """Is this whole reply, of which nothing was shown, to be made once more?"""
        ...


class ReplyPolicy(Protocol):
    """What one decoder needs around its replies."""

    def seen(self, request: ReplyRequest) -> ReplyRequest:
        """The request with as much of the dialogue as this decoder is to see."""
        ...

    def decision(self, request: ReplyRequest, logits: Tensor, room: int) -> Callable[[Prepared], str] | None:
        """What may decide on the reply instead of its likeliest words, from the prompt's last ``logits``
        (vocabulary,); None where nothing may. It gives the reply, or "" to reply as usual."""
        ...

    def guard(self, request: ReplyRequest) -> ReplyGuard:
        """What looks at the reply to this request."""
        ...


class PlainPolicy:
    """The decoder's own words, whatever they are."""

    def seen(self, request: ReplyRequest) -> ReplyRequest:
        return request

    def decision(self, request: ReplyRequest, logits: Tensor, room: int) -> Callable[[Prepared], str] | None:
        return None

    def guard(self, request: ReplyRequest) -> ReplyGuard:
        return self

    def refuses(self, made: Sequence[int], token: int) -> bool:
        return False

    def holds_back(self, begun: str) -> bool:
        return False

    def once_more(self, reply: str) -> bool:
        return False
