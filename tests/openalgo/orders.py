"""The routes that place, change and cancel orders."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from tests.openalgo.account import Account, Reply, error, success
from tests.openalgo.catalogue import QUOTE_ONLY
from tests.openalgo.exchange import By, Key, Order, Status, Ticket
from tests.openalgo.faults import Fault
from tests.openalgo.fields import FIELDS, Body, Invalid, checked
from tests.openalgo.plugins import MATCHED

ZERO = Decimal(0)
ALL_CLOSED = "All Open Positions Squared Off"
QUEUED = "Order queued for approval in Action Center"
PLACING = {"placeorder", "placesmartorder", "basketorder", "splitorder", "placegttorder"}
FORBIDDEN_IN_SEMI_AUTO = {
    *{"modifyorder", "cancelorder", "cancelallorder", "closeposition"},
    *{"modifygttorder", "cancelgttorder"},
}
Finish = Callable[[], Reply]


class Orders:
    """The order routes of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._positions: dict[Key, tuple[float, Decimal]] = {}
        self.routes: dict[str, Callable[[Body], Reply]] = {
            "placeorder": self._place,
            "placesmartorder": lambda body: self.decide(body)(),
            "modifyorder": self._modify,
            "cancelorder": self._cancel,
            "cancelallorder": self._cancel_all,
            "closeposition": self._close_positions,
            "basketorder": self._basket,
            "splitorder": self._split,
        }

    def _place(self, body: Body) -> Reply:
        return self._sent(self._ticket(body), "placeorder", body)

    def decide(self, body: Body) -> Finish:
        """Read the position as a smart order does, and return what it will do about it.

        The position is the account's, of nobody's trade; what cannot be read is 0.
        """
        account = self._account
        wanted = Decimal(int(float(str(body["position_size"]))))
        quantity = _units(body["quantity"])
        ticket = self._ticket(body)
        have = self._read_position(ticket.key)
        if account.analyzer:
            # The sandbox looks for another name of the field, and so for the default.
            ticket = msgspec.structs.replace(
                ticket, pricetype="MARKET", price=0.0, trigger_price=0.0
            )
        if wanted == have and quantity == 0:
            return self._nothing
        if wanted == have == 0:
            if not account.plugin.fresh_when_flat:
                return self._nothing
            return lambda: self._sent(ticket, "placesmartorder", body)
        if wanted == have:
            return lambda: success(message=MATCHED)
        ticket = msgspec.structs.replace(
            ticket,
            action="BUY" if wanted > have else "SELL",
            quantity=abs(wanted - have),
        )
        return lambda: self._sent(ticket, "placesmartorder", body)

    def _read_position(self, key: Key) -> Decimal:
        """Read the position, or take it as it was read a moment ago."""
        now_s = self._account.time.now_s()
        kept = self._account.faults.hit(Fault.POSITION_KEPT, symbol=key.name)
        read_s, have = self._positions.get(key, (float("-inf"), ZERO))
        if not kept or now_s - read_s >= kept.number(1.0):
            have = self._account.books.quantity("placesmartorder", key)
            self._positions[key] = (now_s, have)
        return have

    def _nothing(self) -> Reply:
        status, message = self._account.plugin.nothing
        return success(message=message) if status == 200 else error(status, message)

    def _sent(self, ticket: Ticket, via: str, body: Body) -> Reply:
        missing = self.unknown(ticket.key) or _fraction(ticket)
        if missing:
            return missing
        faults, name = self._account.faults, ticket.key.name
        order = self._placed(ticket, via, body)
        if faults.hit(Fault.NO_ORDER_ID, endpoint=via, symbol=name):
            return success(message="Order placed")
        if faults.hit(Fault.NULL_ORDER_ID, endpoint=via, symbol=name):
            return success(orderid=None)
        return success(orderid=order.order_id)

    def _placed(self, ticket: Ticket, via: str, body: Body) -> Order:
        strategy = str(body["strategy"])
        return self._account.exchange.place(ticket, by=By.CLIENT, via=via, strategy=strategy)

    def unknown(self, key: Key) -> Reply | None:
        if self._account.catalogue.find(key.exchange, key.symbol) is None:
            return error(400, f"Symbol '{key.symbol}' not found for exchange '{key.exchange}'")
        if key.exchange in QUOTE_ONLY:
            return error(400, f"Exchange '{key.exchange}' takes no orders")
        return None

    def _ticket(self, body: Body) -> Ticket:
        return Ticket(
            key=Key(str(body["exchange"]), str(body["symbol"]), str(body["product"])),
            action=str(body["action"]),
            quantity=_units(body["quantity"]),
            pricetype=str(body["pricetype"]),
            price=float(str(body["price"])),
            trigger_price=float(str(body["trigger_price"])),
            disclosed_quantity=_units(body["disclosed_quantity"]),
        )

    def _living(self, body: Body) -> Order | Reply:
        """Return the order that a request is about, if it can still be changed."""
        order = self._account.exchange.orders.get(str(body["orderid"]))
        if order is None:
            return error(404, f"Order {body['orderid']} not found")
        if order.status.is_final:
            return error(400, f"Order {order.order_id} is already {order.status}")
        return order

    def _modify(self, body: Body) -> Reply:
        order = self._living(body)
        if isinstance(order, Reply):
            return order
        wanted = self._ticket(body)
        if wanted.quantity <= order.filled:
            return error(400, "quantity is not above what has been filled")
        changes: dict[str, object] = {
            name: getattr(wanted, name) for name in ("quantity", "price", "trigger_price")
        }
        if not self._account.analyzer:
            changes["pricetype"] = wanted.pricetype
        self._account.exchange.modify(order.order_id, **changes)
        return success(orderid=order.order_id)

    def _cancel(self, body: Body) -> Reply:
        order = self._living(body)
        if isinstance(order, Reply):
            return order
        return self._cancelled(order)

    def _cancelled(self, order: Order) -> Reply:
        account, name = self._account, order.ticket.key.name
        if account.faults.hit(Fault.CANCEL_REFUSED, symbol=name):
            return error(500, "Order could not be cancelled")
        slowly = account.faults.hit(Fault.CANCEL_SLOW, symbol=name)
        exchange = account.exchange
        if slowly:
            account.time.after(slowly.number(2.0), lambda: exchange.cancel(order.order_id))
        elif not account.faults.hit(Fault.CANCEL_LOST, symbol=name):
            exchange.cancel(order.order_id)
        return success(orderid=order.order_id)

    def _cancel_all(self, body: Body) -> Reply:
        done: list[str] = []
        failed: list[str] = []
        for order in list(self._account.exchange.orders.values()):
            # The sandbox forgets those that wait for their trigger.
            forgotten = self._account.analyzer and order.status is Status.WAITING
            if order.status.is_final or forgotten:
                continue
            reply = self._cancelled(order)
            (done if reply.status == 200 else failed).append(order.order_id)
        return success(
            canceled_orders=done,
            failed_cancellations=failed,
            message=f"Canceled {len(done)} orders. Failed to cancel {len(failed)} orders.",
        )

    def _close_positions(self, body: Body) -> Reply:
        """Leave everything that the account holds, whoever opened it, and say so anyhow."""
        exchange = self._account.exchange
        for key in list(exchange.nets):
            net = self._account.books.quantity("closeposition", key)
            if net:
                action = "SELL" if net > 0 else "BUY"
                ticket = Ticket(key=key, action=action, quantity=abs(net))
                self._placed(ticket, "closeposition", body)
        return success(message=ALL_CLOSED)

    def _basket(self, body: Body) -> Reply:
        fields = {name: field for name, field in FIELDS["placeorder"].items() if name != "strategy"}
        orders = body["orders"]
        assert isinstance(orders, list)
        try:
            wanted = [checked(order, fields) | {"strategy": body["strategy"]} for order in orders]
        except Invalid as invalid:
            return error(400, str(invalid))
        # Purchases go first, whatever their place in the list.
        wanted.sort(key=lambda order: order["action"] != "BUY")
        results = [self._result(self._ticket(order), "basketorder", order) for order in wanted]
        return success(results=results)

    def _split(self, body: Body) -> Reply:
        left, size = _units(body["quantity"]), _units(body["splitsize"])
        results: list[Body] = []
        while left > 0:
            part = min(left, size)
            ticket = msgspec.structs.replace(self._ticket(body), quantity=part)
            result = self._result(ticket, "splitorder", body)
            results.append({"order_num": len(results) + 1, "quantity": int(part)} | result)
            left -= part
        return success(
            split_size=int(size), total_quantity=int(_units(body["quantity"])), results=results
        )

    def _result(self, ticket: Ticket, via: str, body: Body) -> dict[str, object]:
        reply = self._sent(ticket, via, body)
        assert isinstance(reply.body, dict)
        return {"symbol": ticket.key.symbol} | reply.body


def _units(value: object) -> Decimal:
    read = Decimal(str(value))
    return Decimal(int(read)) if read == int(read) else read


def _fraction(ticket: Ticket) -> Reply | None:
    whole = ticket.quantity == ticket.quantity.to_integral_value()
    if whole or ticket.key.exchange == "CRYPTO":
        return None
    return error(400, "{'quantity': ['Must be a whole number.']}")
