"""The broker's books as OpenAlgo shows them: what they say, and what says nothing."""

import asyncio
import re
from decimal import Decimal

import msgspec
import pytest

from tests.brokers.openalgo.world import NAME, SBIN, World, an_order
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.broker import OpenAlgoBroker
from tradebot.core.inputs import Acked, NotSent, OrderSide
from tradebot.errors import BrokerError

CNC = SBIN._replace(product="CNC")


# The order book.


async def test_what_is_no_order_book_is_none(world):
    assert await world.broker.order_book() == []
    for fault in (Fault.ERROR, Fault.GARBAGE, Fault.HANGS):
        rule = world.server.faults.turn_on(fault, endpoint="orderbook")
        assert await world.broker.order_book() is None
        world.server.faults.turn_off(rule)
    world.server.account.analyzer = True
    assert await world.broker.order_book() is None


# The net.


async def test_a_net_is_signed_and_a_key_without_a_row_is_flat_as_far_as_one_can_see(world):
    await world.held(100)
    assert await world.broker.net(SBIN) == 100
    await world.held(-30)
    assert await world.broker.net(SBIN) == -30
    assert await world.broker.net(SBIN._replace(product="NRML")) == 0


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.GARBAGE, Fault.HANGS, Fault.BOOK_FAILS])
async def test_a_read_that_failed_says_nothing(world, fault):
    await world.held(100)
    world.server.faults.turn_on(fault, endpoint="positionbook")
    assert await world.broker.net(SBIN) is None


async def test_an_empty_book_is_believed_only_where_the_broker_answers_for_the_account(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.BOOK_EMPTY, endpoint="positionbook")
    funds = world.server.faults.turn_on(Fault.ERROR, endpoint="funds")
    assert await world.broker.net(SBIN) is None
    world.server.faults.turn_off(funds)
    assert await world.broker.net(SBIN) == 0
    world.server.account.analyzer = True
    assert await world.broker.net(SBIN) is None


async def test_a_book_that_many_ask_for_together_is_understood_once(world):
    # 160 positions that each made the same two answers out held up a stop for 290 ms.
    await world.held(100)
    world.server.hold(NAME, 10, 800.0)
    broker = world.broker

    async def average_of_what_was_delivered():
        return next(row.average for row in await broker.positions() if row.key == CNC)

    for read in (
        lambda: broker.net(SBIN),
        average_of_what_was_delivered,
        broker.executions,
        broker.order_rows,
    ):
        told = await asyncio.gather(*(read() for _ in range(160)))
        assert told[0]
        assert told.count(told[0]) == 160
        # The first one's, that of all behind it, and one of a second book that they ask for.
        assert len({id(each) for each in told}) <= 3


async def test_who_asks_together_whether_an_empty_book_is_one_asks_for_the_funds_once(world):
    assert await asyncio.gather(*(world.broker.net(SBIN) for _ in range(160))) == [0] * 160
    assert len(world.server.record.asked("funds")) == 2  # of one on its way, and of all behind it


async def test_deliveries_are_holdings_and_what_was_bought_today(world):
    world.server.hold(NAME, 10, 800.0)
    assert await world.broker.net(CNC) == 10
    world.server.by_hand(NAME, "BUY", 5, product="CNC")
    await world.server.until(lambda: world.server.net(NAME, "CNC") == 5)
    assert await world.broker.net(CNC) == 15
    world.server.faults.turn_on(Fault.BOOK_FAILS, endpoint="holdings")
    assert await world.broker.net(CNC) is None
    assert await world.broker.net(SBIN) == 0


async def test_nobody_is_short_of_a_delivery(world):
    world.server.carry(NAME, -10, 800.0, product="CNC")
    assert await world.broker.net(CNC) == 0


async def test_the_account_is_told_row_by_row(world):
    await world.held(100)
    (held,) = await world.broker.positions()
    assert (held.key, held.net, held.average) == (SBIN, 100, Decimal("812.5"))
    assert held.ltp == 812.5


async def test_a_delivery_of_today_is_told_with_what_was_held_and_at_no_price_then(world):
    world.server.by_hand(NAME, "BUY", 5, product="CNC")
    await world.server.until(lambda: world.server.net(NAME, "CNC") == 5)
    (held,) = await world.broker.positions()
    assert (held.key, held.net, held.average) == (CNC, 5, Decimal("812.5"))
    world.server.hold(NAME, 10, 800.0)
    (held,) = await world.broker.positions()
    assert (held.key, held.net, held.average) == (CNC, 15, None)
    world.server.faults.turn_on(Fault.BOOK_FAILS, endpoint="holdings")
    assert await world.broker.positions() is None


async def test_what_was_held_before_today_is_told_at_its_own_average(world):
    world.server.hold(NAME, 10, 800.0)
    (held,) = await world.broker.positions()
    assert (held.key, held.net, held.average) == (CNC, 10, Decimal(800))
    assert held.ltp == 812.5
    await world.held(100)
    assert [(one.key, one.net) for one in await world.broker.positions()] == [
        (SBIN, 100),
        (CNC, 10),
    ]


async def test_of_what_was_held_a_sale_leaves_the_rest_at_its_own_average(world):
    world.server.hold(NAME, 10, 800.0)
    world.server.by_hand(NAME, "SELL", 4, product="CNC")
    await world.server.until(lambda: world.server.net(NAME, "CNC") == -4)
    (held,) = await world.broker.positions()
    assert (held.key, held.net, held.average) == (CNC, 6, Decimal(800))


