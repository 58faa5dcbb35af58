"""The machine's clock is set while the engine runs: times of day follow it, and nothing else."""

import datetime as dt

import msgspec
import pytest

from tests.playbook import Playbook, a_trade
from tradebot.core.checkpoint import checkpoint, engine_of
from tradebot.core.events import InstrumentBlind
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import ClockSet, PolicyChanged, Timer, UpdateTrade
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Policy

SECOND = 1_000_000_000
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
STEPS = [sign * step for step in (2 * SECOND, HOUR, DAY) for sign in (1, -1)]
INDIA = Session(
    zone="Asia/Kolkata",
    open_minutes=9 * 60 + 15,
    close_minutes=15 * 60 + 30,
    weekdays=frozenset(range(5)),
)
POLICY = Policy(sessions={"NSE": INDIA}, stale_after_ns=10 * SECOND)


def ns(text):
    """Read "2025-10-10 09:15" of India."""
    return int(dt.datetime.fromisoformat(f"{text}+05:30").timestamp()) * SECOND


def at(text, *trades, policy=POLICY):
    """A story that begins with a held position at a time of day in India."""
    story = Playbook(policy=policy, broker=False)
    story.now_ns = ns(text)
    story.process(Timer(story.now_ns))
    story.fill(None, "10", side="BUY")
    for trade in trades or [a_trade(stop="5pts")]:
        story.create(trade)
    return story


def set_by(story, skew_ns):
    story.process(ClockSet(skew_ns=skew_ns, at_ns=story.now_ns))
    return story


def due(story):
    """When the first trade is left, in the time of the inputs."""
    return story.trade().deadline_ns


# Prices.


@pytest.mark.parametrize("step_ns", STEPS)
@pytest.mark.parametrize("time", ["09:15", "09:16", "12:00", "15:00", "15:29"])
def test_a_stop_is_judged_in_a_session_that_was_open_whatever_the_wall_shows(step_ns, time):
    story = at(f"2025-10-10 {time}") >> 800  # a Friday: a day later is none
    assert set_by(story, step_ns) << None
    story.process(story.tick(795))
    assert story << "stop @ 795"
    assert story.orders == ["T1-x1 SELL 10"]


@pytest.mark.parametrize("step_ns", STEPS)
def test_a_stop_is_judged_also_where_no_price_has_come_yet(step_ns):
    story = set_by(at("2025-10-10 12:00"), step_ns)
    assert story >> 795 << "stop @ 795"
    assert story.orders == ["T1-x1 SELL 10"]


@pytest.mark.parametrize("step_ns", STEPS)
def test_a_silence_in_a_session_that_was_open_is_missed(step_ns):
    story = set_by(at("2025-10-10 15:00") >> 800, step_ns) >> "11s"
    assert len(story.events(InstrumentBlind)) == 1


@pytest.mark.parametrize(("second_ns", "skew_ns"), [(DAY, 2 * DAY), (-DAY, 0), (HOUR, DAY + HOUR)])
def test_a_second_step_closes_no_session_either(second_ns, skew_ns):
    story = set_by(set_by(at("2025-10-10 12:00") >> 800, DAY), skew_ns)
    assert story >> 795 << "stop @ 795"


def test_a_session_that_was_open_ends_at_its_close_and_the_next_is_by_the_wall():
    story = set_by(at("2025-10-09 12:00") >> 800, HOUR)
    story.now_ns = ns("2025-10-09 15:30")
    assert story >> 700 << None
    story.now_ns = ns("2025-10-10 08:15") - 2 * SECOND
    assert story >> 700 << None
    assert story >> 790 << "stop @ 795"  # on the wall it is 09:15 now


def test_a_session_that_opens_by_the_wall_is_open():
    story = at("2025-10-10 08:30")
    assert story >> 795 << None
    assert set_by(story, HOUR) >> 795 << "stop @ 795"
    assert story.orders == ["T1-x1 SELL 10"]


def test_a_session_that_was_to_open_and_is_later_by_the_wall_opens_later():
    story = at("2025-10-10 09:14")
    assert story >> 790 << None  # from now on it is known when the session opens
    set_by(story, -HOUR)
    story.now_ns = ns("2025-10-10 09:20")
    assert story >> 790 << None
    story.now_ns = ns("2025-10-10 10:15")
    assert story >> 790 << "stop @ 795"


# Times of day.


@pytest.mark.parametrize("step_ns", [2 * SECOND, HOUR, -2 * SECOND, -HOUR])
def test_a_time_of_day_follows_the_wall(step_ns):
    story = set_by(at("2025-10-10 10:00", a_trade(at="15:10")), step_ns)
    assert due(story) == ns("2025-10-10 15:10") - step_ns
    story.process(Timer(due(story) - 1))
    assert story << None
    story.process(Timer(due(story)))
    assert story << "time"


