"""Replies go on without their page, messages wait for their turn, drafts stay: in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.talk import BOX, conversation_of, eventually, last_reply, say, stop, wait_for_conversation
from tests.page_server import PageServer

pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data", pause=0.02)
    yield server
    server.close()


def send(page: Any, text: str) -> None:
    page.fill(BOX, text)
    page.press(BOX, "Enter")


def test_a_reply_goes_on_over_a_reload_and_stops_only_when_stopped(opened: Any, server: PageServer) -> None:
    send(opened, "count")
    opened.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes('12')")
    id, url = conversation_of(opened), opened.url
    opened.reload()
    opened.wait_for_selector("body.mn-streaming")
    opened.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes(' 60 ')")
    other = opened.context.new_page()  # a second page with the address shows the same, as it is written
    other.goto(url)
    other.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes(' 90 ')")
    other.close()
    stop(opened)
    opened.wait_for_selector("#chat .mn-mark:has-text('Stopped')")
    send(opened, "say: " + "word " * 120)
    opened.wait_for_function("() => [...document.querySelectorAll('#chat .bot-row')].at(-1).innerText.includes('word')")
    opened.goto("about:blank")  # closed in the middle of it
    history = server.application.history
    eventually(lambda: len(history.path("local", id)) == 4)
    last = history.path("local", id)[-1]
    assert last.finish_reason == "stop" and last.text.count("word") == 120


def test_what_is_sent_meanwhile_waits_and_can_be_taken_back(opened: Any, server: PageServer) -> None:
    decoder: Any = server.application.network.decoder
    decoder.gate.clear()
    send(opened, "say: first")
    expect(opened.locator("#chat .user-row")).to_have_text("say: first")
    opened.wait_for_selector("#chat.mn-typing")
    expect(opened.locator("#chat-marks [role=status]")).to_have_text("Mneme is replying")
    expect(opened.locator("#message-box .submit-button")).to_be_hidden()
    opened.fill(BOX, "say: second")
    opened.locator("#message-box .submit-button").click()
    expect(opened.locator(BOX)).to_have_value("")  # it is taken: what is typed sooner is emptied with it
    send(opened, "say: third")
    expect(opened.locator(".mn-waiting")).to_have_count(2)
    opened.reload()
    expect(opened.locator(".mn-waiting")).to_have_count(2)
    opened.get_by_role("button", name="Take “say: third” back").click()
    expect(opened.locator(BOX)).to_have_value("say: third")
    decoder.gate.set()
    expect(opened.locator("#chat .user-row")).to_have_count(2)
    opened.wait_for_selector("body:not(.mn-streaming)")
    expect(last_reply(opened)).to_have_text("second")
    expect(opened.locator(".mn-waiting")).to_have_count(0)
    expect(opened.locator(BOX)).to_have_value("say: third")


def test_one_can_stop_what_has_not_begun(tmp_path: Path, page: Any) -> None:
    server = PageServer(tmp_path / "data", wait=False, held=True)
    try:
        page.goto(server.url)
        page.wait_for_selector("#getting-ready")
        send(page, "not yet")
        page.wait_for_selector("body.mn-streaming #message-box .stop-button")
        page.keyboard.press("Escape")
        expect(page.locator(BOX)).to_have_value("not yet")
        server.application.may_load.set()
        page.wait_for_selector("body.mn-ready:not(.mn-streaming)")
        assert server.application.history.conversations("local") == []
    finally:
        server.application.may_load.set()
        server.close()


def test_drafts_are_kept_for_each_conversation_until_sent(opened: Any) -> None:
    say(opened, "say: one")
    first = conversation_of(opened)
    opened.fill(BOX, "a draft for one")
    opened.click("#new-chat")
    wait_for_conversation(opened, "")
    expect(opened.locator(BOX)).to_have_value("")
    opened.fill(BOX, "a draft for a new one")
    opened.reload()
    expect(opened.locator(BOX)).to_have_value("a draft for a new one")
    opened.locator("#sidebar-list .mn-row-title").click()
    wait_for_conversation(opened, first)
    expect(opened.locator(BOX)).to_have_value("a draft for one")
    say(opened, "say: sent")
    opened.reload()
    expect(opened.locator("#chat .message-row")).to_have_count(4)
    expect(opened.locator(BOX)).to_have_value("")
    opened.click("#temporary-chat")
    opened.wait_for_selector("body.mn-temporary")
    opened.fill(BOX, "nobody keeps this")
    assert "nobody" not in str(opened.evaluate("JSON.stringify(localStorage)"))
