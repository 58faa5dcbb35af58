"""The paper broker: an exchange of our own behind the same port as a real one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from typing import Protocol

import msgspec

from tradebot.brokers.paper.fate import Chances, Fate, fate_of
from tradebot.brokers.paper.memory import Memory, PaperOrder
from tradebot.brokers.paper.prices import LastPrices
from tradebot.core.inputs import (
    Acked,
    Execution,
    NetPosition,
    NotSent,
    OrderReport,
    OrderSide,
    OrderState,
    Outcome,
    QueryReply,
    Refused,
    Unknown,
)
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.money import exact, plain
from tradebot.errors import BrokerError, InputError
from tradebot.ports import Clock, Inbox, Quote

_DAYS_NS = 2 * 24 * 3_600_000_000_000  # a day's executions, wherever its midnight is
_NEWEST = 1000  # orders of a book; with those that wait it is enough to know what rests
_RETRY_S = 1.0  # after the world's file refused a write
_SAID = {
    OrderState.REJECTED: "rejected by the paper exchange",
    OrderState.CANCELLED: "the rest was cancelled by the paper exchange",
}


class Timer(Protocol):
    """A call to come that can be called off."""

    def cancel(self) -> None:
        """Call it off."""


CallLater = Callable[[float, Callable[[], None]], Timer]


class PaperBroker:
    """Fills market orders at the last price after a latency, and remembers everything.

    ``instruments`` are what it trades. ``slippage`` is in points against the order,
    ``slippage_percent`` in percent of its price.
    ``reply_delay_ns`` passes between acting and answering, so that an order can fill
    before its answer is known. ``sleep`` and ``call_later`` are the loop's unless given.
    """

    def __init__(
        self,
        memory: Memory,
        prices: LastPrices,
        clock: Clock,
        instruments: Sequence[Instrument],
        *,
        chances: Chances,
        slippage: Decimal = Decimal(0),
        slippage_percent: Decimal = Decimal(0),
        reply_delay_ns: int = 0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        call_later: CallLater | None = None,
    ) -> None:
        self._memory = memory
        self._prices = prices
        self._clock = clock
        self._instruments = {instrument.id: instrument for instrument in instruments}
        self._chances = chances
        self._slippage = slippage
        self._slippage_percent = slippage_percent
        self._reply_delay_ns = reply_delay_ns
        self._sleep = sleep
        self._call_later = call_later
        self._inbox: Inbox | None = None  # None: closed
        self._open_orders: dict[int, PaperOrder] = {}  # by number; something happens to each yet
        self._timers: dict[int, Timer] = {}

    async def open(self, inbox: Inbox) -> None:
        self._memory.open(self._clock.now_ns())
        self._inbox = inbox
        for order in self._memory.open_orders():
            self._schedule(order)

    async def close(self) -> None:
        self._inbox = None
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._open_orders.clear()
        self._memory.close()

    def remember(self, _executions: Sequence[Execution], /) -> None:
        """Do nothing: an execution has an id of its own here."""

    async def instruments(self) -> Sequence[Instrument]:
        return tuple(self._instruments.values())

    def describe(self, instruments: Iterable[Instrument]) -> None:
        """Trade these too, or as they are described now."""
        self._instruments.update((instrument.id, instrument) for instrument in instruments)

    async def place(self, order: PlaceOrder) -> Outcome:
        if self._is_closed():
            return NotSent("the paper broker is closed")
        wrong = self._objection(order.key, order.quantity)
        if wrong is not None:
            return Refused(str(wrong))
        if order.price is not None:
            return Refused("the paper exchange takes orders at the market only")
        fate = self._fate(order.client_order_id, order.key, order.quantity)
        try:
            outcome = self._accepted(order, fate)
        except BrokerError as error:
            # A commit that raised may still be there; the query tells.
            return Unknown(str(error))
        if self._reply_delay_ns:
            await self._sleep(self._reply_delay_ns / 1e9)
            if self._is_closed():
                return Unknown("the paper broker was closed before it answered")
        if fate.request_lost or fate.reply_lost:
            return Unknown("no answer from the paper exchange")
        return outcome

    async def cancel(self, order: CancelOrder) -> None:
        if order.client_order_id is not None:
            found = self._memory.order_of_client(order.client_order_id)
        else:
            found = self._memory.order(order.order_id or "")
        if found is None or found.number not in self._open_orders:
            name = order.client_order_id or order.order_id
            raise BrokerError(f"nothing of {name} rests at the paper exchange")
        now_ns = self._clock.now_ns()
        after = msgspec.structs.replace(
            found, state=OrderState.CANCELLED, message="cancelled on request", changed_at_ns=now_ns
        )
        self._memory.save(after, None)
        del self._open_orders[found.number]
        self._timers.pop(found.number).cancel()
        if self._inbox is not None:
            self._inbox.put(after.report())

    async def query(self, client_order_id: str) -> QueryReply:
        order, answered = None, True
        try:
            order = self._memory.order_of_client(client_order_id)
        except BrokerError:
            answered = False
        return QueryReply(
            client_order_id=client_order_id,
            report=order.report() if order else None,
            answered=answered,
            at_ns=self._clock.now_ns(),
        )

    async def report(self, order_id: str) -> OrderReport | None:
        order = self._memory.order(order_id)
        return order.report() if order else None

    async def order_book(self) -> Sequence[OrderReport] | None:
        if self._is_closed():
            return None
        newest = self._memory.orders(_NEWEST)
        there = {order.number for order in newest}
        newest += [order for order in self._memory.open_orders() if order.number not in there]
        return [order.report() for order in newest]

    async def net(self, key: NetKey) -> Decimal | None:
        if self._is_closed():
            return None
        position = self._memory.positions.get(key)
        return position.quantity if position else Decimal(0)

    async def positions(self) -> Sequence[NetPosition] | None:
        if self._is_closed():
            return None
        return [
            NetPosition(
                key=key,
                net=position.quantity,
                average=position.average,
                ltp=self._prices.ltp(key.instrument),
            )
            for key, position in self._memory.positions.items()
        ]

    async def executions(self) -> Sequence[Execution]:
        return self._memory.executions_since(self._clock.now_ns() - _DAYS_NS)

    async def quote(self, instrument: str) -> Quote | None:
        return self._prices.quote(instrument)

    def place_for_person(
        self,
        key: NetKey,
        side: OrderSide,
        quantity: Decimal,
        at_ns: int,
        *,
        price: Decimal | None = None,
        trigger: Decimal | None = None,
    ) -> str:
        """Take an order that somebody gives at the exchange itself; return its id.

        At the market, or one that waits in the book: a limit for its price, a stop for its
        trigger.

        Raises:
            InputError: it is wrong.
            BrokerError: the exchange cannot take it just now; it may have.
        """
        wrong = self._objection(key, quantity)
        if wrong is not None:
            raise wrong
        for field, value in (("price", price), ("trigger", trigger)):
            if value is not None and not (value.is_finite() and value > 0):
                raise InputError(field, f"{field} {value} is not more than 0")
        if price is not None and trigger is not None:
            raise InputError("trigger", "an order waits for a price or for a trigger, not for both")
        fate = self._fate(f"person/{key}/{side}/{quantity}/{at_ns}", key, quantity)
        order = self._add(
            key=key,
            side=side,
            quantity=quantity,
            fate=fate,
            at_ns=at_ns,
            price=price,
            trigger=trigger,
        )
        if order.rests and self._inbox is not None:
            self._inbox.put(order.report())
        return order.order_id

    def orders(self, limit: int = _NEWEST) -> Sequence[OrderReport]:
        """Return the newest orders, anybody's, newest first."""
        return [order.report() for order in self._memory.orders(limit)]

    def nets(self) -> dict[NetKey, Decimal]:
        """Return the signed net of every key that is not flat."""
        return {key: position.quantity for key, position in self._memory.positions.items()}

    def _objection(self, key: NetKey, quantity: Decimal) -> InputError | None:
        """Return what is wrong with an order, if anything is."""
        instrument = self._instruments.get(key.instrument)
        if instrument is None:
            return InputError("symbol", f"the paper exchange does not trade {key.instrument}")
        if not (quantity.is_finite() and quantity > 0):
            return InputError("quantity", f"quantity {quantity} is not more than 0")
        if quantity % instrument.lot_size:
            lot = f"the lot size {plain(instrument.lot_size)} of {instrument.id}"
            return InputError("quantity", f"quantity {plain(quantity)} is not a multiple of {lot}")
        freeze = instrument.freeze_quantity
        if freeze is not None and quantity > freeze:
            limit = f"the freeze quantity {plain(freeze)} of {instrument.id}"
            return InputError("quantity", f"quantity {plain(quantity)} is more than {limit}")
        return None

    def _fate(self, name: str, key: NetKey, quantity: Decimal) -> Fate:
        return fate_of(name, quantity, self._instruments[key.instrument].lot_size, self._chances)

    def _accepted(self, order: PlaceOrder, fate: Fate) -> Outcome:
        """Do what the request asks, unless it was lost, refused or done before."""
        before = self._memory.order_of_client(order.client_order_id)
        if before is not None:
            same = (before.key, before.side, before.quantity)
            if same != (order.key, order.side, order.quantity):
                # Our names are never used again; somebody kept this file and not the daemon's.
                return Refused(f"{order.client_order_id} already names {before.order_id}")
            return Acked(before.order_id)
        if fate.refused or fate.request_lost:
            return Refused("refused by the paper exchange")
        added = self._add(
            key=order.key,
            side=order.side,
            quantity=order.quantity,
            fate=fate,
            at_ns=self._clock.now_ns(),
            client_order_id=order.client_order_id,
        )
        return Acked(added.order_id)

    def _is_closed(self) -> bool:
        return self._inbox is None

    def _add(
        self,
        *,
        key: NetKey,
        side: OrderSide,
        quantity: Decimal,
        fate: Fate,
        at_ns: int,
        client_order_id: str | None = None,
        price: Decimal | None = None,
        trigger: Decimal | None = None,
    ) -> PaperOrder:
        order = self._memory.add(
            PaperOrder(
                number=0,
                order_id="",
                client_order_id=client_order_id,
                key=key,
                side=side,
                quantity=quantity,
                placed_at_ns=at_ns,
                changed_at_ns=at_ns,
                due_at_ns=at_ns + fate.steps[0].after_ns,
                steps=fate.steps,
                price=price,
                trigger=trigger,
            )
        )
        self._schedule(order)
        return order

    def _schedule(self, order: PaperOrder) -> None:
        """Let the order's next step happen when it is due; at once, if that has passed."""
        self._open_orders[order.number] = order
        wait_ns = order.due_at_ns - self._clock.now_ns()
        # A clock that was set back must not make an order wait longer than it would have.
        wait_ns = min(max(0, wait_ns), order.steps[order.done].after_ns)
        self._later(order.number, wait_ns / 1e9)

    def _later(self, number: int, delay_s: float) -> None:
        call_later = self._call_later or asyncio.get_running_loop().call_later
        self._timers[number] = call_later(delay_s, partial(self._due, number))

    def _due(self, number: int) -> None:
        """Do the next step of an order: on disk first, then the daemon is told."""
        order = self._open_orders.get(number)
        if order is None or self._inbox is None:
            return  # closed meanwhile
        step = order.steps[order.done]
        ltp = self._prices.ltp(order.key.instrument)
        if step.quantity and (ltp is None or order.waits(ltp)):
            self._prices.when_known(order.key.instrument, partial(self._due, number))
            return
        after, execution = self._stepped(order, ltp or 0.0)
        try:
            self._memory.save(after, execution)
        except BrokerError:
            self._later(number, _RETRY_S)
            return
        if execution is not None:
            self._inbox.put(execution)
        self._inbox.put(after.report())
        del self._open_orders[number], self._timers[number]
        if not after.state.is_final:
            self._schedule(after)

    def _stepped(self, order: PaperOrder, ltp: float) -> tuple[PaperOrder, Execution | None]:
        step, now_ns = order.steps[order.done], self._clock.now_ns()
        done = order.done + 1
        after = msgspec.structs.replace(
            order,
            filled=order.filled + step.quantity,
            state=step.state,
            message=_SAID.get(step.state, ""),
            changed_at_ns=now_ns,
            due_at_ns=now_ns + (order.steps[done].after_ns if done < len(order.steps) else 0),
            done=done,
        )
        if not step.quantity:
            return after, None
        price = exact(ltp)
        slippage = self._slippage + price * self._slippage_percent / 100
        if order.price is not None:
            slippage = Decimal(0)  # a limit fills at its price or a better one
        slipped = price + order.side.sign * slippage
        return after, Execution(
            execution_id=f"{order.order_id}-{done}",
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            key=order.key,
            side=order.side,
            quantity=step.quantity,
            price=slipped if slipped > 0 else price,
            at_ns=now_ns,
        )
