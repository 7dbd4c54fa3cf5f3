"""Output (O), learned: the read network over a shortlist, behind the same ``Reader`` as the fixed mix.

Knows: how candidates become the network's tensors, and what of its weights is worth reading. Does not know: the store,
the encoder, how the weights were trained.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Sequence

import numpy as np
import torch

from knowledge.read.evidence import Focus, evidence, neighbours
from knowledge.read.fixed_reader import FixedReader
from knowledge.read.hearsay import answering
from knowledge.read.later_word import with_later, with_replies
from knowledge.read.read_adapter import AdapterBatch, ReadAdapter, sources_of
from knowledge.read.read_network import ReadBatch, ReadNetwork
from knowledge.records import Candidate, Memory, Read, ReadResult
from knowledge.text.words import UNREADABLE, cjk_share

TIE = 0.5  # nats within which a pinned memory comes first; order alone weighs 0.4 between two of the same words
DECLINE = 0.6  # weight of the null slot from which nothing is read (0.5 to 0.7 in LOG.md)
LIKELY = 0.5  # probability from which a message is taken to ask for something
FAINT = 1e-4  # weight below which no decoder hears a memory: its bias is cut there (knowledge/reply/local/layout.py)
NEGLIGIBLE = 0.05  # of the strongest read's weight: what weighs less does nothing that can be measured (LOG.md)
_NAMES = re.compile(r"(?<!^)\b[A-Z]\w+")


class AttentionReader:
    """The learned read. ``multilingual``: may the encoder's cosines be trusted with Chinese, Japanese and Korean? A
    question in these is left to the hand-set mix where they may not: the network was trained on languages that the
    encoder knows, and finds less by words alone (LOG.md, 2026-11-28).

    ``decline``: weight of the null slot from which nothing is read, above 1 never; below it the decoder may still say
    that it does not know (0.5 to 0.7 in LOG.md, 2026-11-25). Asking of the person's own life, of
    the chat or of a document lessens it by its probability. ``negligible``: share of the strongest read's weight below
    which a memory is not read. ``adapter``: what one owner's feedback changed; without one the shipped weights read.
    ``shift``: what the encoder's cosines of unlike texts lie above the default one's.
    """

    learned = True
    later = True  # is what belongs to what was read (said later of the same thing, replied to it) read too?

    def __init__(
        self,
        network: ReadNetwork,
        *,
        multilingual: bool = False,
        decline: float = DECLINE,
        negligible: float = NEGLIGIBLE,
        adapter: ReadAdapter | None = None,
        shift: float = 0.0,
    ) -> None:
        self.network = network.eval()
        self.adapter = adapter
        self.multilingual, self.decline, self.negligible = multilingual, decline, negligible
        self.shift = shift
        self._by_words = FixedReader()

    def read(self, focus: Focus, candidates: Sequence[Candidate], *, limit: int) -> ReadResult:
        """At most ``limit`` reads in order of weight; none when the null slot wins clearly. Pinned ones win ties."""
        if not candidates:
            return ReadResult(query=focus.text)
        if not self.multilingual and cjk_share(focus.text) > UNREADABLE:
            return self._by_words.read(focus, candidates, limit=limit)
        log_alpha, log_hops = self.weights(focus, candidates)
        acts = focus.acts
        log_alpha = answering(log_alpha, candidates, acts)
        null = float(log_alpha[-1])
        logits = [float(value) for value in log_alpha[:-1]]
        names = _NAMES.findall(focus.text)
        heard = any(_speaks_of(names, one.memory) for one in candidates)
        # What only memory can know is looked for there however little seems to answer: the weights say so.
        elsewhere = (1 - acts.asks_own * (1 - acts.asks_world)) * (1 - acts.asks_chat) * (1 - acts.asks_document)
        declined = math.exp(null) * elsewhere >= self.decline
        ranked = [] if declined else list(zip(logits, candidates, range(len(candidates)), strict=True))
        ranked.sort(key=lambda one: -one[0] - TIE * one[1].memory.pinned)
        ranked = ranked[: max(0, limit)]
        best = math.exp(max((logit for logit, _, _ in ranked), default=0.0))
        least = max(FAINT if self.negligible else 0.0, self.negligible * best)
        kept = [one for one in ranked if math.exp(one[0]) >= least]
        later: dict[str, str] = {}
        if self.later and acts.asks_own > LIKELY > acts.asks_before:  # only what holds now may have changed since
            kept, later = with_later(kept, candidates, self.shift)
            kept = kept[: max(0, limit)]
        if self.later and acts.asks_chat > LIKELY:
            kept = with_replies(kept, candidates)[: max(0, limit)]
        lead = candidates[int(log_hops[0, :-1].argmax())].memory.id  # what the first hop read most
        total = math.exp(null) + sum(math.exp(logit) for logit, _, _ in kept)
        reads = tuple(
            Read(
                memory=c.memory,
                score=1 / (1 + math.exp(min(null - logit, 50))),
                weight=math.exp(logit) / total,
                cosine=c.cosine,
                bm25=c.bm25,
                window=c.window,
                hop=(hop := int(log_hops[:, place].argmax())),
                because=lead if hop and lead != c.memory.id else "",
                part=c.part,
            )
            for logit, c, place in kept
        )
        return ReadResult(
            query=focus.text,
            reads=reads,
            null_weight=math.exp(null) / total,
            shortlisted=len(candidates),
            heard=heard,
            later=later,
        )

    def adapted(self, adapter: ReadAdapter) -> AttentionReader:
        """The same read with one owner's adapter."""
        return AttentionReader(
            self.network,
            multilingual=self.multilingual,
            decline=self.decline,
            negligible=self.negligible,
            adapter=adapter,
            shift=self.shift,
        )

    def ungated(self) -> AttentionReader:
        """The same read, whose null slot declines nothing, and which keeps what weighs little and adds nothing."""
        one = copy.copy(self)
        one.decline, one.negligible, one.later = 2.0, 0.0, False
        one._by_words = self._by_words.ungated()
        return one

    @torch.inference_mode()
    def weights(self, focus: Focus, candidates: Sequence[Candidate]) -> tuple[np.ndarray, np.ndarray]:
        """log α (n + 1,), null slot last, and each hop's share of it (hops, n + 1)."""
        blank = np.zeros_like(focus.vector)
        rows = np.stack([blank if c.key is None else c.key for c in candidates]).astype(np.float32)
        features = evidence(focus, candidates, multilingual=self.multilingual)
        batch = ReadBatch(
            torch.from_numpy(focus.vector.astype(np.float32))[None],
            torch.from_numpy(focus.dialogue.astype(np.float32))[None],
            torch.tensor([len(focus.dialogue)]),
            torch.from_numpy(rows)[None],
            torch.from_numpy(features)[None],
            torch.ones(1, len(candidates), dtype=torch.bool),
            torch.from_numpy(neighbours(candidates, 1))[None],
        )
        read = self.network(batch)
        if self.adapter is not None:
            sources = sources_of([c.memory for c in candidates], self.adapter.size.sources)
            read = self.adapter(
                AdapterBatch(batch.vector, batch.keys, batch.evidence, sources[None], batch.mask, read.log_hops)
            )
        return read.log_alpha[0].numpy(), read.log_hops[0].numpy()


def _speaks_of(names: Sequence[str], memory: Memory) -> bool:
    """Does the memory speak of somebody or something that the question names?"""
    told = f"{memory.speaker} {memory.text}"
    return any(name in told for name in names)
