"""What becomes known of instruments: events that belong to no single trade."""

from decimal import Decimal

import msgspec


class InstrumentChanged(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The exchange changed what a guarded instrument is traded in.

    Levels stay where they are; orders go out on the new ticks, in the new lots and slices.
    """

    instrument: str
    tick_size: Decimal
    tick_size_was: Decimal
    lot_size: Decimal
    lot_size_was: Decimal | None  # None: nobody had said it in this life
    freeze_quantity: Decimal | None
    freeze_quantity_was: Decimal | None
    trades: int  # that are guarded on it
    at_ns: int


class InstrumentRefused(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A description cannot be true: what was known before stays in force."""

    instrument: str
    why: str
    at_ns: int


class ExitWaitsForOpen(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An exit is decided while its exchange is closed: it leaves at the open."""

    trade_id: str
    exit: int
    quantity: Decimal  # that is still to leave
    opens_at_ns: int
    at_ns: int


class TradePaused(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The close before this session is not ours: no price leaves the trade until a person says."""

    trade_id: str
    instrument: str
    close: float  # the last price of the session before, as we saw it
    prev_close: float  # as the exchange has it now
    ltp: float
    unsure: bool = False  # it may as well be a close of the day before, from a broker behind
    at_ns: int
