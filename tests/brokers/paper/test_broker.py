"""The paper broker beyond the contract: prices of fills, unkindness, and the person's side."""

import asyncio
import sqlite3
from decimal import Decimal

import pytest

from tests.brokers.paper.world import INSTRUMENTS, LOTS, SBIN, START_NS, World, an_order
from tradebot.brokers.paper.broker import PaperBroker
from tradebot.brokers.paper.fate import Chances
from tradebot.brokers.paper.memory import Memory
from tradebot.brokers.paper.prices import LastPrices
from tradebot.core.inputs import Acked, OrderSide, OrderState, Refused, Unknown
from tradebot.core.market.instruments import NetKey
from tradebot.errors import BrokerError, InputError


@pytest.fixture
def a_world(tmp_path):
    """Make worlds; the first price of SBIN is 812.5."""
    worlds = []

    async def make(*, price=812.5, **settings):
        world = await World(tmp_path, **settings).open()
        worlds.append(world)
        if price:
            world.price(price)
        return world

    yield make
    for world in worlds:
        world.memory.close()


async def test_an_order_fills_after_the_latency_at_the_price_of_that_moment(a_world):
    world = await a_world(latency_ns=20_000_000)
    await world.broker.place(an_order())
    world.price(813.0)
    world.time.advance(0.019)
    assert world.inbox.items == []
    world.price(812.05)
    world.time.advance(0.001)
    world.price(900.0)
    (fill,) = world.inbox.executions
    assert (fill.price, fill.quantity, fill.at_ns) == (Decimal("812.05"), 100, world.time.ns)


async def test_without_a_price_an_order_waits_for_the_first_one(a_world):
    world = await a_world(price=None)
    await world.broker.place(an_order())
    await world.broker.place(an_order("T2-x1"))
    world.time.advance(60)
    assert world.inbox.items == []
    world.price(0.0)
    assert world.inbox.items == []
    world.price(812.5)
    assert [fill.client_order_id for fill in world.inbox.executions] == ["T1-x1", "T2-x1"]


@pytest.mark.parametrize(
    ("side", "slippage", "price"),
    [("BUY", "0.1", "812.6"), ("SELL", "0.1", "812.4"), ("SELL", "900", "812.5")],
)
async def test_slippage_is_against_the_order_and_never_below_zero(side, slippage, price, a_world):
    world = await a_world(slippage=Decimal(slippage))
    await world.broker.place(an_order(side=OrderSide(side)))
    world.time.advance(1)
    assert [fill.price for fill in world.inbox.executions] == [Decimal(price)]


@pytest.mark.parametrize(
    ("key", "quantity", "says"),
    [
        (SBIN._replace(symbol="TCS"), "1", "the paper exchange does not trade SIM:TCS"),
        (SBIN, "0", "quantity 0 is not more than 0"),
        (SBIN, "-5", "quantity -5 is not more than 0"),
        (SBIN, "NaN", "quantity NaN is not more than 0"),
        (SBIN, "Infinity", "quantity Infinity is not more than 0"),
        (SBIN, "1.5", "quantity 1.5 is not a multiple of the lot size 1 of SIM:SBIN"),
        (LOTS, "100", "quantity 100 is not a multiple of the lot size 75 of SIM:LOTS"),
        (LOTS, "825", "quantity 825 is more than the freeze quantity 750 of SIM:LOTS"),
    ],
)
async def test_a_wrong_order_is_refused_in_words(key, quantity, says, a_world):
    world = await a_world()
    order = an_order(quantity=quantity, key=key)
    assert await world.broker.place(order) == Refused(says)
    with pytest.raises(InputError) as caught:
        world.broker.place_for_person(key, OrderSide.BUY, Decimal(quantity), START_NS)
    assert str(caught.value) == says
    assert world.broker.orders() == []


async def test_an_order_up_to_the_freeze_quantity_is_taken(a_world):
    world = await a_world()
    assert isinstance(await world.broker.place(an_order(quantity="750", key=LOTS)), Acked)


async def test_a_name_that_was_used_for_another_order_is_refused(a_world):
    """Somebody deleted the daemon's database and kept the paper world's."""
    world = await a_world()
    first = await world.broker.place(an_order())
    again = await world.broker.place(an_order(quantity="7"))
    assert again == Refused(f"T1-x1 already names {first.order_id}")
    assert await world.broker.place(an_order()) == first
    assert len(world.broker.orders()) == 1


