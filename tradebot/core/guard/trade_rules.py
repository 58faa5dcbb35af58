"""When a trade must be left: its levels, and the one exact rule that judges a price.

``judge`` is the only place that decides. The trigger index merely proposes which trades
a price might concern; replay, paper and live all end here.
"""

from decimal import Context, Decimal
from math import floor

import msgspec

from tradebot.core.guard.trades import Breakeven, Marks, Reason, Rules, Side, TargetPart
from tradebot.core.market.instruments import Instrument
from tradebot.core.money import exact, plain, tick_at_or_above, tick_at_or_below
from tradebot.core.words.levels import Level

NO_CHARGES = Decimal(0)

# An average entry is a division cut off at 28 digits, so a level that is 34 in truth comes
# out as 33.99999999999999999999999999, a tick or a step away. What is computed from an
# entry is meant to fewer digits than that, a count of steps to fewer still.
_MEANT = Context(prec=24)
_STEPS_MEANT = Context(prec=15)


class TargetLevel(msgspec.Struct, frozen=True, gc=False):
    """One target that has not been decided yet."""

    price: Decimal
    part: int  # its place in ``Rules.targets``
    quantity: Decimal | None  # units; None: all that is left


class Levels(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The prices that a trade's rules mean at its present entry.

    They change only with the entry, the rules or a target that was taken; what moves
    with the market is in ``Marks``. All but ``activation`` and ``breakeven_at`` (which
    are compared, never sent) are multiples of the tick size.
    """

    sign: int  # +1 long, -1 short
    tick_size: Decimal
    entry: Decimal
    entry_mark: float  # the nearest float, as a best price at the entry is remembered
    stop: Decimal | None = None
    targets: tuple[TargetLevel, ...] = ()  # nearest first
    trail_by: Level | None = None
    activation: Decimal | None = None  # price that switches the trail on; None: from entry
    step: Decimal | None = None  # price distance between the values a stepped trail takes
    breakeven_at: Decimal | None = None  # price that does the break-even move
    breakeven: Decimal | None = None  # the stop after it


class Candidate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One stop that is in force."""

    reason: Reason
    level: Decimal


class Leave(msgspec.Struct, frozen=True, gc=False):
    """A decision to leave all of a trade, or one target's part of it."""

    reason: Reason
    level: Decimal
    part: int | None = None  # the target's place in ``Rules.targets``; None: all


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What one price means for one trade.

    ``marks`` is the same object where the price moved nothing; it never moves on a
    price that hits a stop.
    """

    leaves: tuple[Leave, ...]
    marks: Marks
    stops: tuple[Candidate, ...] = ()  # in force before this price


def levels_of(
    rules: Rules,
    side: Side,
    entry: Decimal,
    instrument: Instrument,
    *,
    charges: Decimal = NO_CHARGES,
    targets_done: int = 0,
) -> Levels:
    """Return the levels of a trade that entered at ``entry``.

    ``charges`` are what both legs cost per unit, in quote currency; bit i of
    ``targets_done`` is set where part i of ``rules.targets`` is decided.
    """
    sign, tick = side.sign, instrument.tick_size
    trail, breakeven = rules.trail, rules.breakeven
    activation = trail.activation if trail else None
    step = trail.step.distance(entry) if trail and trail.step else None
    assert step is None or step > 0, f"a trail in steps of {step}"
    return Levels(
        sign=sign,
        tick_size=tick,
        entry=entry,
        entry_mark=float(entry),
        stop=None
        if rules.stop is None
        else _tighter(sign, _against(rules.stop, entry, sign), tick),
        targets=_targets(rules.targets, entry, sign, tick, targets_done),
        trail_by=trail.by if trail else None,
        activation=None if activation is None else _gained(sign, activation, entry),
        step=step,
        breakeven_at=None if breakeven is None else _gained(sign, breakeven.at, entry),
        breakeven=None
        if breakeven is None
        else _tighter(sign, _breakeven_price(breakeven, entry, sign, charges), tick),
    )


def entry_marks(levels: Levels, before: Marks) -> Marks:
    """Return the marks after an entry or a further fill of it.

    A trail without an activation is active from entry and starts at the entry; the best
    price is never worse than the entry. What an earlier fill has reached stays.
    """
    if levels.trail_by is None:
        return before
    entry = levels.entry_mark
    if before.trail_active:
        assert before.best_price is not None, "an active trail without a best price"
        best = _better(levels.sign, before.best_price, entry)
        return before if best == before.best_price else _moved(before, best)
    return before if levels.activation is not None else _moved(before, entry)


def candidates(levels: Levels, marks: Marks) -> tuple[Candidate, ...]:
    """Return every stop in force, in the order that decides a tie."""
    stops: tuple[Candidate, ...] = ()
    if levels.stop is not None:
        stops = (Candidate(Reason.STOP, levels.stop),)
    if marks.breakeven_done and levels.breakeven is not None:
        stops = (*stops, Candidate(Reason.BREAKEVEN, levels.breakeven))
    if marks.trail_active and levels.trail_by is not None:
        assert marks.best_price is not None, "an active trail without a best price"
        stops = (*stops, Candidate(Reason.TRAIL, trail_level(levels, marks.best_price)))
    return stops


def effective_stop(levels: Levels, marks: Marks) -> Candidate | None:
    """Return the tightest stop in force; none is not zero, and not the entry."""
    return _tightest(levels.sign, candidates(levels, marks))


def judge(levels: Levels, marks: Marks, price: float) -> Verdict:
    """Say what ``price`` means for a trade: what to leave, and what its marks become.

    Levels are inclusive. The stop is judged before the targets, so on a gap through both
    the worse is assumed; only a price that leaves by no stop moves the marks.
    """
    sign, ltp, stops = levels.sign, exact(price), candidates(levels, marks)
    stop = _tightest(sign, stops)
    if stop is not None and sign * (ltp - stop.level) <= 0:
        return Verdict((Leave(stop.reason, stop.level),), marks, stops)
    leaves = tuple(
        Leave(Reason.TARGET, target.price, target.part)
        for target in levels.targets
        if sign * (ltp - target.price) >= 0
    )
    return Verdict(leaves, _marks_after(levels, marks, price, ltp), stops)


def trail_level(levels: Levels, best_price: float) -> Decimal:
    """Return where the trail stands at this best price.

    Rounded to the tighter tick; where that would leave less than one tick to the best
    price (the stepped one, with a step), the last tick that is at least one away.
    """
    assert levels.trail_by is not None, "a trail level without a trail"
    sign, tick = levels.sign, levels.tick_size
    best = _best(levels, best_price)
    if levels.step is not None:
        best = _step_from(levels) + sign * levels.step * steps_taken(levels, best)
    level = _tighter(sign, best - sign * levels.trail_by.distance(best), tick)
    if sign * (best - level) < tick:
        return _wider(sign, best - sign * tick, tick)
    return level


def steps_taken(levels: Levels, best: Decimal) -> int:
    """Return how many whole steps ``best`` lies beyond the price where the trail begins."""
    assert levels.step is not None, "steps of a trail that follows every tick"
    gain = levels.sign * (best - _step_from(levels))
    return floor(_STEPS_MEANT.divide(gain, levels.step))


def next_step(levels: Levels, best_price: float) -> Decimal:
    """Return the price at which a stepped trail takes its next value."""
    assert levels.step is not None, "steps of a trail that follows every tick"
    taken = steps_taken(levels, _best(levels, best_price))
    return _MEANT.plus(_step_from(levels) + levels.sign * levels.step * (taken + 1))


def refusal(
    trade_id: str,
    side: Side,
    levels: Levels,
    rules: Rules,
    *,
    charges: Decimal = NO_CHARGES,
) -> str | None:
    """Say why these levels are no plan for an entry, or None where they are one.

    For trades whose entry is still to be sent, and for replays. A position that exists
    is never refused: a level that it has already passed follows ``past_stop``.
    ``charges`` are those that ``levels`` were made with.
    """
    name = f"{side.value.lower()} trade {trade_id}"
    entry, sign, tick = levels.entry, levels.sign, levels.tick_size
    if levels.stop is not None:
        if levels.stop <= 0 and sign > 0:
            return f"stop {plain(levels.stop)} is not above zero for {name}"
        if sign * (entry - levels.stop) < tick:
            where = _side_word(levels.stop, entry, tick)
            return f"stop {plain(levels.stop)} is {where} entry {plain(entry)} for {name}"
    for target in levels.targets:
        if target.price <= 0:
            return f"target {plain(target.price)} is not above zero for {name}"
        if sign * (target.price - entry) < tick:
            where = _side_word(target.price, entry, tick)
            return f"target {plain(target.price)} is {where} entry {plain(entry)} for {name}"
    if rules.breakeven is not None:
        return _breakeven_refusal(name, levels, rules.breakeven, charges)
    return None


def _tightest(sign: int, stops: tuple[Candidate, ...]) -> Candidate | None:
    tightest: Candidate | None = None
    for stop in stops:
        if tightest is None or sign * (stop.level - tightest.level) > 0:
            tightest = stop
    return tightest


def _breakeven_refusal(name: str, levels: Levels, rule: Breakeven, charges: Decimal) -> str | None:
    gain, lock = rule.at.distance(levels.entry), rule.lock.distance(levels.entry)
    if _MEANT.plus(gain - lock - charges) >= levels.tick_size:
        return None
    beyond = f"its lock {rule.lock}"
    if charges:
        beyond += f" and charges of {plain(charges)} a unit"
    return (
        f"breakeven at {rule.at} must be at least one tick "
        f"({plain(levels.tick_size)}) beyond {beyond} for {name}"
    )


def _marks_after(levels: Levels, marks: Marks, price: float, ltp: Decimal) -> Marks:
    """Move activation, best price and break-even to ``price``."""
    sign, best, active, done = (
        levels.sign,
        marks.best_price,
        marks.trail_active,
        marks.breakeven_done,
    )
    if levels.trail_by is not None:
        if active:
            assert best is not None, "an active trail without a best price"
            best = _better(sign, best, price)
        elif levels.activation is None:
            active, best = True, _better(sign, price, levels.entry_mark)
        elif sign * (ltp - levels.activation) >= 0:
            active, best = True, price
    if levels.breakeven_at is not None and sign * (ltp - levels.breakeven_at) >= 0:
        done = True
    if (active, best, done) == (marks.trail_active, marks.best_price, marks.breakeven_done):
        return marks
    return Marks(trail_active=active, best_price=best, breakeven_done=done)


def _moved(marks: Marks, best_price: float) -> Marks:
    return Marks(trail_active=True, best_price=best_price, breakeven_done=marks.breakeven_done)


def _best(levels: Levels, best_price: float) -> Decimal:
    """Return a remembered best price exactly.

    The mark is a float, and an average entry seldom is one: a best price that was
    rounded from the entry is the entry, neither a step short of it nor a tick past it.
    """
    return levels.entry if best_price == levels.entry_mark else exact(best_price)


def _better(sign: int, one: float, other: float) -> float:
    return max(one, other) if sign > 0 else min(one, other)


def _against(level: Level, entry: Decimal, sign: int) -> Decimal:
    """Return the unrounded price of a level on the losing side of the entry."""
    return level.value if level.unit.is_price else entry - sign * level.distance(entry)


def _gained(sign: int, gain: Level, entry: Decimal) -> Decimal:
    """Return the price at which a trade has gained this much."""
    return _MEANT.plus(entry + sign * gain.distance(entry))


def _breakeven_price(breakeven: Breakeven, entry: Decimal, sign: int, charges: Decimal) -> Decimal:
    return entry + sign * (charges + breakeven.lock.distance(entry))


def _targets(
    parts: tuple[TargetPart, ...], entry: Decimal, sign: int, tick: Decimal, done: int
) -> tuple[TargetLevel, ...]:
    levels = []
    for part, target in enumerate(parts):
        if done >> part & 1:
            continue
        level = target.at
        price = level.value if level.unit.is_price else entry + sign * level.distance(entry)
        # To the nearer tick: a target one tick too far has cost people their profit.
        levels.append(TargetLevel(_wider(sign, price, tick), part, target.quantity))
    if len(levels) > 1:
        levels.sort(key=lambda target: sign * target.price)
    return tuple(levels)


def _step_from(levels: Levels) -> Decimal:
    return levels.entry if levels.activation is None else levels.activation


def _tighter(sign: int, price: Decimal, tick: Decimal) -> Decimal:
    """Round a protective level towards the market: up for a long, down for a short."""
    meant = _MEANT.plus(price)
    return tick_at_or_above(meant, tick) if sign > 0 else tick_at_or_below(meant, tick)


def _wider(sign: int, price: Decimal, tick: Decimal) -> Decimal:
    """Round down for a long, up for a short."""
    meant = _MEANT.plus(price)
    return tick_at_or_below(meant, tick) if sign > 0 else tick_at_or_above(meant, tick)


def _side_word(level: Decimal, entry: Decimal, tick: Decimal) -> str:
    if abs(level - entry) < tick:
        return f"less than one tick ({plain(tick)}) from"
    return "above" if level > entry else "below"
