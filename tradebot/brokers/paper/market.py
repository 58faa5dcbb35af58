"""A simulated market: prices round the clock, from a seed and a time alone.

Time is cut into blocks of one second, and each block of each instrument draws from its own
generator, named by seed, instrument and block. So the whole state is small, a market that
is restored goes on as the one that was saved, and nobody has to live through the past.
"""

import math
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import NamedTuple

import msgspec

from tradebot.core.market.instruments import Instrument, Kind

BLOCK_NS = 1_000_000_000
FINE_BLOCKS_MAX = 120  # of a gap that is lived through; a longer one is jumped in one step

_PRINTS = (9, 12)  # a second
# The level: a random walk that a weak spring pulls to the base price. Diffusion, trends
# and jumps together move it by the square root of _LEVEL_VARIANCE in a second; the spring
# keeps it within about 6 % of the base (one standard deviation), whatever the time.
_SPRING = 9e-5
_DIFFUSION = 3e-4
_LEVEL_VARIANCE = 6.5e-7
_JUMP_SHARE, _JUMP = 1 / 90, (0.003, 0.008)
_BIG_JUMP_SHARE, _BIG_JUMP = 1 / 900, (0.012, 0.018)  # beyond the gate's 1 %: it confirms itself
_TREND_SHARE, _TREND, _TREND_S = 1 / 40, (1e-4, 3e-4), (8, 25)
# The swing: what buyers and sellers do around the level within seconds.
_SWING, _SWING_S = 1.5e-3, 4.5
# What a feed does to prices.
_SPIKE_SHARE, _SPIKE = 1 / 180, (0.02, 0.06)
_ZERO_SHARE = 1 / 700
_SILENCE_SHARE, _SILENCE_S = 1 / 480, (3.0, 6.0)


class Print(NamedTuple):
    """One trade of the simulated exchange, and what the feed makes of it."""

    at_ns: int
    instrument: str
    price: float
    shown: float | None  # None: the feed is silent; not ``price``: it is a bad print
    bid: float
    ask: float


class Listing(NamedTuple):
    """One instrument and the price that it returns to in the long run."""

    instrument: Instrument
    base: Decimal


def _listing(
    symbol: str, base: str, tick: str = "0.05", lot: str = "1", kind: Kind = Kind.CASH
) -> Listing:
    instrument = Instrument(
        exchange="SIM",
        symbol=symbol,
        kind=kind,
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
    )
    return Listing(instrument, Decimal(base))


LISTINGS = (
    _listing("RELIANCE", "2900"),
    _listing("SBIN", "812.5"),
    _listing("INFY", "1550"),
    _listing("ITC", "430"),
    _listing("NIFTY-FUT", "24500", lot="75", kind=Kind.FUTURE),
    _listing("BANKNIFTY-FUT", "51500", tick="0.2", lot="30", kind=Kind.FUTURE),
    _listing("GOLD-FUT", "72000", tick="1", kind=Kind.FUTURE),
    _listing("BTC-PERP", "61800", tick="0.1", lot="0.001", kind=Kind.PERPETUAL),
)
INSTRUMENTS = tuple(listing.instrument for listing in LISTINGS)


