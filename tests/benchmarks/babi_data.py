"""bAbI v1-2 files (Weston et al. 2015, arXiv:1502.05698): reading them out of folders or archives, and batches.

Knows the file format and how questions become arrays. Does not know: the model, the losses.

A task's files may lie in a folder or in a tar archive; names are ``qa1_…train.txt``, ``qa1_…valid.txt`` and
``qa1_…test.txt`` (both ``qa1_train.txt`` and ``qa1_single-supporting-fact_train.txt`` are understood).
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.inference_network import ANSWER_SLOTS, WORDS, Vocabulary
from knowledge.training.licensed import stories as sets_stories

TASKS = range(1, 21)
NAME = re.compile(r"qa(\d+)_(?:.*_)?(train|valid|test)\.txt$")
ARCHIVES = {"1k": "babi_en_1k.tar.gz", "10k": "babi_en_10k.tar.xz"}
FOLDERS = {"1k": ("en-valid", "en"), "10k": ("en-valid-10k", "en-10k")}


@dataclass(frozen=True)
class Question:
    """One question with the facts told before it (not with the questions before it)."""

    task: int
    facts: tuple[tuple[str, ...], ...]
    words: tuple[str, ...]
    answer: tuple[str, ...]
    support: tuple[int, ...]  # indices into facts, in the order of the inference
    story: int = 0  # number of the story in its file


def tokens(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z]+", text.lower()))


def parse(task: int, text: str) -> list[list[Question]]:
    """The questions of a file, story by story."""
    return [
        [
            Question(task, tuple(map(tokens, one.facts)), tokens(one.text), one.answer, one.support, one.story)
            for one in story
        ]
        for story in sets_stories.parse(task, text)
    ]


def _texts(where: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of every task file in a folder or archive."""
    if where.is_dir():
        for path in sorted(where.glob("qa*.txt")):
            yield path.name, path.read_text("utf-8")
        return
    with tarfile.open(where) as archive:
        for member in archive:
            stream = archive.extractfile(member) if NAME.search(member.name) else None
            if stream is not None:
                yield member.name, stream.read().decode("utf-8")


def source(data: Path, size: str) -> Path:
    """The folder or archive of one size: ``data`` itself, or what of that size lies in it."""
    if data.is_file():
        return data
    if any(data.glob("qa*.txt")):
        return data
    for name in (*FOLDERS[size], ARCHIVES[size]):
        if (data / name).exists():
            return data / name
    raise FileNotFoundError(f"No bAbI files of size {size} in {data}: expected qa*.txt, {FOLDERS[size]} or an archive.")


@dataclass(frozen=True)
class Babi:
    """Questions by split; ``notes`` says what was unusual about the files."""

    train: list[Question]
    valid: list[Question]
    test: list[Question]
    notes: tuple[str, ...] = ()


def load(data: Path, size: str, *, fallback: Path | None = None) -> Babi:
    """All 20 tasks. Without a file for validation, the last tenth of a task's training stories is held out.

    A task without a training file is taken from the 1k files, looked for in ``fallback``, in ``data`` and beside it.
    """
    where = source(data, size)
    found: dict[tuple[int, str], list[list[Question]]] = {}
    for name, text in _texts(where):
        match = NAME.search(name)
        if match:
            found[int(match[1]), match[2]] = parse(int(match[1]), text)
    notes: list[str] = []
    missing = [task for task in TASKS if (task, "train") not in found and (task, "test") in found]
    if missing:
        small = next((p for p in (fallback, data, where.parent) if p and _has_small(p)), None)
        for name, text in _texts(source(small, "1k")) if small else ():
            match = NAME.search(name)
            if match and int(match[1]) in missing and match[2] != "test":
                found[int(match[1]), match[2]] = parse(int(match[1]), text)
        notes.append(f"no {size} training file for task {missing}: " + ("the 1k file is used" if small else "left out"))
    splits: dict[str, list[Question]] = {"train": [], "valid": [], "test": []}
    for task in TASKS:
        train = found.get((task, "train"), [])
        if (task, "valid") not in found and len(train) > 10:
            cut = len(train) - len(train) // 10
            found[task, "valid"], train = train[cut:], train[:cut]
        for split, stories in (
            ("train", train),
            ("valid", found.get((task, "valid"), [])),
            ("test", found.get((task, "test"), [])),
        ):
            splits[split] += [question for story in stories for question in story]
    return Babi(splits["train"], splits["valid"], splits["test"], tuple(notes))


