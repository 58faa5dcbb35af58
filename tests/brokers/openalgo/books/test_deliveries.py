"""What is held for delivery is told right in both ways in which brokers write a sale."""

from decimal import Decimal

import pytest

from tests.brokers.openalgo.test_broker_books import CNC
from tests.brokers.openalgo.world import NAME, World
from tradebot.brokers.openalgo.books.deliveries import Deliveries

PLACE = ("NSE", "SBIN", "CNC")
HOUR_NS = 3_600_000_000_000
NOON_NS = 6 * HOUR_NS + HOUR_NS // 2  # in India


def held(known, today, holdings, at_ns=NOON_NS):
    found = known.held(PLACE, Decimal(today), Decimal(holdings), at_ns)
    return None if found is None else int(found)


async def sell(world, quantity):
    then = world.server.net(NAME, "CNC") - quantity
    world.server.by_hand(NAME, "SELL", quantity, product="CNC")
    await world.server.until(lambda: world.server.net(NAME, "CNC") == then)


async def nets(world):
    return [one.net for one in await world.broker.positions()]


@pytest.mark.parametrize("plugin", ["angel", "zerodha"])
async def test_a_part_that_is_sold_leaves_the_rest_whichever_book_tells_of_it(plugin):
    """Taken off twice, 60 that are left of 100 were 20, and 40 of 100 were nothing: no stop."""
    async with World(plugin=plugin) as world:
        world.server.hold(NAME, 100, 800.0)
        assert await world.broker.net(CNC) == 100
        for sold, left in ((40, 60), (20, 40), (40, 0)):
            await sell(world, sold)
            assert await world.broker.net(CNC) == left
            assert await nets(world) == [left]


@pytest.mark.parametrize("plugin", ["angel", "zerodha"])
async def test_what_a_sale_before_our_start_has_left_is_not_made_up(plugin):
    async with World(plugin=plugin) as world:
        world.server.hold(NAME, 100, 800.0)
        await sell(world, 40)
        assert await world.broker.net(CNC) is None
        world.server.by_hand(NAME, "BUY", 40, product="CNC")
        await world.server.until(lambda: world.server.net(NAME, "CNC") == 0)
        assert await world.broker.net(CNC) == 100


def test_where_more_was_sold_than_is_there_it_is_there_no_longer():
    assert held(Deliveries(), -60, 40) == 40
    assert held(Deliveries(), -60, 0) == 0
    assert held(Deliveries(), -40, 40) is None  # all of it is left, or nothing


def test_a_sale_that_is_in_the_holdings_first_is_not_taken_off_twice():
    known = Deliveries()
    assert held(known, 0, 100) == 100
    assert held(known, 0, 60) == 60  # the position book lags
    assert held(known, -40, 60) == 60


def test_the_sale_of_yesterday_is_none_of_today():
    known = Deliveries()
    assert held(known, 0, 100) == 100
    assert held(known, -40, 60) == 60
    night_ns = NOON_NS + 15 * HOUR_NS
    assert held(known, -40, 60, night_ns) == 60
    assert held(known, 0, 100, night_ns) == 100  # the position book is of the new day first
    morning_ns = NOON_NS + 21 * HOUR_NS
    assert held(known, 0, 60, morning_ns) == 60
    assert held(known, -10, 50, morning_ns) == 50
    assert held(known, -10, 60, morning_ns) == 50


def test_nobody_is_short_of_a_delivery():
    known = Deliveries()
    assert held(known, 0, 10) == 10
    assert held(known, -20, 10) == 0
