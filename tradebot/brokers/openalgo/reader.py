"""What can be read of an account behind OpenAlgo: books, fills, quotes. Nothing is ordered."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from tradebot.brokers.openalgo.books.deliveries import Deliveries
from tradebot.brokers.openalgo.books.gtts import Gtts, number_of
from tradebot.brokers.openalgo.books.known_orders import KnownOrders
from tradebot.brokers.openalgo.books.sightings import Sightings
from tradebot.brokers.openalgo.books.slices import in_slices
from tradebot.brokers.openalgo.calls.client import Client, Reply
from tradebot.brokers.openalgo.calls.shared import Shared
from tradebot.brokers.openalgo.wire import orders, prices, requests, trades
from tradebot.brokers.openalgo.wire.answers import NOT_FOUND, Answer, whole
from tradebot.brokers.openalgo.wire.positions import (
    DELIVERY,
    Held,
    Place,
    has_funds,
    holdings,
    positions_of,
)
from tradebot.brokers.openalgo.wire.times import stated_ns
from tradebot.core.inputs import Execution, NetPosition, OrderReport, OrderState
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.money import NO_UNITS
from tradebot.errors import BrokerError
from tradebot.ports import Inbox, Quote

_NOTHING = Held(NO_UNITS, None, None)
_GIVEN_UP = "the reading was given up"


class _TradeBook(NamedTuple):
    """What one reading of the trade book came to."""

    why: str = ""  # there are no executions
    is_read: bool = False  # at least how much of each order filled is known
    executions: tuple[Execution, ...] | None = None


class OpenAlgoReader:
    """One account behind OpenAlgo, to look at: there is no method here that could order.

    Whatever cannot be said for certain is None or an error, and never "no".
    """

    def __init__(self, account: str, client: Client) -> None:
        """Name the account whose net positions these are."""
        self.account = account
        self.client = client
        self.known = KnownOrders()
        self.gtts = Gtts(account, client)
        self._deliveries = Deliveries()
        self._trade_times = Sightings()
        self._order_times = Sightings()
        # Shared is what was understood, not the answer: a comparison of 160 positions that each
        # took the same books apart held the event loop for 290 ms, and a stop with it.
        self._orders = Shared(self._read_orders, None)
        self._trades = Shared(self._read_trades, _TradeBook(_GIVEN_UP))
        self._positions = Shared(self._read_positions, None)
        self._holdings = Shared(self._read_holdings, None)

    async def open(self, inbox: Inbox) -> None:
        """Connect, and tell the engine which orders are there already.

        A key that is not taken is no reason to stay away: [W] it is the same 403 as that
        of a session which ends every night and comes back when somebody logs in.

        Raises:
            BrokerError: the server is not there, or would only simulate our orders.
        """
        await self.client.open()
        try:
            await self._look_at_server()
        except BaseException:
            await self.client.close()
            raise
        for report in await self.order_book() or ():
            inbox.put(report)

    async def close(self) -> None:
        await self.client.close()

    def remember(self, executions: Sequence[Execution], /) -> None:
        """Know which rows of the trade book an earlier life took for fills."""
        self.known.told.remember(executions, self.client.clock.now_ns())

    async def instruments(self) -> Sequence[Instrument]:
        """Return none: each is asked for when it is first wanted.

        The whole list can only be had with the key in the address, where it would end in
        the logs of every proxy; and it has 100,000 lines of which ten matter.
        """
        return ()

    async def report(self, order_id: str) -> OrderReport | None:
        """Ask for one order. Its fills are those of the trade book, not of its own row.

        [I #1987, #424] An ``orderstatus`` averages the first fill only, and says 0 before the
        trade book has it.

        Raises:
            BrokerError: the read failed.
        """
        if (number := number_of(order_id)) is not None:
            return await self.gtts.report(number)
        reply = await self.client.ask("orderstatus", requests.order_status(order_id))
        if isinstance(reply, Answer) and reply.http == NOT_FOUND and reply.body is not None:
            return None  # [W] also right after placing: books lag
        row = orders.order_row(reply) if isinstance(reply, Answer) else None
        if row is None or row.order_id != order_id:
            raise BrokerError(f"order {order_id} cannot be read: {said(reply)}")
        self.known.row(row)
        if row.state is not OrderState.COMPLETE:
            book = await self._trades()
            if not book.is_read:
                raise BrokerError(book.why)
        return self._report(row)

    async def order_book(self) -> Sequence[OrderReport] | None:
        """Return the day's orders, and those that wait for a price in a book of their own."""
        waiting = await self.gtts.reports()
        asked_ns = self.client.clock.now_ns()
        rows = await self.order_rows()
        if rows is None:
            return None
        reports = await in_slices(rows, self._reports)
        self._order_times.was_read(asked_ns)
        return [*reports, *waiting]

    async def net(self, key: NetKey) -> Decimal | None:
        """Return what the account holds on a key.

        A key without a row is flat as far as this read goes. A book without any row is that
        only where the broker answers another question beside it.
        """
        if key.account != self.account:
            return None
        found = await self._positions()
        if found is None:
            return None
        place = key.exchange, key.symbol, key.product
        net = found[place].net if place in found else NO_UNITS
        if key.product != DELIVERY:
            return net
        before = await self._holdings()
        if before is None:
            return None
        now_ns = self.client.clock.now_ns()
        return self._deliveries.held(place, net, before.get(place, _NOTHING).net, now_ns)

    async def positions(self) -> Sequence[NetPosition] | None:
        """Return the rows of the position book, and what is held for delivery since before today.

        Holdings that cannot be read leave nothing to say of deliveries of today; without any,
        the rest is told all the same.
        """
        found = await self._positions()
        if found is None:
            return None
        before = await self._holdings()
        if before is None and any(product == DELIVERY for _exchange, _symbol, product in found):
            return None
        places = dict.fromkeys([*found, *(before or {})])
        return [
            self._position(place, found.get(place), (before or {}).get(place)) for place in places
        ]

    def _position(self, place: Place, today: Held | None, before: Held | None) -> NetPosition:
        """Return what is held in a place: a row of today, one of before, or both in one.

        A sale leaves the average of what stays; what was bought beside it mixes two that no
        book tells as one. Where it is not sure what a sale has left, the least is told: what
        nobody guards is not to be sold.
        """
        held, earlier = today or _NOTHING, before or _NOTHING
        is_mixed = earlier.net > 0 and held.net > 0
        told, net = earlier if earlier.net > 0 else held, held.net
        if place[2] == DELIVERY:
            now_ns = self.client.clock.now_ns()
            delivered = self._deliveries.held(place, net, earlier.net, now_ns)
            net = max(NO_UNITS, net + earlier.net) if delivered is None else delivered
        return NetPosition(
            key=NetKey(self.account, *place),
            net=net,
            average=None if is_mixed else told.average,
            ltp=earlier.ltp if today is None else held.ltp,
        )

    async def executions(self) -> Sequence[Execution]:
        """Return the fills of the day; all who share a reading are given the same tuple.

        Raises:
            BrokerError: the trade book cannot be read, or not as a whole.
        """
        book = await self._trades()
        if book.executions is None:
            raise BrokerError(book.why)
        return book.executions

    async def quote(self, instrument: str) -> Quote | None:
        reply = await self.client.ask("quotes", requests.instrument(instrument), urgent=False)
        if not isinstance(reply, Answer):
            return None
        return prices.quote_of(reply, self.client.clock.now_ns())

    async def _look_at_server(self) -> None:
        reply = await self.client.check()
        if isinstance(reply, Answer) and reply.is_locked_out:
            return
        if not isinstance(reply, Answer) or not reply.is_success:
            where = self.client.rest
            raise BrokerError(f"{where} is no OpenAlgo that can be used: {said(reply)}")
        if not await self.client.check_mode():
            raise BrokerError(self.why_not_live())

    def why_not_live(self) -> str:
        """Say why this is not known to be a real account; only where it is not."""
        if self.client.lockout.is_closed:
            return f"OpenAlgo does not take our key: {self.client.lockout.why}"
        if self.client.is_live is None:
            return "OpenAlgo does not say whether it would only simulate orders"
        return "OpenAlgo is in analyzer mode: it would only simulate orders"

    async def order_rows(self) -> list[orders.OrderRow] | None:
        """Return the rows of the order book; None: it cannot be read."""
        return await self._orders()

    async def _read_orders(self) -> list[orders.OrderRow] | None:
        book = orders.order_book(await self._answer("orderbook"))
        rows = None if book is None else whole(await in_slices(book, orders.order_rows))
        for row in rows or ():
            self.known.row(row)
        return rows

    async def _read_positions(self) -> dict[Place, Held] | None:
        """Read the position book; one without any row is believed only where there are funds."""
        found = positions_of(await self._answer("positionbook"))
        if found or found is None:
            return found
        return found if has_funds(await self._answer("funds")) else None

    async def _read_holdings(self) -> dict[Place, Held] | None:
        return holdings(await self._answer("holdings"))

    async def _read_trades(self) -> _TradeBook:
        asked_ns = self.client.clock.now_ns()
        reply = await self.client.ask("tradebook", {})
        book = trades.trade_book(reply) if isinstance(reply, Answer) else None
        rows = None if book is None else whole(await in_slices(book, trades.trade_rows))
        if rows is None:
            return _TradeBook(f"the trade book cannot be read: {said(reply)}")
        if self.known.lacks(rows, trades.repeated(rows)):
            await self.order_rows()  # it tells what the trade book leaves open
        # [S] paytm's trade book is its order book: orders that wait and refused ones are in it.
        rows = [row for row in rows if row.price or not self.known.has_not_filled(row.order_id)]
        for row in rows:
            if not row.price:
                return _TradeBook(f"the trade book has no price of order {row.order_id}")
        limits, told = self.known.limits(), self.known.told.of_day(asked_ns)
        of_orders = trades.by_order(rows)
        fills = await in_slices(of_orders, lambda some: trades.fills_of(some, limits, told))
        self.known.told.note(fills)
        try:
            executions = tuple(await in_slices(fills, self._executions))
        except BrokerError as error:
            return _TradeBook(str(error), is_read=True)
        self._trade_times.was_read(asked_ns)
        return _TradeBook(is_read=True, executions=executions)

    async def _answer(self, route: str) -> Answer:
        """Ask for a book; what is no answer is one of no use."""
        reply = await self.client.ask(route, {})
        return reply if isinstance(reply, Answer) else Answer(0, None, reply.message)

    def _report(self, row: orders.OrderRow) -> OrderReport:
        now_ns = self.client.clock.now_ns()
        return OrderReport(
            order_id=row.order_id,
            client_order_id=None,
            key=NetKey(self.account, row.exchange, row.symbol, row.product),
            side=row.side,
            quantity=row.quantity,
            filled=self.known.filled_of(row),
            state=row.state,
            at_ns=self._order_times.at_ns(row.order_id, stated_ns(row.stated, now_ns), now_ns),
            message=row.message,
            price=row.price,
            trigger=row.trigger,
        )

    def _reports(self, rows: Iterable[orders.OrderRow]) -> Iterable[OrderReport]:
        return map(self._report, rows)

    def _executions(self, fills: Iterable[trades.Fill]) -> Iterable[Execution]:
        now_ns = self.client.clock.now_ns()
        return (self._execution(fill, now_ns) for fill in fills)

    def _execution(self, fill: trades.Fill, now_ns: int) -> Execution:
        row = fill.row
        product = row.product or self.known.product_of(row.order_id)
        if not product:
            raise BrokerError(f"nobody says of which product order {row.order_id} is")
        return Execution(
            execution_id=fill.name,
            order_id=row.order_id,
            client_order_id=None,
            key=NetKey(self.account, row.exchange, row.symbol, product),
            side=row.side,
            quantity=row.quantity,
            price=row.price,
            at_ns=self._trade_times.at_ns(fill.name, stated_ns(row.stated, now_ns), now_ns),
        )


def said(reply: Reply) -> str:
    """Return what came of a request, as a text."""
    if isinstance(reply, Answer):
        return f"HTTP {reply.http} {reply.message}".rstrip()
    return reply.message
