"""Lives written by hand, told and asked in everyday language: does the reply hold what was told?

    python -m tests.benchmarks.lives --data LIVES.json [--model NAME] [--systems app,oracle,chroma,none]
        [--people N] [--transcript FILE]

Every person has a data folder of their own. They tell their conversations through the whole product (each a dialogue of
its own, every message answered), five days apart, the last one on Wednesday 4 November 2026; the application is closed
and started anew, and on Thursday 5 November 2026, 18:30 UTC, all their questions come in the order of the file, in one
new dialogue, as a person would ask: a follow-up stands behind the question that it follows. What the first quiet moment
would do (blocks ahead) is done before; nothing else that waits for quiet moments is.

Systems, each on a copy of what was told, with the same decoder, loaded once: "app", as it is; "oracle", the memories
that hold the right words are all that is read; "chroma", the five turns nearest in Chroma, as text in the prompt;
"none", nothing is read.

By kind of question: ``right_first`` and ``right_among``: the first, or some, memory read is a message told by the
person that holds one of the words that the right memories contain; ``all_among``: all these words are among the reads;
``right``: the reply holds the answer (accepted forms in lives_answers.json, tests/benchmarks/answer_forms.py; where
that has none, the written answer by the rule there); ``right_when_read``: of those whose right memory was read;
``denied``: a reply that says "not known" of what was told. "factual" are direct, paraphrase, follow-up, after an
update, count, and yes or no; apart from them stand "sets" (about me, what was said last or yesterday, list), advice,
and never told (any kind whose answer is "not told"): ``honest`` says that it is not known, ``invented`` claims
something, however hedged, ``neither`` does neither (tests/benchmarks/not_known.py). A person reads the rest:
``--transcript``.

The last line is one JSON object. Advice is judged by words alone, and roughly.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_app.application import Application, Models
from chat_app.settings import Settings
from knowledge.records import Memory
from knowledge.reply.decoder import OpenDecoder
from tests.benchmarks.answer_forms import forms_of, from_answer, parts_held
from tests.benchmarks.app_runs import (
    OWNER,
    QUESTION_DAY,
    Choose,
    Clock,
    Said,
    line,
    loaded,
    make_blocks,
    memories_of,
    nearest,
    reads_shown,
    say,
    started,
    talk_with,
    told_on,
)
from tests.benchmarks.not_known import canned, not_known, verdict, without

SYSTEMS = ("app", "oracle", "chroma", "none")
FACTUAL = ("direct", "paraphrase", "follow-up", "after an update", "count", "yes or no")
SUMMARIES = ("about me", "what was said last or yesterday")  # half of the answer's parts will do without forms
SETS = (*SUMMARIES, "list")
NEVER = "never told"
ANSWERS = Path(__file__).with_name("lives_answers.json")


@dataclass(frozen=True)
class Question:
    """``holds``: does a reply, rid of clauses that say "not known", hold the answer? ``memories``: words that the
    right memories contain."""

    kind: str
    text: str
    answer: str
    memories: tuple[str, ...]
    holds: Callable[[str], bool]


@dataclass(frozen=True)
class Life:
    who: str
    conversations: tuple[tuple[str, ...], ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Judged:
    """One answered question. ``outcome``: right, denied or wrong; honest, invented or neither where never told."""

    question: Question
    said: Said
    first: bool
    among: bool
    all_among: bool
    outcome: str


def load(path: Path, answers: Path = ANSWERS) -> list[Life]:
    """A JSON list of {"who", "conversations": [[text…]…], "questions": [{"kind", "question", "answer", "memories"}…]}.

    Raises ValueError that says which life cannot be used.
    """
    table = json.loads(answers.read_text(encoding="utf-8"))
    found = []
    for number, one in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
        try:
            forms = table.get(one["who"], {})
            questions = tuple(_question(given, forms) for given in one["questions"])
            found.append(Life(one["who"], tuple(tuple(map(str, said)) for said in one["conversations"]), questions))
        except (KeyError, TypeError, ValueError) as exc:
            raise ValueError(f"{path}: life {number} cannot be used ({exc!r}); see the docstring of load().") from exc
    return found


def _question(given: dict[str, Any], forms: dict[str, Any]) -> Question:
    kind, text, answer = given["kind"], given["question"], given["answer"]
    if answer == "not told":
        kind = NEVER
    if text in forms:
        holds = forms_of(forms[text]).held_by
    else:
        holds = from_answer(answer, share=0.5 if kind in SUMMARIES else 1.0)
    return Question(kind, text, answer, tuple(given["memories"]), holds)


def judge(question: Question, said: Said, told: Sequence[str]) -> Judged:
    """``told``: the messages of the person before the question's day."""
    texts = [read.memory.text if read.memory.text in told else "" for read in said.read.reads]
    held = [parts_held(question.memories, text) for text in texts]
    among = any(map(any, held))
    everything = among and all(map(any, zip(*held, strict=True)))
    if question.kind == NEVER:
        outcome = {"claim": "invented"}.get(found := verdict(said.reply), found)
    elif question.holds(without(said.reply)):
        outcome = "right"
    else:
        outcome = "denied" if not_known(said.reply) else "wrong"
    return Judged(question, said, bool(held) and any(held[0]), among, everything, outcome)


