"""Silence is found out, and only what speaks against the feed is held against it."""

from itertools import pairwise

import pytest

from tradebot.brokers.openalgo.stream.watch import Heard, Patience, Step, Watch

S = 1_000_000_000
NOTHING = (Step.NOTHING, "")


@pytest.fixture
def watch():
    open_ = {"NSE:SBIN": True, "NSE:INFY": True, "MCX:GOLD": False}
    found = Watch(Patience(), lambda name, _at: open_[name])
    found.want("NSE:SBIN", 0)
    found.want("NSE:INFY", 0)
    return found


def ticked(watch, name, ltp, at):
    """Let a tick come that needs no second one: near a price that was heard, and no double."""
    heard = watch.ticked(name, ltp + 0.05, at)
    if heard is not Heard.NOTHING:
        heard = watch.ticked(name, ltp, at)
        watch.doubted(name)
    return heard


def quoted(watch, name, ltp, at):
    watch.asked([name], at)
    return watch.quoted(name, ltp, at)


def test_what_is_wanted_is_wanted_once(watch):
    assert not watch.want("NSE:SBIN", 5 * S)
    assert watch.names == ["NSE:SBIN", "NSE:INFY"]
    assert watch.drop("NSE:SBIN")
    assert not watch.drop("NSE:SBIN")
    assert watch.names == ["NSE:INFY"]
    assert ticked(watch, "NSE:SBIN", 812.5, S) is Heard.NOTHING
    watch.asked(["NSE:SBIN"], S)
    assert not watch.quoted("NSE:SBIN", 812.5, S)


def test_what_is_silent_is_asked_for_again_and_again_and_what_ticks_is_not(watch):
    now = 10 * S
    ticked(watch, "NSE:INFY", 1500.0, now - S)
    assert watch.to_poll(now) == ["NSE:SBIN"]
    watch.asked(["NSE:SBIN"], now)
    assert watch.to_poll(now + S) == ["NSE:INFY"]
    assert watch.to_poll(now + 2 * S) == ["NSE:INFY", "NSE:SBIN"]  # who waits longest is first


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
    ticked(watch, "NSE:SBIN", 812.55, 8 * S)
    assert not watch.quoted("NSE:SBIN", 800.0, 7 * S)


def test_a_quote_that_comes_after_one_that_was_asked_for_later_says_nothing(watch):
    watch.asked(["NSE:SBIN"], 3 * S)
    watch.asked(["NSE:SBIN"], 5 * S)
    assert watch.quoted("NSE:SBIN", 812.5, 5 * S)
    assert not watch.quoted("NSE:SBIN", 800.0, 3 * S)


def test_a_quote_that_a_tick_has_overtaken_says_nothing_also_while_another_is_on_its_way(watch):
    watch.asked(["NSE:SBIN"], 3 * S)
    ticked(watch, "NSE:SBIN", 812.5, 4 * S)
    watch.asked(["NSE:SBIN"], 6 * S)
    assert not watch.quoted("NSE:SBIN", 800.0, 3 * S)


def test_a_price_that_moves_without_ticks_speaks_against_the_feed(watch):
    ticked(watch, "NSE:SBIN", 812.5, S)
    ticked(watch, "NSE:INFY", 1500.0, 3 * S)
    quoted(watch, "NSE:SBIN", 812.6, 4 * S)
    assert watch.judge(7 * S) == NOTHING  # one tick may be lost
    quoted(watch, "NSE:SBIN", 812.7, 6 * S)
    step, why = watch.judge(7 * S)
    assert (step, why) == (Step.RENEW, "NSE:SBIN moves and no tick of it comes")
    ticked(watch, "NSE:SBIN", 812.8, 8 * S)
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


def test_a_step_that_was_put_off_is_the_next_one(watch):
    assert watch.judge(15 * S)[0] is Step.RENEW
    watch.put_off()
    assert watch.judge(30 * S)[0] is Step.RENEW
    assert watch.judge(40 * S)[0] is Step.RECONNECT


def test_a_silence_that_quotes_explain_is_the_markets(watch):
    ticked(watch, "NSE:SBIN", 812.5, S)
    for second in range(2, 100):
        quoted(watch, "NSE:SBIN", 812.5, second * S)
        assert watch.judge(second * S) == NOTHING
    assert watch.judge(113 * S) == NOTHING
    assert watch.judge(114 * S)[0] is Step.RENEW  # and so are the quotes silent


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
        ticked(watch, "NSE:INFY", 1500.0, second * S)
        assert watch.judge(second * S) == NOTHING


