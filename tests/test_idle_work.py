"""Work of a quiet moment: what comes first, and that it gives way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from knowledge.idle_work import IdleWork, Job


@pytest.fixture
def idle() -> Iterator[IdleWork]:
    idle = IdleWork(quiet=0.0)
    yield idle
    idle.close()


def noting(done: list[str], name: str, last: threading.Event | None = None) -> Job:
    def job(stop: threading.Event) -> bool:
        done.append(name)
        if last is not None:
            last.set()
        return True

    return job


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("this did not come about")


def test_what_was_asked_for_comes_first_then_the_rank_then_the_newest(idle: IdleWork) -> None:
    done: list[str] = []
    last = threading.Event()
    with idle.held():
        idle.submit("old", noting(done, "old", last))
        idle.submit("new", noting(done, "new"))
        idle.submit("fill", noting(done, "fill"), rank=1)
        idle.submit("asked", noting(done, "asked"), asked=True)
        assert idle.state("asked") == "waiting" and done == []
    assert last.wait(10)
    assert done == ["asked", "fill", "new", "old"]
    until(lambda: idle.state("old") == "")


def test_a_job_waits_for_its_time_and_others_do_not_wait_for_it(idle: IdleWork) -> None:
    done: list[str] = []
    last = threading.Event()
    idle.submit("later", noting(done, "too early"), rank=9, asked=True, delay=3600)
    idle.submit("now", noting(done, "now", last))
    assert last.wait(10) and done == ["now"] and idle.state("later") == "waiting"
    idle.submit("later", noting(done, "later"), delay=0.01)
    until(lambda: idle.state("later") == "")
    assert done == ["now", "later"]


def test_what_is_submitted_again_while_it_is_done_is_done_again(idle: IdleWork) -> None:
    done: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def job(stop: threading.Event) -> bool:
        begun.set()
        done.append("first")
        return go_on.wait(10)

    idle.submit("job", job)
    assert begun.wait(10)
    idle.submit("job", noting(done, "second"))
    go_on.set()
    until(lambda: idle.state("job") == "")
    assert done == ["first", "second"]


def test_a_reply_stops_what_is_at_work_and_it_gets_another_turn(idle: IdleWork) -> None:
    begun, turns = threading.Event(), []

    def job(stop: threading.Event) -> bool:
        turns.append(len(turns))
        begun.set()
        return len(turns) > 1 or not stop.wait(10)

    idle.submit("job", job)
    assert begun.wait(10) and idle.state("job") == "running"
    with idle.held():
        until(lambda: idle.state("job") == "waiting")
        assert turns == [0]
    until(lambda: idle.state("job") == "")
    assert turns == [0, 1]


def test_a_job_that_gives_up_by_itself_is_not_repeated(idle: IdleWork) -> None:
    turns: list[int] = []
    idle.submit("job", lambda stop: bool(turns.append(1)))
    until(lambda: idle.state("job") == "" and bool(turns))
    done = threading.Event()
    idle.submit("next", noting([], "next", done))
    assert done.wait(10) and turns == [1]


def test_a_failure_is_known_and_the_next_job_runs(idle: IdleWork) -> None:
    done = threading.Event()

    def failing(stop: threading.Event) -> bool:
        raise ValueError("broken")

    idle.submit("broken", failing)
    until(lambda: idle.state("broken") == "failed")
    idle.submit("next", noting([], "next", done))
    assert done.wait(10)


def test_the_queue_is_bounded_and_drops_the_oldest_of_the_lowest_rank() -> None:
    idle, done, last = IdleWork(quiet=0.0, most=2), list[str](), threading.Event()
    with idle.held():
        idle.submit("fill", noting(done, "fill", last), rank=1)
        idle.submit("first", noting(done, "first"))
        idle.submit("second", noting(done, "second"), rank=1)
        assert idle.state("first") == "" and idle.state("fill") == "waiting"
    assert last.wait(10)
    idle.close()
    assert done == ["second", "fill"]


def test_closing_stops_the_work_and_takes_nothing_more() -> None:
    idle, begun, ended = IdleWork(quiet=0.0), threading.Event(), []

    def job(stop: threading.Event) -> bool:
        begun.set()
        ended.append(stop.wait(10))
        return False

    idle.submit("job", job)
    assert begun.wait(10)
    idle.close()
    idle.submit("late", job)
    assert ended == [True] and idle.state("late") == ""
