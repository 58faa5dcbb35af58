"""The paper world's two feeds, on time that moves by hand."""

import asyncio
import sqlite3

import pytest

from tests.brokers.paper.world import SECOND_NS, START_NS, HandTime, KeepingInbox, Over
from tradebot.brokers.paper.feed import ReplayFeed, SimulatedFeed
from tradebot.brokers.paper.market import INSTRUMENTS
from tradebot.brokers.paper.memory import Memory
from tradebot.brokers.paper.prices import LastPrices
from tradebot.core.inputs import FeedState, Tick
from tradebot.ports import Quote

ALL = [instrument.id for instrument in INSTRUMENTS]
T = 1_381_392_000_000_000_000


class Simulated:
    """A simulated feed with its world; each ``run`` is the life of one process."""

    def __init__(self, memory=None, seed=1):
        self.time = HandTime()
        self.memory = memory
        self.seed = seed
        self.prices = LastPrices()
        self.inbox = KeepingInbox()

    def quote(self, instrument):
        quote = self.prices.quote(instrument)
        assert quote is not None
        return quote

    async def run(self, seconds, *, wanted=ALL, resume_after=0, before=lambda feed: None):
        self.prices, self.inbox = LastPrices(), KeepingInbox()
        feed = SimulatedFeed(
            self.seed,
            self.prices,
            self.time,
            memory=self.memory,
            resume_after=resume_after,
            sleep=self.time.sleep,
        )
        for instrument in wanted:
            feed.subscribe(instrument)
        before(feed)
        self.time.until_ns = self.time.ns + round(seconds * SECOND_NS)
        with pytest.raises(Over):
            await feed.run(self.inbox)
        return self.inbox.ticks


class ToldPrices(LastPrices):
    """Remembers everything that was told, in order."""

    def __init__(self):
        super().__init__()
        self.all: list[tuple[str, float]] = []

    def tell(self, instrument, ltp, at_ns, bid=None, ask=None):
        self.all.append((instrument, ltp))
        super().tell(instrument, ltp, at_ns, bid, ask)


@pytest.fixture
def memory(tmp_path):
    memory = Memory(tmp_path / "paper.db")
    memory.open(START_NS)
    yield memory
    memory.close()


async def test_the_market_is_up_at_once_and_ticks_as_the_clock_goes():
    world = Simulated()
    ticks = await world.run(10)
    assert world.inbox.items == [FeedState(up=True, at_ns=START_NS)]
    assert 400 < len(ticks) < 1000
    assert [tick.seq for tick in ticks] == list(range(1, len(ticks) + 1))
    assert all(tick.at_ns == tick.received_ns for tick in ticks)  # each wake-up is for one print


async def test_only_what_is_subscribed_is_delivered_and_everything_moves():
    world = Simulated()
    feeds: list[SimulatedFeed] = []
    ticks = await world.run(5, wanted=ALL[:2], before=feeds.append)
    assert {tick.instrument for tick in ticks} == set(ALL[:2])
    assert all(world.prices.ltp(instrument) for instrument in ALL)
    feeds[0].subscribe(ALL[0])
    feeds[0].unsubscribe(ALL[1])
    feeds[0].unsubscribe("SIM:NEVER")
    await world.run(2, wanted=(), before=lambda feed: feed.subscribe("SIM:NONE"))
    assert world.inbox.ticks == []


async def test_the_exchange_moves_before_the_engine_hears_of_it():
    world = Simulated()
    seen: list[tuple[Tick, Quote]] = []

    def listen(_feed):
        world.inbox.on_tick = lambda tick: seen.append((tick, world.quote(tick.instrument)))

    await world.run(60, before=listen)
    assert len(seen) > 3000
    for tick, quote in seen:
        assert quote.at_ns == tick.at_ns
        assert (quote.bid, quote.ask) == (tick.bid, tick.ask)
        assert (quote.bid or 0) <= quote.ltp <= (quote.ask or 0)


async def test_bad_prints_reach_the_engine_and_nobody_trades_at_them():
    world, bad = Simulated(), []

    def listen(_feed):
        def hear(tick):
            if not tick.bid <= tick.ltp <= tick.ask:
                bad.append((tick.ltp, world.prices.ltp(tick.instrument)))

        world.inbox.on_tick = hear

    await world.run(300, before=listen)
    assert len(bad) > 5
    assert all(abs(shown / traded - 1) > 0.01 for shown, traded in bad)


