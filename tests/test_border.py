"""Whatever is sent over the border is answered with a 2xx or with a 4xx and a sentence, and leaves nothing unreadable.

Inputs are made by hypothesis, and from the API's own description by schemathesis. The application is the real one with
a fake encoder and decoder, served behind its door.
"""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
import torch
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chat_app.door.addresses import Addresses
from chat_app.http.api import api_router
from chat_app.http.files import HEADER, files_router
from chat_app.pages.door_guard import DoorGuard
from knowledge.records import Document, Memory
from tests.browser.fake_application import FakeApplication

# The same inputs in every run: a test that fails once in a while helps nobody. No deadline: the machine may be busy.
SETTINGS = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Border:
    """The served application and a client of it."""

    def __init__(self, data: Any) -> None:
        self.application = FakeApplication(data, pause=0.0)
        self.application.start()
        self.application.wait_until_ready(60)
        app = FastAPI(openapi_url=None)
        app.include_router(api_router(self.application))
        app.include_router(files_router(self.application, lambda error, request: str(error), lambda key, request: key))
        app.add_middleware(
            DoorGuard, door=self.application.door, addresses=Addresses(True), audit=self.application.audit
        )
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=2))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        self.http = httpx.Client(base_url=self.url, timeout=60)

    def close(self) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()
        self.application.close()

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """The answer, which is a 2xx or a 4xx with a sentence."""
        if body is not None:
            more |= {"content": json.dumps(body), "headers": {"content-type": "application/json"}}
        answer = self.http.request(method, path, **more)
        assert answer.status_code < 500, (path, body, answer.text)
        if answer.status_code >= 400:
            error = answer.json()["error"]
            assert len(error if isinstance(error, str) else error["message"]) > 10, answer.text
        return answer

    def everything_can_be_read(self) -> None:
        """Memories are listed, each is given alone, found, exported, and read for a reply; so is history."""
        page = self.send("GET", "/v1/memories", params={"limit": 1000})
        assert page.status_code == 200
        listed = page.json()["data"]
        for memory in listed[-3:]:
            alone = self.send("GET", f"/v1/memories/{quote(memory['id'], safe='')}")
            if "/" not in memory["id"] and memory["id"] not in (".", ".."):
                assert alone.status_code == 200 and alone.json()["text"] == memory["text"]
        for body, path in (
            ({"query": listed[-1]["text"][:500] if listed else "x"}, "/v1/memories/search"),
            ({"messages": [{"role": "user", "content": "say: what is there"}], "store": False}, "/v1/chat/completions"),
        ):
            assert self.send("POST", path, body).status_code in (200, 400 if "query" in body else 200)
        lines = self.http.get("/files/memories.jsonl").text.splitlines()
        assert len(lines) > len([m for m in listed if m["kind"] != "passage"])
        history = self.application.history
        for conversation in history.conversations("local", limit=3):
            assert history.path("local", conversation.id)


@pytest.fixture(scope="module")
def border(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Border]:
    torch.set_flush_denormal(False)  # a benchmark that another test runs turns it on; hypothesis draws such numbers
    border = Border(tmp_path_factory.mktemp("border") / "data")
    yield border
    border.close()


# ---- what is sent ------------------------------------------------------------------------------------------

ODD = ["", " ", "\0", "\ud800", "a\0b", "\u202e", "x" * 300, "../..", "say: hello"]
TEXT = st.text(max_size=40) | st.sampled_from(ODD)
NUMBER = (
    st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([0, -1, 1, 2**31, 2**63, 1e30, 1.7e12, math.nan, math.inf, -0.0])
)
SCALAR = st.none() | st.booleans() | NUMBER | TEXT
ANY = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)


