"""Which trades does this price reach? The index that makes a tick's cost independent of them.

It proposes, ``judge`` disposes: a trade that is proposed in vain costs microseconds, one
that is not proposed costs money, so every bound here may be too wide awake and none may
sleep. That makes comparing floats enough. A price is the double nearest to its decimal
text and ``float(level)`` the one nearest to the level; rounding to nearest never reverses
an order, so where ``exact(price) >= level`` holds, ``price >= float(level)`` holds too.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf, nextafter

from tradebot.core.guard.trade_rules import Levels, next_step, trail_level
from tradebot.core.guard.trades import Marks
from tradebot.core.guard.trail_groups import Armed, TrailGroups, compact_heap
from tradebot.core.money import exact

# Twice what a count of steps can be off, relative to the prices that it is made of.
_STEP_SLACK = 1e-14


class Triggers:
    """The armed trades of one side of one instrument, judged by one price source.

    Every ``x`` is ``sign * price``: shorts are mirrored, so that a stop lies below and a
    target above for both. A caller's tick::

        if not side.floor < x < side.ceiling and not side.rise(x):
            for trade_id, marks in side.reached(x):
                ...  # judge it, then add it again if it stays
    """

    __slots__ = (
        "_armed",
        "_limit",
        "_others_floor",
        "_serial",
        "_sign",
        "_stops",
        "_trails",
        "_ups",
        "ceiling",
        "floor",
    )

    def __init__(self, sign: int, highs_count: int = 0) -> None:
        """Make an empty index.

        Args:
            sign: +1 for longs, -1 for shorts.
            highs_count: the number of the first mark, where earlier ones are on disk.
        """
        self.floor = -inf  # between floor and ceiling no price concerns any trade
        self.ceiling = inf
        self._sign = sign
        self._armed: dict[str, Armed] = {}
        self._serial = 0
        # One entry per trade in each, its nearest: reached, it is judged and armed again.
        self._stops: list[tuple[float, int, Armed]] = []  # minus x: the highest comes first
        self._ups: list[tuple[float, int, Armed]] = []  # x of target, activation, ...
        self._trails = TrailGroups(sign, highs_count)
        self._limit = inf  # new highs below it move the top group and nothing else
        self._others_floor = -inf  # the floor without the top group

    def __len__(self) -> int:
        return len(self._armed)

    def __contains__(self, trade_id: object) -> bool:
        return trade_id in self._armed

    def __iter__(self) -> Iterator[tuple[str, Marks]]:
        """Yield every armed trade with its marks as they are now."""
        for armed in self._armed.values():
            yield armed.trade_id, self._marks_of(armed)

    @property
    def moved(self) -> bool:
        """Whether a best price moved that ``drain_highs`` has not reported."""
        return self._trails.moved

    @property
    def highs_count(self) -> int:
        """How many marks are closed; the number of the one that is open or comes next.

        It belongs beside a best price that is written: marks from this number on apply to
        it, earlier ones do not. Read it after ``add``, which may close a mark, and write
        the row of a trade that was added even if its best price is the old one: marks
        made while the trade was not armed are not its own.
        """
        return self._trails.highs_count

    def drain_highs(self) -> list[float]:
        """Return the prices of the marks made since the last call, in order.

        The last one has the number ``highs_count - 1``. Each applies to every trade that
        has an active trail and was written with a ``highs_count`` not above its number:
        the trade's best price is the better of the two. One entry per call, and one more
        for each time that a trade joined whose best price lay below the last high.
        """
        return self._trails.drain_highs()

    def best_price(self, trade_id: str) -> float | None:
        """Return a trade's best price now; None for one without an active trail.

        Raises:
            KeyError: the trade is not armed.
        """
        best = self._trails.best_of(self._armed[trade_id])
        return None if best is None else self._sign * best

    def add(self, trade_id: str, levels: Levels, marks: Marks) -> None:
        """Arm a trade, or arm it anew. A level that the price has passed fires on the next."""
        before = self._armed.get(trade_id)
        if before is not None:
            self._remove(before)
        self._serial += 1
        armed = self._armed[trade_id] = Armed(trade_id, levels, marks, self._serial)
        best = marks.best_price if marks.trail_active and levels.trail_by is not None else None
        stands = best is not None and _stands(levels, best)
        stop, up = _stop_of(levels, marks, best if stands else None), _up_of(levels, marks)
        if stop > -inf:
            heappush(self._stops, (-stop, armed.serial, armed))
        if up < inf:
            heappush(self._ups, (up, armed.serial, armed))
        if best is not None:
            self._trails.join(armed, self._sign * best, follows=not stands)
        if best is None and before is None:
            self._narrow(stop, up)
        else:
            self._set_bounds()

    def drop(self, trade_id: str) -> None:
        """Disarm a trade; one that is not armed is left as it is."""
        armed = self._armed.get(trade_id)
        if armed is not None:
            self._remove(armed)
            self._set_bounds()

    def rise(self, x: float) -> bool:
        """Take ``x`` if it is a new high of the top group and nothing else; say whether."""
        trails = self._trails
        if not (self.floor < x < self._limit and trails.best < x):
            return False
        trails.rise(x)
        floor, others = trails.floor, self._others_floor
        self.floor = floor if floor > others else others  # noqa: FURB136 - max() is slower
        self.ceiling = nextafter(x, inf)  # a price that rests at its high is quiet
        return True

    def reached(self, x: float) -> list[tuple[str, Marks]]:
        """Disarm and return every trade that ``judge`` must look at, in no order.

        Their marks are those from before this price. All other trades are moved to it: a
        new high alone fires nothing.
        """
        reached: list[tuple[str, Marks]] = []
        stops, ups = self._stops, self._ups
        while stops and -stops[0][0] >= x:
            armed = heappop(stops)[2]
            if armed.alive:
                reached.append(self._taken(armed))
        while ups and ups[0][0] <= x:
            armed = heappop(ups)[2]
            if armed.alive:
                reached.append(self._taken(armed))
        reached += [self._taken(armed) for armed in self._trails.reached(x)]
        self._trails.lift(x)
        self._set_bounds()
        return reached

    def compact(self) -> bool:
        """Rebuild one heap that is mostly entries of trades that left; False: none is.

        For idle moments: a heap of 100,000 takes tens of milliseconds.
        """
        living = len(self._armed)
        return (
            compact_heap(self._stops, living)
            or compact_heap(self._ups, living)
            or self._trails.compact()
        )

    def _marks_of(self, armed: Armed) -> Marks:
        best, marks = self._trails.best_of(armed), armed.marks
        if best is None or self._sign * best == marks.best_price:
            return marks
        return Marks(
            trail_active=True,
            best_price=self._sign * best,
            breakeven_done=marks.breakeven_done,
        )

    def _taken(self, armed: Armed) -> tuple[str, Marks]:
        marks = self._marks_of(armed)
        self._remove(armed)
        return armed.trade_id, marks

    def _remove(self, armed: Armed) -> None:
        armed.alive = False
        del self._armed[armed.trade_id]
        self._trails.leave(armed)

    def _narrow(self, stop: float, up: float) -> None:
        """Take the levels of one more trade into the bounds: they only come nearer."""
        if stop > self._others_floor:
            self._others_floor = stop
            self.floor = max(self.floor, stop)
        if up < self._limit:
            self._limit = up
            self.ceiling = min(self.ceiling, up)

    def _set_bounds(self) -> None:
        stops, ups, trails = self._stops, self._ups, self._trails
        while stops and not stops[0][2].alive:
            heappop(stops)
        while ups and not ups[0][2].alive:
            heappop(ups)
        self._others_floor = max(-stops[0][0] if stops else -inf, trails.parked_floor())
        self.floor = max(self._others_floor, trails.floor)
        up = ups[0][0] if ups else inf
        self._limit = min(up, trails.next_best)
        self.ceiling = min(up, nextafter(trails.best, inf))


def _stop_of(levels: Levels, marks: Marks, stands_by: float | None) -> float:
    """Return the nearest stop that stands still, mirrored; -inf without one.

    Args:
        stands_by: the best price of a trail that stands.
    """
    sign, stop = levels.sign, -inf
    if levels.stop is not None:
        stop = sign * float(levels.stop)
    if marks.breakeven_done and levels.breakeven is not None:
        stop = max(stop, sign * float(levels.breakeven))
    if stands_by is not None:
        stop = max(stop, sign * float(trail_level(levels, stands_by)))
    return stop


def _up_of(levels: Levels, marks: Marks) -> float:
    """Return the nearest price, mirrored, that changes something by a gain; inf without one."""
    sign, up = levels.sign, inf
    if levels.targets:
        up = sign * float(levels.targets[0].price)
    if levels.breakeven_at is not None and not marks.breakeven_done:
        up = min(up, sign * float(levels.breakeven_at))
    if levels.trail_by is None:
        return up
    if marks.trail_active:
        assert marks.best_price is not None, "an active trail without a best price"
        return min(up, *_trail_ups(levels, marks.best_price), inf)
    # Without an activation any price switches it on: the next one does.
    return -inf if levels.activation is None else min(up, sign * float(levels.activation))


def _trail_ups(levels: Levels, best_price: float) -> Iterator[float]:
    """Yield the new highs, mirrored, after which a trail is no longer what it was."""
    sign, entry = levels.sign, levels.entry_mark
    if levels.step is not None:
        at = float(next_step(levels, best_price))
        # Steps are counted to 15 digits, so a price this near may count as the next.
        yield sign * at - _STEP_SLACK * (abs(at) + entry)
    if exact(entry) != levels.entry:
        # A best price that is the entry's nearest float is judged as the entry itself, so
        # at that price, and only there, equal distances may mean different levels.
        if best_price == entry:
            yield nextafter(sign * entry, inf)
        elif sign * best_price < sign * entry:
            yield sign * entry


def _stands(levels: Levels, best_price: float) -> bool:
    """Whether a trail's level is its own, not that of every trade with this best price.

    It holds up to the next of ``_trail_ups``.
    """
    if levels.step is not None:
        return True
    return best_price == levels.entry_mark and exact(best_price) != levels.entry
