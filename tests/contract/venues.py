"""The brokers that the contract is run against, each with what a test needs around it."""

from typing import Any, Protocol

from tests.brokers.openalgo import world as openalgo
from tests.brokers.paper import world as paper
from tests.brokers.shadow import world as shadow
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.calls.client import READ_ROUTES
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instruments import NetKey
from tradebot.ports import Broker


class Venue(Protocol):
    """A broker with what a test needs around it."""

    key: NetKey  # of an instrument at 812.5, of which 100 units can be traded
    broker: Broker

    async def settle(self) -> None:
        """Let pass what an order needs to fill."""

    async def restart(self) -> None:
        """End the process without a goodbye, and open the broker again with an empty inbox."""

    async def slow(self) -> None:
        """Let orders rest until they are settled, so that they can be called back."""

    def order(self, name: str = "T1-x1", quantity: str = "100", **fields: Any) -> PlaceOrder:
        """Return an order of this venue's instrument; a sale unless it is said."""

    async def close(self) -> None: ...


class PaperVenue:
    key = paper.SBIN

    def __init__(self, folder):
        self.world = paper.World(folder)

    async def open(self):
        await self.world.open()
        self.world.price(812.5)
        return self

    @property
    def broker(self):
        return self.world.broker

    @property
    def executions(self):
        return self.world.inbox.executions

    @property
    def reports(self):
        return self.world.inbox.reports

    async def settle(self):
        self.world.time.advance(5)

    async def slow(self):
        """Nothing happens here before its time."""

    async def restart(self):
        await self.world.restart()
        self.world.price(812.5)

    def order(self, name="T1-x1", quantity="100", **fields):
        return paper.an_order(name, quantity, **fields)

    async def close(self):
        await self.broker.close()


class OpenAlgoVenue:
    key = openalgo.SBIN

    def __init__(self, _folder):
        self.world = openalgo.World()

    async def open(self):
        await self.world.__aenter__()
        return self

    @property
    def broker(self):
        return self.world.broker

    async def settle(self):
        self.world.server.faults.clear()
        orders = self.world.server.exchange.orders
        for order in orders.values():
            if order.fate.by_hand and not order.status.is_final:
                self.world.server.exchange.fill(order.order_id)
        await self.world.server.until(lambda: all(o.status.is_final for o in orders.values()))

    async def slow(self):
        self.world.server.faults.turn_on(Fault.FILLS_NEVER)

    async def restart(self):
        await self.world.restart()

    def order(self, name="T1-x1", quantity="100", **fields):
        return openalgo.an_order(name, quantity, **fields)

    async def close(self):
        await self.world.__aexit__()


class ShadowVenue:
    """The account of OpenAlgo to look at, and paper to fill on."""

    key = openalgo.SBIN

    def __init__(self, folder):
        self.real = openalgo.LookingWorld()
        self.folder = folder

    async def open(self):
        await self.real.server.start()
        self.real.server.price(openalgo.NAME, 812.5)
        # Its address is known only now.
        self.shadow = await shadow.World(self.folder, self.real).open()
        return self

    @property
    def broker(self):
        return self.shadow.broker

    @property
    def executions(self):
        return self.shadow.inbox.executions

    @property
    def reports(self):
        return self.shadow.inbox.reports

    async def settle(self):
        self.shadow.time.advance(5)

    async def slow(self):
        """Nothing happens here before its time."""

    async def restart(self):
        await self.shadow.restart()
        self.shadow.price(812.5, self.key)

    def order(self, name="T1-x1", quantity="100", **fields):
        return openalgo.an_order(name, quantity, **fields)

    async def close(self):
        await self.broker.close()
        assert {asked.endpoint for asked in self.real.server.record.requests} <= READ_ROUTES
        await self.real.server.__aexit__(None, None, None)


VENUES: dict[str, Any] = {"openalgo": OpenAlgoVenue, "paper": PaperVenue, "shadow": ShadowVenue}
