"""What the bodies of requests and answers look like, for the description of the API.

Requests are read by the same functions that read files (tradebot/core/words/fields.py), whose
refusals name the key and what is allowed; these structs say to programs what those read.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tradebot.core.guard.trades import PastStop, PriceSource, Reason, Side, Status

_LEVEL = r"\d{1,15}(\.\d{1,15})?"
_LEVEL_PATTERN = rf"^\s*(@{_LEVEL}|{_LEVEL}(%|pts))\s*$"
_EXAMPLE_TIME = "2026-01-05T03:45:00.000000Z"

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(min_length=1, max_length=32)]
Strategy = Annotated[str, Meta(max_length=64)]
Level = Annotated[
    str,
    Meta(
        pattern=_LEVEL_PATTERN,
        description='"1.5%" (percent), "12.5pts" (a distance in price) or "@812.5" (a price)',
        examples=["1.5%", "12.5pts", "@812.5"],
    ),
]
Distance = Annotated[
    str,
    Meta(
        pattern=rf"^\s*{_LEVEL}(%|pts)\s*$",
        description='"1.5%" or "12.5pts"',
        examples=["1.5%", "12.5pts"],
    ),
]
Number = (
    Annotated[
        float,
        Meta(gt=0, le=1e15, description="exact: enters through its shortest text"),
    ]
    | Annotated[str, Meta(pattern=r"^[0-9]{1,16}(\.[0-9]{1,18})?$")]
)
Limit = (
    Annotated[int, Meta(ge=1, le=1_000)]
    | Annotated[str, Meta(pattern=r"^[0-9]{1,9}$", description="the same as text")]
)
Cursor = Annotated[
    str, Meta(pattern=r"^[0-9]{1,18}$", description="`next` of an earlier answer; null at the end")
]
Moment = (
    Annotated[str, Meta(description="ISO 8601 with a zone, or nanoseconds UTC as text")]
    | Annotated[int, Meta(ge=10**17, description="nanoseconds UTC")]
)
Time = Annotated[str, Meta(description="ISO 8601 in UTC", examples=[_EXAMPLE_TIME])]
ApiKey = Annotated[Any, Meta(description="the key, where no X-API-Key is sent")]


class TargetPart(Struct, kw_only=True, forbid_unknown_fields=True):
    """One price at which a part of a trade takes its profit."""

    at: Level
    quantity: Number | None = None


class Trail(Struct, kw_only=True, forbid_unknown_fields=True):
    """A stop that follows the best price."""

    by: Distance
    activation: Distance | None = None
    step: Distance | None = None


class Breakeven(Struct, kw_only=True, forbid_unknown_fields=True):
    """One move of the stop to the entry, plus charges, plus `lock`."""

    at: Distance
    lock: Distance | None = None


class TimeExit(Struct, kw_only=True, forbid_unknown_fields=True):
    """Leave after a duration, or at a time of day in the exchange's zone: one of the two."""

    after: (
        Annotated[
            str,
            Meta(pattern=r"^\s*\d{1,9}(\.\d{1,9})?(ms|s|m|h|d)\s*$", examples=["45m"]),
        ]
        | None
    ) = None
    at: (
        Annotated[str, Meta(pattern=r"^\s*([01]\d|2[0-3]):[0-5]\d\s*$", examples=["15:10"])] | None
    ) = None


# The pattern stands aside: msgspec 0.22 writes past its memory where a text with a pattern
# and a list are one union (tests/api/test_schema.py would show it by dying).
_LevelText = Annotated[str, Meta(extra_json_schema={"pattern": _LEVEL_PATTERN})]
Targets = _LevelText | Annotated[list[TargetPart], Meta(min_length=1, max_length=20)]


class CreateTrade(Struct, kw_only=True, forbid_unknown_fields=True):
    """A trade to guard: a position that exists, or the order whose fills make one.

    Either `order_id`, or `entry_price` and `quantity`.
    """

    exchange: Annotated[str, Meta(min_length=1, max_length=32, pattern="^[^:]*$")]
    symbol: Name
    side: Side
    order_id: Name | None = None
    entry_price: Number | None = None
    quantity: Number | None = None
    stop: Level | None = None
    target: Targets | None = None
    trail: Trail | None = None
    breakeven: Breakeven | None = None
    time_exit: TimeExit | None = None
    trade_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = None
    account: Name | None = None
    strategy: Strategy | None = None
    product: Word | None = None
    past_stop: PastStop | None = None
    price_source: PriceSource | None = None
    tag: Annotated[str, Meta(max_length=200)] | None = None
    apikey: ApiKey = None


class UpdateTrade(Struct, kw_only=True, forbid_unknown_fields=True):
    """Rules to replace; null takes one away, and what is left out stays. At least one."""

    trade_id: Name
    stop: Level | None = None
    target: Targets | None = None
    trail: Trail | None = None
    breakeven: Breakeven | None = None
    time_exit: TimeExit | None = None
    apikey: ApiKey = None


class ExitTrade(Struct, kw_only=True, forbid_unknown_fields=True):
    """A trade to leave now."""

    trade_id: Name
    apikey: ApiKey = None


