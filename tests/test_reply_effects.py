"""What memories did to a reply: put together again as it was, measured, kept; and boosted reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chat_app.dialogue.conversation import Conversations
from chat_app.history.history import History
from knowledge.errors import BadInput, ModelError, NotFound
from knowledge.memory.database import open_database
from knowledge.read.pipeline import boosted
from knowledge.records import Acts, Memory, MemoryRead, Read, ReadResult, ReplySaved
from tests.fakes import GREEDY, FakeNetwork

OWNER = "anna"


class Setup:
    """Dialogues whose decoder runs here, with two notes in memory."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url)
        self.history = History(self.engine)
        self.net = FakeNetwork(path="blocks")
        self.talk = Conversations(self.history, lambda: self.net, reads=3, sampling=GREEDY, clock=lambda: 99.0)
        self.net.remember(OWNER, "my sister lives in lisbon")
        self.net.remember(OWNER, "my dog is called rex")

    def say(self, text: str, conversation: str | None = None, **more: object) -> tuple[str, str]:
        """→ ids of the conversation and of the reply."""
        events = list(self.talk.send(OWNER, text, conversation=conversation, **more))  # type: ignore[arg-type]
        turn = next(event.turn for event in events if isinstance(event, ReplySaved))
        return turn.conversation, turn.id

    def effects(self, reply: str) -> list[float | None]:
        return [read.effect for read in self.history.reads(OWNER, reply)]

    def measured(self, reply: str) -> None:
        """Wait until idle work has measured a reply."""
        for _ in range(1000):
            if None not in self.effects(reply):
                return
            threading.Event().wait(0.01)
        raise AssertionError("not measured")


