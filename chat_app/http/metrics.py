"""``GET /metrics``: what the server does, in Prometheus' text format; numbers only, nothing of what anybody said.

Counted since the start, for all owners together. Does not know: how the numbers come about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

if TYPE_CHECKING:
    from chat_app.application import Application

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Collects when it is asked, so that nothing is counted twice."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)  # memory, processor time, open files

    def text(self) -> bytes:
        """The exposition. Raises StoreError."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks of a collector."""
        status, conversations = self._application.status(), self._application.conversations
        totals = conversations.totals.state()
        yield GaugeMetricFamily("mneme_ready", "1 when replies can be given", value=float(status.ready))
        yield CounterMetricFamily("mneme_replies", "Replies written", value=totals.replies)
        yield GaugeMetricFamily(
            "mneme_replies_under_way", "Replies being written or waiting", value=conversations.running.places
        )
        yield CounterMetricFamily("mneme_prompt_tokens", "Tokens of prompts", value=totals.prompt_tokens)
        yield CounterMetricFamily(
            "mneme_cached_prompt_tokens", "Tokens of prompts that were not computed again", value=totals.cached_tokens
        )
        yield CounterMetricFamily("mneme_reply_tokens", "Tokens of replies", value=totals.completion_tokens)
        yield SummaryMetricFamily(
            "mneme_first_word_seconds",
            "From the message to the reply's first word",
            count_value=totals.replies,
            sum_value=totals.first_token_seconds_sum,
        )
        if status.ready:
            network = self._application.network
            memories = sum(map(network.store.count, network.store.owners()))
            yield GaugeMetricFamily("mneme_memories", "Memories of all owners", value=memories)
            yield GaugeMetricFamily(
                "mneme_memory_whole", "0 while a part is broken", value=float(not network.trouble())
            )
