"""What was said of an order stays said, and fills are those of the trade book."""

from decimal import Decimal

import pytest

from tests.brokers.openalgo.wire.samples import (
    ORDER,
    TRADE,
    book,
    fills_of,
    order_rows,
    success,
    trade_rows,
)
from tests.brokers.openalgo.wire.test_requests import an_order
from tradebot.brokers.openalgo.books import known_orders
from tradebot.brokers.openalgo.books.known_orders import KnownOrders
from tradebot.brokers.openalgo.wire.trades import Limit, repeated

ID = ORDER["orderid"]


def row(**changes):
    rows = order_rows(book({**ORDER, **changes}))
    assert rows is not None
    return rows[0]


def trades(*changes):
    found = trade_rows(success([{**TRADE, **change} for change in changes]))
    assert found is not None
    return found


@pytest.fixture
def known():
    return KnownOrders()


def test_an_order_of_ours_is_known_from_its_acknowledgement(known):
    known.placed(ID, an_order())
    assert known.names() == {ID}
    assert known.limits() == {ID: Limit(Decimal(0), Decimal(100))}
    assert known.product_of(ID) == "MIS"


def test_what_a_row_has_said_of_fills_is_never_taken_back(known):
    known.row(row(order_status="open", filled_quantity=60))
    known.row(row(order_status="open", filled_quantity=40))
    assert known.limits()[ID].surely == 60
    known.row(row())
    known.row(row(order_status="open"))
    assert known.limits()[ID] == Limit(Decimal(100), Decimal(100))


def test_what_was_asked_for_outweighs_a_row_that_shows_what_is_left_of_it(known):
    known.placed(ID, an_order())
    known.row(row(order_status="cancelled", quantity=40, product=""))
    assert known.limits()[ID].at_most == 100
    assert known.product_of(ID) == "MIS"


@pytest.mark.parametrize(
    ("status", "told", "filled"),
    [("complete", None, 100), ("open", None, 40), ("cancelled", 70, 70), ("cancelled", 10, 40)],
)
def test_an_order_has_filled_what_its_row_or_its_trades_say_whichever_is_more(
    known, status, told, filled
):
    known.told.note(fills_of(trades({"quantity": 40}), {}))
    assert known.filled_of(row(order_status=status, filled_quantity=told)) == filled


def test_an_order_without_trades_has_filled_nothing(known):
    assert known.filled_of(row(order_status="cancelled")) == 0


def test_the_order_book_is_asked_only_for_what_trades_leave_open(known):
    twice = trades({}, {})
    assert not known.lacks(trades({}), set())
    assert known.lacks(twice, repeated(twice))
    known.row(row())
    assert not known.lacks(twice, repeated(twice))
    assert not known.lacks(trades({"product": ""}), set())
    assert KnownOrders().lacks(trades({"product": ""}), set())
    assert known.lacks(trades({"average_price": 0, "trade_value": 0}), set())


def test_the_order_book_is_asked_how_much_an_order_of_several_rows_may_fill(known):
    several = trades({"quantity": 40}, {"quantity": 60}, {"orderid": "another"})
    assert known.lacks(several, set())
    assert not known.lacks(several[1:], set())
    known.row(row(order_status="open"))
    assert not known.lacks(several, set())


def test_only_of_an_order_that_is_known_nothing_has_filled(known):
    assert not known.has_not_filled(ID)
    known.row(row(order_status="open"))
    assert known.has_not_filled(ID)
    known.row(row())
    assert not known.has_not_filled(ID)


def test_the_oldest_is_forgotten_first(known, monkeypatch):
    monkeypatch.setattr(known_orders, "ORDERS_MAX", 2)
    for number in range(3):
        known.placed(f"order {number}", an_order())
    assert known.names() == {"order 1", "order 2"}
    assert known.product_of("order 0") == ""
