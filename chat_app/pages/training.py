"""The training page: what a person's feedback is, and having the read learn from it.

One component draws the page (scripts/training.js) and sends what a person does as ('select', {action, …}); the answer
is the page's next value. Whose feedback it is comes from the request on every call. Does not know: how the read learns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chat_app.history.feedback import FeedbackRow
from chat_app.history.records import excerpt_around
from chat_app.pages.memory_list import Query, text_of
from chat_app.pages.scripted_page import DrawnPage
from chat_app.pages.words import Language, error_text
from knowledge.errors import BadInput, NotFound

if TYPE_CHECKING:
    from chat_app.application import Application

PAGE = 30  # pieces of feedback on one page
EXCERPT = 160  # characters of a text


class TrainingPage(DrawnPage):
    """``refresh`` is (function, inputs, outputs), to be called whenever the tab is opened."""

    def __init__(self, application: Application) -> None:
        super().__init__(application, "training", "lists", "training")

    def _show(self, owner: str, data: Mapping[str, Any], value: dict[str, Any], language: Language) -> None:
        value |= self._value(owner, Query.of(data.get("query")).offset, language)

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

    def _value(self, owner: str, offset: int, language: Language) -> dict[str, Any]:
        """Everything the page shows. Raises NotReady while the models are loading, StoreError."""
        application = self._application
        kept = application.history.kept_feedback
        network = application.network
        counts = kept.counts(owner)
        offset = offset // PAGE * PAGE if offset < sum(counts.values()) else 0
        value: dict[str, Any] = {
            "counts": counts,
            "offset": offset,
            "limit": PAGE,
            "items": [self._item(owner, row) for row in kept.rows(owner, limit=PAGE, offset=offset)],
        }
        if network.own_readers is None:
            try:
                application.learning.readers()
            except BadInput as error:
                return value | {"cannot": error_text(str(error), language)}
        state = application.learning.state(owner)
        run = asdict(state) | {"running": state.running}
        if state.phase == "failed":
            run["message"] = error_text(state.message, language)
        return value | {
            "run": run,
            "own": application.learning.own(owner),
            "cannot": "",
        }

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
            "id": row.id,
            "kind": row.kind,
            "created": row.created,
            **{name: excerpt_around(text, "", EXCERPT) for name, text in texts.items()},
        }


def _notice(key: str) -> dict[str, Any]:
    return {"notice": {"key": key, "values": {}, "tone": "good"}}


def training_page(application: Application) -> TrainingPage:
    """Builds the page; call it inside the tab."""
    return TrainingPage(application)
