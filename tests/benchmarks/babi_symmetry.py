"""Renamings of words under which a bAbI task stays the same task, found in its training questions.

If every "kitchen" becomes "office" and every "office" "kitchen", facts, question and answer alike, the question is
still answered rightly; not so for "north" and "east" alone, or "morning" and "evening". Nothing here knows which is
which: words in like contexts are candidates (a class), and a renaming is kept if the questions renamed look like the
others.

The test: a question's evidence in order, the question and its answer make a pattern, in which words of other classes
are replaced by variables. A renaming is kept if a pattern and its image occur about equally often, and if the patterns
of one half of the stories, renamed, are missing in the other half no more often than without it, whichever second class
is left in the patterns by name. Where single exchanges fail, renamings that move a small class, or two together (the
points of the compass with the letters of the answers; names with "he" and "she"), are tried.

Knows the training questions of one task at a time, nothing of the model.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments.inference_network import WORDS, Vocabulary
from tests.benchmarks.babi_data import Question

Renaming = dict[str, str]
SIMILAR = 0.7  # Bhattacharyya coefficient of two words' contexts, from which on they are of one class
PHRASE_SIMILAR = 0.6  # the same for a phrase and a word, contexts of two words either side
OFTEN = 15  # rarer words stay as they are
SMALL = 4  # classes up to this size are searched for renamings beyond single exchanges
LONGEST = 4  # words of a phrase
UNEVEN = 6.0  # a renaming whose patterns' counts differ more than so is refused


def lines_of(questions: Sequence[Question]) -> list[tuple[str, tuple[str, ...]]]:
    """Every different fact, every question and every answer, with what it is."""
    facts = sorted({fact for q in questions for fact in q.facts})
    return [("f", f) for f in facts] + [("q", q.words) for q in questions] + [("a", q.answer) for q in questions]


def contexts(questions: Sequence[Question]) -> dict[str, Counter[str]]:
    """What stands left and right of each word, and whether in a fact, a question or an answer."""
    found: dict[str, Counter[str]] = {}
    for kind, line in lines_of(questions):
        padded = ("^", *line, "$")
        for i, word in enumerate(line, start=1):
            found.setdefault(word, Counter()).update(
                [f"{kind}<{padded[i - 1]}", f"{kind}>{padded[i + 1]}"] if kind != "a" else [f"a{i}"]
            )
    return found


def bhattacharyya(one: Counter[str], other: Counter[str]) -> float:
    """Overlap of two distributions, 0…1."""
    total = math.sqrt(one.total() * other.total())
    return sum(math.sqrt(one[k] * other[k]) for k in one.keys() & other.keys()) / total if total else 0.0


def phrases(questions: Sequence[Question]) -> set[tuple[str, ...]]:
    """Runs of words that stand where a word can stand: "red sphere" like "triangle", "went back" like "moved"."""
    left: dict[tuple[str, ...], Counter[str]] = {}
    right: dict[tuple[str, ...], Counter[str]] = {}
    for kind, line in lines_of(questions):
        padded = ("^", "^", *line, "$", "$")
        for i in range(2, len(line) + 2) if kind != "a" else ():
            for j in range(i + 1, min(i + LONGEST, len(line) + 2) + 1):
                run = padded[i:j]
                left.setdefault(run, Counter())[kind + " ".join(padded[i - 2 : i])] += 1
                right.setdefault(run, Counter())[kind + " ".join(padded[j : j + 2])] += 1
    often = [run for run in left if left[run].total() >= OFTEN]
    alike = {
        run: {
            word[0]
            for word in often
            if len(word) == 1
            and bhattacharyya(left[run], left[word]) >= PHRASE_SIMILAR
            and bhattacharyya(right[run], right[word]) >= PHRASE_SIMILAR
        }
        for run in often
        if len(run) > 1
    }
    return _whole(questions, {run: words for run, words in alike.items() if words})


def _whole(questions: Sequence[Question], alike: dict[tuple[str, ...], set[str]]) -> set[tuple[str, ...]]:
    """Leaves out phrases put together of words that also stand alone, such as "to fred" or "kitchen to the garden".

    A phrase may hold such a word only if it stands where that word stands and no word of its class makes the same
    phrase: "box of chocolates" like "box".
    """
    mates = {word: set(group) - {word} for group in classes(questions) for word in group}
    units = set(alike)
    while True:
        alone = {w for _, line in lines_of(segmented(questions, units)) for w in line}
        bad = set()
        for unit in units:
            for i, word in enumerate(unit):
                if word not in mates or word not in alone:
                    continue
                same = [m for m in mates[word] if (*unit[:i], m, *unit[i + 1 :]) in alike]
                if same or word not in alike[unit]:
                    bad.add(unit)
        if not bad:
            return units
        units -= bad


def joined(line: tuple[str, ...], units: set[tuple[str, ...]]) -> tuple[str, ...]:
    """A sentence with its phrases as one token each ("red sphere"), the longest first."""
    found, i = [], 0
    while i < len(line):
        size = next((n for n in range(LONGEST, 1, -1) if line[i : i + n] in units and i + n <= len(line)), 1)
        found.append(" ".join(line[i : i + size]))
        i += size
    return tuple(found)


def segmented(questions: Sequence[Question], units: set[tuple[str, ...]]) -> list[Question]:
    known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def cut(line: tuple[str, ...]) -> tuple[str, ...]:
        if line not in known:
            known[line] = joined(line, units)
        return known[line]

    return [replace(q, facts=tuple(cut(f) for f in q.facts), words=cut(q.words)) for q in questions]


def classes(questions: Sequence[Question]) -> list[list[str]]:
    """Words in like contexts, in groups of two and more."""
    seen = contexts(questions)
    counts = Counter(w for q in questions for line in (*q.facts, q.words, q.answer) for w in line)
    words = sorted(w for w in seen if counts[w] >= OFTEN)
    answer_only = {w for w in words if all(k.startswith("a") for k in seen[w])}
    group = {w: w for w in words}

    def root(word: str) -> str:
        while group[word] != word:
            word = group[word]
        return word

    def alike(a: str, b: str) -> float:
        usable = [
            Counter({k: n for k, n in seen[w].items() if w in answer_only or not k.startswith("a")}) for w in (a, b)
        ]
        return bhattacharyya(*usable)

    for a, b in itertools.combinations(words, 2):
        if (a in answer_only) == (b in answer_only) and alike(a, b) >= SIMILAR:
            group[root(a)] = root(b)
    together: dict[str, list[str]] = {}
    for word in words:
        together.setdefault(root(word), []).append(word)
    return [g for g in together.values() if len(g) > 1]


@dataclass
class Patterns:
    """Evidence, question and answer of the questions of a task, every other story in the second half."""

    questions: Sequence[Question]
    groups: list[list[str]]

    def __post_init__(self) -> None:
        self.answer_only = {
            i
            for i, g in enumerate(self.groups)
            if not any(w in line for q in self.questions for line in (*q.facts, q.words) for w in g)
        }
        self.lines = [
            tuple(w for line in (*(q.facts[i] for i in q.support), q.words, q.answer) for w in (*line, "."))
            for q in self.questions
        ]
        self.cache: dict[frozenset[int], tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]] = {}

    def halves(self, named: frozenset[int]) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
        """Patterns of either half; classes in ``named`` (and words only answers have) stay, others become variables."""
        if named not in self.cache:
            variable = {w: i for i, g in enumerate(self.groups) if i not in named | self.answer_only for w in g}
            halves: tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]] = (Counter(), Counter())
            for number, line in enumerate(self.lines):
                names: dict[str, str] = {}
                pattern = []
                for word in line:
                    if word in variable:
                        word = names.setdefault(word, f"{variable[word]}:{len(names)}")
                    pattern.append(word)
                halves[self.questions[number].story % 2][tuple(pattern)] += 1
            self.cache[named] = halves
        return self.cache[named]

    def unseen(self, named: frozenset[int], renaming: Renaming) -> tuple[float, int]:
        """Share of one half's renamed patterns that the other half lacks (both ways), and how many there are."""
        first, second = self.halves(named)
        missing = 0
        for one, other in ((first, second), (second, first)):
            for pattern, count in one.items():
                if renaming:
                    pattern = tuple(renaming.get(w, w) for w in pattern)
                missing += count * (pattern not in other)
        total = first.total() + second.total()
        return missing / total, total

    def uneven(self, named: frozenset[int], renaming: Renaming) -> float:
        """How unlike the counts of patterns and of their images are: mean of (a − b)²/(a + b), 1 by chance alone.

        Questions of one story repeat its evidence, which raises it up to about their number.
        """
        first, second = self.halves(named)
        counts = first + second
        terms = []
        for pattern, count in counts.items():
            image = tuple(renaming.get(w, w) for w in pattern)
            if image != pattern and count + counts[image] >= 8:
                terms.append((count - counts[image]) ** 2 / (count + counts[image]))
        return float(np.mean(terms)) if terms else 0.0

    def keeps(self, moved: Iterable[int], renaming: Renaming) -> bool:
        """Do the renamed questions look like the others, whichever further class stays by name?"""
        moved = frozenset(moved)
        if self.uneven(moved, renaming) > UNEVEN:
            return False
        for further in range(len(self.groups)):
            named = moved | {further}
            usual, total = self.unseen(named, {})
            share, _ = self.unseen(named, renaming)
            if share > usual + 0.01 + 2 * math.sqrt(max(usual * (1 - usual), 0.002) / total):
                return False
        return True


