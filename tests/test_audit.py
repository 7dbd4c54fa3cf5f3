"""The log of who did what: what is noted, from where, that it is bounded, and that it never holds what was said."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import Engine

from chat_app.door.audit import Audit, Entry, What
from chat_app.door.throttle import Throttle
from chat_app.pages.words import WORDS
from knowledge.memory.database import open_database
from tests.page_server import PageServer

PASSWORD, KEY = "correct horse", "a-key-of-thirty-two-letters-or-so"
SECRET = "zanzibar"  # stands in everything that is said here


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'mneme.sqlite3'}")
    yield engine
    engine.dispose()


def test_each_kind_keeps_its_newest_rows(engine: Engine) -> None:
    now = iter(range(1000))
    audit = Audit(engine, clock=lambda: next(now), kept=3)
    audit.note("anna", "exported", 7)
    for _ in range(10):
        audit.note("", "sign_in_refused")
    rows, total = audit.page("anna", limit=10)
    assert total == 4 and [row.what for row in rows] == ["sign_in_refused"] * 3 + ["exported"]
    assert [row.time for row in rows] == [10, 9, 8, 0] and rows[-1].count == 7
    assert audit.page("anna", limit=2, offset=3)[0] == rows[3:]


def test_an_owner_sees_their_own_rows_and_who_was_refused(engine: Engine) -> None:
    audit = Audit(engine)
    audit.note("anna", "exported")
    audit.note("bert", "exported")
    audit.note("", "key_refused")
    assert [(row.owner, row.what) for row in audit.page("bert", limit=9)[0]] == [
        ("", "key_refused"),
        ("bert", "exported"),
    ]


def test_what_is_done_is_done_also_where_it_cannot_be_noted(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    Audit(engine).note("anna", "exported")
    assert "exported was not noted" in caplog.text


def test_every_kind_has_words() -> None:
    assert {
        name.removeprefix("access.log_").removesuffix("_one") for name in WORDS if name.startswith("access.log_")
    } == {
        *get_args(What),
        "text",
        "none",
    }


# ---- over the running server -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    data = tmp_path_factory.mktemp("audit") / "data"
    environment = {"MNEME_PASSWORD": PASSWORD, "MNEME_API_KEY": KEY}
    server = PageServer(data, pause=0.0, arguments=("--host", "0.0.0.0"), environment=environment)
    yield server
    server.close()


def select(server: PageServer, page: str, **data: Any) -> dict[str, Any]:
    """What a page answers to what a person does on it."""
    endpoint = server.endpoint(f"{page}-page", "select")
    (last,) = [one for one in server.call(endpoint, [], event=data) if one["msg"] == "process_completed"]
    value: dict[str, Any] = last["output"]["data"][0]
    return value


class Since:
    """The rows that were added since it was made, oldest first."""

    def __init__(self, server: PageServer) -> None:
        self._audit = server.application.audit
        self._before = self._audit.page("local", limit=1)[1]

    def rows(self) -> list[Entry]:
        rows, total = self._audit.page("local", limit=1000)
        return rows[: total - self._before][::-1]

    def __call__(self) -> list[tuple[str, str, int]]:
        return [(row.owner, row.what, row.count) for row in self.rows()]


def test_signing_in_and_out(server: PageServer) -> None:
    server.application.door.passwords = Throttle(free=5, total=60)
    since = Since(server)
    with httpx.Client(base_url=server.url, timeout=60) as client:
        client.post("/sign-in", data={"password": f"{SECRET} wrong"}, headers={"x-request-id": "my-own.id_7"})
        client.post("/sign-in", data={"password": PASSWORD})
        client.post("/sign-out")
        client.post("/sign-in", data={"password": PASSWORD})
        client.post("/sign-out", data={"everywhere": "1"})
        client.get("/v1/memories", headers={"authorization": f"Bearer {SECRET}"})
    server.sign_in()
    assert since()[:-1] == [
        ("", "sign_in_refused", 1),
        ("local", "signed_in", 1),
        ("local", "signed_out", 1),
        ("local", "signed_in", 1),
        ("local", "signed_out_everywhere", 1),
        ("", "key_refused", 1),
    ]
    first = since.rows()[0]
    assert (first.address, first.request) == ("127.0.0.1", "my-own.id_7") and abs(first.time - time.time()) < 60


def test_a_key_is_made_used_and_revoked_on_the_page(server: PageServer) -> None:
    server.application.door.keys = Throttle(free=20, total=None)
    since = Since(server)
    made = select(server, "access", action="make", name="my script")["made"]
    right = {"authorization": f"Bearer {made['secret']}"}
    with httpx.Client(base_url=server.url, timeout=60) as client:
        assert client.get("/v1/memories", headers=right).status_code == 200
        assert client.get("/config", headers=right).status_code == 401  # it opens the API, not the page
        value = select(server, "access", action="load")
        assert [key["name"] for key in value["keys"]] == ["my script"] and made["secret"] not in json.dumps(value)
        select(server, "access", action="revoke", id=made["id"])
        answer = client.get("/v1/memories", headers=right)
        assert answer.status_code == 401 and answer.json()["error"]["code"] == "invalid_api_key"
        with_old = client.get("/v1/memories", headers={"authorization": f"Bearer {KEY}"})
        assert with_old.status_code == 200  # that of the environment goes on
    assert since() == [("local", "key_made", 1), ("local", "key_revoked", 1), ("", "key_refused", 1)]
    assert all(row.address == "127.0.0.1" and row.request for row in since.rows())  # also behind the page's queue
    rows = select(server, "access", action="load", query={"offset": 1})["log"]
    assert rows["rows"][0]["what"] == "key_revoked" and rows["offset"] == 1 and rows["total"] > 3


def test_what_is_taken_out_and_in_and_deleted(server: PageServer) -> None:
    since, application = Since(server), server.application
    right, store = {"authorization": f"Bearer {KEY}"}, application.network.store
    with httpx.Client(base_url=server.url, timeout=60, headers=right) as program:
        texts = [f"{SECRET} {number}" for number in range(6)]
        ids = [one["id"] for one in program.post("/v1/memories", json={"texts": texts}).json()["data"]]
        file = {"file": (f"{SECRET}.txt", f"The {SECRET} is far.".encode())}
        document = program.post("/v1/documents", files=file).json()["id"]
        exported = server.client.get("/files/memories.jsonl").content
        program.delete(f"/v1/memories/{ids[0]}")
        program.delete(f"/v1/memories/{ids[0]}")  # there no more
        program.request("DELETE", "/v1/memories", json={"ids": ids[1:3]})
        select(server, "memory", action="delete", ids=ids[3:5])
        program.delete(f"/v1/documents/{document}")
        select(server, "memory", action="delete_everything", word="DELETE")
        job = server.client.post("/files/import?name=a.jsonl", content=exported, headers={"x-mneme": "1"}).json()["job"]
        application.uploads.wait("local", job, 60)
        body = {"messages": [{"role": "user", "content": f"say: {SECRET}"}], "conversation": SECRET}
        program.post("/v1/chat/completions", json=body)
        conversation = application.history.named("local", SECRET)
        assert conversation
        server.call(server.endpoint("chat", "undo"), [conversation.id], event={"index": 0, "value": ""})
        program.post("/v1/chat/completions", json=body)
        sidebar = server.endpoint("sidebar-content", "select")
        server.call(sidebar, [""], event={"action": "delete", "id": conversation.id})
        program.request("DELETE", "/v1/memories", json={"confirm": "delete everything"})
    assert store.count("local") == 0
    noted = since()
    assert [(what, count) for _, what, count in noted] == [
        ("exported", 7),
        ("memories_deleted", 1),
        ("memories_deleted", 2),
        ("memories_deleted", 2),
        ("document_deleted", 1),
        ("everything_deleted", 1),
        ("imported", 7),
        ("exchange_undone", 1),
        ("conversation_deleted", 1),
        ("everything_deleted", 7),
    ]
    assert {owner for owner, _, _ in noted} == {"local"} and {row.address for row in since.rows()} == {"127.0.0.1"}
    assert SECRET not in repr(application.audit.page("local", limit=1000))
