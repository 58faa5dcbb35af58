"""What is now true: the engine's answers that people, pages, logs and audits read.

Every event carries ``at_ns``, the time of the input that made it true. An event that
belongs to a trade carries its ``trade_id`` and becomes a line of that trade's story.
"""

from decimal import Decimal

import msgspec

from tradebot.core.adoption.found_events import (
    PositionAdopted,
    PositionFound,
    PositionGone,
    PositionHandedOver,
    PositionIgnored,
)
from tradebot.core.guard.trade_rules import Candidate
from tradebot.core.guard.trades import PriceSource, Reason, Side, Status
from tradebot.core.inputs import OrderSide, Verdict
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instrument_events import (
    ExitWaitsForOpen,
    InstrumentChanged,
    InstrumentRefused,
    TradePaused,
)
from tradebot.core.policy import Persons


class TradeCreated(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A trade is known and durable once this is committed."""

    trade_id: str
    instrument: str
    side: Side
    status: Status
    at_ns: int


class TradeRefused(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A command about a trade was refused; nothing changed."""

    trade_id: str | None
    field: str
    why: str
    at_ns: int


class EntryFilled(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The entry (or a further part of it) is in: this quantity is guarded from now on."""

    trade_id: str
    quantity: Decimal  # of this fill
    filled: Decimal  # in all
    entry: Decimal  # average
    at_ns: int
    seq: int = 0  # the feed's count of the last tick before it: later ones are judged


class EntryDied(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The entry order ended without a single fill."""

    trade_id: str
    why: str
    at_ns: int


class RulesChanged(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A person replaced the rules; the only way a stop may loosen."""

    trade_id: str
    at_ns: int
    stop: Decimal | None  # the effective stop now
    was: Decimal | None


class TrailActivated(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The gain reached the activation: the trail follows from here."""

    trade_id: str
    ltp: float
    level: Decimal
    at_ns: int


class BreakevenReached(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The gain reached the break-even mark: the stop moved to entry plus costs."""

    trade_id: str
    ltp: float
    level: Decimal
    at_ns: int


class PastStopFound(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A trade was created beyond its own stop, and this is what happens to it."""

    trade_id: str
    ltp: float
    stop: Decimal
    answer: str  # exit | ask | from_here
    at_ns: int


class ExitDecided(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A trade (or a part of it) is to be left: the decision with all that made it."""

    trade_id: str
    exit: int  # the trade's first, second, ... exit
    reason: Reason
    quantity: Decimal
    at_ns: int
    level: Decimal | None = None  # None: no level decided (time, a person)
    ltp: float | None = None  # the price that was judged; None: no price known
    source: PriceSource = PriceSource.LAST
    tick_at_ns: int | None = None  # the exchange's time of that price
    received_ns: int | None = None  # our time of its receipt
    seq: int = 0  # the feed's count of it
    best_price: float | None = None  # unstepped; None: no active trail
    entry: Decimal | None = None
    candidates: tuple[Candidate, ...] = ()  # every stop in force


class ExitSent(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An exit order is about to leave; on disk first."""

    trade_id: str
    exit: int
    client_order_id: str
    side: OrderSide
    quantity: Decimal
    at_ns: int
    price: Decimal | None = None  # of a limit order; None: at the market


class ExitHeldBack(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Orders of others that wait at the broker leave no room for all of an exit."""

    trade_id: str
    exit: int
    quantity: Decimal  # that it could ask for without them
    resting: Decimal  # units of theirs that may still fill
    answer: Persons  # what becomes of them
    at_ns: int


class CancelAsked(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The broker is asked to cancel an order of somebody else, so that an exit can leave."""

    trade_id: str
    order_id: str
    side: OrderSide
    quantity: Decimal  # of it that may still fill
    tries: int  # of asking
    at_ns: int


class ExitAnswered(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What came back: acked, refused, unknown, ..., in the broker's own words."""

    trade_id: str
    exit: int
    client_order_id: str
    outcome: str
    message: str
    at_ns: int


class ExitFilled(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """One execution of an exit order."""

    trade_id: str
    exit: int
    client_order_id: str
    quantity: Decimal
    price: Decimal
    remaining: Decimal  # units of the trade still open
    at_ns: int


class TradeClosed(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A trade is history."""

    trade_id: str
    status: Status
    reason: Reason | None
    exit_price: Decimal | None  # average; None: nothing of it left by us
    realized_pnl: Decimal
    at_ns: int


class TradeStuck(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An exit needs a person: said at once and again every minute."""

    trade_id: str
    why: str
    at_ns: int


class DoubtResolved(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A person looked at the broker and said what became of an exit."""

    trade_id: str
    exit: int
    verdict: Verdict
    why: str
    at_ns: int


class PriceHeld(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A jump was held back as suspect; the old price stands until another confirms it."""

    instrument: str
    ltp: float
    before: float
    at_ns: int


class PriceResolved(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A held price was confirmed by the next one, or dropped."""

    instrument: str
    ltp: float  # the held price
    by: float  # the price that decided
    confirmed: bool
    at_ns: int


class PriceDropped(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An impossible or outdated price; one event per instrument and cause a minute at most."""

    instrument: str
    ltp: float
    why: str
    count: int  # since the session began
    at_ns: int


class InstrumentBlind(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """No fit price for longer than the instrument's limit: its trades are blind."""

    instrument: str
    age_ns: int
    at_ns: int


class InstrumentSeen(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The first fit price after a blind time."""

    instrument: str
    blind_ns: int
    at_ns: int


class FeedBroke(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """No ticks come until it is back: prices grow old meanwhile."""

    why: str
    at_ns: int


class FeedCame(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The feed is connected; only ticks say that it lives."""

    at_ns: int


class BookDiffers(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The broker's net is not the fold of the executions that we have seen."""

    instrument: str
    ours: Decimal
    broker: Decimal
    at_ns: int


class PositionFrozen(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Nothing is sent on a position, as its books do not agree: said now and every minute."""

    instrument: str
    why: str
    frozen_s: int
    exits_waiting: int  # decided, and not sent
    at_ns: int


class PositionThawed(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The books of a position have agreed for a while, or a person said so: exits leave again."""

    instrument: str
    frozen_s: int
    at_ns: int


class OutsideTraded(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Somebody else traded on a net position that trades of ours are a part of."""

    instrument: str
    side: OrderSide
    quantity: Decimal
    net: Decimal  # after it
    guarded: Decimal  # what our open trades there add up to, signed
    at_ns: int


class OrderRests(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An order of somebody else waits at the broker on a position that we guard, or have left."""

    instrument: str
    order_id: str
    side: OrderSide
    quantity: Decimal  # of it that may still fill
    net: Decimal  # nothing: it would open a position
    price: Decimal | None  # the limit
    trigger: Decimal | None
    answer: Persons  # what becomes of it when an exit leaves
    at_ns: int


class Halted(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A person stopped something; it stays stopped until a person releases it."""

    form: Form
    why: str
    at_ns: int


class HaltRefused(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A halt or a release that would change nothing, or take a stronger halt back."""

    why: str
    at_ns: int


class NothingIsSent(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A halt of everything is in force: said at once and again every minute."""

    why: str
    halted_s: int
    exits_waiting: int  # decided, and not sent
    at_ns: int


class Released(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A halt is over."""

    was: Form
    why: str
    at_ns: int


TradeEvent = (
    TradeCreated
    | EntryFilled
    | EntryDied
    | RulesChanged
    | TrailActivated
    | BreakevenReached
    | PastStopFound
    | TradePaused
    | ExitDecided
    | ExitHeldBack
    | ExitWaitsForOpen
    | CancelAsked
    | ExitSent
    | ExitAnswered
    | ExitFilled
    | TradeClosed
    | TradeStuck
    | DoubtResolved
    | PositionAdopted
    | PositionHandedOver
)
Event = (
    TradeEvent
    | TradeRefused
    | PriceHeld
    | PriceResolved
    | PriceDropped
    | InstrumentBlind
    | InstrumentSeen
    | InstrumentChanged
    | InstrumentRefused
    | FeedBroke
    | FeedCame
    | BookDiffers
    | PositionFrozen
    | PositionThawed
    | OutsideTraded
    | OrderRests
    | PositionFound
    | PositionIgnored
    | PositionGone
    | Halted
    | HaltRefused
    | NothingIsSent
    | Released
)
