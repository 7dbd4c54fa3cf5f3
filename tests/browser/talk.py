"""Talking on the chat page as a person does."""

from __future__ import annotations

from typing import Any

BOX = "#message-box textarea"
_ANSWERED = """before => !document.body.classList.contains('mn-streaming')
    && document.querySelectorAll('#chat .bot-row[data-message]').length > before"""


def replies(page: Any) -> int:
    """How many replies of the open conversation are kept."""
    return int(page.locator("#chat .bot-row[data-message]").count())


def wait_for_reply(page: Any, before: int) -> str:
    """Wait until there are more than ``before`` replies and none is being written; the text of the last."""
    page.wait_for_function(_ANSWERED, arg=before, timeout=120_000)
    return last_reply(page)


def last_reply(page: Any) -> str:
    """Text of the last reply."""
    return str(page.locator("#chat .bot-row .message").last.inner_text())


def say(page: Any, text: str) -> str:
    """Send a message, wait for the end of its reply, and return that."""
    before = replies(page)
    page.fill(BOX, text)
    page.press(BOX, "Enter")
    return wait_for_reply(page, before)
