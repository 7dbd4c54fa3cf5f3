"""Who computes next: steps of all that wait go together, prompts alone, in the order of asking."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from knowledge.reply.local.scheduler import Scheduler, Work

MOST = 3  # go together


class Computer:
    """Notes what was computed together; the first computation waits for ``go``."""

    def __init__(self, go: threading.Event | None = None) -> None:
        self.passes: list[list[int]] = []
        self._go = go
        self.begun = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> Tensor:
        self.begun.set()
        if self._go is not None and not self.passes:
            assert self._go.wait(10)
        self.passes.append(sorted(numbers))
        return 3.0 * torch.tensor(numbers)[:, None]


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

    def broken(numbers: Sequence[int]) -> Tensor:
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


def test_seats_are_given_in_the_order_of_asking() -> None:
    scheduler, never, order = Scheduler(1), threading.Event(), []

    def reply(number: int) -> None:
        with scheduler.seat(never) as seated:
            assert seated
            order.append(number)

    with ThreadPoolExecutor(3) as pool:
        with scheduler.seat(never):
            some = []
            for number in range(3):
                some.append(pool.submit(reply, number))
                with scheduler._change:
                    while len(scheduler._standing) <= number:
                        scheduler._change.wait(0.01)
        for one in some:
            one.result()
    assert order == [0, 1, 2] and not scheduler.wanted


def test_who_is_stopped_while_waiting_leaves_the_queue() -> None:
    scheduler, stopped = Scheduler(1), threading.Event()
    stopped.set()
    with scheduler.seat(threading.Event()):
        with scheduler.seat(stopped) as seated:
            assert not seated
        assert not scheduler.wanted
    with scheduler.seat(threading.Event()) as seated:
        assert seated