class ActiveTradesQuestion(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which open trades."""

    limit: Limit | None = None
    cursor: Cursor | None = None
    strategy: Strategy | None = None
    apikey: ApiKey = None


class TradeHistoryQuestion(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which trades that are over: closed at `from` or later, and before `to`."""

    limit: Limit | None = None
    cursor: Cursor | None = None
    from_: Moment | None = msgspec.field(name="from", default=None)
    to: Moment | None = None
    strategy: Strategy | None = None
    reason: Reason | None = None
    apikey: ApiKey = None


class PaperOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    """An order for the paper exchange: at the market, or one that waits for a price."""

    exchange: Word
    symbol: Name
    side: Literal["BUY", "SELL"]
    quantity: Number
    price: Annotated[Number | None, Meta(description="of a limit order")] = None
    trigger: Annotated[Number | None, Meta(description="of a stop: at the market from there")] = (
        None
    )
    account: Name | None = None
    product: Word | None = None
    apikey: ApiKey = None


class _Told(Struct, kw_only=True):
    trade_id: str
    account: str
    strategy: str
    exchange: str
    symbol: str
    product: str
    side: Side
    quantity: Annotated[float, Meta(description="units: open now; of a trade that is over, all")]
    entry_price: Annotated[float | None, Meta(description="average of the filled entry")]
    status: Status
    reason: Reason | None
    realized_pnl: Annotated[float, Meta(description="before charges")]
    opened_at: Time | None
    order_id: str | None
    tag: str
    version: Annotated[int, Meta(description="one more at each change: the ETag")]
    stop: Level | UnsetType = UNSET
    target: Targets | UnsetType = UNSET
    trail: Trail | UnsetType = UNSET
    breakeven: Breakeven | UnsetType = UNSET
    time_exit: TimeExit | UnsetType = UNSET


Flag = Literal["suspect", "blind", "in_doubt", "resting", "stuck", "frozen", "unguarded", "reduced"]


class ActiveTrade(_Told, kw_only=True):
    """A trade that is not over, as it stands at this moment."""

    left_by_others: Annotated[float, Meta(description="units that are not held any more")]
    flags: list[Flag]
    unguarded_s: Annotated[float, Meta(description="today, with units that nothing guarded")]
    blind_s: Annotated[float, Meta(description="today, without a fit price")]
    ltp: float | None
    ltp_age_ms: Annotated[int | None, Meta(description="for how long no fit price has come")]
    unrealized_pnl: Annotated[float | None, Meta(description="before charges")]
    stop_level: Annotated[float | None, Meta(description="the stop that acts first, as a price")]
    stop_reason: Literal["stop", "breakeven", "trail"] | None
    target_level: float | None
    trail_level: float | None
    best_price: Annotated[float | None, Meta(description="high-water mark of an active trail")]
    created_at: Time
    time_exit_at: Time | None
    past_stop: PastStop
    price_source: PriceSource


class ClosedTrade(_Told, kw_only=True):
    """A trade that is over."""

    exit_price: Annotated[float | None, Meta(description="average of the exits")]
    closed_at: Time | None


class ActiveTrades(Struct, kw_only=True):
    """A page of open trades, oldest first."""

    trades: list[ActiveTrade]
    next: Cursor | None


class TradeHistory(Struct, kw_only=True):
    """A page of trades that are over, newest first; it may be short and still have a `next`."""

    trades: list[ClosedTrade]
    next: Cursor | None


class Exit(Struct, kw_only=True):
    """An exit that was decided; it is empty where one was decided before."""

    trade_id: str
    status: Literal["TRIGGERED"]
    quantity: Annotated[float, Meta(description="units that this request leaves")]
    orders: Annotated[list[str], Meta(description="client order ids")]


class Line(Struct, kw_only=True):
    """One line of a trade's story; further keys belong to its event."""

    event: str
    text: str
    at: Time


class Outlook(Struct, kw_only=True):
    """What may come next."""

    what: str
    level: float | None
    away: Annotated[float | None, Meta(description="percent of the LTP")]
    text: str


class Story(Struct, kw_only=True):
    """How a trade came to where it is, and what may come."""

    trade: Annotated[dict[str, Any], Meta(description="as the lists tell it")]
    lines: list[Line]
    outlook: list[Outlook]
    complete: Annotated[bool, Meta(description="false: the database could not be read")]


class Instrument(Struct, kw_only=True):
    """What can be traded."""

    exchange: str
    symbol: str
    kind: str
    tick_size: float
    lot_size: float
    multiplier: float
    freeze_quantity: float | None
    ltp: float | None
    ltp_age_ms: int | None
    ltp_at: Time | None
    trades: Annotated[int, Meta(description="open trades on it")]


class Instruments(Struct, kw_only=True):
    """A page of instruments."""

    instruments: list[Instrument]
    next: str | None


class PaperOrderId(Struct, kw_only=True):
    """The id of an order that was taken."""

    order_id: str


class PaperOrderReport(Struct, kw_only=True):
    """An order at the paper exchange."""

    order_id: str
    client_order_id: str | None
    account: str
    exchange: str
    symbol: str
    product: str
    side: Literal["BUY", "SELL"]
    quantity: float
    filled: float
    state: str
    at: Time
    message: str
    price: float | None
    trigger: float | None


class PaperOrders(Struct, kw_only=True):
    """The newest orders, newest first."""

    orders: list[PaperOrderReport]


class PaperPosition(Struct, kw_only=True):
    """A net position at the paper exchange."""

    account: str
    exchange: str
    symbol: str
    product: str
    quantity: Annotated[float, Meta(description="signed units")]


class PaperPositions(Struct, kw_only=True):
    """Every net that is not flat."""

    positions: list[PaperPosition]


class Health(Struct, kw_only=True):
    """The process answers."""

    alive: Literal[True]


class Ready(Struct, kw_only=True):
    """How far the daemon is, and why no further."""

    state: str
    reasons: list[str]
    mode: str
    version: str


class Error(Struct, kw_only=True):
    """What went wrong: a word for programs, a sentence for people, and a trace for the log."""

    status: Literal["error"]
    error_code: str
    message: str
    trace_id: str
    details: dict[str, Any]
