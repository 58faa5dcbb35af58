"""What the bodies about positions without a trade look like, for the description of the API."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tradebot.api.schema import (
    ApiKey,
    Breakeven,
    Level,
    Number,
    Strategy,
    Targets,
    Time,
    TimeExit,
    Trail,
)
from tradebot.core.adoption.found import Origin
from tradebot.core.guard.trades import PastStop, PriceSource, Side


class FoundPosition(Struct, kw_only=True):
    """A position at the broker that no trade guards."""

    found_id: Annotated[str, Meta(examples=["NSE:SBIN:MIS"])]
    account: str
    exchange: str
    symbol: str
    product: str
    side: Side
    quantity: float
    average_price: Annotated[float | None, Meta(description="null: the broker does not say it")]
    origin: Annotated[
        Origin,
        Meta(
            description="`existing`: there at the first start; `new`: opened since, as its "
            "executions say; `unseen`: nobody has told how it came"
        ),
    ]
    state: Literal["waiting", "ignored"]
    why: Annotated[str, Meta(description="it waits; empty where it is ignored")]
    strategy: Annotated[str | None, Meta(description="the first whose match it fits")]
    since: Time


class FoundList(Struct, kw_only=True):
    """All of them, oldest first."""

    found: list[FoundPosition]


class AdoptFound(Struct, kw_only=True, forbid_unknown_fields=True):
    """The rules of its trade; without any those of ``strategy``, or else of the one it fits."""

    stop: Level | None = None
    target: Targets | None = None
    trail: Trail | None = None
    breakeven: Breakeven | None = None
    time_exit: TimeExit | None = None
    entry_price: Annotated[
        Number | None, Meta(description="where the broker says no average, or a wrong one")
    ] = None
    strategy: Strategy | None = None
    past_stop: PastStop | None = None
    price_source: PriceSource | None = None
    tag: Annotated[str, Meta(max_length=200)] | None = None
    apikey: ApiKey = None


class IgnoreFound(Struct, kw_only=True, forbid_unknown_fields=True):
    """Nothing more needs to be said."""

    apikey: ApiKey = None
