"""Jobs of the server: files that outlive the page, one after the other for each owner, seen by that owner only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chat_app.jobs.job_files import MOST_TRIES, JobNote, journal_of, left_over, write_note
from chat_app.jobs.upload_jobs import KEPT_FINISHED, JobView, UploadJobs, clean_name
from chat_app.notices import Notices
from knowledge.documents.ingestion import IntakeOutcome
from knowledge.errors import BadInput, Cancelled, DocumentError, NotFound, NotReady
from knowledge.records import Document

SOON = 20.0  # seconds; only a broken test waits that long


@dataclass
class FakeIntake:
    """Takes a file in when ``go`` is set; what it does with each file is told by the file's own text."""

    go: threading.Event = field(default_factory=threading.Event)
    began: dict[str, threading.Event] = field(default_factory=dict)
    seen: list[tuple[str, str, bytes]] = field(default_factory=list)

    def expect(self, *names: str) -> None:
        for name in names:
            self.began[name] = threading.Event()

    def take_in(
        self,
        owner: str,
        path: Path,
        name: str,
        *,
        progress: Callable[[str, float], None],
        cancelled: Callable[[], bool],
    ) -> IntakeOutcome:
        data = path.read_bytes()
        self.seen.append((owner, name, data))
        progress("reading", 1.0)
        progress("remembering", 0.5)
        if name in self.began:
            self.began[name].set()
        while not self.go.wait(0.01):
            if cancelled():
                raise Cancelled("stopped")
        if data == b"damaged":
            raise DocumentError(f"{name} is damaged.")
        if data == b"bug":
            raise RuntimeError("a bug")
        return IntakeOutcome(Document("id", name, "hash", len(data), 1.0, passages=3, ready=True), "added")


@dataclass
class FakeStatus:
    phase: str = "encoder"
    ready: bool = False


class FakeApplication:
    """Settings, status and a network that is there once ``ready`` is set."""

    def __init__(self, data: Path, upload_mib: int = 1) -> None:
        self.settings = type("Settings", (), {"data": data, "upload_mib": upload_mib})()
        self.intake = FakeIntake()
        self.ready = True
        self.phase = "encoder"
        self.store = object()
        self.notices = Notices()
        self.noted: list[tuple[Any, ...]] = []
        self.audit = SimpleNamespace(note=lambda *what, caller: self.noted.append(what))
        self.encoder = type("Encoder", (), {"encode": staticmethod(lambda texts: texts)})()

    @property
    def network(self) -> Any:
        if not self.ready:
            raise NotReady("The model is not there; give --model PATH.")
        return self

    def status(self) -> FakeStatus:
        return FakeStatus(self.phase, self.ready)


@pytest.fixture
def application(tmp_path: Path) -> FakeApplication:
    return FakeApplication(tmp_path / "data")


@pytest.fixture
def uploads(application: FakeApplication) -> Iterator[UploadJobs]:
    jobs = UploadJobs(application)  # type: ignore[arg-type]
    yield jobs
    jobs.close()


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "a.txt", text: bytes = b"text") -> Path:
        path = tmp_path / name
        path.write_bytes(text)
        return path

    return make


def only(jobs: list[JobView]) -> JobView:
    assert len(jobs) == 1
    return jobs[0]


def private_files(application: FakeApplication) -> list[Path]:
    return [path for path in (application.settings.data / "jobs").rglob("*") if path.is_file()]


def test_file_is_copied_so_that_the_caller_may_delete_it(application, uploads, file) -> None:
    path = file(text=b"hello")
    id = uploads.submit("anna", path, "a.txt")
    path.unlink()
    application.intake.go.set()
    job = uploads.wait("anna", id, SOON)
    assert (job.state, job.message, job.fraction, job.finished) == ("done", "added", 1.0, True)
    assert job.document is not None and job.document.passages == 3
    assert application.intake.seen == [("anna", "a.txt", b"hello")]
    assert private_files(application) == []


def test_moved_file_is_gone_from_its_place(application, uploads) -> None:
    own = uploads.new_file()
    own.write_bytes(b"x")
    id = uploads.submit("anna", own, "a.txt", move=True)
    assert not own.exists()
    application.intake.go.set()
    assert uploads.wait("anna", id, SOON).state == "done"


def test_progress_is_over_the_whole_job(application, uploads, file) -> None:
    application.intake.expect("a.txt")
    id = uploads.submit("anna", file(), "a.txt")
    assert application.intake.began["a.txt"].wait(SOON)
    job = uploads.wait("anna", id, 0)
    assert (job.state, job.phase, job.fraction) == ("running", "remembering", pytest.approx(0.65))


def test_one_file_at_a_time_for_an_owner_but_owners_do_not_wait_for_each_other(application, uploads, file) -> None:
    application.intake.expect("a.txt", "c.txt")
    uploads.submit("anna", file(), "a.txt")
    second = uploads.submit("anna", file(), "b.txt")
    assert application.intake.began["a.txt"].wait(SOON)
    uploads.submit("ben", file(), "c.txt")
    assert application.intake.began["c.txt"].wait(SOON)
    assert [name for _, name, _ in application.intake.seen] == ["a.txt", "c.txt"]
    assert uploads.wait("anna", second, 0).state == "queued"
    application.intake.go.set()
    assert uploads.wait("anna", second, SOON).state == "done"


