"""The line below a reply in Chromium: what it quotes, when it changes, where a click leads, and what nobody told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from knowledge.records import DecoderEvent, Memory, ReplyRequest
from tests.browser.fake_application import OpenFakeDecoder
from tests.browser.talk import (
    BOX,
    conversation_of,
    eventually,
    let_everything_run,
    open_chat,
    replies,
    say,
    wait_for_reply,
)
from tests.browser.test_hops import ReaderByList, card
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
OWNER = "local"
HOSTILE = (
    "<img src=x onerror=\"window.hacked='img'\"> ${window.hacked=1} {{constructor.constructor('window.hacked=2')()}}"
)
LONG = "We had a busy May. Our dog is called Rex and loves the park. Then we painted the kitchen."
NOTES = {
    "sister": Memory("sister", "My sister Anna lives in Lisbon.", "note", 1.0, "user"),
    "dog": Memory("dog", LONG, "turn", 2.0, "user", container="gone"),
    "bay": Memory(
        "bay",
        f"Cars charge in the bay. {HOSTILE}",
        "passage",
        3.0,
        container="lease",
        position=2,
        title="Lease <b>2024</b>.pdf",
        page=7,
    ),
}


class MeasuredDecoder(OpenFakeDecoder):
    """Looks at the first and the last memory; the one in the middle is measured to have helped."""

    done = {"sister": 0.2, "dog": 3.0, "bay": -1.0}
    said = ""  # what it says to everything from then on

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        if self.said:
            last = replace(request.dialogue[-1], text=f"say: {self.said}")
            request = replace(request, dialogue=[*request.dialogue[:-1], last])
        return super().reply(request, stop)

    def effects(self, request: ReplyRequest, text: str, stop: threading.Event | None = None) -> dict[str, float] | None:
        found = super().effects(request, text, stop)
        return None if found is None else {id: self.done[id] for id in found}


@pytest.fixture
def start(tmp_path: Path, chromium: Any) -> Iterator[Callable[..., PageServer]]:
    servers: list[PageServer] = []

    def with_reads(*ids: str, measures: bool = True) -> PageServer:
        decoder = MeasuredDecoder(pause=0.0)
        if not measures:
            decoder.may_measure.clear()
        reader = ReaderByList(*((id, 0, "") for id in ids))
        servers.append(server := PageServer(tmp_path / "data", reader=reader, decoder=decoder))
        network, notes = server.application.network, list(NOTES.values())
        network.store.add(OWNER, notes, network.encoder.encode([note.text for note in notes]))
        return server

    yield with_reads
    for server in servers:
        server.application.network.decoder.may_measure.set()
        server.close()


def line(page: Any) -> Any:
    return page.locator("#chat .mn-told").last


def test_it_quotes_what_was_looked_at_and_then_what_helped(start: Callable[..., PageServer], page: Any) -> None:
    server = start("sister", "dog", "bay", measures=False)
    open_chat(page, server.url)
    say(page, "say: Our dog is called Rex")
    expect(line(page)).to_contain_text("From your note, on")
    expect(line(page)).to_contain_text("“My sister Anna lives in Lisbon.”")
    decoder: Any = server.application.network.decoder
    decoder.may_measure.set()
    expect(line(page)).to_contain_text("From your chat on")
    expect(line(page).locator(".mn-told-quote")).to_have_text("“Our dog is called Rex and loves the park.”")
    expect(page.locator(".mn-told-missing")).to_have_count(0)

    decoder.gate.clear()  # while the next reply is being written the line stays
    before = replies(page)
    page.fill(BOX, "say: two")
    page.press(BOX, "Enter")
    page.wait_for_selector("body.mn-streaming #reads-panel .mn-card")
    expect(page.locator("#chat .mn-told")).to_have_count(1)
    decoder.gate.set()
    wait_for_reply(page, before)
    expect(page.locator("#chat .mn-told")).to_have_count(2)
    expect(line(page)).to_be_in_viewport()


def test_a_click_opens_the_card_and_a_deleted_memory_is_quoted_no_more(
    start: Callable[..., PageServer], page: Any, chromium: Any
) -> None:
    server = start("sister", "dog", "bay")
    open_chat(page, server.url)
    say(page, "say: Our dog is called Rex")
    say(page, "say: and loves the park")
    expect(page.locator(".mn-told-quote", has_text="Our dog is called Rex")).to_have_count(2)
    page.locator("#chat .mn-told").first.click()
    expect(page.locator("#chat .bot-row").first.locator(".mn-chosen")).to_be_visible()
    expect(card(page, "dog")).to_be_focused()

    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True)
    phone = context.new_page()
    open_chat(phone, f"{server.url}?c={conversation_of(page)}")
    expect(line(phone)).to_contain_text("的对话：")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    line(phone).tap()
    expect(card(phone, "dog")).to_be_in_viewport()
    context.close()

    card(page, "dog").locator("[data-action=delete]").click()
    page.click("dialog .mn-danger")
    expect(page.locator("#chat .mn-told", has_text="Rex")).to_have_count(0)
    expect(line(page)).to_contain_text("sister Anna")  # of what is left, it did most


def test_what_nobody_told_is_said_and_hostile_text_stays_text(start: Callable[..., PageServer], page: Any) -> None:
    server = start("bay")
    open_chat(page, server.url)
    decoder: Any = server.application.network.decoder
    say(page, f"say: {HOSTILE}")
    expect(line(page)).to_contain_text("onerror")
    expect(line(page)).to_contain_text("Read, but hardly used:")
    server.application.network.store.delete(OWNER, ["bay"])
    decoder.done = {**decoder.done, "dog": 2.0}
    server.application.network.reader.chosen = (("dog", 0, ""),)
    decoder.said = "Our dog is called Max Power."
    say(page, "What is our dog called?")
    expect(line(page).locator(".mn-told-missing")).to_have_text("Not in your memories: “Max Power”.")
    expect(line(page)).to_contain_text("The closest: “Our dog is called Rex and loves the park.”")
    let_everything_run(page)
    assert page.evaluate("window.hacked") is None


def test_a_correction_is_a_persons_word_and_nothing_read_is_no_line(
    start: Callable[..., PageServer], page: Any
) -> None:
    server = start("dog")
    open_chat(page, server.url)
    conversations, history = server.application.conversations, server.application.history
    list(conversations.send(OWNER, "Our dog?"))
    talk = history.conversations(OWNER)[0].id
    reply = history.path(OWNER, talk)[-1]
    conversations.revise(OWNER, talk, reply.id, "He is called Max.")
    server.application.network.reader.chosen = ()
    list(conversations.send(OWNER, "say: hello", conversation=talk))
    page.goto(f"{server.url}?c={talk}")
    expect(page.locator("#chat .bot-row")).to_have_count(2)
    expect(page.locator("#chat .mn-told")).to_have_count(1)
    expect(line(page)).to_contain_text("Our dog is called Rex")
    expect(page.locator(".mn-told-missing")).to_have_count(0)
    page.click("#chat .bot-row .mn-versions [data-action=earlier]")
    eventually(lambda: history.path(OWNER, talk)[1].id == reply.id)
    expect(page.locator("#chat .mn-told")).to_have_count(1)
