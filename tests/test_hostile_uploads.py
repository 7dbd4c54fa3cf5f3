"""Hostile files sent to a running server: it answers all the while, keeps its memory, and says what is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_app.jobs.upload_jobs import JobView
from tests import make_documents as make
from tests.page_server import PageServer
from tests.test_reading_process import memory_of, reading_children, write

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]
SOON = 120.0  # seconds; only a broken test waits that long


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PageServer]:
    server = PageServer(tmp_path / "data")
    yield server
    server.close()


def send(server: PageServer, owner: str, path: Path) -> str:
    headers = {"X-Owner": owner, "X-Mneme": "1"}
    answer = server.client.post(
        "/files/documents", params={"name": path.name}, content=path.read_bytes(), headers=headers
    )
    return str(answer.json()["job"])


def asked_meanwhile(server: PageServer, owner: str, job: str) -> tuple[JobView, int, int]:
    """Ask for the server's health until the job is finished → (job, answers while it ran, most memory meanwhile)."""
    uploads, answers, most = server.application.uploads, 0, 0
    while not (view := uploads.wait(owner, job, 0.02)).finished:
        assert server.client.get("/healthz").status_code == 200
        answers += not uploads.wait(owner, job, 0).finished
        most = max(most, memory_of("self"))
    return view, answers, most


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("a.docx", "a.docx takes more memory to be read than one file is given"), ("a.txt", "no text")],
)
def test_the_server_answers_and_stays_small(tmp_path: Path, server: PageServer, name: str, sentence: str) -> None:
    path = tmp_path / name
    if name == "a.docx":
        make.package(path, "<w:p>" + "<w:r><w:t>x</w:t></w:r>" * 4_000_000 + "</w:p>")
    else:
        path.write_bytes(b"\n" * 20_000_000)
    job = send(server, "anna", path)
    before = memory_of("self")
    view, answers, most = asked_meanwhile(server, "anna", job)
    assert view.state == "failed" and sentence in view.message
    assert answers > 2 and most - before < 200 * 2**20
    assert server.application.network.store.documents("anna") == []


def test_a_bomb_is_cancelled_at_once_and_the_queue_goes_on(tmp_path: Path, server: PageServer) -> None:
    uploads = server.application.uploads
    job = send(server, "anna", make.form_bomb_pdf(tmp_path / "a.pdf"))
    while not reading_children():
        assert not uploads.wait("anna", job, 0.02).finished
    (child,) = reading_children()
    uploads.cancel("anna", job)
    assert uploads.wait("anna", job, SOON).state == "cancelled"
    assert not os.path.exists(f"/proc/{child}")
    good = send(server, "anna", make.text(tmp_path / "b.txt"))
    assert uploads.wait("anna", good, SOON).state == "done"


def test_the_end_of_the_server_ends_what_it_reads(tmp_path: Path, server: PageServer) -> None:
    job = send(server, "anna", make.form_bomb_pdf(tmp_path / "a.pdf"))
    while not reading_children():
        assert not server.application.uploads.wait("anna", job, 0.02).finished
    server.application.uploads.close()
    assert reading_children() == []


def test_two_files_of_one_name_are_both_there(tmp_path: Path, server: PageServer) -> None:
    uploads, store = server.application.uploads, server.application.network.store
    texts = ("How to build the boat.", "How to bake the bread.")
    views = [uploads.wait("anna", send(server, "anna", write(tmp_path / "README.md", text)), SOON) for text in texts]
    assert [view.message for view in views] == ["added", "same_name"]
    assert {memory.text for memory in store.iterate("anna")} == set(texts)
