"""Levels, durations and times of day: what is read, what is refused, and in which words."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradebot.core.words.levels import (
    Level,
    Unit,
    parse_clock_minutes,
    parse_duration_ns,
    parse_level,
)
from tradebot.errors import InputError

D = Decimal
SECOND = 1_000_000_000

levels = st.builds(
    Level,
    unit=st.sampled_from(list(Unit)),
    value=st.decimals(0, 10**12, places=6, allow_nan=False, allow_infinity=False),
)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("1.5%", Level(Unit.PERCENT, D("1.5"))),
        ("12.5pts", Level(Unit.POINTS, D("12.5"))),
        ("@812.5", Level(Unit.PRICE, D("812.5"))),
        ("0pts", Level(Unit.POINTS, D(0))),
        ("100%", Level(Unit.PERCENT, D(100))),
        (" 2% ", Level(Unit.PERCENT, D(2))),
        ("0.000000000000001pts", Level(Unit.POINTS, D("1E-15"))),
    ],
)
def test_a_level_is_read_in_three_forms(text, level):
    assert parse_level(text, "stop") == level


@pytest.mark.parametrize(
    "text",
    [
        *("2", "2.5", "", " ", "%", "pts", "@", "two%"),
        *("-2%", "+2%", "@-5", ".5%", "5.%", "1e2%", "1_0%", "1,5%", "0x2%"),
        *("2 %", "@ 812", "2PTS", "2pt", "2points", "₹812", "$812", "812@"),
        *("@5%", "@5pts", "2%pts", "2%2%", "2%\n3%", "nan%", "inf%", "Infinity%"),
        "\u0662%",  # two, in Arabic digits: Decimal would read it
        "1234567890123456%",
        *(2, 2.5, D("2"), True, None, b"2%", ["2%"], {"pts": 2}),
    ],
)
def test_nothing_else_is_a_level(text):
    with pytest.raises(InputError) as refused:
        parse_level(text, "trail.by")
    assert refused.value.field == "trail.by"
    assert str(refused.value) == (
        f"trail.by = {text!r} is not a level; "
        'write "1.5%" (percent), "12.5pts" (distance per unit) or "@812.5" (a price)'
    )


def test_a_bare_number_is_refused_with_the_three_forms():
    with pytest.raises(InputError) as refused:
        parse_level(2, "stop")
    assert str(refused.value) == (
        "stop = 2 is not a level; "
        'write "1.5%" (percent), "12.5pts" (distance per unit) or "@812.5" (a price)'
    )


def test_a_price_is_no_distance_and_the_refusal_offers_only_what_is_allowed():
    with pytest.raises(InputError) as refused:
        parse_level("@812", "trail.by", price_allowed=False)
    assert str(refused.value) == (
        "trail.by = '@812' is not a level; "
        'write "1.5%" (percent) or "12.5pts" (distance per unit)'
    )


@pytest.mark.parametrize("text", ["1%", "0.05pts"])
def test_where_a_price_is_not_allowed_distances_still_are(text):
    assert str(parse_level(text, "trail.by", price_allowed=False)) == text


@given(levels)
@example(Level(Unit.POINTS, D("1E+2")))
@example(Level(Unit.PERCENT, D("1E-7")))
@example(Level(Unit.PRICE, D("1.50")))
def test_a_level_is_written_as_it_is_read(level):
    assert parse_level(str(level), "stop") == level


@pytest.mark.parametrize(
    ("text", "of", "distance"),
    [
        ("1.5%", "200", "3"),
        ("2.5%", "100", "2.5"),  # 100 * (1 + 0.05 / 2) is 102.49999999999999 in floats
        ("0.1%", "0.6", "0.0006"),
        ("12.5pts", "200", "12.5"),
        ("0%", "200", "0"),
    ],
)
def test_a_distance_is_points_or_percent_of_a_price(text, of, distance):
    assert parse_level(text, "stop").distance(D(of)) == D(distance)


def test_a_price_has_no_distance():
    with pytest.raises(AssertionError, match=r"^@812\.5 is a price, not a distance$"):
        Level(Unit.PRICE, D("812.5")).distance(D(800))


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("250ms", SECOND // 4),
        ("30s", 30 * SECOND),
        ("45m", 45 * 60 * SECOND),
        ("2h", 2 * 3600 * SECOND),
        ("1d", 86_400 * SECOND),
        ("1.5h", 5400 * SECOND),
        ("0.1s", SECOND // 10),
        (" 5m ", 300 * SECOND),
        ("0s", 0),
        ("0.000000001s", 1),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, ns):
    assert parse_duration_ns(text, "time_exit.after") == ns


@pytest.mark.parametrize(
    "text",
    [
        *("45", "", "m", "-5m", "+5m", "1h30m", "5 m", "5M", "5min", "5us", ".5s", "5.s", "1e3s"),
        *("1234567890s", "\u0665m", 45, 2.5, None, True, b"5m"),
    ],
)
def test_nothing_else_is_a_duration(text):
    with pytest.raises(InputError) as refused:
        parse_duration_ns(text, "time_exit.after")
    assert refused.value.field == "time_exit.after"
    assert str(refused.value) == (
        f'time_exit.after = {text!r} is not a duration; write "250ms", "30s", "45m", "2h" or "1d"'
    )


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("00:00", 0), ("09:15", 555), ("15:10", 910), ("23:59", 1439), (" 15:10 ", 910)],
)
def test_a_time_of_day_is_minutes_after_midnight(text, minutes):
    assert parse_clock_minutes(text, "time_exit.at") == minutes


@pytest.mark.parametrize(
    "text",
    [
        *("24:00", "9:15", "15:60", "15:1", "15:10:00", "1510", "15.10", "3:10pm", "-1:00", ""),
        *("\u0661\u0665:10", "15:1\u0660", 910, None, b"15:10"),
    ],
)
def test_nothing_else_is_a_time_of_day(text):
    with pytest.raises(InputError) as refused:
        parse_clock_minutes(text, "time_exit.at")
    assert refused.value.field == "time_exit.at"
    assert str(refused.value) == (
        f'time_exit.at = {text!r} is not a time of day; write "HH:MM", "00:00" to "23:59"'
    )
