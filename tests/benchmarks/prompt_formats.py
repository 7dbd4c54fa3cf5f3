"""Which form of the prompt makes the decoder answer from memory? Hits per form, greedy.

    python -m tests.benchmarks.prompt_formats [--data PATH] [--model FOLDER] [--forms "a;b"] [--show]

Every fact was told once and is read with the largest weight beside seven other memories; its question is asked in a new
conversation and after some small talk. Common knowledge and greetings must survive memories that have nothing to do
with them. One JSON object is the last line: {"forms": {form: {"facts", "facts_after_talk", "common"}}, "of": {...}}.

--data: a JSON object {"facts": [[said, reply, question, [accepted, …]], …], "common": [[question, [accepted, …]], …],
"other": [[role, text], …]}; accepted words in lower case, "other" at least eight.
"""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from knowledge.records import Memory, Read, ReplyRequest, Sampling, TextDelta, Turn
from knowledge.reply.local.local_decoder import LocalDecoder
from knowledge.reply.prompt import Style
from tests.benchmarks.embedded import embedded_folder

WITH_MEMORY = " with a long-term memory. Answer briefly, using the memories when they help."
SYSTEM = Style(line="{text} ({who}, {date})", speakers=("user", "assistant"), placement="system")
FORMS: dict[str, tuple[Style, float]] = {  # style, repetition penalty
    "default": (Style(), 1.1),
    "no penalty": (Style(), 1.0),
    "strongest first": (Style(strongest_last=False), 1.1),
    "all reads": (Style(share=0.0), 1.1),
    "no question word": (Style(asked="{text}"), 1.1),
    "text only": (Style(line="{text}"), 1.1),
    "third person": (Style(line=SYSTEM.line, speakers=SYSTEM.speakers), 1.1),
    "plain system": (Style(system="You are a helpful assistant."), 1.1),
    "own message": (SYSTEM, 1.1),
    "own message, no penalty": (SYSTEM, 1.0),
    "own message, list": (replace(SYSTEM, heading="Memories:", line="- [{date}] {who}: {text}"), 1.1),
    "own message, quoted": (replace(SYSTEM, line='On {date} the {who} said: "{text}"'), 1.1),
    "own message, memory system": (replace(SYSTEM, system="You are a helpful AI assistant" + WITH_MEMORY), 1.1),
    "own message, named system": (replace(SYSTEM, system="You are Mneme, a helpful assistant" + WITH_MEMORY), 1.1),
}
TALK = ("Hi there!", "Hello! How can I help you today?", "I had pasta for lunch.", "Pasta is a tasty lunch.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).with_name("prompt_facts.json"))
    parser.add_argument("--model", default="", help="folder or hub name; default: the embedded decoder")
    parser.add_argument("--forms", default=";".join(FORMS), help="names of FORMS, with ; between")
    parser.add_argument("--show", action="store_true", help="print every reply")
    options = parser.parse_args()
    data = json.loads(options.data.read_text("utf-8"))
    decoder = LocalDecoder(options.model or str(embedded_folder()), device="auto")
    results = {}
    for name in options.forms.split(";"):
        style, penalty = FORMS[name]
        started = time.perf_counter()
        results[name] = hits(decoder, data, style, penalty, options.show)
        print(f"{name:24} {results[name]} {time.perf_counter() - started:.0f} s", flush=True)
    facts, common = len(data["facts"]), len(data["common"])
    print(json.dumps({"forms": results, "of": {"facts": facts, "facts_after_talk": facts, "common": common}}))


def hits(decoder: LocalDecoder, data: dict[str, Any], style: Style, penalty: float, show: bool) -> dict[str, int]:
    """Questions of each group whose reply holds an accepted word."""
    decoder.set_style(style)
    found: dict[str, int] = {}
    for group, request, accepted in cases(data):
        asked = replace(request, sampling=Sampling(max_tokens=24, repetition_penalty=penalty))
        text, hit, stop = "", False, threading.Event()
        for event in decoder.reply(asked, stop):
            if isinstance(event, TextDelta):
                text += event.text
                hit = any(word in text.lower() for word in accepted)
                if hit and not show:
                    stop.set()
        found[group] = found.get(group, 0) + hit
        if show:
            print("   ", "+" if hit else "-", group, request.dialogue[-1].text, "->", repr(text))
    return found


def cases(data: dict[str, Any]) -> Iterator[tuple[str, ReplyRequest, list[str]]]:
    """Group, request and accepted words of every question; the same each time."""
    chance = random.Random(1)
    talk = [Turn(str(i), "assistant" if i % 2 else "user", text, 0.0) for i, text in enumerate(TALK)]
    for said, reply, question, accepted in data["facts"]:
        others = [("user", fact[0]) for fact in data["facts"] if fact[0] != said] + data["other"]
        picked = [("user", said), ("assistant", reply), *chance.sample(others, 6)]
        weights = (0.45, 0.12, 0.09, 0.0675, 0.05, 0.038, 0.028, 0.02)
        reads = tuple(map(as_read, picked, weights, (chance.random() for _ in picked)))
        turn = Turn("q", "user", question, 0.0)
        yield "facts", ReplyRequest([turn], reads), accepted
        yield "facts_after_talk", ReplyRequest([*talk, turn], reads), accepted
    for question, accepted in data["common"]:
        picked = chance.sample([("user", fact[0]) for fact in data["facts"]] + data["other"], 8)
        reads = tuple(map(as_read, picked, [0.1] * 8, (chance.random() for _ in picked)))
        yield "common", ReplyRequest([Turn("q", "user", question, 0.0)], reads), accepted


def as_read(said: tuple[Any, str], weight: float, when: float) -> Read:
    """A read of a turn said some time in the year 2026."""
    role, text = said
    return Read(Memory(text, text, "turn", 1.7672e9 + when * 2.6e7, role=role), score=weight, weight=weight)


if __name__ == "__main__":
    main()
