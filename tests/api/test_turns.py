"""Turns: one at a time, and everything else between two of them."""

import asyncio

import pytest

from tradebot.api.turns import turn


async def test_everything_else_comes_between_two_turns():
    done: list[int] = []
    most = 0

    async def other():
        nonlocal most
        while True:
            before = len(done)
            await asyncio.sleep(0)
            most = max(most, len(done) - before)

    async def work(number):
        await turn()
        done.append(number)

    task = asyncio.create_task(other())
    await asyncio.gather(*(work(number) for number in range(20)))
    task.cancel()
    assert most == 1
    assert done == list(range(20))


async def test_who_gives_up_waiting_holds_up_nobody():
    _, impatient, patient = (asyncio.create_task(turn()) for _ in range(3))
    await asyncio.sleep(0)
    impatient.cancel()
    async with asyncio.timeout(1):
        await patient
    assert impatient.cancelled()


async def test_nobody_waits_where_nobody_else_asks():
    with pytest.raises(StopIteration):  # it returns before it waits
        turn().send(None)


def test_a_loop_that_follows_another_has_turns_of_its_own():
    for _ in range(2):
        asyncio.run(turn())
