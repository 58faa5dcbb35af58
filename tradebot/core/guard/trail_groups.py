"""Trailing trades of one side, grouped by the best price they share.

Shorts are mirrored: ``x = sign * price``, so for both sides the best price is a high and
the trail lies below it (floats mirror exactly). Groups lie in a stack, the lowest best
price on top. Every price that is no new high of the top group is a new high of none, and
a new high of the top group alone is arithmetic on four scalars: no heap is touched,
however many trades follow it. A new high that reaches the next group merges the two.

Trades whose level follows the best price of their group differ only in their distance,
and a larger distance never gives a tighter level: ``trail_level`` is the lower of "best
minus distance, rounded up" and "best minus one tick, rounded down", and neither rises with
the distance. So the smallest distance in points and the smallest in percent speak for the
whole group.
"""

from bisect import bisect_left
from collections.abc import Iterator
from decimal import Decimal
from heapq import heapify, heappop, heappush
from math import inf
from typing import Self, TypeVar

import msgspec

from tradebot.core.guard.trade_rules import Levels, trail_level
from tradebot.core.guard.trades import Marks
from tradebot.core.words.levels import Unit

# Forty-five times what the few float operations below can lose, and far below a tick.
_SLACK = 1e-14
# A heap is rebuilt when its dead entries may outnumber the living by this many.
_DEAD_ENTRIES_MIN = 64


class Group(msgspec.Struct, eq=False):
    """Trades with one best price."""

    best: float  # of a parked group; the top group's is ``TrailGroups.best``
    trigger: float = inf  # parked: no member leaves above it; inf: not parked
    members: int = 0
    points: list["Entry"] = []  # trails that follow, by distance in points, the dead included
    percents: list["Entry"] = []  # the same by percent
    into: Self | None = None  # the group that it was merged into


class Armed(msgspec.Struct, eq=False):
    """One trade as it was armed; armed again, it is another object."""

    trade_id: str
    levels: Levels
    marks: Marks  # when it was armed; the best price since is its group's
    serial: int  # unique, so that heap entries never compare further
    group: Group | None = None  # of an active trail
    alive: bool = True  # its heap entries are worth something


# Distances stay Decimal: two that are the same float may round to different ticks.
Entry = tuple[Decimal, int, Armed]
Key = TypeVar("Key", Decimal, float)