def test_cancel_running_and_waiting(application, uploads, file) -> None:
    application.intake.expect("a.txt")
    first = uploads.submit("anna", file(), "a.txt")
    second = uploads.submit("anna", file(), "b.txt")
    assert application.intake.began["a.txt"].wait(SOON)
    uploads.cancel("anna", second)
    assert uploads.wait("anna", second, 0).state == "cancelled"
    uploads.cancel("anna", first)
    assert uploads.wait("anna", first, SOON).state == "cancelled"
    assert [name for _, name, _ in application.intake.seen] == ["a.txt"]
    assert private_files(application) == []
    application.intake.go.set()  # the queue goes on
    third = uploads.submit("anna", file(), "c.txt")
    assert uploads.wait("anna", third, SOON).state == "done"


def test_cancelling_a_finished_job_changes_nothing(application, uploads, file) -> None:
    application.intake.go.set()
    id = uploads.submit("anna", file(), "a.txt")
    uploads.wait("anna", id, SOON)
    uploads.cancel("anna", id)
    assert uploads.wait("anna", id, 0).state == "done"


def test_an_owner_sees_and_touches_only_their_own(application, uploads, file) -> None:
    id = uploads.submit("anna", file(), "a.txt")
    assert uploads.jobs("ben") == []
    with pytest.raises(NotFound):
        uploads.cancel("ben", id)
    with pytest.raises(NotFound):
        uploads.wait("ben", id, 0)
    application.intake.go.set()
    assert uploads.wait("anna", id, SOON).state == "done"
    uploads.clear_finished("ben")
    assert only(uploads.jobs("anna")).id == id


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"damaged", "a.txt is damaged."),
        (b"bug", "This file could not be taken in; the terminal says why."),
    ],
)
def test_failure_is_told_in_one_sentence_and_the_queue_goes_on(application, uploads, file, text, sentence) -> None:
    application.intake.go.set()
    bad = uploads.submit("anna", file("a.txt", text), "a.txt")
    good = uploads.submit("anna", file("b.txt"), "b.txt")
    job = uploads.wait("anna", bad, SOON)
    assert (job.state, job.message) == ("failed", sentence)
    assert uploads.wait("anna", good, SOON).state == "done"
    assert private_files(application) == []


def test_a_file_waits_until_the_models_are_loaded(application, uploads, file) -> None:
    application.ready = False
    application.intake.go.set()
    id = uploads.submit("anna", file(), "a.txt")
    job = uploads.wait("anna", id, 0.5)
    assert (job.finished, job.phase) == (False, "getting_ready")
    application.ready = True
    assert uploads.wait("anna", id, SOON).state == "done"


def test_a_file_that_waits_for_the_models_can_be_cancelled(application, uploads, file) -> None:
    application.ready = False
    id = uploads.submit("anna", file(), "a.txt")
    uploads.wait("anna", id, 0.1)
    uploads.cancel("anna", id)
    assert uploads.wait("anna", id, SOON).state == "cancelled"


def test_a_start_that_failed_fails_the_job_with_its_reason(application, uploads, file) -> None:
    application.ready, application.phase = False, "failed"
    job = uploads.wait("anna", uploads.submit("anna", file(), "a.txt"), SOON)
    assert (job.state, job.message) == ("failed", "The model is not there; give --model PATH.")


