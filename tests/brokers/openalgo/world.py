"""The adapter against the fake server over real sockets; time of day can be moved by hand."""

import time
from decimal import Decimal
from typing import Self

from tests.brokers.paper.world import KeepingInbox
from tests.openalgo.server import OpenAlgoServer
from tests.services.fakes import Said
from tradebot.brokers.openalgo.broker import OpenAlgoBroker
from tradebot.brokers.openalgo.calls.client import READ_ROUTES, Client, Limits
from tradebot.brokers.openalgo.reader import OpenAlgoReader
from tradebot.core.inputs import OrderSide
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.core.market.instruments import NetKey
from tradebot.core.secret import Secret

SECOND_NS = 1_000_000_000
SBIN = NetKey("AB1234", "NSE", "SBIN", "MIS")
NAME = "NSE:SBIN"
# Short enough that what never answers ends a test soon, long enough for a busy machine.
LIMITS = Limits(order_s=0.5, read_s=0.5, again_s=0.01, orders_per_s=1000, reads_per_s=1000)


class ShiftedClock:
    """The time of day, moved by as much as a test wants."""

    def __init__(self) -> None:
        self.ahead_ns = 0

    def now_ns(self) -> int:
        return time.time_ns() + self.ahead_ns

    def advance(self, seconds: float) -> None:
        self.ahead_ns += round(seconds * SECOND_NS)


class World:
    """A server, and a broker of ours at it; ``restart`` is a new life of ours."""

    def __init__(self, limits: Limits = LIMITS, *, plugin: str = "angel") -> None:
        self.server = OpenAlgoServer(plugin=plugin)
        self.clock = ShiftedClock()
        self.said = Said()
        self._limits = limits

    def a_client(self, key: str | None = None, url: str | None = None) -> Client:
        return Client(
            url or self.server.url,
            Secret(key or self.server.api_key),
            clock=self.clock,
            say=self.said,
            limits=self._limits,
        )

    async def open(self) -> Self:
        self.client = self.a_client()
        self.broker = OpenAlgoBroker(SBIN.account, self.client)
        self.inbox = KeepingInbox()
        await self.broker.open(self.inbox)
        return self

    async def restart(self) -> None:
        await self.broker.close()
        await self.open()

    async def held(self, quantity: int, key: NetKey = SBIN) -> None:
        """Have somebody buy, or sell, until the account holds this."""
        name = key.instrument
        more = quantity - self.server.net(name, key.product)
        action = "BUY" if more > 0 else "SELL"
        self.server.by_hand(name, action, abs(more), product=key.product)
        await self.server.until(lambda: self.server.net(name, key.product) == quantity)

    @property
    def placed(self) -> int:
        """How many requests for an order the server has had."""
        return len(self.server.record.asked("placeorder"))

    async def __aenter__(self) -> Self:
        await self.server.start()
        self.server.price(NAME, 812.5)
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.broker.close()
        await self.server.__aexit__(None, None, None)


class LookingWorld(World):
    """A world whose client may read and nothing else, and a reader instead of a broker."""

    def a_reader(self) -> OpenAlgoReader:
        self.client = Client(
            self.server.url,
            Secret(self.server.api_key),
            clock=self.clock,
            say=self.said,
            limits=self._limits,
            routes=READ_ROUTES,
        )
        return OpenAlgoReader(SBIN.account, self.client)

    async def open(self) -> Self:
        self.reader = self.a_reader()
        self.inbox = KeepingInbox()
        await self.reader.open(self.inbox)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.reader.close()
        await self.server.__aexit__(None, None, None)


def an_order(name="T1-x1", quantity="100", side=OrderSide.SELL, key=SBIN, price=None):
    return PlaceOrder(
        client_order_id=name,
        trade_id=name.partition("-")[0],
        key=key,
        side=side,
        quantity=Decimal(quantity),
        decided_at_ns=time.time_ns(),
        price=price,
    )


def a_cancel(order_id: str | None) -> CancelOrder:
    return CancelOrder(client_order_id="T1-x1", order_id=order_id, key=SBIN)
