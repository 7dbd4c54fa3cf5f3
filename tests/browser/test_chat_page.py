"""The chat page in a real Chromium, over the real application with a fake encoder and decoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.talk import BOX, last_reply, say, wait_for_reply
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
ANNA = "My sister Anna moved to Lisbon in 2019 and works as a marine biologist."


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data", pause=0.02)
    yield server
    server.close()


@pytest.fixture
def opened(server: PageServer, page: Any) -> Any:
    page.goto(server.url)
    page.wait_for_selector("body.mn-ready")
    page.wait_for_selector(BOX)
    return page


def test_a_first_visit_explains_memory_and_offers_prompts(opened: Any) -> None:
    assert "becomes a memory" in opened.inner_text("#welcome")
    opened.locator(".mn-example").first.click()
    assert opened.input_value(BOX) == ANNA
    assert opened.get_attribute(BOX, "aria-label") == "Your message"
    assert opened.locator("#chat").is_hidden()


def test_the_panel_comes_before_the_text_and_goes_to_the_place(opened: Any, server: PageServer) -> None:
    say(opened, ANNA)
    first = opened.url
    opened.click("#new-chat")
    opened.wait_for_selector("body.mn-empty")
    assert "?c=" not in opened.url
    server.application.network.decoder.pause = 1.0
    opened.fill(BOX, "Where does my sister Anna live?")
    opened.press(BOX, "Enter")
    opened.wait_for_selector("#reads-panel .mn-card")
    assert opened.locator("#chat .bot-row .message-content").count() == 0 or last_reply(opened).strip() == ""
    server.application.network.decoder.pause = 0.01
    wait_for_reply(opened, 0)
    card = opened.locator("#reads-panel .mn-card").first
    assert ANNA in card.inner_text() and "My sister Anna" in card.locator(".mn-source").inner_text()
    weights = [int(one) for one in opened.locator("#reads-panel .mn-weight").evaluate_all(
        "bars => bars.map(bar => bar.getAttribute('aria-valuenow'))")]  # fmt: skip
    null = int(opened.get_attribute("#reads-panel .mn-null .mn-bar", "aria-valuenow"))
    assert weights == sorted(weights, reverse=True)
    assert abs(sum(weights) + null - 100) <= len(weights)
    card.locator("button.mn-source").click()
    opened.wait_for_selector("#chat .mn-found")
    assert opened.url == first


def test_an_older_replys_panel_comes_back_and_deleted_memories_say_so(opened: Any, server: PageServer) -> None:
    say(opened, ANNA)
    for filler in ("one thing", "another thing"):
        say(opened, filler)
    say(opened, "Where does my sister Anna live?")
    asked = opened.locator("#chat .bot-row").last.get_attribute("data-message")
    say(opened, "say: done")
    opened.locator("#chat .bot-row .mn-chip").first.click()
    opened.wait_for_selector("#not-from-memory")
    opened.locator(f"#chat [data-message='{asked}'] .message").click()
    card = opened.locator("#reads-panel .mn-card").filter(has_text=ANNA)
    card.wait_for()
    card.locator("[data-action=pin]").click()
    opened.wait_for_selector("#reads-panel .mn-tag:has-text('pinned')")
    card.locator("[data-action=edit]").click()
    opened.fill("#reads-panel .mn-edit-area", "Anna lives in Porto.")
    opened.click("#reads-panel .mn-save")
    card = opened.locator("#reads-panel .mn-card").filter(has_text="Anna lives in Porto.")
    card.locator(".mn-tag:has-text('edited')").wait_for()
    stored = server.application.network.store.iterate("local")
    memory = next(one for one in stored if one.text == "Anna lives in Porto.")
    assert memory.pinned
    card.locator("[data-action=delete]").click()
    opened.click("dialog .mn-button:not(.mn-danger)")
    assert memory.id in server.application.network.store.get("local", [memory.id])
    card.locator("[data-action=delete]").click()
    opened.click("dialog .mn-danger")
    opened.wait_for_selector("#reads-panel .mn-gone")
    opened.wait_for_function("() => !document.querySelector('#reads-panel').innerText.includes('Porto')")
    opened.wait_for_timeout(300)
    assert server.application.network.store.get("local", [memory.id]) == {}


def test_regenerate_edit_versions_undo_and_feedback(opened: Any, server: PageServer) -> None:
    say(opened, "first")
    say(opened, "second")
    opened.click("#chat [aria-label=Retry]")
    opened.wait_for_selector(".mn-versions:has-text('2/2')")
    opened.wait_for_selector("body:not(.mn-streaming)")
    opened.click(".mn-versions [data-action=earlier]")
    opened.wait_for_selector(".mn-versions:has-text('1/2')")
    opened.click("#chat [aria-label=Like] >> nth=-1")
    opened.locator("#chat .message-buttons-right [aria-label=Edit]").first.click(force=True)
    opened.fill("#chat .user-row textarea", "say: changed")
    opened.locator("#chat [aria-label=Submit]").first.click()
    opened.wait_for_selector("#chat .user-row .mn-versions:has-text('2/2')")
    opened.wait_for_selector("body:not(.mn-streaming)")
    assert opened.locator("#chat .message-row").count() == 2 and last_reply(opened).strip() == "changed"
    opened.click("#chat .user-row [data-action=earlier]")
    opened.wait_for_selector("#chat .user-row .mn-versions:has-text('1/2')")
    assert opened.locator("#chat .message-row").count() == 4
    conversation = opened.url.split("c=")[1]
    assert server.application.history.path("local", conversation)[-1].feedback == 1
    opened.click("#chat [aria-label=Undo]")
    opened.wait_for_function("() => document.querySelectorAll('#chat .message-row').length === 2")
    assert opened.input_value(BOX) == "second"


def test_escape_stops_and_slash_writes(opened: Any, server: PageServer) -> None:
    opened.fill(BOX, "count")
    opened.press(BOX, "Enter")
    opened.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes('12')")
    opened.keyboard.press("Escape")
    opened.wait_for_selector("body:not(.mn-streaming)")
    opened.wait_for_selector("#chat .mn-mark:has-text('Stopped')")
    conversation = opened.url.split("c=")[1]
    assert server.application.history.path("local", conversation)[-1].finish_reason == "stopped"
    opened.locator("#reads-panel h2").click()
    opened.evaluate("document.activeElement.blur()")
    opened.keyboard.press("/")
    opened.keyboard.type("a/b")
    opened.keyboard.press("Shift+Enter")
    opened.keyboard.type("c")
    assert opened.input_value(BOX) == "a/b\nc"


def test_a_reply_goes_on_while_another_conversation_is_shown(opened: Any) -> None:
    opened.fill(BOX, "count")
    opened.press(BOX, "Enter")
    opened.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes('12')")
    opened.click("#new-chat")
    opened.wait_for_selector("body.mn-empty:not(.mn-streaming)")
    say(opened, "say: hello from the other one")
    assert "hello from the other one" in last_reply(opened)
    opened.locator("#sidebar-list .mn-row-title", has_text="count").click()
    opened.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes(' 60 ')")
    opened.wait_for_selector("body.mn-streaming")
    opened.keyboard.press("Escape")
    opened.wait_for_selector("body:not(.mn-streaming)")
    assert "hello" not in opened.inner_text("#chat")


def test_conversations_are_found_renamed_deleted_and_restored(opened: Any, server: PageServer, page: Any) -> None:
    say(opened, ANNA)
    opened.click("#new-chat")
    opened.wait_for_selector("body.mn-empty")
    say(opened, "A question about tulips")
    opened.wait_for_selector("#sidebar-list .mn-row-title:has-text('tulips')")
    assert opened.inner_text("#sidebar-list .mn-day") == "Today"
    opened.fill("#sidebar-search", "Lisbon")
    opened.wait_for_function("() => document.querySelectorAll('#sidebar-list .mn-row').length === 1")
    opened.fill("#sidebar-search", "")
    opened.wait_for_function("() => document.querySelectorAll('#sidebar-list .mn-row').length === 2")
    row = opened.locator("#sidebar-list .mn-row").first
    row.hover()
    row.locator("[data-action=rename]").click()
    opened.keyboard.type("Flowers")
    opened.keyboard.press("Enter")
    opened.wait_for_selector("#sidebar-list .mn-open:has-text('Flowers')")
    opened.reload()
    opened.wait_for_selector("#sidebar-list .mn-open:has-text('Flowers')")
    assert opened.locator("#chat .message-row").count() == 2
    row = opened.locator("#sidebar-list .mn-row").first
    row.hover()
    row.locator("[data-action=delete]").click()
    assert "all memories made from it" in opened.inner_text("dialog")
    opened.click("dialog .mn-danger")
    opened.wait_for_selector("body.mn-empty")
    opened.wait_for_function("() => document.querySelectorAll('#sidebar-list .mn-row').length === 1")
    assert all("tulips" not in memory.text for memory in server.application.network.store.iterate("local"))


def test_files_in_the_box_become_memories_first(opened: Any, server: PageServer, tmp_path: Path) -> None:
    file = tmp_path / "notes on grass.md"
    file.write_text("# Meadows\n\nThe sea grass meadow of Setubal is blue.\n", encoding="utf-8")
    bad = tmp_path / "empty.txt"
    bad.write_text("", encoding="utf-8")
    opened.set_input_files("#message-box input[type=file]", [str(file), str(bad)])
    opened.wait_for_function("() => document.querySelectorAll('#message-box .thumbnail-item').length >= 2")
    say(opened, "What colour is the sea grass meadow?")
    opened.wait_for_selector("#status .mn-done:has-text('in memory')")
    opened.wait_for_selector("#status .mn-failed")
    card = opened.locator("#reads-panel .mn-card").first
    assert "is blue" in card.inner_text() and "Meadows" in card.locator(".mn-source").inner_text()
    assert [document.name for document in server.application.network.store.documents("local")] == [file.name]
    assert [one for one in (tmp_path / "data" / "received").rglob("*") if one.is_file()] == []
    card.locator("button.mn-source").click()
    opened.wait_for_selector("#documents-page :text('is blue')")


def test_getting_ready_is_shown_and_a_message_waits(tmp_path: Path, page: Any) -> None:
    server = PageServer(tmp_path / "data", wait=False, loading=4.0)
    try:
        page.goto(server.url)
        page.wait_for_selector("#getting-ready")
        page.fill(BOX, "too early")
        page.press(BOX, "Enter")
        page.wait_for_selector("text=still getting ready")
        assert page.input_value(BOX) == "too early"
        page.wait_for_selector("body.mn-ready")
        assert page.locator("#getting-ready").count() == 0
        page.press(BOX, "Enter")
        page.wait_for_selector("#chat .bot-row")
    finally:
        server.close()


def test_a_start_that_failed_says_why(tmp_path: Path, page: Any) -> None:
    server = PageServer(tmp_path / "data", fails="No model here; give one with --model PATH.")
    try:
        page.goto(server.url)
        page.wait_for_selector("#start-failed:has-text('--model PATH')")
    finally:
        server.close()


def test_language_and_theme_follow_the_browser_and_can_be_switched(server: PageServer, chromium: Any) -> None:
    context = chromium.new_context(locale="zh-CN", color_scheme="dark", viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        page.goto(server.url)
        page.wait_for_selector("#tab-memory-button:has-text('记忆')")
        page.wait_for_selector("body.dark")
        assert page.inner_text("#new-chat") == "新对话"
        page.click("[data-value=light]")
        page.wait_for_selector("body:not(.dark)")
        page.click("[data-value=en]")
        page.wait_for_selector("#tab-memory-button:has-text('Memory')")
        page.wait_for_selector("body:not(.dark)")
        assert page.inner_text("#new-chat") == "New chat"
        page.wait_for_selector("body.mn-ready")
        page.fill(BOX, " ")
        page.press(BOX, "Enter")
        page.wait_for_selector("text=Write a message or add a file first")
    finally:
        context.close()


def test_on_a_phone_nothing_covers_the_chat(server: PageServer, chromium: Any) -> None:
    size: Any = {"width": 390, "height": 844}
    context = chromium.new_context(locale="en-US", viewport=size, has_touch=True, is_mobile=True)
    try:
        page = context.new_page()
        page.goto(server.url)
        page.wait_for_selector("body.mn-ready")
        assert page.locator("#sidebar.open").count() == 0
        say(page, "hello")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert not page.locator("#reads-panel").is_visible()
        page.click("#open-reads")
        page.wait_for_selector("#not-from-memory", state="visible")
        page.click(".mn-drawer-close")
        page.click(".sidebar .toggle-button")
        page.click("#new-chat")
        page.wait_for_selector("#sidebar:not(.open)", state="attached")
        page.wait_for_selector("body.mn-empty")
    finally:
        context.close()
