"""History on disk. Set TEST_DATABASE_URL to run the same tests on another database (its tables are dropped)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event, select, update

from chat_app.history.history import History
from chat_app.history.records import Conditioned, path_hash, reads_to_json, title_from
from chat_app.history.tables import messages, metadata
from knowledge.errors import BadInput, NotFound
from knowledge.memory.database import open_database
from knowledge.records import Memory, Read, ReadResult, Trace

OWNER = "anna"


class Clock:
    """A clock that goes on one second a look."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def engine(tmp_path) -> Iterator[Engine]:
    engine = open_database(os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{tmp_path / 'history.sqlite3'}")
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield engine
    engine.dispose()


@pytest.fixture
def history(engine: Engine) -> History:
    return History(engine, clock=Clock())


def dialogue(history: History, *texts: str, owner: str = OWNER, conversation: str = "") -> tuple[str, list[str]]:
    """A conversation of these texts, user and assistant in turn; → its id and the messages' ids."""
    id = conversation or history.create(owner).id
    ids = []
    for index, text in enumerate(texts):
        role = "assistant" if index % 2 else "user"
        ids.append(history.add(owner, id, role, text, finish_reason="stop" if index % 2 else "").id)
    return id, ids


def test_with_the_clock_moved_back_what_is_said_later_counts_as_later(engine: Engine) -> None:
    now = [1_700_000_000.0]
    history = History(engine, clock=lambda: now[0])
    dialogue(history, "I live in Porto.", "Noted.")
    dialogue(history, "Hello.", owner="ben")
    now[0] -= 86_400
    _, ids = dialogue(history, "I have moved to Lisbon.", "Noted.", "Where do I live?")
    times = [history.message(OWNER, id).created for id in ids]
    assert 1_700_000_000.0 < times[0] < times[1] < times[2] < 1_700_000_001.0
    now[0] += 172_800
    _, ids = dialogue(history, "Thanks.")
    assert history.message(OWNER, ids[0]).created == now[0]
    other = dialogue(history, "Hi.", owner="cleo")[1]  # nobody else's past matters
    assert history.message("cleo", other[0]).created == now[0]


def settle(history: History, owner: str = OWNER) -> None:
    history.marks.settled(history.marks.pending(owner))


def marks(history: History, owner: str = OWNER) -> dict[str, str]:
    return {mark.turn.text or mark.turn.id: mark.state for mark in history.marks.pending(owner)}


def texts(history: History, id: str) -> list[str]:
    return [message.text for message in history.path(OWNER, id)]


def test_a_dialogue_is_there_after_the_database_is_opened_again(history, engine):
    id, ids = dialogue(history, "Hello", "Hi there", "How are you?", "Well")
    again = History(engine)
    path = again.path(OWNER, id)
    assert [(m.id, m.role, m.position, m.parent) for m in path] == [
        (ids[0], "user", 0, None),
        (ids[1], "assistant", 1, ids[0]),
        (ids[2], "user", 2, ids[1]),
        (ids[3], "assistant", 3, ids[2]),
    ]
    assert {m.branch for m in path} == {ids[0]}
    assert path[1].finish_reason == "stop" and path[0].finish_reason == ""
    assert path[2].turn.conversation == id and path[2].turn.text == "How are you?"


def test_every_message_is_marked_until_memory_has_it(history):
    id, ids = dialogue(history, "one", "two")
    pending = history.marks.pending(OWNER)
    assert [(mark.turn.id, mark.state, mark.taken) for mark in pending] == [(one, "in", False) for one in ids]
    assert history.marks.owners() == [OWNER] and history.marks.count(OWNER) == 2
    assert history.marks.pending(OWNER, taken_only=True) == []
    assert history.marks.pending(OWNER, skip_conversations=[id]) == []
    history.marks.settled(pending[:1])
    assert [mark.turn.id for mark in history.marks.pending(OWNER)] == [ids[1]]
    assert [message.pending for message in history.path(OWNER, id)] == [False, True]


def test_editing_makes_a_branch_and_switching_brings_the_old_one_back(history):
    id, ids = dialogue(history, "q1", "a1", "q2", "a2", "q3", "a3")
    settle(history)
    new = history.add(OWNER, id, "user", "q2 edited", parent=ids[1])
    assert texts(history, id) == ["q1", "a1", "q2 edited"]
    assert marks(history) == {"q2": "inactive", "a2": "inactive", "q3": "inactive", "a3": "inactive", "q2 edited": "in"}
    assert (new.index, new.count, new.siblings) == (1, 2, (ids[2], new.id))
    assert new.branch == new.id and new.position == 2
    assert [m.count for m in history.path(OWNER, id)] == [1, 1, 2]
    reply = history.add(OWNER, id, "assistant", "a2 edited")
    assert reply.branch == new.id
    settle(history)

    history.switch_branch(OWNER, ids[2])
    assert texts(history, id) == ["q1", "a1", "q2", "a2", "q3", "a3"]
    assert marks(history) == {
        "q2": "in",
        "a2": "in",
        "q3": "in",
        "a3": "in",
        "q2 edited": "inactive",
        "a2 edited": "inactive",
    }
    assert all(mark.taken for mark in history.marks.pending(OWNER))


def test_switching_goes_back_to_where_a_nested_branch_was_left(history):
    id, ids = dialogue(history, "q1", "a1", "q2", "a2")
    second_reply = history.add(OWNER, id, "assistant", "a2 again", parent=ids[2])
    history.switch_branch(OWNER, ids[3])  # left on the first, older reply
    history.add(OWNER, id, "user", "q1 edited", parent=None)
    assert texts(history, id) == ["q1 edited"]
    history.switch_branch(OWNER, ids[0])
    assert texts(history, id) == ["q1", "a1", "q2", "a2"]
    assert history.message(OWNER, ids[3]).siblings == (ids[3], second_reply.id)


def test_a_mark_set_again_while_memory_was_busy_stays(history):
    id, ids = dialogue(history, "q1", "a1")
    taken = history.marks.pending(OWNER)
    history.add(OWNER, id, "assistant", "a1 again", parent=ids[0])  # meanwhile a1 became inactive
    history.marks.settled(taken)
    assert marks(history) == {"a1": "inactive", "a1 again": "in"}


def test_undo_takes_the_last_exchange_out_and_gives_its_text_back(history):
    id, ids = dialogue(history, "q1", "a1", "q2", "a2")
    other = history.add(OWNER, id, "assistant", "a2 again", parent=ids[2])
    settle(history)
    assert history.undo(OWNER, id) == "q2"
    assert texts(history, id) == ["q1", "a1"]
    deleted = {mark.turn.id for mark in history.marks.pending(OWNER) if mark.state == "deleted"}
    assert deleted == {ids[2], ids[3], other.id}
    with pytest.raises(NotFound):
        history.message(OWNER, ids[3])
    assert history.search(OWNER, "a2") == []
    assert history.undo(OWNER, id) == "q1"
    assert texts(history, id) == [] and history.conversation(OWNER, id).title == ""
    assert history.conversations(OWNER) == []
    with pytest.raises(BadInput):
        history.undo(OWNER, id)
    dialogue(history, "q1 anew", conversation=id)
    assert history.conversation(OWNER, id).title == "q1 anew"


def test_undo_of_a_first_message_goes_to_the_other_beginning(history):
    id, _ = dialogue(history, "q1", "a1")
    history.add(OWNER, id, "user", "other q1", parent=None)
    assert history.conversation(OWNER, id).title == "other q1"
    settle(history)
    assert history.undo(OWNER, id) == "other q1"
    assert texts(history, id) == ["q1", "a1"]
    assert history.conversation(OWNER, id).title == "q1"
    assert {text: state for text, state in marks(history).items() if state == "in"} == {"q1": "in", "a1": "in"}


def test_undo_of_a_message_without_a_reply(history):
    id, _ = dialogue(history, "q1", "a1", "q2")
    assert history.undo(OWNER, id) == "q2"
    assert texts(history, id) == ["q1", "a1"]


def test_deleted_texts_are_gone_at_once_and_rows_when_memory_has_let_go(history, engine):
    id, ids = dialogue(history, "a secret", "a reply")
    history.delete(OWNER, id)
    assert history.conversations(OWNER) == [] and history.search(OWNER, "secret") == []
    for call in (history.conversation, history.path, history.delete, history.undo):
        with pytest.raises(NotFound):
            call(OWNER, id)
    with engine.connect() as connection:
        assert set(connection.scalars(select(messages.c.text))) == {""}
    pending = history.marks.pending(OWNER)
    assert [(mark.turn.id, mark.state) for mark in pending] == [(ids[0], "deleted"), (ids[1], "deleted")]
    history.marks.settled(pending[:1])
    history.marks.settled(pending[1:])
    with engine.connect() as connection:
        assert [row for table in metadata.sorted_tables for row in connection.execute(table.select())] == []


def test_an_empty_conversation_is_deleted_without_a_trace(history, engine):
    history.delete(OWNER, history.create(OWNER, name="x").id)
    with engine.connect() as connection:
        assert [row for table in metadata.sorted_tables for row in connection.execute(table.select())] == []


def test_another_owners_ids_are_not_there(history):
    id, ids = dialogue(history, "mine", "yours")
    own, own_ids = dialogue(history, "theirs", owner="bob")
    for call in (
        lambda: history.conversation("bob", id),
        lambda: history.path("bob", id),
        lambda: history.rename("bob", id, "taken"),
        lambda: history.delete("bob", id),
        lambda: history.undo("bob", id),
        lambda: history.add("bob", id, "user", "intruder"),
        lambda: history.add("bob", own, "user", "intruder", parent=ids[1]),
        lambda: history.path("bob", own, ids[1]),
        lambda: history.message("bob", ids[0]),
        lambda: history.replies("bob", ids[0]),
        lambda: history.tail("bob", ids[1]),
        lambda: history.reads("bob", ids[1]),
        lambda: history.feedback("bob", ids[1], 1),
        lambda: history.switch_branch("bob", ids[0]),
    ):
        with pytest.raises(NotFound):
            call()
    assert texts(history, id) == ["mine", "yours"] and history.conversation(OWNER, id).title == "mine"
    assert [m.id for m in history.path("bob", own)] == own_ids
    assert history.search("bob", "yours") == [] and history.find_path("bob", path_hash([("user", "mine")])) == []
    assert [c.id for c in history.conversations("bob")] == [own]
    assert {mark.turn.text for mark in history.marks.pending("bob")} == {"theirs"}


def test_a_parent_of_another_conversation_is_refused(history):
    first, ids = dialogue(history, "a", "b")
    second, _ = dialogue(history, "c")
    with pytest.raises(NotFound):
        history.add(OWNER, second, "user", "d", parent=ids[1])
    assert texts(history, second) == ["c"] and texts(history, first) == ["a", "b"]


def test_listing_pages_with_the_last_change_first(history):
    ids = [dialogue(history, f"talk {n}")[0] for n in range(5)]
    dialogue(history, "again", conversation=ids[1])
    history.rename(OWNER, ids[0], "no change of order")
    listed = history.conversations(OWNER, limit=3) + history.conversations(OWNER, limit=3, offset=3)
    assert [c.id for c in listed] == [ids[1], ids[4], ids[3], ids[2], ids[0]]
    assert listed[0].updated > listed[1].updated > listed[0].created


def test_titles_follow_the_first_message_until_a_person_renames(history):
    id, ids = dialogue(history, "First  question\nwith lines", "a")
    assert history.conversation(OWNER, id).title == "First question with lines"
    history.add(OWNER, id, "user", "Second version", parent=None)
    assert history.conversation(OWNER, id).title == "Second version"
    history.switch_branch(OWNER, ids[0])
    assert history.conversation(OWNER, id).title == "First question with lines"
    assert history.rename(OWNER, id, "  My\nname ").title == "My name"
    history.add(OWNER, id, "user", "Third version", parent=None)
    assert history.conversation(OWNER, id).title == "My name"
    with pytest.raises(BadInput):
        history.rename(OWNER, id, " \n ")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("short", "short"),
        ("x" * 48, "x" * 48),
        ("x" * 60, "x" * 48 + "…"),
        (
            "My sister Anna moved to Lisbon in 2019 and works as a marine biologist.",
            "My sister Anna moved to Lisbon in 2019 and works…",
        ),
        (
            "请告诉我关于里斯本海洋生物学家的所有事情，特别是他们在二零一九年之后的工作。",
            "请告诉我关于里斯本海洋生物学家的所有事情…",
        ),
        ("里斯本" * 20, "里斯本" * 8 + "…"),
        ("e\u0301" * 60, "e\u0301" * 48 + "…"),
        ("x" * 45 + "👩‍👩‍👧‍👦 etc.", "x" * 45 + "…"),
        ("My **sister** has a `snake_case` [site](https://x.example/y)", "My sister has a snake_case site"),
        ("# Plan\n\n- tea, 2 * 3 cups\n- <b>rest</b>", "Plan tea, 2 * 3 cups <b>rest</b>"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("---", "---"),
        ("", ""),
    ],
)
def test_title_from(text, title):
    assert title_from(text) == title


