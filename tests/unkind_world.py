"""A broker that is unkind, and an exchange behind it, drawn from a seed.

Everything is synchronous. The world keeps the truth of its exchange apart from what it
has told anybody, so it can say whether an order of ours was right.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from random import Random

import msgspec

from tradebot.core.inputs import (
    Acked,
    BookReply,
    Execution,
    Input,
    NotSent,
    OrderReport,
    OrderSide,
    OrderState,
    Outcome,
    PlaceReply,
    PositionsReply,
    QueryReply,
    QuoteReply,
    Refused,
    Unknown,
)
from tradebot.core.intents import (
    AskQuote,
    PlaceOrder,
    QueryOrder,
    ReadBook,
    ReadOrder,
    ReadPosition,
)
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import exact

SECOND_NS = 1_000_000_000
ZERO = Decimal(0)
OF_THE_NIGHT = OrderReport(
    order_id="B-night",
    client_order_id=None,
    key=NetKey("A1", "NSE", "NIGHT", "MIS"),
    side=OrderSide.BUY,
    quantity=Decimal(1),
    filled=ZERO,
    state=OrderState.CANCELLED,
    at_ns=0,
)


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """How often the world is unkind, each from 0 to 1; all 0 is a kind one."""

    refused: float = 0.0
    lost: float = 0.0  # no clear reply; the order acted in half of these
    rejected: float = 0.0  # after acceptance
    parts: float = 0.0  # it fills in parts
    cancelled: float = 0.0  # the rest of it is cancelled
    late: float = 0.0  # of every message: up to ten seconds
    doubled: float = 0.0  # of executions and reports
    dropped: float = 0.0  # of executions and reports: only a query brings them
    query_fails: float = 0.0
    reads_flat: float = 0.0  # a position is read as flat; never twice in a row


KIND = Rates()


class WorldOrder(msgspec.Struct, kw_only=True, eq=False):
    """One order at the exchange, as it truly is."""

    order_id: str
    client_order_id: str | None  # None: not ours
    trade_id: str | None  # the trade that it enters or leaves; None: somebody else's
    key: NetKey
    side: OrderSide
    quantity: Decimal
    filled: Decimal = ZERO
    state: OrderState = OrderState.OPEN
    known: frozenset[str]  # others' executions that we had been told of when it left


class World:
    """An exchange, a broker before it, and other people who trade there.

    ``wrong`` lists every harm that an order of ours did.
    """

    def __init__(self, rng: Random, rates: Rates = KIND, price: float = 800.0) -> None:
        self.rng = rng
        self.rates = rates
        self.prices: dict[str, float] = {}
        self.price = price  # of instruments without one of their own
        self.now_ns = 0
        self.nets: dict[NetKey, Decimal] = {}
        self.orders: dict[str, WorldOrder] = {}  # by order id
        self.ours: dict[str, WorldOrder | None] = {}  # by client order id; None: never arrived
        self.doubts: dict[NetKey, set[str]] = {}  # requests of whose fate we were not told
        self.entered: dict[str, Decimal] = {}  # by trade: what its entry truly filled
        self.left: dict[str, Decimal] = {}  # by trade: what our orders truly filled
        self.executions: dict[str, Execution] = {}
        self.untold: dict[str, Execution] = {}
        self.wrong: list[str] = []
        self._others: dict[str, Execution] = {}
        self._lied: set[NetKey] = set()
        self._coming: list[tuple[int, int, bool, Callable[[], list[Input]]]] = []
        self._serial = itertools.count(1)

    # What the engine may ask for.

    def act(self, intent: object) -> None:
        """Do what an intent wants; answers come with ``due``."""
        match intent:
            case PlaceOrder():
                self._place(intent)
            case QueryOrder(client_order_id=name):
                self._tell(lambda: self._queried(name))
            case ReadPosition(key=key):
                self._tell(lambda: self._read(key))
            case ReadOrder(order_id=order_id):
                self._tell(lambda: self._reported(order_id))
            case ReadBook():
                self._tell(self._whole_book)
            case AskQuote(instrument=name):
                self._tell(lambda: [self._quote(name)])

    def price_of(self, instrument: str) -> float:
        return self.prices.get(instrument, self.price)

    # What other people do.

    def enter(self, trade_id: str, key: NetKey, side: OrderSide, quantity: Decimal) -> WorldOrder:
        """Place the entry order of a trade, as a strategy does."""
        order = self._order(key, side, quantity, trade_id)
        self._plan(order)
        return order

    def adopt(self, trade_id: str, key: NetKey, signed: Decimal) -> None:
        """Hold a position that was entered before anybody looked."""
        self.entered[trade_id] = abs(signed)
        self.nets[key] = self.nets.get(key, ZERO) + signed

    def trade_by_hand(self, key: NetKey, signed: Decimal) -> None:
        """Let somebody else trade on a key of ours."""
        side = OrderSide.BUY if signed > 0 else OrderSide.SELL
        order = self._order(key, side, abs(signed))
        self._fill(order, abs(signed))
        self._end(order, OrderState.COMPLETE)

    # Time.

    def due(self, until_ns: int) -> Iterator[Input]:
        """Yield what arrives up to a time, in its order; the clock goes along."""
        while self._coming and self._coming[0][0] <= until_ns:
            at_ns, _, _, what = heapq.heappop(self._coming)
            self.now_ns = max(self.now_ns, at_ns)
            for item in what():
                self._note(item)
                yield item
        self.now_ns = until_ns

    def daemon_died(self) -> None:
        """Forget all that was on its way to the daemon; the exchange goes on."""
        self._coming = [coming for coming in self._coming if not coming[2]]
        heapq.heapify(self._coming)

    def news(self) -> Iterator[Input]:
        """Yield what a start is told: all executions of the day."""
        for item in list(self.executions.values()):
            self._note(item)
            yield item

    # The broker.

    def _place(self, order: PlaceOrder) -> None:
        name, key = order.client_order_id, order.key
        if name in self.ours:
            self.wrong.append(f"{name} was sent twice")
        doubts = self.doubts.setdefault(key, set())
        if doubts:
            self.wrong.append(f"{name} left while {sorted(doubts)} had no answer")
        doubts.add(name)
        self.ours[name] = None
        if self._happens(self.rates.refused):
            refusals: tuple[Outcome, ...] = (Refused("margin"), NotSent("429"))
            self._answer(name, self.rng.choice(refusals))
            return
        lost = self._happens(self.rates.lost)
        if lost and self._happens(0.5):
            self._answer(name, Unknown("lost on the way there"))
            return
        placed = self._order(key, order.side, order.quantity, order.trade_id, name)
        self.ours[name] = placed
        self._plan(placed)
        self._answer(name, Unknown("lost on the way back") if lost else Acked(placed.order_id))

    def _answer(self, name: str, outcome: Outcome) -> None:
        reply = PlaceReply(client_order_id=name, outcome=outcome, at_ns=self.now_ns)
        self._tell(lambda: [reply])

    def _queried(self, name: str) -> list[Input]:
        failed = self._happens(self.rates.query_fails)
        order = None if failed else self.ours.get(name)
        reply = QueryReply(
            client_order_id=name,
            report=self._report(order) if order else None,
            answered=not failed,
            at_ns=self.now_ns,
        )
        return [reply] if failed else [*self._all_untold(), reply]

    def _read(self, key: NetKey) -> list[Input]:
        """Read a net now; the answer comes later, after the executions until then."""
        net: Decimal | None = self.nets.get(key, ZERO)
        if self._happens(self.rates.query_fails):
            net = None
        elif key in self._lied:
            self._lied.discard(key)
        elif self._happens(self.rates.reads_flat):
            self._lied.add(key)
            net = ZERO
        self._tell(
            lambda: [
                *self._all_untold(),
                PositionsReply(key=key, net=net, at_ns=self.now_ns),
            ]
        )
        return []

    def _reported(self, order_id: str) -> list[Input]:
        order = self.orders.get(order_id)
        return [*self._all_untold(), self._report(order)] if order else []

    def _whole_book(self) -> list[Input]:
        """Return the order book; it is never empty, because one of the night is in it."""
        failed = self._happens(self.rates.query_fails)
        rows = [OF_THE_NIGHT, *map(self._report, self.orders.values())]
        reply = BookReply(orders=None if failed else tuple(rows), at_ns=self.now_ns)
        return [reply] if failed else [*self._all_untold(), reply]

    def _all_untold(self) -> list[Input]:
        return list(self.untold.values())

    def _quote(self, name: str) -> QuoteReply:
        price, now = self.price_of(name), self.now_ns
        return QuoteReply(instrument=name, ltp=price, at_ns=now, received_ns=now)

    def _report(self, order: WorldOrder) -> OrderReport:
        return OrderReport(
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            key=order.key,
            side=order.side,
            quantity=order.quantity,
            filled=order.filled,
            state=order.state,
            at_ns=self.now_ns,
        )

    # The exchange.

    def _order(
        self,
        key: NetKey,
        side: OrderSide,
        quantity: Decimal,
        trade_id: str | None = None,
        client_order_id: str | None = None,
    ) -> WorldOrder:
        order = WorldOrder(
            order_id=f"B{next(self._serial)}",
            client_order_id=client_order_id,
            trade_id=trade_id,
            key=key,
            side=side,
            quantity=quantity,
            known=frozenset(self._others.keys() - self.untold.keys()),
        )
        self.orders[order.order_id] = order
        return order

    def _plan(self, order: WorldOrder) -> None:
        """Decide what becomes of an order; it may happen before its reply is heard."""
        at_ns, left = self.now_ns, order.quantity
        end = OrderState.COMPLETE
        if self._happens(self.rates.rejected):
            end, left = OrderState.REJECTED, ZERO
        while left > 0 and end is OrderState.COMPLETE:
            at_ns += self._pause_ns()
            part = left
            if left > 1 and self._happens(self.rates.parts):
                part = Decimal(self.rng.randint(1, int(left)))
            if self._happens(self.rates.cancelled):
                end = OrderState.CANCELLED
                break
            left -= part
            self._at(at_ns, partial(self._fill, order, part))
        self._at(at_ns + self._pause_ns(), partial(self._end, order, end))

    def _fill(self, order: WorldOrder, quantity: Decimal) -> None:
        before = self.nets.get(order.key, ZERO)
        self.nets[order.key] = before + order.side.sign * quantity
        order.filled += quantity
        execution = Execution(
            execution_id=f"E{next(self._serial)}",
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            key=order.key,
            side=order.side,
            quantity=quantity,
            price=exact(self.price_of(order.key.instrument)),
            at_ns=self.now_ns,
        )
        self.executions[execution.execution_id] = execution
        self.untold[execution.execution_id] = execution
        if order.client_order_id is not None:
            self._judge(order, before, quantity)
        elif order.trade_id is not None:
            self.entered[order.trade_id] = self.entered.get(order.trade_id, ZERO) + quantity
        else:
            self._others[execution.execution_id] = execution
        self._stream(execution)

    def _judge(self, order: WorldOrder, before: Decimal, quantity: Decimal) -> None:
        """Note the harm of a fill of ours: more than its trade held, or through zero."""
        trade_id = order.trade_id or ""
        left = self.left[trade_id] = self.left.get(trade_id, ZERO) + quantity
        if left > self.entered.get(trade_id, ZERO):
            self.wrong.append(f"{trade_id} left {left} of {self.entered.get(trade_id)}")
        # What somebody did while this order was on its way, it could not know.
        known = before - sum(
            other.side.sign * other.quantity
            for name, other in self._others.items()
            if other.key == order.key and name not in order.known
        )
        after = known + order.side.sign * quantity
        if known * after < 0 or not known:
            self.wrong.append(f"{order.client_order_id} took the net from {known} to {after}")

    def _end(self, order: WorldOrder, state: OrderState) -> None:
        order.state = state
        self._stream(self._report(order))

    # Chance and time.

    def _happens(self, rate: float) -> bool:
        return rate > 0 and self.rng.random() < rate

    def _pause_ns(self) -> int:
        return self.rng.randint(1, 800) * SECOND_NS // 1000

    def _at(self, at_ns: int, what: Callable[[], None]) -> None:
        """Let something happen at the exchange."""

        def happen() -> list[Input]:
            what()
            return []

        heapq.heappush(self._coming, (at_ns, next(self._serial), False, happen))

    def _stream(self, item: Input) -> None:
        """Push something to the daemon: once, twice or never."""
        if not self._happens(self.rates.dropped):
            for _ in range(2 if self._happens(self.rates.doubled) else 1):
                self._tell(lambda: [item])

    def _tell(self, what: Callable[[], list[Input]]) -> None:
        """Let the daemon hear something, soon or late."""
        pause_ns = self._pause_ns() // 10
        if self._happens(self.rates.late):
            pause_ns = self.rng.randint(1, 10) * SECOND_NS
        heapq.heappush(self._coming, (self.now_ns + pause_ns, next(self._serial), True, what))

    def _note(self, item: Input) -> None:
        """Remember what the daemon knows from now on."""
        match item:
            case Execution(execution_id=name):
                self.untold.pop(name, None)
                self._no_doubt(item.client_order_id)
            case OrderReport():
                self._no_doubt(item.client_order_id)
            case BookReply(orders=rows):
                for row in rows or ():
                    self._no_doubt(row.client_order_id)
            case PlaceReply(outcome=outcome) if not isinstance(outcome, Unknown):
                self._no_doubt(item.client_order_id)
            case QueryReply(answered=True):
                self._no_doubt(item.client_order_id)

    def _no_doubt(self, name: str | None) -> None:
        for doubts in self.doubts.values():
            doubts.discard(name or "")
