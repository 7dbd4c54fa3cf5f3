"""Replies that are decided on before their first word: taking note of what is told, "not known" where nothing answers.

Knows: which messages and reads may be replied to so, and how likely the words for it are behind the prompt at hand.
Does not know: how other replies are made. Only for a decoder that was taught these words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor

from knowledge.records import ReplyRequest
from knowledge.reply.local.chat_model import ChatModel
from knowledge.reply.local.reply_state import Prepared
from knowledge.reply.small_model import abstention
from knowledge.reply.small_model import acknowledgement as noting
from knowledge.reply.small_model.message_forms import asks

LEAST_ROOM = 16  # tokens that a reply which was decided on may have


class ReplyDecisions:
    """For the replies of one model."""

    def __init__(self, model: ChatModel) -> None:
        self._silences = [model.tokens(words) for words in abstention.ABSTENTIONS]
        self._beginnings = [model.tokens(words) for words in noting.BEGINNINGS]

    def known(self, request: ReplyRequest, logits: Tensor, room: int) -> Callable[[Prepared], str] | None:
        """What may decide on the reply instead of its likeliest words, from the prompt's last ``logits``; None where
        nothing may. It gives the reply, or "" to reply as usual."""
        if not request.dialogue or room < LEAST_ROOM:
            return None
        text = request.dialogue[-1].text
        if (needed := noting.least(text)) < 1:
            return partial(self._acknowledgement, needed)
        if request.reads:
            return None
        outside = [turn.text for turn in request.dialogue[:-1] if turn.role == "user" and not turn.conversation]
        if not asks(text) or abstention.may_be_said(text, outside):
            return None
        begin = sorted({reply[0] for reply in self._silences})  # no reply is likelier than its beginning
        needed = abstention.least(text, request.heard)
        return partial(self._abstention, needed) if float(logits.float().softmax(-1)[begin].sum()) >= needed else None

    def _acknowledgement(self, needed: float, prompt: Prepared) -> str:
        found = prompt.log_probabilities(self._beginnings, [[]] * len(self._beginnings)).sum(1)
        return noting.acknowledgement(found, needed)

    def _abstention(self, needed: float, prompt: Prepared) -> str:
        found = prompt.log_probabilities(self._silences, [[]] * len(self._silences)).sum(1)
        return abstention.ABSTENTIONS[int(found.argmax())] if float(found.exp().sum()) >= needed else ""
