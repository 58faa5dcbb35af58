"""What this life has been told of orders: their quantities, and how much of them filled."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradebot.brokers.openalgo.books.told_fills import ToldFills
from tradebot.brokers.openalgo.wire.orders import OrderRow
from tradebot.brokers.openalgo.wire.trades import Limit, TradeRow
from tradebot.core.inputs import OrderState
from tradebot.core.intents import PlaceOrder
from tradebot.core.money import NO_UNITS

ORDERS_MAX = 50_000  # an account's of some days; the oldest is forgotten first


class _Known(msgspec.Struct, frozen=True):
    quantity: Decimal
    product: str
    surely: Decimal = NO_UNITS  # filled, as its rows say


class KnownOrders:
    """Orders by id. What a book has said once stays said."""

    def __init__(self) -> None:
        """Know none."""
        self._orders: dict[str, _Known] = {}
        self.told = ToldFills()

    def placed(self, order_id: str, order: PlaceOrder) -> None:
        """Note an order of ours that the broker has acknowledged."""
        self._put(order_id, _Known(order.quantity, order.key.product))

    def row(self, row: OrderRow) -> None:
        """Note what a row of the order book says."""
        before = self._orders.get(row.order_id)
        surely = row.quantity if row.state is OrderState.COMPLETE else row.told_filled
        quantity, product = row.quantity, row.product
        if before is not None:
            # What we asked for is certain; a row may only show what is left of it.
            quantity, surely = max(quantity, before.quantity), max(surely, before.surely)
            product = product or before.product
        self._put(row.order_id, _Known(quantity, product, surely))

    def names(self) -> frozenset[str]:
        """Return the ids of all that are known."""
        return frozenset(self._orders)

    def limits(self) -> dict[str, Limit]:
        """Return how much of each may have filled."""
        return {name: Limit(known.surely, known.quantity) for name, known in self._orders.items()}

    def lacks(self, rows: Sequence[TradeRow], repeated: set[str]) -> bool:
        """Whether trade rows leave something open that the order book may tell."""
        counts = Counter(row.order_id for row in rows)
        return any(
            not row.price
            # [S] each of them may have the units of the whole order
            or (counts[row.order_id] > 1 and row.order_id not in self._orders)
            or (row.order_id in repeated and not self._is_settled(row.order_id))
            or (not row.product and not self.product_of(row.order_id))
            for row in rows
        )

    def filled_of(self, row: OrderRow) -> Decimal:
        """Return how much of an order has filled: the larger of what its row and trades say."""
        if row.state is OrderState.COMPLETE:
            return row.quantity
        return min(row.quantity, max(row.told_filled, self.told.units(row.order_id)))

    def has_not_filled(self, order_id: str) -> bool:
        """Whether an order is known, and nobody has told that anything of it filled."""
        known = self._orders.get(order_id)
        return known is not None and not known.surely

    def product_of(self, order_id: str) -> str:
        """Return the product of an order, empty where nobody has said it."""
        known = self._orders.get(order_id)
        return "" if known is None else known.product

    def _is_settled(self, order_id: str) -> bool:
        known = self._orders.get(order_id)
        return known is not None and known.surely >= known.quantity

    def _put(self, order_id: str, known: _Known) -> None:
        self._orders[order_id] = known
        if len(self._orders) > ORDERS_MAX:
            del self._orders[next(iter(self._orders))]
