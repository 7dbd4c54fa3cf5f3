"""What a person's feedback is worth: simulated owners with hidden preferences, recall and reward before and after.

    python -m tests.benchmarks.feedback [--data PATH/chitchat.tar.xz] [--owners notes,latest,…]

A memory of dialogues (an archive of the licensed sets, or the generator's) in which what answers a question also
stands in other places: said again later, retold by a friend, repeated by the assistant, in a note, in a journal, each
twice and in other words around it. Each simulated owner means only one of these: their notes, say. Nobody tells the
learner: it gets a like or a dislike of a reply. A simulated reply draws on one of the memories read, with the
probability of its weight α, and the decoder's attention in the log says so, as far as attention does (six tenths); the
owner likes it when that memory is of the kind they mean and answers the question.

The read, the shortlist, what is learned and how are the product's own. After 50 likes and dislikes the read learns,
serves, and is disliked and liked 150 times more. Recall@5 is the share of the meant memories among the first five read;
reward is the mean of +1 and −1 over where the weight lies; "answers@5", the share of the first five that answer in any
of the places, says whether the read still finds what is asked. All on 100 questions that no feedback was about.
"other_owner_unchanged": is every number of another owner's reads the same, to the bit, before and after? The last line
of the output is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from knowledge.feedback.learning import Feedback, FeedbackPlan, FeedbackTraining, PastWeight, cloze_of, examples_of
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.owner_readers import OwnerReaders
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import make_reader
from knowledge.records import Memory, ReadResult
from knowledge.training.generated import generator
from knowledge.training.licensed import sets
from knowledge.training.read_data import memories_of, scratch_store
from knowledge.training.scenes import Scene

PERSON, NEIGHBOUR = "person", "neighbour"
STEPS = (50, 200)
HELD_BACK = 100
SPARE = 60  # questions for replies that draw on no memory
READS = 8  # as the app's --reads
DAY = 86400.0
# Kind of place → (role, kind of memory, speaker, title, wordings around what was said)
PLACES: dict[str, tuple[str, str, str, str, tuple[str, str]]] = {
    "latest": ("user", "turn", "", "", ("As I said before: {}", "{} That is still so.")),
    "friend": ("user", "turn", "Noor", "", ("I heard this from you: {}", "{} At least that is what you told me.")),
    "assistant": ("assistant", "turn", "", "", ("You told me: {}", "{} You mentioned it earlier.")),
    "notes": ("user", "note", "", "", ("Note: {}", "{} (to keep in mind)")),
    "documents": ("", "passage", "", "journal.md", ("Entry. {}", "{} Written down the same evening.")),
}


@dataclass(frozen=True)
class Question:
    id: str
    text: str
    asked: float
    places: dict[str, frozenset[str]]  # kind of place → ids of the memories there that answer

    @property
    def every(self) -> frozenset[str]:
        return frozenset[str]().union(*self.places.values())


# ---- the memory -----------------------------------------------------------------------------------------------


def scenes_of(data: Path | None, seed: int) -> Iterator[Scene]:
    if data is None:
        return generator.generate(seed, 40)
    name = data.name.removesuffix(".tar.xz")
    if name not in sets.ALL or not data.is_file():
        raise SystemExit(f"--data {data}: it takes one of the archives {', '.join(f'{n}.tar.xz' for n in sets.ALL)}")
    return sets.scenes(data.parent, seed, [name])


def build(scenes: Iterator[Scene], questions: int, rng: random.Random) -> tuple[list[Memory], list[Question]]:
    """Scenes joined until there are enough questions; what answers each stands in every kind of place."""
    memories: list[Memory] = []
    asked: list[Question] = []
    for number, scene in enumerate(scenes):
        own = [
            replace(m, id=f"{number}.{m.id}", container=f"{number}.{m.container}" if m.container else "")
            for m in memories_of(scene)
        ]
        last = max(memory.created for memory in own)
        kept: set[str] = set()  # conversations that somebody asks about
        for at, query in enumerate(scene.queries):
            if query.dialogue or len(query.evidence) != 1 or len(asked) >= questions:
                continue
            told = own[next(iter(query.evidence))]
            if told.kind != "turn" or len(told.text.split()) < 5:
                continue
            kept.add(told.container)
            id = f"{number}-{at}"
            places: dict[str, frozenset[str]] = {}
            for place in PLACES:
                made = list(_retold(told, place, id, last, rng))
                memories += made
                places[place] = frozenset(memory.id for memory in made)
            asked.append(Question(id, query.text, 0.0, places))
        memories += [memory for memory in own if memory.container in kept]
        if len(asked) >= questions:
            break
    rng.shuffle(asked)
    now = max(memory.created for memory in memories) + DAY
    return memories, [replace(question, asked=now) for question in asked]


def _retold(told: Memory, place: str, id: str, last: float, rng: random.Random) -> Iterator[Memory]:
    """The same said in two places of one kind."""
    role, kind, speaker, title, around = PLACES[place]
    for number, words in enumerate(around):
        when = last + DAY * rng.uniform(20, 39) if place == "latest" else told.created + DAY * rng.uniform(0.1, 9)
        container = "" if kind == "note" else "journal" if kind == "passage" else f"{place} {id} {number}"
        yield Memory(
            id=f"{place} {id} {number}",
            text=words.format(told.text),
            kind=kind,
            created=when,  # type: ignore[arg-type]
            role=role,
            speaker=told.speaker if place == "latest" else speaker,
            container=container,  # type: ignore[arg-type]
            position=rng.randrange(10**6) if kind == "passage" else 0,
            title=title,
        )


# ---- a simulated owner ----------------------------------------------------------------------------------------


class Owner:
    """Means one kind of place, and says so in likes and dislikes only."""

    def __init__(self, means: str, store: ExternalMemory, encoder: Encoder, seed: int) -> None:
        self.means, self.store, self.encoder = means, store, encoder
        self.rng = random.Random(f"{seed}:{means}")

    def read(self, reader: AttentionReader, question: Question, limit: int = READS) -> ReadResult:
        vector = self.encoder.encode_queries([question.text])[0]
        return read_memory(
            reader, self.store, self.encoder, PERSON, question.text, vector, [], asked=question.asked, limit=limit
        )

    def feedback(self, reader: AttentionReader, question: Question) -> Feedback | None:
        """Asks, gets a reply and likes it or not; None where nothing was read and so nothing replied from memory."""
        reads = self.read(reader, question).reads
        if not reads:
            return None
        total = sum(read.weight for read in reads)
        drawn = self.rng.choices(reads, [read.weight for read in reads])[0].memory.id
        kept = {
            read.memory.id: PastWeight(
                read.weight,
                0.6 * (read.memory.id == drawn) + 0.4 * read.weight / total,
                read.cosine,
                read.bm25,
                read.window,
            )
            for read in reads
        }
        kind: Any = "like" if drawn in question.places[self.means] else "dislike"
        return Feedback(question.id, kind, question.text, (), question.asked, reads=kept)

    def measure(self, reader: AttentionReader, questions: Sequence[Question]) -> dict[str, float]:
        recalls, rewards, answers = [], [], []
        for question in questions:
            meant, reads = question.places[self.means], self.read(reader, question).reads
            recalls.append(len(meant & {read.memory.id for read in reads[:5]}) / len(meant))
            total = sum(read.weight for read in reads)
            if total:
                five = [read.memory.id for read in reads[:5]]
                answers.append(len(question.every & set(five)) / len(five))
                rewards.append(sum(r.weight * (1 if r.memory.id in meant else -1) for r in reads) / total)
        found = {"recall@5": recalls, "reward": rewards, "answers@5": answers}
        return {name: round(statistics.mean(values), 4) for name, values in found.items()}


def simulate(
    owner: Owner, readers: OwnerReaders, questions: Sequence[Question], plan: FeedbackPlan
) -> dict[str, dict[str, Any]]:
    """Recall and reward before, and after each of ``STEPS``."""
    held, rest = questions[:HELD_BACK], iter(questions[HELD_BACK:])
    found: dict[str, dict[str, Any]] = {"0": owner.measure(readers.of(owner.means), held)}
    told: list[Feedback] = []
    buckets = readers.size.sources
    arguments = (owner.store, owner.encoder, PERSON, readers.shipped)
    cloze = cloze_of(*arguments, sources=buckets, most=plan.cloze_turns, seed=plan.seed)
    for step in STEPS:
        while len(told) < step:
            question = next(rest, None)
            if question is None:
                raise SystemExit(f"Only {len(told)} of {step} feedbacks: the data has too few questions.")
            if (feedback := owner.feedback(readers.of(owner.means), question)) is not None:
                told.append(feedback)
        training = FeedbackTraining(examples_of(*arguments, told, sources=buckets), cloze, readers.size, plan)
        adapter = training.go()
        report = training.report()
        if report["better"]:
            readers.offer(owner.means, adapter, report)
            readers.keep(owner.means)
        found[str(step)] = {
            **owner.measure(readers.of(owner.means), held),
            "likes": report["kinds"].get("like", 0),
            "kept": report["better"],
            "score": [report["before"]["score"], report["after"]["score"]],
            "dialogues": [report["before"].get("dialogues"), report["after"].get("dialogues")],
        }
    return found


def bits(owner: Owner, reader: AttentionReader, questions: Sequence[Question]) -> list[Any]:
    """Every number of the reads of these questions, exactly."""
    results = [owner.read(reader, question) for question in questions]
    return [
        (one.null_weight.hex(), [(read.memory.id, read.weight.hex(), read.score.hex()) for read in one.reads])
        for one in results
    ]


def measure(
    memories: Sequence[Memory],
    questions: Sequence[Question],
    encoder: Encoder,
    shipped: AttentionReader,
    owners: Sequence[str],
    plan: FeedbackPlan,
    say: Callable[[str], None],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with scratch_store(encoder) as store, tempfile.TemporaryDirectory() as folder:
        store.add(PERSON, memories, keys_of(encoder, memories))
        readers = OwnerReaders(Path(folder), shipped, encoder.name)
        other = Owner("notes", store, encoder, plan.seed)
        before = bits(other, readers.of(NEIGHBOUR), questions[:HELD_BACK])
        for means in owners:
            found[means] = simulate(Owner(means, store, encoder, plan.seed), readers, questions, plan)
            say(f"{means}: {json.dumps(found[means])}")
        again = OwnerReaders(Path(folder), shipped, encoder.name)  # as after another start
        unchanged = (
            before
            == bits(other, readers.of(NEIGHBOUR), questions[:HELD_BACK])
            == bits(other, again.of(NEIGHBOUR), questions[:HELD_BACK])
        )

    def mean(step: int, name: str) -> float:
        return round(statistics.mean(one[str(step)][name] for one in found.values()), 4)

    steps = (0, *STEPS)
    return {
        "recall@5": {str(step): mean(step, "recall@5") for step in steps},
        "reward": {str(step): mean(step, "reward") for step in steps},
        "answers@5": {str(step): mean(step, "answers@5") for step in steps},
        "gain_points": {str(step): round(100 * (mean(step, "recall@5") - mean(0, "recall@5")), 1) for step in STEPS},
        "least_gain_points": round(
            100 * min(one[str(STEPS[-1])]["recall@5"] - one["0"]["recall@5"] for one in found.values()), 1
        ),
        "other_owner_unchanged": unchanged,
        "memories": len(memories),
        "held_back_questions": HELD_BACK,
        "owners": found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="a chat archive of the licensed sets (default: the generator)")
    parser.add_argument(
        "--owners", default=",".join(PLACES), help="what the simulated owners mean (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    owners = options.owners.split(",")
    if unknown := set(owners) - set(PLACES):
        parser.error(f"--owners {','.join(sorted(unknown))}: choose from {', '.join(PLACES)}")
    rng = random.Random(options.seed)
    memories, questions = build(scenes_of(options.data, options.seed), HELD_BACK + STEPS[-1] + SPARE, rng)
    encoder = Encoder("default")
    shipped, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
    if not isinstance(shipped, AttentionReader):
        raise SystemExit(note)
    print(f"{len(memories)} memories, {len(questions)} questions", file=sys.stderr, flush=True)
    plan = FeedbackPlan(seed=options.seed)
    say = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731
    print(json.dumps(measure(memories, questions, encoder, shipped, owners, plan, say)))


if __name__ == "__main__":
    main()
