"""One dialogue: read → reply → write, with a hand-written network and a real history."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from chat_app.dialogue.conversation import Conversations
from chat_app.dialogue.message_text import MOST_CHARACTERS
from chat_app.dialogue.running_replies import StillReplying
from chat_app.dialogue.stop_sequences import cut_at
from chat_app.history.history import History
from chat_app.history.marks import Mark
from knowledge.errors import BadInput, EndpointError, ModelError, NotFound, NotReady, StoreError
from knowledge.memory.database import open_database
from knowledge.records import (
    MemoryRead,
    MemoryWritten,
    ReplyDone,
    ReplyEvent,
    ReplyRequest,
    ReplySaved,
    TextDelta,
    Turn,
    UserSaved,
)
from tests.fakes import GREEDY, FakeNetwork

OWNER = "anna"


class Setup:
    """A history on disk, a fake network that can be away, and the dialogues over both."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url)
        self.history = History(self.engine)
        self.network: FakeNetwork | None = FakeNetwork()
        self.talk = Conversations(self.history, self.ready, reads=3, sampling=GREEDY, clock=lambda: 99.0)

    def ready(self) -> FakeNetwork:
        if self.network is None:
            raise NotReady("Still loading.")
        return self.network

    @property
    def net(self) -> FakeNetwork:
        assert self.network is not None
        return self.network

    def say(self, text: str, conversation: str | None = None, **more: object) -> list[ReplyEvent]:
        return list(self.talk.send(OWNER, text, conversation=conversation, **more))  # type: ignore[arg-type]

    def texts(self, conversation: str) -> list[str]:
        return [message.text for message in self.history.path(OWNER, conversation)]

    def pending(self) -> list[Mark]:
        return self.history.marks.pending(OWNER)


