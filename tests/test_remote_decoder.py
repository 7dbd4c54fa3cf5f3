"""The remote decoder against a real HTTP server on loopback that plays an OpenAI-compatible endpoint."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from knowledge.errors import BadInput, EndpointError
from knowledge.records import DecoderEvent, Memory, Read, ReplyDone, ReplyRequest, Sampling, TextDelta, Turn
from knowledge.reply.decoder import make_decoder
from knowledge.reply.remote_decoder import RemoteDecoder, estimate_tokens


class Endpoint(BaseHTTPRequestHandler):
    """One scripted endpoint; the test sets what the server answers and reads what it was asked."""

    server: EndpointServer

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.send(200, json.dumps({"object": "list", "data": [{"id": "first-model"}, {"id": "second-model"}]}).encode())

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        self.server.headers.append(dict(self.headers))
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.answer(self)

    def send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def event(self, **choice: Any) -> None:
        self.wfile.write(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")
        self.wfile.flush()

    def start_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class EndpointServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Endpoint)
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.answer: Callable[[Endpoint], None] = says("Hello", " there", ", 你好!")
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"


def says(*pieces: str) -> Callable[[Endpoint], None]:
    def answer(endpoint: Endpoint) -> None:
        endpoint.start_stream()
        endpoint.event(delta={"role": "assistant", "content": ""})
        endpoint.wfile.write(b": a comment\n\n")
        for piece in pieces:
            endpoint.event(delta={"content": piece})
        endpoint.event(delta={}, finish_reason="length")
        usage = {"prompt_tokens": 11, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 7}}
        endpoint.wfile.write(b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\ndata: [DONE]\n\n")

    return answer


@pytest.fixture
def endpoint() -> Iterator[EndpointServer]:
    server = EndpointServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def request(text: str = "Hi", **options: Any) -> ReplyRequest:
    return ReplyRequest((Turn("1", "user", text, 0.0),), **options)


def run(decoder: RemoteDecoder, asked: ReplyRequest, stop: threading.Event | None = None) -> list[DecoderEvent]:
    return list(decoder.reply(asked, stop or threading.Event()))


def test_reply_streams_and_reports_what_the_server_counted(endpoint: EndpointServer) -> None:
    decoder = RemoteDecoder(endpoint.url, api_key="sk-1")
    *pieces, done = run(decoder, request(sampling=Sampling(temperature=0.5, top_p=0.8, max_tokens=9, seed=4)))
    assert [piece.text for piece in pieces if isinstance(piece, TextDelta)] == ["Hello", " there", ", 你好!"]
    assert isinstance(done, ReplyDone)
    assert (done.text, done.finish_reason) == ("Hello there, 你好!", "length")
    assert (done.usage.prompt_tokens, done.usage.cached_tokens, done.usage.completion_tokens) == (11, 7, 3)
    body = endpoint.bodies[0]
    assert body["model"] == "first-model" == decoder.name
    assert (body["temperature"], body["top_p"], body["max_tokens"], body["seed"]) == (0.5, 0.8, 9, 4)
    assert endpoint.headers[0]["Authorization"] == "Bearer sk-1"


def test_model_after_the_hash_is_used_and_the_list_is_not_asked(endpoint: EndpointServer) -> None:
    run(RemoteDecoder(endpoint.url + "#second-model"), request())
    assert endpoint.bodies[0]["model"] == "second-model"
    assert endpoint.paths == ["/v1/chat/completions"]
    assert "Authorization" not in endpoint.headers[0]


def test_memories_stand_in_the_users_message_and_there_is_one_system_message(endpoint: EndpointServer) -> None:
    read = Read(Memory("m", "Anna lives in Lisbon.", "turn", 0.0, role="user"), score=0.9, weight=0.8)
    run(RemoteDecoder(endpoint.url), request("Where?", reads=(read,), system="Be kind."))
    messages = endpoint.bodies[0]["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[0]["content"] == "Be kind."
    assert "Anna lives in Lisbon." in messages[1]["content"]
    assert messages[1]["content"].endswith("Where?")


def test_a_server_that_does_not_stream_is_read_too(endpoint: EndpointServer) -> None:
    answer = {"choices": [{"message": {"content": "Whole."}, "finish_reason": "stop"}]}
    endpoint.answer = lambda handler: handler.send(200, json.dumps(answer).encode())
    done = run(RemoteDecoder(endpoint.url), request())[-1]
    assert isinstance(done, ReplyDone)
    assert (done.text, done.finish_reason) == ("Whole.", "stop")
    assert done.usage.completion_tokens == estimate_tokens("Whole.")


def test_token_limit_under_its_newer_name(endpoint: EndpointServer) -> None:
    def picky(handler: Endpoint) -> None:
        if "max_tokens" in endpoint.bodies[-1]:
            error = {"error": {"message": "Use 'max_completion_tokens' instead."}}
            handler.send(400, json.dumps(error).encode())
        else:
            says("ok")(handler)

    endpoint.answer = picky
    decoder = RemoteDecoder(endpoint.url)
    for _ in range(2):
        done = run(decoder, request(sampling=Sampling(max_tokens=5)))[-1]
        assert isinstance(done, ReplyDone) and done.text == "ok"
    assert [("max_tokens" in body, body.get("max_completion_tokens")) for body in endpoint.bodies] == [
        (True, None),
        (False, 5),
        (False, 5),
    ]


@pytest.mark.parametrize("after_first_piece", [False, True])
def test_stop_closes_the_connection_though_the_server_says_nothing(
    endpoint: EndpointServer, after_first_piece: bool
) -> None:
    closed = threading.Event()

    def silent(handler: Endpoint) -> None:
        if after_first_piece:
            handler.start_stream()
            handler.event(delta={"content": "one"})
        asked.set()
        handler.connection.settimeout(20)
        if handler.connection.recv(1) == b"":  # the other side has gone
            closed.set()

    asked, stop = threading.Event(), threading.Event()
    endpoint.answer = silent

    def stop_when_asked() -> None:
        asked.wait(20)
        time.sleep(0.2)  # let the first piece arrive
        stop.set()

    threading.Thread(target=stop_when_asked).start()
    done = run(RemoteDecoder(endpoint.url), request(), stop)[-1]
    assert isinstance(done, ReplyDone)
    assert (done.text, done.finish_reason) == ("one" if after_first_piece else "", "stopped")
    assert closed.wait(10)


def test_closing_the_iterator_closes_the_connection_and_ends_the_thread(endpoint: EndpointServer) -> None:
    closed = threading.Event()

    def endless(handler: Endpoint) -> None:
        handler.start_stream()
        try:
            while True:
                handler.event(delta={"content": "more "})
                time.sleep(0.01)
        except OSError:
            closed.set()

    endpoint.answer = endless
    events = RemoteDecoder(endpoint.url).reply(request(), threading.Event())
    assert next(events) == TextDelta("more ")
    events.close()  # type: ignore[attr-defined]
    assert closed.wait(10)
    assert not [thread for thread in threading.enumerate() if thread.name == "remote-decoder"]


def refuses(status: int, message: str = "") -> Callable[[Endpoint], None]:
    body = json.dumps({"error": {"message": message}}).encode() if message else b"<html>"
    return lambda handler: handler.send(status, body)


def breaks_off(handler: Endpoint) -> None:
    handler.start_stream()
    handler.event(delta={"content": "half"})


def fails_in_stream(handler: Endpoint) -> None:
    handler.start_stream()
    handler.wfile.write(b'data: {"error": {"message": "out of memory"}}\n\n')


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refuses(401, "bad key"), "MNEME_MODEL_API_KEY"),
        (refuses(404, "no model of that name"), "no model of that name"),
        (refuses(500), "HTTP 500"),
        (lambda handler: handler.send(200, b"<html>no json", "application/json"), "does not speak OpenAI's chat API"),
        (
            lambda handler: handler.send(200, b"data: {broken\n\n", "text/event-stream"),
            "does not speak OpenAI's chat API",
        ),
        (lambda handler: handler.send(200, b'{"choices": [{"message": {"content": 3}}]}'), "does not speak"),
        (lambda handler: handler.send(200, b"[]"), "does not speak"),
        (breaks_off, "broke off"),
        (fails_in_stream, "out of memory"),
    ],
)
def test_a_failure_is_one_sentence(endpoint: EndpointServer, answer: Callable[[Endpoint], None], said: str) -> None:
    endpoint.answer = answer
    with pytest.raises(EndpointError) as caught:
        run(RemoteDecoder(endpoint.url, api_key="sk-secret"), request())
    assert said in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_endpoint_that_is_down_does_not_prevent_the_start() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    decoder = make_decoder(
        f"http://127.0.0.1:{port}/v1",
        cache=None,
        api_key="",
        progress=lambda phase, fraction: None,  # type: ignore[arg-type]
    )
    assert decoder.name == f"127.0.0.1:{port}"
    with pytest.raises(EndpointError, match="cannot be reached"):
        list(decoder.reply(request(), threading.Event()))


@pytest.mark.parametrize("url", ["http://", "http://:80/v1", "ftp://host/v1", "http://host:port/v1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        RemoteDecoder(url)


def test_tokens_are_estimated_by_script() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("abcdefgh") == 2
    assert estimate_tokens("你好世界") == 4
    assert estimate_tokens("你好 ab") == 3