class TrailGroups:
    """The trailing trades of one side of one instrument.

    Highs are numbered, so that one mark on disk stands for every trade that it lifted:
    mark number n at price h says that every trade which then had an active trail had seen
    h. A row that was written with ``highs_count`` c beside its best price is brought up to
    date by the marks from number c on. Up to a ``drain_highs`` or until a trade joins
    whose best price lies below it, the newest mark is open and rises with the price: all
    who are there when it closes have seen it. ``highs_count`` counts the closed.

    Prices must be positive; the price gate lets no others through.
    """

    __slots__ = (
        "_closed",
        "_factor",
        "_keys",
        "_no_percent",
        "_open",
        "_parked",
        "_reach",
        "_scale",
        "_sign",
        "_tick",
        "_tick_size",
        "_top",
        "_triggers",
        "best",
        "floor",
        "highs_count",
    )

    def __init__(self, sign: int, highs_count: int = 0) -> None:
        self._sign = sign
        self._scale = 1 + sign * _SLACK  # times x: a little nearer to the market than x
        self._no_percent = -sign * inf  # times x: -inf
        self._tick_size = Decimal(0)
        self._tick = 0.0

        self._top: Group | None = None
        self.best = inf  # of the top group; inf: there is none
        self.floor = -inf  # no trade of the top group leaves above it
        self._reach = inf  # the top group's smallest distance in points, padded
        self._factor = self._no_percent  # its best price times this: by percent, unpadded

        self._parked: list[Group] = []  # best prices strictly descending
        self._keys: list[float] = []  # minus their best prices, for bisect
        self._triggers: list[tuple[float, int, Group]] = []  # heap of minus triggers

        self.highs_count = highs_count
        self._closed: list[float] = []  # marks that are not drained yet
        self._open = -inf  # the mark that still rises

    @property
    def next_best(self) -> float:
        """The lowest best price of the parked groups, inf without one."""
        return -self._keys[-1] if self._keys else inf

    @property
    def moved(self) -> bool:
        """Whether there are highs to drain."""
        return self._open > -inf or bool(self._closed)

    def best_of(self, armed: Armed) -> float | None:
        """Return a trade's best price, None without an active trail."""
        if armed.group is None:
            return None
        group = armed.group = _root(armed.group)
        return self.best if group is self._top else group.best

    def join(self, armed: Armed, best: float, *, follows: bool) -> None:
        """Take in a trade with an active trail.

        Args:
            follows: whether its level moves with every new high; if not, the level is a
                trigger that stands elsewhere, and only the best price is kept here.
        """
        if self._open > best:
            self._close_mark()
        levels = armed.levels
        group = armed.group = self._group_at(best, levels.tick_size)
        group.members += 1
        if not follows:
            return
        assert levels.trail_by is not None, "a trailing trade without a trail"
        heap = group.points if levels.trail_by.unit is Unit.POINTS else group.percents
        heappush(heap, (levels.trail_by.value, armed.serial, armed))
        if heap[0][2] is armed:
            self._tighten(group)

    def leave(self, armed: Armed) -> None:
        """Let a trade go; the heaps keep its entry until it comes up, or ``compact``."""
        if armed.group is None:
            return
        group = _root(armed.group)
        group.members -= 1
        if group.members:
            return
        group.trigger = inf
        if group is self._top:
            self._uncover()
        else:
            place = bisect_left(self._keys, -group.best)
            del self._keys[place], self._parked[place]

    def rise(self, x: float) -> None:
        """Move the top group to a new high below the next group's best price."""
        self.best = self._open = x
        near, tick = x * self._scale, self._tick
        # Rounded to the tighter tick a level may stand one tick nearer than it was
        # computed, and never nearer than one tick to the best price.
        percent, limit = x * self._factor + tick, near - tick
        if percent > limit:  # noqa: PLR1730 - min() takes as long as the rest of this
            percent = limit
        points = near - self._reach
        self.floor = points if points > percent else percent  # noqa: FURB136 - as above

    def lift(self, x: float) -> None:
        """Give every trade whose best price is below ``x`` that best price."""
        if self.best >= x or self._top is None:
            return
        top = self._top
        while self._keys and -self._keys[-1] <= x:
            self._keys.pop()
            top = _merged(top, self._parked.pop())
        self._top = top
        self._reach, self._factor = self._measure(top)
        self.rise(x)

    def reached(self, x: float) -> list[Armed]:
        """Return the trades whose trail ``x`` reaches; they are still to leave.

        A group that was woken by its padded trigger for nothing gets its exact one.
        """
        reached: list[Armed] = []
        if self._top is not None and x <= self.floor:
            self.floor = self._reached_of(self._top, self.best, x, reached)
            self._reach, self._factor = self._measure(self._top)
        triggers = self._triggers
        while triggers and -triggers[0][0] >= x:
            minus, _, group = heappop(triggers)
            if group.trigger == -minus:
                self._park_trigger(group, self._reached_of(group, group.best, x, reached))
        return reached

    def parked_floor(self) -> float:
        """Return the highest trigger of the parked groups, -inf without one."""
        triggers = self._triggers
        while triggers:
            minus, _, group = triggers[0]
            if group.trigger == -minus:
                return -minus
            heappop(triggers)
        return -inf

    def drain_highs(self) -> list[float]:
        """Return the marks since the last call, as prices, in order; all are closed now.

        The first has the number ``highs_count`` (as it is after the call) minus how many
        there are.
        """
        if self._open > -inf:
            self._close_mark()
        highs, self._closed = self._closed, []
        return highs

    def compact(self) -> bool:
        """Rebuild one heap that is mostly dead entries; False when there is none."""
        if len(self._triggers) > 2 * len(self._parked) + _DEAD_ENTRIES_MIN:
            self._triggers = [entry for entry in self._triggers if entry[2].trigger == -entry[0]]
            heapify(self._triggers)
            return True
        return any(
            compact_heap(heap, group.members)
            for group in self._groups()
            for heap in (group.points, group.percents)
        )

    def _groups(self) -> Iterator[Group]:
        if self._top is not None:
            yield self._top
        yield from self._parked

    def _close_mark(self) -> None:
        self._closed.append(self._sign * self._open)
        self._open = -inf
        self.highs_count += 1

    def _group_at(self, best: float, tick_size: Decimal) -> Group:
        """Return the group with this best price, a new one in its place if need be."""
        if self._top is None:
            self._tick_size, self._tick = tick_size, float(tick_size)
            return self._cover(best)
        held = self._tick_size
        assert tick_size == held, f"tick size {tick_size} joins trades of tick size {held}"
        if best == self.best:
            return self._top
        if best < self.best:
            self._top.best = self.best
            self._parked.append(self._top)
            self._keys.append(-self.best)
            self._park_trigger(self._top, self.floor)
            return self._cover(best)
        place = bisect_left(self._keys, -best)
        if place < len(self._keys) and self._keys[place] == -best:
            return self._parked[place]
        group = Group(best, trigger=-inf)
        self._parked.insert(place, group)
        self._keys.insert(place, -best)
        return group

    def _cover(self, best: float) -> Group:
        """Put a new group on top."""
        self._top = group = Group(best)
        self.best, self.floor = best, -inf
        self._reach, self._factor = inf, self._no_percent
        return group

    def _uncover(self) -> None:
        """Make the last parked group the top, in place of one that is empty."""
        if not self._parked:
            self._top, self.best, self.floor = None, inf, -inf
            return
        self._keys.pop()
        self._top = group = self._parked.pop()
        self.best, self.floor, group.trigger = group.best, group.trigger, inf
        self._reach, self._factor = self._measure(group)

    def _tighten(self, group: Group) -> None:
        """Set a group's padded trigger after its tightest member joined."""
        reach, factor = self._measure(group)
        if group is self._top:
            self._reach, self._factor = reach, factor
        best = self.best if group is self._top else group.best
        near = best * self._scale
        trigger = max(min(best * factor + self._tick, near - self._tick), near - reach)
        if group is self._top:
            self.floor = trigger
        else:
            self._park_trigger(group, trigger)

    def _park_trigger(self, group: Group, trigger: float) -> None:
        group.trigger = trigger
        if trigger > -inf:
            # Entries with one trigger are of different groups, or of one and equally good.
            heappush(self._triggers, (-trigger, id(group), group))

    def _measure(self, group: Group) -> tuple[float, float]:
        """Return a group's smallest distances: in points, padded; in percent, as a factor."""
        reach, factor = inf, self._no_percent
        points, percent = _smallest(group.points), _smallest(group.percents)
        if points is not None:
            reach = max(float(points) - self._tick, self._tick) * (1 - _SLACK)
        if percent is not None:
            factor = self._scale - self._sign * float(percent) / 100 * (1 - _SLACK)
        return reach, factor

    def _reached_of(self, group: Group, best: float, x: float, reached: list[Armed]) -> float:
        """Move the entries that ``x`` reaches to ``reached``; return the exact trigger left."""
        trigger = -inf
        for heap in (group.points, group.percents):
            hit: Decimal | None = None
            while heap:
                distance, _, armed = heap[0]
                if armed.alive and distance != hit:
                    level = trail_level(armed.levels, self._sign * best)
                    at = self._sign * float(level)
                    if at < x:
                        trigger = max(trigger, at)
                        break
                    hit = distance
                heappop(heap)
                if armed.alive:
                    reached.append(armed)
        return trigger


