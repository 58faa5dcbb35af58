"""When an instrument trades continuously, and when a clock on the exchange's wall shows a time."""

import datetime as dt
import enum
import itertools
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

ROUND_THE_CLOCK = (-(2**62), 2**62)  # ns; the years 1823 to 2116

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)
_SECOND_NS = 1_000_000_000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Phase(enum.StrEnum):
    """What an exchange does at a time. Only in ``OPEN`` is a price one that was traded at."""

    PRE_OPEN = "pre-open"  # orders are collected; what is shown are indications
    OPEN = "open"
    CLOSED = "closed"


class SpecialHours(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A day with hours of its own: a Muhurat session, a shortened day, a working Saturday."""

    day: dt.date
    open_minutes: int
    close_minutes: int  # at or before the open: of the next day


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The continuous session of an exchange; without times, round the clock.

    A close at or before the open is one of the next day; such a session belongs to the
    day on which it opens. Special hours say all of their day, be it a holiday or not.
    """

    zone: str = "UTC"
    open_minutes: int | None = None  # after midnight on the wall; the open is inside
    close_minutes: int | None = None  # the close is outside
    weekdays: frozenset[int] = frozenset(range(7))  # Monday is 0
    holidays: frozenset[dt.date] = frozenset()
    special: tuple[SpecialHours, ...] = ()  # one a day at most
    pre_open_minutes: int | None = None  # when orders are collected from; None: not at all
    # The machine's clock less the times that are asked for and returned: it was set meanwhile.
    skew_ns: int = 0

    def __post_init__(self) -> None:
        """Keep what is promised: both times or none, and a day to trade on."""
        assert (self.open_minutes is None) == (self.close_minutes is None), "half a session"
        assert self.weekdays, "a session without days never opens"
        assert self.open_minutes is not None or not self.special, "special hours of no session"

    def window(self, at_ns: int) -> tuple[int, int]:
        """Return open and close of the session that ``at_ns`` lies in, or of the next one."""
        if self.open_minutes is None or self.close_minutes is None:
            return ROUND_THE_CLOCK
        today = self._date(at_ns)
        # The day before yesterday's session closed yesterday at the latest.
        for days in itertools.count(-1):
            day = today + days * _DAY
            hours = self.hours(day)
            if hours is None:
                continue
            opens, closes = hours
            close_day = day if closes > opens else day + _DAY
            open_ns = self._instants(day, opens)[0]
            close_ns = self._instants(close_day, closes)[0]
            if close_ns > max(at_ns, open_ns):
                return open_ns, close_ns
        raise AssertionError("days do not end")  # pragma: no cover

    def hours(self, day: dt.date) -> tuple[int, int] | None:
        """Return the minutes at which a day's session opens and closes; None: it has none."""
        for special in self.special:
            if special.day == day:
                return special.open_minutes, special.close_minutes
        if self.open_minutes is None or self.close_minutes is None:
            return None
        if day.weekday() not in self.weekdays or day in self.holidays:
            return None
        return self.open_minutes, self.close_minutes

    def phase(self, at_ns: int) -> Phase:
        """Return what the exchange does at a time. Special days are told without a pre-open."""
        open_ns, _ = self.window(at_ns)
        if open_ns <= at_ns:
            return Phase.OPEN
        day, minutes = self._date(at_ns), self.pre_open_minutes
        if minutes is None or self._date(open_ns) != day or any(s.day == day for s in self.special):
            return Phase.CLOSED
        begins_ns = self._instants(day, minutes)[0]
        return Phase.PRE_OPEN if begins_ns <= at_ns else Phase.CLOSED

    def is_open(self, at_ns: int) -> bool:
        """Whether ``at_ns`` lies in a continuous session."""
        open_ns, close_ns = self.window(at_ns)
        return open_ns <= at_ns < close_ns

    def day(self, at_ns: int) -> tuple[dt.date, int, int]:
        """Return the trading day of a time, with its open and its close.

        After a close it is the day of the next session. Round the clock it is the date, and
        ends at midnight.
        """
        opens_ns, closes_ns = self.window(at_ns)
        if self.open_minutes is None:
            return self._date(at_ns), opens_ns, self.clock_time(at_ns, 0)
        return self._date(opens_ns), opens_ns, closes_ns

    def clock_time(self, at_ns: int, minutes: int) -> int:
        """Return the next instant, strictly after ``at_ns``, at this time on the wall.

        A time that the clocks show twice counts twice; one that they leap over is the
        moment of the leap. Days without a session count: a session is not asked for.
        """
        today = self._date(at_ns)
        return next(
            instant
            for days in itertools.count(-1)
            for instant in self._instants(today + days * _DAY, minutes)
            if instant > at_ns
        )

    def _date(self, at_ns: int) -> dt.date:
        at = _EPOCH + dt.timedelta(microseconds=(at_ns + self.skew_ns) // 1000)
        return at.astimezone(_zone(self.zone)).date()

    def _instants(self, day: dt.date, minutes: int) -> tuple[int, ...]:
        instants = _instants(_zone(self.zone), day, minutes)
        return tuple(instant - self.skew_ns for instant in instants) if self.skew_ns else instants


@lru_cache(maxsize=256)  # many trades end at one time of day
def _instants(zone: dt.tzinfo, day: dt.date, minutes: int) -> tuple[int, ...]:
    """Return when the wall shows this time on ``day``, ascending; at least one instant."""
    wall = dt.datetime.combine(day, dt.time(minutes // 60, minutes % 60))
    # PEP 495: of a time shown twice, fold 0 is the first; of one leapt over, fold 0
    # takes the offset before the leap and so lands after it, and fold 1 before it.
    first, second = (
        int((wall.replace(tzinfo=zone, fold=fold) - _EPOCH).total_seconds()) for fold in (0, 1)
    )
    if first > second:
        return (_leap(second, first, zone) * _SECOND_NS,)
    return tuple(instant * _SECOND_NS for instant in sorted({first, second}))


def _leap(before: int, after: int, zone: dt.tzinfo) -> int:
    """Return the second between ``before`` and ``after`` in which the clocks leap."""
    old = _offset(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(second: int, zone: dt.tzinfo) -> dt.timedelta | None:
    return (_EPOCH + dt.timedelta(seconds=second)).astimezone(zone).utcoffset()


def _zone(name: str) -> dt.tzinfo:
    """Return the zone; UTC is known even where a machine has no time zone data."""
    return dt.UTC if name == "UTC" else ZoneInfo(name)
