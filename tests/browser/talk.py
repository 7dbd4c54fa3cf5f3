"""Talking on the chat page as a person does, and waiting for what a page or its server reaches by a later event."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

BOX = "#message-box textarea"
_KEPT = "rows => rows.map(row => row.dataset.message)"
_ANSWERED = """before => {
    const last = [...document.querySelectorAll('#chat .bot-row')].at(-1)?.dataset.message;
    return last && !before.includes(last) && !document.body.classList.contains('mn-streaming')
        && document.querySelector('#message-box .submit-button') !== null;
}"""
_CONVERSATION = "new URLSearchParams(location.search).get('c') || ''"
_WATCH = """selector => {
    window.appeared = false;
    new MutationObserver((changes, observer) => {
        if (!document.querySelector(selector)) return;
        window.appeared = true;
        observer.disconnect();
    }).observe(document.body, { attributes: true, childList: true, subtree: true });
}"""
_AN_IMAGE_FAILS = """() => new Promise(done => {
    const image = new Image();
    image.onload = image.onerror = () => requestAnimationFrame(() => setTimeout(done));
    image.src = `x?${Math.random()}`;
})"""


# ---- the chat page -----------------------------------------------------------------------------------


def open_chat(page: Any, url: str) -> None:
    """Open the page and wait until the models are loaded and a message can be written."""
    page.goto(url)
    page.wait_for_selector("body.mn-ready", timeout=120_000)
    page.wait_for_selector(BOX)


def replies(page: Any) -> list[str]:
    """Ids of the replies that are shown and kept."""
    return [str(id) for id in page.locator("#chat .bot-row[data-message]").evaluate_all(_KEPT)]


def wait_for_reply(page: Any, before: list[str]) -> None:
    """Wait until the last reply is a kept one that is not among ``before``, and none is being written."""
    page.wait_for_function(_ANSWERED, arg=before, timeout=120_000)


def last_reply(page: Any) -> Any:
    """The last reply, as a locator: its text may be drawn a moment after the reply has ended."""
    return page.locator("#chat .bot-row .message").last


def say(page: Any, text: str) -> None:
    """Send a message and wait for the end of its reply."""
    before = replies(page)
    page.fill(BOX, text)
    page.press(BOX, "Enter")
    wait_for_reply(page, before)


def stop(page: Any) -> None:
    """Stop the reply that is being written, with Esc, and wait until the box sends again."""
    page.wait_for_selector("body.mn-streaming #message-box .stop-button")
    page.keyboard.press("Escape")
    page.wait_for_selector("body:not(.mn-streaming) #message-box .submit-button")


def conversation_of(page: Any) -> str:
    """Id of the open conversation, as soon as the address has one."""
    return str(page.wait_for_function(_CONVERSATION).json_value())


def wait_for_conversation(page: Any, id: str) -> None:
    """Wait until the address has this conversation; "" is a new one."""
    page.wait_for_function(f"id => ({_CONVERSATION}) === id", arg=id)


def wait_for_rows(page: Any, count: int) -> None:
    """Wait until the sidebar lists so many conversations: it is filled by an event after the page is ready."""
    page.wait_for_function("n => document.querySelectorAll('#sidebar-list .mn-row').length === n", arg=count)


# ---- any page ----------------------------------------------------------------------------------------


def eventually(condition: Callable[[], T | None]) -> T:
    """Wait until ``condition`` is true on the server's side, where no sign on the page tells it; its value."""
    end = time.monotonic() + 30
    while not (value := condition()):
        assert time.monotonic() < end, "this did not come about within 30 seconds"
        time.sleep(0.05)
    return value


@contextmanager
def appearing(page: Any, selector: str) -> Iterator[None]:
    """What the block does must bring ``selector`` onto the page, be it for a moment that a busy machine sleeps over."""
    page.evaluate(_WATCH, selector)
    yield
    page.wait_for_function("window.appeared")


def let_everything_run(page: Any) -> None:
    """Wait until a broken image and a drawn frame have come, so that scripts a hostile text began had their turn."""
    page.evaluate(_AN_IMAGE_FAILS)