async def test_orders_in_parts_fill_over_time_or_lose_their_rest(a_world):
    world = await a_world(partial_fills=1.0, price=None)
    for number in range(30):
        await world.broker.place(an_order(f"T{number}-x1"))
    world.time.advance(60)
    world.price(812.5)
    assert [fill.execution_id.rpartition("-")[2] for fill in world.inbox.executions] == ["1"] * 30
    assert {report.state for report in world.inbox.reports} == {OrderState.OPEN}
    world.time.advance(2)
    final = [report for report in world.inbox.reports if report.state.is_final]
    assert len({report.order_id for report in final}) == len(final) == 30
    for report in final:
        fills = [fill for fill in world.inbox.executions if fill.order_id == report.order_id]
        assert sum(fill.quantity for fill in fills) == report.filled
        assert len(fills) <= 3
        if report.state is OrderState.CANCELLED:
            assert 0 < report.filled < 100
            assert report.message == "the rest was cancelled by the paper exchange"
        else:
            assert (report.state, report.filled) == (OrderState.COMPLETE, 100)
    assert {report.state for report in final} == {OrderState.COMPLETE, OrderState.CANCELLED}


async def test_rejections_come_at_once_or_by_report(a_world):
    world = await a_world(rejects=1.0)
    outcomes = [await world.broker.place(an_order(f"T{n}-x1")) for n in range(30)]
    world.time.advance(1)
    acked = {outcome.order_id for outcome in outcomes if isinstance(outcome, Acked)}
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert 5 < len(acked) < 25
    assert set(refused) == {Refused("refused by the paper exchange")}
    assert {report.order_id for report in world.inbox.reports} == acked
    assert {report.state for report in world.inbox.reports} == {OrderState.REJECTED}
    assert world.inbox.executions == []


async def test_a_lost_reply_is_unknown_and_the_order_acts(a_world):
    world = await a_world(lose_replies=1.0)
    assert await world.broker.place(an_order()) == Unknown("no answer from the paper exchange")
    reply = await world.broker.query("T1-x1")
    assert (reply.answered, reply.report.state) == (True, OrderState.OPEN)
    assert isinstance(await world.broker.place(an_order()), Unknown)
    world.time.advance(1)
    assert len(world.inbox.executions) == 1


async def test_a_lost_request_is_unknown_and_never_acts(a_world):
    world = await a_world(lose_requests=1.0)
    assert await world.broker.place(an_order()) == Unknown("no answer from the paper exchange")
    reply = await world.broker.query("T1-x1")
    assert (reply.answered, reply.report) == (True, None)
    world.time.advance(1)
    assert world.inbox.items == []


async def test_an_order_can_fill_before_its_answer_is_known(a_world):
    world = await a_world(reply_delay_ns=5_000_000_000)
    outcome = await world.broker.place(an_order())
    assert isinstance(outcome, Acked)
    assert len(world.inbox.executions) == 1
    assert world.time.ns == START_NS + 5_000_000_000


async def test_a_broker_that_closes_before_it_answers_leaves_a_doubt(a_world):
    async def close(_seconds):
        await world.broker.close()

    world = await a_world(reply_delay_ns=1, sleep=close)
    assert await world.broker.place(an_order()) == Unknown(
        "the paper broker was closed before it answered"
    )


async def test_what_was_pending_at_the_end_of_a_process_happens_in_the_next(a_world):
    world = await a_world(partial_fills=1.0, latency_ns=1_000_000_000)
    await world.broker.place(an_order("T1-x1"))
    await world.broker.place(an_order("T2-x1"))
    world.time.advance(1.01)  # the first parts are filled
    first = world.inbox.executions
    assert len(first) == 2
    await world.restart(partial_fills=0.0)
    assert world.inbox.items == []
    world.time.advance(10)
    world.price(812.5)
    world.time.advance(10)
    ids = [fill.execution_id for fill in first + world.inbox.executions]
    assert len(set(ids)) == len(ids) > 2
    assert await world.broker.executions() == first + world.inbox.executions
    assert all(report.state.is_final for report in world.broker.orders())


async def test_a_clock_that_was_set_back_does_not_hold_orders(a_world):
    world = await a_world()
    await world.broker.place(an_order())
    world.time.ns -= 3600 * 10**9
    await world.restart()
    world.price(812.5)
    world.time.advance(0.021)
    assert len(world.inbox.executions) == 1


