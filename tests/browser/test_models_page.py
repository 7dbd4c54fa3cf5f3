"""The models page in Chromium: a decoder is fetched while the chat goes on, cancelled, deleted; endpoints; replies.

Decoders are fakes that wait where a fetch would; their files are real ones of a few bytes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from chat_app import local_endpoints
from knowledge.catalogue.entries import CATALOGUE
from knowledge.errors import ModelUnavailable
from tests.browser.fake_application import OpenFakeDecoder
from tests.browser.talk import eventually, last_reply, open_chat, say
from tests.page_server import PageServer

pytestmark = pytest.mark.browser
QWEN = "qwen2.5-coder-0.5b"
ENTRY = next(one for one in CATALOGUE if one.name == QWEN)


class Others:
    """Makes other decoders: a fetch stands at ``fraction`` until ``gate`` is set; names in ``gone`` cannot be had."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.fraction = 0.25
        self.gone: set[str] = set()

    def __call__(self, model: str, progress: Any) -> OpenFakeDecoder:
        if model in self.gone:
            raise ModelUnavailable(f"The model hub did not give {model} (HTTP 404).")
        while not self.gate.wait(0.02):
            progress("fetching", self.fraction)
        decoder = OpenFakeDecoder(pause=0.0)
        decoder.name = model
        return decoder


@pytest.fixture
def others() -> Others:
    return Others()


@pytest.fixture
def start(tmp_path: Path, chromium: Any, others: Others) -> Iterator[Callable[..., PageServer]]:
    servers: list[PageServer] = []

    def begin(*arguments: str) -> PageServer:
        server = PageServer(tmp_path / "data", others=others, decoder=OpenFakeDecoder(pause=0.0), arguments=arguments)
        servers.append(server)
        return server

    yield begin
    others.gate.set()
    for server in servers:
        server.close()


def open_models(page: Any) -> None:
    if page.viewport_size["width"] < 480 and not page.locator("#tab-models-button").count():
        page.click("#nav .overflow-menu > button")  # a phone has no room for all tabs
        page.click("#nav .overflow-dropdown button >> nth=-1")
    else:
        page.click("#tab-models-button")
    page.wait_for_selector("#models-list")


def test_another_decoder_is_fetched_while_the_chat_goes_on(
    start: Callable[..., PageServer], others: Others, page: Any
) -> None:
    server = start()
    open_chat(page, server.url)
    say(page, "say: before")
    expect(page.locator("#speaking")).to_have_count(0)
    open_models(page)
    expect(page.locator("#models-list .ml-card")).to_have_count(len(CATALOGUE))
    expect(page.locator("#models-smollm2-135m")).to_contain_text("In use")
    expect(page.locator("#models-now [data-key=decoder]")).to_contain_text("SmolLM2-135M-Instruct")
    card = page.locator(f'[id="models-{QWEN}"]')
    for text in ("Download 469 MB", "Memory 2.2 GB", "English", "Apache-2.0"):
        expect(card).to_contain_text(text)
    page.click(f'[id="models-use-{QWEN}"]')
    expect(page.locator("#models-way")).to_contain_text("Fetching Qwen2.5-Coder-0.5B-Instruct")
    expect(page.locator("#models-way")).to_contain_text("25 %")
    page.click("#tab-chat-button")
    expect(page.locator("#speaking")).to_contain_text("SmolLM2-135M-Instruct replies meanwhile")
    say(page, "say: meanwhile")
    expect(last_reply(page)).to_have_text("meanwhile")
    others.fraction = 0.6
    expect(page.locator("#speaking")).to_contain_text("60 %")
    others.gate.set()
    expect(page.locator("#speaking")).to_have_count(0)
    say(page, "say: after")
    expect(last_reply(page)).to_have_text("after")
    assert server.application.network.decoder.name == QWEN
    open_models(page)
    expect(page.locator("#models-now [data-key=decoder]")).to_contain_text("Qwen2.5-Coder-0.5B-Instruct")
    expect(card).to_contain_text("In use")
    assert server.application.preferences.chosen.model == QWEN  # after a restart too


