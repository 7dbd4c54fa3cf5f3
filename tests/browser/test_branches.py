"""Corrections and branches in Chromium: a corrected reply keeps what came after it; a branch that would not, asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.talk import conversation_of, eventually, last_reply, open_chat, replies, say, wait_for_reply
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
OWNER = "local"


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data", pause=0.0)
    yield server
    server.close()


def rewrite(page: Any, row: int, text: str) -> None:
    """Edit the message in this row as a person does."""
    page.locator("#chat .message-buttons").nth(row).locator("[aria-label=Edit]").click(force=True)
    page.fill("#chat .message-row textarea", text)
    page.locator("#chat [aria-label=Submit]").first.click()


def in_memory(server: PageServer) -> list[str]:
    return sorted(one.text for one in server.application.network.store.iterate(OWNER) if one.active)


def test_a_corrected_reply_keeps_what_came_after_it(server: PageServer, page: Any) -> None:
    open_chat(page, server.url)
    say(page, "say: Max")
    say(page, "say: two")
    rewrite(page, 1, "Rex")
    said = ["say: Max", "Rex", "say: two", "two"]
    expect(page.locator("#chat .bot-row .message").first).to_have_text("Rex")
    expect(page.locator("#chat .message-row")).to_have_count(4)
    expect(page.locator("dialog")).to_have_count(0)
    eventually(lambda: in_memory(server) == sorted(said))
    page.click("#chat .bot-row .mn-versions [data-action=earlier]")  # both wordings share what follows: no question
    expect(page.locator("#chat .bot-row .message").first).to_have_text("Max")
    expect(page.locator("#chat .message-row")).to_have_count(4)
    eventually(lambda: in_memory(server) == sorted(["say: Max", "Max", "say: two", "two"]))
    say(page, "say: three")
    expect(page.locator("#chat .message-row")).to_have_count(6)


def test_a_branch_says_how_many_messages_leave_memory_and_asks(server: PageServer, page: Any) -> None:
    open_chat(page, server.url)
    for text in ("say: one", "say: two", "say: three"):
        say(page, text)
    conversation, history = conversation_of(page), server.application.history
    before, everything = [one.id for one in history.path(OWNER, conversation)], in_memory(server)
    rewrite(page, 0, "say: other")
    expect(page.locator("dialog")).to_contain_text("5 later messages of this chat leave memory")
    assert in_memory(server) == everything  # not before it is wanted
    page.click("dialog .mn-button:not(.mn-primary)")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("#chat .user-row .message").first).to_contain_text("say: one")
    assert [one.id for one in history.path(OWNER, conversation)] == before and in_memory(server) == everything

    rewrite(page, 2, "say: <b>other</b>")
    expect(page.locator("dialog")).to_contain_text("3 later messages")
    kept = replies(page)
    page.click("dialog .mn-primary")
    wait_for_reply(page, kept)
    expect(last_reply(page)).to_have_text("other")
    expect(page.locator("#chat .message-row")).to_have_count(4)
    eventually(lambda: "three" not in in_memory(server))

    page.click("#chat .user-row [data-action=earlier]")  # nothing behind it but its own reply
    expect(page.locator("#chat .message-row")).to_have_count(6)
    expect(page.locator("dialog")).to_have_count(0)
    eventually(lambda: in_memory(server) == everything)
    page.click("#chat .user-row [data-action=later]")
    expect(page.locator("dialog")).to_contain_text("Switch to the other version?")
    expect(page.locator("dialog")).to_contain_text("3 later messages")
    say_meanwhile = server.application.conversations.send(OWNER, "say: four", conversation=conversation)
    assert list(say_meanwhile)  # in another window
    page.click("dialog .mn-primary")
    expect(page.locator("dialog")).to_contain_text("5 later messages")  # more than were told of: asked again
    page.click("dialog .mn-primary")
    expect(page.locator("#chat .message-row")).to_have_count(4)


def test_at_the_end_of_a_chat_nothing_is_asked(server: PageServer, page: Any) -> None:
    open_chat(page, server.url)
    say(page, "say: one")
    say(page, "say: two")
    kept = replies(page)
    page.click("#chat [aria-label=Retry]")
    wait_for_reply(page, kept)
    kept = replies(page)
    rewrite(page, 2, "say: changed")
    wait_for_reply(page, kept)
    expect(last_reply(page)).to_have_text("changed")
    expect(page.locator("dialog")).to_have_count(0)


def test_the_panels_regenerate_in_the_middle_asks_too_in_chinese(server: PageServer, chromium: Any) -> None:
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        open_chat(page, server.url)
        say(page, "say: my sister Anna lives in Lisbon")
        page.click("#new-chat")
        page.wait_for_selector("body.mn-empty")
        say(page, "say: where does my sister Anna live?")
        say(page, "say: two")
        page.locator("#chat .bot-row").first.locator(".mn-chip").click()
        page.locator("#chat .bot-row").first.locator(".mn-chosen").wait_for()
        page.locator("#reads-panel [data-action=boost]").first.click()
        page.click("#reads-regenerate")
        expect(page.locator("dialog")).to_contain_text("其后的 2 条消息将移出记忆")
        kept = replies(page)
        page.click("dialog .mn-primary")
        wait_for_reply(page, kept)
        expect(page.locator("#chat .message-row")).to_have_count(2)
        expect(page.locator("#reads-panel .mn-card").first).to_contain_text("×4")
    finally:
        context.close()
