"""OpenAlgo as a broker: orders and books behind the port."""

from collections.abc import Sequence
from decimal import Decimal

from tradebot.brokers.openalgo.client import Client, Reply, Silent, Withheld
from tradebot.brokers.openalgo.known_orders import KnownOrders
from tradebot.brokers.openalgo.shared import Shared
from tradebot.brokers.openalgo.sightings import Sightings
from tradebot.brokers.openalgo.wire import orders, prices, requests, trades
from tradebot.brokers.openalgo.wire.answers import NOT_FOUND, Answer
from tradebot.brokers.openalgo.wire.positions import (
    Held,
    Nets,
    Place,
    has_funds,
    holdings,
    positions_of,
)
from tradebot.brokers.openalgo.wire.times import stated_ns
from tradebot.core.inputs import (
    Acked,
    Execution,
    NetPosition,
    NotSent,
    OrderReport,
    OrderState,
    Outcome,
    QueryReply,
    Refused,
    Unknown,
)
from tradebot.core.instruments import Instrument, NetKey
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.errors import BrokerError
from tradebot.ports import Inbox, Quote

DELIVERY = "CNC"
_NO_UNITS = Decimal(0)
_GIVEN_UP: Reply = Silent("the reading was given up")


class OpenAlgoBroker:
    """One account behind OpenAlgo. It keeps none of our order ids.

    Whatever cannot be said for certain is ``Unknown``, None or an error, and never "no".
    """

    def __init__(self, account: str, client: Client) -> None:
        """Name the account whose net positions these are."""
        self._account = account
        self._client = client
        self._known = KnownOrders()
        self._placing = 0  # requests under way
        self._trade_times = Sightings()
        self._order_times = Sightings()
        self._orders = Shared(lambda: self._read("orderbook"), _GIVEN_UP)
        self._trades = Shared(lambda: self._read("tradebook"), _GIVEN_UP)
        self._positions = Shared(lambda: self._read("positionbook"), _GIVEN_UP)
        self._holdings = Shared(lambda: self._read("holdings"), _GIVEN_UP)

    async def open(self, inbox: Inbox) -> None:
        """Connect, and tell the engine which orders are there already.

        A key that is not taken is no reason to stay away: [W] it is the same 403 as that
        of a session which ends every night and comes back when somebody logs in.

        Raises:
            BrokerError: the server is not there, or would only simulate our orders.
        """
        await self._client.open()
        try:
            await self._look_at_server()
        except BaseException:
            await self._client.close()
            raise
        for report in await self.order_book() or ():
            inbox.put(report)

    async def close(self) -> None:
        await self._client.close()

    async def instruments(self) -> Sequence[Instrument]:
        """Return none: each is asked for when it is first wanted.

        The whole list can only be had with the key in the address, where it would end in
        the logs of every proxy; and it has 100,000 lines of which ten matter.
        """
        return ()

    async def place(self, order: PlaceOrder) -> Outcome:
        if order.key.account != self._account:
            # A trade of another account or of paper, in files that were moved: never ours to leave.
            return NotSent(f"{order.key.account} is not the account of this broker")
        if self._client.is_live is not True and not await self._client.check_mode():
            return NotSent(self._why_not_live())
        self._placing += 1
        try:
            reply = await self._client.ask("placeorder", requests.place_order(order))
        finally:
            self._placing -= 1
        match reply:
            case Withheld(message=message):
                return NotSent(message)
            case Silent(message=message):
                return Unknown(message)
        outcome = orders.outcome_of(reply)
        if isinstance(outcome, Acked):
            self._known.placed(outcome.order_id, order)
        if isinstance(outcome, Refused):
            return await self._looked_for(order, outcome)
        return outcome

    async def cancel(self, order: CancelOrder) -> None:
        name = order.order_id
        if name is None:
            raise BrokerError(f"OpenAlgo has told no id of {order.client_order_id}")
        reply = await self._client.ask("cancelorder", requests.cancel_order(name), urgent=False)
        if not isinstance(reply, Answer) or not orders.is_cancelled(reply):
            raise BrokerError(f"order {name} was not cancelled: {_said(reply)}")

    async def query(self, client_order_id: str) -> QueryReply:
        """Answer that nobody can say: our ids are not kept."""
        return QueryReply(
            client_order_id=client_order_id,
            report=None,
            answered=False,
            at_ns=self._client.clock.now_ns(),
        )

    async def report(self, order_id: str) -> OrderReport | None:
        """Ask for one order. Its fills are those of the trade book, not of its own row.

        [I #1987, #424] An ``orderstatus`` averages the first fill only, and says 0 before the
        trade book has it.

        Raises:
            BrokerError: the read failed.
        """
        reply = await self._client.ask("orderstatus", requests.order_status(order_id))
        if isinstance(reply, Answer) and reply.http == NOT_FOUND and reply.body is not None:
            return None  # [W] also right after placing: books lag
        row = orders.order_row(reply) if isinstance(reply, Answer) else None
        if row is None or row.order_id != order_id:
            raise BrokerError(f"order {order_id} cannot be read: {_said(reply)}")
        self._known.row(row)
        if row.state is not OrderState.COMPLETE:
            await self._fills()
        return self._report(row)

    async def order_book(self) -> Sequence[OrderReport] | None:
        asked_ns = self._client.clock.now_ns()
        rows = await self._order_rows()
        if rows is None:
            return None
        reports = [self._report(row) for row in rows]
        self._order_times.was_read(asked_ns)
        return reports

    async def net(self, key: NetKey) -> Decimal | None:
        """Return what the account holds on a key.

        A key without a row is flat as far as this read goes. A book without any row is that
        only where the broker answers another question beside it.
        """
        if key.account != self._account:
            return None
        found = await self._held()
        if found is None:
            return None
        place = key.exchange, key.symbol, key.product
        net = found[place].net if place in found else _NO_UNITS
        if key.product != DELIVERY:
            return net
        held = holdings(_answered(await self._holdings()))
        return None if held is None else _delivered(net, held.get(place, _NO_UNITS))

    async def positions(self) -> Sequence[NetPosition] | None:
        """Return the rows of the position book; those of deliveries with what was held before.

        What was held before costs what the book does not say: such a row has no average.
        """
        found = await self._held()
        if found is None:
            return None
        before: Nets | None = {}
        if any(product == DELIVERY for _exchange, _symbol, product in found):
            before = holdings(_answered(await self._holdings()))
        if before is None:
            return None
        return [
            NetPosition(
                key=NetKey(self._account, *place),
                net=_delivered(held.net, before.get(place, _NO_UNITS))
                if place[2] == DELIVERY
                else held.net,
                average=None if before.get(place) else held.average,
                ltp=held.ltp,
            )
            for place, held in found.items()
        ]

    async def executions(self) -> Sequence[Execution]:
        """Return the fills of the day.

        Raises:
            BrokerError: the trade book cannot be read, or not as a whole.
        """
        asked_ns = self._client.clock.now_ns()
        fills = await self._fills()
        now_ns = self._client.clock.now_ns()
        executions = [self._execution(fill, now_ns) for fill in fills]
        self._trade_times.was_read(asked_ns)
        return executions

    async def news(self) -> Sequence[Execution]:
        """Return the fills that can be told before anybody asks for them.

        While a request of ours is under way, only those of known orders: an execution that
        overtakes its acknowledgement would look like somebody else's.

        Raises:
            BrokerError: as of ``executions``.
        """
        known = self._known.names()
        fills = await self.executions()
        return [fill for fill in fills if not self._placing or fill.order_id in known]

    async def quote(self, instrument: str) -> Quote | None:
        reply = await self._client.ask("quotes", requests.instrument(instrument), urgent=False)
        if not isinstance(reply, Answer):
            return None
        return prices.quote_of(reply, self._client.clock.now_ns())

    async def _look_at_server(self) -> None:
        reply = await self._client.check()
        if isinstance(reply, Answer) and reply.is_locked_out:
            return
        if not isinstance(reply, Answer) or not reply.is_success:
            where = self._client.rest
            raise BrokerError(f"{where} is no OpenAlgo that can be used: {_said(reply)}")
        if not await self._client.check_mode():
            raise BrokerError(self._why_not_live())

    def _why_not_live(self) -> str:
        if self._client.lockout.is_closed:
            return f"OpenAlgo does not take our key: {self._client.lockout.why}"
        if self._client.is_live is None:
            return "OpenAlgo does not say whether it would only simulate orders"
        return "OpenAlgo is in analyzer mode: it would only simulate orders"

    async def _looked_for(self, order: PlaceOrder, refused: Refused) -> Outcome:
        """Believe a refusal in the broker's words when the order book has nothing new like it."""
        before = self._known.names()
        rows = await self._order_rows()
        if rows is None:
            return Unknown(f"{refused.message}; and the order book cannot be read")
        key = order.key
        alike = [
            row
            for row in rows
            if row.order_id not in before
            and (row.exchange, row.symbol, row.side) == (key.exchange, key.symbol, order.side)
            and row.quantity == order.quantity
            and row.state is not OrderState.REJECTED
        ]
        if alike:
            return Unknown(f"{refused.message}; but there is a new order {alike[0].order_id}")
        return refused

    async def _held(self) -> dict[Place, Held] | None:
        """Return the rows of the position book; one without any only where there are funds."""
        found = positions_of(_answered(await self._positions()))
        if found or found is None:
            return found
        return found if has_funds(_answered(await self._client.ask("funds", {}))) else None

    async def _read(self, route: str) -> Reply:
        return await self._client.ask(route, {})

    async def _order_rows(self) -> list[orders.OrderRow] | None:
        reply = await self._orders()
        rows = orders.order_rows(reply) if isinstance(reply, Answer) else None
        for row in rows or ():
            self._known.row(row)
        return rows

    async def _fills(self) -> list[trades.Fill]:
        reply = await self._trades()
        rows = trades.trade_rows(reply) if isinstance(reply, Answer) else None
        if rows is None:
            raise BrokerError(f"the trade book cannot be read: {_said(reply)}")
        if self._known.lacks(rows, trades.repeated(rows)):
            await self._order_rows()  # it tells what the trade book leaves open
        fills = trades.fills_of(rows, self._known.limits())
        self._known.filled(fills)
        return fills

    def _report(self, row: orders.OrderRow) -> OrderReport:
        now_ns = self._client.clock.now_ns()
        return OrderReport(
            order_id=row.order_id,
            client_order_id=None,
            key=NetKey(self._account, row.exchange, row.symbol, row.product),
            side=row.side,
            quantity=row.quantity,
            filled=self._known.filled_of(row),
            state=row.state,
            at_ns=self._order_times.at_ns(row.order_id, stated_ns(row.stated, now_ns), now_ns),
            message=row.message,
            price=row.price,
            trigger=row.trigger,
        )

    def _execution(self, fill: trades.Fill, now_ns: int) -> Execution:
        row = fill.row
        product = row.product or self._known.product_of(row.order_id)
        if not product:
            raise BrokerError(f"nobody says of which product order {row.order_id} is")
        return Execution(
            execution_id=fill.name,
            order_id=row.order_id,
            client_order_id=None,
            key=NetKey(self._account, row.exchange, row.symbol, product),
            side=row.side,
            quantity=row.quantity,
            price=row.price,
            at_ns=self._trade_times.at_ns(fill.name, stated_ns(row.stated, now_ns), now_ns),
        )


def _delivered(net: Decimal, before: Decimal) -> Decimal:
    """Return what is held for delivery; a sale that shows in both books counts once.

    Nobody is short of a delivery.
    """
    return max(_NO_UNITS, net + before)


def _answered(reply: Reply) -> Answer:
    """Return an answer; what is none is one of no use."""
    return reply if isinstance(reply, Answer) else Answer(0, None, reply.message)


def _said(reply: Reply) -> str:
    if isinstance(reply, Answer):
        return f"HTTP {reply.http} {reply.message}".rstrip()
    return reply.message
