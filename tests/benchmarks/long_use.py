"""A start as a person has it, and what the program holds of memory after many turns: run by latency, in a process.

    python -m tests.benchmarks.long_use [--model NAME] [--turns 300] [--tokens 24] [--data DIALOGUES]

Everything that ``python app.py`` runs is there, in an empty data folder: the application, the page's server (made, not
listening), the work in quiet moments. ``first_word_s``: seconds from the process's start to the first piece of the
first reply; ``ready_s``: until it could be asked. Then ``turns`` messages, ``TALK`` to a conversation, each sent by a
thread of its own as a web server does; every ``PAUSE`` turns the work for quiet moments is done, blocks and effects
included. ``rss_mib``: of this process "at_start" (after the first reply), "after", "most", by every tenth turn
("curve"); ``slope_mib_100``: of a line through the last half of the curve, MiB in 100 turns; ``last_half_spread``:
(most − least) / mean of that half. The last line is one JSON object. Linux only: the start is read in /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from chat_app.application import Application
from chat_app.machine import own_memory
from chat_app.settings import load as load_settings
from tests.benchmarks.app_runs import Said, say

TALK, PAUSE, EVERY = 25, 5, 10  # turns
LONG = 20  # every so many turns somebody pastes a longer text
LAST = -1_000  # rank of what is done when nothing else waits


def messages(texts: Sequence[str], count: int) -> list[str]:
    """Things told and questions about them in turn, now and then a long text."""
    made = []
    for number in range(count):
        text = texts[number % len(texts)]
        if number % LONG == LONG - 1:
            made.append("Keep this: " + " ".join(texts[(number + i) % len(texts)] for i in range(LONG)))
        elif number % 2:
            told = " ".join(texts[(number * 7) % max(1, number)].split()[:8])
            made.append(f"What did I tell you about this: {told}?")
        else:
            made.append(text)
    return made


def resident_mib() -> int:
    return own_memory() >> 20


def quiet(application: Application, timeout: float = 600.0) -> None:
    """Wait until everything is done that waits for quiet moments."""
    done = threading.Event()
    application.network.idle.submit("benchmark", lambda stop: done.set() or True, rank=LAST)  # type: ignore[func-returns-value]
    done.wait(timeout)


def curve(application: Application, told: Sequence[str]) -> list[int]:
    """MiB after every tenth turn."""
    found: list[int] = []
    conversation: str | None = None
    with ThreadPoolExecutor(8) as threads:
        for number, text in enumerate(told, 1):
            said: Said = threads.submit(say, application.conversations, text, conversation).result()
            conversation = None if number % TALK == 0 else said.conversation
            if number % PAUSE == 0:
                quiet(application)
            if number % EVERY == 0:
                found.append(resident_mib())
                print(f"{number} turns: {found[-1]} MiB", file=sys.stderr, flush=True)
    return found


def figures(start: int, found: Sequence[int]) -> dict[str, Any]:
    """What the docstring says of ``rss_mib``, from the curve."""
    half = np.array(found[len(found) // 2 :], float)
    slope = float(np.polyfit(EVERY * np.arange(len(half)), half, 1)[0]) if len(half) > 1 else 0.0
    return {
        "rss_mib": {
            "at_start": start,
            "after": found[-1] if found else start,
            "most": max([start, *found]),
            "curve": list(found),
        },
        "slope_mib_100": round(100 * slope, 1),
        "last_half_spread": round(float(np.ptp(half) / half.mean()), 3) if len(half) else 0.0,
    }


def process_age() -> float:
    """Seconds since this process began."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return float(Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def measure(model: str, turns: int, tokens: int, data: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(["--data", folder, "--model", model, "--reply-tokens", str(tokens)])
        application = Application(settings)
        application.start()
        try:
            from chat_app.pages.server import create_server  # imported while the models load, as in app.py

            server = create_server(application)
            status = application.wait_until_ready()
            ready = process_age()
            if not status.ready:
                raise SystemExit(status.error)
            asked = process_age()
            said = say(application.conversations, "Hello! What can you do for me?")
            first = asked + said.first
            start = resident_mib()
            from tests.benchmarks.scale_data import filler_texts  # loads torch, which waits for process_memory

            found = curve(application, messages(filler_texts(data, 4000), turns))
            del server
            name = application.network.decoder.name
        finally:
            application.close()
    return {
        "decoder": name,
        "turns": turns,
        "ready_s": round(ready, 2),
        "first_word_s": round(first, 2),
        **figures(start, found),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--tokens", type=int, default=24, help="of a reply, at most")
    parser.add_argument("--data", type=Path, help="dialogues for the messages: LoCoMo's JSON or chitchat.tar.xz")
    options = parser.parse_args()
    print(json.dumps(measure(options.model, options.turns, options.tokens, options.data)))


if __name__ == "__main__":
    main()
