"""What the API tells of a shadow's exits."""

from decimal import Decimal
from typing import Any

from tests.brokers.shadow.test_departures import a_departure
from tradebot.api import guard_schema
from tradebot.app.shadow_exits import shadow_exits
from tradebot.brokers.shadow.departures import outcomes
from tradebot.core.book import Book
from tradebot.core.inputs import OrderSide
from tradebot.core.market.instruments import Instrument
from tradebot.core.policy import Policy


def told_of(book, *found):
    told: Any = shadow_exits(book, found)
    return told


def test_each_exit_is_told_with_what_it_saved_newest_first():
    old = a_departure(name="1").followed(Decimal(40), Decimal(803))
    new = a_departure(name="2", trade_id="T2", side=OrderSide.BUY)
    told = told_of(Book(Policy()), *zip(outcomes([old, new]), (800.0, None), strict=True))
    second, first = told["exits"]
    assert first | {"at": None} == {
        "trade_id": "T1",
        "account": "AB1234",
        "exchange": "NSE",
        "symbol": "SBIN",
        "product": "MIS",
        "side": "LONG",
        "quantity": 100,
        "exit_price": Decimal("805.5"),
        "at": None,
        "ltp": 800,
        "open": 60,
        "left": 40,
        "left_price": 803,
        "saved": 430,
    }
    assert (second["side"], second["ltp"], second["saved"]) == ("SHORT", None, None)
    assert told["saved"] == 430
    assert told.keys() == set(guard_schema.Shadow.__struct_fields__)
    assert first.keys() == set(guard_schema.ShadowExit.__struct_fields__)


def test_a_point_is_worth_what_the_instrument_says():
    book = Book(Policy())
    contract = Instrument(exchange="NSE", symbol="SBIN", multiplier=Decimal(10))
    book.instruments[contract.id] = contract
    told = told_of(book, (outcomes([a_departure()])[0], 800.0))
    assert told["saved"] == told["exits"][0]["saved"] == 5500
