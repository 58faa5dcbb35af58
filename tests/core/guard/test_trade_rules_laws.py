"""What holds for a trade's rules along every path of prices."""

from decimal import Decimal
from fractions import Fraction

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.core.written_rules import levels
from tradebot.core.guard.trade_rules import (
    Levels,
    effective_stop,
    entry_marks,
    judge,
    next_step,
    refusal,
    trail_level,
)
from tradebot.core.guard.trades import Breakeven, Marks, Rules, Side, TargetPart, Trail
from tradebot.core.money import exact
from tradebot.core.words.levels import Level, Unit

D = Decimal
TICK = D("0.05")
ENTRY_TICKS = 16_000  # 800


def _levels(units: list[Unit]) -> st.SearchStrategy[Level]:
    """Distances of up to some 5 % of the entry, most of them off the grid."""
    return st.builds(
        Level,
        unit=st.sampled_from(units),
        value=st.integers(1, 500).map(lambda hundredths: D(hundredths) / 100),
    )


def _rules(units: list[Unit]) -> st.SearchStrategy[Rules]:
    level = _levels(units)
    return st.builds(
        Rules,
        stop=st.none() | level,
        targets=st.lists(st.builds(TargetPart, at=level, quantity=st.just(D(1))), max_size=2).map(
            tuple
        ),
        trail=st.none()
        | st.builds(Trail, by=level, activation=st.none() | level, step=st.none() | level),
        breakeven=st.none()
        | st.builds(Breakeven, at=level, lock=level | st.just(Level(Unit.POINTS, D(0)))),
    )


any_rules = _rules([Unit.PERCENT, Unit.POINTS])
point_rules = _rules([Unit.POINTS])
distances = _levels([Unit.PERCENT, Unit.POINTS])
stepped_trails = st.builds(Trail, by=distances, activation=st.none() | distances, step=distances)
sides = st.sampled_from(list(Side))
entries = st.integers(-3, 3).map(lambda hundredths: D(800) + D(hundredths) / 100)
# Small moves and an odd leap, in ticks; half a tick is no price of an exchange, but an average is.
moves = st.lists(st.integers(-12, 12) | st.integers(-300, 300), max_size=25)


def path_of(steps: list[int]) -> list[float]:
    ticks, prices = ENTRY_TICKS, []
    for step in steps:
        ticks = max(1, ticks + step)
        prices.append(float(ticks * TICK))
    return prices


def on_the_grid(level: Decimal) -> bool:
    return (Fraction(level) / Fraction(TICK)).denominator == 1


def is_a_plan(side: Side, of: Levels, rules: Rules) -> bool:
    return refusal("T17", side, of, rules) is None


@given(side=sides, entry=entries, rules=any_rules, steps=moves)
def test_a_stop_only_tightens(side, entry, rules, steps):
    of = levels(side, str(entry), rules)
    marks = entry_marks(of, Marks())
    before = effective_stop(of, marks)
    for price in path_of(steps):
        marks = judge(of, marks, price).marks
        after = effective_stop(of, marks)
        if before is not None:
            assert after is not None
            assert side.sign * (after.level - before.level) >= 0
        before = after


@given(side=sides, entry=entries, rules=any_rules, steps=moves)
def test_every_level_that_is_sent_is_a_multiple_of_the_tick(side, entry, rules, steps):
    of = levels(side, str(entry), rules)
    marks = entry_marks(of, Marks())
    assert all(on_the_grid(target.price) for target in of.targets)
    assert of.stop is None or on_the_grid(of.stop)
    assert of.breakeven is None or on_the_grid(of.breakeven)
    for price in path_of(steps):
        marks = judge(of, marks, price).marks
        assert marks.best_price is None or on_the_grid(trail_level(of, marks.best_price))


@given(side=sides, entry=entries, rules=any_rules, steps=moves)
def test_a_stop_that_moves_ends_a_tick_or_more_beyond_the_price_that_moved_it(
    side, entry, rules, steps
):
    of = levels(side, str(entry), rules)
    assume(is_a_plan(side, of, rules))
    marks = entry_marks(of, Marks())
    for price in path_of(steps):
        before, verdict = effective_stop(of, marks), judge(of, marks, price)
        marks = verdict.marks
        after = effective_stop(of, marks)
        if after != before:
            assert after is not None
            assert side.sign * (exact(price) - after.level) >= TICK
        if any(leave.part is None for leave in verdict.leaves):
            break


@given(side=sides, entry=entries, rules=any_rules, steps=moves, off=st.integers(1, 49))
def test_a_price_that_was_survived_is_survived_again_and_moves_nothing_more(
    side, entry, rules, steps, off
):
    of = levels(side, str(entry), rules)
    assume(is_a_plan(side, of, rules))
    marks = entry_marks(of, Marks())
    for price in path_of(steps):
        between_ticks = round(price + off / 1000, 3)  # a mid price, or an index
        verdict = judge(of, marks, between_ticks)
        if any(leave.part is None for leave in verdict.leaves):
            break
        again = judge(of, verdict.marks, between_ticks)
        assert (again.leaves, again.marks) == (verdict.leaves, verdict.marks)
        assert again.marks is verdict.marks
        marks = verdict.marks


@given(side=sides, rules=any_rules, steps=moves)
def test_the_best_price_is_the_best_since_the_trail_became_active(side, rules, steps):
    of = levels(side, "800", rules)
    best_of = max if side is Side.LONG else min
    marks = entry_marks(of, Marks())
    seen = [800.0] if marks.trail_active else []
    for price in path_of(steps):
        verdict = judge(of, marks, price)
        if any(leave.part is None for leave in verdict.leaves):
            break
        marks = verdict.marks
        if marks.trail_active:
            seen.append(price)
            assert marks.best_price == best_of(seen)
        else:
            assert marks.best_price is None


@given(entry_ticks=st.integers(15_000, 17_000), rules=point_rules, steps=moves)
def test_a_short_is_a_long_in_the_mirror(entry_ticks, rules, steps):
    entry = D(entry_ticks) * TICK
    long, short = levels("LONG", str(entry), rules), levels("SHORT", str(entry), rules)

    def mirrored(level: Decimal) -> Decimal:
        return entry + entry - level

    marks = {side: entry_marks(of, Marks()) for side, of in ((1, long), (-1, short))}
    for price in path_of(steps):
        reflection = float(mirrored(exact(price)))
        ours, theirs = judge(long, marks[1], price), judge(short, marks[-1], reflection)
        assert [
            msgspec.structs.replace(leave, level=mirrored(leave.level)) for leave in ours.leaves
        ] == list(theirs.leaves)
        marks = {1: ours.marks, -1: theirs.marks}
        stop, reflected = effective_stop(long, ours.marks), effective_stop(short, theirs.marks)
        if stop is None:
            assert reflected is None
        else:
            assert reflected == msgspec.structs.replace(stop, level=mirrored(stop.level))


@given(side=sides, entry=entries, trail=stepped_trails, steps=moves)
def test_a_stepped_trail_stands_still_until_the_price_that_it_names(side, entry, trail, steps):
    of = levels(side, str(entry), Rules(trail=trail))
    better = max if side is Side.LONG else min
    for price in path_of(steps):
        best = better(price, float(entry))
        following = next_step(of, best)
        assert side.sign * (following - exact(best)) > 0
        just_before = float(following - side.sign * D("0.0001"))
        if side.sign * (just_before - best) > 0:
            assert trail_level(of, just_before) == trail_level(of, best)
        assert next_step(of, float(following)) == following + side.sign * of.step
