"""R on this machine: a transformers causal language model, decoded token by token, conditioned on what was read.

Memories are cached blocks of keys and values, weighed in the attention (knowledge/reply/local/layout.py). Keys and
values of the unchanged beginning of a dialogue are reused between turns (knowledge/reply/local/prefix_cache.py). Both
change the time, not the reply. Does not know: why memories were read, or who asks.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from knowledge.catalogue.package_fetch import sha256_of
from knowledge.cpu.lean_decode import MOST_ROWS
from knowledge.errors import BadInput, ModelError
from knowledge.records import (
    DecoderEvent,
    FinishReason,
    Memory,
    Read,
    ReplyDone,
    ReplyRequest,
    ReplyWaiting,
    TextDelta,
    Turn,
    Usage,
)
from knowledge.reply.instructions import FIRST_PERSON, LESS_LIKELY
from knowledge.reply.local.adapter import AdapterAbout, merge
from knowledge.reply.local.block_cache import BlockCache, CacheState
from knowledge.reply.local.chat_model import MARK, ChatModel, bytes_of, croppable
from knowledge.reply.local.layout import WAYS, Conditioning, Layout, beginning, lay_out
from knowledge.reply.local.prefix_cache import Entry, PrefixCache
from knowledge.reply.local.reply_state import AHEAD, BlockMaker, Prepared, advance, at_once, copied
from knowledge.reply.local.scheduler import Scheduler
from knowledge.reply.local.token_steps import Stepper, Steppers, steppers_of
from knowledge.reply.local.tracing import Tracer
from knowledge.reply.prompt import PromptBuilder, Style
from knowledge.reply.reply_policy import PlainPolicy, ReplyPolicy
from knowledge.reply.small_model.policy import SmallModelPolicy
from knowledge.reply.text_stream import TextStream
from knowledge.reply.token_picker import TokenPicker, forms_of

_ROWS = 2  # memories masked in one pass of `effects`: bounds its memory, and how long a reply waits for it


class LocalDecoder:
    """A chat model of transformers, from a folder or by its hub name.

    ``device``: "auto" or torch's name. ``dtype``: "auto" is bfloat16 (on CPU over twice as fast as float32).
    ``window``: tokens of prompt and reply, at most what the model was made for. ``reads_tokens``: tokens of the
    memories in a prompt. ``cache_mib``: MiB of keys and values kept between turns; 0 keeps none. ``path``: how memories
    reach the model, "hybrid", "blocks" or "prompt"; models whose keys cannot be moved exactly take "prompt".
    ``blocks``: the cache of memories' blocks. ``steppers``: how tokens are stepped; None for the fastest exact way.
    ``adapter``: a file of knowledge/reply/local/adapter.py, merged into the weights. ``style``: the prompt's words;
    ``way``: how its blocks are weighed, where it was measured for this decoder.

    Replies run side by side (knowledge/reply/local/scheduler.py), up to ``MOST_ROWS``; others wait (and can be stopped
    while they wait).

    Raises: ModelUnavailable (no such folder, not in the hub's cache and no network), ModelError (damaged, not a chat
    model, does not fit into memory).
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "cpu",
        dtype: str = "bfloat16",
        window: int = 2048,
        reads_tokens: int = 600,
        cache_mib: int = 256,
        path: str = "blocks",
        blocks: BlockCache | None = None,
        steppers: Steppers | None = None,
        adapter: Path | None = None,
        style: Style | None = None,
        way: Conditioning | None = None,
    ) -> None:
        self.model = ChatModel(model, device=device, dtype=dtype, window=window)
        self.adapter: AdapterAbout | None = None
        if adapter is not None:
            self.adapter = merge(self.model.network, adapter)
        self.name, self.window = self.model.name, self.model.window
        self._reads_tokens = reads_tokens
        self._own_way = way
        self.set_style(style or Style())
        self.set_way(self.way_of(path))
        self._cache = PrefixCache(cache_mib << 20, size=bytes_of, croppable=croppable)
        parts = [str(Path(model).resolve()), str(self.model.network.dtype), str(self.model.network.config)]
        weights = "\n".join([*parts, "" if adapter is None else sha256_of(adapter)])
        self._maker = BlockMaker(self.model, blocks or BlockCache(256 << 20), weights)
        self._scheduler = Scheduler(MOST_ROWS)
        self._policy: ReplyPolicy = PlainPolicy() if adapter is None else SmallModelPolicy(self.model)
        self._steppers = steppers or steppers_of(self.model)
        self._first_person = dict.fromkeys(forms_of(FIRST_PERSON, self.model.tokens), LESS_LIKELY)
        # Warm-up, and the beginning of every new dialogue: no reply waits for either.
        self._maker.begin(beginning("", self.model, self._builder))

    # ---- what a decoder offers -------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """How memories reach it now: "blocks", "hybrid" or "prompt"."""
        return self._way.path if self.model.rotation is not None else "prompt"

    @property
    def checks(self) -> bool:
        """Can its replies be checked against what was read? A policy that decides on replies itself checks its own."""
        return isinstance(self._policy, PlainPolicy) and self.model.rotation is not None

    def set_style(self, style: Style) -> None:
        """Change the prompt's words for the replies that start from now on."""
        self._builder = PromptBuilder(
            self.model.count, window=self.model.window, reads_tokens=self._reads_tokens, style=style
        )

    def set_way(self, way: Conditioning) -> None:
        """Change how memories reach the model, for the replies that start from now on."""
        self._way = way

    def way_of(self, path: str) -> Conditioning:
        """A way by its name, weighed as this decoder was trained to be."""
        if self.adapter is None:
            own = self._own_way
            if own is None:
                return WAYS[path]
            return replace(
                WAYS[path], strength=own.strength, sharpness=own.sharpness, in_order=own.in_order, relative=own.relative
            )
        about = self.adapter
        return replace(WAYS[path], strength=about.strength, sharpness=about.sharpness, in_order=about.in_order)

    def in_window(self, dialogue: Sequence[Turn], system: str = "") -> int:
        """Index of the first turn that is still in the prompt."""
        return self._builder.in_window(dialogue, system)

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        """ReplyWaiting… where it has to wait, TextDelta…, then ReplyDone. No token is computed after the iterator is
        closed.

        Raises: ModelError.
        """
        started = time.perf_counter()
        with self._scheduler.seat() as seat, self._errors():
            yield from map(ReplyWaiting, self._scheduler.wait_for(seat, stop))
            if seat.taken:
                yield from self._reply(request, stop, started)
            else:
                yield ReplyDone("", "stopped", Usage(seconds=time.perf_counter() - started))

    def effects(self, request: ReplyRequest, text: str, stop: threading.Event | None = None) -> dict[str, float] | None:
        """By the memory's id the log-probability of the reply ``text`` (nats, of all its tokens) less that without it.

        None when stopped. Raises: BadInput (this model's attention takes no mask by memory), ModelError.
        """
        if self.model.rotation is None:
            raise BadInput(f"What a memory did cannot be measured with {self.name}: its attention takes no bias.")
        with self._scheduler.alone(), self._prepared(request) as (prompt, layout):
            spans, tokens = layout.spans(), self.model.tokens(text)
            rows: list[list[tuple[int, int]]] = [[], *([(start, end)] for _, start, end in spans)]
            found: list[float] = []
            for at in range(0, len(rows) if spans else 0, _ROWS):
                if stop is not None and stop.is_set():
                    return None
                some = rows[at : at + _ROWS]
                found += prompt.log_probabilities([tokens] * len(some), some).sum(1).tolist()
            return {read.memory.id: found[0] - value for (read, _, _), value in zip(spans, found[1:], strict=False)}

    def score(self, request: ReplyRequest, text: str) -> Tensor:
        """(tokens,) log-probability in nats of each token of the reply ``text``, as it is conditioned when replying."""
        with self._scheduler.alone(), self._prepared(request) as (prompt, _):
            return prompt.log_probabilities([self.model.tokens(text)], [[]])[0]

    def prepare(self, request: ReplyRequest, stop: threading.Event) -> bool:
        """Compute what the reply to the next message of this dialogue begins with, and the request's examples; False
        when stopped (what is there is kept). Raises ModelError."""
        if not self.checks:
            return True
        with self._scheduler.alone(), self._errors():
            coming = Turn("", "user", MARK, request.dialogue[-1].created if request.dialogue else 0.0)
            examples = replace(request, dialogue=[coming], reads=())
            if request.examples and not self._maker.open_ahead(self.layout(examples), stop):
                return False
            if not request.dialogue:
                return True
            messages = self._builder.build(replace(request, dialogue=[*request.dialogue, coming], reads=())).messages
            ids = self.model.tokens(self.model.render(messages).rpartition(MARK)[0])
            entry = self._cache.take(request.key, [*ids, -1]) or self._maker.begun([*ids, -1])
            try:
                advance(at_once(self.model), entry, ids[len(entry.ids) :], stop, step=AHEAD)
            finally:
                self._cache.put(request.key, entry)
            return len(entry.ids) == len(ids)

    def fill(self, owner: str, memories: Sequence[Memory], system: str = "") -> int:
        """Make the blocks of these memories that are not there yet; gives way to a reply. → how many were made."""
        if self.path == "prompt":
            return 0
        made = 0
        for memory in memories:
            # The same layout as of a reply, with this memory as one more than those that stand in the text.
            filler = [Read(memory, score=1.0, weight=1.0)] * (self._way.in_sequence + 1)
            question = Turn("", "user", "?", memory.created)
            request = ReplyRequest([question], filler, owner=owner, system=system)
            with self._scheduler.alone(), self._errors():
                layout = self.layout(request)
                for place in layout.blocks[:1]:
                    if not self._maker.cache.holds(owner, memory.id, self._maker.fingerprint(layout, place)):
                        self._maker.make(owner, layout, place)
                        made += 1
            if self._scheduler.wanted:
                break
        return made

    def forget(self, owner: str, memories: Iterable[str] | None = None) -> None:
        """Drop the blocks of these memories, or all of the owner's."""
        self._maker.cache.forget(owner, memories)

    def cache_state(self) -> CacheState:
        """Sizes and hits of the cache of blocks."""
        return self._maker.cache.state()

    @property
    def stepped(self) -> float:
        """When it last computed tokens, of a prompt or of a reply; seconds of the monotonic clock."""
        return self.model.stepped

    @property
    def prefix_bytes(self) -> int:
        """Bytes of the keys and values that are kept of running dialogues."""
        return self._cache.bytes()

    def close(self) -> None:
        """Keep the blocks on disk for the next start."""
        self._maker.cache.spill()

    # ---- one reply ---------------------------------------------------------------------------------------

    def _reply(self, request: ReplyRequest, stop: threading.Event, started: float) -> Iterator[DecoderEvent]:
        request = self._policy.seen(request)
        layout = self.layout(request)
        pick, stream, tracer = self._fresh(request, layout)
        guard = self._policy.guard(request)
        text, token, made, first_token, shown = "", 0, 0, 0.0, 0
        likelihood: list[float] = []
        finish: FinishReason = "stopped"
        room = min(request.sampling.max_tokens, self.window - layout.length)
        prompt = Prepared(self._maker, self._cache, self._scheduler, request, layout)
        stepper: Stepper | None = None
        try:
            logits = prompt.compute(stop)
            if logits is not None and (known := self._policy.decision(request, logits, room)):
                with self._scheduler.alone():
                    decided = known(prompt)
                if decided:
                    text, finish, made, logits = decided, "stop", len(self.model.tokens(decided)), None
                else:
                    logits = prompt.compute(stop)  # of the last token, which looking at the others took off
            mass, begun = prompt.mass, logits
            while logits is not None:
                if made >= room:
                    finish = "length"
                    break
                if made:
                    if stop.is_set():
                        break
                    stepper = stepper or prompt.stepper(self._steppers)
                    logits = stepper.step(token, prompt.position + made - 1)
                    mass = stepper.mass
                token = pick(logits, guard.refuses)
                if token in self.model.stops:
                    text += stream.finish()
                    if not shown and guard.once_more(text):
                        # Once more from the prompt's end; nothing of it was shown.
                        text, made, logits, mass, likelihood = "", 0, begun, prompt.mass, []
                        pick, stream, tracer = self._fresh(request, layout)
                        if stepper is not None:
                            stepper.rewind()
                        continue
                    finish = "stop"
                    break
                made += 1
                if self.checks:
                    likelihood.append(float(logits.float().log_softmax(-1)[token]))
                text += stream.push(token)
                tracer.token(len(text), mass)
                if len(text) > shown and (shown or not guard.holds_back(text)):
                    first_token = first_token or time.perf_counter() - started
                    yield TextDelta(text[shown:])
                    shown = len(text)
        finally:
            prompt.keep()
        text += stream.finish()
        if len(text) > shown:
            first_token = first_token or time.perf_counter() - started
            yield TextDelta(text[shown:])
        usage = Usage(layout.length, prompt.reused, made, first_token, time.perf_counter() - started)
        yield ReplyDone(text, finish, usage, tracer.trace(self.path), tuple(likelihood))

    def _fresh(self, request: ReplyRequest, layout: Layout) -> tuple[TokenPicker, TextStream, Tracer]:
        """What goes along with the tokens of one reply."""
        pick = TokenPicker(request.sampling, self.model.device, self._first_person if request.second_person else None)
        return pick, TextStream(self.model.text), Tracer(layout.spans())

    @contextlib.contextmanager
    def _prepared(self, request: ReplyRequest) -> Iterator[tuple[Prepared, Layout]]:
        """The prompt of a request, for looking at a reply that is there already; what is kept of its dialogue stays."""
        with self._errors():
            request = self._policy.seen(request)
            layout = self.layout(request)
            if kept := self._cache.remove(request.key):
                self._cache.put(request.key, Entry(list(kept.ids), copied(self.model, kept.values)))
            prompt = Prepared(self._maker, self._cache, self._scheduler, request, layout)
            try:
                yield prompt, layout
            finally:
                prompt.leave()
                if kept:
                    self._cache.put(request.key, kept)
                else:
                    prompt.keep()

    def layout(self, request: ReplyRequest) -> Layout:
        """Where the tokens of a request stand."""
        return lay_out(request, self.model, self._builder, self._way)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, torch.OutOfMemoryError) as exc:
            raise ModelError(f"The model {self.name} failed ({exc}); try a smaller window or --dtype float32.") from exc
