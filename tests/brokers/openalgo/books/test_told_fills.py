"""What was told of an order is remembered for its trading day, by a later life too."""

import msgspec
from msgspec import structs

from tests.brokers.openalgo.wire.samples import TRADE, fills_of, success, trade_rows
from tests.stores.samples import an_execution
from tradebot.brokers.openalgo.books.told_fills import ToldFills

ID = TRADE["orderid"]
HOUR_NS = 3_600_000_000_000
NINE = 200 * 24 * HOUR_NS + 7 * HOUR_NS // 2  # in India
BEFORE = an_execution("o1/5@800/1", NINE).execution


def fills(**changes):
    rows = trade_rows(success([{**TRADE, **changes}]))
    assert rows is not None
    return fills_of(rows, {})


def test_what_a_book_told_is_kept_when_a_later_one_lacks_it():
    told = ToldFills()
    for quantity in (40, 60):
        told.of_day(NINE)
        told.note(fills(quantity=quantity))
    assert told.units(ID) == 100
    assert told.units("another one") == 0
    assert [*told.of_day(NINE)[ID]] == [f"{ID}/40@812.55/1", f"{ID}/60@812.55/1"]


def test_what_an_earlier_life_was_told_today_is_known():
    told = ToldFills()
    told.remember([BEFORE], NINE + HOUR_NS)
    fill = told.of_day(NINE + HOUR_NS)["o1"]["o1/5@800/1"]
    was = BEFORE.order_id, BEFORE.quantity, BEFORE.price
    assert (fill.row.order_id, fill.row.quantity, fill.row.price) == was
    assert (fill.row.exchange, fill.row.symbol, fill.row.product) == BEFORE.key[1:]
    assert (fill.row.side, fill.row.stated) == (BEFORE.side, str(BEFORE.at_ns))


def test_a_fill_stays_as_it_was_told_first():
    told = ToldFills()
    told.remember([BEFORE], NINE)
    told.note([structs.replace(one, name=BEFORE.execution_id) for one in fills(orderid="o1")])
    assert told.units("o1") == BEFORE.quantity


def test_an_id_that_a_broker_gives_again_the_next_day_has_filled_nothing():
    told = ToldFills()
    told.remember([msgspec.structs.replace(BEFORE, at_ns=NINE - HOUR_NS)], NINE)
    assert told.of_day(NINE) == {}
    told.note(fills())
    assert told.of_day(NINE + 23 * HOUR_NS).keys() == {ID}
    assert told.of_day(NINE + 24 * HOUR_NS) == {}
