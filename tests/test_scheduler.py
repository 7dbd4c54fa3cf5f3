"""Who computes next, in the order of asking: equal work of all that wait goes together, the rest alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from knowledge.reply.local.scheduler import Scheduler, Seat, Work

MOST = 3  # go together


class Computer:
    """Notes what was computed together; the first computation waits for ``go``."""

    def __init__(self, go: threading.Event | None = None) -> None:
        self.passes: list[list[int]] = []
        self._go = go
        self.begun = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> Sequence[Tensor]:
        self.begun.set()
        if self._go is not None and not self.passes:
            assert self._go.wait(10)
        self.passes.append(sorted(numbers))
        return (3.0 * torch.tensor(numbers)).unbind(0)


def waiting(scheduler: Scheduler, count: int) -> None:
    """Return once ``count`` wait to compute."""
    with scheduler._change:
        while len(scheduler._queue) < count:
            scheduler._change.wait(0.01)


def test_who_waits_meanwhile_goes_together() -> None:
    scheduler, go = Scheduler(16), threading.Event()
    compute = Computer(go)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(scheduler.run, Work(compute, 0, MOST))
        assert compute.begun.wait(10)
        rest = [pool.submit(scheduler.run, Work(compute, number, MOST)) for number in range(1, 6)]
        waiting(scheduler, 5)
        go.set()
        assert [float(one.result()) for one in [first, *rest]] == [0, 3, 6, 9, 12, 15]
    assert compute.passes[0] == [0]
    assert sorted(map(len, compute.passes)) == [1, 2, 3]  # at most as many as may


def test_a_prompt_waits_its_turn_and_is_alone() -> None:
    scheduler, go = Scheduler(4), threading.Event()
    compute, order = Computer(go), []

    def prompt() -> None:
        with scheduler.alone():
            order.append(("prompt", len(compute.passes)))

    with ThreadPoolExecutor(4) as pool:
        some = [pool.submit(scheduler.run, Work(compute, 0, MOST))]
        assert compute.begun.wait(10)
        alone = pool.submit(prompt)
        waiting(scheduler, 1)
        some.append(pool.submit(scheduler.run, Work(compute, 1, MOST)))
        waiting(scheduler, 2)
        assert scheduler.wanted
        go.set()
        alone.result()
        assert [float(one.result()) for one in some] == [0, 3]
    assert order == [("prompt", 1)] and not scheduler.wanted


def test_an_error_reaches_everybody_and_the_next_goes_on() -> None:
    scheduler, go = Scheduler(4), threading.Event()
    compute = Computer(go)

    def broken(numbers: Sequence[int]) -> Sequence[Tensor]:
        raise RuntimeError("out of memory")

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(scheduler.run, Work(compute, 0, MOST))
        assert compute.begun.wait(10)
        bad = [pool.submit(scheduler.run, Work(broken, number, MOST)) for number in (1, 2)]
        waiting(scheduler, 2)
        go.set()
        for one in bad:
            with pytest.raises(RuntimeError, match="out of memory"):
                one.result()
        assert float(first.result()) == 0
    assert float(scheduler.run(Work(compute, 5, MOST))) == 15


def stepped_together(scheduler: Scheduler, compute: Computer, pool: ThreadPoolExecutor, go: threading.Event) -> None:
    """A pass of 0, then one of the replies 1 and 2."""
    first = pool.submit(scheduler.run, Work(compute, 0, MOST))
    assert compute.begun.wait(10)
    some = [pool.submit(scheduler.run, Work(compute, number, MOST, reply=number)) for number in (1, 2)]
    waiting(scheduler, 2)
    go.set()
    for one in (first, *some):
        one.result()
    assert compute.passes == [[0], [1, 2]]


def test_who_was_stepped_together_is_stepped_together_again() -> None:
    scheduler, go = Scheduler(4), threading.Event()
    compute = Computer(go)
    with ThreadPoolExecutor(4) as pool:
        stepped_together(scheduler, compute, pool, go)
        scheduler._patience = 30.0
        one = pool.submit(scheduler.run, Work(compute, 1, MOST, reply=1))
        waiting(scheduler, 1)
        assert not one.done()  # on its own it would take nearly as long as both
        two = pool.submit(scheduler.run, Work(compute, 2, MOST, reply=2))
        assert float(one.result(10)) == 3 and float(two.result(10)) == 6
        assert compute.passes[2:] == [[1, 2]]


def test_who_ended_or_does_not_come_is_not_waited_for() -> None:
    scheduler, go = Scheduler(4), threading.Event()
    compute = Computer(go)
    with ThreadPoolExecutor(4) as pool:
        stepped_together(scheduler, compute, pool, go)
        scheduler._patience = 30.0
        one = pool.submit(scheduler.run, Work(compute, 1, MOST, reply=1))
        waiting(scheduler, 1)
        scheduler.leave(2)
        assert float(one.result(10)) == 3
        scheduler._patience = 30.0
        two = pool.submit(scheduler.run, Work(compute, 2, MOST, reply=2))  # waits for 1
        waiting(scheduler, 1)
        other = pool.submit(scheduler.run, Work(compute, 1, MOST, reply=1))
        two.result(10), other.result(10)
        scheduler._patience = 0.05
        assert float(pool.submit(scheduler.run, Work(compute, 1, MOST, reply=1)).result(10)) == 3
    assert compute.passes[2:] == [[1], [1, 2], [1]]


def test_no_more_go_together_than_fit() -> None:
    scheduler, go = Scheduler(4), threading.Event()
    compute = Computer(go)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(scheduler.run, Work(compute, 0, 10))
        assert compute.begun.wait(10)
        some = []
        for number, size in enumerate((6, 6, 4, 40), 1):
            some.append(pool.submit(scheduler.run, Work(compute, number, 10, size)))
            waiting(scheduler, number)
        go.set()
        for one in (first, *some):
            one.result(10)
    assert compute.passes == [[0], [1, 3], [2], [4]]  # what is larger than fits goes alone


def seated(scheduler: Scheduler, seat: Seat, stop: threading.Event) -> list[int]:
    return list(scheduler.wait_for(seat, stop))


def test_seats_are_given_in_the_order_of_asking_and_tell_how_many_are_before() -> None:
    scheduler, never = Scheduler(1), threading.Event()
    held = [scheduler.seat() for _ in range(3)]
    one, two, three = (each.__enter__() for each in held)
    assert seated(scheduler, one, never) == [] and not scheduler.shared
    line = scheduler.wait_for(three, never)
    assert next(line) == 2 and scheduler.wanted
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(seated, scheduler, two, never)
        held[0].__exit__(None, None, None)
        assert waits.result(10) in ([1, 0], [])  # the latter where it began to look when it had its seat already
    assert two.taken and not three.taken and next(line) == 1
    held[1].__exit__(None, None, None)
    assert three.taken and list(line) == [0]  # has its seat without looking, so that nobody behind it waits for that
    held[2].__exit__(None, None, None)
    assert not scheduler.wanted


def test_who_is_stopped_while_waiting_leaves_the_line() -> None:
    scheduler, stopped = Scheduler(1), threading.Event()
    stopped.set()
    with scheduler.seat():
        with scheduler.seat() as seat:
            assert seated(scheduler, seat, stopped) == [1] and not seat.taken
        assert not scheduler.wanted
    with scheduler.seat() as seat:
        assert seat.taken
