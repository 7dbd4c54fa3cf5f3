"""Conversations in and out on the page, in Chromium: another app's export comes in, one and all go out."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import make_exports as make
from tests.browser.fake_application import FakeApplication
from tests.browser.talk import open_chat, say, wait_for_rows
from tests.page_server import running

pytestmark = [pytest.mark.browser]
HOSTILE = "<img src=x onerror='window.hacked=1'>{{window.hacked=2}}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, FakeApplication]]:
    with running(tmp_path / "data", pause=0.01) as started:
        yield started


def open_memory(page: Any, url: str) -> None:
    open_chat(page, url)
    page.locator("#nav [role=tab]").nth(1).click()
    page.locator("#memory-search").wait_for()


def saved(page: Any, selector: str, path: Path) -> tuple[Path, str]:
    """What a click on a link has the browser keep, and under which name."""
    with page.expect_download() as download:
        page.locator(selector).click()
    download.value.save_as(path)
    return path, download.value.suggested_filename


def test_an_export_of_another_app_comes_in_and_is_gone_on_with(
    page: Any, server: tuple[str, FakeApplication], tmp_path: Path
) -> None:
    url, _ = server
    export = [*make.chatgpt(), *make.open_webui()]
    export[0]["title"] = HOSTILE
    open_memory(page, url)
    page.locator("#memory-more").click()
    assert "ChatGPT, Claude or Open WebUI" in (page.locator("#memory-import").get_attribute("title") or "")
    page.set_input_files("#memory-import-file", make.zipped(tmp_path / "chatgpt.zip", export))
    report = page.locator("#memory-imports [data-state=done]")
    expect(report).to_contain_text("chatgpt.zip is imported. Conversations added: 2, with 12 messages.")
    expect(report).to_contain_text("Left out: what a model thought (2), calls of tools and what they gave (2).")
    wait_for_rows(page, 2)  # the sidebar has them, without a reload
    page.locator("#sidebar-list .mn-row-title", has_text="🍵 Teas").click()
    expect(page.locator("#chat .bot-row")).to_contain_text(["Assam.", "Darjeeling."])
    page.locator("#sidebar-list .mn-row-title", has_text="<img").click()
    expect(page.locator("#chat .bot-row")).to_contain_text(["At 8:00 and 9:30.", "A ticket of Anna's."])
    page.get_by_role("button", name="Earlier version").last.click()
    expect(page.locator("#chat .bot-row").last).to_contain_text("A receipt.")
    say(page, "And on Sunday?")
    assert page.evaluate("window.hacked") is None


def test_what_is_no_export_is_told_in_chinese(
    chromium: Any, server: tuple[str, FakeApplication], tmp_path: Path
) -> None:
    url, _ = server
    (tmp_path / "list.json").write_text("[1, 2]")
    context = chromium.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("body.mn-ready")
    page.locator("#nav [role=tab]").nth(1).click()
    page.locator("#memory-search").wait_for()
    page.set_input_files("#memory-import-file", tmp_path / "list.json")
    expect(page.locator("#memory-imports [data-state=failed]")).to_contain_text("list.json 中没有 ChatGPT")
    page.locator("#memory-more").click()
    expect(page.locator("#memory-export-markdown")).to_contain_text("导出对话（Markdown）")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


def test_one_conversation_and_all_go_out(page: Any, server: tuple[str, FakeApplication], tmp_path: Path) -> None:
    url, _ = server
    open_chat(page, url)
    say(page, "say: Lisbon it is")
    row = page.locator("#sidebar-list .mn-row").first
    row.hover()
    row.locator("[data-action=export]").click()
    text, name = saved(page, "#sidebar-list [data-export=md]", tmp_path / "one.md")
    assert name.endswith("say Lisbon it is.md") and "**2. Mneme**" in text.read_text("utf-8")
    row.hover()
    row.locator("[data-action=export]").click()
    text, name = saved(page, "#sidebar-list [data-export=json]", tmp_path / "one.json")
    (one,) = json.loads(text.read_text("utf-8"))
    assert [message["role"] for message in one["messages"]] == ["user", "assistant"] and name.endswith(".json")
    row.hover()
    row.locator("[data-action=export]").click()
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar-list [data-export]")).to_have_count(0)
    page.locator("#nav [role=tab]").nth(1).click()
    page.locator("#memory-more").click()
    archive, name = saved(page, "#memory-export-markdown", tmp_path / "all.zip")
    assert name.startswith("mneme-conversations-") and len(zipfile.ZipFile(archive).namelist()) == 1
    page.locator("#memory-more").click()
    text, _ = saved(page, "#memory-export-json", tmp_path / "all.json")
    assert json.loads(text.read_text("utf-8")) == [one]
