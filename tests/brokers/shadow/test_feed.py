"""The account's prices reach the exchange on paper first, and last as long as they are wanted."""

import pytest

from tests.brokers.paper.world import KeepingInbox
from tradebot.brokers.shadow.feed import ShadowFeed
from tradebot.core.inputs import FeedState, InstrumentsLoaded, Tick
from tradebot.core.market.instruments import Instrument

TICK = Tick("NSE:SBIN", 812.5, 5, 6, 812.0, 813.0, 7)
SBIN = Instrument(exchange="NSE", symbol="SBIN")


class Account:
    """A feed that delivers what it was given, and knows what it was asked for."""

    def __init__(self, *items):
        self.items = items
        self.wanted = []

    async def run(self, inbox):
        await inbox.room()
        for item in self.items:
            (inbox.tick if isinstance(item, Tick) else inbox.put)(item)

    def subscribe(self, instrument):
        self.wanted.append(instrument)

    def unsubscribe(self, instrument):
        self.wanted.remove(instrument)


class World:
    def __init__(self, *items):
        self.account, self.inbox = Account(*items), KeepingInbox()
        self.order: list[object] = []
        self.described: list[Instrument] = []
        self.open: set[str] = set()
        self.inbox.on_tick = self.order.append
        self.feed = ShadowFeed(
            self.account,
            tell=lambda *price: self.order.append(price),
            describe=self.described.extend,
            followed=lambda: set(self.open),
        )


async def test_a_tick_is_a_price_of_the_exchange_before_the_engine_hears_of_it():
    world = World(TICK)
    await world.feed.run(world.inbox)
    assert world.order == [("NSE:SBIN", 812.5, 5, 812.0, 813.0), TICK]
    assert world.inbox.rooms == 1


async def test_what_becomes_known_of_an_instrument_is_known_to_both():
    loaded, up = InstrumentsLoaded((SBIN,)), FeedState(up=True, at_ns=5)
    world = World(loaded, up)
    await world.feed.run(world.inbox)
    assert world.described == [SBIN]
    assert world.inbox.items == [loaded, up]


@pytest.mark.parametrize("again", [1, 2])
def test_a_price_is_asked_for_as_long_as_the_engine_wants_it(again):
    world = World()
    for _ in range(again):
        world.feed.subscribe("NSE:SBIN")
    assert world.account.wanted == ["NSE:SBIN"]
    for _ in range(again):
        world.feed.unsubscribe("NSE:SBIN")
    assert world.account.wanted == []


async def test_what_the_account_still_holds_is_followed_when_the_engine_has_left_it():
    world = World()
    world.feed.subscribe("NSE:SBIN")
    world.open.add("NSE:SBIN")
    world.feed.follow()
    world.feed.unsubscribe("NSE:SBIN")
    assert world.account.wanted == ["NSE:SBIN"]
    world.open.clear()
    world.feed.follow()
    assert world.account.wanted == []


async def test_a_new_life_follows_what_the_last_one_left():
    world = World()
    world.open.add("NSE:SBIN")
    await world.feed.run(world.inbox)
    assert world.account.wanted == ["NSE:SBIN"]
