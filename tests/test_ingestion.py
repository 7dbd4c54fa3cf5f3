"""Documents taken in whole or not at all: with a store in a dictionary, then with the real store and encoder."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from knowledge.documents.frames import TOGETHER
from knowledge.documents.ingestion import DocumentIntake, IntakeOutcome, document_id, passage_id
from knowledge.errors import Cancelled, DocumentError, NotFound, StoreError
from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.records import Document, Memory
from tests import make_documents as make
from tests.make_memories import by_text


class DictStore:
    """Documents and passages in dictionaries, under the contract of the external memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Document] = {}
        self.memories: dict[tuple[str, str], Memory] = {}
        self.log: list[str] = []
        self.fail_at = ""  # the call that raises
        self.adds_left = 1_000_000

    def _note(self, call: str) -> None:
        self.log.append(call)
        if call == self.fail_at:
            raise StoreError(f"{call} failed.")

    def add(self, owner: str, memories: Sequence[Memory], keys: Sequence[np.ndarray]) -> list[str]:
        assert len(keys) == len(memories) and all(rows.shape == (1, 2) for rows in keys)
        self._note("add")
        if self.adds_left == 0:
            raise StoreError("The disk is full.")
        self.adds_left -= 1
        new = [memory for memory in memories if (owner, memory.id) not in self.memories]
        self.memories.update({(owner, memory.id): memory for memory in new})
        return [memory.id for memory in new]

    def begin_document(self, owner: str, document: Document) -> None:
        assert (owner, document.id) not in self.kept and not document.ready
        self.kept[owner, document.id] = document
        self._note("begin")

    def finish_document(self, owner: str, id: str, *, passages: int, pages: int | None) -> None:
        self._note("finish")
        self.kept[owner, id] = replace(self.kept[owner, id], ready=True, passages=passages, pages=pages)

    def documents(self, owner: str) -> list[Document]:
        return [document for (whose, _), document in self.kept.items() if whose == owner]

    def document(self, owner: str, id: str) -> Document | None:
        return self.kept.get((owner, id))

    def delete_document(self, owner: str, id: str) -> int:
        self._note("delete")
        gone = [key for key, memory in self.memories.items() if key[0] == owner and memory.container == id]
        for key in gone:
            del self.memories[key]
        self.kept.pop((owner, id), None)
        return len(gone)

    def passages(self, owner: str = "anna") -> list[Memory]:
        found = [memory for (whose, _), memory in self.memories.items() if whose == owner]
        return sorted(found, key=lambda memory: (memory.title, memory.position))


class CountingEncoder:
    """Two numbers a text, and what it was asked for."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.before: Callable[[], None] = lambda: None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.before()
        self.batches.append(len(texts))
        return np.full((len(texts), 2), 0.5**0.5, dtype=np.float32)


class Room:
    """A fake store and encoder with an intake over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = DictStore()
        self.encoder = CountingEncoder()
        self.intake = DocumentIntake(self.store, partial(keys_of, self.encoder))
        self.progress: list[tuple[str, float]] = []
        self.cancelled: Callable[[], bool] = lambda: False

    def file(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content, encoding="utf-8")
        return path

    def take(self, path: Path, name: str = "", owner: str = "anna") -> IntakeOutcome:
        def progress(phase: str, fraction: float) -> None:
            self.progress.append((phase, fraction))

        return self.intake.take_in(
            owner, path, name or path.name, progress=progress, cancelled=lambda: self.cancelled()
        )


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_a_document_becomes_memories(room: Room) -> None:
    path = make.pdf(room.folder / "gazetteer.pdf", 100)
    outcome = room.take(path)
    document = outcome.document
    assert (outcome.status, document.ready, document.pages) == ("added", True, 100)
    assert document.size == path.stat().st_size
    passages = room.store.passages()
    assert document.passages == len(passages) >= 100
    for position, memory in enumerate(passages):
        assert memory.id == passage_id(document.id, position)
        assert (memory.kind, memory.role, memory.container) == ("passage", "", document.id)
        assert (memory.position, memory.title, memory.created) == (position, "gazetteer.pdf", document.created)
    assert passages[41].page == 42
    assert max(room.encoder.batches) == TOGETHER
    assert room.store.log[0] == "begin" and room.store.log[-1] == "finish"


