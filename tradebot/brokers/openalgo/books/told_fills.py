"""The fills that were told of each order: a reading adds to them, and never replaces them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tradebot.brokers.openalgo.wire.times import trading_day
from tradebot.brokers.openalgo.wire.trades import Fill, TradeRow
from tradebot.core.inputs import Execution
from tradebot.core.money import NO_UNITS


class ToldFills:
    """The fills of a trading day by order and name, each as it was told first.

    Some brokers begin their ids anew each day: yesterday's fills of an id are none of today's.
    """

    def __init__(self) -> None:
        """Know none."""
        self._day = 0
        self._told: dict[str, dict[str, Fill]] = {}

    def remember(self, executions: Iterable[Execution], now_ns: int) -> None:
        """Know what an earlier life was told; of another day than today it is left out."""
        self.of_day(now_ns)
        for one in executions:
            if trading_day(one.at_ns) == self._day:
                self._note(Fill(name=one.execution_id, row=_row(one)))

    def note(self, fills: Iterable[Fill]) -> None:
        """Know what a reading of the trade book tells."""
        for fill in fills:
            self._note(fill)

    def of_day(self, now_ns: int) -> Mapping[str, Mapping[str, Fill]]:
        """Return what was told on the trading day of this time, by order."""
        day = trading_day(now_ns)
        if day != self._day:
            self._day, self._told = day, {}
        return self._told

    def units(self, order_id: str) -> Decimal:
        """Return how much of an order filled, as far as it was ever told."""
        fills = self._told.get(order_id, {}).values()
        return sum((fill.row.quantity for fill in fills), NO_UNITS)

    def _note(self, fill: Fill) -> None:
        self._told.setdefault(fill.row.order_id, {}).setdefault(fill.name, fill)


def _row(execution: Execution) -> TradeRow:
    """Return the row that an earlier life was told of as this execution."""
    return TradeRow(
        order_id=execution.order_id,
        exchange=execution.key.exchange,
        symbol=execution.key.symbol,
        product=execution.key.product,
        side=execution.side,
        quantity=execution.quantity,
        price=execution.price,
        stated=str(execution.at_ns),
    )
