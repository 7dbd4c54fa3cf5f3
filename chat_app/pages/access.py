"""Who has access: keys of programs, to make and to revoke, and the log of who did what. Below the models.

One component draws it (scripts/access.js) and sends what a person does as ('select', {action, …}). Does not know: how a
key is kept or compared, or what is noted when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chat_app.pages.memory_list import text_of
from chat_app.pages.scripted_page import DrawnPage
from chat_app.pages.words import Language
from knowledge.errors import BadInput

if TYPE_CHECKING:
    from chat_app.application import Application

ROWS = 20  # of the log, on one page of it


class AccessPage(DrawnPage):
    """``refresh`` is (function, inputs, outputs), to be called whenever the tab is opened."""

    def __init__(self, application: Application) -> None:
        super().__init__(application, "access", "lists", "access")

    def _do(self, owner: str, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a person asked for → what the page is told about it; the text of a new key this once."""
        application = self._application
        if action in ("", "load"):
            return {}
        if action == "make":
            key, secret = application.keys.make(owner, text_of(data, "name"))
            application.audit.note(owner, "key_made")
            return {"made": {"id": key.id, "name": key.name, "secret": secret}}
        if action == "revoke":
            key = application.keys.revoke(owner, text_of(data, "id"))
            application.audit.note(owner, "key_revoked")
            return {"notice": {"key": "access.did_revoke", "values": {"name": key.name}, "tone": "good"}}
        raise BadInput("The page asked for something unknown; reload it.")

    def _show(self, owner: str, data: Mapping[str, Any], value: dict[str, Any], language: Language) -> None:
        """Everything but the keys themselves. Raises StoreError."""
        query = data.get("query")
        asked = query.get("offset") if isinstance(query, dict) else None
        offset = asked if type(asked) is int and 0 <= asked < 2**31 else 0
        application = self._application
        rows, total = application.audit.page(owner, limit=ROWS, offset=offset)
        value |= {
            "keys": [
                {"id": key.id, "name": key.name, "created": key.created, "used": key.used}
                for key in application.keys.of(owner)
            ],
            "guarded": application.door.guarded,
            "log": {"rows": [asdict(row) for row in rows], "total": total, "offset": offset, "limit": ROWS},
        }


def access_page(application: Application) -> AccessPage:
    """Builds it; call it inside the tab."""
    return AccessPage(application)
