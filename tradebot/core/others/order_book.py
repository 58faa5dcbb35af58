"""The orders that the broker has told of, found by its ids and by what they trade."""

from collections.abc import Callable, Iterator

from tradebot.core.inputs import Execution, OrderReport, OrderSide
from tradebot.core.market.instruments import NetKey
from tradebot.core.others.orders import Order, executed, reported


class OrderBook:
    """Entry orders, and at a broker that drops our own ids ours too.

    A day may bring 20,000 of them: who looks for one of a net position asks for those of
    that position and side.
    """

    __slots__ = ("_by_id", "_on")

    def __init__(self) -> None:
        """Start with none."""
        self._by_id: dict[str, Order] = {}
        self._on: dict[tuple[NetKey | None, OrderSide | None], dict[str, None]] = {}

    def __iter__(self) -> Iterator[Order]:
        return iter(self._by_id.values())

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._by_id

    def get(self, order_id: str) -> Order | None:
        """Return an order, if the broker has told of it."""
        return self._by_id.get(order_id)

    def on(self, key: NetKey, side: OrderSide) -> Iterator[Order]:
        """Yield the orders of a side on a net position, as they were first told of."""
        return (self._by_id[order_id] for order_id in self._on.get((key, side), ()))

    def put(self, order: Order) -> Order:
        """Keep an order in its present state."""
        before = self._by_id.get(order.order_id)
        if before is None or before.key != order.key or before.side is not order.side:
            if before is not None:
                del self._on[before.key, before.side][order.order_id]
            self._on.setdefault((order.key, order.side), {})[order.order_id] = None
        self._by_id[order.order_id] = order
        return order

    def report(self, report: OrderReport) -> Order:
        """Keep the broker's word on an order, and return it."""
        return self.put(reported(self._known(report), report))

    def execute(self, execution: Execution) -> Order:
        """Keep an execution of an order, and return the order."""
        return self.put(executed(self._known(execution), execution))

    def _known(self, word: OrderReport | Execution) -> Order:
        """Return what is known of the order that a word is about."""
        order = self._by_id.get(word.order_id)
        if order is None or not order.may_be_on(word.key):
            return Order(order_id=word.order_id)
        return order

    def keep(self, is_kept: Callable[[Order], bool]) -> None:
        """Forget all others."""
        for order in [order for order in self if not is_kept(order)]:
            del self._by_id[order.order_id]
            here = self._on[order.key, order.side]
            del here[order.order_id]
            if not here:
                del self._on[order.key, order.side]
