"""Everyday requests that need no memory, asked of somebody who has told a lot: what comes back, and what is dragged in.

    python -m tests.benchmarks.requests --data REQUESTS.json [--model NAME] [--transcript FILE]

A person (``LIFE`` below) tells sixteen things in three conversations through the whole product (the last one on
Wednesday 4 November 2026); the application is started anew, and on the next day every request of the file comes in a
new dialogue of its own, five minutes after the one before it, all in one data folder, as a person's requests do.

By rule (tests/benchmarks/requests_checks.py, not_known.py): ``canned``: it only takes note, or is the same as the reply
to two other requests; ``denied``: it says "not known" or "not mentioned"; ``empty``; ``echo``; ``wrong_language``;
``memory_read``: some memory was read, that is weighed above the read's own cut; ``memory_named``: the reply names
somebody or a number that only what was told holds; ``dragged_in``: either of them. ``checked``: of the requests whose
answer a rule can tell (facts, sums, code that compiles or runs, languages), how many are ``right``; ``faults``:
requests with any of these; what is useful, a person reads in the transcript. The last line is one JSON object.

The file: a JSON list of {"kind", "request"}.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.app_runs import (
    QUESTION_DAY,
    Clock,
    Said,
    line,
    loaded,
    make_blocks,
    reads_shown,
    say,
    started,
    told_on,
)
from tests.benchmarks.not_known import canned, says_not_known
from tests.benchmarks.requests_checks import checked, echo, from_memory, holds_language, wanted_language

SAME = 3  # replies alike to so many requests are canned
LIFE = (  # near some of the requests, and of no use to any of them: what is dragged in from here is a fault
    (
        "Hi there! My name is Marguerite Solano, I run a small bicycle repair shop in Ghent.",
        "My partner Emeka paints sets for the opera, he's hardly home before ten.",
        "We have two cats, Pixel and Waffles. Waffles purrs like a diesel engine.",
        "The boiler in our flat has been cold for 17 days, Verhoeven and Sons can't find the part.",
        "I'm allergic to shellfish, found out the hard way in Ostend.",
    ),
    (
        "My daughter Ines started learning the cello, her teacher is called Bartholomew.",
        "We fly to Valencia on 23 December to see Emeka's sister Adaeze.",
        "Joris, who rents the workshop next door, plays the accordion all day.",
        "The suitcase I bought in Antwerp broke on its first trip, can you believe it.",
        "The alarm code of the shop is 4471.",
        "I want to read more novels this winter, I've begun one set at a lighthouse.",
    ),
    (
        "Ines came second in her school's maths contest!",
        "I sold the red tandem today, 1350 euros.",
        "Mum moved into a home by the sea in De Panne, her room number is 212.",
        "I've put off my tax return again, it is due on the 30th.",
        "My old friend Yusra is opening a coffee bar and wants me to think of a name.",
    ),
)


@dataclass(frozen=True)
class Answered:
    """A request with its reply and what a rule found."""

    kind: str
    said: Said
    faults: tuple[str, ...]
    named: tuple[str, ...]
    right: bool | None


def load(path: Path) -> list[tuple[str, str]]:
    """(kind, request) in order. Raises ValueError that says which one cannot be used."""
    found = []
    for number, one in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
        try:
            kind, request = str(one["kind"]), one["request"]
            if not request.strip():
                raise ValueError("empty")
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ValueError(f"{path}: request {number} cannot be used ({exc!r}).") from exc
        found.append((kind, request))
    return found


def judge(kind: str, said: Said) -> Answered:
    """What a rule finds in one reply by itself."""
    told = [message for conversation in LIFE for message in conversation]
    named = from_memory(said.text, said.reply, told)
    right = checked(kind, said.text, said.reply)
    found = {
        "canned": canned(said.reply),
        "denied": says_not_known(said.reply),
        "empty": not any(char.isalnum() for char in said.reply),
        "echo": echo(said.text, said.reply),
        "wrong_language": bool(said.reply) and not holds_language(said.reply, wanted_language(said.text)),
        "memory_read": bool(said.read.reads),
        "memory_named": bool(named),
        "wrong": right is False,
    }
    return Answered(kind, said, tuple(name for name, there in found.items() if there), tuple(named), right)


def alike(answered: Sequence[Answered]) -> list[Answered]:
    """With "canned" for a reply that three or more different requests got."""
    counts = Counter(line(one.said.reply).casefold() for one in answered)
    found = []
    for one in answered:
        often = counts[line(one.said.reply).casefold()] >= SAME and "canned" not in one.faults
        faults = ("canned", *one.faults) if often else one.faults
        found.append(Answered(one.kind, one.said, faults, one.named, one.right))
    return found


def summary(answered: Sequence[Answered]) -> dict[str, Any]:
    """Counts of what a rule can tell."""
    names = ("canned", "denied", "empty", "echo", "wrong_language", "memory_read", "memory_named")
    counts = {name: sum(name in one.faults for one in answered) for name in names}
    told = [one.right for one in answered if one.right is not None]
    kinds = sorted({one.kind for one in answered})
    return {
        "requests": len(answered),
        **counts,
        "dragged_in": sum(bool({"memory_read", "memory_named"} & set(one.faults)) for one in answered),
        "checked": len(told),
        "right": sum(told),
        "faults": sum(bool(one.faults) for one in answered),
        "faults_by_kind": {
            kind: [
                sum(bool(one.faults) for one in answered if one.kind == kind),
                sum(one.kind == kind for one in answered),
            ]
            for kind in kinds
        },
        "words_p50": statistics.median([len(one.said.reply.split()) for one in answered] or [0]),
        "s_reply_p50": round(statistics.median([one.said.seconds for one in answered] or [0.0]), 2),
        "s_first_word_p50": round(statistics.median([one.said.first for one in answered] or [0.0]), 2),
    }


def transcript(answered: Sequence[Answered]) -> str:
    """Everything as Markdown."""
    lines = ["# Requests", ""]
    for one in answered:
        lines += [f"## {line(one.said.text)}", "", f"({one.kind})", "", *reads_shown(one.said.read), ""]
        lines += [*(f"> {text}" for text in one.said.reply.splitlines() or [""]), ""]
        found = ", ".join(one.faults) or {True: "right", None: "to be read", False: "wrong"}[one.right]
        lines += [f"**{found}**" + (f" ({', '.join(one.named)})" if one.named else ""), ""]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a file of requests")
    parser.add_argument("--model", default="default", help="as the app's --model")
    parser.add_argument("--memory-path", default="", help="as the app's --memory-path; by default what the app takes")
    parser.add_argument("--transcript", type=Path, help="file for everything that was said, Markdown")
    options = parser.parse_args()
    requests = load(options.data)
    flags = ["--memory-path", options.memory_path] if options.memory_path else []
    with loaded(["--model", options.model, *flags]) as (settings, models), tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        with started(settings, Path(folder), models, clock) as application:
            for when, messages in zip(told_on(len(LIFE)), LIFE, strict=True):
                clock.now, conversation = when, None
                for message in messages:
                    conversation = say(application.conversations, message, conversation).conversation
                    clock.now += 60.0
        clock.now = QUESTION_DAY
        answered = []
        with started(settings, Path(folder), models, clock) as application:
            make_blocks(application)
            for kind, request in requests:
                answered.append(judge(kind, say(application.conversations, request)))
                clock.now += 300.0
                shown = ", ".join(answered[-1].faults)
                print(f"{request[:60]!r} → {answered[-1].said.reply[:60]!r} {shown}", file=sys.stderr, flush=True)
    answered = alike(answered)
    if options.transcript:
        options.transcript.write_text(transcript(answered), "utf-8")
    print(json.dumps({"model": models.decoder.name, "path": models.decoder.path, **summary(answered)}))


if __name__ == "__main__":
    main()
