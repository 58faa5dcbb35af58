"""The simulated market: lively, bad-mannered, reproducible, and sane after a year."""

import itertools
import math
from collections import defaultdict
from decimal import Decimal

import msgspec
import pytest

from tradebot.brokers.paper.market import (
    BLOCK_NS,
    FINE_BLOCKS_MAX,
    INSTRUMENTS,
    LISTINGS,
    Course,
    Market,
    MarketState,
    Print,
)

GENESIS = 1_800_000_000_000_000_000
SEEDS = (1, 2, 3)
_BASE = {listing.instrument.id: float(listing.base) for listing in LISTINGS}


def after(seconds):
    return GENESIS + round(seconds * BLOCK_NS)


@pytest.fixture(scope="module")
def sessions():
    """Ten minutes of each seed, by instrument."""
    return [_session(seed) for seed in SEEDS]


def _session(seed):
    by_instrument = defaultdict(list)
    for print_ in Market(seed, GENESIS).ticks_until(after(600)):
        by_instrument[print_.instrument].append(print_)
    return by_instrument


def of_all(sessions):
    return [prints for session in sessions for prints in session.values()]


def restored(market, seed=1):
    text = msgspec.json.encode(market.state)
    return Market(seed, 0, msgspec.json.decode(text, type=MarketState))


def test_prints_come_in_the_order_of_time_and_each_once():
    market = Market(1, GENESIS)
    prints = list(market.ticks_until(after(20)))
    assert all(one.at_ns <= other.at_ns for one, other in itertools.pairwise(prints))
    assert len({(print_.at_ns, print_.instrument) for print_ in prints}) == len(prints)
    assert list(market.ticks_until(after(20))) == []


def test_the_same_seed_is_the_same_market_however_it_is_asked():
    at_once = list(Market(1, GENESIS).ticks_until(after(10)))
    market = Market(1, GENESIS)
    bit_by_bit: list[Print] = []
    while market.next_at_ns <= after(10):
        bit_by_bit += market.ticks_until(market.next_at_ns)
    assert bit_by_bit == at_once
    assert list(Market(2, GENESIS).ticks_until(after(10))) != at_once


def test_a_restored_market_goes_on_where_the_saved_one_was():
    market = Market(1, GENESIS)
    taken = list(itertools.islice(market.ticks_until(after(60)), 1234))
    again = restored(market)
    assert len(msgspec.json.encode(market.state)) < 2000
    assert list(again.ticks_until(after(60))) == list(market.ticks_until(after(60)))
    assert len(taken) == 1234


def test_an_instrument_that_the_saved_market_had_not_begins_at_its_base():
    state = MarketState(genesis_ns=GENESIS, block=5, taken=10**6, courses={})
    market = Market(1, 0, state)
    first = {print_.instrument: print_ for print_ in market.ticks_until(after(8))}
    assert set(first) == set(_BASE)
    assert market.block == 8


def test_after_a_short_gap_the_prices_are_those_that_would_have_been_seen():
    lived, skipped = Market(1, GENESIS), Market(1, GENESIS)
    for _ in lived.ticks_until(after(60.5)):
        pass
    skipped.skip_to(after(60.5))
    assert skipped.state == lived.state
    assert skipped.next_at_ns > after(60.5)


def test_after_a_long_gap_the_market_is_at_the_time_and_near_its_prices():
    market = Market(1, GENESIS)
    market.skip_to(after(FINE_BLOCKS_MAX + 500))
    first = next(market.ticks_until(after(FINE_BLOCKS_MAX + 502)))
    assert 0 <= first.at_ns - after(FINE_BLOCKS_MAX + 500) < BLOCK_NS
    again = Market(1, GENESIS)
    again.skip_to(after(FINE_BLOCKS_MAX + 500))
    assert again.state == restored(again).state
    assert next(again.ticks_until(after(FINE_BLOCKS_MAX + 502))) == first


def test_a_clock_that_is_set_back_keeps_the_prices():
    market = Market(1, GENESIS)
    market.skip_to(after(100))
    before = market.state.courses
    market.skip_to(after(-5000))
    assert market.state.courses == before
    first = next(market.ticks_until(after(-4999)))
    assert 0 <= first.at_ns - after(-5000) < BLOCK_NS


def test_a_skip_to_the_present_skips_nothing():
    market = Market(1, GENESIS)
    first = market.next_at_ns
    market.skip_to(GENESIS)
    assert market.next_at_ns == first


def test_at_least_six_instruments_two_of_them_above_two_thousand_ticks():
    assert len(INSTRUMENTS) >= 6
    assert sum(base / instrument.tick_size >= 2000 for instrument, base in LISTINGS) >= 2