def _has_small(path: Path) -> bool:
    try:
        source(path, "1k")
    except FileNotFoundError:
        return False
    return path.is_dir()


def vocabulary_of(questions: Sequence[Question]) -> Vocabulary:
    """All words of facts, questions and answers."""
    return Vocabulary(sorted({w for q in questions for sentence in (*q.facts, q.words, q.answer) for w in sentence}))


@dataclass(frozen=True)
class Packed:
    """Questions as arrays, ready to be cut into batches. ``sentences[i]``: (facts + 1, words), the question last."""

    task: np.ndarray  # (n,)
    sentences: list[np.ndarray]
    answer: np.ndarray  # (n, ANSWER_SLOTS)
    support: list[np.ndarray]


def pack(questions: Sequence[Question], vocabulary: Vocabulary) -> Packed:
    sentences, answers, supports = [], [], []
    known: dict[tuple[str, ...], np.ndarray] = {}

    def row(words: tuple[str, ...]) -> np.ndarray:
        if words not in known:
            line = np.zeros(WORDS, np.int64)
            numbers = vocabulary.numbers(words)[:WORDS]
            line[: len(numbers)] = numbers
            known[words] = line
        return known[words]

    for q in questions:
        sentences.append(np.stack([row(s) for s in (*q.facts, q.words)]))
        line = np.zeros(ANSWER_SLOTS, np.int64)
        numbers = vocabulary.numbers(q.answer)[:ANSWER_SLOTS]
        line[: len(numbers)] = numbers
        answers.append(line)
        supports.append(np.array(q.support, np.int64))
    return Packed(np.array([q.task for q in questions]), sentences, np.stack(answers), supports)


@dataclass(frozen=True)
class Batch:
    """``words``: (B, T, W), the question in row ``length`` of T; ``evidence``: (B, S) rows of facts, −1 for none."""

    words: np.ndarray
    length: np.ndarray
    answer: np.ndarray
    evidence: np.ndarray
    task: np.ndarray
    index: np.ndarray


def keep_facts(packed: Packed, index: int, limit: int, drop: float, rng: np.random.Generator | None) -> np.ndarray:
    """Which facts of a question stay: the last ``limit``, and of those that are no evidence a random share less.

    Leaving out a fact that the answer does not rest on leaves the answer true; it is the memory's version of dropout.
    """
    count = len(packed.sentences[index]) - 1
    kept = np.arange(max(0, count - limit), count)
    if rng is not None and drop and count:
        stay = rng.random(len(kept)) >= drop * rng.random()
        stay[np.isin(kept, packed.support[index])] = True
        kept = kept[stay]
    return kept


def batch_of(
    packed: Packed,
    indices: np.ndarray,
    *,
    limit: int,
    drop: float = 0.0,
    rng: np.random.Generator | None = None,
    kept: Sequence[np.ndarray] | None = None,
    renaming: np.ndarray | None = None,
    spelled: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Batch:
    """Questions as one padded batch.

    renaming: (B, units) another name for every word, per question. spelled: turns units into words where they differ.
    """
    if kept is None:
        kept = [keep_facts(packed, int(i), limit, drop, rng) for i in indices]
    lengths = np.array([len(k) for k in kept])
    widest = max((len(packed.support[i]) for i in indices), default=1)
    words = np.zeros((len(indices), lengths.max() + 1, WORDS), np.int64)
    evidence = np.full((len(indices), max(widest, 1)), -1, np.int64)
    for row, (i, k) in enumerate(zip(indices, kept, strict=True)):
        words[row, : len(k)] = packed.sentences[i][k]
        words[row, len(k)] = packed.sentences[i][-1]
        places = np.searchsorted(k, packed.support[i])
        known = (places < len(k)) & (k[np.minimum(places, len(k) - 1)] == packed.support[i]) if len(k) else places < 0
        evidence[row, : len(places)] = np.where(known, places, -1)
    answer = packed.answer[indices]
    if renaming is not None:
        words = np.take_along_axis(renaming, words.reshape(len(indices), -1), 1).reshape(words.shape)
        answer = np.take_along_axis(renaming, answer, 1)
    if spelled is not None:
        words = spelled(words)
    words = words[:, :, : max(1, int((words != 0).any((0, 1)).sum()))]
    return Batch(words, lengths, answer, evidence, packed.task[indices], indices)
