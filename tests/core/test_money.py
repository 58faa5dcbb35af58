"""Exact prices, and rounding to the tick in a named direction."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradebot.core.money import exact, plain, tick_at_or_above, tick_at_or_below

D = Decimal
TICK_SIZES = [D(text) for text in ("0.05", "0.01", "0.0025", "0.25", "0.1", "1", "5", "1E-8")]

values = st.decimals(-(10**9), 10**9, places=9, allow_nan=False, allow_infinity=False)
tick_sizes = st.sampled_from(TICK_SIZES)


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (812.05, "812.05"),
        (0.1, "0.1"),
        (102.49999999999999, "102.49999999999999"),
        (1e-8, "0.00000001"),
        (1e22, "10000000000000000000000"),
        (-37.63, "-37.63"),  # oil, on 20 April 2020
        (100.0, "100"),
    ],
)
def test_a_float_price_is_the_decimal_that_was_sent(price, text):
    assert exact(price) == D(text)


@given(st.integers(1, 10**9), tick_sizes)
def test_a_price_on_the_grid_stays_on_it_through_a_float(count, tick):
    assert exact(float(count * tick)) == count * tick


@pytest.mark.parametrize(
    ("value", "tick", "below", "above"),
    [
        ("99.68", "0.05", "99.65", "99.70"),
        ("99.65", "0.05", "99.65", "99.65"),
        ("99.6500000000001", "0.05", "99.65", "99.70"),
        ("0.03", "0.05", "0", "0.05"),
        ("0", "0.05", "0", "0"),
        ("-0.03", "0.05", "-0.05", "0"),
        ("-0.05", "0.05", "-0.05", "-0.05"),
        ("-99.68", "0.05", "-99.70", "-99.65"),
        ("7", "2.5", "5", "7.5"),
        ("0.3", "0.1", "0.3", "0.3"),  # 0.3 // 0.1 is 2 in floats
    ],
)
def test_rounding_names_its_direction(value, tick, below, above):
    assert tick_at_or_below(D(value), D(tick)) == D(below)
    assert tick_at_or_above(D(value), D(tick)) == D(above)


@given(values, tick_sizes)
@example(D("-0.01"), D("0.05"))
def test_the_ticks_around_a_value_are_the_nearest_multiples_on_each_side(value, tick):
    below, above = tick_at_or_below(value, tick), tick_at_or_above(value, tick)
    assert (Fraction(below) / Fraction(tick)).denominator == 1
    assert (Fraction(above) / Fraction(tick)).denominator == 1
    assert value - tick < below <= value <= above < value + tick
    assert above - below in {0, tick}


@given(values, tick_sizes)
def test_rounding_up_is_rounding_down_in_the_mirror(value, tick):
    assert tick_at_or_above(value, tick) == -tick_at_or_below(-value, tick)


@given(values, tick_sizes)
def test_a_rounded_value_is_rounded_to_itself(value, tick):
    below = tick_at_or_below(value, tick)
    assert tick_at_or_below(below, tick) == tick_at_or_above(below, tick) == below


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("812.50", "812.5"),
        ("100.00", "100"),
        ("100", "100"),
        ("1E+2", "100"),
        ("1E-8", "0.00000001"),
        ("0.00", "0"),
        ("-0.00", "0"),
        ("-0", "0"),
        ("-5.10", "-5.1"),
        ("0E-10", "0"),
    ],
)
def test_a_value_is_shown_without_exponent_or_trailing_zeros(value, text):
    assert plain(D(value)) == text


@given(values)
def test_what_is_shown_is_the_value(value):
    assert D(plain(value)) == value
