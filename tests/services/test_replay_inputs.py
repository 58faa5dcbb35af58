"""Trades and instruments of a replay are read whole, or refused line by line."""

import json
from decimal import Decimal

import pytest

from tradebot.core.guard.trades import PriceSource
from tradebot.core.market.instruments import Instrument, Kind
from tradebot.core.words.trade_requests import TradeDefaults
from tradebot.errors import InputError
from tradebot.services.replay_inputs import read_instruments, read_trades

AT_NS = 1_700_000_000_000_000_000
TRADE = {
    "exchange": "X",
    "symbol": "A",
    "side": "LONG",
    "quantity": 10,
    "entry_price": 100,
    "opened_at_ns": AT_NS,
}
ONE = {"exchange": "X", "symbol": "A", "tick_size": 0.05}


def lines(*trades):
    return [
        json.dumps({**TRADE, **trade}) if isinstance(trade, dict) else trade for trade in trades
    ]


def test_account_strategy_and_product_may_be_left_out():
    (trade,) = read_trades(lines({})).trades
    assert (trade.trade_id, trade.opened_at_ns, trade.line) == ("T1", AT_NS, 1)
    assert (trade.request.quantity, trade.request.strategy) == (Decimal(10), "")


def test_a_trade_without_an_id_is_named_after_its_line():
    named = read_trades(["\ufeff" + lines({})[0], "", " \n", *lines({}, {"trade_id": "Z"})])
    assert [trade.trade_id for trade in named.trades] == ["T1", "T4", "Z"]


def test_a_decimal_keeps_every_digit():
    (trade,) = read_trades([lines({})[0].replace("100", "0.100000000000000001")]).trades
    assert trade.request.entry_price == Decimal("0.100000000000000001")


def test_the_price_source_defaults_by_class():
    defaults = TradeDefaults(account="A", product="P", price_sources={Kind.OPTION: PriceSource.MID})
    named = read_trades(lines({}, {"symbol": "NIFTY28NOV2424000CE"}), defaults=defaults)
    assert [t.request.price_source for t in named.trades] == [PriceSource.LAST, PriceSource.MID]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON at column 2: Expecting property name"),
        ("nothing", "not JSON at column 1"),
        ('{"symbol": "A", "symbol": "B"}', "'symbol' is there twice"),
        ('{"quantity": NaN}', "NaN is not a number"),
        ('{"quantity": ' + "9" * 5000 + "}", "a number in it is too long"),
        ("[" * 100_000, "nested too deep"),
        ("[]", "must be an object"),
        ({"sl": "1%"}, 'sl is no key of a trade; did you mean "stop"?'),
        ({"oppened_at_ns": 1}, 'did you mean "opened_at_ns"?'),
        ({"opened_at_ns": None}, "opened_at_ns is missing"),
        ({"opened_at_ns": "2024"}, "whole nanoseconds UTC between 1990 and 2100"),
        ({"opened_at_ns": True}, "whole nanoseconds UTC"),
        ({"opened_at_ns": 1.5}, "whole nanoseconds UTC"),
        ({"opened_at_ns": 1_700_000_000}, "whole nanoseconds UTC"),
        ({"order_id": "7", "entry_price": None}, "a replay knows no orders"),
        ({"stop": 2}, "is not a level"),
        ({"quantity": "x"}, "a number above 0"),
        ({"tag": "\udc80"}, "printable"),
    ],
)
def test_a_bad_line_is_refused_by_its_number_and_the_others_are_read(line, says):
    named = read_trades(lines({}, line, {}))
    assert [trade.trade_id for trade in named.trades] == ["T1", "T3"]
    ((number, why),) = named.refused
    assert number == 2
    assert says in why
    assert "\n" not in why


def test_an_id_that_is_there_twice_is_refused_also_where_the_line_gave_it():
    named = read_trades(lines({"trade_id": "Z"}, {"trade_id": "T3"}, {}, {"trade_id": "Z"}))
    assert list(named.refused) == [
        (3, "trade_id T3 is that of line 2 already"),
        (4, "trade_id Z is that of line 1 already"),
    ]


def test_instruments_are_read():
    text = json.dumps([ONE, {**ONE, "symbol": "BTC-PERP", "lot_size": "0.1", "multiplier": 5}])
    assert read_instruments(text) == [
        Instrument(exchange="X", symbol="A", tick_size=Decimal("0.05")),
        Instrument(
            exchange="X",
            symbol="BTC-PERP",
            kind=Kind.PERPETUAL,
            tick_size=Decimal("0.05"),
            lot_size=Decimal("0.1"),
            multiplier=Decimal(5),
        ),
    ]
    assert read_instruments("[]") == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tick_size": 0}, "instrument 1: tick_size = 0: must be a number above 0"),
        ({"tick_size": -0.05}, "tick_size = "),
        ({"tick_size": None}, "tick_size is missing"),
        ({"tick_size": "1e-3"}, "a number above 0"),
        ({"tick_size": "0.0000000000001"}, "at most 12 decimals"),
        ({"lot_size": "none"}, "lot_size = 'none'"),
        ({"multiplier": 0}, "multiplier = 0"),
        ({"tick": 1}, 'tick is no key of an instrument; did you mean "tick_size"?'),
        ({"symbol": ""}, "symbol = ''"),
        ({"exchange": "N:X"}, "a name without a colon"),
    ],
)
def test_a_bad_instrument_is_refused_with_its_place(change, says):
    with pytest.raises(InputError) as caught:
        read_instruments(json.dumps([{**ONE, **change}]))
    assert says in str(caught.value)
    assert str(caught.value).startswith("instrument 1: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps([ONE, ONE]), "instrument 2: X:A is there twice"),
        (json.dumps(ONE), "must be an array of instruments"),
        ("", "not JSON at column 1"),
        ("[\n{]", "not JSON at line 2 column 2"),
        ("[5]", "must be an object with exchange, symbol"),
    ],
)
def test_what_is_no_list_of_instruments_is_refused(text, says):
    with pytest.raises(InputError, match=says):
        read_instruments(text)
