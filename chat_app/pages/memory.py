"""The memory page: everything the owner's memory holds, to search, correct, take out, export and import.

One component draws the page (scripts/memory*.js) and sends what a person does as ('select', {action, …}); the answer is
the page's next value. Whose memory it is comes from the request on every call. Does not know: how memories are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from chat_app.pages.kept_lines import CHANGES, KeptLines
from chat_app.pages.memory_list import Query, job_value, page_of_memories, text_of
from chat_app.pages.scripted_page import DrawnPage
from knowledge.errors import BadInput

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.pages.words import Language

DELETE_WORDS = ("DELETE", "删除")  # what a person types to delete everything
_MARKS: tuple[tuple[str, Literal["pin", "mute"]], ...] = (("pinned", "pin"), ("muted", "mute"))
LONGEST_TEXT = 100_000  # characters of a memory written by hand


class MemoryPage(DrawnPage):
    """The page's component and what the shell plugs in.

    ``refresh`` is (function, inputs, outputs), to be called whenever the tab is opened. ``listing.open_place`` is the
    event of a click on a source: its EventData has ``type`` ("conversation" or "document"), ``container``, ``memory``
    (the id), ``position``, ``page``.
    """

    def __init__(self, application: Application) -> None:
        self._kept = KeptLines(application)
        super().__init__(application, "memory", "lists", "memory_tools", "memory")

    def _show(self, owner: str, data: Mapping[str, Any], value: dict[str, Any], language: Language) -> None:
        value |= page_of_memories(self._application, owner, Query.of(data.get("query")))

    def _besides(self, owner: str, language: Language) -> dict[str, Any]:
        return {"imports": [job_value(job, language) for job in self._application.uploads.jobs(owner, "import")]}

    def _do(self, owner: str, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a person asked for → what the page is told about it."""
        if action in ("", "load"):
            return {}
        uploads = self._application.uploads
        if action == "cancel_import":
            uploads.cancel(owner, text_of(data, "id"))
            return {}
        if action == "clear_imports":
            uploads.clear_finished(owner, "import")
            return {}
        network = self._application.network
        if action == "add":
            network.remember(owner, _written(data))
            return {"done": "add"} | _notice("memory.did_add")
        if action == "edit":
            network.edit(owner, text_of(data, "id"), _written(data))
            return {"done": "edit", "id": text_of(data, "id")} | _notice("memory.did_edit")
        if action == "mark":
            kept = self._application.history.kept_feedback
            for name, word in _MARKS:
                if data.get(word) is True or data.get(f"un{word}") is True:
                    on, ids = data.get(word) is True, list(network.store.get(owner, _ids(data)))
                    network.store.mark(owner, ids, **{name: on})
                    kept.marked(owner, ids, kind=word, on=on)
            return {}
        if action in CHANGES:
            self._kept.change(owner, text_of(data, "id"), action)
            return {}
        if action == "delete":
            ids = _ids(data)
            count = network.store.delete(owner, ids)
            self._application.audit.note(owner, "memories_deleted", count)
            told = _notice("memory.did_delete") if count == 1 else _notice("memory.did_delete_many", count=count)
            return {"removed": ids} | told
        if action == "delete_everything":
            if text_of(data, "word") not in DELETE_WORDS:
                return _notice("memory.wrong_word", tone="bad")
            count = network.store.delete_everything(owner)
            self._application.audit.note(owner, "everything_deleted", count)
            return {"done": "delete_everything"} | _notice("memory.did_delete_many", count=count)
        raise BadInput("The page asked for something unknown; reload it.")


def _notice(key: str, tone: str = "good", **values: object) -> dict[str, Any]:
    return {"notice": {"key": key, "values": values, "tone": tone}}


def _written(data: Mapping[str, Any]) -> str:
    text = text_of(data, "text")
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"A memory has at most {LONGEST_TEXT:,} characters; upload longer text as a document.")
    return text


def _ids(data: Mapping[str, Any]) -> list[str]:
    ids = data.get("ids")
    return [id for id in ids if isinstance(id, str)] if isinstance(ids, list) else []


def memory_page(application: Application) -> MemoryPage:
    """Builds the page; call it inside the tab."""
    return MemoryPage(application)
