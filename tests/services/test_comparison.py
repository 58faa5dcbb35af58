"""Our positions stand beside the broker's, and every difference is told."""

import asyncio
from decimal import Decimal

import pytest

from tests.api.world import LONG, START_NS, running
from tradebot.core.inputs import PositionsReply, Tick, Timer
from tradebot.core.intents import ReadPosition
from tradebot.core.market.instruments import NetKey
from tradebot.services.comparison import Comparison

KEY = NetKey("main", "NSE", "SBIN", "MIS")
LATER_NS = START_NS + 60_000_000_000  # our last execution is old then


@pytest.fixture
async def world():
    async with running() as made:
        await made.bought()
        await made.trades.create(LONG)
        yield made


def row(result, *, ours=10, broker=10, guarded=10):
    return {
        "account": "main",
        "exchange": "NSE",
        "symbol": "SBIN",
        "product": "MIS",
        "ours": ours,
        "broker": broker,
        "guarded": guarded,
        "result": result,
    }


async def test_a_broker_that_says_the_same_agrees(world):
    world.nets = {KEY: Decimal(10)}
    assert await world.comparison.compare() == {"agreed": True, "positions": [row("agreed")]}
    assert "reconcile.differs" not in world.names()


async def test_a_difference_is_told_and_has_a_line_of_the_log(world):
    world.nets = {KEY: Decimal(4)}
    found = await world.comparison.compare()
    assert found == {"agreed": False, "positions": [row("differs", broker=4)]}
    (line,) = [said for said in world.said if said[0] == "reconcile.differs"]
    assert line[1] == "warning"
    assert (line[2]["ours"], line[2]["broker"], line[2]["guarded"]) == (10, 4, 10)
    assert world.book.net(KEY) == 10, "one read is not believed"


async def test_a_net_that_is_believed_at_once_differed_all_the_same(world):
    await world.bought(5)  # by hand
    await world.put(Timer(LATER_NS))
    world.clock.at_ns = LATER_NS
    world.nets = {KEY: Decimal(10)}  # and sold again, of which nobody told
    found = await world.comparison.compare()
    assert found["positions"] == [row("differs", ours=15)]
    assert world.book.net(KEY) == 10
    assert (await world.comparison.compare())["positions"] == [row("agreed")]


@pytest.mark.parametrize("nets", [None, {KEY: None}])
async def test_a_broker_that_does_not_answer_is_not_waited_for_for_long(world, nets):
    world.nets = nets
    found = await world.comparison.compare()
    assert found == {"agreed": False, "positions": [row("not answered", broker=None)]}


async def test_without_open_trades_there_is_nothing_to_compare():
    async with running() as world:
        assert await world.comparison.compare() == {"agreed": True, "positions": []}


async def test_two_who_ask_at_once_share_an_answer(world):
    world.nets = {KEY: Decimal(10)}
    both = await asyncio.gather(world.comparison.compare(), world.comparison.compare())
    assert [found["agreed"] for found in both] == [True, True]
    assert len([o for o in world.outputs if isinstance(o, ReadPosition)]) == 1


async def test_an_answer_of_an_earlier_question_counts_for_none(world):
    world.nets = {KEY: Decimal(10)}
    await world.comparison.compare()
    world.nets = None
    assert not (await world.comparison.compare())["agreed"]


async def test_what_nobody_asked_for_just_passes(world):
    world.comparison.put(PositionsReply(key=KEY, net=Decimal(3), at_ns=START_NS))
    await world.turned()
    assert world.book.net(KEY) == 10


async def test_an_answer_for_an_engine_that_is_gone_is_no_answer(world):
    slow = Comparison(world.loop, clock=world.clock, say=world.say, within_s=0.05)
    asked = asyncio.create_task(slow.compare())
    for _ in range(5):
        await asyncio.sleep(0)
    assert any(isinstance(output, ReadPosition) for output in world.outputs)
    world.loop._abandon()
    slow.put(PositionsReply(key=KEY, net=Decimal(10), at_ns=START_NS))
    assert (await asked)["positions"] == [row("not answered", broker=None)]


async def test_ticks_pass_and_wait_for_room(world):
    await world.comparison.room()
    tick = Tick(instrument="NSE:SBIN", ltp=805.0, at_ns=START_NS, received_ns=START_NS)
    world.comparison.tick(tick)
    await world.turned()
    assert world.book.lines["NSE:SBIN"].ltp == 805.0
