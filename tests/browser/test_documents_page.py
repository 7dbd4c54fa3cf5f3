"""The documents page in Chromium: several files at once, progress, cancel, passages, deleting; hostile names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from knowledge.documents.ingestion import DocumentIntake
from knowledge.input.message_keys import keys_of
from tests.browser.fake_application import FakeApplication
from tests.browser.talk import eventually, let_everything_run
from tests.page_server import running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]

OWNER = "local"
HOSTILE = "<img src=x onerror=window.hacked=1> ${window.hacked=2} {{constructor}}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, FakeApplication]]:
    with running(tmp_path / "data") as started:
        yield started


class HeldEncoder:
    """An encoder that waits before each batch until ``let`` more batches may go; for files that take long."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.gate = threading.Semaphore(0)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        assert self.gate.acquire(timeout=120)
        rows: np.ndarray = self.inner.encode(texts)
        return rows


class HeldIntake(DocumentIntake):
    """Takes documents in as slowly as its encoder lets it; ``cancelled`` tells by name which have been cancelled."""

    def __init__(self, store: Any, encoder: HeldEncoder) -> None:
        super().__init__(store, partial(keys_of, encoder))
        self.gate = encoder.gate
        self.cancelled: dict[str, Callable[[], bool]] = {}

    def take_in(self, owner: str, path: Path, name: str, **others: Any) -> Any:
        self.cancelled[name] = others["cancelled"]
        return super().take_in(owner, path, name, **others)


def hold(application: FakeApplication) -> HeldIntake:
    network = application.network
    network.intake = HeldIntake(network.store, HeldEncoder(network.encoder))
    return network.intake


def days(path: Path, count: int, word: str = "walk") -> Path:
    path.write_text(
        "\n\n".join(f"# Day {day}\n\nOn day {day} we {word} to the hut with number {day}." for day in range(count)),
        encoding="utf-8",
    )
    return path


def open_documents(page: Any, url: str) -> None:
    page.goto(url)
    page.locator("#nav [role=tab]").nth(2).click()
    page.locator("#documents-drop").wait_for()


def job(page: Any, name: str, state: str) -> Any:
    found = page.locator(f'#documents-jobs [data-name="{name}"][data-state="{state}"]').first
    found.wait_for()
    return found


def test_several_files_their_passages_and_their_end(
    page: Any, server: tuple[str, FakeApplication], tmp_path: Path
) -> None:
    url, application = server
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"no pdf at all")
    open_documents(page, url)
    page.locator("#documents-list .ml-empty").wait_for()
    page.set_input_files("#documents-file", [days(tmp_path / "plan.md", 45), days(tmp_path / "b.txt", 1), broken])
    assert "45 passages" in job(page, "plan.md", "done").inner_text()
    job(page, "b.txt", "done")
    assert "broken.pdf" in job(page, "broken.pdf", "failed").locator(".ml-job-state").inner_text()
    page.wait_for_function("document.querySelectorAll('#documents-list article').length === 2")
    store = application.network.store
    assert store.count(OWNER) == 46

    page.locator("#documents-list .ml-name", has_text="plan.md").click()
    page.locator("#passage-0").wait_for()
    assert "Day 0" in page.locator("#passage-0 .ml-where").inner_text()
    page.locator("#documents-pager-next").click()
    page.locator("#passage-20").wait_for()
    page.locator("#documents-pager-next").click()
    page.locator("#passage-44").wait_for()
    order = page.eval_on_selector_all("#documents-passages article", "all => all.map(one => one.id)")
    assert order == [f"passage-{position}" for position in range(40, 45)]
    page.locator("#documents-back").click()

    plan = next(one for one in store.documents(OWNER) if one.name == "plan.md")
    page.locator(f"#document-{plan.id}-delete").click()
    page.locator(f"#document-{plan.id}-confirm-no").click()
    page.locator("#documents-list .ml-name", has_text="plan.md").click()  # later than a deletion would have come
    page.locator("#passage-0").wait_for()
    page.locator("#documents-back").click()
    assert store.document(OWNER, plan.id) is not None
    page.locator(f"#document-{plan.id}-delete").click()
    page.locator(f"#document-{plan.id}-confirm-yes").click()
    page.locator(f"#document-{plan.id}").wait_for(state="detached")
    assert store.count(OWNER) == 1
    page.locator("#documents-clear").click()
    page.locator("#documents-jobs article, #documents-jobs .ml-job").first.wait_for(state="detached")


def test_the_same_again_and_a_newer_version(page: Any, server: tuple[str, FakeApplication], tmp_path: Path) -> None:
    url, application = server
    open_documents(page, url)
    page.set_input_files("#documents-file", days(tmp_path / "plan.md", 5))
    assert "Added" in job(page, "plan.md", "done").inner_text()
    page.set_input_files("#documents-file", tmp_path / "plan.md")
    page.locator("#documents-jobs").get_by_text("Already in memory").wait_for()
    page.set_input_files("#documents-file", days(tmp_path / "plan.md", 3, "sail"))
    page.locator("#documents-jobs").get_by_text("3 passages, beside an older file of this name").wait_for()
    page.wait_for_function("document.querySelectorAll('#documents-list article').length === 2")
    assert application.network.store.count(OWNER) == 8
    page.get_by_role("button", name="Replace the older one").click()
    page.wait_for_function("document.querySelectorAll('#documents-list article').length === 1")
    expect(page.get_by_role("button", name="Replace the older one")).to_have_count(0)
    assert {"sail" in memory.text for memory in application.network.store.iterate(OWNER)} == {True}