def test_search_finds_all_words_in_a_title_or_a_message_of_the_active_branch(history):
    first, first_ids = dialogue(history, "Tell me about Lisbon", "It lies on the Tagus. 100% hills.", "My cat is Pixel")
    second, _ = dialogue(history, "我的妹妹住在里斯本", "好的")
    third, _ = dialogue(history, "hello")
    history.rename(OWNER, third, "Tagus notes")
    hits = history.search(OWNER, "tagus")
    assert [(hit.conversation.id, hit.message) for hit in hits] == [(third, ""), (first, first_ids[1])]
    assert hits[1].excerpt == "It lies on the Tagus. 100% hills."
    assert [hit.conversation.id for hit in history.search(OWNER, "里斯本")] == [second]
    assert [hit.conversation.id for hit in history.search(OWNER, "HILLS tagus")] == [first]
    assert history.search(OWNER, "pixel tagus") == [] and history.search(OWNER, " ") == []
    assert [hit.conversation.id for hit in history.search(OWNER, "%")] == [first]
    assert history.search(OWNER, "_") == []
    history.add(OWNER, first, "user", "My dog is Rex", parent=first_ids[1])
    assert history.search(OWNER, "pixel") == []
    assert len(history.search(OWNER, "tagus", limit=1)) == 1


