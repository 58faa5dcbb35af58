"""Is this price fit to act on?

A price passes, waits for a second one to confirm it, or is dropped. What is dropped
never triggers and never disarms; what waits leaves the old price standing.
"""

import enum
import math
from decimal import Decimal
from typing import NamedTuple

from tradebot.core.inputs import Tick
from tradebot.core.market.sessions import Session
from tradebot.core.money import exact

# A clock that runs ahead by more is not believed: one wrong time would make every later
# price look old, and blind the instrument for good.
AHEAD_NS_MAX = 2_000_000_000

# Beyond it a price has no room left for its ticks in exact arithmetic, and no meaning.
PRICE_MAX = 1e15

_HAIR = 1 - 1e-9  # keeps the quick comparison on the safe side of the exact one


class Fate(enum.Enum):
    """What became of a price."""

    ACCEPTED = enum.auto()
    HELD = enum.auto()  # suspect: the next price decides
    CONFIRMED = enum.auto()  # accepted, and it confirms the price that was held
    REFUTED = enum.auto()  # accepted, and the price that was held is dropped
    DROPPED = enum.auto()


class Screened(NamedTuple):
    """The answer of the gate."""

    fate: Fate
    prices: tuple[float, ...] = ()  # to be judged, in this order
    held: float | None = None  # the price that was held until now
    why: str = ""  # of a drop


class Gate:
    """The gate of one instrument: the last accepted price, and the one in doubt.

    ``passes`` takes the ordinary next price with a few comparisons; every other one goes
    through ``screen``.
    """

    __slots__ = (
        "at_ns",
        "closes_ns",
        "dropped",
        "fresh",
        "held",
        "high",
        "holds_jumps",
        "low",
        "ltp",
        "near",
        "opens_ns",
        "received_ns",
        "session",
        "spike",
    )

    def __init__(self, session: Session, spike: Decimal, *, holds_jumps: bool = True) -> None:
        """Start without a price; the first fit one is taken as it is."""
        self.ltp = math.nan  # last accepted price; comparisons with it fail until there is one
        self.at_ns = 0  # exchange time of it
        self.received_ns = 0  # our time of it
        self.held: float | None = None
        self.fresh = True  # the next price opens a session or ends a blind time
        self.low = 0.0  # the broker's circuit band: prices beyond are impossible
        self.high = PRICE_MAX
        self.dropped = 0
        self.configure(session, spike, holds_jumps=holds_jumps)

    def configure(self, session: Session, spike: Decimal, *, holds_jumps: bool) -> None:
        """Take new settings; the price that stands stays."""
        self.session = session
        self.spike = spike
        self.holds_jumps = holds_jumps
        self.opens_ns = self.closes_ns = 0  # found with the next price
        self.near = 0.0  # fraction of the last price that is no jump; 0 sends all to screen

    def follow(self, session: Session, at_ns: int) -> None:
        """Take the session by a clock that was set; one that was open goes on to its close.

        Which of the two clocks is wrong, nobody knows: a stop must not wait for the answer.
        """
        if not self.opens_ns <= at_ns < self.closes_ns:
            opens_ns, closes_ns = self.session.window(at_ns)
            if opens_ns <= at_ns:
                self.opens_ns, self.closes_ns = opens_ns, closes_ns
        self.session = session

    def passes(self, tick: Tick) -> bool:
        """Take an ordinary next price; False leaves all as it is, for ``screen`` to say."""
        step = tick.ltp - self.ltp
        near = self.near * self.ltp
        if (
            -near < step < near
            and self.at_ns <= tick.at_ns <= tick.received_ns + AHEAD_NS_MAX
            and self.opens_ns <= tick.at_ns < self.closes_ns
            and self.low < tick.ltp < self.high
        ):
            self.ltp = tick.ltp
            self.at_ns = tick.at_ns
            self.received_ns = tick.received_ns
            return True
        return False

    def screen(self, tick: Tick) -> Screened:
        """Say what becomes of a price, and remember it."""
        at_ns = tick.at_ns
        if at_ns > tick.received_ns + AHEAD_NS_MAX:
            at_ns = tick.received_ns
        why = self._impossible(tick.ltp, at_ns)
        if why:
            self.dropped += 1
            return Screened(Fate.DROPPED, why=why)
        held, jumped = self.held, self._jumped(tick.ltp)
        if held is not None:
            return self._after_hold(tick, at_ns, held, jumped=jumped)
        if jumped:
            self._hold(tick)
            return Screened(Fate.HELD)
        self._accept(tick, at_ns)
        return Screened(Fate.ACCEPTED, (tick.ltp,))

    def went_blind(self) -> None:
        """Suspect the next price only where one is in doubt: the last accepted one is old.

        A doubt that stands stays. A price that is near neither of the two is no proof of
        itself, and a silence between them is none either.
        """
        self.fresh = True
        self.near = 0.0

    def begin_anew(self) -> None:
        """Forget the doubt: the next fit price is the first of a session, or of a guard."""
        self.went_blind()
        self.held = None

    def _after_hold(self, tick: Tick, at_ns: int, held: float, *, jumped: bool) -> Screened:
        """Let the next price decide about the one that waits."""
        if self._within(tick.ltp, held):
            self._accept(tick, at_ns)
            # Both are true prices. The confirming one decides first, as it is the one that an
            # order would meet; then the held one, as a level it touched was touched; then
            # the confirming one again, as the held one may have moved levels.
            prices = (tick.ltp,) if held == tick.ltp else (tick.ltp, held, tick.ltp)
            return Screened(Fate.CONFIRMED, prices, held)
        if jumped:
            self._hold(tick)  # neither near the old price nor near the held one: doubt goes on
            return Screened(Fate.HELD, held=held)
        self._accept(tick, at_ns)
        return Screened(Fate.REFUTED, (tick.ltp,), held)

    def _accept(self, tick: Tick, at_ns: int) -> None:
        self.ltp = tick.ltp
        self.at_ns = at_ns
        self.received_ns = tick.received_ns
        self.held = None
        self.fresh = False
        self.near = float(self.spike) * _HAIR

    def _hold(self, tick: Tick) -> None:
        self.held = tick.ltp
        self.near = 0.0

    def _impossible(self, ltp: float, at_ns: int) -> str:
        if not math.isfinite(ltp) or ltp <= 0:
            return "not a positive number"
        if not self.low < ltp < self.high:
            return f"beyond what is possible here: {self.low:g} to {self.high:g}"
        if at_ns < self.at_ns:
            return "older than the last price"
        if not self.opens_ns <= at_ns < self.closes_ns:
            opens_ns, closes_ns = self.session.window(at_ns)
            if at_ns < opens_ns:
                return "outside the session"
            self.opens_ns, self.closes_ns = opens_ns, closes_ns
            if self.at_ns < self.opens_ns:
                self.begin_anew()  # what yesterday left in doubt, today's first price cannot settle
        return ""

    def _jumped(self, ltp: float) -> bool:
        if not self.holds_jumps or (self.fresh and self.held is None):
            return False
        return not self._within(ltp, self.ltp)

    def _within(self, ltp: float, other: float) -> bool:
        """Whether ``ltp`` lies within the spike fraction of ``other``, exactly."""
        base = exact(other)
        return abs(exact(ltp) - base) <= self.spike * base