def test_after_a_tick_the_next_trouble_is_mended_before_anything_is_ended(watch):
    watch.judge(15 * S)
    watch.judge(30 * S)
    ticked(watch, "NSE:SBIN", 812.5, 31 * S)
    assert watch.judge(46 * S)[0] is Step.RENEW


def test_what_nobody_wants_is_never_silent():
    watch = Watch(Patience(), lambda *_: True)
    assert watch.judge(10**12) == NOTHING


# Prices that have to be confirmed.


def test_the_first_price_and_one_after_a_silence_need_a_second_one_where_they_jump(watch):
    assert watch.ticked("NSE:SBIN", 812.5, S) is Heard.DOUBTED
    assert watch.ticked("NSE:SBIN", 813.0, S) is Heard.CONFIRMED
    assert watch.doubted("NSE:SBIN") == 812.5
    assert watch.doubted("NSE:SBIN") is None
    assert watch.ticked("NSE:SBIN", 814.0, 9 * S) is Heard.PRICE  # near what was true
    assert watch.ticked("NSE:SBIN", 9.0, 19 * S) is Heard.DOUBTED
    assert watch.ticked("NSE:SBIN", 99.0, 19 * S) is Heard.DOUBTED


def test_a_jump_that_nothing_confirmed_is_no_price_to_measure_others_by(watch):
    ticked(watch, "NSE:SBIN", 812.5, S)
    assert watch.ticked("NSE:SBIN", 1.5, S + 1) is Heard.PRICE  # who guards holds it
    assert watch.ticked("NSE:SBIN", 812.0, 3 * S) is Heard.PRICE
    assert watch.ticked("NSE:SBIN", 1.5, 5 * S) is Heard.DOUBTED
    assert watch.ticked("NSE:SBIN", 812.0, 7 * S) is Heard.PRICE
    assert watch.ticked("NSE:SBIN", 900.0, 7 * S) is Heard.PRICE
    assert watch.ticked("NSE:SBIN", 901.0, 7 * S) is Heard.PRICE  # it is true
    assert watch.doubted("NSE:SBIN") is None
    assert watch.ticked("NSE:SBIN", 902.0, 9 * S) is Heard.PRICE


