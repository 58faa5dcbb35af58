"""What is held, as far as a book can be believed."""

from decimal import Decimal

import pytest
from hypothesis import given

from tests.brokers.openalgo.wire.samples import POSITION, said, spoiled, success
from tradebot.brokers.openalgo.wire.answers import answer_of
from tradebot.brokers.openalgo.wire.positions import Held, has_funds, holdings, positions_of

KEY = ("NSE", "SBIN", "MIS")


def nets(answer):
    book = positions_of(answer)
    return None if book is None else {place: held.net for place, held in book.items()}


def test_a_net_is_signed_and_may_be_text():
    assert nets(success([POSITION])) == {KEY: -10}
    assert nets(success([{**POSITION, "quantity": 0}])) == {KEY: 0}
    bare = {"symbol": "SBIN", "exchange": "NSE", "product": "NRML", "quantity": 5}
    assert nets(success([POSITION, bare])) == {KEY: -10, ("NSE", "SBIN", "NRML"): 5}


def test_a_row_says_what_its_units_cost_where_the_broker_knows_it():
    assert positions_of(success([POSITION])) == {KEY: Held(Decimal(-10), Decimal("812.55"), 815.05)}
    for unknown in (0, "0.00", None, "n/a", -5):
        row = {**POSITION, "average_price": unknown, "ltp": 0}
        assert positions_of(success([row])) == {KEY: Held(Decimal(-10), None, None)}


def test_an_empty_book_is_one():
    assert nets(success([])) == {}


def test_a_row_that_stands_there_twice_counts_once_and_two_that_differ_are_no_book():
    assert nets(success([POSITION, POSITION])) == {KEY: -10}
    assert nets(success([POSITION, {**POSITION, "quantity": 5}])) is None


@pytest.mark.parametrize("answer", [
    success(None), success({}), success("x"), success([{**POSITION, "quantity": None}]),
    success([{**POSITION, "symbol": ""}]), success([{**POSITION, "product": ""}]),
    success([{"quantity": 5}]), success([5]),
    success([POSITION], mode="analyze"), said(500, {"status": "error", "message": "x"}),
    said(200, {"status": "error", "data": []}), said(200, {"status": "success"}),
    answer_of(502, b"<html>"),
])  # fmt: skip
def test_what_is_no_position_book_says_nothing(answer):
    assert nets(answer) is None
    assert holdings(answer) is None
    assert not has_funds(answer)


def test_holdings_are_deliveries_whatever_they_call_themselves():
    held = {"symbol": "SBIN", "exchange": "NSE", "product": "", "quantity": "7"}
    assert holdings(success({"holdings": [held], "statistics": {}})) == {
        ("NSE", "SBIN", "CNC"): Held(Decimal(7), None, None)
    }
    assert holdings(success({"holdings": []})) == {}
    assert holdings(success({"holdings": [{**held, "quantity": "?"}]})) is None


def test_an_account_of_which_no_amount_is_known_has_not_been_asked():
    assert has_funds(success({"availablecash": "1000.50", "collateral": "0.00"}))
    assert has_funds(success({"availablecash": "0.00", "utiliseddebits": 5}))
    assert not has_funds(success({"availablecash": "0.00", "collateral": 0}))
    assert not has_funds(success({}))
    assert not has_funds(success({"availablecash": None, "collateral": "n/a", "x": []}))


@given(spoiled({"status": "success", "data": [POSITION, POSITION]}))
def test_no_position_book_makes_the_reader_raise(raw):
    answer = answer_of(200, raw)
    assert all(len(key) == 3 for key in nets(answer) or ())
    assert not holdings(answer)
    assert has_funds(answer) in (True, False)
