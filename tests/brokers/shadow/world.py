"""A shadow of an account that is a few lists, with a paper exchange on time moved by hand."""

from decimal import Decimal

from tests.brokers.paper.world import HandTime, KeepingInbox
from tests.services.fakes import Said
from tradebot.brokers.paper.broker import PaperBroker
from tradebot.brokers.paper.fate import Chances
from tradebot.brokers.paper.memory import Memory
from tradebot.brokers.paper.prices import LastPrices
from tradebot.brokers.shadow.broker import ShadowBroker
from tradebot.brokers.shadow.ledger import Ledger
from tradebot.core.inputs import Execution, NetPosition, OrderReport, OrderSide, OrderState
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instruments import NetKey
from tradebot.errors import BrokerError
from tradebot.ports import Quote

SBIN = NetKey("AB1234", "NSE", "SBIN", "MIS")
TCS = NetKey("AB1234", "NSE", "TCS", "CNC")


class Account:
    """A real account: it can be read. What a person does is a call here."""

    def __init__(self, time):
        self.time = time
        self.nets: dict[NetKey, Decimal] = {}
        self.fills: list[Execution] = []
        self.count = 0
        self.orders: dict[str, OrderReport] = {}
        self.quotes: dict[str, Quote] = {}
        self.is_open = False
        self.answers = True
        self.refuses = False
        self.during_net = lambda: None  # what happens while a net is on its way

    async def open(self, inbox):
        if self.refuses:
            raise BrokerError("no such server")
        self.is_open = True
        for report in self.orders.values():
            inbox.put(report)

    async def close(self):
        self.is_open = False

    def remember(self, executions):
        self.remembered = tuple(executions)

    async def instruments(self):
        return ()

    async def report(self, order_id):
        return self.orders.get(order_id)

    async def order_book(self):
        return list(self.orders.values()) if self.answers else None

    async def net(self, key):
        if not self.answers:
            return None
        net = self.nets.get(key, Decimal(0))
        self.during_net()
        return net

    async def positions(self):
        if not self.answers:
            return None
        return [
            NetPosition(key=key, net=net, average=Decimal(800)) for key, net in self.nets.items()
        ]

    async def executions(self):
        if not self.answers:
            raise BrokerError("the trade book cannot be read")
        return list(self.fills)

    async def quote(self, instrument):
        return self.quotes.get(instrument)

    def trade(self, quantity, price="812.5", key=SBIN, *, told=True):
        """Have the person buy, or sell where the quantity is below zero."""
        units = Decimal(quantity)
        self.nets[key] = self.nets.get(key, Decimal(0)) + units
        if told:
            self.count += 1
            name = f"A-{self.count}"
            self.fills.append(
                Execution(
                    execution_id=f"{name}-1",
                    order_id=name,
                    client_order_id=None,
                    key=key,
                    side=OrderSide.BUY if units > 0 else OrderSide.SELL,
                    quantity=abs(units),
                    price=Decimal(price),
                    at_ns=self.time.ns,
                )
            )

    def rests(self, order_id="R-1", quantity="100", trigger="800"):
        """Have the person's stop rest at the broker."""
        self.orders[order_id] = OrderReport(
            order_id=order_id,
            client_order_id=None,
            key=SBIN,
            side=OrderSide.SELL,
            quantity=Decimal(quantity),
            filled=Decimal(0),
            state=OrderState.OPEN,
            at_ns=self.time.ns,
            trigger=Decimal(trigger),
        )


class World:
    """A shadow with everything around it; ``restart`` is the death of the daemon."""

    def __init__(self, folder, real=None):
        """Take a server to look at, or make an account that is a few lists."""
        self.folder = folder
        self.time = HandTime()
        self.account = Account(self.time)
        self._real = real
        self._build()

    def _build(self):
        self.prices, self.inbox, self.said = LastPrices(), KeepingInbox(), Said()
        self.memory = Memory(self.folder / "paper.db")
        self.paper = PaperBroker(
            self.memory,
            self.prices,
            self.time,
            (),
            chances=Chances(),
            sleep=self.time.sleep,
            call_later=self.time.call_later,
        )
        self.ledger = Ledger(self.folder / "shadow.db")
        self.broker = ShadowBroker(
            SBIN.account,
            self.account if self._real is None else self._real.a_reader(),
            self.paper,
            self.prices,
            self.ledger,
            clock=self.time,
            say=self.said,
        )

    async def open(self):
        await self.broker.open(self.inbox)
        return self

    async def restart(self):
        """Let the process die with what is on disk, and start another one."""
        self.time._calls.clear()
        if self._real is not None:
            await self._real.client.close()
        self.memory.close()
        self.ledger.close()
        self._build()
        return await self.open()

    def price(self, ltp, key=SBIN):
        self.prices.tell(key.instrument, ltp, self.time.ns)

    async def left(self, quantity="100", ltp=805.5, name="T1-x1", side=OrderSide.SELL, key=SBIN):
        """Have the engine leave, and the exit fill."""
        self.price(ltp, key)
        await self.broker.place(an_order(name, quantity, side, key))
        self.time.advance(1)

    async def net(self, key=SBIN):
        return await self.broker.net(key)

    async def heard(self):
        """Return the signed units of all executions that the engine is told of."""
        fills = await self.broker.executions()
        return sum((fill.side.sign * fill.quantity for fill in fills), Decimal(0))

    def outcome(self):
        ((outcome, ltp),) = self.broker.outcomes()
        return (
            outcome.open,
            outcome.left_price,
            outcome.saved(None if ltp is None else Decimal(ltp)),
        )


def an_order(name="T1-x1", quantity="100", side=OrderSide.SELL, key=SBIN):
    return PlaceOrder(
        client_order_id=name,
        trade_id=name.partition("-")[0],
        key=key,
        side=side,
        quantity=Decimal(quantity),
        decided_at_ns=0,
    )