async def test_while_an_instrument_is_silent_its_quotes_go_on():
    world = Simulated()
    last: dict[str, int] = {}
    ages: list[int] = []

    def listen(_feed):
        world.inbox.on_tick = lambda tick: last.__setitem__(tick.instrument, tick.at_ns)

    def look():
        for instrument, at_ns in last.items():
            if world.time.ns - at_ns > 2.5 * SECOND_NS:
                ages.append(world.time.ns - world.quote(instrument).at_ns)

    world.time.after_sleep = look
    await world.run(300, before=listen)
    assert len(ages) > 50
    assert max(ages) < SECOND_NS


async def test_after_a_restart_the_world_has_moved_on(memory):
    world = Simulated(memory)
    before = (await world.run(20.5))[-1]
    world.time.advance(30)
    after = (await world.run(5, resume_after=before.seq))[0]
    undisturbed = Simulated()
    ticks = await undisturbed.run(56)
    same = [tick for tick in ticks if tick.at_ns == after.at_ns]
    assert [tick.ltp for tick in same] == [after.ltp]
    assert after.seq == before.seq + 1
    assert after.at_ns - START_NS > 50 * SECOND_NS


async def test_a_process_that_died_between_two_saves_repeats_nothing(memory):
    world = Simulated(memory)
    first = await world.run(3.7)
    second = await world.run(2, resume_after=first[-1].seq)
    assert second[0].at_ns > first[-1].at_ns
    assert len({tick.seq for tick in first + second}) == len(first) + len(second)


async def test_a_suspended_machine_is_not_told_the_past():
    world = Simulated()
    jumps: list[int] = []

    def suspended():
        if world.time.ns - START_NS > 2 * SECOND_NS and not jumps:
            jumps.append(world.time.ns)
            world.time.ns += 3600 * SECOND_NS

    world.time.after_sleep = suspended
    ticks = await world.run(3605)
    between = [tick for tick in ticks if 0 < tick.at_ns - jumps[0] < 3599 * SECOND_NS]
    assert between == []
    assert ticks[-1].at_ns > jumps[0] + 3600 * SECOND_NS


async def test_a_loop_that_was_busy_gets_every_tick_of_that_time():
    world = Simulated()
    world.time.oversleeps_s = 1.0
    late = await world.run(30)
    on_time = await Simulated().run(30)
    assert len(late) > 0.95 * len(on_time)
    assert max(tick.received_ns - tick.at_ns for tick in late) > 0.9 * SECOND_NS


async def test_a_clock_that_is_set_back_does_not_stop_the_market():
    world = Simulated()
    jumped: list[int] = []

    def set_back():
        if not jumped and world.time.ns - START_NS > 2 * SECOND_NS:
            jumped.append(len(world.inbox.ticks))
            world.time.ns -= 3600 * SECOND_NS
            world.time.until_ns = world.time.ns + 2 * SECOND_NS

    world.time.after_sleep = set_back
    ticks = await world.run(10)
    assert len(ticks) - jumped[0] > 80


async def test_a_market_of_another_kind_of_state_begins_anew(memory):
    memory.save_market(b'{"version":0}')
    assert await Simulated(memory).run(1)


async def test_a_file_that_refuses_writes_does_not_silence_the_feed(memory):
    locker = sqlite3.connect(memory.path, isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    assert len(await Simulated(memory).run(3)) > 150
    locker.close()
    assert memory.market() is None


class Replayed:
    """A recording of ``rows`` (seconds after T, symbol, price), and what comes out of it."""

    def __init__(self, folder, rows):
        self.path = folder / "day.csv"
        lines = [f"{T + round(at * SECOND_NS)},US,{symbol},{price}" for at, symbol, price in rows]
        self.path.write_text("\n".join(["ts_ns,exchange,symbol,price", *lines]))
        self.time = HandTime()
        self.prices = LastPrices()
        self.inbox = KeepingInbox()

    async def run(self, *, wanted=("US:SPY",), **settings):
        self.inbox = KeepingInbox()
        feed = ReplayFeed([self.path], self.prices, self.time, sleep=self.time.sleep, **settings)
        for instrument in wanted:
            feed.subscribe(instrument)
        await feed.run(self.inbox)
        return self.inbox.ticks


async def test_a_replay_keeps_the_pace_of_the_recording(tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166), (1.5, "SPY", 167), (1.5, "SPY", 168)])
    ticks = await world.run()
    assert [(tick.at_ns - START_NS) / SECOND_NS for tick in ticks] == [0, 1.5, 1.5]
    assert [tick.ltp for tick in ticks] == [166, 167, 168]
    assert all(tick.received_ns == tick.at_ns for tick in ticks)


