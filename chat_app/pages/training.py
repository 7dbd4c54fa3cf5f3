"""The training page: what a person's feedback is, and having the read learn from it.

One component draws the page (scripts/training.js) and sends what a person does as ('select', {action, …}); the answer
is the page's next value. Whose feedback it is comes from the request on every call. Does not know: how the read learns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr

from chat_app.feedback import FeedbackRow
from chat_app.history_records import excerpt_around
from chat_app.pages.handlers import toast
from chat_app.pages.memory_list import Query, status_value, text_of
from chat_app.pages.style import script
from chat_app.pages.words import language_of
from knowledge.errors import BadInput, NotFound, NotReady

if TYPE_CHECKING:
    from chat_app.application import Application

PAGE = 30  # pieces of feedback on one page
EXCERPT = 160  # characters of a text


class TrainingPage:
    """``refresh`` is (function, inputs, outputs), to be called whenever the tab is opened."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.shown: gr.HTML = gr.HTML(
            html_template='<div class="ml-loading"></div>', js_on_load=script("lists") + script("training"),
            apply_default_css=False, elem_id="training-page", elem_classes="ml-host")  # fmt: skip
        self.shown.select(self.act, None, self.shown, show_progress="hidden", trigger_mode="multiple",
                          concurrency_limit=8, api_visibility="private")  # fmt: skip

    @property
    def refresh(self) -> tuple[Callable[..., Any], list[Any], list[Any]]:
        """(function, inputs, outputs) that make the page ask again."""
        return _nudge, [], [self.shown]

    def act(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Does what the page asks and returns its next value; errors are told in the page itself."""
        data: Mapping[str, Any] = event._data if isinstance(event._data, dict) else {}
        owner = self._application.owner_of(request)
        value: dict[str, Any] = {"sequence": data.get("sequence"), "time": time.time()}
        try:
            value |= self._do(owner, text_of(data, "action"), data)
        except Exception as error:
            value["notice"] = {"text": toast(error, language_of(request)).message, "tone": "bad"}
        try:
            value |= self._value(owner, Query.of(data.get("query")).offset)
        except NotReady:
            value.pop("notice", None)  # the page shows how far the start is
        except Exception as error:
            value["notice"] = {"text": toast(error, language_of(request)).message, "tone": "bad"}
        value["status"] = status_value(self._application.status())
        return value

    def _do(self, owner: str, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a person asked for → what the page is told about it."""
        learning = self._application.learning
        if action in ("", "load"):
            return {}
        if action == "learn":
            learning.start(owner)
            return {}
        if action == "cancel":
            learning.cancel(owner)
            return {}
        if action == "delete":
            self._application.history.kept_feedback.delete(owner, text_of(data, "id"))
            return _notice("training.did_delete")
        deeds = {"keep": learning.keep, "discard": learning.discard, "roll_back": learning.roll_back}
        if action not in deeds:
            raise BadInput("The page asked for something unknown; reload it.")
        deeds[action](owner)
        return _notice(f"training.did_{action}")

    def _value(self, owner: str, offset: int) -> dict[str, Any]:
        """Everything the page shows. Raises NotReady while the models are loading, StoreError."""
        application = self._application
        kept = application.history.kept_feedback
        network = application.network
        counts = kept.counts(owner)
        offset = offset // PAGE * PAGE if offset < sum(counts.values()) else 0
        value: dict[str, Any] = {
            "counts": counts, "offset": offset, "limit": PAGE,
            "items": [self._item(owner, row) for row in kept.rows(owner, limit=PAGE, offset=offset)],
        }  # fmt: skip
        if network.own_readers is None:
            try:
                application.learning.readers()
            except BadInput as error:
                return value | {"cannot": str(error)}
        state = application.learning.state(owner)
        return value | {
            "run": asdict(state) | {"running": state.running}, "own": application.learning.own(owner), "cannot": "",
        }  # fmt: skip

    def _item(self, owner: str, row: FeedbackRow) -> dict[str, Any]:
        """A row with the texts as they are now; what is gone has none."""
        history = self._application.history
        question = edited = ""
        try:
            reply = history.message(owner, row.message) if row.message else None
            question = history.message(owner, reply.parent).text if reply is not None and reply.parent else ""
            edited = history.message(owner, row.version).text if row.version else ""
        except NotFound:
            pass
        memory = self._application.network.store.get(owner, [row.memory]).get(row.memory) if row.memory else None
        texts = {"question": question, "edited": edited, "memory": memory.text if memory else ""}
        return {
            "id": row.id, "kind": row.kind, "created": row.created,
            **{name: excerpt_around(text, "", EXCERPT) for name, text in texts.items()},
        }  # fmt: skip


def _nudge() -> dict[str, Any]:
    return {"nudge": time.time()}


def _notice(key: str) -> dict[str, Any]:
    return {"notice": {"key": key, "values": {}, "tone": "good"}}


def training_page(application: Application) -> TrainingPage:
    """Builds the page; call it inside the tab."""
    return TrainingPage(application)
