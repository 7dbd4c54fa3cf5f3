"""The external memory with a real Chroma, a real FTS5 and a real SQLite; vectors from a hand-made encoder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge.errors import BadInput, NotFound, StoreError
from knowledge.memory.store import ExternalMemory
from knowledge.records import Document
from tests.make_memories import DIMENSION, encode, found, memory, open_store, recovered, talk, write

DOCUMENT = Document("doc", "notes.txt", "0" * 64, 12, 5.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExternalMemory]:
    opened = recovered(tmp_path)
    yield opened
    opened.close()


# ---- writing and reading ----------------------------------------------------------------------------------


def test_what_is_written_is_read_back_whole(store: ExternalMemory) -> None:
    one = memory(
        "m",
        "Anna lives in Lisbon",
        speaker="Tom",
        branch="b",
        title="t",
        page=3,
        heading="h",
        pinned=True,
        muted=True,
        active=False,
        edited=7.0,
        read_count=2,
        last_read=9.0,
        role="assistant",
    )
    assert write(store, [one]) == ["m"]
    assert store.get("ann", ["m", "other"]) == {"m": one}
    assert store.count("ann") == 1 and store.owners() == ["ann"]


def test_writing_twice_changes_nothing(store: ExternalMemory) -> None:
    memories = talk("apple", "pear")
    assert write(store, memories) == ["talk-0", "talk-1"]
    assert write(store, [replace(memories[0], text="changed"), *memories]) == []
    assert store.count("ann") == 2 and store.get("ann", ["talk-0"])["talk-0"].text == "apple"
    assert store.add("ann", [], encode([])) == []


def test_the_same_id_twice_in_one_call_is_one_memory(store: ExternalMemory) -> None:
    assert write(store, [memory("m", "first"), memory("m", "second")]) == ["m"]
    assert store.get("ann", ["m"])["m"].text == "first"


def test_of_a_memory_already_there_only_active_follows(store: ExternalMemory) -> None:
    [apple] = talk("apple")
    write(store, [apple])
    store.mark("ann", ["talk-0"], pinned=True)
    write(store, [replace(apple, active=False)])
    assert store.get("ann", ["talk-0"])["talk-0"] == replace(apple, active=False, pinned=True)
    assert found(store, "apple") == {}
    write(store, [apple])
    assert "talk-0" in found(store, "apple")


def test_vectors_of_a_wrong_shape_are_refused(store: ExternalMemory) -> None:
    for vectors in (np.zeros((1, DIMENSION + 1)), np.zeros((2, DIMENSION))):
        with pytest.raises(BadInput):
            store.add("ann", talk("apple"), vectors)
    assert store.count("ann") == 0


def test_text_that_a_database_refuses_is_cleaned(store: ExternalMemory) -> None:
    write(store, talk("nul\0 and half an emoji \ud83d"))
    assert store.get("ann", ["talk-0"])["talk-0"].text == "nul and half an emoji ?"


def test_owners_do_not_see_each_other(store: ExternalMemory) -> None:
    write(store, talk("apple"), owner="ann")
    write(store, talk("apple"), owner="bob")
    store.edit("bob", "talk-0", "secret", encode(["secret"])[0])
    assert found(store, "secret")["talk-0"].memory.text == "apple"
    assert store.page("ann", search="secret") == ([], 0)
    store.delete_everything("ann")
    assert store.count("ann") == 0 and store.count("bob") == 1 and "talk-0" in found(store, "secret", owner="bob")
    assert found(store, "secret", owner="nobody") == {}


def test_edit_replaces_text_words_and_vector(store: ExternalMemory) -> None:
    write(store, talk("apple pie"))
    edited = store.edit("ann", "talk-0", "plum tart", encode(["plum tart"])[0])
    assert edited.text == "plum tart" and edited.edited is not None
    [candidate] = found(store, "plum tart").values()
    assert candidate.cosine == pytest.approx(1.0, abs=1e-4) and candidate.bm25 > 0.5
    assert found(store, "apple pie")["talk-0"].bm25 == 0.0 and store.page("ann", search="apple")[1] == 0
    with pytest.raises(NotFound):
        store.edit("ann", "nobody", "x", encode(["x"])[0])


def test_marks(store: ExternalMemory) -> None:
    write(store, talk("apple one", "apple two", "apple three"))
    store.mark("ann", ["talk-0", "unknown"], muted=True)
    store.mark("ann", ["talk-1"], active=False)
    store.mark("ann", ["talk-2"], pinned=True)
    assert set(found(store, "apple")) == {"talk-2"}
    store.mark("ann", ["talk-0", "talk-1"], muted=False, active=True)
    assert set(found(store, "apple")) == {"talk-0", "talk-1", "talk-2"}
    assert [one.id for one in store.page("ann", pinned=True)[0]] == ["talk-2"]


def test_reads_are_counted(store: ExternalMemory) -> None:
    write(store, talk("apple", "pear"))
    store.record_reads("ann", ["talk-0"], 50.0)
    store.record_reads("ann", ["talk-0", "talk-1"], 60.0)
    [apple, pear] = store.get("ann", ["talk-0", "talk-1"]).values()
    assert (apple.read_count, apple.last_read) == (2, 60.0) and (pear.read_count, pear.last_read) == (1, 60.0)


def test_iterate_is_oldest_first(store: ExternalMemory) -> None:
    write(store, [memory(f"m{at}", f"text {at}", created=1000.0 - at, container="") for at in range(1203)])
    assert [one.id for one in store.iterate("ann")] == [f"m{at}" for at in reversed(range(1203))]


# ---- the shortlist ----------------------------------------------------------------------------------------


def test_evidence_of_each_kind(store: ExternalMemory) -> None:
    write(store, talk("nothing here", "sister lives in lisbon", "so nice", "really", "far away"))
    candidates = found(store, "sister lisbon", dense=1, lexical=1)
    assert set(candidates) == {"talk-0", "talk-1", "talk-2", "talk-3"}  # the hit and two turns either side
    hit, near, far = candidates["talk-1"], candidates["talk-2"], candidates["talk-3"]
    assert hit.bm25 > 0.5 and hit.window == 0.0
    assert near.window == pytest.approx(0.5 * hit.bm25) and far.window == pytest.approx(0.25 * hit.bm25)
    for candidate in candidates.values():
        exact = float(encode(["sister lisbon"])[0] @ encode([candidate.memory.text])[0])
        assert candidate.cosine == pytest.approx(exact, abs=1e-4)


def test_neighbours_stay_in_their_container_and_notes_have_none(store: ExternalMemory) -> None:
    notes = [memory("n0", "sister", container="", kind="note"), memory("n1", "other", container="", kind="note")]
    write(store, [*notes, *talk("sister", "yes", container="a"), *talk("no", "no", container="b")])
    assert set(found(store, "sister", dense=0, lexical=9)) == {"n0", "a-0", "a-1"}


def test_pinned_comes_always_and_excluded_never(store: ExternalMemory) -> None:
    write(store, talk(*[f"filler {at}" for at in range(20)], "sister", "pinned words"))
    store.mark("ann", ["talk-0"], pinned=True)
    candidates = found(store, "sister", dense=1, lexical=1, exclude=frozenset({"talk-20"}))
    assert "talk-0" in candidates and "talk-20" not in candidates
    assert "talk-0" not in found(store, "sister", exclude=frozenset({"talk-0"}))
    store.mark("ann", ["talk-0"], muted=True)
    assert "talk-0" not in found(store, "sister", dense=1, lexical=1)


def test_the_dense_list_is_filled_up_behind_unreadable_and_excluded_ones(store: ExternalMemory) -> None:
    near = [memory(f"m{at}", f"sister sister {at}", container="") for at in range(40)]
    write(store, [*near, memory("last", "sister and much else besides", container="")])
    store.mark("ann", [f"m{at}" for at in range(30)], muted=True)
    candidates = found(store, "sister", dense=5, lexical=0, exclude=frozenset(f"m{at}" for at in range(30, 40)))
    assert set(candidates) == {"last"}


def test_the_lesser_hits_stay_away_where_the_better_ones_and_their_neighbours_are_enough(store: ExternalMemory) -> None:
    for at in range(150):
        write(store, talk("one", "two", "sister" + " more" * at, "three", "four", container=f"talk{at:03}"))
    assert len(found(store, "sister", dense=0, lexical=50)) == 50 * 5  # 25 hits are not enough: all 50 come
    candidates = found(store, "sister", dense=0, lexical=140)
    assert {one.memory.container for one in candidates.values()} == {f"talk{at:03}" for at in range(70)}


# ---- listing ----------------------------------------------------------------------------------------------


def test_pages_newest_first_with_filters(store: ExternalMemory) -> None:
    write(store, talk(*[f"turn {at}" for at in range(5)]))
    write(store, [memory("p", "a passage", kind="passage", container="doc", created=2000.0)])
    shown, total = store.page("ann", limit=2, offset=1)
    assert [one.id for one in shown] == ["talk-4", "talk-3"] and total == 6
    assert [one.id for one in store.page("ann", kind="passage")[0]] == ["p"]
    assert store.page("ann", container="talk")[1] == 5
    assert [one.id for one in store.page("ann", since=1001.0, until=1002.0)[0]] == ["talk-2", "talk-1"]
    assert store.page("ann", offset=99) == ([], 6)


def test_search_by_words_then_by_piece_of_text(store: ExternalMemory) -> None:
    write(store, talk("Anna moved to Lisbon", "我的妹妹搬到了里斯本", "100% sure_thing"))
    store.mark("ann", ["talk-0"], muted=True)
    for text, expected in {
        "moving": "talk-0",
        "lis": "talk-0",
        "里斯本": "talk-1",
        "isbo": "talk-0",
        "ISBO": "talk-0",
        "0%": "talk-2",
        "e_t": "talk-2",
    }.items():
        assert [one.id for one in store.page("ann", search=text)[0]] == [expected], text
    assert store.page("ann", search="nothing") == ([], 0)
    assert store.page("ann", search="lisbon", muted=False) == ([], 0)


def test_search_by_relevance_or_newest(store: ExternalMemory) -> None:
    write(store, talk("lisbon lisbon", "a very long sentence in which lisbon is named once among other things"))
    assert [one.id for one in store.page("ann", search="lisbon")[0]] == ["talk-0", "talk-1"]
    assert [one.id for one in store.page("ann", search="lisbon", order="newest")[0]] == ["talk-1", "talk-0"]
    shown, total = store.page("ann", search="lisbon", limit=1, offset=1)
    assert [one.id for one in shown] == ["talk-1"] and total == 2


# ---- documents --------------------------------------------------------------------------------------------


def test_a_document_is_begun_finished_and_deleted(store: ExternalMemory) -> None:
    store.begin_document("ann", DOCUMENT)
    assert store.document("ann", "doc") == DOCUMENT and not DOCUMENT.ready
    write(store, [memory(f"p{at}", f"passage {at}", kind="passage", container="doc", position=at) for at in range(3)])
    store.finish_document("ann", "doc", passages=3, pages=2)
    assert store.documents("ann") == [replace(DOCUMENT, passages=3, pages=2, ready=True)]
    assert store.document("bob", "doc") is None
    with pytest.raises(BadInput):
        store.begin_document("ann", DOCUMENT)
    with pytest.raises(NotFound):
        store.finish_document("ann", "other", passages=0, pages=None)
    assert store.delete_document("ann", "doc") == 3 and store.documents("ann") == [] and store.count("ann") == 0


def test_beginning_an_unfinished_document_again_starts_over(store: ExternalMemory) -> None:
    store.begin_document("ann", DOCUMENT)
    write(store, [memory("p0", "half", kind="passage", container="doc")])
    store.begin_document("ann", DOCUMENT)
    assert store.count("ann") == 0


# ---- threads and opening ----------------------------------------------------------------------------------


def test_threads_write_read_and_delete_at_once(store: ExternalMemory) -> None:
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for at in range(8):
                one = memory(f"{name}-{at}", f"apple {name} {at}", container=name, position=at)
                write(store, [one])
                assert one.id in found(store, one.text)
                if at % 2:
                    store.delete("ann", [one.id])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and store.count("ann") == store._vectors.count("ann") == 16


def test_opening_says_what_is_wrong(tmp_path: Path) -> None:
    from knowledge.memory.database import open_database

    for url, word in (
        ("nonsense", "no database URL"),
        ("oracle+nothing://x", "not installed"),
        (f"sqlite:///{tmp_path}", "cannot be opened"),
    ):
        with pytest.raises(StoreError, match=word):
            open_database(url)
    with pytest.raises(StoreError, match="chroma run"):
        open_store(tmp_path, chroma="http://127.0.0.1:9")
    with pytest.raises(StoreError, match="http://host:port"):
        open_store(tmp_path, chroma="ftp://nowhere")