@pytest.mark.parametrize(("speed", "last"), [(0.5, 120), (10, 6), (0, 0)])
async def test_a_replay_runs_at_a_multiple_of_that_pace(speed, last, tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166), (60, "SPY", 168)])
    ticks = await world.run(speed=speed)
    assert ticks[-1].at_ns - START_NS == last * SECOND_NS


async def test_the_end_of_a_recording_is_said_and_ends_the_feed(tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166)])
    await world.run()
    up, down = world.inbox.items
    assert up == FeedState(up=True, at_ns=START_NS)
    assert down == FeedState(up=False, at_ns=START_NS, why="the recording has ended")


async def test_a_wrong_row_ends_the_feed_and_is_named(tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166), (1, "SPY", "much"), (2, "SPY", 167)])
    assert len(await world.run()) == 1
    end = world.inbox.items[-1]
    assert isinstance(end, FeedState)
    assert not end.up
    assert end.why.startswith("day.csv:3: price = 'much' is not a number")


async def test_rows_of_other_instruments_count_and_move_the_exchange_only(tmp_path):
    world = Replayed(tmp_path, [(0, "AIG", 50), (1, "SPY", 166), (2, "AIG", 51)])
    assert [(tick.instrument, tick.seq) for tick in await world.run()] == [("US:SPY", 2)]
    assert world.prices.ltp("US:AIG") == 51


async def test_numbers_that_are_no_prices_are_delivered_and_not_traded_at(tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166), (1, "SPY", 0), (2, "SPY", "inf")])
    assert [tick.ltp for tick in await world.run()] == [166, 0, float("inf")]
    assert world.prices.ltp("US:SPY") == 166


async def test_a_replay_has_no_second_source(tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166)])
    await world.run()
    assert world.prices.ltp("US:SPY") == 166
    assert world.prices.quote("US:SPY") is None


async def test_a_fast_replay_waits_for_room(tmp_path):
    world = Replayed(tmp_path, [(n / 1000, "SPY", 166 + n % 3) for n in range(1000)])
    assert len(await world.run(speed=0)) == 1000
    assert world.inbox.rooms == 10
    assert world.time.slept == [0] * 10  # and lets everybody else run


async def test_a_restarted_replay_goes_on_after_the_last_tick_seen(tmp_path):
    rows = [(n, "SPY", 100 + n) if n % 2 else (n, "AIG", 50 + n) for n in range(20)]
    world = Replayed(tmp_path, rows)
    world.prices = told = ToldPrices()
    ticks = await world.run(resume_after=11)
    assert [tick.seq for tick in ticks] == [12, 14, 16, 18, 20]
    assert [(tick.at_ns - START_NS) / SECOND_NS for tick in ticks] == [0, 2, 4, 6, 8]
    assert told.all[:3] == [("US:AIG", 60), ("US:SPY", 109), ("US:SPY", 111)]


async def test_a_replay_that_had_ended_tells_where_prices_are(tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166), (1, "SPY", 167)])
    assert await world.run(resume_after=2) == []
    assert world.prices.ltp("US:SPY") == 167
    assert len(world.inbox.items) == 2


async def test_skipping_a_long_past_lets_others_run(tmp_path):
    world = Replayed(tmp_path, [(n / 1000, "SPY", 166) for n in range(12_000)])
    await world.run(resume_after=12_000)
    assert world.time.slept == [0, 0]


async def test_time_in_a_replay_does_not_go_back_with_the_clock(tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166), (1, "SPY", 167), (2, "SPY", 168)])

    def set_back():
        world.time.ns -= 10 * SECOND_NS if len(world.time.slept) == 1 else 0

    world.time.after_sleep = set_back
    times = [tick.at_ns for tick in await world.run()]
    assert times == sorted(times)


async def test_a_feed_can_be_cancelled(tmp_path):
    world = Replayed(tmp_path, [(0, "SPY", 166), (3600, "SPY", 167)])
    feed = ReplayFeed([world.path], world.prices, world.time)
    feed.subscribe("US:SPY")
    heard = asyncio.Event()
    world.inbox.on_tick = lambda tick: heard.set()
    running = asyncio.create_task(feed.run(world.inbox))
    await heard.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
