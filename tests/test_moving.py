"""Conversations in and out through the running application: history, memory, reports, routes."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from chat_app.http.files import files_router
from chat_app.jobs.imports import ImportReport
from chat_app.jobs.upload_jobs import JobView
from chat_app.pages.memory_list import job_value
from chat_app.pages.words import say
from tests import make_exports as make
from tests.browser.fake_application import FakeApplication

OWN = {"X-Mneme": "1"}
SOON = 60.0  # seconds; only a broken test waits that long
EVERYTHING = [*make.chatgpt(), *make.claude(), *make.open_webui()]


class TwoOwners(FakeApplication):
    """Whose a request is stands in a header."""

    def owner_of(self, request) -> str:
        return str(request.headers.get("x-owner") or "local")


@pytest.fixture
def application(tmp_path: Path) -> Iterator[TwoOwners]:
    application = TwoOwners(tmp_path / "data", pause=0.0)
    application.start()
    assert application.wait_until_ready(SOON).ready
    yield application
    application.close()


@pytest.fixture
def client(application: TwoOwners) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(
        files_router(application, lambda error, _: str(error), lambda key, request: say(key, _language(request)))
    )
    with TestClient(app) as client:
        yield client


def _language(request: Any) -> Any:
    return "zh" if request.headers.get("accept-language") == "zh" else "en"


def bring(application: FakeApplication, path: Path, owner: str = "local") -> JobView:
    job = application.uploads.submit(owner, path, path.name, kind="import")
    return application.uploads.wait(owner, job, SOON)


def titles(application: FakeApplication, owner: str = "local") -> list[str]:
    return sorted(one.title for one in application.history.conversations(owner))


def state(application: FakeApplication, owner: str = "local") -> Any:
    whole = application.history.whole
    said = {id: whole.messages(owner, id) for id in whole.ids(owner)}
    return said, sorted(application.network.store.iterate(owner), key=lambda memory: memory.id)


def test_conversations_come_in_with_branches_dates_and_memories(application: TwoOwners, tmp_path: Path) -> None:
    job = bring(application, make.written(tmp_path / "all.json", EVERYTHING))
    assert (job.state, job.message) == ("done", "imported"), job.message
    assert job.report == ImportReport(4, 20, 0, {"tool": 3, "thinking": 3})
    history, store = application.history, application.network.store
    assert titles(application) == ["My sister is Anna.", "Trains to Porto", "租约", "🍵 Teas"]
    newest = history.conversations("local")
    assert newest == sorted(newest, key=lambda one: -one.updated) and newest[0].title == "租约"
    trains = next(one for one in newest if one.title == "Trains to Porto")
    assert (trains.created, trains.updated) == (make.DAY, make.DAY + 25)
    path = history.path("local", trains.id)
    assert [(one.role, one.text, one.created - make.DAY) for one in path] == [
        ("user", "Trains from Lisbon to Porto?", 10),
        ("assistant", "Let me look.\n\nAt 8:00 and 9:30.", 11.5),
        ("user", "What is this?\n[ticket.png]", 20),
        ("assistant", "A ticket of Anna's.", 25),
    ]
    assert [(one.index, one.count) for one in path] == [(1, 2), (0, 1), (0, 1), (1, 2)]
    assert not any(one.correction or one.pending for one in path)
    # Every message is a memory; those of other branches are not read, and are when their branch is switched to.
    memories = {memory.text: memory for memory in store.iterate("local") if memory.container == trains.id}
    assert len(memories) == 7 and memories["A ticket of Anna's."].created == make.DAY + 25
    assert {text for text, memory in memories.items() if not memory.active} == {
        "Trains to Porto?",
        "From where?",
        "A receipt.",
    }
    application.conversations.switch_branch("local", trains.id, path[0].siblings[0])
    assert [one.text for one in history.path("local", trains.id)] == ["Trains to Porto?", "From where?"]
    active = {memory.text for memory in store.iterate("local") if memory.active and memory.container == trains.id}
    assert active == {"Trains to Porto?", "From where?"}
    # It is found, and goes on.
    assert [found.conversation.title for found in history.search("local", "Darjeeling")] == ["🍵 Teas"]
    assert "My sister is Anna." in [
        read.memory.text for read in application.network.read("local", "Anna", limit=5).reads
    ]
    list(application.conversations.send("local", "And on Sunday?", conversation=trains.id))
    assert [one.text for one in history.path("local", trains.id)][2] == "And on Sunday?"


def test_the_same_again_changes_nothing(application: TwoOwners, tmp_path: Path) -> None:
    path = make.zipped(tmp_path / "all.zip", EVERYTHING)
    bring(application, path)
    before = state(application)
    job = bring(application, path)
    assert job.report == ImportReport(0, 0, 4) and state(application) == before
    # What a person deleted stays deleted; what was changed stays changed.
    teas = next(one for one in application.history.conversations("local") if one.title == "🍵 Teas")
    application.conversations.rename("local", teas.id, "Mine")
    application.conversations.undo("local", teas.id)
    before = state(application)
    assert bring(application, path).report == ImportReport(0, 0, 4) and state(application) == before


def test_one_owner_does_not_see_or_hinder_another(application: TwoOwners, client: TestClient, tmp_path: Path) -> None:
    path = make.written(tmp_path / "all.json", EVERYTHING)
    assert bring(application, path, "anna").report == bring(application, path, "ben").report
    id = application.history.whole.ids("anna")[0]
    assert client.get(f"/files/conversations/{id}.md", headers={"x-owner": "ben"}).status_code == 404
    assert client.get(f"/files/conversations/{id}.json", headers={"x-owner": "ben"}).status_code == 404
    assert json.loads(client.get("/files/conversations.json", headers={"x-owner": "eve"}).text) == []


def test_times_of_the_future_and_out_of_order_are_mended(application: TwoOwners, tmp_path: Path) -> None:
    export = make.open_webui()
    messages = export[0]["chat"]["history"]["messages"]
    messages["q2"]["timestamp"], messages["m2"]["timestamp"], messages["m3"]["timestamp"] = 5, 7e9, None
    export[0]["updated_at"] = 7e9
    bring(application, make.written(tmp_path / "a.json", export))
    (teas,) = application.history.conversations("local")
    times = [message.created for message in application.history.path("local", teas.id)]
    assert times == sorted(times) and times[0] == make.DAY and time.time() - 600 < times[-1] <= time.time()
    assert teas.updated <= time.time()


def test_a_cancel_leaves_whole_conversations_only(application: TwoOwners, tmp_path: Path) -> None:
    many = [{**make.chatgpt()[0], "conversation_id": f"gpt-{at}", "title": f"Talk {at}"} for at in range(40)]
    path = make.written(tmp_path / "many.json", many)
    job = application.uploads.submit("local", path, "many.json", kind="import")
    while not (view := application.uploads.wait("local", job, 0.01)).finished:
        if view.report and view.report.conversations >= 2:
            application.uploads.cancel("local", job)
    assert view.state == "cancelled" and view.report and 2 <= view.report.conversations < 40
    said, memories = state(application)
    assert len(said) == view.report.conversations and all(len(messages) == 7 for messages in said.values())
    assert len(memories) == 7 * len(said) and application.history.marks.count("local") == 0
    again = bring(application, path)
    assert again.report == ImportReport(40 - len(said), 7 * (40 - len(said)), len(said), again.report.left_out)
    assert len(titles(application)) == 40 and not list((tmp_path / "data" / "jobs").glob("*"))


def test_a_damaged_end_keeps_what_came_before_and_says_so(application: TwoOwners, tmp_path: Path) -> None:
    text = json.dumps(EVERYTHING)
    (tmp_path / "cut.json").write_text(text[: text.index("webui-1")])
    job = bring(application, tmp_path / "cut.json")
    assert job.state == "failed" and "damaged or was cut short" in job.message
    assert job.report and job.report.conversations == 3 and len(titles(application)) == 3
    assert "解压" not in (value := job_value(job, "zh"))["message"] and "重新导出" in value["message"]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            [
                "Conversations added: 4, with 20 messages.",
                "Left out: what a model thought (3), calls of tools and what they gave (3).",
            ],
        ),
        ("zh", ["新增 4 个对话，共 20 条消息。", "未导入：模型的思考过程（3）、工具调用及其结果（3）。"]),
    ],
)
def test_the_report_in_words(application: TwoOwners, tmp_path: Path, language: Any, told: list[str]) -> None:
    job = bring(application, make.written(tmp_path / "all.json", EVERYTHING))
    assert job_value(job, language)["report"] == told


# ---- out ----------------------------------------------------------------------------------------------


def test_all_conversations_as_json_come_in_elsewhere(
    application: TwoOwners, client: TestClient, tmp_path: Path
) -> None:
    bring(application, make.written(tmp_path / "all.json", EVERYTHING))
    list(application.conversations.send("local", "Hello <b>you</b>"))
    answer = client.get("/files/conversations.json")
    assert "attachment" in answer.headers["content-disposition"] and answer.headers["cache-control"] == "no-store"
    exported = json.loads(answer.text)
    assert len(exported) == 5 and {one["format"] for one in exported} == {"mneme-conversation"}
    (tmp_path / "mneme.json").write_text(answer.text)
    assert bring(application, tmp_path / "mneme.json").report == ImportReport(0, 0, 5)  # here they are already
    job = bring(application, tmp_path / "mneme.json", "anna")
    assert job.report and (job.report.conversations, job.report.messages) == (5, 22)

    def shape(owner: str) -> Any:
        history = application.history
        talks = [history.conversation(owner, id) for id in history.whole.ids(owner)]
        return sorted(
            (
                talk.title,
                talk.created,
                [(one.role, one.text, one.created, one.index, one.count) for one in history.path(owner, talk.id)],
                sorted((one.text, one.position, one.created) for one in history.whole.messages(owner, talk.id)),
            )
            for talk in talks
        )

    assert shape("anna") == shape("local")


def test_what_was_said_while_memory_was_paused_stays_out_of_it_elsewhere_too(
    application: TwoOwners, client: TestClient, tmp_path: Path
) -> None:
    talk = application.history.create("local").id
    list(application.conversations.send("local", "I drink tea", conversation=talk))
    application.history.pause("local", talk, True)
    list(application.conversations.send("local", "The code is 4711", conversation=talk))
    (tmp_path / "mneme.json").write_text(client.get(f"/files/conversations/{talk}.json").text)
    assert bring(application, tmp_path / "mneme.json", "anna").report == ImportReport(1, 4, 0)
    (id,) = application.history.whole.ids("anna")
    path = application.history.path("anna", id)
    assert [(one.off_record, one.pending) for one in path] == [(False, False)] * 2 + [(True, False)] * 2
    said = [one.text for one in application.network.store.iterate("anna")]
    assert "I drink tea" in said and not any("4711" in text for text in said)


def test_one_conversation_as_markdown_with_its_branches(
    application: TwoOwners, client: TestClient, tmp_path: Path
) -> None:
    bring(application, make.written(tmp_path / "a.json", make.chatgpt()))
    (id,) = application.history.whole.ids("local")
    answer = client.get(f"/files/conversations/{id}.md")
    assert answer.headers["content-disposition"].endswith("2024-05-01%20Trains%20to%20Porto.md")
    assert answer.text == (
        "# Trains to Porto\n\nBegun on 2024-05-01 10:00 UTC\n\n"
        "**1. You** · 2024-05-01 10:00 UTC\n\nTrains from Lisbon to Porto?\n\n"
        "**2. Mneme** · 2024-05-01 10:00 UTC\n\nLet me look.\n\nAt 8:00 and 9:30.\n\n"
        "**3. You** · 2024-05-01 10:00 UTC\n\nWhat is this?\n[ticket.png]\n\n"
        "**4. Mneme** · 2024-05-01 10:00 UTC\n\nA ticket of Anna's.\n\n"
        "---\n\n## Another branch, in the place of message 1\n\n"
        "**1. You** · 2024-05-01 10:00 UTC\n\nTrains to Porto?\n\n"
        "**2. Mneme** · 2024-05-01 10:00 UTC\n\nFrom where?\n\n"
        "---\n\n## Another branch, in the place of message 4\n\n"
        "**4. Mneme** · 2024-05-01 10:00 UTC\n\nA receipt.\n"
    )
    chinese = client.get(f"/files/conversations/{id}.md", headers={"accept-language": "zh"}).text
    assert "**1. 你**" in chinese and "另一分支，取代第 1 条消息" in chinese
    (one,) = json.loads(client.get(f"/files/conversations/{id}.json").text)
    assert one["id"] == id and len(one["messages"]) == 7 and one["created"] == make.DAY
    assert client.get("/files/conversations/nothing.md").status_code == 404
    assert client.get(f"/files/conversations/{id}.exe").status_code == 422


def test_all_as_markdown_is_a_zip_with_a_file_each(application: TwoOwners, client: TestClient, tmp_path: Path) -> None:
    export = [
        *make.chatgpt(),
        {**make.chatgpt()[0], "conversation_id": "2"},
        {**make.open_webui()[0], "title": "../a\x00b"},
    ]
    bring(application, make.written(tmp_path / "a.json", export))
    with zipfile.ZipFile(io.BytesIO(client.get("/files/conversations.zip").content)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None and all(archive.read(name).startswith(b"# ") for name in names)
    assert len(set(names)) == 3 and not any("/" in name or "\x00" in name for name in names)
    assert "2024-05-01 Trains to Porto.md" in names


def test_an_import_that_a_kill_cut_goes_on_and_counts_all(tmp_path: Path) -> None:
    """A kill after the first conversation was committed and before memory had it."""
    path = make.written(tmp_path / "all.json", EVERYTHING)
    first = TwoOwners(tmp_path / "data", held=True)  # the models never load: the job waits, as after a kill
    first.start()
    first.uploads.submit("local", path, "all.json", kind="import")
    (job,) = (one for one in (tmp_path / "data" / "jobs").iterdir() if not one.suffix)
    kept = {one.name: one.read_bytes() for one in (tmp_path / "data" / "jobs").iterdir()}
    from knowledge.documents.conversations_apart import conversations_apart

    found = next(iter(conversations_apart(path, "all.json", cancelled=lambda: False)))
    assert isinstance(found, tuple)
    id = first.history.whole.bring_in("local", found[0])
    first.may_load.set()
    first.close()
    (tmp_path / "data" / "jobs").mkdir(exist_ok=True)
    for name, content in (kept | {f"{job.name}.ids": f"{id}\n".encode()}).items():
        (tmp_path / "data" / "jobs" / name).write_bytes(content)
    second = TwoOwners(tmp_path / "data", pause=0.0)
    second.start()
    assert second.wait_until_ready(SOON).ready
    (view,) = second.uploads.jobs("local", "import")
    view = second.uploads.wait("local", view.id, SOON)
    assert view.report and (view.report.conversations, view.report.messages) == (4, 20), view
    assert len(list(second.network.store.iterate("local"))) == 20 and second.history.marks.count("local") == 0
    second.close()
