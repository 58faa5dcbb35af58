"""A key that is not taken is tried again, but a bad one never so often that it is banned."""

from tradebot.brokers.openalgo.calls.lockout import Lockout

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
BANNED_AT = 100  # bad keys a day


def knocked(lockout, at=0):
    lockout.knocks(at)
    lockout.close("no", at)


def test_it_closes_with_the_first_refusal_and_opens_with_the_first_answer():
    lockout = Lockout()
    assert not lockout.is_closed
    assert lockout.close("Invalid openalgo apikey", 0)
    assert not lockout.close("Invalid openalgo apikey", 1)
    assert (lockout.is_closed, lockout.why) == (True, "Invalid openalgo apikey")
    assert lockout.open()
    assert not lockout.open()
    assert not lockout.is_closed


def test_it_is_quick_at_first_and_slow_later():
    lockout = Lockout()
    lockout.close("no", 0)
    assert not lockout.may_knock(29 * SECOND)
    assert lockout.may_knock(30 * SECOND)
    for _ in range(40):
        knocked(lockout)
    assert not lockout.may_knock(1799 * SECOND)
    assert lockout.may_knock(1800 * SECOND)


def test_a_weekend_without_a_login_is_no_reason_to_be_banned():
    lockout, knocks, now = Lockout(), [0], 0
    lockout.close("no", 0)
    while now < 3 * DAY:
        now += 10 * SECOND
        if lockout.may_knock(now):
            knocks.append(now)
            knocked(lockout, now)
    most = max(sum(at <= other < at + DAY for other in knocks) for at in knocks)
    assert most < BANNED_AT * 0.9


def test_a_knock_without_an_answer_is_no_refusal_and_is_repeated_soon():
    lockout = Lockout()
    for _ in range(50):
        knocked(lockout)
    lockout.knocks(1800 * SECOND)
    assert not lockout.may_knock(1829 * SECOND)
    assert lockout.may_knock(1830 * SECOND)


def test_after_an_opening_it_is_quick_again():
    lockout = Lockout()
    for _ in range(50):
        knocked(lockout)
    lockout.open()
    lockout.close("no", 0)
    assert lockout.may_knock(30 * SECOND)


def test_many_that_are_refused_at_once_are_one_refusal():
    lockout = Lockout()
    for number in range(50):
        lockout.close("no", number * SECOND // 10)
    assert lockout.may_knock(30 * SECOND)
    knocked(lockout, 30 * SECOND)
    lockout.close("no", 31 * SECOND)
    assert not lockout.may_knock(59 * SECOND)
    assert lockout.may_knock(60 * SECOND)


def test_a_key_that_the_websocket_takes_is_tried_at_once():
    lockout = Lockout()
    for _ in range(50):
        knocked(lockout)
    lockout.hasten(5 * SECOND)
    assert lockout.may_knock(5 * SECOND)


def test_whoever_logs_in_again_is_noticed_soon_however_long_there_was_no_session():
    lockout, now, longest = Lockout(), 0, 0
    lockout.taken()
    lockout.close("no", 0)
    pauses = {}
    for hours in (0.05, 6, 60):  # a slip, a night, a weekend
        while now < hours * 3600 * SECOND:
            before = now
            while not lockout.may_knock(now):
                now += SECOND
            longest = max(longest, now - before)
            knocked(lockout, now)
        pauses[hours] = longest / SECOND
    assert pauses == {0.05: 5, 6: 15, 60: 60}


def test_a_good_key_whose_knock_nobody_answers_is_tried_again_as_soon():
    lockout = Lockout()
    lockout.taken()
    lockout.close("no", 0)
    lockout.knocks(5 * SECOND)
    assert lockout.may_knock(10 * SECOND)
