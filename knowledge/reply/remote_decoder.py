"""R elsewhere: an endpoint that speaks OpenAI's chat API (vLLM, Ollama, llama.cpp, another Mneme).

Memories go as text into the user's message; many servers' chat templates take only one system message. There is no
tokenizer here, so tokens are estimated: one per character of Chinese, Japanese and Korean, one per four other
characters. Does not know: the model behind the endpoint.
"""

from __future__ import annotations

import asyncio
import json
import math
import queue
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
import truststore

from knowledge.errors import BadInput, EndpointError
from knowledge.records import DecoderEvent, FinishReason, ReplyDone, ReplyRequest, Sampling, TextDelta, Turn, Usage
from knowledge.reply.prompt import Message, PromptBuilder

_TIMEOUT = httpx.Timeout(600.0, connect=10.0)  # seconds; a large model on a CPU may read a long prompt for minutes
_Piece = tuple[str, dict[str, Any]]  # text, and what else was told: finish_reason, usage
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class RemoteDecoder:
    """A chat model behind ``http(s)://HOST/v1``; ``…/v1#NAME`` chooses the model, otherwise the first one it lists.

    Nothing is sent before the first reply, so an endpoint that is down shows then. ``window`` and ``reads_tokens`` in
    (estimated) tokens. Safe to call from several threads.

    Raises: BadInput for an address that is none.
    """

    path = "prompt"

    def __init__(self, url: str, *, api_key: str = "", window: int = 2048, reads_tokens: int = 600) -> None:
        base, _, self._model = url.partition("#")
        self._base = base.rstrip("/")
        try:
            parts = urlsplit(self._base)
            host, _ = parts.hostname, parts.port
        except ValueError as exc:
            raise BadInput(f"{base} is not the address of an endpoint; use http(s)://HOST:PORT/v1.") from exc
        if parts.scheme not in ("http", "https") or not host:
            raise BadInput(f"{base} is not the address of an endpoint; use http(s)://HOST:PORT/v1.")
        self._place = parts.netloc.rpartition("@")[2]  # for people: without a password
        self._direct = host in _LOOPBACK  # no proxy in between
        self._key = api_key
        self._limit_name = "max_tokens"
        self.window = window
        self._builder = PromptBuilder(estimate_tokens, window=window, reads_tokens=reads_tokens)

    @property
    def name(self) -> str:
        """The model's name, or the endpoint's until that is known."""
        return self._model or self._place

    def in_window(self, dialogue: Sequence[Turn], system: str = "") -> int:
        """Index of the first turn that is still in the prompt."""
        return self._builder.in_window(dialogue, system)

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        """TextDelta…, then ReplyDone. Setting ``stop`` or closing the iterator closes the connection.

        Raises: EndpointError: refused, timed out, wrong key, or an answer that is not one.
        """
        started = time.perf_counter()
        messages = self._builder.build(request).messages
        text, pieces, first_token = "", 0, 0.0
        told: dict[str, Any] = {}
        call = _Call(self._stream(messages, request.sampling))
        try:
            while True:
                if stop.is_set():
                    finish: FinishReason = "stopped"
                    break
                item = call.next(0.05)
                if item is None:
                    continue
                if isinstance(item, Exception):
                    raise self._translated(item) from item
                if item is _END:
                    finish = _finish_reason(told.get("finish_reason"))
                    break
                piece, news = item
                told.update(news)
                if piece:
                    first_token = first_token or time.perf_counter() - started
                    text, pieces = text + piece, pieces + 1
                    yield TextDelta(piece)
        finally:
            call.cancel()
        usage = told.get("usage")
        counted = usage if isinstance(usage, dict) else {}
        details = counted.get("prompt_tokens_details")
        yield ReplyDone(
            text,
            finish,
            Usage(
                prompt_tokens=_number(counted.get("prompt_tokens"))
                or sum(estimate_tokens(m["content"]) for m in messages),
                cached_tokens=_number(details.get("cached_tokens")) if isinstance(details, dict) else 0,
                completion_tokens=_number(counted.get("completion_tokens")) or estimate_tokens(text),
                first_token_seconds=first_token,
                seconds=time.perf_counter() - started,
            ),
        )

    # ---- the connection -----------------------------------------------------------------------------------

    async def _stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncIterator[_Piece]:
        """Pieces of text with what else was told: finish_reason, usage."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        trust = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if self._base.startswith("https") else True
        async with httpx.AsyncClient(
            headers=headers, timeout=_TIMEOUT, trust_env=not self._direct, verify=trust, follow_redirects=True
        ) as client:
            if not self._model:
                self._model = await self._first_model(client)
            limit = self._limit_name
            try:
                async for item in self._completion(client, messages, sampling, limit):
                    yield item
            except httpx.HTTPStatusError as exc:
                # OpenAI's newer models want the limit under another name, which other servers do not know.
                refused = exc.response.status_code == 400 and "max_completion_tokens" in exc.response.text
                if limit != "max_tokens" or not refused:
                    raise
                self._limit_name = "max_completion_tokens"
                async for item in self._completion(client, messages, sampling, self._limit_name):
                    yield item

    async def _first_model(self, client: httpx.AsyncClient) -> str:
        response = await client.get(f"{self._base}/models")
        response.raise_for_status()
        try:
            return str(response.json()["data"][0]["id"])
        except (ValueError, LookupError, TypeError) as exc:
            raise EndpointError(f"{self._place} lists no model; name one with --model {self._base}#NAME.") from exc

    async def _completion(
        self, client: httpx.AsyncClient, messages: Sequence[Message], sampling: Sampling, limit: str
    ) -> AsyncIterator[_Piece]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": list(messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": sampling.temperature,
            limit: sampling.max_tokens,
        }
        if sampling.temperature > 0:
            body["top_p"] = sampling.top_p
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        async with client.stream("POST", f"{self._base}/chat/completions", json=body) as response:
            if response.is_error:
                await response.aread()
                response.raise_for_status()
            if "json" in response.headers.get("content-type", ""):  # a server that does not stream
                yield _parsed(await response.aread(), "message")
                return
            finished = False
            async for line in response.aiter_lines():
                data = line.removeprefix("data:").strip()
                if not line.startswith("data:") or not data:
                    continue  # comments, event names, and the blank lines between events
                if data == "[DONE]":
                    return
                piece, news = _parsed(data, "delta")
                finished = finished or "finish_reason" in news
                yield piece, news
            if not finished:
                raise EndpointError(f"{self._place} broke off in the middle of the reply; try again.")

    def _translated(self, error: Exception) -> Exception:
        """The same failure as one sentence that says what to do."""
        if isinstance(error, EndpointError):
            return error
        if isinstance(error, httpx.HTTPStatusError):
            status, said = error.response.status_code, _said(error.response)
            if status in (401, 403):
                return EndpointError(f"{self._place} refused the key (HTTP {status}); set MNEME_MODEL_API_KEY.")
            if status == 404:
                return EndpointError(
                    f"{self._place} has no such address or model (HTTP 404{said}); check --model {self._base}#NAME."
                )
            return EndpointError(f"{self._place} answered HTTP {status}{said}; look at its log.")
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return EndpointError(f"{self._place} cannot be reached; start the endpoint or choose another --model.")
        if isinstance(error, httpx.TimeoutException):
            return EndpointError(f"{self._place} did not answer in time; try again or look at its log.")
        if isinstance(error, UnicodeError):
            return EndpointError(f"The key for {self._place} holds letters that no key has; set MNEME_MODEL_API_KEY.")
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL | ssl.SSLError | OSError):
            what = str(error) or type(error).__name__
            return EndpointError(f"The connection to {self._place} failed ({what}); try again.")
        return error


# ---- one call in a thread of its own, so that it can be stopped while nothing arrives ------------------------

_END = object()


class _Call:
    """Runs an asynchronous stream in a thread; ``cancel`` closes its connection at once, whatever it waits for."""

    def __init__(self, stream: AsyncIterator[Any]) -> None:
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stream = stream
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] = self._loop.create_task(self._pump())
        self._thread = threading.Thread(target=self._run, name="remote-decoder", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> Any:
        """The next item, an exception, _END, or None when nothing came within that time."""
        try:
            return self._items.get(timeout=seconds)
        except queue.Empty:
            return None

    def cancel(self) -> None:
        """End the call if it still runs, and wait for that."""
        with suppress(RuntimeError):  # the loop is closed: the call has ended
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(timeout=5)

    async def _pump(self) -> None:
        try:
            async for item in self._stream:
                self._items.put(item)
            self._items.put(_END)
        except Exception as exc:
            self._items.put(exc)
        finally:
            await self._stream.aclose()  # type: ignore[attr-defined]

    def _run(self) -> None:
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()


def _parsed(data: str | bytes, part: str) -> _Piece:
    """Text and news of one answer or one streamed chunk. Raises EndpointError."""
    try:
        answer = json.loads(data)
        if "error" in answer:
            raise EndpointError(f"The endpoint failed: {_short(answer['error'])}; look at its log.")
        news = {"usage": answer["usage"]} if answer.get("usage") else {}
        if not answer["choices"]:
            return "", news
        choice = answer["choices"][0]
        if choice.get("finish_reason"):
            news["finish_reason"] = choice["finish_reason"]
        text = (choice.get(part) or {}).get("content") or ""
        if not isinstance(text, str):
            raise TypeError("content is not text")
        return text, news
    except (ValueError, LookupError, TypeError, AttributeError) as exc:
        raise EndpointError("The endpoint does not speak OpenAI's chat API; check its address.") from exc


def _said(response: httpx.Response) -> str:
    """What the server says about its refusal, as a short addition."""
    with suppress(ValueError, LookupError, TypeError):
        return f": {_short(response.json()['error'])}"
    return ""


def _short(error: Any) -> str:
    text = error.get("message", error) if isinstance(error, dict) else error
    return " ".join(str(text).split())[:200].rstrip(".")


def _finish_reason(told: Any) -> FinishReason:
    return told if told in get_args(FinishReason) else "stop"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def estimate_tokens(text: str) -> int:
    """Rough number of tokens: one per CJK character, one per four others, rounded up."""
    wide = sum(
        1
        for character in text
        if "\u2e80" <= character <= "\u9fff"
        or "\uac00" <= character <= "\ud7a3"
        or "\uf900" <= character <= "\ufaff"
        or "\uff00" <= character <= "\uffef"
        or character >= "\U00020000"
    )
    return wide + math.ceil((len(text) - wide) / 4)
