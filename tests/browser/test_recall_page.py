"""Recall and forgetting in Chromium: lines that lead to their memories, and forgetting with its confirmation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from knowledge.records import Turn
from tests.browser.talk import BOX, eventually, last_reply, open_chat, say
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
OWNER = "local"
TOLD = ("My mother's birthday is on 3 May.", "My dog is called Comet.", "I work as a nurse in <b>Leeds</b>.")
ABOUT_ME = "What do you know about me?"
FORGET = "Please forget my mother's birthday."


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data", pause=0.0)
    yesterday = time.time() - 86_400
    turns = [Turn(f"t{place}", "user", text, yesterday + place, position=place) for place, text in enumerate(TOLD)]
    server.application.network.write(OWNER, turns)
    yield server
    server.close()


def in_memory(server: PageServer) -> list[str]:
    return [one.text for one in server.application.network.store.iterate(OWNER)]


def test_every_line_of_a_recalled_list_opens_its_memory(server: PageServer, page: Any) -> None:
    open_chat(page, server.url)
    say(page, ABOUT_ME)
    lines = last_reply(page).locator("li.mn-recalled")
    expect(lines).to_have_count(3)
    expect(lines.nth(1)).to_contain_text("My dog is called Comet.")
    expect(last_reply(page)).to_contain_text("This is what I remember:")
    expect(page.locator("#reads-panel .mn-card")).to_have_count(3)
    lines.nth(1).click()
    focused = page.locator("#reads-panel .mn-card:focus")
    expect(focused).to_contain_text("My dog is called Comet.")

    def opened_by_keyboard() -> bool:
        lines.nth(2).press("Enter")  # again where the first click's update has just drawn the list anew
        page.wait_for_timeout(500)
        return "My mother's birthday" in "".join(focused.all_inner_texts())

    eventually(opened_by_keyboard)
    page.reload()
    expect(page.locator("#chat li.mn-recalled")).to_have_count(3)  # as long as the reply is there
    assert sorted(in_memory(server)) == sorted([*TOLD, ABOUT_ME])  # the list itself is no memory


def test_nothing_is_forgotten_before_it_is_confirmed(server: PageServer, page: Any) -> None:
    open_chat(page, server.url)
    say(page, FORGET)
    choice = page.locator("#chat .mn-forget")
    expect(choice).to_contain_text(TOLD[0])
    expect(choice).not_to_contain_text("Comet")
    expect(last_reply(page)).not_to_contain_text("3 May")
    assert sorted(in_memory(server)) == sorted(TOLD)  # nor is the request a memory
    page.reload()
    expect(choice).to_contain_text(TOLD[0])
    choice.locator("input").uncheck()
    expect(choice.locator("[data-action=forget]")).to_be_disabled()
    choice.locator("input").check()
    choice.locator("[data-action=forget]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chat .mn-forget-end")).to_contain_text("Forgotten")
    expect(choice).to_have_count(0)
    eventually(lambda: sorted(in_memory(server)) == sorted(TOLD[1:]))
    (noted,), _ = server.application.audit.page(OWNER, limit=9)
    assert (noted.what, noted.count, noted.address) == ("forgotten", 1, "127.0.0.1")
    read = server.application.network.read(OWNER, "When is my mother's birthday?", limit=5)
    assert all("May" not in one.memory.text for one in read.reads)
    page.reload()
    expect(page.locator("#chat .mn-forget-end")).to_contain_text("Forgotten")


def test_what_is_kept_is_not_offered_again(server: PageServer, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_chat(page, server.url)
    say(page, FORGET)
    page.locator("#chat .mn-forget [data-action=keep]").click()
    expect(page.locator("#chat .mn-forget-end")).to_contain_text("Kept")
    assert sorted(in_memory(server)) == sorted(TOLD)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator(BOX).is_visible()
