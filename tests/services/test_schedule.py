"""Time comes to the engine as timers, and never faster than it takes them."""

import asyncio

import pytest

from tests.services.fakes import FakeClock, ListInbox
from tradebot.core.inputs import Timer
from tradebot.services.schedule import EVERY_S, Schedule


class Over(Exception):
    """The test has seen enough."""


async def timers(sleeps: int, taken_after: set[int]) -> tuple[list[object], list[float]]:
    """Run for a number of sleeps; the engine takes its timer during those that are named."""
    inbox, clock, slept = ListInbox(), FakeClock(0), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.ns += 100
        if len(slept) in taken_after:
            schedule.taken()
        if len(slept) == sleeps:
            raise Over

    schedule = Schedule(inbox, clock, sleep=sleep)
    with pytest.raises(Over):
        await schedule.run()
    return list(inbox.items), slept


async def test_an_engine_that_takes_its_timers_gets_one_at_each_step():
    items, slept = await timers(3, {1, 2, 3})
    assert items == [Timer(0), Timer(100), Timer(200)]
    assert slept == [EVERY_S] * 3


async def test_timers_do_not_stack_up_before_an_engine_that_is_late():
    items, _ = await timers(10, {7})
    assert items == [Timer(0), Timer(700)]


async def test_a_timer_carries_the_time_at_which_it_was_put():
    items, _ = await timers(5, {4})
    assert items == [Timer(0), Timer(400)]


async def test_it_sleeps_on_the_loop_unless_told_otherwise():
    inbox = ListInbox()
    schedule = Schedule(inbox, FakeClock(5), every_s=0)
    task = asyncio.create_task(schedule.run())
    for _ in range(5):
        await asyncio.sleep(0)
        schedule.taken()
    task.cancel()
    assert len(inbox.items) > 1
