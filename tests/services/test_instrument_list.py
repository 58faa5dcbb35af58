"""What can be traded, page by page."""

from decimal import Decimal

import pytest

from tests.api.world import SBIN, START_NS, running
from tradebot.core.inputs import InstrumentsLoaded
from tradebot.core.market.instruments import Instrument
from tradebot.errors import InputError
from tradebot.services.instrument_list import instrument_json, instruments_page

OTHERS = [Instrument(exchange="NSE", symbol=name, tick_size=Decimal("0.05")) for name in "CAB"]


async def test_instruments_are_paged_by_their_ids():
    async with running() as world:
        await world.put(InstrumentsLoaded(tuple(OTHERS)))
        page, cursor = instruments_page(world.book, limit=3, cursor=None)
        assert (page, cursor) == (["NSE:A", "NSE:B", "NSE:C"], "NSE:C")
        assert instruments_page(world.book, limit=3, cursor=cursor) == (["NSE:SBIN"], None)
        assert instruments_page(world.book, limit=3, cursor="ZZZ") == ([], None)
        with pytest.raises(InputError):
            instruments_page(world.book, limit=0, cursor=None)


async def test_an_instrument_that_nobody_trades_has_no_price():
    async with running() as world:
        told = instrument_json(world.book, SBIN, START_NS)
        assert (told["tick_size"], told["ltp"], told["trades"]) == (Decimal("0.05"), None, 0)
