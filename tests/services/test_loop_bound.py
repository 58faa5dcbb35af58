"""Above the bound, waiting ticks are thinned, and what could decide an exit stays."""

import math

import pytest

from tests.services.guard import Guard, a_tick
from tradebot.core.guard.trades import PriceSource


def test_ticks_below_the_bound_are_all_kept():
    guard = Guard(ticks_max=100)
    for seq in range(100):
        guard.loop.tick(a_tick(800 + seq, seq=seq))
    assert (guard.loop.waiting, guard.loop.ticks_thinned, guard.said.lines) == (100, 0, [])


def thinned(ticks) -> list[int]:
    """Return the ``seq`` of the ticks that stay when one too many arrive."""
    guard = Guard(ticks_max=len(ticks) - 1)
    for tick in ticks:
        guard.loop.tick(tick)
    return [tick.seq for tick in guard.loop._ticks]


def test_above_the_bound_low_high_and_last_of_each_instrument_stay_in_order():
    prices = [("A", 5), ("B", 50), ("A", 9), ("A", 2), ("B", 50), ("A", 4), ("B", 49), ("B", 51)]
    ticks = [a_tick(ltp, name, seq) for seq, (name, ltp) in enumerate(prices)]
    assert thinned(ticks) == [2, 3, 5, 6, 7]
    guard = Guard(ticks_max=7)
    for tick in ticks:
        guard.loop.tick(tick)
    assert guard.said.lines == [("ticks.thinned", "warning", {"kept": 5, "of": 8})]
    assert guard.loop.ticks_thinned == 3


def test_the_extremes_of_bid_ask_and_mid_stay_too():
    quotes = [(99, 101), (90, 111), (99, 101), (98, 100), (100, 120), (99, 101), (99, 101)]
    ticks = [a_tick(100, "A", n, bid=bid, ask=ask) for n, (bid, ask) in enumerate(quotes)]
    assert thinned(ticks) == [0, 1, 3, 4, 6]


def test_a_tick_without_a_bid_or_an_ask_is_thinned_by_what_it_has():
    ticks = [a_tick(100, "A", n, bid=bid) for n, bid in enumerate((5.0, 4.0, 5.0, 6.0, None))]
    assert thinned(ticks) == [0, 1, 3, 4]


@pytest.mark.parametrize("ltp", [math.nan, 0.0, -5.0, math.inf, -math.inf])
def test_what_is_no_price_never_stands_for_the_extreme_one(ltp):
    ticks = [a_tick(price, "A", n) for n, price in enumerate((ltp, 800, 780, 820, ltp, 800))]
    assert thinned(ticks) == [2, 3, 5]


def test_a_trade_judged_by_the_bid_leaves_at_a_dip_of_the_bid_that_was_thinned():
    guard = Guard(ticks_max=40)
    guard.create("T1", price_source=PriceSource.EXIT_SIDE)
    for seq, bid in enumerate([799.0] * 20 + [795.0] + [799.0] * 20):
        guard.loop.tick(a_tick(800, "T1", seq, bid=bid, ask=801.0))
    assert guard.loop.waiting == 3
    guard.loop.finish()
    assert [order.client_order_id for order in guard.orders] == ["T1-x1"]


def test_the_bound_doubles_where_more_instruments_wait_than_it_holds():
    guard = Guard(ticks_max=10)
    for seq in range(41):
        guard.loop.tick(a_tick(800, f"S{seq}", seq))
    assert [fields["of"] for _, _, fields in guard.said.lines] == [11, 23]
    assert guard.loop.waiting == 41


def test_the_bound_comes_back_once_there_is_something_to_thin():
    guard = Guard(ticks_max=10)
    for seq in range(23):
        guard.loop.tick(a_tick(800, f"S{seq}", seq))
    guard.loop.finish()
    for seq in range(100):
        guard.loop.tick(a_tick(800, "S1", seq))
    assert guard.loop.waiting <= 46
