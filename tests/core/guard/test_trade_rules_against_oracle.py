"""The rules against an independent judge of the same text, on random trades and paths."""

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import NamedTuple

import pytest

from tests import rules_oracle
from tradebot.core.guard.trade_rules import (
    effective_stop,
    entry_marks,
    judge,
    levels_of,
    trail_level,
)
from tradebot.core.guard.trades import Breakeven, Marks, Rules, Side, TargetPart, Trail
from tradebot.core.market.instruments import Instrument
from tradebot.core.words.levels import Level, Unit

D = Decimal
PATHS = 500  # of each seed
TICK_SIZES = [D(text) for text in ("0.05", "0.01", "0.1", "0.25", "0.5", "1")]


class Case(NamedTuple):
    rules: Rules
    side: Side
    entry: Decimal  # as the trade has it, to 28 digits
    true_entry: Fraction
    tick: Decimal
    charges: Decimal  # cut off at 28 digits, as the entry is
    true_charges: Fraction
    prices: list[float]


def a_case(random: Random) -> Case:
    tick = random.choice(TICK_SIZES)
    quantity = random.choice([1, 1, 1, 3, 7, 9, 30, 75])
    ticks = random.randint(200, 4000)
    notional = tick * ticks * quantity + tick * random.randint(-quantity, quantity)
    charges = random.choice([Fraction(0), Fraction(0), Fraction(3, 100), Fraction(tick) * 2 / 7])
    return Case(
        rules=some_rules(random, tick, ticks * tick),
        side=random.choice(list(Side)),
        entry=notional / quantity,
        true_entry=Fraction(notional) / quantity,
        tick=tick,
        charges=D(charges.numerator) / charges.denominator,
        true_charges=charges,
        prices=some_prices(random, tick, ticks),
    )


def some_rules(random: Random, tick: Decimal, around: Decimal) -> Rules:
    def a_level(most: float = 1.0, *, price_allowed: bool = False) -> Level:
        match random.choice("%%pg@" if price_allowed else "%pg"):
            case "%":
                return Level(Unit.PERCENT, D(random.randint(1, int(400 * most))) / 100)
            case "p":
                return Level(Unit.POINTS, tick * D(random.randint(1, int(1200 * most))) / 100)
            case "g":
                return Level(Unit.POINTS, tick * random.randint(1, 10))
        return Level(Unit.PRICE, around + tick * D(random.randint(-1000, 1000)) / 100)

    def maybe(share: float, level: Level) -> Level | None:
        return level if random.random() < share else None

    trail = Trail(by=a_level(), activation=maybe(0.5, a_level(0.5)), step=maybe(0.5, a_level(0.3)))
    nothing = Level(Unit.POINTS, D(0))
    breakeven = Breakeven(at=a_level(), lock=maybe(0.6, a_level(0.3)) or nothing)
    parts = tuple(
        TargetPart(
            at=a_level(price_allowed=True), quantity=random.choice([None, D(1), D(2), D(3), D(4)])
        )
        for _ in range(random.choice([0, 0, 1, 1, 2, 3]))
    )
    return Rules(
        stop=maybe(0.6, a_level(price_allowed=True)),
        targets=parts,
        trail=trail if random.random() < 0.6 else None,
        breakeven=breakeven if random.random() < 0.4 else None,
    )


def some_prices(random: Random, tick: Decimal, ticks: int) -> list[float]:
    prices = []
    for _ in range(random.randint(3, 25)):
        ticks = max(1, ticks + random.choice([-9, -3, -2, -1, -1, 0, 1, 1, 2, 3, 9]))
        off_grid = random.choice([D(0)] * 9 + [tick / 2, tick / 8])
        prices.append(float(ticks * tick + off_grid))
    return prices


def judged_by_the_code(case: Case):
    """Return the exits, and the stop, its reason and the trail ahead of and after each price."""
    instrument = Instrument(exchange="NSE", symbol="SBIN", tick_size=case.tick)
    done = 0
    levels = levels_of(case.rules, case.side, case.entry, instrument, charges=case.charges)
    marks = entry_marks(levels, Marks())
    exits: list[object] = []
    seen: list[object] = []
    for at, price in enumerate([None, *case.prices], -1):
        if price is not None:
            verdict = judge(levels, marks, price)
            marks = verdict.marks
            for leave in verdict.leaves:
                exits.append((at, leave.reason.value, Fraction(leave.level), leave.part))
                if leave.part is None or case.rules.targets[leave.part].quantity is None:
                    return exits, seen  # nothing is left for a further part of the same price
                done |= 1 << leave.part
            levels = levels_of(
                *(case.rules, case.side, case.entry, instrument),
                charges=case.charges,
                targets_done=done,
            )
        stop = effective_stop(levels, marks)
        trailed = marks.trail_active and marks.best_price is not None
        seen.append(
            (
                None if stop is None else Fraction(stop.level),
                None if stop is None else stop.reason.value,
                Fraction(trail_level(levels, marks.best_price or 0.0)) if trailed else None,
            )
        )
    return exits, seen


@pytest.mark.parametrize("seed", range(8))
def test_the_same_exits_at_the_same_price_with_the_same_levels(seed):
    random = Random(seed)
    reasons = set()
    for _ in range(PATHS):
        case = a_case(random)
        truth = rules_oracle.judge(
            *(case.rules, case.side, case.true_entry, case.tick, case.prices),
            charges=case.true_charges,
        )
        exits, seen = judged_by_the_code(case)
        assert exits == truth.leaves, case
        assert seen == [each[:3] for each in (truth.before, *truth.seen)], case
        reasons |= {leave.reason for leave in truth.leaves}
    assert reasons == {"stop", "breakeven", "trail", "target"}
