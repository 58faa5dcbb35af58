"""What has executed is read for exits that wait, and none of them waits for long."""

import asyncio

from tests.services.executing import FILL, World
from tests.services.unkind_store import turns
from tradebot.core.inputs import ExecutionsRead

READ, UNREAD = (ExecutionsRead(is_read=said, at_ns=77) for said in (True, False))


async def test_what_has_executed_is_delivered_before_the_word_that_it_was_read():
    world = World()
    world.executor.read_executions()
    assert await world.settled() == [FILL, READ]
    assert world.said.lines == []


async def test_a_read_that_fails_is_tried_again_while_there_is_time():
    world = World(read_again_s=0.0).answers(executions=ConnectionError("reset"))
    world.executor.read_executions()
    await turns()
    world.answers(executions=[FILL])
    assert await world.settled() == [FILL, READ]
    assert set(world.said.events) == {"executions.failed"}


async def test_a_read_that_fails_all_the_time_is_over_when_its_time_is():
    world = World(read_s_max=0.05, read_again_s=1.0).answers(executions=ConnectionError("reset"))
    world.executor.read_executions()
    await turns()
    assert world.calls == ["executions"]
    await world.until(UNREAD)
    assert world.said.lines[-1] == ("executions.unread", "warning", {"after_s": 0.05})


async def test_a_read_that_takes_too_long_holds_nobody_and_is_delivered_all_the_same():
    world = World(read_s_max=0.01)
    answered = asyncio.get_running_loop().create_future()
    world.answers(executions=answered)
    world.executor.read_executions()
    await world.until(UNREAD)
    answered.set_result([FILL])
    assert await world.settled() == [UNREAD, FILL]


async def test_a_read_that_is_called_off_says_nothing():
    world = World(read_s_max=0.2).answers(executions=asyncio.Event())
    world.executor.read_executions()
    await turns(1)
    await world.supervisor.finish_errands(within_s=0)
    later = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.25, later.set_result, None)
    await later
    assert world.inbox.items == []