def compact_heap(heap: list[tuple[Key, int, Armed]], living: int) -> bool:
    """Rebuild a heap without its dead entries if they may be most of it; say whether."""
    if len(heap) <= 2 * living + _DEAD_ENTRIES_MIN:
        return False
    heap[:] = [entry for entry in heap if entry[2].alive]
    heapify(heap)
    return True


def _root(group: Group) -> Group:
    """Return the group that this one has become, and shorten the way there."""
    while group.into is not None:
        if group.into.into is not None:
            group.into = group.into.into
        group = group.into
    return group


def _merged(one: Group, other: Group) -> Group:
    keep, gone = (one, other) if one.members >= other.members else (other, one)
    keep.members += gone.members
    keep.trigger = gone.trigger = inf
    keep.points = _joined(keep.points, gone.points)
    keep.percents = _joined(keep.percents, gone.percents)
    gone.into, gone.points, gone.percents = keep, [], []
    return keep


def _joined(one: list[Entry], other: list[Entry]) -> list[Entry]:
    """Merge two heaps, the smaller into the larger."""
    small, large = (one, other) if len(one) < len(other) else (other, one)
    for entry in small:
        if entry[2].alive:
            heappush(large, entry)
    return large


def _smallest(heap: list[Entry]) -> Decimal | None:
    while heap:
        if heap[0][2].alive:
            return heap[0][0]
        heappop(heap)
    return None
