"""Keys and values of a reply under way: of its prompt, with blocks in their places, and of the tokens made so far.

Knows: how the columns of a layout are filled, and what a given reply would cost there. Does not know: sampling, text,
which memories were read why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from knowledge.records import ReplyRequest
from knowledge.reply.local.block_cache import BlockCache, fingerprint
from knowledge.reply.local.blocks import Block, Workspace, beside
from knowledge.reply.local.chat_model import ChatModel, croppable
from knowledge.reply.local.layout import BlockPlace, Layout
from knowledge.reply.local.memory_attention import FLOOR, ColumnBias, Piece
from knowledge.reply.local.prefix_cache import Entry, PrefixCache, common_prefix
from knowledge.reply.local.scheduler import Scheduler, Work
from knowledge.reply.local.token_steps import Stepper, Steppers

OPENINGS = 4  # kept at most: with and without examples, in two languages
LONG = 64  # tokens of an opening that is kept on the disk as well: others take hardly any time
AHEAD = 64  # tokens computed at once ahead of a message, which waits for them
CHUNK = 256  # tokens of a prompt computed at once; stop is looked at in between
SHARED_CHUNK = 128  # where other replies are under way, which go on in between
TOGETHER = 256  # tokens of several prompts at once


class BlockMaker:
    """Blocks out of the cache, or made and put there. ``decoder``: names the weights, for the cache's fingerprints."""

    def __init__(self, model: ChatModel, cache: BlockCache, decoder: str) -> None:
        self.model, self.cache, self._decoder = model, cache, decoder
        self._workspaces: list[Workspace] = []  # that no reply uses
        self._beginning: tuple[tuple[int, ...], Any] = ((), None)  # the last one used, with its keys and values
        self._openings: dict[Any, Block] = {}  # the last ones used

    def workspace(self) -> Workspace:
        """One that no other reply uses, until it is given back."""
        return self._workspaces.pop() if self._workspaces else Workspace()

    def give_back(self, workspace: Workspace) -> None:
        """The keys and values in it are not needed any more."""
        if not self._workspaces:  # one is enough for replies one after the other
            self._workspaces.append(workspace)

    def fingerprint(self, layout: Layout, place: BlockPlace) -> str:
        """Names everything that a block's numbers depend on."""
        return fingerprint(self._decoder, repr(layout.beginning), repr(place.ids), repr(layout.way.sharpness))

    def block(self, owner: str, layout: Layout, place: BlockPlace) -> tuple[Block, bool]:
        """The block of a place, its keys sharpened, and whether it had been there."""
        found = self.cache.get(owner, place.read.memory.id, self.fingerprint(layout, place))
        return (found, True) if found is not None else (self.make(owner, layout, place), False)

    def make(self, owner: str, layout: Layout, place: BlockPlace) -> Block:
        """Make the block of a place and keep it."""
        made = self._make(layout.beginning, place.ids, layout.way.sharpness)
        self.cache.put(owner, place.read.memory.id, self.fingerprint(layout, place), made)
        return made

    def opening(self, layout: Layout) -> Block:
        """The block of what stands between the memories and the question."""
        found = self._known_opening(layout) or self._make(layout.beginning, layout.opening, 1.0)
        self._keep_opening(layout, found)
        return found

    def open_ahead(self, layout: Layout, stop: threading.Event) -> bool:
        """Have that block ready; False when stopped, and nothing of it is there then."""
        found = self._known_opening(layout)
        if found is None:
            entry = self._begun(layout.beginning)
            if advance(at_once(self.model), entry, layout.opening, stop, step=AHEAD) is None:
                return False
            found = self._cut(entry, len(layout.beginning), 1.0)
        self._keep_opening(layout, found)
        return True

    def _known_opening(self, layout: Layout) -> Block | None:
        known = self._openings.get((layout.beginning, layout.opening))
        if known is None and len(layout.opening) >= LONG:
            known = self.cache.get("", "opening", self._opening_print(layout))
        return known

    def _keep_opening(self, layout: Layout, made: Block) -> None:
        key = layout.beginning, layout.opening
        if self._openings.pop(key, None) is None and len(layout.opening) >= LONG:
            self.cache.put("", "opening", self._opening_print(layout), made)
        self._openings[key] = made  # the last one used stands last
        while len(self._openings) > OPENINGS:
            del self._openings[next(iter(self._openings))]

    def _opening_print(self, layout: Layout) -> str:
        return fingerprint(self._decoder, repr(layout.beginning), repr(layout.opening))

    def begin(self, beginning: Sequence[int]) -> Any:
        """The keys and values of the tokens that blocks are computed behind."""
        if self._beginning[0] != tuple(beginning):
            start = self.model.new_cache()
            self.model.forward(beginning, start)
            self._beginning = tuple(beginning), start
        return self._beginning[1]

    def begun(self, ids: Sequence[int]) -> Entry:
        """What is there of the prompt ``ids`` of a new dialogue: it begins as the blocks' beginning does."""
        known, values = self._beginning
        common = common_prefix(known, ids[:-1])
        if not common or not croppable(values):
            return Entry([], self.model.new_cache())
        start = copied(self.model, values)
        if common < len(known):
            start.crop(common - len(known))
        return Entry(list(known[:common]), start)

    def _begun(self, beginning: tuple[int, ...]) -> Entry:
        return Entry(list(beginning), copied(self.model, self.begin(beginning)))

    def _make(self, beginning: tuple[int, ...], ids: tuple[int, ...], sharpness: float) -> Block:
        entry = self._begun(beginning)
        self.model.forward(ids, entry.values)
        return self._cut(entry, len(beginning), sharpness)

    def _cut(self, entry: Entry, start: int, sharpness: float) -> Block:
        """What stands from column ``start`` on, as a block."""
        keys, values = (
            torch.cat([getattr(layer, name)[:, :, start:] for layer in entry.values.layers])  # type: ignore[attr-defined]
            for name in ("keys", "values")
        )
        assert self.model.rotation is not None
        return self.model.rotation.kept(keys * sharpness, values, start)