class Course(msgspec.Struct, frozen=True):
    """Where one instrument stands at the start of a block; logarithms of price to base."""

    level: float = 0.0
    swing: float = 0.0
    trend: float = 0.0  # a second
    trend_until_ns: int = 0
    silent_until_ns: int = 0


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a market is, as JSON-able values."""

    genesis_ns: int  # where block 0 begins
    block: int  # the present one
    taken: int  # prints of it that were taken out
    courses: dict[str, Course]  # at the start of the block, by instrument


class Market:
    """The simulated exchange. Prints come out in the order of time, each once."""

    def __init__(self, seed: int, now_ns: int, state: MarketState | None = None) -> None:
        """Begin at ``now_ns``, or go on from ``state`` (whose seed may have been another)."""
        self._seed = seed
        if state is None:
            courses = {listing.instrument.id: Course() for listing in LISTINGS}
            state = MarketState(genesis_ns=now_ns, block=0, taken=0, courses=courses)
        self._genesis_ns = state.genesis_ns
        self._enter(
            state.block,
            {
                listing.instrument.id: state.courses.get(listing.instrument.id, Course())
                for listing in LISTINGS
            },
        )
        self._taken = min(state.taken, len(self._prints))

    @property
    def state(self) -> MarketState:
        """What a market restored from goes on with."""
        return MarketState(
            genesis_ns=self._genesis_ns,
            block=self._block,
            taken=self._taken,
            courses=self._courses,
        )

    @property
    def block(self) -> int:
        """Count the seconds since the genesis."""
        return self._block

    @property
    def next_at_ns(self) -> int:
        """The time of the next print, or of the next block, which may hold it."""
        if self._taken < len(self._prints):
            return self._prints[self._taken].at_ns
        return self._start_ns(self._block + 1)

    def ticks_until(self, at_ns: int) -> Iterator[Print]:
        """Yield what was traded since the last call, up to ``at_ns``, inclusive."""
        while self.next_at_ns <= at_ns:
            if self._taken == len(self._prints):
                self._enter(self._block + 1, self._after)
                continue
            self._taken += 1
            yield self._prints[self._taken - 1]

    def skip_to(self, at_ns: int) -> None:
        """Move to ``at_ns`` without taking out what was traded meanwhile.

        A short gap is lived through, so that a daemon that was killed finds the prices
        it would have seen. A long one is one draw from where the level can be after that
        time. A clock that was set back moves the genesis: prices stay.
        """
        gap = (at_ns - self._start_ns(self._block)) // BLOCK_NS
        if gap < 0:
            self._genesis_ns = at_ns - self._block * BLOCK_NS
            self._enter(self._block, self._courses)
        elif gap > FINE_BLOCKS_MAX:
            courses = {
                name: _much_later(course, gap, Random(f"{self._seed}/{name}/{self._block}/gap"))
                for name, course in self._courses.items()
            }
            self._enter(self._block + gap, courses)
        for _ in self.ticks_until(at_ns):
            pass

    def _start_ns(self, block: int) -> int:
        return self._genesis_ns + block * BLOCK_NS

    def _enter(self, block: int, courses: dict[str, Course]) -> None:
        self._block, self._courses, self._taken = block, courses, 0
        prints: list[Print] = []
        self._after: dict[str, Course] = {}
        for listing in LISTINGS:
            name = listing.instrument.id
            drawn = Random(f"{self._seed}/{name}/{block}")
            self._after[name] = _second(
                listing, courses[name], self._start_ns(block), drawn, prints
            )
        self._prints: list[Print] = sorted(prints, key=lambda print_: print_.at_ns)


def _second(
    listing: Listing, course: Course, start_ns: int, drawn: Random, prints: list[Print]
) -> Course:
    """Live through one block of one instrument: append its prints, return where it ends."""
    course = _mood(course, start_ns, drawn)
    count = drawn.randint(*_PRINTS)
    jump_at, jump = _jump(count, drawn)
    bad_at, factor = _bad_print(count, drawn)
    if jump_at is not None:
        bad_at = None  # a jump beside a bad print could confirm it
    level, swing, share = course.level, course.swing, 1 / count
    keep = math.exp(-share / _SWING_S)
    diffusion, shake = _DIFFUSION * math.sqrt(share), _SWING * math.sqrt(1 - keep * keep)
    trend = course.trend if start_ns < course.trend_until_ns else 0.0
    for number in range(count):
        at_ns = start_ns + int((number + drawn.random()) * share * BLOCK_NS)
        level += (trend - _SPRING * level) * share + drawn.gauss(0, diffusion)
        if number == jump_at:
            level += jump
        swing = swing * keep + drawn.gauss(0, shake)
        below, spread = drawn.randint(0, 1), drawn.randint(1, 2)
        grid = _Grid(listing, math.exp(level + swing))
        shown: float | None = grid.at(0)
        if at_ns < course.silent_until_ns:
            shown = None
        elif number == bad_at:
            shown = _Grid(listing, math.exp(level + swing) * factor).at(0) if factor else 0.0
        name, price = listing.instrument.id, grid.at(0)
        prints.append(Print(at_ns, name, price, shown, grid.at(-below), grid.at(spread - below)))
    return msgspec.structs.replace(course, level=level, swing=swing)


class _Grid:
    """The prices of an instrument around one of them."""

    def __init__(self, listing: Listing, factor: float) -> None:
        self._tick = listing.instrument.tick_size
        # Two ticks above zero at the least, so that there is room for a bid below.
        self._count = max(2, round(float(listing.base) * factor / float(self._tick)))

    def at(self, ticks_away: int) -> float:
        """Return the price so many ticks away, as the double nearest to its decimal text."""
        return float((self._count + ticks_away) * self._tick)


def _mood(course: Course, start_ns: int, drawn: Random) -> Course:
    """Draw whether a trend or a silence begins with this block."""
    begins, strength, down, seconds = (drawn.random() for _ in range(4))
    falls_silent, silence = drawn.random(), drawn.uniform(*_SILENCE_S)
    if begins < _TREND_SHARE and start_ns >= course.trend_until_ns:
        trend = _between(_TREND, strength) * (-1 if down < 1 / 2 else 1)
        until_ns = start_ns + int(_between(_TREND_S, seconds)) * BLOCK_NS
        course = msgspec.structs.replace(course, trend=trend, trend_until_ns=until_ns)
    if falls_silent < _SILENCE_SHARE and start_ns >= course.silent_until_ns:
        until_ns = start_ns + int(silence * BLOCK_NS)
        course = msgspec.structs.replace(course, silent_until_ns=until_ns)
    return course


def _jump(count: int, drawn: Random) -> tuple[int | None, float]:
    """Draw a jump of the level, and the print that it comes with."""
    kind, size, down, place = (drawn.random() for _ in range(4))
    if kind >= _JUMP_SHARE + _BIG_JUMP_SHARE:
        return None, 0.0
    jump = _between(_BIG_JUMP if kind < _BIG_JUMP_SHARE else _JUMP, size)
    return int(place * count), -jump if down < 1 / 2 else jump


def _bad_print(count: int, drawn: Random) -> tuple[int | None, float]:
    """Draw a bad print and the factor of its price; 0 for a price of zero.

    It is never the last of its block, so that the next print is known to be a good one:
    two bad ones in a row would confirm each other.
    """
    kind, size, down, place = (drawn.random() for _ in range(4))
    if kind < _ZERO_SHARE:
        return int(place * (count - 1)), 0.0
    if kind < _ZERO_SHARE + _SPIKE_SHARE:
        away = _between(_SPIKE, size)
        return int(place * (count - 1)), 1 - away if down < 1 / 2 else 1 + away
    return None, 0.0


def _much_later(course: Course, seconds: int, drawn: Random) -> Course:
    """Draw where the level is after ``seconds``: the spring's law, solved for any time."""
    keep = math.exp(-_SPRING * seconds)
    spread = math.sqrt(_LEVEL_VARIANCE * (1 - keep * keep) / (2 * _SPRING))
    return Course(level=course.level * keep + drawn.gauss(0, spread), swing=drawn.gauss(0, _SWING))


def _between(limits: tuple[float, float], share: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * share
