"""The shadow of an account as a broker: it reads what is real, and fills on paper.

What it has of the real account cannot order anything: its type has no method for it. The
engine's decisions go to the paper exchange, at the account's own prices, and what they left
is taken off the net that the account has. So the engine's book adds up as if it had been
done, while the person goes on as he likes.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import msgspec

from tradebot.brokers.shadow.departures import Outcome, gone_of, net_of, outcomes
from tradebot.brokers.shadow.ledger import Ledger
from tradebot.brokers.shadow.sides import Exchange, Prices, Reads
from tradebot.core.inputs import (
    Execution,
    Input,
    NetPosition,
    NotSent,
    OrderReport,
    OrderState,
    QueryReply,
)
from tradebot.core.inputs import Outcome as Answer
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.core.market.instruments import Instrument, NetKey, kind_of
from tradebot.errors import BrokerError
from tradebot.ports import Clock, Inbox, Quote, Say

# A net that lacks what the shadow has left, without an execution that tells of it, is believed
# when all reads for so long say so: a session that has died reads as an empty account.
GONE_NS = 60_000_000_000
ORDERS_MAX = 50_000  # of the account that are remembered; the oldest is forgotten first


class ShadowBroker:
    """One account, read, and the exits from it, on paper."""

    def __init__(
        self,
        account: str,
        real: Reads,
        paper: Exchange,
        prices: Prices,
        ledger: Ledger,
        *,
        clock: Clock,
        say: Say,
    ) -> None:
        """Take the two sides and what is between them; nothing is opened yet."""
        self._account = account
        self._real = real
        self._paper = paper
        self._prices = prices
        self._ledger = ledger
        self._clock = clock
        self._say = say
        self._inbox: Inbox | None = None
        self._described: set[str] = set()
        self._unsettled: set[NetKey] = set()  # who knows what went while nobody listened
        self._known: dict[str, int] = {}  # orders of the account, since the engine has known them
        self._sent: dict[str, int] = {}  # orders of ours, by our id, when they left
        self._claims: dict[NetKey, tuple[Decimal, int]] = {}  # units that seem gone, since when
        self.changed: Callable[[], None] = lambda: None  # the departures have

    async def open(self, inbox: Inbox) -> None:
        self._ledger.open(self._clock.now_ns())
        try:
            await self._real.open(_Shown(inbox, self.shown))
        except BaseException:
            self._ledger.close()
            raise
        try:
            await self._paper.open(_Departing(inbox, self._departed))
        except BaseException:
            await self._real.close()
            self._ledger.close()
            raise
        self._inbox = inbox
        self._unsettled = self._ledger.keys_open()
        for execution in await self._paper.executions():
            self._departed(execution)  # a kill may have come between the two files

    async def close(self) -> None:
        self._inbox = None
        await self._real.close()
        await self._paper.close()
        self._ledger.close()

    def remember(self, executions: Sequence[Execution], /) -> None:
        self._real.remember(executions)

    async def instruments(self) -> Sequence[Instrument]:
        return await self._real.instruments()

    def describe(self, instruments: Iterable[Instrument]) -> None:
        """Have the exchange on paper trade what the account can."""
        known = list(instruments)
        self._described.update(instrument.id for instrument in known)
        self._paper.describe(known)

    async def place(self, order: PlaceOrder) -> Answer:
        """Fill an order on paper. Of what has no price, a quote of the account's is the first."""
        key = order.key
        if key.account != self._account:
            return NotSent(f"{key.account} is not the account of this shadow")
        if self._prices.ltp(key.instrument) is None:
            quote = await self._real.quote(key.instrument)
            if quote is None:
                return NotSent(f"nobody tells a price of {key.instrument}: it cannot be filled")
            self._prices.tell(key.instrument, quote.ltp, quote.at_ns, quote.bid, quote.ask)
        if key.instrument not in self._described:
            kind = kind_of(key.symbol)
            self.describe([Instrument(exchange=key.exchange, symbol=key.symbol, kind=kind)])
        self._sent[order.client_order_id] = self._clock.now_ns()
        return await self._paper.place(order)

    async def cancel(self, order: CancelOrder) -> None:
        """Cancel an order: one of the person's is cancelled for the shadow alone.

        At the account it goes on. What it fills there is the person's way out.
        """
        if order.client_order_id is not None or order.order_id is None:
            await self._paper.cancel(order)
            return
        report = await self._real.report(order.order_id)
        if report is None or report.state.is_final:
            raise BrokerError(f"nothing of {order.order_id} rests at the account")
        self._ledger.cancel(order.order_id, report.filled)
        if self._inbox is not None:
            self._inbox.put(self.shown(report))

    async def query(self, client_order_id: str) -> QueryReply:
        return await self._paper.query(client_order_id)

    async def report(self, order_id: str) -> OrderReport | None:
        ours = await self._paper.report(order_id)
        if ours is not None:
            return ours
        theirs = await self._real.report(order_id)
        return None if theirs is None else self.shown(theirs)

    async def order_book(self) -> Sequence[OrderReport] | None:
        theirs, ours = await self._real.order_book(), await self._paper.order_book()
        if theirs is None or ours is None:
            return None
        return [*map(self.shown, theirs), *ours]

    async def net(self, key: NetKey) -> Decimal | None:
        version = self._ledger.version
        real = await self._real.net(key)
        if real is None or (self._ledger.on(key) and not await self._is_current(version)):
            return None
        return real + self._off(key, real)

    async def positions(self) -> Sequence[NetPosition] | None:
        version = self._ledger.version
        found = await self._real.positions()
        if found is None or not await self._is_current(version):
            return None
        return [self._as_the_shadow_has_it(each) for each in found]

    async def executions(self) -> Sequence[Execution]:
        """Return the account's executions that the engine is to hear, and the shadow's.

        Raises:
            BrokerError: the account cannot be read.
        """
        return [*await self.news(), *await self._paper.executions()]

    async def news(self) -> Sequence[Execution]:
        """Return the account's executions, less the units that the shadow had left before.

        Raises:
            BrokerError: as of ``executions``.
        """
        executions = await self._real.executions()
        if self._unsettled:
            await self._settle(executions)
        told = self._ledger.told(executions, self._known)
        self.changed()
        return told

    async def quote(self, instrument: str) -> Quote | None:
        return await self._real.quote(instrument)

    def instruments_open(self) -> set[str]:
        """Return of what the account still holds something that the shadow has left."""
        return self._ledger.instruments_open()

    def outcomes(self) -> Sequence[tuple[Outcome, float | None]]:
        """Return what leaving each trade was worth, oldest first, beside the price now."""
        found = outcomes(self._ledger.departures.values())
        return [(each, self._prices.ltp(each.key.instrument)) for each in found]

    def shown(self, report: OrderReport) -> OrderReport:
        """Return the word on an order of the account's as the engine is to hear it."""
        self._known.setdefault(report.order_id, self._clock.now_ns())
        if len(self._known) > ORDERS_MAX:
            del self._known[next(iter(self._known))]
        filled = self._ledger.cancelled(report.order_id)
        if filled is None:
            return self._apart(report)
        return msgspec.structs.replace(
            report, state=OrderState.CANCELLED, filled=filled, message="cancelled in the shadow"
        )

    def _apart(self, report: OrderReport) -> OrderReport:
        """Return an order without the units by which the person follows the shadow."""
        units = self._ledger.following(report, self._known[report.order_id])
        if not units:
            return report
        filled = max(Decimal(0), report.filled - units)
        if units == report.quantity:
            what = "it leaves what the shadow has left"
            return msgspec.structs.replace(
                report, state=OrderState.CANCELLED, filled=filled, message=what
            )
        return msgspec.structs.replace(report, quantity=report.quantity - units, filled=filled)

    def _departed(self, execution: Execution) -> None:
        """Note an execution of the shadow's own, before the engine hears of it."""
        if execution.execution_id in self._ledger.departures:
            return
        name = execution.client_order_id
        assert name is not None, "only the engine orders at the exchange on paper"
        trade_id = name.rpartition("-x")[0]
        self._ledger.depart(execution, trade_id, self._sent.get(name))
        self._say(
            "shadow.left",
            trade_id=trade_id,
            instrument=execution.key.instrument,
            side=execution.side,
            quantity=execution.quantity,
            price=execution.price,
        )
        self.changed()

    async def _is_current(self, version: int) -> bool:
        """Whether what was read since a version of the departures can be held against them.

        An execution that goes with departures alone is never delivered. So nobody else would
        notice that a net was read before it.
        """
        try:
            await self.news()
        except BrokerError:
            return False
        return version == self._ledger.version

    def _as_the_shadow_has_it(self, position: NetPosition) -> NetPosition:
        """Return a position without what the shadow has left: its average is of all of it."""
        off = self._off(position.key, position.net)
        if not off:
            return position
        return msgspec.structs.replace(position, net=position.net + off, average=None)

    def _off(self, key: NetKey, real: Decimal) -> Decimal:
        """Return how far the shadow's net of a key is from the account's."""
        departures = self._ledger.on(key)
        self._judge(key, gone_of(departures, real))
        return net_of(departures, real)

    def _judge(self, key: NetKey, gone: Decimal) -> None:
        """Believe that units are gone when all reads have said so for long enough."""
        now_ns = self._clock.now_ns()
        if not gone:
            self._claims.pop(key, None)
            return
        claimed, since_ns = self._claims.get(key, (None, now_ns))
        if claimed != gone:
            self._claims[key] = gone, now_ns
        elif now_ns - since_ns >= GONE_NS:
            del self._claims[key]
            self._let_go(key, gone)

    async def _settle(self, executions: Sequence[Execution]) -> None:
        """Let go of what the person left while nobody listened, as a new life begins.

        What the account has now, less what it did that we have not heard yet, is what it had
        when it was heard of last: there is no earlier departure beyond that.

        Raises:
            BrokerError: the account does not say what it has.
        """
        for key in sorted(self._unsettled):
            real = await self._real.net(key)
            if real is None:
                raise BrokerError(f"the account does not say what it has of {key.instrument}")
            self._unsettled.discard(key)
            new = [each for each in executions if each.key == key and self._ledger.is_new(each)]
            before = real - sum((each.side.sign * each.quantity for each in new), Decimal(0))
            departures = self._ledger.on(key)
            if gone := gone_of(departures, before):
                self._let_go(key, gone)

    def _let_go(self, key: NetKey, units: Decimal) -> None:
        self._ledger.is_gone(key, units)
        self._say("shadow.gone", "warning", instrument=key.instrument, quantity=units)
        self.changed()


class _Shown:
    """An inbox for the account: what the shadow has cancelled is cancelled."""

    def __init__(self, inbox: Inbox, shown: Callable[[OrderReport], OrderReport]) -> None:
        self._shown = shown
        self._inbox = inbox
        self.tick, self.room = inbox.tick, inbox.room

    def put(self, item: Input) -> None:
        self._inbox.put(self._shown(item) if isinstance(item, OrderReport) else item)


class _Departing:
    """An inbox for the exchange on paper: what leaves there is on file before it is told."""

    def __init__(self, inbox: Inbox, departed: Callable[[Execution], None]) -> None:
        self._departed = departed
        self._inbox = inbox
        self.tick, self.room = inbox.tick, inbox.room

    def put(self, item: Input) -> None:
        if isinstance(item, Execution):
            self._departed(item)
        self._inbox.put(item)