def test_reads_are_kept_without_the_words_of_the_memory(history, engine):
    memory = Memory(
        "m1",
        "the secret words",
        "passage",
        5.0,
        container="d1",
        position=3,
        title="report.pdf",
        page=7,
        heading="a secret heading",
    )
    result = ReadResult("q", (Read(memory, 0.5, 0.75, cosine=0.4, bm25=2.0, window=1.0),), null_weight=0.25)
    id, _ = dialogue(history, "q")
    reply = history.add(OWNER, id, "assistant", "a", finish_reason="length", read=result)
    assert reply.null_weight == 0.25
    (read,) = history.reads(OWNER, reply.id)
    assert (read.id, read.weight, read.score, read.cosine, read.bm25, read.window) == ("m1", 0.75, 0.5, 0.4, 2.0, 1.0)
    assert (read.kind, read.container, read.position, read.title, read.page) == ("passage", "d1", 3, "report.pdf", 7)
    with engine.connect() as connection:
        kept = json.dumps(list(connection.scalars(select(messages.c.reads))))
    assert "m1" in kept and "secret" not in kept
    assert history.reads(OWNER, history.path(OWNER, id)[0].id) == ()


def test_where_the_decoder_looked_is_kept_and_rows_of_before_still_load(history, engine):
    id, (question,) = dialogue(history, "Where does she live?")
    read = ReadResult("q", (Read(Memory("sister", "She lives in Lisbon.", "note", 1.0), 0.5, 0.8),), null_weight=0.2)
    how = Conditioned("blocks", Trace("blocks", ("sister",), (2, 9, 20), ((0.1,), (0.4,), (0.9,))), {"sister": 4.0})
    reply = history.add(OWNER, id, "assistant", "In Lisbon", parent=question, read=read, how=how)
    (kept,) = history.reads(OWNER, reply.id)
    assert (kept.path, kept.attention, kept.words, kept.boost) == ("blocks", 0.25, ((3, 9, 0.4),), 4.0)
    history.kept_reads.set_effects(OWNER, reply.id, {"sister": 3.5, "not read": 1.0})
    assert [read.effect for read in history.reads(OWNER, reply.id)] == [3.5]

    fresh = ("path", "attention", "words", "effect", "boost", "outside")
    old = [{name: value for name, value in entry.items() if name not in fresh} for entry in reads_to_json(read)]
    with engine.begin() as connection:
        connection.execute(update(messages).where(messages.c.id == reply.id).values(reads=old))
    (kept,) = history.reads(OWNER, reply.id)
    assert (kept.path, kept.attention, kept.words, kept.effect, kept.boost) == ("", None, (), None, 1.0)
    history.kept_reads.set_effects(OWNER, reply.id, {"sister": -1.0})
    assert [read.effect for read in history.reads(OWNER, reply.id)] == [-1.0]


