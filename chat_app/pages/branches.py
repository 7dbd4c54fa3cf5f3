"""A branch that a person wants: what the page asks before later messages leave memory, and what comes back on a yes.

Does not know: how a branch comes about (``ReplyEvents``), or how many messages it takes out of memory (history).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import gradio as gr

from chat_app.dialogue.message_text import MOST_CHARACTERS
from chat_app.pages.handlers import field, names

Kind = Literal["edit", "again", "switch"]
KINDS: tuple[Kind, ...] = ("edit", "again", "switch")
ROLES = {"edit": "user", "again": "assistant"}  # whose message it takes the place of; a switch: anybody's


@dataclass(frozen=True, slots=True)
class Branch:
    """What takes the place of ``message``: another ``text`` of the person's, another reply with these memories
    boosted, or its sibling ``version``."""

    kind: Kind
    message: str
    text: str = ""
    version: str = ""
    boost: tuple[str, ...] = ()

    def question(self, leaving: int) -> dict[str, Any]:
        """For the page's script, which asks and sends it back on a yes."""
        return {**asdict(self), "leaving": leaving}


def branch_of(event: gr.EventData) -> tuple[Branch, int | None] | None:
    """What the page's script sent, and how many leaving messages the person was told of; None for no kind of branch.

    Checks types only.
    """
    data = event._data if isinstance(event._data, dict) else {}
    leaving = data.get("leaving")
    kind = next((kind for kind in KINDS if kind == field(event, "kind")), None)
    if kind is None:
        return None
    wanted = Branch(
        kind,
        field(event, "message"),
        field(event, "text", MOST_CHARACTERS),
        field(event, "version"),
        tuple(names(event, "boost")),
    )
    return wanted, leaving if isinstance(leaving, int) and not isinstance(leaving, bool) else None
