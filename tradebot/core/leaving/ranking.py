"""Which exits leave first where not all may leave at once: shorts, then the largest."""

from tradebot.core.book import Book
from tradebot.core.guard.trades import Trade

Rank = tuple[float, float]
# An order of ours that rests has left, and is at the market: those that have not come before it.
CHASE: Rank = (2.0, 0.0)


def rank(book: Book, trade: Trade) -> Rank:
    """Return what sorts exits, the lowest first: the side, and less what the trade is worth.

    A short has no bound to what it may lose. What a trade is worth is its units at the last
    price, in the instrument's currency.
    """
    line = book.line(trade.instrument)
    price = float(trade.entry) if line.ltp is None else line.ltp
    worth = price * float(trade.remaining * line.instrument.multiplier)
    return float(trade.side.sign), -worth
