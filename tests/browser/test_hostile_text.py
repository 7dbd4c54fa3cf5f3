"""Hostile text in messages, memories, titles, file names and documents, in Chromium: nothing runs, nothing leaves."""

from __future__ import annotations

import http.server
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from knowledge.records import Memory
from tests.browser.talk import last_reply, let_everything_run, open_chat, say
from tests.page_server import PageServer

pytestmark = [
    pytest.mark.browser,
]
HOSTILE = (
    "<img src=x onerror=\"window.hacked='img'\"><script>window.hacked='script'</script>${window.hacked='template'}"
    "{{constructor.constructor('window.hacked=1')()}}<svg onload=\"window.hacked='svg'\">"
    '<a href="javascript:alert(1)">x</a>'
)


@pytest.fixture
def server(tmp_path: Path, chromium: Any) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data", pause=0.02)
    yield server
    server.close()


class Listener:
    """Another host: counts who comes to it."""

    def __init__(self) -> None:
        self.came: list[str] = []
        came = self.came

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                came.append(self.path)
                self.send_response(404)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


def test_hostile_text_stays_text(server: PageServer, page: Any, tmp_path: Path) -> None:
    dialogs: list[str] = []

    def refuse(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    note = Memory("hostile", HOSTILE + " anna sister", "note", 1.0, "user")
    network = server.application.network
    network.store.add("local", [note], network.encoder.encode([note.text]))
    file = tmp_path / "<img src=x onerror=window.hacked=1>${alert(1)}{{a}}.md"
    file.write_text(f"# {HOSTILE}\n\n{HOSTILE} anna sister\n", encoding="utf-8")
    network.intake.take_in("local", file, file.name, progress=lambda phase, share: None, cancelled=lambda: False)
    open_chat(page, server.url)
    say(page, f"say: {HOSTILE} anna sister")
    page.wait_for_selector("#reads-panel .mn-card:has-text('onerror')")
    page.wait_for_selector("#sidebar-list .mn-row:has-text('onerror')")
    drawn = {"memory": "#memory-list article", "documents": "#documents-list article", "chat": "#chat .bot-row"}
    for tab, text in drawn.items():
        page.click(f"#tab-{tab}-button")
        page.locator(text, has_text="anna" if tab == "chat" else "onerror").first.wait_for()
        let_everything_run(page)
    page.locator("#sidebar-list .mn-row").first.hover()
    page.locator("#sidebar-list [data-action=delete]").first.click()
    page.wait_for_selector("dialog:has-text('onerror')")
    let_everything_run(page)
    assert page.evaluate("window.hacked") is None
    assert dialogs == []


def test_nothing_leaves_this_computer(server: PageServer, page: Any) -> None:
    listener = Listener()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "//" in request.url else None)
    try:
        open_chat(page, server.url)
        say(page, "hello")
        assert hosts == {f"127.0.0.1:{server.port}"}
        images = f'![pixel]({listener.url}/1.png) <img src="{listener.url}/2.png">'
        others = f'<video src="{listener.url}/3.mp4"></video> <iframe src="{listener.url}/4"></iframe>'
        say(page, f"say: {images} {others} seen")
        expect(last_reply(page)).to_contain_text("seen")
        let_everything_run(page)
        assert listener.came == []
        # The listener is really there for pages without our policy.
        with urllib.request.urlopen(server.url, timeout=10), pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{listener.url}/check", timeout=10)
        assert listener.came == ["/check"]
    finally:
        listener.close()
