"""The chat page in a real Chromium, over the real application with a fake encoder and decoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from chat_app.dialogue import reply_stop
from tests.browser.talk import (
    BOX,
    appearing,
    conversation_of,
    eventually,
    last_reply,
    let_everything_run,
    open_chat,
    replies,
    say,
    stop,
    wait_for_conversation,
    wait_for_reply,
    wait_for_rows,
)
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
ANNA = "My sister Anna moved to Lisbon in 2019 and works as a marine biologist."


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data", pause=0.02)
    yield server
    server.close()


def test_a_first_visit_explains_memory_and_offers_prompts(opened: Any) -> None:
    expect(opened.locator("#welcome")).to_contain_text("becomes a memory")
    opened.locator(".mn-example").first.click()
    expect(opened.locator(BOX)).to_have_value(ANNA)
    expect(opened.locator(BOX)).to_have_attribute("aria-label", "Your message")
    expect(opened.locator("#chat")).to_be_hidden()


def test_the_panel_comes_before_the_text_and_goes_to_the_place(opened: Any, server: PageServer) -> None:
    say(opened, ANNA)
    first = conversation_of(opened)
    opened.click("#new-chat")
    opened.wait_for_selector("body.mn-empty")
    wait_for_conversation(opened, "")
    before = replies(opened)
    decoder: Any = server.application.network.decoder
    decoder.gate.clear()  # not a word before the panel is there
    opened.fill(BOX, "Where does my sister Anna live?")
    opened.press(BOX, "Enter")
    opened.wait_for_selector("#reads-panel .mn-card")
    assert "".join(opened.locator("#chat .bot-row .message").all_inner_texts()).strip() == ""
    decoder.gate.set()
    wait_for_reply(opened, before)
    card = opened.locator("#reads-panel .mn-card").first
    assert ANNA in card.inner_text() and "My sister Anna" in card.locator(".mn-source").inner_text()
    weights = [
        int(one)
        for one in opened.locator("#reads-panel .mn-weight").evaluate_all(
            "bars => bars.map(bar => bar.getAttribute('aria-valuenow'))"
        )
    ]
    null = int(opened.get_attribute("#reads-panel .mn-null .mn-bar", "aria-valuenow"))
    assert weights == sorted(weights, reverse=True)
    assert abs(sum(weights) + null - 100) <= len(weights)
    with appearing(opened, "#chat .mn-found"):
        card.locator("button.mn-source").click()
    wait_for_conversation(opened, first)


def test_an_older_replys_panel_comes_back_and_deleted_memories_say_so(opened: Any, server: PageServer) -> None:
    say(opened, ANNA)
    for filler in ("one thing", "another thing"):
        say(opened, filler)
    say(opened, "Where does my sister Anna live?")
    asked = opened.locator("#chat .bot-row").last.get_attribute("data-message")
    say(opened, "say: done")
    opened.locator("#chat .bot-row").first.locator(".mn-chip").click()
    opened.locator("#chat .bot-row").first.locator(".mn-chosen").wait_for()
    opened.wait_for_selector("#not-from-memory")
    opened.locator(f"#chat [data-message='{asked}'] .message").click()
    opened.locator(f"#chat [data-message='{asked}'] .mn-chosen").wait_for()
    card = opened.locator("#reads-panel .mn-card").filter(has_text=ANNA)
    card.wait_for()
    card.locator("[data-action=pin]").click()
    opened.wait_for_selector("#reads-panel .mn-tag:has-text('pinned')")
    card.locator("[data-action=edit]").click()
    opened.fill("#reads-panel .mn-edit-area", "Anna lives in Porto.")
    opened.click("#reads-panel .mn-save")
    card = opened.locator("#reads-panel .mn-card").filter(has_text="Anna lives in Porto.")
    card.locator(".mn-tag:has-text('edited')").wait_for()
    store = server.application.network.store
    memory = eventually(lambda: next((one for one in store.iterate("local") if "Porto" in one.text), None))
    assert memory.text == "Anna lives in Porto."
    eventually(lambda: store.get("local", [memory.id])[memory.id].pinned)
    card.locator("[data-action=delete]").click()
    opened.click("dialog .mn-button:not(.mn-danger)")
    opened.locator("dialog").wait_for(state="detached")
    card.locator("[data-action=mute]").click()  # had the deletion been asked for, it would be there before this
    eventually(lambda: all(one.muted for one in store.get("local", [memory.id]).values()))
    assert memory.id in store.get("local", [memory.id])
    card.locator("[data-action=delete]").click()
    opened.click("dialog .mn-danger")
    opened.wait_for_selector("#reads-panel .mn-gone")
    opened.wait_for_function("() => !document.querySelector('#reads-panel').innerText.includes('Porto')")
    eventually(lambda: store.get("local", [memory.id]) == {})


def test_regenerate_edit_versions_undo_and_feedback(opened: Any, server: PageServer) -> None:
    say(opened, "first")
    say(opened, "second")
    opened.click("#chat [aria-label=Retry]")
    opened.wait_for_selector(".mn-versions:has-text('2/2')")
    opened.wait_for_selector("body:not(.mn-streaming)")
    opened.click(".mn-versions [data-action=earlier]")
    opened.wait_for_selector(".mn-versions:has-text('1/2')")
    conversation, history = conversation_of(opened), server.application.history
    opened.click("#chat [aria-label=Like] >> nth=-1")
    eventually(lambda: history.path("local", conversation)[-1].feedback == 1)
    opened.locator("#chat .message-buttons-right [aria-label=Edit]").first.click(force=True)
    opened.fill("#chat .user-row textarea", "say: changed")
    opened.locator("#chat [aria-label=Submit]").first.click()
    opened.click("dialog .mn-primary")
    opened.wait_for_selector("#chat .user-row .mn-versions:has-text('2/2')")
    opened.wait_for_selector("body:not(.mn-streaming)")
    expect(opened.locator("#chat .message-row")).to_have_count(2)
    expect(last_reply(opened)).to_have_text("changed")
    opened.click("#chat .user-row [data-action=earlier]")
    opened.wait_for_selector("#chat .user-row .mn-versions:has-text('1/2')")
    expect(opened.locator("#chat .message-row")).to_have_count(4)
    assert history.path("local", conversation)[-1].feedback == 1
    opened.click("#chat [aria-label=Undo]")
    expect(opened.locator("#chat .message-row")).to_have_count(2)
    expect(opened.locator(BOX)).to_have_value("second")


def test_who_waits_sees_how_many_are_before(opened: Any, server: PageServer) -> None:
    decoder: Any = server.application.network.decoder
    decoder.before = 2
    decoder.gate.clear()
    opened.fill(BOX, ANNA)
    opened.press(BOX, "Enter")
    expect(opened.locator("#chat .user-row .mn-before")).to_have_text("2 before you")
    decoder.before = 1
    expect(opened.locator("#chat .mn-before")).to_have_text("1 before you")
    decoder.gate.set()
    expect(opened.locator("#chat .mn-before")).to_have_count(0)
    wait_for_reply(opened, [])


def test_escape_stops_and_slash_writes(opened: Any, server: PageServer) -> None:
    opened.fill(BOX, "count")
    opened.press(BOX, "Enter")
    opened.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes('12')")
    stop(opened)
    opened.wait_for_selector("#chat .mn-mark:has-text('Stopped')")
    conversation, history = conversation_of(opened), server.application.history
    eventually(lambda: history.path("local", conversation)[-1].finish_reason == "stopped")
    opened.locator(BOX).blur()
    expect(opened.locator(BOX)).not_to_be_focused()
    opened.keyboard.press("/")
    expect(opened.locator(BOX)).to_be_focused()
    opened.keyboard.type("a/b")
    opened.keyboard.press("Shift+Enter")
    opened.keyboard.type("c")
    expect(opened.locator(BOX)).to_have_value("a/b\nc")


def test_a_reply_goes_on_while_another_conversation_is_shown(opened: Any) -> None:
    opened.fill(BOX, "count")
    opened.press(BOX, "Enter")
    opened.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes('12')")
    opened.click("#new-chat")
    opened.wait_for_selector("body.mn-empty:not(.mn-streaming)")
    say(opened, "say: hello from the other one")
    expect(last_reply(opened)).to_contain_text("hello from the other one")
    opened.locator("#sidebar-list .mn-row-title", has_text="count").click()
    opened.wait_for_function("() => document.querySelector('#chat .bot-row')?.innerText.includes(' 60 ')")
    opened.wait_for_selector("body.mn-streaming")
    stop(opened)
    opened.wait_for_selector("#chat .mn-mark:has-text('Stopped')")
    assert "hello" not in opened.inner_text("#chat")


def test_conversations_are_found_renamed_deleted_and_restored(opened: Any, server: PageServer, page: Any) -> None:
    say(opened, ANNA)
    opened.click("#new-chat")
    opened.wait_for_selector("body.mn-empty")
    say(opened, "A question about tulips")
    opened.wait_for_selector("#sidebar-list .mn-row-title:has-text('tulips')")
    wait_for_rows(opened, 2)
    assert opened.inner_text("#sidebar-list .mn-day") == "Today"
    opened.fill("#sidebar-search", "Lisbon")
    wait_for_rows(opened, 1)
    opened.fill("#sidebar-search", "")
    wait_for_rows(opened, 2)
    row = opened.locator("#sidebar-list .mn-row").first
    row.hover()
    row.locator("[data-action=rename]").click()
    opened.keyboard.type("Flowers")
    opened.keyboard.press("Enter")
    opened.wait_for_selector("#sidebar-list .mn-open:has-text('Flowers')")  # at once, before the server has it
    history = server.application.history
    eventually(lambda: "Flowers" in [one.title for one in history.conversations("local")])
    opened.reload()
    opened.wait_for_selector("#sidebar-list .mn-open:has-text('Flowers')")
    expect(opened.locator("#chat .message-row")).to_have_count(2)
    row = opened.locator("#sidebar-list .mn-row").first
    row.hover()
    row.locator("[data-action=delete]").click()
    expect(opened.locator("dialog")).to_contain_text("all memories made from it")
    opened.click("dialog .mn-danger")
    opened.wait_for_selector("body.mn-empty")
    wait_for_rows(opened, 1)
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
    expect(card).to_contain_text("is blue")
    expect(card.locator(".mn-source")).to_contain_text("Meadows")
    assert [document.name for document in server.application.network.store.documents("local")] == [file.name]
    assert [one for one in (tmp_path / "data" / "received").rglob("*") if one.is_file()] == []
    chip = opened.locator("#chat .user-row .mn-file")
    expect(chip).to_have_text(file.name)  # of the file that was taken in only
    chip.click()
    opened.wait_for_selector("#documents-page :text('is blue')")
    opened.get_by_role("tab", name="Chat").click()  # what happened to the files is still said
    opened.wait_for_function("() => !document.querySelector('#documents-page')?.checkVisibility()")
    opened.wait_for_timeout(1000)
    expect(opened.locator("#status .mn-done")).to_contain_text("in memory")


def test_getting_ready_is_shown_and_a_message_waits(tmp_path: Path, page: Any) -> None:
    server = PageServer(tmp_path / "data", wait=False, held=True)
    try:
        page.goto(server.url)
        page.wait_for_selector("#getting-ready")
        page.fill(BOX, "too early")
        page.press(BOX, "Enter")
        expect(page.locator("#chat .user-row")).to_have_text("too early")
        expect(page.locator(BOX)).to_have_value("")
        page.wait_for_selector("#chat.mn-typing")
        page.fill(BOX, "say: also early")
        page.press(BOX, "Enter")
        page.wait_for_selector(".mn-waiting:has-text('also early')")
        server.application.may_load.set()
        page.wait_for_selector("body.mn-ready")
        expect(page.locator("#getting-ready")).to_have_count(0)
        expect(last_reply(page)).to_have_text("also early")
        expect(page.locator("#chat .user-row")).to_have_count(2)
    finally:
        server.close()


def test_nothing_is_sent_before_the_page_is_filled(server: PageServer, page: Any) -> None:
    held: list[Any] = []
    answers = "**/gradio_api/queue/data*"
    page.route(answers, lambda route: held.append(route))  # what there is to show comes late
    with page.expect_request(answers):
        page.goto(server.url)
    expect(page.locator(BOX)).to_be_disabled()
    let_everything_run(page)
    assert page.locator("body.mn-ready").count() == 0 and page.locator(BOX).is_disabled()
    held[0].continue_()
    page.unroute(answers)
    expect(page.locator(BOX)).to_be_enabled()
    page.wait_for_selector("body.mn-ready")
    say(page, "hello")
    expect(page.locator(BOX)).to_have_value("")


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
        expect(page.locator("#new-chat")).to_have_text("新对话")
        page.click("[data-value=light]")
        page.wait_for_selector("body:not(.dark)")
        page.click("[data-value=en]")
        page.wait_for_selector("#tab-memory-button:has-text('Memory')")
        page.wait_for_selector("body:not(.dark)")
        expect(page.locator("#new-chat")).to_have_text("New chat")
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
        open_chat(page, server.url)
        expect(page.locator("#sidebar")).to_be_attached()
        expect(page.locator("#sidebar.open")).to_have_count(0)
        say(page, "hello")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        expect(page.locator("#reads-panel")).to_be_hidden()
        page.click("#open-reads")
        page.wait_for_selector("#not-from-memory", state="visible")
        page.click(".mn-drawer-close")
        page.click(".sidebar .toggle-button")
        page.click("#new-chat")
        page.wait_for_selector("#sidebar:not(.open)", state="attached")
        page.wait_for_selector("body.mn-empty")
    finally:
        context.close()


def test_a_reply_that_takes_too_long_says_so(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    say(opened, "say: warm")
    monkeypatch.setattr(reply_stop, "MOST_SECONDS", 5.0)
    say(opened, "count")
    expect(last_reply(opened)).to_contain_text("1 2 3")
    expect(opened.locator("#chat")).to_contain_text("Cut short: it took too long")
    opened.reload()
    expect(opened.locator("#chat")).to_contain_text("Cut short: it took too long")
