"""A feed that runs against the fake server, and an inbox that a test can wait for."""

import asyncio
from random import Random

import msgspec

from tests.brokers.openalgo.world import NAME
from tradebot.brokers.openalgo.feed import OpenAlgoFeed
from tradebot.brokers.openalgo.stream.connection import Pace
from tradebot.brokers.openalgo.stream.watch import Patience
from tradebot.core.inputs import FeedState, Tick

MS = 1_000_000
WAIT_S = 10.0
NEVER = 10**18
PACE = Pace(
    look_s=0.01, quote_s=0.2, welcome_s=0.3, quiet_s=1e9, renew_s_min=0.05, pause_share=0.02
)
# Nothing is held against the feed unless a test is about it.
CALM = Patience(poll_ns=NEVER, silent_ns=NEVER)
POLLS = msgspec.structs.replace(CALM, poll_ns=20 * MS)
INFY = "NSE:INFY"


class Inbox:
    """Keeps what a feed delivers, and lets a test wait for it."""

    def __init__(self):
        self.items = []
        self._changed = asyncio.Event()

    def tick(self, tick):
        self._keep(tick)

    def put(self, item):
        self._keep(item)

    async def room(self):
        return

    def _keep(self, item):
        self.items.append(item)
        self._changed.set()

    @property
    def prices(self):
        return [(t.instrument, t.ltp) for t in self.items if isinstance(t, Tick)]

    @property
    def states(self):
        return [(s.up, s.why) for s in self.items if isinstance(s, FeedState)]

    async def until(self, what):
        async with asyncio.timeout(WAIT_S):
            while not what():
                self._changed.clear()
                await self._changed.wait()


class Feed:
    """A feed that runs; ``moves`` lets prices move until something has come of it."""

    def __init__(self, world, patience, is_open, pace=PACE):
        self.world, self.server, self.inbox = world, world.server, Inbox()
        self.feed = OpenAlgoFeed(
            world.server.feed_url,
            world.client,
            is_open=lambda *_: is_open,
            news=world.broker.news,
            proof=world.broker.proof,
            resume_after=41,
            patience=patience,
            pace=pace,
            random=Random(1),
        )
        self.task = asyncio.ensure_future(self.feed.run(self.inbox))
        self._price = 812.5

    async def moves(self, what, name=NAME):
        """Let a market move, a step each time anything may have changed."""
        async with asyncio.timeout(WAIT_S):
            while not what():
                self._price = round(self._price + 0.05, 2)
                self.server.price(name, self._price)
                await asyncio.sleep(0.005)

    def step_back(self, price):
        """Let the market go on from this price."""
        self._price = price

    async def ticking(self):
        """Wait until the feed is known to be good."""
        await self.moves(lambda: self.inbox.states and self.inbox.states[-1][0])

    def asked(self, action):
        return [said for said in self.server.proxy.received if said.get("action") == action]

    async def end(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
