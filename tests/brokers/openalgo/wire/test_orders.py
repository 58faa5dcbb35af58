"""What became of an order, in all the words that there are for it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.openalgo.wire.samples import (
    ORDER,
    book,
    order_rows,
    said,
    spoiled,
    success,
    there,
)
from tradebot.brokers.openalgo.wire.answers import answer_of
from tradebot.brokers.openalgo.wire.orders import (
    OrderRow,
    is_cancelled,
    order_row,
    outcome_of,
)
from tradebot.core.inputs import (
    Acked,
    NoAction,
    NotSent,
    OrderSide,
    OrderState,
    Queued,
    Refused,
    Unknown,
)

OK = {"status": "success"}
NO = {"status": "error"}


@pytest.mark.parametrize(
    ("http", "body", "kind"),
    [
        (200, {**OK, "orderid": "250408001002736"}, Acked),
        (200, {**OK, "orderid": 250408001002736}, Acked),
        (200, {**OK, "orderid": "25", "mode": "live"}, Acked),
        # Success, and no order that anybody could follow.
        (200, {**OK, "orderid": None}, Unknown),
        (200, {**OK, "orderid": ""}, Unknown),
        (200, {**OK, "orderid": "None"}, Unknown),
        (200, OK, Unknown),
        (200, {**NO, "orderid": "25"}, Unknown),
        (500, {**OK, "orderid": "25"}, Unknown),
        # The sandbox took it: nothing is at the broker.
        (200, {**OK, "orderid": "25", "mode": "analyze"}, NotSent),
        (400, {**NO, "message": "no", "mode": "analyze"}, NotSent),
        # It waits for somebody.
        (
            200,
            {
                **OK,
                "message": "Order queued for approval in Action Center",
                "mode": "semi_auto",
                "pending_order_id": 1,
            },
            Queued,
        ),
        (200, {**OK, "pending_order_id": 7}, Queued),
        # Claims that there is nothing to leave.
        (500, {**NO, "message": "No OpenPosition Found. Not placing Exit order."}, NoAction),
        (500, {**NO, "message": "No open position found. Not placing exit order."}, NoAction),
        (200, {**OK, "message": "Positions Already Matched. No Action needed."}, NoAction),
        (400, {**NO, "message": "No position to square off"}, NoAction),
        # Refused before any broker was asked.
        (400, {**NO, "message": "{'quantity': ['Must be greater than 0.']}"}, NotSent),
        (403, {**NO, "message": "Invalid openalgo apikey"}, NotSent),
        (403, {**NO, "message": "not allowed in Semi-Auto mode"}, NotSent),
        (429, {"message": "10 per 1 second"}, NotSent),
        # Refused by the broker, in its words.
        (400, {**NO, "message": "RMS: margin exceeds"}, Refused),
        # Everything else may have acted.
        (500, {**NO, "message": "Failed to place smart order due to internal error"}, Unknown),
        (500, {}, Unknown),
        (404, {**NO, "message": "Broker-specific module not found"}, Unknown),
        (400, {}, Unknown),
        (302, {}, Unknown),
    ],
)
def test_an_answer_to_an_order_is_one_of_the_closed_kinds(http, body, kind):
    assert type(outcome_of(said(http, body))) is kind


@pytest.mark.parametrize("http", [200, 400, 500, 502, 504])
def test_an_answer_that_is_not_openalgos_leaves_the_order_in_doubt(http):
    assert type(outcome_of(answer_of(http, b"<html>Bad Gateway</html>"))) is Unknown


def test_a_refusal_by_a_proxy_on_the_way_is_none_of_the_broker():
    assert type(outcome_of(answer_of(403, b"<html>"))) is NotSent
    assert type(outcome_of(answer_of(429, b"slow down"))) is NotSent


@given(st.sampled_from([200, 400, 403, 429, 500]), spoiled({**OK, "orderid": "25"}))
def test_no_answer_is_taken_for_an_order_unless_it_names_one(http, raw):
    outcome = outcome_of(answer_of(http, raw))
    if isinstance(outcome, Acked):
        assert http == 200
        assert outcome.order_id.strip() not in ("", "0", "None")
    assert outcome.__class__.__name__ in str(outcome)


def test_a_row_says_what_the_order_is():
    assert order_rows(book(ORDER)) == [
        OrderRow(
            order_id="250408001002736",
            exchange="NSE",
            symbol="SBIN",
            product="MIS",
            side=OrderSide.SELL,
            quantity=Decimal(100),
            state=OrderState.COMPLETE,
            told_filled=Decimal(0),
            message="",
            price=None,
            trigger=None,
            stated="20-Nov-2026 10:01:40",
        )
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("complete", OrderState.COMPLETE),
        ("Rejected", OrderState.REJECTED),
        ("cancelled ", OrderState.CANCELLED),
        *((word, OrderState.OPEN) for word in ("open", "trigger pending", "AMO REQ RECEIVED")),
        *((word, OrderState.OPEN) for word in ("canceled by exchange?", "partially executed")),
    ],
)
def test_a_status_that_nobody_knows_is_not_the_end_of_an_order(status, state):
    (row,) = there(order_rows(book({**ORDER, "order_status": status})))
    assert row.state is state


def test_a_resting_order_says_at_which_prices_it_waits():
    limit = {**ORDER, "pricetype": "LIMIT", "price": "812.55"}
    stop = {**ORDER, "pricetype": "SL", "price": 800, "trigger_price": 801}
    market_stop = {**ORDER, "pricetype": "SL-M", "price": 5, "trigger_price": "801.5"}
    rows = there(order_rows(book(limit, stop, market_stop, ORDER)))
    assert [(row.price, row.trigger) for row in rows] == [
        (Decimal("812.55"), None),
        (Decimal(800), Decimal(801)),
        (None, Decimal("801.5")),
        (None, None),
    ]


def test_numbers_may_be_text_and_fills_are_told_by_few():
    row = {**ORDER, "quantity": "100", "filled_quantity": "40", "rejection_reason": "x"}
    (read,) = there(order_rows(book(row)))
    assert (read.quantity, read.told_filled, read.message) == (100, 40, "x")
    (more,) = there(order_rows(book({**ORDER, "filled_quantity": 400})))
    assert more.told_filled == 100


@pytest.mark.parametrize(
    "key", ["orderid", "symbol", "exchange", "action", "quantity", "order_status"]
)
@pytest.mark.parametrize("value", [None, "", "?"])
def test_a_row_that_cannot_be_read_spoils_the_book(key, value):
    if value == "?" and key in ("symbol", "exchange", "orderid", "order_status"):
        value = None
    assert order_rows(book(ORDER, {**ORDER, key: value})) is None


@pytest.mark.parametrize("answer", [
    success({}), success([]), success(None), success("orders"), said(500, {"data": {"orders": []}}),
    said(200, {"status": "error", "data": {"orders": []}}), answer_of(200, b"<html>"),
    success({"orders": []}, mode="analyze"), success({"orders": [5]}),
])  # fmt: skip
def test_what_is_no_order_book_is_none(answer):
    assert order_rows(answer) is None


def test_an_empty_book_is_a_book():
    assert order_rows(book()) == []


def test_one_order_is_asked_for_alone():
    assert there(order_row(success(ORDER))).order_id == ORDER["orderid"]
    assert order_row(success({**ORDER, "quantity": "?"})) is None
    assert order_row(success(ORDER, mode="analyze")) is None
    assert order_row(said(404, {"status": "error", "message": "Order 5 not found"})) is None
    assert order_row(success([ORDER])) is None


def test_a_cancel_was_taken_only_where_a_live_server_says_so():
    assert is_cancelled(said(200, {**OK, "orderid": "25"}))
    assert not is_cancelled(said(200, {**OK, "orderid": "25", "mode": "analyze"}))
    assert not is_cancelled(said(500, {**NO, "message": "already complete"}))


@given(spoiled({**OK, "data": {"orders": [ORDER, ORDER], "statistics": {}}}))
def test_no_order_book_makes_the_reader_raise(raw):
    for row in order_rows(answer_of(200, raw)) or ():
        assert row.order_id
        assert row.quantity >= 0
    assert order_row(answer_of(200, raw)) is None
