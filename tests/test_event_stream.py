"""The end of a page's event stream: held back, and not said while something new is under way."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chat_app.pages import event_stream

START = {"type": "http.response.start", "status": 200, "headers": []}
END = {"type": "http.response.body", "body": b"", "more_body": False}


def body(text: str) -> dict[str, Any]:
    return {"type": "http.response.body", "body": f'data: {{"msg": "{text}"}}\n\n'.encode(), "more_body": True}


class Stream:
    """Gradio's stream of one session: each time it is served it says the next part and then close_stream."""

    def __init__(self, *parts: str) -> None:
        self.parts = list(parts)
        self.heard_hang_up = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        listening = asyncio.create_task(self.listen(receive))
        await send(START)
        await asyncio.sleep(0.01)
        await send(body(self.parts.pop(0)))
        await send(body("close_stream"))
        await asyncio.sleep(0.02)  # the moment in which Gradio would hear of a hang-up
        await send(END)
        listening.cancel()

    async def listen(self, receive: Any) -> None:
        if (await receive())["type"] == "http.disconnect":
            self.heard_hang_up = True


def served(stream: Stream, under_way: Any, receive: Any) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "path": event_stream.PATH, "query_string": b"session_hash=abc"}

    async def serve() -> None:
        await asyncio.wait_for(event_stream.serve(stream, scope, receive, send, under_way), 30)

    with ThreadPoolExecutor(1) as thread:  # the browser tests leave a loop running in this one
        thread.submit(lambda: asyncio.run(serve())).result()
    return said


async def never() -> dict[str, Any]:
    await asyncio.sleep(3600)
    raise AssertionError


def test_a_stream_ends_when_nothing_is_under_way() -> None:
    said = served(Stream("process_completed"), lambda session: False, never)
    assert said == [START, body("process_completed"), body("close_stream"), END]


def test_what_was_asked_at_the_end_of_a_stream_is_answered_on_it() -> None:
    stream = Stream("load", "reply")
    asked: list[str] = []

    def under_way(session: str) -> bool:
        asked.append(session)
        return len(stream.parts) == 1 and len(asked) == 2  # comes while the last word is held back

    said = served(stream, under_way, never)
    assert said == [START, body("load"), body("reply"), body("close_stream"), END]
    assert set(asked) == {"abc"}


def test_a_hang_up_after_the_last_word_is_not_heard() -> None:
    stream = Stream("process_completed")

    async def hang_up() -> dict[str, Any]:
        await asyncio.sleep(event_stream._STEP)
        return {"type": "http.disconnect"}

    served(stream, lambda session: False, hang_up)
    assert not stream.heard_hang_up


def test_a_hang_up_before_the_last_word_is_heard() -> None:
    stream = Stream("process_completed")

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    served(stream, lambda session: False, gone)
    assert stream.heard_hang_up
