"""Rows of the book of orders that wait for a price: read whole, or not at all."""

from decimal import Decimal

import msgspec
import pytest

from tradebot.brokers.openalgo.wire.answers import answer_of
from tradebot.brokers.openalgo.wire.gtts import GttState, gtt_rows, is_unsupported
from tradebot.core.inputs import OrderSide

ROW = {
    "trigger_id": "70001",
    "symbol": "SBIN",
    "exchange": "NSE",
    "action": "SELL",
    "product": "CNC",
    "quantity": 5,
    "trigger_type": "OCO",
    "triggerprice_sl": 800.5,
    "triggerprice_tg": 830,
    "stoploss": 799,
    "target": 830,
    "status": "active",
}


def read(*rows, http=200, **words):
    body = {"status": "success", "data": [ROW | row for row in rows]} | words
    return gtt_rows(answer_of(http, msgspec.json.encode(body)))


def test_a_row_is_what_waits_with_the_price_of_its_stop():
    (row,) = read({})
    assert (row.trigger_id, row.exchange, row.symbol, row.product) == (
        *("70001", "NSE", "SBIN"),
        "CNC",
    )
    assert (row.side, row.quantity, row.trigger) == (OrderSide.SELL, 5, Decimal("800.5"))
    assert row.state is GttState.WAITS


def test_one_with_a_target_alone_waits_for_that():
    (row,) = read({"triggerprice_sl": 0, "trigger_id": 7, "quantity": "5"})
    assert (row.trigger_id, row.trigger, row.quantity) == ("7", 830, 5)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("Active", GttState.WAITS),
        ("PENDING", GttState.WAITS),
        ("disabled", GttState.WAITS),  # whatever that may mean
        (None, GttState.WAITS),
        ("TRIGGERED", GttState.TRIGGERED),
        (" traded", GttState.TRIGGERED),
        ("cancelled", GttState.OVER),
        ("Expired", GttState.OVER),
    ],
)
def test_what_is_not_known_to_be_over_may_still_act(said, state):
    (row,) = read({"status": said})
    assert row.state is state


@pytest.mark.parametrize(
    "bad",
    [
        {"trigger_id": None},
        {"action": "HOLD"},
        {"quantity": "many"},
        {"quantity": -1},
        {"triggerprice_sl": 0, "triggerprice_tg": 0},
        {"symbol": None},
        {"exchange": ""},
    ],
)
def test_a_book_with_a_row_that_cannot_be_read_is_none(bad):
    assert read({}, bad) is None


@pytest.mark.parametrize(
    "words", [{"http": 500}, {"status": "error"}, {"mode": "analyze"}, {"data": {"a": 1}}]
)
def test_what_is_no_book_is_none(words):
    assert read({}, **words) is None


@pytest.mark.parametrize(
    ("http", "message", "is_so"),
    [
        (404, "", True),
        (501, "", True),
        (400, "GTT is not supported for angel", True),
        (500, "broker error", False),
    ],
)
def test_a_book_that_nobody_keeps_is_told_from_one_that_cannot_be_read(http, message, is_so):
    body = msgspec.json.encode({"status": "error", "message": message})
    assert is_unsupported(answer_of(http, body)) is is_so
