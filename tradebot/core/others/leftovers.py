"""What others have resting where an exit of ours has left nothing: it would open a position.

What is known when a trade is over is dealt with then. A stream may be late, though, and the
rows of one order book come one after the other. So a position remembers that it was left, and
what was placed for it is dealt with when it is heard of, as long as nothing executes there.

A process may die in between. What the next one hears of is told to a person and not cancelled:
nobody has looked on meanwhile, and it may be what somebody wants there now.
"""

from collections.abc import Iterable

from tradebot.core.account.positions import Left, left_flat
from tradebot.core.book import Book
from tradebot.core.guard.trades import Status, Trade
from tradebot.core.others import resting
from tradebot.core.others.resting import Waiting
from tradebot.core.others.their_orders import Theirs
from tradebot.core.policy import Persons

# After a start everything is first heard of, perhaps not before an outage has ended, and not
# every broker says when an order was placed: what comes so soon may have been there already.
START_NS = 300_000_000_000


def after_exit(book: Book, trade: Trade, at_ns: int) -> None:
    """Have nothing of others left where our exit has left nothing.

    Where they were to be left alone, or somebody else has closed the position, or nothing may
    be sent, a person is told what still rests.
    """
    key, side = trade.key, resting.leaving_side(trade.side)
    if book.net(key) or book.guards(key):
        return
    trade_id = trade.trade_id if trade.status is Status.CLOSED else ""
    position = book.positions.get(key)
    if position is not None:
        left = Left(side=side, trade_id=trade_id, at_ns=book.now_ns)
        book.put_position(left_flat(position, left))
    if book.theirs.on(key, side):
        _clear(book, list(resting.on(book, key, side)), trade_id, at_ns)


def wake(book: Book, at_ns: int) -> None:
    """Deal with what was placed for a position that is left, and is heard of only now."""
    for theirs in book.theirs:
        position = book.positions.get(theirs.key)
        left = None if position is None else position.left
        if position is None or left is None or not _is_to_be_judged(book, theirs, left):
            continue
        each = resting.looked_at(book, theirs)
        if each is None or not resting.rests(book, each):
            continue
        if left.at_ns > book.restored_ns:
            if each.order.at_ns <= position.moved_at_ns:
                _clear(book, (each,), left.trade_id, at_ns)
        elif each.order.at_ns <= book.restored_ns + START_NS:
            resting.say_rests(book, each, at_ns)


def _clear(book: Book, here: Iterable[Waiting], trade_id: str, at_ns: int) -> None:
    """Have orders cancelled for an exit of ours, or tell a person of them."""
    for each in here:
        if trade_id and book.policy.exits.persons is not Persons.LEAVE:
            if not each.theirs.cancels:
                resting.cancel(book, each, trade_id, at_ns)
            if book.halt.sends:
                continue
        resting.say_rests(book, each, at_ns)


def _is_to_be_judged(book: Book, theirs: Theirs, left: Left) -> bool:
    """Whether an order would have left the same trade, and nothing was done about it yet."""
    is_new = not (theirs.told or theirs.trade_id or theirs.ended_ns)
    return is_new and theirs.side is left.side and not book.guards(theirs.key)
