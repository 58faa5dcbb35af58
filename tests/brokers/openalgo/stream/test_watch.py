"""Silence is found out, and only what speaks against the feed is held against it."""

import pytest

from tradebot.brokers.openalgo.stream.watch import Heard, Patience, Step, Watch

S = 1_000_000_000
NOTHING = (Step.NOTHING, "")


def watching():
    """Return what watches two of an exchange that is open; one of MCX is closed."""
    open_ = {"NSE:SBIN": True, "NSE:INFY": True, "MCX:GOLD": False}
    found = Watch(Patience(), lambda name, _at: open_[name])
    found.want("NSE:SBIN", 0)
    found.want("NSE:INFY", 0)
    return found


@pytest.fixture
def watch():
    return watching()


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


def test_the_session_is_open_while_anything_that_is_wanted_trades(watch):
    watch.want("MCX:GOLD", 0)
    assert watch.is_any_open(0)
    watch.drop("NSE:SBIN")
    watch.drop("NSE:INFY")
    assert not watch.is_any_open(0)