def test_the_reads_of_many_replies_come_at_once_and_of_nobody_else(history):
    read = ReadResult("q", (Read(Memory("m1", "text", "note", 1.0), 0.5, 0.4),), 0.2)
    id, (asked,) = dialogue(history, "q1")
    replies = [history.add(OWNER, id, "assistant", "a", parent=asked, read=read).id for _ in range(3)]
    many = history.kept_reads.of_many(OWNER, [*replies, asked, "unknown"])
    assert many == {reply: history.reads(OWNER, reply) for reply in replies}
    assert history.kept_reads.of_many("bob", replies) == {}


def test_hops_are_kept_and_rows_of_before_still_load(history, engine):
    city, sister = (Memory(id, id, "note", 5.0) for id in ("city", "sister"))
    result = ReadResult("q", (Read(sister, 0.5, 0.5), Read(city, 0.5, 0.25, hop=1, because="sister")), null_weight=0.25)
    id, _ = dialogue(history, "q")
    reply = history.add(OWNER, id, "assistant", "a", finish_reason="stop", read=result)
    assert [(read.hop, read.because) for read in history.reads(OWNER, reply.id)] == [(0, ""), (1, "sister")]
    old = [
        {name: value for name, value in read.items() if name not in ("hop", "because")} | {"inferred": "q? a."}
        for read in reads_to_json(result)
    ]
    with engine.begin() as connection:
        connection.execute(update(messages).where(messages.c.id == reply.id).values(reads=old))
    reads = history.reads(OWNER, reply.id)
    assert [(read.id, read.weight, read.hop, read.because) for read in reads] == [
        ("sister", 0.5, 0, ""),
        ("city", 0.25, 0, ""),
    ]