def test_another_encoder_serves_without_a_restart(start: Callable[..., PageServer], page: Any) -> None:
    server = start()
    application = server.application
    application.may_fetch.clear()
    open_chat(page, server.url)
    say(page, "my sister lives in lisbon")
    expect(page.locator("#encoding")).to_have_count(0)  # an English browser, an English message
    open_models(page)
    expect(page.locator("#models-encoder-name")).to_have_text("fake-bag-of-words, English")
    page.click("#models-encoder-multilingual-e5-small")
    expect(page.locator("#models-encoder-way")).to_contain_text("Fetching multilingual-e5-small")
    expect(page.locator("#models-encoder-way")).to_contain_text("25 %")
    page.click("#models-encoder-cancel")
    expect(page.locator("#models-encoder-way")).to_have_count(0)
    page.click("#models-encoder-multilingual-e5-small")
    application.may_fetch.set()
    expect(page.locator("#models-encoder-name")).to_have_text("multilingual-e5-small, several languages")
    page.click("#tab-chat-button")
    say(page, "say: lisbon is where my sister lives")
    expect(last_reply(page)).to_have_text("lisbon is where my sister lives")
    expect(page.locator("#reads-panel")).to_contain_text("my sister lives in lisbon")
    assert application.preferences.chosen.encoder == "multilingual-e5-small"


def test_who_does_not_write_english_is_offered_the_other_encoder(
    start: Callable[..., PageServer], chromium: Any, page: Any
) -> None:
    server = start()
    open_chat(page, server.url)
    expect(page.locator("#encoding")).to_have_count(0)
    say(page, "我妹妹住在里斯本")
    expect(page.locator("#encoding")).to_contain_text("multilingual-e5-small")
    page.click("#encoder-not-now")
    expect(page.locator("#encoding")).to_have_count(0)
    context = chromium.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    chinese = context.new_page()
    open_chat(chinese, server.url)
    expect(chinese.locator("#encoding")).to_contain_text("91 MB")
    server.application.gone = "The encoder is not here."
    chinese.click("#encoder-take")
    expect(chinese.locator("#encoding")).to_contain_text("The encoder is not here.")
    server.application.gone = ""
    server.application.encoders.switch("multilingual-e5-small")
    chinese.reload()
    eventually(lambda: not server.application.encoders.state().busy)
    assert server.application.network.encoder.multilingual
    open_chat(chinese, server.url)
    expect(chinese.locator("#encoding")).to_have_count(0)
    context.close()


def test_a_fetch_is_cancelled_and_what_cannot_be_had_is_told(
    start: Callable[..., PageServer], others: Others, page: Any
) -> None:
    server = start()
    open_chat(page, server.url)
    open_models(page)
    page.click(f'[id="models-use-{QWEN}"]')
    page.click("#models-cancel")
    expect(page.locator("#models-way")).to_have_count(0)
    expect(page.locator("#models-missed")).to_have_count(0)
    others.gone.add("qwen3-0.6b")
    page.click('[id="models-use-qwen3-0.6b"]')
    told = page.locator("#models-missed")
    expect(told).to_contain_text("Qwen3-0.6B could not be had, so SmolLM2-135M-Instruct replies")
    expect(page.locator("#models-missed")).to_contain_text("HTTP 404")
    page.click("#tab-chat-button")
    expect(page.locator("#speaking")).to_contain_text("SmolLM2-135M-Instruct replies")
    assert server.application.preferences.chosen.model == ""


def test_files_are_deleted_after_asking(start: Callable[..., PageServer], page: Any) -> None:
    server = start()
    cache = server.application.settings.cache
    ENTRY.folder(cache).mkdir(parents=True)
    weights = ENTRY.folder(cache) / "model.safetensors"
    weights.write_bytes(bytes(3 << 20))
    made = {"format": 1, "gguf_sha256": ENTRY.gguf_sha256, "files": {weights.name: {"size": 3 << 20, "sha256": ""}}}
    (ENTRY.folder(cache) / "made.json").write_text(json.dumps(made))
    (cache / ENTRY.gguf).write_bytes(bytes(1 << 20))
    open_chat(page, server.url)
    open_models(page)
    card = page.locator(f'[id="models-{QWEN}"]')
    expect(card).to_contain_text("On this computer")
    expect(card).to_contain_text("4 MB on disk")
    page.click(f'[id="models-delete-{QWEN}"]')
    page.click(f'[id="models-confirm-{QWEN}-no"]')
    expect(card).to_contain_text("On this computer")
    page.click(f'[id="models-delete-{QWEN}"]')
    page.click(f'[id="models-confirm-{QWEN}-yes"]')
    expect(card).to_contain_text("Download 469 MB")
    assert not ENTRY.folder(cache).exists() and not (cache / ENTRY.gguf).exists()


