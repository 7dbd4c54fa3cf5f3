"""The main job, as a person does it: say something, talk on, restart, ask in a new conversation. Real models."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import make_documents
from tests.browser.talk import last_reply, open_chat, say, wait_for_rows

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

ANNA = "My sister Anna moved to Lisbon in 2019 and works as a marine biologist."
SMALL_TALK = [
    "Hello! How are you today?",
    "What is the capital of France?",
    "Can you tell me a short joke?",
    "How do I boil an egg?",
    "I am planning a dinner for six people on Friday.",
    "What goes well with salmon?",
    "The weather is very cold this week.",
    "Which films would you recommend?",
    "My bicycle has a flat tyre.",
    "Thank you, that is all for today.",
]


def test_a_memory_outlives_the_conversation_and_the_server(start_server: Any, page: Any, tmp_path: Path) -> None:
    server = start_server("--reply-tokens", "48", data=tmp_path / "data")
    open_chat(page, server.url)
    say(page, ANNA)
    for text in SMALL_TALK:
        say(page, text)
    server.stop()

    server = start_server("--reply-tokens", "48", data=tmp_path / "data")
    open_chat(page, server.url)
    wait_for_rows(page, 1)  # restored
    say(page, "Where does my sister live?")
    wait_for_rows(page, 2)  # a new conversation
    expect(page.locator("#reads-panel .mn-card").first).to_contain_text(ANNA)
    expect(last_reply(page)).to_contain_text("Lisbon")


def test_documents_are_read_with_the_page_named_and_a_cancelled_one_leaves_nothing(
    start_server: Any, page: Any, tmp_path: Path
) -> None:
    pdf = make_documents.pdf(tmp_path / "Survey.pdf", pages=110)
    docx = make_documents.docx(tmp_path / "Handbook.docx")
    other = make_documents.pdf(tmp_path / "Second survey.pdf", pages=300)
    server = start_server("--reply-tokens", "32", data=tmp_path / "data")
    open_chat(page, server.url)
    page.click("#tab-documents-button")
    page.set_input_files("#documents-file", [pdf, docx])
    seen: set[str] = set()
    done = threading.Event()
    end = time.monotonic() + 240
    while time.monotonic() < end and not done.is_set():
        rows = page.locator("#documents-jobs [data-name]")
        seen.update(
            rows.locator("[role=progressbar]").evaluate_all(
                "bars => bars.map(bar => bar.getAttribute('aria-valuenow'))"
            )
        )
        states = rows.evaluate_all("rows => rows.map(row => row.dataset.state)")
        if len(states) == 2 and set(states) == {"done"}:
            done.set()
        page.wait_for_timeout(100)
    assert done.is_set(), states
    assert len({value for value in seen if value not in (None, "0", "100")}) >= 3, seen  # progress moves

    page.set_input_files("#documents-file", [other])
    row = page.locator('#documents-jobs [data-name="Second survey.pdf"]:not([id^=documents-job-sending-])')
    row.locator("[id^=documents-cancel-]").click()  # a job of the server's, no longer a file on its way
    page.wait_for_selector('#documents-jobs [data-name="Second survey.pdf"][data-state="cancelled"]')
    page.wait_for_function("document.querySelectorAll('#documents-list [id$=-open]').length === 2")
    listing = page.inner_text("#documents-list")
    assert "Survey.pdf" in listing and "Handbook.docx" in listing and "Second" not in listing

    page.click("#tab-chat-button")
    asked = make_documents.fact(77)
    say(page, asked.question)
    card = page.locator("#reads-panel .mn-card").first
    expect(card).to_contain_text(asked.answer)
    expect(card).to_contain_text("Survey.pdf")
    assert "77" in card.inner_text()
    page.click("#tab-memory-button")
    page.fill("#memory-search", "Second survey")
    expect(page.locator("#memory-count")).to_contain_text(" of ")  # the search has answered
    assert "Second survey" not in page.inner_text("#memory-list")