def test_feedback(history):
    id, ids = dialogue(history, "q", "a")
    for value in (1, -1, None):
        history.feedback(OWNER, ids[1], value)
        assert history.message(OWNER, ids[1]).feedback == value
    with pytest.raises(BadInput):
        history.feedback(OWNER, ids[1], 2)


def test_a_path_is_found_by_the_hash_of_its_texts(history):
    id, ids = dialogue(history, "hello", "hi", "more", "less")
    wanted = path_hash([("user", "hello"), ("assistant", " hi\n")])
    assert [m.id for m in history.find_path(OWNER, wanted)] == [ids[1]]
    other, other_ids = dialogue(history, "hello", "hi")
    assert [m.id for m in history.find_path(OWNER, wanted)] == [other_ids[1], ids[1]]  # ends a branch: first
    dialogue(history, "on", conversation=other)
    history.add(OWNER, id, "user", "elsewhere", parent=None)
    history.undo(OWNER, other)
    assert [m.id for m in history.find_path(OWNER, wanted)][0] == other_ids[1]
    history.delete(OWNER, other)
    assert [m.id for m in history.find_path(OWNER, wanted)] == [ids[1]]
    assert path_hash([("user", "a"), ("user", "b")]) != path_hash([("user", "a\nuser\nb")])


