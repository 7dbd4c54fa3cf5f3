"""What follows from several memories together: the question, and what the inference network says to it.

"Mary took the milk", "Mary went to the garden"; "Where is the milk?" No memory says it, and a decoder of this size does
not work it out from memories that all stand before it (53 % wrong on bAbI with every fact read, LOG.md). A network that
was trained for just that reads the sentences in the order in which they were said, and the memory that it leaned on
most is handed to the decoder together with what follows from it, as one line.

It speaks only where question and sentences are of the language it was trained on (knowledge/inference_language.py),
what the question names was told of, nothing newer is told of it in other words, and it is sure; everywhere else the
read is left as it is.

Knows: memories and their order, the network and its language. Does not know: the store, the decoder, other reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from knowledge.abstention import asks
from knowledge.inference_language import Language, Translation, Words, words_of
from knowledge.inference_network import WORDS, InferenceNetwork, Vocabulary, restore
from knowledge.records import Memory, Read, ReadResult
from knowledge.words import STOP_WORDS

WEIGHTS = Path(__file__).parent / "weights" / "inference.safetensors"
FACTS = 40  # sentences that it looks at, the last ones: it was trained on no more
SURE = 0.9  # probability of the answer from which it is given
LEADS = 0.98  # weight of the memory that the answer is handed over with
LEAST = 0.02  # share of its attention from which a memory counts as read

_SPELLED = {"n": "north", "e": "east", "s": "south", "w": "west"}  # the network's words for the points of the compass
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")


@dataclass(frozen=True, slots=True)
class Look:
    """``share`` of the attention, all add up to 1; ``hop``: the one that looked at this memory most, from 0;
    ``because``: what the hop before looked at most, where that is another."""

    memory: str
    share: float
    hop: int
    because: str = ""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """``answer``: words; ``probability`` of them, 0…1; ``looks``: at which memories, in order of share."""

    answer: tuple[str, ...]
    probability: float
    looks: tuple[Look, ...]


class Inference:
    """``network`` with its ``vocabulary`` and the ``language`` of its training, asked about memories."""

    def __init__(self, network: InferenceNetwork, vocabulary: Vocabulary, language: Language) -> None:
        self._network, self._vocabulary, self._language = network.eval(), vocabulary, language

    def conclude(self, question: str, memories: Sequence[Memory]) -> Conclusion | None:
        """What follows from ``memories`` (in any order); None where the network has nothing to say."""
        if self._language.strange(question) is None:  # most questions: their memories are not worth a look
            return None
        ordered = sorted(memories, key=lambda memory: (memory.created, memory.container, memory.position))
        sentences = [
            (memory.id, sentence)
            for memory in ordered if memory.role != "assistant" for sentence in _SENTENCE.findall(memory.text)
        ]  # fmt: skip
        story = Translation(self._language, question, [sentence for _, sentence in sentences])
        if story.question is None:
            return None
        known = [place for place, words in enumerate(story.facts) if words][-FACTS:]
        facts = [story.facts[place] or () for place in known]
        had = {word for words in facts for word in words}
        wanted = self._language.told & set(story.question)
        if not facts or not wanted <= had or not had & set(story.question) - STOP_WORDS:
            return None
        answer, probability, each = self._asked(story.question, facts)
        used = (each.sum(0) >= LEAST * each.sum().clamp(min=1e-6)).nonzero()[:, 0].tolist()
        if not answer or not used or not self._language.told & set(answer) <= had:
            return None
        of_these = {word for at in used for word in self._language.told & set(facts[at])} | wanted
        names = {story.back(word).lower() for word in of_these}
        since = range(known[used[-1]] + 1, len(sentences))
        if any(story.facts[place] is None and _tells(sentences[place][1], names) for place in since):
            return None  # something newer, in other words
        looks = _looks([sentences[place][0] for place in known], each)
        return Conclusion(tuple(map(story.back, answer)), probability, looks)

    @torch.inference_mode()
    def _asked(self, question: Words, facts: Sequence[Words]) -> tuple[Words, float, Tensor]:
        """Answer, its probability, and (hops, facts): how much of its attention each hop gave to each fact."""
        rows = torch.zeros(1, len(facts) + 1, WORDS, dtype=torch.long)
        for place, words in enumerate([*facts, question]):
            rows[0, place, : len(words)] = torch.tensor(self._vocabulary.numbers(words[:WORDS]))
        logits, hops = self._network(rows, torch.tensor([len(facts)]))
        probabilities, numbers = logits[0].softmax(-1).max(-1)  # (answer slots,)
        # Half of the heads were trained to look at the evidence; the others are free.
        looked = torch.stack([hop.log_slots[0, : hop.log_slots.shape[1] // 2] for hop in hops]).exp().mean(1)
        answer = tuple(self._vocabulary.words[number] for number in numbers.tolist() if number > 1)
        return answer, float(probabilities.prod()), looked[:, : len(facts)]

    def joined(self, result: ReadResult, memories: Sequence[Memory], *, limit: int) -> ReadResult:
        """``result``, or what the network read among ``memories`` in its place."""
        found = self.conclude(result.query, memories)
        if found is None or found.probability < SURE or limit < 1:
            return result
        there = {memory.id: memory for memory in memories}
        before = {read.memory.id: read for read in result.reads}
        kept = [look for look in found.looks if look.share >= LEAST][:limit]
        rest = sum(look.share for look in kept[1:])
        reads = []
        for place, look in enumerate(kept):
            weight = (LEADS if rest else 1.0) if place == 0 else (1 - LEADS) * look.share / rest
            read = before.get(look.memory, Read(there[look.memory], score=found.probability, weight=0.0))
            told = "" if place else f"{result.query.strip().rstrip('?.!')}? {said(found.answer)}."
            reads.append(replace(read, weight=weight * found.probability, hop=look.hop, because=look.because,
                                 inferred=told))  # fmt: skip
        chosen = {look.memory for look in kept}
        pinned = [read for read in result.reads if read.memory.pinned and read.memory.id not in chosen]
        return replace(result, reads=(*reads, *pinned), null_weight=1.0 - found.probability).normalised()


def _looks(ids: Sequence[str], each: Tensor) -> tuple[Look, ...]:
    """``ids``: the memory of each fact. ``each``: (hops, facts)."""
    shares: dict[str, Tensor] = {}
    for place, id in enumerate(ids):
        shares[id] = shares.get(id, torch.zeros(len(each))) + each[:, place]
    names, by_hop = list(shares), torch.stack(list(shares.values()), 1)  # (hops, memories)
    leads = ["", *(names[place] for place in by_hop.argmax(1).tolist())]  # of the hop before
    of_all, hops = (by_hop.sum(0) / by_hop.sum()).tolist(), by_hop.argmax(0).tolist()
    looks = [
        Look(id, share, hop, leads[hop] if leads[hop] != id else "")
        for id, share, hop in zip(names, of_all, hops, strict=True)
    ]
    return tuple(sorted(looks, key=lambda look: -look.share))


def _tells(sentence: str, names: set[str]) -> bool:
    """Does this sentence tell something of one of these?"""
    return not asks(sentence) and not names.isdisjoint(word.lower() for word in words_of(sentence))


def said(answer: Sequence[str]) -> str:
    """An answer as people say it: "kitchen"; "the apple and the milk"; "south and west" for s and w."""
    words = [_SPELLED.get(word) or (f"the {word}" if len(answer) > 1 else word) for word in answer]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def make_inference(path: Path = WEIGHTS) -> tuple[Inference | None, str]:
    """The network that ships; None where its weights cannot be used, and then a sentence that says why."""
    try:
        network, vocabulary, about = restore(path)
        language = Language.from_json(about["language"])
    except (OSError, ValueError) as exc:
        return None, f"What follows from several memories together is not worked out ({exc})."
    except (KeyError, TypeError):
        return None, f"What follows from several memories together is not worked out: {path.name} says no language."
    return Inference(network, vocabulary, language), ""
