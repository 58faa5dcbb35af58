"""What can be traded, page by page, with the last price where there is one."""

import heapq
from collections.abc import Sequence

from tradebot.core.book import Book
from tradebot.core.guard.lines import Line
from tradebot.core.market.instruments import Instrument
from tradebot.core.words.fields import Json
from tradebot.services.trade_history import check_limit
from tradebot.services.trade_json import iso, ltp_age_ms, number, price


def instruments_page(
    book: Book, *, limit: int, cursor: str | None
) -> tuple[Sequence[str], str | None]:
    """Return the ids of instruments in their order, after ``cursor``, and the next cursor.

    Raises:
        InputError: the limit is wrong.
    """
    check_limit(limit)
    names = (name for name in book.instruments if cursor is None or name > cursor)
    found = heapq.nsmallest(limit + 1, names)
    return found[:limit], found[limit - 1] if len(found) > limit else None


def instrument_json(book: Book, instrument: Instrument, now_ns: int) -> Json:
    """Return an instrument with its last price."""
    line: Line | None = book.lines.get(instrument.id)
    return {
        "exchange": instrument.exchange,
        "symbol": instrument.symbol,
        "kind": instrument.kind.value,
        "tick_size": number(instrument.tick_size),
        "lot_size": number(instrument.lot_size),
        "multiplier": number(instrument.multiplier),
        "freeze_quantity": number(instrument.freeze_quantity),
        "ltp": price(line.ltp) if line else None,
        "ltp_age_ms": ltp_age_ms(line, now_ns) if line else None,
        "ltp_at": iso(line.gate.at_ns) if line and line.ltp is not None else None,
        "trades": len(line.guarded) if line else 0,
    }
