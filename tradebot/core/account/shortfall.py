"""What others have left of positions that trades guard: an exit never leaves more than is held.

A trade keeps its units, as they may be bought back; what it stands for meanwhile is less.
"""

from decimal import Decimal

from tradebot.core.book import Book
from tradebot.core.guard.trades import Side
from tradebot.core.market.instruments import NetKey


def shortfall(book: Book, key: NetKey, side: Side) -> dict[str, Decimal]:
    """Return by trade how many of its units are not held any more; without those that lack none.

    What no trade guards is gone first, then units of the newest trade. Nothing is said of a net
    that is not known, or that the books contradict each other about, nor of one with nothing
    left: what closes its trades says so.
    """
    net = book.net(key)
    if side.sign * net <= 0 or key in book.unread or key in book.frozen:
        return {}
    short = side.sign * (book.guarded_net(key) - net)
    found: dict[str, Decimal] = {}
    for trade_id in reversed(book.open_on.get((key, side), {})):
        if short <= 0:
            break
        units = min(short, book.trades[trade_id].remaining)
        if units > 0:
            found[trade_id] = units
            short -= units
    return found
