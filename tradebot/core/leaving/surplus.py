"""Orders of ours for which others have left nothing: alive, they would open the other side."""

from decimal import Decimal

from tradebot.core.book import Book
from tradebot.core.inputs import OrderSide
from tradebot.core.leaving import lanes
from tradebot.core.leaving.exit import State
from tradebot.core.market.instruments import NetKey


def wake(book: Book, at_ns: int) -> None:
    """Look again at all lanes: an order that could not be named may have its name by now."""
    for key in book.lanes:
        call_back(book, key, at_ns)


def call_back(book: Book, key: NetKey, at_ns: int) -> None:
    """Call orders back that could take the net past zero, as others have left what they leave.

    The newest first. One without an answer yet cannot be named to the broker: it is looked at
    again when its answer comes.
    """
    lane = book.lanes.get(key)
    if lane is None or not lane.orders or not book.halt.sends:
        return
    for side in OrderSide:
        here = [e for e in lane if e.side is side and e.is_alive and not e.cancels]
        surplus = sum((e.alive for e in here), min(Decimal(0), side.sign * book.net(key)))
        for exit_ in reversed(here):
            if surplus > 0 and exit_.state is State.WORKING and exit_.order_id is not None:
                surplus -= exit_.alive
                why = f"others have left what {exit_.client_order_id} asks for: it is called back"
                lanes.say_stuck(book, exit_, why, at_ns)
                lanes.call_back(book, exit_, book.now_ns)
