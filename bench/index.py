"""What a tick costs with 1 to 100,000 trades on one instrument, index against plain scan.

All workloads take turns, round by round, so that what else the machine does hits them
alike; told are medians over the rounds, and ratios to the index with one trade. The
engine's own tick (price gate, last price) is not in these figures.
"""

import gc
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from statistics import median
from time import perf_counter_ns

from tradebot.core.instruments import Instrument
from tradebot.core.levels import Level, Unit
from tradebot.core.trade_rules import entry_marks, levels_of
from tradebot.core.trades import Marks, Rules, Side, TargetPart, Trail
from tradebot.core.triggers import Triggers

ROUNDS = 60
TICKS = 1_000  # in one round of one workload
SCAN_TRADES = 1_000
SIZES = (1, 100, 10_000, 100_000)
INSTRUMENT = Instrument(exchange="X", symbol="Y", tick_size=Decimal("0.05"))


@dataclass
class Workload:
    """One row of the table: ``run`` takes prices and judges each."""

    name: str
    trades: int
    run: Callable[[list[float]], None]
    prices: Callable[[], list[float]]
    ns: list[float] = field(default_factory=list)  # per tick, one entry per round

    def round(self, ticks: int) -> None:
        prices = self.prices()[:ticks]
        begin = perf_counter_ns()
        self.run(prices)
        self.ns.append((perf_counter_ns() - begin) / len(prices))


def main() -> None:
    """Measure and print."""
    workloads = list(_workloads())
    gc.collect()
    gc.freeze()
    gc.disable()
    for _ in range(ROUNDS):
        for workload in workloads:
            workload.round(TICKS if "index" in workload.name else TICKS // 50)
    gc.enable()
    gc.unfreeze()
    unit = median(workloads[0].ns)
    print(f"{'':34} {'trades':>8} {'ns/tick':>12} {'ratio':>10}")
    for row in workloads:
        ns = median(row.ns)
        print(f"{row.name:34} {row.trades:8,} {ns:12,.0f} {ns / unit:10,.1f}")
    _print_changes()


def _workloads() -> Iterator[Workload]:
    indexes = {trades: _index(trades) for trades in SIZES}
    for trades, index in indexes.items():
        yield Workload("index, quiet", trades, _ticker(index), _quiet())
    for trades in SIZES:
        yield Workload("index, new high each tick", trades, _ticker(_index(trades)), _rising())
    scan = _scan(SCAN_TRADES)
    yield Workload("index, quiet", SCAN_TRADES, _ticker(_index(SCAN_TRADES)), _quiet())
    yield Workload("plain scan (tuned), quiet", SCAN_TRADES, scan, _quiet())
    yield Workload("plain scan (tuned), new highs", SCAN_TRADES, _scan(SCAN_TRADES), _rising())


def _quiet() -> Callable[[], list[float]]:
    prices = [999.0 + 0.05 * random.Random(1).randint(0, 10) for _ in range(TICKS)]
    return lambda: prices


def _rising() -> Callable[[], list[float]]:
    """Return ever higher prices, a thousandth of a tick apart to stay under the targets."""
    number = count(1)
    return lambda: [1000.0 + 0.00005 * next(number) for _ in range(TICKS)]


def _ticker(index: Triggers) -> Callable[[list[float]], None]:
    def run(prices: list[float]) -> None:
        for x in prices:
            if index.floor < x < index.ceiling or index.rise(x):
                continue
            raise AssertionError(f"{x} reaches {index.reached(x)}")

    return run


def _index(trades: int) -> Triggers:
    """Return longs with stop, target and trail: one in ten a group apart, above the price."""
    index, draw = Triggers(1), random.Random(trades)
    for number in range(trades):
        index.add(f"T{number}", *_trade(1_000 if number % 10 < 9 else 1_100 + draw.randint(0, 99)))
    return index


def _trade(best: int):
    draw = random.Random(best)
    percent = draw.choice(("30", "35", "42.5"))
    rules = Rules(
        stop=Level(Unit.POINTS, Decimal(500)),
        targets=(TargetPart(at=Level(Unit.PERCENT, Decimal(25))),),
        trail=Trail(by=Level(*draw.choice(((Unit.PERCENT, Decimal(percent)), _POINTS)))),
    )
    levels = levels_of(rules, Side.LONG, Decimal(1_000), INSTRUMENT)
    if best == 1_000:
        return levels, entry_marks(levels, Marks())
    return levels, Marks(trail_active=True, best_price=float(best) + 200)


_POINTS = (Unit.POINTS, Decimal(450))


def _scan(trades: int) -> Callable[[list[float]], None]:
    """Return the plain loop as fast as it goes: floats in lists, no call, no Decimal."""
    rows = [[500.0, 1_250.0, 1_000.0, 100.0] for _ in range(trades)]

    def run(prices: list[float]) -> None:
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


def _print_changes() -> None:
    """Print what arming and reaching cost, on an index of 10,000."""
    index = _index(10_000)
    trade = _trade(1_000)
    spent = []
    for number in range(2_000):
        begin = perf_counter_ns()
        index.add(f"N{number}", *trade)
        spent.append(perf_counter_ns() - begin)
    print(f"{'add':34} {10_000:8,} {median(spent):12,.0f}")
    begin = perf_counter_ns()
    for number in range(2_000):
        index.drop(f"N{number}")
    print(f"{'drop':34} {10_000:8,} {(perf_counter_ns() - begin) / 2_000:12,.0f}")
    begin = perf_counter_ns()
    reached = len(index.reached(1.0))
    print(
        f"{'reached, each of all':34} {reached:8,} {(perf_counter_ns() - begin) / reached:12,.0f}"
    )
