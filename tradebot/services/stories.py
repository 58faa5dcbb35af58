"""A trade's story in plain sentences."""

from decimal import Decimal

from tradebot.core import events as ev
from tradebot.core.adoption import found_events as fe
from tradebot.core.guard.trades import PriceSource, Reason, Status
from tradebot.core.inputs import OrderSide, Verdict
from tradebot.core.market.instrument_events import ExitWaitsForOpen, TradePaused
from tradebot.core.money import plain
from tradebot.core.policy import Persons
from tradebot.services.trade_json import iso, number

REASON_WORDS = {
    Reason.STOP: "the stop",
    Reason.BREAKEVEN: "the break-even stop",
    Reason.TRAIL: "the trail",
    Reason.TARGET: "the target",
    Reason.TIME: "the time exit",
    Reason.MANUAL: "a person",
    Reason.HALT: "the halt",
}
_SOURCES = {
    PriceSource.LAST: "LTP",
    PriceSource.EXIT_SIDE: "price of the exit side",
    PriceSource.MID: "mid price",
}
_ANSWERS = {
    "exit": "it is left at once",
    "ask": "it is unguarded until a person answers",
    "from_here": "its stop is set at its distance from this price",
}
_VERDICTS = {
    Verdict.DONE: "what it was to leave has left",
    Verdict.RESEND: "nothing of it is alive, so it is sent again",
}
_PERSONS = {
    Persons.ASK: "they are cancelled first",
    Persons.CANCEL_FIRST: "they are cancelled first",
    Persons.LEAVE: "they are left to it",
}
_MAY_BE_OLD = ", by an action or because the broker still says that of the day before"
_SECOND_NS = 1_000_000_000


def sentence(event: ev.TradeEvent) -> str:
    """Return what an event means to a person; the time stands beside it, not in it."""
    match event:
        case ev.TradeCreated():
            return f"A {event.side.value.lower()} trade on {event.instrument} was created."
        case ev.EntryFilled():
            more = f"; {text(event.filled)} in all" if event.filled != event.quantity else ""
            return f"{text(event.quantity)} entered{more}, at an average of {text(event.entry)}."
        case ev.EntryDied():
            return f"The entry order ended without a fill: {event.why}."
        case ev.RulesChanged():
            if event.stop == event.was:
                return f"A person replaced the rules: the stop stays {_or_none(event.stop)}."
            return (
                "A person replaced the rules: the stop is "
                f"{_or_none(event.stop)} now, and was {_or_none(event.was)}."
            )
        case ev.TrailActivated():
            return (
                f"The trail became active at LTP {event.ltp!r}; it stands at {text(event.level)}."
            )
        case ev.BreakevenReached():
            return (
                f"Break-even was reached at LTP {event.ltp!r}: "
                f"a stop stands at {text(event.level)}."
            )
        case ev.PastStopFound():
            return (
                f"LTP {event.ltp!r} was beyond the stop {text(event.stop)} from the start: "
                f"{_ANSWERS[event.answer]}."
            )
        case TradePaused():
            return (
                f"The close before this session is {event.prev_close!r} and was {event.close!r} "
                f"here{_MAY_BE_OLD if event.unsure else ''}: "
                "it is unguarded until a person sets its levels anew."
            )
        case ev.ExitDecided():
            return _decision(event)
        case _:
            return _consequence(event)


