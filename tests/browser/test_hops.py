"""The reads panel's hops in Chromium: the label, the memory that led there, and the way to its card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from knowledge.read.evidence import Focus
from knowledge.records import Candidate, Memory, Read, ReadResult
from tests.browser.talk import let_everything_run, open_chat, say
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
OWNER = "local"
SISTER = "My sister Anna moved to Lisbon in 2019 and works there as a marine biologist."
HOSTILE = "<img src=x onerror=\"window.hacked='img'\">{{window.hacked}}"
NOTES = {
    "sister": SISTER,
    "hostile": HOSTILE,
    "city": "Lisbon: the weather is hot in August and mild in January.",
    **{f"other-{number}": f"The weather of day {number} was mild." for number in range(6)},
}


class ReaderByList:
    """Reads the memories of ``chosen`` in this order, each with the hop and the lead that stand there, unless muted."""

    learned = False

    def __init__(self, *chosen: tuple[str, int, str]) -> None:
        self.chosen = chosen

    def read(self, focus: Focus, candidates: Sequence[Candidate], *, limit: int) -> ReadResult:
        found = {one.memory.id: one.memory for one in candidates}
        share = 1 / (len(self.chosen) + 1)
        readable = [one for one in self.chosen if one[0] in found]
        reads = [Read(found[id], share, share, hop=hop, because=because) for id, hop, because in readable]
        return ReadResult(focus.text, tuple(reads), share, len(candidates))


@pytest.fixture
def start(tmp_path: Path, chromium: Any) -> Iterator[Callable[..., PageServer]]:
    """A page server whose reader reads what is listed, over ``NOTES`` and one note of somebody else."""
    servers: list[PageServer] = []

    def with_reads(*chosen: tuple[str, int, str]) -> PageServer:
        servers.append(server := PageServer(tmp_path / "data", pause=0.0, reader=ReaderByList(*chosen)))
        network = server.application.network
        notes = [Memory(id, text, "note", 1.0, "user") for id, text in NOTES.items()]
        network.store.add(OWNER, notes, network.encoder.encode([note.text for note in notes]))
        foreign = Memory("foreign", "Somebody else's secret", "note", 1.0, "user")
        network.store.add("bob", [foreign], network.encoder.encode([foreign.text]))
        return server

    yield with_reads
    for server in servers:
        server.close()


def card(page: Any, id: str) -> Any:
    return page.locator(f"#reads-panel .mn-card[data-id='{id}']")


def look(page: Any) -> None:
    """What the panel must show of a second hop, live and from history alike."""
    expect(page.locator("#reads-panel .mn-card")).to_have_count(8)
    expect(page.locator("#reads-panel .mn-hop")).to_have_count(1)  # none on the first hop's cards
    expect(card(page, "city").locator(".mn-hop")).to_have_text("Hop 2")
    expect(card(page, "city").locator(".mn-because")).to_have_text(f"because of: “{SISTER[:60].rstrip()}…”")


def test_a_second_hop_names_what_led_to_it_and_goes_there(start: Callable[..., PageServer], page: Any) -> None:
    server = start(("sister", 0, ""), *((f"other-{number}", 0, "") for number in range(6)), ("city", 1, "sister"))
    open_chat(page, server.url)
    say(page, "How is the weather where my sister lives?")
    for press in ("click", "Enter"):
        look(page)
        line = card(page, "city").locator("button.mn-because")
        line.scroll_into_view_if_needed()
        expect(card(page, "sister")).not_to_be_in_viewport()
        if press == "click":
            line.click()
        else:
            line.press(press)
        expect(card(page, "sister")).to_be_focused()
        expect(card(page, "sister")).to_be_in_viewport(ratio=1)
        page.reload()  # the second round is the same, out of history
    label, text = card(page, "city").locator(".mn-hop"), card(page, "city").locator(".mn-hop-text")
    expect(text).to_be_hidden()
    label.press("Enter")
    expect(text).to_contain_text("the question had been refined by what look 1 read")
    expect(label).to_have_attribute("aria-expanded", "true")
    card(page, "sister").locator("[data-action=delete]").click()
    page.click("dialog .mn-danger")
    expect(card(page, "city").locator(".mn-because")).to_have_text("because of: “Deleted”")


def test_a_lead_without_a_card_is_named_while_it_is_there_and_the_owners(
    start: Callable[..., PageServer], page: Any
) -> None:
    server = start(("city", 1, "hostile"), ("sister", 1, "foreign"), ("other-1", 1, "no such memory"))
    open_chat(page, server.url)
    say(page, "How is the weather?")
    for _ in range(2):
        expect(page.locator("#reads-panel .mn-hop")).to_have_count(3)
        expect(page.locator("#reads-panel .mn-because")).to_have_count(1)
        expect(card(page, "city").locator("span.mn-because")).to_have_text(f"because of: “{HOSTILE}”")
        page.reload()
    let_everything_run(page)
    assert page.evaluate("window.hacked") is None
    server.application.network.store.delete(OWNER, ["hostile"])
    page.reload()
    expect(page.locator("#reads-panel .mn-hop")).to_have_count(3)
    expect(page.locator("#reads-panel .mn-because")).to_have_count(0)
