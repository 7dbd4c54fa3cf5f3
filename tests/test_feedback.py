"""Feedback as it is kept: what each kind leaves, what taking back and deleting leave, and that owners are apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from chat_app.history.history import History
from knowledge.errors import BadInput, NotFound
from knowledge.memory.database import open_database
from knowledge.records import Memory, Read, ReadResult

OWNER = "ann"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path}/mneme.sqlite3")


def talked(history: History, *, owner: str = OWNER, reads: tuple[str, ...] = ("m1", "m2")) -> tuple[str, str, str]:
    """A conversation with a question and its reply, which read ``reads``."""
    read = ReadResult("q", tuple(Read(Memory(id, f"text of {id}", "note", 1.0), 0.5, 0.4) for id in reads), 0.2)
    talk = history.create(owner).id
    asked = history.add(owner, talk, "user", "Where does Zebra live?")
    reply = history.add(owner, talk, "assistant", "In Lisbon.", read=read)
    return talk, asked.id, reply.id


def test_a_thumb_is_one_row_that_follows_it(engine: Engine) -> None:
    history = History(engine)
    _, _, reply = talked(history)
    for value, kind in ((1, "like"), (-1, "dislike"), (None, None)):
        history.feedback(OWNER, reply, value)
        rows = history.kept_feedback.rows(OWNER)
        assert [(row.kind, row.message) for row in rows] == ([(kind, reply)] if kind else [])
    history.feedback(OWNER, reply, 1)
    history.kept_feedback.delete(OWNER, history.kept_feedback.rows(OWNER)[0].id)
    assert history.message(OWNER, reply).feedback is None and history.kept_feedback.counts(OWNER)["like"] == 0


def test_an_edited_reply_is_another_version_with_the_same_reads(engine: Engine) -> None:
    history = History(engine)
    talk, asked, reply = talked(history)
    new = history.revise(OWNER, reply, "In Porto, since May.")
    assert [one.text for one in history.path(OWNER, talk)][-1] == "In Porto, since May." and new.count == 2
    assert [read.id for read in history.reads(OWNER, new.id)] == ["m1", "m2"]
    (row,) = history.kept_feedback.rows(OWNER)
    assert (row.kind, row.message, row.version) == ("edit", reply, new.id)
    history.revise(OWNER, new.id, "In Porto, since May. ")
    assert len(history.kept_feedback.rows(OWNER)) == 1  # nothing was changed
    with pytest.raises(BadInput):
        history.revise(OWNER, asked, "not a reply")


def test_a_mark_belongs_to_the_reply_that_read_the_memory(engine: Engine) -> None:
    history = History(engine)
    _, _, first = talked(history)
    _, _, second = talked(history, reads=("m2",))
    kept = history.kept_feedback
    kept.marked(OWNER, ["m1", "m2", "unread"], kind="pin", on=True)
    assert {row.memory: row.message for row in kept.rows(OWNER)} == {"m1": first, "m2": second, "unread": ""}
    kept.marked(OWNER, ["m2"], kind="pin", on=True, message=first)
    assert {row.memory: row.message for row in kept.rows(OWNER)}["m2"] == first
    kept.marked(OWNER, ["m1", "m2"], kind="pin", on=False)
    assert [row.memory for row in kept.rows(OWNER)] == ["unread"]


def test_deleting_leaves_nothing_of_it(engine: Engine) -> None:
    history = History(engine)
    kept = history.kept_feedback
    talk, _, reply = talked(history)
    history.feedback(OWNER, reply, 1)
    history.revise(OWNER, reply, "In Porto, since May.")
    kept.marked(OWNER, ["m1", "m9"], kind="mute", on=True)
    kept.forget_memories(OWNER, ["m9"])
    assert kept.counts(OWNER) == {"like": 1, "dislike": 0, "edit": 1, "pin": 0, "mute": 1}
    history.delete(OWNER, talk)
    assert kept.rows(OWNER) == []
    _, _, reply = talked(history)
    history.feedback(OWNER, reply, -1)
    kept.clear(OWNER)
    assert kept.rows(OWNER) == [] and history.message(OWNER, reply).feedback is None


def test_no_text_is_kept_in_the_rows(engine: Engine) -> None:
    history = History(engine)
    _, _, reply = talked(history)
    history.feedback(OWNER, reply, 1)
    history.revise(OWNER, reply, "In Porto, since May.")
    history.kept_feedback.marked(OWNER, ["m1"], kind="pin", on=True)
    with engine.connect() as connection:
        rows = str(connection.execute(text("select * from feedback")).all())
    assert rows.count("'ann'") == 3 and not any(word in rows for word in ("Zebra", "Lisbon", "Porto", "text of"))


def test_owners_are_apart(engine: Engine) -> None:
    history = History(engine)
    _, _, reply = talked(history)
    history.feedback(OWNER, reply, 1)
    assert history.kept_feedback.rows("bob") == [] and not any(history.kept_feedback.counts("bob").values())
    with pytest.raises(NotFound):
        history.kept_feedback.delete("bob", history.kept_feedback.rows(OWNER)[0].id)
    history.kept_feedback.clear("bob")
    with pytest.raises(NotFound):
        history.revise("bob", reply, "mine")
    assert len(history.kept_feedback.rows(OWNER)) == 1
