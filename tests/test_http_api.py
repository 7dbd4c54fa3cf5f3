"""The HTTP door, with the official openai client against a served application whose network is hand-written."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import openai
import pytest
import uvicorn
from fastapi import FastAPI, Request

from chat_app.dialogue.conversation import Conversations
from chat_app.door.audit import Audit
from chat_app.history.history import History
from chat_app.http.api import api_router
from chat_app.jobs.upload_jobs import UploadJobs
from knowledge.errors import Cancelled, DocumentError, EndpointError, NotReady
from knowledge.memory.database import open_database
from knowledge.records import Document, Memory, ReplyRequest
from tests.fakes import GREEDY, FakeNetwork, FakeStore


@dataclass
class FakeIntake:
    """Takes in text files: one passage. ``hold`` keeps it busy until it is cancelled."""

    store: FakeStore
    hold: bool = False
    started: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def take_in(
        self,
        owner: str,
        path: Path,
        name: str,
        *,
        progress: Callable[[str, float], None],
        cancelled: Callable[[], bool],
    ) -> SimpleNamespace:
        self.started.set()
        while self.hold:
            if cancelled():
                self.cancelled.set()
                raise Cancelled("The upload was cancelled.")
            time.sleep(0.01)
        data = path.read_bytes()
        if b"\0" in data:
            raise DocumentError(f"{name} is damaged; save it again.")
        document = Document("d1", name, hashlib.sha256(data).hexdigest(), len(data), 5.0, passages=1, ready=True)
        self.store.documents_of.setdefault(owner, {})[document.id] = document
        passage = Memory("p1", data.decode(), "passage", 5.0, container=document.id, title=name, page=3)
        self.store.of(owner)[passage.id] = passage
        return SimpleNamespace(document=document, status="added")


class FakeApplication:
    """What the door asks of an application."""

    def __init__(self, data: Path) -> None:
        self.settings = SimpleNamespace(data=data, upload_mib=1)
        self.engine = open_database(f"sqlite:///{data / 'history.sqlite3'}")
        self.history = History(self.engine)
        self.audit = Audit(self.engine)
        self.net = FakeNetwork()
        self.intake = FakeIntake(self.net.store)
        self.net.intake = self.intake  # type: ignore[attr-defined]
        self.state = SimpleNamespace(ready=True, phase="ready", fraction=1.0, error="")
        self.conversations = Conversations(self.history, lambda: self.network, reads=5, sampling=GREEDY)
        self.decoders = SimpleNamespace(trouble=lambda: "")
        self.uploads = UploadJobs(self)  # type: ignore[arg-type]

    def status(self) -> SimpleNamespace:
        return self.state

    @property
    def network(self) -> FakeNetwork:
        if not self.state.ready:
            raise NotReady("Mneme is still getting ready.")
        return self.net

    def owner_of(self, request: Request) -> str:
        return "local"

    def titles(self) -> list[str]:
        return [conversation.title for conversation in self.history.conversations("local")]

    def texts(self, title: str) -> list[str]:
        (found,) = [c for c in self.history.conversations("local") if c.title == title]
        return [message.text for message in self.history.path("local", found.id)]


@dataclass
class Served:
    app: FakeApplication
    url: str
    client: openai.OpenAI
    http: httpx.Client

    def chat(self, *messages: str | dict[str, str], **more: Any) -> Any:
        """Messages are the user's and the assistant's in turn, unless they say otherwise."""
        roles = ("user", "assistant")
        listed = [m if isinstance(m, dict) else {"role": roles[n % 2], "content": m} for n, m in enumerate(messages)]
        return self.client.chat.completions.create(model="any", messages=listed, **more)  # type: ignore[call-overload]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    application = FakeApplication(tmp_path)
    app = FastAPI()
    app.include_router(api_router(application))  # type: ignore[arg-type]

    @app.get("/{rest:path}")
    def page(rest: str) -> str:
        return "the page"

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with (
                httpx.Client(base_url=url, timeout=20) as http,
                openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=20) as client,
            ):
                yield Served(application, url, client, http)
        finally:
            server.should_exit = True
            thread.join(20)
            application.uploads.close()
            application.engine.dispose()
    assert not thread.is_alive()


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


# ---- chat ------------------------------------------------------------------------------------------------


def test_chat(served):
    served.app.net.remember("local", "my boat is the albatross")
    answer = served.chat("what is my boat called?", temperature=0.5, top_p=0.8, max_tokens=9, seed=4)
    assert answer.object == "chat.completion" and answer.model == "fake-decoder"
    assert answer.choices[0].message.content == "Re: what is my boat called?"
    assert answer.choices[0].message.role == "assistant" and answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (7, 3, 10)
    assert answer.usage.prompt_tokens_details.cached_tokens == 2
    assert answer.reads == [
        {
            "id": "note-0",
            "text": "my boat is the albatross",
            "source": "note, 1970-01-01",
            "score": 0.5,
            "weight": 0.5,
            "kind": "note",
        }
    ]
    assert answer.conversation == served.app.history.conversations("local")[0].id
    sampling = served.app.net.requests[0].sampling
    assert sampling == replace(GREEDY, temperature=0.5, top_p=0.8, max_tokens=9, seed=4)
    assert served.app.net.texts("local")[1:] == ["what is my boat called?", "Re: what is my boat called?"]


def test_chat_streaming(served):
    served.app.net.remember("local", "my boat is the albatross")
    served.app.net.say = lambda request: ["It ", "is ", "the albatross 🚤"]
    chunks = list(served.chat("my boat?", stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].conversation
    assert [read["text"] for read in chunks[0].reads] == ["my boat is the albatross"]
    assert [c.choices[0].delta.content for c in chunks[1:-2]] == ["It ", "is ", "the albatross 🚤"]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 10
    assert {(c.id, c.object, c.model) for c in chunks} == {(chunks[0].id, "chat.completion.chunk", "fake-decoder")}
    assert served.app.net.texts("local")[-1] == "It is the albatross 🚤"


def test_a_stream_ends_with_done_and_leaves_usage_out_unless_asked(served):
    body = {"stream": True, "messages": [{"role": "user", "content": "hello"}]}
    answer = served.http.post("/v1/chat/completions", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in answer.text.split("\n") if line]
    assert lines[-1] == "data: [DONE]" and all(line.startswith("data: ") for line in lines)
    assert all("usage" not in json.loads(line[6:]) for line in lines[:-1])


def test_a_conversation_the_client_names_goes_on_at_the_server(served):
    first = served.chat("first", extra_body={"conversation": "talk"})
    served.chat("forged", "history", "second", extra_body={"conversation": "talk"})
    chunks = list(served.chat("third", stream=True, extra_body={"conversation": "talk"}))
    assert first.conversation == chunks[0].conversation == "talk"
    assert served.app.titles() == ["first"]
    assert served.app.texts("first") == ["first", "Re: first", "second", "Re: second", "third", "Re: third"]
    assert [turn.text for turn in served.app.net.requests[-1].dialogue] == served.app.texts("first")[:5]
    other = served.chat("unnamed")
    served.chat("goes on", extra_body={"conversation": other.conversation})
    assert served.app.texts("unnamed")[2] == "goes on"


def test_a_client_that_keeps_the_dialogue_itself_is_recognised(served):
    served.chat("one")
    served.chat("one", " Re: one", "two")
    assert served.app.texts("one") == ["one", "Re: one", "two", "Re: two"] and served.app.titles() == ["one"]
    served.chat("one", "Re: one", "two, said otherwise")
    assert served.app.texts("one") == ["one", "Re: one", "two, said otherwise", "Re: two, said otherwise"]
    assert served.app.net.texts("local") == served.app.texts("one")
    served.chat("one", "Re: one", "two", "Re: two", "three")  # back on the first branch
    assert served.app.texts("one")[2:] == ["two", "Re: two", "three", "Re: three"]


def test_earlier_messages_of_a_strange_dialogue_are_seen_but_not_kept(served):
    served.chat("I am Bob", "Hello Bob", "who am I?")
    assert [turn.text for turn in served.app.net.requests[-1].dialogue] == ["I am Bob", "Hello Bob", "who am I?"]
    assert served.app.net.texts("local") == ["who am I?", "Re: who am I?"] == served.app.texts("who am I?")
    served.chat("I am Bob", "Hello Bob", "who am I?", "Re: who am I?", "and you?")
    assert [turn.text for turn in served.app.net.requests[-1].dialogue] == [
        "I am Bob",
        "Hello Bob",
        "who am I?",
        "Re: who am I?",
        "and you?",
    ]
    assert served.app.titles() == ["who am I?"] and len(served.app.texts("who am I?")) == 4


def test_system_messages_and_parts(served):
    served.chat(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "line"}, {"type": "text", "text": "two"}]},  # type: ignore[dict-item]
    )
    assert served.app.net.requests[0].system == "Be brief.\n\nBe kind."
    assert served.app.net.texts("local")[0] == "line\ntwo"


def test_stop_sequences(served):
    served.app.net.say = lambda request: ["one ", "END", " two"]
    assert served.chat("go", stop="END").choices[0].message.content == "one "
    assert served.chat("go again", stop=["x", " two"]).choices[0].message.content == "one END"


def test_models(served):
    assert [model.id for model in served.client.models.list()] == ["fake-decoder"]
    assert served.client.models.retrieve("fake-decoder").object == "model"
    assert served.client.models.retrieve("mneme").id == "mneme"  # the name that the README gives to programs
    with pytest.raises(openai.NotFoundError):
        served.client.models.retrieve("gpt/other")


@pytest.mark.parametrize("stream", [False, True])
def test_with_store_false_nothing_is_kept(served: Served, stream: bool) -> None:
    served.chat("My cat is called Pixel.")
    written, titles = list(served.app.net.written), served.app.titles()
    before = ["Hello.", "Hi.", "What is my cat called? Pixel?"]
    answer = served.chat(*before, store=False, stream=stream)
    if stream:
        pieces = [piece for chunk in answer for piece in chunk.choices]
        text, reason = "".join(piece.delta.content or "" for piece in pieces), pieces[-1].finish_reason
    else:
        text, reason = answer.choices[0].message.content, answer.choices[0].finish_reason
    assert (text, reason) == ("Re: What is my cat called? Pixel?", "stop")
    request = served.app.net.requests[-1]
    assert [turn.text for turn in request.dialogue] == before and "Pixel" in request.reads[0].memory.text
    assert served.app.net.written == written and served.app.titles() == titles
    assert served.app.net.prepared == served.app.net.prepared[:1]  # no cache expects it to go on


def test_store_false_and_a_conversation_exclude_each_other(served: Served) -> None:
    with pytest.raises(openai.BadRequestError, match="A conversation is kept here"):
        served.chat("Hello.", store=False, extra_body={"conversation": "c"})


def test_a_client_that_leaves_an_unkept_reply_ends_it(served: Served) -> None:
    begun, go = threading.Event(), threading.Event()

    def say(request: Any) -> Iterator[str]:
        yield "first "
        begun.set()
        go.wait(20)
        yield "second "
        yield "third"

    served.app.net.say = say
    with served.client.chat.completions.create(
        model="any", messages=[{"role": "user", "content": "Hello."}], store=False, stream=True
    ) as stream:
        next(iter(stream))
        assert begun.wait(20)
    wait_until(lambda: served.app.net.stops[-1].is_set())
    go.set()
    wait_until(lambda: served.app.net.closed == 1)
    assert served.app.titles() == []


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"temperature": 3}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"seed": 2**70}, "seed"),
        ({"stop": list("abcde")}, "stop"),
        ({"extra_body": {"conversation": ""}}, "conversation"),
        ({"extra_body": {"conversation": "a\0b"}}, "conversation"),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_openais_shape(served, more, param):
    with pytest.raises(openai.BadRequestError) as refused:
        served.chat("hello", **more)
    assert refused.value.param == param and refused.value.type == "invalid_request_error" and refused.value.message
    assert served.app.titles() == []


@pytest.mark.parametrize(
    "messages",
    [
        [],
        ["  "],
        ["x" * 32_001],
        ["hello", "the last is not the user's"],
        [{"role": "system", "content": "alone"}],
        [{"role": "tool", "content": "x", "tool_call_id": "1"}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}]}],
    ],
)
def test_messages_that_are_refused(served, messages):
    with pytest.raises(openai.BadRequestError) as refused:
        served.chat(*messages)
    assert refused.value.body["message"]
    assert served.app.titles() == []


def test_harmless_fields_are_passed_over(served):
    answer = served.chat(
        "hi",
        n=1,
        user="u",
        metadata={"a": "b"},
        store=False,
        presence_penalty=0,
        tools=[],
        response_format={"type": "text"},
    )
    assert answer.choices[0].message.content == "Re: hi"


def test_an_error_of_the_decoder_and_the_same_message_again(served):
    served.app.net.say = lambda request: [EndpointError("The endpoint is away.")]
    retrying = served.client.with_options(max_retries=2)
    with pytest.raises(openai.InternalServerError) as failed:
        retrying.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], extra_body={"conversation": "t"}
        )
    assert failed.value.status_code == 502 and failed.value.body["message"] == "The endpoint is away."
    assert len(served.app.net.requests) == 1  # not tried again behind one's back
    served.app.net.say = lambda request: ["better"]
    assert served.chat("hi", extra_body={"conversation": "t"}).choices[0].message.content == "better"
    assert served.app.texts("hi") == ["hi", "better"] == served.app.net.texts("local")


def test_an_error_in_the_middle_of_a_stream(served):
    served.app.net.say = lambda request: ["some ", "text ", EndpointError("The endpoint broke off.")]
    stream = served.chat("hello", stream=True)
    with pytest.raises(openai.APIError, match="broke off"):
        list(stream)
    assert served.app.texts("hello") == ["hello"]


def test_a_second_request_in_a_conversation_that_is_replying(served):
    go_on = threading.Event()

    def slow(request: ReplyRequest) -> Iterator[str]:
        yield "one "
        yield "two "
        go_on.wait(20)
        yield "three"

    served.app.net.say = slow
    stream = iter(served.chat("first", stream=True, extra_body={"conversation": "t"}))
    next(stream)
    try:
        with pytest.raises(openai.ConflictError, match="still replying"):
            served.chat("second", extra_body={"conversation": "t"})
    finally:
        go_on.set()
    list(stream)
    assert served.app.texts("first") == ["first", "one two three"]


def endless(request: ReplyRequest) -> Iterator[str]:
    while True:
        time.sleep(0.005)
        yield "word "


def test_a_client_that_leaves_a_stream_stops_the_reply(served):
    served.app.net.say = endless
    with served.chat("go", stream=True) as stream:
        for _ in zip(range(5), stream, strict=False):
            pass
    wait_until(lambda: served.app.net.closed)
    wait_until(lambda: len(served.app.net.texts("local")) == 2)
    question, reply = served.app.texts("go")
    assert reply.startswith("word word") and served.app.net.texts("local") == [question, reply]
    assert served.chat("again", max_tokens=1, stop="word")


def test_a_client_that_leaves_cuts_a_long_step_of_the_decoder_short(served):
    noticed: list[bool] = []

    def thinking(request: ReplyRequest) -> Iterator[str]:
        yield "one "
        yield "two "
        noticed.append(served.app.net.stops[-1].wait(10))
        yield "three"

    served.app.net.say = thinking
    with served.chat("go", stream=True) as stream:
        assert [chunk.choices[0].delta.content for _, chunk in zip(range(2), stream, strict=False)] == ["", "one "]
    wait_until(lambda: noticed)
    assert noticed == [True]
    wait_until(lambda: served.app.net.texts("local") == ["go", "one two "])


def test_a_client_that_leaves_a_plain_request_stops_the_reply(served):
    served.app.net.say = endless
    with pytest.raises(openai.APITimeoutError):
        served.client.with_options(timeout=0.5).chat.completions.create(
            model="m", messages=[{"role": "user", "content": "go"}]
        )
    wait_until(lambda: len(served.app.net.texts("local")) == 2)
    assert served.app.texts("go")[1].startswith("word ")


def test_other_requests_are_answered_while_replies_are_written(served):
    served.app.net.say = endless
    with served.chat("one", stream=True) as first, served.chat("two", stream=True) as second:
        next(iter(first)), next(iter(second))
        assert served.http.get("/healthz").status_code == 200
        assert served.http.get("/v1/memories").status_code == 200


# ---- getting ready, who may ask --------------------------------------------------------------------------


def test_while_the_models_are_loading(served):
    served.app.state = SimpleNamespace(ready=False, phase="converting", fraction=0.7, error="")
    answer = served.http.get("/healthz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "loading", "reason": "converting", "progress": 0.7},
    )
    with pytest.raises(openai.InternalServerError) as refused:
        served.chat("hello")
    assert refused.value.status_code == 503 and refused.value.code == "not_ready"
    assert served.http.get("/v1/memories").status_code == 503
    assert served.http.post("/v1/documents", files={"file": ("a.txt", b"x")}).status_code == 503
    assert served.app.titles() == []
    served.app.state = SimpleNamespace(ready=False, phase="failed", fraction=0.0, error="Use --model PATH.")
    assert served.http.get("/healthz").json() == {"status": "failed", "reason": "Use --model PATH.", "progress": 0.0}
    served.app.state = SimpleNamespace(ready=True, phase="ready", fraction=1.0, error="")
    assert served.http.get("/healthz").json() == {"status": "ok"}
    served.app.net.broken = "The word index is damaged."
    answer = served.http.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "degraded", "reason": "The word index is damaged."})


def test_metrics_count_replies_and_tokens(served):
    from prometheus_client.parser import text_string_to_metric_families

    def numbers() -> dict[str, float]:
        answer = served.http.get("/metrics")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
        families = text_string_to_metric_families(answer.text)
        return {sample.name: sample.value for family in families for sample in family.samples}

    before = numbers()
    assert (
        before["mneme_replies_total"] == 0
        and before["mneme_ready"] == 1
        and before["process_resident_memory_bytes"] > 1e6
    )
    served.chat("my boat is called Sedna")
    served.chat("my cat is called Miso")
    after = numbers()
    assert after["mneme_replies_total"] == after["mneme_first_word_seconds_count"] == 2
    assert (after["mneme_prompt_tokens_total"], after["mneme_reply_tokens_total"]) == (14, 6)
    assert after["mneme_memories"] == before["mneme_memories"] + 4 and after["mneme_memory_whole"] == 1
    assert "Sedna" not in served.http.get("/metrics").text
    with served.chat("one", stream=True) as under_way:
        next(iter(under_way))
        assert numbers()["mneme_replies_under_way"] == 1
    served.app.state = SimpleNamespace(ready=False, phase="loading", fraction=0.1, error="")
    assert numbers()["mneme_ready"] == 0


def test_what_a_form_of_another_site_can_send_is_turned_away(served):
    body = {"messages": [{"role": "user", "content": "hi"}]}
    text = {"Content-Type": "text/plain"}
    assert served.http.post("/v1/chat/completions", content=json.dumps(body), headers=text).status_code == 415
    assert served.http.post("/v1/memories", content='{"text": "x"}', headers={"Content-Type": ""}).status_code == 415
    assert served.app.titles() == [] and served.app.net.texts("local") == []


def test_errors_of_form_are_in_openais_shape(served):
    answers = [
        (404, served.http.get("/v1/nothing")),
        (404, served.http.post("/v1/images/generations", json={"prompt": "x"})),
        (404, served.http.put("/v1/memories", json={})),
        (400, served.http.post("/v1/memories", content=b"{", headers={"Content-Type": "application/json"})),
        (400, served.http.post("/v1/memories", json=[])),
        (400, served.http.get("/v1/memories?limit=0")),
        (413, served.http.post("/v1/memories", json={"text": "x" * 5_000_000})),
    ]
    for status, answer in answers:
        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"} and answer.json()["error"]["message"]
    assert answers[5][1].json()["error"]["param"] == "limit"
    assert served.http.get("/other").text == '"the page"'


def test_a_body_that_does_not_say_its_length_is_bounded_too(served):
    def body() -> Iterator[bytes]:
        for _ in range(6):
            yield b"x" * 1_000_000

    answer = served.http.post("/v1/memories", content=body(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413 and "4 MiB" in answer.json()["error"]["message"]


# ---- memories --------------------------------------------------------------------------------------------


def test_memories_are_added_listed_searched_and_deleted(served):
    http = served.http
    note = http.post("/v1/memories", json={"text": "the cat sleeps"}).json()
    more = http.post("/v1/memories", json={"texts": ["the dog barks", "the bird sings"]}).json()["data"]
    assert note["object"] == "memory" and note["kind"] == "note" and [m["text"] for m in more][1] == "the bird sings"
    page = http.get("/v1/memories", params={"limit": 2}).json()
    assert [m["id"] for m in page["data"]] == [note["id"], more[0]["id"]]
    assert page["total"] == 3 and page["has_more"] is True
    assert http.get("/v1/memories", params={"limit": 2, "offset": 2}).json()["has_more"] is False
    served.chat("hello cat")
    turns = http.get("/v1/memories", params={"kind": "turn"}).json()["data"]
    assert [m["role"] for m in turns] == ["user", "assistant"] and "“hello cat”" in turns[0]["source"]
    assert http.get("/v1/memories", params={"search": "BARKS"}).json()["total"] == 1
    found = http.post("/v1/memories/search", json={"query": "dog barks", "limit": 5}).json()
    assert [(hit["id"], hit["text"]) for hit in found["data"]] == [(more[0]["id"], "the dog barks")]
    assert {"id", "text", "source", "score", "weight"} <= found["data"][0].keys() and found["null_weight"] == 0.5
    assert http.get(f"/v1/memories/{note['id']}").json()["text"] == "the cat sleeps"
    assert http.delete(f"/v1/memories/{note['id']}").json()["deleted"] is True
    for call in (http.get, http.delete):
        assert call(f"/v1/memories/{note['id']}").status_code == 404
    assert http.post("/v1/memories/search", json={"query": "sleeps"}).json()["data"] == []


def test_deleting_many_memories_wants_their_ids_or_a_confirmation(served):
    http = served.http
    ids = [http.post("/v1/memories", json={"text": f"note {n}"}).json()["id"] for n in range(3)]
    bad = [None, {}, {"confirm": "yes"}, {"ids": ids, "confirm": "delete everything"}, {"all": True}]
    for body in bad:
        assert http.request("DELETE", "/v1/memories", json=body).status_code == 400
    assert http.delete("/v1/memories").status_code == 400
    assert len(served.app.net.texts("local")) == 3
    assert http.request("DELETE", "/v1/memories", json={"ids": [*ids[:1], "nothing"]}).json()["deleted"] == 1
    assert http.request("DELETE", "/v1/memories", json={"confirm": "delete everything"}).json()["deleted"] == 2
    assert served.app.net.texts("local") == []


@pytest.mark.parametrize(
    "body", [{}, {"text": " "}, {"texts": []}, {"text": "a", "texts": ["b"]}, {"texts": ["fine", ""]}, {"text": 5}]
)
def test_memories_that_are_refused(served, body):
    assert served.http.post("/v1/memories", json=body).status_code == 400
    assert served.app.net.texts("local") == []


# ---- documents -------------------------------------------------------------------------------------------


def test_documents_are_taken_in_listed_and_deleted(served):
    http = served.http
    added = http.post("/v1/documents", files={"file": ("../notes.txt", b"the harbour is in bergen")}).json()
    assert (added["status"], added["name"], added["bytes"], added["passages"]) == ("added", "notes.txt", 24, 1)
    assert [d["id"] for d in http.get("/v1/documents").json()["data"]] == [added["id"]]
    assert http.get(f"/v1/documents/{added['id']}").json()["sha256"] == added["sha256"]
    (read,) = served.chat("where is the harbour").reads
    assert read["source"] == "notes.txt, page 3"
    assert http.delete(f"/v1/documents/{added['id']}").json()["passages"] == 1
    for call in (http.get, http.delete):
        assert call(f"/v1/documents/{added['id']}").status_code == 404
    assert list((served.app.settings.data / "jobs").iterdir()) == []


def test_documents_that_are_refused(served):
    http = served.http
    damaged = http.post("/v1/documents", files={"file": ("a.txt", b"\0")})
    assert damaged.status_code == 400 and "damaged" in damaged.json()["error"]["message"]
    assert http.post("/v1/documents", files={"other": ("a.txt", b"x")}).status_code == 400
    assert http.post("/v1/documents", data={"file": "text"}, files={"x": ("a", b"x")}).status_code == 400
    assert http.post("/v1/documents", json={"file": "x"}).status_code == 415
    for name in ("", " ", "..", "a/"):
        form = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\nx\r\n--B--\r\n'
        unnamed = http.post("/v1/documents", content=form, headers={"Content-Type": "multipart/form-data; boundary=B"})
        assert unnamed.status_code == 400 and "no name" in unnamed.json()["error"]["message"]
    for size in (2**20 + 1, 3 * 2**20):  # larger than a file may be; larger than any request may be
        large = http.post("/v1/documents", files={"file": ("a.txt", b"x" * size)})
        assert large.status_code in (400, 413) and "larger than" in large.json()["error"]["message"]
    assert http.get("/v1/documents").json()["data"] == []


def test_a_client_that_leaves_an_upload_cancels_it(served):
    served.app.intake.hold = True
    with pytest.raises(httpx.ReadTimeout):
        served.http.post("/v1/documents", files={"file": ("a.txt", b"x")}, timeout=httpx.Timeout(20, read=0.5))
    assert served.app.intake.started.is_set() and served.app.intake.cancelled.wait(20)
    assert served.app.net.texts("local") == []


def test_more_streams_than_the_server_has_threads_end_or_are_sent_away(served: Served) -> None:
    """The decoder writes one reply after the other; each stream that waits for it holds a thread of the server."""
    busy, reply = threading.Lock(), served.app.net.reply

    def one_after_the_other(*given: Any, **more: Any) -> Iterator[Any]:
        with busy:
            for event in reply(*given, **more):
                time.sleep(0.01)
                yield event

    served.app.net.reply = one_after_the_other  # type: ignore[method-assign]
    ends: list[str] = []

    def say(number: int) -> None:
        body = {"stream": True, "messages": [{"role": "user", "content": f"hello {number}"}]}
        with httpx.Client(base_url=served.url, timeout=60) as http:
            answer = http.post("/v1/chat/completions", json=body)
        ends.append("done" if answer.text.rstrip().endswith("[DONE]") else f"{answer.status_code}")
        assert answer.status_code == 200 or answer.headers["Retry-After"]

    clients = [threading.Thread(target=say, args=(number,)) for number in range(60)]
    for client in clients:
        client.start()
    assert served.http.get("/").status_code == 200  # somebody else is served meanwhile
    for client in clients:
        client.join(60)
    assert len(ends) == 60 and set(ends) <= {"done", "429"} and ends.count("done") >= 16
    assert len(served.app.titles()) == ends.count("done")  # who was sent away left nothing
