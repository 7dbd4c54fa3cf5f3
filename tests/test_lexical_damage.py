"""A word index stays whole however much is deleted, and is made anew in place when its file is damaged."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.errors import StoreError
from knowledge.memory.lexical import LexicalIndex
from knowledge.memory.lexical_file import WordFile
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.fixed_reader import FixedReader
from knowledge.records import ReplyDone, ReplyRequest, TextDelta, Turn
from knowledge.write.writer import Writer
from tests.fakes import FakeNetwork
from tests.make_memories import by_text, encode, found, holds, memory, open_store, recovered, talk, write
from tests.page_server import PageServer

DAMAGE = ["structure", "segments", "table", "garbage", "cut off"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExternalMemory]:
    opened = recovered(tmp_path)
    yield opened
    opened.close()


def file_of(folder: Path) -> Path:
    [path] = (folder / "lexical").glob("*.sqlite3")
    return path


def damage(path: Path, kind: str) -> None:
    """As another program or a bad disk would, under the open index."""
    if kind in ("garbage", "cut off"):
        size = path.stat().st_size
        Path(f"{path}-wal").write_bytes(b"")
        with path.open("r+b") as file:
            file.write(os.urandom(size)) if kind == "garbage" else file.truncate(size // 3)
        return
    change = {
        "structure": "UPDATE words_data SET block = x'000000008f5201' WHERE id = 10",  # more than 2,000 levels
        "segments": "UPDATE words_data SET block = randomblob(200) WHERE id > 10",
        "table": "DROP TABLE places",
    }[kind]
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()


# ---- many deletions ------------------------------------------------------------------------------------------


def test_1500_deletions_one_by_one_leave_an_index_that_finds(store: ExternalMemory, tmp_path: Path) -> None:
    write(store, [memory(f"m{at}", f"apple number{at}", position=at) for at in range(1550)])
    gone = [f"m{at}" for at in range(1500)]
    store._lexical.of("ann")._file.connection.execute("PRAGMA synchronous = OFF")
    for id in gone:
        store._lexical.of("ann").remove([id])  # the vectors' part takes a minute
    assert store.delete("ann", gone) == 1500
    write(store, [memory("new", "a ripe apple", position=2000)])
    assert {"new", "m1549"} <= set(found(store, "apple", dense=0)) and store.page("ann", search="apple")[1] == 51
    assert found(store, "number1549", dense=0)["m1549"].bm25 > 0 and store.trouble() == ""
    assert not holds(tmp_path, b"number1499")


def test_cleaning_a_large_index_in_quiet_moments_does_not_wear_it_out(tmp_path: Path) -> None:
    """What happens past the size up to which deleted stems leave at once."""
    file = WordFile(tmp_path / "words.sqlite3")
    file.connection.execute("PRAGMA synchronous = OFF")
    for at in range(1200):
        with file.connection as connection:
            connection.execute("INSERT INTO words(rowid, text) VALUES (?, ?)", (at + 1, f"word{at} apple"))
            connection.execute("INSERT INTO places VALUES (?, ?, '', 0, 1)", (at + 1, str(at)))
    for at in range(1100):
        with file.connection:
            file.connection.execute("DELETE FROM words WHERE rowid = ?", (at + 1,))
            file.connection.execute("DELETE FROM places WHERE rowid = ?", (at + 1,))
            file.expect_leftovers()
        assert not file.clean(most=10) and file.clean() and not file.clean()
    assert file.rows() == 100
    file.close()


@pytest.mark.parametrize("end", ["quiet", "close", "start"])
def test_deleted_stems_of_a_large_index_leave_later(tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.memory.lexical._AT_ONCE", 3)
    store = recovered(tmp_path)
    secret = "Zyxwvut passphrase Qponmlk"
    write(store, [*talk("apple", "pear", "plum", "fig"), memory("s", secret, position=9)])
    store.delete("ann", ["s"])
    assert not holds(tmp_path, secret.lower().encode())  # the text is gone at once
    newer = sqlite3.sqlite_version_info >= (3, 42)  # FTS5 takes the stems out itself
    assert holds(tmp_path, b"zyxwvut") is not newer
    assert found(store, "passphrase", dense=0) == {}
    if end == "quiet":
        assert store.clean() and not store.clean()
    elif end == "close":
        store.close()
    else:
        with sqlite3.connect(file_of(tmp_path)) as left:  # as a kill -9 would have left it
            left.execute("SELECT 1")
        left.close()
        store._lexical._owners.clear()
        store.close()
        assert holds(tmp_path, b"zyxwvut") is not newer
        store = recovered(tmp_path)
    assert not any(holds(tmp_path, word) for word in (b"zyxwvut", b"passphras", b"qponmlk"))
    store.close()


# ---- damage --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_file_that_breaks_while_it_is_used_is_made_anew_by_who_meets_it(
    store: ExternalMemory, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    write(store, [memory(f"m{at}", f"apple number{at} " + "and more words " * 20, position=at) for at in range(900)])
    store.mark("ann", ["m3"], muted=True)
    damage(file_of(tmp_path), kind)
    if kind in ("garbage", "cut off"):  # what is in SQLite's own memory is still whole
        store._lexical.of("ann")._file.connection.execute("PRAGMA cache_size = 0")
    assert found(store, "number7", dense=0)["m7"].bm25 > 0
    assert "m3" not in found(store, "number3", dense=0) and store.page("ann", search="number3 apple")[1] == 1
    write(store, [memory("new", "a ripe pear", position=2000)])
    assert store.delete("ann", ["m8"]) == 1 and store.page("ann", search="number8 apple")[1] == 0
    assert found(store, "pear", dense=0)["new"].bm25 > 0 and store.trouble() == ""
    assert store._lexical.of("ann").count() == store.count("ann") == 900
    assert "is damaged" in caplog.text and "was made anew: 900 memories" in caplog.text


@pytest.mark.parametrize("call", ["add", "edit", "mark", "delete"])
def test_who_writes_mends_it_too(store: ExternalMemory, tmp_path: Path, call: str) -> None:
    write(store, talk("apple", "pear"))
    damage(file_of(tmp_path), "table")
    if call == "add":
        write(store, [memory("new", "plum", position=9)])
    elif call == "edit":
        store.edit("ann", "talk-0", "plum", encode(["plum"])[0])
    elif call == "mark":
        store.mark("ann", ["talk-0"], muted=True)
    else:
        store.delete("ann", ["talk-0"])
    texts = {one.text for one in store.iterate("ann")}
    for text in ("apple", "pear", "plum"):
        assert store.page("ann", search=text)[1] == (text in texts)
    assert ("talk-0" in found(store, "apple", dense=0)) is (call == "add")


def test_what_cannot_be_made_anew_is_told_and_tried_again(tmp_path: Path) -> None:
    there = talk("apple", "pear")
    broken = [True]

    def texts(owner: str) -> Iterator[list]:
        yield there[:1]
        if broken[0]:
            raise StoreError("The database does not answer.")
        yield there[1:]

    lexical = LexicalIndex(tmp_path / "lexical", texts)
    index = lexical.of("ann")
    index.put(there)
    assert lexical.trouble() == ""
    damage(file_of(tmp_path), "table")
    assert "is damaged" in lexical.trouble()  # before anybody meets it
    for _ in range(2):
        with pytest.raises(StoreError, match="does not answer"):
            index.search("apple")  # half of it would be there
        assert "is damaged" in lexical.trouble()
    broken[0] = False
    lexical.mend()
    assert index.search("pear") == ["talk-1"] and lexical.trouble() == ""
    lexical.close()


# ---- what a person and a monitor see of it ---------------------------------------------------------------------


class Encoder:
    """The bag of words as an encoder."""

    name, multilingual = "bag", True
    encode = encode_queries = staticmethod(encode)


class Decoder(FakeNetwork):
    """Says what was read."""

    def in_window(self, dialogue, system=""):
        return 0

    def reply(self, request, stop):
        yield TextDelta(text := " / ".join(read.memory.text for read in request.reads))
        yield ReplyDone(text, "stop")


def test_the_reply_that_meets_it_has_its_memories_and_trouble_is_told_meanwhile(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.recover(by_text(encode), lambda phase, fraction: None)
    network = MemoryNetwork(Encoder(), store, FixedReader(), Writer(), Decoder())  # type: ignore[arg-type]
    network.remember("ann", "My passport is in the drawer.")
    network.remember("ann", "The weather was mild.")
    assert network.trouble() == ""
    damage(file_of(tmp_path), "segments")
    waiting, go_on = threading.Event(), threading.Event()
    texts = store._lexical._texts

    def slowly(owner: str):
        waiting.set()
        assert go_on.wait(60)
        return texts(owner)

    store._lexical._texts = slowly
    said: list[str] = []

    def ask() -> None:
        read = network.read("ann", "Where is my passport?", limit=3)
        asked = ReplyRequest([Turn("q", "user", "Where is my passport?", 2e9)], read.reads)
        said.extend(event.text for event in network.reply(asked, threading.Event()))

    with network.idle.held():
        asking = threading.Thread(target=ask)
        asking.start()
        assert waiting.wait(60)
        assert "is damaged" in network.trouble()
        go_on.set()
        asking.join(60)
    assert "My passport is in the drawer." in said[-1]
    assert network.trouble() == ""
    network.close()


def test_a_monitor_is_told_and_what_it_finds_is_mended_when_it_is_quiet(tmp_path: Path) -> None:
    server = PageServer(tmp_path / "data", pause=0.0)
    network = server.application.network
    network.remember("local", "My passport is in the drawer.")
    assert server.client.get("/healthz").status_code == 200
    mended = threading.Event()
    mend, network.store.mend = network.store.mend, lambda: (mend(), mended.set())
    damage(file_of(tmp_path / "data"), "table")
    answer = server.client.get("/healthz")
    assert answer.status_code == 503 and answer.json()["status"] == "degraded"
    assert "is damaged" in answer.json()["reason"]
    assert mended.wait(60)
    assert server.client.get("/healthz").json() == {"status": "ok"}
    assert network.store.page("local", search="passport")[1] == 1
    server.close()