def test_progress_moves_and_cancel_leaves_nothing(
    page: Any, server: tuple[str, FakeApplication], tmp_path: Path
) -> None:
    url, application = server
    intake = hold(application)
    open_documents(page, url)
    page.set_input_files("#documents-file", [days(tmp_path / "long.md", 100), days(tmp_path / "next.md", 2)])
    bar = '#documents-jobs [data-name="long.md"] [role=progressbar]'
    page.wait_for_function(f"document.querySelector('{bar}')")
    intake.gate.release()
    page.wait_for_function(f"Number(document.querySelector('{bar}')?.getAttribute('aria-valuenow')) > 20")
    page.locator('#documents-jobs [data-name="long.md"] button').click()
    eventually(lambda: intake.cancelled["long.md"]())
    intake.gate.release()  # the batch at hand
    assert "nothing of it was kept" in job(page, "long.md", "cancelled").inner_text()
    intake.gate.release()
    job(page, "next.md", "done")
    store = application.network.store
    assert [one.name for one in store.documents(OWNER)] == ["next.md"] and store.count(OWNER) == 2
    assert not [path for path in (application.settings.data / "jobs").rglob("*") if path.is_file()]


def test_an_upload_goes_on_when_the_page_is_closed(
    page: Any, server: tuple[str, FakeApplication], tmp_path: Path
) -> None:
    url, application = server
    intake = hold(application)
    open_documents(page, url)
    page.set_input_files("#documents-file", days(tmp_path / "long.md", 40))
    bar = '#documents-jobs [data-name="long.md"] [role=progressbar]'
    page.wait_for_function(f"document.querySelector('{bar}')")  # at the gate
    page.goto("about:blank")
    intake.gate.release(2)
    view = application.uploads.jobs(OWNER)[0]
    assert application.uploads.wait(OWNER, view.id, 30).state == "done"
    open_documents(page, url)
    job(page, "long.md", "done")
    expect(page.locator("#documents-list article")).to_have_count(1)


def test_hostile_name_and_text_stay_text(page: Any, server: tuple[str, FakeApplication], tmp_path: Path) -> None:
    url, _ = server
    path = tmp_path / f"{HOSTILE}.md"
    path.write_text(f"# {HOSTILE}\n\nText {HOSTILE} and more text.\n")
    open_documents(page, url)
    page.set_input_files("#documents-file", path)
    page.locator('#documents-jobs [data-state="done"]').wait_for()
    name = page.locator("#documents-list .ml-name")
    name.wait_for()
    assert name.inner_text() == path.name
    name.click()
    page.locator("#passage-0").wait_for()
    assert page.locator("#documents-open-name").inner_text() == path.name
    assert HOSTILE in page.locator("#passage-0 .ml-text").inner_text()
    page.locator("#documents-open-delete").click()
    page.locator(".ml-confirm .mn-danger").click()
    page.locator("#documents-notice").get_by_text(HOSTILE).wait_for(state="attached")  # it hides after six seconds
    let_everything_run(page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#documents-page img, #documents-page script").count() == 0


def test_files_dropped_before_mneme_is_ready_wait_for_it(page: Any, tmp_path: Path) -> None:
    with running(tmp_path / "data", wait=False, held=True) as (url, application):
        open_documents(page, url)
        page.locator("#documents-status [role=progressbar]").wait_for()
        page.set_input_files("#documents-file", days(tmp_path / "plan.md", 3))
        job(page, "plan.md", "running")
        eventually(lambda: application.uploads.jobs(OWNER))
        application.may_load.set()
        job(page, "plan.md", "done")
        page.locator("#documents-list article").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_width_has_no_sideways_scrolling(
    chromium: Any, server: tuple[str, FakeApplication], tmp_path: Path, scheme: str
) -> None:
    url, _ = server
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, locale="zh-CN")
    page = context.new_page()
    open_documents(page, url)
    broken = tmp_path / ("b" * 100 + ".pdf")
    broken.write_bytes(b"no pdf")
    page.set_input_files("#documents-file", [days(tmp_path / ("n" * 120 + ".md"), 30), broken])
    page.locator('#documents-jobs [data-state="done"]').wait_for()
    page.locator('#documents-jobs [data-state="failed"]').wait_for()
    wide = """[...document.querySelectorAll('#documents-root *')].filter(node => node.offsetParent
              && node.getBoundingClientRect().right > innerWidth + 1).map(node => node.className)"""
    page.locator("#documents-list .ml-name").wait_for()
    assert page.evaluate(wide) == []
    page.locator("#documents-list .ml-name").click()
    page.locator("#passage-0").wait_for()
    assert page.evaluate(wide) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