def test_what_cannot_be_taken_is_refused_at_once(application, uploads, file, tmp_path) -> None:
    with pytest.raises(BadInput, match="larger than 1 MiB"):
        uploads.submit("anna", file(text=b"x" * (2**20 + 1)), "a.txt")
    with pytest.raises(BadInput, match="cannot be read"):
        uploads.submit("anna", tmp_path / "missing.txt", "a.txt")
    with pytest.raises(BadInput, match="no name"):
        uploads.submit("anna", file(), "../..")
    assert uploads.jobs("anna") == [] and private_files(application) == []


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\anna\\notes.md", "notes.md"),
        ("a\x00b\n.txt", "ab.txt"),
        ("<img src=x onerror=alert(1)>.md", "<img src=x onerror=alert(1)>.md"),
        ("计划.docx", "计划.docx"),
        ("x" * 500 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_names(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_finished_jobs_are_cleared_running_ones_stay(application, uploads, file) -> None:
    application.intake.go.set()
    uploads.wait("anna", uploads.submit("anna", file(), "a.txt"), SOON)
    application.intake.go.clear()
    application.intake.expect("b.txt")
    running = uploads.submit("anna", file(), "b.txt")
    assert application.intake.began["b.txt"].wait(SOON)
    uploads.clear_finished("anna")
    assert only(uploads.jobs("anna")).id == running


def test_the_list_of_finished_jobs_is_bounded(application, uploads, file) -> None:
    application.intake.go.set()
    path = file()
    for number in range(KEPT_FINISHED + 5):
        last = uploads.submit("anna", path, f"{number}.txt")
    uploads.wait("anna", last, SOON)
    uploads.wait("anna", uploads.submit("anna", path, "end.txt"), SOON)
    names = [job.name for job in uploads.jobs("anna")]
    assert len(names) <= KEPT_FINISHED + 1 and names[-1] == "end.txt" and "0.txt" not in names


def test_close_cancels_everything_and_leaves_no_file(application, file) -> None:
    uploads = UploadJobs(application)  # type: ignore[arg-type]
    application.intake.expect("a.txt")
    uploads.submit("anna", file(), "a.txt")
    uploads.submit("anna", file(), "b.txt")
    assert application.intake.began["a.txt"].wait(SOON)
    uploads.close()
    assert [job.state for job in uploads.jobs("anna")] == ["cancelled", "cancelled"]
    assert private_files(application) == []
    with pytest.raises(NotReady):
        uploads.submit("anna", file(), "c.txt")


def test_what_a_killed_server_left_is_removed_at_the_start(application) -> None:
    rest = application.settings.data / "jobs" / "rest"
    rest.parent.mkdir(parents=True)
    rest.write_bytes(b"half a file")
    UploadJobs(application).close()  # type: ignore[arg-type]
    assert not rest.exists()


def cut(application: FakeApplication, tries: int, kind: str = "document") -> Path:
    """A job of anna's as a kill leaves it."""
    path = application.settings.data / "jobs" / "job"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"text")
    write_note(path, JobNote("anna", "a.txt", kind, tries))
    journal_of(path).write_text("[]")
    return path


def test_a_job_that_a_kill_cut_goes_on_and_is_said(application) -> None:
    cut(application, 1)
    uploads = UploadJobs(application)  # type: ignore[arg-type]
    application.intake.go.set()
    job = uploads.wait("anna", only(uploads.jobs("anna")).id, SOON)
    assert (job.state, job.message, application.intake.seen) == ("done", "added", [("anna", "a.txt", b"text")])
    assert [(one.key, one.values) for one in application.notices.of("anna")] == [
        ("document_goes_on", {"name": "a.txt"})
    ]
    assert application.notices.of("ben") == [] and private_files(application) == []
    uploads.close()


@pytest.mark.parametrize("kind", ["document", "import"])
def test_a_job_that_was_cut_twice_is_given_up_and_that_is_said(application, kind: str) -> None:
    cut(application, MOST_TRIES, kind)
    uploads = UploadJobs(application)  # type: ignore[arg-type]
    assert uploads.jobs("anna") == [] and application.intake.seen == []
    assert [one.key for one in application.notices.of("anna")] == [f"{kind}_given_up"]
    assert private_files(application) == []
    uploads.close()


def test_every_try_is_counted_before_it_begins(application, uploads, file) -> None:
    application.intake.expect("a.txt")
    uploads.submit("anna", file(), "a.txt")
    assert application.intake.began["a.txt"].wait(SOON)
    [(_, note)] = left_over(application.settings.data / "jobs")
    assert note == JobNote("anna", "a.txt", "document", 1)


def test_what_a_waiting_client_sent_ends_with_the_server(application, uploads, file) -> None:
    application.intake.expect("a.txt")
    uploads.submit("anna", file(), "a.txt", outlives=False)
    assert application.intake.began["a.txt"].wait(SOON)
    assert left_over(application.settings.data / "jobs") == []


def test_import_reads_lines_and_counts(application, file) -> None:
    got: list[str] = []

    def read_export(store, encode, owner, lines, progress, cancelled, journal) -> tuple[int, int]:
        assert (store, owner, cancelled()) == (application.store, "anna", False)
        got.extend(lines)
        progress(1.0)
        return 2, 1

    uploads = UploadJobs(application, read_export=read_export)  # type: ignore[arg-type]
    id = uploads.submit("anna", file("x.jsonl", '\ufeff{"a": 1}\r\n{"b": "记忆"}\n'.encode()), "x.jsonl", kind="import")
    job = uploads.wait("anna", id, SOON)
    assert (job.state, job.kind, job.added, job.skipped) == ("done", "import", 2, 1)
    assert application.noted == [("anna", "imported", 2)]
    assert got == ['{"a": 1}', '{"b": "记忆"}']
    assert uploads.jobs("anna", "document") == [] and only(uploads.jobs("anna", "import")).id == id
    uploads.close()


def test_import_names_the_line_that_is_not_text(application, file) -> None:
    def read_export(store, encode, owner, lines, progress, cancelled, journal) -> tuple[int, int]:
        return len(list(lines)), 0

    uploads = UploadJobs(application, read_export=read_export)  # type: ignore[arg-type]
    id = uploads.submit("anna", file("x.jsonl", b"{}\n\xff\xfe\n"), "x.jsonl", kind="import")
    job = uploads.wait("anna", id, SOON)
    assert (job.state, job.message) == ("failed", "Line 2 is not UTF-8 text; choose a file that Mneme exported.")
    assert application.noted == []
    uploads.close()
