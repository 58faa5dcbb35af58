"""Which order of the broker's is that of a request without an answer, where it drops our ids.

Nothing but its looks tells: same position, side and exact quantity, not there when the
request left, and nobody else's. Of two that look like it one is somebody else's. The one
that came first after the request had left is ours: most requests arrive at once, and people
trade at any time.

Who leaves by hand just before our stop does so with an order just like ours, and our request
may still be on its way. So one that seems to have been there before counts only when no
request lives any more: until then nothing else may leave.
"""

from tradebot.core.book import Book
from tradebot.core.leaving.exit import Exit
from tradebot.core.others.orders import Order


def order_of(book: Book, exit_: Exit, *, is_over: bool) -> Order | None:
    """Return the order of a request in doubt, if the broker has told of one just like it.

    Args:
        book: all that is known.
        exit_: whose request it is.
        is_over: the request can live no longer, so that its order can come no more.
    """
    orders = [o for o in book.orders.on(exit_.key, exit_.side) if _may_be_of(book, o, exit_)]
    if not is_over:
        orders = [order for order in orders if _came_after(book, order, exit_)]
    return min(orders, key=lambda order: abs(order.told_ns - exit_.sent_at_ns), default=None)


def _may_be_of(book: Book, order: Order, exit_: Exit) -> bool:
    """Whether an order can be that of a request.

    One that died without a fill is no evidence: an old one looks the same, and ours may live.
    """
    return (
        order.quantity == exit_.order_quantity
        and not order.died_unfilled
        and not waits_for_a_price(order, exit_)
        and order.order_id not in exit_.known
        and order.told_ns >= exit_.sent_at_ns - book.policy.exits.clocks_apart_ns
        and order.order_id not in book.exit_of_broker_id
        and order.order_id not in book.entry_of_order
    )


def _came_after(book: Book, order: Order, exit_: Exit) -> bool:
    """Whether an order that may be that of a request was not there before it.

    A limit whose price nothing can be said about may have waited there for long.
    """
    is_after = order.told_ns >= exit_.sent_at_ns - book.policy.exits.stamps_ns
    return is_after and (order.price is None or exit_.limit is not None)


def waits_for_a_price(order: Order, exit_: Exit) -> bool:
    """Whether an order cannot be one of an exit of ours: it waits for a better price.

    Ours ask for the last price when they leave, or a worse one.
    """
    if order.trigger is not None:
        return True
    if order.price is None or exit_.limit is None:
        return False
    return exit_.side.sign * (order.price - exit_.limit) < 0