class Prepared:
    """The prompt of one request on its way into keys and values.

    ``working``: of all columns of the prompt, once computed; ``bias``: (columns of before and blocks,), or None where
    nothing is weighed; ``position``: of the first token of the reply; ``mass``: (columns,) where the last token of the
    prompt looked, or None without memories; ``reused``: tokens that were not computed again.
    """

    def __init__(
        self,
        maker: BlockMaker,
        prefixes: PrefixCache,
        scheduler: Scheduler,
        request: ReplyRequest,
        layout: Layout,
    ) -> None:
        self._maker, self._model, self._prefixes, self._scheduler = maker, maker.model, prefixes, scheduler
        self._request, self._layout = request, layout
        self._ids = list(layout.before) if layout.apart else [*layout.before, *layout.tail]
        # The logits after the last token of all are needed; where blocks follow, that is none of these.
        kept = prefixes.take(request.key, [*self._ids, *layout.tail[:1]] if layout.apart else self._ids)
        self.entry = kept or maker.begun(self._ids)
        self.working = self.entry
        self._workspace: Workspace | None = None  # where ``working`` lies
        self._stepper: Stepper | None = None
        self.reused = len(self.entry.ids)
        self.position = layout.tail_position + len(layout.tail)
        self.bias = column_bias(layout, device=self._model.device) if layout.blocks else None
        self.mass: Tensor | None = None

    def compute(self, stop: threading.Event) -> Tensor | None:
        """Logits (vocabulary,) after the prompt; None when stopped. Takes turns with other replies."""
        look = ColumnBias(torch.zeros(0) if self.bias is None else self.bias, record=True)
        watched = look if self._layout.spans() and self._model.rotation is not None else None
        logits = self._advance(self.entry, self._ids[len(self.entry.ids) :], stop, bias=watched)
        if self._layout.apart:
            with self._scheduler.alone():  # blocks that several replies want are made once
                if not self._with_blocks(stop):
                    return None
            at = self._layout.tail_position
            logits = self._advance(self.working, self._layout.tail, stop, position=at, bias=watched)
        if watched is not None and logits is not None:
            self.mass = watched.mass[0]
        return logits

    def _advance(
        self,
        entry: Entry,
        ids: Sequence[int],
        stop: threading.Event,
        *,
        position: int | None = None,
        bias: ColumnBias | None = None,
    ) -> Tensor | None:
        """As :func:`advance`, with other replies' prompts, and their tokens in between."""

        def compute(piece: Piece) -> Tensor:
            return self._scheduler.run(Work(self._model.pieces, piece, TOGETHER, len(piece.ids)))

        step = SHARED_CHUNK if self._scheduler.shared else CHUNK
        return advance(compute, entry, ids, stop, position=position, bias=bias, step=step)

    def log_probabilities(
        self, replies: Sequence[Sequence[int]], masked: Sequence[Sequence[tuple[int, int]]]
    ) -> Tensor:
        """(rows, tokens of the longest reply): log-probabilities in nats, 0 behind a reply's end; in each row the
        columns of its spans are masked.

        May be called several times, also behind :meth:`compute`; what stands before the tail is computed once. Whoever
        calls it has the scheduler alone.
        """
        width = max(map(len, replies))
        if not width:
            return torch.zeros(len(replies), 0)
        layout, model = self._layout, self._model
        tail = layout.tail or [layout.before[-1]]
        self._crop(layout.before if layout.tail else layout.before[:-1])
        if layout.apart and self.working is self.entry:
            self._with_blocks(threading.Event())
        cache = copied(model, self.working.values)
        cache.batch_repeat_interleave(len(replies))
        padded = [[*reply, *[tail[-1]] * (width - len(reply))] for reply in replies]
        position = layout.tail_position if layout.tail else len(layout.before) - 1
        logits = model.rows(
            [[*tail, *reply[:-1]] for reply in padded],
            cache,
            position=position,
            bias=self._row_bias(masked, cache.get_seq_length() + len(tail)),
            logits=width,
        )
        wanted = torch.tensor(padded, device=model.device)[..., None]
        found = logits.log_softmax(-1).gather(2, wanted)[..., 0]
        lengths = torch.tensor([len(reply) for reply in replies], device=model.device)
        return found.where(torch.arange(width, device=model.device) < lengths[:, None], 0.0)

    def _crop(self, before: Sequence[int]) -> None:
        """Let ``entry`` end with ``before``, computed where it is not there yet."""
        if len(self.entry.ids) > len(before):
            self.entry.values.crop(len(before) - len(self.entry.ids))
            del self.entry.ids[len(before) :]
        advance(at_once(self._model), self.entry, before[len(self.entry.ids) :], threading.Event())

    def _row_bias(self, masked: Sequence[Sequence[tuple[int, int]]], columns: int) -> ColumnBias | None:
        """What each row adds to the attention's logits; None where nothing is weighed or masked."""
        if self.bias is None and not any(masked):
            return None
        bias = torch.zeros(len(masked), columns, device=self._model.device)
        if self.bias is not None:
            bias[:, : len(self.bias)] = self.bias
        for row, spans in enumerate(masked):
            for start, end in spans:
                bias[row, start:end] = FLOOR
        return ColumnBias(bias)

    def stepper(self, steppers: Steppers) -> Stepper:
        """Steps from token to token behind this prompt, once computed."""
        self._stepper = steppers(self._model, self.working, self.bias, self._scheduler)
        if self._stepper.copies:
            self.leave()
        return self._stepper

    def keep(self) -> None:
        """Keep what the next turn of this dialogue can reuse; nothing is computed behind this prompt any more."""
        if self._stepper is not None:
            self._scheduler.leave(self._stepper)
            if self.working is self.entry:
                self._stepper.settle()
        self.leave()
        self._prefixes.put(self._request.key, self.entry)

    def leave(self) -> None:
        """Nothing is computed behind this prompt any more."""
        if self._workspace is not None:
            self._maker.give_back(self._workspace)
            self._workspace = None

    def _with_blocks(self, stop: threading.Event) -> bool:
        """Fill ``working`` with before and blocks; False when stopped."""
        layout = self._layout
        if len(self.entry.ids) < len(layout.before):
            advance(at_once(self._model), self.entry, layout.before[len(self.entry.ids) :], stop)
        blocks = []
        for place in layout.blocks:
            if stop.is_set():
                return False
            block, there = self._maker.block(self._request.owner, layout, place)
            self.reused += block.tokens if there else 0
            blocks.append(block)
        ids = [*layout.before, *(token for place in layout.blocks for token in place.ids), *layout.opening]
        if layout.opening:
            blocks.append(self._maker.opening(layout))
        self._workspace = self._workspace or self._maker.workspace()
        values = with_blocks(self._model, self.entry.values, layout, blocks, self._workspace)
        self.working = Entry(ids, values)
        return True