def tell(application: Application, clock: Clock, life: Life) -> list[Said]:
    """All conversations of a life, one message a minute."""
    replies = []
    for when, messages in zip(told_on(len(life.conversations)), life.conversations, strict=True):
        clock.now, conversation = when, None
        for message in messages:
            replies.append(say(application.conversations, message, conversation))
            conversation = replies[-1].conversation
            clock.now += 60.0
    return replies


def chosen(system: str, application: Application, life: Life) -> Choose | None:
    """What is read in the place of the application's own read; None for that."""
    if system == "app":
        return None
    if system == "chroma":
        return nearest(application)
    mine = [memory for memory in memories_of(application) if memory.role == "user"]
    wanted = {question.text: question.memories for question in life.questions}

    def right(text: str, exclude: frozenset[str]) -> list[Memory]:
        values = wanted[text] if system == "oracle" else ()
        return [memory for memory in mine if any(parts_held(values, memory.text))]

    return right


def ask(system: str, application: Application, clock: Clock, life: Life) -> list[Judged]:
    clock.now = QUESTION_DAY
    told = [message for conversation in life.conversations for message in conversation]
    make_blocks(application)
    judged, conversation = [], None
    with talk_with(application, chosen(system, application, life), as_text=system == "chroma") as talk:
        for question in life.questions:
            said = say(talk, question.text, conversation)
            conversation = said.conversation
            judged.append(judge(question, said, told))
            clock.now += 60.0
    return judged


def live(
    life: Life, systems: Sequence[str], settings: Settings, models: Models
) -> tuple[list[Said], dict[str, list[Judged]]]:
    """→ the replies to what was told, and by system the answered questions."""
    with tempfile.TemporaryDirectory() as folder:
        told, clock = Path(folder, "told"), Clock()
        with started(settings, told, models, clock) as application:
            replies = tell(application, clock, life)
        answered = {}
        for system in systems:
            data = Path(shutil.copytree(told, Path(folder, system)))
            with started(settings, data, models, clock) as application:
                answered[system] = ask(system, application, clock, life)
    if isinstance(models.decoder, OpenDecoder):
        models.decoder.forget(OWNER)
    return replies, answered


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """Counts by kind and of all factual questions, and shares of what was never told."""
    kinds = sorted({one.question.kind for one in judged})
    never = [one.outcome for one in judged if one.question.kind == NEVER]
    by_kind = {kind: _counts([one for one in judged if one.question.kind == kind]) for kind in kinds if kind != NEVER}
    factual = _counts([one for one in judged if one.question.kind in FACTUAL])
    sets = _counts([one for one in judged if one.question.kind in SETS])
    return {
        "factual": factual | _shares(factual),
        "sets": sets | {"right_share": round(sets["right"] / max(1, sets["asked"]), 3)},
        "by_kind": by_kind,
        NEVER.replace(" ", "_"): {"asked": len(never)} | {o: never.count(o) for o in ("honest", "invented", "neither")},
        "s_reply_p50": _middle([one.said.seconds for one in judged]),
        "s_first_word_p50": _middle([one.said.first for one in judged]),
    }