def _consequence(
    event: ev.ExitHeldBack
    | ExitWaitsForOpen
    | ev.CancelAsked
    | ev.ExitSent
    | ev.ExitAnswered
    | ev.ExitFilled
    | ev.TradeClosed
    | ev.TradeStuck
    | ev.DoubtResolved
    | fe.PositionAdopted
    | fe.PositionHandedOver,
) -> str:
    match event:
        case ev.ExitHeldBack():
            return (
                f"Orders of others may still fill {text(event.resting)} of the "
                f"{text(event.quantity)} that it was to leave: {_PERSONS[event.answer]}."
            )
        case ExitWaitsForOpen():
            return (
                f"Exit {event.exit} of {text(event.quantity)} was decided while its exchange is "
                f"closed; it waits until {iso(event.opens_at_ns)}."
            )
        case ev.CancelAsked():
            side = "purchase" if event.side is OrderSide.BUY else "sale"
            again = f", for the {event.tries}. time" if event.tries > 1 else ""
            return (
                f"The broker was asked to cancel order {event.order_id}, a {side} of "
                f"{text(event.quantity)} that is not ours{again}."
            )
        case ev.ExitSent():
            verb = "buys" if event.side is OrderSide.BUY else "sells"
            return f"Order {event.client_order_id} {verb} {text(event.quantity)} at market."
        case ev.ExitAnswered():
            said = f": {event.message}" if event.message else ""
            return f"The broker's answer to {event.client_order_id} was {event.outcome}{said}."
        case ev.ExitFilled():
            rest = f"{text(event.remaining)} still open" if event.remaining else "nothing is left"
            return (
                f"{text(event.quantity)} of {event.client_order_id} filled "
                f"at {text(event.price)}; {rest}."
            )
        case ev.TradeClosed():
            return _end(event)
        case ev.TradeStuck():
            return f"Its exit needs a person: {event.why}."
        case fe.PositionAdopted():
            who = "a person said so" if event.by == "person" else "its strategy says so"
            return f"The position was found at the broker, and adopted because {who}."
        case fe.PositionHandedOver():
            return f"{text(event.quantity)} are those of another trade that was made for them."
        case ev.DoubtResolved():
            why = f" ({event.why})" if event.why else ""
            return f"A person looked at exit {event.exit}: {_VERDICTS[event.verdict]}{why}."


def _decision(event: ev.ExitDecided) -> str:
    """Return why it was left: the price, its age, the level that won and those that did not."""
    parts = [f"Decided to leave {text(event.quantity)} by {REASON_WORDS[event.reason]}"]
    if event.level is not None and event.ltp is not None:
        parts.append(f": {_SOURCES[event.source]} {event.ltp!r} reached {text(event.level)}.")
        if event.received_ns is not None and event.tick_at_ns is not None:
            late = duration(event.received_ns - event.tick_at_ns)
            parts.append(f" The tick (number {event.seq}) was {late} old when it came.")
    elif event.ltp is not None and event.received_ns is not None:
        age = duration(event.at_ns - event.received_ns)
        parts.append(f". The last price then was {event.ltp!r}, {age} old.")
    else:
        parts.append(". No price was known.")
    if event.candidates:
        stops = ", ".join(f"{c.reason.value} {text(c.level)}" for c in event.candidates)
        parts.append(f" Stops in force: {stops}.")
    if event.entry is not None:
        parts.append(f" Entry {text(event.entry)}")
        best = "" if event.best_price is None else f", best price {event.best_price!r}"
        parts.append(f"{best}.")
    return "".join(parts)


def _end(event: ev.TradeClosed) -> str:
    if event.status is Status.NEVER_FILLED:
        return "The trade is over: it never filled."
    how = f" by {REASON_WORDS[event.reason]}" if event.reason else ""
    at = "" if event.exit_price is None else f" at an average of {text(event.exit_price)}"
    outside = " outside of this program" if event.status is Status.CLOSED_EXTERNAL else ""
    gain = event.realized_pnl
    word = "profit" if gain > 0 else "loss" if gain < 0 else "result"
    return f"The trade is closed{outside}{how}{at}: a {word} of {text(abs(gain))}."


def duration(ns: int) -> str:
    """Return a length of time as a person would say it: ``3 ms``, ``2.5 s``, ``1 h 5 min``."""
    ns = max(0, ns)
    if ns < _SECOND_NS:
        return f"{ns // 1_000_000} ms"
    seconds, rest = divmod(ns, _SECOND_NS)
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{plain(Decimal(seconds * 10 + rest * 10 // _SECOND_NS) / 10)} s"
    minutes = seconds // 60
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def text(value: Decimal) -> str:
    """Return a number for a sentence."""
    return plain(number(value) or Decimal(0))


def _or_none(value: Decimal | None) -> str:
    return "none" if value is None else text(value)
