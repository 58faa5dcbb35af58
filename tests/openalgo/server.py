"""The server as a test holds it: started on loopback, pushed about, judged.

    async with OpenAlgoServer() as server:
        server.price("NSE:SBIN", 812.5)
        server.faults.turn_on(Fault.HANGS, endpoint="placeorder", times=1, acts_after_s=5.0)
        ...
        await server.until(lambda: server.net("NSE:SBIN") == 0)
        assert server.record.harm() == []

The client under test gets ``url``, ``feed_url`` and ``api_key``, and nothing else.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.openalgo.account import Account, Reply
from tests.openalgo.exchange import By, Exchange, Key, Order, Ticket
from tests.openalgo.faults import Switchboard
from tests.openalgo.fields import FIELDS, checked
from tests.openalgo.market import Walk
from tests.openalgo.pace import Pace
from tests.openalgo.plugins import PLUGINS
from tests.openalgo.proxy import Proxy
from tests.openalgo.record import Record
from tests.openalgo.rest import Rest

API_KEY = "a-key-of-the-fake-server"
UNTIL_S_MAX = 10.0  # real seconds; a test that waits longer is stuck


class OpenAlgoServer:
    """One server: its REST surface, its websocket proxy and the broker behind them."""

    def __init__(
        self,
        *,
        scale: float = 0.01,
        seed: int = 0,
        plugin: str = "angel",
        api_key: str = API_KEY,
        port: int = 0,
        feed_port: int = 0,
    ) -> None:
        """Take how long a second of the broker's lasts, and where to listen; 0 is any port."""
        self._pace = Pace(scale)
        self._account = Account(self._pace, seed, plugin, api_key)
        self.record = Record(self._account.live)
        self._rest = Rest(self._account, self._pace, self.record)
        self.proxy = Proxy(self._account, self._pace)
        self._port, self._feed_port = port, feed_port
        self._runner: web.AppRunner | None = None
        self._changed: set[asyncio.Event] = set()
        self._rng = Random(seed)
        self._walks: list[asyncio.Task[None]] = []
        self._rest.on_request = self.proxy.on_change = self._pace.on_done = self._tell

    # What the client under test is given.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def feed_url(self) -> str:
        return f"ws://127.0.0.1:{self._feed_port}"

    @property
    def api_key(self) -> str:
        return self._account.api_key

    # What is true, and what can be set.

    @property
    def faults(self) -> Switchboard:
        return self._account.faults

    @property
    def account(self) -> Account:
        """Its operator's settings: analyzer, semi_auto, session_expired, rate_limits, ..."""
        return self._account

    @property
    def exchange(self) -> Exchange:
        """The live market, whatever mode the server is in."""
        return self._account.live

    @property
    def holidays(self) -> dict[dt.date, dict[str, tuple[str, str]]]:
        """Days of their own: which exchanges are open then, and from when to when."""
        return self._rest.quotes.holidays

    def plug_in(self, plugin: str) -> None:
        """Have another broker behind the server."""
        self._account.broker = PLUGINS[plugin]

    def price(self, name: str, price: float) -> None:
        """Let a trade happen at this price: orders see it, and then the feed."""
        self._account.price_moved(name, price)
        self._rest.gtts.price_moved(name, price)
        self.proxy.price_moved(name)
        self._tell()

    def walk(self, ticks_per_s: float, names: Sequence[str] = ()) -> Walk:
        """Let prices move on their own, that often a (real) second in all, until the end."""
        account = self._account
        moving = names or [one.full_name for one in account.catalogue.listed()]
        walk = Walk(account.catalogue, account.prices, moving, self._rng, self.price)
        self._walks.append(asyncio.create_task(walk.run(ticks_per_s)))
        return walk

    def stand(self) -> None:
        """Let prices stand still, but for ``price``."""
        for task in self._walks:
            task.cancel()
        self._walks.clear()

    def log_out(self) -> None:
        """End the broker's session, as every night does: 403 for all, and no ticks."""
        self._account.session_expired = True
        self.proxy.relogin()

    def log_in(self) -> None:
        """Begin a new one: REST answers again, sockets stay deaf until they log in anew."""
        self._account.session_expired = False
        self.proxy.relogin()

    def net(self, name: str, product: str = "MIS") -> Decimal:
        """Return the true position."""
        return self.exchange.net(_key(name, product))

    def carry(
        self, name: str, quantity: int | Decimal, average: float, product: str = "MIS"
    ) -> None:
        """Have a position from before; no order and no fill of today made it."""
        self.exchange.carry(_key(name, product), Decimal(quantity), average)

    def hold(self, name: str, quantity: int, average: float) -> None:
        """Have a holding in the delivery account."""
        exchange, symbol = name.split(":", 1)
        self.exchange.holdings[exchange, symbol] = (Decimal(quantity), average)

    def by_hand(
        self,
        name: str,
        action: str,
        quantity: int | Decimal,
        *,
        product: str = "MIS",
        pricetype: str = "MARKET",
        price: float = 0.0,
        trigger_price: float = 0.0,
    ) -> Order:
        """Place an order as a person does at the broker's own terminal."""
        ticket = Ticket(
            key=_key(name, product),
            action=action,
            quantity=Decimal(quantity),
            pricetype=pricetype,
            price=price,
            trigger_price=trigger_price,
        )
        return self.exchange.place(ticket, by=By.PERSON, via="by hand")

    def gtt_by_hand(self, wanted: dict[str, object]) -> Reply:
        """Place a GTT as a person does, in the fields of placegttorder."""
        return self._rest.gtts.place(checked(wanted, FIELDS["placegttorder"]), By.PERSON)

    def approve(self, pending_order_id: int) -> None:
        """Say yes to an order that waits in the Action Center; it is placed now."""
        self._account.pending.pop(pending_order_id)()

    def turn_down(self, pending_order_id: int) -> None:
        """Say no to it."""
        del self._account.pending[pending_order_id]

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait until something holds; it is looked at whenever anything changes."""
        async with asyncio.timeout(UNTIL_S_MAX):
            while not what():
                changed = asyncio.Event()
                self._changed.add(changed)
                try:
                    await changed.wait()
                finally:
                    self._changed.discard(changed)

    async def settled(self) -> None:
        """Wait until nothing is on its way: no request at work, no fill or cancel to come."""
        await self.until(lambda: self._rest.is_idle and self._pace.is_idle)

    async def sleep(self, seconds: float) -> None:
        """Let that many of the broker's seconds pass."""
        await self._pace.sleep(seconds)

    # Its life.

    async def start(self) -> None:
        """Listen; after a stop on the same ports as before."""
        self._runner = web.AppRunner(
            self._rest.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=0.1,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        await self.start_feed()

    async def stop_feed(self) -> None:
        """End the websocket proxy alone, which is a process of its own."""
        await self.proxy.stop()

    async def start_feed(self) -> None:
        """Start it on the same port as before."""
        self._feed_port = await self.proxy.start(self._feed_port)

    async def stop(self) -> None:
        """End the process of the server; the broker and its orders live on."""
        assert self._runner is not None
        self._rest.killed()
        await self.stop_feed()
        await self._runner.cleanup()
        self._runner = None

    async def restart(self, *, logged_in: bool = True) -> None:
        """Stop and start; order updates come only if somebody has logged in since 03:00."""
        await self.stop()
        self.proxy.updates = logged_in
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stand()
        if self._runner is not None:
            await self.stop()
        self._pace.stop()

    def _tell(self) -> None:
        for changed in self._changed:
            changed.set()


def _key(name: str, product: str) -> Key:
    exchange, symbol = name.split(":", 1)
    return Key(exchange, symbol, product)
