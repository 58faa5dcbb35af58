"""A tick happened when it came, unless it is a picture of the past."""

import pytest

from tradebot.brokers.openalgo.stream.tick_times import FRESH_NS, TickTimes

S = 1_000_000_000
NOW = 1_795_164_344_000_000_000


@pytest.mark.parametrize(
    "ltt", [None, "", "soon", 0, NOW, NOW // S, NOW // 10**6, str(NOW // 10**6), NOW + 19_800 * S]
)
def test_a_tick_without_an_old_time_is_of_now(ltt):
    assert not TickTimes().is_past("a", ltt, 5.0, NOW)


def test_the_first_price_after_a_subscription_may_be_yesterdays():
    times, yesterday = TickTimes(), NOW - 64_800 * S
    assert times.is_past("a", yesterday // S, 5.0, NOW)
    assert times.is_past("a", yesterday // S, 5.0, NOW + 5 * S)


def test_a_clock_of_another_zone_is_not_old_once_it_moves():
    times, skewed = TickTimes(), NOW - 19_800 * S
    assert times.is_past("a", skewed, 5.0, NOW)
    assert not times.is_past("a", skewed + S, 5.0, NOW + S)
    assert not times.is_past("a", skewed + 2 * S, 5.0, NOW + 2 * S)


def test_a_clock_that_stands_is_not_old_once_the_price_moves():
    times, skewed = TickTimes(), NOW - 19_800 * S
    assert times.is_past("a", skewed, 5.0, NOW)
    assert not times.is_past("a", skewed, 5.05, NOW + S)


def test_each_instrument_has_its_own():
    times, old = TickTimes(), NOW - FRESH_NS - S
    assert times.is_past("a", old, 5.0, NOW)
    assert times.is_past("b", old + 1, 5.0, NOW)
