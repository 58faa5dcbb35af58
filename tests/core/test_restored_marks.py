"""A trade's best price is that of its record, or of a high of its line since."""

from tests.stores.samples import a_high, a_trade, a_trailing_trade
from tradebot.core.guard.trades import Marks, Side
from tradebot.core.records import HighReached, TradeSaved
from tradebot.core.restore import by_line, restored_marks


def best_price(saved: TradeSaved, highs: list[HighReached]) -> float | None:
    return restored_marks(saved, by_line(highs)).marks.best_price


def test_the_best_price_is_the_best_of_record_and_later_highs():
    highs = [a_high(1, 900.0), a_high(2, 805.0), a_high(3, 803.0)]
    assert best_price(a_trailing_trade(801.0, seen=1), highs) == 805.0
    assert best_price(a_trailing_trade(801.0, seen=2), highs) == 803.0
    assert best_price(a_trailing_trade(801.0, seen=3), highs) == 801.0
    assert best_price(a_trailing_trade(807.0, seen=1), highs) == 807.0


def test_the_best_price_of_a_short_is_the_lowest():
    highs = [a_high(2, 795.0, "NSE:SBIN SHORT last"), a_high(3, 797.0, "NSE:SBIN SHORT last")]
    assert best_price(a_trailing_trade(799.0, seen=1, side=Side.SHORT), highs) == 795
    assert best_price(a_trailing_trade(790.0, seen=1, side=Side.SHORT), highs) == 790


def test_without_an_active_trail_no_high_counts():
    assert restored_marks(a_trade(), by_line([a_high(5, 900.0)])).marks == Marks()


def test_highs_of_another_line_do_not_count():
    assert best_price(a_trailing_trade(801.0, seen=1), [a_high(2, 9.0, "NSE:ITC LONG last")]) == 801


def test_highs_come_by_line_in_the_order_of_their_numbers():
    highs = [a_high(n, 10.0 - n) for n in range(1, 5)]
    assert by_line(reversed(highs)) == {"NSE:SBIN LONG last": highs}
