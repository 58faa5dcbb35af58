"""Watching what is watched: guarded and unguarded units add up to what is open, always."""

from decimal import Decimal

from tradebot.core.book import Book
from tradebot.core.guard.coverage import Coverage, Uncovered
from tradebot.core.guard.trade_rules import Levels
from tradebot.core.guard.trades import Status, Trade
from tradebot.core.money import NO_UNITS

_NEVER_NS = 2**63


def unguarded_quantity(book: Book, trade: Trade) -> Decimal:
    """Return the open units that no rule guards and no exit leaves."""
    if not book.halt.sends:
        return trade.remaining  # nothing can leave, whatever is decided
    if book.frozen and trade.key in book.frozen:
        return trade.remaining
    if trade.status is not Status.ACTIVE or _is_judged(book, trade):
        return NO_UNITS
    return book.unassigned(trade)


def hear(book: Book, at_ns: int) -> None:
    """Take the time of a timer or a command; a new trading day begins with empty rows."""
    coverage = book.coverage
    coverage.clock_ns = max(coverage.clock_ns, at_ns)
    if coverage.clock_ns >= coverage.next_day_ns:
        _begin_day(book)


def settle(book: Book) -> None:
    """Look at every trade that an input has changed, once it is done with it."""
    coverage = book.coverage
    touched, coverage.touched = coverage.touched, {}
    for trade_id in touched:
        trade = book.trades.get(trade_id)
        if trade is not None and trade.remaining:
            _settle_open(book, trade)
        else:
            _settle_left(book, trade_id)


def touch_all(book: Book) -> None:
    """Have every open trade looked at: what is sent has changed for all of them."""
    book.coverage.touched.update(dict.fromkeys(book.coverage.open))


def wake(book: Book) -> None:
    """Note which instruments with trades have no fit price, from when on and until when."""
    coverage = book.coverage
    for name, line in book.lines.items():
        since_ns = line.blind_since_ns if line.guarded else None
        row = coverage.lines.get(name)
        was_ns = row.blind_since_ns if row else None
        if since_ns is not None and was_ns is None:
            begun = row or _row(book, name)
            coverage.put(begun.changed(blind_since_ns=since_ns))
        elif since_ns is None and row is not None and was_ns is not None:
            coverage.put(_seen_again(row, coverage.clock_ns))


def restore(book: Book, rows: tuple[Uncovered, ...], at_ns: int) -> None:
    """Take up the rows of an earlier life; blind times ended with it, unguarded ones go on."""
    coverage = book.coverage
    coverage.clock_ns = at_ns
    coverage.take(rows)
    coverage.open = {name: t.instrument for name, t in book.trades.items() if t.remaining}
    for row in list(coverage.lines.values()):
        if row.blind_since_ns is not None:
            coverage.put(_seen_again(row, at_ns))
    _begin_day(book)
    touch_all(book)
    coverage.touched.update(dict.fromkeys(n for n, row in coverage.trades.items() if row.quantity))
    settle(book)


def _settle_open(book: Book, trade: Trade) -> None:
    """Count the units that are unguarded from now on."""
    coverage = book.coverage
    if trade.trade_id not in coverage.open:
        _opened(book, trade)
    row = coverage.trades.get(trade.trade_id)
    quantity = unguarded_quantity(book, trade)
    if quantity if row is None else quantity != row.quantity:
        row = row or _row(book, trade.instrument, trade.trade_id)
        coverage.put(row.guarded_but(quantity, coverage.clock_ns))


def _settle_left(book: Book, trade_id: str) -> None:
    """End what is counted for a trade without open units."""
    coverage = book.coverage
    now_ns = coverage.clock_ns
    row = coverage.trades.get(trade_id)
    if row is not None and row.quantity:
        row = row.guarded_but(NO_UNITS, now_ns)
        coverage.put(row)
    if trade_id in coverage.open:
        blind_ns = coverage.blind_ns(trade_id, now_ns)
        instrument = coverage.open.pop(trade_id)
        if row is not None or blind_ns:
            row = row or _row(book, instrument, trade_id)
            coverage.put(row.changed(blind_ns=blind_ns, is_over=True))


