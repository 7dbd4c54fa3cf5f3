"""The sign-in page in a real Chromium, and the chat behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.talk import BOX, open_chat, replies, say
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
PASSWORD = "correct horse"


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(
        tmp_path / "data", pause=0.0, arguments=("--host", "0.0.0.0"), environment={"MNEME_PASSWORD": PASSWORD}
    )
    yield server
    server.close()


def test_signing_in_chatting_coming_back_by_a_link_and_signing_out(server: PageServer, page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{server.url}/?c=none")
    assert page.url.endswith("/sign-in?c=none")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("Password").fill("battery staple")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_selector("body.mn-ready", timeout=120_000)
    open_chat(page, server.url)
    say(page, "say: through the door")
    assert len(replies(page)) == 1

    # A strict cookie does not come along with a link on another site; the page asks itself again, and is let in.
    link = f'<a href="{server.url}/">to Mneme</a>'
    page.route("http://elsewhere.example/", lambda route: route.fulfill(body=link, content_type="text/html"))
    page.goto("http://elsewhere.example/")
    page.get_by_text("to Mneme").click()
    page.wait_for_selector("body.mn-ready", timeout=120_000)

    page.click("#sign-out")
    page.get_by_role("button", name="Sign out everywhere").click()
    page.wait_for_url("**/sign-in")
    page.goto(server.url)
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_sign_in_that_ended_is_told_and_nothing_written_is_lost(server: PageServer, page: Any) -> None:
    page.goto(server.url)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    open_chat(page, server.url)
    server.application.door.end_all()
    page.fill(BOX, "a long thought")
    page.press(BOX, "Enter")
    expect(page.locator("dialog")).to_contain_text("You are signed out")
    expect(page.locator(BOX)).to_have_value("a long thought")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password")).to_be_visible()


def test_there_is_nothing_to_sign_out_of_without_a_password(tmp_path: Path, page: Any) -> None:
    server = PageServer(tmp_path / "data", pause=0.0)
    try:
        open_chat(page, server.url)
        expect(page.locator("#new-chat")).to_be_visible()
        assert page.locator("#sign-out").count() == 0
        page.goto(f"{server.url}/sign-in")
        page.wait_for_selector("body.mn-ready", timeout=120_000)
    finally:
        server.close()
