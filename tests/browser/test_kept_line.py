"""What memory made of a message, in Chromium: the line below it, its undo, and the same on the Memory page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.fake_application import FakeApplication
from tests.browser.talk import eventually, let_everything_run, open_chat, say
from tests.browser.test_memory_page import cards, count_is, open_memory, stored
from tests.page_server import running

pytestmark = pytest.mark.browser
OWNER = "local"
HOSTILE = '<img src=x onerror="window.hacked = 1"> {{value}}'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, FakeApplication]]:
    with running(tmp_path / "data") as started:
        yield started


def told(application: FakeApplication, text: str) -> str:
    """Id of what the person said."""
    return next(id for id, one in stored(application).items() if one.text == text and one.role == "user")


def test_a_change_says_what_was_before_and_is_undone(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    open_chat(page, url)
    say(page, f"We live in Porto {HOSTILE}")
    say(page, "We moved to Lisbon")
    line = page.locator("#chat .user-row .mn-kept")
    assert line.nth(1).locator(".mn-kept-text").inner_text() == "Remembered"
    new = told(application, "We moved to Lisbon")
    application.network.store.decide(OWNER, new, "supersede", told(application, f"We live in Porto {HOSTILE}"))
    page.reload()
    page.locator("#chat .mn-kept-supersede").wait_for()
    assert "Changed. Before:" in line.nth(1).inner_text() and HOSTILE in line.nth(1).inner_text()
    let_everything_run(page)
    assert page.evaluate("window.hacked") is None
    page.locator("#chat .mn-kept-supersede [data-action=undo]").click()
    eventually(lambda: stored(application)[new].gate == "add")
    page.wait_for_function("!document.querySelector('#chat .mn-kept-supersede')")


def test_a_message_is_not_kept_when_a_person_does_not_want_it(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    open_chat(page, url)
    say(page, "I had soup")
    page.locator("#chat .user-row").hover()
    page.locator("#chat .mn-kept [data-action=drop]").click()
    eventually(lambda: stored(application)[told(application, "I had soup")].gate == "skip")
    page.wait_for_function("!document.querySelector('#chat .mn-kept')")


def test_the_memory_page_shows_what_holds_and_what_changed(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    network = application.network
    old, new, thanks = (
        network.remember(OWNER, text, created=at).id for at, text in enumerate(("Porto", "Lisbon", "ok"))
    )
    network.store.decide(OWNER, new, "supersede", old)
    network.store.decide(OWNER, thanks, "skip")
    open_memory(page, url)
    count_is(page, 1)
    assert page.locator("#memory-count").inner_text() == "1 memory"
    assert "Before:" in cards(page).first.inner_text() and "Porto" in cards(page).first.inner_text()
    page.locator("#memory-state").select_option("replaced")
    page.locator(f"#memory-{old}").wait_for()
    assert "Now:" in cards(page).first.inner_text()
    page.locator("#memory-state").select_option("unkept")
    page.locator(f"#memory-{thanks}-undo").click()
    eventually(lambda: stored(application)[thanks].gate == "add")
    page.locator("#memory-state").select_option("changes")
    page.locator(f"#memory-{new}-undo").click()
    eventually(lambda: stored(application)[new].gate == "add")
    page.locator("#memory-state").select_option("")
    count_is(page, 3)
