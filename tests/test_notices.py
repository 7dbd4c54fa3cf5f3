"""What was repaired or cut is said: kept for whom it concerns, in words of both languages, and on the page."""

from __future__ import annotations

import json
from pathlib import Path

from chat_app.notices import Notices
from chat_app.pages.words import WORDS
from tests.browser.fake_application import FakeApplication
from tests.page_server import PageServer

KEYS = (
    "database_changed",
    "database_gone",
    "vectors",
    "weights",
    "document_goes_on",
    "document_given_up",
    "import_goes_on",
    "import_given_up",
)


def test_notices_are_for_everybody_or_for_one_owner_and_each_is_said_once() -> None:
    notices = Notices()
    notices.add("vectors")
    notices.add("import_goes_on", owner="ann", name="a.jsonl")
    notices.add("import_goes_on", owner="ann", name="a.jsonl")
    assert [one.key for one in notices.of("ben")] == ["vectors"]
    assert [(one.key, one.values) for one in notices.of("ann")] == [
        ("vectors", {}),
        ("import_goes_on", {"name": "a.jsonl"}),
    ]


def test_every_notice_has_words() -> None:
    assert {f"notice.{key}" for key in KEYS} == {key for key in WORDS if key.startswith("notice.")}
    assert "status.repairing" in WORDS


def test_a_repaired_vector_index_is_said(tmp_path: Path) -> None:
    before = FakeApplication(tmp_path)
    before.start()
    assert before.wait_until_ready(60).ready
    for at in range(20):
        before.network.remember("local", f"Crate {at} holds apples.")
    assert before.notices.of("local") == []
    before.close()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"\0" * 100_000)
    again = FakeApplication(tmp_path)
    again.start()
    assert again.wait_until_ready(60).ready
    assert [one.key for one in again.notices.of("local")] == ["vectors"]
    assert again.network.store._vectors.count("local") == 20
    again.close()


def test_the_start_says_that_it_repairs(tmp_path: Path) -> None:
    application = FakeApplication(tmp_path)
    application._memory_progress("repairing", 0.5)
    status = application.status()
    assert (status.phase, status.ready) == ("repairing", False) and 0.92 < status.fraction < 1
    application._memory_progress("vectors", 0.6)
    assert application.status().phase == "memory"
    application.close()


def test_the_page_is_told(tmp_path: Path) -> None:
    server = PageServer(tmp_path)
    try:
        server.application.notices.add("import_goes_on", owner="local", name="a.jsonl")
        server.application.notices.add("import_goes_on", owner="bob", name="b.jsonl")
        told = json.dumps(server.call(server.endpoints("look")[0], []))
        assert "a.jsonl" in told and "b.jsonl" not in told
    finally:
        server.close()
