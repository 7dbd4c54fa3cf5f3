"""A memory out to JSON lines and back in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from knowledge.errors import BadInput, Cancelled
from knowledge.memory.store import ExternalMemory
from knowledge.memory.transfer import export_jsonl, import_jsonl
from knowledge.records import Document
from tests.make_memories import encode, found, memory, recovered, talk, write

HEADER = json.dumps({"format": "mneme-memories", "version": 1})
DOCUMENT = Document("doc", "notes.txt", "0" * 64, 12, 5.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExternalMemory]:
    opened = recovered(tmp_path / "here")
    yield opened
    opened.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[ExternalMemory]:
    opened = recovered(tmp_path / "there")
    yield opened
    opened.close()


def bring(store: ExternalMemory, lines: list[str], owner: str = "ann", **more) -> tuple[int, int]:
    return import_jsonl(
        store, encode, owner, lines, more.get("progress", lambda part: None), more.get("cancelled", lambda: False)
    )


def line(**more) -> str:
    return json.dumps({"memory": asdict(memory("m", "apple")) | more})


def filled(store: ExternalMemory) -> list[str]:
    store.begin_document("ann", DOCUMENT)
    passages = [memory(f"p{at}", f"passage {at}", kind="passage", container="doc", position=at) for at in range(70)]
    write(store, passages)
    store.finish_document("ann", "doc", passages=70, pages=3)
    write(store, talk("我的妹妹 \u2028 moved", 'quotes " and \\ and\nlines'))
    store.mark("ann", ["talk-0"], pinned=True, muted=True)
    store.mark("ann", ["talk-1"], active=False)
    store.record_reads("ann", ["talk-0"], 77.0)
    return list(export_jsonl(store, "ann"))


def test_everything_comes_back_the_same(store: ExternalMemory, other: ExternalMemory) -> None:
    lines = filled(store)
    assert json.loads(lines[0]) == {"format": "mneme-memories", "version": 1, "encoder": "bag"}
    assert all("\n" not in one for one in lines)
    assert bring(other, lines) == (72, 0)
    assert list(other.iterate("ann")) == list(store.iterate("ann"))
    assert other.documents("ann") == [replace(DOCUMENT, passages=70, pages=3, ready=True)]
    assert found(other, "passage 7")["p7"].cosine == pytest.approx(1.0, abs=1e-3)
    assert "talk-0" not in found(other, "妹妹")  # it is muted there too


def test_nothing_comes_twice_and_what_is_there_stays(store: ExternalMemory) -> None:
    lines = filled(store)
    store.edit("ann", "talk-1", "edited since", encode(["edited since"])[0])
    store.delete("ann", ["p3"])
    assert bring(store, lines) == (1, 71)
    assert store.get("ann", ["talk-1"])["talk-1"].text == "edited since" and store.count("ann") == 72
    assert bring(store, [HEADER, line(), line()]) == (1, 0)


def test_an_unfinished_document_is_not_exported(store: ExternalMemory) -> None:
    store.begin_document("ann", DOCUMENT)
    write(store, [memory("p", "half", kind="passage", container="doc"), memory("m", "apple")])
    assert [json.loads(one)["memory"]["id"] for one in list(export_jsonl(store, "ann"))[1:]] == ["m"]


@pytest.mark.parametrize(
    "broken",
    [
        "not json",
        "[1, 2]",
        "7",
        "{}",
        '{"memory": {"id": "x"}}',
        "[" * 100_000,
        line(kind="joke"),
        line(role="system"),
        line(text="  "),
        line(created="yesterday"),
        line(created=float("nan")),
        line(created=1.7e12),
        line(created=1e30),
        line(created=-1e12),
        line(last_read=1e30),
        line(position=1.5),
        line(pinned=1),
        line(unknown=1),
        line(id=""),
        line(id="x" * 256),
        line(position=2**40),
        '{"document": {"id": 1}}',
    ],
)
def test_a_broken_line_is_named_and_nothing_is_imported(store: ExternalMemory, broken: str) -> None:
    with pytest.raises(BadInput, match="Line 4 "):
        bring(store, [HEADER, line(), "", broken, line()])
    assert store.count("ann") == 0


@pytest.mark.parametrize("lines", [[], ["", "  "], [line()], ['{"format": "mneme-memories", "version": 99}'], ["[]"]])
def test_without_its_header_nothing_is_imported(store: ExternalMemory, lines: list[str]) -> None:
    with pytest.raises(BadInput):
        bring(store, lines)
    assert store.count("ann") == 0


def test_a_passage_without_its_document_is_refused(store: ExternalMemory) -> None:
    with pytest.raises(BadInput, match="document"):
        bring(store, [HEADER, line(kind="passage", container="lost")])
    assert store.count("ann") == 0


def test_progress_moves_and_cancel_leaves_nothing(store: ExternalMemory, other: ExternalMemory) -> None:
    lines = filled(store)
    parts: list[float] = []
    write(other, talk("mine"))
    with pytest.raises(Cancelled):
        bring(other, lines, progress=parts.append, cancelled=lambda: len(parts) == 2)
    assert 0 < parts[0] < parts[1] < 1
    assert [one.text for one in other.iterate("ann")] == ["mine"] and other.documents("ann") == []
    parts.clear()
    bring(other, lines, progress=parts.append)
    assert parts == sorted(parts) and parts[-1] == 1.0


def test_an_import_that_was_killed_is_finished_with_its_journal(tmp_path: Path, store: ExternalMemory) -> None:
    lines = filled(store)
    journal = tmp_path / "job.ids"

    class Killed(BaseException):
        pass

    def killed_after_a_batch(fraction: float) -> None:
        raise Killed

    there = recovered(tmp_path / "there")
    write(there, talk("already here", container="before"))
    undo, there.delete = there.delete, lambda owner, ids: 0  # type: ignore[method-assign,assignment]  # nobody undoes
    kept, there.delete_document = there.delete_document, lambda owner, id: 0  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        import_jsonl(there, encode, "ann", lines, killed_after_a_batch, lambda: False, journal)
    there.delete, there.delete_document = undo, kept  # type: ignore[method-assign]
    there.close()
    again = recovered(tmp_path / "there")
    assert import_jsonl(again, encode, "ann", lines, lambda part: None, lambda: False, journal) == (72, 0)
    assert again.count("ann") == 73 and again.documents("ann")[0].ready
    # Done once more and cancelled, it takes back what the first runs had brought, and nothing else.
    with pytest.raises(Cancelled):
        again.delete("ann", ["talk-0"])
        import_jsonl(again, encode, "ann", lines, lambda part: None, iter_then_true(len(lines)), journal)
    assert [one.text for one in again.iterate("ann") if one.kind == "turn"] == ["already here"]
    again.close()


def iter_then_true(calls: int):
    """False for so many calls, then true."""
    left = iter([False] * calls)
    return lambda: next(left, True)
