"""The exchange behind the broker: what truly happened, whoever was told of it.

It judges every fill of ours by what its trade held.
"""

import itertools
from collections.abc import Callable
from decimal import Decimal

import msgspec

from tests.playbook import START_NS
from tests.sim.virtual_loop import VirtualLoop
from tradebot.core.account.positions import Position, folded
from tradebot.core.inputs import Execution, NetPosition, OrderReport, OrderSide, OrderState
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import exact

ZERO = Decimal(0)


class ExchangeOrder(msgspec.Struct, kw_only=True, eq=False):
    """One order, as it truly is."""

    order_id: str
    client_order_id: str | None  # None: not ours
    trade_id: str | None  # the trade that it enters or leaves; None: somebody else's
    key: NetKey
    side: OrderSide
    quantity: Decimal
    price: Decimal | None = None  # of a limit order; None: at the market
    trigger: Decimal | None = None  # of a stop: it waits until this price trades
    filled: Decimal = ZERO
    state: OrderState = OrderState.OPEN
    changes: list[tuple[int, Decimal, OrderState]]  # when, filled and state from then on


class Exchange:
    """Orders, executions and nets. ``wrong`` lists every harm that an order of ours did."""

    def __init__(self, loop: VirtualLoop, note: Callable[[str], None]) -> None:
        self._loop = loop
        self._note = note
        self._serial = itertools.count(1)
        self.prices: dict[str, float] = {}
        self.nets: dict[NetKey, Decimal] = {}
        self.net_changes: dict[NetKey, list[tuple[int, Decimal]]] = {}
        self.orders: dict[str, ExchangeOrder] = {}
        self.executions: dict[str, Execution] = {}
        self.untold: dict[str, None] = {}  # executions that no living daemon has heard of
        self.others: dict[str, Execution] = {}  # of people, on keys of ours
        self.entered: dict[str, Decimal] = {}  # by trade
        self.left: dict[str, Decimal] = {}  # by trade, by orders of ours
        self.wrong: list[str] = []
        self.on_fill: Callable[[Execution, bool], None] = lambda _execution, _at_once: None
        self.on_change: Callable[[ExchangeOrder], None] = lambda _order: None

    def now_ns(self) -> int:
        return START_NS + round(self._loop.time() * 1e9)

    def accept(
        self,
        key: NetKey,
        side: OrderSide,
        quantity: Decimal,
        *,
        trade_id: str | None = None,
        client_order_id: str | None = None,
        price: Decimal | None = None,
        trigger: Decimal | None = None,
    ) -> ExchangeOrder:
        """Take an order into the book; what becomes of it is the caller's to say."""
        order = ExchangeOrder(
            order_id=f"B{next(self._serial)}",
            client_order_id=client_order_id,
            trade_id=trade_id,
            key=key,
            side=side,
            quantity=quantity,
            price=price,
            trigger=trigger,
            changes=[],
        )
        self.orders[order.order_id] = order
        order.changes.append((self.now_ns(), ZERO, OrderState.OPEN))
        self._note(f"exchange: {order.order_id} {side} {quantity} {key.symbol} accepted")
        return order

    def fill(self, order: ExchangeOrder, quantity: Decimal, *, at_once: bool = False) -> None:
        """Execute a part of an order; ``at_once``: everybody is told in the same moment."""
        assert order.filled + quantity <= order.quantity, f"{order.order_id} is {order.state}"
        before = self.nets.get(order.key, ZERO)
        after = self.nets[order.key] = before + order.side.sign * quantity
        self.net_changes.setdefault(order.key, []).append((self.now_ns(), after))
        order.filled += quantity
        if order.filled == order.quantity:
            order.state = OrderState.COMPLETE
        order.changes.append((self.now_ns(), order.filled, order.state))
        execution = Execution(
            execution_id=f"E{next(self._serial)}",
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            key=order.key,
            side=order.side,
            quantity=quantity,
            price=exact(self.prices[order.key.instrument]),
            at_ns=self.now_ns(),
        )
        self.executions[execution.execution_id] = execution
        self.untold[execution.execution_id] = None
        self._note(f"exchange: {order.order_id} fills {quantity}, net {before} -> {after}")
        if order.client_order_id is not None:
            self._judge(order, quantity)
        elif order.trade_id is not None:
            self.entered[order.trade_id] = self.entered.get(order.trade_id, ZERO) + quantity
        else:
            self.others[execution.execution_id] = execution
        self.on_fill(execution, at_once)

    def end(self, order: ExchangeOrder, state: OrderState) -> None:
        """Let an order end without (further) executions; one that ended stays as it is."""
        if order.state is not OrderState.OPEN:
            return
        order.state = state
        order.changes.append((self.now_ns(), order.filled, state))
        self._note(f"exchange: {order.order_id} {state}")
        self.on_change(order)

    def report(self, order: ExchangeOrder, lag_ns: int = 0) -> OrderReport | None:
        """Return an order as it was some time ago; None: it was not there."""
        at_ns = self.now_ns() - lag_ns
        shown = [change for change in order.changes if change[0] <= at_ns]
        if not shown:
            return None
        changed_ns, filled, state = shown[-1]
        return OrderReport(
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            key=order.key,
            side=order.side,
            quantity=order.quantity,
            filled=filled,
            state=state,
            at_ns=changed_ns,  # a row of an order book carries the time of the order
            price=order.price,
            trigger=order.trigger,
        )

    def net(self, key: NetKey, lag_ns: int = 0) -> Decimal:
        """Return a net as it was some time ago."""
        at_ns = self.now_ns() - lag_ns
        shown = [net for changed_ns, net in self.net_changes.get(key, ()) if changed_ns <= at_ns]
        return shown[-1] if shown else ZERO

    def positions(self, lag_ns: int = 0) -> list[NetPosition]:
        """Return what is not flat, as it was some time ago."""
        at_ns = self.now_ns() - lag_ns
        found: dict[NetKey, Position] = {}
        for execution in self.executions.values():
            if execution.at_ns <= at_ns:
                before = found.get(execution.key) or Position(key=execution.key)
                found[execution.key] = folded(before, execution)
        return [
            NetPosition(key=key, net=position.quantity, average=position.average)
            for key, position in found.items()
            if position.quantity
        ]

    def _judge(self, order: ExchangeOrder, quantity: Decimal) -> None:
        """Note the harm of a fill of ours: more has left than its trade held."""
        trade_id = order.trade_id or ""
        self.left[trade_id] = self.left.get(trade_id, ZERO) + quantity
        left, entered = self.left[trade_id], self.entered.get(trade_id, ZERO)
        if left > entered:
            self.wrong.append(f"I1 {trade_id} left {left} of {entered}")