def test_headings_come_along(room: Room) -> None:
    room.take(make.docx(room.folder / "diary.docx"))
    assert "Chapter 2 Stay › Setup" in [memory.heading for memory in room.store.passages()]


def test_progress_has_two_phases_that_rise_to_one(room: Room) -> None:
    room.take(make.pdf(room.folder / "a.pdf", 100))
    assert room.progress[0][0] == "reading"
    for phase in ("reading", "remembering"):
        fractions = [fraction for name, fraction in room.progress if name == phase]
        assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
        assert len(fractions) >= 4


def test_the_same_content_again_changes_nothing(room: Room) -> None:
    first = room.take(room.file("a.txt", "Anna lives in Lisbon."))
    log = len(room.store.log)
    again = room.take(room.file("other name.txt", "Anna lives in Lisbon."))
    assert again == IntakeOutcome(first.document, "already_there")
    assert len(room.store.log) == log and len(room.encoder.batches) == 1


def test_owners_do_not_share_documents(room: Room) -> None:
    path = room.file("a.txt", "Anna lives in Lisbon.")
    assert room.take(path, owner="anna").document.id != room.take(path, owner="ben").document.id
    assert len(room.store.passages("anna")) == len(room.store.passages("ben")) == 1


def test_two_files_of_one_name_are_two_documents(room: Room) -> None:
    first = room.take(room.file("README.md", "Anna lives in Lisbon."))
    second = room.take(room.file("README.md", "A pump for gardens."))
    assert (first.status, second.status) == ("added", "same_name")
    assert [memory.text for memory in room.store.passages()] == ["Anna lives in Lisbon.", "A pump for gardens."]
    assert {document.name for document in room.store.documents("anna")} == {"README.md"}
    # The first again is there already, and no version of the second.
    assert room.take(room.file("README.md", "Anna lives in Lisbon.")).status == "already_there"


def test_a_newer_version_replaces_the_older_ones_when_a_person_says_so(room: Room) -> None:
    room.take(room.file("b.txt", "Something else."))
    room.take(room.file("a.txt", "Anna lives in Lisbon."))
    room.take(room.file("a.txt", "Anna lives in Braga."))
    middle = room.take(room.file("a.txt", "Anna lives in Porto.")).document
    newest = room.take(room.file("a.txt", "Anna lives in Faro.")).document
    room.take(room.file("a.txt", "Ben lives in Rome."), owner="ben")
    assert room.intake.replace_older("anna", middle.id) == 2
    left = [memory.text for memory in room.store.passages()]
    assert left == ["Anna lives in Porto.", "Anna lives in Faro.", "Something else."]
    assert room.intake.replace_older("anna", newest.id) == 1
    assert room.intake.replace_older("anna", newest.id) == 0
    assert [memory.text for memory in room.store.passages("ben")] == ["Ben lives in Rome."]
    for owner, id in (("ben", newest.id), ("anna", middle.id)):
        with pytest.raises(NotFound):
            room.intake.replace_older(owner, id)


@pytest.mark.parametrize("broken", ["begin", "add", "finish"])
def test_an_error_leaves_what_was_there_and_nothing_of_the_new(room: Room, broken: str) -> None:
    old = room.take(room.file("a.txt", "Anna lives in Lisbon.")).document
    room.store.fail_at = broken
    with pytest.raises(StoreError, match=broken):
        room.take(room.file("a.txt", "Anna lives in Porto."))
    assert room.store.documents("anna") == [old]
    assert [memory.text for memory in room.store.passages()] == ["Anna lives in Lisbon."]


def test_an_error_after_some_batches_leaves_nothing(room: Room) -> None:
    room.store.adds_left = 2
    with pytest.raises(StoreError, match="disk is full"):
        room.take(make.pdf(room.folder / "a.pdf", 100))
    assert room.store.kept == {} and room.store.memories == {}


