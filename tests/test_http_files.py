"""The page's routes for files: they take a body, never a path, and answer refusals in one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from chat_app.http.files import files_router
from tests.browser.fake_application import FakeApplication

OWN = {"X-Mneme": "1"}
SOON = 30.0  # seconds; only a broken test waits that long


class TwoOwners(FakeApplication):
    """Whose a request is stands in a header, as accounts will have it in a session."""

    def owner_of(self, request) -> str:
        return str(request.headers.get("x-owner") or "local")


@pytest.fixture
def application(tmp_path: Path) -> Iterator[TwoOwners]:
    application = TwoOwners(tmp_path / "data", "--upload-mib", "1")
    yield application
    application.close()


@pytest.fixture
def client(application: TwoOwners) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(files_router(application, lambda error, _: str(error)))
    with TestClient(app) as client:
        yield client


def ready(application: TwoOwners) -> None:
    application.start()
    assert application.wait_until_ready(SOON).ready


def rests(application: TwoOwners) -> list[Path]:
    return [path for path in (application.settings.data / "jobs").rglob("*") if path.is_file()]


def test_document_comes_in_under_its_own_name(application: TwoOwners, client: TestClient) -> None:
    ready(application)
    answer = client.post("/files/documents", params={"name": "../../计划.txt"}, content="里斯本".encode(), headers=OWN)
    assert answer.status_code == 200
    job = application.uploads.wait("local", answer.json()["job"], SOON)
    assert (job.name, job.state) == ("计划.txt", "done")
    assert [memory.text for memory in application.network.store.iterate("local")] == ["里斯本"]
    assert rests(application) == []


def test_refusals_leave_nothing(application: TwoOwners, client: TestClient) -> None:
    refused = client.post("/files/documents", params={"name": "a.txt"}, content=b"text")
    assert refused.status_code == 403  # without the header that other sites cannot set
    large = client.post("/files/documents", params={"name": "a.txt"}, content=b"x" * (2**20 + 1), headers=OWN)
    assert large.status_code == 400 and "larger than 1 MiB" in large.json()["error"]
    unnamed = client.post("/files/documents", params={"name": ".."}, content=b"text", headers=OWN)
    assert unnamed.status_code == 400
    assert application.uploads.jobs("local") == [] and rests(application) == []


def test_export_waits_for_the_store(client: TestClient) -> None:
    answer = client.get("/files/memories.jsonl")
    assert answer.status_code == 503 and "getting ready" in answer.json()["error"]


def test_export_and_import_of_one_owner_do_not_touch_another(application: TwoOwners, client: TestClient) -> None:
    ready(application)
    anna, ben = {**OWN, "X-Owner": "anna"}, {**OWN, "X-Owner": "ben"}
    note = application.network.remember("anna", "Anna's secret\nin two lines")
    export = client.get("/files/memories.jsonl", headers=anna)
    assert export.headers["content-disposition"].startswith("attachment")
    lines = export.text.splitlines()
    assert [json.loads(line)["memory"]["id"] for line in lines[1:]] == [note.id]
    assert "secret" not in client.get("/files/memories.jsonl", headers=ben).text
    answer = client.post("/files/import", params={"name": "x.jsonl"}, content=export.content, headers=anna)
    job = application.uploads.wait("anna", answer.json()["job"], SOON)
    assert (job.state, job.added, job.skipped) == ("done", 0, 1)
    assert application.uploads.jobs("ben") == []


def test_broken_import_names_its_line(application: TwoOwners, client: TestClient) -> None:
    ready(application)
    application.network.remember("local", "one")
    content = client.get("/files/memories.jsonl").content
    application.network.store.delete_everything("local")
    answer = client.post("/files/import", params={"name": "x.jsonl"}, content=content + b'{"no": 1}\n', headers=OWN)
    job = application.uploads.wait("local", answer.json()["job"], SOON)
    assert job.state == "failed" and job.message.startswith("Line 3 ")
    assert application.network.store.count("local") == 0
