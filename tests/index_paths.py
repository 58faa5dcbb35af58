"""Random paths that walk the trigger index beside the plain scan.

Path number n is made from seed n. Both sides are judged by the same ``judge``; compared
are the exits (trade, tick number, reason, level, part), and at random moments all marks
and what the drained highs make of rows that were written earlier.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from tests.plain_scan import PlainScan
from tradebot.core.guard.trade_rules import (
    Leave,
    Levels,
    candidates,
    entry_marks,
    judge,
    levels_of,
    next_step,
)
from tradebot.core.guard.trades import Breakeven, Marks, Reason, Rules, Side, TargetPart, Trail
from tradebot.core.guard.triggers import Triggers
from tradebot.core.market.instruments import Instrument
from tradebot.core.money import exact
from tradebot.core.words.levels import Level, Unit

MakeIndex = Callable[[int, int], Triggers]
TICK_SIZES = tuple(map(Decimal, ("0.05", "0.01", "0.25", "1", "0.0001")))


class Figures(NamedTuple):
    """What one path, or many together, did."""

    paths: int = 0
    ticks: int = 0
    woken: int = 0  # ticks that asked the index for trades
    proposed: int = 0  # trades that the index asked to have judged
    exits: int = 0
    mismatches: tuple[str, ...] = ()

    def plus(self, other: "Figures") -> "Figures":
        """Return the sum of both."""
        return Figures(
            self.paths + other.paths,
            self.ticks + other.ticks,
            self.woken + other.woken,
            self.proposed + other.proposed,
            self.exits + other.exits,
            self.mismatches + other.mismatches,
        )


class Mismatch(Exception):
    """Index and scan disagree."""


@dataclass
class Held:
    """A trade of the path, outside index and scan."""

    side: Side
    entry: Decimal
    rules: Rules
    targets_done: int = 0


@dataclass
class Row:
    """What a store would hold of a trade's best price."""

    best_price: float
    highs_count: int


@dataclass
class SideUnderTest:
    """The index of one side, with everything a store would keep of it."""

    index: Triggers
    sign: int
    first_mark: int
    marks: list[float] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)

    def write_row(self, trade_id: str) -> None:
        best = self.index.best_price(trade_id)
        self.rows.pop(trade_id, None)
        if best is not None:
            self.rows[trade_id] = Row(best, self.index.highs_count)

    def best_from_rows(self) -> dict[str, float]:
        """Return the best prices that a restart would find."""
        better = max if self.sign > 0 else min
        return {
            trade_id: better([row.best_price, *self.marks[row.highs_count - self.first_mark :]])
            for trade_id, row in self.rows.items()
        }