def test_the_first_error_is_told_when_cleaning_up_fails_too(room: Room) -> None:
    room.store.fail_at = "delete"
    with pytest.raises(DocumentError, match="no text"):
        room.take(room.file("a.txt", "  "))
    room.store.fail_at = ""
    assert [document.ready for document in room.store.documents("anna")] == [False]


def test_a_rest_of_an_earlier_failure_is_replaced(room: Room) -> None:
    path = room.file("a.txt", "Anna lives in Lisbon.")
    document = room.take(path).document
    room.store.kept["anna", document.id] = replace(document, ready=False)
    assert room.take(path).status == "added"
    assert len(room.store.passages()) == 1


def test_unreadable_files_leave_nothing(room: Room) -> None:
    for path in (room.file("a.exe", "x"), room.file("b.pdf", "x"), room.folder / "gone.txt"):
        with pytest.raises(DocumentError, match=path.name):
            room.take(path)
    assert room.store.kept == {}


@pytest.mark.parametrize("moment", ["at once", "reading", "remembering"])
def test_cancel_leaves_nothing(room: Room, moment: str) -> None:
    def cancelled() -> bool:
        return moment == "at once" or any(phase == moment and share > 0.3 for phase, share in room.progress)

    room.cancelled = cancelled
    with pytest.raises(Cancelled):
        room.take(make.pdf(room.folder / "a.pdf", 100))
    assert room.store.kept == {} and room.store.memories == {}
    assert ("add" in room.store.log) == (moment == "remembering")
    assert ("remembering", 1.0) not in room.progress


def test_cancel_while_waiting_for_the_same_file(room: Room) -> None:
    path = room.file("a.txt", "Anna lives in Lisbon.")
    inside, go = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        assert go.wait(30)

    room.encoder.before = wait
    with ThreadPoolExecutor() as pool:
        first = pool.submit(room.take, path)
        assert inside.wait(30)
        with pytest.raises(Cancelled):
            room.intake.take_in("anna", path, "a.txt", progress=lambda *_: None, cancelled=lambda: True)
        go.set()
        assert first.result().status == "added"


def test_identical_uploads_at_once_make_one_document(room: Room) -> None:
    path = make.text(room.folder / "a.txt", 100)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda number: room.take(path, f"{number}.txt"), range(8)))
    assert sorted(outcome.status for outcome in outcomes) == ["added"] + ["already_there"] * 7
    assert len({outcome.document.id for outcome in outcomes}) == 1
    assert len(room.store.passages()) == outcomes[0].document.passages
    assert room.intake._locks._locks == {}


def test_files_of_one_name_at_once_are_all_kept(room: Room) -> None:
    paths = [room.file(f"{number}.txt", f"Version {number}.") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: room.take(path, "a.txt"), paths))
    assert len(room.store.documents("anna")) == len(room.store.passages()) == 8


def test_passages_are_remembered_while_the_file_is_still_read(room: Room) -> None:
    room.take(make.text(room.folder / "a.txt", 20_000))
    first = next(index for index, (phase, _) in enumerate(room.progress) if phase == "remembering")
    assert ("reading", 1.0) in room.progress[first:]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/plan.txt", "plan.txt"),
        ("C:\\folder\\plan.txt", "plan.txt"),
        ("plan\u202etxt.\n.txt", "plantxt..txt"),
        ("x" * 500 + ".txt", "x" * 196 + ".txt"),
        ("人员.txt", "人员.txt"),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_names_are_plain(room: Room, given: str, kept: str) -> None:
    assert room.take(room.file("a.txt", "Some words."), given).document.name == kept


# ---- the real parts ---------------------------------------------------------------------------------------

CHILD = """
import sys
from pathlib import Path
import numpy as np
from knowledge.memory.database import open_database
from knowledge.documents.ingestion import DocumentIntake
from knowledge.memory.store import ExternalMemory

class Encoder:
    def encode(self, texts):
        return np.tile(np.float32([1, 0]), (len(texts), 1))

data = Path(sys.argv[1])
store = ExternalMemory(open_database(f"sqlite:///{data / 'm.sqlite3'}"), data=data, encoder_name="two", dimension=2)
intake = DocumentIntake(store, lambda memories: Encoder().encode(memories)[:, None])
progress = lambda phase, fraction: print(phase, fraction, flush=True)
intake.take_in("anna", Path(sys.argv[2]), "a.txt", progress=progress, cancelled=lambda: False)
"""


