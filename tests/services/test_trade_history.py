"""Pages of trades that are over, whatever is looked for."""

import pytest

from tests.api.world import LONG, running
from tests.services.test_trades import closed, ids
from tradebot.core.trades import Reason
from tradebot.errors import InputError
from tradebot.services import trade_history as module
from tradebot.services.trade_history import Chosen, number_of


@pytest.fixture
async def world():
    async with running() as made:
        yield made


async def test_a_rare_reason_is_not_looked_for_without_end(world, monkeypatch):
    monkeypatch.setattr(module, "PAGE_MAX", 2)
    monkeypatch.setattr(module, "SCANNED_MAX", 3)
    await closed(world, 5)
    rare = Chosen(reason=Reason.STOP)
    page, cursor = await world.trades.history(chosen=rare, limit=1)
    assert (ids(page), cursor) == ([], "2")
    page, cursor = await world.trades.history(chosen=rare, limit=1, cursor="2")
    assert (ids(page), cursor) == ([], None)


async def test_no_page_is_larger_than_a_thousand(world):
    await world.trades.create(LONG)
    for limit in (0, -1, 1_001):
        with pytest.raises(InputError, match="limit"):
            await world.trades.history(limit=limit)


def test_a_cursor_is_a_trade_number():
    assert number_of(None) is None
    assert number_of("17") == 17
