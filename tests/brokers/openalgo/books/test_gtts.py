"""A person's GTTs are told like orders that rest, counted until they are over, and called back."""

import pytest

from tests.brokers.openalgo.world import NAME, SBIN, World, a_cancel
from tests.openalgo.exchange import By
from tests.openalgo.faults import Fault
from tests.services.unkind_store import turns
from tradebot.brokers.openalgo.books import gtts
from tradebot.core.inputs import OrderSide, OrderState
from tradebot.errors import BrokerError

WANTED = {
    "strategy": "a",
    "symbol": "SBIN",
    "exchange": "NSE",
    "action": "SELL",
    "product": "CNC",
    "quantity": 5,
    "trigger_type": "OCO",
    "triggerprice_sl": 800,
    "stoploss": 799,
    "triggerprice_tg": 830,
    "target": 830,
}
FIRST = "GTT-70001"
CNC = SBIN._replace(product="CNC")


@pytest.fixture
async def world():
    async with World(plugin="zerodha") as opened:
        opened.server.gtt_by_hand(WANTED)
        yield opened


async def states(world):
    """Read the order book, and return the ids with their states."""
    book = await world.broker.order_book()
    return {report.order_id: report.state for report in book or ()}


async def test_one_that_waits_is_an_order_that_rests_with_its_stop(world):
    (report,) = await world.broker.order_book()
    assert (report.order_id, report.key, report.side) == (FIRST, CNC, OrderSide.SELL)
    assert (report.quantity, report.filled, report.trigger) == (5, 0, 800)
    assert (report.state, report.apart) == (OrderState.OPEN, True)
    assert (await world.broker.report(FIRST)).state is OrderState.OPEN
    assert await world.broker.report("GTT-1") is None


async def test_one_is_called_back_by_its_own_route(world):
    await world.broker.order_book()
    await world.broker.cancel(a_cancel(FIRST))
    assert (await world.broker.report(FIRST)).state is OrderState.CANCELLED
    assert await states(world) == {FIRST: OrderState.CANCELLED}
    with pytest.raises(BrokerError, match=r"GTT-70001 was not cancelled: .*already cancelled"):
        await world.broker.cancel(a_cancel(FIRST))
    assert world.server.record.asked("cancelorder") == []


async def test_what_was_over_at_the_first_look_is_not_told(world):
    await world.broker.cancel(a_cancel(FIRST))
    assert await states(world) == {}


async def test_one_that_has_been_met_counts_until_its_order_must_be_in_the_order_book(world):
    await states(world)
    world.server.price(NAME, 799.5)
    (order,) = world.server.record.orders(by=By.GTT)
    told = await states(world)
    assert (told[FIRST], order.order_id in told) == (OrderState.OPEN, True)
    world.clock.advance(11)
    assert (await world.broker.report(FIRST)).state is OrderState.OPEN
    assert (await states(world))[FIRST] is OrderState.CANCELLED


@pytest.mark.parametrize("fault", [Fault.BOOK_FAILS, Fault.GARBAGE, Fault.HANGS])
async def test_a_book_that_cannot_be_read_is_as_it_was(world, fault, monkeypatch):
    await states(world)
    monkeypatch.setattr(gtts, "READ_S_MAX", 0.05)
    world.server.faults.turn_on(fault, endpoint="gttorderbook")
    assert await states(world) == {FIRST: OrderState.OPEN}
    assert "openalgo.gtts_unread" in world.said.events


async def test_one_that_a_book_lacks_is_over_when_the_next_one_lacks_it_too(world):
    await states(world)
    rule = world.server.faults.turn_on(Fault.BOOK_EMPTY, endpoint="gttorderbook")
    assert await states(world) == {FIRST: OrderState.OPEN}
    world.server.faults.turn_off(rule)
    assert await states(world) == {FIRST: OrderState.OPEN}
    world.server.faults.turn_on(Fault.BOOK_EMPTY, endpoint="gttorderbook")
    assert await states(world) == {FIRST: OrderState.OPEN}
    assert await states(world) == {FIRST: OrderState.CANCELLED}


async def test_of_those_that_are_over_the_oldest_are_forgotten(world, monkeypatch):
    monkeypatch.setattr(gtts, "OVER_MAX", 1)
    world.server.gtt_by_hand(WANTED)
    await states(world)
    await world.broker.cancel(a_cancel(FIRST))
    await world.broker.cancel(a_cancel("GTT-70002"))
    assert list(await states(world)) == ["GTT-70002"]


async def test_a_server_without_such_a_book_is_asked_once():
    async with World(plugin="angel") as world:
        assert await world.broker.order_book() == []
        assert await world.broker.order_book() == []
        await turns()
        assert len(world.server.record.asked("gttorderbook")) == 1
        assert [line[1] for line in world.said.lines if line[0] == "openalgo.no_gtts"] == ["info"]


async def test_a_cancel_without_an_answer_is_no_cancel(world):
    await states(world)
    world.server.faults.turn_on(Fault.HANGS, endpoint="cancelgttorder")
    with pytest.raises(BrokerError, match="no answer to cancelgttorder"):
        await world.broker.cancel(a_cancel(FIRST))
    assert await states(world) == {FIRST: OrderState.OPEN}