async def test_a_closed_broker_lets_its_orders_rest(a_world):
    world = await a_world(price=None)
    await world.broker.place(an_order("T1-x1"))
    world.time.advance(1)  # it waits for a price
    await world.broker.place(an_order("T2-x1"))
    await world.broker.close()
    world.time.advance(1)
    world.price(812.5)
    assert world.inbox.items == []
    assert await world.broker.net(SBIN) is None


async def test_a_file_that_refuses_a_request_makes_a_doubt(a_world):
    world = await a_world()
    locker = sqlite3.connect(world.path, isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    outcome = await world.broker.place(an_order())
    assert isinstance(outcome, Unknown)
    assert "locked" in outcome.message
    with pytest.raises(BrokerError, match="locked"):
        world.broker.place_for_person(SBIN, OrderSide.BUY, Decimal(1), START_NS)
    locker.execute("ROLLBACK")
    locker.close()
    assert (await world.broker.query("T1-x1")).report is None


async def test_a_file_that_refuses_a_fill_is_asked_again(a_world):
    world = await a_world()
    await world.broker.place(an_order())
    locker = sqlite3.connect(world.path, isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    world.time.advance(1)
    assert world.inbox.items == []
    locker.execute("ROLLBACK")
    locker.close()
    world.time.advance(1)
    assert len(world.inbox.executions) == 1


async def test_a_query_that_fails_says_nothing(a_world):
    world = await a_world()
    world.memory.close()
    reply = await world.broker.query("T1-x1")
    assert (reply.answered, reply.report) == (False, None)


async def test_executions_are_those_of_the_last_two_days(a_world):
    world = await a_world()
    await world.broker.place(an_order())
    world.time.advance(3600)
    assert len(await world.broker.executions()) == 1
    world.time.advance(48 * 3600)
    assert await world.broker.executions() == []
    assert await world.broker.net(SBIN) == -100


async def test_a_person_opens_a_position_and_the_daemon_hears_of_it(a_world):
    world = await a_world()
    order_id = world.broker.place_for_person(SBIN, OrderSide.BUY, Decimal(100), START_NS)
    assert (await world.broker.report(order_id)).state is OrderState.OPEN
    world.time.advance(1)
    (fill,) = world.inbox.executions
    assert (fill.order_id, fill.client_order_id, fill.quantity) == (order_id, None, 100)
    assert world.broker.nets() == {SBIN: Decimal(100)}
    assert [report.order_id for report in world.broker.orders()] == [order_id]


async def test_a_persons_order_is_never_refused_by_chance_but_it_may_be_rejected(a_world):
    world = await a_world(rejects=1.0, lose_requests=1.0, lose_replies=1.0)
    for number in range(10):
        world.broker.place_for_person(SBIN, OrderSide.BUY, Decimal(1), START_NS + number)
    world.time.advance(1)
    assert [report.state for report in world.inbox.reports] == [OrderState.REJECTED] * 10


async def test_a_position_of_another_product_is_another_position(a_world):
    world = await a_world()
    delivery = NetKey("PAPER-1", "SIM", "SBIN", "CNC")
    world.broker.place_for_person(SBIN, OrderSide.BUY, Decimal(100), START_NS)
    world.broker.place_for_person(delivery, OrderSide.SELL, Decimal(30), START_NS)
    world.time.advance(1)
    assert world.broker.nets() == {SBIN: Decimal(100), delivery: Decimal(-30)}


async def test_a_daemon_cannot_start_on_a_damaged_world(tmp_path):
    (tmp_path / "paper.db").write_bytes(b"no database " * 100)
    with pytest.raises(BrokerError, match="not a database"):
        await World(tmp_path).open()


async def test_on_a_real_loop_an_order_fills_by_itself(tmp_path):
    world = World(tmp_path)
    filled = asyncio.Event()
    prices = LastPrices()
    broker = PaperBroker(
        Memory(world.path), prices, world.time, INSTRUMENTS, chances=Chances(latency_ns=1000)
    )
    world.inbox.on_put = lambda item: filled.set()
    await broker.open(world.inbox)
    prices.tell("SIM:SBIN", 812.5, START_NS)
    await broker.place(an_order())
    await asyncio.wait_for(filled.wait(), 10)
    assert [e.price for e in await broker.executions()] == [Decimal("812.5")]
    await broker.close()
