"""Addresses, Back and Forward, the keys and the jump box, pinned conversations: in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.talk import (
    BOX,
    appearing,
    conversation_of,
    eventually,
    say,
    wait_for_conversation,
    wait_for_rows,
)
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
PAGE = "new URLSearchParams(location.search).get('p') || 'chat'"


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data", pause=0.005)
    yield server
    server.close()


def wait_for_page(page: Any, name: str) -> None:
    page.wait_for_function(f"name => ({PAGE}) === name", arg=name)
    expect(page.locator(f"#tab-{name}-button")).to_have_attribute("aria-selected", "true")


def document(server: PageServer, folder: Path) -> str:
    """Id of a document that was taken in."""
    file = folder / "grass.md"
    file.write_text("# Meadows\n\nThe sea grass of Setubal is blue.\n", encoding="utf-8")
    uploads = server.application.uploads
    job = uploads.submit("local", file, file.name)
    eventually(lambda: uploads.wait("local", job, 0.1).finished)
    return str(server.application.network.store.documents("local")[0].id)


def test_back_forward_reload_and_a_second_tab(opened: Any, server: PageServer, tmp_path: Path) -> None:
    say(opened, "say: one")
    first = conversation_of(opened)
    opened.click("#new-chat")
    wait_for_conversation(opened, "")
    say(opened, "say: two")
    second = conversation_of(opened)
    assert first != second
    opened.get_by_role("tab", name="Memory").click()
    wait_for_page(opened, "memory")
    opened.go_back()
    wait_for_page(opened, "chat")
    wait_for_conversation(opened, second)
    opened.go_back()  # the new chat became the second conversation: its place in the row is one
    wait_for_conversation(opened, first)
    expect(opened.locator("#chat .user-row")).to_contain_text("say: one")
    opened.go_forward()
    wait_for_conversation(opened, second)
    expect(opened.locator("#chat .user-row")).to_contain_text("say: two")
    opened.go_forward()
    wait_for_page(opened, "memory")
    opened.reload()
    wait_for_page(opened, "memory")
    wait_for_conversation(opened, second)
    id = document(server, tmp_path)
    other = opened.context.new_page()
    other.goto(f"{server.url}/?c={first}&p=documents&d={id}")
    expect(other.locator("#documents-page")).to_contain_text("is blue")
    other.get_by_role("tab", name="Chat").click()
    wait_for_page(other, "chat")
    expect(other.locator("#chat .user-row")).to_contain_text("say: one")
    other.go_back()
    wait_for_page(other, "documents")
    assert f"d={id}" in other.url


def test_the_keys_are_shown_and_the_jump_box_goes_anywhere(opened: Any, server: PageServer, tmp_path: Path) -> None:
    say(opened, "My sister Anna lives in Lisbon")
    first = conversation_of(opened)
    opened.click("#new-chat")
    wait_for_conversation(opened, "")
    document(server, tmp_path)
    opened.locator(BOX).press("?")
    expect(opened.locator(BOX)).to_have_value("?")  # while one writes it is a question mark
    opened.fill(BOX, "")
    opened.locator(BOX).blur()
    opened.keyboard.press("?")
    expect(opened.get_by_role("dialog", name="Keys")).to_contain_text("Show these keys")
    opened.keyboard.press("Escape")
    expect(opened.locator("dialog")).to_have_count(0)

    def jump(words: str, kind: str) -> Any:
        opened.keyboard.press("Control+k")
        box = opened.get_by_role("combobox", name="Go to")
        expect(box).to_be_focused()
        opened.keyboard.type(words)
        opened.wait_for_selector(f"#jump-list[data-asked='{words}']")
        option = opened.locator(f"#jump-dialog [role=option][data-kind={kind}]").first
        option.wait_for()
        while option.get_attribute("aria-selected") != "true":
            opened.keyboard.press("ArrowDown")
        assert box.get_attribute("aria-activedescendant") == option.get_attribute("id")
        return option

    assert "Lisbon" in jump("anna", "conversation").inner_text()
    opened.keyboard.press("Enter")
    wait_for_conversation(opened, first)
    jump("train", "page")
    opened.keyboard.press("Enter")
    wait_for_page(opened, "training")
    jump("grass", "document")
    opened.keyboard.press("Enter")
    wait_for_page(opened, "documents")
    expect(opened.locator("#documents-page")).to_contain_text("is blue")
    jump("lisbon", "memory")
    with appearing(opened, "#chat .mn-found"):
        opened.keyboard.press("Enter")
    wait_for_page(opened, "chat")
    jump("lisbon", "conversation")
    opened.keyboard.press("Escape")
    expect(opened.locator("dialog")).to_have_count(0)


def test_pinned_conversations_stand_first_and_buttons_say_of_what(opened: Any, server: PageServer) -> None:
    say(opened, "Our **plan** is `tea`")
    opened.click("#new-chat")
    wait_for_conversation(opened, "")
    say(opened, "Later talk")
    wait_for_rows(opened, 2)
    row = opened.locator("#sidebar-list .mn-row", has_text="Our plan is tea")
    row.hover()
    for name in ("Rename “Our plan is tea”", "Delete “Our plan is tea”"):
        expect(row.get_by_role("button", name=name)).to_be_visible()
    row.get_by_role("button", name="Pin “Our plan is tea” on top").click()
    expect(opened.locator("#sidebar-list .mn-day").first).to_have_text("Pinned")
    expect(opened.locator("#sidebar-list .mn-row").first).to_contain_text("Our plan is tea")
    opened.reload()
    row = opened.locator("#sidebar-list .mn-row").first
    expect(row).to_contain_text("Our plan is tea")
    row.hover()
    row.get_by_role("button", name="Unpin “Our plan is tea”").click()
    expect(opened.locator("#sidebar-list .mn-row").first).to_contain_text("Later talk")


def test_formulas_and_code_are_drawn(opened: Any) -> None:
    say(opened, "say: Euler \\(e^{i\\pi}+1=0\\) for $5 or $10\n\n```python\ndef f(x):\n    return x\n```")
    expect(opened.locator("#chat .bot-row .katex")).to_have_count(1)
    keyword = opened.locator("#chat .bot-row .token.keyword").first
    expect(keyword).to_have_text("def")
    ink = "node => getComputedStyle(node).color"
    assert keyword.evaluate(ink) != opened.locator("#chat .bot-row .message p").first.evaluate(ink)
    expect(opened.locator("#chat .bot-row .message")).to_contain_text("for $5 or $10")
