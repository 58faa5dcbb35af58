"""Instruments: ids, net keys, and the class that a name gives away."""

from decimal import Decimal

import pytest

from tradebot.core.instruments import Instrument, Kind, NetKey, instrument_id, kind_of


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