def sometimes(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What is right, and now and then anything."""
    return st.integers(0, 24).flatmap(lambda n: ANY if n == 0 else strategy)


PART = st.fixed_dictionaries({"type": sometimes(st.sampled_from(["text", "input_text"])), "text": TEXT})
MESSAGE = st.fixed_dictionaries(
    {
        "role": sometimes(st.sampled_from(["user", "assistant", "system", "developer"])),
        "content": sometimes(TEXT | st.lists(PART, max_size=2)),
    }
)
MESSAGES = st.builds(lambda before, last: [*before, last], st.lists(MESSAGE, max_size=3), MESSAGE) | st.builds(
    lambda before: [*before, {"role": "user", "content": "say: hello"}], st.lists(MESSAGE, max_size=3)
)
OPTIONS = {
    "stream": sometimes(st.booleans()),
    "store": sometimes(st.none() | st.booleans()),
    "temperature": sometimes(st.floats(0, 2)),
    "top_p": sometimes(st.floats(0.01, 1)),
    "conversation": sometimes(st.none() | st.text("abc", min_size=1, max_size=3)),
    "model": sometimes(TEXT),
}
CHAT = st.fixed_dictionaries(
    {"messages": sometimes(MESSAGES)},
    optional={
        **OPTIONS,
        "stop": sometimes(TEXT | st.lists(TEXT, max_size=4)),
        "seed": sometimes(st.integers(-9, 9)),
        "max_tokens": sometimes(st.integers(1, 9)),
        "n": sometimes(st.just(1)),
    },
)
RESPONSE = st.fixed_dictionaries(
    {"input": sometimes(TEXT | MESSAGES)},
    optional={
        **OPTIONS,
        "instructions": sometimes(TEXT),
        "previous_response_id": sometimes(st.none()),
        "text": sometimes(st.just({"format": {"type": "text"}})),
        "reasoning": sometimes(st.none()),
        "metadata": sometimes(st.dictionaries(TEXT, TEXT, max_size=2)),
        "max_output_tokens": sometimes(st.integers(1, 9)),
        "tools": sometimes(st.just([])),
    },
)
EMBEDDING = st.fixed_dictionaries(
    {"input": sometimes(TEXT | st.lists(st.text(min_size=1, max_size=9) | TEXT, max_size=4))},
    optional={"dimensions": sometimes(st.just(64)), "encoding_format": sometimes(st.sampled_from(["float", "base64"]))},
)

SEARCH = st.fixed_dictionaries({"query": sometimes(TEXT)}, optional={"limit": sometimes(st.integers(1, 50))})


@pytest.mark.parametrize(
    ("path", "bodies"),
    [
        ("/v1/chat/completions", CHAT),
        ("/v1/responses", RESPONSE),
        ("/v1/embeddings", EMBEDDING),
        ("/v1/memories", st.fixed_dictionaries({"text": sometimes(TEXT)})),
        ("/v1/memories", st.fixed_dictionaries({"texts": sometimes(st.lists(TEXT, max_size=3))})),
        (
            "/v1/memories/search",
            st.fixed_dictionaries({"query": sometimes(TEXT)}, optional={"limit": sometimes(st.integers(1, 50))}),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_of_a_program(border: Border, path: str, bodies: st.SearchStrategy[Any]) -> None:
    accepted = 0

    @SETTINGS
    @given(body=st.integers(0, 9).flatmap(lambda n: bodies if n else ANY))
    def sent(body: Any) -> None:
        nonlocal accepted
        answer = border.send("POST", path, {} if body is None else body)
        accepted += answer.status_code == 200
        assert "Mneme could not do this" not in answer.text  # how a failure in the middle of a stream would be told

    sent()
    border.everything_can_be_read()
    assert accepted  # not everything was turned away at the door


def test_a_filter_of_the_list_and_an_id(border: Border) -> None:
    names = ("search", "kind", "container", "since", "until", "pinned", "muted", "limit", "offset")

    @SETTINGS
    @given(query=st.dictionaries(st.sampled_from(names), TEXT | NUMBER.map(str), max_size=4), id=TEXT)
    def sent(query: dict[str, str], id: str) -> None:
        clean = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
        border.send("GET", "/v1/memories", params=clean)
        place = quote(id.encode("utf-8", "replace"), safe="")
        for method, kind in (
            ("GET", "memories"),
            ("DELETE", "memories"),
            ("GET", "documents"),
            ("DELETE", "documents"),
        ):
            border.send(method, f"/v1/{kind}/x{place}")
        border.send("GET", f"/v1/models/{place}")

    sent()


# ---- imports -----------------------------------------------------------------------------------------------

ID = st.text("abcdefgh", min_size=1, max_size=8)
BY_TYPE = {"str": st.text(max_size=9), "int": st.integers(0, 99), "float": st.floats(0, 4e9), "bool": st.booleans()}
BY_NAME = {
    "id": ID,
    "text": st.text(min_size=1, max_size=40),
    "kind": st.sampled_from(["turn", "note", "passage"]),
    "role": st.sampled_from(["", "user", "assistant"]),
    "gate": st.sampled_from(["add", "merge", "supersede", "skip"]),
}


def record(kind: type) -> st.SearchStrategy[Any]:
    """Its fields as they should be, now and then with one of them as it should not."""
    right = {
        field.name: BY_NAME[field.name] if field.name in BY_NAME else BY_TYPE[str(field.type).partition(" ")[0]]
        for field in fields(kind)
    }
    whole = st.fixed_dictionaries(right)
    wrong = st.builds(lambda one, name, value: {**one, name: value}, whole, st.sampled_from(sorted(right)), ANY | ODDER)
    return whole | wrong


ODDER = st.sampled_from([*ODD, 1e30, 1.7e12, -1, 2**31, 2**70, math.nan, math.inf])
MEMORY = record(Memory)
DOCUMENT = record(Document)
LINES = (
    st.builds(lambda memory: [{"memory": memory}], MEMORY)
    | st.builds(
        lambda document, memory: [
            {"document": document},
            {"memory": {**memory, "kind": "passage", "container": document["id"]}},
        ],
        DOCUMENT,
        MEMORY,
    )
    | st.lists(ANY, max_size=2)
)
HEAD = {"format": "mneme-memories", "version": 1, "encoder": "any"}


def imported(border: Border, lines: list[Any]) -> str:
    """State of the import once it has ended; "" where it was not begun."""
    content = "\n".join(json.dumps(line) for line in lines).encode()
    answer = border.send("POST", "/files/import", params={"name": "x.jsonl"}, content=content, headers={HEADER: "1"})
    if answer.status_code != 200:
        return ""
    job, end = answer.json()["job"], time.monotonic() + 60
    while not (view := border.application.uploads.wait("local", job, 1.0)).finished:
        assert time.monotonic() < end
    assert view.state == "done" or "nothing was imported" in view.message, (lines, view.message)
    return str(view.state)


def test_an_import(border: Border) -> None:
    taken = 0

    document = {"id": "d", "name": "n", "sha256": "s", "size": 1, "created": 1.0}
    memory = {"id": "m", "text": "t", "kind": "note", "created": 1.0}

    @SETTINGS
    @given(lines=LINES)
    @example(lines=[{"document": {**document, "size": 2**70}}])
    @example(lines=[{"document": {**document, "size": -1}}])
    @example(lines=[{"memory": {**memory, "id": "\ud800"}}])
    @example(lines=[{"memory": {**memory, "id": "a\0b", "container": "\ud800"}}])
    @example(lines=[{"memory": {**memory, "text": "\0"}}])
    @example(lines=[{"memory": {**memory, "text": "\ud800", "speaker": "\ud800"}}])
    def sent(lines: list[Any]) -> None:
        nonlocal taken
        if imported(border, [HEAD, *lines]) == "done":
            taken += 1
            border.everything_can_be_read()

    sent()
    assert taken >= 5


# ---- by the API's own description ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def described(border: Border) -> Any:
    return schemathesis.openapi.from_url(f"{border.url}/v1/openapi.json")


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_what_the_description_says_is_true(border: Border, described: Any) -> None:
    """Of every operation: what it takes by its description, and what it does not, is answered as described."""
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) == 15
    for operation in operations:
        for mode in GenerationMode:
            if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
                continue  # there is nothing that could be wrong

            @settings(SETTINGS, max_examples=5)
            @given(case=operation.as_strategy(generation_mode=mode))
            def sent(case: schemathesis.Case) -> None:
                case.call_and_validate(checks=CHECKS)

            sent()
    border.everything_can_be_read()


def test_the_description_names_every_route_of_the_api(border: Border) -> None:
    described = border.http.get("/v1/openapi.json").json()["paths"]
    for path in ("chat/completions", "responses", "embeddings", "models", "memories/search", "documents"):
        assert f"/v1/{path}" in described
    assert all(path.startswith("/v1/") for path in described)
