"""What nobody watched today: unguarded and blind seconds, in all and by trade."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

import msgspec

from tradebot.core.book import Book
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.money import NO_UNITS
from tradebot.core.words.fields import Json
from tradebot.services.trade_json import number, seconds

LOOKED_AT_MAX = 2_000  # trades of which one question tells: the loop waits for the answer
TOLD_MAX = 100  # of these, the worst


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Over all trades of the present trading days; a second with two trades counts twice."""

    trades_unguarded: int  # with open units that nothing guards now
    unguarded_ns: int
    blind_ns: int


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    """One trade's day."""

    trade_id: str
    instrument: str
    day: str
    unguarded_ns: int
    blind_ns: int


def totals(book: Book, now_ns: int) -> Totals:
    """Return the sums; an instrument's blind time counts for each trade that was open."""
    coverage = book.coverage
    rows = coverage.trades.values()
    open_on = Counter(coverage.open.values()) if coverage.lines else Counter[str]()
    blind_ns = sum(row.blind_ns if row.is_over else -row.blind_before_ns for row in rows)
    blind_ns += sum(
        line.blind_until(now_ns) * open_on[name] for name, line in coverage.lines.items()
    )
    return Totals(
        trades_unguarded=sum(row.quantity > 0 for row in rows),
        unguarded_ns=sum(row.unguarded_until(now_ns) for row in rows),
        blind_ns=blind_ns,
    )


def worst(book: Book, now_ns: int) -> list[Worst]:
    """Return the trades that were watched least today, the worst first."""
    coverage = book.coverage
    found = [
        Worst(
            trade_id=trade_id,
            instrument=about.instrument,
            day=about.day,
            unguarded_ns=coverage.unguarded_ns(trade_id, now_ns),
            blind_ns=coverage.blind_ns(trade_id, now_ns),
        )
        for trade_id, about in islice(_rows(book), LOOKED_AT_MAX)
    ]
    found = [row for row in found if row.unguarded_ns or row.blind_ns]
    return sorted(found, key=lambda row: (-row.unguarded_ns, -row.blind_ns))[:TOLD_MAX]


def coverage_json(book: Book, now_ns: int) -> Json:
    """Return what nobody watched today."""
    sums = totals(book, now_ns)
    return {
        "trades_unguarded": sums.trades_unguarded,
        "unguarded_s": seconds(sums.unguarded_ns),
        "blind_s": seconds(sums.blind_ns),
        "trades": [_told(book, row) for row in worst(book, now_ns)],
    }


def _told(book: Book, row: Worst) -> Json:
    trade, known = book.trades.get(row.trade_id), book.coverage.trades.get(row.trade_id)
    open_, unguarded = trade.remaining if trade else NO_UNITS, known.quantity if known else NO_UNITS
    return {
        "trade_id": row.trade_id,
        "instrument": row.instrument,
        "day": row.day,
        "open": number(open_),
        "guarded": number(open_ - unguarded),
        "unguarded": number(unguarded),
        "unguarded_s": seconds(row.unguarded_ns),
        "blind_s": seconds(row.blind_ns),
    }


def _rows(book: Book) -> Iterator[tuple[str, Uncovered]]:
    """Yield trades of which there may be something to tell, with a row that names their day."""
    coverage = book.coverage
    yield from coverage.trades.items()
    if coverage.lines:
        for trade_id, instrument in coverage.open.items():
            line = coverage.lines.get(instrument)
            if line is not None and trade_id not in coverage.trades:
                yield trade_id, line
