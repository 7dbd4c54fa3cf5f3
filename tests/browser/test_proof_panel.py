"""The panel's proof in Chromium: words and cards light each other up, effects, mute, boost and regenerate, diagnostics.

With a fake decoder that says what it is told and looks where it is told; the last test has the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from knowledge.records import Memory
from tests.browser.fake_application import FakeDecoder, OpenFakeDecoder
from tests.browser.talk import (
    BOX,
    eventually,
    last_reply,
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
NOTES = {"sister": "My sister Anna lives in Lisbon.", "dog": "My dog Rex loves the park.", "tea": "I drink green tea."}
MARKDOWN = "say: She **lives** in [Lisbon](https://example.org/lisbon), 她住在里斯本 🐕 and `Lis` **bon** 2019."


@pytest.fixture
def start(tmp_path: Path, chromium: Any) -> Iterator[Callable[..., PageServer]]:
    """A page server that reads sister, dog and tea; ``decoder`` speaks."""
    servers: list[PageServer] = []

    def with_decoder(decoder: FakeDecoder) -> PageServer:
        reader = ReaderByList(("sister", 0, ""), ("dog", 0, ""), ("tea", 0, ""))
        servers.append(server := PageServer(tmp_path / "data", reader=reader, decoder=decoder))
        network = server.application.network
        notes = [Memory(id, text, "note", 1.0, "user") for id, text in NOTES.items()]
        network.store.add(OWNER, notes, network.encoder.encode([note.text for note in notes]))
        return server

    yield with_decoder
    for server in servers:
        server.close()


def word(page: Any, text: str) -> Any:
    return page.locator("#chat .mn-word").get_by_text(text, exact=True)


def lit(page: Any, selector: str) -> list[str]:
    """What is lit of these elements: ids of cards, texts of words."""
    return page.locator(f"{selector}.mn-lit").evaluate_all("all => all.map(one => one.dataset.id || one.textContent)")


def test_words_and_cards_light_each_other_up_through_markdown(start: Callable[..., PageServer], page: Any) -> None:
    server = start(OpenFakeDecoder(pause=0.0))
    open_chat(page, server.url)
    say(page, MARKDOWN)
    for _ in range(2):  # as it was written, and out of history
        # Words in turn from the strongest and the weakest: She, in, 她住在里斯本, and, **bon** from the sister's.
        word(page, "She").hover()
        eventually(lambda: lit(page, "#reads-panel .mn-card") == ["sister"])
        word(page, "lives").hover()  # Markdown took its stars off
        eventually(lambda: lit(page, "#reads-panel .mn-card") == ["tea"])
        word(page, "Lisbon").hover()  # and the address of the link
        eventually(lambda: lit(page, "#reads-panel .mn-card") == ["tea"])
        page.hover("#reads-panel h2")
        eventually(lambda: lit(page, "#reads-panel .mn-card") == [])
        card(page, "sister").hover()
        eventually(lambda: lit(page, "#chat .mn-word") == ["She", "in", *"她住在里斯本", "and", "bon"])
        card(page, "dog").hover()
        eventually(lambda: lit(page, "#chat .mn-word") == [])
        expect(last_reply(page)).to_contain_text("她住在里斯本 🐕 and Lis bon 2019.")  # the text stays as it was
        page.reload()
        page.wait_for_selector("#chat .mn-word")


def test_words_are_reached_by_keyboard_and_by_touch(start: Callable[..., PageServer], page: Any, chromium: Any) -> None:
    server = start(OpenFakeDecoder(pause=0.0))
    open_chat(page, server.url)
    say(page, "say: One two three")
    expect(page.locator("#chat .mn-word[tabindex='0']")).to_have_count(1)
    word(page, "One").focus()
    eventually(lambda: lit(page, "#reads-panel .mn-card") == ["sister"])
    page.keyboard.press("ArrowRight")
    expect(word(page, "two")).to_be_focused()
    expect(word(page, "two")).to_have_attribute("aria-description", f"Read from: “{NOTES['tea']}”")
    eventually(lambda: lit(page, "#reads-panel .mn-card") == ["tea"])
    card(page, "sister").locator("[data-action=pin]").focus()
    eventually(lambda: lit(page, "#chat .mn-word") == ["One", "three"])

    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-US", has_touch=True)
    phone = context.new_page()
    open_chat(phone, page.url)
    word(phone, "two").tap()
    expect(card(phone, "tea")).to_be_in_viewport()
    eventually(lambda: lit(phone, "#reads-panel .mn-card") == ["tea"])
    card(phone, "sister").locator(".mn-its-words").tap()
    eventually(lambda: lit(phone, "#chat .mn-word") == ["One", "three"])
    expect(card(phone, "sister")).not_to_be_in_viewport()
    context.close()


def test_effects_come_by_themselves_and_when_asked_for(start: Callable[..., PageServer], page: Any) -> None:
    decoder = OpenFakeDecoder(pause=0.0)
    decoder.may_measure.clear()
    server = start(decoder)
    open_chat(page, server.url)
    say(page, "say: One two three")
    expect(page.locator("#reads-measuring")).to_be_visible()
    expect(page.locator(".mn-attention")).to_have_count(3)
    expect(page.locator(".mn-effect")).to_have_count(0)
    say(page, "say: Four five")  # it does not wait for the measuring
    decoder.may_measure.set()
    expect(page.locator(".mn-effect")).to_have_count(3)
    effect = card(page, "sister").locator(".mn-effect")
    expect(effect).to_contain_text("helps +1.5")
    why = "Without this memory the reply would be 4.5 times less likely (+1.5 nats): it helped."
    expect(effect).to_have_attribute("title", why)
    expect(page.locator("#reads-measure")).to_have_count(0)
    page.locator("#chat .mn-chip").first.click()
    expect(page.locator(".mn-effect")).to_have_count(3)  # of the reply that was stopped being measured, too

    # After another start nothing is measured by itself; the button does it.
    kept = server.application.history.kept_reads
    reply = replies(page)[-1]
    kept.set_effects(OWNER, reply, dict.fromkeys(NOTES, None))  # type: ignore[arg-type]
    page.reload()
    page.locator("#reads-measure").click()
    expect(page.locator(".mn-effect")).to_have_count(3)


def test_what_changed_takes_effect_with_one_button(start: Callable[..., PageServer], page: Any) -> None:
    decoder = OpenFakeDecoder(pause=0.0)
    server = start(decoder)
    open_chat(page, server.url)
    say(page, "say: One two three")
    expect(page.locator(".mn-effect")).to_have_count(3)
    assert page.locator("#reads-regenerate").count() == 0
    boost = card(page, "tea").locator("[data-action=boost]")
    boost.click()
    expect(boost).to_have_attribute("aria-pressed", "true")
    boost.click()
    expect(page.locator("#reads-regenerate")).to_have_count(0)
    boost.click()
    card(page, "dog").locator("[data-action=mute]").click()
    expect(card(page, "dog")).to_contain_text("muted")
    before = replies(page)
    page.click("#reads-regenerate")
    wait_for_reply(page, before)
    request = decoder.requests[-1]
    assert request.sampling.temperature == 0.0
    assert "dog" not in {read.memory.id for read in request.reads}
    expect(page.locator("#reads-panel .mn-card").first).to_contain_text(NOTES["tea"])
    expect(card(page, "tea")).to_contain_text("boosted ×4")
    expect(card(page, "dog")).to_have_count(0)
    expect(page.locator("#reads-regenerate")).to_have_count(0)
    expect(page.locator("#chat .mn-versions")).to_contain_text("2/2")


def test_an_endpoint_shows_no_attention_and_the_panel_says_why(start: Callable[..., PageServer], page: Any) -> None:
    server = start(FakeDecoder(pause=0.0))
    open_chat(page, server.url)
    say(page, "say: One two three")
    expect(page.locator(".mn-way")).to_contain_text("endpoint, which does not show where it looked")
    expect(page.locator("#reads-panel .mn-weight")).to_have_count(3)
    for gone in (".mn-attention", ".mn-effect", "#reads-measure", "#reads-measuring", "#chat .mn-word"):
        expect(page.locator(gone)).to_have_count(0)
    page.click("#tab-models-button")
    expect(page.locator(".dg-group[data-group=blocks]")).to_contain_text("the model runs at an endpoint")


def test_diagnostics_show_the_caches_and_what_was_written_is_made_ready(
    start: Callable[..., PageServer], page: Any
) -> None:
    decoder = OpenFakeDecoder(pause=0.0)
    server = start(decoder)
    open_chat(page, server.url)
    say(page, 'say: <img src=x onerror="window.hacked=1"> two')
    eventually(lambda: len(decoder.filled) == 2)  # the message and its reply
    server.application.network.remember(OWNER, "A note by hand")
    eventually(lambda: "A note by hand" in decoder.filled)
    page.click("#tab-models-button")
    line = page.locator("#diagnostics-page .dg-line[data-key=count]")
    expect(line).to_contain_text("3")
    expect(page.locator(".dg-line[data-key=ram]")).to_contain_text("3 MB of 256 MB")
    expect(page.locator(".dg-line[data-key=hit_rate]")).to_contain_text("75 %")
    expect(page.locator(".dg-line[data-key=path]")).to_contain_text("Read as blocks")
    server.application.network.remember(OWNER, "Another note")
    eventually(lambda: len(decoder.filled) == 4)
    page.click("#diagnostics-refresh")
    expect(line).to_contain_text("4")
    let_everything_run(page)
    assert page.evaluate("window.hacked") is None


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_muting_what_told_of_lisbon_takes_it_out_of_the_reply(start_server: Any, page: Any, tmp_path: Path) -> None:
    server = start_server("--reply-tokens", "40", data=tmp_path / "data")
    open_chat(page, server.url)
    say(page, "My sister Anna lives in Lisbon")
    page.click("#new-chat")
    page.wait_for_selector("body.mn-empty")
    expect(page.locator(BOX)).to_be_visible()
    say(page, "Where does my sister live?")
    expect(last_reply(page)).to_contain_text("Lisbon")
    first = page.locator("#reads-panel .mn-card").first
    expect(first).to_contain_text("My sister Anna lives in Lisbon")
    # Hover a word: its card lights up. Hover the card: its words do.
    page.locator("#chat .mn-word").get_by_text("Lisbon", exact=False).first.hover()
    eventually(lambda: first.get_attribute("data-id") in lit(page, "#reads-panel .mn-card"))
    first.hover()
    eventually(lambda: lit(page, "#chat .mn-word"))
    expect(first.locator(".mn-effect")).to_contain_text("helps +")
    told = page.locator("#reads-panel .mn-card:not(.mn-quiet)")
    while told.count():  # the message and what was replied to it
        count = told.count()
        told.first.locator("[data-action=mute]").click()
        expect(told).to_have_count(count - 1)
    before = replies(page)
    page.click("#reads-regenerate")
    wait_for_reply(page, before)
    expect(last_reply(page)).not_to_contain_text("Lisbon")
    expect(page.locator("#reads-panel .mn-card").filter(has_text="Lisbon")).to_have_count(0)
