"""What the index takes for a tick with 1 to 100,000 trades, beside a plain scan of them.

The engine's own tick (price gate, last price) is not in these figures: it is in ``engine``.
Read the ratios: they are those to the index with one trade.
"""

import random
from collections.abc import Callable
from decimal import Decimal
from itertools import count

from bench.guard import INSTRUMENT, mixed_rules
from bench.rounds import Row, print_claim, print_table, take_turns
from tradebot.core.guard.trade_rules import Levels, entry_marks, levels_of
from tradebot.core.guard.trades import Marks, Side
from tradebot.core.guard.triggers import Triggers

ROUNDS = 20
TICKS = 5_000  # in one round of one workload
SCAN_TICKS = 20
SCAN_TRADES = 1_000
CHANGES = 50  # trades added and dropped in one round
SIZES = (1, 100, 10_000, 100_000)

Prices = list[float]


def main() -> None:
    """Measure and print."""
    quiet = [Row("index, quiet", n, _quiet(TICKS), ticker(_index(n))) for n in SIZES]
    highs = [Row("index, new high each tick", n, _rising(TICKS), ticker(_index(n))) for n in SIZES]
    scans = [
        Row("index, quiet", SCAN_TRADES, _quiet(TICKS), ticker(_index(SCAN_TRADES))),
        Row("plain scan (tuned), quiet", SCAN_TRADES, _quiet(SCAN_TICKS), _scan(SCAN_TRADES)),
        Row("plain scan (tuned), new highs", SCAN_TRADES, _rising(SCAN_TICKS), _scan(SCAN_TRADES)),
    ]
    changing = _index(10_000)
    names = [f"N{number}" for number in range(CHANGES)]
    changes = [
        Row("add", 10_000, lambda: names, lambda names: _add(changing, names)),
        Row("drop", 10_000, lambda: names, lambda names: _drop(changing, names)),
    ]
    rows = [*quiet, *highs, *scans, *changes]
    take_turns(rows, ROUNDS)
    print_table(rows, quiet[0])
    print_claim("plain scan to index, quiet", scans[1].median_ns / scans[0].median_ns, ">= 500")


def ticker(index: Triggers) -> Callable[[Prices], None]:
    """Return the caller's tick: prices that reach no trade."""

    def run(prices: Prices) -> None:
        for x in prices:
            if index.floor < x < index.ceiling or index.rise(x):
                continue
            raise AssertionError(f"{x} reaches {index.reached(x)}")

    return run


def _quiet(ticks: int) -> Callable[[], Prices]:
    draw = random.Random(1)
    prices = [999.0 + 0.05 * draw.randint(0, 10) for _ in range(ticks)]
    return lambda: prices


def _rising(ticks: int) -> Callable[[], Prices]:
    """Return ever higher prices, a thousandth of a tick apart to stay under the targets."""
    number = count(1)
    return lambda: [1000.0 + 0.00005 * next(number) for _ in range(ticks)]


def _index(trades: int) -> Triggers:
    """Return longs with stop, target and trail: one in ten a group apart, above the price."""
    index, draw = Triggers(1), random.Random(trades)
    for number in range(trades):
        best = 1_000.0 if number % 10 < 9 else 1_300.0 + draw.randint(0, 99)
        index.add(f"T{number}", *_trade(draw, best))
    return index


def _trade(draw: random.Random, best: float) -> tuple[Levels, Marks]:
    levels = levels_of(mixed_rules(draw), Side.LONG, Decimal(1_000), INSTRUMENT)
    return levels, entry_marks(levels, Marks(trail_active=True, best_price=best))


def _add(index: Triggers, names: list[str]) -> None:
    levels, marks = _trade(random.Random(1), 1_000.0)
    for name in names:
        index.add(name, levels, marks)


def _drop(index: Triggers, names: list[str]) -> None:
    for name in names:
        index.drop(name)


def _scan(trades: int) -> Callable[[Prices], None]:
    """Return the plain loop as fast as it goes: floats in lists, no call, no Decimal."""
    rows = [[500.0, 1_250.0, 1_000.0, 100.0] for _ in range(trades)]

    def run(prices: Prices) -> None:
        for x in prices:
            for row in rows:
                stop, target, best, distance = row
                if x <= stop or x >= target:
                    raise AssertionError(f"{x} is out of bounds")
                if x > best:
                    row[2] = x
                    if x - distance > stop:
                        row[0] = x - distance

    return run
