"""Settings answer what the rest of the program asks of them."""

import pytest

from tradebot.config import load
from tradebot.config.settings import Listen
from tradebot.core.guard.trades import PriceSource
from tradebot.core.market.instruments import Kind
from tradebot.core.market.sessions import Session
from tradebot.core.words.trade_requests import TradeDefaults


@pytest.mark.parametrize("kind", Kind)
def test_each_class_has_its_own_price_settings(kind):
    price = load(None).settings.price
    assert price.of(kind) is getattr(price, kind.value)


def test_a_trade_takes_its_defaults_from_the_settings():
    environ = {"TRADEBOT_PRICE_OPTION_SOURCE": "mid", "TRADEBOT_DEFAULTS_STRATEGY": "swing"}
    assert load(None, environ=environ).settings.trade_defaults == TradeDefaults(
        account="PAPER-1",
        strategy="swing",
        product="MIS",
        price_sources={
            Kind.CASH: PriceSource.LAST,
            Kind.FUTURE: PriceSource.LAST,
            Kind.OPTION: PriceSource.MID,
            Kind.PERPETUAL: PriceSource.LAST,
        },
    )


def test_an_exchange_that_is_not_listed_trades_round_the_clock():
    assert load(None).settings.session("BYBIT") == Session()


@pytest.mark.parametrize("text", ["127.0.0.1:4800", "[::1]:0", "localhost:1"])
def test_an_address_is_written_as_it_is_read(text):
    host, _, port = text.rpartition(":")
    assert str(Listen(host.strip("[]"), int(port))) == text
