"""The scripted broker and what is true there: orders, fills, nets. No sockets, no clock.

It never lies; what the server shows of it is the business of books.py.
"""

import enum
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tests.openalgo.catalogue import Catalogue
from tests.openalgo.fates import Fate, fate_of
from tests.openalgo.faults import Switchboard
from tests.openalgo.pace import Time

ZERO = Decimal(0)


class Key(NamedTuple):
    """What the broker nets on."""

    exchange: str
    symbol: str
    product: str

    @property
    def name(self) -> str:
        return f"{self.exchange}:{self.symbol}"


class By(enum.StrEnum):
    """Who wanted an order."""

    CLIENT = "client"  # it came over the API
    PERSON = "person"  # somebody at the broker's own terminal
    GTT = "gtt"  # a good-till-triggered order of whomever


class Status(enum.StrEnum):
    """What has become of an order, in the server's words."""

    OPEN = "open"
    WAITING = "trigger pending"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        return self in {Status.COMPLETE, Status.CANCELLED, Status.REJECTED}


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """An order as somebody wants it."""

    key: Key
    action: str  # BUY or SELL
    quantity: Decimal
    pricetype: str = "MARKET"
    price: float = 0.0
    trigger_price: float = 0.0
    disclosed_quantity: Decimal = ZERO

    @property
    def sign(self) -> int:
        return 1 if self.action == "BUY" else -1


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is from some moment on."""

    at_s: float
    ticket: Ticket
    status: Status
    filled: Decimal
    average: float
    reason: str


class Order(msgspec.Struct, kw_only=True, eq=False):
    """One order in the broker's book."""

    order_id: str
    by: By
    via: str  # the endpoint that it came through; of a person: by hand
    strategy: str
    ticket: Ticket
    placed_s: float
    placed_ns: int
    fate: Fate
    status: Status = Status.OPEN
    filled: Decimal = ZERO
    notional: float = 0.0
    reason: str = ""
    looks: list[Look] = msgspec.field(default_factory=list)

    @property
    def average(self) -> float:
        return round(self.notional / float(self.filled), 4) if self.filled else 0.0

    @property
    def missing(self) -> Decimal:
        return self.ticket.quantity - self.filled


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution, and what it did to the net."""

    number: int
    order_id: str
    by: By
    key: Key
    action: str
    quantity: Decimal
    price: float
    at_s: float
    at_ns: int
    net_before: Decimal
    net_after: Decimal


class Net(msgspec.Struct, frozen=True, kw_only=True):
    """A position as it is from some moment on."""

    at_s: float
    quantity: Decimal = ZERO
    average: float = 0.0
    realized: float = 0.0


class Exchange:
    """Orders come in, prices move, fills follow."""

    def __init__(
        self,
        time: Time,
        faults: Switchboard,
        catalogue: Catalogue,
        prices: dict[str, float],
        *,
        ids_from: int,
    ) -> None:
        self._time = time
        self._faults = faults
        self._catalogue = catalogue
        self._serial = itertools.count(ids_from)
        self.prices = prices
        self.orders: dict[str, Order] = {}
        self._working: dict[str, dict[str, Order]] = {}  # by instrument, those that can fill
        self.fills: list[Fill] = []
        self.nets: dict[Key, list[Net]] = {}
        self.holdings: dict[tuple[str, str], tuple[Decimal, float]] = {}
        self.fill_after_s = 0.05
        self.on_order: Callable[[Order], None] = lambda _order: None

    def net(self, key: Key) -> Decimal:
        rows = self.nets.get(key)
        return rows[-1].quantity if rows else ZERO

    def carry(self, key: Key, quantity: Decimal, average: float) -> None:
        """Have a position from an earlier day."""
        net = Net(at_s=float("-inf"), quantity=quantity, average=average)
        self.nets.setdefault(key, []).append(net)

    def place(self, ticket: Ticket, *, by: By, via: str, strategy: str = "") -> Order:
        """Take an order into the book and let its fate begin."""
        fate = fate_of(self._faults, ticket.key.name)
        if fate.rests_at is not None and ticket.pricetype == "MARKET":
            ticket = self._resting(ticket, fate.rests_at)
        order = Order(
            order_id=str(next(self._serial)),
            by=by,
            via=via,
            strategy=strategy,
            ticket=ticket,
            placed_s=self._time.now_s(),
            placed_ns=self._time.wall_ns(),
            fate=fate,
        )
        self.orders[order.order_id] = order
        reason = fate.rejected or self._wrong_with(ticket)
        if ticket.pricetype in {"SL", "SL-M"} and not reason:
            order.status = Status.WAITING
        self._changed(order)
        if reason:
            self._time.after(self.fill_after_s, lambda: self.reject(order.order_id, reason))
        else:
            self._time.after(self.fill_after_s, lambda: self._work(order))
        return order

    def modify(self, order_id: str, **changes: object) -> None:
        """Change quantity, price, trigger or type of an order that is open."""
        order = self.orders[order_id]
        order.ticket = msgspec.structs.replace(order.ticket, **changes)
        self._changed(order)
        self._work(order)

    def cancel(self, order_id: str) -> None:
        self._end(order_id, Status.CANCELLED, "")

    def reject(self, order_id: str, reason: str) -> None:
        self._end(order_id, Status.REJECTED, reason)

    def fill(self, order_id: str, quantity: Decimal | int | None = None) -> None:
        """Execute an open order, or a part of it, at the price of the moment or its limit."""
        order = self.orders[order_id]
        assert not order.status.is_final, f"{order_id} is {order.status}"
        self._execute(order, order.missing if quantity is None else Decimal(quantity))

    def price_moved(self, name: str, price: float) -> None:
        """Let the orders of one instrument see a new price."""
        self.prices[name] = price
        for order in list(self._working.get(name, {}).values()):
            self._work(order)

    def order_as_of(self, order: Order, at_s: float) -> Look | None:
        return next((look for look in reversed(order.looks) if look.at_s <= at_s), None)

    def net_as_of(self, key: Key, at_s: float) -> Net | None:
        return next((net for net in reversed(self.nets.get(key, [])) if net.at_s <= at_s), None)

    def _resting(self, ticket: Ticket, far: float) -> Ticket:
        """Turn an order at the market into a limit, around an LTP that is past."""
        key = ticket.key
        contract = self._catalogue.find(key.exchange, key.symbol)
        tick_size = contract.tick_size if contract else 0.05
        ticks = round(self.prices[key.name] * (1 - ticket.sign * far) / tick_size)
        price = round(ticks * tick_size, 6)
        return msgspec.structs.replace(ticket, pricetype="LIMIT", price=price)

    def _wrong_with(self, ticket: Ticket) -> str:
        """Say why the broker's risk system will not have it, after it was acknowledged."""
        key = ticket.key
        contract = self._catalogue.find(key.exchange, key.symbol)
        if contract is None or key.name not in self.prices:
            return "symbol is not tradable"
        if key.product not in contract.products and key.exchange != "CRYPTO":
            return f"product {key.product} is not allowed on {key.exchange}"
        if ticket.quantity % contract.lotsize and key.exchange != "CRYPTO":
            return f"quantity is not a multiple of the lot size {contract.lotsize}"
        if contract.freeze_qty > 1 and ticket.quantity > contract.freeze_qty:
            return f"quantity is above the freeze quantity {contract.freeze_qty}"
        for price in (ticket.price, ticket.trigger_price):
            if Decimal(str(price)) % Decimal(str(contract.tick_size)):
                return f"price {price} is not a multiple of the tick size {contract.tick_size}"
        held = self.net(key) + self.holdings.get((key.exchange, key.symbol), (ZERO, 0.0))[0]
        if key.product == "CNC" and ticket.action == "SELL" and held < ticket.quantity:
            return "insufficient holdings"
        return ""

    def _work(self, order: Order) -> None:
        """Fill what can be filled, as its fate has it."""
        if order.status.is_final or order.fate.by_hand:
            return
        if order.status is Status.WAITING and not self._is_triggered(order):
            return
        if order.status is Status.WAITING:
            order.status = Status.OPEN
            self._changed(order)
        if not self._is_marketable(order):
            return
        age = self._time.now_s() - order.placed_s
        # A timer may come a hair early; what is due within a millisecond is due.
        if age + 0.001 < order.fate.fills_after_s:
            self._time.after(order.fate.fills_after_s - age, lambda: self._work(order))
            return
        step = order.fate.next_fill(order.ticket.quantity, order.filled)
        if step.quantity:
            self._execute(order, step.quantity)
        if order.status.is_final:
            return
        if step.then_cancelled:
            self.cancel(order.order_id)
        elif step.goes_on:
            self._time.after(self.fill_after_s, lambda: self._work(order))

    def _is_triggered(self, order: Order) -> bool:
        above = self.prices[order.ticket.key.name] - order.ticket.trigger_price
        return above * order.ticket.sign >= 0

    def _is_marketable(self, order: Order) -> bool:
        if order.ticket.pricetype in {"MARKET", "SL-M"}:
            return True
        above = self.prices[order.ticket.key.name] - order.ticket.price
        return above * order.ticket.sign <= 0

    def _execute(self, order: Order, quantity: Decimal) -> None:
        key, sign = order.ticket.key, order.ticket.sign
        assert 0 < quantity <= order.missing, f"{order.order_id} misses {order.missing}"
        price = self.prices[key.name]
        before = self.nets.get(key, [Net(at_s=0.0)])[-1]
        after = _folded(before, sign * quantity, price, self._time.now_s())
        self.nets.setdefault(key, []).append(after)
        order.filled += quantity
        order.notional += float(quantity) * price
        if not order.missing:
            order.status = Status.COMPLETE
        self.fills.append(
            Fill(
                number=len(self.fills) + 1,
                order_id=order.order_id,
                by=order.by,
                key=key,
                action=order.ticket.action,
                quantity=quantity,
                price=price,
                at_s=self._time.now_s(),
                at_ns=self._time.wall_ns(),
                net_before=before.quantity,
                net_after=after.quantity,
            )
        )
        self._changed(order)

    def _end(self, order_id: str, status: Status, reason: str) -> None:
        order = self.orders[order_id]
        if order.status.is_final:
            return
        order.status, order.reason = status, reason
        self._changed(order)

    def _changed(self, order: Order) -> None:
        working = self._working.setdefault(order.ticket.key.name, {})
        if order.status.is_final:
            working.pop(order.order_id, None)
        else:
            working[order.order_id] = order
        order.looks.append(
            Look(
                at_s=self._time.now_s(),
                ticket=order.ticket,
                status=order.status,
                filled=order.filled,
                average=order.average,
                reason=order.reason,
            )
        )
        self.on_order(order)


def _folded(net: Net, change: Decimal, price: float, at_s: float) -> Net:
    """Take a fill into a position: the part that closes is realized at the average."""
    after = net.quantity + change
    closing = -min(abs(net.quantity), abs(change)) * (1 if change > 0 else -1)
    if net.quantity * change >= 0:
        closing = ZERO
    realized = net.realized + float(closing) * (price - net.average)
    if net.quantity * after <= 0:  # flat, fresh, or through zero
        average = price if after else 0.0
    elif abs(after) > abs(net.quantity):
        cost = float(net.quantity) * net.average + float(change) * price
        average = cost / float(after)
    else:
        average = net.average
    return Net(at_s=at_s, quantity=after, average=round(average, 4), realized=round(realized, 2))
