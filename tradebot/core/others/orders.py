"""The life of one order that others placed, as a table: is its entry still to come?"""

from decimal import Decimal

import msgspec

from tradebot.core.inputs import Execution, OrderReport, OrderSide, OrderState
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import NO_UNITS

_S = OrderState

# What an order becomes when the broker reports a state. Reports may be late or doubled;
# a final state is never taken back by one, except that a fill proves an order complete.
_NEXT: dict[OrderState, dict[OrderState, OrderState]] = {
    _S.OPEN: {state: state for state in _S},
    _S.COMPLETE: dict.fromkeys(_S, _S.COMPLETE),
    _S.CANCELLED: {
        _S.OPEN: _S.CANCELLED,
        _S.COMPLETE: _S.COMPLETE,
        _S.CANCELLED: _S.CANCELLED,
        _S.REJECTED: _S.CANCELLED,
    },
    _S.REJECTED: {
        _S.OPEN: _S.REJECTED,
        _S.COMPLETE: _S.COMPLETE,
        _S.CANCELLED: _S.REJECTED,
        _S.REJECTED: _S.REJECTED,
    },
}


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One order at the broker, as far as reports and executions tell."""

    order_id: str
    key: NetKey | None = None
    side: OrderSide | None = None
    quantity: Decimal | None = None  # None: no report has told it yet
    state: OrderState = OrderState.OPEN
    executed: Decimal = Decimal(0)  # by executions: what has moved quantity
    notional: Decimal = Decimal(0)  # sum of quantity times price of these
    reported: Decimal = Decimal(0)  # filled, as the broker's reports say
    message: str = ""
    at_ns: int = 0  # of the last word on it
    told_ns: int = 0  # of the first
    price: Decimal | None = None  # the limit, where it has one
    trigger: Decimal | None = None  # it waits until this price trades, where it has one

    def may_be_on(self, key: NetKey) -> bool:
        """Whether a word on an order there may be about this one.

        Some brokers count their ids anew each day: the same one is another order then. Not the
        product is compared, as books differ in how they write it.
        """
        return self.key is None or self.key.instrument == key.instrument

    @property
    def is_settled(self) -> bool:
        """Whether it ended and every fill that was reported has executed here."""
        return self.state.is_final and self.executed >= self.reported

    @property
    def untraded(self) -> Decimal:
        """Units that it may still move our net by: a report can be ahead of its executions."""
        if self.quantity is None:
            return NO_UNITS
        ends_at = self.reported if self.state.is_final else self.quantity
        return max(NO_UNITS, ends_at - self.executed)

    @property
    def died_unfilled(self) -> bool:
        """Whether it ended without a fill, and none is known to be on its way."""
        ended = self.state in (OrderState.CANCELLED, OrderState.REJECTED)
        return ended and not self.executed and not self.reported


def reported(order: Order, report: OrderReport) -> Order:
    """Return the order after the broker's word on it."""
    return Order(
        order_id=order.order_id,
        key=report.key,
        side=report.side,
        quantity=report.quantity,
        state=_NEXT[order.state][report.state],
        executed=order.executed,
        notional=order.notional,
        reported=max(order.reported, report.filled),
        message=report.message or order.message,
        at_ns=max(order.at_ns, report.at_ns),
        told_ns=min(order.told_ns or report.at_ns, report.at_ns),
        price=report.price,
        trigger=report.trigger,
    )


def executed(order: Order, execution: Execution) -> Order:
    """Return the order after one of its executions; a fill may follow a cancel, and is true."""
    return Order(
        order_id=order.order_id,
        key=execution.key,
        side=execution.side,
        quantity=order.quantity,
        state=order.state,
        executed=order.executed + execution.quantity,
        notional=order.notional + execution.quantity * execution.price,
        reported=order.reported,
        message=order.message,
        at_ns=max(order.at_ns, execution.at_ns),
        told_ns=min(order.told_ns or execution.at_ns, execution.at_ns),
        price=order.price,
        trigger=order.trigger,
    )
