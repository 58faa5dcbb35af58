"""Which events a person is alerted of, as a table.

A trade's own life (created, filled, its trail moved) is its story and no alert: what is told
too often is read by nobody. What ends a trade is told as information.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tradebot.core import events as ev
from tradebot.core.adoption import found_events as fe
from tradebot.core.alerting.alerts import Category, Change, Over, Raised, Severity
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import OrderSide
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instrument_events import (
    ExitWaitsForOpen,
    InstrumentChanged,
    InstrumentRefused,
    TradePaused,
)
from tradebot.core.money import exact, plain

HALT = "halt"
_INFO, _WARNING, _CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
_PAST_STOP = {
    "exit": "it is left at once",
    "ask": "it is unguarded until a person gives it rules or leaves it",
    "from_here": "its stop is set at its distance from this price",
}
_ACTIONS = {  # whether a close of the day before would look the same
    False: "a split, a bonus?",
    True: "a dividend, a small bonus, or a close of the day before that the broker still says?",
}
_SIDES = {OrderSide.BUY: "bought", OrderSide.SELL: "sold"}

QUIET = frozenset(
    {
        ev.TradeCreated,
        ev.TradeRefused,  # whoever asked for it was answered
        ev.EntryFilled,
        ev.TrailActivated,
        ev.BreakevenReached,
        ev.CancelAsked,  # of what is held back an alert tells already
        ev.ExitSent,
        ev.ExitFilled,
        ev.PriceHeld,
        ev.PriceResolved,
        ev.PriceDropped,
        ev.HaltRefused,
        fe.PositionHandedOver,
    }
)


def changes_of(event: ev.Event) -> tuple[Change, ...]:
    """Return what an event changes about the alerts; mostly nothing."""
    rule = RULES.get(type(event))
    return () if rule is None else rule(event)


def _of_trade(
    trade_id: str, what: str, severity: Severity, text: str, *, lasts: bool = False, **more: bool
) -> Raised:
    return Raised(
        key=f"{what}:{trade_id}",
        category=Category.TRADE,
        severity=severity,
        text=f"{trade_id}: {text}",
        trade_id=trade_id,
        lasts=lasts,
        **more,
    )


def _entry_died(event: ev.EntryDied) -> tuple[Change, ...]:
    text = f"the entry order ended without a fill: {event.why}"
    return (_of_trade(event.trade_id, "entry", _WARNING, text),)


def _rules_changed(event: ev.RulesChanged) -> tuple[Change, ...]:
    return (Over(key=f"past_stop:{event.trade_id}"),)


def _past_stop(event: ev.PastStopFound) -> tuple[Change, ...]:
    asks = event.answer == "ask"
    text = (
        f"LTP {_price(event.ltp)} is beyond its stop {plain(event.stop)}: "
        f"{_PAST_STOP.get(event.answer, event.answer)}"
    )
    severity = _CRITICAL if asks else _WARNING
    return (_of_trade(event.trade_id, "past_stop", severity, text, lasts=asks),)


def _paused(event: TradePaused) -> tuple[Change, ...]:
    text = (
        f"the close before today is {_price(event.prev_close)}, and was {_price(event.close)} here "
        f"({_ACTIONS[event.unsure]}): no price leaves it until its levels are set anew"
    )
    return (_of_trade(event.trade_id, "past_stop", _CRITICAL, text, lasts=True),)


def _exit_decided(event: ev.ExitDecided) -> tuple[Change, ...]:
    return (Over(key=f"past_stop:{event.trade_id}"),)


def _held_back(event: ev.ExitHeldBack) -> tuple[Change, ...]:
    text = (
        f"orders of others may still fill {plain(event.resting)} of the "
        f"{plain(event.quantity)} that exit {event.exit} is to leave"
    )
    return (_of_trade(event.trade_id, "held_back", _WARNING, text),)


def _waits(event: ExitWaitsForOpen) -> tuple[Change, ...]:
    text = f"exit {event.exit} of {plain(event.quantity)} waits for its exchange to open"
    return (_of_trade(event.trade_id, "waits", _WARNING, text),)


def _answered(event: ev.ExitAnswered) -> tuple[Change, ...]:
    if event.outcome == "acked":
        return ()
    # Somebody has to approve it at the broker, and until then nothing leaves.
    severity = _CRITICAL if event.outcome == "queued" else _WARNING
    said = f": {event.message}" if event.message else ""
    text = f"the broker's answer to {event.client_order_id} was {event.outcome}{said}"
    return (_of_trade(event.trade_id, "answer", severity, text),)


def _closed(event: ev.TradeClosed) -> tuple[Change, ...]:
    ends: tuple[Change, ...] = tuple(
        Over(key=f"{what}:{event.trade_id}") for what in ("stuck", "past_stop")
    )
    if event.status is Status.NEVER_FILLED:  # that its entry died was told
        return ends
    by = "" if event.reason is None else f" by {event.reason.value}"
    at = "" if event.exit_price is None else f" at {plain(event.exit_price)}"
    elsewhere = " outside of this program" if event.status is Status.CLOSED_EXTERNAL else ""
    text = f"closed{elsewhere}{by}{at}, P&L {_signed(event.realized_pnl)} before charges"
    return (*ends, _of_trade(event.trade_id, "closed", _INFO, text))


def _stuck(event: ev.TradeStuck) -> tuple[Change, ...]:
    text = f"its exit needs a person: {event.why}"
    return (_of_trade(event.trade_id, "stuck", _CRITICAL, text, lasts=True, is_repeated=True),)


def _resolved(event: ev.DoubtResolved) -> tuple[Change, ...]:
    return (Over(key=f"stuck:{event.trade_id}"),)


def _blind(event: ev.InstrumentBlind) -> tuple[Change, ...]:
    return (
        Raised(
            key=f"blind:{event.instrument}",
            category=Category.SYSTEM,
            severity=_CRITICAL,
            text=f"{event.instrument} has no fit price for {event.age_ns // 10**9} s: "
            "no stop on it can be reached",
            lasts=True,
        ),
    )


def _seen(event: ev.InstrumentSeen) -> tuple[Change, ...]:
    return (Over(key=f"blind:{event.instrument}"),)


def _instrument_changed(event: InstrumentChanged) -> tuple[Change, ...]:
    sizes = (
        ("tick size", event.tick_size_was, event.tick_size),
        ("lot size", event.lot_size_was, event.lot_size),
        ("freeze quantity", event.freeze_quantity_was, event.freeze_quantity),
    )
    # One that nobody had told in this life has not changed.
    changed = ", ".join(
        f"{what} {plain(was)} is {'none' if now is None else plain(now)} now"
        for what, was, now in sizes
        if was is not None and was != now
    )
    more = changed or "what the exchange takes in one order is bounded now"
    text = f"{event.instrument}: {more}; the levels of its {event.trades} trades stay"
    return (_of_instrument("changed", event.instrument, text),)


def _instrument_refused(event: InstrumentRefused) -> tuple[Change, ...]:
    text = f"{event.instrument}: a description is refused, the one before stays: {event.why}"
    return (_of_instrument("refused", event.instrument, text),)


def _of_instrument(what: str, instrument: str, text: str) -> Raised:
    key = f"{what}:{instrument}"
    return Raised(key=key, category=Category.SYSTEM, severity=_WARNING, text=text)


def _feed_broke(event: ev.FeedBroke) -> tuple[Change, ...]:
    text = f"the feed is down: {event.why}"
    return (Raised(key="feed", category=Category.SYSTEM, severity=_WARNING, text=text, lasts=True),)


def _feed_came(_: ev.FeedCame) -> tuple[Change, ...]:
    return (Over(key="feed"),)


def _of_position(
    what: str, severity: Severity, text: str, *, lasts: bool = False, is_repeated: bool = False
) -> Raised:
    return Raised(
        key=what,
        category=Category.PORTFOLIO,
        severity=severity,
        text=text,
        lasts=lasts,
        is_repeated=is_repeated,
    )


def _differs(event: ev.BookDiffers) -> tuple[Change, ...]:
    text = (
        f"{event.instrument}: the broker's net is {plain(event.broker)}, "
        f"and what we have seen makes {plain(event.ours)}"
    )
    return (_of_position(f"differs:{event.instrument}", _WARNING, text),)


def _frozen(event: ev.PositionFrozen) -> tuple[Change, ...]:
    text = (
        f"{event.instrument}: nothing is sent, {event.why} for {event.frozen_s} s, "
        f"and {event.exits_waiting} exits wait"
    )
    key = f"frozen:{event.instrument}"
    return (_of_position(key, _CRITICAL, text, lasts=True, is_repeated=True),)


def _thawed(event: ev.PositionThawed) -> tuple[Change, ...]:
    return (Over(key=f"frozen:{event.instrument}"),)


def _outside(event: ev.OutsideTraded) -> tuple[Change, ...]:
    text = (
        f"{event.instrument}: somebody else {_SIDES[event.side]} {plain(event.quantity)}, "
        f"the net is {plain(event.net)}"
    )
    return (_of_position(f"outside:{event.instrument}", _INFO, text),)


def _found(event: fe.PositionFound) -> tuple[Change, ...]:
    text = (
        f"{event.instrument} {event.product}: {plain(event.net)} at the broker are guarded by "
        f"nobody, {event.why}"
    )
    return (_of_position(_found_key(event), _WARNING, text, lasts=True, is_repeated=True),)


def _adopted(event: fe.PositionAdopted) -> tuple[Change, ...]:
    text = f"{plain(event.net)} that were found at the broker are guarded from now on"
    return Over(key=_found_key(event)), _of_trade(event.trade_id, "adopted", _INFO, text)


def _not_found(event: fe.PositionIgnored | fe.PositionGone) -> tuple[Change, ...]:
    return (Over(key=_found_key(event)),)


def _found_key(
    event: fe.PositionFound | fe.PositionAdopted | fe.PositionIgnored | fe.PositionGone,
) -> str:
    return f"found:{event.instrument}:{event.product}"


def _rests(event: ev.OrderRests) -> tuple[Change, ...]:
    text = (
        f"{event.instrument}: order {event.order_id} is not ours and waits at the broker, "
        f"{event.side.value} {plain(event.quantity)}"
    )
    return (_of_position(f"rests:{event.order_id}", _WARNING, text),)


def _halted(event: ev.Halted) -> tuple[Change, ...]:
    text = f"halted ({event.form.value}): {event.why}"
    severity = _CRITICAL if event.form is Form.EVERYTHING else _WARNING
    return (_of_position(HALT, severity, text, lasts=True),)


def _nothing_sent(event: ev.NothingIsSent) -> tuple[Change, ...]:
    text = (
        f"halted (everything) for {event.halted_s} s: no stop leaves, "
        f"and {event.exits_waiting} exits wait"
    )
    return (_of_position(HALT, _CRITICAL, text, lasts=True),)


def _released(_: ev.Released) -> tuple[Change, ...]:
    return (Over(key=HALT),)


def _price(ltp: float) -> str:
    return plain(exact(ltp))


def _signed(amount: Decimal) -> str:
    return f"+{plain(amount)}" if amount > 0 else plain(amount)


# Any: each rule takes the very event under which it stands; a test holds the table to that.
RULES: Mapping[type, Callable[[Any], tuple[Change, ...]]] = {
    ev.EntryDied: _entry_died,
    ev.RulesChanged: _rules_changed,
    ev.PastStopFound: _past_stop,
    TradePaused: _paused,
    ev.ExitDecided: _exit_decided,
    ev.ExitHeldBack: _held_back,
    ExitWaitsForOpen: _waits,
    ev.ExitAnswered: _answered,
    ev.TradeClosed: _closed,
    ev.TradeStuck: _stuck,
    ev.DoubtResolved: _resolved,
    ev.InstrumentBlind: _blind,
    ev.InstrumentSeen: _seen,
    InstrumentChanged: _instrument_changed,
    InstrumentRefused: _instrument_refused,
    ev.FeedBroke: _feed_broke,
    ev.FeedCame: _feed_came,
    ev.BookDiffers: _differs,
    ev.PositionFrozen: _frozen,
    ev.PositionThawed: _thawed,
    ev.OutsideTraded: _outside,
    ev.OrderRests: _rests,
    fe.PositionFound: _found,
    fe.PositionAdopted: _adopted,
    fe.PositionIgnored: _not_found,
    fe.PositionGone: _not_found,
    ev.Halted: _halted,
    ev.NothingIsSent: _nothing_sent,
    ev.Released: _released,
}
