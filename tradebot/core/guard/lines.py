"""One instrument's live line: its gate, its last price, and the triggers that wait on it."""

import math
from collections.abc import Iterator
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from tradebot.core.guard.trades import PriceSource, Side, Trade
from tradebot.core.guard.triggers import Triggers
from tradebot.core.market.instruments import Instrument
from tradebot.core.market.price_gate import PRICE_MAX, Gate
from tradebot.core.market.sessions import ROUND_THE_CLOCK


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A session that began far from our last close, and what its prices were since then."""

    close: float  # ours
    earlier: float | None = None  # ours of the session before that; None: it was not seen
    first: float
    low: float
    high: float
    since_ns: int


class Line:
    """Everything that a tick of one instrument may touch.

    ``lo`` and ``hi`` bound the prices at which nothing can happen to any trade that is
    judged by last prices; while ``others`` is empty, nothing else needs a look.
    """

    __slots__ = (
        "ask",
        "bid",
        "blind_ns",
        "blind_since_ns",
        "closes_ns",
        "doubt",
        "gate",
        "grid",
        "guarded",
        "hi",
        "instrument",
        "lo",
        "long",
        "opened_ns",
        "others",
        "quote_asked",
        "seq",
        "short",
        "sides",
        "since_ns",
        "waiting",
    )

    def __init__(self, instrument: Instrument, gate: Gate) -> None:
        """Start a line without a price and without trades."""
        self.instrument = instrument
        self.gate = gate
        self.grid: Decimal | None = None  # ticks that levels stand on; None: the guessed ones
        self.sides: dict[tuple[Side, PriceSource], Triggers] = {}
        self.long: Triggers | None = None  # those of the sides that last prices judge
        self.short: Triggers | None = None
        self.others: tuple[tuple[Side, PriceSource], ...] = ()  # sides judged by richer prices
        self.guarded: set[str] = set()  # trades that are not over
        self.waiting: set[str] = set()  # trades whose arming waits for a fit price
        self.bid: float | None = None
        self.ask: float | None = None
        self.seq = 0  # the feed's count of the last price
        self.since_ns = 0  # when the first of the present trades came
        self.blind_since_ns: int | None = None
        self.blind_ns = 0  # total, of blind times that ended
        self.quote_asked = False
        self.opened_ns = 0  # the session that its last price came in, and when that one closes
        self.closes_ns = ROUND_THE_CLOCK[1]
        self.doubt: Doubt | None = None
        self.lo = -math.inf
        self.hi = math.inf

    @property
    def ltp(self) -> float | None:
        """The last accepted price, however old; None before the first."""
        return None if math.isnan(self.gate.ltp) else self.gate.ltp

    def triggers(self, side: Side, source: PriceSource, highs_count: int = 0) -> Triggers:
        """Return the triggers of one side and price source, made at first need."""
        found = self.sides.get((side, source))
        if found is None:
            found = self.sides[side, source] = Triggers(side.sign, highs_count)
            if source is not PriceSource.LAST:
                self.others = tuple(sorted((*self.others, (side, source))))
            elif side is Side.LONG:
                self.long = found
            else:
                self.short = found
        return found

    def disarm(self, trade: Trade) -> None:
        """Stop judging a trade by prices."""
        triggers = self.triggers(trade.side, trade.price_source)
        if trade.trade_id in triggers or trade.trade_id in self.waiting:
            triggers.drop(trade.trade_id)
            self.waiting.discard(trade.trade_id)
            self.refresh()

    def start_highs(self, side: Side, source: PriceSource, count: int) -> None:
        """Number the highs of a side after ``count`` earlier ones; before its first trade."""
        assert (side, source) not in self.sides, f"{self.instrument.id} has {side} already"
        self.triggers(side, source, count)

    def price_for(self, side: Side, source: PriceSource, ltp: float) -> float:
        """Return the price that a side is judged by; a side that is missing falls back to ltp."""
        if source is PriceSource.EXIT_SIDE:
            return _fit(self.bid if side is Side.LONG else self.ask, ltp, self.gate)
        if source is PriceSource.MID and self.bid is not None and self.ask is not None:
            return _fit((self.bid + self.ask) / 2, ltp, self.gate)
        return ltp

    def end_blindness(self, at_ns: int) -> int:
        """Count a blind time that ended; return how long it was."""
        assert self.blind_since_ns is not None, f"{self.instrument.id} is not blind"
        blind_ns = at_ns - self.blind_since_ns
        self.blind_ns += blind_ns
        self.blind_since_ns = None
        return blind_ns

    def start(self, at_ns: int, stale_after_ns: int | None) -> None:
        """Begin to guard: what was known while nobody listened may be old."""
        self.grid = None if self.instrument.guessed else self.instrument.tick_size
        self.since_ns = at_ns
        self.quote_asked = False
        self.blind_since_ns = None
        if stale_after_ns is not None and at_ns - self.gate.received_ns > stale_after_ns:
            self.gate.begin_anew()

    def on_grid(self, instrument: Instrument) -> Instrument:
        """Return an instrument with the ticks on which levels stand here already."""
        if self.grid is None or self.grid == instrument.tick_size:
            return instrument
        return replace(instrument, tick_size=self.grid)

    def refresh(self) -> None:
        """Find the quiet band again, after triggers changed."""
        if self.waiting:
            self.lo, self.hi = math.inf, -math.inf  # every price gets a look
            return
        long, short = self.long, self.short
        if long is None:
            lo, hi = -math.inf, math.inf
        else:
            lo, hi = long.floor, long.ceiling
        if short is not None:  # mirrored: a short's floor is a price above
            lo = max(lo, -short.ceiling)
            hi = min(hi, -short.floor)
        self.lo, self.hi = lo, hi

    def rises(self, ltp: float) -> bool:
        """Take a price that is a new best price of trails and reaches nothing; say whether.

        The commonest of all prices outside the quiet band. False leaves the price to be
        judged; what rose for it already is quiet then.
        """
        if self.others or self.waiting:
            return False
        long, short = self.long, self.short
        if long is not None and not long.floor < ltp < long.ceiling and not long.rise(ltp):
            return False
        if short is not None and not short.floor < -ltp < short.ceiling and not short.rise(-ltp):
            return False
        self.refresh()
        return True

    def names(self) -> Iterator[tuple[str, Triggers]]:
        """Yield each side's durable name with its triggers."""
        for (side, source), triggers in self.sides.items():
            yield line_name(self.instrument.id, side, source), triggers


def line_name(instrument: str, side: Side, source: PriceSource) -> str:
    """Return the durable name of one side of a line: ``"NSE:SBIN LONG last"``."""
    return f"{instrument} {side.value} {source.value}"


def split_line_name(name: str) -> tuple[str, Side, PriceSource]:
    """Return instrument, side and price source of a line's durable name."""
    instrument, side, source = name.rsplit(" ", 2)
    return instrument, Side(side), PriceSource(source)


def _fit(price: float | None, ltp: float, gate: Gate) -> float:
    """Return a bid, ask or mid that can be true, else the last price."""
    if price is None or not math.isfinite(price) or price <= 0:
        return ltp
    return price if abs(price - ltp) <= float(gate.spike) * ltp else ltp


def set_band(gate: Gate, instrument: Instrument) -> None:
    """Give a gate the broker's circuit band, inclusive, where it is known."""
    low, high, half = instrument.price_low, instrument.price_high, instrument.tick_size / 2
    gate.low = 0.0 if low is None else float(low - half)
    gate.high = PRICE_MAX if high is None else float(high + half)
