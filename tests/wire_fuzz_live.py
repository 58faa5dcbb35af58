"""Spoiled frames over a real websocket, into the real reader task, before a guarded trade."""

import contextlib
import time
from decimal import Decimal
from random import Random

from websockets.exceptions import ConnectionClosed

from tests.brokers.openalgo.feeding import CALM, Feed
from tests.brokers.openalgo.world import NAME, World
from tests.wire_fuzz import FRAMES, Spoiler, told_price
from tradebot.core.engine import Engine
from tradebot.core.guard.trades import Rules, Side, Status, TradeRequest
from tradebot.core.inputs import CreateTrade, Tick
from tradebot.core.policy import Policy
from tradebot.core.words.levels import Level, Unit

BATCH = 500
PRICE = 812.5
ROOM = 5  # points around it, in which the market stays; the stop lies beyond


class Live:
    """A feed at a server that sends nonsense between its ticks, and an engine behind it."""

    def __init__(self, rng: Random) -> None:
        self._spoiled = Spoiler(FRAMES, rng)
        self.engine = Engine(Policy())
        request = TradeRequest(
            trade_id="T1",
            account="A",
            exchange="NSE",
            symbol="SBIN",
            product="MIS",
            side=Side.LONG,
            quantity=Decimal(100),
            entry_price=Decimal(str(PRICE)),
            rules=Rules(stop=Level(Unit.PRICE, Decimal(800))),
        )
        self.engine.process(CreateTrade(request=request, at_ns=time.time_ns()))

    async def run(self, count: int) -> dict[str, object]:
        """Send so many, none of which says a price; return what came of it."""
        wrong: list[str] = []
        began_s, sent = time.monotonic(), 0
        async with World() as world:
            feed = Feed(world, CALM, True)
            feed.feed.subscribe(NAME)
            await feed.ticking()
            while sent < count and not feed.task.done():
                # Some say that the broker is gone: then the feed may leave, and comes back.
                with contextlib.suppress(ConnectionClosed):
                    for client in list(world.server.proxy.clients):
                        for raw in (self._spoiled() for _ in range(BATCH)):
                            if told_price(raw) is None:
                                await client.socket.send(raw)
                                sent += 1
                await feed.moves(lambda: any(isinstance(i, Tick) for i in feed.inbox.items))
                wrong += self._taken(feed)
            if feed.task.done():
                wrong.append(f"the reader has ended: {feed.task.exception()}")
            await feed.end()
        trade = self.engine.book.trades["T1"]
        if (trade.status, trade.remaining) != (Status.ACTIVE, 100):
            wrong.append(f"the trade is {trade.status}")
        elapsed_s = time.monotonic() - began_s
        return {"frames": sent, "per_second": round(sent / elapsed_s), "wrong": wrong[:20]}

    def _taken(self, feed: Feed) -> list[str]:
        """Let the engine take what the feed has delivered; return what nobody said."""
        items, feed.inbox.items = feed.inbox.items, []
        for item in items:
            self.engine.process(item)
        feed.step_back(PRICE)
        ticks = [item for item in items if isinstance(item, Tick)]
        return [f"{tick} was made up" for tick in ticks if abs(tick.ltp - PRICE) > ROOM]
