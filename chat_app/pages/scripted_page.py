"""A page that one component draws: its script sends what a person does, the answer is the page's next value.

The script sends ('select', {action, …}). Whose page it is comes from the request on every call; errors are told in the
page itself. Does not know: what the pages show.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from chat_app.pages.handlers import sentence
from chat_app.pages.memory_list import status_value, text_of
from chat_app.pages.style import script
from chat_app.pages.words import Language, language_of
from knowledge.errors import NotReady

if TYPE_CHECKING:
    from chat_app.application import Application


class DrawnPage:
    """``listing`` is the component, with the element id ``name``-page. ``scripts``: names of what draws it.

    A page says what it does (:meth:`_do`), what it shows (:meth:`_show`) and what it tells in any case
    (:meth:`_besides`).
    """

    def __init__(self, application: Application, name: str, *scripts: str) -> None:
        self._application = application
        self.listing: gr.HTML = gr.HTML(
            html_template='<div class="ml-loading"></div>',
            js_on_load="".join(script(one) for one in scripts),
            apply_default_css=False,
            elem_id=f"{name}-page",
            elem_classes="ml-host",
        )
        self.listing.select(
            self.act,
            None,
            self.listing,
            show_progress="hidden",
            trigger_mode="multiple",
            concurrency_limit=8,
            api_visibility="private",
        )

    @property
    def refresh(self) -> tuple[Callable[..., Any], list[Any], list[Any]]:
        """(function, inputs, outputs) that make the page ask again, whenever its tab is opened; it knows what it
        shows."""
        return _nudge, [], [self.listing]

    def act(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Does what the page asks and returns its next value; errors are told in the page itself."""
        data: Mapping[str, Any] = event._data if isinstance(event._data, dict) else {}
        owner, language = self._application.owner_of(request), language_of(request)
        value: dict[str, Any] = {"sequence": data.get("sequence"), "time": time.time()}
        try:
            value |= self._do(owner, text_of(data, "action"), data)
        except Exception as error:
            value["notice"] = {"text": sentence(error, request), "tone": "bad"}
        try:
            self._show(owner, data, value, language)
        except NotReady:
            value.pop("notice", None)  # the page shows how far the start is
        except Exception as error:
            value["notice"] = {"text": sentence(error, request), "tone": "bad"}
        value |= self._besides(owner, language)
        value["status"] = status_value(self._application.status())
        return value

    def _do(self, owner: str, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a person asked for → what the page is told about it."""
        raise NotImplementedError

    def _show(self, owner: str, data: Mapping[str, Any], value: dict[str, Any], language: Language) -> None:
        """Put into ``value`` what the page shows. Raises NotReady while the models are loading, StoreError."""
        raise NotImplementedError

    def _besides(self, owner: str, language: Language) -> dict[str, Any]:
        """What the page is told also while nothing else can be shown."""
        return {}


def _nudge() -> dict[str, Any]:
    return {"nudge": time.time()}