def test_every_price_is_positive_and_on_the_tick_grid():
    ticks = {instrument.id: instrument.tick_size for instrument in INSTRUMENTS}
    for print_ in Market(1, GENESIS).ticks_until(after(30)):
        for price in (print_.price, print_.shown, print_.bid, print_.ask):
            if price:
                assert price > 0
                assert Decimal(repr(price)) % ticks[print_.instrument] == 0
        assert print_.bid <= print_.price <= print_.ask
        assert print_.bid < print_.ask <= print_.bid + 2.001 * float(ticks[print_.instrument])


def test_every_instrument_ticks_at_least_five_times_a_second(sessions):
    for prints in of_all(sessions):
        seconds = {print_.at_ns // BLOCK_NS for print_ in prints}
        assert len(seconds) == 600
        counts = [sum(print_.shown is not None for print_ in prints) / 600]
        assert min(counts) >= 5


def test_ten_seconds_hold_a_range_of_a_fifth_of_a_percent(sessions):
    for prints in of_all(sessions):
        windows = defaultdict(list)
        for print_ in prints:
            if print_.shown is not None:
                windows[(print_.at_ns - GENESIS) // (10 * BLOCK_NS)].append(print_.price)
        wide = [max(prices) / min(prices) >= 1.002 for prices in windows.values()]
        assert sum(wide) / len(wide) >= 0.95


def test_a_stop_of_three_tenths_of_a_percent_is_reached_within_two_minutes(sessions):
    for prints in of_all(sessions):
        prices = [print_.price for print_ in prints]
        for start in range(0, len(prices) - 1500, 1500):
            entry = prices[start]
            away = [abs(price / entry - 1) for price in prices[start : start + 1300]]
            assert max(away) >= 0.003


def test_a_bad_print_is_alone_and_beyond_what_the_gate_lets_pass(sessions):
    spikes = zeros = 0
    for prints in of_all(sessions):
        shown = [print_ for print_ in prints if print_.shown is not None]
        for before, bad, next_ in zip(shown, shown[1:], shown[2:], strict=False):
            if bad.shown == bad.price:
                continue
            zeros += bad.shown == 0
            if bad.shown:
                spikes += 1
                assert abs(bad.shown / before.shown - 1) > 0.01
                assert abs(next_.shown / bad.shown - 1) > 0.01
            assert abs(next_.shown / before.shown - 1) < 0.01
    assert spikes > 40
    assert zeros > 8


def test_a_bad_print_is_never_the_last_of_its_second(sessions):
    """Two bad prints in a row could confirm each other."""
    for prints in of_all(sessions):
        last = {(print_.at_ns - GENESIS) // BLOCK_NS: print_ for print_ in prints}
        assert all(print_.shown in {print_.price, None} for print_ in last.values())


def test_the_feed_falls_silent_for_seconds_while_the_market_goes_on(sessions):
    silences = []
    for prints in of_all(sessions):
        shown = [print_.at_ns for print_ in prints if print_.shown is not None]
        gaps = [(other - one) / BLOCK_NS for one, other in itertools.pairwise(shown)]
        silences += [gap for gap in gaps if gap > 1]
        assert (
            max((other.at_ns - one.at_ns for one, other in itertools.pairwise(prints))) < BLOCK_NS
        )
    assert len(silences) > 10
    assert min(silences) > 2.5
    assert max(silences) < 6.5


def test_prices_jump_now_and_then_and_stay_there(sessions):
    jumps = 0
    for prints in of_all(sessions):
        prices = [print_.price for print_ in prints]
        jumps += sum(abs(other / one - 1) > 0.01 for one, other in itertools.pairwise(prices))
    assert jumps > 5


@pytest.mark.parametrize("step_s", [3600, 86_400])
def test_after_a_year_prices_are_still_between_half_and_twice_their_base(step_s):
    market = Market(5, GENESIS)
    factors = []
    for number in range(1, 365):
        market.skip_to(after(number * step_s))
        factors += [math.exp(course.level) for course in market.state.courses.values()]
    assert min(factors) > 0.7
    assert max(factors) < 1.4


def test_hours_lived_second_by_second_stray_no_further_than_hours_jumped():
    """The variance of the jump is that of the walk: else a long gap would betray itself."""
    market = Market(9, GENESIS)
    for _ in market.ticks_until(after(1800)):
        pass
    levels = [course.level for course in market.state.courses.values()]
    # 30 minutes: a standard deviation of 0.034; eight instruments.
    assert 0.01 < math.sqrt(sum(level * level for level in levels) / len(levels)) < 0.08


def test_a_level_far_below_the_base_still_makes_prices_above_zero():
    courses = {name: Course(level=-40.0) for name in _BASE}
    market = Market(1, 0, MarketState(genesis_ns=GENESIS, block=0, taken=0, courses=courses))
    assert all(print_.bid > 0 for print_ in market.ticks_until(after(2)))