@pytest.fixture
def setup(tmp_path) -> Iterator[Setup]:
    setup = Setup(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    yield setup
    setup.net.idle.close()
    setup.engine.dispose()


def test_a_reply_keeps_its_way_where_the_decoder_looked_and_with_which_words(setup: Setup) -> None:
    _, reply = setup.say("where is my sister")
    reads = setup.history.reads(OWNER, reply)
    assert [read.path for read in reads] == ["blocks"] * 2 and [read.boost for read in reads] == [1.0] * 2
    assert [read.attention for read in reads] == [0.25, 0.25]
    text = setup.history.message(OWNER, reply).text
    assert [text[start:end] for start, end, _ in reads[0].words] == text.split()


def test_effects_come_by_themselves_when_idle_and_the_reply_is_put_together_as_it_was(setup: Setup) -> None:
    conversation, reply = setup.say("where is my sister")
    setup.measured(reply)
    setup.say("and my dog", conversation)  # what came later has nothing to do with it
    made = setup.net.requests[0]
    again = setup.talk.reply_effects.measure(OWNER, conversation, reply)
    assert again == {read.memory.id: pytest.approx(10 * read.weight - 1) for read in made.reads}
    assert list(again.values()) == setup.effects(reply)
    request, text = setup.net.measured[0]
    assert (list(request.dialogue), request.key, request.owner) == (list(made.dialogue), conversation, OWNER)
    assert [(one.memory.text, one.weight, one.score) for one in request.reads] == [
        (one.memory.text, one.weight, one.score) for one in made.reads
    ]
    assert text == setup.history.message(OWNER, reply).text
    same = [measured.dialogue for measured, said in setup.net.measured if said == text]
    assert [[turn.text for turn in dialogue] for dialogue in same] == [["where is my sister"]] * 2


def test_a_reply_made_without_the_chat_before_it_is_measured_without_it(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, own = setup.net.read, Acts(asks_own=0.9)
    monkeypatch.setattr(setup.net, "read", lambda *given, **more: replace(read(*given, **more), acts=own))
    setup.net.checks = True
    conversation, _ = setup.say("my sister is fun")
    _, reply = setup.say("where is my sister", conversation)
    setup.measured(reply)
    dialogues = [[turn.text for turn in request.dialogue] for request, _ in setup.net.measured]
    assert ["where is my sister"] in dialogues  # in whichever order both replies are measured
    assert all("where is my sister" not in texts or len(texts) == 1 for texts in dialogues)


def test_memories_are_as_they_are_now_and_deleted_ones_are_left_out(setup: Setup) -> None:
    conversation, reply = setup.say("where is my sister")
    setup.measured(reply)
    setup.net.edit(OWNER, "note-0", "my sister lives in porto")
    setup.net.store.delete(OWNER, ["note-1"])
    assert setup.talk.reply_effects.measure(OWNER, conversation, reply).keys() == {"note-0"}
    assert setup.net.measured[-1][0].reads[0].memory.text == "my sister lives in porto"
    setup.net.store.delete(OWNER, ["note-0"])
    with pytest.raises(BadInput):
        setup.talk.reply_effects.measure(OWNER, conversation, reply)


def test_a_message_stops_the_measuring_and_it_goes_on_later(setup: Setup) -> None:
    begun, stops = threading.Event(), []

    def wait_for_the_stop(stop: threading.Event) -> None:
        stops.append(stop)
        if len(stops) == 1:
            begun.set()
            assert stop.wait(10)

    setup.net.while_measuring = wait_for_the_stop
    conversation, reply = setup.say("where is my sister")
    assert begun.wait(10)
    assert setup.talk.reply_effects.state(OWNER, reply, setup.history.reads(OWNER, reply)) == "running"
    _, second = setup.say("and my dog", conversation)
    setup.measured(reply)
    setup.measured(second)
    assert setup.talk.reply_effects.state(OWNER, reply, setup.history.reads(OWNER, reply)) == "measured"


def test_a_failure_is_told_and_can_be_tried_again(setup: Setup) -> None:
    def fail(stop: threading.Event) -> None:
        raise ModelError("broken")

    setup.net.while_measuring = fail
    _, reply = setup.say("where is my sister")
    reads = setup.history.reads(OWNER, reply)
    for _ in range(1000):
        if setup.talk.reply_effects.state(OWNER, reply, reads) == "failed":
            break
        threading.Event().wait(0.01)
    else:
        raise AssertionError("not failed")
    setup.net.while_measuring = lambda stop: None
    setup.talk.reply_effects.later(OWNER, setup.history.message(OWNER, reply), asked=True)
    setup.measured(reply)


@pytest.mark.parametrize("what", ["endpoint", "other path", "program"])
def test_what_cannot_be_measured_is_not(setup: Setup, what: str) -> None:
    setup.net.path = "endpoint" if what == "endpoint" else "blocks"
    more = {"system": "You are a parrot."} if what == "program" else {}
    with setup.net.idle.held():
        conversation, reply = setup.say("where is my sister", **more)
        if what == "other path":
            setup.net.path = "prompt"
    reads = setup.history.reads(OWNER, reply)
    assert reads and setup.talk.reply_effects.state(OWNER, reply, reads) == "closed"
    with pytest.raises(BadInput):
        setup.talk.reply_effects.measure(OWNER, conversation, reply)
    setup.talk.reply_effects.later(OWNER, setup.history.message(OWNER, reply), asked=True)
    setup.net.idle.close()
    assert setup.net.measured == [] and setup.effects(reply) == [None, None]
    if what == "endpoint":
        assert (reads[0].path, reads[0].attention, reads[0].words) == ("endpoint", None, ())


def test_effects_are_the_owners(setup: Setup) -> None:
    conversation, reply = setup.say("where is my sister")
    setup.measured(reply)
    for owner, place in (("bob", conversation), (OWNER, "another conversation")):
        with pytest.raises(NotFound):
            setup.talk.reply_effects.measure(owner, place, reply)
    with pytest.raises(NotFound):
        setup.history.kept_reads.set_effects("bob", reply, {"note-0": 99.0})
    assert 99.0 not in setup.effects(reply)


def test_a_boost_is_for_one_reply_and_greedy_stays_greedy(setup: Setup) -> None:
    conversation, reply = setup.say("where is my sister")
    events = list(setup.talk.regenerate(OWNER, conversation, reply, sampling=GREEDY, boost={"note-1": 4.0}))
    read = next(event.result for event in events if isinstance(event, MemoryRead))
    assert [(one.memory.id, one.weight) for one in read.reads] == [
        ("note-1", pytest.approx(4 / 6)),
        ("note-0", pytest.approx(1 / 6)),
    ]
    assert setup.net.requests[-1].sampling == GREEDY
    second = next(event.turn.id for event in events if isinstance(event, ReplySaved))
    assert {one.id: one.boost for one in setup.history.reads(OWNER, second)} == {"note-1": 4.0, "note-0": 1.0}
    events = list(setup.talk.regenerate(OWNER, conversation, second, sampling=GREEDY))
    read = next(event.result for event in events if isinstance(event, MemoryRead))
    assert [one.weight for one in read.reads] == [pytest.approx(1 / 3)] * 2


def test_boosting_renormalises_with_the_null_slot() -> None:
    memories = [Memory(id, id, "note", 1.0) for id in "ab"]
    result = ReadResult("?", (Read(memories[0], 0.9, 0.6), Read(memories[1], 0.2, 0.1)), null_weight=0.3)
    changed = boosted(result, {"b": 10.0, "not read": 4.0})
    assert [read.memory.id for read in changed.reads] == ["b", "a"]
    assert sum(read.weight for read in changed.reads) + changed.null_weight == pytest.approx(1.0)
    assert changed.reads[0].weight / changed.reads[1].weight == pytest.approx(10 * 0.1 / 0.6)
    assert [read.score for read in changed.reads] == [0.2, 0.9]
    assert boosted(result, {}) is result
