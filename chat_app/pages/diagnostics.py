"""The counters below the models page: what the decoder's caches hold, and its replies. Refreshes when opened.

Numbers of the whole server; nothing of what anybody said. Does not know: how the numbers come about.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr

from chat_app.pages.chat import scripted
from chat_app.pages.memory_list import status_value

if TYPE_CHECKING:
    from chat_app.application import Application


class DiagnosticsPage:
    """``refresh`` is (function, inputs, outputs), to be called whenever the tab is opened."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.shown: gr.HTML = scripted("lists", "diagnostics", css_class="ml-page", elem_id="diagnostics-page")
        self.shown.select(
            self.value,
            None,
            self.shown,
            show_progress="hidden",
            trigger_mode="multiple",
            concurrency_limit=8,
            api_visibility="private",
        )

    @property
    def refresh(self) -> tuple[Callable[..., Any], list[Any], list[Any]]:
        """(function, inputs, outputs) that fill the page."""
        return self.value, [], [self.shown]

    def value(self) -> dict[str, Any]:
        """Everything the page shows; sizes in bytes."""
        application, status = self._application, self._application.status()
        value: dict[str, Any] = {"status": status_value(status), "time": time.time()}
        if not status.ready:
            return value
        network = application.network
        decoder = network.open_decoder
        blocks = None if decoder is None else decoder.cache_state()
        return value | {
            "blocks": None if blocks is None else {**asdict(blocks), "hit_rate": blocks.hit_rate},
            "prefix_limit": None if decoder is None else application.settings.prefix_cache_mib << 20,
            "totals": asdict(application.conversations.totals.state()),
        }


def diagnostics_page(application: Application) -> DiagnosticsPage:
    """Builds the page; call it inside the tab."""
    return DiagnosticsPage(application)
