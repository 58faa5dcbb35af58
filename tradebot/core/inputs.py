"""What the world tells the engine. Time comes with the input: the core has no clock."""

import enum
from decimal import Decimal

import msgspec

from tradebot.core.guard.trades import PastStop, PriceSource, Reason, Rules, TradeRequest
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.policy import Policy


class Tick(msgspec.Struct, frozen=True, gc=False):
    """One last traded price from a feed."""

    instrument: str  # "EXCHANGE:SYMBOL"
    ltp: float  # rupees, dollars, ...: quote currency per unit, as the feed sent it
    at_ns: int  # the exchange's time, else the time of receipt; nanoseconds UTC
    received_ns: int  # our clock at receipt; equals at_ns in a replay
    bid: float | None = None
    ask: float | None = None
    seq: int = 0  # the feed's own count, ascending; a resumed feed continues after it


class Timer(msgspec.Struct, frozen=True):
    """The clock moved to ``at_ns``: deadlines, staleness and retries are judged."""

    at_ns: int


class CreateTrade(msgspec.Struct, frozen=True, kw_only=True):
    """Guard this trade from now on."""

    request: TradeRequest
    at_ns: int
    opened_at_ns: int | None = None  # replays: when the entry filled; None: at_ns
    strict: bool = False  # refuse levels on the wrong side (a planned entry, a replay)


class UpdateTrade(msgspec.Struct, frozen=True, kw_only=True):
    """Replace a trade's rules; marks that the old rules reached stay."""

    trade_id: str
    rules: Rules
    at_ns: int


class ExitTrade(msgspec.Struct, frozen=True, kw_only=True):
    """Leave a trade now, whatever its levels say."""

    trade_id: str
    at_ns: int
    reason: Reason = Reason.MANUAL


class OrderSide(enum.StrEnum):
    """The direction of an order or an execution."""

    BUY = "BUY"
    SELL = "SELL"

    def __init__(self, text: str) -> None:
        """Know the sign: +1 for a purchase, -1 for a sale."""
        self.sign = 1 if text == "BUY" else -1


