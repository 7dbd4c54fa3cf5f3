"""Temporary chats and paused memory on the page, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.talk import (
    BOX,
    conversation_of,
    eventually,
    last_reply,
    open_chat,
    say,
    wait_for_conversation,
    wait_for_rows,
)
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
CODE = "The code of the safe is 4711"


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data", pause=0.01)
    yield server
    server.close()


def remembered(server: PageServer) -> str:
    return " ".join(memory.text for memory in server.application.network.store.iterate("local"))


def test_a_temporary_chat_reads_nothing_and_is_gone_when_closed(server: PageServer, page: Any) -> None:
    open_chat(page, server.url)
    say(page, "say: Anna lives in Lisbon")
    kept = conversation_of(page)
    page.get_by_role("button", name="Temporary chat: it leaves no trace").click()
    expect(page.locator("#mode-temporary")).to_contain_text("gone when you close")
    wait_for_conversation(page, "")
    expect(page.locator("#message-box .upload-button")).to_be_hidden()
    say(page, f"say: {CODE}")
    expect(last_reply(page)).to_have_text(CODE)
    expect(page.locator("#memory-off")).to_be_visible()
    expect(page.locator("#chat .mn-chip")).to_have_count(0)
    wait_for_rows(page, 1)
    page.click("#chat [aria-label=Retry]")  # branches work in it as anywhere
    page.wait_for_selector(".mn-versions:has-text('2/2')")
    page.wait_for_selector("body:not(.mn-streaming)")
    assert "4711" not in remembered(server)
    page.locator("#sidebar-list .mn-row-title").click()
    page.locator("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#mode-temporary")).to_be_visible()
    page.click("#close-temporary")
    page.click("dialog .mn-danger")
    page.wait_for_selector("body.mn-empty:not(.mn-temporary)")
    assert server.application.temporary._owners == {}
    page.go_back()
    wait_for_conversation(page, kept)
    page.click("#temporary-chat")
    page.wait_for_selector("body.mn-temporary")
    page.fill(BOX, f"say: {CODE} again")
    page.press(BOX, "Enter")
    expect(last_reply(page)).to_have_text(f"{CODE} again")
    page.goto("about:blank")
    eventually(lambda: server.application.temporary._owners == {})
    files = [one for one in server.application.settings.data.rglob("*") if one.is_file()]
    assert not [one for one in files if b"4711" in one.read_bytes()]


def test_a_paused_chat_says_so_and_stays_paused(server: PageServer, page: Any) -> None:
    open_chat(page, server.url)
    page.get_by_role("button", name="Pause memory").click()  # before anything is said
    expect(page.locator("#mode-paused")).to_contain_text("never becomes a memory")
    say(page, f"say: {CODE}")
    expect(page.locator("#chat .mn-off")).to_have_count(2)
    page.reload()
    page.wait_for_selector("#mode-paused")
    expect(page.locator("#chat .mn-off")).to_have_count(2)
    page.click("#resume-memory")
    expect(page.locator("#mode-paused")).to_have_count(0)
    say(page, "say: Anna lives in Lisbon")
    expect(page.locator("#chat .mn-off")).to_have_count(2)
    eventually(lambda: "Lisbon" in remembered(server))
    assert "4711" not in remembered(server)
    assert server.application.conversations.recover() == 0


def test_in_chinese_on_a_phone(server: PageServer, chromium: Any) -> None:
    size: Any = {"width": 390, "height": 844}
    context = chromium.new_context(locale="zh-CN", viewport=size, has_touch=True, is_mobile=True, color_scheme="dark")
    try:
        page = context.new_page()
        open_chat(page, server.url)
        page.click("#pause-memory")
        expect(page.locator("#mode-paused")).to_contain_text("暂停记忆")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.click(".sidebar .toggle-button")
        page.click("#temporary-chat")
        expect(page.locator("#mode-temporary")).to_contain_text("临时对话")
        page.wait_for_selector("#sidebar:not(.open)", state="attached")
        say(page, "say: 你好")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        context.close()
