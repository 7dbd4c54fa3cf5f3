"""The page on a real port in this process, over the real application with a fake encoder and decoder."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from tests.browser.fake_application import FakeApplication


class TwoOwners(FakeApplication):
    """Whose a request is stands in a header, as accounts will have it in a session."""

    def owner_of(self, request: Any) -> str:
        return str(request.headers.get("x-owner") or super().owner_of(request))


class PageServer:
    """Serves until ``close``. ``call`` speaks to Gradio's queue as the browser does, and as a forger would.

    Where a password guards the page, ``client`` is signed in with it.
    """

    def __init__(self, data: Path, *, wait: bool = True, arguments: Sequence[str] = (), **options: Any) -> None:
        self.application = TwoOwners(data, *arguments, **options)
        self.application.start()
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.app: Any = None
        self.server: uvicorn.Server | None = None
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.thread.start()
        end = time.monotonic() + 60
        while not (self.server and self.server.started) and self.thread.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        assert self.server and self.server.started, "the page's server did not start"
        if wait:
            self.application.wait_until_ready(60)
        self.client: httpx.Client = httpx.Client(base_url=self.url, timeout=60)
        if self.application.door.guarded:
            self.sign_in()
        self.config: dict[str, Any] = self.client.get("/config").json()
        self.components: dict[int, dict[str, Any]] = {one["id"]: one for one in self.config["components"]}

    async def _serve(self) -> None:
        # The page is built inside a running loop: without one Gradio makes loops for its locks and never closes them.
        from chat_app.pages.server import create_server

        self.app = create_server(self.application)
        self.server = uvicorn.Server(uvicorn.Config(self.app, log_level="error", timeout_graceful_shutdown=2))
        await self.server.serve(sockets=[self.socket])

    def sign_in(self) -> None:
        """Give ``client`` a cookie. As a header, for a secure one would not be sent over http."""
        answer = self.client.post("/sign-in", data={"password": self.application.settings.password})
        assert answer.status_code == 303, answer.text
        self.client.cookies.clear()
        self.client.headers["cookie"] = answer.headers["set-cookie"].split(";")[0]

    def close(self) -> None:
        """End the server and close the data folder."""
        self.client.close()
        if self.server:
            self.server.should_exit = True
        self.thread.join(20)
        self.socket.close()
        self.application.close()

    # ---- speaking to the queue -----------------------------------------------------------------------

    def endpoints(self, *names: str) -> list[dict[str, Any]]:
        """The page's handlers, all or those with these names."""
        handlers = [one for one in self.config["dependencies"] if one["backend_fn"]]
        return [one for one in handlers if not names or one["api_name"] in names]

    def component(self, elem_id: str) -> int:
        """Number of a component."""
        return next(id for id, one in self.components.items() if one["props"].get("elem_id") == elem_id)

    def endpoint(self, elem_id: str, event: str) -> dict[str, Any]:
        """The handler of a component's event."""
        target = [self.component(elem_id), event]
        return next(one for one in self.config["dependencies"] if target in [list(pair) for pair in one["targets"]])

    def join(
        self, endpoint: dict[str, Any], data: list[Any], *, event: Any = None, owner: str = "local"
    ) -> tuple[httpx.Response, str]:
        """Put a call into the queue; the answer and the page's session."""
        session = uuid.uuid4().hex
        body = {
            "data": data,
            "fn_index": endpoint["id"],
            "session_hash": session,
            "event_data": event,
            "trigger_id": endpoint["targets"][0][0] if endpoint["targets"] else None,
        }
        return self.client.post("/gradio_api/queue/join", json=body, headers={"x-owner": owner}), session

    def call(
        self, endpoint: dict[str, Any], data: list[Any], *, event: Any = None, owner: str = "local"
    ) -> list[dict[str, Any]]:
        """Everything the page would get back from a call."""
        answer, session = self.join(endpoint, data, event=event, owner=owner)
        assert answer.status_code == 200, answer.text
        messages: list[dict[str, Any]] = []
        with self.client.stream(
            "GET", "/gradio_api/queue/data", params={"session_hash": session}, headers={"x-owner": owner}
        ) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    messages.append(json.loads(line.removeprefix("data: ")))
                    if messages[-1]["msg"] in ("process_completed", "close_stream", "unexpected_error"):
                        break
        return messages


@contextmanager
def running(data: Path, **options: Any) -> Iterator[tuple[str, FakeApplication]]:
    """A page server's address and application, until the block ends."""
    server = PageServer(data, **options)
    try:
        yield server.url, server.application
    finally:
        server.close()
