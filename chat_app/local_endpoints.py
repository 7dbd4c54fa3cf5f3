"""Looks for programs on this computer that serve language models: Ollama and LM Studio, on the ports that they use.

Asked only when a person presses the button; nothing but 127.0.0.1 is asked. Does not know: what is done with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

PROGRAMS: dict[str, int] = {"Ollama": 11434, "LM Studio": 1234}
_TIMEOUT = 2.0  # seconds
_MOST = 50  # models of one program that are shown


@dataclass(frozen=True, slots=True)
class LocalEndpoint:
    """``address`` of OpenAI's API; ``models`` it serves, each to be named as ``address#MODEL``."""

    program: str
    address: str
    models: tuple[str, ...]


def find(programs: Mapping[str, int] = PROGRAMS) -> list[LocalEndpoint]:
    """Those of the ``programs`` (name → port) that answer."""
    found = []
    with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:  # no proxy to this computer
        for program, port in programs.items():
            address = f"http://127.0.0.1:{port}/v1"
            try:
                listed = client.get(f"{address}/models").raise_for_status().json()["data"]
                models = tuple(str(one["id"]) for one in listed[:_MOST])
            except (httpx.HTTPError, ValueError, LookupError, TypeError):
                continue
            found.append(LocalEndpoint(program, address, models))
    return found
