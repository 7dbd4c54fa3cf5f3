"""Keys and the log in Chromium: made, copied once, used, revoked; read in both languages, on a narrow screen too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.talk import eventually, open_chat
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
PASSWORD = "correct horse"


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(
        tmp_path / "data", pause=0.0, arguments=("--host", "0.0.0.0"), environment={"MNEME_PASSWORD": PASSWORD}
    )
    yield server
    server.close()


def signed_in(server: PageServer, page: Any) -> None:
    name, _, value = server.client.headers["cookie"].partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": server.url}])
    open_chat(page, server.url)
    page.locator("#nav button[role=tab]").nth(4).click()


def status(server: PageServer, key: str) -> int:
    return httpx.get(f"{server.url}/v1/memories", headers={"authorization": f"Bearer {key}"}, timeout=60).status_code


def test_a_key_is_shown_once_opens_the_api_and_is_revoked(server: PageServer, page: Any) -> None:
    signed_in(server, page)
    access = page.locator("#access-root")
    expect(access.locator("#access-unguarded")).to_be_hidden()
    access.locator("#access-name").fill("<b>my script")
    access.locator("#access-name").press("Enter")
    secret = access.locator("#access-secret")
    expect(secret).to_be_visible()
    key = secret.input_value()
    assert status(server, key) == 200
    access.locator("#access-refresh").click()
    expect(access.locator("#access-key-list")).to_contain_text("<b>my script")
    assert secret.input_value() == key  # it stays until the person has it
    access.locator("#access-done").click()
    expect(secret).to_have_count(0)
    page.reload()
    page.locator("#nav button[role=tab]").nth(4).click()
    expect(access.locator("#access-key-list article")).to_have_count(1)
    assert key not in page.content()
    access.get_by_role("button", name="Revoke the key of <b>my script").click()
    access.get_by_role("button", name="Revoke", exact=True).click()
    expect(access.locator("#access-key-list")).to_contain_text("No keys yet.")
    eventually(lambda: status(server, key) == 401)
    access.locator("#access-refresh").click()
    log = access.locator("#access-log-list")
    expect(log).to_contain_text("Refused: a wrong or revoked key")
    expect(log.locator("[data-what=key_made]")).to_contain_text("Made a key")
    expect(log.locator("[data-what=key_made]")).to_contain_text("from 127.0.0.1")
    expect(log.locator("[data-what=signed_in]")).to_have_count(1)


def test_the_log_is_read_in_chinese_and_on_a_phone(server: PageServer, chromium: Any) -> None:
    for _ in range(25):
        server.application.audit.note("local", "exported", 3)
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page = context.new_page()
    name, _, value = server.client.headers["cookie"].partition("=")
    context.add_cookies([{"name": name, "value": value, "url": server.url}])
    open_chat(page, server.url)
    page.get_by_role("tab", name="模型").click()
    log = page.locator("#access-log-list")
    expect(log).to_contain_text("导出了 3 条记忆")
    expect(log.locator("[data-what]")).to_have_count(20)
    page.locator("#access-pager-next").click()
    expect(log.locator("[data-what]")).to_have_count(6)
    expect(log).to_contain_text("登录")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
