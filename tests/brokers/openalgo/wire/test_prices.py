"""Quotes that may be believed."""

import pytest
from hypothesis import given

from tests.brokers.openalgo.wire.samples import QUOTE, said, spoiled, success, there
from tradebot.brokers.openalgo.wire.answers import answer_of
from tradebot.brokers.openalgo.wire.prices import is_in_range, quote_of, quotes_of
from tradebot.ports import Quote

NOW = 7


def test_a_quote_has_both_sides_and_the_close_before_where_they_are_told():
    assert quote_of(success(QUOTE), NOW) == Quote(
        ltp=815.05, at_ns=NOW, bid=815.0, ask=815.1, prev_close=810.0
    )
    assert there(quote_of(success({**QUOTE, "prev_close": 0}), NOW)).prev_close is None
    assert quote_of(success({"ltp": "815.05", "bid": 0}), NOW) == Quote(ltp=815.05, at_ns=NOW)


@pytest.mark.parametrize("change", [
    {"ltp": 0}, {"ltp": None}, {"ltp": -1}, {"ltp": "x"}, {"ltp": 820.0}, {"ltp": 800.0},
])  # fmt: skip
def test_a_price_that_cannot_be_todays_is_none(change):
    assert quote_of(success({**QUOTE, **change}), NOW) is None


def test_a_range_that_is_not_told_refuses_nothing():
    for change in ({"low": 0, "high": 0}, {"low": None}, {"low": 900.0, "high": 800.0}):
        assert there(quote_of(success({**QUOTE, **change}), NOW)).ltp == 815.05


@pytest.mark.parametrize(("low", "high", "is_in"), [
    (90.0, 110, True), ("100", 110, True), (100.05, 110, False), (90, "99.95", False),
    (None, 99, True), (0, 99, True), (110, 90, True),
])  # fmt: skip
def test_a_price_is_in_the_days_range_or_the_range_is_not_told(low, high, is_in):
    assert is_in_range(100.0, low, high) is is_in


@pytest.mark.parametrize("answer", [
    success(None), success([]), said(500, {"status": "error", "message": {"ltp": 5}}),
    answer_of(504, b"<html>"),
])  # fmt: skip
def test_what_is_no_quote_is_none(answer):
    assert quote_of(answer, NOW) is None
    assert quotes_of(answer, NOW) == {}


def test_many_quotes_come_each_with_its_own_fate():
    results = [
        {"symbol": "SBIN", "exchange": "NSE", "data": QUOTE},
        {"symbol": "X", "exchange": "NSE", "error": "no such symbol"},
        {"symbol": "Z", "exchange": "NSE", "data": {"ltp": 0}},
        {"data": QUOTE},
    ]
    answer = said(200, {"status": "success", "results": results})
    assert {name: quote.ltp for name, quote in quotes_of(answer, NOW).items()} == {
        "NSE:SBIN": 815.05
    }
    assert quotes_of(said(200, {"status": "success", "results": 5}), NOW) == {}


@given(spoiled({"status": "success", "data": QUOTE, "results": [{"symbol": "A", "data": QUOTE}]}))
def test_no_quote_makes_the_reader_raise_or_has_a_price_that_nobody_paid(raw):
    answer = answer_of(200, raw)
    quote = quote_of(answer, NOW)
    assert quote is None or quote.ltp > 0
    assert all(quote.ltp > 0 for quote in quotes_of(answer, NOW).values())