class Execution(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fill, as the broker reported it. Never edited, only appended."""

    execution_id: str  # the broker's; the same fill seen twice carries it twice
    order_id: str  # the broker's
    client_order_id: str | None  # ours, where the broker carries it
    key: NetKey
    side: OrderSide
    quantity: Decimal  # units, > 0
    price: Decimal
    at_ns: int


class OrderState(enum.StrEnum):
    """What the broker says of an order."""

    OPEN = "open"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether no further execution is expected."""
        return self is not OrderState.OPEN


class OrderReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The broker's word on one order, pushed or asked for."""

    order_id: str
    client_order_id: str | None
    key: NetKey
    side: OrderSide
    quantity: Decimal
    filled: Decimal  # cumulative
    state: OrderState
    at_ns: int  # when the order last changed, by the broker's clock
    message: str = ""
    price: Decimal | None = None  # the limit, where it has one
    trigger: Decimal | None = None  # it waits until this price trades, where it has one
    apart: bool = False  # in a book of its own: it is no sign that the order book was read


class NotSent(msgspec.Struct, frozen=True, tag=True):
    """Refused before any byte of it could act: nothing is on the wire."""

    message: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The broker refused it; it will never fill."""

    message: str


class Acked(msgspec.Struct, frozen=True, tag=True):
    """The broker has it. It says nothing of fills."""

    order_id: str


class NoAction(msgspec.Struct, frozen=True, tag=True):
    """The broker claims there is nothing to do; believed only when positions agree."""

    message: str


class Queued(msgspec.Struct, frozen=True, tag=True):
    """It waits for somebody's approval at the broker: it is not placed."""

    message: str


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """No clear answer: the order may be alive. Ask, never send again."""

    message: str


Outcome = NotSent | Refused | Acked | NoAction | Queued | Unknown


class PlaceReply(msgspec.Struct, frozen=True, kw_only=True):
    """How a request to place an order ended."""

    client_order_id: str
    outcome: Outcome
    at_ns: int


class QueryReply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a query by our client order id."""

    client_order_id: str
    report: OrderReport | None  # None with ``answered``: the broker has never seen it
    answered: bool  # False: the query itself failed and says nothing
    at_ns: int


class BookReply(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's order book of the day, read on request."""

    orders: tuple[OrderReport, ...] | None  # None: the read failed, and says nothing
    at_ns: int


class ExecutionsRead(msgspec.Struct, frozen=True, kw_only=True):
    """A read of the day's executions is over; what it brought came before this."""

    is_read: bool  # False: the broker did not answer, or not within a second
    at_ns: int


class OrderChannel(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the broker tells by itself what anybody executes, from now on."""

    up: bool  # True: what executed before this has been delivered
    at_ns: int


class PositionsReply(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's net of one key, read on request."""

    key: NetKey
    net: Decimal | None  # signed units; None: the read failed, and says nothing
    at_ns: int


class NetPosition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the broker says that the account holds on one key."""

    key: NetKey
    net: Decimal  # signed units; nothing where the broker still lists what is flat
    average: Decimal | None = None  # the entry price per unit; None: it does not say
    ltp: float | None = None


class AccountReply(msgspec.Struct, frozen=True, kw_only=True):
    """All that the broker says the account holds, read on request."""

    positions: tuple[NetPosition, ...] | None  # None: the read failed, and says nothing
    at_ns: int


class Adopt(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word: guard this position by these rules."""

    key: NetKey
    rules: Rules | None  # None: those of the strategy that it fits
    at_ns: int
    entry_price: Decimal | None = None  # None: the broker's average
    strategy: str | None = None  # None: the one that it fits
    past_stop: PastStop | None = None  # None: as the settings say
    price_source: PriceSource = PriceSource.LAST
    tag: str = ""


class IgnoreFound(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word: leave this position alone."""

    key: NetKey
    at_ns: int


class QuoteReply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the second price source to ``AskQuote``."""

    instrument: str
    ltp: float | None  # None: it has no price, or did not answer
    at_ns: int
    received_ns: int
    prev_close: float | None = None  # what the exchange takes for it; None: it does not say


class FeedState(msgspec.Struct, frozen=True, kw_only=True):
    """The feed connected or broke."""

    up: bool
    at_ns: int
    why: str = ""


class InstrumentsLoaded(msgspec.Struct, frozen=True):
    """Instrument data from the broker or a file; replaces what was known of each."""

    instruments: tuple[Instrument, ...]


class PolicyChanged(msgspec.Struct, frozen=True):
    """The operator's settings of prices and sessions changed."""

    policy: Policy


class ClockSet(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody set the machine's clock; the time of the inputs goes on as if nobody had."""

    skew_ns: int  # that clock less the time of the inputs, from now on
    at_ns: int


class HaltTrading(msgspec.Struct, frozen=True, kw_only=True):
    """Stop some of it, or all, until somebody releases it."""

    form: Form
    why: str
    at_ns: int


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """End the halt."""

    why: str
    at_ns: int


class Verdict(enum.StrEnum):
    """What a person found who looked at the broker for us."""

    DONE = "done"  # what the exit was to leave has left
    RESEND = "resend"  # no order of it is alive: send the next one


class Resolve(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word on the exits of a trade that are in doubt, or do not get through."""

    trade_id: str
    verdict: Verdict
    order: str | None = None  # of one exit: "T17-x2", the order in question; None: of all
    why: str
    at_ns: int


class Reconcile(msgspec.Struct, frozen=True):
    """Compare our positions with the broker's now."""

    at_ns: int


Input = (
    Tick
    | Timer
    | CreateTrade
    | UpdateTrade
    | ExitTrade
    | Execution
    | OrderReport
    | PlaceReply
    | QueryReply
    | BookReply
    | ExecutionsRead
    | OrderChannel
    | PositionsReply
    | AccountReply
    | Adopt
    | IgnoreFound
    | QuoteReply
    | FeedState
    | InstrumentsLoaded
    | PolicyChanged
    | ClockSet
    | HaltTrading
    | Release
    | Resolve
    | Reconcile
)
