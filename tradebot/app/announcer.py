"""Events as lines of the log: one event a line, with a name that never changes."""

import enum
import math
from decimal import Decimal

import msgspec

from tradebot.core import events as ev
from tradebot.core.adoption import found_events as fe
from tradebot.core.market.instrument_events import (
    ExitWaitsForOpen,
    InstrumentChanged,
    InstrumentRefused,
    TradePaused,
)
from tradebot.core.money import exact, plain
from tradebot.ports import Say

NAMES: dict[type, tuple[str, str]] = {
    ev.TradeCreated: ("trade.created", "info"),
    ev.TradeRefused: ("trade.refused", "warning"),
    ev.EntryFilled: ("entry.filled", "info"),
    ev.EntryDied: ("entry.died", "warning"),
    ev.RulesChanged: ("rules.changed", "warning"),
    ev.TrailActivated: ("trail.activated", "info"),
    ev.BreakevenReached: ("breakeven.reached", "info"),
    ev.PastStopFound: ("stop.passed", "warning"),
    TradePaused: ("trade.paused", "critical"),
    ev.ExitDecided: ("exit.decided", "info"),
    ev.ExitHeldBack: ("exit.held_back", "warning"),
    ExitWaitsForOpen: ("exit.waits_for_open", "warning"),
    ev.CancelAsked: ("cancel.asked", "warning"),
    ev.ExitSent: ("exit.sent", "info"),
    ev.ExitAnswered: ("exit.answered", "info"),
    ev.ExitFilled: ("exit.filled", "info"),
    ev.TradeClosed: ("trade.closed", "info"),
    ev.TradeStuck: ("trade.stuck", "critical"),
    ev.DoubtResolved: ("doubt.resolved", "warning"),
    ev.PriceHeld: ("price.held", "warning"),
    ev.PriceResolved: ("price.resolved", "info"),
    ev.PriceDropped: ("price.dropped", "warning"),
    ev.InstrumentBlind: ("instrument.blind", "error"),
    ev.InstrumentSeen: ("instrument.seen", "warning"),
    InstrumentChanged: ("instrument.changed", "warning"),
    InstrumentRefused: ("instrument.refused", "warning"),
    ev.FeedBroke: ("feed.broke", "error"),
    ev.FeedCame: ("feed.came", "info"),
    ev.BookDiffers: ("book.differs", "warning"),
    ev.PositionFrozen: ("position.frozen", "critical"),
    ev.PositionThawed: ("position.thawed", "warning"),
    ev.OutsideTraded: ("outside.traded", "info"),
    ev.OrderRests: ("order.rests", "warning"),
    fe.PositionFound: ("position.found", "warning"),
    fe.PositionAdopted: ("position.adopted", "warning"),
    fe.PositionHandedOver: ("position.handed_over", "warning"),
    fe.PositionIgnored: ("position.ignored", "warning"),
    fe.PositionGone: ("position.gone", "info"),
    ev.Halted: ("halt.set", "warning"),
    ev.HaltRefused: ("halt.refused", "warning"),
    ev.NothingIsSent: ("halt.everything", "critical"),
    ev.Released: ("halt.released", "warning"),
}


def announce(say: Say, event: ev.Event) -> None:
    """Write an event as one line; an exit that was not simply taken is a warning."""
    name, level = NAMES[type(event)]
    if isinstance(event, ev.ExitAnswered) and event.outcome != "acked":
        level = "warning"
    fields = {
        key: _text(value)
        for key, value in msgspec.structs.asdict(event).items()
        if value is not None and key not in _UNSAID
    }
    if isinstance(event, ev.ExitDecided):
        fields["stops"] = ",".join(f"{c.reason.value}@{plain(c.level)}" for c in event.candidates)
        if event.received_ns is not None:
            fields["age_ms"] = max(0, event.at_ns - event.received_ns) // 1_000_000
    say(name, level, **fields)


# Times are the log's own; what a decision was made of has words of its own.
_UNSAID = frozenset({"at_ns", "candidates", "tick_at_ns", "received_ns"})


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float) and math.isfinite(value):
        return plain(exact(value))
    return value.value if isinstance(value, enum.Enum) else value
