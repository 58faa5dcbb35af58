"""Instruments: ids, net keys, and the class that a name gives away."""

import re
from decimal import Decimal

import msgspec
import pytest

from tradebot.core.market.instruments import (
    Instrument,
    Kind,
    NetKey,
    instrument_id,
    kind_of,
    wrong_with,
)


def test_an_instrument_and_a_net_position_share_the_id_that_ticks_carry():
    sbin = Instrument(exchange="NSE", symbol="SBIN")
    key = NetKey("PAPER-1", "NSE", "SBIN", "MIS")
    assert sbin.id == key.instrument == instrument_id("NSE", "SBIN") == "NSE:SBIN"


def test_a_symbol_with_a_colon_is_not_mistaken_for_another_instrument():
    assert instrument_id("NSE", "A:B") != instrument_id("NSE:A", "B:")


def test_net_positions_differ_by_account_exchange_symbol_and_product():
    key = NetKey("PAPER-1", "NSE", "SBIN", "MIS")
    others = {
        key._replace(account="PAPER-2"),
        key._replace(exchange="BSE"),
        key._replace(symbol="INFY"),
        key._replace(product="CNC"),
    }
    assert len(others | {key}) == 5


def test_an_instrument_without_a_list_is_cash_in_hundredths():
    sbin = Instrument(exchange="NSE", symbol="SBIN")
    assert sbin.kind is Kind.CASH
    assert sbin.tick_size == Decimal("0.01")
    assert sbin.lot_size == sbin.multiplier == 1
    assert sbin.freeze_quantity is None


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("NIFTY28MAR2420800CE", Kind.OPTION),
        ("NIFTY28MAR2420800PE", Kind.OPTION),
        ("VEDL25APR24292.5CE", Kind.OPTION),
        ("USDINR19APR2482CE", Kind.OPTION),
        ("CRUDEOIL17APR246750CE", Kind.OPTION),
        ("M&M28MAR242000PE", Kind.OPTION),
        ("BANKNIFTY24APR24FUT", Kind.FUTURE),
        ("USDINR10MAY24FUT", Kind.FUTURE),
        ("BTCPERP", Kind.PERPETUAL),
        ("BTC-PERPETUAL", Kind.PERPETUAL),
        ("SBIN", Kind.CASH),
        ("RELIANCE", Kind.CASH),  # ends in CE
        ("SAIL-PE", Kind.CASH),
        ("NIFTY", Kind.CASH),
        ("360ONE", Kind.CASH),
        ("NIFTY24APRFUT", Kind.CASH),  # no day: not a name of this form
        ("NIFTY28MAR24CE", Kind.CASH),  # no strike
        ("nifty28mar2420800ce", Kind.CASH),
        ("BANKNIFTY24APR24FUTX", Kind.CASH),
        ("", Kind.CASH),
    ],
)
def test_the_class_of_an_unlisted_symbol_is_read_off_its_name(symbol, kind):
    assert kind_of(symbol) is kind


# Descriptions that cannot be true.


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tick_size": "0.000000001"},
        {"tick_size": "1000000", "lot_size": "0.001"},
        {"lot_size": "75", "freeze_quantity": "75"},
        {"lot_size": "75", "freeze_quantity": "1800"},
        {"price_low": "700"},
        {"price_high": "900"},
        {"price_low": "800", "price_high": "800"},
    ],
)
def test_what_an_exchange_may_list_is_not_wrong(fields):
    assert wrong_with(described(fields)) is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"tick_size": "0"}, "tick size 0 is not between"),
        ({"tick_size": "-0.05"}, "tick size -0.05 is not"),
        ({"tick_size": "NaN"}, "tick size NaN is not"),
        ({"tick_size": "sNaN"}, "tick size sNaN is not"),
        ({"tick_size": "Infinity"}, "tick size Infinity is not"),
        ({"tick_size": "1e-18"}, "tick size 1E-18 is not"),
        ({"tick_size": "1e309"}, "tick size 1E[+]309 is not"),
        ({"lot_size": "0"}, "lot size 0 is not between"),
        ({"lot_size": "-75"}, "lot size -75 is not"),
        ({"lot_size": "NaN"}, "lot size NaN is not"),
        ({"lot_size": "1e309"}, "lot size 1E[+]309 is not"),
        ({"multiplier": "0"}, "multiplier 0 is not above 0"),
        ({"multiplier": "NaN"}, "multiplier NaN is not above 0"),
        ({"freeze_quantity": "NaN"}, "freeze quantity NaN is not between its lot size 1"),
        ({"freeze_quantity": "0"}, "freeze quantity 0 is not between"),
        ({"lot_size": "75", "freeze_quantity": "1"}, "freeze quantity 1 is not .* lot size 75"),
        ({"freeze_quantity": "1e309"}, "freeze quantity 1E[+]309 is not"),
        ({"price_low": "NaN"}, "price band NaN to None has no bounds"),
        ({"price_high": "Infinity"}, "price band None to Infinity has no bounds"),
        ({"price_low": "900", "price_high": "700"}, "price band 900 to 700 holds no price"),
    ],
)
def test_what_no_exchange_can_mean_is_named(fields, why):
    said = wrong_with(described(fields))
    assert said is not None
    assert re.match(why, said)


def described(fields):
    exact = {name: Decimal(value) for name, value in fields.items()}
    return msgspec.structs.replace(Instrument(exchange="NFO", symbol="X"), **exact)
