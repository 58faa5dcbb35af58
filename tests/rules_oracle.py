"""An independent judge of one trade's rules: exact fractions, slow, written from the text alone."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from tradebot.core.guard.trades import Rules, Side, TargetPart, Trail
from tradebot.core.words.levels import Level, Unit

# Ties go to the first of these.
ORDER = ("stop", "breakeven", "trail")
HUNDRED = 100
ZERO = Fraction(0)


class Leave(NamedTuple):
    """One exit: all that is left, or one part of the targets."""

    at: int  # place of the price in the path
    reason: str
    level: Fraction
    part: int | None  # of rules.targets; None for a stop


class Seen(NamedTuple):
    """What holds once a price has been judged."""

    stop: Fraction | None
    reason: str | None
    trail: Fraction | None
    best: Fraction | None


class Verdict(NamedTuple):
    """All that a path of prices did to a trade."""

    before: Seen  # ahead of the first price
    leaves: list[Leave]
    seen: list[Seen]  # one for each price that the trade survived


def exact(price: float) -> Fraction:
    """Return the number that a person reads when the float is printed."""
    return Fraction(repr(price))


def judge(
    rules: Rules,
    side: Side,
    entry: Decimal | Fraction,
    tick: Decimal,
    prices: Iterable[float],
    *,
    quantity: Decimal | None = None,
    charges: Decimal | Fraction = ZERO,
) -> Verdict:
    """Walk a trade along ``prices``; without ``quantity`` no part but an open one ends it."""
    judged = Judge(rules, side, entry, tick, quantity=quantity, charges=charges)
    verdict = Verdict(judged.seen(), [], [])
    for index, price in enumerate(prices):
        verdict.leaves.extend(judged.price(index, exact(price)))
        if judged.over:
            break
        verdict.seen.append(judged.seen())
    return verdict


class Judge:
    """The state of one trade: what is left of it, and what its rules remember."""

    def __init__(
        self,
        rules: Rules,
        side: Side,
        entry: Decimal | Fraction,
        tick: Decimal,
        *,
        quantity: Decimal | None = None,
        charges: Decimal | Fraction = ZERO,
    ):
        self.rules = rules
        self.up = side is Side.LONG
        self.entry = Fraction(entry)
        self.tick = Fraction(tick)
        self.charges = Fraction(charges)
        self.left = None if quantity is None else Fraction(quantity)
        self.done: set[int] = set()
        self.over = False
        self.at_breakeven = False
        self.best: Fraction | None = None
        if rules.trail is not None and rules.trail.activation is None:
            self.best = self.entry

    # -- the judgement of one price -------------------------------------------------------

    def price(self, index: int, price: Fraction) -> list[Leave]:
        """Judge one price: stop, then targets, then what is remembered."""
        assert not self.over, "a trade that is over is judged again"
        stop = self.stop()
        if stop is not None and self.gain(price, stop[0]) <= 0:
            self.over = True
            return [Leave(index, stop[1], stop[0], None)]
        leaves = self.targets_reached(index, price)
        if not self.over:
            self.remember(price)
        return leaves

    def targets_reached(self, index: int, price: Fraction) -> list[Leave]:
        leaves: list[Leave] = []
        levels = [self.target(part) for part in self.rules.targets]
        # The price came from the entry, so it passed the nearest part first.
        for number in sorted(range(len(levels)), key=lambda each: self.gain(levels[each], ZERO)):
            if self.over or number in self.done or self.gain(price, levels[number]) < 0:
                continue
            self.done.add(number)
            leaves.append(Leave(index, "target", levels[number], number))
            self.take(self.rules.targets[number])
        return leaves

    def take(self, part: TargetPart) -> None:
        if part.quantity is None:
            self.over = True
        elif self.left is not None:
            self.left -= Fraction(part.quantity)
            self.over = self.left <= 0

    def remember(self, price: Fraction) -> None:
        gain = self.gain(price, self.entry)
        trail, breakeven = self.rules.trail, self.rules.breakeven
        if self.best is not None:
            self.best = max(self.best, price) if self.up else min(self.best, price)
        elif trail is not None and gain >= self.activation(trail):
            self.best = price
        if breakeven is not None and gain >= self.distance(breakeven.at, self.entry):
            self.at_breakeven = True

    def activation(self, trail: Trail) -> Fraction:
        return self.distance(trail.activation, self.entry) if trail.activation else ZERO

    # -- levels ---------------------------------------------------------------------------

    def seen(self) -> Seen:
        stop = self.stop()
        level, reason = (None, None) if stop is None else stop
        return Seen(level, reason, self.trail(), self.best)

    def stop(self) -> tuple[Fraction, str] | None:
        """Return the tightest of the stops that are set, and why it is there."""
        candidates = {
            "stop": self.fixed_stop(),
            "breakeven": self.breakeven(),
            "trail": self.trail(),
        }
        tightest: tuple[Fraction, str] | None = None
        for reason in ORDER:
            level = candidates[reason]
            if level is None:
                continue
            if tightest is None or self.gain(level, tightest[0]) > 0:
                tightest = (level, reason)
        return tightest

    def fixed_stop(self) -> Fraction | None:
        level = self.rules.stop
        if level is None:
            return None
        if level.unit is Unit.PRICE:
            return self.tighter(Fraction(level.value))
        return self.tighter(self.beyond(self.entry, -self.distance(level, self.entry)))

    def target(self, part: TargetPart) -> Fraction:
        if part.at.unit is Unit.PRICE:
            return self.nearer(Fraction(part.at.value))
        return self.nearer(self.beyond(self.entry, self.distance(part.at, self.entry)))

    def breakeven(self) -> Fraction | None:
        rule = self.rules.breakeven
        if rule is None or not self.at_breakeven:
            return None
        ahead = self.charges + self.distance(rule.lock, self.entry)
        return self.tighter(self.beyond(self.entry, ahead))

    def trail(self) -> Fraction | None:
        rule = self.rules.trail
        if rule is None or self.best is None:
            return None
        best = self.best
        if rule.step is not None:
            start = self.beyond(self.entry, self.activation(rule))
            size = self.distance(rule.step, self.entry)
            best = self.beyond(start, floor(self.gain(best, start) / size) * size)
        level = self.tighter(self.beyond(best, -self.distance(rule.by, best)))
        if self.gain(best, level) >= self.tick:
            return level
        # One tick off the best price, then away from it to the grid.
        return self.nearer(self.beyond(best, -self.tick))

    # -- arithmetic -----------------------------------------------------------------------

    def gain(self, price: Fraction, since: Fraction) -> Fraction:
        """Return how far ``price`` is on the trade's good side of ``since``."""
        return price - since if self.up else since - price

    def beyond(self, price: Fraction, ahead: Fraction) -> Fraction:
        """Return the price that is ``ahead`` better for the trade; negative: worse."""
        return price + ahead if self.up else price - ahead

    def distance(self, level: Level, of: Fraction) -> Fraction:
        value = Fraction(level.value)
        return of * value / HUNDRED if level.unit is Unit.PERCENT else value

    def tighter(self, price: Fraction) -> Fraction:
        """Round to a tick in the trade's favour: a long's up, a short's down."""
        ticks = price / self.tick
        return (ceil(ticks) if self.up else floor(ticks)) * self.tick

    def nearer(self, price: Fraction) -> Fraction:
        """Round to a tick against the trade: a long's down, a short's up."""
        ticks = price / self.tick
        return (floor(ticks) if self.up else ceil(ticks)) * self.tick