def _counts(judged: Sequence[Judged]) -> dict[str, int]:
    outcomes = [one.outcome for one in judged]
    return {
        "asked": len(judged),
        "right": outcomes.count("right"),
        "denied": outcomes.count("denied"),
        "right_first": sum(one.first for one in judged),
        "right_among": sum(one.among for one in judged),
        "all_among": sum(one.all_among for one in judged),
        "right_when_read": sum(one.outcome == "right" for one in judged if one.among),
    }


def _shares(counts: dict[str, int]) -> dict[str, float]:
    asked, read = max(1, counts["asked"]), max(1, counts["right_among"])
    names = ("right", "denied", "right_first", "right_among")
    shares = {f"{name}_share": round(counts[name] / asked, 3) for name in names}
    return shares | {"right_when_read_share": round(counts["right_when_read"] / read, 3)}


def _middle(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2) if values else 0.0


def transcript(life: Life, replies: Sequence[Said], answered: dict[str, list[Judged]]) -> str:
    """One life as Markdown."""
    lines = [f"# {life.who}", "", "## Told", ""]
    lines += [f"- {line(one.text)}\n  - *{line(one.reply)}*" for one in replies]
    for system, judged in answered.items():
        lines += ["", f"## Asked: {system}", ""]
        for one in judged:
            question = one.question
            lines += [f"**{line(question.text)}** ({question.kind}; wanted: {question.answer})", ""]
            lines += [*reads_shown(one.said.read), f"- reply: *{line(one.said.reply)}*", f"- **{one.outcome}**", ""]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a file of lives; see load()")
    parser.add_argument("--model", default="default", help="as the app's --model")
    parser.add_argument("--memory-path", default="", help="as the app's --memory-path; by default what the app takes")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="some of them, joined by commas")
    parser.add_argument("--people", type=int, default=0, help="the first so many; 0: all")
    parser.add_argument("--transcript", type=Path, help="file for everything that was said, Markdown")
    options = parser.parse_args()
    systems = options.systems.split(",")
    if unknown := [name for name in systems if name not in SYSTEMS]:
        parser.error(f"--systems: {unknown[0]!r} is none of {', '.join(SYSTEMS)}")
    lives = load(options.data)[: options.people or None]
    told: list[Said] = []
    found: dict[str, list[Judged]] = {system: [] for system in systems}
    if options.transcript:
        options.transcript.write_text("", "utf-8")
    flags = ["--memory-path", options.memory_path] if options.memory_path else []
    with loaded(["--model", options.model, *flags]) as (settings, models):
        for number, life in enumerate(lives, 1):
            replies, answered = live(life, systems, settings, models)
            told += replies
            for system, judged in answered.items():
                found[system] += judged
            if options.transcript:
                with options.transcript.open("a", encoding="utf-8") as file:
                    file.write(transcript(life, replies, answered))
            so_far = {system: summary(judged)["factual"] for system, judged in found.items()}
            shown = ", ".join(f"{system} {c['right']} of {c['asked']}" for system, c in so_far.items())
            print(f"{number} of {len(lives)}, {life.who}: factual right: {shown}", file=sys.stderr, flush=True)
        print(
            json.dumps(
                {
                    "model": models.decoder.name,
                    "path": models.decoder.path,
                    "question_day": "2026-11-05",
                    "people": len(lives),
                    "questions": sum(len(life.questions) for life in lives),
                    "told": len(told),
                    "told_canned": sum(canned(one.reply) for one in told),
                    "systems": {system: summary(judged) for system, judged in found.items()},
                }
            )
        )


if __name__ == "__main__":
    main()
