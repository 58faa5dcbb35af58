"""What nobody watched: open units without a rule, and time without a price, by trading day.

A trade's rows are kept where there is something to tell of it. An instrument's blind time
is counted once, however many trades it has: a trade that opens notes what had been
counted before it, and the difference is its own.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from tradebot.core.market.sessions import Session
from tradebot.core.money import NO_UNITS


class Uncovered(msgspec.Struct, frozen=True, kw_only=True):
    """One trading day of a trade, or of an instrument; replaced as a whole at each change."""

    instrument: str
    trade_id: str = ""  # empty: the instrument itself, which counts its blind time alone
    day: str  # of the exchange: "2026-01-05"
    opens_ns: int  # its session; time outside of it is not counted
    closes_ns: int
    quantity: Decimal = NO_UNITS  # units of the trade that no rule guards now
    unguarded_ns: int = 0  # of times that ended
    unguarded_since_ns: int | None = None
    blind_ns: int = 0  # an instrument's: of times that ended; a trade's: once it is over
    blind_since_ns: int | None = None  # an instrument's
    blind_before_ns: int = 0  # what the instrument had counted when the trade opened
    is_over: bool = False  # the trade has no open units, or the day has ended
    version: int = 0

    @property
    def name(self) -> tuple[str, str, str]:
        """What tells this row from every other."""
        return self.instrument, self.trade_id, self.day

    def unguarded_until(self, at_ns: int) -> int:
        """Return the unguarded nanoseconds of the day up to a time."""
        return self.unguarded_ns + self._inside(self.unguarded_since_ns, at_ns)

    def blind_until(self, at_ns: int) -> int:
        """Return the blind nanoseconds of an instrument's day up to a time."""
        return self.blind_ns + self._inside(self.blind_since_ns, at_ns)

    def guarded_but(self, quantity: Decimal, at_ns: int) -> "Uncovered":
        """Return the row with so many units unguarded from now on."""
        since = self.unguarded_since_ns
        if quantity and since is None:
            since = at_ns
        ends = not quantity and since is not None
        return self.changed(
            quantity=quantity,
            unguarded_ns=self.unguarded_until(at_ns) if ends else self.unguarded_ns,
            unguarded_since_ns=None if ends else since,
        )

    def changed(self, **changes: object) -> "Uncovered":
        """Return the row with changes, one version up."""
        return msgspec.structs.replace(self, version=self.version + 1, **changes)

    def _inside(self, since_ns: int | None, at_ns: int) -> int:
        if since_ns is None:
            return 0
        return max(0, min(at_ns, self.closes_ns) - max(since_ns, self.opens_ns))


class Coverage:
    """The rows of the present trading days, and what must still become durable of them."""

    def __init__(self) -> None:
        """Start with everything watched."""
        self.clock_ns = 0  # the newest time of ours; a broker's or an exchange's may be off
        self.next_day_ns = 0  # when the first of the days ends; 0: to be found out
        self.days: dict[str, tuple[Session, str, int, int]] = {}  # by exchange, as last found
        self.trades: dict[str, Uncovered] = {}
        self.lines: dict[str, Uncovered] = {}  # by instrument
        self.open: dict[str, str] = {}  # trades with open units, and their instruments
        self.touched: dict[str, None] = {}  # trades that this input has changed
        self._dirty: dict[tuple[str, str, str], Uncovered] = {}

    def day(self, exchange: str, session: Session) -> tuple[str, int, int]:
        """Return an exchange's present trading day, its open and its close."""
        found = self.days.get(exchange)
        if found is None or found[0] is not session or self.clock_ns >= found[3]:
            day, opens_ns, closes_ns = session.day(self.clock_ns)
            found = self.days[exchange] = session, day.isoformat(), opens_ns, closes_ns
        return found[1:]

    @property
    def rows(self) -> Iterator[Uncovered]:
        """Every row of the present days."""
        yield from self.lines.values()
        yield from self.trades.values()

    def put(self, row: Uncovered) -> None:
        """Keep a row in its present state."""
        self.take((row,))
        self._dirty[row.name] = row

    def take(self, rows: Iterable[Uncovered]) -> None:
        """Take rows that are durable already."""
        for row in rows:
            if row.trade_id:
                self.trades[row.trade_id] = row
            else:
                self.lines[row.instrument] = row

    def is_dirty(self) -> bool:
        """Whether ``drain`` has something to give."""
        return bool(self._dirty)

    def drain(self) -> list[Uncovered]:
        """Return every row that has changed since the last drain."""
        rows, self._dirty = list(self._dirty.values()), {}
        return rows

    # What is told.

    def unguarded_ns(self, trade_id: str, at_ns: int) -> int:
        """Return for how long some units of a trade were unguarded today."""
        row = self.trades.get(trade_id)
        return 0 if row is None else row.unguarded_until(at_ns)

    def blind_ns(self, trade_id: str, at_ns: int) -> int:
        """Return for how long a trade had no fit price today."""
        row = self.trades.get(trade_id)
        if trade_id not in self.open:
            return 0 if row is None else row.blind_ns
        return self.seen_blind_ns(self.open[trade_id], at_ns) - (row.blind_before_ns if row else 0)

    def seen_blind_ns(self, instrument: str, at_ns: int) -> int:
        """Return what an instrument has counted of today."""
        line = self.lines.get(instrument)
        return 0 if line is None else line.blind_until(at_ns)

    def told_of(self) -> list[str]:
        """Return the trades of today of which there may be something to tell."""
        blind = [name for name, instrument in self.open.items() if instrument in self.lines]
        return list(dict.fromkeys((*self.trades, *blind)))
