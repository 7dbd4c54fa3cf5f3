"""Replies that go on whoever looks on, one after another."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator

import pytest

from chat_app import request_log
from chat_app.dialogue.ongoing_replies import Ongoing, OngoingReplies
from knowledge.errors import ModelError, NotReady
from knowledge.records import ReplyEvent, TextDelta


def texts(events: Iterator[ReplyEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, TextDelta)]


class Script:
    """A reply of two pieces, the second one when it may go on."""

    def __init__(self, name: str) -> None:
        self.name, self.go, self.ended = name, threading.Event(), False

    def __call__(self) -> Iterator[ReplyEvent]:
        yield TextDelta(f"{self.name} begins")
        assert self.go.wait(10)
        yield TextDelta(f"{self.name} ends")
        self.ended = True


def test_who_leaves_stops_nothing_and_who_comes_late_sees_all() -> None:
    ongoing, script = OngoingReplies(lambda: None, lambda id: False), Script("first")
    one = ongoing.ask("c", script)
    early = one.events()
    next(early)
    early.close()  # type: ignore[attr-defined]
    script.go.set()
    assert texts(one.events()) == ["first begins", "first ends"] and script.ended
    assert ongoing.of("c") is None


def test_each_is_written_for_the_request_that_asked_for_it() -> None:
    ongoing, script = OngoingReplies(lambda: None, lambda id: False), Script("first")
    ongoing.ask("c", script)

    def whose() -> Iterator[ReplyEvent]:
        yield TextDelta(request_log.current().request)

    def ask(id: str) -> Ongoing:
        request_log.begin(request_log.Caller(id))
        return ongoing.ask("c", whose)

    asked = [contextvars.copy_context().run(ask, id) for id in ("one", "two")]
    script.go.set()
    assert [texts(one.events()) for one in asked] == [["one"], ["two"]]


def test_what_waits_is_written_after_it_in_its_order_unless_taken_back() -> None:
    ongoing, script = OngoingReplies(lambda: None, lambda id: False), Script("first")
    one = ongoing.ask("c", script)
    order: list[str] = []

    def quick(name: str) -> Iterator[ReplyEvent]:
        order.append(name)
        yield TextDelta(name)

    asked = [ongoing.ask("c", lambda name=name: quick(name), name) for name in ("b", "c", "d")]
    other = ongoing.ask("another", lambda: quick("other"))
    assert texts(other.events()) == ["other"]  # of another conversation: it waits for nothing
    assert [waiting.text for waiting in ongoing.waiting("c")] == ["b", "c", "d"]
    assert ongoing.take_back("c", asked[1].id) == "c" and ongoing.take_back("c", asked[1].id) == ""
    assert ongoing.take_back("c", one.id) == ""  # it is under way
    script.go.set()
    assert texts(one.events())[-1] == "first ends"
    assert ongoing.of("c") in (asked[0], asked[2], None)  # never the one that is over
    assert texts(asked[2].events()) == ["d"] and order == ["other", "b", "d"]


def test_errors_reach_who_follows_and_the_next_is_written_all_the_same() -> None:
    ready = threading.Event()

    def wait() -> None:
        assert ready.wait(10)

    def fails() -> Iterator[ReplyEvent]:
        yield TextDelta("half")
        raise ModelError("The decoder broke off.")

    ongoing = OngoingReplies(wait, lambda id: False)
    one, two = ongoing.ask("c", fails), ongoing.ask("c", lambda: iter([TextDelta("fine")]))
    ready.set()
    with pytest.raises(ModelError, match="broke off"):
        texts(one.events())
    assert texts(two.events()) == ["fine"]


def test_where_nothing_can_be_written_that_is_told_and_one_stopped_before_it_began_is_not_begun() -> None:
    def never() -> None:
        raise NotReady("No model.")

    with pytest.raises(NotReady, match="No model"):
        texts(OngoingReplies(never, lambda id: False).ask("c", lambda: iter(())).events())
    busy = threading.Event()
    busy.set()
    begun: list[int] = []
    ongoing = OngoingReplies(lambda: None, lambda id: busy.is_set())

    def begin() -> Iterator[ReplyEvent]:
        begun.append(1)
        return iter(())

    one = ongoing.ask("c", begin)
    assert ongoing.of("c") is one
    one.end()
    assert texts(one.events()) == [] and ongoing.of("c") is None
    two = ongoing.ask("c", lambda: iter([TextDelta("next")]))
    busy.clear()
    assert texts(two.events()) == ["next"] and begun == []
