"""Each execution is delivered once, and no list is believed that has silently shrunk."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tests.services.executing import FILL, World
from tests.services.test_executor import a_report
from tests.services.unkind_store import turns
from tests.stores.samples import KEY, an_execution
from tradebot.core.inputs import Execution, PositionsReply
from tradebot.core.intents import ReadPosition
from tradebot.errors import BrokerError
from tradebot.services.execution_list import LISTED_NS_MIN, TAKEN_BACK_NS, Overheard

OTHER = an_execution("e2", order_id="o2").execution
ANEW = msgspec.structs.replace(FILL, execution_id="e1 anew", price=Decimal("800.06"))


async def test_a_list_that_has_shrunk_is_a_read_that_failed():
    """A session that has died reads as empty, and so do the positions beside it."""
    world = World().answers(net=Decimal(100))
    world.executor.read_position(ReadPosition(key=KEY))
    await world.settled()
    world.answers(net=Decimal(0), executions=[])
    world.executor.read_position(ReadPosition(key=KEY))
    assert (await world.settled())[-1] == PositionsReply(key=KEY, net=None, at_ns=77)
    assert world.said.lines[-1][2]["error"] == (
        "BrokerError: the broker lists e1 and 0 others no longer"
    )


async def test_a_list_that_lacks_what_an_earlier_life_was_told_of_is_a_read_that_failed_too():
    world = World().answers(net=Decimal(0), executions=[])
    world.executions.remember([FILL])
    world.executor.read_position(ReadPosition(key=KEY))
    assert (await world.settled())[-1] == PositionsReply(key=KEY, net=None, at_ns=77)


async def test_so_is_one_that_lacks_what_somebody_else_read_of_it():
    world = World().answers(net=Decimal(0), executions=[])
    overheard = Overheard(world.inbox, world.executions)
    overheard.put(PositionsReply(key=KEY, net=None, at_ns=5))
    overheard.put(FILL)
    assert world.inbox.items == [PositionsReply(key=KEY, net=None, at_ns=5), FILL]
    with pytest.raises(BrokerError, match="e1 and 0 others"):
        await world.executions.deliver()
    world.answers(executions=[FILL])
    await world.executions.deliver()
    assert world.inbox.items.count(FILL) == 1


async def test_a_list_that_was_asked_for_before_somebody_told_may_lack_it():
    world = World().answers(executions=(asked := asyncio.get_running_loop().create_future()))
    reading = asyncio.ensure_future(world.executions.deliver())
    await turns()
    world.executions.overhear(FILL)
    asked.set_result([OTHER])
    await reading
    assert world.inbox.items == [OTHER]
    world.answers(executions=[OTHER])
    with pytest.raises(BrokerError, match="e1 and 0 others"):
        await world.executions.deliver()


async def test_what_is_told_again_past_the_list_is_in_it_already():
    world = World()
    await world.executions.deliver()
    world.executions.overhear(FILL)
    world.clock.ns = FILL.at_ns + LISTED_NS_MIN + 1
    world.answers(executions=[OTHER])
    await world.executions.deliver()
    world.answers(executions=[OTHER, FILL])
    await world.executions.deliver()
    assert world.inbox.items == [FILL, OTHER, FILL]  # the engine knows the second one by its id


async def test_what_is_older_than_any_list_need_not_be_in_it():
    world = World()
    await world.executions.deliver()
    world.clock.ns = FILL.at_ns + LISTED_NS_MIN + 1
    world.answers(executions=[OTHER])
    await world.executions.deliver()
    assert world.inbox.items == [FILL, OTHER]


# What the broker has taken back.


class Missing(World):
    """The broker lists an execution no longer, but others; its order is as it was."""

    def __init__(self, **answers: object) -> None:
        super().__init__()
        self.executions.remember([FILL, OTHER])
        self.answers(executions=[OTHER], order_book=[a_report(100)])
        self.answers(**answers)

    async def is_whole_after(self, ns: int) -> bool:
        self.clock.ns += ns
        try:
            await self.executions.deliver()
        except BrokerError:
            return False
        return True


async def test_what_a_list_lacks_for_long_while_its_order_is_there_was_taken_back():
    world = Missing()
    assert not await world.is_whole_after(0)
    assert not await world.is_whole_after(TAKEN_BACK_NS - 1)
    assert "order_book" not in world.calls
    assert world.said.lines == []
    assert await world.is_whole_after(1)
    (event, level, fields) = world.said.lines[0]
    assert (event, level) == ("execution.taken_back", "critical")
    assert fields == {
        "execution_id": "e1",
        "order_id": "o1",
        "instrument": KEY.instrument,
        "side": FILL.side,
        "quantity": FILL.quantity,
        "price": FILL.price,
    }
    assert await world.is_whole_after(0)
    assert len(world.said.lines) == 1


async def test_what_is_written_anew_is_delivered_with_the_first_whole_list():
    world = Missing(executions=[OTHER, ANEW])
    assert not await world.is_whole_after(0)
    assert world.inbox.items == []
    assert await world.is_whole_after(TAKEN_BACK_NS)
    assert world.inbox.items == [ANEW]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"executions": []}, id="an empty list"),
        pytest.param({"order_book": []}, id="an order book without the order"),
        pytest.param({"order_book": None}, id="an order book that cannot be read"),
    ],
)
async def test_a_session_that_has_died_takes_nothing_back(answers):
    world = Missing(**answers)
    for _ in range(10):
        assert not await world.is_whole_after(TAKEN_BACK_NS)
    assert world.said.lines == []


async def test_what_comes_back_in_time_was_only_late():
    world = Missing()
    assert not await world.is_whole_after(0)
    world.answers(executions=[OTHER, FILL])
    assert await world.is_whole_after(TAKEN_BACK_NS - 1)
    world.answers(executions=[OTHER])
    assert not await world.is_whole_after(1)
    assert world.inbox.items == []


async def test_of_two_that_are_missing_the_younger_one_has_its_time_too():
    world = Missing(executions=[OTHER, ANEW])
    world.executions.overhear(ANEW)
    assert not await world.is_whole_after(0)
    world.answers(executions=[OTHER])
    assert not await world.is_whole_after(TAKEN_BACK_NS)
    assert await world.is_whole_after(TAKEN_BACK_NS)
    assert [fields["execution_id"] for _, _, fields in world.said.lines] == ["e1", "e1 anew"]


async def test_a_list_that_shrinks_again_while_the_order_book_is_read_is_not_whole(monkeypatch):
    world = Missing()
    assert not await world.is_whole_after(0)
    lists = iter([[OTHER], []])
    monkeypatch.setattr(world.broker, "executions", lambda: _answered(next(lists)))
    assert not await world.is_whole_after(TAKEN_BACK_NS)
    assert world.said.events == ["execution.taken_back"]


async def _answered(answer):
    return answer


async def test_many_who_find_it_together_tell_it_once():
    world = Missing(net=Decimal(0))
    assert not await world.is_whole_after(0)
    world.clock.ns += TAKEN_BACK_NS
    for _ in range(5):
        world.executor.read_position(ReadPosition(key=KEY))
    replies = [item for item in await world.settled() if isinstance(item, PositionsReply)]
    assert [reply.net for reply in replies] == [0] * 5
    assert world.said.events == ["execution.taken_back"]


async def test_one_list_for_many_who_asked_together_is_gone_through_once():
    class Listed(list[Execution]):
        readings = 0

        def __iter__(self):
            Listed.readings += 1
            return super().__iter__()

    world = World().answers(net=Decimal(100), executions=Listed([FILL]))
    world.executor.read_position(ReadPosition(key=KEY))
    assert (await world.settled())[0] == FILL
    once = Listed.readings
    for _ in range(100):
        world.executor.read_position(ReadPosition(key=KEY))
    reply = PositionsReply(key=KEY, net=Decimal(100), at_ns=77)
    assert (await world.settled())[1:] == [reply] * 101
    assert Listed.readings == once
    world.answers(executions=Listed([FILL]))  # a reading of its own, though it says the same
    world.executor.read_position(ReadPosition(key=KEY))
    await world.settled()
    assert Listed.readings == 2 * once