def test_what_is_chosen_for_replies_holds_from_the_next_one_on(start: Callable[..., PageServer], page: Any) -> None:
    server = start()
    open_chat(page, server.url)
    open_models(page)
    page.fill("#models-temperature", "0.5")
    page.fill("#models-reply-tokens", "40")
    page.fill("#models-system", "Answer in rhymes.")
    page.click("#models-refresh")  # what is being written stays
    expect(page.locator("#models-system")).to_have_value("Answer in rhymes.")
    page.click("#models-save")
    expect(page.locator("#models-notice")).to_contain_text("Saved")
    page.click("#tab-chat-button")
    say(page, "say: hello")
    request = server.application.network.decoder.requests[-1]  # type: ignore[attr-defined]
    assert (request.system, request.sampling.temperature, request.sampling.max_tokens) == ("Answer in rhymes.", 0.5, 40)
    open_models(page)
    page.fill("#models-temperature", "7")
    page.click("#models-save")
    expect(page.locator("#models-notice")).to_contain_text("from 0 to 2")
    page.reload()
    page.wait_for_selector("body.mn-ready")
    open_models(page)
    expect(page.locator("#models-temperature")).to_have_value("0.5")


class Ollama(BaseHTTPRequestHandler):
    """Lists two models."""

    def do_GET(self) -> None:
        body = json.dumps({"data": [{"id": "llama3:8b"}, {"id": "<img src=x onerror=window.hacked=1>"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def test_an_endpoint_is_looked_for_when_asked_and_used(
    start: Callable[..., PageServer], others: Others, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = HTTPServer(("127.0.0.1", 0), Ollama)
    threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    port = serving.server_address[1]
    monkeypatch.setitem(local_endpoints.PROGRAMS, "Ollama", port)
    monkeypatch.setitem(local_endpoints.PROGRAMS, "LM Studio", 9)
    others.gate.set()
    server = start()
    open_chat(page, server.url)
    open_models(page)
    page.click("#models-look")
    expect(page.locator("#models-found button")).to_have_count(2)
    assert page.evaluate("window.hacked") is None
    page.click("#models-found button >> nth=0")
    where = f"http://127.0.0.1:{port}/v1#llama3:8b"
    expect(page.locator("#models-now [data-key=decoder]")).to_contain_text(where)
    assert server.application.decoders.state().serving == where
    page.fill("#models-address", "ftp://nowhere")
    page.click("#models-use-address")
    expect(page.locator("#models-notice")).to_contain_text("Give the address of an endpoint")
    serving.shutdown()
    serving.server_close()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize(("locale", "scheme", "title"), [("en-US", "light", "Models"), ("zh-CN", "dark", "模型")])
def test_the_page_fits_in_both_languages(
    start: Callable[..., PageServer],
    others: Others,
    chromium: Any,
    tmp_path: Path,
    width: int,
    height: int,
    locale: str,
    scheme: Any,
    title: str,
) -> None:
    server = start()
    others.gone.add("qwen3-0.6b")
    context = chromium.new_context(viewport={"width": width, "height": height}, locale=locale, color_scheme=scheme)
    page = context.new_page()
    open_chat(page, server.url)
    open_models(page)
    expect(page.locator("#models-root h2")).to_have_text(title)
    page.click('[id="models-use-qwen3-0.6b"]')
    page.wait_for_selector("#models-missed")
    page.screenshot(path=tmp_path / "missed.png", full_page=True)
    page.click(f'[id="models-use-{QWEN}"]')
    page.wait_for_selector("#models-way")
    eventually(lambda: server.application.decoders.state().fraction > 0)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    beside = page.evaluate(
        "[...document.querySelectorAll('#models-root *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.id || e.className)"
    )
    assert beside == []
    page.screenshot(path=tmp_path / "way.png", full_page=True)
    context.close()
