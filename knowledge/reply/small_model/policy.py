"""The crutches of a very small decoder, off for every other: canned forms it was taught, and guards on its first words.

A model of 135 million weights, trained to answer from memory, says a question back, copies its last reply, and invents
where it should say that it does not know. So replies to news and to questions that nothing answers are decided on from
the probability of fixed forms (knowledge/reply/small_model/reply_decisions.py), a reply may not begin as the message
does (knowledge/reply/small_model/echo_guard.py), a groundless short reply is made once more from a sure memory's words
(knowledge/reply/small_model/question_guard.py), and it sees no more of the chat than the reply needs.

Does not know: how replies are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor

from knowledge.records import ReplyRequest
from knowledge.reply.local.chat_model import ChatModel
from knowledge.reply.local.reply_state import Prepared
from knowledge.reply.reply_policy import ReplyGuard
from knowledge.reply.small_model.echo_guard import EchoGuard
from knowledge.reply.small_model.message_forms import needed
from knowledge.reply.small_model.question_guard import QuestionGuard
from knowledge.reply.small_model.reply_decisions import ReplyDecisions

DECLINED = 0.6  # weight of the null slot from which it is given no memory: it would tell the nearest one
CROWD = 0.3  # of the strongest weight, from the third memory on: behind two, what weighs less changes no reply of it


class SmallModelPolicy:
    """For the adapted SmolLM2-135M."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._decisions = ReplyDecisions(model)

    def seen(self, request: ReplyRequest) -> ReplyRequest:
        if not request.dialogue:
            return request
        request = replace(request, examples=())  # it was taught forms of its own
        if not request.note and 1 - sum(read.weight for read in request.reads) >= DECLINED:
            request = replace(request, reads=())
        strong = sorted(request.reads, key=lambda read: -read.weight)
        least = CROWD * strong[0].weight if strong else 0.0
        weak = {read.memory.id for read in strong[2:] if read.weight < least}
        request = replace(request, reads=[read for read in request.reads if read.memory.id not in weak])
        turns = needed(request.dialogue)
        if len(turns) == len(request.dialogue):
            return request
        return replace(request, dialogue=turns, key=f"{request.key} alone" if request.key else "")

    def decision(self, request: ReplyRequest, logits: Tensor, room: int) -> Callable[[Prepared], str] | None:
        return None if request.note else self._decisions.known(request, logits, room)

    def guard(self, request: ReplyRequest) -> ReplyGuard:
        return SmallModelGuard(self._model, request)


class SmallModelGuard:
    """Of one reply."""

    def __init__(self, model: ChatModel, request: ReplyRequest) -> None:
        turn = request.dialogue[-1].text if request.dialogue else ""
        self._echo = EchoGuard(turn, model.text, model.stops)
        self._question = QuestionGuard(turn, request.reads, model.text, model.stops)

    def refuses(self, made: Sequence[int], token: int) -> bool:
        return self._echo.refuses(made, token) or self._question.refuses(made, token)

    def holds_back(self, begun: str) -> bool:
        return self._question.may_be_groundless(begun)

    def once_more(self, reply: str) -> bool:
        if not self._question.groundless(reply):
            return False
        self._question.copies = True
        return True
