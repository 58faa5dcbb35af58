"""Silence is found out, and only what speaks against the feed is held against it."""

import pytest

from tradebot.brokers.openalgo.watch import Patience, Step, Watch

S = 1_000_000_000
NOTHING = (Step.NOTHING, "")


@pytest.fixture
def watch():
    open_ = {"NSE:SBIN": True, "NSE:INFY": True, "MCX:GOLD": False}
    found = Watch(Patience(), lambda name, _at: open_[name])
    found.want("NSE:SBIN", 0)
    found.want("NSE:INFY", 0)
    return found


def quoted(watch, name, ltp, at):
    watch.asked([name], at)
    return watch.quoted(name, ltp)


def test_what_is_wanted_is_wanted_once(watch):
    assert not watch.want("NSE:SBIN", 5 * S)
    assert watch.names == ["NSE:SBIN", "NSE:INFY"]
    assert watch.drop("NSE:SBIN")
    assert not watch.drop("NSE:SBIN")
    assert watch.names == ["NSE:INFY"]
    assert not watch.ticked("NSE:SBIN", 812.5, S)
    watch.asked(["NSE:SBIN"], S)
    assert not watch.quoted("NSE:SBIN", 812.5)


def test_what_is_silent_is_asked_for_again_and_again_and_what_ticks_is_not(watch):
    now = 10 * S
    watch.ticked("NSE:INFY", 1500.0, now - S)
    assert watch.to_poll(now) == ["NSE:SBIN"]
    watch.asked(["NSE:SBIN"], now)
    assert watch.to_poll(now + S) == ["NSE:INFY"]
    assert watch.to_poll(now + 2 * S) == ["NSE:SBIN", "NSE:INFY"]


def test_a_market_that_is_closed_is_not_asked_and_not_missed(watch):
    watch.drop("NSE:SBIN")
    watch.drop("NSE:INFY")
    watch.want("MCX:GOLD", 0)
    assert watch.to_poll(100 * S) == []
    assert watch.judge(100 * S) == NOTHING


def test_a_quote_is_news_only_where_it_differs_and_no_tick_was_faster(watch):
    assert quoted(watch, "NSE:SBIN", 812.5, 3 * S)
    assert not quoted(watch, "NSE:SBIN", 812.5, 5 * S)
    watch.asked(["NSE:SBIN"], 7 * S)
    watch.ticked("NSE:SBIN", 812.55, 8 * S)
    assert not watch.quoted("NSE:SBIN", 800.0)


def test_a_price_that_moves_without_ticks_speaks_against_the_feed(watch):
    watch.ticked("NSE:SBIN", 812.5, S)
    watch.ticked("NSE:INFY", 1500.0, 7 * S)
    quoted(watch, "NSE:SBIN", 812.6, 4 * S)
    assert watch.judge(7 * S) == NOTHING  # one tick may be lost
    quoted(watch, "NSE:SBIN", 812.7, 6 * S)
    step, why = watch.judge(7 * S)
    assert (step, why) == (Step.RENEW, "NSE:SBIN moves and no tick of it comes")
    watch.ticked("NSE:SBIN", 812.8, 8 * S)
    assert watch.judge(8 * S) == NOTHING


def test_the_first_quote_of_what_never_ticked_is_no_move(watch):
    quoted(watch, "NSE:SBIN", 812.5, 2 * S)
    quoted(watch, "NSE:SBIN", 812.6, 4 * S)
    assert watch.judge(5 * S) == NOTHING


def test_a_silence_of_all_is_first_mended_then_ended_then_waited_for(watch):
    assert watch.judge(14 * S) == NOTHING
    assert watch.judge(15 * S) == (Step.RENEW, "no tick for 15 s")
    watch.subscribed(15 * S)
    assert watch.judge(29 * S) == NOTHING
    assert watch.judge(30 * S)[0] is Step.RECONNECT
    watch.subscribed(30 * S)
    assert watch.judge(49 * S) == NOTHING
    assert watch.judge(50 * S)[0] is Step.RECONNECT  # each time it waits twice as long
    assert watch.judge(89 * S) == NOTHING
    assert watch.judge(90 * S)[0] is Step.RECONNECT


def test_reconnections_are_never_more_than_five_minutes_apart(watch):
    watch.judge(15 * S)
    now = 15 * S
    times = []
    while now < 4_000 * S:
        now += S
        if watch.judge(now)[0] is Step.RECONNECT:
            times.append(now)
    assert times[-1] - times[-2] == 300 * S


def test_one_that_ticks_keeps_the_others_from_being_called_silent(watch):
    for second in range(1, 100):
        watch.ticked("NSE:INFY", 1500.0, second * S)
        assert watch.judge(second * S) == NOTHING


def test_after_a_tick_the_next_trouble_is_mended_before_anything_is_ended(watch):
    watch.judge(15 * S)
    watch.judge(30 * S)
    watch.ticked("NSE:SBIN", 812.5, 31 * S)
    assert watch.judge(46 * S)[0] is Step.RENEW


def test_what_nobody_wants_is_never_silent():
    watch = Watch(Patience(), lambda *_: True)
    assert watch.judge(10**12) == NOTHING
