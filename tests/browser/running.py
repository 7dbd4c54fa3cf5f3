"""A server with the fake application in this process, for tests of the page alone.

Does not know: what the tests do with it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from chat_app.pages.server import create_server
from tests.browser.fake_application import FakeApplication


@contextmanager
def running(data: Path, *arguments: str, wait: bool = True, **options: Any) -> Iterator[tuple[str, FakeApplication]]:
    """→ (address, application); ``options`` are FakeApplication's. Everything is ended afterwards."""
    application = FakeApplication(data, *arguments, **options)
    application.start()
    if wait:
        assert application.wait_until_ready(60).ready
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_server(application), log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", application
    finally:
        server.should_exit = server.force_exit = True
        thread.join(30)
        listener.close()
        application.wait_until_ready(60)
        application.close()
