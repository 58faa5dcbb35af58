"""What the bodies about the guard itself look like, for the description of the API."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tradebot.api.halts import WHY_LENGTH_MAX
from tradebot.api.schema import ApiKey, Time
from tradebot.core.guard.trades import Side
from tradebot.core.inputs import Verdict
from tradebot.core.leaving.halt import Form

Why = Annotated[str, Meta(min_length=1, max_length=WHY_LENGTH_MAX, description="for the log")]


class SetHalt(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to stop, until somebody releases it."""

    form: Annotated[
        Form,
        Meta(
            description="`entries`: no new trades; `flatten`: leave every trade, then no new "
            "ones; `everything`: send nothing, exits included (needs a key of scope `admin`)"
        ),
    ]
    why: Why
    apikey: ApiKey = None


class ResolveDoubt(Struct, kw_only=True, forbid_unknown_fields=True):
    """What somebody found who looked at the broker."""

    trade_id: Annotated[str, Meta(min_length=1, max_length=64)]
    verdict: Annotated[
        Verdict,
        Meta(
            description="`done`: what the exit was to leave has left; `resend`: no order of it is "
            "alive, so the next one is sent, once the broker's position has been read"
        ),
    ]
    order: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="of one exit alone: its order, as the doubt names it (T17-x2)",
            ),
        ]
        | None
    ) = None
    why: Annotated[str, Meta(max_length=WHY_LENGTH_MAX, description="for the log")] = ""
    apikey: ApiKey = None


class Resolved(Struct, kw_only=True):
    """What a person's word ended."""

    trade_id: str
    verdict: Verdict
    exits: Annotated[list[int], Meta(description="whose doubt it was, as the story counts them")]
    is_open: Annotated[bool, Meta(description="whether the trade goes on")]


class Compare(Struct, kw_only=True, forbid_unknown_fields=True):
    """Nothing more needs to be said."""

    apikey: ApiKey = None


class ComparedPosition(Struct, kw_only=True):
    """One position with open trades, ours beside the broker's; long above 0, short below."""

    account: str
    exchange: str
    symbol: str
    product: str
    ours: Annotated[float, Meta(description="the sum of the executions that we know")]
    broker: Annotated[float | None, Meta(description="null: it did not answer")]
    guarded: Annotated[float, Meta(description="the sum of the open trades")]
    result: Literal["agreed", "differs", "not answered"]


class Comparison(Struct, kw_only=True):
    """Every position with open trades."""

    agreed: Annotated[bool, Meta(description="whether all of them are")]
    positions: list[ComparedPosition]


class MakeBackup(Struct, kw_only=True, forbid_unknown_fields=True):
    """Nothing more needs to be said."""

    apikey: ApiKey = None


class Backup(Struct, kw_only=True):
    """A backup that was made and read again."""

    file: Annotated[str, Meta(description="its name in the state directory's backups")]
    at: Time
    bytes: Annotated[int, Meta(ge=0)]
    frame: Annotated[int, Meta(ge=0, description="the last change in it, as the journal counts")]


class ReleaseHalt(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why it may go on."""

    why: Why
    apikey: ApiKey = None


class TradeCoverage(Struct, kw_only=True):
    """What of one trade nobody watched, in its session of one day."""

    trade_id: str
    instrument: str
    day: Annotated[str, Meta(description="the exchange's trading day")]
    open: Annotated[float, Meta(description="units; guarded and unguarded ones")]
    guarded: Annotated[float, Meta(description="units that a rule guards or an exit leaves")]
    unguarded: float
    unguarded_s: Annotated[float, Meta(description="seconds with units that nothing guarded")]
    blind_s: Annotated[float, Meta(description="seconds without a fit price")]


class Coverage(Struct, kw_only=True):
    """What nobody watched today; seconds are summed over trades."""

    trades_unguarded: Annotated[int, Meta(description="trades with unguarded units now")]
    unguarded_s: float
    blind_s: float
    trades: Annotated[list[TradeCoverage], Meta(description="the worst ones, the worst first")]


class Finding(Struct, kw_only=True):
    """What a look at one thing showed."""

    what: str
    level: Annotated[str, Meta(description="ok, warning or error")]
    text: str
    todo: Annotated[str, Meta(description="what a person does about it; empty: nothing")]


class BrokerLook(Struct, kw_only=True):
    """A look at the broker, in the order in which it was asked."""

    findings: list[Finding]


class ShadowExit(Struct, kw_only=True):
    """What a shadow has left of one trade, beside what the account did."""

    trade_id: str
    account: str
    exchange: str
    symbol: str
    product: str
    side: Annotated[Side, Meta(description="of the trade")]
    quantity: Annotated[float, Meta(description="units that left on paper")]
    exit_price: Annotated[float, Meta(description="the average at which they did")]
    at: Time
    ltp: Annotated[float | None, Meta(description="the price now; null: not known")]
    open: Annotated[float, Meta(description="units that the account still holds")]
    left: Annotated[float, Meta(description="units that the person has left since")]
    left_price: Annotated[float | None, Meta(description="the average at which he did")]
    saved: Annotated[
        float | None,
        Meta(
            description="what leaving would have saved, below 0 what it would have cost, against "
            "the person's own exit and the price now; null: not known"
        ),
    ]


class Shadow(Struct, kw_only=True):
    """What the exits of a shadow were worth, newest first; in other modes there are none."""

    exits: list[ShadowExit]
    saved: Annotated[float, Meta(description="all of them together")]


class Halt(Struct, kw_only=True):
    """The halt in force."""

    form: Annotated[Form | None, Meta(description="null: nothing is halted")]
    why: Annotated[str | None, Meta(description="of the halt, or of the last release")]
    at: Time | None
    exits_waiting: Annotated[int, Meta(description="decided, and not sent yet")]