def test_a_name_belongs_to_one_conversation_of_an_owner(history):
    first = history.create(OWNER, name="talk")
    assert history.create(OWNER, name="talk").id == first.id
    assert history.create("bob", name="talk").id != first.id
    assert history.named(OWNER, "talk") == first and first.name == "talk"
    assert history.named(OWNER, "other") is None
    history.delete(OWNER, first.id)
    assert history.named(OWNER, "talk") is None
    assert history.create(OWNER, name="talk").id != first.id


def test_long_dialogues_are_read_with_few_queries(history, engine):
    id = history.create(OWNER).id
    rows, parent = [], None
    for n in range(3000):
        role = "assistant" if n % 2 else "user"
        rows.append(
            {
                "id": f"m{n}",
                "conversation": id,
                "owner": OWNER,
                "parent": parent,
                "role": role,
                "text": f"text {n}",
                "created": float(n),
                "position": n,
                "branch": "m0",
                "finish_reason": "",
                "path_hash": str(n),
                "memory_pending": False,
                "memory_state": "in",
                "memory_taken": True,
            }
        )
        parent = f"m{n}"
    with engine.begin() as connection:
        connection.execute(messages.insert(), rows)
    last = history.add(OWNER, id, "user", "the last", parent=parent)
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    path = history.path(OWNER, id)
    assert len(path) == 3001 and path[-1].text == "the last" and path[1500].text == "text 1500"
    assert len([statement for statement in seen if statement.startswith("SELECT")]) <= 3
    tail = history.tail(OWNER, last.id)
    assert [m.id for m in tail] == [m.id for m in path[-len(tail) :]]
    assert 256 <= len(tail) < 256 + 64 and tail[0].position % 64 == 0
    assert [m.id for m in history.tail(OWNER, "m9")] == [f"m{n}" for n in range(10)]
    history.switch_branch(OWNER, "m10")
    history.delete(OWNER, id)
    while pending := history.marks.pending(OWNER):
        history.marks.settled(pending)
    with engine.connect() as connection:
        assert connection.execute(messages.select()).all() == []


# ---- corrections -----------------------------------------------------------------------------------------


def test_a_correction_keeps_what_came_after_it(history):
    id, ids = dialogue(history, "q1", "a1", "q2", "a2")
    settle(history)
    new = history.revise(OWNER, ids[1], "a1 corrected")
    assert texts(history, id) == ["q1", "a1 corrected", "q2", "a2"]
    assert marks(history) == {"a1": "inactive", "a1 corrected": "in"}
    assert (new.position, new.index, new.count) == (1, 1, 2)
    path = history.path(OWNER, id)
    assert len({message.branch for message in path}) == 1
    assert [message.correction for message in path] == [False, True, False, False]
    settle(history)
    history.add(OWNER, id, "user", "q3")
    assert texts(history, id) == ["q1", "a1 corrected", "q2", "a2", "q3"]
    settle(history)

    history.switch_branch(OWNER, ids[1])  # back to the original wording: the same continuation
    assert texts(history, id) == ["q1", "a1", "q2", "a2", "q3"]
    assert marks(history) == {"a1": "in", "a1 corrected": "inactive"}
    history.switch_branch(OWNER, new.id)
    assert texts(history, id) == ["q1", "a1 corrected", "q2", "a2", "q3"]
    assert history.undo(OWNER, id) == "q3"
    assert history.undo(OWNER, id) == "q2"
    assert texts(history, id) == ["q1", "a1 corrected"]
    assert history.undo(OWNER, id) == "q1"
    assert marks(history) == dict.fromkeys(marks(history), "deleted")


