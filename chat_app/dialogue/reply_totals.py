"""Tokens and seconds of all replies since the start, for the diagnostics page. Knows nothing of what a reply says."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from knowledge.records import Usage


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over replies. Seconds of the last reply are its own."""

    replies: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0  # of the prompts, those whose keys and values were reused
    completion_tokens: int = 0
    first_token_seconds: float = 0.0  # of the last reply
    first_token_seconds_sum: float = 0.0
    tokens_per_second: float = 0.0  # of the last reply, behind its first token


class ReplyTotals:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._totals = Totals()
        self._lock = threading.Lock()

    def add(self, usage: Usage) -> None:
        """One more reply. A decoder that counts no tokens adds none."""
        rest, behind = usage.seconds - usage.first_token_seconds, usage.completion_tokens - 1
        with self._lock:
            old = self._totals
            self._totals = replace(
                old,
                replies=old.replies + 1,
                prompt_tokens=old.prompt_tokens + usage.prompt_tokens,
                cached_tokens=old.cached_tokens + usage.cached_tokens,
                completion_tokens=old.completion_tokens + usage.completion_tokens,
                first_token_seconds=usage.first_token_seconds,
                first_token_seconds_sum=old.first_token_seconds_sum + usage.first_token_seconds,
                tokens_per_second=behind / rest if behind > 0 and rest > 0 else 0.0,
            )

    def state(self) -> Totals:
        """The sums so far."""
        with self._lock:
            return self._totals
