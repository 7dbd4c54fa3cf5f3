"""Where a reply's memories stand: which as cached blocks with a bias, which in sequence, and the tokens of all.

Three ways for memories to reach the decoder, measured against each other in LOG.md (tests.benchmarks.conditioning):

- "prompt": their lines stand in the user's message, as text.
- "blocks": every memory is a block, a user's message of its own. The read weight α enters as a bias of strength ·
  log α. Of a decoder as it came, all blocks start at one position, right behind the dialogue, and their keys are a
  little sharper (Yang et al. 2025, APE, arXiv:2502.05431). A decoder trained for it has them one behind the other in
  the order in which they were said (Ma et al. 2024, Block-Attention, arXiv:2409.15355): what changed since is nearer.
- "hybrid": the same, but the strongest memories stand in the message as text.

Does not know: tensors, how keys and values come about, how many tokens a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.records import Read, ReplyRequest
from knowledge.reply.local.chat_model import MARK, ChatModel
from knowledge.reply.prompt import Prompt, PromptBuilder, example_messages, message

Path = Literal["prompt", "hybrid", "blocks"]
WEAKEST = 1e-4  # read weights below count as this one: a bias is no mute


@dataclass(frozen=True, slots=True)
class Conditioning:
    """How memories reach the decoder. ``in_sequence``: how many of the strongest stand in the text. ``strength``: of
    log α in the bias. ``sharpness``: factor on the logits of blocks (an inverse temperature). ``everything``: weak
    memories stand in the text too; without it, only those that the read prefers clearly. ``in_order``: blocks stand one
    behind the other, the newest last; without it all start at one position. ``relative``: α enters as its share of the
    largest one, so that the strongest memory is heard in full however much the null slot weighs."""

    path: Path
    in_sequence: int
    strength: float = 0.4
    sharpness: float = 1.2
    everything: bool = False
    in_order: bool = False
    relative: bool = False


WAYS: dict[str, Conditioning] = {
    "prompt": Conditioning("prompt", 1000),
    "hybrid": Conditioning("hybrid", 2),
    "blocks": Conditioning("blocks", 0),
}


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """One memory as a block: its tokens, computed behind ``Layout.beginning``, the bias of its columns, and where its
    first token is moved to (a position)."""

    read: Read
    ids: tuple[int, ...]
    bias: float
    position: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A prompt by columns: ``before``, ``blocks``, ``heading``, ``sequence`` (read, tokens), ``after``.

    ``beginning``: tokens that blocks are computed behind. ``opening``: between blocks and question, tokens that are the
    same in every reply; a block without a memory, which saves computing them each time.
    """

    before: tuple[int, ...]
    beginning: tuple[int, ...]
    blocks: tuple[BlockPlace, ...]
    heading: tuple[int, ...]
    sequence: tuple[tuple[Read, tuple[int, ...]], ...]
    after: tuple[int, ...]
    way: Conditioning
    opening: tuple[int, ...] = ()

    @property
    def apart(self) -> bool:
        """Does anything stand in the prompt that was computed apart from what is before it?"""
        return bool(self.blocks or self.opening)

    @property
    def tail(self) -> list[int]:
        """Tokens that are computed behind the blocks and ``opening``."""
        return [*self.heading, *(token for _, ids in self.sequence for token in ids), *self.after]

    @property
    def length(self) -> int:
        """Columns of the prompt."""
        return len(self.before) + sum(len(place.ids) for place in self.blocks) + len(self.opening) + len(self.tail)

    @property
    def opening_position(self) -> int:
        """Position of the first token behind the blocks."""
        return max((place.position + len(place.ids) for place in self.blocks), default=len(self.before))

    @property
    def tail_position(self) -> int:
        """Position of the first token of ``tail``."""
        return self.opening_position + len(self.opening)

    def spans(self) -> list[tuple[Read, int, int]]:
        """The columns of every memory: from, up to."""
        found, at = [], len(self.before)
        for place in self.blocks:
            found.append((place.read, at, at + len(place.ids)))
            at += len(place.ids)
        at += len(self.heading)
        for read, ids in self.sequence:
            found.append((read, at, at + len(ids)))
            at += len(ids)
        return found