def test_corrections_of_corrections_and_of_the_last_reply_share_one_place(history):
    id, ids = dialogue(history, "q1", "a1", "q2", "a2")
    second = history.revise(OWNER, ids[3], "a2 corrected")
    first = history.revise(OWNER, ids[1], "a1 corrected")
    again = history.revise(OWNER, first.id, "a1 corrected again")
    assert texts(history, id) == ["q1", "a1 corrected again", "q2", "a2 corrected"]
    assert again.siblings == (ids[1], first.id, again.id)
    history.switch_branch(OWNER, ids[1])
    assert texts(history, id) == ["q1", "a1", "q2", "a2 corrected"]
    assert [message.count for message in history.path(OWNER, id)] == [1, 3, 1, 2]
    history.switch_branch(OWNER, first.id)
    history.switch_branch(OWNER, ids[3])
    assert texts(history, id) == ["q1", "a1 corrected", "q2", "a2"]
    assert history.message(OWNER, second.id).siblings == (ids[3], second.id)


def test_a_correction_leaves_real_branches_as_they_are(history):
    id, ids = dialogue(history, "q1", "a1", "q2", "a2")
    history.add(OWNER, id, "user", "q2 edited", parent=ids[1])
    history.add(OWNER, id, "assistant", "a2 edited")
    new = history.revise(OWNER, ids[1], "a1 corrected")
    assert texts(history, id) == ["q1", "a1 corrected", "q2 edited", "a2 edited"]
    history.switch_branch(OWNER, ids[2])
    assert texts(history, id) == ["q1", "a1 corrected", "q2", "a2"]
    history.switch_branch(OWNER, ids[1])
    assert texts(history, id) == ["q1", "a1", "q2", "a2"]  # left on the older of the two
    other = history.add(OWNER, id, "assistant", "a1 again", parent=ids[0])
    assert texts(history, id) == ["q1", "a1 again"] and other.branch == other.id
    history.switch_branch(OWNER, new.id)  # from another reply to the wording that did not stand
    assert texts(history, id) == ["q1", "a1 corrected", "q2", "a2"]


def test_a_program_that_knows_of_no_correction_goes_on_where_the_dialogue_goes_on(history):
    id, ids = dialogue(history, "q1", "a1")
    new = history.revise(OWNER, ids[1], "a1 corrected")
    held = [("user", "q1"), ("assistant", "a1")]
    (found,) = history.find_path(OWNER, path_hash(held))
    asked = history.add(OWNER, id, "user", "q2", parent=found.id)
    assert texts(history, id) == ["q1", "a1 corrected", "q2"] and asked.parent == new.id
    history.add(OWNER, id, "assistant", "a2")
    held += [("user", "q2"), ("assistant", "a2")]
    history.revise(OWNER, new.id, "a1 corrected again")
    (found,) = history.find_path(OWNER, path_hash(held))
    assert found.id == history.conversation(OWNER, id).leaf


def test_how_many_messages_leave_memory_is_known_before_they_do(history):
    id, ids = dialogue(history, "q1", "a1", "q2", "a2", "q3", "a3")
    assert [history.leaving(OWNER, one) for one in ids] == [5, 4, 3, 2, 0, 0]
    corrected = history.revise(OWNER, ids[1], "a1 corrected").id
    assert history.leaving(OWNER, corrected, ids[1]) == 0  # they share what follows
    edited = history.add(OWNER, id, "user", "q2 edited", parent=corrected).id
    assert history.leaving(OWNER, ids[2]) == 0  # it has left already
    history.add(OWNER, id, "assistant", "a2 edited")
    assert history.leaving(OWNER, edited, ids[2]) == 0  # nothing behind but its own reply
    history.switch_branch(OWNER, ids[2])
    assert history.leaving(OWNER, ids[2], edited) == 3
    with pytest.raises(NotFound):
        history.leaving("bob", ids[2])
