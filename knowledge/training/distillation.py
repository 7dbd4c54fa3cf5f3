"""Plain talk kept as it was, while a decoder learns to answer from memory.

On conversations between people, which are no examples of how an assistant is to reply, the adapted decoder is held to
the distribution that it had before: knowledge distillation (Hinton et al. 2015, arXiv:1503.02531) from itself without
the adapter (learning without forgetting, Li & Hoiem 2016, arXiv:1606.09282). A share of the target is the token that
was said: people's talk is what it will be asked to follow.

Does not know: memories, the optimiser.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from knowledge.records import ReplyRequest
from knowledge.reply.local.chat_model import ChatModel
from knowledge.reply.local.layout import WAYS, lay_out
from knowledge.reply.prompt import PromptBuilder
from knowledge.training.replies.chat import talks, turns

SAID = 0.2  # share of the target that is the token that was said


def talk_rows(data: Path, seed: int, model: ChatModel, count: int, most: int) -> list[tuple[int, ...]]:
    """``count`` conversations of the licensed sets' training part as token ids of at most ``most``, as many of each
    set; laid out as when replying to their last turn."""
    builder = PromptBuilder(model.count, window=model.window, reads_tokens=0)
    rng = random.Random(f"{seed}:distillation")
    found = []
    for _, some in talks(data):
        for texts in rng.sample(some, min(len(some), count)):
            length = rng.randrange(3, 12, 2)
            row = lay_out(ReplyRequest(turns(texts[:length]), ()), model, builder, WAYS["blocks"]).before
            found.append(row[:most])
    rng.shuffle(found)
    return found[:count]


def divergence(network: Any, row: Sequence[int], first: int) -> Tensor:
    """(1 - SAID) · KL(as it came ‖ adapted) + SAID · the fall of what was said, in nats, summed over the
    tokens of ``row`` behind position ``first``. ``network``: peft's model."""
    ids = torch.tensor(row)[None].to(network.device)
    with torch.no_grad(), network.disable_adapter():
        before = _log_probabilities(network, ids, first)
    after = _log_probabilities(network, ids, first)
    said = ids[0, first + 1 :, None]
    gained = (after - before).gather(1, said).sum()
    return -(1 - SAID) * (before.exp() * (after - before)).sum() - SAID * gained


def _log_probabilities(network: Any, ids: Tensor, first: int) -> Tensor:
    """(N - 1 - first, vocabulary) in nats, of the tokens behind ``first``."""
    inner = network.get_base_model()
    hidden = inner.model(input_ids=ids, use_cache=False).last_hidden_state[0, first:-1]
    logits: Tensor = inner.lm_head(hidden)
    return logits.float().log_softmax(-1)
