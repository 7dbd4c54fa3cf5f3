"""The training page in Chromium: feedback is collected by clicks, learned from in the background, kept and rolled back.

The read is a real network that learns; the decoder is a fake that says where it looked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import TimeoutError, expect

from knowledge.read.attention_reader import AttentionReader
from knowledge.read.read_network import ReadNetwork, ReadSize
from knowledge.records import Memory
from tests.browser.fake_application import OpenFakeDecoder
from tests.browser.talk import conversation_of, eventually, last_reply, open_chat, say
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
OWNER = "local"
THINGS = """boat bread violin garden bicycle lamp kettle camera ladder piano tent kite anchor basket candle drum easel
fiddle globe hammer kayak lantern mirror needle oven pillow quilt racket saddle teapot""".split()  # noqa: SIM905
ASKED = 60


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    """Of every thing memory holds a note of the person's and one of the assistant's; one or the other is nearer
    to the question."""
    torch.manual_seed(2)
    reader = AttentionReader(ReadNetwork(ReadSize(dimension=64)), decline=2.0, negligible=0.0)
    server = PageServer(tmp_path / "data", reader=reader, decoder=OpenFakeDecoder(pause=0.0))
    network = server.application.network
    notes = [
        Memory(f"{role} {thing}", text.format(thing), "note", 100.0 + at, role)  # type: ignore[arg-type]
        for at, thing in enumerate(THINGS)
        for role, text in zip(
            ("user", "assistant") if at % 3 == 0 else ("assistant", "user"),
            ("Here is where the {} is.", "Somebody left a {} behind in our old shed last summer."),
            strict=True,
        )
    ]
    network.store.add(OWNER, notes, network.encoder.encode([note.text for note in notes]))
    yield server
    server.close()


def talk(server: PageServer, count: int) -> None:
    """Questions and thumbs without the browser: the person means their own notes, not the assistant's."""
    conversations, history = server.application.conversations, server.application.history
    for number in range(count):
        talk = history.create(OWNER).id
        list(conversations.send(OWNER, f"{number}: where is the {THINGS[number % len(THINGS)]}?", conversation=talk))
        reply = history.path(OWNER, talk)[-1]
        looked = max(history.reads(OWNER, reply.id), key=lambda read: read.attention or 0.0)
        conversations.feedback(OWNER, reply.id, 1 if looked.id.startswith("user ") else -1)


def count(page: Any, kind: str) -> Any:
    return page.locator(f"#training-counts [data-key={kind}] dd")


def open_training(page: Any) -> None:
    page.click("#tab-training-button")
    page.wait_for_selector("#training-counts")


def test_feedback_is_collected_learned_from_kept_and_rolled_back(server: PageServer, page: Any) -> None:
    application = server.application
    open_chat(page, server.url)
    say(page, "where is the boat?")
    conversation = conversation_of(page)
    page.click("#chat [aria-label=Like] >> nth=-1")
    page.locator("#reads-panel .mn-card [data-action=pin]").first.click()
    page.locator("#reads-panel .mn-card [data-action=mute]").last.click()
    kept = application.history.kept_feedback
    eventually(lambda: [kept.counts(OWNER)[kind] for kind in ("like", "pin", "mute")] == [1, 1, 1])
    page.locator("#chat .message-buttons-left [aria-label=Edit]").last.click(force=True)
    page.fill("#chat .bot-row textarea", "The boat is in the shed.")
    page.locator("#chat [aria-label=Submit]").first.click()
    page.wait_for_selector("#chat .bot-row .mn-versions:has-text('2/2')")
    expect(last_reply(page)).to_have_text("The boat is in the shed.")
    assert application.history.path(OWNER, conversation)[-1].text == "The boat is in the shed."

    open_training(page)
    for kind, number in (("like", 1), ("dislike", 0), ("edit", 1), ("pin", 1), ("mute", 1)):
        expect(count(page, kind)).to_have_text(str(number))
    expect(page.locator("#training-list [data-kind=edit]")).to_contain_text("Your wording: The boat is in the shed.")
    expect(page.locator("#training-list [data-kind=like]")).to_contain_text("Question: where is the boat?")
    page.locator("#training-list [data-kind=mute] [id$=-delete]").click()
    expect(count(page, "mute")).to_have_text("0")
    page.click("#training-learn")
    expect(page.locator("#training-learning [role=alert]")).to_contain_text("too little feedback")

    talk(server, ASKED)
    page.click("#training-refresh")
    page.click("#training-learn")
    expect(page.locator("#training-offered")).to_be_visible(timeout=120_000)
    before, after = (page.locator("#training-report [data-key=score] td").nth(at).inner_text() for at in (0, 1))
    assert float(after.rstrip("%\u202f\u00a0 ")) > float(before.rstrip("%\u202f\u00a0 "))
    expect(page.locator("#training-force")).to_have_attribute("data-own", "false")
    shipped = application.network.reader
    assert application.network.reader_of(OWNER) is shipped
    page.click("#training-keep")
    expect(page.locator("#training-force[data-own=true]")).to_be_visible()
    assert application.network.reader_of(OWNER) is not shipped and application.network.reader_of("bob") is shipped
    page.click("#training-roll-back")
    expect(page.locator("#training-force[data-own=false]")).to_be_visible()
    assert application.network.reader_of(OWNER) is shipped


def test_a_run_is_cancelled_and_deleting_everything_ends_learning(server: PageServer, page: Any) -> None:
    application = server.application
    talk(server, ASKED)
    open_chat(page, server.url)
    with application.network.idle.held():  # as while a reply is written: it waits
        open_training(page)
        page.click("#training-learn")
        page.locator("#training-learning [role=progressbar]").wait_for()
        expect(page.locator("#training-learning")).to_contain_text("Waiting for a quiet moment")
        page.click("#training-cancel")
        expect(page.locator("#training-learning")).to_contain_text("Cancelled; nothing was changed.")
    begun = page.locator("#training-learning [role=progressbar], #training-offered, #training-not-better").first
    for _ in range(10):  # the page may be drawn anew under a click
        page.click("#training-learn")
        with contextlib.suppress(TimeoutError):
            begun.wait_for(timeout=5_000)
            break
    # Whether it is better is up to what was learned, which the test before this one looks at.
    page.locator("#training-offered, #training-not-better").first.wait_for(timeout=400_000)
    application.network.store.delete_everything(OWNER)
    page.click("#training-refresh")
    expect(page.locator("#training-offered")).to_have_count(0)
    expect(page.locator("#training-list")).to_have_count(0)
    assert list((application.settings.data / "readers").iterdir()) == []
