"""What is guarded is described: soon, once, and without knocking for ever."""

import pytest

from tests.brokers.openalgo.world import NAME
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.books.descriptions import Descriptions

OPTION = "NFO:NIFTY24NOV2626000CE"


@pytest.fixture
def descriptions(world):
    return Descriptions(world.client)


def asked(world):
    return len(world.server.record.asked("symbol"))


async def test_what_is_wanted_is_described_once(world, descriptions):
    descriptions.want(NAME)
    descriptions.want(OPTION)
    learned = [loaded.instruments[0] for loaded in await descriptions.fetched()]
    assert [(one.id, one.lot_size, one.freeze_quantity) for one in learned] == [
        (NAME, 1, None),
        (OPTION, 75, 1800),
    ]
    assert await descriptions.fetched() == []
    assert asked(world) == 2
    descriptions.want(NAME)  # the next day
    assert len(await descriptions.fetched()) == 1


async def test_what_cannot_be_described_is_asked_for_less_and_less(world, descriptions):
    descriptions.want("NSE:NO-SUCH-SYMBOL")
    for _ in range(3):
        assert await descriptions.fetched() == []
    assert asked(world) == 1
    for _ in range(12):
        world.clock.advance(3600)
        await descriptions.fetched()
    assert asked(world) == 13
    assert world.said.events.count("openalgo.undescribed") == 1


async def test_a_server_that_is_away_is_asked_again(world, descriptions):
    rule = world.server.faults.turn_on(Fault.CUT, endpoint="symbol")
    descriptions.want(NAME)
    assert await descriptions.fetched() == []
    world.server.faults.turn_off(rule)
    world.clock.advance(2)
    assert len(await descriptions.fetched()) == 1


async def test_the_description_of_something_else_is_none(world, descriptions):
    body = '{"status":"success","data":{"symbol":"X","exchange":"NSE","lotsize":1,"tick_size":1}}'
    world.server.faults.turn_on(Fault.GARBAGE, endpoint="symbol", value=body)
    descriptions.want(NAME)
    assert await descriptions.fetched() == []


async def test_many_are_asked_for_a_few_at_a_time(world, descriptions):
    for number in range(12):
        descriptions.want(f"NSE:NONE{number}")
    await descriptions.fetched()
    assert asked(world) == 5