def _opened(book: Book, trade: Trade) -> None:
    """Begin to count for a trade; what its instrument has counted before is not its own."""
    coverage, instrument = book.coverage, trade.instrument
    coverage.open[trade.trade_id] = instrument
    before_ns = coverage.seen_blind_ns(instrument, coverage.clock_ns)
    row = coverage.trades.get(trade.trade_id)
    if row is not None:  # it had left, and its entry has brought more
        before_ns -= row.blind_ns
        coverage.put(row.changed(blind_ns=0, blind_before_ns=before_ns, is_over=False))
    elif before_ns:
        row = _row(book, instrument, trade.trade_id)
        coverage.put(row.changed(blind_before_ns=before_ns))


def _begin_day(book: Book) -> None:
    """End the rows of days that are over, and begin new ones for what goes on."""
    coverage = book.coverage
    now_ns = coverage.clock_ns
    lines = [row for row in coverage.lines.values() if row.closes_ns <= now_ns]
    _give_rows(coverage, {row.instrument: row for row in lines})
    for row in [row for row in coverage.trades.values() if row.closes_ns <= now_ns]:
        if not row.is_over:
            blind_ns = coverage.blind_ns(row.trade_id, now_ns)
            ended = row.guarded_but(NO_UNITS, now_ns)
            coverage.put(ended.changed(blind_ns=blind_ns, is_over=True))
        del coverage.trades[row.trade_id]
        if row.quantity:
            fresh = _row(book, row.instrument, row.trade_id)
            coverage.put(fresh.guarded_but(row.quantity, now_ns))
    for row in lines:
        if row.blind_since_ns is not None:
            coverage.put(_seen_again(row, now_ns))
        del coverage.lines[row.instrument]
        if row.blind_since_ns is not None:
            coverage.put(_row(book, row.instrument).changed(blind_since_ns=now_ns))
    coverage.next_day_ns = min((row.closes_ns for row in coverage.rows), default=_NEVER_NS)


def _give_rows(coverage: Coverage, lines: dict[str, Uncovered]) -> None:
    """Let every trade that was open on these instruments keep its blind time of the day."""
    for trade_id, instrument in coverage.open.items():
        if instrument in lines and trade_id not in coverage.trades:
            line = lines[instrument]
            coverage.put(
                Uncovered(
                    instrument=instrument,
                    trade_id=trade_id,
                    day=line.day,
                    opens_ns=line.opens_ns,
                    closes_ns=line.closes_ns,
                )
            )


def _row(book: Book, instrument: str, trade_id: str = "") -> Uncovered:
    """Return an empty row of today."""
    coverage = book.coverage
    exchange = instrument.partition(":")[0]
    day, opens_ns, closes_ns = coverage.day(exchange, book.session(exchange))
    coverage.next_day_ns = min(coverage.next_day_ns, closes_ns)
    return Uncovered(
        instrument=instrument,
        trade_id=trade_id,
        day=day,
        opens_ns=opens_ns,
        closes_ns=closes_ns,
    )


def _seen_again(row: Uncovered, at_ns: int) -> Uncovered:
    return row.changed(blind_ns=row.blind_until(at_ns), blind_since_ns=None)


def _is_judged(book: Book, trade: Trade) -> bool:
    """Whether prices are judged for a trade, and some price or time will leave it."""
    triggers = book.lines[trade.instrument].sides.get((trade.side, trade.price_source))
    if triggers is None or trade.trade_id not in triggers:
        return False
    return trade.deadline_ns is not None or has_any(book.levels[trade.trade_id])


def has_any(levels: Levels) -> bool:
    """Whether some price would leave a trade with these levels; none is at zero or below."""
    prices = [levels.stop, *(target.price for target in levels.targets)]
    return (
        any(price is not None and price > 0 for price in prices)
        or levels.trail_by is not None
        or levels.breakeven is not None
    )