async def test_holdings_that_cannot_be_read_hide_no_other_position(world):
    await world.held(100)
    world.server.hold(NAME, 10, 800.0)
    world.server.faults.turn_on(Fault.BOOK_FAILS, endpoint="holdings")
    assert [one.key for one in await world.broker.positions()] == [SBIN]


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.GARBAGE, Fault.HANGS, Fault.BOOK_FAILS])
async def test_positions_that_cannot_be_read_are_none(world, fault):
    await world.held(100)
    world.server.faults.turn_on(fault, endpoint="positionbook")
    assert await world.broker.positions() is None


async def test_no_positions_are_believed_only_where_there_are_funds(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.BOOK_EMPTY, endpoint="positionbook")
    funds = world.server.faults.turn_on(Fault.ERROR, endpoint="funds")
    assert await world.broker.positions() is None
    world.server.faults.turn_off(funds)
    assert await world.broker.positions() == []


async def test_a_hundred_questions_for_nets_are_two_readings(world):
    await world.held(100)
    before = len(world.server.record.asked("positionbook"))
    nets = await asyncio.gather(*(world.broker.net(SBIN) for _ in range(100)))
    assert set(nets) == {Decimal(100)}
    assert len(world.server.record.asked("positionbook")) - before <= 2


# Quotes, and the end.


async def test_a_quote_is_the_second_source(world):
    assert (await world.broker.quote(NAME)).ltp == 812.5
    assert await world.broker.quote("NSE:NO-SUCH-SYMBOL") is None
    world.server.faults.turn_on(Fault.QUOTE_ZERO)
    assert await world.broker.quote(NAME) is None


async def test_a_closed_broker_answers_with_values(world):
    await world.broker.close()
    assert isinstance(await world.broker.place(an_order()), NotSent)
    assert await world.broker.net(SBIN) is None
    assert await world.broker.order_book() is None
    assert await world.broker.positions() is None
    assert await world.broker.quote(NAME) is None


async def test_a_start_that_fails_lets_go_of_its_connections():
    async with World() as world:
        world.server.account.analyzer = True
        client = world.a_client()
        with pytest.raises(BrokerError):
            await OpenAlgoBroker(SBIN.account, client).open(world.inbox)
        assert not client.is_open


async def test_buying_back_a_short_is_an_order_like_any_other(world):
    await world.held(-100)
    assert isinstance(await world.broker.place(an_order(side=OrderSide.BUY)), Acked)
    await world.server.until(lambda: world.server.net(NAME) == 0)


async def test_every_book_is_about_the_same_position_however_its_codes_are_written(
    world, monkeypatch
):
    """An order that came back as "mis" was looked for among those of "MIS", and sent again."""
    await world.held(100)
    honest = world.client.ask

    async def in_small_letters(route, *args, **words):
        reply = await honest(route, *args, **words)
        data = bytes(reply.body.data).replace(b'"MIS"', b'"mis"').replace(b'"NSE"', b'"Nse "')
        body = msgspec.structs.replace(reply.body, data=msgspec.Raw(data))
        return msgspec.structs.replace(reply, body=body)

    monkeypatch.setattr(world.client, "ask", in_small_letters)
    assert await world.broker.net(SBIN) == 100
    assert {row.key for row in await world.broker.order_book()} == {SBIN}
    assert {fill.key for fill in await world.broker.executions()} == {SBIN}


async def test_an_order_that_waits_among_the_trades_hides_no_fill(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.FILLS_NEVER)
    world.server.faults.turn_on(Fault.UNFILLED_ROWS)
    outcome = await world.broker.place(an_order())
    assert [fill.quantity for fill in await world.broker.executions()] == [100]
    world.server.exchange.fill(outcome.order_id)
    assert [fill.quantity for fill in await world.broker.executions()] == [100, 100]


async def test_no_more_is_told_of_somebodys_order_than_it_has(world, monkeypatch):
    """[S] At shoonya, jainamxts and others each row of an order has the units of all of it."""
    honest = world.client.ask

    async def whole_orders(route, *args, **words):
        reply = await honest(route, *args, **words)
        if route != "tradebook":
            return reply
        data = re.sub(rb'("quantity": ?)[46]0', rb"\g<1>100", bytes(reply.body.data))
        body = msgspec.structs.replace(reply.body, data=msgspec.Raw(data))
        return msgspec.structs.replace(reply, body=body)

    world.server.faults.turn_on(Fault.FILLS_NEVER)
    order = world.server.by_hand(NAME, "BUY", 100)
    for price, units in ((100.0, 40), (101.0, 60)):
        world.server.price(NAME, price)
        world.server.exchange.fill(order.order_id, units)
    monkeypatch.setattr(world.client, "ask", whole_orders)
    assert [fill.quantity for fill in await world.broker.executions()] == [100]


async def test_a_fill_without_a_price_is_no_reason_to_tell_the_others(world):
    await world.held(100)
    world.server.faults.turn_on(Fault.AVERAGE_ZERO, endpoint="tradebook")
    with pytest.raises(BrokerError, match="has no price of order"):
        await world.broker.executions()
    world.server.faults.turn_on(Fault.BOOK_FAILS, endpoint="orderbook")
    with pytest.raises(BrokerError, match="has no price of order"):
        await world.broker.executions()
