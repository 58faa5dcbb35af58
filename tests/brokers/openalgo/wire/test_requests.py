"""What is sent, field by field: the server refuses one that it does not know."""

from decimal import Decimal

import msgspec

from tradebot.brokers.openalgo.wire import requests
from tradebot.core.inputs import OrderSide
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instruments import NetKey

SBIN = NetKey("AB1", "NSE", "SBIN", "MIS")


def an_order(**fields):
    return PlaceOrder(
        **{
            "client_order_id": "T1-x1",
            "trade_id": "T1",
            "key": SBIN,
            "side": OrderSide.SELL,
            "quantity": Decimal(100),
            "decided_at_ns": 1,
            **fields,
        }
    )


def test_a_market_order_has_no_price():
    assert requests.place_order(an_order()) == {
        "strategy": "tradebot",
        "symbol": "SBIN",
        "exchange": "NSE",
        "action": "SELL",
        "product": "MIS",
        "quantity": 100,
        "pricetype": "MARKET",
    }


def test_a_limit_order_has_its_price_exactly():
    body = requests.place_order(an_order(price=Decimal("812.55")))
    assert (body["pricetype"], body["price"]) == ("LIMIT", 812.55)
    assert b'"price":812.55' in msgspec.json.encode(body)


def test_quantities_are_whole_where_they_are_whole():
    assert type(requests.place_order(an_order(quantity=Decimal("75.0")))["quantity"]) is int
    assert requests.place_order(an_order(quantity=Decimal("0.001")))["quantity"] == 0.001


def test_an_order_is_named_by_the_brokers_id():
    assert requests.cancel_order("25") == {"strategy": "tradebot", "orderid": "25"}
    assert requests.order_status("25") == {"strategy": "tradebot", "orderid": "25"}


def test_an_instrument_is_named_in_two_words():
    words = {"symbol": "VEDL25APR24292.5CE", "exchange": "NFO"}
    assert requests.instrument("NFO:VEDL25APR24292.5CE") == words
    assert requests.instruments(["NFO:VEDL25APR24292.5CE"]) == {"symbols": [words]}
