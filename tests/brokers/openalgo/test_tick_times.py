"""A tick happened when it came, unless it is a picture of the past."""

import pytest

from tradebot.brokers.openalgo.tick_times import FRESH_NS, TickTimes

S = 1_000_000_000
NOW = 1_795_164_344_000_000_000


@pytest.mark.parametrize(
    "ltt", [None, "", "soon", 0, NOW, NOW // S, NOW // 10**6, str(NOW // 10**6), NOW + 19_800 * S]
)
def test_a_tick_without_an_old_time_is_of_now(ltt):
    assert TickTimes().at_ns("a", ltt, NOW) == NOW


def test_the_first_price_after_a_subscription_may_be_yesterdays_and_says_so():
    times, yesterday = TickTimes(), NOW - 64_800 * S
    assert times.at_ns("a", yesterday // S, NOW) == yesterday
    assert times.at_ns("a", yesterday // S, NOW + 5 * S) == yesterday


def test_a_clock_of_another_zone_is_not_old_once_it_moves():
    times, skewed = TickTimes(), NOW - 19_800 * S
    assert times.at_ns("a", skewed, NOW) == skewed
    assert times.at_ns("a", skewed + S, NOW + S) == NOW + S
    assert times.at_ns("a", skewed + 2 * S, NOW + 2 * S) == NOW + 2 * S


def test_each_instrument_has_its_own():
    times, old = TickTimes(), NOW - FRESH_NS - S
    assert times.at_ns("a", old, NOW) == old
    assert times.at_ns("b", old + 1, NOW) == old + 1
