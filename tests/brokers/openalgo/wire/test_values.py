"""Numbers that may be text, ids that are none, and prices that nobody paid."""

import math
from decimal import Decimal

import pytest

from tradebot.brokers.openalgo.wire import values
from tradebot.core.inputs import OrderSide


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        *((5, 5), ("5", 5), (" 5.50 ", Decimal("5.5")), ("1,234.5", Decimal("1234.5"))),
        *((812.55, Decimal("812.55")), ("-10", -10), ("1e3", 1000), (0, 0), (10**15, 10**15)),
        *((None, None), ("", None), ("abc", None), ("nan", None), ("1e99", None), ("\u0661", None)),
        *((math.nan, None), (math.inf, None), (10**16, None), (-(2**70), None), (1e300, None)),
    ],
)
def test_a_number_is_read_as_it_is_meant_or_not_at_all(value, exact):
    assert values.decimal(value) == exact


def test_units_have_one_spelling():
    assert str(values.units("100.0")) == "100"
    assert str(values.units(-7.5)) == "-7.5"
    assert values.units("many") is None


@pytest.mark.parametrize(
    "value", [0, 0.0, -1.0, "0", "-5", None, "", math.nan, math.inf, 1e16, "x"]
)
def test_what_nobody_paid_is_no_price(value):
    assert values.price(value) is None


@pytest.mark.parametrize(("value", "ltp"), [(815.05, 815.05), ("815.05", 815.05), (815, 815.0)])
def test_a_price_may_be_written_as_text(value, ltp):
    assert values.price(value) == ltp


def test_zero_stands_for_not_there():
    assert values.above_zero(0) is None
    assert values.above_zero("0.05") == Decimal("0.05")


@pytest.mark.parametrize(
    "value", [None, "", " ", "0", 0, "null", "None", "NaN", True, 1.5, "a\nb", "x" * 65, 10**70]
)
def test_what_is_no_id_is_none(value):
    assert values.name(value) is None


def test_an_id_may_be_a_number():
    assert values.name(250408001002736) == "250408001002736"
    assert values.name(" 25-A ") == "25-A"


def test_a_side_is_one_of_two_words():
    assert values.side("buy ") is OrderSide.BUY
    assert values.side("SELL") is OrderSide.SELL
    assert values.side("HOLD") is values.side(None) is values.side(1) is None


def test_what_a_server_said_is_one_bounded_line():
    assert values.tidy("no\nsuch\x00 symbol") == "no such symbol"
    assert len(values.tidy("x" * 10_000)) == values.MESSAGE_LENGTH_MAX + 3


@pytest.mark.parametrize(("said", "meant"), [
    ("MIS", "MIS"), (" mis ", "MIS"), ("Nse", "NSE"), ("", ""), (None, ""),
])  # fmt: skip
def test_a_code_is_in_capitals_whoever_wrote_it(said, meant):
    assert values.code(said) == meant
