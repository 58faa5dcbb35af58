"""Ticks over a real websocket: what a feed that does not tell of its troubles is trusted with."""

import asyncio
from random import Random

import msgspec
import pytest

from tests.brokers.openalgo.world import NAME, World
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.feed import OpenAlgoFeed, Pace
from tradebot.brokers.openalgo.watch import Patience
from tradebot.core.inputs import FeedState, InstrumentsLoaded, Tick

MS = 1_000_000
WAIT_S = 10.0
NEVER = 10**18
PACE = Pace(look_s=0.01, welcome_s=0.3, renew_s_min=0.05, pause_share=0.02)
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

    def __init__(self, world, patience, is_open):
        self.world, self.server, self.inbox = world, world.server, Inbox()
        self.feed = OpenAlgoFeed(
            world.server.feed_url,
            world.client,
            is_open=lambda *_: is_open,
            resume_after=41,
            patience=patience,
            pace=PACE,
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

    async def ticking(self):
        """Wait until the feed is known to be good."""
        await self.moves(lambda: self.inbox.states and self.inbox.states[-1][0])

    def asked(self, action):
        return [said for said in self.server.proxy.received if said.get("action") == action]

    async def end(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def start(world):
    started = []

    def begin(*names, patience=CALM, is_open=True):
        feed = Feed(world, patience, is_open)
        started.append(feed)
        for name in names:
            feed.feed.subscribe(name)
        return feed

    yield begin
    for feed in started:
        await feed.end()


async def test_ticks_are_delivered_counted_on_and_of_the_time_at_which_they_came(start, world):
    feed = start(NAME)
    await feed.ticking()
    count = len(feed.inbox.prices)
    feed.server.price(NAME, 820.05)
    await feed.inbox.until(lambda: (NAME, 820.05) in feed.inbox.prices)
    ticks = [item for item in feed.inbox.items if isinstance(item, Tick)]
    assert [tick.seq for tick in ticks] == list(range(42, 43 + count))
    assert all(tick.at_ns == tick.received_ns for tick in ticks)
    assert feed.inbox.states == [(True, "")]


async def test_a_feed_of_which_nothing_is_wanted_is_up_when_it_is_let_in(start):
    feed = start()
    await feed.inbox.until(lambda: feed.inbox.states == [(True, "")])
    assert feed.asked("subscribe") == []


async def test_an_acknowledged_subscription_is_no_tick(start):
    feed = start(NAME)
    feed.server.faults.turn_on(Fault.SUBSCRIBE_DEAF)
    await feed.server.until(lambda: feed.asked("subscribe"))
    feed.server.price(NAME, 813.0)
    await feed.inbox.until(lambda: any(isinstance(i, InstrumentsLoaded) for i in feed.inbox.items))
    assert feed.inbox.states == []


async def test_what_is_wanted_later_is_subscribed_and_what_is_not_is_unsubscribed(start):
    feed = start(NAME)
    await feed.ticking()
    feed.feed.subscribe(INFY)
    feed.feed.subscribe(INFY)
    await feed.moves(lambda: any(name == INFY for name, _ in feed.inbox.prices), INFY)
    feed.feed.unsubscribe(NAME)
    feed.feed.unsubscribe(NAME)
    await feed.server.until(lambda: feed.asked("unsubscribe"))
    (words,) = feed.asked("unsubscribe")
    assert words["symbols"] == [{"symbol": "SBIN", "exchange": "NSE", "mode": 1}]
    assert [len(said["symbols"]) for said in feed.asked("subscribe")] == [1, 1]
    count = len(feed.inbox.prices)
    feed.server.price(NAME, 700.0)
    feed.server.price(INFY, 1501.0)
    await feed.inbox.until(lambda: len(feed.inbox.prices) > count)
    assert (NAME, 700.0) not in feed.inbox.prices


async def test_what_is_wanted_is_described(start):
    feed = start("NFO:NIFTY24NOV26FUT")
    await feed.inbox.until(lambda: any(isinstance(i, InstrumentsLoaded) for i in feed.inbox.items))
    (loaded,) = [i for i in feed.inbox.items if isinstance(i, InstrumentsLoaded)]
    assert loaded.instruments[0].lot_size == 75


@pytest.mark.parametrize("fault", [Fault.TICK_ZERO, Fault.TICK_LOST])
async def test_a_price_of_zero_is_no_price(start, fault):
    feed = start(NAME)
    await feed.ticking()
    feed.server.faults.turn_on(fault, times=1)
    feed.server.price(NAME, 830.0)
    feed.server.price(NAME, 831.0)
    await feed.inbox.until(lambda: (NAME, 831.0) in feed.inbox.prices)
    assert (NAME, 830.0) not in feed.inbox.prices
    assert all(ltp > 0 for _, ltp in feed.inbox.prices)


@pytest.mark.parametrize(
    "fault", [Fault.TICK_DOUBLED, Fault.TICK_RICHER, Fault.TICK_TIMES, Fault.SUBSCRIBE_FAILS]
)
async def test_a_feed_that_is_odd_in_ways_that_do_no_harm_goes_on(start, fault):
    feed = start(NAME)
    feed.server.faults.turn_on(fault, times=5 if fault is not Fault.SUBSCRIBE_FAILS else 0)
    await feed.ticking()
    feed.server.price(NAME, 820.05)
    await feed.inbox.until(lambda: (NAME, 820.05) in feed.inbox.prices)


async def test_a_subscription_that_was_refused_is_told(start, world):
    feed = start(NAME)
    feed.server.faults.turn_on(Fault.SUBSCRIBE_FAILS)
    await feed.server.until(lambda: feed.asked("subscribe"))
    await feed.moves(lambda: "feed.refused" in world.said.events)


async def test_garbage_is_skipped_and_told(start, world):
    feed = start(NAME)
    await feed.ticking()
    for raw in ("", "{", '{"type": 5}', "[]"):
        await feed.server.proxy.clients[0].socket.send(raw)
    feed.server.price(NAME, 820.05)
    await feed.inbox.until(lambda: (NAME, 820.05) in feed.inbox.prices)
    assert world.said.events.count("feed.unreadable") == 4


# Connections.


async def test_a_connection_that_breaks_is_made_again_and_counts_when_it_ticks(start):
    feed = start(NAME)
    await feed.ticking()
    feed.server.proxy.drop()
    await feed.inbox.until(lambda: len(feed.inbox.states) == 2)
    up, why = feed.inbox.states[-1]
    assert not up
    assert why.startswith("the connection ended, ConnectionClosed")
    await feed.ticking()
    assert [up for up, _ in feed.inbox.states] == [True, False, True]
    assert len(feed.asked("subscribe")) == 2


async def test_a_server_that_is_away_is_called_until_it_is_back(start):
    feed = start(NAME)
    await feed.ticking()
    await feed.server.stop()
    await feed.inbox.until(lambda: len(feed.inbox.states) == 2)
    await feed.server.start()
    await feed.ticking()


async def test_a_key_that_is_not_let_in_ends_the_connection_and_is_tried_again(start, world):
    feed = start(NAME)
    feed.server.faults.turn_on(Fault.AUTH_REFUSED, times=2)
    await feed.inbox.until(lambda: feed.inbox.states)
    up, why = feed.inbox.states[0]
    assert not up
    assert why.startswith("not let in: AUTHENTICATION_ERROR")
    await feed.ticking()
    assert world.server.api_key not in str(world.said.lines) + str(feed.inbox.states)


async def test_a_proxy_that_does_not_answer_to_our_key_is_left(start):
    feed = start(NAME)
    feed.server.faults.turn_on(Fault.AUTH_SLOW, value=60, times=1)
    await feed.inbox.until(lambda: feed.inbox.states)
    assert feed.inbox.states[0] == (False, "no answer to our key")


async def test_no_connection_is_made_while_the_key_is_not_taken(start, world):
    feed = start(NAME)
    await feed.ticking()
    world.server.account.session_expired = True
    await world.client.ask("orderbook", {})
    feed.server.proxy.drop()
    await feed.inbox.until(lambda: len(feed.inbox.states) == 2)
    before = len(feed.asked("authenticate"))
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert len(feed.asked("authenticate")) == before
    world.server.account.session_expired = False
    world.clock.advance(31)
    await feed.ticking()


# Silence.


async def test_after_a_login_at_the_broker_the_same_socket_is_mended(start):
    feed = start(NAME, patience=msgspec.structs.replace(POLLS, renewed_ns=500 * MS))
    await feed.ticking()
    feed.server.proxy.relogin()
    await feed.moves(lambda: len(feed.inbox.states) == 2)
    assert feed.inbox.states[-1] == (False, f"{NAME} moves and no tick of it comes")
    await feed.ticking()
    assert len(feed.server.proxy.clients) == 1
    assert len(feed.asked("authenticate")) == 2


async def test_a_proxy_that_says_that_its_broker_is_gone_is_authenticated_to_again(start):
    feed = start(NAME)
    await feed.ticking()
    feed.server.proxy.relogin()
    feed.feed.subscribe(INFY)  # it answers with BROKER_ERROR
    await feed.moves(lambda: len(feed.inbox.states) == 2)
    assert feed.inbox.states[-1] == (False, "the proxy has lost its broker")
    await feed.ticking()
    await feed.moves(lambda: any(name == INFY for name, _ in feed.inbox.prices), INFY)
    assert len(feed.asked("authenticate")) == 2


async def test_what_a_mended_socket_does_not_bring_back_a_new_one_does(start):
    patience = msgspec.structs.replace(POLLS, renewed_ns=50 * MS)
    feed = start(NAME, patience=patience)
    await feed.ticking()
    feed.server.faults.turn_on(Fault.TICKS_MUTED)
    await feed.moves(lambda: len(feed.asked("authenticate")) >= 3)
    feed.server.faults.clear()
    await feed.ticking()
    assert [up for up, _ in feed.inbox.states] == [True, False, True]


async def test_a_silence_of_everything_is_a_trouble_in_the_session(start):
    patience = msgspec.structs.replace(CALM, silent_ns=50 * MS, renewed_ns=50 * MS)
    feed = start(NAME, patience=patience)
    await feed.inbox.until(lambda: feed.inbox.states)
    assert not feed.inbox.states[0][0]
    assert feed.inbox.states[0][1].startswith("no tick for ")


async def test_outside_of_the_session_nothing_is_missed_or_asked_for(start):
    patience = msgspec.structs.replace(POLLS, silent_ns=1)
    feed = start(NAME, patience=patience, is_open=False)
    await feed.server.until(lambda: feed.asked("subscribe"))
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert feed.server.record.asked("multiquotes") == []
    assert len(feed.asked("authenticate")) == 1


async def test_a_lost_last_tick_is_found_by_a_quote(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    with feed.server.faults.during(Fault.TICK_LOST):
        feed.server.price(NAME, 790.0)
        await feed.inbox.until(lambda: (NAME, 790.0) in feed.inbox.prices)
    assert feed.inbox.states == [(True, "")]


async def test_prices_come_by_quotes_while_there_is_no_connection(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    await feed.server.proxy.stop()
    feed.server.proxy._server = None
    await feed.inbox.until(lambda: feed.inbox.states[-1][0] is False)
    feed.server._account.price_moved(NAME, 790.0)
    await feed.inbox.until(lambda: (NAME, 790.0) in feed.inbox.prices)
    feed.server.proxy._feed_port = await feed.server.proxy.start(feed.server._feed_port)
    await feed.ticking()


async def test_a_price_that_has_not_changed_is_delivered_once(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    count = len(feed.inbox.prices)
    polls = len(feed.server.record.asked("multiquotes"))
    await feed.server.until(lambda: len(feed.server.record.asked("multiquotes")) >= polls + 3)
    assert len(feed.inbox.prices) == count


async def test_a_quote_that_fails_changes_nothing(start):
    feed = start(NAME, patience=POLLS)
    await feed.ticking()
    count = len(feed.inbox.prices)
    feed.server.faults.turn_on(Fault.CUT, endpoint="multiquotes", times=2)
    feed.server.faults.turn_on(Fault.QUOTE_FAILS)
    polls = len(feed.server.record.asked("multiquotes"))
    await feed.server.until(lambda: len(feed.server.record.asked("multiquotes")) >= polls + 4)
    assert len(feed.inbox.prices) == count


async def test_the_mode_is_looked_at_every_hour(start, world):
    before = len(world.server.record.asked("analyzer"))
    start()
    await world.server.until(lambda: len(world.server.record.asked("analyzer")) > before)


async def test_a_world_can_be_left_in_the_middle_of_anything():
    async with World() as world:
        for fault in (Fault.AUTH_SLOW, None):
            if fault is not None:
                world.server.faults.turn_on(fault, value=20, times=1)
            feed = Feed(world, CALM, True)
            feed.feed.subscribe(NAME)
            await asyncio.sleep(0.02)
            await feed.end()