def lay_out(request: ReplyRequest, model: ChatModel, builder: PromptBuilder, way: Conditioning) -> Layout:
    """The layout of a request. Without memories everything stands in ``before``."""
    cached = way.path != "prompt" and model.rotation is not None
    prompt = builder.build(request, mark=MARK, everything=cached or way.everything, examples=not cached)
    messages = prompt.messages
    shown = examples_of(request, model, builder) if cached and len(messages) > 1 else ""
    if shown and not prompt.lines:
        messages = (*messages[:-1], message(messages[-1]["role"], MARK + messages[-1]["content"]))
    text, found, after = model.render(messages).rpartition(MARK)
    if not found:
        return Layout(tuple(_within(model, model.tokens(after))), (), (), (), (), (), way)
    lines = [model.defused(line) for line in prompt.lines]
    count = min(way.in_sequence if cached else len(lines), len(lines))
    heading = builder.heading + "\n" if prompt.lines else ""
    before = tuple(model.tokens(text.removesuffix(heading)))
    rest = list(zip(prompt.reads[count:], lines[count:], _biases(prompt, way)[count:], strict=True))
    order = range(count)[::-1] if builder.strongest_last else range(count)
    if builder.strongest_last:
        rest.reverse()
    if way.in_order:
        rest.sort(key=lambda one: (one[0].memory.created, one[0].memory.position))
    blocks: list[BlockPlace] = []
    at = len(before)
    for read, line, bias in rest:
        ids = tuple(model.tokens(f"{heading}{line}{model.closing}"))
        blocks.append(BlockPlace(read, ids, bias, at))
        at += len(ids) if way.in_order else 0
    sequence = [
        (prompt.reads[number], tuple(model.tokens(lines[number] + ("" if number == order[-1] else "\n"))))
        for number in order
    ]
    # Blocks end the message that stands before them; the next one begins.
    opened = shown or (model.opening if blocks else "")
    if sequence:
        head, opened = opened + heading, ""
    else:
        head, after = "", after.lstrip("\n")
        if blocks and after.startswith(builder.asking):
            opened, after = opened + builder.asking, after.removeprefix(builder.asking)
    return Layout(
        before,
        tuple(beginning(request.system, model, builder)) if blocks or opened else (),
        tuple(blocks),
        tuple(model.tokens(head)),
        tuple(sequence),
        tuple(model.tokens(after)),
        way,
        tuple(model.tokens(opened)),
    )


def beginning(system: str, model: ChatModel, builder: PromptBuilder) -> list[int]:
    """Tokens that blocks are computed behind: the system prompt, and what opens a user's message."""
    return model.tokens(_up_to_the_message(system, (), model, builder))


def examples_of(request: ReplyRequest, model: ChatModel, builder: PromptBuilder) -> str:
    """The request's examples behind the beginning that blocks have, and what opens the message behind them."""
    if not request.examples:
        return ""
    start = _up_to_the_message(request.system, (), model, builder)
    whole = _up_to_the_message(request.system, request.examples, model, builder)
    return whole.removeprefix(start) if whole.startswith(start) else ""


def _up_to_the_message(
    system: str, examples: Sequence[tuple[str, str]], model: ChatModel, builder: PromptBuilder
) -> str:
    """The system prompt, the examples, and what opens a user's message."""
    before = [message("system", builder.system(system)), *example_messages(examples)]
    return model.render([*before, message("user", MARK)]).rpartition(MARK)[0]


def _biases(prompt: Prompt, way: Conditioning) -> list[float]:
    """strength · log α, by read; absolute, so that all weigh little where the null slot weighs much, or relative."""
    most = max((read.weight for read in prompt.reads), default=1.0) if way.relative else 1.0
    return [way.strength * math.log(max(read.weight / max(most, WEAKEST), WEAKEST)) for read in prompt.reads]


def _within(model: ChatModel, ids: list[int]) -> list[int]:
    """The end of a prompt that a template made longer than the window."""
    over = len(ids) - (model.window - 16)
    return ids[over:] if over > 0 else ids
