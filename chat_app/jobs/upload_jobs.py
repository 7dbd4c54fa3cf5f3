"""Long tasks a person starts and may leave: taking in files and importing memories. They outlive the page.

Each owner has one queue, worked off by one thread; a job is copied to a private folder first, because whoever handed
the file over may delete it. A job that a kill cut goes on at the next start, which says so (``Notices``); one that was
cut twice is given up, and that is said. Does not know: gradio, HTTP, how a file becomes passages.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from chat_app.jobs.imports import ImportReport, holds_conversations, import_conversations, lines
from chat_app.jobs.job_files import MOST_TRIES, JobNote, journal_of, left_over, remove, write_note
from chat_app.request_log import Caller, current
from knowledge.errors import BadInput, Cancelled, MnemeError, NotFound, NotReady
from knowledge.memory.transfer import import_jsonl
from knowledge.records import Document

if TYPE_CHECKING:
    from chat_app.application import Application
    from knowledge.memory_network import MemoryNetwork

logger = logging.getLogger(__name__)

JobKind = Literal["document", "import"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]

KEPT_FINISHED = 100  # finished jobs an owner's list keeps, so that a program that uploads all day does not fill memory
# Share of a job's progress that each phase takes; encoding and storing is by far the longest. Both go on side by side:
# what is read first is in memory before the rest is read.
PHASES = {"reading": 0.3, "remembering": 0.7}
LONGEST_NAME = 200  # characters; longer names are cut before their suffix


@dataclass(frozen=True, slots=True)
class JobView:
    """How far a job is, at the moment of asking.

    ``message`` is "added", "already_there" or "same_name" for a document that is done, and one sentence that says what
    to do for a failed job. ``fraction`` is 0…1 over the whole job. ``added`` and ``skipped`` count imported memories,
    ``report`` tells of imported conversations.
    """

    id: str
    name: str
    phase: str
    fraction: float
    state: JobState
    message: str = ""
    document: Document | None = None
    kind: JobKind = "document"
    added: int = 0
    skipped: int = 0
    report: ImportReport | None = None

    @property
    def finished(self) -> bool:
        """Will this job change no more?"""
        return self.state in ("done", "failed", "cancelled")


@dataclass(slots=True)
class _Job:
    id: str
    kind: JobKind
    name: str
    path: Path
    phase: str = "waiting"
    fraction: float = 0.0
    state: JobState = "queued"
    message: str = ""
    document: Document | None = None
    added: int = 0
    skipped: int = 0
    report: ImportReport | None = None
    note: JobNote | None = None  # None: it ends with the server
    cancel: threading.Event = field(default_factory=threading.Event)
    caller: Caller = field(default_factory=current)  # who handed it over

    def view(self) -> JobView:
        return JobView(
            self.id,
            self.name,
            self.phase,
            self.fraction,
            self.state,
            self.message,
            self.document,
            self.kind,
            self.added,
            self.skipped,
            self.report,
        )


def clean_name(name: str) -> str:
    """A file's own name: no folders, no control characters, at most ``LONGEST_NAME`` characters.

    Raises BadInput when nothing is left.
    """
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(character for character in name if character.isprintable()).strip()
    if not name.strip("."):
        raise BadInput("The file has no name; rename it and try again.")
    if len(name) > LONGEST_NAME:
        suffix = Path(name).suffix[:20]
        name = name[: LONGEST_NAME - len(suffix)] + suffix
    return name


class UploadJobs:
    """Registry of all owners' jobs. Every call names the owner and sees only that owner's jobs. Thread-safe."""

    def __init__(self, application: Application, *, read_export: Callable[..., tuple[int, int]] = import_jsonl) -> None:
        self._application = application
        self._read_export = read_export
        self._folder = application.settings.data / "jobs"
        self._most_bytes = application.settings.upload_mib * 2**20
        self._changed = threading.Condition()
        self._jobs: dict[str, dict[str, _Job]] = {}
        self._queues: dict[str, deque[_Job]] = {}
        self._workers: dict[str, threading.Thread] = {}
        self._closed = False
        for path, note in left_over(self._folder):  # by a killed server; the data folder is ours alone
            self._go_on(path, note)

    # ---- handing over --------------------------------------------------------------------------------

    @property
    def most_bytes(self) -> int:
        """Size in bytes of the largest file that is taken in."""
        return self._most_bytes

    def new_file(self) -> Path:
        """A free path in the private folder, for a caller that receives a file itself and then submits it moved."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder / uuid.uuid4().hex

    def check_size(self, size: int) -> None:
        """Raises BadInput when a file of ``size`` bytes is too large."""
        if size > self._most_bytes:
            raise BadInput(
                f"This file is larger than {self._most_bytes // 2**20} MiB; split it, or start Mneme with "
                "a larger --upload-mib."
            )

    def submit(
        self,
        owner: str,
        path: Path | str,
        name: str,
        *,
        kind: JobKind = "document",
        move: bool = False,
        outlives: bool = True,
    ) -> str:
        """Queue a file (``kind`` "document") or an export (``kind`` "import"); returns the job's id.

        The file is copied, or taken over with ``move``. ``outlives``: after a kill it goes on at the next start. Raises
        BadInput when it cannot be read or is too large.
        """
        name = clean_name(name)
        path = Path(path)
        own = self.new_file()
        try:
            self.check_size(path.stat().st_size)
            if move:
                path.replace(own)
            else:
                shutil.copyfile(path, own)
            note = JobNote(owner, name, kind) if outlives else None
            if note is not None:
                write_note(own, note)
        except OSError as exc:
            remove(own)
            raise BadInput(f"{name} cannot be read: {exc.strerror}; upload it again.") from exc
        return self._queue(owner, _Job(id=uuid.uuid4().hex, kind=kind, name=name, path=own, note=note))

    def _queue(self, owner: str, job: _Job) -> str:
        with self._changed:
            if self._closed:
                remove(job.path)
                raise NotReady("Mneme is shutting down; upload the file again after it is started.")
            self._jobs.setdefault(owner, {})[job.id] = job
            self._queues.setdefault(owner, deque()).append(job)
            if owner not in self._workers:
                worker = threading.Thread(target=self._work, args=(owner,), name="upload-jobs", daemon=True)
                self._workers[owner] = worker
                worker.start()
            self._changed.notify_all()
        return job.id

    def _go_on(self, path: Path, note: JobNote) -> None:
        """With what the last run did not finish."""
        kind: JobKind = "import" if note.kind == "import" else "document"
        if note.tries >= MOST_TRIES:
            remove(path)
            self._application.notices.add(f"{kind}_given_up", owner=note.owner, name=note.name)
            return
        self._application.notices.add(f"{kind}_goes_on", owner=note.owner, name=note.name)
        self._queue(note.owner, _Job(id=uuid.uuid4().hex, kind=kind, name=note.name, path=path, note=note))

    # ---- watching ------------------------------------------------------------------------------------

    def jobs(self, owner: str, kind: JobKind | None = None) -> list[JobView]:
        """The owner's jobs, oldest first."""
        with self._changed:
            return [job.view() for job in self._jobs.get(owner, {}).values() if kind in (None, job.kind)]

    def busy(self) -> bool:
        """Is any owner's job not finished?"""
        with self._changed:
            return any(not job.view().finished for jobs in self._jobs.values() for job in jobs.values())

    def _job(self, owner: str, id: str) -> _Job:
        job = self._jobs.get(owner, {}).get(id)
        if job is None:
            raise NotFound("This upload is no longer there.")
        return job

    def cancel(self, owner: str, id: str) -> None:
        """Stop a job; it leaves nothing behind. A finished job stays as it is. Raises NotFound."""
        with self._changed:
            job = self._job(owner, id)
            job.cancel.set()
            if job.state == "queued":
                self._finish(job, "cancelled")

    def clear_finished(self, owner: str, kind: JobKind | None = None) -> None:
        """Take finished jobs off the owner's list."""
        with self._changed:
            jobs = self._jobs.get(owner, {})
            for job in list(jobs.values()):
                if job.view().finished and kind in (None, job.kind):
                    del jobs[job.id]

    def wait(self, owner: str, id: str, timeout: float | None = None) -> JobView:
        """Block until the job is finished, or for ``timeout`` seconds; how far it is then. Raises NotFound."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            job = self._job(owner, id)
            while not job.view().finished:
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._changed.wait(left)
            return job.view()

    def close(self) -> None:
        """Cancel everything and wait for the running jobs to let go."""
        with self._changed:
            self._closed = True
            for jobs in self._jobs.values():
                for job in jobs.values():
                    job.cancel.set()
                    if job.state == "queued":
                        self._finish(job, "cancelled")
            workers = list(self._workers.values())
            self._changed.notify_all()
        for worker in workers:
            worker.join(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    # ---- working -------------------------------------------------------------------------------------

    def _finish(self, job: _Job, state: JobState, message: str = "") -> None:
        remove(job.path)  # before anybody is told that the job is finished
        with self._changed:
            job.state, job.message = state, message
            if state == "done":
                job.fraction = 1.0
            self._changed.notify_all()

    def _work(self, owner: str) -> None:
        while True:
            with self._changed:
                queue = self._queues[owner]
                if not queue:
                    # Under the lock: a job submitted from now on starts a new thread.
                    del self._workers[owner], self._queues[owner]
                    return
                job = queue.popleft()
                if job.state != "queued":
                    continue
                job.state = "running"
            self._run(owner, job)
            self._forget_old(owner)

    def _run(self, owner: str, job: _Job) -> None:
        try:
            network = self._network(job)
            if job.note is not None:
                write_note(job.path, replace(job.note, tries=job.note.tries + 1))
            if job.kind == "document":
                outcome = network.intake.take_in(
                    owner, job.path, job.name, progress=self._progress(job), cancelled=job.cancel.is_set
                )
                job.document = outcome.document
                self._finish(job, "done", outcome.status)
            else:
                self._import(network, owner, job)
                self._finish(job, "done", "imported")
        except Cancelled:
            self._finish(job, "cancelled")
        except MnemeError as error:
            self._finish(job, "failed", str(error))
        except Exception:
            logger.exception("taking in a file failed")
            self._finish(job, "failed", "This file could not be taken in; the terminal says why.")

    def _import(self, network: MemoryNetwork, owner: str, job: _Job) -> None:
        how = partial(self._progress(job), "importing"), job.cancel.is_set, journal_of(job.path)
        if holds_conversations(job.path):
            for report in import_conversations(self._application, owner, job.path, job.name, *how):
                job.report = report
            count = job.report.conversations if job.report else 0
        else:
            with contextlib.closing(lines(job.path)) as export:
                found = self._read_export(network.store, network.encoder.encode, owner, export, *how)
            job.added, job.skipped = found
            count = job.added
        self._application.audit.note(owner, "imported", count, caller=job.caller)

    def _progress(self, job: _Job) -> Callable[[str, float], None]:
        done: dict[str, float] = {}  # phase → its share

        def report(phase: str, fraction: float) -> None:
            done[phase] = min(max(fraction, 0.0), 1.0)
            with self._changed:
                job.phase = list(done)[-1]  # the one that began last
                job.fraction = sum(PHASES.get(name, 1.0) * share for name, share in done.items())
                self._changed.notify_all()

        return report

    def _network(self, job: _Job) -> MemoryNetwork:
        """The network as soon as it is loaded: a file dropped while Mneme gets ready waits for it."""
        while True:
            try:
                return self._application.network
            except NotReady:
                if self._application.status().phase == "failed":
                    raise
            job.phase = "getting_ready"
            if job.cancel.wait(0.2):
                raise Cancelled("The upload was cancelled.")

    def _forget_old(self, owner: str) -> None:
        with self._changed:
            jobs = self._jobs.get(owner, {})
            finished = [job.id for job in jobs.values() if job.view().finished]
            for id in finished[: max(0, len(finished) - KEPT_FINISHED)]:
                del jobs[id]