def test_a_tick_that_comes_twice_is_one_and_confirms_nothing(watch):
    assert watch.ticked("NSE:SBIN", 25_980.0, S) is Heard.DOUBTED
    assert watch.ticked("NSE:SBIN", 25_980.0, S) is Heard.NOTHING
    assert watch.ticked("NSE:SBIN", 25_980.0, S + S // 10 - 1) is Heard.NOTHING
    assert watch.ticked("NSE:SBIN", 25_980.0, S + S // 10) is Heard.CONFIRMED
    assert watch.ticked("NSE:SBIN", 25_980.0, S + S // 10) is Heard.NOTHING
    assert watch.ticked("NSE:SBIN", 25_980.0, 3 * S) is Heard.PRICE


def test_an_option_may_move_further_than_a_share():
    watch = Watch(Patience(), lambda *_: True)
    name = "NFO:NIFTY24NOV2626000CE"
    watch.want(name, 0)
    watch.ticked(name, 180.0, S)
    assert watch.ticked(name, 220.0, 2 * S) is Heard.CONFIRMED
    assert watch.ticked(name, 26_010.0, 9 * S) is Heard.DOUBTED


def test_a_price_in_doubt_is_asked_for_soon_and_settled_by_the_quote(watch):
    watch.drop("NSE:INFY")
    ticked(watch, "NSE:SBIN", 812.5, S)
    assert watch.ticked("NSE:SBIN", 25_980.0, 2 * S) is Heard.DOUBTED
    assert watch.to_poll(2 * S) == ["NSE:SBIN"]
    assert not quoted(watch, "NSE:SBIN", 812.5, 2 * S)
    assert watch.to_poll(2 * S + S // 4) == []
    assert watch.ticked("NSE:SBIN", 25_980.0, 5 * S) is Heard.DOUBTED
    assert watch.to_poll(5 * S) == ["NSE:SBIN"]
    assert watch.to_poll(5 * S) == ["NSE:SBIN"]
    watch.asked(["NSE:SBIN"], 5 * S)
    assert watch.to_poll(5 * S) == []
    assert watch.to_poll(5 * S + S // 2) == ["NSE:SBIN"]
    assert quoted(watch, "NSE:SBIN", 25_990.0, 6 * S)  # it is true
    assert watch.ticked("NSE:SBIN", 25_985.0, 7 * S) is Heard.PRICE


# Subscriptions that bring nothing.


def test_one_that_moves_without_ticks_while_others_tick_is_subscribed_again_alone(watch):
    ticked(watch, "NSE:SBIN", 812.5, S)
    quoted(watch, "NSE:SBIN", 812.6, 4 * S)
    quoted(watch, "NSE:SBIN", 812.7, 6 * S)
    ticked(watch, "NSE:INFY", 1500.0, 7 * S)
    assert watch.judge(7 * S) == NOTHING
    assert watch.due(7 * S) == ["NSE:SBIN"]
    assert watch.due(7 * S) == []


def test_one_that_stays_deaf_is_asked_for_again_however_its_quotes_move(watch):
    ticked(watch, "NSE:SBIN", 812.5, 0)
    times, now, price = [], 0, 812.5
    while now < 4000 * S:
        now += 5 * S // 4
        price += 0.05
        ticked(watch, "NSE:INFY", 1500.0 + price, now)
        quoted(watch, "NSE:SBIN", price, now)
        assert watch.judge(now) == NOTHING
        if names := watch.due(now):
            times.append(now / S)
            watch.wished(names, now)
            watch.taken("NSE:SBIN")
    assert times[:4] == [2.5, 5.0, 7.5, 10.0]
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert all(pause <= 4 + now / 8 for pause, now in zip(pauses, times, strict=False))
    assert len(times) < 60
    assert 300 <= max(pauses) <= 304


def test_what_is_refused_waits_for_an_eighth_of_the_time_of_its_refusals(watch):
    watch.refused("NSE:NOBODY", 0)
    watch.refused("NSE:SBIN", 0)
    now, times = 0, []
    while now < 4000 * S:
        now += S
        if watch.due(now):
            times.append(now // S)
            watch.refused("NSE:SBIN", now)
    assert times[:16] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 17, 20, 23, 26]
    assert len(times) < 60
    assert times[-1] - times[-2] == 300
    ticked(watch, "NSE:SBIN", 812.5, now)
    assert watch.due(now + 1000 * S) == []
    watch.refused("NSE:SBIN", now)
    assert watch.due(now + S) == ["NSE:SBIN"]


def test_what_nobody_has_answered_for_is_asked_for_again_and_what_was_taken_is_not(watch):
    watch.wished(["NSE:SBIN", "NSE:INFY", "NSE:NOBODY"], 0)
    watch.taken("NSE:INFY")
    watch.taken("NSE:NOBODY")
    assert watch.due(5 * S - 1) == []
    assert watch.due(5 * S) == ["NSE:SBIN"]
    watch.wished(["NSE:SBIN"], 5 * S)
    assert watch.due(10 * S) == ["NSE:SBIN"]
    watch.wished(["NSE:SBIN"], 10 * S)
    assert watch.due(20 * S - 1) == []
    assert watch.due(20 * S) == ["NSE:SBIN"]
    watch.wished(["NSE:SBIN"], 20 * S)
    ticked(watch, "NSE:SBIN", 812.5, 21 * S)  # is answer enough
    assert watch.due(1000 * S) == []


def test_an_error_that_names_no_request_is_of_those_that_were_not_answered(watch):
    watch.wished(["NSE:SBIN", "NSE:INFY"], 0)
    watch.taken("NSE:INFY")
    watch.failed(S)
    assert watch.due(2 * S - 1) == []
    assert watch.due(2 * S) == ["NSE:SBIN"]
    watch.failed(2 * S)
    assert watch.due(1000 * S) == []


def test_an_answer_that_nobody_waits_for_changes_nothing(watch):
    watch.refused("NSE:SBIN", 0)
    watch.taken("NSE:SBIN")
    assert watch.due(S) == ["NSE:SBIN"]


def test_what_is_subscribed_with_all_others_is_not_subscribed_alone(watch):
    watch.refused("NSE:SBIN", 0)
    watch.subscribed(S)
    assert watch.due(1000 * S) == []


def test_what_is_let_in_anew_is_soon_asked_for_again_however_long_it_was_refused(watch):
    watch.refused("NSE:SBIN", 0)
    watch.refused("NSE:SBIN", 800 * S)
    assert watch.due(899 * S) == []
    watch.subscribed(900 * S)
    watch.refused("NSE:SBIN", 900 * S)
    assert watch.due(901 * S) == ["NSE:SBIN"]


# Subscriptions that have brought nothing yet, while others do.


@pytest.fixture
def unproven(watch):
    """Return what watches SBIN, which ticked before it was subscribed at 10 s and not since."""
    ticked(watch, "NSE:SBIN", 812.5, 9 * S)
    watch.wished(["NSE:SBIN"], 10 * S)
    watch.taken("NSE:SBIN")
    ticked(watch, "NSE:INFY", 1500.0, 11 * S)
    return watch


def test_one_quote_that_moves_shows_that_a_new_subscription_is_deaf(unproven):
    quoted(unproven, "NSE:SBIN", 812.6, 11 * S)
    ticked(unproven, "NSE:INFY", 1500.0, 11 * S + 1)
    assert unproven.judge(12 * S) == NOTHING
    assert unproven.due(13 * S) == ["NSE:SBIN"]


def test_a_quote_that_moves_before_there_was_time_to_tick_shows_nothing(unproven):
    quoted(unproven, "NSE:SBIN", 812.6, 11 * S - 1)
    assert unproven.judge(14 * S) == NOTHING
    assert unproven.due(14 * S) == []


def test_a_new_subscription_that_no_quote_calls_quiet_is_made_again(unproven):
    unproven.judge(12 * S + S // 2 - 1)
    assert unproven.due(13 * S) == []
    unproven.judge(12 * S + S // 2)
    assert unproven.due(13 * S) == ["NSE:SBIN"]


def test_a_new_subscription_that_is_quiet_by_its_quotes_is_left_alone(unproven):
    for second in range(11, 60):
        quoted(unproven, "NSE:SBIN", 812.5, second * S)
        ticked(unproven, "NSE:INFY", 1500.0 + second, second * S)
        assert unproven.judge(second * S) == NOTHING
        assert unproven.due(second * S) == []


def test_one_that_has_moved_without_a_tick_is_not_quiet_because_two_quotes_are_alike(unproven):
    quoted(unproven, "NSE:SBIN", 812.6, 11 * S)
    unproven.judge(12 * S)
    unproven.wished(unproven.due(13 * S), 13 * S)
    unproven.taken("NSE:SBIN")
    ticked(unproven, "NSE:INFY", 1500.0, 14 * S)
    quoted(unproven, "NSE:SBIN", 812.6, 15 * S)
    unproven.judge(15 * S + S // 2)
    assert unproven.due(17 * S) == ["NSE:SBIN"]


def test_a_subscription_that_has_ticked_once_is_only_quiet(unproven):
    ticked(unproven, "NSE:SBIN", 812.6, 12 * S)
    unproven.judge(16 * S)
    assert unproven.due(16 * S) == []
    quoted(unproven, "NSE:SBIN", 812.7, 16 * S)  # one tick may be lost
    unproven.judge(17 * S)
    assert unproven.due(17 * S) == []


def test_what_is_closed_or_brings_nothing_of_anything_is_not_asked_for_again(watch):
    watch.want("MCX:GOLD", 0)
    watch.wished(["MCX:GOLD", "NSE:SBIN"], S)
    watch.taken("MCX:GOLD")
    watch.taken("NSE:SBIN")
    watch.judge(10 * S)
    assert watch.due(14 * S) == []
    ticked(watch, "NSE:INFY", 1500.0, 14 * S)
    watch.judge(14 * S)
    assert watch.due(16 * S) == ["NSE:SBIN"]


def test_the_session_is_open_while_anything_that_is_wanted_trades(watch):
    watch.want("MCX:GOLD", 0)
    assert watch.is_any_open(0)
    watch.drop("NSE:SBIN")
    watch.drop("NSE:INFY")
    assert not watch.is_any_open(0)
