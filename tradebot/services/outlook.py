"""Where each level of an open trade stands, and what would leave it next."""

from collections.abc import Iterator
from decimal import Decimal

from tradebot.core.account.shortfall import shortfall
from tradebot.core.book import Book
from tradebot.core.guard.lines import Line
from tradebot.core.guard.trade_rules import Levels, candidates, effective_stop
from tradebot.core.guard.trades import Status, Trade
from tradebot.core.money import exact
from tradebot.core.words.fields import Json
from tradebot.services.doubts import doubt_of
from tradebot.services.stories import REASON_WORDS, duration, text
from tradebot.services.trade_json import as_it_stands, is_blind, ltp_age_ms, number

_HUNDREDTH = Decimal("0.01")


def outlook(book: Book, trade: Trade, now_ns: int) -> list[Json]:
    """Return one item per thing that may happen to a trade, with its sentence.

    ``what`` names the level; ``level`` is its price, None where it has none; ``away`` is
    how far the LTP must still move to reach it, in percent of the LTP.
    """
    trade = as_it_stands(book, trade)
    held = [] if book.halt.sends else [_item("halted", "Nothing is sent until the release.")]
    if trade.key in book.frozen:
        why = book.frozen[trade.key].why
        held.append(_item("frozen", f"Nothing is sent on its position: {why}."))
    held += [
        _item("doubt", f"Exit {exit_.number} {doubt}.")
        for exit_ in book.open_exits(trade.trade_id)
        if (doubt := doubt_of(exit_, book.now_ns)) is not None
    ]
    if trade.status is Status.TRIGGERED:
        assert trade.reason is not None, f"trade {trade.trade_id} is left for no reason"
        return [*held, _item("exit", f"It is being left by {REASON_WORDS[trade.reason]}.")]
    levels = book.levels.get(trade.trade_id)
    if levels is None:
        return [_item("entry", "It waits for its entry order to fill.")]
    line = book.lines[trade.instrument]
    if trade.unguarded:
        return [_item("unguarded", "It is unguarded: no price leaves it."), _price(line, now_ns)]
    short = shortfall(book, trade.key, trade.side).get(trade.trade_id)
    if short:
        left = f"{text(short)} of its {text(trade.remaining)} units were left by others"
        held.append(_item("reduced", f"{left}: an exit leaves {text(trade.remaining - short)}."))
    items = [*held, *_stops(levels, trade, line), *_gains(levels, trade, line)]
    if trade.deadline_ns is not None:
        left = duration(trade.deadline_ns - now_ns)
        items.append(_item("time", f"The time exit leaves it in {left}."))
    if items == held:
        items.append(_item("unguarded", "It has no rules: only a person leaves it."))
    return [*items, _price(line, now_ns)]


def _stops(levels: Levels, trade: Trade, line: Line) -> Iterator[Json]:
    """Yield the stops in force, the one that acts first at the top."""
    nearest = effective_stop(levels, trade.marks)
    stops = list(candidates(levels, trade.marks))
    stops.sort(key=lambda stop: (stop != nearest, -levels.sign * stop.level))
    for stop in stops:
        acts = "leaves it" if stop == nearest else "is behind it"
        yield _level(
            stop.reason.value,
            stop.level,
            _away(-levels.sign, stop.level, line),
            f"{REASON_WORDS[stop.reason].capitalize()} at {text(stop.level)} {acts}",
        )


def _gains(levels: Levels, trade: Trade, line: Line) -> Iterator[Json]:
    """Yield what a price on the winning side does, nearest first."""
    gains = [
        (target.price, "target", f"A target at {text(target.price)} {_takes(target.quantity)}")
        for target in levels.targets
    ]
    marks = trade.marks
    if levels.activation is not None and not marks.trail_active:
        gains.append(
            (levels.activation, "activation", f"The trail starts at {text(levels.activation)}")
        )
    if levels.breakeven_at is not None and not marks.breakeven_done:
        assert levels.breakeven is not None, "a break-even mark without a level"
        at, to = text(levels.breakeven_at), text(levels.breakeven)
        gains.append((levels.breakeven_at, "breakeven_at", f"At {at} the stop moves to {to}"))
    gains.sort(key=lambda gain: levels.sign * gain[0])
    for level, what, told in gains:
        yield _level(what, level, _away(levels.sign, level, line), told)


def _takes(quantity: Decimal | None) -> str:
    return "leaves it" if quantity is None else f"takes {text(quantity)} out of it"


def _away(sign: int, level: Decimal, line: Line) -> Decimal | None:
    """Return the way of the LTP to a level, in percent of it; below 0: it lies beyond."""
    if line.ltp is None:
        return None
    ltp = exact(line.ltp)
    return (sign * (level - ltp) / ltp * 100).quantize(_HUNDREDTH)


def _price(line: Line, now_ns: int) -> Json:
    opens_ns, _ = line.gate.session.window(now_ns)
    if now_ns < opens_ns:
        wait = duration(opens_ns - now_ns)
        told = f"The exchange is closed and opens in {wait}: until then no price leaves it."
        return _item("price", told)
    age_ms = ltp_age_ms(line, now_ns)
    if line.ltp is None or age_ms is None:
        return _item("price", "No price has come yet.")
    told = f"The LTP {line.ltp!r} is {duration(age_ms * 1_000_000)} old"
    if is_blind(line):
        told += ": too old to act on"
    elif line.gate.held is not None:
        told += f"; a jump to {line.gate.held!r} waits to be confirmed"
    return _level("price", exact(line.ltp), None, told)


def _level(what: str, level: Decimal, away: Decimal | None, told: str) -> Json:
    way = "" if away is None else f", {text(away)} % away"
    return {"what": what, "level": number(level), "away": number(away), "text": f"{told}{way}."}


def _item(what: str, told: str) -> Json:
    return {"what": what, "level": None, "away": None, "text": told}