def open_store(data: Path, name: str = "two", dimension: int = 2) -> ExternalMemory:
    data.mkdir(exist_ok=True)
    engine = open_database(f"sqlite:///{data / 'm.sqlite3'}")
    return ExternalMemory(engine, data=data, encoder_name=name, dimension=dimension)


@pytest.mark.slow
def test_a_kill_midway_is_undone_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = open_store(data)
    encoder = CountingEncoder()
    old = make.text(tmp_path / "old.txt", 20)
    DocumentIntake(store, partial(keys_of, encoder)).take_in(
        "anna", old, "a.txt", progress=lambda *_: None, cancelled=lambda: False
    )
    before = store.count("anna")
    store.close()
    new = make.text(tmp_path / "new.txt", 800)
    command = [sys.executable, "-c", CHILD, str(data), str(new)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            phase, fraction = line.split()
            if phase == "remembering" and float(fraction) > 0.4:
                child.kill()
                break
    store = open_store(data)
    assert store.count("anna") > before
    store.recover(by_text(encoder.encode), lambda *_: None)
    intake = DocumentIntake(store, partial(keys_of, encoder))
    assert [document.ready for document in store.documents("anna")] == [True]
    assert store.count("anna") == before
    outcome = intake.take_in("anna", new, "a.txt", progress=lambda *_: None, cancelled=lambda: False)
    assert outcome.status == "same_name"
    assert store.count("anna") == before + outcome.document.passages
    store.close()


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def store(tmp_path: Path, encoder: Encoder) -> Iterator[ExternalMemory]:
    store = open_store(tmp_path / "data", encoder.name, encoder.dimension)
    yield store
    store.close()


@pytest.mark.slow
def test_questions_find_the_right_page(tmp_path: Path, store: ExternalMemory, encoder: Encoder) -> None:
    intake = DocumentIntake(store, partial(keys_of, encoder))

    def take(path: Path, cancelled: Callable[[], bool] = lambda: False) -> IntakeOutcome:
        return intake.take_in("anna", path, path.name, progress=seen.append_pair, cancelled=cancelled)

    seen = _Progress()
    outcome = take(make.pdf(tmp_path / "gazetteer.pdf", 100))
    take(make.docx(tmp_path / "日记.docx", chinese=True))
    for page in (3, 57, 100):
        question = make.fact(page).question
        candidates = store.shortlist("anna", question, encoder.encode_queries([question])[0])
        best = max(candidates, key=lambda candidate: candidate.bm25)
        assert best.memory.page == page and make.fact(page).answer in best.memory.text
    question = "港务长叫什么名字？"
    candidates = store.shortlist("anna", question, encoder.encode_queries([question])[0])
    assert max(candidates, key=lambda candidate: candidate.bm25).memory.heading == "第一章 到达 › 港口"
    assert store.shortlist("ben", question, encoder.encode_queries([question])[0]) == []

    count = store.count("anna")
    with pytest.raises(Cancelled):
        seen.pairs = []
        take(make.pdf(tmp_path / "second.pdf", 40), lambda: ("remembering", 32 / 40) in seen.pairs)
    assert store.count("anna") == count and len(store.documents("anna")) == 2
    assert take(tmp_path / "second.pdf").document.pages == 40  # the same ids come back after a cancel
    assert store.count("anna") == count + 40
    assert store.delete_document("anna", outcome.document.id) == outcome.document.passages == 100
    assert store.document("anna", document_id("anna", outcome.document.sha256)) is None


class _Progress:
    def __init__(self) -> None:
        self.pairs: list[tuple[str, float]] = []

    def append_pair(self, phase: str, fraction: float) -> None:
        self.pairs.append((phase, fraction))
