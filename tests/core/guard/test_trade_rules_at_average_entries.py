"""Rules at an entry that is an average: a quotient that no decimal, and no float, can hold."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules_oracle import judge as judged_by_oracle
from tradebot.core.guard.trade_rules import (
    Levels,
    entry_marks,
    judge,
    levels_of,
    next_step,
    steps_taken,
    trail_level,
)
from tradebot.core.guard.trades import Breakeven, Marks, Rules, Side, TargetPart, Trail
from tradebot.core.market.instruments import Instrument
from tradebot.core.words.levels import Level, Unit, parse_level

D = Decimal
TICK = D("0.05")
SBIN = Instrument(exchange="NSE", symbol="SBIN", tick_size=TICK)


def a_level(text: str) -> Level:
    return parse_level(text, "level")


def a_trail(by: str, *, activation: str | None = None, step: str | None = None) -> Trail:
    return Trail(
        by=a_level(by),
        activation=a_level(activation) if activation else None,
        step=a_level(step) if step else None,
    )


def levels_at(notional: str, quantity: str, side: Side, rules: Rules) -> Levels:
    return levels_of(rules, side, D(notional) / D(quantity), SBIN)


@pytest.mark.parametrize(
    ("notional", "quantity", "side", "rules", "level"),
    [
        # The percents of a third that end on a tick: 33.333... + 50 % is 50.
        ("100", "3", Side.SHORT, Rules(stop=a_level("50%")), "50"),
        ("200", "3", Side.LONG, Rules(stop=a_level("25%")), "50"),
        ("500", "7", Side.LONG, Rules(stop=a_level("30%")), "50"),
        ("1000", "11", Side.SHORT, Rules(stop=a_level("10%")), "100"),
    ],
)
def test_a_stop_that_is_on_the_grid_in_truth_is_not_rounded_a_tick_away(
    notional, quantity, side, rules, level
):
    assert levels_at(notional, quantity, side, rules).stop == D(level)


@pytest.mark.parametrize(
    ("notional", "quantity", "side", "step", "price"),
    [
        ("200", "3", Side.LONG, "2%", 68.0),
        ("100", "3", Side.LONG, "2%", 34.0),
        ("200", "3", Side.SHORT, "10%", 60.0),
    ],
)
def test_a_step_of_an_average_entry_is_taken_at_its_price_not_after_it(
    notional, quantity, side, step, price
):
    levels = levels_at(notional, quantity, side, Rules(trail=a_trail("1pts", step=step)))
    assert next_step(levels, float(levels.entry)) == D(repr(price))
    assert steps_taken(levels, D(repr(price))) == 1


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("notional", "quantity"), [("100", "3"), ("12000", "7"), ("514.80", "30"), ("10011", "60")]
)
def test_a_stepped_trail_from_an_average_entry_starts_no_step_below_it(notional, quantity, side):
    # The mark is a float; 17.16 thirds and the like round to either side of the average.
    levels = levels_at(notional, quantity, side, Rules(trail=a_trail("1pts", step="2pts")))
    best = entry_marks(levels, Marks()).best_price
    assert best is not None
    off = Fraction(trail_level(levels, best)) - Fraction(notional) / Fraction(quantity)
    assert -side.sign * off <= 1
    assert next_step(levels, best) == pytest.approx(levels.entry + side.sign * 2)


def test_a_percent_trail_from_an_average_entry_is_of_the_entry_not_of_its_float():
    # 33.333333333333336 is the double nearest to a third of 100; 90 % of it rounds to 30.05.
    levels = levels_at("100", "3", Side.LONG, Rules(trail=a_trail("10%")))
    assert trail_level(levels, float(levels.entry)) == 30


@pytest.mark.parametrize(("side", "price"), [(Side.LONG, 68.0), (Side.SHORT, 50.0)])
def test_activation_and_breakeven_are_inclusive_at_an_average_entry(side, price):
    gain = "2%" if side is Side.LONG else "25%"
    rules = Rules(
        trail=a_trail("1pts", activation=gain),
        breakeven=Breakeven(at=a_level(gain), lock=a_level("0pts")),
    )
    levels = levels_at("200", "3", side, rules)
    assert judge(levels, Marks(), price).marks == Marks(
        trail_active=True, best_price=price, breakeven_done=True
    )


@given(
    level=st.integers(2_000, 60_000),
    percent=st.integers(1, 2_000),
    side=st.sampled_from(list(Side)),
)
def test_every_percent_of_an_average_that_ends_on_the_grid_stays_there(level, percent, side):
    target = level * Fraction(TICK)
    share = Fraction(percent, 10_000)
    entry = target / (1 + side.sign * share)
    at = Level(Unit.PERCENT, D(percent) / 100)
    rules = Rules(
        targets=(TargetPart(at=at),),
        trail=Trail(by=a_level("5pts"), activation=at),
        breakeven=Breakeven(at=at, lock=a_level("0pts")),
    )
    levels = levels_of(rules, side, D(entry.numerator) / D(entry.denominator), SBIN)
    assert Fraction(levels.targets[0].price) == target
    assert levels.activation == levels.breakeven_at == D(level) * TICK


@given(
    ticks=st.integers(20_000, 2_000_000),
    quantity=st.integers(1, 10_000),
    moves=st.lists(st.integers(-40, 40), max_size=12),
    step=st.sampled_from(["0.03pts", "0.5%", "2pts", "1%"]),
    side=st.sampled_from(list(Side)),
)
def test_a_stepped_trail_of_the_true_average_is_the_one_that_is_judged(
    ticks, quantity, moves, step, side
):
    entry = Fraction(TICK) * ticks / quantity * max(1, quantity // 20)
    average = D(entry.numerator) / D(entry.denominator)
    rules = Rules(trail=a_trail("1.5%", step=step))
    base = (ceil if side is Side.LONG else floor)(entry / Fraction(TICK))
    path = [float((base + move) * TICK) for move in moves if base + move > 0]
    levels = levels_of(rules, side, average, SBIN)
    marks = entry_marks(levels, Marks())
    truth = judged_by_oracle(rules, side, entry, TICK, path)
    assert marks.best_price is not None
    assert Fraction(trail_level(levels, marks.best_price)) == truth.before.trail
    for price, seen in zip(path, truth.seen, strict=False):
        marks = judge(levels, marks, price).marks
        assert marks.best_price is not None
        assert Fraction(trail_level(levels, marks.best_price)) == seen.trail
