"""A managed round trip: what the person asked for, and how far it has come."""

import enum
from decimal import Decimal

import msgspec

from tradebot.core.market.instruments import NetKey, instrument_id
from tradebot.core.words.levels import Level


class Side(enum.StrEnum):
    """The direction of a trade."""

    LONG = "LONG"
    SHORT = "SHORT"

    def __init__(self, text: str) -> None:
        """Know the sign: +1 for a long, -1 for a short; profit is ``sign * (price - entry)``."""
        self.sign = 1 if text == "LONG" else -1


class Status(enum.StrEnum):
    """Where a trade stands; history holds the last three."""

    PENDING = "PENDING"  # its entry order has not filled
    ACTIVE = "ACTIVE"
    TRIGGERED = "TRIGGERED"  # the exit of all that is left is decided
    CLOSED = "CLOSED"
    CLOSED_EXTERNAL = "CLOSED_EXTERNAL"  # somebody else left; the broker's net shows it
    NEVER_FILLED = "NEVER_FILLED"  # the entry order died unfilled

    def __init__(self, text: str) -> None:
        """Know whether the trade belongs to history."""
        self.is_over = text in ("CLOSED", "CLOSED_EXTERNAL", "NEVER_FILLED")


class Reason(enum.StrEnum):
    """Why a trade is left."""

    STOP = "stop"
    BREAKEVEN = "breakeven"
    TRAIL = "trail"
    TARGET = "target"
    TIME = "time"
    MANUAL = "manual"
    HALT = "halt"


class PriceSource(enum.StrEnum):
    """Which price of a tick a trade is judged by."""

    LAST = "last"
    EXIT_SIDE = "exit_side"  # the bid for a long, the ask for a short
    MID = "mid"  # between bid and ask


class PastStop(enum.StrEnum):
    """What to do when a trade is created beyond its own stop."""

    EXIT = "exit"
    ASK = "ask"  # leave it unguarded and tell a person
    FROM_HERE = "from_here"  # set the stop at its distance from the last price


# ``gc=False`` from here on: none of these can be part of a cycle, and a collector that
# walked the trades of a page of history held the loop for 200 ms.


class Trail(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stop that follows the best price."""

    by: Level  # percent of the best price, or points
    activation: Level | None = None  # gain that switches it on; None: from entry
    step: Level | None = None  # it moves in steps of this size; None: with every tick


class Breakeven(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One move of the stop to the entry, plus charges, plus ``lock``."""

    at: Level  # gain that does it
    lock: Level


class TargetPart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One price at which a part of the trade takes its profit."""

    at: Level
    quantity: Decimal | None = None  # units; None: all that is left


class TimeExit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Leave after a duration, or at a clock time of the instrument's session."""

    after_ns: int | None = None
    at_minutes: int | None = None  # after midnight in the exchange's zone


class Rules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything that may end a trade; any subset, none included."""

    stop: Level | None = None
    targets: tuple[TargetPart, ...] = ()
    trail: Trail | None = None
    breakeven: Breakeven | None = None
    time_exit: TimeExit | None = None


class TradeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as a person or a program asks for it to be guarded.

    Either ``entry_price`` and ``quantity`` (the position exists), or ``order_id`` (the
    entry order whose executions make the position).
    """

    trade_id: str | None = None  # None: the engine numbers it
    account: str
    strategy: str = ""
    exchange: str
    symbol: str
    product: str
    side: Side
    quantity: Decimal | None = None  # units, > 0
    entry_price: Decimal | None = None
    order_id: str | None = None
    rules: Rules = Rules()
    past_stop: PastStop = PastStop.EXIT
    price_source: PriceSource = PriceSource.LAST
    tag: str = ""
    adopted: bool = False  # it was found at the broker: it follows what people add to it


class Marks(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a trade's rules remember of the prices they have seen."""

    trail_active: bool = False
    best_price: float | None = None  # high-water mark (lowest, for a short); with an active trail
    breakeven_done: bool = False


class LastClose(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an instrument was last worth in a session that is over."""

    price: float
    at_ns: int  # when that session closed
    earlier: float | None = None  # the close of the session before it; None: it was not seen


class Trade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One managed round trip. Replaced as a whole at each change, by the engine alone.

    Sums are kept and averages derived: ``entry_notional`` is the sum of quantity times
    price of the entry's executions, ``exit_notional`` that of the exits'.
    """

    trade_id: str
    number: int  # order of creation; decides ties
    account: str
    strategy: str
    exchange: str
    symbol: str
    product: str
    side: Side
    quantity: Decimal | None  # units asked for; None: whatever the entry order fills
    rules: Rules
    past_stop: PastStop = PastStop.EXIT
    price_source: PriceSource = PriceSource.LAST
    tag: str = ""
    order_id: str | None = None  # the entry order, where executions make the position
    adopted: bool = False

    status: Status = Status.PENDING
    filled: Decimal = Decimal(0)  # units of the entry that executed
    entry_notional: Decimal = Decimal(0)
    exited: Decimal = Decimal(0)  # units that have left
    exit_notional: Decimal = Decimal(0)
    marks: Marks = Marks()
    targets_done: int = 0  # bit i: part i of rules.targets is decided
    tick_size: Decimal | None = None  # that its levels stand on; None: on a guess
    exits: int = 0  # decisions to leave so far, parts included
    attempts: int = 0  # exit orders named so far: T17-x1, T17-x2, ...
    armed: bool = False  # ``past_stop`` was answered: its levels are judged from now on
    unguarded: bool = False  # past its stop or after a close not ours, and a person was asked
    last_close: LastClose | None = None  # None: none was seen since it is open
    stuck: bool = False  # an exit needs a person
    created_at_ns: int
    opened_at_ns: int | None = None
    closed_at_ns: int | None = None
    deadline_ns: int | None = None  # the time exit
    clock_time_ns: int | None = None  # of one at a time of day: when, by the machine's clock
    reason: Reason | None = None  # of the decision that ended it
    version: int = 0  # one more at each change that must be durable

    @property
    def instrument(self) -> str:
        """The id of the instrument, as ticks carry it."""
        return instrument_id(self.exchange, self.symbol)

    @property
    def key(self) -> NetKey:
        """The net position that this trade is a part of."""
        return NetKey(self.account, self.exchange, self.symbol, self.product)

    @property
    def entry(self) -> Decimal:
        """Average price of the filled entry; a trade without fills has none."""
        assert self.filled > 0, f"trade {self.trade_id} has no filled entry"
        return self.entry_notional / self.filled

    @property
    def remaining(self) -> Decimal:
        """Units that entered and have not left."""
        return self.filled - self.exited

    def realized_pnl(self, multiplier: Decimal) -> Decimal:
        """Profit of the units that left, before charges."""
        if not self.exited:
            return Decimal(0)
        cost = self.entry_notional * self.exited / self.filled  # one division, at the end
        return self.side.sign * (self.exit_notional - cost) * multiplier
