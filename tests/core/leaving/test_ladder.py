"""The price of every step of an exit that the market leaves behind."""

from decimal import Decimal

import pytest

from tradebot.core.guard.trades import Side
from tradebot.core.leaving.ladder import Rung, limit_price, parse_rung
from tradebot.core.market.instruments import Instrument
from tradebot.errors import InputError

FREE = Instrument(exchange="NSE", symbol="SBIN", tick_size=Decimal("0.05"))
BANDED = Instrument(
    exchange="NSE",
    symbol="SBIN",
    tick_size=Decimal("0.05"),
    price_low=Decimal(790),
    price_high=Decimal(810),
)


@pytest.mark.parametrize(
    ("text", "instrument", "sell", "buy"),
    [
        ("touch", FREE, "800.00", "800.10"),
        ("touch+3%", FREE, "776.00", "824.10"),
        ("band", FREE, "720.00", "880.10"),
        ("touch", BANDED, "800.00", "800.10"),
        ("touch+3%", BANDED, "790", "810"),
        ("band", BANDED, "790", "810"),
    ],
)
def test_a_step_is_rounded_away_from_the_market_and_stays_in_the_band(text, instrument, sell, buy):
    rung = parse_rung(text, "ladder")
    assert limit_price(rung, Side.LONG, Decimal("800.02"), instrument) == Decimal(sell)
    assert limit_price(rung, Side.SHORT, Decimal("800.07"), instrument) == Decimal(buy)


def test_a_sale_never_asks_for_nothing():
    paise = Instrument(exchange="NFO", symbol="X", tick_size=Decimal("0.05"))
    assert limit_price(Rung(Decimal(3)), Side.LONG, Decimal("0.05"), paise) == Decimal("0.05")


@pytest.mark.parametrize(
    "text", ["", "market", "touch3%", "touch+%", "touch+0%", "touch+11%", "touch+٣%", "touch-1%"]
)
def test_a_step_that_is_none_is_refused_with_what_is_allowed(text):
    with pytest.raises(InputError, match='must be "touch"'):
        parse_rung(text, "exit.ladder")