class Path:
    """One random path; ``run`` walks it or raises ``Mismatch``."""

    def __init__(self, seed: int, make: MakeIndex = Triggers) -> None:
        self.random = random.Random(seed)
        tick_size = self.random.choice(TICK_SIZES)
        self.instrument = Instrument(exchange="X", symbol="Y", tick_size=tick_size)
        self.at = self.random.choice((12, 60, 200, 2_000, 16_000))  # the price, in ticks
        self.price = float(self.at * tick_size)
        self.first_mark = self.random.choice((0, 7))
        self.sides = {
            sign: SideUnderTest(make(sign, self.first_mark), sign, self.first_mark)
            for sign in (1, -1)
        }
        self.scan = PlainScan()
        self.held: dict[str, Held] = {}
        self.number = 0
        self.figures = Figures(paths=1)
        self.busy = self.random.choice((0.05, 0.3, 0.8))  # how much happens between ticks
        self.far = self.random.choice((1, 4, 30))  # times the distances: trades live longer
        self.stride = self.random.choice((1, 1, 4, 15))  # ticks in one move of the price
        self.drift = self.random.choice((-1, 0, 0, 1))
        self.hunt = self.random.choice((0.01, 0.05, 0.15))  # how often a level is met exactly
        self.gap = self.random.choice((0, 0.01, 0.05))
        self.farm = self.random.random() < 0.4  # of trails that are seldom hit
        if self.farm:
            self.far, self.hunt, self.gap = self.far * 30, 0.02, 0.01

    def run(self) -> Figures:
        for _ in range(self.random.choice((1, 4, 15, 40)) + 20 * self.farm):
            self.enter()
        for tick in range(self.random.choice((40, 80, 200))):
            while self.random.random() < self.busy / 2:
                self.act()
            self.price = self.next_price()
            self.compare_exits(tick)
            if self.random.random() < 0.12:
                self.compare_marks(tick)
        self.compare_marks(-1)
        return self.figures

    # What is compared.

    def compare_exits(self, tick: int) -> None:
        expected = {
            trade_id: verdict.leaves for trade_id, verdict in self.scan.tick(self.price).items()
        }
        found: dict[str, tuple[Leave, ...]] = {}
        for side in self.sides.values():
            found |= self.tick_index(side)
        if found != expected:
            raise Mismatch(f"tick {tick} at {self.price}: index {found}, scan {expected}")
        for trade_id, leaves in sorted(expected.items()):
            self.leave(trade_id, leaves)
        exits = sum(map(len, expected.values()))
        self.figures = self.figures.plus(Figures(ticks=1, exits=exits))

    def tick_index(self, side: SideUnderTest) -> dict[str, tuple[Leave, ...]]:
        """Do what the engine does with one price."""
        index, x = side.index, side.sign * self.price
        if index.floor < x < index.ceiling or index.rise(x):
            return {}
        found = {}
        proposed = index.reached(x)
        self.figures = self.figures.plus(Figures(woken=1, proposed=len(proposed)))
        self.random.shuffle(proposed)
        for trade_id, marks in proposed:
            levels, _ = self.scan.trades[trade_id]
            verdict = judge(levels, marks, self.price)
            if verdict.leaves:
                found[trade_id] = verdict.leaves
            index.add(trade_id, levels, verdict.marks)
            side.write_row(trade_id)
        return found

    def compare_marks(self, tick: int) -> None:
        expected = self.scan.marks()
        found = {k: v for side in self.sides.values() for k, v in side.index}
        if found != expected:
            wrong = {k: (found.get(k), expected.get(k)) for k in expected.keys() | found.keys()}
            wrong = {k: v for k, v in wrong.items() if v[0] != v[1]}
            raise Mismatch(f"tick {tick} at {self.price}: (index, scan) {wrong}")
        for side in self.sides.values():
            if len(side.index) != sum(held.side.sign == side.sign for held in self.held.values()):
                raise Mismatch(f"tick {tick}: {len(side.index)} armed")
            self.drain(side)
            best = {k: v for k, v in self.best_prices() if self.held[k].side.sign == side.sign}
            if side.best_from_rows() != best:
                raise Mismatch(f"tick {tick}: rows {side.best_from_rows()}, scan {best}")

    def best_prices(self) -> Iterator[tuple[str, float]]:
        for trade_id, (levels, marks) in self.scan.trades.items():
            if marks.trail_active and levels.trail_by is not None:
                assert marks.best_price is not None
                yield trade_id, marks.best_price

    def drain(self, side: SideUnderTest) -> None:
        moved, highs = side.index.moved, side.index.drain_highs()
        if moved != bool(highs) or side.index.moved:
            raise Mismatch(f"moved was {moved} with {highs}")
        side.marks += highs
        if side.first_mark + len(side.marks) != side.index.highs_count:
            raise Mismatch(f"{side.index.highs_count} highs counted, {len(side.marks)} drained")

    # What happens.

    def act(self) -> None:
        roll = self.random.random()
        if roll < 0.4 or not self.held:
            self.enter()
            return
        trade_id = self.random.choice(list(self.held))
        side = self.sides[self.held[trade_id].side.sign]
        if roll < 0.6:
            self.edit(trade_id)
        elif roll < 0.75:
            self.remove(trade_id)
        elif roll < 0.85:
            self.drain(side)
        elif roll < 0.95:
            side.write_row(trade_id)
        else:
            side.index.compact()

    def enter(self) -> None:
        self.number += 1
        trade_id = f"T{self.number}"
        side = self.random.choice(list(Side))
        entry = self.some_entry()
        self.held[trade_id] = Held(side, entry, self.some_rules(side, entry))
        self.arm(trade_id, Marks())

    def edit(self, trade_id: str) -> None:
        """Give a trade other rules or, after a further fill, another entry."""
        held, (_, marks) = self.held[trade_id], self.scan.trades[trade_id]
        if self.random.random() < 0.4:
            held.entry = self.some_entry()
        else:
            held.rules = self.some_rules(held.side, held.entry)
            held.targets_done = 0
        if self.random.random() < 0.2:
            marks = Marks(trail_active=True, best_price=self.price)
        self.arm(trade_id, marks)

    def arm(self, trade_id: str, marks: Marks) -> None:
        held = self.held[trade_id]
        levels = self.levels(held)
        if self.random.random() < 0.9:  # otherwise a trail waits for the next price
            marks = entry_marks(levels, marks)
        elif marks.best_price is None:
            marks = Marks(breakeven_done=marks.breakeven_done)
        self.scan.add(trade_id, levels, marks)
        side = self.sides[held.side.sign]
        side.index.add(trade_id, levels, marks)
        side.write_row(trade_id)

    def leave(self, trade_id: str, leaves: tuple[Leave, ...]) -> None:
        held = self.held[trade_id]
        if leaves[0].reason is not Reason.TARGET:
            self.remove(trade_id)
            return
        for leave in leaves:
            assert leave.part is not None
            held.targets_done |= 1 << leave.part
        if held.targets_done + 1 == 1 << len(held.rules.targets):
            self.remove(trade_id)
        else:
            self.arm(trade_id, self.scan.trades[trade_id][1])

    def remove(self, trade_id: str) -> None:
        side = self.sides[self.held.pop(trade_id).side.sign]
        self.scan.drop(trade_id)
        side.index.drop(trade_id)
        side.rows.pop(trade_id, None)

    # What is drawn.

    def next_price(self) -> float:
        draw, tick = self.random, self.instrument.tick_size
        roll = draw.random()
        if roll < self.hunt and self.held:
            near = self.level_of(draw.choice(list(self.held))) + draw.choice((0, 0, 1, -1)) * tick
            self.at = max(1, round(near / tick))
            return float(near) if near > 0 else float(self.at * tick)
        if roll < self.hunt + self.gap:
            self.at += draw.choice((1, -1)) * draw.randint(5, 80)
        elif roll < 0.9:
            self.at += self.stride * (draw.choice((-3, -2, -1, -1, 0, 1, 1, 2, 3)) + self.drift)
        else:
            self.at += 1
        if draw.random() < 0.02:
            self.drift = -self.drift
        self.at = max(1, self.at)
        price = float(self.at * tick)
        if draw.random() < 0.05:
            return draw.choice(
                (price + float(tick) * 0.37, math.nextafter(price, math.inf), price * 1.0001)
            )
        return price

    def level_of(self, trade_id: str) -> Decimal:
        """Return one of the prices where something happens to a trade."""
        levels, marks = self.scan.trades[trade_id]
        prices = [levels.entry, *(candidate.level for candidate in candidates(levels, marks))]
        prices += [target.price for target in levels.targets]
        prices += [at for at in (levels.activation, levels.breakeven_at) if at is not None]
        if marks.best_price is not None:
            prices.append(exact(marks.best_price))
            if levels.step is not None:
                prices.append(next_step(levels, marks.best_price))
        return self.random.choice(prices)

    def some_entry(self) -> Decimal:
        draw, tick = self.random, self.instrument.tick_size
        roll = draw.random()
        if roll < 0.4:
            return exact(self.price)
        if roll < 0.6 and self.held:
            entry = draw.choice(list(self.held.values())).entry
            return draw.choice((entry, exact(float(entry))))
        near = max(tick, (self.at + self.stride * draw.randint(-8, 8)) * tick)
        if roll < 0.8:
            return near
        if roll < 0.9:  # an average of three fills
            return (near * 3 + tick * draw.choice((1, 2))) / 3
        return near + tick * draw.choice((Decimal("0.5"), Decimal("0.013")))

    def some_rules(self, side: Side, entry: Decimal) -> Rules:
        def chance(probability: float) -> bool:
            return self.random.random() < probability

        trail = breakeven = None
        if chance(0.95 if self.farm else 0.65):
            trail = Trail(
                by=self.distance_to_a_tick(entry) if chance(0.1) else self.some_distance(),
                activation=self.some_distance() if chance(0.35) else None,
                step=self.some_distance(zero=False) if chance(0.3) else None,
            )
        if chance(0.05 if self.farm else 0.3):
            breakeven = Breakeven(at=self.some_distance(), lock=self.some_distance())
        parts = 0 if self.farm else self.random.choice((0, 0, 0, 1, 1, 2, 3))
        return Rules(
            stop=self.some_level(entry, -side.sign) if chance(0.1 if self.farm else 0.4) else None,
            targets=tuple(
                TargetPart(at=self.some_level(entry, side.sign), quantity=Decimal(1))
                for _ in range(parts)
            ),
            trail=trail,
            breakeven=breakeven,
        )

    def some_level(self, entry: Decimal, sign: int) -> Level:
        if self.random.random() < 0.7:
            return self.some_distance()
        if self.random.random() < 0.05:
            sign = -sign  # an edit may leave a level on the wrong side
        tick = self.instrument.tick_size
        price = (entry // tick + sign * self.far * self.random.randint(0, 15)) * tick
        return Level(Unit.PRICE, max(Decimal(0), price))

    def some_distance(self, *, zero: bool = True) -> Level:
        """Draw from few values, so that many trades share one."""
        draw = self.random
        if draw.random() < 0.5:
            texts = ("0.1", "0.5", "1", "1.3", "3", "10") if self.far == 1 else ("3", "7", "20")
            percent = draw.choice((*texts, "0", "120")) if zero else draw.choice(texts)
            return Level(Unit.PERCENT, Decimal(percent))
        ticks = draw.choice(
            ("0.3", "1", "1.5", "2", "3", "2.999999999999999999", "7", "7.7", "15", "40")
        )
        return Level(Unit.POINTS, Decimal(ticks) * self.far * self.instrument.tick_size)

    def distance_to_a_tick(self, entry: Decimal) -> Level:
        """Draw a distance that ends on a tick, or next to it where the entry is an average."""
        tick = self.instrument.tick_size
        ticks = self.random.randint(0, 3 * self.far)
        return Level(Unit.POINTS, (entry % tick + ticks * tick).quantize(Decimal("1e-15")))

    def levels(self, held: Held) -> Levels:
        return levels_of(
            held.rules, held.side, held.entry, self.instrument, targets_done=held.targets_done
        )


def walk(seed: int, make: MakeIndex = Triggers) -> Figures:
    """Walk one path; a mismatch, or an index that breaks, is told in the figures."""
    path = Path(seed, make)
    try:
        return path.run()
    except (Mismatch, AssertionError, LookupError, TypeError) as problem:
        told = f"path {seed}: {problem!r}"
        return path.figures._replace(mismatches=(told,))
