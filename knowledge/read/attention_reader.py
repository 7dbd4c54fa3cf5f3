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

from knowledge.read.evidence import Focus, evidence, neighbours, text_facts
from knowledge.read.later_word import with_later
from knowledge.read.possessions import of_the_same
from knowledge.read.read_adapter import AdapterBatch, ReadAdapter, sources_of
from knowledge.read.read_network import ReadBatch, ReadNetwork
from knowledge.read.repetition import answering, first_hand
from knowledge.read.supersession import asks_for_before, superseded
from knowledge.records import Acts, Candidate, Memory, Read, Reading, ReadResult
from knowledge.text.words import plain, stem, wants_a_guess

TIE = 0.5  # nats within which a pinned memory comes first; order alone weighs 0.4 between two of the same words
DECLINE = 0.6  # weight of the null slot from which nothing is read (0.5 to 0.7 in LOG.md)
CONJECTURE = 0.85  # weight of the null slot from which nothing is read for a question that wants a guess on somebody
FAINT = 1e-4  # weight below which no decoder hears a memory: its bias is cut there (knowledge/reply/local/layout.py)
NEGLIGIBLE = 0.05  # of the strongest read's weight: what weighs less does nothing that can be measured (LOG.md)
_NAMES = re.compile(r"(?<!^)\b[A-Z]\w+")


class AttentionReader:
    """The learned read. ``multilingual``: may the encoder's cosines be trusted with Chinese, Japanese and Korean?

    ``decline``: weight of the null slot from which nothing is read, above 1 never; below it the decoder may still say
    that it does not know (0.5 to 0.7 in LOG.md, 2026-11-25). Asking of the person's own life, of
    the chat or of a document lessens it by its probability. ``negligible``: share of the strongest read's weight below
    which a memory is not read. ``adapter``: what one owner's feedback changed; without one the shipped weights read.
    ``shift``: what the encoder's cosines of unlike texts lie above the default one's.
    """

    learned = True
    later = True  # is what was said later of the same thing read too?

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

    def read(
        self,
        text: str,
        candidates: Sequence[Candidate],
        *,
        limit: int,
        focus: Focus | None = None,
        keys: dict[str, np.ndarray] | None = None,
        reading: Reading | None = None,
    ) -> ReadResult:
        """At most ``limit`` reads in order of weight; none when the null slot wins clearly. Pinned ones win ties.

        ``focus``: the query in the light of its dialogue. ``keys``: id → (dimension,) vector of every candidate's whole
        text. ``reading``: what message and memories do, as evidence; without it nothing is known of that.
        """
        if focus is None or keys is None:
            raise ValueError("The learned read needs the query's focus and the candidates' keys.")
        said = plain(text)
        useful = [c for c in candidates if text_facts(c.memory.text).plain != said]  # an echo of it is no answer
        useful = first_hand(useful)
        if not useful:
            return ReadResult(query=text, shortlisted=len(candidates))
        log_alpha, log_hops = self.weights(focus, useful, keys)
        memories = [c.memory for c in useful]
        log_alpha = superseded(
            log_alpha,
            memories,
            keys,
            text,
            context=frozenset(map(stem, focus.context)),
            around=[c.memory for c in candidates],
            shift=self.shift,
        )
        if reading is not None:
            log_alpha = answering(log_alpha, memories, reading)
        log_alpha = of_the_same(log_alpha, memories, text)
        acts = reading.message if reading else Acts()
        null = float(log_alpha[-1])
        logits = [float(value) for value in log_alpha[:-1]]
        names = _NAMES.findall(text)
        heard = any(_speaks_of(names, memory) for memory in memories)
        nearest = useful[int(log_alpha[:-1].argmax())]
        guess = wants_a_guess(text) and (acts.asks_own + acts.advice > 0.5 or _speaks_of(names, nearest.memory))
        decline = max(self.decline, CONJECTURE) if guess else self.decline
        # What only memory can know is looked for there however little seems to answer: the weights say so.
        elsewhere = (1 - acts.asks_own * (1 - acts.asks_world)) * (1 - acts.asks_chat) * (1 - acts.asks_document)
        declined = math.exp(null) * elsewhere >= decline
        ranked = [] if declined else list(zip(logits, useful, range(len(useful)), strict=True))
        ranked.sort(key=lambda one: -one[0] - TIE * one[1].memory.pinned)
        ranked = ranked[: max(0, limit)]
        best = math.exp(max((logit for logit, _, _ in ranked), default=0.0))
        least = max(FAINT if self.negligible else 0.0, self.negligible * best)
        kept = [one for one in ranked if math.exp(one[0]) >= least]
        later: dict[str, str] = {}
        if reading is not None and self.later:
            kept, later = with_later(kept, useful, keys, reading.of, self.shift)
            kept = kept[: max(0, limit)]
        lead = useful[int(log_hops[0, :-1].argmax())].memory.id  # what the first hop read most
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
            query=text,
            reads=reads,
            null_weight=math.exp(null) / total,
            shortlisted=len(candidates),
            heard=heard,
            later={} if asks_for_before(text) else later,
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
        return one

    @torch.inference_mode()
    def weights(
        self, focus: Focus, candidates: Sequence[Candidate], keys: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """log α (n + 1,), null slot last, and each hop's share of it (hops, n + 1)."""
        blank = np.zeros_like(focus.vector)
        nearest = [keys.get(c.memory.id, blank) if c.key is None else c.key for c in candidates]
        rows = np.stack(nearest).astype(np.float32)
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
    """Does the memory speak of somebody or something that the question names? Nothing answers "Would Ana like it?"
    outright, and the nearest memory is what a guess is made from; of the world memory knows nothing."""
    told = f"{memory.speaker} {memory.text}"
    return any(name in told for name in names)