def generators(questions: Sequence[Question]) -> list[Renaming]:
    """Renamings that keep the task the same; every product of them does too."""
    groups = classes(questions)
    patterns = Patterns(questions, groups)
    found: list[Renaming] = []
    open_groups: list[int] = []
    for i, group in enumerate(groups):
        failed = False
        for a, b in itertools.combinations(group, 2):
            exchange = {a: b, b: a}
            if patterns.keeps([i], exchange):
                found.append(exchange)
            else:
                failed = True
        if failed and len(group) <= SMALL:
            open_groups.append(i)
    for i in open_groups:
        found += _larger(patterns, [i])
    for i, j in itertools.combinations(open_groups, 2):
        found += _larger(patterns, [i, j])
    return found


def _larger(patterns: Patterns, moved: list[int]) -> list[Renaming]:
    """Renamings of whole classes at once that move something in each."""
    options = []
    for i in moved:
        group = patterns.groups[i]
        options.append([dict(zip(group, image, strict=True)) for image in itertools.permutations(group)][1:])
    found = []
    for choice in itertools.product(*options):
        renaming = {a: b for part in choice for a, b in part.items() if a != b}
        if len(renaming) > 2 and patterns.keeps(moved, renaming):
            found.append(renaming)
    return found


class Renamer:
    """Random products of each task's renamings, as rows that map unit numbers (words and phrases) to unit numbers.

    questions: for training; ``self.questions`` are the same with phrases as units, to be packed with ``units``.
    units: words and phrases. pool: how many products are drawn in advance per task. share: of questions renamed.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        vocabulary: Vocabulary,
        *,
        seed: int = 0,
        pool: int = 2000,
        share: float = 0.9,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.share = share
        self.questions: list[Question] = []
        self.found: dict[int, list[Renaming]] = {}
        for task in sorted({q.task for q in questions}):
            own = [q for q in questions if q.task == task]
            own = segmented(own, phrases(own))
            answers = {w for q in own for w in q.answer}
            self.found[task] = [r for r in generators(own) if not any(a in answers and " " in b for a, b in r.items())]
            self.questions += own
        seen = {w for q in self.questions for line in (*q.facts, q.words) for w in line if " " in w}
        self.units = Vocabulary([*vocabulary.words[2:], *sorted(seen)])
        self.table = np.zeros((len(self.units), LONGEST), np.int64)
        for unit, number in self.units.number.items():
            numbers = vocabulary.numbers(unit.split()) if number > 1 else [number]
            self.table[number, : len(numbers)] = numbers
        self.same = np.arange(len(self.units), dtype=np.int64)
        self.pools = {task: self._products(found, pool, rng) for task, found in self.found.items() if found}

    def _products(self, found: list[Renaming], pool: int, rng: np.random.Generator) -> np.ndarray:
        maps = np.tile(self.same, (len(found), 1))
        for row, renaming in zip(maps, found, strict=True):
            for a, b in renaming.items():
                row[self.units.number[a]] = self.units.number[b]
        rows = np.tile(self.same, (pool, 1))
        for row in rows:
            for k in rng.integers(len(maps), size=int(rng.integers(10, 10 + 4 * len(maps)))):
                row[:] = maps[k][row]
        return rows

    def __call__(self, tasks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(B,) task numbers → (B, units), a renaming per question."""
        rows = np.tile(self.same, (len(tasks), 1))
        for i, task in enumerate(tasks):
            if int(task) in self.pools and rng.random() < self.share:
                pool = self.pools[int(task)]
                rows[i] = pool[rng.integers(len(pool))]
        return rows

    def spelled(self, units: np.ndarray) -> np.ndarray:
        """(…, n) unit numbers → (…, WORDS) word numbers, padding on the right only."""
        words = self.table[units].reshape(*units.shape[:-1], -1)
        order = np.argsort(words == 0, axis=-1, kind="stable")
        return np.take_along_axis(words, order, -1)[..., :WORDS]
