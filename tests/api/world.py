"""A small daemon in memory for tests of the API: engine, disks, clock and a paper exchange."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import httpx

from tests.alert_store import AlertMemory
from tradebot.api.audit import Audited
from tradebot.api.auth import Keys
from tradebot.api.keys import Key, Scope, digest_of
from tradebot.api.routes import Api
from tradebot.api.shadow import no_shadow
from tradebot.api.shapes import About, Readiness
from tradebot.core.engine import Engine
from tradebot.core.inputs import (
    Execution,
    InstrumentsLoaded,
    OrderReport,
    OrderSide,
    OrderState,
    PositionsReply,
    Tick,
)
from tradebot.core.intents import ReadPosition
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.policy import Policy
from tradebot.core.words.fields import Json
from tradebot.core.words.trade_requests import TradeDefaults
from tradebot.errors import BrokerError, InputError, StoreError
from tradebot.metrics import Figure
from tradebot.services.alerts import Alerts
from tradebot.services.backups import BackupSchedule
from tradebot.services.comparison import Comparison
from tradebot.services.coverages import coverage_json
from tradebot.services.found_positions import FoundPositions
from tradebot.services.halts import Halts
from tradebot.services.loop import EngineLoop
from tradebot.services.persister import Persister
from tradebot.services.trades import Trades
from tradebot.services.verdicts import Verdicts
from tradebot.stores.memory import MemoryJournal, MemoryStore

KEY = "tb_a-key-of-a-test"
TRADE_KEY = "tb_a-key-that-may-trade"
READ_KEY = "tb_a-key-that-may-read"
START_NS = 1_767_584_700_000_000_000  # 2026-01-05T03:45:00Z
SBIN = Instrument(exchange="NSE", symbol="SBIN", tick_size=Decimal("0.05"))
LONG = {
    "exchange": "NSE",
    "symbol": "SBIN",
    "side": "LONG",
    "quantity": 10,
    "entry_price": 800,
    "stop": "1%",
    "target": "@830",
}


class Backup(NamedTuple):
    """A backup, as it is told."""

    name: str
    frame: int
    size: int
    at_ns: int


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self):
        self.at_ns = START_NS

    def now_ns(self):
        return self.at_ns

    def pass_ms(self, milliseconds):
        self.at_ns += milliseconds * 1_000_000


class Disk(MemoryStore):
    """A store that can refuse to write, to read, or to answer at all."""

    def __init__(self):
        super().__init__()
        self.refuses = ""
        self.hangs = False

    async def commit(self, records, frame, *, full_sync):
        if self.hangs:
            await asyncio.Event().wait()
        if "write" in self.refuses:
            raise StoreError("the disk is full")
        await super().commit(records, frame, full_sync=full_sync)

    async def trade(self, trade_id):
        if "read" in self.refuses:
            raise StoreError("the disk is gone")
        return await super().trade(trade_id)

    async def story(self, trade_id):
        if "read" in self.refuses:
            raise StoreError("the disk is gone")
        return await super().story(trade_id)


class Exchange:
    """A paper exchange that keeps what it is given."""

    def __init__(self):
        self.taken = []
        self.waits_for = []
        self.refuses = False

    def place_for_person(self, key, side, quantity, at_ns, *, price=None, trigger=None):
        if self.refuses:
            raise BrokerError("the exchange's file refuses")
        if key.symbol != "SBIN":
            raise InputError("symbol", f"the paper exchange does not trade {key.instrument}")
        self.taken.append((key, side, quantity, at_ns))
        self.waits_for.append((price, trigger))
        return f"P{len(self.taken)}"

    def orders(self, limit=1000):
        return [
            OrderReport(
                order_id=f"P{number}",
                client_order_id=None,
                key=key,
                side=side,
                quantity=quantity,
                filled=quantity,
                state=OrderState.COMPLETE,
                at_ns=at_ns,
                price=self.waits_for[number - 1][0],
                trigger=self.waits_for[number - 1][1],
            )
            for number, (key, side, quantity, at_ns) in enumerate(self.taken, 1)
        ][::-1][:limit]

    def nets(self):
        nets: dict[NetKey, Decimal] = {}
        for key, side, quantity, _ in self.taken:
            nets[key] = nets.get(key, Decimal(0)) + side.sign * quantity
        return {key: net for key, net in nets.items() if net}


class World:
    """The parts, and what happens to them."""

    def __init__(self):
        self.clock = Clock()
        self.store = Disk()
        self.journal = MemoryJournal()
        self.journal.recover(epoch=1, after=0)
        self.said: list[tuple[str, str, dict[str, object]]] = []
        self.outputs: list[object] = []
        self.exchange = Exchange()
        self.engine: asyncio.Task[None] | None = None
        self.keys = {
            digest_of(KEY): Key(name="test", scope=Scope.ADMIN, per_minute=1_000),
            digest_of(TRADE_KEY): Key(name="trader", scope=Scope.TRADE, per_minute=1_000),
            digest_of(READ_KEY): Key(name="reader", scope=Scope.READ, per_minute=100),
        }
        self.mode = "paper"
        self.shadow: Json = no_shadow()
        self.readiness = Readiness(is_ready=True, state="ready")
        self.figures: list[Callable[[], Iterable[Figure]]] = []
        self.persister = Persister(
            self.store, every_s=0.001, say=self.say, covered=self.journal.covered
        )
        self.loop = EngineLoop(
            Engine(Policy()),
            self.journal,
            say=self.say,
            deliver=self.deliver,
            keep=self.persister.keep,
            pulse=lambda: None,
        )
        self.book = self.loop.engine.book
        self.trades = Trades(
            self.loop,
            self.persister,
            self.store,
            sync=self.loop.sync,
            clock=self.clock,
            defaults=TradeDefaults(account="main", product="MIS"),
        )
        self.alert_store = AlertMemory()
        self.alerts = Alerts(self.alert_store, [], clock=self.clock, say=self.say)
        self.found = FoundPositions(self.loop, self.trades, clock=self.clock)
        self.halts = Halts(self.loop, durable=self.trades.durable, clock=self.clock)
        self.verdicts = Verdicts(self.loop, self.trades, clock=self.clock)
        self.comparison = Comparison(self.loop, clock=self.clock, say=self.say, within_s=0.05)
        self.nets: dict[NetKey, Decimal | None] | None = None  # what a broker would say; None: no
        self.no_backup = ""  # why none can be made
        self.backups = BackupSchedule(
            self.back_up, every_s=300, newest=None, clock=self.clock, say=self.say
        )
        self.loop.put(InstrumentsLoaded((SBIN,)))

    def deliver(self, outputs, *, is_safe):
        self.outputs.extend(outputs)
        for output in outputs:
            if isinstance(output, ReadPosition) and self.nets is not None:
                net = self.nets.get(output.key, Decimal(0))
                reply = PositionsReply(key=output.key, net=net, at_ns=self.clock.now_ns())
                self.comparison.put(reply)

    async def back_up(self):
        if self.no_backup:
            raise StoreError(self.no_backup)
        return Backup("tradebot-00000001.db", 7, 4096, self.clock.now_ns())

    def say(self, event, level="info", /, **fields):
        self.said.append((event, level, fields))

    def api(self, *, paper=True):
        return Api(
            self.trades,
            Keys(lambda: self.keys, say=self.say, elapsed_ns=self.clock.now_ns),
            alerts=self.alerts,
            found=self.found,
            halts=self.halts,
            verdicts=self.verdicts,
            comparison=self.comparison,
            coverage=lambda: coverage_json(self.book, self.clock.now_ns()),
            backups=self.backups,
            about=About(version="0.1.0", mode=self.mode, account="main", default_product="MIS"),
            readiness=lambda: self.readiness,
            clock=self.clock,
            paper=self.exchange if paper else None,
            shadow=lambda: self.shadow,
            figures=self.figures,
        ).app(self.say)

    def client(self, *, key=KEY, **options):
        headers = {"X-API-Key": key} if key else {}
        app: Any = Audited(self.api(**options), self.say)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://tradebot", headers=headers)

    async def tick(self, ltp, *, symbol="SBIN", late_ms=3, **fields):
        at_ns = self.clock.now_ns()
        self.loop.tick(
            Tick(
                instrument=f"NSE:{symbol}",
                ltp=ltp,
                at_ns=at_ns - late_ms * 1_000_000,
                received_ns=at_ns,
                **fields,
            )
        )
        await self.turned()

    @property
    def faults(self):
        """What the log was told, but for who changed what."""
        return [line for line in self.said if line[0] != "api.audit"]

    def names(self):
        """What the log was told."""
        return [event for event, _level, _fields in self.said]

    async def put(self, item):
        self.loop.put(item)
        await self.turned()

    async def turned(self):
        while self.loop.waiting:
            if self.engine is not None and self.engine.done():
                self.engine.result()  # it died: the test shows of what
            await asyncio.sleep(0)

    async def bought(self, quantity=10, price=800, *, side=OrderSide.BUY, symbol="SBIN"):
        """The position that the trades of a test are about."""
        await self.fill("entry", None, side, quantity, price, symbol=symbol)

    async def fill(self, order_id, client_order_id, side, quantity, price, *, symbol="SBIN"):
        await self.put(
            Execution(
                execution_id=f"{order_id}-{len(self.said)}-{self.loop.turns}",
                order_id=order_id,
                client_order_id=client_order_id,
                key=NetKey("main", "NSE", symbol, "MIS"),
                side=side,
                quantity=Decimal(quantity),
                price=Decimal(str(price)),
                at_ns=self.clock.now_ns(),
            )
        )


@contextlib.asynccontextmanager
async def running():
    """A world whose engine and persister run."""
    world = World()
    world.engine = asyncio.create_task(world.loop.run())
    tasks = [
        world.engine,
        asyncio.create_task(world.persister.run()),
        asyncio.create_task(world.alerts.write()),
    ]
    try:
        await world.turned()
        yield world
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