@pytest.mark.parametrize("step_ns", [DAY, -DAY, 7 * DAY, -7 * DAY])
def test_a_wrong_date_moves_no_time_of_day(step_ns):
    story = set_by(at("2025-10-10 10:00", a_trade(at="15:10")), step_ns)
    assert due(story) == ns("2025-10-10 15:10")
    assert due(set_by(story, step_ns + HOUR)) == ns("2025-10-10 14:10")


@pytest.mark.parametrize("step_ns", [HOUR, 5 * HOUR + HOUR // 2, DAY + HOUR])
def test_a_time_of_day_that_the_clock_was_set_beyond_leaves_after_a_minute(step_ns):
    story = set_by(at("2025-10-10 15:00", a_trade(at="15:10")), step_ns)
    assert story >> "59s" << None
    assert story >> "1s" << "time"


@pytest.mark.parametrize("step_ns", [2 * SECOND, HOUR, DAY])
def test_one_that_was_sooner_is_not_put_off(step_ns):
    story = at("2025-10-10 15:09", a_trade(at="15:10")) >> "59s"
    assert set_by(story, step_ns) << None
    assert story >> "1s" << "time"


@pytest.mark.parametrize("step_ns", [*STEPS, 11 * HOUR, -11 * HOUR, 13 * HOUR, -13 * HOUR])
def test_a_clock_that_is_put_back_in_time_has_changed_nothing(step_ns):
    story = set_by(at("2025-10-10 15:00", a_trade(at="15:10")), step_ns) >> "30s"
    assert set_by(story, 0) << None
    assert due(story) == ns("2025-10-10 15:10")


def test_further_steps_do_not_put_off_what_waits_a_minute():
    story = set_by(at("2025-10-10 15:00", a_trade(at="15:10")), HOUR) >> "30s"
    assert set_by(story, HOUR + 2 * SECOND) >> "29s" << None
    assert set_by(story, 2 * HOUR) >> "1s" << "time"


@pytest.mark.parametrize("step_ns", STEPS)
def test_a_trade_that_comes_after_the_step_is_left_by_the_wall(step_ns):
    story = set_by(at("2025-10-10 10:00"), step_ns)
    story.create(a_trade(trade_id="T2", at="15:10"))
    assert (story.trade("T2").deadline_ns + step_ns) % DAY == ns("2025-10-10 15:10") % DAY
    assert 0 < story.trade("T2").deadline_ns - story.now_ns <= DAY
    story.process(UpdateTrade(trade_id="T1", rules=story.trade("T2").rules, at_ns=story.now_ns))
    assert story.trade("T1").deadline_ns == story.trade("T2").deadline_ns
    assert set_by(story, 0).trade("T2").deadline_ns == ns("2025-10-10 15:10")


@pytest.mark.parametrize("step_ns", STEPS)
def test_a_restart_moves_no_time_of_day(step_ns):
    story = set_by(at("2025-10-10 10:00", a_trade(at="15:10")), step_ns)
    left_ns = due(story) - story.now_ns
    story.now_ns += step_ns  # a new life begins with the time on the wall
    assert due(story.restarted()) - story.now_ns == left_ns
    assert due(set_by(story, 0)) - story.now_ns == left_ns


@pytest.mark.parametrize("step_ns", STEPS)
def test_a_duration_stays_what_it_is(step_ns):
    story = set_by(at("2025-10-10 10:00", a_trade(after="45m")), step_ns)
    assert story >> "44m" << None
    assert story >> "1m" << "time"


# The engine.


def test_settings_that_change_do_not_forget_how_far_the_clocks_are_apart():
    story = set_by(at("2025-10-10 08:30"), HOUR)
    story.process(PolicyChanged(msgspec.structs.replace(POLICY, stale_after_ns=None)))
    assert story >> 795 << "stop @ 795"


@pytest.mark.parametrize("step_ns", STEPS)
def test_a_recording_that_begins_between_goes_on_alike(step_ns):
    story = set_by(at("2025-10-10 15:00", a_trade(stop="5pts", at="15:10")) >> 800, step_ns)
    other = engine_of(checkpoint(story.engine))
    timers = [Timer(story.now_ns + each * 7 * SECOND) for each in range(1, 200)]
    story.now_ns = timers[-1].at_ns
    for item in (*timers, ClockSet(skew_ns=0, at_ns=story.now_ns), story.tick(790)):
        assert story.process(item) == list(other.process(item))
    assert story.trade().status is Status.TRIGGERED
