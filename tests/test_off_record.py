"""What is said while memory is paused, and temporary chats: never in memory, also not after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_app.dialogue.temporary_chats import TemporaryChats
from knowledge.errors import NotFound
from knowledge.records import MemoryRead, ReplySaved
from tests.fakes import GREEDY
from tests.test_conversation import OWNER, Setup

CODE = "The code of the safe is 4711."


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    setup = Setup(f"sqlite:///{tmp_path}/mneme.sqlite3")
    yield setup
    setup.engine.dispose()


@pytest.fixture
def paused(setup: Setup) -> str:
    """A conversation that told of Anna before memory was paused in it."""
    setup.say("Anna lives in Lisbon.")
    id = setup.history.conversations(OWNER)[0].id
    setup.history.pause(OWNER, id, True)
    return id


def read_of(events: list[object]) -> MemoryRead:
    return next(event for event in events if isinstance(event, MemoryRead))


def test_paused_nothing_is_read_and_nothing_becomes_a_memory(setup: Setup, paused: str) -> None:
    before = setup.net.texts(OWNER)
    assert any("Lisbon" in text for text in before)
    assert read_of(setup.say("Where does Anna live? " + CODE, paused)).result.reads == ()
    assert setup.net.texts(OWNER) == before and setup.pending() == []
    assert CODE in setup.texts(paused)[2]
    assert [one.off_record for one in setup.history.path(OWNER, paused)] == [False, False, True, True]
    setup.history.pause(OWNER, paused, False)
    assert read_of(setup.say("Where does Anna live?", paused)).result.reads
    assert not any("4711" in text for text in setup.net.texts(OWNER))


def test_neither_a_branch_nor_a_restart_nor_a_correction_brings_it_in(setup: Setup, paused: str) -> None:
    setup.say(CODE, paused)
    said, reply = setup.history.path(OWNER, paused)[2:]
    setup.history.pause(OWNER, paused, False)
    list(setup.talk.edit(OWNER, paused, said.id, "Something else."))
    setup.network = None  # the switch is committed, and the end comes before memory follows
    setup.talk.switch_branch(OWNER, paused, said.id)
    assert setup.pending() != []
    setup.__init__(str(setup.engine.url))  # type: ignore[misc]  # a restart
    setup.talk.recover()
    assert setup.pending() == [] and not any("4711" in text for text in setup.net.texts(OWNER))
    revised = setup.talk.revise(OWNER, paused, reply.id, "Yes, 4711 it is.")
    again = next(e for e in setup.talk.regenerate(OWNER, paused) if isinstance(e, ReplySaved))
    assert revised.off_record and setup.history.message(OWNER, again.turn.id).off_record
    assert not any("4711" in text for text in setup.net.texts(OWNER))


def test_a_correction_while_paused_stays_off_the_record(setup: Setup, paused: str) -> None:
    reply = setup.history.path(OWNER, paused)[1]
    setup.talk.revise(OWNER, paused, reply.id, CODE)
    assert not any("4711" in text for text in setup.net.texts(OWNER))


def test_a_temporary_chat_is_nowhere_but_here_and_gone_when_closed(setup: Setup) -> None:
    setup.say("Anna lives in Lisbon.")
    before = setup.net.texts(OWNER)
    chats = TemporaryChats(setup.ready, setup.talk.running, sampling=GREEDY, clock=lambda: 9.0)
    id = chats.open(OWNER, "page")
    events = list(chats.conversations.send(OWNER, "Where does Anna live? " + CODE, conversation=id))
    assert read_of(events).result.reads == ()
    assert len(chats.conversations.history.path(OWNER, id)) == 2
    with pytest.raises(NotFound):
        chats.conversations.history.path("bob", id)
    list(chats.conversations.regenerate(OWNER, id))
    chats.conversations.undo(OWNER, id)
    assert chats.conversations.history.path(OWNER, id) == []
    list(chats.conversations.send(OWNER, CODE, conversation=id))
    assert setup.net.texts(OWNER) == before and len(setup.history.conversations(OWNER)) == 1
    assert b"4711" not in b"".join(one.read_bytes() for one in Path(setup.engine.url.database or "").parent.iterdir())
    second = chats.open(OWNER, "page")  # another one in its place
    assert not chats.has(id) and chats.has(second)
    with pytest.raises(NotFound):
        chats.conversations.history.conversation(OWNER, id)
    chats.close("page")
    assert not chats.has(second)
    chats.close_all()
