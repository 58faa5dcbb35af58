"""A small world for the paper broker's tests: time that moves by hand, and an inbox that keeps."""

import heapq
import itertools
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from tradebot.brokers.paper.broker import PaperBroker
from tradebot.brokers.paper.fate import Chances
from tradebot.brokers.paper.memory import Memory
from tradebot.brokers.paper.prices import LastPrices
from tradebot.core.inputs import Execution, Input, OrderReport, OrderSide, Tick
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instruments import Instrument, NetKey

START_NS = 1_800_000_000_000_000_000
SECOND_NS = 1_000_000_000
SBIN = NetKey("PAPER-1", "SIM", "SBIN", "MIS")
LOTS = NetKey("PAPER-1", "SIM", "LOTS", "NRML")
INSTRUMENTS = (
    Instrument(exchange="SIM", symbol="SBIN", tick_size=Decimal("0.05")),
    Instrument(exchange="SIM", symbol="LOTS", lot_size=Decimal(75), freeze_quantity=Decimal(750)),
)


class Over(Exception):
    """The time of a test is up."""


class HandTime:
    """A clock, a ``sleep`` and a ``call_later`` on time that moves only when it is told to."""

    def __init__(self, now_ns=START_NS):
        self.ns = now_ns
        self.until_ns: int | None = None  # a sleep that ends at or after it ends the test
        self.slept: list[float] = []
        self.oversleeps_s = 0.0
        self.after_sleep: Callable[[], None] = lambda: None
        self._calls: list[tuple[int, int, _Call]] = []
        self._count = itertools.count()

    def now_ns(self):
        return self.ns

    def advance(self, seconds):
        target = self.ns + round(seconds * 1e9)
        while self._calls and self._calls[0][0] <= target:
            at_ns, _, call = heapq.heappop(self._calls)
            self.ns = max(self.ns, at_ns)
            if call.callback is not None:
                call.callback()
        self.ns = target

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.advance(seconds + self.oversleeps_s)
        self.after_sleep()
        if self.until_ns is not None and self.ns >= self.until_ns:
            raise Over

    def call_later(self, delay, callback):
        call = _Call(callback)
        at_ns = self.ns + round(delay * 1e9)
        heapq.heappush(self._calls, (at_ns, next(self._count), call))
        return call


class _Call:
    def __init__(self, callback):
        self.callback: Callable[[], None] | None = callback

    def cancel(self):
        self.callback = None


class KeepingInbox:
    """Keeps all that is put into it."""

    def __init__(self):
        self.items: list[Input] = []
        self.ticks: list[Tick] = []
        self.on_tick: Callable[[Tick], None] = self.ticks.append
        self.on_put: Callable[[Input], None] = self.items.append
        self.rooms = 0

    def tick(self, tick):
        self.on_tick(tick)

    def put(self, item):
        self.on_put(item)

    async def room(self):
        self.rooms += 1

    @property
    def executions(self):
        return [item for item in self.items if isinstance(item, Execution)]

    @property
    def reports(self):
        return [item for item in self.items if isinstance(item, OrderReport)]


class World:
    """A paper broker with everything around it; ``restart`` is the death of the daemon."""

    def __init__(
        self,
        folder: Path,
        *,
        slippage=Decimal(0),
        reply_delay_ns=0,
        sleep=None,
        chances: Chances | None = None,
        **shares,
    ):
        self.path = folder / "paper.db"
        self.time = HandTime()
        self.chances = chances or Chances(**shares)
        self.slippage, self.reply_delay_ns, self.sleep = slippage, reply_delay_ns, sleep
        self._build()

    def _build(self):
        self.memory = Memory(self.path)
        self.prices = LastPrices()
        self.inbox = KeepingInbox()
        self.broker = PaperBroker(
            self.memory,
            self.prices,
            self.time,
            INSTRUMENTS,
            chances=self.chances,
            slippage=self.slippage,
            reply_delay_ns=self.reply_delay_ns,
            sleep=self.sleep or self.time.sleep,
            call_later=self.time.call_later,
        )

    async def open(self):
        await self.broker.open(self.inbox)
        return self

    async def restart(self, **shares):
        """Let the process die with what is on disk, and start another one."""
        self.time._calls.clear()
        self.memory.close()
        self.chances = msgspec.structs.replace(self.chances, **shares)
        self._build()
        return await self.open()

    def price(self, ltp, symbol="SBIN"):
        self.prices.tell(f"SIM:{symbol}", ltp, self.time.ns)


def an_order(name="T1-x1", quantity="100", side=OrderSide.SELL, key=SBIN):
    return PlaceOrder(
        client_order_id=name,
        trade_id=name.partition("-")[0],
        key=key,
        side=side,
        quantity=Decimal(quantity),
        decided_at_ns=START_NS,
    )
