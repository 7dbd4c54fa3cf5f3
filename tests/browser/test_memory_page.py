"""The memory page in Chromium: find, correct, delete, export and import; hostile texts stay texts."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from knowledge.records import Memory
from tests.browser.fake_application import FakeApplication
from tests.browser.talk import eventually, let_everything_run, open_chat, say, wait_for_rows
from tests.page_server import running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]

OWNER = "local"
HOSTILE = [
    '<img src=x onerror="window.hacked = 1">',
    "${window.hacked = 2}",
    "{{constructor.constructor('window.hacked = 3')()}}",
    "</script><script>window.hacked = 4</script>",
]
DAY = 86400.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, FakeApplication]]:
    with running(tmp_path / "data") as started:
        yield started


def remember(application: FakeApplication, *memories: Memory) -> None:
    network = application.network
    vectors: np.ndarray = network.encoder.encode([memory.text for memory in memories])
    network.store.add(OWNER, memories, vectors)


def note(id: str, text: str, age: float = 60.0, **values: Any) -> Memory:
    return Memory(id, text, values.pop("kind", "note"), time.time() - age, role="user", **values)


def stored(application: FakeApplication) -> dict[str, Memory]:
    return {memory.id: memory for memory in application.network.store.iterate(OWNER)}


def open_memory(page: Any, url: str) -> None:
    page.goto(url)
    page.locator("#nav [role=tab]").nth(1).click()
    page.locator("#memory-search").wait_for()


def cards(page: Any) -> Any:
    return page.locator("#memory-list article")


def count_is(page: Any, number: int) -> None:
    page.wait_for_function(f"document.querySelectorAll('#memory-list article').length === {number}")


def test_hostile_texts_stay_texts(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    remember(
        application,
        *(
            note(f"m{number}", text, title=text, heading=text, speaker=text, kind="turn", container="c")
            for number, text in enumerate(HOSTILE)
        ),
    )
    open_memory(page, url)
    count_is(page, len(HOSTILE))
    assert sorted(page.locator("#memory-list .ml-text").all_inner_texts()) == sorted(HOSTILE)
    page.locator("#memory-m0-edit").click()
    assert page.locator("#memory-m0-text").input_value() == HOSTILE[0]
    let_everything_run(page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#memory-list img, #memory-list script").count() == 0


def test_search_and_filters(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    remember(
        application,
        note("today", "Anna lives in Lisbon", 0.0),
        note("old", "The train leaves at seven", 40 * DAY),
        note("week", "我姐姐安娜搬到了里斯本", 5 * DAY),
        note("turn", "We walked to the hut", 20 * DAY, kind="turn"),
    )
    application.network.store.mark(OWNER, ["old"], pinned=True)
    open_memory(page, url)
    count_is(page, 4)
    page.locator("#memory-search").fill("lisbon")
    count_is(page, 1)
    assert page.locator("#memory-today").is_visible()
    assert page.locator("#memory-count").inner_text() == "1 of 4 memories"
    page.locator("#memory-search").fill("里斯本")
    page.locator("#memory-week").wait_for()
    count_is(page, 1)
    page.locator("#memory-clear-filters").click()
    count_is(page, 4)
    page.locator("#memory-kind").select_option("turn")
    count_is(page, 1)
    page.locator("#memory-kind").select_option("")
    page.locator("#memory-state").select_option("pinned")
    page.locator("#memory-old").wait_for()
    count_is(page, 1)
    page.locator("#memory-state").select_option("")
    count_is(page, 4)
    for choice, number in (("today", 1), ("week", 2), ("month", 3)):
        page.locator("#memory-time").select_option(choice)
        count_is(page, number)
    page.locator("#memory-time").select_option("custom")
    count_is(page, 4)
    page.locator("#memory-to").fill(time.strftime("%Y-%m-%d", time.localtime(time.time() - 10 * DAY)))
    count_is(page, 2)
    page.locator("#memory-from").fill(time.strftime("%Y-%m-%d", time.localtime(time.time() - 20 * DAY)))
    count_is(page, 1)
    assert page.locator("#memory-turn").is_visible()
    page.locator("#memory-search").fill("nowhere to be found")
    page.locator("#memory-list .ml-empty").wait_for()


def test_pin_mute_edit_and_add(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    remember(application, note("m", "Anna lives in Lisbon"))
    open_memory(page, url)
    page.locator("#memory-m-pin").click()
    page.locator("#memory-m[data-pinned]").wait_for()
    page.locator("#memory-m-mute").click()
    page.locator("#memory-m[data-muted]").wait_for()
    assert stored(application)["m"].pinned and stored(application)["m"].muted
    page.locator("#memory-m-mute").click()
    page.locator("#memory-m:not([data-muted])").wait_for()
    assert not stored(application)["m"].muted
    page.locator("#memory-m-edit").click()
    page.locator("#memory-m-text").fill("Anna lives in Porto")
    page.locator("#memory-m-save").click()
    page.locator("#memory-m-text").wait_for(state="detached")
    assert stored(application)["m"].text == "Anna lives in Porto"
    assert application.network.store.page(OWNER, search="Lisbon")[1] == 0
    page.locator("#memory-add").click()
    page.locator("#memory-note").fill("I am allergic to peanuts")
    page.locator("#memory-note-save").click()
    count_is(page, 2)
    page.locator("#memory-note").wait_for(state="hidden")
    texts = {memory.text for memory in stored(application).values()}
    assert texts == {"Anna lives in Porto", "I am allergic to peanuts"}


def test_delete_asks_and_several_go_at_once(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    remember(application, *(note(f"m{number}", f"memory number {number}") for number in range(4)))
    open_memory(page, url)
    count_is(page, 4)
    page.locator("#memory-m0-delete").click()
    page.locator("#memory-m0-confirm-no").click()
    page.locator("#memory-m0-confirm").wait_for(state="detached")
    page.locator("#memory-m0-pin").click()  # had the deletion been asked for, it would be there before this
    page.locator("#memory-m0[data-pinned]").wait_for()
    assert len(stored(application)) == 4
    page.locator("#memory-m0-delete").click()
    page.locator("#memory-m0-confirm-yes").click()
    count_is(page, 3)
    assert "m0" not in stored(application)
    page.locator("#memory-m1-select").check()
    page.locator("#memory-m2-select").check()
    page.locator("#memory-delete-selected").click()
    page.locator("#memory-delete-selected-confirm-yes").click()
    count_is(page, 1)
    assert set(stored(application)) == {"m3"}
    expect(page.locator("#memory-selection")).to_be_hidden()


def test_delete_everything_needs_the_word(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    remember(application, *(note(f"m{number}", f"memory number {number}") for number in range(3)))
    open_memory(page, url)
    page.locator("#memory-more").click()
    page.locator("#memory-delete-all").click()
    page.locator("#memory-delete-all-word").fill("delete")
    expect(page.locator("#memory-delete-all-yes")).to_be_disabled()
    page.locator("#memory-delete-all-word").fill("DELETE")
    page.locator("#memory-delete-all-yes").click()
    page.locator("#memory-list .ml-empty").wait_for()
    assert stored(application) == {}


def test_pages(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    remember(application, *(note(f"m{number}", f"memory number {number}", 60 + number) for number in range(65)))
    open_memory(page, url)
    count_is(page, 30)
    assert "1–30 of 65" in page.locator("#memory-pager").inner_text()
    page.locator("#memory-pager-next").click()
    page.locator("#memory-m30").wait_for()
    page.locator("#memory-pager-next").click()
    count_is(page, 5)
    assert page.locator("#memory-pager-next").is_disabled()
    for id in [f"m{number}" for number in range(60, 65)]:
        page.locator(f"#memory-{id}-select").check()
    page.locator("#memory-delete-selected").click()
    page.locator("#memory-delete-selected-confirm-yes").click()
    page.locator("#memory-m30").wait_for()  # the last page is gone, the one before it is shown
    assert "31–60 of 60" in page.locator("#memory-pager").inner_text()


def test_export_and_import_again(page: Any, server: tuple[str, FakeApplication], tmp_path: Path) -> None:
    url, application = server
    remember(application, note("m0", HOSTILE[0]), note("m1", "记忆", 5 * DAY, kind="turn", container="c", position=3))
    before = stored(application)
    open_memory(page, url)
    count_is(page, 2)
    page.locator("#memory-more").click()
    with page.expect_download() as download:
        page.locator("#memory-export").click()
    export = tmp_path / "export.jsonl"
    download.value.save_as(export)
    assert len(export.read_text(encoding="utf-8").splitlines()) == 3  # a header and two memories
    page.set_input_files("#memory-import-file", export)
    page.locator("#memory-imports [data-state=done]").wait_for()
    assert "0 memories added, 2 were already there" in page.locator("#memory-imports").inner_text()
    application.network.store.delete(OWNER, ["m0", "m1"])
    page.set_input_files("#memory-import-file", export)
    page.get_by_text("2 memories added, 0 were already there").wait_for()
    count_is(page, 2)
    plain = [dataclasses.replace(memory, edited=None) for memory in (before["m0"], before["m1"])]
    assert [dataclasses.replace(stored(application)[id], edited=None) for id in ("m0", "m1")] == plain


def test_a_broken_import_names_the_line_and_imports_nothing(
    page: Any, server: tuple[str, FakeApplication], tmp_path: Path
) -> None:
    url, application = server
    remember(application, note("m0", "one"))
    open_memory(page, url)
    page.locator("#memory-more").click()
    with page.expect_download() as download:
        page.locator("#memory-export").click()
    export = tmp_path / "export.jsonl"
    download.value.save_as(export)
    application.network.store.delete(OWNER, ["m0"])
    broken = tmp_path / "broken.jsonl"
    broken.write_text(export.read_text(encoding="utf-8") + json.dumps({"no": "memory"}) + "\n", encoding="utf-8")
    page.set_input_files("#memory-import-file", broken)
    page.locator("#memory-imports [data-state=failed]").wait_for()
    assert "Line 3 " in page.locator("#memory-imports").inner_text()
    assert stored(application) == {}


def test_a_source_leads_to_its_document(page: Any, server: tuple[str, FakeApplication], tmp_path: Path) -> None:
    url, application = server
    path = tmp_path / "plan.md"
    path.write_text(
        "\n\n".join(f"# Day {day}\n\nOn day {day} we walk to the hut with number {day}." for day in range(60))
    )
    job = application.uploads.submit(OWNER, path, "plan.md")
    document = application.uploads.wait(OWNER, job, 60).document
    assert document is not None and document.passages == 60
    open_memory(page, url)
    page.locator("#memory-search").fill("number 47")
    count_is(page, 1)
    page.locator("#memory-list .ml-source").click()
    page.locator("#documents-open-name").wait_for()
    here = page.locator("#documents-passages .ml-here")
    here.wait_for()
    assert "number 47" in here.inner_text()


def test_getting_ready_then_the_list(page: Any, tmp_path: Path) -> None:
    with running(tmp_path / "data", wait=False, held=True) as (url, application):
        page.goto(url)
        page.locator("#nav [role=tab]").nth(1).click()
        page.locator("#memory-status [role=progressbar]").wait_for()
        expect(page.locator("#memory-search")).to_be_hidden()
        application.may_load.set()
        page.locator("#memory-search").wait_for()  # comes by itself
        page.locator("#memory-list .ml-empty").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_width_has_no_sideways_scrolling(chromium: Any, server: tuple[str, FakeApplication], scheme: str) -> None:
    url, application = server
    remember(application, note("m0", "x" * 400), note("m1", "word " * 300), note("m2", HOSTILE[0], title="t" * 300))
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, locale="zh-CN")
    page = context.new_page()
    open_memory(page, url)
    count_is(page, 3)
    page.locator("#memory-m0-select").check()
    page.locator("#memory-m1-delete").click()
    page.locator("#memory-m0-edit").click()
    wide = """[...document.querySelectorAll('#memory-root *')].filter(node => node.offsetParent
              && node.getBoundingClientRect().right > innerWidth + 1).map(node => node.className)"""
    assert page.evaluate(wide) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert "记忆" in page.locator("#memory-root h2").inner_text()
    context.close()


def test_a_source_leads_to_its_conversation(page: Any, server: tuple[str, FakeApplication]) -> None:
    url, application = server
    open_chat(page, url)
    say(page, "Anna lives in Lisbon")
    wait_for_rows(page, 1)
    eventually(lambda: application.network.store.count(OWNER) == 2)  # written back after the reply
    page.locator("#nav [role=tab]").nth(1).click()
    page.locator("#memory-search").fill("Lisbon")
    count_is(page, 1)
    expect(page.locator("#memory-list .ml-source")).to_contain_text("Anna lives in Lisbon")
    page.locator("#memory-list .ml-source").click()
    page.locator("#message-box textarea").wait_for()
    expect(page.locator("#memory-root")).to_be_hidden()
    page.locator("#chat").get_by_text("Anna lives in Lisbon").wait_for()
