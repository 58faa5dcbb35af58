"""Orders that a person has waiting in the paper exchange's book."""

from decimal import Decimal
from functools import partial

import pytest

from tests.brokers.paper.world import SBIN, START_NS, World
from tradebot.core.inputs import OrderSide, OrderState
from tradebot.core.intents import CancelOrder
from tradebot.errors import BrokerError, InputError


@pytest.fixture
def a_world(tmp_path):
    """Make worlds; the first price of SBIN is 812.5."""
    worlds = []

    async def make(**settings):
        world = await World(tmp_path, **settings).open()
        worlds.append(world)
        world.price(812.5)
        return world

    yield make
    for world in worlds:
        world.memory.close()


@pytest.mark.parametrize(
    ("side", "waits_for", "quiet", "reaches"),
    [
        ("SELL", {"trigger": Decimal(810)}, 810.05, 809.5),
        ("BUY", {"trigger": Decimal(815)}, 814.95, 815.0),
        ("SELL", {"price": Decimal(815)}, 814.95, 815.5),
        ("BUY", {"price": Decimal(810)}, 810.05, 810.0),
    ],
)
async def test_an_order_of_a_person_waits_for_its_price(a_world, side, waits_for, quiet, reaches):
    world = await a_world(slippage=Decimal(1))
    person = partial(world.broker.place_for_person, SBIN, OrderSide(side), Decimal(100), START_NS)
    order_id = person(**waits_for)
    (told,) = world.inbox.reports
    assert (told.order_id, told.state) == (order_id, OrderState.OPEN)
    assert {name: getattr(told, name) for name in waits_for} == waits_for
    world.time.advance(60)
    world.price(quiet)
    assert world.inbox.executions == []
    await world.restart()
    world.price(quiet)
    world.time.advance(1)
    assert [row.order_id for row in await world.broker.order_book()] == [order_id]
    world.price(reaches)
    (fill,) = world.inbox.executions
    assert fill.quantity == 100
    at_market = "trigger" in waits_for
    assert fill.price == Decimal(str(reaches)) + at_market * OrderSide(side).sign


async def test_an_order_of_a_person_that_waits_can_be_cancelled(a_world):
    world = await a_world()
    order_id = world.broker.place_for_person(
        SBIN, OrderSide.SELL, Decimal(100), START_NS, trigger=Decimal(810)
    )
    world.time.advance(1)
    await world.broker.cancel(CancelOrder(client_order_id=None, order_id=order_id, key=SBIN))
    world.price(805)
    assert world.inbox.executions == []
    assert (await world.broker.report(order_id)).state is OrderState.CANCELLED
    with pytest.raises(BrokerError, match=order_id):
        await world.broker.cancel(CancelOrder(client_order_id=None, order_id=order_id, key=SBIN))


@pytest.mark.parametrize(
    ("field", "waits_for"),
    [
        ("price", {"price": Decimal(0)}),
        ("trigger", {"trigger": Decimal("NaN")}),
        ("trigger", {"trigger": Decimal(810), "price": Decimal(809)}),
    ],
)
async def test_an_order_that_waits_for_no_price_is_refused(a_world, field, waits_for):
    world = await a_world()
    with pytest.raises(InputError) as error:
        world.broker.place_for_person(SBIN, OrderSide.SELL, Decimal(100), START_NS, **waits_for)
    assert error.value.field == field


async def test_an_order_that_waits_is_in_the_book_however_many_came_after_it(a_world):
    world = await a_world()
    first = world.broker.place_for_person(
        SBIN, OrderSide.SELL, Decimal(1), START_NS, trigger=Decimal(700)
    )
    for number in range(1000):
        world.broker.place_for_person(SBIN, OrderSide.BUY, Decimal(1), START_NS + number)
    world.time.advance(1)
    rows = await world.broker.order_book()
    assert (len(rows), rows[-1].order_id) == (1001, first)
