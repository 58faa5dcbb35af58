"""Trades, exits and stories as JSON: numbers exact, times ISO 8601 in UTC."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Context, Decimal

import msgspec

from tradebot.core.account.shortfall import shortfall
from tradebot.core.book import Book
from tradebot.core.events import TradeEvent
from tradebot.core.guard.lines import Line
from tradebot.core.guard.trade_rules import Levels, effective_stop, trail_level
from tradebot.core.guard.trades import Side, Status, Trade
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import NO_UNITS, exact, plain
from tradebot.core.others import resting
from tradebot.core.words.fields import Json
from tradebot.core.words.rule_words import rules_json
from tradebot.services.doubts import doubt_of

# An average is a division that was cut off at 28 digits: beyond these, digits say nothing.
_MEANT = Context(prec=18)
_ONE = Decimal(1)
_encoder = msgspec.json.Encoder(decimal_format="number")


def number(value: Decimal | None) -> Decimal | None:
    """Return a number as its shortest text spells it; None stays None."""
    return None if value is None else Decimal(plain(_MEANT.plus(value)))


def price(value: float | None) -> Decimal | None:
    """Return a feed's price as the text that the feed sent."""
    return None if value is None else number(exact(value))


def seconds(ns: int) -> Decimal | None:
    """Return a length of time in seconds, to the millisecond."""
    return number(Decimal(ns // 1_000_000).scaleb(-3))


def iso(at_ns: int | None) -> str | None:
    """Return a time as ``2026-01-05T03:45:00.123456Z``."""
    if at_ns is None:
        return None
    seconds, rest = divmod(at_ns, 1_000_000_000)
    # By whole seconds: a float of nanoseconds would be wrong in its last microseconds.
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{rest // 1000:06}Z"


class ActiveTrades:
    """Trades that are not over, as they stand; what many of them share is found out once."""

    def __init__(self, book: Book) -> None:
        """Begin a page, or look at one trade."""
        self._book = book
        self._short: dict[tuple[NetKey, Side], dict[str, Decimal]] = {}

    def told(self, trade: Trade, now_ns: int) -> Json:
        """Return a trade; ``quantity`` is what is held of it now."""
        place = trade.key, trade.side
        short = self._short.get(place)
        if short is None:
            short = self._short[place] = shortfall(self._book, *place)
        return _active_trade(self._book, trade, now_ns, short.get(trade.trade_id, NO_UNITS))


def active_trade(book: Book, trade: Trade, now_ns: int) -> Json:
    """Return a trade that is not over, as it stands at this moment."""
    return ActiveTrades(book).told(trade, now_ns)


def _active_trade(book: Book, trade: Trade, now_ns: int, short: Decimal) -> Json:
    line = book.lines[trade.instrument]
    held = trade.remaining - short
    trade = as_it_stands(book, trade)
    levels = book.levels.get(trade.trade_id)
    stop = effective_stop(levels, trade.marks) if levels else None
    target = levels.targets[0].price if levels and levels.targets else None
    return {
        **_names(trade),
        "quantity": number(held),
        "left_by_others": number(short),
        "entry_price": number(trade.entry) if trade.filled else None,
        "status": trade.status.value,
        "flags": [*_flags(book, trade, line), *(("reduced",) if short else ())],
        "unguarded_s": seconds(book.coverage.unguarded_ns(trade.trade_id, now_ns)),
        "blind_s": seconds(book.coverage.blind_ns(trade.trade_id, now_ns)),
        "reason": None if trade.reason is None else trade.reason.value,
        **rules_json(trade.rules),
        "ltp": price(line.ltp),
        "ltp_age_ms": ltp_age_ms(line, now_ns),
        "unrealized_pnl": number(_unrealized_pnl(trade, line, held)),
        "realized_pnl": number(trade.realized_pnl(line.instrument.multiplier)),
        "stop_level": number(stop.level) if stop else None,
        "stop_reason": stop.reason.value if stop else None,
        "target_level": number(target),
        "trail_level": number(_trail_level(levels, trade)),
        "best_price": price(trade.marks.best_price if trade.marks.trail_active else None),
        "opened_at": iso(trade.opened_at_ns),
        "created_at": iso(trade.created_at_ns),
        "time_exit_at": iso(trade.clock_time_ns or trade.deadline_ns),  # as a wall shows it
        "past_stop": trade.past_stop.value,
        "price_source": trade.price_source.value,
        "order_id": trade.order_id,
        "tag": trade.tag,
        "version": trade.version,
    }


def closed_trade(book: Book, trade: Trade) -> Json:
    """Return a trade that is over."""
    return {
        **_names(trade),
        "quantity": number(trade.filled),
        "entry_price": number(trade.entry) if trade.filled else None,
        "exit_price": number(trade.exit_notional / trade.exited) if trade.exited else None,
        "status": trade.status.value,
        "reason": None if trade.reason is None else trade.reason.value,
        "realized_pnl": number(trade.realized_pnl(multiplier(book, trade.instrument))),
        **rules_json(trade.rules),
        "opened_at": iso(trade.opened_at_ns),
        "closed_at": iso(trade.closed_at_ns),
        "order_id": trade.order_id,
        "tag": trade.tag,
        "version": trade.version,
    }


def encoded(told: Json) -> msgspec.Raw:
    """Return what is told as the bytes that an answer holds of it."""
    return msgspec.Raw(_encoder.encode(told))


def multiplier(book: Book, instrument: str) -> Decimal:
    """Return by what a point of the price is multiplied; 1 where nobody knows it any more."""
    known = book.instruments.get(instrument)
    return known.multiplier if known else _ONE


def as_it_stands(book: Book, trade: Trade) -> Trade:
    """Return a trade with its best price of this moment; the book stays as it is."""
    line = book.lines[trade.instrument]
    # The book would make what is missing here, and a reader changes nothing.
    return book.live(trade) if (trade.side, trade.price_source) in line.sides else trade


def event_json(event: TradeEvent) -> Json:
    """Return an event with its own fields: times in ISO, decimals as numbers."""
    words: Json = {"event": event_name(event)}
    for key, value in msgspec.structs.asdict(event).items():
        if key == "candidates":
            words[key] = [{"reason": c.reason.value, "level": number(c.level)} for c in value]
        elif key.endswith("_ns"):
            words["received_at" if key == "received_ns" else key[:-3]] = iso(value)
        elif isinstance(value, Decimal):
            words[key] = number(value)
        elif isinstance(value, float):
            words[key] = price(value)
        else:
            words[key] = value
    return words


def event_name(event: TradeEvent) -> str:
    """Return ``exit_decided`` for an ``ExitDecided``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def ltp_age_ms(line: Line, now_ns: int) -> int | None:
    """Return for how long no fit price has been received; None: there was none yet."""
    return None if line.ltp is None else max(0, now_ns - line.gate.received_ns) // 1_000_000


def is_blind(line: Line) -> bool:
    """Whether the line has no fit price to act on."""
    return line.blind_since_ns is not None or line.ltp is None


def _names(trade: Trade) -> Json:
    return {
        "trade_id": trade.trade_id,
        "account": trade.account,
        "strategy": trade.strategy,
        "exchange": trade.exchange,
        "symbol": trade.symbol,
        "product": trade.product,
        "side": trade.side.value,
    }


def _flags(book: Book, trade: Trade, line: Line) -> Iterator[str]:
    """Yield the words that a person should see beside a trade."""
    if line.gate.held is not None:
        yield "suspect"
    if is_blind(line) and trade.status is not Status.PENDING:
        yield "blind"
    if any(doubt_of(exit_, book.now_ns) for exit_ in book.open_exits(trade.trade_id)):
        yield "in_doubt"
    if resting.units(book, trade):
        yield "resting"
    if trade.stuck:
        yield "stuck"
    if trade.key in book.frozen:
        yield "frozen"
    row = book.coverage.trades.get(trade.trade_id)
    if row is not None and row.quantity:
        yield "unguarded"


def _unrealized_pnl(trade: Trade, line: Line, held: Decimal) -> Decimal | None:
    if line.ltp is None or not trade.filled:
        return None
    gain = exact(line.ltp) * held - trade.entry * held
    return trade.side.sign * gain * line.instrument.multiplier


def _trail_level(levels: Levels | None, trade: Trade) -> Decimal | None:
    marks = trade.marks
    if levels is None or levels.trail_by is None or not marks.trail_active:
        return None
    assert marks.best_price is not None, "an active trail without a best price"
    return trail_level(levels, marks.best_price)