@pytest.fixture
def setup(tmp_path) -> Iterator[Setup]:
    setup = Setup(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    yield setup
    setup.engine.dispose()


def shown(events: Sequence[ReplyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def id_of(events: Sequence[ReplyEvent]) -> str:
    return next(event for event in events if isinstance(event, UserSaved)).turn.conversation


def until(events: Iterator[ReplyEvent], kind: type) -> ReplyEvent:
    return next(event for event in events if isinstance(event, kind))


def test_a_turn_is_saved_read_replied_saved_written(setup):
    setup.net.say = lambda request: ["one ", "two ", "three"]
    events = setup.say("hello")
    assert [type(event) for event in events] == [
        UserSaved,
        MemoryRead,
        TextDelta,
        TextDelta,
        TextDelta,
        ReplySaved,
        MemoryWritten,
    ]
    assert shown(events) == "one two three"
    conversation = id_of(events)
    path = setup.history.path(OWNER, conversation)
    assert [(m.role, m.text, m.finish_reason) for m in path] == [
        ("user", "hello", ""),
        ("assistant", "one two three", "stop"),
    ]
    assert events[-1] == MemoryWritten(tuple(f"{OWNER}/{m.id}" for m in path))
    assert events[-2].turn == path[1].turn and events[-2].usage.completion_tokens == 3
    assert setup.net.texts(OWNER) == ["hello", "one two three"] and setup.pending() == []
    assert setup.history.conversation(OWNER, conversation).title == "hello"


def test_history_is_ahead_of_memory_and_of_what_is_shown(setup):
    setup.net.say = lambda request: ["one ", "two"]
    in_history: list[list[str]] = []
    events = setup.talk.send(OWNER, "hello")
    conversation = until(events, UserSaved).turn.conversation
    setup.net.before_write = lambda: in_history.append(setup.texts(conversation))
    assert setup.texts(conversation) == ["hello"] and setup.net.texts(OWNER) == []
    assert shown([until(events, TextDelta)]) == "one "
    assert setup.texts(conversation) == ["hello"]  # the reply is not whole on the screen, and not in history
    assert shown([until(events, TextDelta)]) == "two"
    assert setup.texts(conversation) == ["hello", "one two"]
    assert [mark.turn.text for mark in setup.pending()] == ["hello", "one two"] and setup.net.texts(OWNER) == []
    list(events)
    assert in_history == [["hello", "one two"]]


def test_a_follow_up_gets_the_dialogue_and_does_not_read_replies_that_the_decoder_sees(setup):
    setup.net.window = 3
    conversation = id_of(setup.say("i have cats"))
    setup.say("dogs bark at cats", conversation)
    setup.say("do cats bark", conversation, system="Be brief.")
    request = setup.net.requests[-1]
    assert [turn.text for turn in request.dialogue] == [
        "i have cats",
        "Re: i have cats",
        "dogs bark at cats",
        "Re: dogs bark at cats",
        "do cats bark",
    ]
    assert (request.system, request.key, request.sampling) == ("Be brief.", conversation, GREEDY)
    path = setup.history.path(OWNER, conversation)
    assert setup.net.excluded[-1] == {f"{OWNER}/{m.id}" for m in path[3:5]}
    # What the person told is read although it stands in the window; what left it is read whoever said it; both count.
    assert [read.memory.text for read in request.reads] == ["i have cats", "Re: i have cats", "dogs bark at cats"]
    counted = [(memory.read_count, memory.last_read) for memory in setup.net.store.of(OWNER).values()]
    assert counted[:4] == [(2, 99.0), (1, 99.0), (1, 99.0), (0, None)]
    reads = setup.history.reads(OWNER, path[5].id)
    assert [read.id for read in reads] == [f"{OWNER}/{message.id}" for message in path[:3]]
    assert path[5].null_weight == pytest.approx(1 / 4)


def test_memory_of_one_conversation_is_read_in_another(setup):
    setup.say("anna lives in lisbon")
    events = setup.say("where is lisbon")
    assert next(e for e in events if isinstance(e, MemoryRead)).result.reads[0].memory.text == "anna lives in lisbon"


@pytest.mark.parametrize("text", ["", "  \n\t ", "x" * (MOST_CHARACTERS + 1)])
def test_texts_that_are_refused(setup, text):
    with pytest.raises(BadInput):
        setup.talk.send(OWNER, text)
    assert setup.history.conversations(OWNER) == []
    with pytest.raises(BadInput, match="32,001"):
        setup.talk.send(OWNER, "x" * 32_001)


def test_texts_that_a_database_would_refuse(setup):
    conversation = id_of(setup.say("half \ud800 and \0 nul"))
    assert setup.texts(conversation)[0] == "half ? and  nul"


def test_stop_keeps_what_is_there(setup):
    def endless(request: ReplyRequest) -> Iterator[str]:
        while True:
            yield "word "

    setup.net.say = endless
    events = setup.talk.send(OWNER, "go")
    seen = [next(events), next(events), next(events)]
    conversation = id_of(seen)
    assert setup.talk.stop(OWNER, conversation) is True
    seen += list(events)
    (saved,) = [event for event in seen if isinstance(event, ReplySaved)]
    assert saved.finish_reason == "stopped" and saved.turn.text == shown(seen) != ""
    assert setup.net.texts(OWNER) == ["go", saved.turn.text] and setup.pending() == []
    assert setup.talk.stop(OWNER, conversation) is False
    assert setup.net.closed == 1


def test_stop_before_the_first_word_leaves_the_question(setup):
    events = setup.talk.send(OWNER, "go")
    conversation = until(events, MemoryRead) and setup.history.conversations(OWNER)[0].id
    setup.talk.stop(OWNER, conversation)
    assert [type(event) for event in events] == [MemoryWritten]
    assert setup.texts(conversation) == ["go"] and setup.net.texts(OWNER) == ["go"]
    assert shown(list(setup.talk.regenerate(OWNER, conversation))) == "Re: go"
    assert setup.net.requests[-1].sampling == GREEDY  # nothing to differ from
    assert setup.texts(conversation) == ["go", "Re: go"]


@pytest.mark.parametrize("steps", range(1, 8))
def test_a_page_that_goes_away_at_any_moment_leaves_history_and_memory_alike(setup, steps):
    setup.net.say = lambda request: ["one ", "two ", "three"]
    events = setup.talk.send(OWNER, "hello")
    seen = [next(events) for _ in range(steps)]
    events.close()
    conversation = id_of(seen)
    texts = setup.texts(conversation)
    assert texts[0] == "hello" and "".join(texts[1:]).startswith(shown(seen))
    assert setup.net.texts(OWNER) == texts and setup.pending() == []
    assert [m.finish_reason for m in setup.history.path(OWNER, conversation)[1:]] == {
        1: [],
        2: [],
        3: ["stopped"],
        4: ["stopped"],
        5: ["stop"],
        6: ["stop"],
        7: ["stop"],
    }[steps]
    assert setup.net.closed == (1 if steps > 2 else 0)
    setup.say("again", conversation)  # nothing is left under way


def test_an_error_of_the_decoder_leaves_the_question_and_regenerating_works(setup):
    setup.net.say = lambda request: ["some ", "text ", EndpointError("The endpoint is away.")]
    events = setup.talk.send(OWNER, "hello")
    conversation = until(events, UserSaved).turn.conversation
    with pytest.raises(EndpointError):
        list(events)
    assert setup.texts(conversation) == ["hello"] and setup.net.texts(OWNER) == ["hello"]
    setup.net.say = lambda request: [ValueError("a bug")]
    with pytest.raises(ModelError) as wrapped:
        list(setup.talk.regenerate(OWNER, conversation))
    assert isinstance(wrapped.value.__cause__, ValueError)
    setup.net.say = lambda request: ["better"]
    assert shown(list(setup.talk.regenerate(OWNER, conversation))) == "better"
    assert setup.texts(conversation) == ["hello", "better"] == setup.net.texts(OWNER)


def test_a_decoder_that_breaks_off_is_an_error(setup):
    class Broken(FakeNetwork):
        def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[TextDelta]:
            return iter([TextDelta("half a sen")])

    setup.network = Broken()
    with pytest.raises(ModelError, match="broke off"):
        setup.say("hello")


def test_an_error_of_memory_leaves_the_marks_and_the_next_turn_carries_them_out(setup):
    def fail() -> None:
        raise StoreError("The disk is full.")

    setup.net.before_write = fail
    events = setup.talk.send(OWNER, "hello")
    conversation = until(events, UserSaved).turn.conversation
    with pytest.raises(StoreError):
        list(events)
    assert setup.texts(conversation) == ["hello", "Re: hello"] and len(setup.pending()) == 2
    setup.net.before_write = lambda: None
    setup.say("more", conversation)
    assert setup.net.texts(OWNER) == ["hello", "Re: hello", "more", "Re: more"] and setup.pending() == []


def test_nothing_is_said_before_the_models_are_loaded(setup):
    setup.network = None
    with pytest.raises(NotReady):
        setup.say("hello")
    assert setup.history.conversations(OWNER) == [] and setup.pending() == []


def test_one_reply_at_a_time_in_a_conversation_but_not_in_all(setup):
    events = setup.talk.send(OWNER, "first")
    conversation = until(events, MemoryRead) and setup.history.conversations(OWNER)[0].id
    other = next(event for event in setup.talk.send(OWNER, "first") if isinstance(event, UserSaved)).turn
    for call in (
        lambda: setup.say("second", conversation),
        lambda: list(setup.talk.regenerate(OWNER, conversation)),
        lambda: setup.talk.undo(OWNER, conversation),
        lambda: setup.talk.switch_branch(OWNER, conversation, other.id),
        lambda: list(setup.talk.edit(OWNER, conversation, setup.history.path(OWNER, conversation)[0].id, "x")),
    ):
        with pytest.raises(StillReplying):
            call()
    assert setup.talk.busy(conversation)
    assert setup.say("elsewhere")
    list(events)
    assert not setup.talk.busy(conversation) and setup.texts(conversation) == ["first", "Re: first"]


def test_regenerating_makes_a_sibling_that_differs_and_takes_its_place_in_memory(setup):
    conversation = id_of(setup.say("tell me about cats"))
    old = setup.history.path(OWNER, conversation)[1]
    setup.net.say = lambda request: ["Another reply"]
    events = list(setup.talk.regenerate(OWNER, conversation, old.id))
    assert [type(event) for event in events] == [UserSaved, MemoryRead, TextDelta, ReplySaved, MemoryWritten]
    sampling = setup.net.requests[-1].sampling
    assert sampling.temperature == 0.7 and sampling.seed is not None
    assert sampling == replace(GREEDY, temperature=0.7, seed=sampling.seed)
    assert f"{OWNER}/{old.id}" in setup.net.excluded[-1]
    assert [turn.text for turn in setup.net.requests[-1].dialogue] == ["tell me about cats"]
    question, reply = setup.history.path(OWNER, conversation)
    assert (reply.text, reply.index, reply.siblings[0]) == ("Another reply", 1, old.id)
    assert setup.net.texts(OWNER) == ["tell me about cats", "Another reply"]
    list(setup.talk.regenerate(OWNER, conversation, question.id))
    assert setup.net.requests[-1].sampling.seed != sampling.seed
    assert setup.history.path(OWNER, conversation)[1].count == 3


def test_regenerating_keeps_the_old_reply_when_nothing_came(setup):
    conversation = id_of(setup.say("hello"))
    setup.net.say = lambda request: [EndpointError("The endpoint is away.")]
    with pytest.raises(EndpointError):
        list(setup.talk.regenerate(OWNER, conversation))
    assert setup.texts(conversation) == ["hello", "Re: hello"] == setup.net.texts(OWNER)


def test_editing_an_earlier_message_retires_what_followed_it(setup):
    conversation = id_of(setup.say("my cat is pixel"))
    setup.say("what else is new", conversation)
    first = setup.history.path(OWNER, conversation)[0]
    readable: list[list[str]] = []
    setup.net.before_read = lambda: readable.append(setup.net.texts(OWNER))
    list(setup.talk.edit(OWNER, conversation, first.id, "my cat is vector"))
    assert readable == [[]]  # already before the new reply reads
    assert setup.texts(conversation) == ["my cat is vector", "Re: my cat is vector"] == setup.net.texts(OWNER)
    setup.talk.switch_branch(OWNER, conversation, first.id)
    assert setup.texts(conversation)[0] == "my cat is pixel" and len(setup.texts(conversation)) == 4
    assert sorted(setup.net.texts(OWNER)) == sorted(setup.texts(conversation))
    assert setup.net.written.count("my cat is pixel") == 1
    reply = setup.history.path(OWNER, conversation)[1]
    with pytest.raises(BadInput, match="own messages"):
        setup.talk.edit(OWNER, conversation, reply.id, "put into its mouth")


def test_correcting_a_reply_keeps_what_came_after_it_in_memory(setup):
    conversation = id_of(setup.say("my cat is pixel"))
    setup.say("what else is new", conversation)
    reply = setup.history.path(OWNER, conversation)[1]
    corrected = setup.talk.revise(OWNER, conversation, reply.id, "A fine name")
    said = ["my cat is pixel", "A fine name", "what else is new", "Re: what else is new"]
    assert setup.texts(conversation) == said and sorted(setup.net.texts(OWNER)) == sorted(said)
    setup.say("go on", conversation)
    assert [turn.text for turn in setup.net.requests[-1].dialogue] == [*said, "go on"]
    setup.talk.switch_branch(OWNER, conversation, reply.id)
    said = ["my cat is pixel", reply.text, *said[2:], "go on", "Re: go on"]
    assert setup.texts(conversation) == said and sorted(setup.net.texts(OWNER)) == sorted(said)
    assert setup.net.written.count("what else is new") == 1
    setup.talk.switch_branch(OWNER, conversation, corrected.id)
    list(setup.talk.regenerate(OWNER, conversation, corrected.id))  # another reply is a branch of its own
    assert setup.texts(conversation) == ["my cat is pixel", "Re: my cat is pixel"] == setup.net.texts(OWNER)
    setup.talk.switch_branch(OWNER, conversation, reply.id)
    assert sorted(setup.net.texts(OWNER)) == sorted(said)


def test_a_memory_deleted_by_hand_does_not_come_back_with_its_branch(setup):
    conversation = id_of(setup.say("a secret"))
    question = setup.history.path(OWNER, conversation)[0]
    setup.net.store.delete(OWNER, [f"{OWNER}/{question.id}"])
    list(setup.talk.edit(OWNER, conversation, question.id, "something else"))
    setup.talk.switch_branch(OWNER, conversation, question.id)
    setup.talk.recover()
    assert setup.net.texts(OWNER) == ["Re: a secret"]


def test_undo_takes_the_exchange_out_of_memory_too(setup):
    conversation = id_of(setup.say("one"))
    setup.say("two", conversation)
    assert setup.talk.undo(OWNER, conversation) == "two"
    assert setup.texts(conversation) == ["one", "Re: one"] == setup.net.texts(OWNER)
    assert list(setup.net.store.of(OWNER)) == [f"{OWNER}/{m.id}" for m in setup.history.path(OWNER, conversation)]


def test_deleting_a_conversation_takes_it_out_of_memory_too(setup):
    conversation = id_of(setup.say("one"))
    kept = id_of(setup.say("two"))
    setup.talk.delete(OWNER, conversation)
    assert setup.net.texts(OWNER) == ["two", "Re: two"] and [c.id for c in setup.history.conversations(OWNER)] == [kept]
    with pytest.raises(NotFound):
        setup.talk.delete(OWNER, conversation)
    assert setup.pending() == []


def test_deleting_stops_the_reply_under_way(setup):
    started = threading.Event()

    def endless(request: ReplyRequest) -> Iterator[str]:
        while True:
            started.set()
            yield "word "

    setup.net.say = endless
    worker = threading.Thread(target=setup.say, args=("go",))
    worker.start()
    assert started.wait(10)
    setup.talk.delete(OWNER, setup.history.conversations(OWNER)[0].id)
    worker.join(10)
    assert not worker.is_alive()
    assert setup.history.conversations(OWNER) == [] and setup.net.store.of(OWNER) == {} and setup.pending() == []


def test_changes_made_before_the_models_are_loaded_reach_memory_at_recovery(setup):
    deleted = id_of(setup.say("deleted"))
    undone = id_of(setup.say("kept"))
    setup.say("undone", undone)
    network, setup.network = setup.net, None
    setup.talk.delete(OWNER, deleted)
    assert setup.talk.undo(OWNER, undone) == "undone"
    assert network.texts(OWNER) != ["kept", "Re: kept"]
    with pytest.raises(NotReady):
        setup.talk.recover()
    setup.network = network
    fractions: list[float] = []
    assert setup.talk.recover(fractions.append) == 4
    assert network.texts(OWNER) == ["kept", "Re: kept"] and fractions[-1] == 1.0
    assert setup.talk.recover() == 0


def test_recovery_writes_what_a_crash_left_exactly_once(setup):
    setup.network = None
    ids = [setup.history.create(OWNER).id, setup.history.create("bob").id]
    question = setup.history.add(OWNER, ids[0], "user", "answered")
    setup.history.add(OWNER, ids[0], "assistant", "answer")
    setup.history.add("bob", ids[1], "user", "unanswered")
    setup.history.add(OWNER, ids[0], "user", "edited before memory had it", parent=None)
    setup.network = FakeNetwork()
    setup.net.write(OWNER, [question.turn])  # the crash came between the write and the clearing of the mark
    assert setup.talk.recover() == 4
    assert setup.net.texts(OWNER) == ["edited before memory had it"] and setup.net.texts("bob") == ["unanswered"]
    setup.talk.switch_branch(OWNER, ids[0], question.id)
    assert setup.net.texts(OWNER) == ["answered", "answer"]
    assert len(setup.net.store.of(OWNER)) == 3


def test_recovery_leaves_a_reply_under_way_alone(setup):
    events = setup.talk.send(OWNER, "hello")
    until(events, MemoryRead)
    assert setup.talk.recover() == 0
    assert setup.net.texts(OWNER) == []
    list(events)
    assert setup.net.texts(OWNER) == ["hello", "Re: hello"]


def test_another_owner_can_do_nothing_here(setup):
    conversation = id_of(setup.say("mine"))
    question, reply = setup.history.path(OWNER, conversation)
    events = setup.talk.send(OWNER, "more", conversation=conversation)
    until(events, UserSaved)
    for call in (
        lambda: list(setup.talk.send("bob", "x", conversation=conversation)),
        lambda: list(setup.talk.regenerate("bob", conversation, reply.id)),
        lambda: list(setup.talk.edit("bob", conversation, question.id, "x")),
        lambda: setup.talk.undo("bob", conversation),
        lambda: setup.talk.stop("bob", conversation),
        lambda: setup.talk.delete("bob", conversation),
        lambda: setup.talk.rename("bob", conversation, "x"),
        lambda: setup.talk.switch_branch("bob", conversation, question.id),
        lambda: setup.talk.feedback("bob", reply.id, 1),
    ):
        with pytest.raises(NotFound):
            call()
    list(events)
    assert setup.texts(conversation) == ["mine", "Re: mine", "more", "Re: more"]
    with pytest.raises(NotFound):  # the conversation has to be the message's own
        list(setup.talk.regenerate(OWNER, id_of(setup.say("second")), reply.id))


def test_context_is_seen_by_the_decoder_and_kept_by_nobody(setup):
    context = [Turn("c0", "user", "from elsewhere", 1.0), Turn("c1", "assistant", "indeed", 2.0)]
    conversation = id_of(setup.say("go on", context=context))
    assert [turn.text for turn in setup.net.requests[0].dialogue] == ["from elsewhere", "indeed", "go on"]
    assert setup.texts(conversation) == ["go on", "Re: go on"] == setup.net.texts(OWNER)


def test_a_reply_ends_before_a_stop_sequence(setup):
    setup.net.say = lambda request: ["one tw", "o STO", "P three", " four"]
    events = setup.say("count", stop_at=["STOP", "five"])
    assert shown(events) == "one two " == setup.texts(id_of(events))[1]
    assert next(e for e in events if isinstance(e, ReplySaved)).finish_reason == "stop"


@pytest.mark.parametrize(
    ("pieces", "sequences", "text"),
    [
        (["abc", "def"], ["x"], "abcdef"),
        (["abc", "def"], ["cd"], "ab"),
        (["abc", "def"], ["f", "d"], "abc"),
        (["a", "b", "c"], ["abc"], ""),
        (["ab", "ab", "abc"], ["abc"], "abab"),
        (["abcab"], ["abcd", "ab"], ""),
    ],
)
def test_cut_at(pieces, sequences, text):
    stop = threading.Event()
    whole = "".join(pieces)
    *deltas, done = cut_at([*map(TextDelta, pieces), ReplyDone(whole, "length")], sequences, stop)
    assert "".join(delta.text for delta in deltas) == text == done.text
    assert done.finish_reason == ("length" if text == whole else "stop") and stop.is_set() == (text != whole)