def copied(model: ChatModel, cache: Any) -> Any:
    """Another cache with the same keys and values; growing one leaves the other as it is."""
    made = model.new_cache()
    for number, layer in enumerate(cache.layers):
        made.update(layer.keys, layer.values, number)
    return made


def at_once(model: ChatModel) -> Callable[[Piece], Tensor]:
    """Pieces computed by whoever has the scheduler alone."""
    return lambda piece: model.pieces([piece])[0]


def advance(
    compute: Callable[[Piece], Tensor],
    entry: Entry,
    ids: Sequence[int],
    stop: threading.Event,
    *,
    position: int | None = None,
    bias: ColumnBias | None = None,
    step: int = CHUNK,
) -> Tensor | None:
    """Compute keys and values of ``ids`` into ``entry``, ``step`` tokens at once; logits (vocabulary,) after the last.
    None when stopped; what was computed is in ``entry``."""
    logits: Tensor | None = None
    for start in range(0, len(ids), step):
        if stop.is_set():
            return None
        chunk = ids[start : start + step]
        at = None if position is None else position + start
        logits = compute(Piece(chunk, entry.values, at, bias))
        entry.ids.extend(chunk)
    return logits


def with_blocks(model: ChatModel, cache: Any, layout: Layout, blocks: Sequence[Block], workspace: Workspace) -> Any:
    """``cache`` (of ``layout.before``) with the blocks (of memories, and of the opening) behind it, as a new cache
    in ``workspace``."""
    assert model.rotation is not None
    before = [(layer.keys, layer.values) for layer in cache.layers]
    at = [*(place.position for place in layout.blocks), layout.opening_position][: len(blocks)]
    return model.cache_of(beside(before, blocks, model.rotation, at=at, room=len(layout.tail), workspace=workspace))


def column_bias(layout: Layout, *, device: str) -> Tensor:
    """(columns of before and blocks,) float: what the attention's logits of each column get."""
    parts = [torch.zeros(len(layout.before))]
    parts += [torch.full((len(place.ids),), place.bias) for place in layout.blocks]
    return torch.cat(parts).to(device)
