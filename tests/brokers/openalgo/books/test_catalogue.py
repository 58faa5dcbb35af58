"""What an instrument is, asked for one by one; what there is not is answered with a hint."""

import pytest

from tests.brokers.openalgo.world import NAME
from tests.openalgo.catalogue import Contract
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.books.catalogue import Catalogue
from tradebot.core.market.instruments import Instrument
from tradebot.ports import Unlisted


@pytest.fixture
def catalogue(world):
    return Catalogue(world.client)


async def test_what_is_listed_is_described(catalogue):
    said = await catalogue.describe("NFO:NIFTY24NOV2626000CE")
    assert isinstance(said, Instrument)
    assert (said.lot_size, said.freeze_quantity) == (75, 1800)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("NSE:SBINN", 'OpenAlgo lists no NSE:SBINN; did you mean "SBIN"?'),
        ("NSE:RELIENCE", 'OpenAlgo lists no NSE:RELIENCE; did you mean "RELIANCE"?'),
        ("NFO:NIFTY24NOV2627000CE", None),
        ("NSE:NO-SUCH-SYMBOL", "OpenAlgo lists no NSE:NO-SUCH-SYMBOL"),
        ("NSE:123", "OpenAlgo lists no NSE:123"),
        ("NYSE:SBIN", "OpenAlgo lists no NYSE:SBIN"),
    ],
)
async def test_what_is_not_listed_is_said_with_what_was_meant(catalogue, name, why):
    said = await catalogue.describe(name)
    assert isinstance(said, Unlisted)
    assert said.why == why or (why is None and "did you mean" in said.why)


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.ERROR, Fault.GARBAGE, Fault.LIMITED])
async def test_what_is_not_answered_is_not_known(world, catalogue, fault):
    world.server.faults.turn_on(fault, endpoint="symbol")
    assert await catalogue.describe(NAME) is None


async def test_a_search_that_fails_takes_the_hint_alone(world, catalogue):
    world.server.faults.turn_on(Fault.CUT, endpoint="search")
    assert await catalogue.describe("NSE:SBINN") == Unlisted("OpenAlgo lists no NSE:SBINN")


async def test_the_description_of_something_else_is_none(world, catalogue):
    body = '{"status":"success","data":{"symbol":"X","exchange":"NSE","lotsize":1,"tick_size":1}}'
    world.server.faults.turn_on(Fault.GARBAGE, endpoint="symbol", value=body)
    assert await catalogue.describe(NAME) is None
    assert world.said.lines[-1][2]["why"] == "it was answered with NSE:X"


@pytest.mark.parametrize("tick", [0.0, -0.05, float("nan"), float("inf"), "x", 1e308])
async def test_a_hostile_tick_size_is_refused_and_named(world, catalogue, tick):
    world.server.account.catalogue.add(Contract(exchange="NSE", symbol="BAD", tick_size=tick))
    assert await catalogue.describe("NSE:BAD") is None
    event, level, fields = world.said.lines[-1]
    assert (event, level, fields["instrument"]) == ("openalgo.misdescribed", "warning", "NSE:BAD")
    assert str(fields["why"]).startswith("tick_size ")


async def test_a_hostile_freeze_quantity_is_named_and_the_rest_is_taken(world, catalogue):
    bad = Contract(exchange="NFO", symbol="BAD", lotsize=75, freeze_qty=50)
    world.server.account.catalogue.add(bad)
    said = await catalogue.describe("NFO:BAD")
    assert isinstance(said, Instrument)
    assert (said.lot_size, said.freeze_quantity) == (75, None)
    assert world.said.events[-1] == "openalgo.misdescribed"
