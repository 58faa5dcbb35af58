"""Figures for a terminal."""

import time

import pytest

from tradebot.cli.figures import (
    age,
    decimals_of,
    duration,
    figure,
    gain,
    local_time,
    quantity,
    way,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.5, "1,234,567.50"), (800, "800.00"), (-0.05, "-0.05"), (None, "–"), ("x", "–")],
)
def test_a_price_has_its_decimals_and_thousands_apart(value, text):
    assert figure(value, 2) == text


@pytest.mark.parametrize(
    ("prices", "decimals"),
    [((), 2), ((800, None), 2), ((805.05, 61602.1), 2), ((0.00012, 1.5), 5), ((100 / 3,), 8)],
)
def test_a_row_has_as_many_decimals_as_its_finest_price(prices, decimals):
    assert decimals_of(*prices) == decimals


@pytest.mark.parametrize(
    ("value", "text"), [(10, "10"), (1500, "1,500"), (0.001, "0.001"), (0.5, "0.5"), (None, "–")]
)
def test_a_quantity_says_no_more_than_it_knows(value, text):
    assert quantity(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (50, "▲ +50.00"),
        (-1234.5, "▼ -1,234.50"),
        (0, "0.00"),
        (0.0, "0.00"),
        (-0.004, "0.00"),
        (None, "–"),
    ],
)
def test_a_gain_reads_without_colour(value, text):
    assert gain(value) == text


@pytest.mark.parametrize(
    ("ltp", "level", "text"),
    [(800, 792, "-1.00%"), (800.0, 830, "+3.75%"), (None, 792, ""), (800, None, ""), (0, 1, "")],
)
def test_the_way_to_a_level_is_in_percent_of_the_ltp(ltp, level, text):
    assert way(ltp, level) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (2_340, "2.3 s"),
        (60_000, "1 min"),
        (3_599_999, "59 min"),
        (7_200_000, "2 h"),
        (None, "–"),
    ],
)
def test_an_age_is_short(milliseconds, text):
    assert age(milliseconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.04, "40 ms"), (12.34, "12.3 s"), (72, "1 min"), (None, "–")],
)
def test_a_length_of_time_is_short_too(seconds, text):
    assert duration(seconds) == text


def test_a_time_is_this_machines(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert local_time("2026-01-05T03:45:00.123456Z", "%H:%M:%S.%f") == "09:15:00.123456"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert local_time(None, "%H") == "–"
