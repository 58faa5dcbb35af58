"""Sessions open and close by the clock on the exchange's wall, also where clocks leap."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.market.sessions import ROUND_THE_CLOCK, Phase, Session, SpecialHours

WEEK = frozenset(range(5))
INDIA = Session(
    zone="Asia/Kolkata",
    open_minutes=9 * 60 + 15,
    close_minutes=15 * 60 + 30,
    weekdays=WEEK,
    holidays=frozenset({dt.date(2026, 1, 26)}),
)
NIGHT = Session(zone="America/New_York", open_minutes=18 * 60, close_minutes=17 * 60, weekdays=WEEK)
NEW_YORK = Session(zone="America/New_York")  # leaps 2026-03-08 02:00, repeats 2026-11-01 01:00


def ns(text):
    """Read "2026-03-08 02:30-05:00" as nanoseconds UTC."""
    return int(dt.datetime.fromisoformat(text).timestamp()) * 10**9


def test_round_the_clock_is_one_window_for_ever():
    assert Session().window(0) == ROUND_THE_CLOCK
    assert Session().is_open(ns("2026-01-01 00:00Z"))


@pytest.mark.parametrize(
    ("at", "opens", "closes"),
    [
        ("2026-01-22 12:00+05:30", "2026-01-22 09:15+05:30", "2026-01-22 15:30+05:30"),
        ("2026-01-22 09:15+05:30", "2026-01-22 09:15+05:30", "2026-01-22 15:30+05:30"),
        ("2026-01-22 00:00+05:30", "2026-01-22 09:15+05:30", "2026-01-22 15:30+05:30"),
        # The close is outside; over the weekend and the holiday comes Tuesday.
        ("2026-01-23 15:30+05:30", "2026-01-27 09:15+05:30", "2026-01-27 15:30+05:30"),
    ],
)
def test_a_window_holds_the_moment_or_is_the_next_one(at, opens, closes):
    assert INDIA.window(ns(at)) == (ns(opens), ns(closes))


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-01-22 09:14:59+05:30", False),
        ("2026-01-22 09:15:00+05:30", True),
        ("2026-01-22 15:29:59+05:30", True),
        ("2026-01-22 15:30:00+05:30", False),
        ("2026-01-24 12:00:00+05:30", False),  # Saturday
        ("2026-01-26 12:00:00+05:30", False),  # Republic Day
    ],
)
def test_the_open_is_inside_and_the_close_is_outside(at, is_open):
    assert INDIA.is_open(ns(at)) is is_open


@pytest.mark.parametrize(
    ("at", "opens", "closes"),
    [
        ("2026-01-21 02:00-05:00", "2026-01-20 18:00-05:00", "2026-01-21 17:00-05:00"),
        ("2026-01-21 17:30-05:00", "2026-01-21 18:00-05:00", "2026-01-22 17:00-05:00"),
        # Friday's session closes on Saturday; Sunday has none.
        ("2026-01-24 16:59-05:00", "2026-01-23 18:00-05:00", "2026-01-24 17:00-05:00"),
        ("2026-01-24 17:00-05:00", "2026-01-26 18:00-05:00", "2026-01-27 17:00-05:00"),
    ],
)
def test_a_session_over_midnight_belongs_to_the_day_it_opens_on(at, opens, closes):
    assert NIGHT.window(ns(at)) == (ns(opens), ns(closes))


@pytest.mark.parametrize(
    ("session", "at", "day", "opens", "closes"),
    [
        (INDIA, "2026-01-22 10:00Z", "2026-01-23", None, None),  # after the close: the next one
        (NIGHT, "2026-01-21 02:00-05:00", "2026-01-20", None, None),
        (Session(), "2026-01-22 23:59Z", "2026-01-22", ROUND_THE_CLOCK[0], "2026-01-23 00:00Z"),
        (NEW_YORK, "2026-01-22 04:59Z", "2026-01-21", ROUND_THE_CLOCK[0], "2026-01-22 05:00Z"),
    ],
)
def test_a_trading_day_ends_with_its_session_or_at_midnight(session, at, day, opens, closes):
    found, opens_ns, closes_ns = session.day(ns(at))
    assert found.isoformat() == day
    if opens is None:
        assert (opens_ns, closes_ns) == session.window(ns(at))
    else:
        assert (opens_ns, closes_ns) == (opens, ns(closes))


def test_a_session_that_closes_when_it_opens_is_a_whole_day():
    day = Session(open_minutes=0, close_minutes=0, weekdays=WEEK)
    assert day.window(ns("2026-01-23 12:00Z")) == (ns("2026-01-23 00:00Z"), ns("2026-01-24 00:00Z"))


def test_a_session_that_the_clocks_leap_over_does_not_happen():
    lost = Session(zone="America/New_York", open_minutes=125, close_minutes=175)
    opens, closes = lost.window(ns("2026-03-07 12:00-05:00"))
    assert (opens, closes) == (ns("2026-03-09 02:05-04:00"), ns("2026-03-09 02:55-04:00"))


def test_a_session_is_as_long_as_the_wall_says_when_the_clocks_change():
    day = Session(zone="America/New_York", open_minutes=0, close_minutes=12 * 60)
    opens, closes = day.window(ns("2026-03-08 01:00-05:00"))
    assert closes - opens == 11 * 3600 * 10**9


@pytest.mark.parametrize(
    ("session", "at", "wall", "then"),
    [
        (Session(), "2026-01-22 15:09Z", "15:10", "2026-01-22 15:10Z"),
        (Session(), "2026-01-22 15:10Z", "15:10", "2026-01-23 15:10Z"),  # strictly after
        (INDIA, "2026-01-22 20:00Z", "15:10", "2026-01-23 15:10+05:30"),
        (INDIA, "2026-01-22 15:10+05:30", "15:10", "2026-01-23 15:10+05:30"),
        # Leapt over: the moment of the leap, that day only.
        (NEW_YORK, "2026-03-08 00:00-05:00", "02:30", "2026-03-08 03:00-04:00"),
        (NEW_YORK, "2026-03-08 03:00-04:00", "02:30", "2026-03-09 02:30-04:00"),
        (NEW_YORK, "2026-03-08 00:00-05:00", "03:00", "2026-03-08 03:00-04:00"),
        # Shown twice: both count.
        (NEW_YORK, "2026-11-01 00:00-04:00", "01:30", "2026-11-01 01:30-04:00"),
        (NEW_YORK, "2026-11-01 01:30-04:00", "01:30", "2026-11-01 01:30-05:00"),
        (NEW_YORK, "2026-11-01 01:30-05:00", "01:30", "2026-11-02 01:30-05:00"),
        # Havana repeats the hour before 01:00, so the second 00:30 is asked for on one date.
        (
            Session(zone="America/Havana"),
            "2026-11-01 00:45-04:00",
            "00:30",
            "2026-11-01 00:30-05:00",
        ),
    ],
)
def test_the_next_time_on_the_wall(session, at, wall, then):
    hours, minutes = wall.split(":")
    assert session.clock_time(ns(at), int(hours) * 60 + int(minutes)) == ns(then)


@pytest.mark.parametrize(
    "half",
    [{"open_minutes": 5}, {"close_minutes": 5}, {"weekdays": frozenset()}],
)
def test_half_a_session_is_a_broken_promise(half):
    with pytest.raises(AssertionError):
        Session(**half)


sessions = st.builds(
    Session,
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]),
    open_minutes=st.integers(0, 1439),
    close_minutes=st.integers(0, 1439),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
)
moments = st.integers(ns("1990-01-01 00:00Z"), ns("2090-01-01 00:00Z"))


@given(sessions, moments)
def test_a_window_never_ends_before_the_moment_and_none_lies_between(session, at_ns):
    opens, closes = session.window(at_ns)
    assert opens < closes
    assert at_ns < closes
    assert session.is_open(at_ns) == (opens <= at_ns)
    assert session.window(opens) == (opens, closes)
    if at_ns < opens:
        assert session.window((at_ns + opens) // 2) == (opens, closes)


@given(sessions, moments, st.integers(0, 1439))
def test_a_time_on_the_wall_is_at_most_two_days_away(session, at_ns, minutes):
    then = session.clock_time(at_ns, minutes)
    assert at_ns < then <= at_ns + 49 * 3600 * 10**9


@given(moments)
def test_the_window_of_any_integer_that_a_clock_can_hold_is_found(at_ns):
    for extreme in (at_ns, -(2**63), 2**63 - 1):
        assert INDIA.window(extreme)[1] > extreme


# Days with hours of their own, and the time before the open.

MUHURAT = SpecialHours(day=dt.date(2026, 11, 8), open_minutes=18 * 60, close_minutes=19 * 60)
SHORT = SpecialHours(day=dt.date(2026, 1, 22), open_minutes=555, close_minutes=780)
OVER_MIDNIGHT = SpecialHours(day=dt.date(2026, 1, 26), open_minutes=17 * 60, close_minutes=0)
SPECIAL = Session(
    zone="Asia/Kolkata",
    open_minutes=555,
    close_minutes=930,
    weekdays=WEEK,
    holidays=frozenset({dt.date(2026, 1, 26)}),
    special=(SHORT, OVER_MIDNIGHT, MUHURAT),
    pre_open_minutes=540,
)


@pytest.mark.parametrize(
    ("at", "opens", "closes"),
    [
        # A Sunday, a holiday, a shortened Thursday.
        ("2026-11-07 12:00+05:30", "2026-11-08 18:00+05:30", "2026-11-08 19:00+05:30"),
        ("2026-01-25 12:00+05:30", "2026-01-26 17:00+05:30", "2026-01-27 00:00+05:30"),
        ("2026-01-22 12:00+05:30", "2026-01-22 09:15+05:30", "2026-01-22 13:00+05:30"),
        ("2026-01-22 14:00+05:30", "2026-01-23 09:15+05:30", "2026-01-23 15:30+05:30"),
    ],
)
def test_special_hours_say_all_of_their_day(at, opens, closes):
    assert SPECIAL.window(ns(at)) == (ns(opens), ns(closes))


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("2026-01-23 08:59:59+05:30", Phase.CLOSED),
        ("2026-01-23 09:00:00+05:30", Phase.PRE_OPEN),
        ("2026-01-23 09:14:59+05:30", Phase.PRE_OPEN),
        ("2026-01-23 09:15:00+05:30", Phase.OPEN),
        ("2026-01-23 15:30:00+05:30", Phase.CLOSED),
        ("2026-01-24 09:05:00+05:30", Phase.CLOSED),  # Saturday
        ("2026-11-08 09:05:00+05:30", Phase.CLOSED),  # before a Muhurat session
        ("2026-11-08 18:30:00+05:30", Phase.OPEN),
        # 09:05 of India is 03:35 UTC: a machine on another zone changes nothing.
        ("2026-01-23 03:35:00+00:00", Phase.PRE_OPEN),
    ],
)
def test_a_phase_is_by_the_wall_of_the_exchange(at, phase):
    assert SPECIAL.phase(ns(at)) is phase


def test_without_a_pre_open_or_times_there_is_open_and_closed_alone():
    assert INDIA.phase(ns("2026-01-22 09:05+05:30")) is Phase.CLOSED
    assert Session().phase(0) is Phase.OPEN
    assert Session().hours(dt.date(2026, 1, 22)) is None


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati", "UTC"])
@given(at_ns=st.integers(1_700_000_000, 1_900_000_000).map(lambda s: s * 10**9))
def test_special_hours_in_any_zone_keep_the_law_of_windows(zone, at_ns):
    session = Session(
        zone=zone,
        open_minutes=555,
        close_minutes=930,
        weekdays=WEEK,
        special=tuple(
            SpecialHours(day=dt.date(2026, 1, day), open_minutes=day * 40, close_minutes=day * 20)
            for day in (3, 10, 11, 26)
        ),
        pre_open_minutes=540,
    )
    opens, closes = session.window(at_ns)
    assert opens < closes
    assert at_ns < closes
    assert session.window(opens) == (opens, closes)
    assert (session.phase(at_ns) is Phase.OPEN) == session.is_open(at_ns)


# A clock that was set.


@given(
    st.sampled_from([INDIA, NIGHT, NEW_YORK]),
    st.integers(ns("2026-01-01 00:00Z"), ns("2026-12-01 00:00Z")),
    st.integers(-3 * 86_400 * 10**9, 3 * 86_400 * 10**9),
    st.integers(0, 1439),
)
def test_a_skew_moves_all_that_a_session_tells_and_nothing_else(session, at_ns, skew_ns, minutes):
    skewed = msgspec.structs.replace(session, skew_ns=skew_ns, pre_open_minutes=500)
    plain = msgspec.structs.replace(session, pre_open_minutes=500)
    wall_ns = at_ns + skew_ns
    assert skewed.clock_time(at_ns, minutes) == plain.clock_time(wall_ns, minutes) - skew_ns
    assert skewed.is_open(at_ns) is plain.is_open(wall_ns)
    assert skewed.phase(at_ns) is plain.phase(wall_ns)
    day, opens_ns, closes_ns = plain.day(wall_ns)
    moved_ns = 0 if session.open_minutes is None else skew_ns  # round the clock has no open
    assert skewed.day(at_ns) == (day, opens_ns - moved_ns, closes_ns - skew_ns)
