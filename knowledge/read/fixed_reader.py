"""Output (O) without weights: hand-set attention over the shortlist with a null slot.

Knows: the evidence of each candidate and a few priors about what answers a question. Does not know: the store, the
encoder, the dialogue. The learned read (attention_reader.py) takes this place where its weights are.

One softmax over the candidates and a null slot ("nothing in memory answers"), as the soft attention of end-to-end
memory networks (Sukhbaatar et al. 2015, "End-To-End Memory Networks"), with constants where those learn embeddings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.read.evidence import Focus, is_named
from knowledge.read.hearsay import hearsay, needless
from knowledge.records import Candidate, Read, ReadResult
from knowledge.text.words import cjk_share, query_terms

_WORD = re.compile(r"\w+")
_FIRST_PERSON = re.compile(r"\b(i|my|mine|we|our|ours)\b|我", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mix:
    """Constants of the fixed read, in nats of the softmax; how they were chosen stands in LOG.md."""

    cosine: float = 6.0  # for a cosine of 1 above the neutral one
    neutral: float = 0.25  # cosine that says nothing; what an encoder's blind spots are put at
    bm25: float = 6.0  # for all words of the query
    window: float = 6.0  # for all words of the query, in the turns around
    telling: float = 1.0  # for a memory of 16 or more different content words, in proportion
    question: float = -1.0  # a question seldom answers one
    assistant: float = -1.2  # what the person said counts more than what was replied
    other_speaker: float = -4.0  # the query names somebody, and somebody else spoke
    personal: float = 1.2  # the query says "my" or "I", and so does what the person once said
    tie: float = 0.5  # within which a pinned memory comes first
    null: float = 3.0
    clear: float = 0.8  # the null slot wins clearly when the best memory is this far below it: then nothing is read
    negligible: float = 0.02  # smallest weight worth reading


class FixedReader:
    """The hand-set mix. ``multilingual``: may the encoder be trusted with Chinese, Japanese and Korean?

    all-MiniLM-L6-v2 may not: most characters are one and the same [UNK] to it, and any two Chinese texts are near.
    Its cosines count in proportion to the share of other letters.
    """

    learned = False

    def __init__(self, mix: Mix | None = None, *, multilingual: bool = False) -> None:
        self.mix = mix or Mix()
        self.multilingual = multilingual

    def read(self, focus: Focus, candidates: Sequence[Candidate], *, limit: int) -> ReadResult:
        """At most ``limit`` reads in order of weight; none when the null slot wins clearly. Pinned ones win ties.

        Looks at the turn alone, whatever dialogue stands before it.
        """
        mix, text = self.mix, focus.text
        logits = self.logits(text, candidates)
        lost = hearsay(candidates, focus.acts)
        logits = [logit - loss for logit, loss in zip(logits, lost, strict=True)]
        empty = mix.null + needless(focus.acts)
        kept = list(zip(logits, candidates, strict=True)) if max(logits, default=-math.inf) >= empty - mix.clear else []
        kept.sort(key=lambda pair: -pair[0] - mix.tie * pair[1].memory.pinned)
        kept = kept[: max(0, limit)]
        top = max([empty, *(logit for logit, _ in kept)])
        null = math.exp(empty - top)
        total = null + sum(math.exp(logit - top) for logit, _ in kept)
        chosen = [(logit, c) for logit, c in kept if math.exp(logit - top) >= mix.negligible * total]
        total = null + sum(math.exp(logit - top) for logit, _ in chosen)
        reads = tuple(
            Read(
                memory=c.memory,
                score=_sigmoid(logit - empty),
                weight=math.exp(logit - top) / total,
                cosine=c.cosine,
                bm25=c.bm25,
                window=c.window,
            )
            for logit, c in chosen
        )
        return ReadResult(query=text, reads=reads, null_weight=null / total, shortlisted=len(candidates))

    def ungated(self) -> FixedReader:
        """The same mix, whose null slot declines nothing and which keeps what weighs little."""
        return FixedReader(replace(self.mix, clear=math.inf, negligible=0.0), multilingual=self.multilingual)

    def logits(self, text: str, candidates: Sequence[Candidate]) -> list[float]:
        """(candidates) → their logits; the null slot's is ``mix.null``."""
        words = set(_WORD.findall(text.lower()))
        named = {c.memory.speaker for c in candidates if is_named(c.memory.speaker, words)}
        blind = 0.0 if self.multilingual else cjk_share(text)
        personal = bool(_FIRST_PERSON.search(text))
        return [self._logit(c, named, blind, personal) for c in candidates]

    def _logit(self, candidate: Candidate, named: set[str], blind: float, personal: bool) -> float:
        mix, memory = self.mix, candidate.memory
        trust = 1.0 if self.multilingual else 1.0 - max(blind, cjk_share(memory.text))
        logit = (
            mix.cosine * trust * (candidate.cosine - mix.neutral)
            + mix.bm25 * candidate.bm25
            + mix.window * candidate.window
            + mix.telling * min(len(query_terms(memory.text)), 16) / 16
        )
        if memory.text.rstrip().endswith(("?", "？")):
            logit += mix.question
        if memory.role == "assistant":
            logit += mix.assistant
        if personal and memory.role == "user" and _FIRST_PERSON.search(memory.text):
            logit += mix.personal
        if named and memory.kind == "turn" and memory.speaker and memory.speaker not in named:
            logit += mix.other_speaker
        return logit


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x > -500 else 0.0
